"""Custom properties of catalog entities: what is asked for, checked offline, and what of it is left to do.

The rules are those of the ingestion API (contract, D.3). Nothing is asked of any service here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from common import log
from common.catalogs.words import MODES
from common.errors import BadInput, Conflict, NotAllowed, Refused, StepError, Unavailable, counted, shown

FIXED = ("kind", "metadata", "metadata.name", "metadata.namespace", "metadata.apis")
WITHIN_FIXED = tuple(f"{path}." for path in FIXED if path != "metadata")
REFERENCE = re.compile(r"(?:[A-Za-z][A-Za-z0-9]*:)?(?:[^\s:/<>]+/)?[^\s:/<>]+")
KEY = re.compile(r'"([^"]+)"|([^."]+)')
MOST_NAMED = 5
MOST_FAULTS = 20
MOST_TOLD = 50  # changes that get a line each


@dataclass(frozen=True, slots=True)
class Change:
    """One property of one entity, with the value it should get (replace) or get more of (append); None for delete.

    adds: the entity shows nothing at that place yet, as far as that was looked at.
    """

    entity_ref: str
    path: str
    value: Any
    mode: str
    adds: bool = field(default=True, compare=False)

    @property
    def kind(self) -> str:
        """What it is called in a plan."""
        return "deletion" if self.mode == "delete" else "addition" if self.adds else "update"


class PropertyCatalog(Protocol):
    """A catalog, ready to have properties of its entities changed."""

    @property
    def urls(self) -> Sequence[str]:
        """The pull requests that the changes wait in."""

    def plan(self, changes: Sequence[Change], *, closely: bool = False) -> list[Change]:
        """Read the entities, and give the changes that they have not yet. Raises Refused that names unknown ones.

        closely: tell additions from updates, and read what tells them apart.
        """

    def dry_run(self, due: Sequence[Change]) -> str:
        """Have the other side check the changes, and give what it says."""

    def apply(self, due: Sequence[Change]) -> list[Change]:
        """Make the changes that were planned, and give them. Raises for those that failed, after all others."""


def entity_changes(body: Mapping[str, Any]) -> list[Change]:
    """Read many properties of one entity, in the API's form: properties[], or property, value and mode alone."""
    ref = _text(body.get("entity_ref"))
    asked = [*_maps(body, "properties")]
    if body.get("property") is not None:
        asked.insert(0, dict(body))
    return [_change(ref, entry.get("property"), entry.get("value"), entry.get("mode")) for entry in asked]


def property_changes(body: Mapping[str, Any]) -> list[Change]:
    """Read one property of many entities, in the API's form; an entity without a value gets the common one.

    An entity may also be written as the pipeline's YAML does (entityRef), or as its reference alone.
    """
    entities = body.get("entity_refs") or []
    if not isinstance(entities, list) or not all(isinstance(entity, dict | str) for entity in entities):
        raise BadInput("entity_refs is no list of maps.", next_step="Write one map per entry.")
    return [
        _change(ref, body.get("property"), body.get("value") if value is None else value, body.get("mode"))
        for ref, value in map(_entity, entities)
    ]


def _entity(entry: Mapping[str, Any] | str) -> tuple[str, Any]:
    """Give the reference of an entity, and the value that is its own."""
    if isinstance(entry, str):
        return _text(entry), None
    return _text(entry.get("entityRef", entry.get("entity_ref"))), entry.get("value")


