"""Backstage's own addresses of entities, so that the links of a run lead somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, redirect, request, url_for

from sandbox.access import current_state
from sandbox.pages import relations
from sandbox.pages.browser import page_routes

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

backstage_pages = page_routes("backstage_pages")


@backstage_pages.get("/catalog")
@backstage_pages.get("/catalog/<namespace>/<kind>/<name>")
def catalog(namespace: str = "", kind: str = "", name: str = "") -> ResponseReturnValue:
    """Lead to the sandbox's page of the catalog, and on it to the entity; capitals do not matter, as in Backstage."""
    if not name:
        return redirect(url_for("pages.entity_list"))
    ref = f"{kind}:{namespace}/{name}".lower()
    if not relations.has_located(current_state(), "backstage", request.host, ref):
        abort(404, f"Backstage has no {ref}. It may not have read its file yet.")
    return redirect(url_for("pages.entity_list", _anchor=f"backstage-{ref}"))
