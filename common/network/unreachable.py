"""Why a service could not be reached, in sentences: the same for REST, Slack and git, whatever their libraries say.

Loads no client, so that each of them may use it.
"""

from __future__ import annotations

from common.errors import StepError, Unavailable

PLAIN_HTTP = (  # the words of OpenSSL and GnuTLS for what is no TLS
    "WRONG_VERSION_NUMBER",
    "wrong version number",
    "HTTP_REQUEST",
    "unexpected TLS packet",
)
ALERTS = ("TLS fatal alert", "tlsv1 alert", "tlsv13 alert", "sslv3 alert", "ssl/tls alert")
"""The words of GnuTLS and OpenSSL for what the other side says when it ends a connection of TLS."""

CAUSES = {  # what the failure means -> what a library then says; the first that fits counts
    "its name does not resolve": (
        "Name or service not known",
        "name resolution",
        "No address associated",
        "Could not resolve",
    ),
    "the connection was refused": ("Connection refused", "Failed to connect", "Couldn't connect"),
    "the network is unreachable": ("Network is unreachable", "No route to host"),
    "it did not answer in time": ("timed out", "did not end within", "too slow"),
    "the connection broke off": (
        "Remote end closed",
        "Connection aborted",
        "Connection reset",
        "Empty reply",
        "hung up",
    ),
}


def cannot_be_reached(host: str, said: str) -> Unavailable:
    """Say that the connection failed; `said` are the words of the library."""
    why = next(
        (meaning for meaning, signs in CAUSES.items() if any(sign in said for sign in signs)), "the connection failed"
    )
    return Unavailable(f"{host} cannot be reached: {why}.", detail=said)


def untrusted(host: str, said: str) -> StepError:
    """Say that the TLS handshake failed."""
    if any(sign in said for sign in PLAIN_HTTP):
        return Unavailable(
            f"{host} does not speak TLS.",
            next_step="Give its address with http://, or the port where it serves https.",
            detail=said,
        )
    if any(sign in said for sign in ALERTS):
        return Unavailable(
            f"{host} ended the TLS connection.",
            next_step="See what it demands: a certificate of its clients, which no step sends, or a version of TLS.",
            detail=said,
        )
    return Unavailable(
        f"The certificate of {host} is not trusted.",
        next_step="Give the authority that signed it as CA_BUNDLE (a path or the PEM text)"
        " and, if that authority is an old one, TLS_STRICT=false.",
        detail=said,
    )


def stopped_by_proxy(host: str, said: str) -> Unavailable:
    """Say that the proxy answered in place of the service, with a status of 4xx."""
    return Unavailable(
        f"The proxy does not let {host} through: {said}.",
        next_step="Check the proxy's credentials in HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY.",
    )


def proxy_is_silent(host: str, said: str) -> Unavailable:
    """Say that the proxy itself does not answer."""
    return Unavailable(
        f"The proxy for {host} does not answer.",
        next_step="Check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY.",
        detail=said,
    )
