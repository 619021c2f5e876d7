"""What to tell the user when Bitbucket Cloud refuses: by the status of its API, and by the words of a declined push."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from common.errors import BadInput, Conflict, NotAllowed, Refused, StepError
from common.git.failures import Rejection, rejection
from common.git_hosts.answers import Answered, Api
from common.git_hosts.bitbucket.rest import Call
from common.git_hosts.context import HostContext
from common.git_hosts.faults import UNSEEN_ADVICE

NAME = "Bitbucket Cloud"
TAKEN = "already exists"
LOGIN = (
    "Check the connector's token: it is wrong or has expired. With an API token the user name is the e-mail address of"
    " its Atlassian account; app passwords ended in July 2026."
)
CREATE_RIGHT = (
    "Give the token the scope admin:repository:bitbucket, and its owner the right to create repositories in the"
    " project."
)
FORBIDDEN = 403
GONE = (401, 410)
NOT_FOUND = 404


class Taken(Conflict):
    """There is a repository of that name."""


def api(context: HostContext, url: str, call: Call) -> Api:
    """Describe the API for one call."""
    location = context.location

    def refusal(error: Answered, said: str) -> StepError:
        message = f"Could not {call.doing}: {NAME} answered {error.status}{said}."
        if TAKEN in said:
            return Taken(message, next_step=UNSEEN_ADVICE)
        if error.status in GONE:
            return NotAllowed(message, next_step=_login(context))
        if error.status == FORBIDDEN:
            return NotAllowed(message, next_step=call.right)
        if error.status == NOT_FOUND:
            advice = f"Check WORKSPACE_NAME ({location.workspace!r}) and PROJECT_NAME, and that the token may see them."
            return BadInput(message, next_step=advice)
        return Refused(message, next_step=call.right if "permission" in said.lower() else "")

    return Api(NAME, url, said, refusal)


def _login(context: HostContext) -> str:
    token = context.connector.password
    if token is not None and token.reveal().startswith("ATBB"):
        return "This is an app password, and those ended in July 2026: make an API token, with your e-mail as the user."
    return LOGIN


def said(told: Any) -> str:
    """Give what an error says: its message, and what is wrong with which field."""
    error = told.get("error") if isinstance(told, dict) else None
    if not isinstance(error, dict):
        return ""
    fields = error.get("fields")
    wrong = fields.items() if isinstance(fields, dict) else ()
    detail = error.get("detail")
    parts = [error.get("message"), detail if isinstance(detail, str) else None]
    parts += [f"{name}: {' '.join(map(str, why)) if isinstance(why, list) else why}" for name, why in wrong]
    return "; ".join(dict.fromkeys(str(one).rstrip(".") for one in parts if one))


PROTECTED = "Push to another branch, set PUSH_MODE=pull_request, or let this account pass the restriction."

REJECTIONS: Sequence[tuple[str, Rejection]] = (  # words of a declined push -> what it lacked; the first that fits
    ("Permission denied to update branch", Rejection(f"The branch is restricted. {PROTECTED}", protected=True)),
    ("Permission denied to create branch", Rejection(f"The branch is restricted. {PROTECTED}", protected=True)),
    ("you can't push to it", Rejection(f"The branch is restricted. {PROTECTED}", protected=True)),
    ("exceeds maximum", Rejection("A file is too large: keep it out of the template, or put it under Git LFS.")),
    ("is over the size limit", Rejection("Make the repository smaller: the limit is 4 GB, Git LFS aside.")),
    (
        "required privilege scopes",
        Rejection(
            "Give the token the scope write:repository:bitbucket, and its account the right to write to the"
            " repository.",
            NotAllowed,
        ),
    ),
    (
        "Commit author",
        Rejection("Set GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL to those of an account that the hook accepts."),
    ),
)


def explain_rejection(_: HostContext, text: str) -> Rejection:
    return rejection(REJECTIONS, text)
