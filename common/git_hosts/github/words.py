"""What to tell the user when GitHub refuses: by the status of its API, and by the words of a push it declined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common.errors import BadInput, NotAllowed, StepError
from common.git_hosts.context import HostContext

CHECK_HOST = (
    "Check the connector's host (DRONE_NETRC_MACHINE, DRONE_REMOTE_URL), and that no log-in page stands before it."
)
NOT_THE_API = "{api} does not answer as GitHub's API: {why}."
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

REJECTIONS: Sequence[tuple[str, str]] = (  # words of a declined push -> what to do
    ("without `workflow` scope", "Give the token the `workflow` scope: the push holds .github/workflows."),
    ("without `workflows` permission", "Give the App the permission workflows: write."),
    ("GH006", "The branch is protected: push to another branch, or let this account bypass the protection."),
    ("GH013", "A ruleset of the repository declines it: push to another branch, or let this account bypass it."),
    ("push declined due to repository rule", "A ruleset declines it: let this account bypass it."),
    ("GH001", "A file is larger than 100 MB: keep it out of the template, or use Git LFS."),
)


def explain_rejection(_: HostContext, text: str) -> str:
    return next((advice for words, advice in REJECTIONS if words in text), "")
