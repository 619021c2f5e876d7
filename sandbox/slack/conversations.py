"""Slack's conversations.*: opening direct messages, listing channels, and reading what was posted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import jsonify

from sandbox.access import current_state
from sandbox.slack import workspace
from sandbox.slack.api import arguments_of, caller_with, conversation_of, slack, stop

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.slack.workspace import Conversation, Message

_KINDS = {"public_channel": ("channels:read", False), "private_channel": ("groups:read", True)}
_MOST = 1000


@slack.post("/conversations.open")
def open_conversation() -> ResponseReturnValue:
    caller_with("im:write")
    wanted = str(arguments_of().get("users") or "")
    user = workspace.users(current_state()).get(wanted) or stop("user_not_found")
    opened = workspace.direct(user)
    return jsonify(ok=True, no_op=True, already_open=True, channel={"id": opened.id})


@slack.route("/conversations.list", methods=["GET", "POST"])
def list_conversations() -> ResponseReturnValue:
    arguments = arguments_of()
    kinds = [kind for kind in str(arguments.get("types") or "public_channel").split(",") if kind in _KINDS]
    for kind in kinds:
        caller_with(_KINDS[kind][0])
    private = {_KINDS[kind][1] for kind in kinds}
    found = [_shown(channel) for channel in workspace.channels() if channel.private in private]
    page, cursor = _page(found, arguments)
    return jsonify(ok=True, channels=page, response_metadata={"next_cursor": cursor})


@slack.route("/conversations.history", methods=["GET", "POST"])
def history() -> ResponseReturnValue:
    arguments = arguments_of()
    conversation = _readable(arguments)
    oldest = str(arguments.get("oldest") or "")
    posted = [one for one in workspace.messages(current_state(), conversation.id) if one.ts > oldest]
    newest_first = [one for one in reversed(posted) if one.thread_ts is None]
    return _listing(newest_first, arguments)


@slack.route("/conversations.replies", methods=["GET", "POST"])
def replies() -> ResponseReturnValue:
    arguments = arguments_of()
    conversation = _readable(arguments)
    thread = str(arguments.get("ts") or "")
    found = [one for one in workspace.messages(current_state(), conversation.id) if thread in (one.ts, one.thread_ts)]
    return _listing(found or stop("thread_not_found"), arguments)


def _readable(arguments: dict[str, Any]) -> Conversation:
    conversation = conversation_of(arguments)
    kind = "im" if conversation.user else "groups" if conversation.private else "channels"
    caller_with(f"{kind}:history")
    return conversation


def _listing(found: list[Message], arguments: dict[str, Any]) -> ResponseReturnValue:
    page, cursor = _page(found, arguments)
    hidden = () if str(arguments.get("include_all_metadata", "")).lower() in ("true", "1") else ("metadata",)
    shown = [{name: value for name, value in one.content.items() if name not in hidden} for one in page]
    return jsonify(ok=True, messages=shown, has_more=bool(cursor), response_metadata={"next_cursor": cursor})


def _page(found: list[Any], arguments: dict[str, Any]) -> tuple[list[Any], str]:
    """Return one page, and the cursor of the next."""
    limit, start = int(arguments.get("limit") or 100), int(arguments.get("cursor") or 0)
    end = start + min(limit, _MOST)
    return found[start:end], str(end) if end < len(found) else ""


def _shown(channel: Conversation) -> dict[str, Any]:
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "created": 1704067200,
        "creator": workspace.BOT_USER_ID,
        "is_archived": False,
        "is_channel": not channel.private,
        "is_ext_shared": False,
        "is_general": channel.name == workspace.CHANNELS[0],
        "is_group": channel.private,
        "is_im": False,
        "is_member": True,
        "is_mpim": False,
        "is_org_shared": False,
        "is_private": channel.private,
        "is_shared": False,
        "num_members": 2,
        "previous_names": [],
        "priority": 0,
        "purpose": {"creator": "", "last_set": 0, "value": ""},
        "topic": {"creator": "", "last_set": 0, "value": ""},
        "unlinked": 0,
    }
