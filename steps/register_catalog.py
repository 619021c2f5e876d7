"""RegisterCatalog: the pushed catalog file, registered so that the portal shows its entity.

Where the platform registers by itself what the step puts out as catalogInfoUrl, there is nothing to call. A re-run
finds the entity of the first run and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from common import git_hosts, log
from common.catalogs import CatalogFile, table, words
from common.contract.inputs import option
from common.contract.step import Context, Outputs, step
from common.git_hosts import lacking
from common.git_hosts.context import HostInputs


def _is_in_repository(text: str, source: str) -> list[str]:
    if ".." not in text.split("/") and _inside(text):
        return []
    return [f"{source} is {text!r}; write the path of a file inside the repository, as in catalog-info.yaml."]


def _inside(path: str) -> str:
    """Give a path as git has it: no address of a git host's page takes './catalog-info.yaml'."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Which file is registered, and in which catalog."""

    host: HostInputs
    file_path: str = option(
        "filePath",
        env=["FILE_PATH"],
        check=_is_in_repository,
        help="Path of the catalog file inside the repository.",
    )
    branch: str = option(
        "branch", env=["BRANCH"], default="", help="Branch that the file was pushed to; the default branch when absent."
    )
    catalog_type: str = words.type_option()
    wait: int = option(
        "waitTimeout",
        env=["WAIT_TIMEOUT"],
        default=120,
        at_least=0,
        spec=False,
        help="Seconds to wait until the catalog shows the entity.",
    )
    catalogs: table.Catalogs


def lacks(values: Mapping[str, Any], missing: Sequence[str]) -> Sequence[str]:
    """Name what is missing besides the required inputs."""
    names = lacking.lacks("RegisterCatalog", token=False)(values, missing)
    if not names and not missing:
        return ()
    from common.contract.resolve import build

    options = table.chosen(build(table.Catalogs, values), str(values["catalogType"]))
    return [*names, *options.lacks()]


@step(
    type="RegisterCatalog",
    image="registercatalog",
    outputs={
        "catalogInfoUrl": "Browser URL of the catalog file.",
        "entityRef": "Reference of the entity in the catalog.",
        "registeredCatalogUrl": "Where the catalog shows the entity.",
        "registered": "created when this run registered it, refreshed when it had the catalog read the file again,"
        " existed when it was there.",
        "locationId": "The catalog's id of the registration, in Backstage and IDP 1.0.",
    },
    informs=["registeredCatalogUrl", "locationId"],
    lacks=lacks,
)
def register_catalog(inputs: Inputs, context: Context) -> Outputs:
    """Register a pushed catalog file and wait until the catalog shows its entity."""
    from common.catalogs.registration import Registration  # here: --help need not wait for what registers

    host, where = git_hosts.open_host(_in_portal(inputs), context, step_type="RegisterCatalog")
    path = _inside(inputs.file_path)
    file = CatalogFile(
        url=host.file_url(where, branch=inputs.branch, path=path),
        repository_url=host.repository_url(where),
        repository=where.location.repository,
        branch=inputs.branch,
        path=path,
        connector=where.connector.ref,
        host=host.NAME,
    )
    outputs = {"catalogInfoUrl": file.url}
    options = table.chosen(inputs.catalogs, inputs.catalog_type)
    if options.platform_registers():
        log.info(f"The platform registers {file.url} itself, from the output catalogInfoUrl.")
        return outputs
    catalog = options.open(file, network=context.network, deadline=context.deadline)
    registration = Registration(catalog, file, context.deadline, inputs.wait)
    if context.dry_run:
        ref, _ = registration.dry_run()
        return outputs | ({"entityRef": ref} if ref else {})
    found, how = registration.make()
    known = {"registeredCatalogUrl": options.page(found.ref_on_page), "locationId": found.location}
    return outputs | {"entityRef": found.ref, "registered": how} | {name: text for name, text in known.items() if text}


def _in_portal(inputs: Inputs) -> HostInputs:
    """Give the host's inputs with the portal that the catalog is in: pages of Harness Code are there too."""
    harness = inputs.host.harness
    base = harness.url or inputs.catalogs.harness.access.portal.given_base
    return replace(inputs.host, harness=replace(harness, url=base))


if __name__ == "__main__":
    register_catalog.run()
