"""Incoming webhooks below /slack/services: one address that posts to the channel general. Answers are plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, g

from sandbox.access import current_state, json_body
from sandbox.service import Caller, same
from sandbox.slack import workspace
from sandbox.slack.api import SlackError, parts

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

webhooks = Blueprint("slack_webhooks", __name__)


@webhooks.post("/<team>/<bot>/<token>")
def post(team: str, bot: str, token: str) -> ResponseReturnValue:
    """Post a message to the channel of the webhook."""
    if (team, bot) != (workspace.TEAM_ID, workspace.BOT_ID):
        return Response("no_team", 404, mimetype="text/plain")
    if not same(token, current_state().credentials["slack"].webhook):
        return Response("invalid_token", 403, mimetype="text/plain")
    g.caller = Caller("Slack webhook", known=True, may_write=True, sent=True)
    body = json_body()
    if not isinstance(body, dict):
        return Response("invalid_payload", 400, mimetype="text/plain")
    try:
        content = parts(body)
    except SlackError as error:
        return Response(str(error), 400, mimetype="text/plain")
    general = workspace.channels()[0]
    content |= {"type": "message", "subtype": "bot_message", "bot_id": workspace.BOT_ID}
    workspace.post(current_state(), general.id, None, content)
    return Response("ok", mimetype="text/plain")


def path(token: str) -> str:
    """Give the path of the webhook."""
    return f"/slack/services/{workspace.TEAM_ID}/{workspace.BOT_ID}/{token}"
