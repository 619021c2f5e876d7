"""The sandbox as one WSGI application: what the services serve, the pages, the request log."""

from __future__ import annotations

import copy
import functools
import sys
import traceback
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from werkzeug.routing import Rule

from sandbox import request_log, spoiling
from sandbox.access import PATH_OF_MACHINE
from sandbox.git.smart_http import git_http
from sandbox.pages.faults import fault_pages
from sandbox.pages.overview import pages
from sandbox.pages.repositories import repository_pages
from sandbox.services import SERVICES, open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LARGEST_BODY = 32 * 1024 * 1024


class _Route(Rule):
    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """Make what builds a URL of this route when one is asked for, which is never for most of them.

        Werkzeug compiles two functions for each; that is four fifths of what all the routes take.
        """
        compiled = functools.cache(super()._compile_builder)

        def build(route: Rule, **values: object) -> tuple[str, str]:
            return compiled(append_unknown)(route, **values)

        return build


class _Application(Flask):
    url_rule_class = _Route

    def log_exception(self, exc_info: Any) -> None:
        """Tell of a fault of ours. What a request said is shown with its control characters escaped."""
        kind, error, where = exc_info
        fault = f"The sandbox failed on {request.method} {request.path!r}: {kind.__name__}({str(error)!r})"
        sys.stderr.write(f"{fault}\n{''.join(traceback.format_tb(where))}")


def create_app(state_dir: Path) -> Flask:
    """Make the application for a state folder."""
    app = copy.copy(routed())
    app.extensions = {"sandbox": open_state(state_dir)}
    machines = frozenset(machine for service in SERVICES for machine in service.machines)
    app.wsgi_app = _by_machine(app.wsgi_app, machines)  # type: ignore[method-assign, assignment] # as Flask's own docs do
    return app


@functools.cache
def routed() -> Flask:
    """Make what the applications of all states share, once: so many routes take a while."""
    app = _Application("sandbox.pages", root_path=None, static_url_path="/-/static")
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    hosts = {service.name: service.git for service in SERVICES if service.git}
    git_routes = [git_http(name, host) for name, host in hosts.items()]
    streams = frozenset(routes.name for routes in git_routes)

    @app.before_request
    def limit_body() -> None:
        if request.blueprint not in streams:
            request.max_content_length = _LARGEST_BODY

    request_log.install(app, streams)
    spoiling.install(app, SERVICES)
    for service in SERVICES:
        for number, (routes, prefix) in enumerate(service.routes()):
            app.register_blueprint(routes, url_prefix=prefix or None, name=f"{service.name}_{number}")
    for routes in (*git_routes, *(repository_pages(name, host) for name, host in hosts.items()), pages, fault_pages):
        app.register_blueprint(routes)
    return app


def _by_machine(app: WSGIApplication, machines: frozenset[str]) -> WSGIApplication:
    """Put the host's name before the path of what a client asks of that host through the sandbox as its proxy."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        machine = str(environ.get("HTTP_HOST", "")).partition(":")[0].lower()
        if machine in machines:
            asked = environ.get("PATH_INFO", "")
            environ = {**environ, "PATH_INFO": f"/{machine}{asked}", PATH_OF_MACHINE: asked}
        return app(environ, start_response)

    return application
