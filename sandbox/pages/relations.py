"""The entities of each catalog for the page: where each came from, its YAML, and its relations, in both ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from sandbox.catalog import entities
from sandbox.catalog.locations import ORIGIN, RELATIONS, Catalog

if TYPE_CHECKING:
    from sandbox.state import State

LOCATED = {"backstage": "Backstage", "idp1": "Harness IDP 1.0"}
BACK = {  # what a relation is called from the other side
    "ownedBy": "ownerOf",
    "partOf": "hasPart",
    "dependsOn": "dependencyOf",
    "providesApi": "apiProvidedBy",
    "consumesApi": "apiConsumedBy",
}


@dataclass(frozen=True)
class Shown:
    """An entity. source: where it came from, in words; '' when that is not known.

    relations: what each is called, the reference, and whether the catalog has that entity.
    """

    ref: str
    kind: str
    source: str
    yaml: str
    relations: list[tuple[str, str, bool]] = field(default_factory=list)


def of_harness(state: State) -> list[Shown]:
    """Give the entities of IDP 2.0."""
    found = entities.every(state)
    own = [
        Shown(one.ref, one.kind, _from((one.git_details or {}).get("file_url")) or "made in the portal", one.yaml)
        for one in found
    ]
    edges = [(one.ref, name, ref) for one in found for name, ref in _of_document(one.document)]
    return _related(own, edges)


def of_locations(state: State, host: str) -> dict[str, list[Shown]]:
    """Give the entities of each catalog of locations, by its name; catalogs without any are left out."""
    found = {}
    for name in LOCATED:
        bodies = Catalog(state, name, host).entities()
        own = [
            Shown(
                ref,
                str(body.get("kind")),
                _from(body["metadata"].get("annotations", {}).get(ORIGIN)),
                yaml.safe_dump(body, sort_keys=False, allow_unicode=True),
            )
            for ref, body in bodies.items()
        ]
        edges = [(ref, one["type"], one["targetRef"]) for ref, body in bodies.items() for one in body["relations"]]
        if own:
            found[name] = _related(own, edges)
    return found


def has_located(state: State, catalog: str, host: str, ref: str) -> bool:
    """Tell whether a catalog of locations has an entity."""
    return ref in Catalog(state, catalog, host).entities()


def _from(address: object) -> str:
    return f"from {str(address).removeprefix('url:')}" if address else ""


def _of_document(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    spec = document.get("spec")
    told = {**(spec if isinstance(spec, dict) else {}), "owner": document.get("owner")}
    for name, (kind, relation) in RELATIONS.items():
        value = told.get(name)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text.strip():
                own, _, rest = text.rpartition(":")
                scope, _, identifier = rest.rpartition("/")
                yield relation, f"{own.lower() or kind}:{scope or 'account'}/{identifier}"


def _related(found: Iterable[Shown], edges: Iterable[tuple[str, str, str]]) -> list[Shown]:
    """Add the relations of both ways: one that an entity names is one of the other, too."""
    own = list(found)
    there = {one.ref for one in own}
    related: dict[str, set[tuple[str, str, bool]]] = defaultdict(set)
    for ref, name, target in edges:
        related[ref].add((name, target, target in there))
        related[target].add((BACK.get(name, name), ref, True))
    return [Shown(one.ref, one.kind, one.source, one.yaml, sorted(related[one.ref])) for one in own]
