"""Orphans and errors of Harness IDP 2.0: entities from git whose file is gone, and those that it finds invalid."""

from __future__ import annotations

import contextlib
import functools
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from common.catalogs.harness.answers import entity_of, list_of, part, path_of, places, refused
from common.catalogs.harness.entities import NOT_FOUND
from common.catalogs.harness.listing import PER_PAGE
from common.catalogs.tidying import ERRORS, GONE, Found, Unread, counted, each_once
from common.errors import Refused, StepError
from common.harness.client import PortalClient, without
from common.network.answer import object_of, succeeded
from common.network.deadline import Deadline
from common.network.http import quote
from common.network.together import tried

TOTAL = "X-Total-Elements"  # a page may be shorter than was asked for
NO_CONNECTOR = re.compile(r"connector\b[^.]*\b(not (be )?found|does ?n[o']t exist|invalid|disabled)", re.IGNORECASE)


@dataclass(frozen=True)
class HarnessTidied:
    """The portal's catalog of an account."""

    portal: PortalClient
    base: str
    account: str

    def orphans(self) -> Iterator[Found | Unread]:
        """Give the entities from git whose file the platform does not find: each is asked for, some at a time."""
        for page in counted(self._pages()):
            from_git = [entity for entity in page if _is_from_git(entity)]
            told = {
                one.piece: one.result for one in tried(range(len(from_git)), functools.partial(self._worker, from_git))
            }
            for number, entity in enumerate(from_git):
                try:
                    reason = self.gone(entity) if (found := told[number]) is None else found
                except StepError as error:
                    yield Unread(str(entity.get("entity_ref")), error)
                else:
                    yield from [_found(entity, reason)] if reason else []

    def errors(self) -> Iterator[Found | Unread]:
        """Give the entities that the portal finds invalid."""
        for entity in itertools.chain.from_iterable(counted(self._pages())):
            if reason := _fault(entity):
                yield _found(entity, reason)

    def still(self, found: Found, what: str) -> bool | None:
        """Look again whether the file is gone, or the entity invalid."""
        url = f"{self.base}/gateway/v1/entities/{path_of(found.handle)}"
        answer = self.portal.send("GET", url, params=places(found.handle))
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if not succeeded(answer):
            raise refused(answer, doing=f"look for {found.ref} in the catalog")
        if (entity := entity_of(answer)) is None:
            raise without(f"the entity {found.ref}", answer)
        if what == ERRORS:
            return bool(_fault(entity))
        return _is_from_git(entity) and bool(self.gone(entity))

    def delete(self, found: Found) -> None:
        """Delete the entity; its file, if there is one, stays."""
        url = f"{self.base}/gateway/v1/entities/{path_of(found.handle)}"
        answer = self.portal.send("DELETE", url, params=places(found.handle), safe=True)
        if answer.status_code in GONE:
            return
        if succeeded(answer):
            raise without(f"word that {found.ref} is deleted", answer)
        raise refused(answer, doing=f"delete {found.ref}")

    def _worker(self, entities: Sequence[dict[str, Any]]) -> Callable[[int], str | None]:
        """Give what asks for the file of one of them, with connections of its own and one try each; None on failure."""
        portal = PortalClient(self.portal.access, self.portal.network, Deadline(retry_seconds=0))
        own = replace(self, portal=portal)

        def once(number: int) -> str | None:
            with contextlib.suppress(StepError):  # which is asked for again by the main thread
                return own.gone(entities[number])
            return None

        return once

    def gone(self, entity: dict[str, Any]) -> str:
        """Tell that the file is gone, in the platform's words; '' while it is there."""
        details = part(entity, "git_details")
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
        if NO_CONNECTOR.search(said):
            raise Refused(
                f"Whether {details.get('file_path')} of {details.get('repo_name')} is there cannot be told:"
                f" {said.rstrip('.')}.",
                next_step=f"Mend the connector {details.get('connector_ref')}, or delete the entity in the portal.",
            )
        if answer.status_code == HTTPStatus.NOT_FOUND or NOT_FOUND.search(said):
            return said or "its file was not found"
        raise refused(answer, doing=f"look for the file {details.get('file_path')} of {details.get('repo_name')}")

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        return each_once(self._read_pages(), lambda entity: str(entity["entity_ref"]))

    def _read_pages(self) -> Iterator[tuple[list[dict[str, Any]], int | None]]:
        read = 0
        for page in itertools.count():
            query = {"page": str(page), "limit": str(PER_PAGE)}
            answer = self.portal.send("GET", f"{self.base}/gateway/v1/entities", params=query)
            if not succeeded(answer):
                raise refused(answer, doing="look through the entities of the catalog")
            listed = list_of(answer)
            if listed is None or not all(isinstance(entity.get("entity_ref"), str) for entity in listed):
                raise without("the list of its entities", answer)
            read += len(listed)
            said = answer.headers.get(TOTAL, "")
            total = int(said) if said.isdecimal() and int(said) >= read else None
            yield listed, total
            if not listed or (len(listed) < PER_PAGE if total is None else read >= total):
                return


def _is_from_git(entity: dict[str, Any]) -> bool:
    return bool(part(entity, "git_details").get("file_path"))


def _fault(entity: dict[str, Any]) -> str:
    """Give what the portal finds invalid; '' for nothing."""
    validity = part(entity, "entity_validity_details")
    if validity.get("is_valid") is not False:
        return ""
    told = validity.get("error_messages")
    reasons = [str(reason) for reason in told] if isinstance(told, list) else []
    return "; ".join(reasons) or "the portal gives no reason"


def _found(entity: dict[str, Any], told: str) -> Found:
    details = part(entity, "git_details")
    ref = str(entity.get("entity_ref"))
    return Found(ref, str(details.get("file_url") or details.get("file_path") or ""), told, ref)
