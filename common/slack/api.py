"""Slack's Web API as the steps use it: one client, and repeats within the deadline that never post a message twice.

slack_sdk makes the requests. Its own retries are off: they know no deadline, and they would repeat a message after an
answer that leaves open whether it was posted.
"""

from __future__ import annotations

import http.client
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from common.errors import BadInput, Unavailable
from common.network import repeat
from common.network.deadline import LONGEST_TRY, Deadline
from common.network.repeat import Failure, Uncertain
from common.network.settings import Network
from common.network.url import origin
from common.secret import Secret
from common.slack import failures
from common.slack.ids import CONVERSATION_ID, USER_ID
from common.slack.web import fetch

CHANNELS = {"types": "public_channel,private_channel", "exclude_archived": True, "limit": 1000}
MOST_PAGES = 20
OLDEST = 7 * 86_400.0  # seconds back in which an earlier message is looked for
EVENT_TYPE = "idp_steps_message"
DEDUPE_KEY = "dedupe_id"  # in the payload of a message's metadata
_STUMBLES = (LookupError, AttributeError, TypeError)  # slack_sdk's, over a body that is no JSON object as expected


class _Client(WebClient):
    """Gives each try its wall clock and each answer a cap, and follows no redirect, which would get the token."""

    deadline: Deadline

    def _perform_urllib_http_request_internal(self, url: str, req: urllib.request.Request) -> dict[str, Any]:  # noqa: ARG002 - the signature is slack_sdk's
        status, headers, body = fetch(req, self.deadline, proxy=self.proxy, context=self.ssl)
        return {"status": status, "headers": headers, "body": body}


class Slack(NamedTuple):
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

    def conversation_id(self, target: str) -> str:
        """Give the id of a channel by its name, or of the direct messages with a user by that user's id.

        Needs channels:read and groups:read, or im:write.
        """
        if CONVERSATION_ID.fullmatch(target):
            return target
        doing = f"find {target}"
        if USER_ID.fullmatch(target):

            def opened() -> str:
                return _text(self.client.conversations_open(users=target), "channel", "id")

            return repeat.read(opened, self._failure(doing), self.deadline)
        name, cursor = target.removeprefix("#").lower(), ""
        for _ in range(MOST_PAGES):
            channels, cursor = self._page(doing, "channels", self.client.conversations_list, cursor, **CHANNELS)
            for channel in channels:
                if isinstance(channel, dict) and channel.get("name") == name:
                    return str(channel.get("id"))
            if not cursor:
                break
        raise BadInput(f"Could not {doing}: Slack lists no such channel.", next_step=failures.FIX_CHANNEL)

    def find(self, channel: str, dedupe_id: str, thread: str) -> str | None:
        """Give the timestamp of the message that an earlier run posted with that id. Needs the history scopes."""
        doing = f"look for an earlier message in {channel}"
        asked: dict[str, Any] = {"channel": channel, "include_all_metadata": True, "limit": 200}
        asked |= {"ts": thread} if thread else {"oldest": f"{time.time() - OLDEST:.6f}"}
        listing = self.client.conversations_replies if thread else self.client.conversations_history
        cursor = ""
        for _ in range(MOST_PAGES):
            messages, cursor = self._page(doing, "messages", listing, cursor, **asked)
            for message in messages:
                if isinstance(message, dict) and dedupe_id == _dedupe_id(message):
                    return str(message.get("ts"))
            if not cursor:
                break
        return None

    def _page(
        self, doing: str, name: str, listing: Callable[..., SlackResponse], cursor: str, **asked: Any
    ) -> tuple[list[Any], str]:
        """Give one page of a list, and the cursor of the next; '' for none."""

        def listed() -> tuple[list[Any], str]:
            answer = listing(**asked, **({"cursor": cursor} if cursor else {}))
            items = answer[name]
            if not isinstance(items, list):
                raise LookupError(f"the answer has no {name}")
            more = answer.get("response_metadata") or {}
            return items, str(more.get("next_cursor") or "")

        return repeat.read(listed, self._failure(doing), self.deadline)

    def post(
        self, target: str, message: Mapping[str, Any], look: Callable[[], tuple[str, str] | None] | None = None
    ) -> tuple[str, str]:
        """Post to a channel or user; give the channel's id and the message's timestamp. Needs chat:write.

        look: finds what a try that may have worked has posted. Without it nothing is repeated after an answer that
        leaves open whether the message was posted.
        """

        def posted() -> tuple[str, str]:
            answer = self.client.chat_postMessage(channel=target, **message)
            return _text(answer, "channel"), _text(answer, "ts")

        try:
            return repeat.write(posted, look, self._failure(f"post to {target}"), self.deadline)
        except Uncertain as error:
            raise perhaps_posted(error) from error

    def update(self, channel: str, timestamp: str, message: Mapping[str, Any]) -> None:
        """Give a posted message another content, which may be repeated. Needs chat:write."""

        def updated() -> str:
            return _text(self.client.chat_update(channel=channel, ts=timestamp, **message), "ts")

        repeat.read(updated, self._failure(f"change the message {timestamp} in {channel}"), self.deadline)

    def permalink(self, channel: str, timestamp: str) -> str:
        """Give the address of a message in a browser. It is asked for once: nothing depends on it."""
        try:
            return _text(self.client.chat_getPermalink(channel=channel, message_ts=timestamp), "permalink")
        except Exception as error:
            failure = self._failure("ask for the message's address")(error)
            if failure is None:
                raise
            raise failure.error from error

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


def perhaps_posted(error: Uncertain) -> Unavailable:
    """Make the failure for a message of which nobody can tell whether it was posted."""
    return Unavailable(
        f"{error.message} The message may have been posted.",
        next_step="Look for it in Slack before you run the step again. With DEDUPE_ID, and with the scopes to read the"
        " history of the channel, the step looks by itself.",
        detail=error.detail,
    )


def _dedupe_id(message: Mapping[str, Any]) -> object:
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    return payload.get(DEDUPE_KEY) if isinstance(payload, dict) else None


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
