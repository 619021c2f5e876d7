"""One HTTP request to Slack, with its wall clock, a cap on the answer, and no redirect, which would get the token.

Raises what urllib does, TimeoutError and ValueError; failures.py says what each leaves behind.
"""

from __future__ import annotations

import ssl
import urllib.request
from typing import Any

from common.network.deadline import LONGEST_TRY, Deadline

LARGEST_ANSWER = 4 * 1024 * 1024  # bytes


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Let the redirect itself be the answer."""


def fetch(
    request: urllib.request.Request, deadline: Deadline, *, proxy: str | None, context: ssl.SSLContext | None
) -> tuple[int, Any, str]:
    """Send it and give status, headers and text of the answer."""
    proxies = {"http": proxy, "https": proxy} if proxy else {}
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=context), _NoRedirect
    )
    with deadline.limit(), opener.open(request, timeout=LONGEST_TRY) as answer:
        body = answer.read(LARGEST_ANSWER + 1)
        if len(body) > LARGEST_ANSWER:
            raise ValueError(f"the answer has more than {LARGEST_ANSWER} bytes")
        return answer.status, answer.headers, body.decode(answer.headers.get_content_charset() or "utf-8")
