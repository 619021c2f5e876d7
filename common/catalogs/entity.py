"""A catalog file checked and named offline, in both formats the portal knows.

IDP 1.0 is Backstage's descriptor format (backstage.io/v1alpha1), IDP 2.0 the platform's own (harness.io/v1). Everything
that is wrong is said at once, each fault with its line and what to write instead; nothing is asked of any service.
Rules: https://backstage.io/docs/features/software-catalog/descriptor-format, and the pages "Catalog YAML" and "Entity
identifier reference" of developer.harness.io; identifiers may hold hyphens, as in the portal's own examples.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from common.catalogs.document import TEXT, Document, Rule
from common.diagnostics import Diagnostic, Location, in_order
from common.document import NULL, Unreadable, repetitions
from common.errors import BadInput, shown


class Format(Enum):
    """The two formats of a catalog file, by the portal's generation."""

    BACKSTAGE = "IDP 1.0"
    HARNESS = "IDP 2.0"


@dataclass(frozen=True)
class Entity:
    """What a catalog knows an entity by. `scope` is the namespace in IDP 1.0, account[.org[.project]] in 2.0."""

    format: Format
    kind: str
    name: str
    scope: str
    owner: str
    line: int

    @property
    def ref(self) -> str:
        """Give the reference in its full form; 1.0 compares references without case, so it is written in lower case."""
        if self.format is Format.BACKSTAGE:
            return f"{self.kind}:{self.scope}/{self.name}".lower()
        return f"{self.kind.lower()}:{self.scope}/{self.name}"


API_VERSIONS = {
    "backstage.io/v1alpha1": Format.BACKSTAGE,
    "backstage.io/v1beta1": Format.BACKSTAGE,
    "scaffolder.backstage.io/v1beta3": Format.BACKSTAGE,
    "harness.io/v1": Format.HARNESS,
}

# Kind -> the fields without which the catalog refuses it. Backstage allows further kinds, which need none of these.
BACKSTAGE_KINDS: dict[str, tuple[str, ...]] = {
    "Component": ("spec.type", "spec.lifecycle", "spec.owner"),
    "API": ("spec.type", "spec.lifecycle", "spec.owner", "spec.definition"),
    "Resource": ("spec.type", "spec.owner"),
    "System": ("spec.owner",),
    "Domain": ("spec.owner",),
    "Group": ("spec.type", "spec.children"),
    "User": ("spec",),
    "Location": ("spec",),
    "Template": ("spec.type", "spec.steps"),
}
HARNESS_KINDS: dict[str, tuple[str, ...]] = {
    "component": ("type", "spec.lifecycle"),
    "api": ("type", "spec.lifecycle", "spec.definition"),
    "resource": ("type",),
    "system": ("type", "owner"),
    "group": ("type",),
    "workflow": ("type", "spec.steps"),
    "user": (),
    "environment": (),
    "environmentblueprint": (),
}

_RESERVED = frozenset(
    {"or", "and", "eq", "ne", "lt", "gt", "le", "ge", "div", "mod", "not", "null", "true", "false", "new", "var",
     "return", "step", "parallel", "stepGroup", "org", "account", "status", "liteEngineTask"}
)  # fmt: skip

API_VERSION = Rule("|".join(re.escape(version) for version in API_VERSIONS), is_name=True)
KIND = Rule(
    r"[A-Za-z][A-Za-z0-9]{0,62}", "use letters and digits, beginning with a letter, as in Component", is_name=True
)
NAME = Rule(
    r"(?=.{1,63}\Z)[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?",
    "use 1 to 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit",
    is_name=True,
)
NAMESPACE = Rule(
    r"(?=.{1,63}\Z)[a-z0-9]+(-[a-z0-9]+)*", "use 1 to 63 lower-case letters, digits and '-' between them", is_name=True
)
IDENTIFIER = Rule(
    r"[A-Za-z_][A-Za-z0-9_$-]{0,127}",
    "use up to 128 letters, digits, '_', '-' and '$', beginning with a letter or '_', and no reserved word",
    is_name=True,
    reserved=_RESERVED,
)
TAG = Rule(r"(?=.{1,63}\Z)[a-z0-9:+#]+(-[a-z0-9:+#]+)*", "use lower-case letters, digits, ':', '+', '#' and '-'")
REFERENCE = Rule(r"([^:/]+:)?([^:/]+/)?[^:/]+", "write [kind:][namespace/]name, as in group:default/platform")

