"""The web page for people: overview, repositories, catalog, messages and request log.

Read-only, rendered here, without scripts. The pages of one repository are in repositories.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import abort, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup

from sandbox import request_log, service
from sandbox.access import current_state
from sandbox.catalog import entities, properties
from sandbox.git import repositories
from sandbox.pages import graph, relations
from sandbox.pages.browser import page_routes
from sandbox.slack import markup, workspace

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from werkzeug.exceptions import HTTPException

    from sandbox.git.repositories import Repository
    from sandbox.slack.workspace import Conversation, Message

pages = page_routes("pages")
_OVERVIEW_ROWS = 5
_LOG_ROWS = 200


@dataclass(frozen=True)
class Thread:
    """A message with its replies."""

    first: Message
    replies: list[Message] = field(default_factory=list)


@pages.app_errorhandler(404)
@pages.app_errorhandler(403)
def _not_found(error: HTTPException) -> ResponseReturnValue:
    return render_template("error.html", error=error), error.code or 500


pages.add_app_template_filter(graph.of, "drawn")
pages.add_app_template_filter(graph.is_too_large, "too_many")


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


@pages.app_template_global("page_of")
def page_of(repository: Repository, view: str = "repository", **values: str) -> str:
    """Return the address of a page of a repository; see repositories.py."""
    place: dict[str, Any] = {"name": repository.name, **values}
    if repository.owner:
        place["owner"] = repository.owner
    return url_for(f"{repository.host}_pages.{view}", **place)


@pages.app_template_global("clone_url")
def clone_url(repository: Repository) -> str:
    path = current_state().git_host(repository.host).clone_path(repository.owner, repository.name)
    return request.url_root.rstrip("/") + path


@pages.app_context_processor
def _common() -> dict[str, Any]:
    titles = [known.title for known in current_state().services]
    return {
        "bot_name": workspace.BOT_NAME,
        "unknown_domain": workspace.UNKNOWN_DOMAIN,
        "services": f"{', '.join(titles[:-1])} and {titles[-1]}",
    }


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
        accounts=[(known.title, service.public_values(state.credentials[known.name])) for known in state.services],
        folder=state.folder,
    )


@pages.get("/-/repositories/")
def repository_list() -> ResponseReturnValue:
    return render_template("repositories.html", repositories=repositories.find_all(current_state()), owner=None)


@pages.get("/-/entities/")
def entity_list() -> ResponseReturnValue:
    state = current_state()
    return render_template(
        "entities.html",
        entities=entities.every(state),
        related=relations.of_harness(state),
        located=relations.of_locations(state, request.host),
        titles=relations.LOCATED,
    )


@pages.get("/-/entities/<scope>/<kind>/<identifier>")
def entity(scope: str, kind: str, identifier: str) -> ResponseReturnValue:
    state = current_state()
    try:
        found = entities.get(state, scope, kind, identifier)
    except entities.NoSuchEntity:
        abort(404, f"No {kind} {identifier} is registered in {scope}. It may not have been imported yet.")
    with state.database() as database:
        own, document = properties.of_entity(database, found.ref), properties.overlaid(database, found)
    return render_template("entity.html", entity=found, properties=own, document=document)


@pages.get("/-/messages/")
def messages() -> ResponseReturnValue:
    found = [(conversation, _threads(conversation)) for conversation in _conversations()]
    shown = dict(
        sorted(found, key=lambda conversation: not conversation[1])
    )  # those with messages before the empty ones
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
