"""The environment of a step in its layers: what of the caller's passes, the execution, and what its sources give."""

from __future__ import annotations

from collections.abc import Mapping

# What of the caller's own environment a process needs to work at all: programs, language, places, networks.
PASSED = """
    PATH HOME LANG LANGUAGE LC_ALL LC_CTYPE LC_MESSAGES TZ TMPDIR
    HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY http_proxy https_proxy no_proxy all_proxy
    HARNESS_HTTP_PROXY HARNESS_HTTPS_PROXY HARNESS_NO_PROXY HARNESS_GIT_PROXY
    CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GIT_SSL_CAINFO HARNESS_CA_PATH TLS_STRICT
    VERBOSE
"""
PASSED_ON = frozenset(PASSED.split())
# How a person wants the steps to work. The platform has no such thing, so it is told when one of these is handed on.
WISHES = (
    "RETRY_BUDGET",
    "STEP_TIMEOUT",
    "HOOK_TIMEOUT",
    "STRICT_VARIABLES",
    "STATE_DIR",
    "PROVIDER_MIRROR",
    "ALLOW_DOWNLOAD",
)


def passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """Give what a step sees of the environment that the runner was started in."""
    return {name: value for name, value in environ.items() if name in PASSED_ON} | wishes(environ)


def wishes(environ: Mapping[str, str]) -> dict[str, str]:
    """Give those of the variables for the steps' work that are set."""
    return {name: environ[name] for name in WISHES if environ.get(name)}
