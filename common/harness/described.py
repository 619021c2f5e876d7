"""What organizations and projects are described by, and what to do with one that exists: options that both share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from common.contract.if_exists import if_exists
from common.contract.inputs import option


@dataclass(frozen=True, kw_only=True)
class Described:
    """What is not given is left as it is where the thing exists."""

    description: str = option(
        "description", env=["TF_VAR_DESCRIPTION"], default="", multiline=True, help="What it is for."
    )
    tags: list[str] = option("tags", env=["TF_VAR_TAGS"], default=[], help="Tags, each a word or key:value.")
    if_exists: str = if_exists(
        default="same",
        help="What to do with one that exists: take it when it has these values (same; also adopt_if_empty), change it"
        " to have them (update), take it as it is (adopt), or fail.",
    )

    def values(self) -> dict[str, Any]:
        """Give the values by their names in the portal's API."""
        tags = {key.strip(): value.strip() for key, _, value in (tag.partition(":") for tag in self.tags)}
        found = {"description": self.description, "tags": tags}
        return {name: value for name, value in found.items() if value}
