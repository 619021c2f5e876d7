"""Registering a file as a location: POST /locations of Backstage's catalog API, which IDP 1.0 serves too.

The call itself never reads the file: a location of a missing or broken one is taken with 201, and no entity ever
appears. So its dry run is asked first, which does read it, and then the entities are waited for. Another location that
has an entity of the same name stays its owner in silence, so the entity's origin is compared.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common import log
from common.catalogs import AlreadyThere, CatalogFile, Examined, NotThere, Registered
from common.catalogs.backstage.client import (
    CatalogClient,
    advice_for,
    is_missing,
    without,
)
from common.errors import BadInput, Refused
from common.network.answer import object_of, succeeded
from common.network.http import quote
from common.network.repeat import Uncertain
from common.network.url import origin

if TYPE_CHECKING:
    import requests

ORIGIN = "backstage.io/managed-by-origin-location"
OF_THE_CATALOG = "backstage.io/"  # annotations that it writes itself
ITS_OWN = frozenset({"uid", "etag", "generation", "annotations"})  # metadata that it writes itself
SHOWN = ("apiVersion", "kind", "metadata", "spec")
AT_ONCE = 200  # references per request


@dataclass(frozen=True)
class Locations:
    """A catalog of locations, ready to register one file."""

    file: CatalogFile
    client: CatalogClient

    @property
    def wanted(self) -> str:
        """The file's page."""
        return self.file.url

    def examine(self) -> Examined:
        """Ask for the dry run, which reads the file and checks it; a file that it does not see yet is waited for."""
        attempts = self.client.deadline.attempts()
        for _ in attempts:
            answer = self._dry_run()
            if succeeded(answer):
                return self._examined(answer)
            said = quote(answer)
            if answer.status_code != HTTPStatus.BAD_REQUEST or not is_missing(said):
                raise self._refused(answer)
            if not self.file.fresh:
                raise NotThere(f"The catalog sees no {self.file.url}: {said.rstrip('.')}.")
            attempts.failed(f"The catalog does not see {self.file.url} yet.")
        raise self._refused(answer)

    def dry_run(self, examined: Examined) -> None:
        """Do nothing: the dry run was what examined the file."""

    def find(self, examined: Examined) -> Registered | None:
        """Look for every entity of the file, and for the location's id."""
        found = self.judged(examined, self.shown(examined.refs))
        return found._replace(location=self._id(examined)) if found is not None and found.same else found

    def shown(self, refs: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Read the entities."""
        return {ref: entity for ref, entity in zip(refs, self._entities(refs), strict=True) if entity is not None}

    def judged(self, examined: Examined, shown: Mapping[str, Mapping[str, Any]]) -> Registered | None:
        """Tell what the entities of the file are; the first that came from elsewhere counts."""
        found = {ref: shown[ref] for ref in examined.refs if ref in shown}
        for ref, entity in found.items():
            if _origin_of(entity) != self._target():
                return Registered(ref=ref, source=_told(_origin_of(entity)), same=False)
        if len(found) < len(examined.refs):
            return None
        expected = dict(zip(examined.refs, examined.entities, strict=False))
        stale = any(ref in expected and _content(entity) != _content(expected[ref]) for ref, entity in found.items())
        metadata = found[examined.ref].get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        return Registered(
            ref=examined.ref,
            source=self.file.url,
            same=True,
            stale=stale,
            name=name if isinstance(name, str) else "",
        )

    def known(self) -> Registered | None:
        """Give nothing: the dry run shows every file that there is."""
        return None

    def register(self, examined: Examined) -> str:
        """Register the location."""
        answer = self.client.send("POST", "locations", json=self._location())
        if succeeded(answer):
            if not isinstance((object_of(answer) or {}).get("location"), dict):
                raise Uncertain(
                    f"{origin(answer.url)} answered {answer.status_code} to the registration of {self.file.url}, and"
                    " shows no location.",
                    next_step="Run the step again: it looks at what exists first.",
                    detail=quote(answer),
                )
            return examined.ref
        if answer.status_code == HTTPStatus.CONFLICT:
            raise AlreadyThere(quote(answer))
        raise self.client.refused(answer, doing=f"register {self.file.url}")

    def happened(self, examined: Examined) -> str | None:
        """Ask the dry run whether the location is there."""
        answer = self._dry_run()
        if not succeeded(answer):
            raise self._refused(answer)
        return examined.ref if (object_of(answer) or {}).get("exists") is True else None

    def refresh(self, examined: Examined) -> bool:
        """Have the location's file read again."""
        ref = self._generated()
        answer = self.client.send("POST", "refresh", json={"entityRef": ref}, safe=True)
        if answer.status_code == HTTPStatus.NOT_FOUND:  # registered a moment ago, and read for the first time soon
            log.detail(f"{ref} is not there to be read again: {quote(answer)}")
        elif not succeeded(answer):
            raise self.client.refused(answer, doing=f"have {self.file.url} read again for {examined.ref}")
        return True

    def reason(self, examined: Examined) -> str:
        """Ask the dry run again, then for the errors of the location and of the entities."""
        answer = self._dry_run()
        if answer.status_code == HTTPStatus.BAD_REQUEST:
            return quote(answer)
        return "; ".join(dict.fromkeys([*self._status_errors(), *self._unprocessed(examined)]))

    def _dry_run(self) -> requests.Response:
        answer = self.client.send("POST", "locations", params={"dryRun": "true"}, json=self._location(), safe=True)
        if succeeded(answer) and not isinstance((object_of(answer) or {}).get("entities"), list):
            raise without("the entities that the dry run would make", answer)
        return answer

    def _examined(self, answer: requests.Response) -> Examined:
        listed = (object_of(answer) or {})["entities"]
        if not all(isinstance(entity, dict) and isinstance(entity.get("metadata"), dict) for entity in listed):
            raise without("the entities that the dry run would make", answer)
        entities = {reference(entity): entity for entity in listed}
        entities.pop(self._generated(), None)
        if not entities:
            raise BadInput(
                f"{self.file.url} holds no entity.", next_step="Write apiVersion, kind and metadata.name into the file."
            )
        return Examined(refs=tuple(entities), entities=tuple(entities.values()))

    def _refused(self, answer: requests.Response) -> Exception:
        error = self.client.refused(answer, doing=f"have {self.file.url} checked by the catalog")
        if answer.status_code != HTTPStatus.BAD_REQUEST:
            return error
        return Refused(error.message, next_step=advice_for(quote(answer)), detail=error.detail)

    def _entities(self, refs: Sequence[str]) -> Iterator[Mapping[str, Any] | None]:
        for start in range(0, len(refs), AT_ONCE):
            asked = list(refs[start : start + AT_ONCE])
            answer = self.client.send(
                "POST", "entities/by-refs", safe=True, json={"entityRefs": asked, "fields": list(SHOWN)}
            )
            if not succeeded(answer):
                raise self.client.refused(answer, doing=f"look for {asked[0]} in the catalog")
            items = (object_of(answer) or {}).get("items")
            if not isinstance(items, list) or len(items) != len(asked):
                raise without(f"the entity {asked[0]}", answer)
            yield from (item if isinstance(item, dict) else None for item in items)

    def _status_errors(self) -> Iterator[str]:
        kind, _, rest = self._generated().partition(":")
        answer = self.client.send("GET", f"entities/by-name/{kind}/{rest}")
        status = (object_of(answer) or {}).get("status") if succeeded(answer) else None
        for item in (status.get("items") if isinstance(status, dict) else None) or []:
            if isinstance(item, dict) and item.get("level") == "error":
                yield str(item.get("message") or "")

    def _unprocessed(self, examined: Examined) -> Iterator[str]:
        """Ask the module for unprocessed entities, which not every Backstage has."""
        answer = self.client.send("GET", "entities/unprocessed/failed")
        listed = (object_of(answer) or {}).get("entities") if succeeded(answer) else None
        for entity in listed if isinstance(listed, list) else ():
            if isinstance(entity, dict) and entity.get("entity_ref") in (*examined.refs, self._generated()):
                errors = entity.get("errors")
                told = errors if isinstance(errors, list) else []
                yield from (str(error.get("message")) for error in told if isinstance(error, dict))

    def _id(self, examined: Examined) -> str:
        """Give the location's id; '' where it cannot be told."""
        kind, _, rest = examined.ref.partition(":")
        parts = "/".join(urllib.parse.quote(part, safe="") for part in (kind, *rest.split("/")))
        answer = self.client.send("GET", f"locations/by-entity/{parts}")
        return str((object_of(answer) or {}).get("id") or "") if succeeded(answer) else ""

    def _location(self) -> dict[str, str]:
        return {"type": "url", "target": self.file.url}

    def _target(self) -> str:
        return f"url:{self.file.url}"

    def _generated(self) -> str:
        """Give the reference that the catalog derives from the location (locationSpecToMetadataName)."""
        import hashlib

        digest = hashlib.sha1(self._target().encode(), usedforsecurity=False).hexdigest()
        return f"location:default/generated-{digest}"


def reference(entity: Mapping[str, Any]) -> str:
    """Give the reference of an entity as Backstage writes it, kind:namespace/name in lower case."""
    metadata = entity.get("metadata")
    known = metadata if isinstance(metadata, dict) else {}
    return f"{entity.get('kind')}:{known.get('namespace') or 'default'}/{known.get('name')}".lower()


def _origin_of(entity: Mapping[str, Any]) -> str:
    annotations = (entity.get("metadata") or {}).get("annotations")
    return str(annotations.get(ORIGIN) or "") if isinstance(annotations, dict) else ""


def _told(came_from: str) -> str:
    return came_from.removeprefix("url:") or "a source that the catalog does not tell"


def _content(entity: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what comes from the file, without what the catalog adds."""
    metadata = dict(entity.get("metadata") or {})
    annotations = metadata.get("annotations")
    own = {
        name: value
        for name, value in (annotations.items() if isinstance(annotations, dict) else ())
        if not name.startswith(OF_THE_CATALOG)
    }
    kept = {name: value for name, value in metadata.items() if name not in ITS_OWN}
    return {"kind": entity.get("kind"), "spec": entity.get("spec"), "metadata": kept, "annotations": own}
