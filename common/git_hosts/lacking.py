"""What a step that has to do with a git host lacks besides its required inputs, so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.contract.inputs import Lacks
from common.errors import BadInput
from common.git_hosts import checked_host
from common.git_hosts.context import HostContext, HostInputs
from common.git_hosts.faults import Missing

HOST = "connectorType or gitHost (set CONNECTOR_TYPE or DRONE_NETRC_MACHINE)"
REPOSITORY = "repository (set REPO_NAME)"
TOKEN = "gitToken (set DRONE_NETRC_PASSWORD)"  # noqa: S105 - a name


def lacks(step_type: str, *, token: bool) -> Lacks:
    """Give what names the missing fields. token: the step needs credentials of the host.

    That these alone are missing is no wrong input: the step says so itself, as the host would.
    """

    def named(values: Mapping[str, Any], missing: Sequence[str]) -> list[str]:
        from common.contract.resolve import build

        inputs = build(HostInputs, values)
        names = _of_the_host(inputs, step_type, personal=bool(values.get("personalAccount")))
        own = inputs.connector.type.lower() == "harness" and inputs.harness.api_key is not None
        known = inputs.connector.password is not None or inputs.connector.is_app or own
        wanted = token and not known and (names or missing)
        return [name for name in names if name not in missing] + ([TOKEN] if wanted else [])

    return named


def _of_the_host(inputs: HostInputs, step_type: str, *, personal: bool) -> Sequence[str]:
    from common.network.deadline import Deadline
    from common.network.settings import Network

    connector = inputs.connector
    if not connector.type and not connector.host:
        return [HOST] if inputs.location.repository else [HOST, REPOSITORY]
    context = HostContext(
        connector=connector,
        location=inputs.location,
        harness=inputs.harness,
        network=Network(),
        deadline=Deadline(),
        personal=personal,
        note=lambda _: None,
    )
    try:
        checked_host(context, step_type)
    except Missing as fault:
        return fault.names
    except BadInput:  # something else is wrong, which the step tells when it is all there
        return []
    return []
