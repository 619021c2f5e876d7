"""What `idp-steps run --sandbox` puts in the place of the outside world.

Every connector is the sandbox's GitHub, or the host that --host names, every secret the sandbox's credential for the
field that it stands in, and the Harness account is the sandbox's. Nothing of the user's own connectors or secrets is
read in this mode.

Two optional files next to the pipeline file prepare a rehearsal. `inputs.yaml` is read with and without `--sandbox`
whenever no `--inputs` is given, and the run says so; `${SANDBOX_URL}` in a value (of `--set` too) is the sandbox's
address (http://127.0.0.1:PORT), and is refused without `--sandbox` unless `--set` replaces that value:

    project_name: payments                 # a variable of the pipeline, by its name
    onboarding.environment: test           # a variable of a stage: <stage>.<variable>
    onboarding.render.outputDirectory: out # an <+input> in a step's spec: <stage>.<step>.<field>
    public_template_url: ${SANDBOX_URL}/templates/service.git

`sandbox.yaml` is read only with `--sandbox`. It lists repositories that the sandbox has before the first step runs;
one that is there already with the same content is left as it is:

    repositories:
      - owner: templates                   # the account or organization
        name: service
        folder: template                   # relative to this file; its content becomes the default branch
        private: true                      # only with the credentials of a connector; public when it is left out
      - host: git                          # the service that serves it; github when it is left out
        name: payments                     # without an owner, because this host has none
                                           # without a folder: it is empty
    faults:                                # of its git hosts; docs/sandbox.md lists them
      - {fault: unusable, seconds: 5}
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common import document
from common.diagnostics import Diagnostic, Invalid, choice
from common.document import Node, reader
from common.errors import BadInput
from common.secret import Secret
from runner.language.schema import RUN, check
from runner.platform.connectors import Connector, Harness, Services

if TYPE_CHECKING:
    from sandbox.server import Sandbox
    from sandbox.service import GitHost

DEFAULT_STATE = Path(".idp-steps") / "sandbox"
URL = "${SANDBOX_URL}"
FACTS = {  # what expressions can ask about an execution, of which the sandbox knows nothing else
    "pipeline.triggeredBy.name": "Sandbox user",
    "pipeline.triggeredBy.email": "user@sandbox.example",
    "pipeline.executionUrl": "http://localhost/execution",
    "account.name": "Sandbox",
    "account.companyName": "Sandbox",
    "org.name": "Default",
    "project.name": "Portal",
}
SERVICE = "IdpService"  # the id before a token of the user context; which ones the platform uses is not published
REPOSITORY = dict.fromkeys(("host", "owner", "name", "folder", "private"), RUN)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Seed:
    """A repository of the sandbox, with the folder that it is filled from."""

    host: str
    owner: str
    name: str
    folder: Path | None
    private: bool = False


@dataclass(frozen=True)
class Fault:
    """A fault of a git host, of every one when `host` is empty, that a sandbox.yaml switches on."""

    name: str
    host: str
    value: str


def seeds(file: Path) -> list[Seed]:
    """Read a sandbox.yaml. Raises Invalid."""
    faults: list[Diagnostic] = []
    root = reader.read(file)
    top = root if isinstance(root, document.Mapping) else document.Mapping(root.location, {}, {})
    faults += check(top, {"repositories": RUN, "faults": RUN}, "the file")
    listing = top.fields.get("repositories")
    if listing is None and "faults" in top.fields and not faults:
        return []
    if not isinstance(listing, document.Sequence):
        raise Invalid([*faults, Diagnostic("The file has to hold a list 'repositories'.", root.location)])
    found = [_seed(item, file.parent, faults) for item in listing.items]
    if faults:
        raise Invalid(faults)
    return found


def spoiled(file: Path) -> list[Fault] | None:
    """Read the faults of a sandbox.yaml; None when it says nothing of them. Raises Invalid."""
    from sandbox.faults import FAULTS, problem

    complaints: list[Diagnostic] = []
    root = reader.read(file)
    listing = root.fields.get("faults") if isinstance(root, document.Mapping) else None
    if listing is None:
        return None
    if not isinstance(listing, document.Sequence):
        raise Invalid([Diagnostic("'faults' has to be a list.", listing.location)])
    found = []
    for node in listing.items:
        entry = node if isinstance(node, document.Mapping) else document.Mapping(node.location, {}, {})
        name, host = entry.text("fault"), entry.text("host")
        if name not in FAULTS:
            text = f"There is no fault {name!r}; it can be {choice(tuple(FAULTS))}."
            complaints.append(Diagnostic(text, entry.location_of("fault")))
            continue
        field = FAULTS[name][0]
        complaints += check(entry, dict.fromkeys(filter(None, ("fault", "host", field)), RUN), f"the fault {name!r}")
        if host and host not in _hosts():
            text = f"The sandbox has no git host {host!r}; it can be {choice(tuple(_hosts()))}."
            complaints.append(Diagnostic(text, entry.location_of("host")))
        value = entry.text(field) if field else ""
        if told := problem(name, value):
            complaints.append(Diagnostic(told, entry.location_of(field)))
        found.append(Fault(name, host, value))
    if complaints:
        raise Invalid(complaints)
    return found


def _hosts() -> dict[str, GitHost]:
    from sandbox.services import SERVICES

    return {service.name: service.git for service in SERVICES if service.git}


def _seed(node: Node, beside: Path, faults: list[Diagnostic]) -> Seed:
    hosts = _hosts()
    entry = node if isinstance(node, document.Mapping) else document.Mapping(node.location, {}, {})
    faults += check(entry, REPOSITORY, "a repository")
    host = entry.text("host") or next(iter(hosts))
    if host not in hosts:
        text = f"The sandbox has no git host {host!r}; it can be {choice(tuple(hosts))}."
        faults.append(Diagnostic(text, entry.location_of("host")))
        return Seed(host, "", "", None)
    if entry.text("owner") and not hosts[host].has_owners:
        faults.append(Diagnostic(f"The repositories of {host} have no owner.", entry.location_of("owner")))
    for name in ("owner", "name") if hosts[host].has_owners else ("name",):
        if not entry.text(name):
            faults.append(Diagnostic(f"The field {name!r} of a repository is missing.", node.location))
        elif not NAME.fullmatch(entry.text(name)):
            faults.append(Diagnostic(f"{entry.text(name)!r} is no {name} of a repository.", entry.location_of(name)))
    folder = beside / entry.text("folder") if entry.text("folder") else None
    if folder and not folder.is_dir():
        text = f"The folder {entry.text('folder')!r} does not exist next to this file."
        faults.append(Diagnostic(text, entry.location_of("folder")))
    if entry.text("private").lower() not in ("", "true", "false"):
        faults.append(Diagnostic("'private' of a repository is true or false.", entry.location_of("private")))
    return Seed(host, entry.text("owner"), entry.text("name"), folder, entry.text("private").lower() == "true")


@contextmanager
def running(
    state: Path, port: int = 0, *, address: str = "127.0.0.1", waiting: Callable[[], None] = lambda: None
) -> Iterator[Sandbox]:
    """Run the sandbox, or use the one that is already running on this state.

    It is served on loopback, and on `address` too. `waiting` is called when its end has to wait for another run that
    uses it.
    """
    import sqlite3

    from sandbox.server import serve

    if shutil.which("git") is None:
        raise BadInput("The sandbox needs git, which is not there.", next_step="Install it, or put it on the PATH.")
    with ExitStack() as stack:
        try:
            sandbox = stack.enter_context(serve(state, port, address=address, waiting=waiting))
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise BadInput(
                f"The sandbox cannot keep its state in {state}: {reason}.", next_step="Choose another --state."
            ) from error
        except ModuleNotFoundError as error:
            raise BadInput(
                f"The sandbox needs the package {error.name}.",
                next_step="Install it with: pip install 'idp-steps[sandbox]'",
            ) from error
        yield sandbox


def plant(state: Path, found: list[Seed], faults: Sequence[Fault] | None = None) -> None:
    """Make the repositories that a sandbox.yaml asks for, and switch its faults on in the place of all others.

    Without faults, those that were switched on by hand stay.
    """
    from sandbox.seeding import seed, spoil

    for wanted in found:
        seed(state, wanted.owner, wanted.name, wanted.folder, wanted.private, host=wanted.host)
    if faults is not None:
        spoil(state, [(fault.name, fault.value, fault.host) for fault in faults])


def connector_of(sandbox: Sandbox, host: str) -> Connector:
    """Give the sandbox's connector of a type, or of the first host when none is asked for. Raises BadInput."""
    logins = {name: served.connector for name, served in _hosts().items() if served.connector is not None}
    known = {login.name or login.type: (name, login) for name, login in logins.items()}
    found = next((kind for kind in known if not host or kind.lower() == host.lower()), None)
    if found is None:
        raise BadInput(f"The sandbox has no git host of the type {host!r}.", next_step=f"It can be {', '.join(known)}.")
    name, login = known[found]
    credentials = sandbox.credentials[name]
    return Connector(
        login.type,
        (f"http://{login.machine}" if login.machine else sandbox.url) + login.path.format_map(vars(credentials)),
        "Account",
        getattr(credentials, login.name_field),
        Secret(getattr(credentials, login.secret_field)),
        instead=bool(host),
        taken_from=login.taken_from if host else {},
        proxy=sandbox.url if login.machine else "",
    )


def services(sandbox: Sandbox, host: str = "") -> Services:
    """Give the sandbox in the place of every connector, secret and account.

    host: the type of connector to rehearse on, whatever the steps say. Raises BadInput for one that there is not.
    """
    connector, portal = connector_of(sandbox, host), sandbox.credentials["harness"]
    by_field: Mapping[str, str] = {"token": sandbox.credentials["slack"].token, "xApiKey": portal.api_key}
    user_context = {
        "AUTHORIZATION": Secret(f"{SERVICE} {portal.service_jwt}"),
        "X_SOURCE_PRINCIPAL": Secret(f"{SERVICE} {portal.user_jwt}"),
    }
    for jwt in (portal.service_jwt, portal.user_jwt):
        Secret(jwt)  # masked also without the id before it
    harness = Harness(portal.account, sandbox.url, user_context, Secret(portal.api_key))

    def secret(identifier: str, field: str) -> Secret:
        # Only the two kinds of service credentials exist here; any other secret is made up.
        return Secret(by_field.get(field, f"sandbox-secret-{identifier}"))

    return Services(lambda _reference: connector, secret, lambda: harness, f"{sandbox.url}/slack/api/")
