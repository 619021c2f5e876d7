"""Harness IDP, below /gateway and at the root, because both are in use, its pages, and Harness Code."""

from __future__ import annotations

from sandbox.catalog import entities, properties
from sandbox.git import pull_requests, repositories
from sandbox.harness import scope_table
from sandbox.harness.access import new_credentials
from sandbox.harness_code.git import HARNESS_CODE
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
    from sandbox.harness_code import inside  # noqa: F401 - adds its routes
    from sandbox.harness_code.api import code_routes
    from sandbox.harness_code.pages import code_pages

    api = (entity_routes, property_routes, config_routes, scope_routes, other_routes)
    return (
        *((routes, prefix) for prefix in ("/gateway", "") for routes in api),
        (code_routes, "/gateway/code/api/v1"),
        *((routes, "") for routes in (harness_pages, code_pages)),
    )


HARNESS = Service(
    name="harness",
    title="Harness",
    credentials=new_credentials,
    api_paths=("/gateway/", "/v1/", "/idp/", "/ng/api/"),
    tables=(
        *(entities.TABLE, properties.TABLE, scope_table.TABLE, _STEP_IMAGES),
        *(repositories.TABLE, pull_requests.TABLE),
    ),
    secret_forms=(r"[ps]at\.[\w-]+\.\w+\.[\w-]+",),
    routes=_routes,
    git=HARNESS_CODE,
)
