"""Inputs that every step has for networks with a proxy or a certificate authority of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.contract.inputs import option

if TYPE_CHECKING:
    from common.network.settings import Network


@dataclass(frozen=True, kw_only=True)
class NetworkInputs:
    """Proxies come from the variables that every program reads, and so are no inputs."""

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

    def prepare(self, environ: Mapping[str, str], scratch: Path) -> Network:
        """Make the network ready; `scratch` is a folder of this process alone."""
        from common.network import settings

        return settings.prepare(
            environ,
            scratch,
            ca_bundle=self.ca_bundle,
            ca_files={"SSL_CERT_FILE": self.ssl_cert_file, "HARNESS_CA_PATH": self.harness_ca_path},
            tls_strict=self.tls_strict,
        )
