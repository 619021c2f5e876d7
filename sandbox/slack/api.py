"""Slack's Web API below /slack/api. As at Slack, an error is HTTP 200 with `ok: false`."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Blueprint, Response, jsonify, request

from sandbox.access import Caller, current_state, slack_caller
from sandbox.slack import workspace
from sandbox.slack.blocks import faults

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.slack.workspace import Conversation, User

slack = Blueprint("slack", __name__, url_prefix="/slack/api")

_LONGEST_TEXT = 40_000
_COUNT = re.compile(r"[0-9]{1,9}")
_TIMESTAMP = re.compile(r"\d{10}\.\d{6}")


class SlackError(Exception):
    """`ok: false` with Slack's code, and what else that error carries."""

    def __init__(self, code: str, **more: object) -> None:
        super().__init__(code)
        self.body = {"ok": False, "error": code, **more}


def _stop(code: str, **more: object) -> NoReturn:
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
    _stop("unknown_method", req_method=method)


def _caller(*scopes: str) -> Caller:
    """Stop a request without a valid token, or whose token has none of these scopes."""
    caller = slack_caller(request)
    if not caller.known:
        _stop("invalid_auth" if caller.sent else "not_authed")
    if scopes and not set(scopes) & set(caller.scopes):
        _stop("missing_scope", needed=",".join(scopes), provided=",".join(caller.scopes))
    return caller


def _arguments() -> dict[str, Any]:
    """Return the arguments from the query and from a form or JSON body."""
    arguments: dict[str, Any] = dict(request.args.items())
    if request.is_json:
        body = request.get_json(silent=True)
        if body is None:
            _stop("invalid_json")
        if not isinstance(body, dict):
            _stop("json_not_object")
        return arguments | {name: value for name, value in body.items() if value is not None}
    return arguments | dict(request.form.items())


def _true(value: object) -> bool:
    return value is True or str(value).lower() in ("true", "1")


@slack.route("/auth.test", methods=["GET", "POST"])
def auth_test() -> ResponseReturnValue:
    caller = _caller()
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
    caller = _caller("chat:write")
    arguments = _arguments()
    conversation = _conversation(arguments)
    text = str(arguments.get("text") or "")
    blocks, attachments = _blocks(arguments), _json_list(arguments, "attachments", "invalid_attachments")
    if not (text or blocks or attachments):
        _stop("no_text")
    if len(text) > _LONGEST_TEXT:
        _stop("msg_too_long")
    thread = _thread(conversation, arguments)
    content = {
        "type": "message",
        "subtype": "bot_message",
        "text": text,
        "user": workspace.BOT_USER_ID,
        "bot_id": workspace.BOT_ID,
        "team": workspace.TEAM_ID,
        **_look(caller, arguments),
    }
    if blocks:
        content["blocks"] = [block | {"block_id": block.get("block_id") or secrets.token_hex(3)} for block in blocks]
    if attachments:
        content["attachments"] = [{"id": number} | item for number, item in enumerate(attachments, 1)]
    if thread:
        content["thread_ts"] = thread
        if _true(arguments.get("reply_broadcast")):
            content["subtype"] = "thread_broadcast"
    posted = workspace.post(current_state(), conversation.id, thread, content)
    return jsonify(ok=True, channel=conversation.id, ts=posted.ts, message=posted.content)


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


def _conversation(arguments: dict[str, Any]) -> Conversation:
    wanted = arguments.get("channel")
    found = workspace.conversation(current_state(), str(wanted)) if wanted else None
    return found or _stop("channel_not_found")


def _thread(conversation: Conversation, arguments: dict[str, Any]) -> str | None:
    """Return the first message of the thread to answer in; a reply's timestamp leads to its thread."""
    ts = arguments.get("thread_ts")
    if ts in (None, ""):
        return None
    if not isinstance(ts, str) or not _TIMESTAMP.fullmatch(ts):
        message = f"[ERROR] {ts} is not a valid thread_ts"
        _stop("invalid_thread_ts", response_metadata={"messages": [message]})
    parent = workspace.message(current_state(), conversation.id, ts)
    if parent is None:
        _stop("thread_not_found")
    return parent.thread_ts or parent.ts


