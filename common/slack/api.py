"""Slack's Web API as the steps use it: one client, and repeats within the deadline that never post a message twice.

slack_sdk makes the requests. Its own retries are off: they know no deadline, and they would repeat a message after an
answer that leaves open whether it was posted.
"""

from __future__ import annotations

import http.client
import logging
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from common.errors import Unavailable
from common.network import repeat
from common.network.deadline import LONGEST_TRY, Deadline
from common.network.repeat import Failure, Uncertain
from common.network.settings import Network
from common.network.url import origin
from common.secret import Secret
from common.slack import failures

LARGEST_ANSWER = 4 * 1024 * 1024  # bytes
_STUMBLES = (LookupError, AttributeError, TypeError)  # slack_sdk's, over a body that is no JSON object as expected


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Let the redirect itself be the answer."""


class _Client(WebClient):
    """Gives each try its wall clock and each answer a cap, and follows no redirect, which would get the token."""

    deadline: Deadline

    def _perform_urllib_http_request_internal(self, url: str, req: urllib.request.Request) -> dict[str, Any]:  # noqa: ARG002 - the signature is slack_sdk's
        proxies = {"http": self.proxy, "https": self.proxy} if self.proxy else {}
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=self.ssl), _NoRedirect
        )
        with self.deadline.limit(), opener.open(req, timeout=self.timeout) as answer:
            body = answer.read(LARGEST_ANSWER + 1)
            if len(body) > LARGEST_ANSWER:
                raise ValueError(f"the answer has more than {LARGEST_ANSWER} bytes")
            text = body.decode(answer.headers.get_content_charset() or "utf-8")
            return {"status": answer.status, "headers": answer.headers, "body": text}


@dataclass(frozen=True)
class Slack:
    """The Web API of one workspace, with one bot token."""

    client: WebClient
    deadline: Deadline

    def workspace(self) -> str:
        """Check the token and give the name of its workspace."""
        doing = "check the token"
        return repeat.read(lambda: _text(self.client.auth_test(), "team"), self._failure(doing), self.deadline)

    def user_id(self, email: str) -> str:
        """Find the user with that e-mail address. Needs the scopes users:read and users:read.email."""

        def found() -> str:
            return _text(self.client.users_lookupByEmail(email=email), "user", "id")

        return repeat.read(found, self._failure(f"find {email}"), self.deadline)

    def post(self, target: str, message: Mapping[str, Any]) -> tuple[str, str]:
        """Post to a channel or user; give the channel's id and the message's timestamp. Needs chat:write.

        Raises Uncertain, and repeats nothing, after an answer that leaves open whether the message was posted: Slack
        gives no way to look.
        """

        def posted() -> tuple[str, str]:
            answer = self.client.chat_postMessage(channel=target, **message)
            return _text(answer, "channel"), _text(answer, "ts")

        try:
            return repeat.write(posted, None, self._failure(f"post to {target}"), self.deadline)
        except Uncertain as error:
            raise Unavailable(
                f"{error.message} The message may have been posted.",
                next_step="Look for it in Slack before you run the step again.",
                detail=error.detail,
            ) from error

    def _failure(self, doing: str) -> Callable[[Exception], Failure | None]:
        """Give the function that tells what a failed call left behind."""
        host = origin(self.client.base_url)

        def failure(error: Exception) -> Failure | None:
            if isinstance(error, SlackApiError):
                return failures.answered(doing, host, error.response)
            if isinstance(error, urllib.error.URLError):  # raised before the request was sent as a whole
                return failures.not_sent(host, error.reason)
            if isinstance(error, TimeoutError):
                return failures.unknown(f"{host} took the request and did not answer in time.", repr(error))
            if isinstance(error, (OSError, http.client.HTTPException, ValueError, RecursionError, *_STUMBLES)):
                return failures.unknown(f"{host} broke off, or sent what cannot be read.", repr(error))
            return None

        return failure


def connect(token: Secret, url: str, *, network: Network, deadline: Deadline) -> Slack:
    """Make the client for the API at that URL (https://slack.com/api/ but for a stand-in)."""
    client = _Client(
        token=token.reveal(),
        base_url=url,
        timeout=int(LONGEST_TRY),
        ssl=network.ssl_context(),
        logger=_silent_logger(),
        retry_handlers=[],
    )
    client.deadline = deadline
    client.proxy = network.proxy_for(url)  # slack_sdk takes HTTPS_PROXY for every host, whatever NO_PROXY says
    return Slack(client, deadline)


def _silent_logger() -> logging.Logger:
    """Give slack_sdk a log that shows nothing: it knows no masks, and the failures here say it all."""
    logger = logging.getLogger("slack_sdk")
    logger.setLevel(logging.CRITICAL + 1)
    return logger


def _text(answer: SlackResponse, *keys: str) -> str:
    value: Any = answer.data
    for key in keys:
        value = value[key]
    if not isinstance(value, str) or not value:
        raise LookupError(f"the answer has no {'.'.join(keys)}")
    return value
