"""What to tell the user when Harness Code refuses: by the status of its API, and by the words of a push it declined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common.errors import BadInput, NotAllowed, StepError
from common.git.failures import Rejection, rejection
from common.git_hosts.context import HostContext

CHECK_HOST = "Check the portal's address (HARNESS_URL, or the connector's), and that no log-in page stands before it."
NOT_THE_API = "{api} does not answer as Harness Code's API: {why}."

REFUSALS: Mapping[int, tuple[type[StepError], str]] = {  # status -> kind, what to do
    401: (NotAllowed, "Check {key}: it is wrong or has expired."),
    403: (
        NotAllowed,
        "Give the owner of {key} a role that may create and edit repositories there (code_repo_edit, code_repo_push).",
    ),
    404: (
        BadInput,
        "Check harnessCodeRepoType, ORG_NAME and PROJECT_NAME (identifiers, not names), and that {key} may see them.",
    ),
}

REJECTIONS: Sequence[tuple[str, Rejection]] = (  # words of a declined push -> what it lacked
    (
        "Blocked by protection rules",
        Rejection(
            "A rule protects the branch. Push to another branch, set PUSH_MODE=pull_request, or let this account bypass"
            " the rule.",
            protected=True,
        ),
    ),
    (
        "Push contains secret",
        Rejection("Take the secret out of the files, or allow it in the repository's security settings."),
    ),
    (
        "exceeding the size limit",
        Rejection("Keep the large file out of the template, put it under Git LFS, or raise the limit."),
    ),
    (
        "committer is not the authenticated user",
        Rejection("Set GIT_COMMITTER_EMAIL to the address of the token's account, which the lines above name."),
    ),
    ("missing lfs objects", Rejection("Files under Git LFS did not arrive: run the step again.")),
    (
        "Push not allowed in the current repository state",
        Rejection("The repository is archived or being imported: see its settings."),
    ),
)


def explain_rejection(_: HostContext, text: str) -> Rejection:
    return rejection(REJECTIONS, text)
