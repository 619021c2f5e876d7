"""A GitHub App by its id and private key: a token of its installation on the owner's account, for one step.

The platform makes such a token by itself (contract, B.3). This is for other runners. The token is good for an hour, and
for what the step needs: its rights alone, and where that is enough, one repository. An App sees every repository that
it created, also where its installation covers selected ones (GitHub docs: Installing your own GitHub App).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from common.errors import BadInput, NotAllowed, Refused, StepError
from common.git_hosts.answers import Answered, Api, object_of, texts
from common.git_hosts.context import HostContext
from common.git_hosts.github.calls import quoted
from common.git_hosts.github.connection import GIT_USERNAME, api_url, bearing, web
from common.git_hosts.github.failures import of_api, said
from common.git_hosts.rest import Rest, over
from common.network import repeat
from common.secret import Secret, lines_of

CREATES, LISTS = "CreateRepo", "listRepositories"
OF_ALL = frozenset({CREATES, LISTS})  # what is not about one repository
NEEDS: Mapping[str, Mapping[str, str]] = {  # a step or an input of it -> right -> level
    CREATES: {"administration": "write", "contents": "write"},
    "settings": {"administration": "write"},
    LISTS: {"contents": "read"},
    "DirectPush": {"contents": "write"},
    "pushMode": {"pull_requests": "write"},
    "protect": {"administration": "write"},
    "GitClone": {"contents": "read"},
    "CookieCutter": {"contents": "read"},
}
MAY_NEED: Mapping[str, Mapping[str, str]] = {  # not always needed: asked for where it is given
    "DirectPush": {"workflows": "write"},
    "settings": {"members": "read"},
}
LEVELS = ("read", "write", "admin")
CLOCK_LEEWAY = 300  # seconds that the clock here may be ahead or behind: GitHub takes what ends within ten minutes
KEY = "Give the text of the PEM file that GitHub made for the App."
PAIR = "Check that GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY belong to one App of this host."
CLAIMS_OF_TIME = ("('exp')", "('iat')")  # what GitHub names in its words
CLOCK = "Set the clock of this machine, which says %Y-%m-%d %H:%M:%S UTC."


def sign_in(context: HostContext, needs: Sequence[str]) -> HostContext:
    """Give the context with a token of the App's installation as the connector's. Raises StepError."""
    connector = context.connector
    for value, name in ((connector.app_id, "GITHUB_APP_ID"), (connector.app_key, "GITHUB_APP_PRIVATE_KEY")):
        if not value:
            raise BadInput(f"A GitHub App needs {name} as well.", next_step="Give its id and its private key.")
    if context.personal:
        raise BadInput(
            "A GitHub App has no account of its own that a repository could be created under.",
            next_step="Leave personalAccount out, and set organization to one that the App is installed on.",
        )
    of_all = not OF_ALL.isdisjoint(needs)
    owner, name = _place(context, of_all=LISTS in needs)
    rest = _as_app(context)
    installation = _installation(rest, owner)
    if CREATES in needs and installation.get("target_type") == "User":
        raise NotAllowed(
            f"A GitHub App cannot create repositories of a person, and {owner} is one.",
            next_step="Set organization to one that the App is installed on, or use a token of that person.",
        )
    body: dict[str, Any] = {"permissions": _rights(connector.app_id, owner, installation, needs)}
    if not of_all:
        body["repositories"] = [name]
    token = _token(rest, installation, body, f"{owner}/{name}".rstrip("/"))
    return context._replace(
        connector=dataclasses.replace(connector, username=GIT_USERNAME, password=Secret(token), app_id="", app_key=None)
    )


def _place(context: HostContext, *, of_all: bool) -> tuple[str, str]:
    """Give owner and name of the repository: those of the location, else those of the connector's URL.

    of_all: the owner is enough.
    """
    location = context.location
    if location.organization and (location.repository or of_all):
        return location.organization, location.repository
    match [part for part in context.connector.path.removesuffix(".git").split("/") if part]:
        case [owner, name]:
            return owner, name
    raise BadInput(
        "A GitHub App needs to know whose repository it is for.",
        next_step="Set organization and repository (ORG_NAME, REPO_NAME).",
    )


def _as_app(context: HostContext) -> Rest[str]:
    """Give the API as the App itself, which knows its installations and nothing else. Calls are named by a text."""
    connector = context.connector
    here = api_url(connector)
    key = connector.app_key.reveal() if connector.app_key is not None else ""
    made = bearing(context, Secret(_signed(connector.app_id, lines_of(key))))

    def api(doing: str) -> Api:
        def refusal(error: Answered, quoted: str) -> StepError:
            if error.status == HTTPStatus.UNAUTHORIZED and any(claim in quoted for claim in CLAIMS_OF_TIME):
                told = f"{web(connector)} does not take the App {connector.app_id}, for its clock shows another time"
                return NotAllowed(f"{told}{quoted}.", next_step=time.strftime(CLOCK, time.gmtime()))
            if error.status == HTTPStatus.UNAUTHORIZED:
                return NotAllowed(f"{web(connector)} does not know the App {connector.app_id}{quoted}.", next_step=PAIR)
            kind = NotAllowed if error.status == HTTPStatus.FORBIDDEN else Refused
            return kind(f"GitHub did not {doing}: it answered {error.status}{quoted}.")

        return Api("GitHub", here, said, refusal)

    # A token more does no harm, so what may have been done is asked for again as a read is.
    return Rest(context, over(made, here), lambda doing, _: of_api(context, api(doing), writes=False))


def _signed(app: str, key: str) -> str:
    """Give what the App proves itself by: a JSON Web Token that its key signs."""
    import jwt

    now = int(time.time())
    claims = {"iat": now - CLOCK_LEEWAY, "exp": now + CLOCK_LEEWAY, "iss": app}
    if not key.startswith("-----BEGIN ") or "PRIVATE KEY" not in key.partition("\n")[0]:
        raise BadInput("GITHUB_APP_PRIVATE_KEY holds no private key.", next_step=KEY)
    try:
        return jwt.encode(claims, key, algorithm="RS256")
    except (ValueError, TypeError, AttributeError, jwt.exceptions.PyJWTError) as error:
        raise BadInput("GITHUB_APP_PRIVATE_KEY holds no RSA key that can be used.", next_step=KEY) from error


def _installation(rest: Rest[str], owner: str) -> Mapping[str, Any]:
    """Give the App's installation on an account. Raises NotAllowed when there is none, or it is suspended."""
    connector = rest.context.connector
    doing = f"tell whether the App {connector.app_id} is installed on {owner}"
    for kind in ("orgs", "users"):
        found = rest.read_if_there(doing, f"/{kind}/{quoted(owner)}/installation", object_of)
        if found is not None:
            break
    else:
        raise NotAllowed(
            f"The App {connector.app_id} is not installed on {owner} of {web(connector)}.",
            next_step=f"Have an owner of {owner} install it, or check ORG_NAME.",
        )
    if found.get("suspended_at"):
        raise NotAllowed(
            f"The installation of the App {connector.app_id} on {owner} is suspended.",
            next_step=f"Have an owner of {owner} lift that in the settings, under GitHub Apps.",
        )
    return found


