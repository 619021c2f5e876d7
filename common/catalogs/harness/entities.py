"""Harness IDP 2.0: importing an entity from git (POST /v1/entities/import, contract D.1) and finding it.

The import itself checks the file and answers at once, so its dry run is asked only when nothing may be written.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common import log
from common.catalogs import AlreadyThere, CatalogFile, Registered
from common.catalogs.entity import parse, reference
from common.catalogs.harness.answers import entity_of, part, path_of, places, refused
from common.catalogs.rules import Format
from common.errors import BadInput, Refused
from common.harness.client import PortalClient, object_of, succeeded, without
from common.network.http import quote
from common.network.repeat import Uncertain
from common.network.url import origin

if TYPE_CHECKING:
    import requests

TAKEN = re.compile(r"already (exist|present|registered|import)|duplicate", re.IGNORECASE)
NOT_FOUND = re.compile(r"not (be )?found|does ?n[o']t exist|no such", re.IGNORECASE)

# What names a file in git_details -> the form in which it is compared.
SOURCE_FORMS: dict[str, Callable[[str], str]] = {
    "repo_name": lambda name: name.strip("/").rpartition("/")[2].lower(),
    "branch_name": str,
    "file_path": lambda path: path.strip("/"),
}


@dataclass(frozen=True)
class HarnessCatalog:
    """The portal's catalog, ready to import one file."""

    file: CatalogFile
    portal: PortalClient
    import_url: str
    body: dict[str, Any]
    file_url: str

    def read(self) -> str | None:
        """Give the file as the platform sees it; a file that does not appear within the budget is refused."""
        if not self.file_url:
            log.detail("The account is not known, so the file is not read through the platform (HARNESS_ACCOUNT_ID).")
            return None
        attempts = self.portal.deadline.attempts()
        said = ""
        for _ in attempts:
            answer = self.portal.send("GET", self.file_url)
            if succeeded(answer):
                return _content(answer)
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                raise refused(answer, doing=f"read {self._where()} through the platform")
            said = quote(answer) or f"it answers {answer.status_code}"
            if answer.status_code != HTTPStatus.NOT_FOUND and not NOT_FOUND.search(said):
                log.warning(f"The platform does not show {self._where()}, so it goes unchecked: {said.rstrip('.')}.")
                return None
            attempts.failed(f"The platform does not see {self._where()} yet.")
        raise Refused(
            f"The platform did not see {self._where()}: {said.rstrip('.')}.",
            next_step="Check filePath, branch and repository, that the file was pushed, and that connectorRef"
            " reaches the repository.",
        )

    def check(self, text: str) -> str:
        """Check by what the import will make of the file. It may hold one entity."""
        entities = parse(text, what=f"The file {self._where()}", target=Format.HARNESS)
        if len(entities) > 1:
            raise BadInput(
                f"The file {self._where()} holds {len(entities)} entities, and this catalog registers one per file.",
                next_step="Put each entity into a file of its own.",
            )
        return reference(entities[0])

    def dry_run(self, text: str) -> None:
        """Ask for the dry run of creating the entity from this YAML."""
        (entity,) = parse(text, what=self.file.path)
        params = {"dry_run": "true", "convert": str(entity.format is Format.BACKSTAGE).lower()}
        params |= places(reference(entity))
        answer = self.portal.send("POST", self._entities(), params=params, json={"yaml": text})
        if not succeeded(answer):
            raise refused(answer, doing=f"have {self._where()} checked by the catalog")
        if entity_of(answer) is None:
            raise without("the entity that the dry run would make", answer)

    def find(self, ref: str) -> Registered | None:
        """Read the entity."""
        answer = self.portal.send("GET", f"{self._entities()}/{path_of(ref)}", params=places(ref))
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if not succeeded(answer):
            raise refused(answer, doing=f"look for {ref} in the catalog")
        if (entity := entity_of(answer)) is None:
            raise without(f"the entity {ref}", answer)
        return self._registered(entity)

    def register(self, ref: str) -> Registered:
        """Import the file. Without a view of it, a 404 may mean that the push has not arrived, and is asked again."""
        answer = self.portal.send("POST", self.import_url, params=places(ref), json=self.body, retry_not_found=not ref)
        if succeeded(answer):
            if (entity := entity_of(answer)) is None:
                raise Uncertain(
                    f"{origin(self.import_url)} answered {answer.status_code} to the import of {self._where()}, and"
                    " shows no entity.",
                    next_step="Run the step again: it looks at what exists first.",
                    detail=quote(answer),
                )
            return self._registered(entity)
        said = quote(answer)
        taken = answer.status_code == HTTPStatus.BAD_REQUEST and TAKEN.search(said)
        if taken or answer.status_code == HTTPStatus.CONFLICT:
            raise AlreadyThere(said)
        raise refused(answer, doing=f"register {self._where()}")

    def _entities(self) -> str:
        parts = urllib.parse.urlsplit(self.import_url)
        return urllib.parse.urlunsplit(parts._replace(path=parts.path.rstrip("/").rpartition("/")[0], query=""))

    def _where(self) -> str:
        asked = {"file_path": self.file.path, "branch_name": self.file.branch, "repo_name": self.file.repository}
        path, branch, repository = (str(self.body.get(key) or default) for key, default in asked.items())
        return f"{path} on {f'branch {branch}' if branch else 'the default branch'} of {repository}"

    def _registered(self, entity: dict[str, Any]) -> Registered:
        details = part(entity, "git_details")
        validity = part(entity, "entity_validity_details")
        reasons = validity.get("error_messages")
        told = [str(reason) for reason in reasons] if isinstance(reasons, list) else []
        return Registered(
            ref=entity["entity_ref"],
            source=_source(details),
            same=self._is_same(details) if details else entity.get("referenceType") == "GIT",
            faults=tuple(told or ["it gives no reason"]) if validity.get("is_valid") is False else (),
        )

    def _is_same(self, details: dict[str, Any]) -> bool:
        """Compare what both sides name; repo_name alone is not enough, two owners may have one of that name."""
        for name, form in SOURCE_FORMS.items():
            asked, there = self.body.get(name), details.get(name)
            if asked and there and form(str(asked)) != form(str(there)):
                return False
        there = str(details.get("repo_url") or self.file.repository_url)
        return _full_name(there) == _full_name(self.file.repository_url)


def _content(answer: requests.Response) -> str:
    content = part(object_of(answer) or {}, "data").get("fileContent")
    if not isinstance(content, str):
        raise without("the file's content", answer)
    return content


def _source(details: dict[str, Any]) -> str:
    if not details:
        return "the portal itself (it was created there, not imported from git)"
    return str(
        details.get("file_url")
        or f"{details.get('file_path')} on branch {details.get('branch_name')} of {details.get('repo_name')}"
    )


def _full_name(url: str) -> str:
    return urllib.parse.urlsplit(url).path.strip("/").removesuffix(".git").lower()
