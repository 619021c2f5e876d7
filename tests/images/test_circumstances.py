"""The images where things are not as in the documentation: no network, a proxy, an authority of one's own, a signal."""

from __future__ import annotations

import datetime as dt
import http.client
import ipaddress
import json
import subprocess
import threading
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.serving import make_server

from sandbox.app import create_app
from sandbox.server import Sandbox
from tests.images.conftest import CATALOG_FILE, ENGINE, HANDED_ON, MODULES, Containers, engine, pipeline

pytestmark = pytest.mark.images

ONLINE = [image for image in MODULES if image not in {"createcatalog", "createresource"}]  # OpenTofu calls for that one
PROCESSES = {"docker": ("-eo", "uid,pid,args"), "podman": ("user", "pid", "args")}
ELSEWHERE = "forge.example.com"
CATALOG = {
    "FILE_NAME": "catalog-info.yaml",
    "FILE_CONTENT": CATALOG_FILE,
    "BASE": "https://portal.example.com",
    "HARNESS_ACCOUNT_ID": "acme",
}
PAGE = "https://portal.example.com/ng/account/acme/module/idp/catalog/"


@pytest.mark.parametrize("image", ONLINE)
def test_without_a_network_a_step_says_so(image: str, containers: Containers, sandbox: Sandbox) -> None:
    """Exit code 5 and one sentence that names the host; no traceback."""
    environ = {
        name: value.replace(sandbox.url, f"https://{ELSEWHERE}").replace("127.0.0.1", ELSEWHERE)
        for name, value in pipeline(sandbox)[image].items()
        if name != "DRONE_NETRC_PORT"
    }
    workspace = Path(sandbox.state_dir.parent / "payments")
    workspace.mkdir()
    (workspace / "README.md").write_text("Payments.\n", encoding="utf-8")
    running = containers.having("--network=none", f"--volume={workspace}:/harness/payments:ro")

    done = running.run(image, {**environ, "RETRY_BUDGET": "1"})

    assert done.code == 5, done.stderr
    complaints = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(complaints) == 1
    assert ELSEWHERE in complaints[0]
    assert "Traceback" not in done.stderr


def test_catalog_file_is_written_without_a_network(containers: Containers) -> None:
    """CreateCatalog needs nobody."""
    containers.having("--network=none").run("createcatalog", CATALOG).well()


@pytest.mark.parametrize("image", MODULES)
def test_runners_with_a_shell_of_their_own_find_one(image: str, containers: Containers) -> None:
    """GitLab, and Argo's scripts, override the entrypoint with a shell and pipe a script into it."""
    script = f"set -e; echo one two | grep -o two | tr a-z A-Z; python3 -P -m steps.{MODULES[image]} --describe | wc -l"

    done = containers.having("--entrypoint=sh").run(image, None, "-c", script).well()

    assert done.stdout.split()[0] == "TWO"
    assert int(done.stdout.split()[1]) > 0


@pytest.mark.parametrize(
    ("environ", "file", "expected"),
    [
        ({"GITHUB_OUTPUT": f"{HANDED_ON}/out"}, "out", f"registeredCatalogUrl={PAGE}"),
        ({"DRONE_OUTPUT": f"{HANDED_ON}/out"}, "out", f"registeredCatalogUrl={PAGE}"),
        ({"HARNESS_OUTPUT_FILE": f"{HANDED_ON}/out"}, "out", f"registeredCatalogUrl={PAGE}"),
        ({"BITBUCKET_PIPELINES_VARIABLES_PATH": f"{HANDED_ON}/out"}, "out", f"registeredCatalogUrl={PAGE}"),
        ({"GITLAB_CI": "true", "CI_PROJECT_DIR": HANDED_ON}, "idp-steps.env", f"registeredCatalogUrl={PAGE}"),
        ({"CIRCLECI": "true", "BASH_ENV": f"{HANDED_ON}/out"}, "out", f"export registeredCatalogUrl={PAGE}"),
        ({"OUTPUT_FORMAT": "tekton", "OUTPUT_FILE": f"{HANDED_ON}/results"}, "results/registeredCatalogUrl", PAGE),
        ({"OUTPUT_FORMAT": "argo", "OUTPUT_FILE": f"{HANDED_ON}/results"}, "results/registeredCatalogUrl", PAGE),
        ({"OUTPUT_FORMAT": "json", "OUTPUT_FILE": f"{HANDED_ON}/out"}, "out", f'"registeredCatalogUrl": "{PAGE}'),
        ({"TF_BUILD": "True"}, None, f"##vso[task.setvariable variable=registeredCatalogUrl;isOutput=true]{PAGE}"),
        ({}, None, PAGE),
    ],
    ids=[
        "github",
        "harness",
        "harness new",
        "bitbucket",
        "gitlab",
        "circleci",
        "tekton",
        "argo",
        "json",
        "azure",
        "none",
    ],
)
def test_outputs_reach_each_runner(
    environ: dict[str, str], file: str | None, expected: str, platform: Containers, handed_on: Path
) -> None:
    """Each runner finds the outputs where it looks for them, in its own notation."""
    done = platform.run("createcatalog", {**CATALOG, **environ}).well()

    written = done.stdout if file is None else (handed_on / file).read_text(encoding="utf-8")
    assert expected.lower() in written.lower()


def test_tekton_is_told_by_its_folder(containers: Containers, handed_on: Path) -> None:
    """A results folder is enough; each result is a file that holds the value and nothing else."""
    running = containers.having(f"--volume={handed_on}:/tekton/results", "--network=none")

    running.run("createcatalog", CATALOG).well()

    value = (handed_on / "registeredCatalogUrl").read_text(encoding="utf-8")
    assert value.startswith(PAGE)
    assert "\n" not in value


