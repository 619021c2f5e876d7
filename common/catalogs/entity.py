"""A catalog file checked and named offline, in both formats the portal knows (rules.py).

Everything that is wrong is said at once, each fault with its line and what to write instead; nothing is asked of any
service.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from common.catalogs.document import Document
from common.catalogs.rules import ADVICE, ANNOTATIONS, API_VERSIONS, IMPORTED_KINDS, RULES, Field, Shape
from common.catalogs.words import Format
from common.diagnostics import Diagnostic, Location, in_order
from common.document import NULL, Unreadable, repetitions
from common.errors import BadInput, shown


@dataclass(frozen=True)
class Entity:
    """What a file says of an entity. `scope` is the namespace in IDP 1.0, account[.org[.project]] in 2.0.

    warnings: what the catalog may take, and what is probably not meant.
    """

    format: Format
    kind: str
    name: str
    scope: str
    owner: str
    line: int
    warnings: tuple[str, ...] = dataclasses.field(default=(), compare=False)


def reference(entity: Entity) -> str:
    """Give the name that an entity has in IDP 2.0, kind:account[.org[.project]]/identifier (contract, D.1 and D.3).

    So it is for a file of IDP 1.0 too: the portal imports that into the account, whatever its namespace, under its name
    as it is written. Backstage and IDP 1.0 themselves say `located_reference`.
    """
    kind = imported_kind(entity.kind) if entity.format is Format.BACKSTAGE else entity.kind.lower()
    scope = "account" if entity.format is Format.BACKSTAGE else entity.scope
    return f"{kind}:{scope}/{entity.name}"


def located_reference(entity: Entity) -> str:
    """Give the name that an entity has in Backstage and IDP 1.0, kind:namespace/name in lower case."""
    return f"{entity.kind}:{entity.scope}/{entity.name}".lower()


def imported_kind(kind: str) -> str:
    """Give what IDP 2.0 calls a kind of IDP 1.0."""
    return IMPORTED_KINDS.get(kind.lower(), kind.lower())


@contextlib.contextmanager
def readable(what: str) -> Iterator[None]:
    """Have a message name the file or input when its text is not taken."""
    try:
        yield
    except Unreadable as error:
        told = f"{error.verdict} ({error.problem}); {error.advice}"
        raise _bad(what, [Diagnostic(told, error.location)]) from error


def parse(text: str, *, what: str, target: Format | None = None, is_new: bool = False) -> tuple[Entity, ...]:
    """Read a catalog file; `what` names it in the message. Raises BadInput with every fault found.

    target: the format of the catalog that the file is registered in; None asks for the file's own rules alone.
    is_new: the file is being made, and a kind that is almost a known one is a fault.
    IDP 1.0 allows several documents in a file; empty ones are passed over, as the catalog does.
    """
    from common.document import reader

    with readable(what):
        roots = [root for root in reader.documents(text) if root.tag != NULL]
    if not roots:
        nothing = "there is no entity; write apiVersion, kind and what belongs to them"
        raise _bad(what, [Diagnostic(nothing, Location("", 1, 1))])
    diagnostics: list[Diagnostic] = []
    entities = []
    for root in roots:
        document = Document(root, ADVICE)
        entities.append(_entity(document, target, is_new=is_new))
        diagnostics += document.diagnostics
        diagnostics += [
            Diagnostic(f"the key {shown(name)} was given on line {first.line} already; keep one", location)
            for name, location, first in repetitions(root)
        ]
    diagnostics += [
        Diagnostic("a file of IDP 2.0 holds one entity; put this one into a file of its own", root.location)
        for root, entity in zip(roots[1:], entities[1:], strict=True)
        if Format.HARNESS in {entity.format, entities[0].format}
    ]
    if diagnostics:
        raise _bad(what, diagnostics)
    return tuple(entities)


def _bad(what: str, diagnostics: list[Diagnostic]) -> BadInput:
    ordered = in_order(diagnostics)
    if len(ordered) == 1:
        found = f"a fault, {ordered[0]}"
    else:
        told = [f"({number}) {diagnostic}" for number, diagnostic in enumerate(ordered, 1)]
        found = f"{len(ordered)} faults, {'; '.join(told)}"
    ended = found if found.endswith("?") else f"{found}."
    return BadInput(f"{what} has {ended}", next_step="Correct it and run this again.")


def _entity(document: Document, target: Format | None, *, is_new: bool) -> Entity:
    version = document.text("apiVersion", RULES[Format.HARNESS].fields["apiVersion"].rule)
    looks_new = document.node("identifier") is not None and document.node("metadata.name") is None
    written_in = API_VERSIONS.get(version, Format.HARNESS if looks_new else Format.BACKSTAGE)
    found, faulty = _checked(document, written_in)
    if is_new and (problem := RULES[written_in].kind_misspelt(found["kind"])):
        document.complain("kind", f"kind {problem}")
    if written_in is Format.BACKSTAGE:
        if target is Format.HARNESS:
            _check_import(document, found, faulty)
        name, scope, owner = found["metadata.name"], found["metadata.namespace"] or "default", found["spec.owner"]
    else:
        name, owner = found["identifier"], found["owner"]
        places = ("account", found["orgIdentifier"], found["projectIdentifier"])
        scope = ".".join(place for place in places if place)
    document.doubt_texts("metadata.annotations", ANNOTATIONS)
    warnings = tuple(map(str, document.warnings))
    return Entity(written_in, found["kind"], name, scope, owner, document.location().line, warnings)


def _checked(document: Document, format: Format) -> tuple[Mapping[str, str], set[str]]:
    """Check every field of the format; give the texts by their path, and the paths at which something is wrong."""
    rules = RULES[format]
    found: dict[str, str] = {}
    faulty: set[str] = set()
    required = rules.always
    if rules.roots:
        document.expect_roots(rules.roots)
    for path, field in rules.fields.items():
        before = len(document.diagnostics)
        if path == "identifier" and document.node(path) is None and document.node("metadata.name") is not None:
            found[path] = ""
            document.complain("metadata.name", "IDP 2.0 has no metadata.name; write identifier at the root instead")
        elif path != "apiVersion":
            found[path] = _check(document, path, field, required=path in required)
        if path == "kind" and found[path]:
            required = rules.required(found[path])
            if problem := rules.kind_problem(found[path]):
                document.complain(path, f"kind {problem}")
            elif doubt := rules.kind_doubt(found[path]):
                document.doubt(path, f"kind {doubt}")
        if field.needs and found[path] and not found[field.needs] and field.needs not in faulty:
            document.complain(path, f"{path} is given without {field.needs}; write that too")
        if len(document.diagnostics) > before:
            faulty.add(path)
    return found, faulty


def _check_import(document: Document, found: Mapping[str, str], faulty: set[str]) -> None:
    """Note what IDP 2.0 will refuse in a file of IDP 1.0, where the file itself says it."""
    rules = RULES[Format.HARNESS]
    kind = imported_kind(found["kind"])
    if found["kind"] and "kind" not in faulty and rules.kind_problem(kind):
        document.complain("kind", f"kind {rules.kind_problem(found['kind'])}, to have it imported")
    for path, field in rules.fields.items():
        if field.origin and field.origin not in faulty:
            _check(document, field.origin, field, required=path in rules.required(kind))


def _check(document: Document, path: str, field: Field, *, required: bool) -> str:
    """Check one field, and give its text if it is one and right."""
    if field.shape is Shape.TEXT:
        return document.text(path, field.rule, required=required)
    if required:
        before = len(document.diagnostics)
        document.expect_value(path)
        if len(document.diagnostics) > before:
            return ""
    if (node := document.node(path)) is None or (node.tag == NULL and field.shape is not Shape.MAP):
        return ""
    if field.shape is Shape.MAP:
        document.expect_map(path)
    elif field.shape is Shape.TEXTS:
        document.expect_texts(path, field.rule, field.keys)
    elif field.shape is Shape.CONTENT:
        document.expect_content(path)
    elif field.shape is Shape.LINKS:
        document.expect_links(path)
    elif field.shape is Shape.LIST:
        document.expect_list(path, field.rule)
    return ""