ADVICE = {
    "apiVersion": f"write one of {', '.join(API_VERSIONS)}",
    "kind": "write what it is, such as Component",
    "metadata.name": "write the entity's name, such as payments-api",
    "identifier": "write the entity's identifier, such as payments_api",
    "type": "write what sort it is, such as service",
    "spec.type": "write what sort it is, such as service",
    "spec.lifecycle": "write its stage of life, such as experimental or production",
    "owner": "write the owner, such as group:account/platform",
    "spec.owner": "write the owning team or user, such as group:platform",
    "spec.definition": "write the definition, or $text: with where it is",
    "spec.steps": "write the list of its steps",
    "spec.children": "write the list of its child groups, [] for none",
    "spec": "write its specification",
}


def parse(text: str, *, what: str) -> tuple[Entity, ...]:
    """Read a catalog file; `what` names it in the message. Raises BadInput with every fault found.

    IDP 1.0 allows several documents in a file; empty ones are passed over, as the catalog does.
    """
    from common.document import reader

    try:
        roots = [root for root in reader.documents(text) if root.tag != NULL]
    except Unreadable as error:
        column = error.location.column
        told = f"column {column}: {error.verdict} ({error.problem}); {error.advice}"
        raise _bad(what, [Diagnostic(told, error.location)]) from error
    if not roots:
        nothing = "there is no entity; write apiVersion, kind and what belongs to them"
        raise _bad(what, [Diagnostic(nothing, Location("", 1, 1))])
    diagnostics: list[Diagnostic] = []
    entities = []
    for root in roots:
        document = Document(root, ADVICE)
        entities.append(_entity(document))
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
    return BadInput(f"{what} has {found}.", next_step="Correct it and run the step again.")


def _entity(document: Document) -> Entity:
    version = document.text("apiVersion", API_VERSION)
    kind = document.text("kind", KIND)
    looks_new = document.node("identifier") is not None and document.node("metadata.name") is None
    guess = Format.HARNESS if looks_new else Format.BACKSTAGE
    for part in ("metadata", "spec"):
        document.expect_map(part)
    return _CHECKS[API_VERSIONS.get(version, guess)](document, kind)


def _backstage(document: Document, kind: str) -> Entity:
    known = {name.lower(): name for name in BACKSTAGE_KINDS}.get(kind.lower(), kind)
    if known != kind:
        document.complain("kind", f"kind is {shown(kind)}, but the catalog minds the case; write {known}")
    name = document.text("metadata.name", NAME)
    namespace = document.text("metadata.namespace", NAMESPACE, required=False)
    for path in ("metadata.title", "metadata.description"):
        document.text(path, required=False)
    for path in ("metadata.annotations", "metadata.labels"):
        document.expect_texts(path)
    document.expect_list("metadata.tags", TAG)
    owner = _required(document, BACKSTAGE_KINDS.get(known, ()), "spec.owner", REFERENCE)
    return Entity(Format.BACKSTAGE, kind, name, namespace or "default", owner, document.location().line)


def _harness(document: Document, kind: str) -> Entity:
    if kind and kind.lower() not in HARNESS_KINDS:
        document.complain(
            "kind", f"kind is {shown(kind)}, which IDP 2.0 does not know; write one of {', '.join(HARNESS_KINDS)}"
        )
    if document.node("identifier") is None and document.node("metadata.name") is not None:
        document.complain("metadata.name", "IDP 2.0 has no metadata.name; write identifier at the root instead")
        identifier = ""
    else:
        identifier = document.text("identifier", IDENTIFIER)
    organization = document.text("orgIdentifier", IDENTIFIER, required=False)
    project = document.text("projectIdentifier", IDENTIFIER, required=False)
    if project and not organization:
        document.complain("projectIdentifier", "projectIdentifier stands alone; write orgIdentifier too")
    document.text("name", required=False)
    owner = _required(document, HARNESS_KINDS.get(kind.lower(), ()), "owner", TEXT)
    scope = ".".join(part for part in ("account", organization, project) if part)
    return Entity(Format.HARNESS, kind, identifier, scope, owner, document.location().line)


def _required(document: Document, paths: tuple[str, ...], owner_path: str, owner_rule: Rule) -> str:
    """Check the fields a kind needs, and give the owner, which is checked also where the kind does not need one."""
    for path in paths:
        if path.endswith(("type", "lifecycle")):
            document.text(path)
        elif path != owner_path:
            document.expect_value(path)
    return document.text(owner_path, owner_rule, required=owner_path in paths)


_CHECKS: dict[Format, Callable[[Document, str], Entity]] = {Format.BACKSTAGE: _backstage, Format.HARNESS: _harness}
