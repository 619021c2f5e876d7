"""The calls of the custom properties API, and of the entities that they lie over (contract, D.1 and D.3).

How many entities a request may name is documented for neither; of the entities, 100 are given at once.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common import log
from common.catalogs.harness import listing
from common.catalogs.harness.answers import entity_of, path_of, places, refused
from common.catalogs.properties import Change, canonical, keys, named, same
from common.errors import Refused
from common.harness.client import PortalClient, without
from common.network.answer import object_of, succeeded
from common.network.deadline import Deadline
from common.network.http import quote
from common.network.long_list import NoList, items_of
from common.network.repeat import Uncertain
from common.network.url import origin

if TYPE_CHECKING:
    import requests

Held = dict[tuple[str, ...], Any]
TOO_LARGE = re.compile(r"too (many|large|big|long)|at most|max(imum)?\b|exceed|\blimit", re.IGNORECASE)


class TooMany(Refused):
    """The catalog does not take that many entities in one request."""


@dataclass(frozen=True)
class PropertyCalls:
    """The API at `base`, the address that ends in /custom-properties."""

    base: str
    portal: PortalClient

    def for_thread(self) -> PropertyCalls:
        """Give the same with connections of its own, and one try each."""
        portal = PortalClient(self.portal.access, self.portal.network, Deadline(retry_seconds=0))
        return replace(self, portal=portal)

    def of_entity(self, ref: str) -> Held | None:
        """Read the custom properties of an entity; None when the catalog does not know it."""
        # The description lets the list be absent. Appending on a wrong answer adds twice, so that one is asked twice.
        for _ in range(2):
            answer = self.portal.send("GET", f"{self.base}/entity", params={"entity_ref": ref})
            if answer.status_code == HTTPStatus.NOT_FOUND:
                return None
            if not succeeded(answer):
                raise refused(answer, doing=f"read the properties of {ref}")
            body = object_of(answer)
            if body is None or body.get("properties") is not None:
                break
        found: Held = {}
        for entry in _entries(body, "properties", f"the properties of {ref}", answer):
            try:
                found[tuple(keys(str(entry["property"])))] = entry.get("value")
            except (ValueError, KeyError):
                log.detail(f"A property of {ref} has a name that is no dotted path; it is passed over.")
        return found

    def of_property(self, path: str, refs: Mapping[str, str]) -> dict[str, Any]:
        """Read the value that a property has, by entity; of the entities that are asked for (see `canonical`) alone.

        The answer lists all entities that have it, so it may be long. Those that have one value have it together.
        """
        for _ in range(2):  # as above
            answer = self.portal.send("GET", f"{self.base}/property", params={"property": path})
            if answer.status_code == HTTPStatus.NOT_FOUND:
                return {}
            if not succeeded(answer):
                raise refused(answer, doing=f"read which entities have {path}")
            held: dict[str, Any] = {}
            last: Any = None
            try:
                for entry in items_of(answer, "entity_refs"):
                    value = entry.get("value")
                    last = last if value == last and same(value, last) else value
                    for name in _names(str(entry.get("entity_ref"))):
                        if (ref := refs.get(name)) is not None:
                            held[ref if ref == name else name] = last  # of many names there is no second one
            except NoList:
                continue
            except (ValueError, AttributeError) as error:  # no JSON, or an entry that is no map
                raise without(f"the entities that have {path}", answer) from error
            return held
        return {}

    def entity(self, ref: str) -> dict[str, Any]:
        """Read the entity as the catalog shows it; an empty one where only IDP 1.0 knows it by this reference."""
        if not of_idp_2(ref) or not (url := self._entities()):
            return {}
        answer = self.portal.send("GET", f"{url}/{path_of(ref)}", params=places(ref))
        if not succeeded(answer):
            log.detail(f"What the YAML of {ref} holds cannot be read: {quote(answer)}")
            return {}
        if (entity := entity_of(answer)) is None:
            raise without(f"the entity {ref}", answer)
        return entity

    def shown(self, refs: Sequence[str], path: str) -> tuple[dict[str, Any], list[str]]:
        """Read a page of entities: by reference what they show at the path, and the references that it leaves out."""
        found = listing.read_page(self.portal, self._entities(), refs)
        shown = {name: value_at(entity, keys(path)) for name, entity in found.items()}
        names = {ref: canonical(ref) for ref in refs}
        values = {ref: shown[name] for ref, name in names.items() if shown.get(name) is not None}
        return values, [ref for ref, name in names.items() if name not in shown]

    def pages(self, refs: Iterable[str]) -> Iterator[list[str]]:
        """Give the references, so many at a time as one request can ask for; none where entities cannot be read."""
        return listing.pages(refs if self._entities() else ())

    def send(self, changes: Sequence[Change], *, by_property: bool, dry_run: bool = False) -> str:
        """Send the changes, all of one kind, and give what the catalog says.

        Raises Uncertain when they may or may not have been made, TooMany when they are too many for one request.
        """
        deletes = changes[0].mode == "delete"
        answer = self.portal.send(
            "DELETE" if deletes else "POST",
            f"{self.base}/{'property' if by_property else 'entity'}",
            params={"dry_run": "true"} if dry_run else None,
            json=(_of_one_property if by_property else _of_one_entity)(changes, deletes=deletes),
            safe=dry_run,
        )
        doing = f"{'delete' if deletes else 'change'} {named(changes)}"
        if not succeeded(answer):
            error = refused(answer, doing=doing)
            too_many = answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or (
                answer.status_code == HTTPStatus.BAD_REQUEST and TOO_LARGE.search(quote(answer))
            )
            raise TooMany(error.message, next_step=error.next_step) if too_many else error
        status = (object_of(answer) or {}).get("status")
        if status == "ERROR":
            raise Refused(f"Could not {doing}: {quote(answer).rstrip('.')}.")
        if status != "SUCCESS" and not dry_run:  # a dry run may answer with a list
            raise Uncertain(
                f"{origin(self.base)} answered {answer.status_code} and does not say whether it could {doing}.",
                next_step="Run the step again: it reads what the entities have first.",
                detail=quote(answer),
            )
        return quote(answer)

    def _entities(self) -> str:
        """Give the address of the same portal's entities; '' when that of the properties does not tell it."""
        parts = urllib.parse.urlsplit(self.base)
        above, found, _ = f"{parts.path}/".partition("/catalog/custom-properties/")
        return urllib.parse.urlunsplit(parts._replace(path=f"{above}/entities")) if found else ""


