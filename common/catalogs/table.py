"""The table of catalogs. A catalog is added by its folder, its line here and its word in words.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from common.catalogs import CatalogOptions
from common.catalogs.backstage.options import BackstageOptions
from common.catalogs.harness.options import HarnessOptions


@dataclass(frozen=True, kw_only=True)
class Catalogs:
    """Each catalog by its catalogType, with the options that it declares."""

    harness: HarnessOptions
    backstage: BackstageOptions


def chosen(catalogs: Catalogs, catalog_type: str) -> CatalogOptions:
    """Give the options of the catalog of that type."""
    return cast("CatalogOptions", getattr(catalogs, catalog_type))
