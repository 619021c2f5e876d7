"""An incoming webhook: one channel's address that takes a message without a token, and tells nothing of it afterwards.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

import contextlib
import http
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from common.errors import BadInput, NotAllowed, Refused, StepError, Unavailable
from common.network import repeat
from common.network.deadline import Deadline, retry_after_seconds
from common.network.repeat import Failure, Outcome, Uncertain, of_status
from common.network.settings import Network
from common.network.url import origin
from common.secret import Secret
from common.slack import failures
from common.slack.web import fetch

LONGEST_CODE = 200  # bytes
CLOSED = frozenset({401, 403, 404, 410})
GONE: tuple[type[StepError], str] = (
    NotAllowed,
    "Make a new webhook in the app's settings (Incoming Webhooks) and give its URL.",
)
CODES: Mapping[str, tuple[type[StepError], str]] = {  # what the address answers -> how the step fails, and what to do
    **dict.fromkeys(("no_service", "no_service_id", "no_team", "team_disabled", "invalid_token"), GONE),
    "action_prohibited": (NotAllowed, failures.ASK_ADMIN),
    "posting_to_general_channel_denied": (NotAllowed, failures.ASK_ADMIN),
    "channel_not_found": (Refused, "The webhook's channel is gone; make a webhook for another."),
    "channel_is_archived": (Refused, "Choose another channel, or have this one restored."),
    "invalid_payload": (BadInput, failures.FIX_BLOCKS),
    "invalid_blocks": (BadInput, failures.FIX_BLOCKS),
    "no_text": (BadInput, "Give messageContent or blocks."),
    "too_many_attachments": (BadInput, "Give fewer attachments."),
}


def post(url: Secret, message: Mapping[str, Any], *, network: Network, deadline: Deadline) -> None:
    """Post a message. Raises Unavailable after an answer that leaves open whether it was posted."""
    address = url.reveal()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "idp-steps"}
    data = json.dumps(message, ensure_ascii=False).encode()

    def posted() -> bool:
        request = urllib.request.Request(address, data, headers, method="POST")  # noqa: S310 - the URL is checked
        context = network.ssl_context() if address.startswith("https:") else None
        _, _, text = fetch(request, deadline, proxy=network.proxy_for(address), context=context)
        if text.strip() != "ok":
            raise ValueError("the answer is not 'ok'")
        return True

    try:
        repeat.write(posted, None, _failure(origin(address)), deadline)
    except Uncertain as error:
        raise Unavailable(
            f"{error.message} The message may have been posted.",
            next_step="Look for it in Slack before you run the step again; with a webhook the step cannot look.",
            detail=error.detail,
        ) from error


def _failure(host: str) -> Callable[[Exception], Failure | None]:
    def failure(error: Exception) -> Failure | None:
        if isinstance(error, urllib.error.HTTPError):
            return _answered(host, error)
        if isinstance(error, urllib.error.URLError):
            return failures.not_sent(host, error.reason)
        if isinstance(error, (OSError, http.client.HTTPException, ValueError)):
            return failures.unknown(f"{host} broke off, or sent what cannot be read.", repr(error))
        return None

    return failure


def _answered(host: str, error: urllib.error.HTTPError) -> Failure:
    status, code = error.code, ""
    with contextlib.suppress(OSError, http.client.HTTPException):  # it breaks off; the status is enough
        code = error.read(LONGEST_CODE).decode(errors="replace").strip()
    wait = retry_after_seconds(error.headers.get("Retry-After"))
    outcome = of_status(status, retry_after=wait)
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR and outcome is Outcome.REFUSED:
        outcome = Outcome.UNKNOWN
    if outcome is not Outcome.REFUSED:
        return Failure(outcome, Unavailable(f"{host} answered HTTP {status}.", detail=code), wait)
    otherwise = GONE if status in CLOSED else (Refused, "Check the webhook's URL; redirects are not followed.")
    kind, advice = CODES.get(code, otherwise)
    said = code if code in CODES else f"HTTP {status}"
    message = f"Could not post to the webhook: {host} said {said}."
    return Failure(Outcome.REFUSED, kind(message, next_step=advice, detail=code))
