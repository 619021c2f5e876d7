"""How soon a step is at work."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.images.conftest import MODULES, PYTHON, Containers

pytestmark = pytest.mark.images

START_LIMIT = 0.25  # seconds of the processor that --help may cost more than starting Python
FIRST_REQUEST_LIMIT = 1.3  # times what importing the host's library costs
ROUNDS = 5
HELP = """
import resource, statistics, subprocess, sys
def seconds(*command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
rounds = [(seconds(sys.executable, "-P", "-c", "pass"), seconds("step", "--help")) for _ in range(int(sys.argv[1]))]
bare, own = (statistics.median(column) for column in zip(*rounds))
print(own - bare)
"""
TIMED = """
import json, subprocess, sys, time
python = [sys.executable, "-P"]
rounds = []
for _ in range(int(sys.argv[1])):
    begun = time.time()
    subprocess.run([*python, "-c", "import github"], check=True)
    imported = time.time()
    subprocess.run([*python, "-m", "steps.create_repo"], check=False, stderr=subprocess.DEVNULL)
    rounds.append([imported - begun, imported])
print(json.dumps(rounds))
"""


@pytest.mark.parametrize("image", MODULES)
def test_help_is_there_at_once(image: str, containers: Containers) -> None:
    """`--help` costs little more than starting Python does, on a busy machine too."""
    running = containers.having(f"--entrypoint={PYTHON}")

    more = float(running.run(image, None, "-P", "-c", HELP, str(ROUNDS)).well().stdout)

    print(f"{image}: {more * 1000:.0f} ms more than Python")
    assert more <= START_LIMIT


@contextmanager
def _noting(arrivals: list[float]) -> Iterator[int]:
    class Refuse(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            arrivals.append(time.time())
            content = b'{"message": "Bad credentials"}'
            self.send_response(401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing: the times are what counts."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_first_request_is_sent_soon(containers: Containers) -> None:
    """CreateRepo has asked its host by the time that importing the host's library alone would take, and a little."""
    arrivals: list[float] = []
    with _noting(arrivals) as port:
        environ = {
            "CONNECTOR_TYPE": "Github",
            "DRONE_NETRC_MACHINE": "127.0.0.1",
            "DRONE_NETRC_PORT": str(port),
            "DRONE_NETRC_USERNAME": "someone",
            "DRONE_NETRC_PASSWORD": "a-token",
            "DRONE_REMOTE_URL": f"http://127.0.0.1:{port}/acme/payments.git",
            "ORG_NAME": "acme",
            "REPO_NAME": "payments",
            "RETRY_BUDGET": "1",
        }
        running = containers.having("--network=host", f"--entrypoint={PYTHON}")
        rounds = json.loads(running.run("createrepo", environ, "-P", "-c", TIMED, str(ROUNDS)).well().stdout)

    firsts = [min(arrival for arrival in arrivals if arrival > begun) - begun for _, begun in rounds]
    imports = [seconds for seconds, _ in rounds]
    print(f"import {statistics.median(imports):.3f} s, first request after {statistics.median(firsts):.3f} s")
    assert statistics.median(firsts) <= FIRST_REQUEST_LIMIT * statistics.median(imports)
