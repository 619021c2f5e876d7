"""The web page for people: overview, catalog, messages and request log. repositories.py adds the repositories.

Read-only, rendered here, without scripts. It is only for a browser on this machine: another host name is refused,
so that no web site can reach it by pointing its own name at the loopback address.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup

from sandbox import request_log
from sandbox.access import current_state
from sandbox.catalog import entities, properties
from sandbox.git import repositories
from sandbox.slack import markup, workspace

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from werkzeug.exceptions import HTTPException

    from sandbox.slack.workspace import Conversation, Message

pages = Blueprint("pages", __name__)
_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_OVERVIEW_ROWS = 5
_LOG_ROWS = 200


@dataclass(frozen=True)
class Thread:
    """A message with its replies."""

    first: Message
    replies: list[Message] = field(default_factory=list)


@pages.before_request
def _only_this_machine() -> None:
    if urlsplit(f"//{request.host}").hostname not in _HOSTS:
        abort(403, "This page is only for a browser on this machine: open it by http://127.0.0.1.")


@pages.after_request
def _headers(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", _POLICY)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.app_errorhandler(404)
@pages.app_errorhandler(403)
def _not_found(error: HTTPException) -> ResponseReturnValue:
    return render_template("error.html", error=error), error.code or 500


@pages.app_template_filter("moment")
def moment(seconds: float) -> Markup:
    when = datetime.fromtimestamp(seconds, UTC)
    return Markup('<time datetime="{}">{} UTC</time>').format(when.isoformat(), when.strftime("%Y-%m-%d %H:%M:%S"))


@pages.app_template_filter("pretty")
def pretty(value: object) -> str:
    """JSON, indented; a text that is JSON is indented too, any other stays as it is."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, indent=2, ensure_ascii=False)


@pages.app_template_filter("slack_text")
def slack_text(text: object) -> Markup:
    """Render a mrkdwn text, or a text object of a block."""
    if isinstance(text, dict):
        content = str(text.get("text", ""))
        return markup.plain_to_html(content) if text.get("type") == "plain_text" else slack_text(content)
    state = current_state()
    names = {user.id: user.name for user in workspace.users(state).values()}
    names[workspace.BOT_USER_ID] = workspace.BOT_NAME
    return markup.to_html(str(text), names, {channel.id: channel.name for channel in workspace.channels()})


@pages.app_context_processor
def _common() -> dict[str, Any]:
    return {"bot_name": workspace.BOT_NAME, "unknown_domain": workspace.UNKNOWN_DOMAIN}


@pages.get("/-/health")
def health() -> ResponseReturnValue:
    return jsonify(state=str(current_state().folder))


@pages.get("/favicon.ico")
def favicon() -> ResponseReturnValue:
    return redirect(url_for("static", filename="avatar.svg"))


@pages.get("/")
def overview() -> ResponseReturnValue:
    state = current_state()
    conversations = _conversations()
    return render_template(
        "overview.html",
        repositories=repositories.find_all(state),
        entities=entities.every(state),
        messages=workspace.messages(state)[: -_OVERVIEW_ROWS - 1 : -1],
        conversations={conversation.id: conversation for conversation in conversations},
        requests=request_log.latest(state, _OVERVIEW_ROWS),
        credentials=state.credentials,
        folder=state.folder,
    )


@pages.get("/-/entities/")
def entity_list() -> ResponseReturnValue:
    return render_template("entities.html", entities=entities.every(current_state()))


@pages.get("/-/entities/<scope>/<kind>/<identifier>")
def entity(scope: str, kind: str, identifier: str) -> ResponseReturnValue:
    state = current_state()
    try:
        found = entities.get(state, scope, kind, identifier)
    except entities.NoSuchEntity:
        abort(404, f"No {kind} {identifier} is registered in {scope}. It may not have been imported yet.")
    own = properties.of_entity(state, found.ref)
    return render_template("entity.html", entity=found, properties=own, document=properties.overlaid(state, found))


@pages.get("/ng/account/<account>/module/idp/catalog/")
@pages.get("/ng/account/<account>/module/idp/catalog/<scope>/<kind>/<identifier>")
def harness_page(account: str, scope: str = "", kind: str = "", identifier: str = "") -> ResponseReturnValue:
    """Harness's own addresses of the catalog, so that the links of a run lead somewhere."""
    if account != current_state().credentials.harness_account:
        abort(404, f"The account {account} is not the account of this sandbox.")
    if not identifier:
        return redirect(url_for("pages.entity_list"))
    scope = "account" if scope == "default" else scope
    return redirect(url_for("pages.entity", scope=scope, kind=kind.lower(), identifier=identifier))


@pages.get("/-/messages/")
def messages() -> ResponseReturnValue:
    found = [(conversation, _threads(conversation)) for conversation in _conversations()]
    shown = dict(sorted(found, key=lambda one: not one[1]))  # those with messages before the empty ones
    return render_template("messages.html", conversations=shown)


def _conversations() -> list[Conversation]:
    """Return the channels, and the direct messages of everybody who was looked up."""
    direct = [workspace.direct(user) for user in workspace.users(current_state()).values()]
    return [*workspace.channels(), *sorted(direct, key=lambda conversation: conversation.name)]


def _threads(conversation: Conversation) -> list[Thread]:
    threads: dict[str, Thread] = {}
    for message in workspace.messages(current_state(), conversation.id):
        if message.thread_ts in threads:
            threads[message.thread_ts].replies.append(message)
        else:
            threads[message.ts] = Thread(message)
    return list(threads.values())


@pages.get("/-/requests/")
def requests() -> ResponseReturnValue:
    return render_template("requests.html", requests=request_log.latest(current_state(), _LOG_ROWS))
