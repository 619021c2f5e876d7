"""GitLab, as a server below /gitlab serves it: the API at /gitlab/api/v4, projects at /gitlab/{group}/{name}."""

from __future__ import annotations

from sandbox.git import pull_requests, repositories
from sandbox.gitlab import namespaces
from sandbox.gitlab.access import Credentials, git_caller
from sandbox.service import VIEWS, GitHost, Login, Refusals, Routes, Service

_DENIED_WORDS = (
    "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or you're"
    " required to use a token instead of a password. If a token was provided, it was either incorrect, expired, or"
    " improperly scoped."
)
_DENIED = (401, _DENIED_WORDS)


def _routes() -> Routes:
    from sandbox.gitlab import inside  # noqa: F401 - its routes are part of the same
    from sandbox.gitlab.api import ROOT, gitlab

    return ((gitlab, f"{ROOT}/api/v4"),)


GITLAB = Service(
    name="gitlab",
    title="GitLab",
    credentials=Credentials,
    api_paths=("/gitlab/api/",),
    tables=(repositories.TABLE, pull_requests.TABLE, namespaces.TABLE),
    secret_forms=(r"glpat-[\w-]{20,}",),
    routes=_routes,
    git=GitHost(
        addresses=("/gitlab/<path:owner>/<name>.git", "/gitlab/<path:owner>/<name>"),
        page="/gitlab/<path:owner>/<name>",
        owner_names=20,  # GitLab's docs: a group can hold subgroups, up to 20 levels
        views={view: tuple(f"/-{path}" if path else "" for path in paths) for view, paths in VIEWS.items()},
        caller=git_caller,
        connector=Login(type="Gitlab", path="/gitlab"),
        protected_words="GitLab: You are not allowed to push code to protected branches on this project.",
        realm="GitLab",
        refusals=Refusals(
            dumb=(403, "Git access over HTTP is only allowed by the smart protocol"),
            bad_login=_DENIED,
            login_to_read=_DENIED,
            login_to_push=_DENIED,
            not_found=(
                404,
                "The project you were looking for could not be found or you don't have permission to view it.",
            ),
            read_only=(403, "You are not allowed to upload code."),
        ),
    ),
)
