"""What a git command that failed leaves behind, and the sentence that tells it. Git says both only in words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from common.errors import BadInput, NotAllowed, Refused, StepError, Unavailable
from common.git.command import GitFailed
from common.network import unreachable
from common.network.repeat import TRANSIENT_STATUS, Failure, Outcome
from common.network.url import origin

STATUS = re.compile(r"(?:returned error: |RPC failed; HTTP |code )(\d{3})\b")

FORBIDDEN_STATUS = 403
LFS_SAYS = "fatal: Git LFS:"  # what our lines of what git-lfs says begin with
LFS_CRASHED = "git-lfs crashed"
LFS_LEAVES_OUT = "the host's answer leaves out files"
SERVER_SAYS = ("remote:", LFS_SAYS)
CREATED_MOMENTS_AGO = 10.0  # seconds


class Kind(NamedTuple):
    """One kind of failure: what is wrong, and what to do about it ('' where the caller knows better)."""

    error: type[StepError]
    words: str
    advice: str = ""
    outcome: Outcome = Outcome.REFUSED


class Rejection(NamedTuple):
    """What a declined push lacked: what to do about it, and of which kind the failure is.

    protected: the branch itself does not take a push, so a pull request may bring it what was pushed.
    """

    advice: str = ""
    error: type[StepError] = Refused
    protected: bool = False


def rejection(table: Sequence[tuple[str, Rejection]], text: str) -> Rejection:
    """Give what the first row whose words are in the text says; Rejection() when none are."""
    lowered = text.lower()
    return next((found for words, found in table if words.lower() in lowered), Rejection())


def nothing_known(_: str) -> Rejection:
    """Judge a declined push where no host's own words are known."""
    return Rejection()


LARGE = Rejection("A file is larger than is taken there: keep it out of the folder, or put it under Git LFS.")
ON_ANY_HOST = (  # what git itself and the hooks of many servers say
    ("non-fast-forward", Rejection("Nobody may replace what a branch holds there: leave FORCE_PUSH out.")),
    (
        "protected branch",
        Rejection("The branch is protected: push to another one, or have the token's account allowed to push to it."),
    ),
    ("size limit", LARGE),
    ("too large", LARGE),
    ("", Rejection("Do as it says, or have whoever keeps the repository change the rule that declines the push.")),
)


def judged(by_host: Rejection, text: str) -> Rejection:
    """Give what a host knows of a declined push, or else what these words say on any."""
    return by_host if by_host.advice else rejection(ON_ANY_HOST, text)


LOGIN = Kind(NotAllowed, "{host} asks for a login")
ALLOW = Kind(
    NotAllowed,
    "the token is not allowed to",
    "Give it the right to {right} this repository.",
)
BY_SIGN_ON = Kind(
    NotAllowed,
    "the token is not authorized for the single sign-on of the organization",
    "Authorize it for the organization where it was made (GitHub: Configure SSO), or use a GitHub App.",
)
NOT_FROM_HERE = Kind(
    NotAllowed,
    "the organization takes nothing from the address of this machine",
    "Have the address added to the organization's list of allowed ones, or run the step where one of them is.",
)
ARCHIVED = Kind(Refused, "the repository is archived", "Have it unarchived, or choose another one.")
READ_ONLY = Kind(Refused, "the repository is read-only", "See its settings there, or run the step again later.")
MISSING = Kind(BadInput, "there is no such repository, or the credentials may not see it", "Check the address.")
MOVED = Kind(Refused, "{host} redirects to another address", "Give the final address; redirects are not followed.")
BAD = Kind(Refused, "{host} does not take the request", "Check the address, and what stands between here and the host.")
TOO_LARGE = Kind(
    Refused,
    "it is larger than {host}, or a proxy in front of it, takes at once",
    "Raise the limit there (nginx: client_max_body_size), or keep large files out of the folder.",
)
NO_LFS = Kind(Refused, "{host} has no Git LFS", "Have it switched on there, or take the files out of .gitattributes.")
NO_ROOM = Kind(Refused, "{host} has no room for it", "Have its quota raised, for Git LFS or the repository.")
NO_GIT = Kind(
    Refused,
    "what answers at {host} is no git server",
    "Check the address, and that no log-in page stands before it.",
)
NO_LFS_SERVER = Kind(
    Refused,
    "what answers at {host} is no server of Git LFS",
    "Check the address, and that no log-in page stands before it.",
)
UNTAKEN = Kind(
    Refused,
    "Git LFS at {host} does not take the content of a file",
    "See what it says of it, there or above; no commit was pushed that names the file.",
)
LEFT_OUT = Kind(
    Refused,
    "Git LFS at {host} says of some files neither where they are to go nor that it has them",
    "Have whoever keeps the host, or a proxy in front of it, look at its Git LFS.",
)
CRASHED = Kind(Unavailable, LFS_CRASHED, "Run the step again, or with a newer git-lfs.", outcome=Outcome.UNKNOWN)
LATER = Kind(Unavailable, "{host} is not available", outcome=Outcome.UNKNOWN)
BROKEN_OFF = Kind(Unavailable, "an answer of {host} broke off", outcome=Outcome.UNKNOWN)
NOT_REACHED = Kind(Unavailable, "{host} is not available", outcome=Outcome.NOT_DONE)

