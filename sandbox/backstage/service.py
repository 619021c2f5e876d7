"""Backstage's backend at /backstage, and the same API as IDP 1.0 serves it at /idp1/{account}/idp/api/catalog."""

from __future__ import annotations

from sandbox.backstage.access import Credentials
from sandbox.catalog import locations
from sandbox.service import Routes, Service


def _routes() -> Routes:
    from sandbox.backstage.api import catalog_routes, guest_routes
    from sandbox.backstage.pages import backstage_pages

    return (
        (catalog_routes, "/backstage/api/catalog"),
        (catalog_routes, "/idp1/<account>/idp/api/catalog"),
        (guest_routes, "/backstage/api/auth"),
        (backstage_pages, "/backstage"),
    )


BACKSTAGE = Service(
    name="backstage",
    title="Backstage",
    credentials=Credentials,
    api_paths=("/backstage/", "/idp1/"),
    tables=(locations.TABLE,),
    routes=_routes,
)
