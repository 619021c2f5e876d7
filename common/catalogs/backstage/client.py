"""Backstage's catalog API over HTTP, and its answers in sentences. Credentials go only to the host of its URL.

IDP 1.0 of Harness serves the same API at another path, with an API key (contract, D.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common.errors import NotAllowed, Refused, StepError
from common.network.deadline import Deadline
from common.network.settings import Network
from common.network.url import origin
from common.secret import Secret

if TYPE_CHECKING:
    import requests

    from common.network.http import Client

IS_MISSING = re.compile(r"no matching files found|NotFoundError|could not be found", re.IGNORECASE)
NOT_PUSHED = (
    "Check filePath, branch and repository, that the file was pushed, and that the catalog's own credentials for the"
    " git host may read the repository."
)
# What the catalog says of a file that it does not take -> what to do. The words are those of catalog-backend 4.0.
ADVICE: tuple[tuple[re.Pattern[str], str], ...] = (
    (IS_MISSING, NOT_PUSHED),
    (
        re.compile(r"Reading from .* is not allowed|configure an integration", re.IGNORECASE),
        "Have the catalog's keeper add the git host to its integrations (or to backend.reading.allow).",
    ),
    (
        re.compile(r"not of an allowed kind", re.IGNORECASE),
        "Correct the kind in the file, or have the catalog's keeper allow it (catalog.rules).",
    ),
    (
        re.compile(r"allowed type|Invalid \w+ URL", re.IGNORECASE),
        "Have the catalog's keeper configure the git host of the file's URL as an integration.",
    ),
)
CORRECT = "Correct the file and run the step again."


@dataclass(frozen=True)
class CatalogClient:
    """Sends requests to the API at `base`. credentials: the input that holds them, as a message names it."""

    base: str
    network: Network
    deadline: Deadline
    headers: Callable[[CatalogClient], Mapping[str, str | Secret]]
    credentials: str
    permission: str
    clients: dict[str, Client] = field(default_factory=dict)  # by base

    def send(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Send one request, its path below the base, and give the final answer, as common.network.http does."""
        if self.base not in self.clients:
            self.clients[self.base] = self.plain(self.headers(self))
        return self.clients[self.base].send(method, path, **kwargs)

    def plain(self, headers: Mapping[str, str | Secret] | None = None) -> Client:
        """Give a client with these headers alone."""
        from common.network.http import client

        more = {"Accept": "application/json", **(headers or {})}
        return client(self.base, network=self.network, deadline=self.deadline, headers=more)

    def refused(self, answer: requests.Response, *, doing: str) -> StepError:
        """Turn an error answer into the failure to raise."""
        from common.network.http import quote, refusal

        error = refusal(answer, doing=doing, credentials=self.credentials)
        if answer.status_code == HTTPStatus.FORBIDDEN:
            advice = f"Give the owner of {self.credentials} the permission {self.permission}."
            return NotAllowed(error.message, next_step=advice, detail=error.detail)
        if answer.status_code == HTTPStatus.BAD_REQUEST:
            return Refused(error.message, next_step=advice_for(quote(answer)), detail=error.detail)
        return error


def advice_for(said: str) -> str:
    """Say what to do about the catalog's words about a file."""
    return next((advice for pattern, advice in ADVICE if pattern.search(said)), CORRECT)


def is_missing(said: str) -> bool:
    """Tell whether the catalog says that it cannot see the file (yet)."""
    return IS_MISSING.search(said) is not None


def without(what: str, answer: requests.Response) -> Refused:
    """Make the failure for an answer that lacks what it is for: then something else than the catalog gave it."""
    return Refused(
        f"{origin(answer.url)} answered {answer.status_code} without {what}.",
        next_step="Check that the address is that of the catalog, and that no log-in page answers in its place.",
        detail=answer.text[:500],
    )
