"""Custom properties over the portal's API: read what an entity has, send what is missing (contract, D.3)."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from common import log
from common.catalogs.properties import Change, keys, remaining
from common.errors import Refused
from common.harness.client import PortalClient, body_of, refused, succeeded
from common.network.http import quote
from common.network.repeat import Uncertain

Current = Mapping[tuple[str, ...], Any]


@dataclass(frozen=True)
class CustomProperties:
    """The custom properties API at the URL of one of its two forms, .../entity or .../property."""

    url: str
    portal: PortalClient

    def left_to_do(self, changes: list[Change]) -> list[Change]:
        """Read each entity once, and give the changes that it has not yet. Refused names every unknown entity."""
        current = {ref: self._read(ref) for ref in dict.fromkeys(change.entity_ref for change in changes)}
        unknown = [ref for ref, values in current.items() if values is None]
        if unknown:
            raise Refused(
                f"The catalog has no {', no '.join(unknown)}, or the credentials may not see it.",
                next_step="Check the references; nothing was changed.",
            )
        left = []
        for change in changes:
            rest = remaining(change, current[change.entity_ref] or {})
            if rest is None:
                log.info(f"{change.path} of {change.entity_ref} has that value already.")
            else:
                left.append(rest)
        return left

    def send(self, changes: list[Change], *, dry_run: bool = False) -> str:
        """Send the changes and give what the catalog says. Raises Uncertain when they may or may not have been made."""
        params = {"dry_run": "true"} if dry_run else None
        answer = self.portal.send("POST", self.url, params=params, json=self._body(changes))
        doing = f"change {', '.join(dict.fromkeys(f'{one.path} of {one.entity_ref}' for one in changes))}"
        if not succeeded(answer):
            raise refused(answer, doing=doing)
        if not dry_run and body_of(answer).get("status") == "ERROR":  # a dry run may answer with a list
            raise Refused(f"Could not {doing}: {quote(answer).rstrip('.')}.")
        return quote(answer)

    def apply(self, changes: list[Change]) -> list[Change]:
        """Make the changes that are left to do, and give them. After a doubtful answer it reads before it repeats."""
        done: list[Change] = []
        attempts = self.portal.deadline.attempts()
        doubt: Uncertain | None = None
        for _ in attempts:
            left = self.left_to_do(changes)
            done = done or left
            if not left:
                return done
            try:
                log.detail(self.send(left))
            except Uncertain as error:
                log.info(f"{error.message} Reading again what the entities have.")
                attempts.failed(error.message)
                doubt = error
            else:
                return done
        raise doubt or Refused("The changes were not made.")

    def _body(self, changes: list[Change]) -> dict[str, Any]:
        if self._by_property():
            entities = [{"entity_ref": change.entity_ref, "value": change.value} for change in changes]
            return {"property": changes[0].path, "mode": changes[0].mode, "entity_refs": entities}
        properties = [{"property": change.path, "value": change.value, "mode": change.mode} for change in changes]
        return {"entity_ref": changes[0].entity_ref, "properties": properties}

    def _by_property(self) -> bool:
        return urllib.parse.urlsplit(self.url).path.endswith("/property")

    def _read(self, ref: str) -> Current | None:
        parts = urllib.parse.urlsplit(self.url)
        path = f"{parts.path.rpartition('/')[0]}/entity"
        url = urllib.parse.urlunsplit(parts._replace(path=path, query=""))
        answer = self.portal.send("GET", url, params={"entity_ref": ref})
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if not succeeded(answer):
            raise refused(answer, doing=f"read the properties of {ref}")
        found: dict[tuple[str, ...], Any] = {}
        for one in body_of(answer).get("properties") or []:
            try:
                found[tuple(keys(str(one["property"])))] = one.get("value")
            except (ValueError, KeyError):
                log.detail(f"A property of {ref} has a name that is no dotted path; it is passed over.")
        return found
