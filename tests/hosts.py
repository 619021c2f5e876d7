"""The git hosts as tests see them. The scenarios of CreateRepo, DirectPush and RegisterCatalog run over this table."""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.wsgi import get_input_stream

from tests.conftest import Faults, World, serving

EVERY_STEP = frozenset({"CreateRepo", "DirectPush", "RegisterCatalog"})


@dataclass(frozen=True, kw_only=True)
class Served:
    """A host that is served for a test. The repository of the test is `payments`; where that is, the host decides.

    connector, location, elsewhere, read_only: variables: of the connector, of the repository, of one that does not
    exist, of credentials that may not write; may_not_push: what git then shows of the host's words. The pages are texts
    with {commit}, {branch} and {path}; '' where there is none. find, create: the requests by which the API is asked for
    the repository and makes it.
    """

    url: str
    faults: Faults
    connector: dict[str, str]
    location: dict[str, str]
    elsewhere: dict[str, str]
    read_only: dict[str, str]
    may_not_push: str
    folder: Callable[[], Path]
    git_path: str
    visibilities: tuple[str, ...] = ()
    default_branch: str = "main"  # the branch in the page of a file on the default branch
    repository_page: str = ""
    commit_page: str = ""
    file_page: str = ""
    find: tuple[str, str] = ("", "")
    create: tuple[str, str] = ("", "")

    @property
    def variables(self) -> dict[str, str]:
        return {**self.connector, **self.location}

    def asked(self, request: tuple[str, str]) -> int:
        """How often such a request reached the host."""
        return sum(line == " ".join(request) for line in self.faults.requests)


@dataclass(frozen=True, kw_only=True)
class Host:
    """A row: the connector's type, the steps that the host serves, and how a test gets it."""

    type: str
    serve: Callable[[World, Path], contextlib.AbstractContextManager[Served]]
    steps: frozenset[str] = EVERY_STEP

    def __str__(self) -> str:
        return self.type


@contextlib.contextmanager
def _github(world: World, _: Path) -> Iterator[Served]:
    page = f"{world.url}/acme/payments"
    yield Served(
        url=world.url,
        faults=world.faults,
        connector=world.connector,
        location={"ORG_NAME": "acme", "REPO_NAME": "payments"},
        elsewhere={"REPO_NAME": "nowhere"},
        read_only={"DRONE_NETRC_PASSWORD": world.credentials.github_readonly_token},
        may_not_push="remote: Write access to repository not granted.",
        folder=lambda: world.repository("acme", "payments"),
        git_path="/acme/payments.git",
        visibilities=("private", "public", "internal"),
        default_branch="HEAD",
        repository_page=page,
        commit_page=f"{page}/commit/{{commit}}",
        file_page=f"{page}/blob/{{branch}}/{{path}}",
        find=("GET", "/api/v3/repos/acme/payments"),
        create=("POST", "/api/v3/orgs/acme/repos"),
    )


@contextlib.contextmanager
def _plain(_: World, folder: Path) -> Iterator[Served]:
    users = {"keeper": ("keepers-password", True), "reader": ("readers-password", False)}
    repository = folder / "git" / "team" / "payments.git"
    _git("init", "--quiet", "--bare", "--initial-branch=main", str(repository))
    faults = Faults(PlainServer(folder / "git", users))
    with serving(faults) as url:
        yield Served(
            url=url,
            faults=faults,
            connector={
                "CONNECTOR_TYPE": "Git",
                "DRONE_NETRC_MACHINE": "127.0.0.1",
                "DRONE_NETRC_PORT": url.rpartition(":")[2],
                "DRONE_NETRC_USERNAME": "keeper",
                "DRONE_NETRC_PASSWORD": users["keeper"][0],
                "DRONE_REMOTE_URL": f"{url}/team/payments.git",
            },
            location={"REPO_NAME": "payments"},
            elsewhere={"REPO_NAME": "nowhere", "DRONE_REMOTE_URL": f"{url}/team/nowhere.git"},
            read_only={"DRONE_NETRC_USERNAME": "reader", "DRONE_NETRC_PASSWORD": users["reader"][0]},
            may_not_push="remote: 403 Forbidden",
            folder=lambda: repository,
            git_path="/team/payments.git",
        )


HOSTS = (
    Host(type="Github", serve=_github),
    Host(type="Git", serve=_plain, steps=frozenset({"DirectPush"})),
)


def serving_step(step_type: str) -> list[Host]:
    """The hosts that the step works with."""
    return [host for host in HOSTS if step_type in host.steps]


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


@dataclass(frozen=True)
class PlainServer:
    """git http-backend behind a login by user and password. `users`: name -> password, and whether it may push."""

    root: Path
    users: dict[str, tuple[str, bool]]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        status = self._refusal(environ)
        if status:
            start_response(status, [("WWW-Authenticate", 'Basic realm="Git"'), ("Content-Type", "text/plain")])
            return [f"{status}\n".encode()]
        names = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "HTTP_CONTENT_ENCODING")
        backend = subprocess.run(
            ["git", "http-backend"],
            input=get_input_stream(environ).read(),
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(self.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REMOTE_USER": "keeper",
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
                **{name: environ[name] for name in names if environ.get(name)},
                "GIT_PROTOCOL": environ.get("HTTP_GIT_PROTOCOL", ""),
            },
            capture_output=True,
            check=False,
        )
        head, _, body = backend.stdout.partition(b"\r\n\r\n")
        headers = [
            (name, value.strip()) for name, _, value in (line.partition(":") for line in head.decode().split("\r\n"))
        ]
        told = dict(headers).pop("Status", "200 OK")
        start_response(told, [(name, value) for name, value in headers if name != "Status"])
        return [body]

    def _refusal(self, environ: dict[str, Any]) -> str:
        sent = environ.get("HTTP_AUTHORIZATION", "").partition(" ")[2]
        name, _, password = base64.b64decode(sent).decode().partition(":")
        known, may_push = self.users.get(name, ("", False))
        if not known or known != password:
            return "401 Authorization Required"
        pushes = "git-receive-pack" in environ["PATH_INFO"] + environ.get("QUERY_STRING", "")
        return "403 Forbidden" if pushes and not may_push else ""
