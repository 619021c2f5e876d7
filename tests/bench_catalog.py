"""What an import of a whole organization costs: time, requests and memory, for 100 repositories and for 1,000.

Run by `make bench`, or alone: python -m tests.bench_catalog
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sandbox.git import repositories
from sandbox.server import serve
from sandbox.services import open_state

FILE = (
    "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n"
    "spec:\n  type: service\n  lifecycle: production\n  owner: team\n"
)
MEASURED = """
import sys, urllib3
from urllib3.connectionpool import HTTPConnectionPool
sent, real = [0], HTTPConnectionPool.urlopen
def urlopen(self, *arguments, **options):
    sent[0] += 1
    return real(self, *arguments, **options)
HTTPConnectionPool.urlopen = urlopen
from runner import cli
code = cli.main(["catalog", "import", "--apply"])
status = dict(line.split(":", 1) for line in open("/proc/self/status"))  # getrusage counts what ran before exec, too
print(sent[0], int(status["VmHWM"].split()[0]) // 1024, file=sys.stderr)
raise SystemExit(code)
"""


def imports() -> None:
    """Print the cost of an import into IDP 2.0, and of the same again."""
    for number in (100, 1_000):
        with tempfile.TemporaryDirectory() as name, serve(Path(name) / "state") as sandbox:
            state = open_state(sandbox.state_dir)
            for one in range(number):
                _seed(sandbox.state_dir, f"service-{one:04}")
            harness, host = state.credentials["harness"], state.credentials["github"]
            environ = {
                "PATH": os.environ["PATH"],
                "CONNECTOR_TYPE": "Github",
                "DRONE_NETRC_MACHINE": "127.0.0.1",
                "DRONE_NETRC_PORT": sandbox.url.rpartition(":")[2],
                "DRONE_REMOTE_URL": sandbox.url,
                "DRONE_NETRC_PASSWORD": host.token,
                "ORG_NAME": "acme",
                "PLUGIN_CONNECTOR_REF": "account.github",
                "BASE": sandbox.url,
                "HARNESS_ACCOUNT_ID": harness.account,
                "X_API_KEY": harness.api_key,
                "PYTHONPATH": str(Path(__file__).parents[1]),
            }
            for what in ("import", "the same again"):
                started = time.monotonic()
                done = subprocess.run(
                    [sys.executable, "-c", MEASURED], env=environ, cwd=name, capture_output=True, text=True, check=False
                )
                passed = time.monotonic() - started
                if done.returncode != 0:
                    raise SystemExit(done.stderr)
                requests, memory = done.stderr.splitlines()[-1].split()
                told = done.stdout.splitlines()[-1]
                print(f"{what} of {number}: {passed:.1f} s, {requests} requests, {memory} MiB at most ({told})")


def _seed(folder: Path, name: str) -> None:
    hosted = repositories.create(open_state(folder), "github", "acme", name, visibility="private")
    text = FILE.format(name=name)
    commit = "commit refs/heads/main\ncommitter A <a@x.test> 1700000000 +0000\ndata 1\nx\n"
    stream = f"{commit}M 100644 inline catalog-info.yaml\ndata {len(text)}\n{text}\n"
    subprocess.run(["git", "-C", hosted.folder, "fast-import", "--quiet"], input=stream.encode(), check=True)


if __name__ == "__main__":
    imports()
