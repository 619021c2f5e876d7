"""What `idp-steps run --sandbox` puts in the place of the outside world.

Every connector is the sandbox's GitHub, every secret the sandbox's credential for the field that it stands in, and
the Harness account is the sandbox's. Nothing of the user's own connectors or secrets is read in this mode.

Two optional files next to the pipeline file prepare a rehearsal. `inputs.yaml` is read with and without `--sandbox`
whenever no `--inputs` is given, and the run says so; `${SANDBOX_URL}` in a value (of `--set` too) is the sandbox's
address (http://127.0.0.1:PORT), and is refused without `--sandbox` unless `--set` replaces that value:

    project_name: payments                 # a variable of the pipeline, by its name
    onboarding.environment: test           # a variable of a stage: <stage>.<variable>
    onboarding.render.outputDirectory: out # an <+input> in a step's spec: <stage>.<step>.<field>
    public_template_url: ${SANDBOX_URL}/templates/service.git

`sandbox.yaml` is read only with `--sandbox`. It lists folders (relative to it) that become repositories of the
sandbox before the first step runs; one that is there already with the same content is left as it is:

    repositories:
      - owner: templates                   # the account or organization
        name: service
        folder: template                   # its content becomes the default branch
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import BadInput
from common.secret import Secret
from runner.language import document
from runner.language.diagnostics import Diagnostic, Faulty
from runner.language.document import Fields, Items, Node
from runner.language.schema import RUN, check
from runner.platform.connectors import Connector, Harness, Services

if TYPE_CHECKING:
    from sandbox.server import Sandbox

DEFAULT_STATE = Path(".idp-steps") / "sandbox"
URL = "${SANDBOX_URL}"
SERVICE = "IdpService"  # the id before a token of the user context; which ones the platform uses is not published
REPOSITORY = dict.fromkeys(("owner", "name", "folder"), RUN)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Seed:
    """A folder that becomes a repository of the sandbox."""

    owner: str
    name: str
    folder: Path


def seeds(file: Path) -> list[Seed]:
    """Read a sandbox.yaml. Raises Faulty."""
    faults: list[Diagnostic] = []
    root = document.read(file)
    top = root if isinstance(root, Fields) else Fields(root.location, {}, {})
    faults += check(top, {"repositories": RUN}, "the file")
    listing = top.fields.get("repositories")
    if not isinstance(listing, Items):
        raise Faulty([*faults, Diagnostic("The file has to hold a list 'repositories'.", root.location)])
    found = [_seed(entry, file.parent, faults) for entry in listing.items]
    if faults:
        raise Faulty(faults)
    return found


def _seed(node: Node, folder_of_file: Path, faults: list[Diagnostic]) -> Seed:
    entry = node if isinstance(node, Fields) else Fields(node.location, {}, {})
    faults += check(entry, REPOSITORY, "a repository")
    for name in REPOSITORY:
        if not entry.text(name):
            faults.append(Diagnostic(f"The field {name!r} of a repository is missing.", node.location))
    for name in ("owner", "name"):
        if entry.text(name) and not NAME.fullmatch(entry.text(name)):
            faults.append(Diagnostic(f"{entry.text(name)!r} is no {name} of a repository.", entry.location_of(name)))
    folder = folder_of_file / entry.text("folder")
    if entry.text("folder") and not folder.is_dir():
        faults.append(
            Diagnostic(
                f"The folder {entry.text('folder')!r} does not exist next to this file.", entry.location_of("folder")
            )
        )
    return Seed(entry.text("owner"), entry.text("name"), folder)


@contextmanager
def running(state: Path, port: int = 0, waiting: Callable[[], None] = lambda: None) -> Iterator[Sandbox]:
    """Run the sandbox, or use the one that is already running on this state.

    `waiting` is called when its end has to wait for another run that uses it.
    """
    import sqlite3

    from sandbox.server import serve

    if shutil.which("git") is None:
        raise BadInput("The sandbox needs git, which is not there.", next_step="Install it, or put it on the PATH.")
    with ExitStack() as stack:
        try:
            sandbox = stack.enter_context(serve(state, port, waiting=waiting))
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


def plant(state: Path, found: list[Seed]) -> None:
    """Make the repositories that a sandbox.yaml asks for."""
    from sandbox.git import repositories

    for seed in found:
        repositories.seed(state, seed.owner, seed.name, seed.folder)


def services(sandbox: Sandbox) -> Services:
    """Give the sandbox in the place of every connector, secret and account."""
    credentials = sandbox.credentials
    github = Connector("Github", sandbox.url, "Account", credentials.github_user, Secret(credentials.github_token))
    by_field: Mapping[str, str] = {"token": credentials.slack_token, "xApiKey": credentials.harness_api_key}
    user_context = {
        "AUTHORIZATION": Secret(f"{SERVICE} {credentials.harness_service_jwt}"),
        "X_SOURCE_PRINCIPAL": Secret(f"{SERVICE} {credentials.harness_user_jwt}"),
    }
    for jwt in (credentials.harness_service_jwt, credentials.harness_user_jwt):
        Secret(jwt)  # masked also without the id before it
    harness = Harness(credentials.harness_account, sandbox.url, user_context)

    def secret(identifier: str, field: str) -> Secret:
        # Only the two kinds of service credentials exist here; any other secret is made up.
        return Secret(by_field.get(field, f"sandbox-secret-{identifier}"))

    return Services(lambda _reference: github, secret, lambda: harness, f"{sandbox.url}/slack/api/")
