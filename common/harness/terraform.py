"""Access to the portal for the steps whose inputs are Terraform's variables (contract, A.8 to A.10)."""

from __future__ import annotations

from dataclasses import dataclass

from common.contract.inputs import option
from common.harness.access import DEFAULT_BASE, Access, Portal
from common.network.url import checked
from common.secret import Secret

GATEWAY = "/gateway"


@dataclass(frozen=True, kw_only=True)
class TerraformAccess:
    """The portal's API, the account, and the key for it."""

    api_key: Secret = option(
        "xApiKey",
        env=["TF_VAR_X_API_KEY", "X_API_KEY"],
        help="Harness API key of an owner who may do what the step does.",
    )
    account: str = option(
        "accountId",
        env=["TF_VAR_ACCOUNT_IDENTIFIER", "HARNESS_ACCOUNT_ID"],
        spec=False,
        help="Identifier of the Harness account.",
    )
    given_endpoint: str = option(
        "endpoint",
        env=["TF_VAR_ENDPOINT"],
        default="",
        spec=False,
        help="URL of the portal's API; from BASE when absent.",
    )
    given_base: str = option(
        "base", env=["BASE"], default="", spec=False, help=f"URL of the portal; {DEFAULT_BASE} when absent."
    )

    @property
    def endpoint(self) -> str:
        """The API's URL, without a slash at its end."""
        if self.given_endpoint:
            checked(self.given_endpoint, what="TF_VAR_ENDPOINT", next_step=f"Give one as {DEFAULT_BASE}{GATEWAY}.")
            return self.given_endpoint.rstrip("/")
        return f"{Portal(given_base=self.given_base).base}{GATEWAY}"

    @property
    def base(self) -> str:
        """The portal's URL."""
        return self.endpoint.removesuffix(GATEWAY)

    def access(self) -> Access:
        """Give the access as the portal's client takes it."""
        return Access(portal=Portal(given_base=self.base, account=self.account), api_key=self.api_key)
