"""The git hosts: one folder or module each, with the same few functions. Which there are is in table.py."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from common.errors import BadInput
from common.git_hosts.faults import Unsupported
from common.git_hosts.table import HOSTS
from common.network.url import checked

if TYPE_CHECKING:
    from common.contract.step import Context
    from common.git.credentials import Credentials
    from common.git.failures import Rejection
    from common.git_hosts.connector import Connector
    from common.git_hosts.context import HostContext, HostInputs
    from common.git_hosts.settings import Settings

__all__ = [
    "HOSTS",
    "GitHost",
    "ListedRepository",
    "NewPullRequest",
    "NewRepository",
    "Repository",
    "check_feature",
    "check_settings",
    "module_for",
    "open_host",
    "serving",
    "signed_in",
]


class NewRepository(NamedTuple):
    """What to create, at the place that the context names. default_branch: '' leaves it to the host."""

    visibility: str
    description: str
    default_branch: str = ""


class Repository(NamedTuple):
    """A repository as its host describes it. default_branch: '' where the host names none before the first commit."""

    url: str
    clone_url: str
    default_branch: str
    visibility: str
    description: str


class ListedRepository(NamedTuple):
    """A repository as a list of its owner's shows it.

    name: for the field repository. default_branch: '' where the list does not tell it, or there is none. archived: it
    takes no push, being archived or disabled.
    """

    name: str
    default_branch: str = ""
    archived: bool = False


class NewPullRequest(NamedTuple):
    """A pull or merge request inside one repository: the branch `source`, to be merged into `target`."""

    source: str
    target: str
    title: str
    body: str


class GitHost(Protocol):
    """What a module of a git host offers; it leaves out what only the steps call that it cannot serve.

    URLs are made without asking the host.
    """

    NAME: str  # as a sentence begins with it
    FILE_PAGE: str
    """The path of the page of a file, as a regular expression with the fields of the location, `branch` and `path`.

    '' where a file cannot be told from the address of a page.
    """
    UNSUPPORTED: Mapping[str, tuple[str, str]]
    """Type of a step, or field of an input, that the host cannot serve -> what it lacks, advice."""
    SETTINGS: frozenset[str]
    """Which of settings.KEYS the host has."""
    SETS_DEFAULT_BRANCH_OF_EMPTY: bool
    """Whether create_repository or set_default_branch can name a default branch that has no commit yet."""

    def check(self, context: HostContext) -> None:
        """Raise BadInput for a field of the location that is missing, or breaks the host's rules."""

    def repository_url(self, context: HostContext) -> str: ...

    def clone_url(self, context: HostContext) -> str: ...

    def file_url(self, context: HostContext, *, branch: str, path: str) -> str:
        """Give the browser URL of a file; branch: '' for the default branch."""

    def commit_url(self, context: HostContext, *, commit: str) -> str | None:
        """Give the browser URL of a commit; None where the host shows none."""

    def git_credentials(self, context: HostContext) -> Credentials | None: ...

    def explain_rejection(self, context: HostContext, text: str) -> Rejection:
        """Tell what a push that this host declined with these words lacked; Rejection() when nothing is known."""

    def find_repository(self, context: HostContext, wanted: NewRepository) -> Repository | None:
        """Give the repository if it exists and the credentials may see it."""

    def create_repository(self, context: HostContext, wanted: NewRepository) -> tuple[Repository, bool]:
        """Create the repository. The flag is False when somebody else did since it was looked for.

        Only hosts with SETS_DEFAULT_BRANCH_OF_EMPTY look at the wanted default branch.
        """

    def list_repositories(self, context: HostContext) -> Iterator[ListedRepository]:
        """Give the repositories of the owner that the location names, as they are asked for page by page."""

    def set_default_branch(self, context: HostContext, branch: str) -> None:
        """Make this the default branch of the repository; to repeat it does no harm.

        It has commits, unless the host is one of SETS_DEFAULT_BRANCH_OF_EMPTY.
        """

    def apply_settings(self, context: HostContext, settings: Settings, *, write: bool) -> list[str]:
        """Bring the repository to these settings, all of them of SETTINGS: read, and write only what differs.

        Gives the names of what differed (settings.bring_about does all this); write=False: only look.
        """

    def find_pull_request(self, context: HostContext, *, source: str, target: str) -> str | None:
        """Give the browser URL of the open pull or merge request from the one branch into the other."""

    def open_pull_request(self, context: HostContext, wanted: NewPullRequest) -> tuple[str, bool]:
        """Open a pull or merge request and give its browser URL.

        The flag is False when there was an open one, so that nothing is opened twice.
        """

    def protect_branch(self, context: HostContext, branch: str) -> bool:
        """Protect the branch: no push by force, no deletion, changes by a reviewed pull request.

        Whoever administers the repository may pass it by where the host knows that. A protection that is there stays as
        it is. Gives whether this run made it.
        """


