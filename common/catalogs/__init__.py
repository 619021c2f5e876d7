"""The catalogs: one module each, with the same few functions. A catalog is added by its module and its line here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from common.network.deadline import Deadline
from common.network.settings import Network

if TYPE_CHECKING:
    from common.harness.client import RegistrationOptions

CATALOGS: dict[str, str] = {"harness": "common.catalogs.harness.entities"}  # catalogType -> module


@dataclass(frozen=True, kw_only=True)
class CatalogFile:
    """The catalog file where it was pushed to. `url` and `repository_url` are for browsers."""

    url: str
    repository_url: str
    repository: str
    branch: str
    path: str
    connector: str


@dataclass(frozen=True, kw_only=True)
class Registered:
    """An entity that the catalog has. `source` says where it came from; `same` whether that is the file asked for."""

    ref: str
    source: str
    same: bool
    faults: tuple[str, ...] = ()


class AlreadyThere(Exception):
    """The catalog refused a registration because it has such an entity."""


class Catalog(Protocol):
    """One catalog, ready to register one file."""

    def read(self) -> str | None:
        """Give the file as the catalog sees it, waiting for a push to arrive; None when it gives no such view."""

    def check(self, text: str) -> str:
        """Check the file offline and give the reference its entity has in this catalog. Raises BadInput."""

    def dry_run(self, text: str) -> None:
        """Have the catalog check the file without registering it."""

    def find(self, ref: str) -> Registered | None:
        """Look for the entity of that reference."""

    def register(self, ref: str) -> Registered:
        """Register the file as the entity of that reference, '' when it is not known.

        Raises AlreadyThere, or Uncertain when it may or may not have happened.
        """


class CatalogModule(Protocol):
    """What a module of a catalog offers."""

    def open_catalog(
        self, file: CatalogFile, options: RegistrationOptions, *, network: Network, deadline: Deadline
    ) -> Catalog: ...


def module_of(catalog_type: str) -> CatalogModule:
    """Import the catalog's module."""
    return cast("CatalogModule", importlib.import_module(CATALOGS[catalog_type]))
