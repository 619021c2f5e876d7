"""RegisterCatalog: the pushed catalog file, registered so that the portal shows its entity.

The platform's first generation registers by itself what the step puts out as catalogInfoUrl; then there is nothing to
call. A re-run finds the entity of the first run and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from common import catalogs, git_hosts, log
from common.catalogs import registration
from common.contract.inputs import option
from common.contract.step import Context, Outputs, step
from common.git_hosts.context import HostInputs
from common.harness.client import RegistrationOptions


@dataclass(frozen=True, kw_only=True)
class Inputs:
    host: HostInputs
    file_path: str = option("filePath", env=["FILE_PATH"], help="Path of the catalog file inside the repository.")
    branch: str = option(
        "branch", env=["BRANCH"], default="", help="Branch that the file was pushed to; the default branch when absent."
    )
    catalog_type: str = option(
        "catalogType",
        env=["CATALOG_TYPE"],
        default="harness",
        choices=tuple(catalogs.CATALOGS),
        spec=False,
        help="Which catalog to register in.",
    )
    options: RegistrationOptions
    pipeline: str = option(
        "pipelineId", env=["HARNESS_PIPELINE_ID"], default="", spec=False, help="Set by the platform in its pipelines."
    )


@step(
    type="RegisterCatalog",
    image="registercatalog",
    outputs={
        "catalogInfoUrl": "Browser URL of the catalog file.",
        "entityRef": "Reference of the entity in the catalog.",
        "registered": "created when this run registered it, existed when it was there.",
    },
)
def register_catalog(inputs: Inputs, context: Context) -> Outputs:
    """Register a pushed catalog file and wait until the catalog shows its entity."""
    host, where = git_hosts.open_host(inputs.host, context, step_type="RegisterCatalog")
    file = catalogs.CatalogFile(
        url=host.file_url(where, branch=inputs.branch, path=inputs.file_path),
        repository_url=host.repository_url(where),
        repository=where.location.repository,
        branch=inputs.branch,
        path=inputs.file_path,
        connector=where.connector.ref,
    )
    outputs = {"catalogInfoUrl": file.url}
    if platform_registers(inputs):
        log.info(f"The platform registers {file.url} itself, from the output catalogInfoUrl.")
        return outputs
    inputs.options.access.headers()  # refuses at once when there are no credentials
    module = catalogs.module_of(inputs.catalog_type)
    catalog = module.open_catalog(file, inputs.options, network=context.network, deadline=context.deadline)
    if context.dry_run:
        ref = registration.dry_run(catalog, file)
        return outputs | ({"entityRef": ref} if ref else {})
    ref, how = registration.register(catalog, file, context.deadline)
    return outputs | {"entityRef": ref, "registered": how}


def platform_registers(inputs: Inputs) -> bool:
    """Tell whether this is a pipeline of the platform's first generation (contract, C.5): no URL, no credentials."""
    options = inputs.options
    told = options.import_url or options.access.portal.given_base
    return bool(inputs.pipeline) and not told and not options.access.known


if __name__ == "__main__":
    raise SystemExit(register_catalog.main())
