"""Settings of a repository on Bitbucket Data Center: who may do what, and how pull requests are merged."""

from __future__ import annotations

from typing import Any

from common.git_hosts.bitbucket.data_center import place
from common.git_hosts.bitbucket.data_center.branches import RIGHT
from common.git_hosts.bitbucket.rest import Call, Rest, objects, part
from common.git_hosts.context import HostContext
from common.git_hosts.settings import MERGE_METHODS, Grant, Part, Settings, bring_about

STRATEGIES = {"merge": "no-ff", "squash": "squash", "rebase": "rebase-no-ff", "fastForward": "ff-only"}
SETTINGS = frozenset(
    {"access.groups", "access.users"}
    | {f"access role {role}" for role in ("read", "write", "admin")}
    | {f"mergeMethods {method}" for method in STRATEGIES}
)
PERSON = {"users": "user", "groups": "group"}


def apply_settings(context: HostContext, settings: Settings, *, write: bool) -> list[str]:
    """Bring the repository to these settings."""
    rest = place.connect(context)
    parts = [_merge_methods(rest, context, settings.merge_methods)] if settings.merge_methods else []
    parts += [_grant(rest, context, grant) for grant in settings.access]
    return bring_about(parts, context.deadline, write=write)


def _merge_methods(rest: Rest, context: HostContext, methods: frozenset[str]) -> Part:
    call = Call(f"set how pull requests of {place.named(context)} are merged", RIGHT)
    path = f"{place.path(context)}/settings/pull-requests"
    wanted = [STRATEGIES[method] for method in MERGE_METHODS if method in methods]

    def there(told: Any) -> set[str]:
        found = objects(part(told, "mergeConfig"), "strategies")
        return {str(one.get("id")) for one in found if one.get("enabled", True)}

    def differing() -> list[str]:
        return [] if rest.read(call, path, there) == set(wanted) else ["mergeMethods"]

    def write() -> None:
        strategies = [{"id": one} for one in wanted]
        rest.sent("POST", path, {"mergeConfig": {"defaultStrategy": strategies[0], "strategies": strategies}})

    return Part(differing, write, rest.failures(call, writes=True))


def _grant(rest: Rest, context: HostContext, grant: Grant) -> Part:
    call = Call(f"give {grant.name} access to {place.named(context)}", RIGHT)
    path, wanted = f"{place.path(context)}/permissions/{grant.kind}", f"REPO_{grant.role.upper()}"

    def differing() -> list[str]:
        found = rest.read(call, path, objects, filter=grant.name)
        names = ((str(part(one, PERSON[grant.kind], "name")).lower(), one.get("permission")) for one in found)
        return [] if (grant.name.lower(), wanted) in names else [grant.key]

    def write() -> None:
        rest.sent("PUT", path, name=grant.name, permission=wanted)

    return Part(differing, write, rest.failures(call, writes=True))
