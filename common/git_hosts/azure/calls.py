"""Calls of the API of Azure Repos over plain HTTP: the credentials, the version, the project's paths, the failures."""

from __future__ import annotations

import base64
import re
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from common.errors import Conflict, NotAllowed, StepError
from common.git_hosts import answers
from common.git_hosts.answers import Answered, Api
from common.git_hosts.azure import place
from common.git_hosts.azure.words import LOGIN, NAME, Call, kind_of
from common.git_hosts.context import HostContext
from common.git_hosts.faults import UNSEEN, UNSEEN_ADVICE
from common.network import repeat
from common.network.repeat import FailureOf
from common.secret import Secret

if TYPE_CHECKING:
    import requests

ReadT = TypeVar("ReadT")
JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")  # what Microsoft Entra gives; a personal access token has no dots
TAKEN = "TF400948"
SIGN_IN = re.compile(r"/_signin\b|//login\.microsoftonline\.|//app\.vssps\.visualstudio\.com|//spsprod")


class Taken(Conflict):
    """There is a repository of that name."""


class Client:
    """The API of a connector's organization, for one step."""

    def __init__(self, context: HostContext) -> None:
        self.context = context
        password = context.connector.password
        if password is None:
            raise NotAllowed(
                f"There are no credentials for {place.origin(context)}.",
                next_step="Give the connector's user name and token (DRONE_NETRC_USERNAME, DRONE_NETRC_PASSWORD).",
            )
        self._session = answers.session(context, place.origin(context), _checked)
        self._session.headers["Authorization"] = authorization(password)
        # Without it, wrong credentials are answered by a way to the sign-in page instead of 401.
        self._session.headers["X-TFS-FedAuthRedirect"] = "Suppress"

    def sent(self, method: str, url: str, body: object = None, **query: str) -> Any:
        """Send one request and give its JSON, None where there is none. Raises as the session does."""
        version = {"api-version": place.api_version(self.context)}
        return answers.read(self._session.request(method, url, params={**query, **version}, json=body).content)

    def read(self, call: Call, url: str, of: Callable[[Any], ReadT], **query: str) -> ReadT:
        """Read what is there; `of` makes of the answer what is wanted, and may raise Unreadable. Raises StepError."""
        return repeat.read(
            lambda: of(self.sent("GET", url, **query)), self.failures(call, writes=False), self.context.deadline
        )

    def failures(self, call: Call, *, writes: bool = True) -> FailureOf:
        """Give the function that reads the exceptions of one call; `writes`: it may have worked without saying so."""

        def refusal(error: Answered, quoted: str) -> StepError:
            if TAKEN in quoted:
                return Taken(
                    f"{place.project(self.context)} has a repository {self.context.location.repository} there already,"
                    f" {UNSEEN}.",
                    next_step=UNSEEN_ADVICE,
                )
            kind, advice = kind_of(error.status)
            message = f"{NAME} did not {call.doing}: it answered {error.status}{quoted}."
            return kind(message, next_step=advice.format(right=call.right, missing=call.missing))

        api = Api(NAME, f"{place.organization(self.context)}/_apis", said, refusal)
        return answers.failures(api, writes=writes)


def authorization(password: Secret) -> str:
    """Give the header: a personal access token is the password of nobody, a token of Microsoft Entra a bearer."""
    value = password.reveal()
    if JWT.fullmatch(value):
        return f"Bearer {value}"
    return f"Basic {base64.b64encode(f':{value}'.encode()).decode()}"


def said(told: Any) -> str:
    return str(told.get("message") or "") if isinstance(told, dict) else ""


def _checked(answer: requests.Response) -> None:
    """Raise for what is no success. A page to sign in stands for a 401, with whatever status it comes."""
    shown = answer.status_code == HTTPStatus.NON_AUTHORITATIVE_INFORMATION
    location = urllib.parse.urljoin(answer.url, answer.headers.get("Location", ""))
    if shown or (300 <= answer.status_code < 400 and SIGN_IN.search(location)):  # noqa: PLR2004 - the class of HTTP
        raise NotAllowed(f"{NAME} asks to sign in: it does not know the token.", next_step=LOGIN)
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        raise Answered(answer.status_code, {})  # its body is a page, or nothing
    answers.check(answer)
