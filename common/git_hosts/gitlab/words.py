"""What to tell the user when GitLab refuses: by the status of its API, and by the words of a push it declined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from common.errors import BadInput, NotAllowed, Refused, StepError
from common.git.failures import Rejection, rejection
from common.git_hosts.context import HostContext

NOT_GIVEN = "GitLab did not give the project {project}: it answered {status}{said}."
CREATE_ROLE = (
    "Give the token's account a role in the group that may create projects (Maintainer, or what the group's setting"
    " says), and the token the scope `api`."
)

REFUSALS: Mapping[int, tuple[type[StepError], str, str]] = {  # status -> kind, what happened, what to do
    401: (
        NotAllowed,
        NOT_GIVEN,
        "Check the connector's token (DRONE_NETRC_PASSWORD): it is wrong or has expired. A password is for git alone.",
    ),
    403: (NotAllowed, NOT_GIVEN, CREATE_ROLE),
    404: (
        BadInput,
        "{web} has no group or user {group!r}, or the token may not see it.",
        "Set ORG_NAME to its whole path, as in group/subgroup; for a project of your own set personalAccount to true.",
    ),
    405: (Refused, "{web} has moved the project {project} to another path.", "Set ORG_NAME and REPO_NAME to it."),
}

FAULTS: Sequence[tuple[str, type[StepError], str]] = (  # words of a 400 -> kind, what to do
    ("insufficient_scope", NotAllowed, "Give the token the scope `api`."),
    ("visibility_level", BadInput, "Set repoType to one that the group and the instance allow."),
    ("limit_reached", NotAllowed, "Have an administrator raise the account's limit of projects."),
    ("is a reserved name", BadInput, "Choose another name."),
    ("namespace", NotAllowed, CREATE_ROLE),
)


class Call(NamedTuple):
    """What a call is for, as in "protect main of payments", and what to do when it may not, or finds nothing."""

    doing: str
    right: str
    missing: str = "Check the names, and that the token may see them."


MAINTAINS = "Give the token's account the role Maintainer in the project, and the token the scope `api`."
CALLS: Mapping[int, tuple[type[StepError], str]] = {  # status -> kind, what to do, when it is not about a project
    400: (BadInput, "Change the input that GitLab names."),
    401: (NotAllowed, "Check the connector's token (DRONE_NETRC_PASSWORD): it is wrong or has expired."),
    403: (NotAllowed, "{right}"),
    404: (BadInput, "{missing}"),
    422: (BadInput, "Change the input that GitLab names."),
}

MAINTAINER = "use the token of a Maintainer, or have one allow this role to push to it"
LARGE = Rejection("A file is larger than GitLab takes: keep it out of the template, or put it under Git LFS.")
FULL = Rejection("The repository is full: have an administrator raise its limit.")
MAY_NOT_PUSH = Rejection(
    "Give the token the scope `write_repository` (or `api`), and its account the role Developer or a higher one in the"
    " project.",
    NotAllowed,
)
REJECTIONS: Sequence[tuple[str, Rejection]] = (  # words of a declined push -> what it lacked; the first that fits
    (
        "not allowed to force push code to a protected branch",
        Rejection(
            "The branch is protected: leave forcePush out, or have a Maintainer allow force pushes to it.", NotAllowed
        ),
    ),
    (
        "not allowed to push code to protected branches",
        Rejection(f"The branch is protected: {MAINTAINER}, or set PUSH_MODE=pull_request.", protected=True),
    ),
    (
        "not allowed to create protected branches",
        Rejection(f"Branches of this name are protected: {MAINTAINER}, or push to another branch.", NotAllowed),
    ),
    (
        "default branch (e.g.",
        Rejection(
            "A Maintainer has to make the first branch: use such a token, or protect it only 'after initial push'.",
            NotAllowed,
        ),
    ),
    (
        "Secrets detected",
        Rejection("Take the secret that is named above out of the files; its value has to be replaced as well."),
    ),
    ("larger than the allowed size", LARGE),
    ("MiB limit", LARGE),
    ("exceeded its size limit", FULL),
    ("exceed the size limit", FULL),
    ("LFS objects are missing", Rejection("Files under Git LFS did not arrive: run the step again.")),
    (
        "does not follow the pattern",
        Rejection("A push rule of the project declines it: set COMMIT_MESSAGE, BRANCH or the author as it wants."),
    ),
    ("is not a member of team", Rejection("A push rule wants a member as author: set GIT_AUTHOR_EMAIL.")),
    (
        "own verified emails",
        Rejection("A push rule wants an address of the token's account: set GIT_COMMITTER_EMAIL."),
    ),
    ("not allowed to push code to this project", MAY_NOT_PUSH),
    ("not allowed to upload code", MAY_NOT_PUSH),
    ("must be signed", Rejection("A push rule wants signed commits: give the step a key to sign with (SIGNING_KEY).")),
)


def explain_rejection(_: HostContext, text: str) -> Rejection:
    return rejection(REJECTIONS, text)
