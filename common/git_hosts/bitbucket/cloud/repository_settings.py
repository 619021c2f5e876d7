"""Settings of a repository on Bitbucket Cloud: issues, wiki, and who may do what."""

from __future__ import annotations

from common.git_hosts.bitbucket.cloud.access import connect
from common.git_hosts.bitbucket.cloud.api import named, path
from common.git_hosts.bitbucket.cloud.branches import RIGHT
from common.git_hosts.bitbucket.rest import Call, Rest, part, quoted
from common.git_hosts.context import HostContext
from common.git_hosts.settings import Grant, Part, Settings, bring_about

SETTINGS = frozenset(
    {"features.issues", "features.wiki", "access.groups", "access.users"}
    | {f"access role {role}" for role in ("read", "write", "admin")}
)
SWITCHES = {"issues": "has_issues", "wiki": "has_wiki"}


def apply_settings(context: HostContext, settings: Settings, *, write: bool) -> list[str]:
    """Bring the repository to these settings. A user is named by the account's id, a group by its slug."""
    rest = connect(context)
    parts = [_features(rest, context, settings)] if settings.features else []
    parts += [_grant(rest, context, grant) for grant in settings.access]
    return bring_about(parts, context.deadline, write=write)


def _features(rest: Rest, context: HostContext, settings: Settings) -> Part:
    call = Call(f"set features of {named(context)}", RIGHT)

    def differing() -> list[str]:
        there = rest.read(call, path(context), lambda told: {name: part(told, key) for name, key in SWITCHES.items()})
        return [f"features.{name}" for name, value in settings.features.items() if there[name] is not value]

    def write() -> None:
        rest.sent("PUT", path(context), {SWITCHES[name]: value for name, value in settings.features.items()})

    return Part(differing, write, rest.failures(call, writes=True))


def _grant(rest: Rest, context: HostContext, grant: Grant) -> Part:
    call = Call(f"give {grant.name} access to {named(context)}", RIGHT)
    place = f"{path(context)}/permissions-config/{grant.kind}/{quoted(grant.name)}"

    def differing() -> list[str]:
        there = rest.read_if_there(call, place, lambda told: part(told, "permission"))
        return [] if there == grant.role else [grant.key]

    def write() -> None:
        rest.sent("PUT", place, {"permission": grant.role})

    return Part(differing, write, rest.failures(call, writes=True))
