"""Turns an entity of Backstage (IDP 1.0) into one of IDP 2.0 and back, with its comments (contract, D.9).

What only one format has is said: it is left out where the other has no place for it, and kept where it does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from common.catalogs.entity import Entity, imported_kind, parse, readable
from common.catalogs.rules import API_VERSIONS, IMPORTED_KINDS, RULES
from common.catalogs.words import Format
from common.document import roundtrip
from common.document.entries import Entry, comments_of, entries, fill, with_value
from common.document.roundtrip import text_of
from common.errors import BadInput, shown

# Fields that 2.0 has at the root -> where 1.0 has them.
AT_THE_ROOT = {
    path: rule.origin for path, rule in RULES[Format.HARNESS].fields.items() if rule.origin and "." not in path
}
# Fields of the spec that name entities -> the kind that a bare name means there (Backstage's
# BuiltinKindsEntityProcessor); '' for none. IDP 2.0 knows a bare name only for an owner.
REFERENCES = {
    "owner": "",
    "system": "system",
    "subcomponentOf": "component",
    "providesApis": "api",
    "consumesApis": "api",
    "dependsOn": "",
    "dependencyOf": "",
    "parent": "group",
    "children": "group",
    "members": "user",
    "memberOf": "group",
}
KNOWN_ALONE = {  # fields of the spec that the other side keeps and does not read
    Format.BACKSTAGE: ("domain", "subdomainOf", "profile"),
    Format.HARNESS: ("sourceCode",),
}
PLACES = ("orgIdentifier", "projectIdentifier")
TEMPLATE = "scaffolder.backstage.io/v1beta3"
NEEDED = {"Group": "children", "User": "memberOf"}  # lists without which Backstage takes no entity of the kind
PARTS = ("metadata", "spec")
LOOKED_AT = frozenset(  # fields of these that are moved, turned or told of
    {*(origin.partition(".")[2] for origin in AT_THE_ROOT.values()), "namespace", *REFERENCES, *NEEDED.values()}
    | {name for names in KNOWN_ALONE.values() for name in names}
)


@dataclass(frozen=True)
class Converted:
    """An entity in the other format. notes: sentences about what has no counterpart there."""

    text: str
    entity: Entity
    notes: tuple[str, ...]


@dataclass
class _Document:
    """A document on its way: its root, and what is said of it."""

    root: Any
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.notes.append(text)


def converted(text: str, to: Format, *, what: str) -> list[Converted]:
    """Convert each document of a file; `what` names it in a message. Raises BadInput with every fault found.

    One that is in the format already stays as it is.
    """
    before = parse(text, what=what, target=to if to is Format.HARNESS else None)
    pieces = [text] if len(before) == 1 else roundtrip.split(text)
    return [_converted(piece, entity, to, what) for piece, entity in zip(pieces, before, strict=True)]


def _converted(text: str, entity: Entity, to: Format, what: str) -> Converted:
    if entity.format is to:
        return Converted(text, entity, ())
    notes: list[str] = []
    with readable(what):
        result = roundtrip.edited(text, lambda root, _: _TURN[to](_Document(root, notes), entity), _looks)
    (now,) = parse(result, what=f"{what}, converted to {to.value},")
    return Converted(result, now, tuple(dict.fromkeys(notes)))


def _looks(path: tuple[str, ...]) -> bool:
    return path[0] not in PARTS or len(path) == 1 or path[1] in LOOKED_AT


def _to_harness(document: _Document, entity: Entity) -> Any:
    root = document.root
    fields = {str(entry.key): entry for entry in entries(root, root)}
    parts = {name: entries(root, fields[name].value) if _is_map(fields, name) else [] for name in PARTS}
    moved = {}
    for path, origin in AT_THE_ROOT.items():
        part, _, name = origin.partition(".")
        entry = next((entry for entry in parts[part] if entry.key == name), None)
        if entry is not None:
            parts[part].remove(entry)
            moved[path] = with_value(entry, entry.value, path)
    if "name" not in moved or not str(moved["name"].value).strip():
        moved["name"] = Entry("name", text_of(entity.name))
    if "owner" in moved:
        moved["owner"] = with_value(moved["owner"], _reference_to_harness(document, "owner", moved["owner"].value))
    for entry in [entry for entry in parts["metadata"] if entry.key == "namespace"]:
        parts["metadata"].remove(entry)
        if entity.scope != "default":
            document.note(
                f"metadata.namespace {entity.scope} is left out: IDP 2.0 has no namespaces, and imports such an entity"
                " into the account."
            )
    parts["spec"] = [_field_to_harness(document, entry) for entry in parts["spec"]]
    _say_what_is_kept(document, parts["spec"], Format.BACKSTAGE)
    for name, origin in (("metadata", "identifier"), ("spec", "type" if "type" in moved else "identifier")):
        if name in fields and not parts[name]:  # its comments go with what was in it
            lost = comments_of(fields[name])
            moved[origin] = replace(moved[origin], above=[*lost, *moved[origin].above])
    head = [
        with_value(fields["apiVersion"], text_of(_version(Format.HARNESS))),
        with_value(fields["kind"], text_of(_harness_kind(entity.kind))),
        *(moved[path] for path in AT_THE_ROOT if path in moved),
    ]
    rest = [_with_parts(fields, name, parts) for name in fields if name in parts]
    return fill(root, [*head, *filter(None, rest)], column=0)


def _to_backstage(document: _Document, entity: Entity) -> Any:
    root = document.root
    fields = {str(entry.key): entry for entry in entries(root, root)}
    kind = _backstage_kind(entity.kind)
    parts: dict[str, list[Entry]] = {
        name: entries(root, fields[name].value) if _is_map(fields, name) else [] for name in PARTS
    }
    for path, origin in reversed(AT_THE_ROOT.items()):
        part, _, name = origin.partition(".")
        if path not in fields:
            continue
        entry = fields[path]
        if path == "name" and str(entry.value) == entity.name:  # as IDP 2.0 shows an entity that has no title
            continue
        parts[part].insert(0, with_value(entry, entry.value, name))
    parts["spec"] = [_field_to_backstage(document, entry) for entry in parts["spec"]]
    if kind in NEEDED and not any(entry.key == NEEDED[kind] for entry in parts["spec"]):
        parts["spec"].append(Entry(NEEDED[kind], roundtrip.value_of([])))
    _say_what_is_kept(document, parts["spec"], Format.HARNESS)
    known = {"apiVersion", "kind", *AT_THE_ROOT, *parts}
    for name, entry in fields.items():
        if name in PLACES:
            value = shown(str(entry.value), quotes=False)
            document.note(f"{name} {value} is left out: {Format.BACKSTAGE.value} has no organizations and projects.")
        elif name not in known:
            document.note(f"{name} is left out: {Format.BACKSTAGE.value} has nothing of that name at the root.")
    head = [
        with_value(fields["apiVersion"], text_of(TEMPLATE if kind == "Template" else _version(Format.BACKSTAGE))),
        with_value(fields["kind"], text_of(kind)),
    ]
    order = [name for name in fields if name in parts]
    order = order if len(order) == len(parts) else list(parts)
    rest = [_with_parts(fields, name, parts) for name in order]
    return fill(root, [*head, *filter(None, rest)], column=0)


_TURN: Mapping[Format, Callable[[_Document, Entity], Any]] = {
    Format.HARNESS: _to_harness,
    Format.BACKSTAGE: _to_backstage,
}


def _is_map(fields: Mapping[str, Entry], name: str) -> bool:
    return name in fields and isinstance(fields[name].value, dict)


def _with_parts(fields: Mapping[str, Entry], name: str, parts: Mapping[str, list[Entry]]) -> Entry | None:
    """Give metadata or spec anew; None when nothing is left in it."""
    if not parts[name]:
        return None
    old = fields.get(name)
    if old is None or not isinstance(old.value, dict):
        old = Entry(name, roundtrip.value_of({}))
    column = min((place[1] for place in old.value.lc.data.values()), default=2) if old.value.lc.data else 2
    return Entry(old.key, fill(old.value, parts[name], column=column), old.above)


def _version(format: Format) -> str:
    return next(version for version, written_in in API_VERSIONS.items() if written_in is format)


def _harness_kind(kind: str) -> str:
    imported = imported_kind(kind)
    return kind if imported == kind.lower() else imported.capitalize()


def _backstage_kind(kind: str) -> str:
    back = {new: old for old, new in IMPORTED_KINDS.items()}
    wanted = back.get(kind.lower(), kind.lower())
    known = {name.lower(): name for name in RULES[Format.BACKSTAGE].kinds}
    if wanted not in known:
        raise BadInput(
            f"The kind {kind} has no counterpart in {Format.BACKSTAGE.value}.",
            next_step=f"What can be converted: {', '.join(sorted(known.values()))}.",
        )
    return known[wanted]


def _say_what_is_kept(document: _Document, spec: list[Entry], source: Format) -> None:
    other = Format.HARNESS if source is Format.BACKSTAGE else Format.BACKSTAGE
    for entry in spec:
        if entry.key in KNOWN_ALONE[source]:
            document.note(f"spec.{entry.key} is kept as it is; {other.value} does not read it.")


def _field_to_harness(document: _Document, entry: Entry) -> Entry:
    if entry.key not in REFERENCES:
        return entry
    value = _each(entry.value, lambda text: _reference_to_harness(document, str(entry.key), text))
    if entry.key == "system" and not isinstance(value, list):
        listed = roundtrip.value_of([])
        listed.append(value)
        listed.ca.comment = with_value(entry, value).after
        value = listed
    return entry if value == entry.value else with_value(entry, value)


def _field_to_backstage(document: _Document, entry: Entry) -> Entry:
    if entry.key not in REFERENCES:
        return entry
    value: Any = _each(entry.value, lambda text: _reference_to_backstage(document, str(entry.key), text))
    if entry.key == "system" and isinstance(value, list):
        if len(value) > 1:
            left = ", ".join(shown(str(name), quotes=False) for name in value[1:])
            document.note(f"spec.system is one in {Format.BACKSTAGE.value}: {value[0]} is kept, and {left} left out.")
        systems: Any = value  # a list of ruamel.yaml's
        comment, item = systems.ca.comment or [None], systems.ca.items.get(0) or [None]
        above, behind = (entry.above, comment[0]) if item[0] is None else (comments_of(entry), item[0])
        only = value[0] if value else text_of("")
        return with_value(Entry(entry.key, value, above, [behind, None]), only)
    return entry if value == entry.value else with_value(entry, value)


def _each(value: Any, turn: Callable[[Any], Any]) -> Any:
    """Turn a text, or each of a list, whose comments stay."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            value[number] = turn(item)
        return value
    return turn(value)


