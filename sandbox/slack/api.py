"""Slack's Web API below /slack/api. As at Slack, an error is HTTP 200 with `ok: false`."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Blueprint, Response, jsonify, request

from sandbox.access import current_state, json_body, recognise
from sandbox.service import Caller
from sandbox.slack import access, workspace
from sandbox.slack.blocks import faults

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.slack.workspace import Conversation, User

slack = Blueprint("slack", __name__)

_LONGEST_TEXT = 40_000
_MOST_ATTACHMENTS = 100
_TIMESTAMP = re.compile(r"\d{10}\.\d{6}")


class SlackError(Exception):
    """`ok: false` with Slack's code, and what else that error carries."""

    def __init__(self, code: str, **more: object) -> None:
        super().__init__(code)
        self.body = {"ok": False, "error": code, **more}


def stop(code: str, **more: object) -> NoReturn:
    raise SlackError(code, **more)


@slack.errorhandler(SlackError)
def _answer_error(error: SlackError) -> Response:
    return jsonify(error.body)


@slack.after_request
def _headers(answer: Response) -> Response:
    answer.headers["X-Slack-Req-Id"] = secrets.token_hex(16)
    return answer


@slack.route("/<method>", methods=["GET", "POST"])
def unknown(method: str) -> Response:
    stop("unknown_method", req_method=method)


def caller_with(*scopes: str) -> Caller:
    """Stop a request without a valid token, or whose token has none of these scopes."""
    caller = recognise("slack", access.caller)
    if not caller.known:
        stop("invalid_auth" if caller.sent else "not_authed")
    if scopes and not set(scopes) & set(caller.scopes):
        stop("missing_scope", needed=",".join(scopes), provided=",".join(caller.scopes))
    return caller


def arguments_of() -> dict[str, Any]:
    """Return the arguments from the query and from a form or JSON body."""
    arguments: dict[str, Any] = dict(request.args.items())
    if request.is_json:
        body = json_body()
        if body is None:
            stop("invalid_json")
        if not isinstance(body, dict):
            stop("json_not_object")
        return arguments | {name: value for name, value in body.items() if value is not None}
    return arguments | dict(request.form.items())


def _true(value: object) -> bool:
    return value is True or str(value).lower() in ("true", "1")


@slack.route("/auth.test", methods=["GET", "POST"])
def auth_test() -> ResponseReturnValue:
    caller = caller_with()
    answer = jsonify(
        ok=True,
        url=f"{request.url_root}-/messages/",
        team=workspace.TEAM,
        user=workspace.BOT_NAME,
        team_id=workspace.TEAM_ID,
        user_id=workspace.BOT_USER_ID,
        bot_id=workspace.BOT_ID,
        is_enterprise_install=False,
    )
    answer.headers["X-OAuth-Scopes"] = ",".join(caller.scopes)
    return answer


@slack.post("/chat.postMessage")
def post_message() -> ResponseReturnValue:
    caller = caller_with("chat:write")
    arguments = arguments_of()
    conversation = conversation_of(arguments)
    thread = _thread(conversation, arguments)
    content = {
        "type": "message",
        "subtype": "bot_message",
        "user": workspace.BOT_USER_ID,
        "bot_id": workspace.BOT_ID,
        "team": workspace.TEAM_ID,
        **parts(arguments),
        **_look(caller, arguments),
    }
    if metadata := _metadata(arguments):
        content["metadata"] = metadata
    if thread:
        content["thread_ts"] = thread
        if _true(arguments.get("reply_broadcast")):
            content["subtype"] = "thread_broadcast"
    posted = workspace.post(current_state(), conversation.id, thread, content)
    return jsonify(ok=True, channel=conversation.id, ts=posted.ts, message=posted.content)


