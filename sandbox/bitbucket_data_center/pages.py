"""Bitbucket Data Center's own addresses of files and of people's repositories, so that the links of a run lead on."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING

from flask import redirect, request

from sandbox.bitbucket_data_center.git import CONTEXT, HOST
from sandbox.pages.browser import page_routes

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

server_pages = page_routes("bitbucket_server_pages")


@server_pages.get(f"{CONTEXT}/users/<user>/repos/<name>")
@server_pages.get(f"{CONTEXT}/users/<user>/repos/<name>/<path:rest>")
def of_a_person(user: str, name: str, rest: str = "") -> ResponseReturnValue:
    """Lead to the project of the person."""
    query = f"?{request.query_string.decode()}" if request.query_string else ""
    below = f"/{urllib.parse.quote(rest)}" if rest else ""
    return redirect(f"{CONTEXT}/projects/~{user}/repos/{name}{below}{query}")


@server_pages.get(f"{CONTEXT}/projects/<owner>/repos/<name>/browse")
@server_pages.get(f"{CONTEXT}/projects/<owner>/repos/<name>/browse/<path:path>")
def browse(owner: str, name: str, path: str = "") -> ResponseReturnValue:
    """Lead to the file on the branch of the query, or on the default branch."""
    branch = request.args.get("at", "").removeprefix("refs/heads/") or "HEAD"
    page = HOST.page_path(owner, name)
    return redirect(f"{page}/blob/{urllib.parse.quote(f'{branch}/{path}')}" if path else page)
