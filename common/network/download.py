"""A file that is fetched over HTTP to the disk, whatever its size up to a limit; it may have moved.

An API's answers are read by `http`, which follows no redirect. Places that files are downloaded from do redirect, as
GitHub's for archives does; the credentials stay with the host that they are for.
"""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn

import requests
import requests.adapters
import urllib3

from common.errors import BadInput, Refused
from common.network import http, repeat
from common.network.deadline import LONGEST_TRY, Deadline
from common.network.settings import Network
from common.network.url import checked, origin, path_of
from common.secret import Secret

MOST_REDIRECTS = 5
BLOCK = 256 * 1024
SLOWEST = 1000  # bytes per second, over all of a download that has taken LONGEST_TRY
ADVICE = "Check the address: what it leads to is no place to download from."


def download(  # noqa: PLR0913 - where from, where to, and how
    url: str,
    into: Path,
    *,
    network: Network,
    deadline: Deadline,
    headers: Mapping[str, str | Secret],
    largest: int,
    login: str,
) -> None:
    """Write what the URL gives into a file. Raises BadInput for more than `largest` bytes.

    headers: sent to the URL's own origin only. login: the inputs to name when the other side asks who is there.
    """

    def fetched() -> None:
        place = url
        for _ in range(MOST_REDIRECTS + 1):
            with _asked(place, network, headers if origin(place) == origin(url) else {}) as answer:
                if answer.is_redirect:
                    place = _moved(place, answer.headers["Location"])
                    continue
                if answer.status_code != HTTPStatus.OK:
                    _raise(place, answer, login)
                _write(answer, into, place, largest)
                return
        raise Refused(f"{_shown(url)} redirects more than {MOST_REDIRECTS} times.", next_step=ADVICE)

    repeat.read(fetched, lambda error: http.failure(url, error), deadline)


@contextmanager
def _asked(url: str, network: Network, headers: Mapping[str, str | Secret]) -> Iterator[requests.Response]:
    with requests.Session() as session:
        http.configure(session, url, network, Deadline())
        session.mount(f"{urllib.parse.urlsplit(url).scheme}://", _Streaming(network, url))
        auth, timeout = http.HeaderAuth(headers), (http.CONNECT_SECONDS, LONGEST_TRY)
        with session.get(url, auth=auth, allow_redirects=False, stream=True, timeout=timeout) as answer:
            yield answer


class _Streaming(requests.adapters.HTTPAdapter):
    """Uses the step's TLS context, and leaves the body to be read."""

    def __init__(self, network: Network, url: str) -> None:
        self._context = network.ssl_context() if url.startswith("https:") else None
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(*args, ssl_context=self._context, **kwargs)


def _shown(url: str) -> str:
    return f"{origin(url)}{path_of(url)}"  # a query may hold a signature


def _moved(url: str, location: str) -> str:
    place = urllib.parse.urljoin(url, location)
    checked(place, what=f"The address that {origin(url)} redirects to", next_step=ADVICE)
    if url.startswith("https:") and not place.startswith("https:"):
        raise Refused(f"{origin(url)} redirects to {origin(place)}, which is not encrypted.", next_step=ADVICE)
    return place


def _raise(url: str, answer: requests.Response, login: str) -> NoReturn:
    text = answer.raw.read(http.LONGEST_QUOTE, decode_content=True)
    answer._content = text  # noqa: SLF001 - so that the words of an error are read, and no more
    if answer.status_code in repeat.TRANSIENT_STATUS:
        raise http.Transient(answer)
    raise http.refusal(answer, doing=f"download {_shown(url)}", credentials=login)


def _write(answer: requests.Response, into: Path, url: str, largest: int) -> None:
    size, began = 0, time.monotonic()
    with into.open("wb") as file:
        try:
            while block := answer.raw.read(BLOCK, decode_content=True):
                size += len(block)
                if size > largest:
                    raise BadInput(f"{_shown(url)} is larger than {largest // 1024**2} MiB.", next_step=ADVICE)
                file.write(block)
                took = time.monotonic() - began
                if took > LONGEST_TRY and size < took * SLOWEST:
                    raise requests.exceptions.ReadTimeout(f"only {size} bytes came in {took:.0f} s")
        except urllib3.exceptions.HTTPError as error:  # within the body, where requests would translate it
            raise requests.exceptions.ChunkedEncodingError(error) from error
