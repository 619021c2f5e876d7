"""CreateProject: a project in an organization of the portal, by its REST API.

A re-run finds the project of the first run and says so. One with other values is a conflict that lists them, or is
changed when asked.
"""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

from common.contract.inputs import matching, option
from common.contract.step import Context, Outputs, step
from common.harness.described import Described
from common.harness.terraform import TerraformAccess


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Which project, and what it is to be like."""

    access: TerraformAccess
    name: str = option("projectName", env=["TF_VAR_PROJECT_NAME"], help="Name of the project.")
    given_identifier: str = option(
        "projectIdentifier",
        env=["TF_VAR_PROJECT_IDENTIFIER"],
        default="",
        spec=False,
        help="Its identifier; made from the name when absent.",
    )
    organization: str = option(
        "orgIdentifier",
        env=["TF_VAR_ORG_IDENTIFIER"],
        default="",
        required_if=lambda given: not given["pipelineOrg"],
        help="Identifier of the organization that it is in; that of the pipeline when absent.",
    )
    pipeline_organization: str = option(
        "pipelineOrg", env=["HARNESS_ORG_ID"], default="", spec=False, help="Set by the platform in its pipelines."
    )
    described: Described
    color: str = option(
        "color",
        env=["TF_VAR_COLOR"],
        default="",
        check=matching("#[0-9A-Fa-f]{6}", "is no colour such as #0063F7"),
        spec=False,
        help="Its colour in the portal, as #0063F7.",
    )
    modules: list[str] = option(
        "modules",
        env=["TF_VAR_MODULES"],
        default=[],
        spec=False,
        help="Modules of the portal it shows, as CD, CI, IDP.",
    )


@step(
    type="CreateProject",
    image="createproject",
    outputs={
        "identifier": "Identifier of the project.",
        "orgIdentifier": "Identifier of its organization.",
        "url": "Its address in a browser.",
        "created": "true when this run made it, false when it was there.",
    },
)
def create_project(inputs: Inputs, context: Context) -> Outputs:
    """Make a project in an organization of the portal."""
    from common.harness import identifiers, scopes  # here: --help need not wait for what asks the portal
    from common.harness.client import PortalClient

    access = inputs.access
    identifier = identifiers.given_or_made(inputs.given_identifier, inputs.name, variable="TF_VAR_PROJECT_IDENTIFIER")
    organization = inputs.organization or inputs.pipeline_organization
    identifiers.checked(organization, what="orgIdentifier")
    query = {"accountIdentifier": access.account, "orgIdentifier": organization}
    scope = scopes.Scope("project", identifier, access.endpoint, query)
    portal = PortalClient(access.access(), context.network, context.deadline)
    wanted = {"name": inputs.name, "orgIdentifier": organization, **inputs.described.values()}
    wanted |= {"color": inputs.color} if inputs.color else {}
    wanted |= {"modules": [module.upper() for module in inputs.modules]} if inputs.modules else {}
    created = scopes.bring_about(portal, scope, wanted, if_exists=inputs.described.if_exists, dry_run=context.dry_run)
    account = urllib.parse.quote(access.account, safe="")
    page = f"{access.base}/ng/account/{account}/home/orgs/{organization}/projects/{identifier}/details"
    return {"identifier": identifier, "orgIdentifier": organization, "url": page, "created": created}


if __name__ == "__main__":
    create_project.run()
