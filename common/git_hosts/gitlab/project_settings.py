"""The settings of a project on GitLab: each read by the documented call, and written only where it differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from common.errors import BadInput
from common.git_hosts.answers import Unreadable, list_of, object_of
from common.git_hosts.context import HostContext
from common.git_hosts.gitlab.calls import Project, project, quoted
from common.git_hosts.gitlab.words import MAINTAINS, Call
from common.git_hosts.settings import ROLES, Grant, Part, Settings, bring_about

SETTINGS = frozenset(
    {"topics", "access.groups", "access.users", "features.issues", "features.wiki", "deleteBranchOnMerge"}
    | {f"access role {role}" for role in ROLES}
    | {"mergeMethods merge", "mergeMethods squash", "mergeMethods fastForward"}
)
ALTERNATIVES = (frozenset({"mergeMethods merge", "mergeMethods fastForward"}),)
LEVELS = {"read": 20, "write": 30, "maintain": 40, "admin": 50}  # Reporter, Developer, Maintainer, Owner
ACCESS = {"issues": "issues_access_level", "wiki": "wiki_access_level"}
OFF = "disabled"


def apply_settings(context: HostContext, settings: Settings, *, write: bool) -> list[str]:
    """Bring the project to these settings; gives the names of what differed."""
    attributes = _attributes(settings)
    own = project(context)
    parts = [_attributes_part(own, attributes)] if attributes else []
    parts += [(_group_part if grant.kind == "groups" else _user_part)(own, grant) for grant in settings.access]
    return bring_about(parts, context.deadline, write=write)


def _attributes(settings: Settings) -> dict[str, tuple[str, Any]]:
    """Give what the project's own description holds: attribute -> the setting's name, and its value."""
    wanted: dict[str, tuple[str, Any]] = {}
    if settings.topics is not None:
        wanted["topics"] = ("topics", list(settings.topics))
    for feature, value in settings.features.items():
        wanted[ACCESS[feature]] = (f"features.{feature}", "enabled" if value else OFF)
    if settings.merge_methods is not None:
        wanted |= _merging(settings.merge_methods)
    if settings.delete_branch_on_merge is not None:
        wanted["remove_source_branch_after_merge"] = ("deleteBranchOnMerge", settings.delete_branch_on_merge)
    return wanted


def _merging(methods: frozenset[str]) -> dict[str, tuple[str, Any]]:
    """Say the methods as GitLab has them: one way to merge, and whether commits may be squashed before."""
    squash = "never" if "squash" not in methods else "default_off" if len(methods) > 1 else "always"
    return {
        "merge_method": ("mergeMethods", "merge" if "merge" in methods else "ff"),
        "squash_option": ("mergeMethods", squash),
    }


def _attributes_part(own: Project, wanted: dict[str, tuple[str, Any]]) -> Part:
    call = Call(f"change the settings of {own.path}", MAINTAINS)

    def differing() -> list[str]:
        there: Mapping[str, Any] = own.rest.read(call, own.place, object_of)
        return list(
            dict.fromkeys(key for attribute, (key, value) in wanted.items() if _differs(there.get(attribute), value))
        )

    def write() -> None:
        own.rest.sent("PUT", own.place, {attribute: value for attribute, (_, value) in wanted.items()})

    return Part(differing, write, own.rest.failures(call))


def _differs(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return not isinstance(found, list) or sorted(map(str, found)) != sorted(wanted)
    if wanted == "enabled":  # a feature that only members see is on as well
        return found in {None, OFF}
    return bool(found != wanted)


def _group_part(own: Project, grant: Grant) -> Part:
    call = Call(
        f"share {own.path} with the group {grant.name}",
        MAINTAINS,
        f"Check settings.access.groups: GitLab has no group {grant.name}, or the token may not see it.",
    )
    group = own.rest.read(call, f"/groups/{quoted(grant.name)}", _number, with_projects="false")

    def level() -> object:
        shared = own.rest.read(call, own.place, lambda told: list_of(object_of(told).get("shared_with_groups") or []))
        found = (entry for entry in shared if isinstance(entry, dict) and entry.get("group_id") == group)
        return next((entry.get("group_access_level") for entry in found), None)

    def write() -> None:
        if level() is not None:  # a share has no other way to another role
            own.rest.sent("DELETE", f"{own.place}/share/{group}")
        own.rest.sent("POST", f"{own.place}/share", {"group_id": group, "group_access": LEVELS[grant.role]})

    return Part(lambda: [] if level() == LEVELS[grant.role] else [grant.key], write, own.rest.failures(call))


def _user_part(own: Project, grant: Grant) -> Part:
    """Give a user the role. One may have more by a group that the project is in."""
    call = Call(f"give the user {grant.name} the role {grant.role} in {own.path}", MAINTAINS)
    user = own.rest.read(call, "/users", _user(grant.name), username=grant.name)
    body = {"access_level": LEVELS[grant.role]}

    def differing() -> list[str]:
        level = own.rest.read_if_there(call, f"{own.place}/members/all/{user}", _level)
        return [] if level is not None and level >= LEVELS[grant.role] else [grant.key]

    def write() -> None:
        if own.rest.read_if_there(call, f"{own.place}/members/{user}", _level) is None:
            own.rest.sent("POST", f"{own.place}/members", {"user_id": user, **body})
        else:
            own.rest.sent("PUT", f"{own.place}/members/{user}", body)

    return Part(differing, write, own.rest.failures(call))


def _user(name: str) -> Callable[[Any], int]:
    def number(told: Any) -> int:
        if not list_of(told):
            raise BadInput(
                f"GitLab has no user {name}.", next_step="Check settings.access.users: people are named by user name."
            )
        return _number(told[0])

    return number


def _number(told: Any) -> int:
    return _integer(told, "id")


def _level(told: Any) -> int:
    return _integer(told, "access_level")


def _integer(told: Any, name: str) -> int:
    value = told.get(name) if isinstance(told, dict) else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unreadable(f"there is no {name} in what it gives")
    return value
