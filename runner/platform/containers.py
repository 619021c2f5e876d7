"""How a container finds the sandbox: a file for `docker run --env-file`, in the folder of the sandbox's state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.platform import sandboxed

if TYPE_CHECKING:
    from sandbox.server import Sandbox

MACHINE = "host.docker.internal"
"""This machine, as containers of Docker Desktop call it; elsewhere `--add-host` with `host-gateway` makes the name."""
RUN = f"docker run --add-host {MACHINE}:host-gateway --env-file"


def environment(sandbox: Sandbox) -> dict[str, str]:
    """Give the variables that point the steps at the sandbox, with its credentials; a step reads those it knows."""
    services = sandboxed.services(sandbox)
    connector, account = services.connector(""), services.harness().account
    port = sandbox.url.rpartition(":")[2]
    return {
        "CONNECTOR_TYPE": connector.type,
        "DRONE_NETRC_MACHINE": MACHINE,
        "DRONE_NETRC_PORT": port,
        "DRONE_NETRC_USERNAME": connector.username,
        "DRONE_NETRC_PASSWORD": connector.token.reveal(),
        "DRONE_REMOTE_URL": f"http://{MACHINE}:{port}/",
        "BASE": f"http://{MACHINE}:{port}",
        "HARNESS_ACCOUNT_ID": account,
        "X_API_KEY": services.secret("", "xApiKey").reveal(),
        "SLACK_API_URL": f"http://{MACHINE}:{port}/slack/api/",
        "SLACK_TOKEN": services.secret("", "token").reveal(),
    }


def write(sandbox: Sandbox) -> Path:
    """Write them to docker.env in the state's folder, for its owner alone. Raises OSError."""
    file = sandbox.state_dir / "docker.env"
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{name}={value}\n" for name, value in environment(sandbox).items()), encoding="utf-8")
    fresh.replace(file)
    return file


def opened(address: str) -> str:
    """Say what serving the sandbox on such an address opens."""
    return (
        f"It listens on {address} too, without TLS: whoever reaches that address can try its credentials, which are of"
        " no use elsewhere. Its page is shown on this machine alone."
    )
