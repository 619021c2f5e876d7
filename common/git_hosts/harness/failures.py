"""What a failed call of Harness Code's API leaves behind, as the one loop of repeat.py reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.errors import Conflict, Refused, StepError
from common.git_hosts.context import HostContext
from common.git_hosts.harness import place
from common.git_hosts.harness.words import CHECK_HOST, NOT_THE_API, REFUSALS
from common.network.repeat import Failure, Outcome, Uncertain

if TYPE_CHECKING:
    import requests


class Taken(Conflict):
    """There is a repository of that name."""


class Unreadable(Refused):
    """A successful answer that describes no repository: the write before it may have happened."""


def failure(error: Exception) -> Failure | None:
    """Tell what a failed write left behind. What may pass by itself, the client has tried again before."""
    if isinstance(error, Uncertain | Unreadable):
        return Failure(Outcome.UNKNOWN, error)
    return Failure(Outcome.REFUSED, error) if isinstance(error, StepError) else None


def unreadable(context: HostContext, why: str, answer: requests.Response) -> Unreadable:
    message = NOT_THE_API.format(api=place.api(context), why=why)
    return Unreadable(message, next_step=CHECK_HOST, detail=answer.text[:500])


def refusal(context: HostContext, answer: requests.Response, *, doing: str) -> StepError:
    """Turn an error answer into the failure to raise."""
    from common.network import http

    error = http.refusal(answer, doing=doing, credentials="")
    if answer.status_code not in REFUSALS:
        return error
    key = "the API key (X_API_KEY)" if context.harness.api_key else "the connector's key (DRONE_NETRC_PASSWORD)"
    kind, advice = REFUSALS[answer.status_code]
    return kind(error.message, next_step=advice.format(key=key), detail=error.detail)


def told(context: HostContext, answer: requests.Response) -> dict[str, Any]:
    """Give the JSON object of an answer that succeeded."""
    from common.network.answer import object_of

    found = object_of(answer)
    if found is None:
        raise unreadable(context, "what it gives is no JSON object", answer)
    return found


def listed(context: HostContext, answer: requests.Response, *, doing: str) -> list[dict[str, Any]]:
    """Give the objects of a list that was asked for."""
    from common.network.answer import succeeded
    from common.network.http import json_of

    if not succeeded(answer):
        raise refusal(context, answer, doing=doing)
    try:
        found = json_of(answer)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise unreadable(context, "what it gives is no list of JSON objects", answer)
    return found
