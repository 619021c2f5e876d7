"""Registering in Harness IDP 2.0: what has to be known, and the request that is made of it (contract, A.5 and D.1)."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.catalogs import Catalog, CatalogFile
from common.contract.inputs import option
from common.errors import BadInput
from common.harness.access import GIT_HOST, KEY, Access
from common.harness.client import PortalClient, given_body
from common.network.deadline import Deadline
from common.network.settings import Network
from common.network.url import origin

CONNECTOR_ADVICE = "set connectorRef (--connector-ref or PLUGIN_CONNECTOR_REF), as in account.github"


@dataclass(frozen=True, kw_only=True)
class HarnessOptions:
    """The platform sets the URLs and the body; otherwise they are made."""

    access: Access
    import_url: str = option(
        "importEntityUrl",
        env=["IMPORT_ENTITY_URL"],
        default="",
        spec=False,
        help="URL that imports an entity; made from BASE when absent.",
    )
    body: str = option(
        "body",
        env=["BODY"],
        default="",
        spec=False,
        multiline=True,
        help="What is sent to IMPORT_ENTITY_URL; made from the inputs when absent, and ignored without that URL.",
    )
    file_url: str = option(
        "getFileByBranchUrl",
        env=["GET_FILE_BY_BRANCH_URL"],
        default="",
        spec=False,
        help="URL that gives the pushed file as the platform sees it; made from the inputs when absent.",
    )
    pipeline: str = option(
        "pipelineId", env=["HARNESS_PIPELINE_ID"], default="", spec=False, help="Set by the platform in its pipelines."
    )

    def platform_registers(self) -> bool:
        """Tell whether this is a pipeline of IDP 1.0: no URL and no credentials (contract, C.5)."""
        return self._first_generation() and not self.access.known

    def lacks(self) -> list[str]:
        """Name the inputs without which the portal cannot be asked."""
        return [] if self.access.known or self.platform_registers() else [KEY]

    def open(self, file: CatalogFile, *, network: Network, deadline: Deadline) -> Catalog:
        """Make ready to import the file: with what the platform gave, else with what follows from the inputs."""
        from common.catalogs.harness.entities import HarnessCatalog

        self.access.headers()  # refuses at once when there are no credentials
        body = given_body(self.body) if self.import_url and self.body else self._made_body(file)
        return HarnessCatalog(
            file=file,
            portal=PortalClient(self.access, network, deadline),
            import_url=self.import_url or f"{self.access.portal.base}/gateway/v1/entities/import",
            body=body,
            file_url=self.file_url or self._made_file_url(body),
        )

    def _first_generation(self) -> bool:
        return bool(self.pipeline) and not self.import_url and not self.access.portal.given_base

    def _made_body(self, file: CatalogFile) -> dict[str, Any]:
        own = file.host == GIT_HOST and not file.connector  # the portal reads its own git host without a connector
        if not file.connector and not own and self._first_generation():
            raise BadInput(
                "This version registers in IDP 2.0 only, by an import through a connector of the portal; credentials"
                " without BASE, IMPORT_ENTITY_URL and connectorRef are the form of IDP 1.0.",
                next_step="In IDP 1.0 leave X_API_KEY out: the platform then registers the file itself, from the output"
                f" catalogInfoUrl. In IDP 2.0 {CONNECTOR_ADVICE}.",
            )
        if not file.connector and not own:
            raise BadInput(
                "The portal reads the file through one of its own connectors, and none is named.",
                next_step=f"{CONNECTOR_ADVICE[0].upper()}{CONNECTOR_ADVICE[1:]}.",
            )
        return {
            **({} if own else {"connector_ref": file.connector}),
            "repo_name": file.repository,
            **({"branch_name": file.branch} if file.branch else {}),
            "file_path": file.path,
            "is_harness_code_repo": own,
        }

    def _made_file_url(self, body: Mapping[str, Any]) -> str:
        """Give '' for a connector of an organization or project: that needs identifiers only the platform knows."""
        portal = self.access.portal
        connector = str(body.get("connector_ref", ""))
        own = body.get("is_harness_code_repo") is True
        if not portal.account or not (own or connector.startswith("account.")):
            return ""
        asked = {
            "accountIdentifier": portal.account,
            "connectorRef": connector,
            "repoName": body.get("repo_name"),
            "branch": body.get("branch_name"),
            "filePath": body.get("file_path"),
            "isHarnessCodeRepo": "true" if own else "",
        }
        query = urllib.parse.urlencode({name: value for name, value in asked.items() if value})
        base = origin(self.import_url) if self.import_url else portal.base
        return f"{base}/gateway/ng/api/scm/get-file-by-branch?{query}"
