"""Harness's own addresses of the catalog, so that the links of a run lead somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, redirect, request, url_for

from sandbox.access import current_state
from sandbox.catalog import entities
from sandbox.pages import relations
from sandbox.pages.browser import page_routes

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

harness_pages = page_routes("harness_pages")


@harness_pages.get("/ng/account/<account>/module/idp/catalog/")
@harness_pages.get("/ng/account/<account>/module/idp/catalog/<scope>/<kind>/<identifier>")
def catalog(account: str, scope: str = "", kind: str = "", identifier: str = "") -> ResponseReturnValue:
    """Lead to the sandbox's page of the catalog, or of the entity: in IDP 2.0, else in IDP 1.0."""
    if account != current_state().credentials["harness"].account:
        abort(404, f"The account {account} is not the account of this sandbox.")
    if not identifier:
        return redirect(url_for("pages.entity_list"))
    own, kind = "account" if scope == "default" else scope, kind.lower()
    try:
        entities.get(current_state(), own, kind, identifier)
    except entities.NoSuchEntity:
        ref = f"{kind}:{scope}/{identifier}".lower()
        if relations.has_located(current_state(), "idp1", request.host, ref):
            return redirect(url_for("pages.entity_list", _anchor=f"idp1-{ref}"))
    return redirect(url_for("pages.entity", scope=own, kind=kind, identifier=identifier))
