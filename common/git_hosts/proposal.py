"""Whether files go to a branch by a push or by a pull request, as inputs."""

from __future__ import annotations

from dataclasses import dataclass

from common.contract.inputs import option
from common.errors import BadInput
from common.git.branch_name import check_branch_name
from common.git_hosts import GitHost, check_feature


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Whether and how a pull request takes the place of the push."""

    mode: str = option(
        "pushMode",
        env=["PUSH_MODE"],
        default="push",
        choices=("push", "pull_request", "auto"),
        spec=False,
        help="Push to the branch, open a pull request into it, or do so only when its protection declines the push.",
    )
    branch: str = option(
        "pullRequestBranch",
        env=["PULL_REQUEST_BRANCH"],
        default="",
        spec=False,
        help="Branch that a pull request comes from; idp-steps/ and the name of its target when absent.",
    )

    def source(self, target: str) -> str:
        return self.branch or f"idp-steps/{target}"

    def check(self, host: GitHost, target: str) -> None:
        """Raise BadInput for what the host lacks, and for a branch that no pull request can come from."""
        if self.mode == "push":
            return
        check_feature(host, "pushMode")
        source = self.source(target)
        check_branch_name(source, variable="PULL_REQUEST_BRANCH")
        if source == target:
            raise BadInput(
                f"A pull request cannot go from {source} into itself.", next_step="Set PULL_REQUEST_BRANCH to another."
            )
