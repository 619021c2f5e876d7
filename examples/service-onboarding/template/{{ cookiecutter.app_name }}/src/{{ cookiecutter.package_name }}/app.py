"""The web service: its routes, and the form of every answer (JSON, errors included)."""

import json
import logging
import sys
import time

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from {{ cookiecutter.package_name }} import __version__

NAME = "{{ cookiecutter.app_name }}"

log = logging.getLogger(NAME)


def create_app() -> Flask:
    app = Flask(__name__)
    app.before_request(start_clock)
    app.after_request(log_request)
    app.register_error_handler(HTTPException, describe_error)
    app.register_error_handler(Exception, describe_bug)

    @app.get("/")
    def about() -> Response:
        return jsonify(name=NAME, version=__version__)

    @app.get("/healthz")
    def healthy() -> Response:
        """The process answers. Restart it when this fails."""
        return jsonify(status="ok")

    @app.get("/readyz")
    def ready() -> Response:
        """The service can do its work. Check here what it depends on: a database, a queue."""
        return jsonify(status="ok")

    @app.get("/v1/greetings/<name>")
    def greet(name: str) -> Response:
        return jsonify(greeting=f"Hello, {name}!")

    return app


def start_clock() -> None:
    g.started = time.monotonic()


def log_request(response: Response) -> Response:
    """Write one JSON line per request; probes are left out, for they would be most of the log."""
    if request.path not in ("/healthz", "/readyz"):
        milliseconds = round((time.monotonic() - g.started) * 1000, 1)
        log.info(
            json.dumps(
                {
                    "method": request.method,
                    "path": request.path,
                    "status": response.status_code,
                    "milliseconds": milliseconds,
                    "request_id": request.headers.get("X-Request-Id"),
                }
            )
        )
    return response


def describe_error(error: HTTPException) -> tuple[Response, int]:
    status = error.code or 500
    return jsonify(error={"status": status, "message": error.description}), status


def describe_bug(error: Exception) -> tuple[Response, int]:
    """The cause goes to the log, never to the caller."""
    log.exception("%s %s failed", request.method, request.path, exc_info=error)
    return jsonify(error={"status": 500, "message": "The service failed; the cause is in its log."}), 500


def log_to_stdout() -> None:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
