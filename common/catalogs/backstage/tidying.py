"""Orphans and errors of a catalog of locations (Backstage and IDP 1.0; contract, D.5)."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from common.catalogs.backstage.client import CatalogClient, without
from common.catalogs.backstage.locations import ORIGIN, reference
from common.catalogs.tidying import DELETED, Found
from common.network.answer import object_of, succeeded

PER_PAGE = 200
ORPHAN = "backstage.io/orphan"  # the annotation of an entity that nothing leads to any more
GONE = "NotFoundError"
FIELDS = "kind,metadata,spec,status"


@dataclass(frozen=True)
class LocatedTidied:
    """A catalog of locations."""

    client: CatalogClient

    def orphans(self) -> Iterator[Found]:
        """Give the locations whose file is not found, and the entities that the catalog itself marks as orphans."""
        for entity in self._entities("kind=location", f"metadata.annotations.{ORPHAN}=true"):
            gone = [told for name, told in _errors(entity) if name == GONE]
            marked = _annotations(entity).get(ORPHAN) == "true"
            if gone or marked:
                yield _found(entity, gone[0] if gone else "nothing leads to it any more")

    def errors(self) -> Iterator[Found]:
        """Give every entity with an error in its status."""
        for entity in self._entities():
            if told := [text for _, text in _errors(entity)]:
                yield _found(entity, "; ".join(told))

    def delete(self, found: Found) -> None:
        """Delete the entity; with that of a location goes what came from it."""
        answer = self.client.send("DELETE", f"entities/by-uid/{urllib.parse.quote(found.handle, safe='')}", safe=True)
        if answer.status_code in DELETED:
            return
        if succeeded(answer):
            raise without(f"word that {found.ref} is deleted", answer)
        raise self.client.refused(answer, doing=f"delete {found.ref}")

    def _entities(self, *filters: str) -> Iterator[Mapping[str, Any]]:
        query: dict[str, Any] = {"limit": str(PER_PAGE), "fields": FIELDS, **({"filter": filters} if filters else {})}
        while True:
            answer = self.client.send("GET", "entities/by-query", params=query)
            if not succeeded(answer):
                raise self.client.refused(answer, doing="look through the entities of the catalog")
            body = object_of(answer) or {}
            items = body.get("items")
            if not isinstance(items, list):
                raise without("the list of its entities", answer)
            yield from (item for item in items if isinstance(item, dict))
            cursor = (body.get("pageInfo") or {}).get("nextCursor")
            if not cursor:
                return
            query = {"limit": str(PER_PAGE), "fields": FIELDS, "cursor": str(cursor)}


def _found(entity: Mapping[str, Any], told: str) -> Found:
    metadata = entity.get("metadata") or {}
    return Found(reference(entity), _annotations(entity).get(ORIGIN, ""), told, str(metadata.get("uid") or ""))


def _annotations(entity: Mapping[str, Any]) -> Mapping[str, str]:
    found = (entity.get("metadata") or {}).get("annotations")
    return found if isinstance(found, dict) else {}


def _errors(entity: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the name and the words of each error in the status."""
    status = entity.get("status")
    for item in (status.get("items") if isinstance(status, dict) else None) or []:
        if isinstance(item, dict) and item.get("level") == "error":
            error = item.get("error")
            yield str(error.get("name")) if isinstance(error, dict) else "", str(item.get("message") or "")
