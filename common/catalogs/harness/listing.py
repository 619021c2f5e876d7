"""Reading many entities of IDP 2.0 with few requests: GET /v1/entities with entity_refs (contract, D.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from common.catalogs.harness.answers import list_of, refused
from common.catalogs.properties import canonical, listed
from common.harness.client import PortalClient, without
from common.network.answer import succeeded

if TYPE_CHECKING:
    from collections.abc import Mapping

PER_PAGE = 100  # the most entities that the portal gives at once
LONGEST_QUERY = 4_000  # characters of references in one address; servers and proxies end at 8,000, all in all


def pages(refs: Iterable[str]) -> Iterator[list[str]]:
    """Give the references, so many at a time as one request can ask for."""
    page: list[str] = []
    for ref in refs:
        if page and (len(page) == PER_PAGE or sum(map(len, page)) + len(ref) > LONGEST_QUERY):
            yield page
            page = []
        page.append(ref)
    if page:
        yield page


def read_page(portal: PortalClient, url: str, refs: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    """Read the entities of a page, by their references in canonical form. One that is left out may be there anyway."""
    params = {"entity_refs": ",".join(refs), "page": "0", "limit": str(PER_PAGE)}
    answer = portal.send("GET", url, params=params)
    if not succeeded(answer):
        raise refused(answer, doing=f"read {listed(list(refs))}")
    if (found := list_of(answer)) is None:
        raise without("the list of its entities", answer)
    return {canonical(str(entity.get("entity_ref"))): entity for entity in found}
