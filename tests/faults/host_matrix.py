"""Every call of CreateRepo and DirectPush to every git host, spoiled in every way.

    python -m tests.faults.host_matrix [HOST...]     all of it, with figures; what is spoiled once is in the suite

The calls of a host are those of a run without faults (host_calls.py). A cell is right when the step ends with the exit
code of its fault and a sentence within the retry budget, the other host of a redirect is asked for nothing, and what
the host then holds, if need be after a second run, is what a run without faults leaves there: one repository, its
commits, one pull request, one protection. Sleep is skipped; test_host_processes.py has a part of it with real ones.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import re
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.git import repositories
from tests.faults.clock import little_patience
from tests.faults.host_works import NAME, WORKS, Behind, behind
from tests.faults.proxy import (
    Answer,
    Fault,
    FaultProxy,
    Request,
    answering,
    cut,
    endless,
    many_headers,
    reset,
    silent,
    trickle,
)  # fmt: skip
from tests.hosts import HOSTS, Host

BUDGET = 60.0
REFUSED = "refused"
TIME_OUT = "time-out"
LOST = frozenset({0, 5})  # a write that was done is found; a read has no answer
PAGE = b"<html>Please log in</html>"
WRONG_TYPES = b'{"name": 5, "html_url": [], "clone_url": {}, "visibility": true, "login": 1}'
DEEP = b"[" * 5000 + b"]" * 5000


@dataclass(frozen=True, kw_only=True)
class Spoilt:
    """A fault of the table. after: the host does its work first. codes: the exit codes that are right for it."""

    answer: Answer = reset
    after: bool = False
    codes: frozenset[int] = frozenset({0})
    lasting: frozenset[int] = frozenset({5})  # when it does not go away


def _faults(elsewhere: str) -> dict[str, Spoilt]:
    """Give the faults of every call."""
    html = answering(200, PAGE, kind="text/html")
    away = answering(302, b"", f"Location: {elsewhere}/somewhere")
    return {
        REFUSED: Spoilt(),
        "reset before": Spoilt(),
        "reset after": Spoilt(after=True, lasting=LOST),
        TIME_OUT: Spoilt(answer=silent, after=True, lasting=LOST),
        "429": Spoilt(answer=answering(429, b'{"message": "slow down"}', "Retry-After: 1")),
        "500": Spoilt(answer=answering(500, b'{"message": "oops"}')),
        "502 after": Spoilt(
            answer=answering(502, b"<html>bad gateway</html>", kind="text/html"), after=True, lasting=LOST
        ),
        "503": Spoilt(answer=answering(503, b"<html>busy</html>", kind="text/html")),
        "html": Spoilt(answer=html, after=True, codes=frozenset({0, 1}), lasting=frozenset({0, 1, 5})),
        "redirect": Spoilt(answer=away, codes=frozenset({1}), lasting=frozenset({1})),
    }


def _odd_answers() -> dict[str, Spoilt]:
    """Give the faults of finding and creating besides: answers that are none of an API's, and one cut short."""
    bodies = {
        "an empty object": b"{}",
        "a list": b"[1, 2]",
        "a number": b"17",
        "JSON without end": DEEP,
        "no UTF-8": b'{"message": "\xff\xfe"}',
        "nothing": b"",
        "wrong types": WRONG_TYPES,
        "a mark before JSON": b"\xef\xbb\xbf" + WRONG_TYPES,
    }
    codes, lasting = frozenset({0, 1}), frozenset({0, 1, 5})
    answers = {
        **{name: answering(200, body) for name, body in bodies.items()},
        "two lengths": answering(200, b"{}", "Content-Length: 3"),
        "no content": answering(204, b""),
        "a redirect to nowhere": answering(304, b""),
    }
    odd = {name: Spoilt(answer=answer, after=True, codes=codes, lasting=lasting) for name, answer in answers.items()}
    return {"cut": Spoilt(answer=cut, after=True, lasting=LOST), **odd}