def open_host(
    inputs: HostInputs, context: Context, *, step_type: str, personal: bool = False, located: bool = True
) -> tuple[GitHost, HostContext]:
    """Give the connector's git host and what to hand to its functions, checked for a step of this type.

    located=False: the location does not matter, for only the credentials are wanted.
    """
    from common.git_hosts.context import HostContext, addressed  # here: --help of most steps needs no host

    opened = HostContext(
        connector=inputs.connector,
        location=inputs.location,
        harness=inputs.harness,
        network=context.network,
        deadline=context.deadline,
        personal=personal,
        addressed=addressed(context.sources),
    )
    return checked_host(opened, step_type, located=located), opened


def signed_in(host: GitHost, context: HostContext, *needs: str) -> HostContext:
    """Give the context with credentials: those of a GitHub App are asked for here.

    needs: the type of the step, and its inputs that a right of their own goes with.
    """
    connector = context.connector
    if not connector.is_app:
        return context
    sign_in = getattr(host, "sign_in", None)  # most have none
    if sign_in is None:
        raise Unsupported(host.NAME, "GitHub Apps", next_step="Leave GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY out.")
    if connector.password is not None:
        raise BadInput(
            "There is a token (DRONE_NETRC_PASSWORD), and a GitHub App (GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY).",
            next_step="Give one of them.",
        )
    return cast("HostContext", sign_in(context, needs))


def checked_host(context: HostContext, step_type: str, *, located: bool = True) -> GitHost:
    """Give the connector's git host. Raises BadInput when it cannot serve the step, or for what it finds wrong."""
    connector = context.connector
    _check_address(connector)
    host = module_for(connector.type or _type_of(connector), step_type, machine=_machine(connector))
    if located:
        host.check(context)
    return host


def module_for(connector_type: str, step_type: str, *, machine: str = "") -> GitHost:
    """Import the module of a type of connector, and of its machine where a type has several hosts.

    Raises BadInput that lists the supported types, Unsupported for a step that this host cannot serve.
    """
    known = next((host for name, host in HOSTS.items() if name.lower() == connector_type.lower()), None)
    if known is None:
        raise BadInput(f"The connector type {connector_type!r} is not supported.", next_step=f"Supported: {_types()}.")
    module = _module(known.elsewhere if known.elsewhere and machine and not known.takes(machine) else known.module)
    check_feature(module, step_type)
    return module


def check_feature(host: GitHost, field: str) -> None:
    """Raise Unsupported when the host lacks what this input asks for."""
    if field in host.UNSUPPORTED:
        feature, advice = host.UNSUPPORTED[field]
        raise Unsupported(host.NAME, feature, next_step=advice)


def check_settings(host: GitHost, settings: Settings) -> None:
    """Raise Unsupported, with all of them, for settings that the host lacks."""
    lacking = list(dict.fromkeys(key for key in settings.asked() if key not in host.SETTINGS))
    if lacking:
        it = "it" if len(lacking) == 1 else "them"
        raise Unsupported(host.NAME, f"setting {', '.join(lacking)}", next_step=f"Leave {it} out of settings.")
    for alternatives in getattr(host, "ALTERNATIVES", ()):  # keys of SETTINGS of which it can have one; most have none
        both = [key for key in settings.asked() if key in alternatives]
        if len(both) > 1:
            raise BadInput(f"{host.NAME} can have only one of {' and '.join(both)}.", next_step="Leave the other out.")


def serving(step_type: str) -> list[str]:
    """Give the types of connectors whose host can serve a step of this type."""
    return [
        name for name, host in HOSTS.items() if any(step_type not in _module(each).UNSUPPORTED for each in host.modules)
    ]


def _module(name: str) -> GitHost:
    return cast("GitHost", importlib.import_module(name))


def _type_of(connector: Connector) -> str:
    for name, host in HOSTS.items():
        if host.takes(_machine(connector)):
            return name
    raise BadInput(
        f"Which kind of git host {connector.host or 'this connector'} is cannot be told from its name.",
        next_step=f"Set CONNECTOR_TYPE; supported: {_types()}.",
    )


def _machine(connector: Connector) -> str:
    return connector.machine or connector.host.partition(":")[0]


def _types() -> str:
    return ", ".join(HOSTS)


def _check_address(connector: Connector) -> None:
    if "://" in connector.remote_url and not connector.machine:
        checked(connector.remote_url, what="DRONE_REMOTE_URL", next_step="Give the connector's https URL.")
    if connector.machine:
        advice = "Give the host's name alone as DRONE_NETRC_MACHINE, and a port as DRONE_NETRC_PORT."
        parts = checked(f"https://{connector.host}", what="The git host", next_step=advice)
        if parts.netloc != connector.host or "@" in connector.host:
            raise BadInput(f"The git host is {connector.host!r}, which is more than a name.", next_step=advice)
