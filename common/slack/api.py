"""Slack's Web API as the steps use it: one client, and retries within the budget that never post a message twice.

slack_sdk makes the requests. Its own retries are off: they know no budget, and they would repeat a message after an
answer that leaves open whether it was posted.
"""

from __future__ import annotations

import http.client
import logging
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from common.errors import Unavailable
from common.network.deadline import Budget
from common.network.settings import Network
from common.network.url import origin
from common.secret import Secret
from common.slack import failures
from common.slack.failures import Outcome

TIMEOUT = 30  # seconds to connect, and between two bytes of an answer
ResultT = TypeVar("ResultT")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Let the redirect itself be the answer."""


class _Client(WebClient):
    """Follows no redirect, for urllib would send the token to wherever it points."""

    def _perform_urllib_http_request_internal(self, url: str, req: urllib.request.Request) -> dict[str, Any]:  # noqa: ARG002 - the signature is slack_sdk's
        proxies = {"http": self.proxy, "https": self.proxy} if self.proxy else {}
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=self.ssl), _NoRedirect
        )
        with opener.open(req, timeout=self.timeout) as answer:
            body = answer.read().decode(answer.headers.get_content_charset() or "utf-8")
            return {"status": answer.status, "headers": answer.headers, "body": body}


@dataclass(frozen=True)
class Slack:
    """The Web API of one workspace, with one bot token."""

    client: WebClient
    budget: Budget

    def workspace(self) -> str:
        """Check the token and give the name of its workspace."""
        return self._ask("check the token", lambda: _text(self.client.auth_test(), "team"))

    def user_id(self, email: str) -> str:
        """Find the user with that e-mail address. Needs the scopes users:read and users:read.email."""
        return self._ask(f"find {email}", lambda: _text(self.client.users_lookupByEmail(email=email), "user", "id"))

    def post(self, target: str, message: Mapping[str, Any]) -> tuple[str, str]:
        """Post to a channel or user; give the channel's id and the message's timestamp. Needs chat:write.

        Raises Unavailable, and repeats nothing, after an answer that leaves open whether the message was posted.
        """

        def posted() -> tuple[str, str]:
            answer = self.client.chat_postMessage(channel=target, **message)
            return _text(answer, "channel"), _text(answer, "ts")

        return self._ask(f"post to {target}", posted, writes=True)

    def _ask(self, doing: str, call: Callable[[], ResultT], *, writes: bool = False) -> ResultT:
        host = origin(self.client.base_url)
        attempts = self.budget.start()
        for _ in attempts:
            try:
                return call()
            except SlackApiError as error:
                failure = failures.answered(doing, host, error.response)
            except urllib.error.URLError as error:  # raised before the request was sent as a whole, so nothing is done
                failure = failures.not_sent(host, error.reason)
            except TimeoutError as error:
                failure = failures.unknown(f"{host} took the request and did not answer in time.", repr(error))
            except (OSError, http.client.HTTPException, ValueError, LookupError, AttributeError, TypeError) as error:
                # The connection broke, or slack_sdk stumbled over a body that is no JSON object of the expected form.
                failure = failures.unknown(f"{host} broke off, or sent what cannot be read.", repr(error))
            if failure.outcome is Outcome.REFUSED:
                raise failure.error
            if failure.outcome is Outcome.UNKNOWN and writes:
                raise Unavailable(
                    f"{failure.error.message} The message may have been posted.",
                    next_step="Look for it in Slack before you run the step again.",
                    detail=failure.error.detail,
                )
            attempts.failed(failure.error.message, retry_after=failure.retry_after)
        raise Unavailable(
            f"Could not {doing}: {attempts.reason}",
            next_step="Run the step again later, or raise RETRY_BUDGET; check SLACK_API_URL, network and proxy.",
            detail=failure.error.detail,
        )


def connect(token: Secret, url: str, *, network: Network, budget: Budget) -> Slack:
    """Make the client for the API at that URL (https://slack.com/api/ but for a stand-in)."""
    client = _Client(
        token=token.reveal(),
        base_url=url,
        timeout=TIMEOUT,
        ssl=network.ssl_context(),
        logger=_silent_logger(),
        retry_handlers=[],
    )
    client.proxy = network.proxy_for(url)  # slack_sdk takes HTTPS_PROXY for every host, whatever NO_PROXY says
    return Slack(client, budget)


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
