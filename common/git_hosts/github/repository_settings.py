"""The settings of a repository on GitHub: each read by the documented call, and written only where it differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from common.git_hosts.answers import list_of, object_of
from common.git_hosts.context import HostContext
from common.git_hosts.github.calls import Own, own, quoted
from common.git_hosts.github.words import Call
from common.git_hosts.settings import ROLES, Grant, Part, Settings, bring_about

SETTINGS = frozenset(
    {"topics", "homepage", "access.teams", "access.users", "features.issues", "features.wiki", "deleteBranchOnMerge"}
    | {f"access role {role}" for role in ROLES}
    | {"mergeMethods merge", "mergeMethods squash", "mergeMethods rebase"}
)
FEATURES = {"issues": "has_issues", "wiki": "has_wiki"}
MERGE_METHODS = {"merge": "allow_merge_commit", "squash": "allow_squash_merge", "rebase": "allow_rebase_merge"}
PERMISSIONS = {"read": "pull", "write": "push", "maintain": "maintain", "admin": "admin"}
WITH_ROLE = "application/vnd.github.v3.repository+json"  # without it the answer is an empty 204
ADMINISTRATION = (
    "Give the token the right to administer the repository: Administration write for a fine-grained token or an App,"
    " the scope `repo` for a classic one."
)
INVITATIONS = 100  # the most that one answer holds


def apply_settings(context: HostContext, settings: Settings, *, write: bool) -> list[str]:
    """Bring the repository to these settings; gives the names of what differed."""
    there = own(context)
    parts = []
    if attributes := _attributes(settings):
        parts.append(_attributes_part(there, attributes))
    if settings.topics is not None:
        parts.append(_topics_part(there, settings.topics))
    for grant in settings.access:
        make = _team_part if grant.kind == "teams" else _user_part
        parts.append(make(there, grant))
    return bring_about(parts, context.deadline, write=write)


def _attributes(settings: Settings) -> dict[str, tuple[str, Any]]:
    """Give what the repository's own description holds: attribute -> the setting's name, and its value."""
    wanted: dict[str, tuple[str, Any]] = {}
    if settings.homepage is not None:
        wanted["homepage"] = ("homepage", settings.homepage)
    for feature, value in settings.features.items():
        wanted[FEATURES[feature]] = (f"features.{feature}", value)
    if settings.merge_methods is not None:
        for method, attribute in MERGE_METHODS.items():
            wanted[attribute] = ("mergeMethods", method in settings.merge_methods)
    if settings.delete_branch_on_merge is not None:
        wanted["delete_branch_on_merge"] = ("deleteBranchOnMerge", settings.delete_branch_on_merge)
    return wanted


def _attributes_part(there: Own, wanted: dict[str, tuple[str, Any]]) -> Part:
    call = Call(f"change the settings of {there.name}", ADMINISTRATION)

    def differing() -> list[str]:
        found: Mapping[str, Any] = there.rest.read(call, there.place, object_of)
        return list(
            dict.fromkeys(key for attribute, (key, value) in wanted.items() if _differs(found, attribute, value))
        )

    def write() -> None:
        there.rest.sent("PATCH", there.place, {attribute: value for attribute, (_, value) in wanted.items()})

    return Part(differing, write, there.rest.failures(call))


def _topics_part(there: Own, topics: tuple[str, ...]) -> Part:
    call = Call(f"set the topics of {there.name}", ADMINISTRATION)

    def differing() -> list[str]:
        found = there.rest.read(call, f"{there.place}/topics", lambda told: object_of(told).get("names"))
        return [] if isinstance(found, list) and sorted(map(str, found)) == sorted(topics) else ["topics"]

    return Part(
        differing,
        lambda: there.rest.sent("PUT", f"{there.place}/topics", {"names": list(topics)}),
        there.rest.failures(call),
    )


def _team_part(there: Own, grant: Grant) -> Part:
    call = Call(
        f"give the team {grant.name} the role {grant.role} for {there.name}",
        ADMINISTRATION,
        f"Check settings.access.teams: a team is named by its slug, and {there.owner} has to have it.",
    )
    path = f"/orgs/{quoted(there.owner)}/teams/{quoted(grant.name)}{there.place}"

    def differing() -> list[str]:
        role = there.rest.read_if_there(call, path, _role, accept=WITH_ROLE)
        return [] if role == grant.role else [grant.key]

    return Part(differing, _granted(there, path, grant), there.rest.failures(call))


def _user_part(there: Own, grant: Grant) -> Part:
    """Give a user the role. One may have more by a team or as an owner, and one from outside is invited first."""
    call = Call(
        f"give the user {grant.name} the role {grant.role} for {there.name}",
        ADMINISTRATION,
        "Check settings.access.users: GitHub has no user of that name.",
    )
    path = f"{there.place}/collaborators/{quoted(grant.name)}"

    def differing() -> list[str]:
        role = there.rest.read(call, f"{path}/permission", _role)
        return [] if _reaches(role, grant.role) or invited() else [grant.key]

    def invited() -> bool:
        path = f"{there.place}/invitations"
        pending = there.rest.read(call, path, _invited, per_page=str(INVITATIONS))
        return _reaches(pending.get(grant.name.lower()), grant.role)

    return Part(differing, _granted(there, path, grant), there.rest.failures(call))


def _granted(there: Own, path: str, grant: Grant) -> Callable[[], None]:
    def write() -> None:
        there.rest.sent("PUT", path, {"permission": PERMISSIONS[grant.role]})

    return write


def _role(told: Any) -> object:
    return told.get("role_name") if isinstance(told, dict) else None


def _invited(told: Any) -> dict[str, object]:
    """Give the roles of those who are invited, by their login in lower case."""
    listing = [invited for invited in list_of(told) if isinstance(invited, dict)]
    return {_login(invited.get("invitee")).lower(): invited.get("permissions") for invited in listing}


def _login(invitee: Any) -> str:
    return str(invitee.get("login")) if isinstance(invitee, dict) else ""


def _differs(there: Mapping[str, Any], attribute: str, value: Any) -> bool:
    found = there.get(attribute)
    return (found or "") != value if isinstance(value, str) else found is not value  # no homepage is null


def _reaches(role: object, wanted: str) -> bool:
    return role in ROLES and ROLES.index(str(role)) >= ROLES.index(wanted)
