"""What a git host is given: where the repository is, with which credentials, over which network, and until when."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from common import log
from common.contract.inputs import ADDRESSED, Option, option
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.faults import Missing, Unsupported
from common.secret import Secret

if TYPE_CHECKING:
    from common.network.deadline import Deadline
    from common.network.settings import Network


@dataclass(frozen=True, kw_only=True)
class HarnessAccount:
    """The account of the Harness platform, which Harness Code's repositories belong to."""

    url: str = option(
        "harnessUrl",
        env=["HARNESS_URL"],
        default="",
        spec=False,
        help="URL of the Harness portal; only Harness Code without a connector needs it.",
    )
    account: str = option(
        "accountId",
        env=["HARNESS_ACCOUNT_ID"],
        default="",
        spec=False,
        help="Identifier of the Harness account; that of the API key when absent.",
    )
    api_key: Secret | None = option(
        "xApiKey", env=["X_API_KEY"], default=None, help="Harness API key; only Harness Code needs it."
    )


@dataclass(frozen=True, kw_only=True)
class HostInputs:
    """The inputs of every step that has to do with a git host."""

    connector: Connector
    location: RepositoryLocation
    harness: HarnessAccount


class HostContext(NamedTuple):
    """What every function of a git host gets first.

    personal: the repository belongs to the account of the token, so no other owner is needed. addressed: the fields
    of the location that were said to this step alone, and so do not merely lie in its environment. note: takes what the
    user should know.
    """

    connector: Connector
    location: RepositoryLocation
    harness: HarnessAccount
    network: Network
    deadline: Deadline
    personal: bool = False
    addressed: frozenset[str] = frozenset()
    note: Callable[[str], None] = log.info


def addressed(sources: Mapping[str, str]) -> frozenset[str]:
    """Give the fields whose value came by a flag or by a name that can only be meant for this step."""
    return frozenset(field for field, source in sources.items() if source.startswith(("--", *ADDRESSED)))


def check_location(context: HostContext, *, host: str, needs: Collection[str], has: Collection[str] = ()) -> None:
    """Raise Missing for fields that the host needs and that are not given, by their names in a pipeline.

    A value for a field that it neither needs nor `has` is said and not used, for a variable of the pipeline may be
    called PROJECT_NAME. One that is meant for this step raises Unsupported.
    """
    missing = []
    for field in dataclasses.fields(context.location):
        declared: Option = field.metadata["option"]
        value = getattr(context.location, field.name)
        if not value:
            missing += [f"{declared.field} (set {_variable(declared)})"] if declared.field in needs else []
        elif declared.field not in {*needs, *has}:
            if declared.field in context.addressed:
                raise Unsupported(host, declared.field, next_step=f"Leave {declared.field} ({value!r}) out.")
            context.note(f"{host} has no {declared.field}, so {value!r} is not used.")
    if missing:
        raise Missing(missing)


def _variable(declared: Option) -> str:
    return next(iter((*declared.env, *declared.addressed())))