def parts(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what a message says: text, blocks and attachments."""
    text = str(arguments.get("text") or "")
    blocks, attachments = _blocks(arguments), _json_list(arguments, "attachments", "invalid_attachments")
    if not (text or blocks or attachments):
        stop("no_text")
    if len(text) > _LONGEST_TEXT:
        stop("msg_too_long")
    if len(attachments) > _MOST_ATTACHMENTS:
        stop("too_many_attachments")
    content: dict[str, Any] = {"text": text}
    if blocks:
        content["blocks"] = [block | {"block_id": block.get("block_id") or secrets.token_hex(3)} for block in blocks]
    if attachments:
        content["attachments"] = [{"id": number} | item for number, item in enumerate(attachments, 1)]
    return content


def _metadata(arguments: dict[str, Any]) -> dict[str, Any] | None:
    value = arguments.get("metadata")
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError:
            stop("invalid_metadata_format")
    if value in (None, ""):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("event_type"), str):
        stop("invalid_metadata_schema")
    if not isinstance(value.get("event_payload"), dict):
        stop("invalid_metadata_schema")
    return value


def _message(conversation: Conversation, ts: object) -> workspace.Message:
    found = workspace.message(current_state(), conversation.id, str(ts or ""))
    return found or stop("message_not_found")


@slack.post("/chat.update")
def update_message() -> ResponseReturnValue:
    caller_with("chat:write")
    arguments = arguments_of()
    conversation = conversation_of(arguments)
    found = _message(conversation, arguments.get("ts"))
    kept = {name: value for name, value in found.content.items() if name not in ("text", "blocks", "attachments")}
    edited = {"user": workspace.BOT_USER_ID, "ts": found.ts}
    content = {**kept, **parts(arguments), "edited": edited}
    workspace.update(current_state(), conversation.id, found.ts, content)
    return jsonify(ok=True, channel=conversation.id, ts=found.ts, text=content["text"], message=content)


@slack.route("/chat.getPermalink", methods=["GET", "POST"])
def permalink() -> ResponseReturnValue:
    caller_with()
    arguments = arguments_of()
    conversation = conversation_of(arguments)
    found = _message(conversation, arguments.get("message_ts"))
    address = f"{request.url_root}-/messages/#{conversation.id}-{found.ts}"
    return jsonify(ok=True, channel=conversation.id, permalink=address)


def _look(caller: Caller, arguments: dict[str, Any]) -> dict[str, Any]:
    """Name and picture of the bot; without the scope for it, Slack keeps the app's own."""
    if "chat:write.customize" not in caller.scopes:
        return {}
    look: dict[str, Any] = {}
    if arguments.get("username"):
        look["username"] = str(arguments["username"])
    if arguments.get("icon_url"):
        look["icons"] = {"image_64": str(arguments["icon_url"])}
    elif arguments.get("icon_emoji"):
        look["icons"] = {"emoji": str(arguments["icon_emoji"])}
    return look


def conversation_of(arguments: dict[str, Any]) -> Conversation:
    wanted = arguments.get("channel")
    found = workspace.conversation(current_state(), str(wanted)) if wanted else None
    return found or stop("channel_not_found")


def _thread(conversation: Conversation, arguments: dict[str, Any]) -> str | None:
    """Return the first message of the thread to answer in; a reply's timestamp leads to its thread."""
    ts = arguments.get("thread_ts")
    if ts in (None, ""):
        return None
    if not isinstance(ts, str) or not _TIMESTAMP.fullmatch(ts):
        message = f"[ERROR] {ts} is not a valid thread_ts"
        stop("invalid_thread_ts", response_metadata={"messages": [message]})
    parent = workspace.message(current_state(), conversation.id, ts)
    if parent is None:
        stop("thread_not_found")
    return parent.thread_ts or parent.ts


def _json_list(arguments: dict[str, Any], name: str, code: str) -> list[dict[str, Any]]:
    """Read a list of objects, given as JSON or as JSON in a text."""
    value = arguments.get(name)
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError:
            stop(f"{code}_format")
    if not value:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        stop(f"{code}_format")
    return value


def _blocks(arguments: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = _json_list(arguments, "blocks", "invalid_blocks")
    if found := faults(blocks):
        stop("invalid_blocks", errors=found, response_metadata={"messages": [f"[ERROR] {fault}" for fault in found]})
    return blocks


@slack.route("/users.lookupByEmail", methods=["GET", "POST"])
def lookup_by_email() -> ResponseReturnValue:
    caller_with("users:read.email")
    user = workspace.user_by_email(current_state(), str(arguments_of().get("email") or ""))
    if user is None:
        stop("users_not_found")
    return jsonify(ok=True, user=_shown_user(user))


def _shown_user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "team_id": workspace.TEAM_ID,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": False,
        "color": "9f69e7",
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": False,
        "is_app_user": False,
        "updated": 1704067200,
        "profile": {
            "title": "",
            "phone": "",
            "skype": "",
            "real_name": user.real_name,
            "real_name_normalized": user.real_name,
            "display_name": user.name,
            "display_name_normalized": user.name,
            "status_text": "",
            "status_emoji": "",
            "avatar_hash": user.id.lower(),
            "email": user.email,
            "fields": {},
            "team": workspace.TEAM_ID,
        },
    }
