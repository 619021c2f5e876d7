"""What a service is to the rest of the sandbox: one object per service, listed in services.py.

It is also made where only an address or a credential is wanted, so neither this module nor the module of such an
object loads Flask; the routes are loaded when the application is made.
"""

from __future__ import annotations

import hmac
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from flask import Blueprint
    from werkzeug.wrappers import Request

Routes: TypeAlias = "Sequence[tuple[Blueprint, str]]"
"""Blueprints, each with the prefix of its addresses; one that is served at two places is listed twice."""


@dataclass(frozen=True)
class Caller:
    """Who sent a request. `name` is what the request log shows; `sent` tells a wrong credential from none at all."""

    name: str
    known: bool = False
    may_write: bool = False
    sent: bool = False
    scopes: tuple[str, ...] = ()
    sees: Callable[[str, str], bool] = lambda _owner, _name: True
    """Tells whether its credential is good for a repository, by owner and name."""
    made: Callable[[str], None] | None = None
    """Is told the full name of a repository that it made."""


NOBODY = Caller("anonymous")
STRANGER = Caller("unknown credential", sent=True)


def chosen(value: str, callers: Mapping[str, Caller]) -> Caller:
    """Return the caller whose credential this is."""
    return next((caller for known, caller in callers.items() if same(value, known)), STRANGER)


def same(value: str, known: str) -> bool:
    return hmac.compare_digest(value.encode(), known.encode())


def secret(make: Callable[[], str]) -> Any:
    """Declare a credential that is made at random and shown nowhere; every other field of its class is public."""
    return field(default_factory=make, repr=False)


def public_values(credentials: DataclassInstance) -> dict[str, str]:
    """Give the names of the accounts of a service, by field."""
    return {part.name: getattr(credentials, part.name) for part in fields(credentials) if part.repr}


def secret_values(credentials: DataclassInstance) -> list[str]:
    """Give every value of a service's credentials that may not be shown anywhere."""
    return [getattr(credentials, part.name) for part in fields(credentials) if not part.repr]


Refusal: TypeAlias = tuple[int, str]
"""The status, and the words that git shows to its user after `remote: `."""


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """How a host refuses git."""

    dumb: Refusal
    """A client that speaks the protocol from before git 1.6.6."""
    bad_login: Refusal
    login_to_read: Refusal
    """Nobody is logged in, and the repository is private or does not exist: a host does not tell which."""
    login_to_push: Refusal
    not_found: Refusal
    read_only: Refusal


VIEWS = {
    "repository": ("", "/tree/<path:place>"),
    "file": ("/blob/<path:place>",),
    "raw_file": ("/raw/<path:place>",),
    "commits": ("/commits", "/commits/<path:ref>"),
    "commit": ("/commit/<sha>",),
}
"""The views of a repository (pages/repositories.py), each with its addresses behind that of the repository."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """The connector of the platform by which a pipeline reaches a host: its type, and its URL behind the sandbox's.

    path: may hold fields of the credentials in braces.
    machine: the one name that the host has, which the sandbox serves as an HTTP proxy; '' for the sandbox's own.
    name: what --host calls it; '' for its type.
    taken_from: field of a repository's location -> the one whose value it has in a pipeline for hosts without it.
    name_field, secret_field: which of the service's credentials it has.
    """

    type: str
    path: str = ""
    machine: str = ""
    name: str = ""
    taken_from: Mapping[str, str] = field(default_factory=dict)
    name_field: str = "user"
    secret_field: str = "token"  # noqa: S105 - a name


@dataclass(frozen=True, kw_only=True)
class GitHost:
    """What differs from host to host in serving git repositories over HTTP.

    Addresses are Flask's rules with `<name>` and, where repositories belong to somebody, `<owner>` (`<path:owner>` for
    nested groups). Where two services could serve a path, the one with more fixed words in its rule does.
    """

    addresses: tuple[str, ...]
    """Where git finds a repository; the first is the one to clone from."""
    page: str
    """Where a browser finds it."""
    caller: Callable[[Request, Any], Caller]
    """Tells who sent a request of git, by the service's credentials."""
    realm: str
    refusals: Refusals
    protected_words: str = "You are not allowed to push to the protected branch {branch}."
    """What a push to a protected {branch} is declined with, when that fault is switched on."""
    connector: Login | None = None
    """How a pipeline reaches it with `idp-steps run --sandbox --host TYPE`; None for a host that it cannot."""
    anonymous: bool = True
    """Whether a public repository is read without a login."""
    first_push_is_default: bool = True
    """Whether the branch that is pushed first becomes the default branch; git alone leaves that as it is."""
    views: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: VIEWS)
    refusal_type: str = "text/plain"
    """Media type of a refusal; git shows plain text to its user, and nothing else."""
    owner_names: int = 1
    """How many names, parted by slashes, whoever repositories belong to may have."""
    owner_fields: tuple[str, ...] = ("organization",)
    """The fields by which a step names whoever repositories belong to, in the order of those names."""
    kept_below: Callable[[str, Any], str] = lambda owner, _: owner
    """Gives the owner as the addresses have it of one that a pipeline and sandbox.yaml name, by the credentials."""
    web_path: Callable[[str, str], str] | None = None
    """Gives the real host's address of owner and name, where `page` cannot have that form; it leads to the page."""
    web_file: str = ""
    """Where a {path} of a {branch} is, behind that address."""
    web_default_file: str = ""
    """Where it is on the default branch, which the address then leaves out; '' for a host that names it in any case."""

    @property
    def has_owners(self) -> bool:
        return "owner>" in self.page

    def clone_path(self, owner: str, name: str) -> str:
        return _filled(self.addresses[0], owner, name)

    def page_path(self, owner: str, name: str) -> str:
        return _filled(self.page, owner, name)

    def web_address(self, owner: str, name: str) -> str:
        """Give the path at which the real host shows the repository."""
        return self.web_path(owner, name) if self.web_path else self.page_path(owner, name)

    def file_path(self, owner: str, name: str, *, branch: str, path: str) -> str:
        quoted = {"branch": urllib.parse.quote(branch), "path": urllib.parse.quote(path)}
        place = self.web_file or self.views["file"][0].replace("<path:place>", "{branch}/{path}")
        return self.web_address(owner, name) + (place if branch else self.web_default_file).format(**quoted)


def _filled(rule: str, owner: str, name: str) -> str:
    return rule.replace("<path:", "<").replace("<owner>", owner).replace("<name>", name)


def _no_routes() -> Routes:
    return ()


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service that the sandbox stands in for."""

    name: str
    title: str
    """What people call it."""
    credentials: Callable[[], Any]
    """Makes a frozen dataclass of texts, those declared with `secret` at random: what a new state folder accepts."""
    machines: tuple[str, ...] = ()
    """Host names that it answers to when the sandbox is the HTTP proxy; each stands before the paths asked there."""
    api_paths: tuple[str, ...] = ()
    """How the paths of its API begin, for the request log; git and pages are known by their blueprints."""
    tables: tuple[str, ...] = ()
    """SQL that makes its tables where they are missing. Several services may name the same."""
    secret_forms: tuple[str, ...] = ()
    """Regular expressions of what looks like a credential of the real service; the request log leaves it out."""
    routes: Callable[[], Routes] = _no_routes
    git: GitHost | None = None
