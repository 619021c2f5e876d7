"""The Harness portal over HTTP, and its answers in sentences. Credentials go only to the host of the URL called."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common.contract import values
from common.errors import BadInput, NotAllowed, Refused, StepError
from common.harness.access import DEFAULT_BASE, Access
from common.network.deadline import Deadline
from common.network.settings import Network
from common.network.url import checked, origin

if TYPE_CHECKING:
    import requests

    from common.network.http import Client

CREDENTIALS = "the API key (X_API_KEY)"


@dataclass(frozen=True)
class PortalClient:
    """Sends requests to the portal with the credentials; one connection per host is kept."""

    access: Access
    network: Network
    deadline: Deadline
    clients: dict[str, Client] = field(default_factory=dict)

    def send(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """Send one request to a full URL and give the final answer, as common.network.http does."""
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


def without(what: str, answer: requests.Response) -> Refused:
    """Make the failure for an answer that lacks what it is for: then something else than the portal gave it."""
    return Refused(
        f"{origin(answer.url)} answered {answer.status_code} without {what}.",
        next_step="Check that BASE is the portal's address and that no log-in page answers in its place.",
        detail=answer.text[:500],
    )


def refused(answer: requests.Response, *, doing: str, permission: str) -> StepError:
    """Turn an error answer into the failure to raise. `permission` is what the owner of the credentials may lack."""
    from common.network.http import refusal

    error = refusal(answer, doing=doing, credentials=CREDENTIALS)
    if answer.status_code == HTTPStatus.FORBIDDEN:
        advice = f"Give the owner of X_API_KEY a role that may {permission}."
        return NotAllowed(error.message, next_step=advice, detail=error.detail)
    return error
