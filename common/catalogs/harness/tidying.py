"""Orphans and errors of Harness IDP 2.0: entities from git whose file is gone, and those that it finds invalid."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from common.catalogs.harness.answers import list_of, part, path_of, places, refused
from common.catalogs.harness.entities import NOT_FOUND
from common.catalogs.harness.listing import PER_PAGE
from common.catalogs.tidying import DELETED, Found
from common.harness.client import PortalClient, without
from common.network.answer import object_of, succeeded
from common.network.http import quote


@dataclass(frozen=True)
class HarnessTidied:
    """The portal's catalog of an account."""

    portal: PortalClient
    base: str
    account: str

    def orphans(self) -> Iterator[Found]:
        """Give the entities from git whose file the platform does not find; each is asked for by itself."""
        for entity in self._entities():
            details = part(entity, "git_details")
            if details.get("file_path") and (told := self._gone(details)):
                yield _found(entity, told)

    def errors(self) -> Iterator[Found]:
        """Give the entities that the portal finds invalid."""
        for entity in self._entities():
            validity = part(entity, "entity_validity_details")
            if validity.get("is_valid") is False:
                told = validity.get("error_messages")
                reasons = [str(reason) for reason in told] if isinstance(told, list) else []
                yield _found(entity, "; ".join(reasons) or "the portal gives no reason")

    def delete(self, found: Found) -> None:
        """Delete the entity; its file, if there is one, stays."""
        url = f"{self.base}/gateway/v1/entities/{path_of(found.handle)}"
        answer = self.portal.send("DELETE", url, params=places(found.handle), safe=True)
        if answer.status_code in DELETED:
            return
        if succeeded(answer):
            raise without(f"word that {found.ref} is deleted", answer)
        raise refused(answer, doing=f"delete {found.ref}")

    def _gone(self, details: dict[str, Any]) -> str:
        """Tell that the file is gone, in the platform's words; '' while it is there, or cannot be told."""
        asked = {
            "accountIdentifier": self.account,
            "connectorRef": details.get("connector_ref"),
            "repoName": details.get("repo_name"),
            "branch": details.get("branch_name"),
            "filePath": details.get("file_path"),
        }
        query = {name: str(value) for name, value in asked.items() if value}
        answer = self.portal.send("GET", f"{self.base}/gateway/ng/api/scm/get-file-by-branch", params=query)
        if succeeded(answer):
            if not part(object_of(answer) or {}, "data"):
                raise without("the file that was asked for", answer)
            return ""
        said = quote(answer)
        if answer.status_code == HTTPStatus.NOT_FOUND or NOT_FOUND.search(said):
            return said or "its file was not found"
        raise refused(answer, doing=f"look for the file {details.get('file_path')} of {details.get('repo_name')}")

    def _entities(self) -> Iterator[dict[str, Any]]:
        for page in itertools.count():
            query = {"page": str(page), "limit": str(PER_PAGE)}
            answer = self.portal.send("GET", f"{self.base}/gateway/v1/entities", params=query)
            if not succeeded(answer):
                raise refused(answer, doing="look through the entities of the catalog")
            if (listed := list_of(answer)) is None:
                raise without("the list of its entities", answer)
            yield from listed
            if len(listed) < PER_PAGE:
                return


def _found(entity: dict[str, Any], told: str) -> Found:
    details = part(entity, "git_details")
    ref = str(entity.get("entity_ref"))
    return Found(ref, str(details.get("file_url") or details.get("file_path") or ""), told, ref)
