"""Git LFS over HTTP: the batch API with the basic transfer (git-lfs-api(7)), and the objects next to the repository."""

from __future__ import annotations

import hashlib
import os
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request, send_file

from sandbox.access import json_body
from sandbox.git.smart_http import admitted

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.git.repositories import Repository
    from sandbox.service import GitHost

_JSON = "application/vnd.git-lfs+json"
_OID = re.compile(r"[0-9a-f]{64}")
_PACKS = {"download": "git-upload-pack", "upload": "git-receive-pack"}


def lfs_routes(service: str, host: GitHost) -> Blueprint:
    """Make the routes of Git LFS for a service that hosts repositories."""
    routes = Blueprint(f"{service}_lfs", __name__)

    def batch(name: str, owner: str = "") -> Response:
        body = json_body()
        operation = body.get("operation") if isinstance(body, dict) else None
        if operation not in _PACKS or not isinstance(body.get("objects"), list):
            return _message(HTTPStatus.UNPROCESSABLE_ENTITY, "operation and objects are needed.")
        repository = admitted(service, host, (owner, name), _PACKS[operation])
        if isinstance(repository, Response):
            return repository
        listed = [_offer(repository, operation, item) for item in body["objects"] if isinstance(item, dict)]
        return _answer(HTTPStatus.OK, {"transfer": "basic", "objects": listed, "hash_algo": "sha256"})

    def content(name: str, oid: str, owner: str = "") -> Response:
        operation = "download" if request.method == "GET" else "upload"
        repository = admitted(service, host, (owner, name), _PACKS[operation])
        if isinstance(repository, Response):
            return repository
        place = _place(repository, oid)
        if operation == "upload":
            return _keep(place, oid)
        if not place.is_file():
            return _message(HTTPStatus.NOT_FOUND, "Object does not exist.")
        return send_file(place, mimetype="application/octet-stream")

    for address in host.addresses:
        routes.add_url_rule(f"{address}/info/lfs/objects/batch", view_func=batch, methods=["POST"])
        routes.add_url_rule(f"{address}/info/lfs/objects/<oid>", view_func=content, methods=["GET", "PUT"])
    return routes


def _offer(repository: Repository, operation: str, item: dict[str, Any]) -> dict[str, Any]:
    """Say where an object is to be got or put; nothing for one that is there and is to be put."""
    oid, size = str(item.get("oid")), item.get("size")
    offer: dict[str, Any] = {"oid": oid, "size": size, "authenticated": False}
    is_there = _place(repository, oid).is_file()
    if not _OID.fullmatch(oid) or (operation == "download" and not is_there):
        return offer | {"error": {"code": HTTPStatus.NOT_FOUND, "message": "Object does not exist"}}
    if operation == "upload" and is_there:
        return offer
    href = f"{request.base_url.removesuffix('/batch')}/{oid}"
    return offer | {"actions": {operation: {"href": href}}}


def _place(repository: Repository, oid: str) -> Path:
    """Give where git-lfs itself would keep an object; a name that is no hash leads to a file that is never there."""
    known = oid if _OID.fullmatch(oid) else "0"
    return repository.folder / "lfs" / "objects" / known[:2] / known[2:4] / known


def _keep(place: Path, oid: str) -> Response:
    data = request.get_data()
    if hashlib.sha256(data).hexdigest() != oid:
        return _message(HTTPStatus.UNPROCESSABLE_ENTITY, "The content is not that of the object.")
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{oid}.{os.urandom(4).hex()}")
    part.write_bytes(data)
    part.replace(place)
    return Response("", HTTPStatus.OK)


def _message(status: HTTPStatus, text: str) -> Response:
    return _answer(status, {"message": text})


def _answer(status: HTTPStatus, body: dict[str, Any]) -> Response:
    import json

    return Response(json.dumps(body), status, content_type=_JSON)