def without_end() -> dict[str, Spoilt]:
    """Give the answers that never end, so that the step has to end them. The work is done before."""
    again = answering(302, b"", "Location: ?again")
    codes = frozenset({0, 1, 5})
    away = frozenset({1, 4})  # 4: within GitHub, a redirect is how a repository that was renamed is told
    return {
        "byte after byte": Spoilt(answer=trickle, after=True, lasting=LOST),
        "headers without end": Spoilt(answer=many_headers, after=True, codes=codes, lasting=codes),
        "a body without end": Spoilt(answer=endless, after=True, codes=codes, lasting=codes),
        "redirects without end": Spoilt(answer=again, codes=away, lasting=away),
    }


def call_of(request: Request, name: str) -> str:
    """Name a call as the table does."""
    service = f" {request.query.partition('service=')[2]}" if "service=" in request.query else ""
    return re.sub(r"\d{5,}", "1", f"{request.method} {request.path}{service}".replace(name, NAME))


@dataclass
class At:
    """Spoils one of the requests that have credentials, by its number; lasting: and ever after those like it."""

    number: int
    fault: Fault
    lasting: bool = False
    seen: int = -1
    like: tuple[str, str, str] | None = None

    def takes(self, request: Request) -> bool:
        if not request.has_credentials:
            return False
        self.seen += 1
        own = (request.method, request.path, request.query)
        if self.seen == self.number:
            self.like = own
        return self.seen == self.number or (self.lasting and own == self.like)


def run(here: Behind, work: str, name: str, **more: str) -> tuple[int, str, float]:
    """Do the work; gives the exit code, what was said, and how many seconds passed for the step."""
    said, began = io.StringIO(), here.clock.now()
    own = {**here.variables(name), **WORKS[work].inputs(here.host), "PATH": os.environ["PATH"]}
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        code = WORKS[work].step().main([], {**own, "OUTPUT_FORMAT": "table", **more})
    return code, said.getvalue(), here.clock.now() - began


def clean(here: Behind, work: str) -> list[str]:
    """Do the work without a fault, note what it leaves, and give its calls."""
    if work != "CreateRepo" and not repositories.find_all(here.state, name=NAME):
        code, said, _ = run(here, "CreateRepo", NAME)
        assert code == 0, said
    name = here.named()
    WORKS[work].prepare(here, name)
    here.proxy.requests.clear()
    code, said, _ = run(here, work, name)
    assert code == 0, said
    here.expected[work] = here.held(name)
    account = here.state.credentials["harness"].account
    calls = [call_of(request, name) for request in here.proxy.requests if request.has_credentials]
    return [call.replace(account, "account") for call in calls]


def wrong(here: Behind, work: str, number: int, fault: str, *, lasting: bool = False) -> str:
    """Spoil the call of this number, and say what is wrong with what came of it; '' when nothing is."""
    name = here.named()
    WORKS[work].prepare(here, name)
    spoilt = (_faults(f"http://127.0.0.2:{here.elsewhere.port}") | _odd_answers() | without_end())[fault]
    proxy, elsewhere = here.proxy, here.elsewhere
    for each in (proxy, elsewhere):
        each.requests.clear()
    proxy.spoiled = 0
    proxy.rules[:] = [_rule(proxy, spoilt, fault, number, lasting=lasting)]
    here.clock.waking = proxy.listen if not lasting else lambda: None
    if fault == REFUSED and number == 0:
        proxy.refuse()
    own = {"IF_EXISTS": "fail"} if work == "CreateRepo" else {}  # what this run made is not to be taken for another's
    waits = fault == TIME_OUT or fault in without_end()
    own |= {"RETRY_BUDGET": "3"} if waits and lasting else {}  # a time-out takes its time
    with little_patience() if waits else contextlib.nullcontext():
        code, said, seconds = run(here, work, name, **own)
    proxy.rules.clear()
    proxy.listen()
    right = spoilt.lasting if lasting else spoilt.codes
    if fault == REFUSED and "HTTP_PROXY" in here.host.connector:
        right |= {5}  # it is the proxy that is not there, which the API's client takes for a wrong address at once
    complaints = {
        "the fault never came": fault != REFUSED and proxy.spoiled == 0,
        f"exit code {code}": code not in right,
        f"{seconds:.0f} s": seconds > BUDGET + 30,
        "the other host was asked": bool(elsewhere.requests) or _asked_for(proxy, elsewhere),
        "no sentence": code != 0 and ("error: " not in said or "Traceback" in said),
        "what is held": code == 0 and here.held(name) != here.expected[work],
        "held twice": len(here.held(name)) > 1,
    }
    if found := [complaint for complaint, holds in complaints.items() if holds]:
        return f"{', '.join(found)}:\n{here.held(name)}\n{said[-1500:]}"
    if code != 0:
        again, said, _ = run(here, work, name)
        if again != 0 or here.held(name) != here.expected[work]:
            return f"after a second run: exit code {again}, held {here.held(name)}:\n{said[-1500:]}"
    return ""


