"""What git says decides whether it is tried again, the exit code, and what the user is told to do."""

from __future__ import annotations

import pytest

from common.git.command import GitFailed
from common.git.failures import Rejection, failures
from common.network.repeat import Failure, Outcome

URL = "https://git.test/acme/payments.git"
RPC = "error: RPC failed; HTTP {0} curl 22 The requested URL returned error: {0}"
HUNG_UP = (
    "send-pack: unexpected disconnect while reading sideband packet",
    "fatal: the remote end hung up unexpectedly",
)


def told(*lines: str, may_appear: bool = False) -> Failure:
    tell = failures(doing="push", url=URL, login_advice="Check the token.", right="write to", may_appear=may_appear)
    found = tell(GitFailed("push", 128, lines))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("lines", "exit_code", "outcome", "words"),
    [
        ([RPC.format(400), *HUNG_UP], 1, Outcome.REFUSED, "does not take the request"),
        ([RPC.format(401), *HUNG_UP], 3, Outcome.REFUSED, "asks for a login. Check the token."),
        ([RPC.format(403), *HUNG_UP], 3, Outcome.REFUSED, "Give it the right to write to this repository."),
        ([RPC.format(404), *HUNG_UP], 2, Outcome.REFUSED, "there is no such repository"),
        ([RPC.format(413), *HUNG_UP], 1, Outcome.REFUSED, "client_max_body_size"),
        ([RPC.format(422), *HUNG_UP], 1, Outcome.REFUSED, "does not take the request"),
        ([RPC.format(302), *HUNG_UP], 1, Outcome.REFUSED, "redirects to another address"),
        ([RPC.format(429), *HUNG_UP], 5, Outcome.UNKNOWN, "is not available"),
        ([RPC.format(500), *HUNG_UP], 5, Outcome.UNKNOWN, "is not available"),
        ([RPC.format(503), *HUNG_UP], 5, Outcome.UNKNOWN, "is not available"),
        ([RPC.format(599), *HUNG_UP], 5, Outcome.UNKNOWN, "is not available"),
        (list(HUNG_UP), 5, Outcome.UNKNOWN, "is not available"),
        (["error: RPC failed; curl 18 transfer closed with outstanding read data remaining"], 5, Outcome.UNKNOWN, ""),
        (["error: 3421 bytes of body are still expected"], 5, Outcome.UNKNOWN, ""),
        (["fatal: early EOF"], 5, Outcome.UNKNOWN, ""),
        (["fatal: expected flush after ref listing"], 5, Outcome.UNKNOWN, ""),
        (["fatal: expected 'packfile'"], 5, Outcome.UNKNOWN, ""),
        (["error: Cannot access URL https://git.test/acme/payments.git/, return code 22"], 5, Outcome.UNKNOWN, ""),
        (["fatal: unable to access 'x': Could not resolve host: git.test"], 5, Outcome.NOT_DONE, ""),
        (["fatal: unable to access 'x': Failed to connect to git.test port 443"], 5, Outcome.NOT_DONE, ""),
        (["fatal: Authentication failed for 'x'"], 3, Outcome.REFUSED, "Check the token."),
        (["fatal: could not read Username for 'x': terminal prompts disabled"], 3, Outcome.REFUSED, "Check the token."),
        (
            ["remote: Repository not found.", "fatal: repository 'x' not found"],
            2,
            Outcome.REFUSED,
            "no such repository",
        ),
        (["fatal: unable to access 'x': SSL certificate problem: unable to get"], 5, Outcome.REFUSED, "CA_BUNDLE"),
        (
            ["fatal: unable to access 'x': gnutls_handshake() failed: An unexpected TLS packet was received."],
            5,
            Outcome.REFUSED,
            "does not speak TLS",
        ),
        (
            ["fatal: unable to access 'x': error:0A00010B:SSL routines::wrong version number"],
            5,
            Outcome.REFUSED,
            "http://",
        ),
        (
            ["fatal: unable to access 'x': CONNECT tunnel failed, response 403"],
            5,
            Outcome.REFUSED,
            "The proxy does not let",
        ),
        (["fatal: unable to access 'x': Could not resolve proxy: no.test"], 5, Outcome.NOT_DONE, "Check HTTPS_PROXY"),
        (["fatal: unable to access 'x': CONNECT tunnel failed, response 502"], 5, Outcome.NOT_DONE, "The proxy for"),
        (["fatal: x/info/refs not valid: is this a git repository?"], 1, Outcome.REFUSED, "no git server"),
        (["fatal: something new"], 1, Outcome.REFUSED, "Could not push: something new."),
    ],
)
def test_the_words_of_git_are_understood(lines: list[str], exit_code: int, outcome: Outcome, words: str) -> None:
    found = told(*lines)

    assert (found.error.exit_code, found.outcome) == (exit_code, outcome)
    assert words in str(found.error)


