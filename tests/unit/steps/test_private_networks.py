"""Every client behind a private authority, a proxy or a redirect: requests, PyGithub, slack_sdk and git alike."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.seeding import seed
from tests.conftest import RunStep, World, serving

STEPS = ("CreateRepo", "CookieCutter", "DirectPush", "UpdateCatalogProperty", "SlackNotify")
DONE = {"UpdateCatalogProperty": (1, "The catalog has no component:account/x")}  # it got through, and there is none


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate authority (ca.pem), and its certificate for 127.0.0.1 with the key (leaf.pem)."""
    folder = tmp_path_factory.mktemp("authority")
    made = trustme.CA()
    made.cert_pem.write_to_path(folder / "ca.pem")
    made.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "leaf.pem")
    return folder


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: a refused handshake is what some tests are about."""


@pytest.fixture
def encrypted(world: World, authority: Path) -> Iterator[World]:
    """The world over HTTPS, with a certificate of the private authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "leaf.pem")
    server = make_server("127.0.0.1", 0, world.faults, threaded=True, request_handler=_Quiet, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield replace(world, url=f"https://127.0.0.1:{server.port}")
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Proxy:
    """A forward proxy that notes what it was asked for; only CONNECT, as for https."""

    port: int
    asked: list[str] = field(default_factory=list)

    def serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                request += client.recv(65_536)
            line = request.split(b"\r\n")[0].decode()
            self.asked.append(line)
            host, _, port = line.split()[1].rpartition(":")
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                ends = {client: server, server: client}
                while all(self._passed_on(ends, one) for one in select.select(list(ends), [], [], 10)[0]):
                    pass

    def _passed_on(self, ends: dict[socket.socket, socket.socket], one: socket.socket) -> bool:
        block = one.recv(65_536)
        ends[one].sendall(block)
        return bool(block)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy on a free loopback port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = Proxy(listener.getsockname()[1])

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=one.serve, args=(listener.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield one
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def environ(world: World, workspace: Path, tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """The variables with which every step has something to do at a base URL."""
    source = tmp_path / "template"
    (source / "{{cookiecutter.app_name}}").mkdir(parents=True)
    (source / "cookiecutter.json").write_text('{"app_name": "rendered"}')
    (source / "{{cookiecutter.app_name}}" / "file").write_text("x")
    seed(world.state_dir, "acme", "template", source)
    seed(world.state_dir, "acme", "payments", source, private=True)
    (workspace / "app").mkdir()
    (workspace / "app" / "file").write_text("x")

    def variables(url: str) -> dict[str, str]:
        return {
            **replace(world, url=url).connector,
            "DRONE_REMOTE_URL": f"{url}/payments.git",
            "ORG_NAME": "acme",
            "REPO_NAME": "payments",
            "IF_EXISTS": "adopt",
            "BRANCH": "main",
            "CODE_DIRECTORY": "app",
            "PUBLIC_TEMPLATE_URL": f"{url}/acme/template",
            "BASE": url,
            "X_API_KEY": world.credentials["harness"].api_key,
            "PLUGIN_ENTITY_REF": "component:account/x",
            "PLUGIN_PROPERTIES": '[{"property": "metadata.a", "value": "b"}]',
            "SLACK_API_URL": f"{url}/slack/api/",
            "SLACK_TOKEN": world.credentials["slack"].token,
            "CHANNEL": "general",
            "MESSAGE_CONTENT": "hello",
        }

    return variables


Variables = Callable[[str], dict[str, str]]


def expect_done(run_step: RunStep, step_type: str, variables: dict[str, str]) -> None:
    code, words = DONE.get(step_type, (0, ""))
    done = run_step(step_type, variables)
    assert done.code == code, done.stderr
    assert words in done.stderr


@pytest.mark.parametrize("step_type", STEPS)
def test_a_private_authority_is_named_when_it_is_missing_and_trusted_however_it_is_given(
    encrypted: World, authority: Path, run_step: RunStep, environ: Variables, step_type: str
) -> None:
    variables = environ(encrypted.url)
    done = run_step(step_type, variables)
    assert done.code == 5
    assert f"he certificate of {encrypted.url} is not trusted. Give the authority that signed it" in done.stderr
    for name, value in (
        ("CA_BUNDLE", str(authority / "ca.pem")),
        ("CA_BUNDLE", (authority / "ca.pem").read_text()),
        ("SSL_CERT_FILE", str(authority / "ca.pem")),
        ("HARNESS_CA_PATH", str(authority / "ca.pem")),
    ):
        expect_done(run_step, step_type, variables | {name: value})


@pytest.fixture
def trusting(encrypted: World, authority: Path, environ: Variables) -> dict[str, str]:
    """Every step's variables for the encrypted world, its authority among them."""
    return environ(encrypted.url) | {"CA_BUNDLE": str(authority / "ca.pem")}


@pytest.mark.parametrize("step_type", STEPS)
def test_every_client_goes_through_the_proxy_and_minds_its_exceptions(
    trusting: dict[str, str], proxy: Proxy, run_step: RunStep, step_type: str
) -> None:
    for name in ("HTTPS_PROXY", "HARNESS_HTTPS_PROXY"):
        expect_done(run_step, step_type, trusting | {name: f"http://127.0.0.1:{proxy.port}"})
        assert {tuple(line.split()[:2]) for line in proxy.asked} == {
            ("CONNECT", trusting["BASE"].removeprefix("https://"))
        }
        proxy.asked.clear()
    for exceptions in ("127.0.0.1", "127.0.0.0/8", "*"):
        through = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": exceptions}
        expect_done(run_step, step_type, trusting | through)
        assert proxy.asked == []


@pytest.mark.parametrize("step_type", STEPS)
def test_a_proxy_that_is_down_is_5_and_its_password_is_not_shown(
    world: World, run_step: RunStep, environ: Variables, step_type: str
) -> None:
    more = {"HTTP_PROXY": "http://me:pr0xy-canary@127.0.0.1:9", "VERBOSE": "true", "RETRY_BUDGET": "0"}
    done = run_step(step_type, environ(world.url) | more)
    assert done.code == 5, done.stderr
    assert "proxy" in done.stderr.lower()
    assert "pr0xy-canary" not in done.stderr + done.stdout


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("step_type", STEPS)
def test_no_credential_follows_a_redirect_to_another_host(
    world: World, run_step: RunStep, environ: Variables, step_type: str, status: str
) -> None:
    reached: list[str] = []

    def elsewhere(request: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        reached.extend(request[name] for name in ("HTTP_AUTHORIZATION", "HTTP_X_API_KEY") if name in request)
        start_response("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="elsewhere"')])
        return [b""]

    with serving(elsewhere) as other:
        place = other.replace("127.0.0.1", "localhost")

        def redirect(request: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
            start_response(status, [("Location", f"{place}{request['PATH_INFO']}?{request['QUERY_STRING']}")])
            return [b""]

        with serving(redirect) as url:
            done = run_step(step_type, environ(url))
    assert done.code in (1, 3), done.stderr
    assert reached == []
