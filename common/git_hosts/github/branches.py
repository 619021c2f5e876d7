"""Branches on GitHub: which is the default one, and their protection."""

from __future__ import annotations

from common.errors import Conflict
from common.git_hosts.answers import object_of
from common.git_hosts.context import HostContext
from common.git_hosts.github.calls import own, quoted
from common.git_hosts.github.repository_settings import ADMINISTRATION
from common.git_hosts.github.words import Call
from common.git_hosts.settings import Part, bring_about

PROTECTION = {  # GitHub takes the four, and nothing less
    "required_status_checks": None,
    "enforce_admins": False,
    "required_pull_request_reviews": {"required_approving_review_count": 1},
    "restrictions": None,
    "allow_force_pushes": False,
    "allow_deletions": False,
}
NOT_PROTECTED = (
    f"{ADMINISTRATION} Private repositories have protected branches only with GitHub Pro, Team or Enterprise."
)


def set_default_branch(context: HostContext, branch: str) -> None:
    """Make this the default branch, which must have commits."""
    there = own(context)
    call = Call(f"make {branch} the default branch of {there.name}", ADMINISTRATION)

    def differing() -> list[str]:
        found = there.rest.read(call, there.place, lambda told: object_of(told).get("default_branch"))
        return [] if found == branch else ["defaultBranch"]

    def write() -> None:
        there.rest.sent("PATCH", there.place, {"default_branch": branch})

    bring_about([Part(differing, write, there.rest.failures(call))], context.deadline, write=True)


def protect_branch(context: HostContext, branch: str) -> bool:
    """Protect the branch, if nobody has. Whoever administers the repository may pass it by."""
    there = own(context)
    call = Call(f"protect {branch} of {there.name}", NOT_PROTECTED)
    path = f"{there.place}/branches/{quoted(branch)}"

    def differing() -> list[str]:
        protected = there.rest.read_if_there(call, path, lambda told: object_of(told).get("protected") is True)
        if protected is None:
            raise Conflict(f"{there.name} has no branch {branch} to protect.", next_step="Push to it first.")
        return [] if protected else ["protection"]

    def write() -> None:
        there.rest.sent("PUT", f"{path}/protection", PROTECTION)

    return bool(bring_about([Part(differing, write, there.rest.failures(call))], context.deadline, write=True))