def test_a_push_that_is_told_to_end_ends_in_order(platform: Containers, sandbox: Sandbox, handed_on: Path) -> None:
    """SIGTERM in the middle of a push: exit code 143 at once, nothing on the branch, and a re-run does the work."""
    variables = pipeline(sandbox)
    for image in ("cookiecutter", "createrepo", "createcatalog"):
        platform.run(image, variables[image]).well()
    (repository,) = (path for path in sandbox.state_dir.rglob("payments.git") if path.parent.name == "acme")
    reached = handed_on / "reached"
    hook = repository / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {reached}\nsleep 10\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    name = f"idp-steps-test-{uuid.uuid4()}"
    command = platform.having(f"--name={name}").command("directpush", variables["directpush"], [])
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as pushing:
        _wait_for(reached)
        owners = engine("top", name, *PROCESSES[ENGINE]).splitlines()[1:]
        engine("kill", "--signal=TERM", name)
        told = time.monotonic()
        _, complaint = pushing.communicate(timeout=30)
        took = time.monotonic() - told

    assert pushing.returncode == 143, complaint
    assert took < 5
    assert "running it again is safe" in complaint.lower()
    assert len(owners) > 1
    assert {line.split()[0] for line in owners} == {"65532"}
    assert _branches(repository) == ""
    hook.unlink()
    platform.run("directpush", variables["directpush"]).well()
    assert _branches(repository).endswith("refs/heads/main")


def _branches(repository: Path) -> str:
    command = ["git", "-c", "safe.directory=*", "-C", str(repository), "for-each-ref"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.05)


def _authority(folder: Path) -> tuple[Path, Path, Path]:
    """Make an authority and a certificate for 127.0.0.1; give both and the key of the second."""
    now = dt.datetime.now(dt.UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in ("Test authority", "Sandbox")]
    certificates = []
    for index, (key, name) in enumerate(zip(keys, names, strict=True)):
        builder = (
            x509.CertificateBuilder(names[0], name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=index == 0, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), critical=False)
            .add_extension(_usage(signs=index == 0), critical=True)
        )
        if index == 1:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        certificates.append(builder.sign(keys[0], hashes.SHA256()))
    paths = (folder / "authority.pem", folder / "sandbox.pem", folder / "sandbox.key")
    for path, certificate in zip(paths, certificates, strict=False):
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[2].write_bytes(
        keys[1].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


@contextmanager
def _over_tls(sandbox: Sandbox, certificate: Path, key: Path) -> Iterator[str]:
    """Serve the sandbox's state a second time, with that certificate."""
    server = make_server(
        "127.0.0.1", 0, create_app(sandbox.state_dir), threaded=True, ssl_context=(str(certificate), str(key))
    )
    server.log = lambda *_: None  # type: ignore[method-assign] # refused handshakes are part of the test
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_authority_of_ones_own_is_trusted_when_given(
    platform: Containers, sandbox: Sandbox, tmp_path: Path, handed_on: Path
) -> None:
    """Every step's client (requests, PyGithub, git, slack_sdk) takes CA_BUNDLE; without it the sentence names it."""
    authority, certificate, key = _authority(tmp_path)
    bundle = f"{HANDED_ON}/corporate.pem"
    (handed_on / "corporate.pem").write_bytes(authority.read_bytes())
    with _over_tls(sandbox, certificate, key) as url:
        for image, environ in pipeline(sandbox).items():
            secured = {name: value.replace(sandbox.url, url) for name, value in environ.items()} | (
                {"DRONE_NETRC_PORT": url.rpartition(":")[2]} if "DRONE_NETRC_PORT" in environ else {}
            )
            if image in ONLINE:
                refused = platform.run(image, {**secured, "RETRY_BUDGET": "1"})
                assert refused.code == 5, (image, refused.stderr)
                assert "CA_BUNDLE" in refused.stderr
            platform.run(image, {**secured, "CA_BUNDLE": bundle}).well()


@contextmanager
def _proxy(port: int, seen: list[str]) -> Iterator[str]:
    """Serve a forward proxy that knows one name, `sandbox.test`, and notes what it is asked for."""

    class Forward(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            seen.append(f"{self.command} {self.path}")
            target = urllib.parse.urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            path = urllib.parse.urlunsplit(("", "", target.path, target.query, ""))
            upstream.request(self.command, path, body, dict(self.headers.items()))
            answer = upstream.getresponse()
            content = answer.read()
            upstream.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"transfer-encoding", "content-length", "connection", "server", "date"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = forward  # noqa: N815 - the base class names them so
        do_POST = forward  # noqa: N815
        do_PATCH = forward  # noqa: N815
        do_PUT = forward  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing: what was asked for is in `seen`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Forward)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_everything_goes_through_the_proxy(platform: Containers, sandbox: Sandbox) -> None:
    """The whole pipeline against a host that only the proxy can resolve."""
    seen: list[str] = []
    variables = json.loads(json.dumps(pipeline(sandbox)).replace(sandbox.url, "http://sandbox.test"))
    with _proxy(int(sandbox.url.rpartition(":")[2]), seen) as proxy:
        for image, environ in variables.items():
            if "DRONE_NETRC_MACHINE" in environ:
                environ |= {"DRONE_NETRC_MACHINE": "sandbox.test", "DRONE_NETRC_PORT": ""}
            before = len(seen)
            platform.run(image, {**environ, "HARNESS_HTTP_PROXY": proxy}).well()
            assert (len(seen) > before) == (image in ONLINE), image
