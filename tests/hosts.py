"""The git hosts as tests see them. The scenarios of CreateRepo, DirectPush and RegisterCatalog run over this table."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.git_hosts.table import HOSTS as TABLE
from sandbox.seeding import seed
from tests.conftest import Faults, World

EVERY_STEP = frozenset({"CreateRepo", "DirectPush", "GitClone", "RegisterCatalog"})


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
    default_of_empty: str = "main"  # what it names as the default branch before there is a commit
    default_branch: str = "main"  # the branch in the page of a file on the default branch
    repository_page: str = ""
    commit_page: str = ""
    file_page: str = ""
    default_file_page: str = ""  # where a file on the default branch is shown, when not like one on another
    settings: dict[str, Any] = field(default_factory=dict)
    lacks: tuple[dict[str, Any], str] = ({}, "")
    find: tuple[str, str] = ("", "")
    create: tuple[str, str] = ("", "")

    @property
    def variables(self) -> dict[str, str]:
        return {**self.connector, **self.location}

    def writes(self) -> list[str]:
        """The requests to the host that could change something there; git's own reads are none."""
        return [line for line in self.faults.requests if not line.startswith("GET ") and "git-upload-pack" not in line]

    def asked(self, request: tuple[str, str]) -> int:
        """How often such a request reached the host."""
        return sum(line == " ".join(request) for line in self.faults.requests)


@dataclass(frozen=True, kw_only=True)
class Host:
    """A row: the connector's type, the steps that the host serves, and how a test gets it."""

    type: str
    serve: Callable[[World, Path], contextlib.AbstractContextManager[Served]]
    steps: frozenset[str] = EVERY_STEP
    has_settings: bool = True  # of a repository

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
        read_only={"DRONE_NETRC_PASSWORD": world.credentials["github"].readonly_token},
        may_not_push="remote: Write access to repository not granted.",
        folder=lambda: world.repository("acme", "payments"),
        git_path="/acme/payments.git",
        visibilities=("private", "public", "internal"),
        default_branch="HEAD",
        repository_page=page,
        commit_page=f"{page}/commit/{{commit}}",
        file_page=f"{page}/blob/{{branch}}/{{path}}",
        settings={
            "topics": ["payments", "Java"],
            "homepage": "https://payments.example.com",
            "access": {"teams": {"platform": "maintain"}, "users": {"jane": "write"}},
            "features": {"issues": True, "wiki": False},
            "mergeMethods": ["squash", "rebase"],
            "deleteBranchOnMerge": True,
        },
        lacks=(
            {"access": {"groups": {"platform": "read"}}, "mergeMethods": ["fastForward"]},
            "access.groups, mergeMethods fastForward",
        ),
        find=("GET", "/api/v3/repos/acme/payments"),
        create=("POST", "/api/v3/orgs/acme/repos"),
    )


@contextlib.contextmanager
def _gitlab(world: World, _: Path) -> Iterator[Served]:
    page = f"{world.url}/gitlab/acme/team/payments"
    known = world.credentials["gitlab"]
    yield Served(
        url=world.url,
        faults=world.faults,
        connector={
            "CONNECTOR_TYPE": "Gitlab",
            "DRONE_NETRC_MACHINE": "127.0.0.1",
            "DRONE_NETRC_PORT": world.url.rpartition(":")[2],
            "DRONE_NETRC_USERNAME": known.user,
            "DRONE_NETRC_PASSWORD": known.token,
            "DRONE_REMOTE_URL": f"{world.url}/gitlab/payments.git",
        },
        location={"ORG_NAME": "acme/team", "REPO_NAME": "payments"},
        elsewhere={"REPO_NAME": "nowhere"},
        read_only={"DRONE_NETRC_PASSWORD": known.readonly_token},
        may_not_push="remote: You are not allowed to upload code.",
        folder=lambda: next(world.state_dir.rglob("payments.git")),
        git_path="/gitlab/acme/team/payments.git",
        visibilities=("private", "public", "internal"),
        default_branch="HEAD",
        repository_page=page,
        commit_page=f"{page}/-/commit/{{commit}}",
        file_page=f"{page}/-/blob/{{branch}}/{{path}}",
        settings={
            "topics": ["payments", "Java"],
            "access": {"groups": {"acme/platform": "maintain"}, "users": {"jane": "write"}},
            "features": {"issues": True, "wiki": False},
            "mergeMethods": ["fastForward", "squash"],
            "deleteBranchOnMerge": False,
        },
        lacks=(
            {"homepage": "https://x.example", "access": {"teams": {"a": "read"}}, "mergeMethods": ["rebase"]},
            "homepage, access.teams, mergeMethods rebase",
        ),
        find=("GET", "/gitlab/api/v4/projects/acme/team/payments"),
        create=("POST", "/gitlab/api/v4/projects"),
    )


