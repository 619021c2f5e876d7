"""The table of catalogs. A catalog is added by its folder and its line here."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, cast

from common.catalogs import CatalogOptions
from common.catalogs.backstage.options import BackstageOptions
from common.catalogs.harness.options import HarnessOptions
from common.contract.inputs import option


@dataclass(frozen=True, kw_only=True)
class Catalogs:
    """Each catalog by its catalogType, with the options that it declares."""

    harness: HarnessOptions
    backstage: BackstageOptions


def type_option() -> Any:
    """Declare which catalog is meant."""
    return option(
        "catalogType",
        env=["CATALOG_TYPE"],
        default="harness",
        choices=TYPES,
        spec=False,
        help="Which catalog is meant.",
    )


TYPES = tuple(catalog.name for catalog in dataclasses.fields(Catalogs))


def chosen(catalogs: Catalogs, catalog_type: str) -> CatalogOptions:
    """Give the options of the catalog of that type."""
    return cast("CatalogOptions", getattr(catalogs, catalog_type))
