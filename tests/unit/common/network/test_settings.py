"""The network: extra authorities are added to the system's, proxies have exceptions, verification stays on."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from common import secret
from common.contract.network_inputs import NetworkInputs
from common.errors import BadInput
from common.network import settings
from common.network.settings import Network

PEM = """\
-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIUOruhDKXHJ/zMuPazTfr8TOui0I8wCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHVGVzdCBDQTAgFw0yNjExMjIwNTU3MDBaGA8yMTI2MTAyOTA1
NTcwMFowEjEQMA4GA1UEAwwHVGVzdCBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABI9G2L5+927pxTzGvgVA0uAFQC7X6jnYYpWbM0iFeV2Ud2wTGj/dVT8KhYqD
FoeWtK0FI/NdTsHSPVwLMS99MfyjUzBRMB0GA1UdDgQWBBSydaROaJP8mF8lBI2a
rReDMjLDDjAfBgNVHSMEGDAWgBSydaROaJP8mF8lBI2arReDMjLDDjAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQC/scZw/y01+ayhDTH+Xu9fIAhY
J301lCAYiOL3CaQxKAIgMmwHx7GmfMcEE6Ll971ouk/o7wMKi/f74zDQvHSbTZ8=
-----END CERTIFICATE-----
"""


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system bundle of its own, so that the test does not depend on the machine's."""
    bundle = tmp_path / "system.crt"
    bundle.write_text("SYSTEM\n")
    monkeypatch.setattr(settings, "SYSTEM_BUNDLES", ("/nowhere", str(bundle)))
    return bundle


def bundle_of(found: Network) -> str:
    paths = {found.environ[name] for name in settings.BUNDLE_VARIABLES}
    assert len(paths) == 1
    return Path(paths.pop()).read_text(encoding="latin-1")


def test_every_client_uses_the_systems_bundle_when_nothing_is_added(system: Path, tmp_path: Path) -> None:
    assert bundle_of(NetworkInputs().prepare({}, tmp_path)) == "SYSTEM\n"


def test_authorities_are_added_to_the_systems_in_one_file(system: Path, tmp_path: Path) -> None:
    (tmp_path / "ssl.pem").write_text(f"# SSL\n{PEM}")
    (tmp_path / "harness.pem").write_text(f"# HARNESS, autorit\u00e9\n{PEM}", encoding="latin-1")
    (tmp_path / "own.pem").write_text(f"# OWN\n{PEM}")
    options = NetworkInputs(
        ca_bundle=str(tmp_path / "own.pem"),
        ssl_cert_file=str(tmp_path / "ssl.pem"),
        harness_ca_path=str(tmp_path / "harness.pem"),
    )
    text = bundle_of(options.prepare({}, tmp_path))
    assert [mark in text for mark in ("SYSTEM", "OWN", "SSL", "HARNESS")] == [True] * 4
    assert system.read_text() == "SYSTEM\n"


@pytest.mark.parametrize("value", [PEM, PEM.replace("\n", "\\n")])
def test_the_bundle_may_be_the_pem_text_itself_also_with_literal_newlines(
    system: Path, tmp_path: Path, value: str
) -> None:
    assert PEM in bundle_of(NetworkInputs(ca_bundle=value).prepare({}, tmp_path))


DAMAGED = PEM.replace("M", "", 1)


@pytest.mark.parametrize("value", ["/nowhere/ca.pem", "no certificate", DAMAGED, "/dev/null"])
def test_a_bundle_that_is_none_is_refused(system: Path, tmp_path: Path, value: str) -> None:
    with pytest.raises(BadInput, match="CA_BUNDLE"):
        NetworkInputs(ca_bundle=value).prepare({}, tmp_path)


def test_the_platforms_bundle_may_be_missing_with_a_warning(
    system: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    NetworkInputs(harness_ca_path="/nowhere/ca.pem").prepare({}, tmp_path)
    assert "HARNESS_CA_PATH names '/nowhere/ca.pem', which cannot be read" in capsys.readouterr().err


def test_a_damaged_file_of_the_platform_is_left_out_lest_no_client_works(
    system: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "damaged.pem"
    path.write_text(DAMAGED)
    options = NetworkInputs(ssl_cert_file=str(path), harness_ca_path=str(path))
    assert bundle_of(options.prepare({}, tmp_path)) == "SYSTEM\n"
    shown = capsys.readouterr().err
    for name in ("SSL_CERT_FILE", "HARNESS_CA_PATH"):
        assert f"{name} names '{path}', which holds no certificate or a damaged one; it is ignored." in shown


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HARNESS_HTTPS_PROXY"])
def test_a_proxy_is_found_under_each_name_and_no_proxy_counts(tmp_path: Path, name: str) -> None:
    environ = {name: "http://proxy:3128", "HARNESS_NO_PROXY": "internal.example,127.0.0.1"}
    found = NetworkInputs().prepare(environ, tmp_path)
    assert found.environ["https_proxy"] == found.environ["HTTPS_PROXY"] == "http://proxy:3128"
    assert found.proxy_for("https://slack.com/api/") == "http://proxy:3128"
    assert found.proxy_for("https://git.internal.example/x") is None
    assert found.proxy_for("http://127.0.0.1:80/") is None


@pytest.mark.parametrize(
    ("exceptions", "direct"),
    [
        ("10.0.0.0/8", True),
        ("10.1.2.3:8443", True),
        ("10.1.2.3:80", False),
        ("11.0.0.0/8, x", False),
        ("10.1.2.0/33", False),
    ],
)
def test_no_proxy_may_name_a_network_or_a_port(tmp_path: Path, exceptions: str, direct: bool) -> None:
    found = NetworkInputs().prepare({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": exceptions}, tmp_path)
    assert (found.proxy_for("https://10.1.2.3:8443/x") is None) is direct


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_becomes_a_url_and_its_password_is_masked(tmp_path: Path, scheme: str) -> None:
    found = NetworkInputs().prepare({"HTTPS_PROXY": f"{scheme}me:pr0xy-pass@proxy:3128"}, tmp_path)
    assert found.environ["https_proxy"] == "http://me:pr0xy-pass@proxy:3128"
    assert "pr0xy-pass" not in secret.mask("via http://me:pr0xy-pass@proxy:3128")


@pytest.mark.parametrize("value", ["http://[::1", "http://proxy:port", "http://me:pr0xy-pass@a b:1", "socks5://p:1"])
def test_a_proxy_that_is_no_url_is_refused_without_its_password(tmp_path: Path, value: str) -> None:
    with pytest.raises(BadInput, match="HTTP_PROXY") as caught:
        NetworkInputs().prepare({"HTTP_PROXY": value}, tmp_path)
    assert "pr0xy-pass" not in str(caught.value)


def test_less_strictness_never_turns_verification_off() -> None:
    context = Network({}, tls_strict=False).ssl_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


def test_a_name_of_the_systems_own_bundle_adds_nothing_to_it(system: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.pem"
    link.symlink_to(system)
    options = NetworkInputs(ssl_cert_file=str(link))
    assert set(options.prepare({}, tmp_path).environ.values()) == {str(system)}
