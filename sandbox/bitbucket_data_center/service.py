"""Bitbucket Data Center below the context path /bitbucket: API, git below /scm, projects of teams and of people."""

from __future__ import annotations

from sandbox.bitbucket_data_center.git import CONTEXT, HOST, SERVICE, Credentials
from sandbox.git import pull_requests, repositories
from sandbox.service import Routes, Service


def _routes() -> Routes:
    from sandbox.bitbucket_data_center import inside
    from sandbox.bitbucket_data_center.api import server
    from sandbox.bitbucket_data_center.pages import server_pages

    return (
        (server, f"{CONTEXT}/rest/api/latest"),
        (inside.permissions, f"{CONTEXT}/rest/branch-permissions/latest"),
        (server_pages, ""),
    )


DATA_CENTER = Service(
    name=SERVICE,
    title="Bitbucket Data Center",
    credentials=Credentials,
    api_paths=(f"{CONTEXT}/rest/",),
    tables=(repositories.TABLE, pull_requests.TABLE),
    secret_forms=(r"BBDC-[\w-]{30,}",),
    routes=_routes,
    git=HOST,
)
