"""Harness IDP 2.0: importing an entity from git (POST /v1/entities/import, contract D.1) and finding it.

The import itself checks the file and answers at once, so its dry run is asked only when nothing may be written.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common import log
from common.catalogs import AlreadyThere, CatalogFile, Examined, NotThere, Registered
from common.catalogs.entity import parse, reference
from common.catalogs.harness import listing
from common.catalogs.harness.answers import entity_of, list_of, part, path_of, places, refused
from common.catalogs.properties import canonical
from common.catalogs.words import Format
from common.errors import BadInput, Refused
from common.harness.client import PortalClient, without
from common.network.answer import object_of, succeeded
from common.network.http import quote
from common.network.repeat import Uncertain
from common.network.url import origin

if TYPE_CHECKING:
    import requests

    from common.catalogs import Listed

TAKEN = re.compile(r"already (exist|present|registered|import)|duplicate", re.IGNORECASE)
MOST_PAGES = 200
KEPT = ("entity_ref", "git_details", "entity_validity_details")  # of what was looked through
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
    listed: Listed = field(default_factory=dict)

    @property
    def wanted(self) -> str:
        """The file's page, or what BODY names when that is another file: it is what the import goes by."""
        return f"{self._where()}, as BODY says" if self._is_another() else self.file.url

    def examine(self) -> Examined:
        """Check the file, as the platform sees it, by what the import will make of it. It may hold one entity."""
        if self._is_another():
            log.warning(f"BODY names {self._where()}, and the other inputs {self.file.url}; BODY counts.")
        text = self._read()
        if text is None:
            return Examined()
        entities = parse(text, what=f"The file {self._where()}", target=Format.HARNESS)
        if len(entities) > 1:
            raise BadInput(
                f"The file {self._where()} holds {len(entities)} entities, and this catalog registers one per file.",
                next_step="Put each entity into a file of its own.",
            )
        for warning in entities[0].warnings:
            log.warning(f"The file {self._where()}, {warning.rstrip('.')}.")
        return Examined(refs=(reference(entities[0]),), text=text)

    def _read(self) -> str | None:
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
            if not self.file.fresh:
                raise NotThere(f"The platform sees no {self._where()}: {said.rstrip('.')}.")
            attempts.failed(f"The platform does not see {self._where()} yet.")
        raise Refused(
            f"The platform did not see {self._where()}: {said.rstrip('.')}.",
            next_step="Check filePath, branch and repository, that the file was pushed, and that connectorRef"
            " reaches the repository.",
        )

    def dry_run(self, examined: Examined) -> None:
        """Ask for the dry run of creating the entity from this YAML."""
        text = examined.text
        (entity,) = parse(text, what=self.file.path)
        params = {"dry_run": "true", "convert": str(entity.format is Format.BACKSTAGE).lower()}
        params |= places(reference(entity))
        answer = self.portal.send("POST", self._entities(), params=params, json={"yaml": text}, safe=True)
        if not succeeded(answer):
            raise refused(answer, doing=f"have {self._where()} checked by the catalog")
        if entity_of(answer) is None:
            raise without("the entity that the dry run would make", answer)

    def find(self, examined: Examined) -> Registered | None:
        """Read the entity; by where it came from, when nothing shows the file."""
        if examined.refs:
            return self.judged(examined, self.shown(examined.refs))
        return self.known() or self._of_this_file(self._looked_through())

    def shown(self, refs: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Read the entities: one by its address, many from lists. What a list does not tell all of is read again."""
        if len(refs) == 1:
            read = self._entity(refs[0])
            return {} if read is None else {refs[0]: read}
        shown: dict[str, Mapping[str, Any]] = {}
        for page in listing.pages(refs):
            found = listing.read_page(self.portal, self._entities(), page)
            for ref in page:
                entity: Mapping[str, Any] | None = found.get(canonical(ref))
                if entity is not None and not part(entity, "git_details").get("file_path"):
                    entity = self._entity(ref)
                shown |= {} if entity is None else {ref: entity}
        return shown

    def judged(self, examined: Examined, shown: Mapping[str, Mapping[str, Any]]) -> Registered | None:
        """Tell what the entity is, and whether it came from this file."""
        entity = shown.get(examined.ref)
        return None if entity is None else self._registered(entity)

    def known(self) -> Registered | None:
        """Look for what was imported from this file in what one file had read for all."""
        listed = self.listed.get(self._entities())
        return self._of_this_file(self._looked_through() if listed is None else listed)

    def happened(self, examined: Examined) -> str | None:
        """Look for the entity."""
        found = self.find(examined)
        return None if found is None else found.ref

    def refresh(self, examined: Examined) -> bool:  # noqa: ARG002 - the platform follows the branch by itself
        """Say that an import is followed up by the platform alone."""
        return False

    def reason(self, examined: Examined) -> str:  # noqa: ARG002 - the import itself checks the file
        """Say nothing: an import that succeeded found nothing wrong."""
        return ""

    def _entity(self, ref: str) -> Mapping[str, Any] | None:
        answer = self.portal.send("GET", f"{self._entities()}/{path_of(ref)}", params=places(ref))
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if not succeeded(answer):
            raise refused(answer, doing=f"look for {ref} in the catalog")
        if (entity := entity_of(answer)) is None:
            raise without(f"the entity {ref}", answer)
        return entity

    def _of_this_file(self, listed: Sequence[Mapping[str, Any]]) -> Registered | None:
        found = (entity for entity in listed if self._is_same(part(entity, "git_details")))
        return next((self._registered(entity) for entity in found), None)

    def _looked_through(self) -> Sequence[Mapping[str, Any]]:
        """Read all entities of the account, and keep of those from git what tells where they came from."""
        found = self.listed[self._entities()] = list(self._all_from_git())
        return found

    def _all_from_git(self) -> Iterator[Mapping[str, Any]]:
        for page in range(MOST_PAGES):
            answer = self.portal.send(
                "GET", self._entities(), params={"page": str(page), "limit": str(listing.PER_PAGE)}
            )
            if not succeeded(answer):
                raise refused(answer, doing=f"look for the entity of {self._where()} in the catalog")
            listed = list_of(answer)
            if listed is None:
                raise without("the list of its entities", answer)
            for entity in listed:
                if part(entity, "git_details").get("file_path") and isinstance(entity.get("entity_ref"), str):
                    yield {name: entity.get(name) for name in KEPT}
            if len(listed) < listing.PER_PAGE:
                break

    def register(self, examined: Examined) -> str:
        """Import the file. Without a view of it, a 404 may mean that the push has not arrived, and is asked again."""
        ref, blind = examined.ref, not examined.refs
        answer = self.portal.send(
            "POST",
            self.import_url,
            params=places(ref),
            json=self.body,
            retry_not_found=blind and self.file.fresh,
        )
        if succeeded(answer):
            if (entity := entity_of(answer)) is None:
                raise Uncertain(
                    f"{origin(self.import_url)} answered {answer.status_code} to the import of {self._where()}, and"
                    " shows no entity.",
                    next_step="Run the step again: it looks at what exists first.",
                    detail=quote(answer),
                )
            return str(entity["entity_ref"])
        said = quote(answer)
        taken = answer.status_code == HTTPStatus.BAD_REQUEST and TAKEN.search(said)
        if taken or answer.status_code == HTTPStatus.CONFLICT:
            raise AlreadyThere(said)
        if blind and answer.status_code == HTTPStatus.NOT_FOUND and not self.file.fresh:
            raise NotThere(f"The platform sees no {self._where()}: {said.rstrip('.')}.")
        raise refused(answer, doing=f"register {self._where()}")

    def _entities(self) -> str:
        parts = urllib.parse.urlsplit(self.import_url)
        return urllib.parse.urlunsplit(parts._replace(path=parts.path.rstrip("/").rpartition("/")[0], query=""))

    def _is_another(self) -> bool:
        """Tell whether BODY names another file than the inputs do."""
        named = {"file_path": self.file.path, "branch_name": self.file.branch, "repo_name": self.file.repository}
        for name, form in SOURCE_FORMS.items():
            asked, said = self.body.get(name), named[name]
            if asked and said and form(str(asked)) != form(said):
                return True
        return False

    def _where(self) -> str:
        asked = {"file_path": self.file.path, "branch_name": self.file.branch, "repo_name": self.file.repository}
        path, branch, repository = (str(self.body.get(key) or default) for key, default in asked.items())
        return f"{path} on {f'branch {branch}' if branch else 'the default branch'} of {repository}"

    def _registered(self, entity: Mapping[str, Any]) -> Registered:
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
