"""What a catalog holds in vain: entities whose file is gone (orphans), and those that it finds invalid (errors)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

DELETED = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND})  # a log-in page says 200 to everything


@dataclass(frozen=True)
class Found:
    """An entity that is an orphan or has errors. handle: what the catalog deletes it by."""

    ref: str
    source: str
    told: str
    handle: str


class Tidied(Protocol):
    """A catalog, ready to be looked through page by page."""

    def orphans(self) -> Iterator[Found]:
        """Give what came from a file that is gone."""

    def errors(self) -> Iterator[Found]:
        """Give what the catalog finds invalid, or could not read."""

    def delete(self, found: Found) -> None:
        """Delete it; one that is gone already is success."""