def test_a_repository_that_was_just_created_may_still_appear() -> None:
    missing = "fatal: repository 'x' not found"

    assert told(missing).outcome is Outcome.REFUSED
    assert told(missing, may_appear=True).outcome is Outcome.NOT_DONE


FORBIDDEN = "fatal: unable to access 'https://git.test/archived-read-only.git/': The requested URL returned error: 403"


@pytest.mark.parametrize(
    ("said", "exit_code", "words"),
    [
        ("", 3, "the token is not allowed to. Give it the right to write to this repository."),
        ("remote: Write access to repository not granted.", 3, "Give it the right to write to this repository."),
        ("remote: The `acme' organization has enabled or enforced SAML SSO.", 3, "Authorize it for the organization"),
        ("remote: The 'acme' organization has an IP allow list enabled, and 8.8.8.8 is not", 3, "list of allowed ones"),
        ("remote: This repository was archived so it is read-only.", 1, "the repository is archived. Have it unarch"),
        ("remote: You can't push code to an archived project.", 1, "the repository is archived. Have it unarchived"),
        ("fatal: Git LFS: batch response: This repository exceeded its LFS budget.", 1, "has no room for it"),
        ("remote: The repository is temporarily read-only. Please try again later.", 1, "the repository is read-only"),
    ],
)
def test_words_that_come_with_403_tell_what_is_lacking(said: str, exit_code: int, words: str) -> None:
    found = told(said, FORBIDDEN)

    assert (found.error.exit_code, found.outcome) == (exit_code, Outcome.REFUSED)
    assert words in str(found.error)


def test_the_host_is_asked_what_its_own_words_with_403_mean() -> None:
    def judge(text: str) -> Rejection:
        return Rejection("Ask Jane.") if text == "remote: Not you." else Rejection()

    tell = failures(doing="push", url=URL, login_advice="", judge=judge)
    found = tell(GitFailed("push", 128, ["remote: Not you.", FORBIDDEN]))
    assert found is not None
    assert str(found.error).endswith("the token is not allowed to. Ask Jane.")


@pytest.mark.parametrize(
    "lines", [["fatal: Authentication failed for 'x'"], [RPC.format(403)], ["repository not found"]]
)
def test_what_git_makes_of_a_head_that_broke_off_does_not_count(lines: list[str]) -> None:
    failed = GitFailed("push", 128, lines)
    failed.broke_off = True
    found = failures(doing="push", url=URL, login_advice="")(failed)
    assert found is not None
    assert (found.outcome, found.error.exit_code) == (Outcome.UNKNOWN, 5)
    assert "an answer of https://git.test broke off" in str(found.error)
    assert not failed.says("Authentication", "403", "not found")


@pytest.mark.parametrize("broke_off", [False, True])
@pytest.mark.parametrize(
    "said",
    [
        "GnuTLS recv error (-12): A TLS fatal alert has been received.",
        "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
    ],
)
def test_a_server_that_demands_a_certificate_is_told_at_once(said: str, broke_off: bool) -> None:
    """It may say so only after the request, which then has no answer."""
    failed = GitFailed("ls-remote", 128, [f"fatal: unable to access 'https://git.test/': {said}"])
    failed.broke_off = broke_off
    found = failures(doing="push", url=URL, login_advice="")(failed)
    assert found is not None
    assert (found.outcome, found.error.exit_code) == (Outcome.REFUSED, 5)
    assert "https://git.test ended the TLS connection. See what it demands: a certificate" in str(found.error)


def test_what_is_not_of_git_is_left_to_others() -> None:
    assert failures(doing="push", url=URL, login_advice="")(ValueError("x")) is None