@contextlib.contextmanager
def _azure(world: World, _: Path) -> Iterator[Served]:
    known = world.credentials["azure"]
    page = f"{world.url}/azure/acme/shop/_git/payments"
    yield Served(
        url=world.url,
        faults=world.faults,
        connector={
            "CONNECTOR_TYPE": "AzureRepo",
            "DRONE_NETRC_MACHINE": "127.0.0.1",
            "DRONE_NETRC_PORT": world.url.rpartition(":")[2],
            "DRONE_NETRC_USERNAME": "jane",
            "DRONE_NETRC_PASSWORD": known.token,
            "DRONE_REMOTE_URL": f"{world.url}/azure/acme/payments",
        },
        location={"ORG_NAME": "acme", "PROJECT_NAME": "shop", "REPO_NAME": "payments"},
        elsewhere={"REPO_NAME": "nowhere"},
        read_only={"DRONE_NETRC_PASSWORD": known.readonly_token},
        may_not_push="remote: TF401027: You need the Git 'GenericContribute' permission",
        folder=lambda: next(path for path in world.state_dir.rglob("payments.git") if path.parent.name == "shop"),
        git_path="/azure/acme/shop/_git/payments",
        visibilities=("private",),
        default_of_empty="",
        repository_page=page,
        commit_page=f"{page}/commit/{{commit}}",
        file_page=f"{page}?path=/{{path}}&version=GB{{branch}}",
        default_file_page=f"{page}?path=/{{path}}",
        lacks=(
            {"topics": ["a"], "features": {"wiki": True}, "mergeMethods": ["squash"]},
            "topics, features.wiki, mergeMethods squash",
        ),
        find=("GET", "/azure/acme/shop/_apis/git/repositories/payments"),
        create=("POST", "/azure/acme/shop/_apis/git/repositories"),
    )


@contextlib.contextmanager
def _harness(world: World, _: Path) -> Iterator[Served]:
    known = world.credentials["harness"]
    space = f"{known.account}/shop/web"
    page = f"{world.url}/ng/account/{known.account}/module/code/orgs/shop/projects/web/repos/payments"
    yield Served(
        url=world.url,
        faults=world.faults,
        connector={
            "CONNECTOR_TYPE": "Harness",
            "HARNESS_ACCOUNT_ID": known.account,
            "DRONE_NETRC_MACHINE": "127.0.0.1",
            "DRONE_NETRC_PORT": world.url.rpartition(":")[2],
            "DRONE_NETRC_USERNAME": "jane@example.com",
            "DRONE_NETRC_PASSWORD": known.api_key,
            "DRONE_REMOTE_URL": f"{world.url}/gateway/code/git/{known.account}/payments.git",
        },
        location={"ORG_NAME": "shop", "PROJECT_NAME": "web", "REPO_NAME": "payments"},
        elsewhere={"REPO_NAME": "nowhere"},
        read_only={"DRONE_NETRC_PASSWORD": known.readonly_key},
        may_not_push="the token is not allowed to",  # the host's own words are JSON, which git does not show
        folder=lambda: next(path for path in world.state_dir.rglob("payments.git") if path.parent.name == "web"),
        git_path=f"/gateway/code/git/{space}/payments.git",
        visibilities=("private", "public"),
        repository_page=page,
        commit_page=f"{page}/commit/{{commit}}",
        file_page=f"{page}/files/{{branch}}/~/{{path}}",
        default_file_page=f"{page}/files/~/{{path}}",
        lacks=({"topics": ["java"], "features": {"wiki": False}}, "topics, features.wiki"),
        find=("GET", "/gateway/code/api/v1/repos/payments"),
        create=("POST", "/gateway/code/api/v1/repos"),
    )


@contextlib.contextmanager
def _plain(world: World, _: Path) -> Iterator[Served]:
    seed(world.state_dir, "", "payments", None, host="git")
    known = world.credentials["git"]
    yield Served(
        url=world.url,
        faults=world.faults,
        connector={
            "CONNECTOR_TYPE": "Git",
            "DRONE_NETRC_MACHINE": "127.0.0.1",
            "DRONE_NETRC_PORT": world.url.rpartition(":")[2],
            "DRONE_NETRC_USERNAME": known.user,
            "DRONE_NETRC_PASSWORD": known.password,
            "DRONE_REMOTE_URL": f"{world.url}/git/payments.git",
        },
        location={"REPO_NAME": "payments"},
        elsewhere={"REPO_NAME": "nowhere", "DRONE_REMOTE_URL": f"{world.url}/git/nowhere.git"},
        read_only={"DRONE_NETRC_USERNAME": known.reader, "DRONE_NETRC_PASSWORD": known.reader_password},
        may_not_push="remote: Forbidden",
        folder=lambda: next(world.state_dir.rglob("payments.git")),
        git_path="/git/payments.git",
    )


HOSTS = (
    Host(type="Github", serve=_github),
    Host(type="Gitlab", serve=_gitlab),
    Host(type="AzureRepo", serve=_azure, has_settings=False),
    Host(type="Harness", serve=_harness, has_settings=False),
    Host(type="Git", serve=_plain, steps=frozenset({"DirectPush", "GitClone"})),
)


def serving_step(step_type: str) -> list[Host]:
    """The hosts that the step works with."""
    return [host for host in HOSTS if step_type in host.steps]


def offering(step_type: str, field: str) -> list[Host]:
    """The hosts that the step works with, and that have what this input of it asks for."""
    return [
        host
        for host in serving_step(step_type)
        if field not in importlib.import_module(TABLE[host.type].module).UNSUPPORTED
    ]
