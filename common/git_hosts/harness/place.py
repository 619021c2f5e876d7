"""Where a repository of Harness Code is: the account, the scope below it, and the addresses of portal, API and git.

The steps get these from a connector of Harness Code, or without one from the account and its key (contract, A.2, B.4).
"""

from __future__ import annotations

import re
import urllib.parse
from typing import NamedTuple

from common.errors import BadInput
from common.git_hosts.context import HostContext
from common.git_hosts.faults import Missing
from common.harness.access import DEFAULT_BASE, account_of
from common.network.url import checked, origin
from common.secret import Secret

GIT_HOST = re.compile(r"git(\d*)\.")  # machines that serve git alone begin so, as in git.harness.io
CLUSTER = re.compile(r"https://git(\d*)\.harness\.io")  # and the portal that each of them belongs to
PORTAL = re.compile(r"https://(?:app|harness(\d+))\.harness\.io")
CODE = "/gateway/code"
SCOPES = {"account": 0, "org": 1, "organization": 1, "project": 2}  # harnessCodeRepoType -> how many names are below


class Scope(NamedTuple):
    """What a repository belongs to: the account, an organization of it, or a project of that."""

    names: tuple[str, ...]

    @property
    def query(self) -> dict[str, str]:
        """The scope as the API takes it."""
        return dict(zip(("orgIdentifier", "projectIdentifier"), self.names, strict=False))

    @property
    def pages(self) -> str:
        """The scope in the path of the portal's pages."""
        parts = zip(("orgs", "projects"), self.names, strict=False)
        return "".join(f"/{kind}/{urllib.parse.quote(name)}" for kind, name in parts)


def depth(context: HostContext) -> int | None:
    """Give how many names the scope has: by harnessCodeRepoType, else by the fields that are given; None for neither.

    Raises BadInput for a type that is none.
    """
    location = context.location
    given = location.harness_code_repo_type
    if given:
        if given.lower() not in SCOPES:
            raise BadInput(f"harnessCodeRepoType is {given!r}; it can be account, org or project.")
        return SCOPES[given.lower()]
    return 2 if location.project else 1 if location.organization else None


def scope(context: HostContext) -> Scope:
    names = (context.location.organization, context.location.project)
    return Scope(names[: depth(context) or 0])


def account(context: HostContext) -> str:
    """Give the account's identifier, which a key also holds. Raises Missing when neither is known."""
    found = context.harness.account or account_of(credentials(context))
    if not found:
        raise Missing(["accountId (set HARNESS_ACCOUNT_ID)"])
    return found


def credentials(context: HostContext) -> Secret | None:
    """Give the key for the API: the step's own, else the connector's, which is one too."""
    return context.harness.api_key or context.connector.password


def portal(context: HostContext) -> str:
    """Give the address that the pages are at."""
    given, connector = context.harness.url, context.connector
    if given:
        checked(given, what="HARNESS_URL", next_step=f"Give the portal's address, as {DEFAULT_BASE}.")
        return given.rstrip("/")
    if not connector.host:
        return DEFAULT_BASE
    if cluster := CLUSTER.fullmatch(connector.origin):
        return f"https://harness{cluster[1]}.harness.io" if cluster[1] else DEFAULT_BASE
    return connector.origin


def api(context: HostContext) -> str:
    """Derive the API's base (contract, B.4). The key of a connector goes to the connector's own host."""
    connector = context.connector
    if not connector.host:
        return f"{portal(context)}{CODE}/api/v1"
    return f"{connector.origin}{'' if GIT_HOST.match(connector.host) else CODE}/api/v1"


def git(context: HostContext) -> str:
    """Give what the address of every repository begins with, before the account."""
    connector = context.connector
    if not connector.host:
        cluster = PORTAL.fullmatch(portal(context))
        return f"https://git{cluster[1] or ''}.harness.io" if cluster else f"{portal(context)}{CODE}/git"
    before, found, _ = f"{connector.path}/".partition(f"/{account(context)}/")
    if found:
        return f"{connector.origin}{before}"
    return connector.origin if GIT_HOST.match(connector.host) else f"{connector.origin}{CODE}/git"


def path(context: HostContext) -> str:
    """Give account, scope and name as git and `parent_ref` write them."""
    parts = (account(context), *scope(context).names, context.location.repository)
    return "/".join(urllib.parse.quote(part) for part in parts)


def page(context: HostContext) -> str:
    """Give the repository's page in the portal."""
    code = f"{portal(context)}/ng/account/{account(context)}/module/code"
    return f"{code}{scope(context).pages}/repos/{context.location.repository}"


def git_origin(context: HostContext) -> str:
    return origin(git(context))
