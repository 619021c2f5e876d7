"""The network: extra authorities are added to the system's, proxies have exceptions, verification stays on."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from common import network, secret
from common.errors import BadInput
from common.network import Network, NetworkOptions, prepare

PEM = f"{network.PEM_START}\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system bundle of its own, so that the test does not depend on the machine's."""
    bundle = tmp_path / "system.crt"
    bundle.write_text("SYSTEM\n")
    monkeypatch.setattr(network, "SYSTEM_BUNDLES", ("/nowhere", str(bundle)))
    return bundle


def bundle_of(found: Network) -> str:
    paths = {found.environ[name] for name in network.BUNDLE_VARIABLES}
    assert len(paths) == 1
    return Path(paths.pop()).read_text(encoding="utf-8")


def test_every_client_uses_the_systems_bundle_when_nothing_is_added(system: Path, tmp_path: Path) -> None:
    assert bundle_of(prepare(NetworkOptions(), {}, tmp_path)) == "SYSTEM\n"


def test_authorities_are_added_to_the_systems_in_one_file(system: Path, tmp_path: Path) -> None:
    (tmp_path / "ssl.pem").write_text(PEM.replace("MIIB", "SSL"))
    (tmp_path / "harness.pem").write_text(PEM.replace("MIIB", "HARNESS"))
    (tmp_path / "own.pem").write_text(PEM.replace("MIIB", "OWN"))
    options = NetworkOptions(
        ca_bundle=str(tmp_path / "own.pem"),
        ssl_cert_file=str(tmp_path / "ssl.pem"),
        harness_ca_path=str(tmp_path / "harness.pem"),
    )
    text = bundle_of(prepare(options, {}, tmp_path))
    assert [mark in text for mark in ("SYSTEM", "OWN", "SSL", "HARNESS")] == [True] * 4
    assert system.read_text() == "SYSTEM\n"


@pytest.mark.parametrize("value", [PEM, PEM.replace("\n", "\\n")])
def test_the_bundle_may_be_the_pem_text_itself_also_with_literal_newlines(
    system: Path, tmp_path: Path, value: str
) -> None:
    assert PEM in bundle_of(prepare(NetworkOptions(ca_bundle=value), {}, tmp_path))


@pytest.mark.parametrize("value", ["/nowhere/ca.pem", "no certificate"])
def test_a_bundle_that_is_none_is_refused(system: Path, tmp_path: Path, value: str) -> None:
    with pytest.raises(BadInput, match="CA_BUNDLE"):
        prepare(NetworkOptions(ca_bundle=value), {}, tmp_path)


def test_the_platforms_bundle_may_be_missing_with_a_warning(
    system: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(NetworkOptions(harness_ca_path="/nowhere/ca.pem"), {}, tmp_path)
    assert "HARNESS_CA_PATH names '/nowhere/ca.pem', which cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HARNESS_HTTPS_PROXY"])
def test_a_proxy_is_found_under_each_name_and_no_proxy_counts(tmp_path: Path, name: str) -> None:
    environ = {name: "http://proxy:3128", "HARNESS_NO_PROXY": "internal.example,127.0.0.1"}
    found = prepare(NetworkOptions(), environ, tmp_path)
    assert found.environ["https_proxy"] == found.environ["HTTPS_PROXY"] == "http://proxy:3128"
    assert found.proxy_for("https://slack.com/api/") == "http://proxy:3128"
    assert found.proxy_for("https://git.internal.example/x") is None
    assert found.proxy_for("http://127.0.0.1:80/") is None


def test_the_password_of_a_proxy_is_masked(tmp_path: Path) -> None:
    prepare(NetworkOptions(), {"HTTPS_PROXY": "http://me:pr0xy-pass@proxy:3128"}, tmp_path)
    assert "pr0xy-pass" not in secret.mask("via http://me:pr0xy-pass@proxy:3128")


def test_less_strictness_never_turns_verification_off() -> None:
    context = Network({}, tls_strict=False).ssl_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
