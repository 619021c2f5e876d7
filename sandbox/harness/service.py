"""Harness IDP, below /gateway and at the root, because both are in use; and the addresses of its catalog's pages."""

from __future__ import annotations

from sandbox.catalog import entities, properties
from sandbox.harness import scope_table
from sandbox.harness.access import new_credentials
from sandbox.service import Routes, Service

_STEP_IMAGES = """
CREATE TABLE IF NOT EXISTS step_images (
    infra TEXT NOT NULL,
    field TEXT NOT NULL,
    image TEXT NOT NULL,
    PRIMARY KEY (infra, field)
);
"""


def _routes() -> Routes:
    from sandbox.harness.api import other_routes
    from sandbox.harness.entities import entity_routes
    from sandbox.harness.execution_config import config_routes
    from sandbox.harness.pages import harness_pages
    from sandbox.harness.properties import property_routes
    from sandbox.harness.scopes import scope_routes

    api = (entity_routes, property_routes, config_routes, scope_routes, other_routes)
    return (*((routes, prefix) for prefix in ("/gateway", "") for routes in api), (harness_pages, ""))


HARNESS = Service(
    name="harness",
    title="Harness",
    credentials=new_credentials,
    api_paths=("/gateway/", "/v1/", "/idp/", "/ng/api/"),
    tables=(entities.TABLE, properties.TABLE, scope_table.TABLE, _STEP_IMAGES),
    secret_forms=(r"[ps]at\.[\w-]+\.\w+\.[\w-]+",),
    routes=_routes,
)
