"""What `idp-steps run --sandbox` puts in the place of the outside world.

Every connector is the sandbox's GitHub, or the host that --host names, every secret the sandbox's credential for the
field that it stands in, and the Harness account is the sandbox's. Nothing of the user's own connectors or secrets is
read in this mode.

Two optional files next to the pipeline file prepare a rehearsal: sandbox.yaml (sandbox_file.py), and `inputs.yaml`,
which is read with and without `--sandbox` whenever no `--inputs` is given, and the run says so; `${SANDBOX_URL}` in a
value (of `--set` too) is the sandbox's address (http://127.0.0.1:PORT), and is refused without `--sandbox` unless
`--set` replaces that value:

    project_name: payments                 # a variable of the pipeline, by its name
    onboarding.environment: test           # a variable of a stage: <stage>.<variable>
    onboarding.render.outputDirectory: out # an <+input> in a step's spec: <stage>.<step>.<field>
    public_template_url: ${SANDBOX_URL}/templates/service.git
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import BadInput
from common.secret import Secret
from runner.platform.connectors import Harness, Services
from runner.platform.rehearsal import connector_of
from runner.platform.sandbox_file import Fault, Seed

if TYPE_CHECKING:
    from sandbox.server import Sandbox

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


def services(sandbox: Sandbox, host: str = "", seeds: Sequence[Seed] = ()) -> Services:
    """Give the sandbox in the place of every connector, secret and account.

    host: the type of connector to rehearse on, whatever the steps say. Raises BadInput for one that there is not.
    seeds: the repositories of its sandbox.yaml, which a clone finds by their names.
    """
    connector, portal = connector_of(sandbox, host, seeds), sandbox.credentials["harness"]
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
