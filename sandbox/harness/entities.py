"""Harness IDP 2.0: entities (/v1/entities): their import from git, and reading a file of a branch before that."""

from __future__ import annotations

import contextlib
import re
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from flask import jsonify, request

from sandbox.access import current_state
from sandbox.catalog import entities, properties
from sandbox.catalog.entities import Entity
from sandbox.git import bare, repositories
from sandbox.harness.api import check_caller, flag, part, read_body, refuse, stop, text

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository

entity_routes = part("harness_entities")
_LARGEST_PAGE = 100


def answer(entity: Entity) -> dict[str, Any]:
    """Return an EntityResponse; custom properties show in its fields, and its `yaml` is what was registered."""
    with current_state().database() as database:
        document = properties.overlaid(database, entity)
    metadata, spec = document.get("metadata") or {}, document.get("spec") or {}
    places = entity.scope.split(".")[1:]
    levels = ("ACCOUNT", "ORGANIZATION", "PROJECT")
    optional = {
        "orgIdentifier": places[0] if places else None,
        "projectIdentifier": places[1] if len(places) > 1 else None,
        "type": document.get("type"),
        "description": metadata.get("description"),
        "owner": document.get("owner"),
        "lifecycle": spec.get("lifecycle"),
        "tags": metadata.get("tags"),
        "git_details": entity.git_details,
    }
    return {
        "identifier": entity.identifier,
        "entity_ref": entity.ref,
        "scope": levels[len(places)],
        "kind": entity.kind,
        "name": str(document.get("name") or entity.identifier),
        "referenceType": "GIT" if entity.git_details else "INLINE",
        "created": entity.created,
        "updated": entity.updated,
        "metadata": metadata,
        "spec": spec,
        "relations": {},
        "entity_validity_details": _validity(entity),
        "scorecards": {"average": 0, "scores": []},
        "status": [],
        "starred": False,
        "yaml": entity.yaml,
        **{key: value for key, value in optional.items() if value is not None},
    }


def _validity(entity: Entity) -> dict[str, Any]:
    """Tell what is wrong with the file as it is now: the portal follows the branch. One that is gone stays valid."""
    details, faults = entity.git_details or {}, []
    found = repositories.find_all(current_state(), name=str(details.get("repo_name", ""))) if details else []
    for hosted in found[:1]:
        if hosted.pushed_at * 1000 < entity.updated:
            continue  # nothing was pushed since it was read
        try:
            commit = bare.branches(hosted.folder)[str(details.get("branch_name"))]
            blob = bare.entry(hosted.folder, commit, str(details.get("file_path"))).sha
            if blob != details.get("object_id"):
                entities.parse(bare.read(hosted.folder, blob).decode(), convert=True)
        except (bare.NoSuchObject, KeyError):
            continue
        except (entities.InvalidEntity, UnicodeDecodeError) as error:
            faults.append(str(error))
    return {"is_valid": not faults, "error_messages": faults}


def _parse(yaml_text: str, *, convert: bool) -> Entity:
    organization, project = request.args.get("orgIdentifier"), request.args.get("projectIdentifier")
    try:
        return entities.parse(yaml_text, convert=convert, organization=organization, project=project)
    except entities.InvalidEntity as error:
        refuse(str(error))


def _add(entity: Entity) -> ResponseReturnValue:
    try:
        return jsonify(answer(entities.add(current_state(), entity))), 201
    except entities.EntityExists:
        stop(409, "DUPLICATE_FIELD", f"Entity {entity.ref} already exists.")


def _repository(name: str, *, harness_code: bool) -> Repository:
    """By the name, with as much of its owner in front as a connector leaves open; then the newest of that name.

    Harness Code's own are asked for without a connector, `account.` or `org.` before those that are in no project.
    """
    wanted = name.strip("/").removesuffix(".git").lower()
    short = wanted.rpartition("/")[2]
    host = "harness" if harness_code else None
    if harness_code:
        short = re.sub(r"^(account|org)\.", "", short)
        wanted = short
    hosted = repositories.find_all(current_state(), host=host, name=short)
    found = [one for one in hosted if f"/{one.full_name}".lower().endswith(f"/{wanted}")]
    if not found:
        stop(
            404, "RESOURCE_NOT_FOUND", f"Repository {name} was not found. Check the connector and the repository name."
        )
    return found[0]


@dataclass(frozen=True)
class GitFile:
    """A file of a commit on a branch; `blob` is the id of its content."""

    hosted: Repository
    branch: str
    path: str
    commit: str
    blob: str

    def details(self, connector: str) -> dict[str, Any]:
        """Tell where the file is, as an EntityResponse does."""
        host = current_state().git_host(self.hosted.host)
        base, place = request.url_root.rstrip("/"), (self.hosted.owner, self.hosted.name)
        return {
            "store_type": "REMOTE",
            "connector_ref": connector,
            "repo_name": self.hosted.name,
            "repo_url": urljoin(base, host.web_address(*place)),
            "branch_name": self.branch,
            "base_branch": self.hosted.default_branch,
            "file_path": self.path,
            "file_url": urljoin(base, host.file_path(*place, branch=self.branch, path=self.path)),
            "object_id": self.blob,
            "commit_id": self.commit,
            "is_harness_code_repo": self.hosted.host == "harness",
        }


