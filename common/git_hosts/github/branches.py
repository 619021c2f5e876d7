"""Branches on GitHub: which is the default one, and their protection."""

from __future__ import annotations

from common.errors import Conflict
from common.git_hosts.context import HostContext
from common.git_hosts.github.api import full_name
from common.git_hosts.github.calls import quoted, read, read_if_there, sent
from common.git_hosts.github.connection import connect
from common.git_hosts.github.failures import failures
from common.git_hosts.github.repository_settings import ADMINISTRATION
from common.git_hosts.github.words import Call
from common.git_hosts.settings import Part, bring_about
from common.network import repeat

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
    api = connect(context)
    name = repeat.read(lambda: full_name(api, context), failures(context, writes=False), context.deadline)
    call = Call(f"make {branch} the default branch of {name}", ADMINISTRATION)

    def differing() -> list[str]:
        there = read(api, context, call, f"/repos/{name}", lambda told: told.get("default_branch"))
        return [] if there == branch else ["defaultBranch"]

    def write() -> None:
        sent(api, "PATCH", f"/repos/{name}", {"default_branch": branch})

    part = Part(differing, write, failures(context, writes=True, call=call))
    bring_about([part], context.deadline, write=True)


def protect_branch(context: HostContext, branch: str) -> bool:
    """Protect the branch, if nobody has. Whoever administers the repository may pass it by."""
    api = connect(context)
    name = repeat.read(lambda: full_name(api, context), failures(context, writes=False), context.deadline)
    call = Call(f"protect {branch} of {name}", NOT_PROTECTED)
    path = f"/repos/{name}/branches/{quoted(branch)}"

    def differing() -> list[str]:
        protected = read_if_there(api, context, call, path, lambda told: told.get("protected") is True)
        if protected is None:
            raise Conflict(f"{name} has no branch {branch} to protect.", next_step="Push to it first.")
        return [] if protected else ["protection"]

    def write() -> None:
        sent(api, "PUT", f"{path}/protection", PROTECTION)

    part = Part(differing, write, failures(context, writes=True, call=call))
    return bool(bring_about([part], context.deadline, write=True))
