"""Orphans and errors of a catalog of locations (Backstage and IDP 1.0; contract, D.5)."""

from __future__ import annotations

import itertools
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from common.catalogs.backstage.client import CatalogClient, without
from common.catalogs.backstage.locations import ORIGIN, reference
from common.catalogs.tidying import ERRORS, GONE, ORPHANS, Found, Unread, counted, each_once
from common.network.answer import object_of, succeeded

PER_PAGE = 200
ORPHAN = "backstage.io/orphan"  # the annotation of an entity that nothing leads to any more
NOT_FOUND = "NotFoundError"
FIELDS = "kind,metadata,spec,status"


@dataclass(frozen=True)
class LocatedTidied:
    """A catalog of locations."""

    client: CatalogClient

    def orphans(self) -> Iterator[Found | Unread]:
        """Give the locations whose file is not found, and the entities that the catalog itself marks as orphans."""
        return self._with(ORPHANS, "kind=location", f"metadata.annotations.{ORPHAN}=true")

    def errors(self) -> Iterator[Found | Unread]:
        """Give every entity with an error in its status."""
        return self._with(ERRORS)

    def still(self, found: Found, what: str) -> bool | None:
        """Read the entity's status again."""
        answer = self.client.send("GET", self._uid(found))
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if not succeeded(answer):
            raise self.client.refused(answer, doing=f"look for {found.ref} in the catalog")
        entity = object_of(answer) or {}
        if reference(entity) != found.ref:
            raise without(f"the entity {found.ref}", answer)
        return bool(REASONS[what](entity))

    def delete(self, found: Found) -> None:
        """Delete the entity; a location is removed, and with it what came from it.

        That its entity is deleted would not do: the location stays, brings it back, and bars its address
        (catalog-backend 4.0: DefaultEntitiesCatalog.removeEntityByUid, DefaultLocationStore).
        """
        answer = self.client.send("DELETE", self._location(found) or self._uid(found), safe=True)
        if answer.status_code in GONE:
            return
        if succeeded(answer):
            raise without(f"word that {found.ref} is deleted", answer)
        raise self.client.refused(answer, doing=f"delete {found.ref}")

    def _with(self, what: str, *filters: str) -> Iterator[Found | Unread]:
        for entity in itertools.chain.from_iterable(counted(self._pages(*filters))):
            if reason := REASONS[what](entity):
                yield _found(entity, reason)

    def _uid(self, found: Found) -> str:
        return f"entities/by-uid/{urllib.parse.quote(found.handle, safe='')}"

    def _location(self, found: Found) -> str:
        """Give the path of the location whose entity this is; '' for another entity, or one that none registered."""
        kind, _, rest = found.ref.partition(":")
        if kind != "location":
            return ""
        place = "/".join(urllib.parse.quote(part, safe="") for part in rest.split("/"))
        answer = self.client.send("GET", f"locations/by-entity/{kind}/{place}")
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return ""
        if not succeeded(answer):
            raise self.client.refused(answer, doing=f"look for the location {found.ref}")
        registered = object_of(answer) or {}
        if not isinstance(registered.get("id"), str):
            raise without(f"the location {found.ref}", answer)
        if f"url:{registered.get('target')}" != found.source:
            return ""  # one that led to the file which holds this one
        return f"locations/{urllib.parse.quote(registered['id'], safe='')}"

    def _pages(self, *filters: str) -> Iterator[list[Mapping[str, Any]]]:
        return each_once(self._read_pages(*filters), reference)

    def _read_pages(self, *filters: str) -> Iterator[tuple[list[Mapping[str, Any]], int | None]]:
        query: dict[str, Any] = {"limit": str(PER_PAGE), "fields": FIELDS, **({"filter": filters} if filters else {})}
        while True:
            answer = self.client.send("GET", "entities/by-query", params=query)
            if not succeeded(answer):
                raise self.client.refused(answer, doing="look through the entities of the catalog")
            body = object_of(answer) or {}
            items = body.get("items")
            told = body.get("pageInfo")
            cursor = told.get("nextCursor") if isinstance(told, dict) else None
            if not isinstance(items, list) or (cursor and not items) or any(not isinstance(one, dict) for one in items):
                raise without("the list of its entities", answer)
            total = body.get("totalItems")
            yield items, total if isinstance(total, int) and not isinstance(total, bool) else None
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


def _gone(entity: Mapping[str, Any]) -> str:
    """Say why the entity is an orphan; '' when it is none."""
    gone = [told for name, told in _errors(entity) if name == NOT_FOUND]
    marked = _annotations(entity).get(ORPHAN) == "true"
    return gone[0] if gone else "nothing leads to it any more" if marked else ""


def _faults(entity: Mapping[str, Any]) -> str:
    return "; ".join(told for _, told in _errors(entity))


REASONS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {ORPHANS: _gone, ERRORS: _faults}
