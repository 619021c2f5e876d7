"""Registering in Backstage: its address, and a static token or a guest's."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.catalogs import Catalog, CatalogFile
from common.contract.inputs import option
from common.errors import BadInput, NotAllowed
from common.network.url import checked
from common.secret import Secret

if TYPE_CHECKING:
    from common.catalogs import Clients, Listed
    from common.catalogs.backstage.client import CatalogClient
    from common.catalogs.tidying import Tidied
    from common.network.deadline import Deadline
    from common.network.settings import Network

URL = "backstageUrl (set BACKSTAGE_URL)"
TOKEN = "BACKSTAGE_TOKEN"  # noqa: S105 - the name of a variable
ADVICE = "Give the address of the backend, as https://backstage.example.com."


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where Backstage is."""

    url: str = option(
        "backstageUrl",
        env=["BACKSTAGE_URL"],
        default="",
        spec=False,
        help="URL of Backstage's backend (backend.baseUrl); only the catalog backstage needs it.",
    )
    app_url: str = option(
        "backstageAppUrl",
        env=["BACKSTAGE_APP_URL"],
        default="",
        spec=False,
        help="URL of Backstage's pages (app.baseUrl) for registeredCatalogUrl; that of the backend when absent.",
    )

    def page(self, ref: str) -> str:
        """Give the page of an entity; '' where the address is not given."""
        base = (self.app_url or self.url).rstrip("/")
        kind, _, rest = ref.partition(":")
        namespace, _, name = rest.partition("/")
        parts = (urllib.parse.quote(part, safe="") for part in (namespace, kind, name))
        return "/".join((base, "catalog", *parts)) if base else ""


@dataclass(frozen=True, kw_only=True)
class BackstageOptions:
    """Where Backstage's backend is, and who asks."""

    address: Address
    token: Secret | None = option(
        "backstageToken",
        env=[TOKEN],
        default=None,
        spec=False,
        help="Static token of Backstage (backend.auth.externalAccess).",
    )
    guest: bool = option(
        "backstageGuest",
        env=["BACKSTAGE_GUEST"],
        default=False,
        spec=False,
        help="Sign in to Backstage as its guest, where it allows that, instead of a token.",
    )

    def platform_registers(self) -> bool:
        """Say no: nobody else registers."""
        return False

    def lacks(self) -> list[str]:
        """Name what Backstage cannot be asked without."""
        return [] if self.address.url else [URL]

    def open(
        self,
        file: CatalogFile,
        *,
        network: Network,
        deadline: Deadline,
        clients: Clients | None = None,
        listed: Listed | None = None,  # noqa: ARG002 - it shows every file
    ) -> Catalog:
        """Make ready to register the file as a location."""
        from common.catalogs.backstage.locations import Locations

        return Locations(file, self.client(network, deadline, clients))

    def tidied(self, *, network: Network, deadline: Deadline) -> Tidied:
        """Make ready to look through the catalog."""
        from common.catalogs.backstage.tidying import LocatedTidied

        return LocatedTidied(self.client(network, deadline))

    def page(self, ref: str) -> str:
        """Give the page of an entity."""
        return self.address.page(ref)

    def client(self, network: Network, deadline: Deadline, clients: Clients | None = None) -> CatalogClient:
        """Give a client of the catalog's API. Raises NotAllowed when there are no credentials."""
        from common.catalogs.backstage.client import CatalogClient

        if not self.address.url:
            raise BadInput(f"Required input is missing: {URL}.", next_step=ADVICE)
        checked(self.address.url, what="BACKSTAGE_URL", next_step=ADVICE)
        if self.token is None and not self.guest:
            raise NotAllowed(
                "There are no credentials for Backstage.",
                next_step=f"Set {TOKEN} to a static token of it (backend.auth.externalAccess), or BACKSTAGE_GUEST=true"
                " where it has guests.",
            )
        return CatalogClient(
            base=f"{self.address.url.rstrip('/')}/api/catalog",
            network=network,
            deadline=deadline,
            headers=self._headers,
            credentials=f"the static token ({TOKEN})" if self.token else "the guest (BACKSTAGE_GUEST)",
            permission="catalog.location.create",
            clients={} if clients is None else clients,
        )

    def _headers(self, client: CatalogClient) -> Mapping[str, str | Secret]:
        return {"Authorization": Secret(f"Bearer {(self.token or self._guest_token(client)).reveal()}")}

    def _guest_token(self, client: CatalogClient) -> Secret:
        """Sign in as the guest (plugin-auth-backend-module-guest-provider)."""
        from common.catalogs.backstage.client import without
        from common.network.answer import object_of, succeeded

        answer = client.plain().send("POST", f"{self.address.url.rstrip('/')}/api/auth/guest/refresh", safe=True)
        if not succeeded(answer):
            raise NotAllowed(
                client.refused(answer, doing="sign in to Backstage as its guest").message,
                next_step=f"Have its keeper allow guests (auth.providers.guest), or set {TOKEN}.",
            )
        identity = (object_of(answer) or {}).get("backstageIdentity")
        token = identity.get("token") if isinstance(identity, dict) else None
        if not isinstance(token, str):
            raise without("the guest's token", answer)
        return Secret(token)
