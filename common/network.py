"""The network as this step may use it: proxies, and the certificate authorities that every client then trusts.

Extra authorities are added to the system's bundle in one temporary file, which requests, git and Python's ssl read
through their own variables: no root, no change of the image. Verification itself cannot be turned off.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from common import log, secret
from common.errors import BadInput
from common.inputs import option

if TYPE_CHECKING:
    import ssl

SYSTEM_BUNDLES = (  # Debian and Alpine, Fedora and RHEL, OpenSUSE
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
)
BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
PEM_START = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Inputs that every step has for networks with a proxy or an authority of their own."""

    ca_bundle: str = option(
        "caBundle",
        env=["CA_BUNDLE"],
        default="",
        multiline=True,
        spec=False,
        help="Extra certificate authorities: a path to a PEM file, or the PEM text itself.",
    )
    ssl_cert_file: str = option(
        "sslCertFile",
        env=["SSL_CERT_FILE"],
        default="",
        spec=False,
        help="Path to more certificate authorities; added to the system's, as all of them are.",
    )
    harness_ca_path: str = option(
        "harnessCaPath",
        env=["HARNESS_CA_PATH"],
        default="",
        spec=False,
        help="Path to the platform's certificate authorities; ignored with a warning when the file is not there.",
    )
    tls_strict: bool = option(
        "tlsStrict",
        env=["TLS_STRICT"],
        default=True,
        spec=False,
        help="false accepts authorities that break RFC 5280 in form (Python 3.13 refuses them); verification stays on.",
    )


@dataclass(frozen=True)
class Network:
    """What clients need to know: the variables for child processes and libraries, and the TLS strictness."""

    environ: Mapping[str, str] = field(default_factory=dict)
    tls_strict: bool = True

    def ssl_context(self) -> ssl.SSLContext:
        """Make the context that every client of this process uses."""
        import ssl

        context = ssl.create_default_context(cafile=self.environ.get("SSL_CERT_FILE"))
        if not self.tls_strict:
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    def proxy_for(self, url: str) -> str | None:
        """Give the proxy for a URL, or None; NO_PROXY always counts."""
        import urllib.request

        parts = urllib.parse.urlsplit(url)
        if urllib.request.proxy_bypass(parts.hostname or "", {"no": self.environ.get("no_proxy", "")}):
            return None
        return self.environ.get(f"{parts.scheme}_proxy")


def prepare(options: NetworkOptions, environ: Mapping[str, str], scratch: Path) -> Network:
    """Work out proxies and the authorities' bundle; `scratch` is a folder of this process alone."""
    variables = _proxies(environ)
    bundle = _bundle(options, scratch)
    if bundle is not None:
        variables |= dict.fromkeys(BUNDLE_VARIABLES, str(bundle))
    return Network(variables, options.tls_strict)


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the proxies under both spellings: git reads http_proxy in lower case only."""
    variables: dict[str, str] = {}
    for name in PROXY_VARIABLES:
        value = environ.get(name) or environ.get(name.lower()) or environ.get(f"HARNESS_{name}")
        if value:
            variables |= {name: value, name.lower(): value}
            password = urllib.parse.urlsplit(value).password if "://" in value else None
            if password:
                secret.register(urllib.parse.unquote(password))
    return variables


def _bundle(options: NetworkOptions, scratch: Path) -> Path | None:
    system = next((Path(path) for path in SYSTEM_BUNDLES if Path(path).is_file()), None)
    extra = [text for text in (_ca_bundle(options.ca_bundle), *_ca_files(options)) if text]
    if not extra:
        return system
    path = scratch / "ca-bundle.pem"
    texts = [system.read_text(encoding="utf-8")] if system is not None else []
    path.write_text("\n".join(dict.fromkeys(texts + extra)) + "\n", encoding="utf-8")
    return path


def _ca_bundle(value: str) -> str:
    if not value.strip():
        return ""
    if PEM_START in value:
        return value.replace("\\n", "\n")
    try:
        text = Path(value.strip()).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadInput(
            f"CA_BUNDLE is {value.strip()[:200]!r}, which is neither PEM text nor a readable file.",
            next_step="Give the path of a PEM file that is mounted into the container, or its text.",
        ) from error
    if PEM_START not in text:
        raise BadInput(f"The file {value.strip()!r} of CA_BUNDLE holds no certificate.", next_step="Give a PEM file.")
    return text


def _ca_files(options: NetworkOptions) -> list[str]:
    texts = []
    for name, path in (("SSL_CERT_FILE", options.ssl_cert_file), ("HARNESS_CA_PATH", options.harness_ca_path)):
        if not path:
            continue
        try:
            texts.append(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            log.warning(f"{name} names {path!r}, which cannot be read; it is ignored.")
    return texts
