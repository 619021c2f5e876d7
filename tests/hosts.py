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
    exist, of credentials that may not write; may_not_push, right: what git then shows of the host's words, and the
    right that the step names. The pages are texts
    with {commit}, {branch} and {path}; '' where there is none. find, create: the requests by which the API is asked for
    the repository and makes it. gone: variables that lead to a server which is down, and what is then said.
    """

    url: str
    faults: Faults
    connector: dict[str, str]
    location: dict[str, str]
    elsewhere: dict[str, str]
    read_only: dict[str, str]
    may_not_push: str
    right: str
    folder: Callable[[], Path]
    git_path: str
    root: str = ""  # the path that the whole server lies below
    origin: str = ""  # what git and the pages are at, when that is not the sandbox's own address
    visibilities: tuple[str, ...] = ()
    default_of_empty: str = "main"  # what it names as the default branch before there is a commit
    default_branch: str = "main"  # the branch in the page of a file on the default branch
    repository_page: str = ""
    commit_page: str = ""
    file_page: str = ""
    default_file_page: str = ""  # where a file on the default branch is shown, when not like one on another
    settings: dict[str, Any] = field(default_factory=dict)
    lacks: tuple[dict[str, Any], str] = ({}, "")
    gone: tuple[dict[str, str], str] = (
        {"DRONE_NETRC_PORT": "9", "DRONE_REMOTE_URL": "http://127.0.0.1:9"},
        "the connection was refused",
    )
    find: tuple[str, str] = ("", "")
    create: tuple[str, str] = ("", "")

    @property
    def lfs_path(self) -> str:
        """Where Git LFS looks for a repository's large files: it adds .git to an address without it."""
        return f"{self.git_path.removesuffix('.git')}.git/info/lfs"

    @property
    def clone_url(self) -> str:
        return f"{self.origin or self.url}{self.git_path}"

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
    name: str = ""  # of the host, where a type has several
    serve: Callable[[World, Path], contextlib.AbstractContextManager[Served]]
    steps: frozenset[str] = EVERY_STEP
    has_settings: bool = True  # of a repository

    def __str__(self) -> str:
        return self.name or self.type

    @property
    def module(self) -> str:
        """Where the host's code is."""
        modules = TABLE[self.type].modules
        return next((module for module in modules if module.endswith(self.name or module)), "")


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
        right="the token Contents write (fine-grained, or of an App) or the scope `repo` (classic)",
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
        right="the scope `write_repository` (or `api`), and its account the role Developer",
        folder=lambda: next(world.state_dir.rglob("payments.git")),
        git_path="/gitlab/acme/team/payments.git",
        root="/gitlab",
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
        right="the permission Contribute on the repository. A personal access token also needs the scope Code",
        folder=lambda: next(path for path in world.state_dir.rglob("payments.git") if path.parent.name == "shop"),
        git_path="/azure/acme/shop/_git/payments",
        root="/azure",
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
def _bitbucket_cloud(world: World, _: Path) -> Iterator[Served]:
    known = world.credentials["bitbucket-cloud"]
    page = "http://bitbucket.org/acme/payments"
    yield Served(
        url=world.url,
        faults=world.faults,
        connector={
            "CONNECTOR_TYPE": "Bitbucket",
            "DRONE_NETRC_MACHINE": "bitbucket.org",
            "DRONE_NETRC_USERNAME": known.email,
            "DRONE_NETRC_PASSWORD": known.api_token,
            "DRONE_REMOTE_URL": "http://bitbucket.org/acme/payments.git",
            "HTTP_PROXY": world.url,
        },
        location={"WORKSPACE_NAME": "acme", "PROJECT_NAME": "SHOP", "REPO_NAME": "payments"},
        elsewhere={"REPO_NAME": "nowhere"},
        read_only={"DRONE_NETRC_PASSWORD": known.readonly_token},
        may_not_push="remote: Your credentials lack one or more required privilege scopes.",
        right="the scope write:repository:bitbucket",
        folder=lambda: next(world.state_dir.rglob("payments.git")),
        git_path="/acme/payments.git",
        origin="http://bitbucket.org",
        visibilities=("private", "public"),
        default_of_empty="",
        repository_page=page,
        commit_page=f"{page}/commits/{{commit}}",
        file_page=f"{page}/src/{{quoted_branch}}/{{path}}",
        default_file_page=f"{page}/src/HEAD/{{path}}",
        settings={
            "access": {"groups": {"platform": "write"}, "users": {"557058:jane": "admin"}},
            "features": {"issues": True, "wiki": False},
        },
        lacks=({"topics": ["java"], "mergeMethods": ["squash"]}, "topics, mergeMethods squash"),
        gone=({"HTTP_PROXY": "http://127.0.0.1:9"}, "The proxy for http://api.bitbucket.org does not answer."),
        find=("GET", "/2.0/repositories/acme/payments"),
        create=("POST", "/2.0/repositories/acme/payments"),
    )