STATUSES = {
    401: LOGIN,
    404: MISSING,
    410: MISSING,
    413: TOO_LARGE,
    406: NO_ROOM,  # GitLab's, when an object of Git LFS would exceed the limit of the repository
    501: NO_LFS,
    507: NO_ROOM,
    509: NO_ROOM,
    **dict.fromkeys(TRANSIENT_STATUS, LATER),
}

FORBIDDEN: tuple[tuple[Sequence[str], Kind], ...] = (  # what a server says with 403 -> its kind, ALLOW for other words
    (("SAML SSO",), BY_SIGN_ON),
    (("IP allow list",), NOT_FROM_HERE),
    (("data quota", "LFS budget"), NO_ROOM),  # of Git LFS at GitHub
    (("archived",), ARCHIVED),
    (("read-only", "read only"), READ_ONLY),
)

WORDS: tuple[tuple[Sequence[str], Kind], ...] = (  # what git says -> its kind; the first that fits counts
    (("could not read Username", "Authentication failed", "Invalid username or"), LOGIN),
    (("denied to", "Write access to repository not granted"), ALLOW),
    (("Expected JSON type",), NO_LFS_SERVER),
    (("does not take a file's content",), UNTAKEN),
    ((LFS_LEAVES_OUT,), LEFT_OUT),
    ((LFS_CRASHED,), CRASHED),
    (("no DAV locking support", "not valid: is this a git repository", "unable to update url base"), NO_GIT),
    (("Could not resolve host", "Failed to connect", "Couldn't connect", "Connection refused"), NOT_REACHED),
    (
        (
            "Connection reset",
            "Connection timed out",
            "Operation timed out",
            "Operation too slow",
            "Empty reply from server",
            "Proxy CONNECT",
            "the remote end hung up",
            "early EOF",
            "unexpected EOF",
            "expected flush after",
            "expected 'packfile'",
            "expected 'acknowledgments'",
            "expected response end packet",
            "bad pack header",
            "Cannot access URL",  # a push by WebDAV, which git tries when the head of an answer broke off
            "unexpected disconnect",
            "transfer closed",
            "bytes remaining",
            "bytes of body are still expected",
            "invalid index-pack output",
            "fetch-pack: unexpected",
            "was not closed cleanly",
            "Recv failure",
            "Send failure",
        ),
        LATER,
    ),
    (("not found", "does not exist", "does not appear to be a git repository"), MISSING),
)
PROXY = re.compile(r"tunnel failed, response (\d{3})|code (407|403) from proxy|returned error: (407)")
NO_PROXY = "Could not resolve proxy"
TLS = ("server certificate verification failed", "SSL", "certificate", "gnutls_handshake")


