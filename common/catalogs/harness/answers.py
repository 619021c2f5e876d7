"""What the calls of this catalog share: where an entity is, what an answer says of it, and who may not ask."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from common.errors import StepError
from common.harness import client
from common.network.answer import object_of

if TYPE_CHECKING:
    import requests

EDIT = "edit the catalog (permission idp_catalog_edit)"


def refused(answer: requests.Response, *, doing: str) -> StepError:
    """Turn an error answer into the failure to raise."""
    return client.refused(answer, doing=doing, permission=EDIT)


def entity_of(answer: requests.Response) -> dict[str, Any] | None:
    """Give the entity that an answer shows (EntityResponse); None when it shows none, whatever its status says."""
    body = object_of(answer) or {}
    return body if isinstance(body.get("entity_ref"), str) and body["entity_ref"] else None


def list_of(answer: requests.Response) -> list[dict[str, Any]] | None:
    """Give the entities that an answer lists; None when it is no such list."""
    from common.network.http import json_of

    try:
        body = json_of(answer)
    except ValueError:
        return None
    return body if isinstance(body, list) and all(isinstance(entry, dict) for entry in body) else None


def part(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give a part of an answer that is a map; an empty one when it is anything else."""
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def path_of(ref: str) -> str:
    """Give the path of an entity below /v1/entities (contract, D.1)."""
    kind, _, rest = ref.partition(":")
    scope, _, name = rest.rpartition("/")
    return "/".join(urllib.parse.quote(piece, safe="") for piece in (scope, kind, name))


def places(ref: str) -> dict[str, str]:
    """Give the query that says where an entity lives; none for one of the account."""
    scope = ref.partition(":")[2].rpartition("/")[0]
    return dict(zip(("orgIdentifier", "projectIdentifier"), scope.split(".")[1:], strict=False))
