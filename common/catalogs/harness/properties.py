"""Custom properties over the portal's API: read what an entity has, send what is missing, read back (contract, D.3)."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from common import log
from common.catalogs import failure_of
from common.catalogs.harness.answers import entity_of, path_of, places, refused
from common.catalogs.properties import Change, keys, remaining
from common.errors import Refused, shown
from common.harness.client import PortalClient, object_of, succeeded, without
from common.network import repeat
from common.network.http import quote
from common.network.repeat import Uncertain
from common.network.url import origin

Held = dict[tuple[str, ...], Any]
MOST_NAMED = 5


@dataclass(frozen=True)
class CustomProperties:
    """The custom properties API at the URL of one of its two forms, .../entity or .../property."""

    url: str
    portal: PortalClient

    def left_to_do(self, changes: list[Change]) -> list[Change]:
        """Read each entity once, and give the changes that it has not yet. Refused names every unknown entity."""
        held = {ref: self._held(ref) for ref in dict.fromkeys(change.entity_ref for change in changes)}
        unknown = [shown(ref, quotes=False) for ref, values in held.items() if values is None]
        if unknown:
            raise Refused(
                f"The catalog has no {_listed(unknown, ', no ')}, or the credentials may not see it.",
                next_step="Check the references; nothing was changed.",
            )
        known = {ref: values for ref, values in held.items() if values is not None}
        self._add_what_the_yaml_holds(known, changes)
        return [left for change in changes if (left := remaining(change, known[change.entity_ref])) is not None]

    def send(self, changes: list[Change], *, dry_run: bool = False) -> str:
        """Send the changes and give what the catalog says. Raises Uncertain when they may or may not have been made."""
        params = {"dry_run": "true"} if dry_run else None
        answer = self.portal.send("POST", self.url, params=params, json=self._body(changes))
        doing = f"change {_named(changes)}"
        if not succeeded(answer):
            raise refused(answer, doing=doing)
        status = (object_of(answer) or {}).get("status")
        if status == "ERROR":
            raise Refused(f"Could not {doing}: {quote(answer).rstrip('.')}.")
        if status != "SUCCESS" and not dry_run:  # a dry run may answer with a list
            raise Uncertain(
                f"{origin(self.url)} answered {answer.status_code} and does not say whether it could {doing}.",
                next_step="Run the step again: it reads what the entities have first.",
                detail=quote(answer),
            )
        return quote(answer)

    def apply(self, changes: list[Change]) -> list[Change]:
        """Make the changes that are left to do, read them back, and give them."""
        made = left = self.left_to_do(changes)
        if not left:
            return []

        def write() -> list[Change]:
            log.detail(self.send(left))
            return made

        def look() -> list[Change] | None:
            nonlocal left
            log.info("Reading again what the entities have.")
            left = self.left_to_do(changes)
            return None if left else made

        repeat.write(write, look, failure_of, self.portal.deadline)
        self._read_back(changes)
        return made

    def _read_back(self, changes: list[Change]) -> None:
        attempts = self.portal.deadline.attempts()
        for _ in attempts:
            left = self.left_to_do(changes)
            if not left:
                return
            attempts.failed(f"The catalog does not show {_named(left)} yet.")
        raise Refused(
            f"The catalog took the change, and does not show {_named(left)} with the value that was sent.",
            next_step="Look at the entity in the portal; the step may be run again, and sends what is missing then.",
        )

    def _body(self, changes: list[Change]) -> dict[str, Any]:
        if self._by_property():
            entities = [{"entity_ref": change.entity_ref, "value": change.value} for change in changes]
            return {"property": changes[0].path, "mode": changes[0].mode, "entity_refs": entities}
        properties = [{"property": change.path, "value": change.value, "mode": change.mode} for change in changes]
        return {"entity_ref": changes[0].entity_ref, "properties": properties}

    def _by_property(self) -> bool:
        return urllib.parse.urlsplit(self.url).path.endswith("/property")

    def _held(self, ref: str) -> Held | None:
        """Read the custom properties of an entity; None when the catalog does not know it."""
        parts = urllib.parse.urlsplit(self.url)
        url = urllib.parse.urlunsplit(parts._replace(path=f"{parts.path.rpartition('/')[0]}/entity", query=""))
        # The description lets the list be absent. Appending on a wrong answer adds twice, so that one is asked twice.
        for _ in range(2):
            answer = self.portal.send("GET", url, params={"entity_ref": ref})
            if answer.status_code == HTTPStatus.NOT_FOUND:
                return None
            if not succeeded(answer):
                raise refused(answer, doing=f"read the properties of {ref}")
            body = object_of(answer)
            if body is None or body.get("properties") is not None:
                break
        listed = None if body is None else body.get("properties") or []
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise without(f"the properties of {ref}", answer)
        found: Held = {}
        for entry in listed:
            try:
                found[tuple(keys(str(entry["property"])))] = entry.get("value")
            except (ValueError, KeyError):
                log.detail(f"A property of {ref} has a name that is no dotted path; it is passed over.")
        return found

    def _add_what_the_yaml_holds(self, held: Mapping[str, Held], changes: list[Change]) -> None:
        """Add what an entity shows, for appends to what is no custom property of it yet: that is not added again."""
        entities: dict[str, dict[str, Any]] = {}
        for change in changes:
            path = tuple(keys(change.path))
            if change.mode != "append" or path in held[change.entity_ref]:
                continue
            if change.entity_ref not in entities:
                entities[change.entity_ref] = self._entity(change.entity_ref)
            value: Any = entities[change.entity_ref]
            for key in path:
                value = value.get(key) if isinstance(value, dict) else None
            if value is not None:
                held[change.entity_ref][path] = value

    def _entity(self, ref: str) -> dict[str, Any]:
        """Read the entity as the catalog shows it; an empty one where only IDP 1.0 knows it by this reference."""
        parts = urllib.parse.urlsplit(self.url)
        above, found, _ = parts.path.partition("/catalog/custom-properties/")
        if not found or not ref.partition(":")[2].startswith(("account/", "account.")):
            return {}
        url = urllib.parse.urlunsplit(parts._replace(path=f"{above}/entities/{path_of(ref)}", query=""))
        answer = self.portal.send("GET", url, params=places(ref))
        if not succeeded(answer):
            log.detail(f"What the YAML of {ref} holds cannot be read: {quote(answer)}")
            return {}
        if (entity := entity_of(answer)) is None:
            raise without(f"the entity {ref}", answer)
        return entity


def _named(changes: list[Change]) -> str:
    return _listed(
        list(
            dict.fromkeys(
                f"{shown(change.path, quotes=False)} of {shown(change.entity_ref, quotes=False)}" for change in changes
            )
        )
    )


def _listed(names: list[str], separator: str = ", ") -> str:
    more = len(names) - MOST_NAMED
    return separator.join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