def failures(  # noqa: PLR0913 - most of them have one sensible value
    *,
    doing: str,
    url: str,
    login_advice: str,
    right: str = "read",
    may_appear: bool = False,
    judge: Callable[[str], Rejection] = nothing_known,
) -> Callable[[Exception], Failure | None]:
    """Give the function that tells what a failed git command left behind.

    doing: what was tried, as in "clone https://example.com/x". right: what the token has to be allowed. may_appear: a
    repository that is not found may be one that was created moments ago. judge: given the words that came with 403,
    says what the token lacks.
    """
    host = origin(url)
    began = time.monotonic()

    def failure(error: Exception) -> Failure | None:
        if isinstance(error, TimeoutError):
            return Failure(LATER.outcome, Unavailable(f"Could not {doing}: {host} is not available, for {error}."))
        if not isinstance(error, GitFailed):
            return None
        kind = _kind(error)
        if (connecting := _connecting(host, error, kind)) is not None:
            return connecting
        if kind is None:
            return Failure(Outcome.REFUSED, Refused(f"Could not {doing}: {error.reason}.", detail=error.text))
        advice = login_advice if kind.error is not Unavailable and not kind.advice else kind.advice
        advice = advice.format(right=right)
        message = f"Could not {doing}: {kind.words.format(host=host)}."
        if kind is ALLOW and (lacked := judge(said_by_server(error))).advice:
            return Failure(kind.outcome, lacked.error(message, next_step=lacked.advice, detail=error.text))
        appearing = may_appear and kind is MISSING and time.monotonic() < began + CREATED_MOMENTS_AGO
        outcome = Outcome.NOT_DONE if appearing else kind.outcome
        return Failure(outcome, kind.error(message, next_step=advice, detail=error.text))

    return failure


def _connecting(host: str, error: GitFailed, kind: Kind | None) -> Failure | None:
    """Tell a failure of the proxy or of TLS."""
    if (proxy := PROXY.search(error.text)) is not None:
        status = next(filter(None, proxy.groups()))
        if status.startswith("4"):
            return Failure(Outcome.REFUSED, unreachable.stopped_by_proxy(host, status))
        return Failure(Outcome.NOT_DONE, unreachable.proxy_is_silent(host, error.text))
    if NO_PROXY in error.text:
        return Failure(Outcome.NOT_DONE, unreachable.proxy_is_silent(host, error.text))
    if kind is None and any(sign in error.text for sign in TLS):
        return Failure(Outcome.REFUSED, unreachable.untrusted(host, error.text))
    if kind in {None, BROKEN_OFF} and any(sign in error.text for sign in unreachable.ALERTS):
        return Failure(Outcome.REFUSED, unreachable.untrusted(host, error.text))
    return None


def _kind(error: GitFailed) -> Kind | None:
    """Tell by the HTTP status where git gives one: the words that follow it only say what that led to."""
    if error.broke_off:
        return BROKEN_OFF
    found = STATUS.search(error.text)
    if found is not None:
        status = int(found.group(1))
        if status == FORBIDDEN_STATUS:
            return _of(FORBIDDEN, said_by_server(error)) or ALLOW
        if status in STATUSES:
            return STATUSES[status]
        return MOVED if status < 400 else BAD if status < 500 else LATER  # noqa: PLR2004 - the classes of HTTP
    return _of(WORDS, error.text)


def _of(table: Sequence[tuple[Sequence[str], Kind]], text: str) -> Kind | None:
    lowered = text.lower()
    return next((kind for signs, kind in table if any(sign.lower() in lowered for sign in signs)), None)


def said_by_server(error: GitFailed) -> str:
    """Give what the server said, without git's own lines: those have the address and the branch in them."""
    return "\n".join(line for line in error.lines if line.startswith(SERVER_SAYS))
