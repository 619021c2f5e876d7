"""The sandbox as one WSGI application: the services' blueprints, the pages, the request log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, request

from sandbox import harness_config, harness_entities, harness_properties, repository_pages, request_log
from sandbox.git_http import git_http
from sandbox.github import github
from sandbox.harness import harness_api
from sandbox.pages import pages
from sandbox.slack import slack
from sandbox.state import open_state

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST_BODY = 32 * 1024 * 1024
_ROUTE_MODULES = (harness_config, harness_entities, harness_properties, repository_pages)
"""Importing these puts their routes on `harness_api` and `pages`."""


def create_app(state_dir: Path, *, organizations: tuple[str, ...] | None = None) -> Flask:
    """Make the application for a state folder; `organizations` limits which GitHub organizations exist."""
    app = Flask("sandbox", root_path=None, static_url_path="/-/static")
    app.extensions["sandbox"] = open_state(state_dir, organizations)
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False

    @app.before_request
    def limit_body() -> None:
        if request.blueprint != "git_http":
            request.max_content_length = _LARGEST_BODY

    request_log.install(app)
    app.register_blueprint(github)
    app.register_blueprint(harness_api, url_prefix="/gateway")
    app.register_blueprint(harness_api, name="harness_api_at_root")
    app.register_blueprint(slack)
    app.register_blueprint(git_http)
    app.register_blueprint(pages)
    return app
