"""What a failed call of GitHub's API leaves behind, in the words of GitHub and with what to do about it."""

from __future__ import annotations

from typing import Any

from common.errors import Conflict, Refused, StepError, Unavailable
from common.git_hosts import answers
from common.git_hosts.answers import Answered, Api
from common.git_hosts.context import HostContext
from common.git_hosts.faults import UNSEEN, UNSEEN_ADVICE
from common.git_hosts.github.connection import RATE_LIMITED, Moved, api_url, web
from common.git_hosts.github.words import CALLS, NOT_GIVEN, REFUSALS, Call
from common.network.repeat import Failure, FailureOf, Outcome

TAKEN = "already exists"
MOVED = "Set ORG_NAME and REPO_NAME to the present names."


class Taken(Conflict):
    """There is a repository of that name."""


def failures(context: HostContext, *, writes: bool, call: Call | None = None) -> FailureOf:
    """Give the function that reads the exceptions of one call; `writes`: it may have worked without saying so.

    call: what it is for, when that is not to find or create the repository.
    """
    return of_api(context, _api(context, call), writes=writes)


def of_api(context: HostContext, api: Api, *, writes: bool) -> FailureOf:
    """Give the same for an API whose refusals read otherwise."""
    of_answer = answers.failures(api, writes=writes)

    def failure(error: Exception) -> Failure | None:
        if isinstance(error, Moved):
            told = Refused(f"{web(context.connector)} has moved what was asked for, to {error}.", next_step=MOVED)
            return Failure(Outcome.REFUSED, told)
        return of_answer(error)

    return failure


def _api(context: HostContext, call: Call | None) -> Api:
    here = api_url(context.connector)

    def refusal(error: Answered, quoted: str) -> StepError | Failure:
        if error.wait is not None and error.status in RATE_LIMITED:
            waiting = Unavailable(f"{here} asks to wait: it answered {error.status}{quoted}.")
            return Failure(Outcome.NOT_DONE, waiting, error.wait)
        return _refusal(error, quoted, context) if call is None else _refused_call(error, quoted, call)

    return Api("GitHub", here, said, refusal)


def _refusal(error: Answered, quoted: str, context: HostContext) -> StepError:
    location = context.location
    if TAKEN in quoted:
        return Taken(
            f"{web(context.connector)} has a repository {location.repository} there already, {UNSEEN}.",
            next_step=f"{UNSEEN_ADVICE} To the installation of an App, add the repository.",
        )
    kind, words, advice = REFUSALS.get(error.status, (Refused, NOT_GIVEN, ""))
    told = words.format(
        web=web(context.connector),
        repository=location.repository,
        owner="the token's account" if context.personal else location.organization,
        status=error.status,
        said=quoted,
    )
    return kind(told, next_step=advice)


def _refused_call(error: Answered, quoted: str, call: Call) -> StepError:
    kind, advice = CALLS.get(error.status, (Refused, ""))
    return kind(
        f"GitHub did not {call.doing}: it answered {error.status}{quoted}.",
        next_step=advice.format(right=call.right, missing=call.missing),
    )


def said(told: Any) -> str:
    """Give what an error says: its message, and those of its parts."""
    body = told if isinstance(told, dict) else {}
    errors = body.get("errors") or []
    errors = errors if isinstance(errors, list) else [errors]
    parts = [str(fault.get("message", fault) if isinstance(fault, dict) else fault) for fault in errors]
    return "; ".join(dict.fromkeys([str(body.get("message", "")).rstrip("."), *parts])).strip("; ")
