"""What to tell the user when GitHub refuses: by the status of its API, and by the words of a push it declined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from common.errors import BadInput, NotAllowed, StepError
from common.git.failures import Rejection, rejection
from common.git_hosts.context import HostContext

NOT_GIVEN = "GitHub did not give the repository {repository} of {owner}: it answered {status}{said}."
CREATE_RIGHT = (
    "Give the token the right to create repositories there: Administration write for a fine-grained token or an App,"
    " the scope `repo` for a classic one."
)

REFUSALS: Mapping[int, tuple[type[StepError], str, str]] = {  # status -> kind, what happened, what to do
    401: (
        NotAllowed,
        NOT_GIVEN,
        "Check the connector's token (DRONE_NETRC_PASSWORD): it is wrong or has expired.",
    ),
    403: (
        NotAllowed,
        NOT_GIVEN,
        CREATE_RIGHT,
    ),
    404: (
        BadInput,
        "{web} has no organization {owner!r}, or the token may not see it.",
        "Check ORG_NAME; for an account of your own set personalAccount to true.",
    ),
}


class Call(NamedTuple):
    """What a call is for, as in "protect main of payments", and what to do when it may not, or finds nothing."""

    doing: str
    right: str
    missing: str = "Check the names, and that the token may see them."


CALLS: Mapping[int, tuple[type[StepError], str]] = {  # status -> kind, what to do, when it is not about a repository
    401: (NotAllowed, "Check the connector's token (DRONE_NETRC_PASSWORD): it is wrong or has expired."),
    403: (NotAllowed, "{right}"),
    404: (BadInput, "{missing}"),
    422: (BadInput, "Change the input that GitHub names."),
}

PROTECTED = "Push to another branch, set PUSH_MODE=pull_request, or let this account bypass the protection."
SECRET = Rejection(
    "Take the secret that the lines above name out of the files; push protection lets none through, unless somebody who"
    " may allows it at the address that they show."
)
NO_FORCE = Rejection("What the branch holds may not be replaced: leave FORCE_PUSH out.")
RULE = "A rule of the repository or the organization declines it: {}"

MAY_NOT_PUSH = Rejection(
    "Give the token's account the right to write to the repository, and the token Contents write (fine-grained, or of"
    " an App) or the scope `repo` (classic).",
    NotAllowed,
)
REJECTIONS: Sequence[tuple[str, Rejection]] = (  # words of a declined push -> what it lacked; the first that fits
    (
        "without `workflow` scope",
        Rejection(
            "Give the token the scope `workflow` (a fine-grained one: Workflows write): the push holds"
            " .github/workflows.",
            NotAllowed,
        ),
    ),
    ("without `workflows` permission", Rejection("Give the App the permission workflows: write.", NotAllowed)),
    ("Push cannot contain secrets", SECRET),
    ("GH009", SECRET),
    ("GH001", Rejection("A file is larger than GitHub takes: keep it out of the template, or put it under Git LFS.")),
    ("GH008", Rejection("Files under Git LFS did not arrive: run the step again.")),
    ("Cannot force-push", NO_FORCE),
    ("GH003", NO_FORCE),
    (
        "must have verified signatures",
        Rejection(RULE.format("give the step a key to sign with (SIGNING_KEY), or let this account bypass the rule.")),
    ),
    ("larger than 100", Rejection("A file is too large: keep it out of the template, or put it under Git LFS.")),
    ("GH006", Rejection(f"The branch is protected. {PROTECTED}", protected=True)),
    ("must be made through a pull request", Rejection(RULE.format(PROTECTED), protected=True)),
    ("Cannot update this protected ref", Rejection(RULE.format(PROTECTED), protected=True)),
    ("GH013", Rejection(RULE.format("do as the lines above say, or let this account bypass the rule."))),
    ("push declined due to repository rule", Rejection(RULE.format("let this account bypass it."))),
    (
        "GH007",
        Rejection("Set GIT_AUTHOR_EMAIL and GIT_COMMITTER_EMAIL to an address that its owner does not keep private."),
    ),
    ("GH002", Rejection("Choose another name for BRANCH: one that does not look like the name of a commit.")),
    ("GH005", Rejection("Choose a shorter name for BRANCH.")),
    ("Write access to repository not granted", MAY_NOT_PUSH),
    ("denied to", MAY_NOT_PUSH),
)


def explain_rejection(_: HostContext, text: str) -> Rejection:
    return rejection(REJECTIONS, text)
