"""Bitbucket Cloud: bitbucket.org and api.bitbucket.org, for who reaches them through the sandbox as their HTTP proxy.

There is no Bitbucket Cloud under another name, so the steps tell it by that one.
"""

from __future__ import annotations

from sandbox.bitbucket_cloud.git import HOST, MACHINE, SERVICE, Credentials
from sandbox.git import pull_requests, repositories
from sandbox.service import Routes, Service


def _routes() -> Routes:
    from sandbox.bitbucket_cloud import inside  # noqa: F401 - adds its routes
    from sandbox.bitbucket_cloud.api import cloud

    return ((cloud, f"/api.{MACHINE}/2.0"),)


CLOUD = Service(
    name=SERVICE,
    title="Bitbucket Cloud",
    credentials=Credentials,
    machines=(MACHINE, f"api.{MACHINE}"),
    api_paths=(f"/api.{MACHINE}/",),
    tables=(repositories.TABLE, pull_requests.TABLE),
    secret_forms=(r"AT[AC]TT[\w-]{40,}={0,2}", r"ATBB\w{20,}"),
    routes=_routes,
    git=HOST,
)