@contextlib.contextmanager
def _bitbucket_data_center(world: World, _: Path) -> Iterator[Served]:
    known = world.credentials["bitbucket"]
    page = f"{world.url}/bitbucket/projects/SHOP/repos/payments"
    yield Served(
        url=world.url,
        faults=world.faults,
        connector={
            "CONNECTOR_TYPE": "Bitbucket",
            "DRONE_NETRC_MACHINE": "127.0.0.1",
            "DRONE_NETRC_PORT": world.url.rpartition(":")[2],
            "DRONE_NETRC_USERNAME": known.user,
            "DRONE_NETRC_PASSWORD": known.token,
            "DRONE_REMOTE_URL": f"{world.url}/bitbucket/scm/shop/payments.git",
        },
        location={"PROJECT_NAME": "SHOP", "REPO_NAME": "payments"},
        elsewhere={"REPO_NAME": "nowhere"},
        read_only={"DRONE_NETRC_PASSWORD": known.readonly_token},
        may_not_push="remote: You are not permitted to push to this repository",
        right="the permission Repository write",
        folder=lambda: next(world.state_dir.rglob("payments.git")),
        git_path="/bitbucket/scm/shop/payments.git",
        root="/bitbucket/scm",
        visibilities=("private", "public"),
        default_of_empty="",
        repository_page=page,
        commit_page=f"{page}/commits/{{commit}}",
        file_page=f"{page}/browse/{{path}}?at=refs%2Fheads%2F{{quoted_branch}}",
        default_file_page=f"{page}/browse/{{path}}",
        settings={"access": {"groups": {"platform": "write"}, "users": {"jane": "admin"}}, "mergeMethods": ["squash"]},
        lacks=(
            {"topics": ["java"], "access": {"teams": {"x": "maintain"}}},
            "topics, access.teams, access role maintain",
        ),
        find=("GET", "/bitbucket/rest/api/latest/projects/SHOP/repos/payments"),
        create=("POST", "/bitbucket/rest/api/latest/projects/SHOP/repos"),
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
        right="Give it the right to write to this repository.",
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
        right="Give it the right to write to this repository.",
        folder=lambda: next(world.state_dir.rglob("payments.git")),
        git_path="/git/payments.git",
    )


HOSTS = (
    Host(type="Github", serve=_github),
    Host(type="Gitlab", serve=_gitlab),
    Host(type="AzureRepo", serve=_azure, has_settings=False),
    Host(type="Bitbucket", name="cloud", serve=_bitbucket_cloud),
    Host(type="Bitbucket", name="data_center", serve=_bitbucket_data_center),
    Host(type="Harness", serve=_harness, has_settings=False),
    Host(type="Git", serve=_plain, steps=frozenset({"DirectPush", "GitClone"})),
)

OWNERS = {  # row -> the host, and an owner there, as the sandbox keeps them
    "Github": ("github", "acme"),
    "Gitlab": ("gitlab", "acme/team"),
    "AzureRepo": ("azure", "acme/shop"),
    "cloud": ("bitbucket-cloud", "acme"),
    "data_center": ("bitbucket", "SHOP"),
    "Harness": ("harness", "{account}/shop/web"),
}


def serving_step(step_type: str) -> list[Host]:
    """The hosts that the step works with."""
    return [host for host in HOSTS if step_type in host.steps]


def offering(step_type: str, field: str) -> list[Host]:
    """The hosts that the step works with, and that have what this input of it asks for."""
    return [host for host in serving_step(step_type) if field not in importlib.import_module(host.module).UNSUPPORTED]