def _reference_to_harness(document: _Document, name: str, value: Any) -> Any:
    if not isinstance(value, str) or "<+" in value or not value.strip():
        return value
    kind, _, rest = value.rpartition(":")
    namespace, _, own = rest.rpartition("/")
    kind = imported_kind(kind or REFERENCES[name] or ("group" if name == "owner" and namespace else ""))
    if namespace and namespace.lower() != "default":
        document.note(f"{name} {value} becomes one of the account: IDP 2.0 has no namespace {namespace}.")
    if kind and RULES[Format.HARNESS].kind_problem(kind):
        document.note(f"{name} {value} leads nowhere: IDP 2.0 has no entities of the kind {kind}.")
    return _same_style(value, f"{kind}:{'account/' if namespace else ''}{own}" if kind else value)


def _reference_to_backstage(document: _Document, name: str, value: Any) -> Any:
    if not isinstance(value, str) or "<+" in value or not value.strip():
        return value
    kind, _, rest = value.rpartition(":")
    scope, _, own = rest.rpartition("/")
    back = {new: old for old, new in IMPORTED_KINDS.items()}
    kind = back.get(kind.lower(), kind)
    if scope and scope != "account":
        document.note(f"{name} {value} becomes one of the namespace default: {Format.BACKSTAGE.value} has no {scope}.")
    return _same_style(value, f"{kind}{':' if kind else ''}{'default/' if scope else ''}{own}")


def _same_style(value: Any, text: str) -> Any:
    """Write the text as the value is written: with its quotes, or without."""
    if text == value:
        return value
    quoted = type(value).__name__ in ("SingleQuotedScalarString", "DoubleQuotedScalarString")
    return type(value)(text) if quoted else text_of(text)
