"""What to tell the user when GitLab refuses: by the status of its API, and by the words of a push it declined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common.errors import BadInput, NotAllowed, Refused, StepError
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

MAINTAINER = "use the token of a Maintainer, or have one allow this role to push to it (Settings, Repository)"
REJECTIONS: Sequence[tuple[str, str]] = (  # words of a declined push -> what to do
    (
        "not allowed to force push code to a protected branch",
        "The branch is protected: leave forcePush out, or have a Maintainer allow force pushes to it.",
    ),
    ("not allowed to push code to protected branches", f"The branch is protected: {MAINTAINER}."),
    (
        "not allowed to create protected branches",
        f"Branches of this name are protected: {MAINTAINER}, or push to another branch.",
    ),
    (
        "default branch (e.g.",
        "A Maintainer has to make the first branch: use such a token, or protect it only 'after initial push'.",
    ),
    ("Secrets detected", "Take the secret that is named above out of the files; its value has to be replaced as well."),
    ("larger than the allowed size", "A file is larger than GitLab takes: keep it out, or use Git LFS."),
    ("MiB limit", "A file is larger than GitLab takes: keep it out, or use Git LFS."),
    ("exceeded its size limit", "The repository is full: have an administrator raise its limit."),
    ("LFS objects are missing", "Files under Git LFS did not arrive: push them, or keep them out of the folder."),
    (
        "does not follow the pattern",
        "A push rule of the project declines it: set COMMIT_MESSAGE, BRANCH or the author.",
    ),
    ("is not a member of team", "A push rule wants a member as author: set GIT_AUTHOR_EMAIL."),
    ("own verified emails", "A push rule wants an address of the token's account: set GIT_COMMITTER_EMAIL."),
    ("must be signed", "A push rule wants signed commits."),
)


def explain_rejection(_: HostContext, text: str) -> str:
    return next((advice for words, advice in REJECTIONS if words in text), "")
