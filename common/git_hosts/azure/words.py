"""What to tell the user when Azure Repos refuses: by the status of its API, and by the words of a push it declined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from common.errors import BadInput, NotAllowed, Refused, StepError
from common.git.failures import Rejection, rejection
from common.git_hosts.context import HostContext

NAME = "Azure Repos"
LOGIN = (
    "Check the connector's token (DRONE_NETRC_PASSWORD): it is wrong or has expired, or is not for this organization."
)
SCOPE = "Give the token the scope Code (read, write and manage), and its account the permission that is named."


class Call(NamedTuple):
    """What a call is for, as in "protect main of payments", and what to do when it may not, or finds nothing."""

    doing: str
    right: str = SCOPE
    missing: str = "Check the names, and that the token may see them."


REFUSALS: Mapping[int, tuple[type[StepError], str]] = {  # status -> kind, what to do
    400: (BadInput, "Change the input that Azure Repos names."),
    401: (NotAllowed, LOGIN),
    403: (NotAllowed, "{right}"),
    404: (BadInput, "{missing}"),
}

PERMISSION = "Give the token's account the permission {} on the repository."
CODE_WRITE = "A personal access token also needs the scope Code (read and write)."
PROTECTED = "Push to another branch, set PUSH_MODE=pull_request, or let this account bypass the policies of the branch."
REJECTIONS: Sequence[tuple[str, Rejection]] = (  # words of a declined push -> what it lacked; the first that fits
    ("TF402455", Rejection(f"The branch has policies. {PROTECTED}", protected=True)),
    ("'ForcePush' permission", Rejection(f"Leave forcePush out. {PERMISSION.format('Force push')}", NotAllowed)),
    ("'CreateBranch' permission", Rejection(PERMISSION.format("Create branch"), NotAllowed)),
    ("'GenericContribute' permission", Rejection(f"{PERMISSION.format('Contribute')} {CODE_WRITE}", NotAllowed)),
    ("TF401027", Rejection(PERMISSION.format("that is named"), NotAllowed)),
    (
        "TF401019",
        Rejection("Check the names, and give the token's account the right to read the repository.", BadInput),
    ),
    (
        "one or more secrets",
        Rejection("Take the secret that is named above out of the files; its value has to be replaced as well."),
    ),
    ("TF402462", Rejection("The push is too large: keep large files out, or put them under Git LFS.")),
    ("exceed", Rejection("A file or a path is larger than a policy of the repository takes: keep it out.")),
    ("author email", Rejection("A policy wants another address of the author: set GIT_AUTHOR_EMAIL.")),
)


def explain_rejection(_: HostContext, text: str) -> Rejection:
    return rejection(REJECTIONS, text)


def kind_of(status: int) -> tuple[type[StepError], str]:
    return REFUSALS.get(status, (Refused, ""))