def _rule(proxy: FaultProxy, spoilt: Spoilt, fault: str, number: int, *, lasting: bool) -> At:
    if fault != REFUSED:
        return At(number, Fault(fault, spoilt.answer, forwarded=spoilt.after), lasting)

    def hang_up(client: socket.socket, whole: bytes) -> None:
        """Take no connection from now on, and then answer: the next request finds nobody."""
        proxy.refuse()
        client.sendall(whole)

    return At(number - 1, Fault(fault, hang_up, forwarded=True))


def _asked_for(proxy: FaultProxy, elsewhere: FaultProxy) -> bool:
    """Tell whether the proxy, where it is one for HTTP, was asked for the other host."""
    return any(
        f"//127.0.0.2:{elsewhere.port}".encode() in request.raw.partition(b"\r\n")[0] for request in proxy.requests
    )


def works_of(row: Host) -> list[str]:
    """Give what can be done at a host."""
    works = WORKS if "CreateRepo" in row.steps else ["DirectPush"]
    return [work for work in works if row.has_settings or work != "settings"]


def cells(work: str, calls: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Give the cells of a work: the number of each call with each fault. What reads leaves nothing behind to lose."""
    for number, call in enumerate(calls):
        reads = call.startswith("GET ")
        faults = dict(_faults(""))
        if work == "CreateRepo" and (number == 0 or call == _create(calls)):
            faults |= _odd_answers()
        yield from ((number, fault) for fault in faults if not reads or not fault.endswith(" after"))


def endless_cells(calls: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Give the cells of the answers without end."""
    yield from ((number, fault) for number in range(len(calls)) for fault in without_end())


def endless_sample(row: Host, work: str, calls: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Give some of these cells: each fault at one of the host's works or more, at a call that chance has chosen."""
    works, faults = works_of(row), list(without_end())
    for turn in range(max(len(works), len(faults))):
        fault = faults[turn % len(faults)]
        if works[turn % len(works)] == work:
            yield random.Random(f"{row} {work} {fault}").randrange(len(calls)), fault  # noqa: S311 - no secret


def _create(calls: Sequence[str]) -> str:
    return next(call for call in calls if call.startswith("POST "))


def main(wanted: list[str]) -> int:
    """Run the matrix and print its figures."""
    ended: Counter[str] = Counter()
    began = time.monotonic()
    for row in [row for row in HOSTS if not wanted or str(row) in wanted]:
        for work in works_of(row):
            with tempfile.TemporaryDirectory(prefix="matrix-") as name, behind(row, Path(name)) as here:
                since, calls, before = time.monotonic(), clean(here, work), ended.total()
                for lasting in (False, True):
                    for number, fault in [*cells(work, calls), *endless_cells(calls)]:
                        if complaint := wrong(here, work, number, fault, lasting=lasting):
                            often = "for ever" if lasting else "once"
                            print(f"{row} {work} {number} {calls[number]}: {fault}, {often}: {complaint}", flush=True)
                        ended["wrong" if complaint else "right"] += 1
                took = time.monotonic() - since
                print(f"{row} {work}: {len(calls)} calls, {ended.total() - before} cells in {took:.0f} s", flush=True)
    print(f"{ended.total()} cells in {time.monotonic() - began:.0f} s: {ended['right']} right, {ended['wrong']} wrong")
    return 1 if ended["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
