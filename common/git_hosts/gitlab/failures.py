"""What a failed call of GitLab's API leaves behind, in the words of GitLab and with what to do about it."""

from __future__ import annotations

from typing import Any

from common.errors import Conflict, Refused, StepError
from common.git_hosts import answers
from common.git_hosts.answers import Answered, Api
from common.git_hosts.context import HostContext
from common.git_hosts.faults import UNSEEN, UNSEEN_ADVICE
from common.git_hosts.gitlab.place import api_url, full_path, group, web
from common.git_hosts.gitlab.words import CALLS, FAULTS, NOT_GIVEN, REFUSALS, Call
from common.network.repeat import Failure, FailureOf, Outcome

TAKEN = "has already been taken"
BEING_DELETED = "still being deleted"


class Taken(Conflict):
    """There is a project of that name or path."""


def failures(context: HostContext, *, writes: bool, call: Call | None = None) -> FailureOf:
    """Give the function that reads the exceptions of one call; `writes`: it may have worked without saying so.

    call: what it is for, when that is not to find or create the project.
    """
    return answers.failures(_api(context, call), writes=writes)


def _api(context: HostContext, call: Call | None) -> Api:
    advice = answers.CHECK_HOST
    if web(context) != web(context, root=False):
        advice += f" The server is taken to lie at {web(context)}, for the connector's URL does."

    def refusal(error: Answered, quoted: str) -> StepError | Failure:
        return _refusal(error, quoted, context) if call is None else _refused_call(error, quoted, call)

    return Api("GitLab", api_url(context), said, refusal, advice)


def said(told: Any) -> str:
    """Give what an error says: a text, a list, or lists by the field that they are about."""
    if not isinstance(told, dict):
        return ""
    message = told.get("message")
    if isinstance(message, dict):
        parts = [
            f"{'' if name == 'base' else f'{name} '}{fault}"
            for name, faults in message.items()
            for fault in (faults if isinstance(faults, list) else [faults])
        ]
    else:
        parts = [str(part) for part in (message if isinstance(message, list) else [message]) if part]
    parts += [str(told[name]) for name in ("error", "error_description") if told.get(name)]
    return "; ".join(dict.fromkeys(parts))


def _refusal(error: Answered, quoted: str, context: HostContext) -> StepError | Failure:
    project = full_path(context)
    if BEING_DELETED in quoted:
        told = Conflict(
            f"{web(context)} is still deleting a project {project}.", next_step="Choose another name, or try later."
        )
        return Failure(Outcome.NOT_DONE, told, error.wait)
    if TAKEN in quoted:
        return Taken(
            f"{web(context)} has a project {project} there already, {UNSEEN}.",
            next_step=UNSEEN_ADVICE,
        )
    kind, words, advice = REFUSALS.get(error.status, (Refused, NOT_GIVEN, ""))
    for sign, own_kind, own_advice in FAULTS:
        if sign in quoted:
            kind, words, advice = own_kind, NOT_GIVEN, own_advice
            break
    return kind(
        words.format(web=web(context), project=project, group=group(context), status=error.status, said=quoted),
        next_step=advice,
    )


def _refused_call(error: Answered, quoted: str, call: Call) -> StepError:
    kind, advice = CALLS.get(error.status, (Refused, ""))
    return kind(
        f"GitLab did not {call.doing}: it answered {error.status}{quoted}.",
        next_step=advice.format(right=call.right, missing=call.missing),
    )
