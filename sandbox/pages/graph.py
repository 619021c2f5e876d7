"""The relations of a catalog's entities as a drawing: in columns, so that what an entity points to is right of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from sandbox.pages.relations import BACK, Shown

MOST = 120  # entities in a drawing; of more the list alone is shown
LONGEST = 30  # characters of a reference that fit into a box
BOX = (250, 30)  # width and height; all of them are in the units of SVG
GAP = (150, 14)
MARGIN = 8
ROUNDS = 4  # of putting each entity next to what it is related to


class Box(NamedTuple):
    """An entity. there: whether the catalog has it."""

    ref: str
    label: str
    x: int
    y: int
    there: bool


class Line(NamedTuple):
    """A relation from one box to another. path: as in the attribute `d` of SVG; x, y: the place of its name."""

    name: str
    source: str
    target: str
    path: str
    x: int
    y: int


class Via(NamedTuple):
    """A place in a column that the lines to an entity further right go through, lest they go through a box there."""

    target: str
    column: int


Place: TypeAlias = str | Via


class Graph(NamedTuple):
    """A drawing of this size."""

    width: int
    height: int
    boxes: list[Box]
    lines: list[Line]


def is_too_large(found: Sequence[Shown]) -> bool:
    """Tell whether these entities are too many for a drawing."""
    return len(_ends(_edges(found))) > MOST


def _edges(found: Sequence[Shown]) -> list[tuple[str, str, str]]:
    return sorted({(one.ref, ref, name) for one in found for name, ref, _ in one.relations if name in BACK})


def _ends(edges: Sequence[tuple[str, str, str]]) -> list[str]:
    return sorted({ref for source, target, _ in edges for ref in (source, target)})


def of(found: Sequence[Shown]) -> Graph | None:
    """Draw the entities that have relations; None when none has, or when they are too many to be told apart."""
    edges = _edges(found)
    refs = _ends(edges)
    if not refs or len(refs) > MOST:
        return None
    depths = _depths(refs, [(source, target) for source, target, _ in edges])
    ways = {(source, target): _way(source, target, depths) for source, target, _ in edges}
    there = {one.ref for one in found}
    corners = {
        place: (MARGIN + column * (BOX[0] + GAP[0]), MARGIN + row * (BOX[1] + GAP[1]))
        for column, listed in enumerate(_columns(depths, ways.values()))
        for row, place in enumerate(listed)
    }
    return Graph(
        width=max(x for x, _ in corners.values()) + BOX[0] + MARGIN,
        height=max(y for _, y in corners.values()) + BOX[1] + MARGIN,
        boxes=[Box(ref, _short(ref), *corners[ref], ref in there) for ref in refs],
        lines=[
            _line(source, target, name, [corners[place] for place in ways[source, target]])
            for source, target, name in edges
        ],
    )


def _depths(refs: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Give the column of each entity: right of those that point to it."""
    order = {ref: place for place, ref in enumerate(_outwards(refs, edges))}
    depths = dict.fromkeys(refs, 0)
    for source, target in sorted(edges, key=lambda edge: order[edge[0]]):
        if order[source] < order[target]:
            depths[target] = max(depths[target], depths[source] + 1)
    return depths


def _way(source: str, target: str, depths: Mapping[str, int]) -> list[Place]:
    """Give what a line goes through; those to one entity share their places."""
    return [source, *(Via(target, column) for column in range(depths[source] + 1, depths[target])), target]


def _columns(depths: Mapping[str, int], ways: Iterable[Sequence[Place]]) -> list[list[Place]]:
    """Put each place near to those that it is related to."""
    near: dict[Place, set[Place]] = defaultdict(set)
    for way in ways:
        for place, following in pairwise(way):
            near[place].add(following)
            near[following].add(place)
    columns: list[list[Place]] = [[] for _ in range(max(depths.values()) + 1)]
    for place in sorted({*near, *depths}, key=str):
        columns[place.column if isinstance(place, Via) else depths[place]].append(place)
    for _ in range(ROUNDS):
        rows = {place: row for listed in columns for row, place in enumerate(listed)}
        for listed in columns:
            listed.sort(
                key=lambda place: (sum(rows[one] for one in near[place]) / max(len(near[place]), 1), str(place))
            )
    return columns


def _outwards(refs: Iterable[str], edges: Iterable[tuple[str, str]]) -> list[str]:
    """Give each before what it points to; where they point in a circle, one of them is the first."""
    targets: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        targets[source].append(target)
    seen: set[str] = set()
    ended: list[str] = []

    def visit(ref: str) -> None:
        if ref not in seen:
            seen.add(ref)
            for target in targets[ref]:
                visit(target)
            ended.append(ref)

    for ref in refs:
        visit(ref)
    return ended[::-1]


def _line(source: str, target: str, name: str, corners: Sequence[tuple[int, int]]) -> Line:
    (left, _), (right, _) = corners[0], corners[-1]
    half, bend = BOX[1] // 2, GAP[0] // 2
    leave, reach = (0, BOX[0]) if right < left else (BOX[0], BOX[0] if right == left else 0)
    out, back = (-bend if right < left else bend), (bend if right <= left else -bend)
    path = f"M{left + leave},{corners[0][1] + half}"
    middles = []
    for (x, y), (to_x, to_y) in pairwise(corners):
        start, end = x + leave, to_x + reach
        path += f" L{start},{y + half} C{start + out},{y + half} {end + back},{to_y + half} {end},{to_y + half}"
        middles.append(((start + end + out + back) // 2, (y + to_y) // 2 + half))
    return Line(name, source, target, path, *middles[0])


def _short(ref: str) -> str:
    return ref if len(ref) <= LONGEST else f"{ref[: LONGEST - 1]}…"
