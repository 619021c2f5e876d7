"""The Harness portal: where it is, who asks, and its answers in sentences. Both parts of its API are built on this.

Credentials go only to the host of the URL that is called. Sources: contract sections A.5, A.7 and D.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common.contract import values
from common.contract.inputs import option
from common.errors import BadInput, NotAllowed, Refused, StepError
from common.network.deadline import Deadline
from common.network.settings import Network
from common.network.url import checked, origin
from common.secret import Secret

if TYPE_CHECKING:
    import requests

    from common.network.http import Client

DEFAULT_BASE = "https://app.harness.io"
CREDENTIALS = "the API key (X_API_KEY)"
EDIT_ADVICE = "Give the owner of X_API_KEY a role that may edit the catalog (permission idp_catalog_edit)."


@dataclass(frozen=True, kw_only=True)
class Portal:
    """Which portal, and which account of it."""

    given_base: str = option(
        "base", env=["BASE"], default="", spec=False, help=f"URL of the portal; {DEFAULT_BASE} when absent."
    )
    account: str = option(
        "accountId", env=["HARNESS_ACCOUNT_ID"], default="", spec=False, help="Identifier of the Harness account."
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
    def known(self) -> bool:
        """Whether there are credentials at all."""
        return self.api_key is not None or (self.authorization is not None and self.source_principal is not None)

    def headers(self) -> Mapping[str, str | Secret]:
        """Give the headers that authenticate. The account is named only where the credentials do not imply it."""
        if self.api_key is not None:
            return {"x-api-key": self.api_key}
        if self.authorization is None or self.source_principal is None:
            raise NotAllowed(
                "There are no credentials for the portal's catalog.",
                next_step="Set X_API_KEY to a Harness API key (in a pipeline the step's field xApiKey)"
                " whose owner may edit the catalog.",
            )
        account = {"Harness-Account": self.portal.account} if self.portal.account else {}
        return {"Authorization": self.authorization, "X-Source-Principal": self.source_principal, **account}


@dataclass(frozen=True, kw_only=True)
class RegistrationOptions:
    """What RegisterCatalog needs for this catalog. The platform sets the URLs and the body; otherwise they are made."""

    access: Access
    import_url: str = option(
        "importEntityUrl",
        env=["IMPORT_ENTITY_URL"],
        default="",
        spec=False,
        help="URL that imports an entity; made from BASE when absent.",
    )
    body: str = option(
        "body",
        env=["BODY"],
        default="",
        spec=False,
        multiline=True,
        help="What is sent to IMPORT_ENTITY_URL; made from the inputs when absent, and ignored without that URL.",
    )
    file_url: str = option(
        "getFileByBranchUrl",
        env=["GET_FILE_BY_BRANCH_URL"],
        default="",
        spec=False,
        help="URL that gives the pushed file as the platform sees it; made from the inputs when absent.",
    )


@dataclass(frozen=True)
class PortalClient:
    """Sends requests to the portal with the credentials; one connection per host is kept."""

    access: Access
    network: Network
    deadline: Deadline
    clients: dict[str, Client] = field(default_factory=dict)

    def send(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """Send one request to a full URL and give the final answer, as common.http does."""
        host = origin(url)
        if host not in self.clients:
            self.clients[host] = self._client(url)
        return self.clients[host].send(method, url, **kwargs)

    def _client(self, url: str) -> Client:
        from common.network.http import client

        checked(url, what="The portal's address", next_step=f"Give one that begins with https://, as {DEFAULT_BASE}.")
        headers = {"Accept": "application/json", **self.access.headers()}
        return client(origin(url), network=self.network, deadline=self.deadline, headers=headers)


def given_body(text: str) -> dict[str, Any]:
    """Read the BODY that the platform gives, without its nulls: the API takes an absent field, but no null."""
    try:
        body = values.parse(dict, text, multiline=True)
    except ValueError as error:
        raise BadInput(f"BODY {error}.", next_step="Give the JSON object that the platform's API takes.") from error
    return {name: value for name, value in body.items() if value is not None}


def succeeded(answer: requests.Response) -> bool:
    """Tell whether the request did what it asked for; a redirect, which is not followed, did not."""
    return HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES


def body_of(answer: requests.Response) -> dict[str, Any]:
    """Give the JSON object of an answer. A page instead of one means that something else answered."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(
            f"{origin(answer.url)} answered {answer.status_code} without the JSON that the portal's API gives.",
            next_step="Check that BASE is the portal's address and that no log-in page stands before it.",
            detail=answer.text[:500],
        )
    return body


def refused(answer: requests.Response, *, doing: str) -> StepError:
    """Turn an error answer into the failure to raise."""
    from common.network.http import refusal

    error = refusal(answer, doing=doing, credentials=CREDENTIALS)
    if answer.status_code == HTTPStatus.FORBIDDEN:
        return NotAllowed(error.message, next_step=EDIT_ADVICE, detail=error.detail)
    return error
