"""The network as this step may use it: proxies, and the certificate authorities that every client then trusts.

Extra authorities are added to the system's bundle in one temporary file, which requests, git and Python's ssl read
through their own variables: no root, no change of the image. Verification itself cannot be turned off.
"""

from __future__ import annotations

import contextlib
import os
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from common import log, secret
from common.errors import BadInput
from common.network.url import checked

if TYPE_CHECKING:
    import ssl

SYSTEM_BUNDLES = (  # Debian and Alpine, Fedora and RHEL, OpenSUSE
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
)
BUNDLE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
PROXY_FORM = "Give it as http://proxy.example:3128."
PEM_START = "-----BEGIN CERTIFICATE-----"


class Network(NamedTuple):
    """What clients need to know: the variables for child processes and libraries, and the TLS strictness."""

    environ: Mapping[str, str] = {}
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
        exceptions = self.environ.get("no_proxy", "")
        place = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
        if urllib.request.proxy_bypass(place, {"no": exceptions}) or _in_a_network(parts.hostname or "", exceptions):
            return None
        return self.environ.get(f"{parts.scheme}_proxy")


def prepare(
    environ: Mapping[str, str],
    scratch: Path,
    *,
    ca_bundle: str = "",
    ca_files: Mapping[str, str] | None = None,
    tls_strict: bool = True,
) -> Network:
    """Work out proxies and the authorities' bundle; `scratch` is a folder of this process alone.

    ca_bundle: a path or the PEM text, which must be good. ca_files: more paths by the name of their input, of which
    those that cannot be used are ignored with a warning.
    """
    variables = _proxies(environ)
    bundle = _bundle(ca_bundle, ca_files or {}, scratch)
    if bundle is not None:
        variables |= dict.fromkeys(BUNDLE_VARIABLES, str(bundle))
    return Network(variables, tls_strict)


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the proxies under both spellings: git reads http_proxy in lower case only."""
    variables: dict[str, str] = {}
    for name in PROXY_VARIABLES:
        value = environ.get(name) or environ.get(name.lower()) or environ.get(f"HARNESS_{name}")
        if value:
            value = value if name == "NO_PROXY" else _proxy(name, value.strip())
            variables |= {name: value, name.lower(): value}
    return variables


def _proxy(name: str, value: str) -> str:
    """Give the proxy as a URL, which every client reads alike; without a scheme they would not."""
    url = value if "://" in value else f"http://{value}"
    secret.register(urllib.parse.unquote(url.partition("://")[2].rpartition("@")[0].partition(":")[2]))
    if url.startswith("socks"):
        raise BadInput(f"{name} names a SOCKS proxy, and only HTTP proxies can be used.", next_step=PROXY_FORM)
    checked(url, what=name, next_step=PROXY_FORM)
    return url


def _in_a_network(host: str, exceptions: str) -> bool:
    """Tell whether the host is an address in one of the networks that NO_PROXY names, as in 10.0.0.0/8."""
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    for exception in exceptions.split(","):
        with contextlib.suppress(ValueError):  # a name, or a network that is none
            if "/" in exception and address in ipaddress.ip_network(exception.strip(), strict=False):
                return True
    return False


def _bundle(ca_bundle: str, ca_files: Mapping[str, str], scratch: Path) -> Path | None:
    system = next((Path(path) for path in SYSTEM_BUNDLES if Path(path).is_file()), None)
    others = {name: path for name, path in ca_files.items() if not _is_same(path, system)}
    extra = [pem for pem in (_ca_bundle(ca_bundle, scratch), *_ca_files(others, scratch)) if pem]
    if not extra:
        return system
    path = scratch / "ca-bundle.pem"
    known = [system.read_bytes()] if system is not None else []
    path.write_bytes(b"\n".join(dict.fromkeys(known + extra)) + b"\n")
    return path


def _is_same(path: str, system: Path | None) -> bool:
    """Tell whether a path leads to the system's own bundle, which need not be read to be trusted."""
    return system is not None and os.path.realpath(path or os.devnull) == os.path.realpath(system)


def _ca_bundle(value: str, scratch: Path) -> bytes:
    if not value.strip():
        return b""
    if PEM_START in value:
        pem = value.replace("\\n", "\n").encode()
    else:
        try:
            pem = Path(value.strip()).read_bytes()
        except (OSError, ValueError) as error:
            raise BadInput(
                f"CA_BUNDLE is {value.strip()[:200]!r}, which is neither PEM text nor a readable file.",
                next_step="Give the path of a PEM file that is mounted into the container, or its text.",
            ) from error
    if not _holds_certificates(pem, scratch):
        raise BadInput(
            "CA_BUNDLE holds no certificate, or one that is damaged.",
            next_step="Give a PEM file, or its text with every line of it.",
        )
    return pem


def _ca_files(ca_files: Mapping[str, str], scratch: Path) -> list[bytes]:
    found = []
    for name, path in ca_files.items():
        if not path:
            continue
        try:
            pem = Path(path).read_bytes()
        except (OSError, ValueError):
            log.warning(f"{name} names {path!r}, which cannot be read; it is ignored.")
            continue
        if _holds_certificates(pem, scratch):
            found.append(pem)
        else:
            log.warning(f"{name} names {path!r}, which holds no certificate or a damaged one; it is ignored.")
    return found


def _holds_certificates(pem: bytes, scratch: Path) -> bool:
    """Tell whether it can be loaded: one damaged certificate would make the whole bundle useless to every client."""
    import ssl

    path = scratch / "ca-to-check.pem"
    path.write_bytes(pem)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        return False
    return True