def check(changes: list[Change]) -> list[Change]:
    """Give one change per property, what is asked of it in turn made one. Raises BadInput with all that is refused."""
    faults = list(dict.fromkeys(fault for change in changes for fault in _faults(change)))
    faults[MOST_FAULTS:] = [f"and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
    if not changes:
        faults = ["No property is given for any entity"]
    made: dict[object, Change] = {}
    places = {path: tuple(keys(path)) for path in {change.path for change in changes}} if not faults else {}
    is_one = len(places) == 1  # of many entities, which need no further name
    for change in () if faults else changes:
        ref = canonical(change.entity_ref)
        place = ref if is_one else (ref, places[change.path])
        before = made.get(place)
        if before is None or change.mode != "append":
            made[place] = change
        elif (together := appended(before.value, change.value)) is not None:
            made[place] = replace(before, value=together)
        else:
            faults.append(f"{_where(change)} is asked for twice, with values that do not go together")
    if faults:
        raise BadInput(f"{'; '.join(faults)}.", next_step="Nothing was changed; correct the input and run again.")
    return list(made.values())


def appended(held: Any, more: Any) -> Any:
    """Give what an append makes of what is held (contract, D.3); None when the two do not go together."""
    if isinstance(held, list) and isinstance(more, list):
        return [*held, *more]
    if isinstance(held, dict) and (parts := _maps_of(more)):
        return {name: value for part in (held, *parts) for name, value in part.items()}
    return held if isinstance(held, dict) and more == {} else None


def _maps_of(value: Any) -> list[dict[str, Any]]:
    """Give the maps that an append brings: one, or those of a list, as the API's documentation has it."""
    maps = value if isinstance(value, list) else [value]
    return maps if all(isinstance(part, dict) for part in maps) else []


def remaining(change: Change, current: Mapping[tuple[str, ...], Any]) -> Change | None:
    """Give what is left to do: None when the entity has it already, and of an append only what it has not yet."""
    path = tuple(keys(change.path))
    if change.mode == "delete":
        return change if path in current else None
    if path not in current:
        return change
    held = current[path]
    if change.mode == "replace":
        return None if same(held, change.value) else change
    if isinstance(held, list) and isinstance(change.value, list):
        missing = [item for item in change.value if not any(same(item, other) for other in held)]
        return replace(change, value=missing) if missing else None
    if isinstance(held, dict) and (together := appended({}, change.value)) is not None:
        unlike = {name: value for name, value in together.items() if name not in held or not same(held[name], value)}
        return replace(change, value=unlike) if unlike else None
    return change


def canonical(ref: str) -> str:
    """Give a reference as all its spellings are compared: case, kind and namespace do not matter to IDP 1.0."""
    kind, _, rest = ref.rpartition(":")
    kind = (kind or "component").lower()
    if rest.startswith(("account/", "account.")):
        named = f"{kind}:{rest}"
        return ref if named == ref else named  # of many there is no second one
    namespace, _, name = rest.rpartition("/")
    return f"{kind}:{namespace or 'default'}/{name}".lower()


def tell_plan(changes: Sequence[Change], due: Sequence[Change]) -> None:
    """Say what a run that is no dry one would do."""
    told = changes if len(changes) <= MOST_TOLD else ()
    left = {(one.entity_ref, one.path): one for one in (due if told else ())}
    for change in told:
        if (one := left.get((change.entity_ref, change.path))) is None:
            log.info(f"{named([change])} {_as_is(change)}.")
        elif change.mode == "delete":
            log.info(f"Dry run: {named([change])} would be deleted.")
        else:
            value = shown(repr(one.value), quotes=False)
            log.info(f"Dry run: {named([change])} would get {value} ({change.mode}), an {one.kind}.")
    for kind in ("addition", "update", "deletion"):
        if of_kind := [one for one in due if one.kind == kind]:
            log.info(f"Dry run: {counted(len(of_kind), kind)}: {named(of_kind)}.")
    if not due:
        log.info("Dry run: nothing would be changed.")


def tell_made(changes: Sequence[Change], made: Sequence[Change]) -> None:
    """Say what was changed, and what was not because it is so already."""
    told = changes if len(changes) <= MOST_TOLD else ()
    places = {(change.entity_ref, change.path) for change in (made if told else ())}
    for change in told:
        is_made = (change.entity_ref, change.path) in places
        log.info(f"{named([change])} {f'is changed ({change.mode})' if is_made else _as_is(change)}.")
    if len(changes) > MOST_TOLD:
        log.info(f"{counted(len(made), 'change')} made, {len(changes) - len(made)} were not needed.")


def _as_is(change: Change) -> str:
    return "is not set" if change.mode == "delete" else "has that value already"


def named(changes: Sequence[Change]) -> str:
    """Name properties and entities in a message."""
    pairs = [(shown(change.path, quotes=False), shown(change.entity_ref, quotes=False)) for change in changes]
    if len(changes) > MOST_NAMED and len({path for path, _ in pairs}) == 1:
        return f"{pairs[0][0]} of {listed([ref for _, ref in pairs])}"
    return listed(list(dict.fromkeys(f"{path} of {ref}" for path, ref in pairs)))


def common_kind(errors: Iterable[StepError]) -> type[StepError]:
    """Give the kind of failure that all of these are, so that its exit code says what is to be done; else Refused."""
    found = list(errors)
    kinds = (
        kind for kind in (NotAllowed, Conflict, Unavailable, BadInput) if all(isinstance(one, kind) for one in found)
    )
    return next(kinds, Refused)


def listed(names: Sequence[str], separator: str = ", ") -> str:
    """Name some of many."""
    more = len(names) - MOST_NAMED
    return separator.join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def keys(path: str) -> list[str]:
    """Split a dotted path; a key that holds dots is written in double quotes. Raises ValueError when it is none."""
    found, position = [], 0
    while match := KEY.match(path, position):
        found.append(match.group(1) or match.group(2))
        position = match.end()
        if position == len(path):
            return found
        if path[position] != ".":
            break
        position += 1
    raise ValueError(path)


def _change(ref: str, path: object, value: object, mode: object) -> Change:
    text = _text(path)
    bare = text.removeprefix("<+").removesuffix(">") if text.startswith("<+") else text  # as the portal's form shows it
    return Change(ref, bare, value, _text(mode) or "replace")


def _where(change: Change) -> str:
    ref = shown(change.entity_ref, quotes=False) or "an entity without a reference"
    return f"property {shown(change.path)} of {ref}"


def _faults(change: Change) -> Iterable[str]:
    where = _where(change)
    kind, _, rest = change.entity_ref.rpartition(":")
    if not REFERENCE.fullmatch(change.entity_ref) or (rest.startswith(("account/", "account.")) and not kind):
        yield (
            f"{shown(change.entity_ref)} is no reference of an entity: write kind:account/identifier"
            " (also account.org and account.org.project), or kind:namespace/name in IDP 1.0"
        )
    try:
        path = ".".join(keys(change.path))
    except ValueError:
        yield f"{where} is no dotted path: write it as in metadata.team, keys that hold dots in double quotes"
    else:
        if path in FIXED or path.startswith(WITHIN_FIXED):
            yield f"{where} may not be changed; the catalog keeps {', '.join(FIXED)} to itself"
    if (change.value is None) != (change.mode == "delete"):
        yield f"{where} has no value" if change.value is None else f"{where} is to be deleted, and has a value"
    if change.mode not in MODES:
        yield f"{where} has the mode {shown(change.mode)}; it can be {', '.join(MODES[:-1])} or {MODES[-1]}"
    elif change.mode == "append" and not isinstance(change.value, list | dict | None):
        yield f"{where} can be appended to only with a list or a map; use the mode replace"


def _maps(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise BadInput(f"{name} is no list of maps.", next_step="Write one map per entry.")
    return found


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def same(value: object, other: object) -> bool:
    """Compare as JSON does: 3 is 3.0, true is not 1, and the order of a map's keys does not count."""
    texts = (json.dumps(_with_whole_numbers(one), sort_keys=True, default=str) for one in (value, other))
    return next(texts) == next(texts)


def _with_whole_numbers(value: object) -> object:
    if isinstance(value, dict):
        return {name: _with_whole_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
