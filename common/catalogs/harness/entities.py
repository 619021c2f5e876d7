"""Harness IDP 2.0: importing an entity from git (POST /v1/entities/import, contract D.1) and finding it.

The import itself checks the file and answers at once, so its dry run is asked only when nothing may be written.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common import log
from common.catalogs import AlreadyThere, CatalogFile, Registered
from common.catalogs.entity import Format, parse
from common.errors import BadInput, Refused
from common.harness.client import PortalClient, RegistrationOptions, body_of, given_body, refused, succeeded
from common.network.deadline import Deadline
from common.network.http import quote
from common.network.settings import Network
from common.network.url import origin

if TYPE_CHECKING:
    import requests

KINDS = {"template": "workflow"}  # kinds of IDP 1.0 that are called otherwise in 2.0
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
        """Check the file offline. A file may hold one entity; one of IDP 1.0 becomes an entity of the account."""
        entities = parse(text, what=f"The file {self._where()}")
        if len(entities) > 1:
            raise BadInput(
                f"The file {self._where()} holds {len(entities)} entities, and this catalog registers one per file.",
                next_step="Put each entity into a file of its own.",
            )
        (entity,) = entities
        if entity.format is Format.HARNESS:
            return entity.ref
        kind = entity.kind.lower()
        return f"{KINDS.get(kind, kind)}:account/{entity.name}"

    def dry_run(self, text: str) -> None:
        """Ask for the dry run of creating the entity from this YAML."""
        (entity,) = parse(text, what=self.file.path)
        params = {"dry_run": "true", "convert": str(entity.format is Format.BACKSTAGE).lower()}
        params |= _places(entity.scope) if entity.format is Format.HARNESS else {}
        answer = self.portal.send("POST", self._entities(), params=params, json={"yaml": text})
        if not succeeded(answer):
            raise refused(answer, doing=f"have {self._where()} checked by the catalog")

    def find(self, ref: str) -> Registered | None:
        """Read the entity."""
        kind, _, rest = ref.partition(":")
        scope, _, name = rest.rpartition("/")
        path = "/".join(urllib.parse.quote(part, safe="") for part in (scope, kind, name))
        answer = self.portal.send("GET", f"{self._entities()}/{path}", params=_places(scope))
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if not succeeded(answer):
            raise refused(answer, doing=f"look for {ref} in the catalog")
        return self._registered(answer)

    def register(self, ref: str) -> Registered:
        """Import the file. Without a view of it, a 404 may mean that the push has not arrived, and is asked again."""
        params = _places(ref.partition(":")[2].rpartition("/")[0])
        answer = self.portal.send("POST", self.import_url, params=params, json=self.body, retry_not_found=not ref)
        if succeeded(answer):
            return self._registered(answer)
        said = quote(answer)
        taken = answer.status_code == HTTPStatus.BAD_REQUEST and TAKEN.search(said)
        if taken or answer.status_code == HTTPStatus.CONFLICT:
            raise AlreadyThere(said.rstrip("."))
        raise refused(answer, doing=f"register {self._where()}")

    def _entities(self) -> str:
        parts = urllib.parse.urlsplit(self.import_url)
        return urllib.parse.urlunsplit(parts._replace(path=parts.path.rstrip("/").rpartition("/")[0], query=""))

    def _where(self) -> str:
        asked = {"file_path": self.file.path, "branch_name": self.file.branch, "repo_name": self.file.repository}
        path, branch, repository = (str(self.body.get(key) or default) for key, default in asked.items())
        return f"{path} on {f'branch {branch}' if branch else 'the default branch'} of {repository}"

    def _registered(self, answer: requests.Response) -> Registered:
        body = body_of(answer)
        details = body.get("git_details") or {}
        validity = body.get("entity_validity_details") or {}
        reasons = validity.get("error_messages") or ["it gives no reason"]
        return Registered(
            ref=str(body.get("entity_ref", "")),
            source=_source(details),
            same=self._is_same(details) if details else body.get("referenceType") == "GIT",
            faults=tuple(reasons) if validity.get("is_valid") is False else (),
        )

    def _is_same(self, details: dict[str, Any]) -> bool:
        """Compare what both sides name; repo_name alone is not enough, two owners may have one of that name."""
        for name, form in SOURCE_FORMS.items():
            asked, there = self.body.get(name), details.get(name)
            if asked and there and form(str(asked)) != form(str(there)):
                return False
        there = str(details.get("repo_url") or self.file.repository_url)
        return _full_name(there) == _full_name(self.file.repository_url)


def open_catalog(
    file: CatalogFile, options: RegistrationOptions, *, network: Network, deadline: Deadline
) -> HarnessCatalog:
    """Make ready to import the file: with what the platform gave, else with what follows from the inputs."""
    portal = options.access.portal
    body = given_body(options.body) if options.import_url and options.body else _made_body(file)
    return HarnessCatalog(
        file=file,
        portal=PortalClient(options.access, network, deadline),
        import_url=options.import_url or f"{portal.base}/gateway/v1/entities/import",
        body=body,
        file_url=options.file_url or _made_file_url(body, options),
    )


def _made_body(file: CatalogFile) -> dict[str, Any]:
    if not file.connector:
        raise BadInput(
            "The portal reads the file through one of its own connectors, and none is named.",
            next_step="Set connectorRef (--connector-ref or PLUGIN_CONNECTOR_REF), as in account.github.",
        )
    return {
        "connector_ref": file.connector,
        "repo_name": file.repository,
        **({"branch_name": file.branch} if file.branch else {}),
        "file_path": file.path,
        "is_harness_code_repo": False,
    }


def _made_file_url(body: Mapping[str, Any], options: RegistrationOptions) -> str:
    """Give '' for a connector of an organization or project: that needs identifiers which only the platform knows."""
    portal = options.access.portal
    connector = str(body.get("connector_ref", ""))
    if not portal.account or not connector.startswith("account."):
        return ""
    asked = {
        "accountIdentifier": portal.account,
        "connectorRef": connector,
        "repoName": body.get("repo_name"),
        "branch": body.get("branch_name"),
        "filePath": body.get("file_path"),
    }
    query = urllib.parse.urlencode({name: value for name, value in asked.items() if value})
    base = origin(options.import_url) if options.import_url else portal.base
    return f"{base}/gateway/ng/api/scm/get-file-by-branch?{query}"


def _content(answer: requests.Response) -> str:
    found = body_of(answer).get("data")
    if not isinstance(found, dict) or not isinstance(found.get("fileContent"), str):
        raise Refused(f"The platform answered without the file's content: {quote(answer).rstrip('.')}.")
    return str(found["fileContent"])


def _places(scope: str) -> dict[str, str]:
    """Give the query that says where an entity of this scope lives."""
    return dict(zip(("orgIdentifier", "projectIdentifier"), scope.split(".")[1:], strict=False))


def _source(details: dict[str, Any]) -> str:
    if not details:
        return "the portal itself (it was created there, not imported from git)"
    return str(
        details.get("file_url")
        or f"{details.get('file_path')} on branch {details.get('branch_name')} of {details.get('repo_name')}"
    )


def _full_name(url: str) -> str:
    return urllib.parse.urlsplit(url).path.strip("/").removesuffix(".git").lower()
