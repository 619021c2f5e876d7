"""Git LFS for every git host: the batch API, and the objects beside their repository, as the hosts have them.

Protocol: git-lfs, docs/api/batch.md and docs/api/basic-transfers.md. An object is kept by the SHA-256 of its content.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request, send_file

from sandbox.access import asked_url, json_body
from sandbox.git.admission import Refused, admitted

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.git.repositories import Repository
    from sandbox.service import GitHost

_TYPE = "application/vnd.git-lfs+json"
_OID = re.compile(r"[0-9a-f]{64}")
_BLOCK = 256 * 1024
_OPERATIONS = ("download", "upload")


def add_lfs(routes: Blueprint, service: str, host: GitHost) -> None:
    """Add the addresses of Git LFS to those of git."""

    def batch(name: str, owner: str = "") -> Response:
        asked = json_body()
        if not isinstance(asked, dict) or asked.get("operation") not in _OPERATIONS:
            return _said(422, "The request names no operation.")
        try:
            repository = admitted(service, host, (owner, name), writes=asked["operation"] == "upload")
        except Refused as refused:
            return _refusal(host, refused)
        objects = [_described(repository, wanted, asked["operation"]) for wanted in asked.get("objects", [])]
        return _answer({"transfer": "basic", "objects": objects, "hash_algo": "sha256"})

    def upload(name: str, oid: str, owner: str = "") -> Response:
        try:
            repository = admitted(service, host, (owner, name), writes=True)
        except Refused as refused:
            return _refusal(host, refused)
        return _kept(_place(repository, oid), oid)

    def download(name: str, oid: str, owner: str = "") -> Response:
        try:
            repository = admitted(service, host, (owner, name), writes=False)
        except Refused as refused:
            return _refusal(host, refused)
        place = _place(repository, oid)
        if not place.is_file():
            return _said(404, "Object does not exist")
        return send_file(place, mimetype="application/octet-stream")

    for address in host.addresses:
        routes.add_url_rule(f"{address}/info/lfs/objects/batch", view_func=batch, methods=["POST"])
        objects = f"{address}/info/lfs/objects/<oid>"
        routes.add_url_rule(objects, view_func=upload, methods=["PUT"])
        routes.add_url_rule(objects, view_func=download, methods=["GET"])


def _described(repository: Repository, wanted: Any, operation: str) -> dict[str, Any]:
    """Say where an object is to be sent or fetched; nothing more for one that is there already."""
    oid = str(wanted.get("oid", "")) if isinstance(wanted, dict) else ""
    told = {"oid": oid, "size": wanted.get("size", 0) if isinstance(wanted, dict) else 0}
    if not _OID.fullmatch(oid):
        return told | {"error": {"code": 422, "message": "Invalid object ID"}}
    there = _place(repository, oid).is_file()
    if operation == "download" and not there:
        return told | {"error": {"code": 404, "message": "Object does not exist"}}
    if operation == "upload" and there:
        return told
    href = f"{asked_url().removesuffix('/batch')}/{oid}"
    return told | {"actions": {operation: {"href": href, "expires_in": 3600}}}


def _place(repository: Repository, oid: str) -> Path:
    return repository.folder / "lfs" / "objects" / oid[:2] / oid[2:4] / oid


def _kept(place: Path, oid: str) -> Response:
    if not _OID.fullmatch(oid):
        return _said(422, "Invalid object ID")
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f"{oid}.{os.urandom(4).hex()}")
    digest = hashlib.sha256()
    try:
        with unfinished.open("wb") as file:
            while block := request.stream.read(_BLOCK):
                digest.update(block)
                file.write(block)
        if digest.hexdigest() != oid:
            return _said(422, "The content does not match the object ID.")
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)
    return Response(status=HTTPStatus.OK)


def _answer(told: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(told), status, content_type=_TYPE)


def _said(status: int, words: str) -> Response:
    return _answer({"message": words}, status)


def _refusal(host: GitHost, refused: Refused) -> Response:
    answer = _said(*refused.refusal)
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        answer.headers["LFS-Authenticate"] = answer.headers["WWW-Authenticate"] = f'Basic realm="{host.realm}"'
    return answer