def of_idp_2(ref: str) -> bool:
    """Tell whether a reference is one of IDP 2.0."""
    return ref.partition(":")[2].startswith(("account/", "account."))


def _names(ref: str) -> tuple[str, ...]:
    """Give what an entity may be asked for by: one of the account had the namespace default in IDP 1.0."""
    name = canonical(ref)
    return (name, name.replace(":account/", ":default/").lower()) if of_idp_2(ref) else (name,)


def value_at(document: Any, path: Sequence[str]) -> Any:
    """Give what a document holds at a path; None for nothing."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _entries(body: Mapping[str, Any] | None, name: str, what: str, answer: requests.Response) -> list[dict[str, Any]]:
    found = None if body is None else body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise without(what, answer)
    return found


def _of_one_property(changes: Sequence[Change], *, deletes: bool) -> dict[str, Any]:
    """Make the body; the value that the first of them gets is said once for all that get the same."""
    first = changes[0]
    if deletes:
        return {"property": first.path, "entity_refs": [change.entity_ref for change in changes]}
    entities = [
        {"entity_ref": change.entity_ref} | ({} if change.value is first.value else {"value": change.value})
        for change in changes
    ]
    return {"property": first.path, "mode": first.mode, "value": first.value, "entity_refs": entities}


def _of_one_entity(changes: Sequence[Change], *, deletes: bool) -> dict[str, Any]:
    if deletes:
        return {"entity_ref": changes[0].entity_ref, "properties": [change.path for change in changes]}
    properties = [{"property": change.path, "value": change.value, "mode": change.mode} for change in changes]
    return {"entity_ref": changes[0].entity_ref, "properties": properties}
