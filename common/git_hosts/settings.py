"""The settings of a repository, neutral of its host: the input `settings` of CreateRepo, read and checked once.

    topics: [payments, java]
    homepage: https://payments.example.com
    access:
      teams: {platform: admin}       # or groups, or users; to a role: read, write, maintain or admin
    features: {issues: true, wiki: false}
    mergeMethods: [squash]           # merge, squash, rebase, fastForward; the others are turned off
    deleteBranchOnMerge: true

What is left out stays as the host has it. Which of the keys a host has, it says itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from common.contract.inputs import shown
from common.errors import BadInput, Refused
from common.network.deadline import Deadline
from common.network.url import checked

if TYPE_CHECKING:
    from common.network.repeat import FailureOf

KINDS = ("teams", "groups", "users")
ROLES = ("read", "write", "maintain", "admin")  # each may what the one before it may
FEATURES = ("issues", "wiki")
MERGE_METHODS = ("merge", "squash", "rebase", "fastForward")
KEYS = frozenset(  # every key that a host may have, as messages and SETTINGS of the hosts name them
    {"topics", "homepage", "deleteBranchOnMerge"}
    | {f"access.{kind}" for kind in KINDS}
    | {f"access role {role}" for role in ROLES}
    | {f"features.{feature}" for feature in FEATURES}
    | {f"mergeMethods {method}" for method in MERGE_METHODS}
)


class Grant(NamedTuple):
    """A role for somebody. kind: teams, groups or users; role: one of ROLES."""

    kind: str
    name: str
    role: str

    @property
    def key(self) -> str:
        """Its name in messages and in what a host says it has written."""
        return f"access.{self.kind}.{self.name}"


class Settings(NamedTuple):
    """What a repository is to have; None, or nothing in a collection, for what stays as the host has it."""

    topics: tuple[str, ...] | None = None
    homepage: str | None = None
    access: tuple[Grant, ...] = ()
    features: Mapping[str, bool] = MappingProxyType({})
    merge_methods: frozenset[str] | None = None
    delete_branch_on_merge: bool | None = None

    def asked(self) -> Iterator[str]:
        """Give those of KEYS that are asked for, in the order of the documentation."""
        if self.topics is not None:
            yield "topics"
        if self.homepage is not None:
            yield "homepage"
        for grant in self.access:
            yield f"access.{grant.kind}"
            yield f"access role {grant.role}"
        yield from (f"features.{name}" for name in self.features)
        yield from (f"mergeMethods {name}" for name in MERGE_METHODS if name in (self.merge_methods or ()))
        if self.delete_branch_on_merge is not None:
            yield "deleteBranchOnMerge"

    def __bool__(self) -> bool:
        return any(True for _ in self.asked())


def faults(given: Mapping[str, Any], source: str) -> list[str]:
    """Say in sentences what is wrong with the input; it is the check of its declaration."""
    _, found = _read(given, source)
    return found


def parsed(given: Mapping[str, Any]) -> Settings:
    """Give the settings that the input asks for. Raises BadInput for what `faults` finds."""
    settings, found = _read(given, "settings")
    if found:
        raise BadInput(" ".join(found))
    return settings


class Part(NamedTuple):
    """Settings that a host reads and writes by one pair of calls.

    differing: asks the host, and names what is not as it is asked for. write: one try at bringing it about. failure_of:
    how its failures read.
    """

    differing: Callable[[], list[str]]
    write: Callable[[], None]
    failure_of: FailureOf


def bring_about(parts: Sequence[Part], deadline: Deadline, *, write: bool) -> list[str]:
    """Write what differs, look again where it is doubtful, and read it back. Gives the names of what differed."""
    from common.network import repeat

    changed = []
    for part in parts:
        differing = part.differing()
        if differing and write:
            repeat.write(_written(part), _look(part), part.failure_of, deadline)
            if left := part.differing():
                raise Refused(
                    f"The host took {', '.join(left)}, but does not show it.",
                    next_step="Look at the repository's settings: a policy of the organization may overrule them.",
                )
        changed += differing
    return changed


def _written(part: Part) -> Callable[[], bool]:
    def written() -> bool:
        part.write()
        return True

    return written


def _look(part: Part) -> Callable[[], bool | None]:
    return lambda: None if part.differing() else True


def _read(given: Mapping[str, Any], source: str) -> tuple[Settings, list[str]]:
    found: list[str] = []
    known: dict[str, Callable[[Any, str, list[str]], Any]] = {
        "topics": _topics,
        "homepage": _homepage,
        "access": _access,
        "features": _features,
        "mergeMethods": _merge_methods,
        "deleteBranchOnMerge": _flag,
    }
    read = {}
    for name, value in given.items():
        if name not in known:
            found.append(f"{source} has no key {shown(name)}{_near(name, known)}; it can be {', '.join(known)}.")
        elif value is not None:
            read[name] = known[name](value, f"{source}.{name}", found)
    if found:
        return Settings(), found
    settings = Settings(
        topics=read.get("topics"),
        homepage=read.get("homepage"),
        access=read.get("access", ()),
        features=read.get("features", {}),
        merge_methods=read.get("mergeMethods"),
        delete_branch_on_merge=read.get("deleteBranchOnMerge"),
    )
    return settings, found


def _near(name: str, known: Collection[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    return f", but perhaps {near[0]!r} is meant" if near else ""


def _topics(value: Any, where: str, found: list[str]) -> tuple[str, ...]:
    topics = _texts(value, where, found)
    found += [f"{where} holds {shown(topic)}, which is no topic." for topic in topics if not topic.strip()]
    return tuple(sorted({topic.strip().lower() for topic in topics}))  # hosts keep them so


def _homepage(value: Any, where: str, found: list[str]) -> str:
    if isinstance(value, str):
        try:
            checked(value, what=where, next_step="")
        except BadInput as fault:
            found.append(fault.message)
        return value
    found.append(f"{where} is {shown(value)}, which is no URL.")
    return ""


def _access(value: Any, where: str, found: list[str]) -> tuple[Grant, ...]:
    grants = []
    for kind, names in _map(value, where, KINDS, found).items():
        if not isinstance(names, dict):
            found.append(f"{where}.{kind} is {shown(names)}, which is no map of names to roles.")
            continue
        for name, role in names.items():
            if role not in ROLES:
                found.append(f"{where}.{kind}.{name} is {shown(role)}; it can be {', '.join(ROLES)}.")
            if not name.strip():
                found.append(f"{where}.{kind} holds a role for nobody.")
            grants.append(Grant(kind, name.strip(), str(role)))
    return tuple(grants)


def _features(value: Any, where: str, found: list[str]) -> dict[str, bool]:
    features = _map(value, where, FEATURES, found)
    return {name: _flag(wanted, f"{where}.{name}", found) for name, wanted in features.items()}


def _merge_methods(value: Any, where: str, found: list[str]) -> frozenset[str]:
    methods = _texts(value, where, found)
    found += [
        f"{where} holds {shown(method)}; it can hold {', '.join(MERGE_METHODS)}."
        for method in methods
        if method not in MERGE_METHODS
    ]
    if not methods:
        found.append(f"{where} is empty, and a repository needs one method.")
    return frozenset(methods)


def _flag(value: Any, where: str, found: list[str]) -> bool:
    if not isinstance(value, bool):
        found.append(f"{where} is {shown(value)}, which is no boolean; write true or false.")
    return value is True


def _texts(value: Any, where: str, found: list[str]) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        found.append(f"{where} is {shown(value)}, which is no list of texts.")
        return []
    return value


def _map(value: Any, where: str, names: Sequence[str], found: list[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        found.append(f"{where} is {shown(value)}, which is no map.")
        return {}
    found += [
        f"{where} has no key {shown(name)}{_near(name, names)}; it can be {', '.join(names)}."
        for name in value
        if name not in names
    ]
    return {name: inner for name, inner in value.items() if name in names and inner is not None}
