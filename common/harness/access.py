"""Which portal of Harness, and who asks: options that every part of its API shares (contract, A.5, A.7 and D.0)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from common.contract.inputs import option
from common.errors import NotAllowed
from common.network.url import checked
from common.secret import Secret

DEFAULT_BASE = "https://app.harness.io"
GIT_HOST = "Harness Code"  # the portal's own git host, as messages call it
KEY = "xApiKey (set X_API_KEY)"
OF_ACCOUNT = re.compile(r"[ps]at\.([\w-]+)\.[^.]+\.[^.]+")
"""A key: the kind of its owner, the account, the key's name, and what is secret. The old form has no account."""


@dataclass(frozen=True, kw_only=True)
class Portal:
    """Which portal, and which account of it."""

    given_base: str = option(
        "base", env=["BASE"], default="", spec=False, help=f"URL of the portal; {DEFAULT_BASE} when absent."
    )
    account: str = option(
        "accountId",
        env=["HARNESS_ACCOUNT_ID"],
        default="",
        spec=False,
        help="Identifier of the Harness account; that of the API key when absent.",
    )

    @property
    def base(self) -> str:
        """The portal's URL without a slash at its end."""
        if self.given_base:
            checked(self.given_base, what="BASE", next_step=f"Give the portal's address, as {DEFAULT_BASE}.")
        return (self.given_base or DEFAULT_BASE).rstrip("/")


@dataclass(frozen=True, kw_only=True)
class Access:
    """The portal and the credentials for it: an API key, else the pair that the platform sets for its user."""

    portal: Portal
    api_key: Secret | None = option(
        "xApiKey", env=["X_API_KEY"], default=None, help="Harness API key; the user of the pipeline when absent."
    )
    authorization: Secret | None = option(
        "authorization", env=["AUTHORIZATION"], default=None, spec=False, help="The platform's service credentials."
    )
    source_principal: Secret | None = option(
        "sourcePrincipal",
        env=["X_SOURCE_PRINCIPAL"],
        default=None,
        spec=False,
        help="The user on whose behalf it asks.",
    )

    @property
    def account(self) -> str:
        """The account that is meant: the one that is given, else the key's own; '' when neither is known."""
        return self.portal.account or account_of(self.api_key)

    @property
    def known(self) -> bool:
        """Whether there are credentials at all."""
        return self.api_key is not None or (self.authorization is not None and self.source_principal is not None)

    def headers(self) -> Mapping[str, str | Secret]:
        """Give the headers that authenticate. The account is named only where the credentials do not imply it."""
        if self.api_key is not None:
            return {"x-api-key": self.api_key}
        if self.authorization is None or self.source_principal is None:
            raise NotAllowed(
                "There are no credentials for the portal.",
                next_step="Set X_API_KEY to a Harness API key (in a pipeline the step's field xApiKey)"
                " whose owner may do what this step does.",
            )
        account = {"Harness-Account": self.portal.account} if self.portal.account else {}
        return {"Authorization": self.authorization, "X-Source-Principal": self.source_principal, **account}


def account_of(key: Secret | None) -> str:
    """Give the account that an API key belongs to; '' where there is no key, or one of another form."""
    found = OF_ACCOUNT.fullmatch(key.reveal()) if key is not None else None
    return found[1] if found else ""
