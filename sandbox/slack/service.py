"""Slack: one workspace with a bot, its Web API below /slack/api."""

from __future__ import annotations

from sandbox.service import Routes, Service
from sandbox.slack import workspace
from sandbox.slack.access import Credentials


def _routes() -> Routes:
    from sandbox.slack.api import slack

    return ((slack, "/slack/api"),)


SLACK = Service(
    name="slack",
    title="Slack",
    credentials=Credentials,
    api_paths=("/slack/",),
    tables=(workspace.TABLES,),
    secret_forms=(r"xox[a-z]-[\w-]{10,}",),
    routes=_routes,
)
