"""GitHub, as a GitHub Enterprise Server serves it: the API below /api/v3, repositories at /{owner}/{name}."""

from __future__ import annotations

from sandbox.git import pull_requests, repositories
from sandbox.github import apps
from sandbox.github.access import Credentials, caller
from sandbox.service import GitHost, Login, Refusals, Routes, Service


def _routes() -> Routes:
    from sandbox.github import app_api, inside  # noqa: F401 - they add their routes
    from sandbox.github.api import github

    return ((github, "/api/v3"),)


GITHUB = Service(
    name="github",
    title="GitHub",
    credentials=Credentials,
    api_paths=("/api/",),
    tables=(repositories.TABLE, pull_requests.TABLE, apps.TABLE),
    secret_forms=(r"gh[a-z]_[A-Za-z0-9]{20,}", r"github_pat_\w{20,}"),
    routes=_routes,
    git=GitHost(
        addresses=("/<owner>/<name>.git", "/<owner>/<name>"),
        page="/<owner>/<name>",
        caller=caller,
        connector=Login(type="Github"),
        realm="GitHub",
        protected_words=(
            "error: GH006: Protected branch update failed for refs/heads/{branch}.\n"
            "error: Changes must be made through a pull request."
        ),
        refusals=Refusals(
            dumb=(403, "Please upgrade your git client.\nGitHub.com no longer supports git over dumb-http."),
            bad_login=(
                401,
                "Invalid username or token. Password authentication is not supported for Git operations.",
            ),
            login_to_read=(401, "Repository not found."),
            login_to_push=(401, "No anonymous write access."),
            not_found=(404, "Repository not found."),
            read_only=(403, "Write access to repository not granted."),
        ),
    ),
)