def _json_list(arguments: dict[str, Any], name: str, code: str) -> list[dict[str, Any]]:
    """Read a list of objects, given as JSON or as JSON in a text."""
    value = arguments.get(name)
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError:
            _stop(f"{code}_format")
    if not value:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        _stop(f"{code}_format")
    return value


def _blocks(arguments: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = _json_list(arguments, "blocks", "invalid_blocks")
    if found := faults(blocks):
        _stop("invalid_blocks", errors=found, response_metadata={"messages": [f"[ERROR] {fault}" for fault in found]})
    return blocks


@slack.route("/users.lookupByEmail", methods=["GET", "POST"])
def lookup_by_email() -> ResponseReturnValue:
    _caller("users:read.email")
    user = workspace.user_by_email(current_state(), str(_arguments().get("email") or ""))
    if user is None:
        _stop("users_not_found")
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


@slack.post("/conversations.open")
def open_conversation() -> ResponseReturnValue:
    _caller("im:write")
    arguments = _arguments()
    if arguments.get("channel"):
        return jsonify(ok=True, channel={"id": _conversation(arguments).id}, no_op=True, already_open=True)
    wanted = [part.strip() for part in str(arguments.get("users") or "").split(",") if part.strip()]
    if not wanted:
        _stop("users_list_not_supplied")
    if len(wanted) > 1:
        _stop("too_many_users")
    user = workspace.users(current_state()).get(wanted[0])
    if user is None:
        _stop("user_not_found")
    shown: dict[str, Any] = {"id": workspace.direct(user).id}
    if _true(arguments.get("return_im")):
        shown |= {"is_im": True, "is_open": True, "user": user.id}
    return jsonify(ok=True, channel=shown)


def _shown_conversation(conversation: Conversation) -> dict[str, Any]:
    described = {"value": "", "creator": workspace.BOT_USER_ID, "last_set": 1704067200}
    if conversation.user:
        return {"id": conversation.id, "created": 1704067200, "is_im": True, "user": conversation.user}
    return {
        "id": conversation.id,
        "name": conversation.name,
        "name_normalized": conversation.name,
        "created": 1704067200,
        "creator": workspace.BOT_USER_ID,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": False,
        "is_archived": False,
        "is_general": conversation.name == workspace.CHANNELS[0],
        "is_member": True,
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "previous_names": [],
        "topic": described,
        "purpose": described,
        "unlinked": 0,
    }


@slack.route("/conversations.list", methods=["GET", "POST"])
def list_conversations() -> ResponseReturnValue:
    _caller("channels:read")
    arguments = _arguments()
    kinds = str(arguments.get("types") or "public_channel").split(",")
    found = list(workspace.channels()) if "public_channel" in kinds else []
    limit, cursor = str(arguments.get("limit") or "100"), str(arguments.get("cursor") or "0")
    if not _COUNT.fullmatch(limit) or not _COUNT.fullmatch(cursor):
        _stop("invalid_limit" if not _COUNT.fullmatch(limit) else "invalid_cursor")
    start, end = int(cursor), int(cursor) + max(1, int(limit))
    rest = str(end) if end < len(found) else ""
    shown = [_shown_conversation(channel) for channel in found[start:end]]
    return jsonify(ok=True, channels=shown, response_metadata={"next_cursor": rest})


@slack.route("/conversations.info", methods=["GET", "POST"])
def conversation_info() -> ResponseReturnValue:
    _caller("channels:read")
    return jsonify(ok=True, channel=_shown_conversation(_by_id(_arguments())))


@slack.post("/conversations.join")
def join_conversation() -> ResponseReturnValue:
    _caller("channels:join")
    conversation = _by_id(_arguments())
    if conversation.user:
        _stop("method_not_supported_for_channel_type")
    already = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    return jsonify(ok=True, channel=_shown_conversation(conversation), **already)


def _by_id(arguments: dict[str, Any]) -> Conversation:
    """Only chat.postMessage takes names."""
    found = _conversation(arguments)
    return found if found.id == arguments["channel"] else _stop("channel_not_found")
