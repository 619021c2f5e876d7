"""What to tell the user when Bitbucket Data Center refuses: by its API's status, and by a declined push's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from common.errors import BadInput, Conflict, NotAllowed, Refused, StepError
from common.git.failures import Rejection, rejection
from common.git_hosts.answers import Answered, Api
from common.git_hosts.bitbucket.rest import Call
from common.git_hosts.context import HostContext
from common.git_hosts.faults import UNSEEN_ADVICE

NAME = "Bitbucket Data Center"
CREATE_RIGHT = (
    "Give the user or the token the permission to create repositories in the project (repository creator, or project"
    " admin): a token for one repository cannot."
)
NOT_PERMITTED = "not permitted"  # which it answers with 401 to who is logged in
FORBIDDEN = (401, 403)
NOT_FOUND = 404
CONFLICT = 409


class Taken(Conflict):
    """There is a repository, or a pull request, of that kind."""


def api(context: HostContext, url: str, call: Call) -> Api:
    """Describe the API for one call."""

    def refusal(error: Answered, said: str) -> StepError:
        message = f"Could not {call.doing}: {NAME} answered {error.status}{said}."
        if error.status == CONFLICT:
            return Taken(message, next_step=UNSEEN_ADVICE)
        if error.status in FORBIDDEN and (error.status == FORBIDDEN[1] or NOT_PERMITTED in said):
            return NotAllowed(message, next_step=call.right)
        if error.status in FORBIDDEN:
            advice = "Check the connector's user name, and its token or password: it is wrong or has expired."
            return NotAllowed(message, next_step=advice)
        if error.status == NOT_FOUND:
            project = context.location.project
            advice = f"Check PROJECT_NAME ({project!r}): it takes the key of the project, or ~ and a user's name."
            return BadInput(message, next_step=advice)
        return Refused(message)

    return Api(NAME, url, said, refusal)


def said(told: Any) -> str:
    """Give the messages of an error."""
    errors = told.get("errors") if isinstance(told, dict) else None
    messages = [one.get("message") for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    return "; ".join(dict.fromkeys(str(one).rstrip(".") for one in messages if one))


PROTECTED = "Push to another branch, set PUSH_MODE=pull_request, or let this account pass the permission."

REJECTIONS: Sequence[tuple[str, Rejection]] = (  # words of a declined push -> what it lacked; the first that fits
    ("can only be modified through pull requests", Rejection(f"The branch is protected. {PROTECTED}", protected=True)),
    ("You are not permitted to write to this branch", Rejection(f"It is protected. {PROTECTED}", protected=True)),
    ("You are attempting to modify", Rejection(f"The branch is protected. {PROTECTED}", protected=True)),
    (
        "not permitted to push",
        Rejection("Give the user and the token the permission Repository write.", NotAllowed),
    ),
    (
        "expected committer",
        Rejection("Set GIT_COMMITTER_NAME and GIT_COMMITTER_EMAIL to those of the account whose token it is."),
    ),
    ("is read only", Rejection("The repository is archived, or a mirror: it takes no push.")),
    ("Push rejected", Rejection("A hook of the repository declines it: do as the lines above say.")),
)


def explain_rejection(_: HostContext, text: str) -> Rejection:
    return rejection(REJECTIONS, text)