def _read_file(name: str, branch: str, path: str, *, harness_code: bool) -> tuple[GitFile, str]:
    """Read a file; without a branch that of the default branch (the descriptions require none)."""
    hosted, path = _repository(name, harness_code=harness_code), path.strip("/")
    branch = branch or hosted.default_branch
    commit = bare.branches(hosted.folder).get(branch)
    if commit is None:
        stop(404, "RESOURCE_NOT_FOUND", f"Branch {branch} was not found in repository {hosted.full_name}.")
    try:
        found = bare.entry(hosted.folder, commit, path)
        content = bare.read(hosted.folder, found.sha)
    except bare.NoSuchObject:
        stop(404, "RESOURCE_NOT_FOUND", f"File {path} was not found on branch {branch} of {hosted.full_name}.")
    try:
        return GitFile(hosted, branch, path, commit, found.sha), content.decode()
    except UnicodeDecodeError:
        refuse(f"File {path} is not UTF-8 text.")


@entity_routes.post("/v1/entities/import")
def import_entity() -> ResponseReturnValue:
    check_caller(write=True)
    body = read_body()
    harness_code = body.get("is_harness_code_repo") is True
    connector = "" if harness_code else text(body, "connector_ref")
    name, path = (text(body, key) for key in ("repo_name", "file_path"))
    branch = text(body, "branch_name") if body.get("branch_name") else ""
    file, content = _read_file(name, branch, path, harness_code=harness_code)
    return _add(replace(_parse(content, convert=True), git_details=file.details(connector)))


@entity_routes.post("/v1/entities")
def create_entity() -> ResponseReturnValue:
    check_caller(write=True)
    body = read_body()
    entity = _parse(text(body, "yaml"), convert=flag("convert"))
    if body.get("git_details"):
        refuse("git_details: the sandbox keeps such an entity inline only. Push its file, and import it.")
    if entities.exists(current_state(), entity):
        stop(409, "DUPLICATE_FIELD", f"Entity {entity.ref} already exists.")
    return (jsonify(answer(entity)), 201) if flag("dry_run") else _add(entity)


@entity_routes.get("/v1/entities")
def list_entities() -> ResponseReturnValue:
    check_caller()
    page, limit = (request.args.get(name, default, type=int) for name, default in (("page", 0), ("limit", 10)))
    if not 0 < limit <= _LARGEST_PAGE:
        refuse(f"limit must be between 1 and {_LARGEST_PAGE}.")
    found = _asked_for() if "entity_refs" in request.args else entities.every(current_state())
    shown = [answer(entity) for entity in found[page * limit : (page + 1) * limit]]
    headers = {"X-Total-Elements": str(len(found)), "X-Page-Number": str(page), "X-Page-Size": str(len(shown))}
    return jsonify(shown), 200, headers


def _asked_for() -> list[Entity]:
    """Give the entities that the query names, without those that are not there."""
    found = []
    for ref in ",".join(request.args.getlist("entity_refs")).split(","):
        with contextlib.suppress(entities.NoSuchEntity):
            found.append(entities.by_ref(current_state(), ref.strip()))
    return found


@entity_routes.get("/v1/entities/<scope>/<kind>/<identifier>")
def read_entity(scope: str, kind: str, identifier: str) -> ResponseReturnValue:
    check_caller()
    return jsonify(answer(_get(scope, kind, identifier)))


@entity_routes.delete("/v1/entities/<scope>/<kind>/<identifier>")
def delete_entity(scope: str, kind: str, identifier: str) -> ResponseReturnValue:
    check_caller(write=True)
    entities.remove(current_state(), _get(scope, kind, identifier))
    return "", 204


def _get(scope: str, kind: str, identifier: str) -> Entity:
    places = (request.args.get("orgIdentifier"), request.args.get("projectIdentifier"))
    if scope == "account" and any(places):
        scope = ".".join(["account", *(place for place in places if place)])
    try:
        return entities.get(current_state(), scope, kind, identifier)
    except entities.NoSuchEntity as error:
        stop(404, "RESOURCE_NOT_FOUND", f"Entity {error} was not found.")


@entity_routes.get("/ng/api/scm/get-file-by-branch")
def file_of_branch() -> ResponseReturnValue:
    check_caller()
    values = dict(request.args.items())
    name, path = (text(values, key) for key in ("repoName", "filePath"))
    file, content = _read_file(name, values.get("branch", ""), path, harness_code=not values.get("connectorRef"))
    found = {"fileContent": content, "commitId": file.commit, "blobId": file.blob}
    return jsonify({"status": "SUCCESS", "data": found, "metaData": None, "correlationId": str(uuid.uuid4())})