def _rights(app: str, owner: str, installation: Mapping[str, Any], needs: Sequence[str]) -> dict[str, str]:
    """Give the rights to ask for: GitHub refuses a request for one that the installation does not have."""
    given = installation.get("permissions")
    given = given if isinstance(given, dict) else {}
    must = {right: level for need in needs for right, level in NEEDS.get(need, {}).items()}
    lacking = [f"{right}: {level}" for right, level in must.items() if not _reaches(given.get(right), level)]
    if lacking:
        raise NotAllowed(
            f"The installation of the App {app} on {owner} lacks the permission {', '.join(lacking)}.",
            next_step=f"Add it to the App, and have an owner of {owner} accept that.",
        )
    may = {right: level for need in needs for right, level in MAY_NEED.get(need, {}).items()}
    return must | {right: level for right, level in may.items() if _reaches(given.get(right), level)}


def _reaches(given: object, wanted: str) -> bool:
    return given in LEVELS and LEVELS.index(str(given)) >= LEVELS.index(wanted)


def _token(rest: Rest[str], installation: Mapping[str, Any], body: Mapping[str, Any], repository: str) -> str:
    number, app = installation.get("id"), rest.context.connector.app_id
    doing = f"give the App {app} a token for {repository}"

    def asked() -> str:
        try:
            return texts(rest.sent("POST", f"/app/installations/{number}/access_tokens", body), "token")[0]
        except Answered as answer:
            if answer.status != HTTPStatus.UNPROCESSABLE_ENTITY or "repositories" not in body:
                raise
            raise _not_covered(repository, app, installation.get("repository_selection")) from None

    return repeat.read(asked, rest.failures(doing, writes=False), rest.context.deadline)


def _not_covered(repository: str, app: str, selection: object) -> NotAllowed:
    if selection != "all":
        return NotAllowed(
            f"The installation of the App {app} covers selected repositories, and {repository} is none of them, or does"
            " not exist.",
            next_step="Add it there (settings, GitHub Apps); what the App creates itself, it sees at once.",
        )
    return NotAllowed(f"There is no repository {repository} that the App {app} may see.", next_step="Check the names.")
