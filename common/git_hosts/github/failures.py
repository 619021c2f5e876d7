"""What a failed call of GitHub's API leaves behind: PyGithub's exceptions as the one loop of repeat.py reads them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from common.errors import Conflict, Refused, StepError, Unavailable
from common.git_hosts.context import HostContext
from common.git_hosts.github.connection import Moved, Unreadable, api_url, web
from common.git_hosts.github.words import CALLS, CHECK_HOST, NOT_GIVEN, NOT_THE_API, REFUSALS, Call
from common.network import repeat
from common.network.deadline import retry_after_seconds
from common.network.repeat import Failure, FailureOf, Outcome

if TYPE_CHECKING:
    from github import GithubException

TAKEN = "already exists"
RATE_LIMITED = frozenset({403, 429})
SECONDARY_LIMIT_WAIT = 60.0  # seconds; GitHub's docs: wait at least one minute
NOT_FOUND = 404
MOVED = "Set ORG_NAME and REPO_NAME to the present names."


class Taken(Conflict):
    """There is a repository of that name."""


def failures(context: HostContext, *, writes: bool, call: Call | None = None) -> FailureOf:
    """Give the function that reads the exceptions of one call; `writes`: it may have worked without saying so.

    call: what it is for, when that is not to find or create the repository.
    """
    from github import GithubException

    from common.network import http

    here = api_url(context.connector)

    def failure(error: Exception) -> Failure | None:
        if isinstance(error, GithubException):
            return _of_answer(error, context, call)
        if isinstance(error, Unreadable):
            if error.cut_short:
                return Failure(Outcome.UNKNOWN, Unavailable(f"{here} is not available: {error}."))
            told = Refused(NOT_THE_API.format(api=here, why=error), next_step=CHECK_HOST)
            return Failure(Outcome.UNKNOWN if writes else Outcome.REFUSED, told)
        if isinstance(error, Moved):
            told = Refused(f"{web(context.connector)} has moved what was asked for, to {error}.", next_step=MOVED)
            return Failure(Outcome.REFUSED, told)
        return http.failure(here, error)

    return failure


def _of_answer(error: GithubException, context: HostContext, call: Call | None) -> Failure:
    here, wait = api_url(context.connector), _wait(error)
    answered = f"it answered {error.status}{_quoted(error)}"
    if wait is not None and error.status in RATE_LIMITED:
        return Failure(Outcome.NOT_DONE, Unavailable(f"{here} asks to wait: {answered}."), wait)
    outcome = repeat.of_status(error.status, retry_after=wait)
    if outcome is Outcome.REFUSED:
        refused = _refusal(error, context) if call is None else _refused_call(error, context, call)
        return Failure(outcome, refused)
    return Failure(outcome, Unavailable(f"{here} is not available: {answered}."), wait)


def _wait(error: GithubException) -> float | None:
    """Give the seconds that GitHub asks to wait, for rate limits only (docs: REST API, rate limits)."""
    from github import RateLimitExceededException

    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    asked = retry_after_seconds(headers.get("retry-after"))
    if asked is None and isinstance(error, RateLimitExceededException):
        reset = headers.get("x-ratelimit-reset", "")
        return max(1.0, float(reset) - time.time()) if reset.isdigit() else SECONDARY_LIMIT_WAIT
    return asked


def _refusal(error: GithubException, context: HostContext) -> StepError:
    location = context.location
    if TAKEN in _said(error):
        return Taken(
            f"{web(context.connector)} has a repository {location.repository} there already, which the token cannot"
            " see.",
            next_step="Choose another name, or give the token the right to read it.",
        )
    if error.status == NOT_FOUND and not _said(error):
        return _not_githubs(context)
    kind, words, advice = REFUSALS.get(error.status, (Refused, NOT_GIVEN, ""))
    told = words.format(
        web=web(context.connector),
        repository=location.repository,
        owner="the token's account" if context.personal else location.organization,
        status=error.status,
        said=_quoted(error),
    )
    return kind(told, next_step=advice)


def _refused_call(error: GithubException, context: HostContext, call: Call) -> StepError:
    if error.status == NOT_FOUND and not _said(error):
        return _not_githubs(context)
    kind, advice = CALLS.get(error.status, (Refused, ""))
    return kind(
        f"GitHub did not {call.doing}: it answered {error.status}{_quoted(error)}.",
        next_step=advice.format(right=call.right, missing=call.missing),
    )


def _not_githubs(context: HostContext) -> Refused:
    why = "its 404 is no JSON of GitHub's"
    return Refused(NOT_THE_API.format(api=api_url(context.connector), why=why), next_step=CHECK_HOST)


def _said(error: GithubException) -> str:
    body = error.data if isinstance(error.data, dict) else {}
    errors = body.get("errors") or []
    errors = errors if isinstance(errors, list) else [errors]
    parts = [str(fault.get("message", fault) if isinstance(fault, dict) else fault) for fault in errors]
    return "; ".join(dict.fromkeys([str(body.get("message", "")).rstrip("."), *parts])).strip("; ")


def _quoted(error: GithubException) -> str:
    said = _said(error)
    return f" ({said})" if said else ""
