"""Registering in Harness IDP: in 2.0 by an import (contract, A.5 and D.1), in 1.0 as a location (D.2)."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.catalogs import Catalog, CatalogFile
from common.contract.inputs import option
from common.errors import BadInput
from common.harness.access import GIT_HOST, KEY, Access, Portal
from common.network.url import checked, origin

if TYPE_CHECKING:
    from common.catalogs import Clients, Listed
    from common.catalogs.backstage.client import CatalogClient
    from common.catalogs.tidying import Tidied
    from common.network.deadline import Deadline
    from common.network.settings import Network

DEFAULT_IDP = "https://idp.harness.io"
ACCOUNT = "accountId (set HARNESS_ACCOUNT_ID)"
CONNECTOR_ADVICE = "set connectorRef (--connector-ref or PLUGIN_CONNECTOR_REF), as in account.github"


@dataclass(frozen=True, kw_only=True)
class Generation:
    """Which of the portal's two generations is meant."""

    pipeline: str = option(
        "pipelineId", env=["HARNESS_PIPELINE_ID"], default="", spec=False, help="Set by the platform in its pipelines."
    )
    idp_url: str = option(
        "idpUrl",
        env=["IDP_URL"],
        default="",
        spec=False,
        help=f"URL of the API of IDP 1.0, as {DEFAULT_IDP}; being given, it asks for IDP 1.0.",
    )

    def is_first(self, portal: Portal) -> bool:
        """Tell whether this is IDP 1.0: asked for, or a pipeline of the platform that names no portal."""
        return bool(self.idp_url) or (bool(self.pipeline) and not portal.given_base)


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
    generation: Generation
    organization: str = option(
        "organizationId", env=["HARNESS_ORG_ID"], default="", spec=False, help="Organization of the pipeline."
    )
    project: str = option(
        "projectId", env=["HARNESS_PROJECT_ID"], default="", spec=False, help="Project of the pipeline."
    )

    def platform_registers(self) -> bool:
        """Tell whether this is a pipeline of IDP 1.0: no URL and no credentials (contract, C.5)."""
        return self._first_generation() and not self.generation.idp_url and not self.access.known

    def lacks(self) -> list[str]:
        """Name the inputs without which the portal cannot be asked."""
        if self.platform_registers():
            return []
        account = [] if self.access.account or not self.generation.idp_url else [ACCOUNT]
        return ([] if self.access.known else [KEY]) + account

    def page(self, ref: str) -> str:
        """Give the portal's page of an entity."""
        return page(self.access.portal.base, self.access.account, ref)

    def open(
        self,
        file: CatalogFile,
        *,
        network: Network,
        deadline: Deadline,
        clients: Clients | None = None,
        listed: Listed | None = None,
    ) -> Catalog:
        """Make ready to import the file: with what the platform gave, else with what follows from the inputs."""
        from common.catalogs.harness.entities import HarnessCatalog
        from common.harness.client import PortalClient, given_body

        self.access.headers()  # refuses at once when there are no credentials
        for name, url in {"IMPORT_ENTITY_URL": self.import_url, "GET_FILE_BY_BRANCH_URL": self.file_url}.items():
            if url:
                checked(url, what=name, next_step="Leave it out to have it made from BASE.")
        if self._first_generation() and (self.generation.idp_url or not (file.connector or file.host == GIT_HOST)):
            from common.catalogs.backstage.locations import Locations

            return Locations(file, self.client(network, deadline, clients))
        body = given_body(self.body) if self.import_url and self.body else self._made_body(file)
        return HarnessCatalog(
            file=file,
            portal=PortalClient(self.access, network, deadline, {} if clients is None else clients),
            import_url=self.import_url or f"{self.access.portal.base}/gateway/v1/entities/import",
            body=body,
            file_url=self.file_url or self._made_file_url(body),
            listed={} if listed is None else listed,
        )

    def tidied(self, *, network: Network, deadline: Deadline) -> Tidied:
        """Make ready to look through the catalog, of the generation that is asked for."""
        self.access.headers()  # refuses at once when there are no credentials
        if self._first_generation():
            from common.catalogs.backstage.tidying import LocatedTidied

            return LocatedTidied(self.client(network, deadline))
        from common.catalogs.harness.tidying import HarnessTidied
        from common.harness.client import PortalClient

        if not self.access.account:
            raise BadInput("Which account is meant is not said.", next_step="Set HARNESS_ACCOUNT_ID.")
        portal = PortalClient(self.access, network, deadline)
        return HarnessTidied(portal, self.access.portal.base, self.access.account)

    def client(self, network: Network, deadline: Deadline, clients: Clients | None = None) -> CatalogClient:
        """Give a client of the catalog's API of IDP 1.0."""
        from common.catalogs.backstage.client import CatalogClient
        from common.harness.client import CREDENTIALS

        base = self.generation.idp_url or DEFAULT_IDP
        checked(base, what="IDP_URL", next_step=f"Give the address of the API of IDP 1.0, as {DEFAULT_IDP}.")
        if not self.access.account:
            raise BadInput(
                "IDP 1.0 has its catalog at an address that holds the account, and none is given.",
                next_step="Set HARNESS_ACCOUNT_ID.",
            )
        account = urllib.parse.quote(self.access.account, safe="")
        return CatalogClient(
            base=f"{base.rstrip('/')}/{account}/idp/api/catalog",
            network=network,
            deadline=deadline,
            headers=lambda _: self.access.headers(),
            credentials=CREDENTIALS,
            permission="idp_catalog_edit",
            clients={} if clients is None else clients,
        )

    def _first_generation(self) -> bool:
        return self.generation.is_first(self.access.portal) and not (self.import_url and not self.generation.idp_url)

    def _made_body(self, file: CatalogFile) -> dict[str, Any]:
        own = file.host == GIT_HOST and not file.connector  # the portal reads its own git host without a connector
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
        """Give '' where an identifier is missing that the connector's own scope needs."""
        account = self.access.account
        connector = str(body.get("connector_ref") or "")
        own = body.get("is_harness_code_repo") is True
        scope = {} if own else self._scope_of(connector)
        if not account or not (own or connector) or scope is None:
            return ""
        asked = {
            "accountIdentifier": account,
            **scope,
            "connectorRef": connector,
            "repoName": body.get("repo_name"),
            "branch": body.get("branch_name"),
            "filePath": body.get("file_path"),
            "isHarnessCodeRepo": "true" if own else "",
        }
        query = urllib.parse.urlencode({name: value for name, value in asked.items() if value})
        base = origin(self.import_url) if self.import_url else self.access.portal.base
        return f"{base}/gateway/ng/api/scm/get-file-by-branch?{query}"

    def _scope_of(self, connector: str) -> dict[str, str] | None:
        """Give the query for where the connector lives: account.x, org.x, or x for the project of the pipeline."""
        if connector.startswith("account."):
            return {}
        if not self.organization:
            return None
        if connector.startswith("org."):
            return {"orgIdentifier": self.organization}
        return {"orgIdentifier": self.organization, "projectIdentifier": self.project} if self.project else None


def page(base: str, account: str, ref: str) -> str:
    """Give the portal's page of an entity; '' without the account (contract, A.4)."""
    if not account:
        return ""
    kind, _, rest = ref.partition(":")
    scope, _, name = rest.partition("/")
    parts = (account, "module", "idp", "catalog", scope, kind.lower(), name)
    return "/".join((base, "ng", "account", *(urllib.parse.quote(part, safe="") for part in parts)))
