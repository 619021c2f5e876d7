"""Harness's own addresses of the catalog, so that the links of a run lead somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, redirect, url_for

from sandbox.access import current_state
from sandbox.pages.browser import page_routes

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

harness_pages = page_routes("harness_pages")


@harness_pages.get("/ng/account/<account>/module/idp/catalog/")
@harness_pages.get("/ng/account/<account>/module/idp/catalog/<scope>/<kind>/<identifier>")
def catalog(account: str, scope: str = "", kind: str = "", identifier: str = "") -> ResponseReturnValue:
    """Lead to the sandbox's page of the catalog, or of the entity."""
    if account != current_state().credentials["harness"].account:
        abort(404, f"The account {account} is not the account of this sandbox.")
    if not identifier:
        return redirect(url_for("pages.entity_list"))
    scope = "account" if scope == "default" else scope
    return redirect(url_for("pages.entity", scope=scope, kind=kind.lower(), identifier=identifier))
