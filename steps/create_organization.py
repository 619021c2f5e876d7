"""CreateOrganization: an organization of the portal, by its REST API.

A re-run finds the organization of the first run and says so. One with other values is a conflict that lists them, or is
changed when asked.
"""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

from common.contract.inputs import option
from common.contract.step import Context, Outputs, step
from common.harness.described import Described
from common.harness.terraform import TerraformAccess


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Which organization, and what it is to be like."""

    access: TerraformAccess
    name: str = option("orgName", env=["TF_VAR_ORG_NAME"], help="Name of the organization.")
    given_identifier: str = option(
        "orgIdentifier",
        env=["TF_VAR_ORG_IDENTIFIER"],
        default="",
        spec=False,
        help="Its identifier; made from the name when absent.",
    )
    described: Described


@step(
    type="CreateOrganization",
    image="createorganization",
    config_field="createOrganisation",
    outputs={
        "identifier": "Identifier of the organization.",
        "url": "Its address in a browser.",
        "created": "true when this run made it, false when it was there.",
    },
)
def create_organization(inputs: Inputs, context: Context) -> Outputs:
    """Make an organization in the portal."""
    from common.harness import identifiers, scopes  # here: --help need not wait for what asks the portal
    from common.harness.client import PortalClient

    access = inputs.access
    identifier = identifiers.given_or_made(inputs.given_identifier, inputs.name, variable="TF_VAR_ORG_IDENTIFIER")
    scope = scopes.Scope("organization", identifier, access.endpoint, {"accountIdentifier": access.account})
    portal = PortalClient(access.access(), context.network, context.deadline)
    wanted = {"name": inputs.name, **inputs.described.values()}
    created = scopes.bring_about(portal, scope, wanted, if_exists=inputs.described.if_exists, dry_run=context.dry_run)
    account = urllib.parse.quote(access.account, safe="")
    page = f"{access.base}/ng/account/{account}/home/organizations/{identifier}/details"
    return {"identifier": identifier, "url": page, "created": created}


if __name__ == "__main__":
    create_organization.run()
