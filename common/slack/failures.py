"""What a failed request to Slack leaves behind, and the sentence that tells it.

Error codes: https://docs.slack.dev/reference/methods/chat.postMessage (a code that is not here is told as it is).
"""

from __future__ import annotations

import http
import re
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from common.errors import BadInput, NotAllowed, Refused, StepError, Unavailable
from common.network import unreachable
from common.network.deadline import retry_after_seconds
from common.network.repeat import TRANSIENT_STATUS, Failure, Outcome, of_status

if TYPE_CHECKING:
    from slack_sdk.web import SlackResponse

NOT_TAKEN_CODES = frozenset({"ratelimited", "rate_limited", "request_timeout"})
DOUBTFUL_STATUS = frozenset({200, 408, 425})  # 200: what came is no answer of the Web API, or an incomplete one
DOUBTFUL_CODES = frozenset({"fatal_error", "internal_error", "service_unavailable"})  # it may have succeeded

BAD_TOKEN = "Give SLACK_TOKEN the bot token (xoxb-…) of an app that is installed in the workspace."  # noqa: S105 - a sentence about tokens
ASK_ADMIN = "Ask an administrator of the workspace to allow it, or choose another target."
INVITE = "Invite the app to the channel (/invite @its-name), or give it the scope chat:write.public."
FIX_BLOCKS = "Try the blocks in Slack's Block Kit Builder."
FIX_THREAD = "Give as threadTs the messageTs of the first message of the thread."
FIX_CHANNEL = "Check the channel's id or name; to a private channel the app has to be invited first."

# Slack's code -> how the step fails, and what the user does about it.
CODES: Mapping[str, tuple[type[StepError], str]] = {
    **dict.fromkeys(
        (
            "invalid_auth",
            "not_authed",
            "token_revoked",
            "token_expired",
            "account_inactive",
            "not_allowed_token_type",
            "org_login_required",
        ),
        (NotAllowed, BAD_TOKEN),
    ),
    **dict.fromkeys(
        (
            "access_denied",
            "accesslimited",
            "ekm_access_denied",
            "enterprise_is_restricted",
            "no_permission",
            "restricted_action",
            "restricted_action_non_threadable_channel",
            "restricted_action_read_only_channel",
            "restricted_action_thread_locked",
            "restricted_action_thread_only_channel",
            "team_access_not_granted",
        ),
        (NotAllowed, ASK_ADMIN),
    ),
    "channel_not_found": (BadInput, FIX_CHANNEL),
    "users_not_found": (BadInput, "Give the e-mail address that the person has in Slack."),
    "user_not_found": (BadInput, "Check the user's id."),
    "no_text": (BadInput, "Give messageContent or blocks."),
    "msg_too_long": (BadInput, "Shorten the message."),
    "msg_blocks_too_long": (BadInput, "Shorten the blocks."),
    "invalid_blocks": (BadInput, FIX_BLOCKS),
    "invalid_blocks_format": (BadInput, FIX_BLOCKS),
    "invalid_thread_ts": (BadInput, FIX_THREAD),
    "thread_not_found": (BadInput, FIX_THREAD),
    "cannot_reply_to_message": (BadInput, FIX_THREAD),
    "too_many_attachments": (BadInput, "Give fewer attachments."),
    "invalid_metadata_format": (BadInput, "Give metadata as event_type and event_payload."),
    "invalid_metadata_schema": (BadInput, "Give metadata as event_type and event_payload."),
    "metadata_too_large": (BadInput, "Shorten the metadata."),
    "message_not_found": (Refused, "It was deleted; give another DEDUPE_ID."),
    "cant_update_message": (NotAllowed, "Only the app that posted a message may change it."),
    "edit_window_closed": (Refused, "The workspace closes messages for changes; give another DEDUPE_ID."),
    "not_in_channel": (Refused, INVITE),
    "is_archived": (Refused, "Choose another channel, or have this one restored."),
    "messages_tab_disabled": (Refused, "Turn on the Messages tab in the app's settings (App Home)."),
    "cannot_dm_bot": (BadInput, "Choose a person or a channel; a bot takes no messages."),
}


def not_sent(host: str, reason: object) -> Failure:
    """Say why the request did not reach Slack."""
    said = str(reason)
    if isinstance(reason, ssl.SSLError):
        return Failure(Outcome.REFUSED, unreachable.untrusted(host, said))
    if said.startswith("Tunnel connection failed: 4"):
        return Failure(Outcome.REFUSED, unreachable.stopped_by_proxy(host, said.partition(": ")[2]))
    return Failure(Outcome.NOT_DONE, unreachable.cannot_be_reached(host, said))


def unknown(message: str, detail: str) -> Failure:
    return Failure(Outcome.UNKNOWN, Unavailable(message, detail=detail))


def answered(doing: str, host: str, answer: SlackResponse) -> Failure:
    status, body = answer.status_code, answer.data if isinstance(answer.data, dict) else {}
    code = str(body.get("error"))
    detail = f"HTTP {status}: {answer.data!r}"
    headers = {name.lower(): value for name, value in answer.headers.items()}
    wait = retry_after_seconds(headers.get("retry-after"))
    not_taken = status in TRANSIENT_STATUS and of_status(status, retry_after=wait) is Outcome.NOT_DONE
    if not_taken or (status == http.HTTPStatus.OK and code in NOT_TAKEN_CODES):
        told = f", {code}" if "error" in body else ""
        why = f"{host} asks to wait{'' if wait is None else f' {wait:.0f} s'} (HTTP {status}{told})."
        return Failure(Outcome.NOT_DONE, Unavailable(why, detail=detail), wait)
    if status == http.HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return Failure(Outcome.REFUSED, unreachable.stopped_by_proxy(host, "407 Proxy Authentication Required"))
    if not re.fullmatch(r"[a-z][a-z0-9_]*", code):  # slack_sdk puts the text of a body that is no JSON here
        code = ""
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR or code in DOUBTFUL_CODES:
        return unknown(f"{host} answered HTTP {status}{f', {code}' if code else ''}.", detail)
    if not code and status in DOUBTFUL_STATUS:
        return unknown(f"{host} answered HTTP {status} with what is no answer of Slack's Web API.", detail)
    if not code:
        error = Refused(
            f"Could not {doing}: {host} answered HTTP {status}, which is no answer of Slack's Web API.",
            next_step="Check SLACK_API_URL and the proxy; redirects are not followed with the token.",
            detail=detail,
        )
        return Failure(Outcome.REFUSED, error)
    return Failure(Outcome.REFUSED, _refusal(doing, code, body, detail))


def _refusal(doing: str, code: str, body: Mapping[str, Any], detail: str) -> StepError:
    """Turn a code of Slack into the failure to raise."""
    if code == "missing_scope":
        return NotAllowed(
            f"Could not {doing}: the token lacks the scope {body.get('needed', 'for this')}.",
            next_step="Add the scope to the app (OAuth & Permissions), install the app again, and take its new token.",
            detail=detail,
        )
    kind, advice = CODES.get(code, (Refused, "Slack's documentation of chat.postMessage explains the code."))
    metadata = body.get("response_metadata")
    notes = metadata.get("messages") if isinstance(metadata, dict) else None
    said = "; ".join(str(note) for note in notes) if isinstance(notes, list) else ""
    return kind(f"Could not {doing}: Slack said {code}{f' ({said})' if said else ''}.", next_step=advice, detail=detail)
