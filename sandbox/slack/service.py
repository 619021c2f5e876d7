"""Slack: one workspace with a bot, its Web API below /slack/api."""

from __future__ import annotations

from sandbox.service import Routes, Service
from sandbox.slack import workspace
from sandbox.slack.access import Credentials


def _routes() -> Routes:
    from sandbox.slack import conversations  # noqa: F401 - its routes are slack's
    from sandbox.slack.api import slack
    from sandbox.slack.webhook import webhooks

    return ((slack, "/slack/api"), (webhooks, "/slack/services"))


SLACK = Service(
    name="slack",
    title="Slack",
    credentials=Credentials,
    api_paths=("/slack/",),
    tables=(workspace.TABLES,),
    secret_forms=(r"xox[a-z]-[\w-]{10,}",),
    routes=_routes,
)
