"""Organizations and projects of the portal: made, found or brought to the wanted values (contract, D.7)."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from common import log
from common.errors import BadInput, Conflict, StepError, shown
from common.harness.client import PortalClient, refused, without
from common.network.answer import object_of, succeeded
from common.network.repeat import Uncertain

if TYPE_CHECKING:
    import requests

NOT_FOUND = re.compile(r"not (be )?found|does ?n[o']t exist|no such", re.IGNORECASE)
DUPLICATE = "DUPLICATE_FIELD"
DIFFERS = "{} is {}, not {}"
CHANGED = "{} from {} to {}"
TAKEN = "It may be one that was deleted, whose identifier the portal keeps; choose another."

Values = Mapping[str, Any]


class Scope(NamedTuple):
    """An organization or a project. kind: the word for it, and the key of its body; query: what tells the account."""

    kind: str
    identifier: str
    endpoint: str
    query: Mapping[str, str]

    @property
    def collection(self) -> str:
        return f"{self.endpoint}/ng/api/{self.kind}s"

    @property
    def url(self) -> str:
        return f"{self.collection}/{urllib.parse.quote(self.identifier, safe='')}"

    def __str__(self) -> str:
        return f"{self.kind} {self.identifier}"


def bring_about(portal: PortalClient, scope: Scope, wanted: Values, *, if_exists: str, dry_run: bool) -> bool:
    """Make the scope, or find it with the wanted values; gives whether this run made it.

    Raises Conflict that lists what differs, unless `if_exists` says to change it, or to take it as it is.
    """
    found = find(portal, scope)
    if found is not None:
        settle(portal, scope, found, wanted, if_exists=if_exists, dry_run=dry_run)
        return False
    if dry_run:
        log.info(f"Dry run: the {scope} would be made.")
        return False
    if _make(portal, scope, wanted):
        log.info(f"Made the {scope}.")
        return True
    there = find(portal, scope)  # somebody else was faster, or the identifier is not free
    if there is None:
        raise Conflict(f"The portal says that the {scope} exists, and does not show it.", next_step=TAKEN)
    settle(portal, scope, there, wanted, if_exists=if_exists, dry_run=False)
    return False


def find(portal: PortalClient, scope: Scope) -> dict[str, Any] | None:
    """Read the scope; None when there is none."""
    answer = portal.send("GET", scope.url, params=scope.query)
    if _is_absent(answer):
        return None
    if not succeeded(answer):
        raise _refused(answer, f"read the {scope}", f"view the {scope.kind}")
    return _body(answer, scope)


def settle(  # noqa: PLR0913 - what there is, what is wanted, and what may be done about it
    portal: PortalClient, scope: Scope, found: Values, wanted: Values, *, if_exists: str, dry_run: bool
) -> None:
    """Take what is there when it is the same; else do what `if_exists` says, or raise Conflict."""
    if if_exists == "fail":
        raise Conflict(
            f"The {scope} exists already.", next_step="Choose another name, or set IF_EXISTS=same to take it."
        )
    differing = differences(found, wanted)
    if not differing:
        log.info(f"The {scope} is there already, with these values.")
        return
    told = "; ".join(differing)
    if if_exists == "adopt":
        log.info(f"The {scope} is there already, and is taken as it is: {told}.")
        return
    if if_exists != "update":
        raise Conflict(
            f"The {scope} exists and differs: {told}.",
            next_step="Choose another name, or set IF_EXISTS=update to give it the new values.",
        )
    if dry_run:
        log.info(f"Dry run: the {scope} would be changed: {'; '.join(differences(found, wanted, form=CHANGED))}.")
        return
    answer = _write(
        portal, scope, "PUT", {**found, **wanted}, lambda: not differences(find(portal, scope) or {}, wanted)
    )
    if answer is not None and not succeeded(answer):
        raise _refused(answer, f"change the {scope}", f"edit the {scope.kind}")
    log.info(f"Changed the {scope}: {'; '.join(differences(found, wanted, form=CHANGED))}.")


def differences(found: Values, wanted: Values, *, form: str = DIFFERS) -> list[str]:
    """Say what is not as wanted. Only what is wanted is compared; lists without regard to their order."""
    return [
        form.format(name, _told(found.get(name)), _told(value))
        for name, value in wanted.items()
        if _comparable(found.get(name)) != _comparable(value)
    ]


def _told(value: Any) -> str:
    """Give a value as it is written in an input: tags as words and key:value."""
    if isinstance(value, dict):
        value = [f"{key}:{one}" if one else key for key, one in value.items()]
    return shown(", ".join(map(str, value)) if isinstance(value, list) else str(value or ""))


def _comparable(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(map(str, value))
    return value or ""


def _make(portal: PortalClient, scope: Scope, wanted: Values) -> bool:
    """Create the scope; gives False when the portal says that there is one."""
    content = {"identifier": scope.identifier, **wanted}
    answer = _write(portal, scope, "POST", content, lambda: find(portal, scope) is not None)
    if answer is None:
        return True
    if succeeded(answer):
        _body(answer, scope)
        return True
    said = object_of(answer) or {}
    if said.get("code") == DUPLICATE or answer.status_code == HTTPStatus.CONFLICT:
        return False
    raise _refused(answer, f"make the {scope}", f"create a {scope.kind}")


def _write(
    portal: PortalClient, scope: Scope, method: str, content: Values, is_done: Callable[[], bool]
) -> requests.Response | None:
    """Send what writes; after a try that may have worked look before it is repeated. None: it had worked."""
    url = scope.collection if method == "POST" else scope.url
    attempts = portal.deadline.attempts()
    for _ in attempts:
        try:
            return portal.send(method, url, params=scope.query, json={scope.kind: content})
        except Uncertain as error:
            if is_done():
                return None
            doubt = error
            attempts.failed(error.message)
    raise doubt


def _is_absent(answer: requests.Response) -> bool:
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return object_of(answer) is not None  # a page that is not found is not the portal's word
    said = object_of(answer) or {}
    return answer.status_code == HTTPStatus.BAD_REQUEST and bool(NOT_FOUND.search(str(said.get("message"))))


def _body(answer: requests.Response, scope: Scope) -> dict[str, Any]:
    """Give the scope out of the portal's envelope."""
    data = (object_of(answer) or {}).get("data")
    found = data.get(scope.kind) if isinstance(data, dict) else None
    if not isinstance(found, dict) or found.get("identifier") != scope.identifier:
        raise without(f"the {scope}", answer)
    return found


def _refused(answer: requests.Response, doing: str, permission: str) -> StepError:
    error = refused(answer, doing=doing, permission=permission)
    if answer.status_code == HTTPStatus.BAD_REQUEST:
        return BadInput(error.message, next_step="Correct the input that the portal names.", detail=error.detail)
    return error
