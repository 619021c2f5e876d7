"""Words of a catalog that inputs let their users choose from; --help loads them without the rules about them."""

from __future__ import annotations

from enum import Enum
from typing import Any

from common.contract.inputs import option


class Format(Enum):
    """The two formats of a catalog file, by the portal's generation."""

    BACKSTAGE = "IDP 1.0"
    HARNESS = "IDP 2.0"


FORMATS = {"harness": Format.HARNESS, "backstage": Format.BACKSTAGE}  # as a user names them
MODES = ("replace", "append", "delete")  # of a change of a property; the last is a method of the API, not a mode
TYPES = ("harness", "backstage")  # the catalogs of the table


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
