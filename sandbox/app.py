"""The sandbox as one WSGI application: the services' blueprints, the pages, the request log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, request

from sandbox import request_log
from sandbox.git.smart_http import git_http
from sandbox.github.api import github
from sandbox.harness import entities, execution_config, properties
from sandbox.harness.api import harness_api
from sandbox.pages import repositories
from sandbox.pages.overview import pages
from sandbox.slack.api import slack
from sandbox.state import open_state

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST_BODY = 32 * 1024 * 1024
_ROUTE_MODULES = (execution_config, entities, properties, repositories)
"""Importing these puts their routes on `harness_api` and `pages`."""


def create_app(state_dir: Path, *, organizations: tuple[str, ...] | None = None) -> Flask:
    """Make the application for a state folder; `organizations` limits which GitHub organizations exist."""
    app = Flask("sandbox.pages", root_path=None, static_url_path="/-/static")
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
