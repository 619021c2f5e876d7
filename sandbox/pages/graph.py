"""The relations of a catalog's entities as a drawing: in columns, so that what an entity points to is right of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

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


class Graph(NamedTuple):
    """A drawing of this size."""

    width: int
    height: int
    boxes: list[Box]
    lines: list[Line]


def of(found: Sequence[Shown]) -> Graph | None:
    """Draw the entities that have relations; None when none has, or when they are too many to be told apart."""
    edges = sorted({(one.ref, ref, name) for one in found for name, ref, _ in one.relations if name in BACK})
    refs = sorted({ref for source, target, _ in edges for ref in (source, target)})
    if not refs or len(refs) > MOST:
        return None
    columns = _columns(refs, [(source, target) for source, target, _ in edges])
    there = {one.ref for one in found}
    boxes = {
        ref: Box(ref, _short(ref), MARGIN + column * (BOX[0] + GAP[0]), MARGIN + row * (BOX[1] + GAP[1]), ref in there)
        for column, listed in enumerate(columns)
        for row, ref in enumerate(listed)
    }
    return Graph(
        width=max(box.x for box in boxes.values()) + BOX[0] + MARGIN,
        height=max(box.y for box in boxes.values()) + BOX[1] + MARGIN,
        boxes=list(boxes.values()),
        lines=[_line(boxes[source], boxes[target], name) for source, target, name in edges],
    )


def _columns(refs: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Put each entity right of those that point to it, and near to them."""
    order = {ref: place for place, ref in enumerate(_outwards(refs, edges))}
    depths = dict.fromkeys(refs, 0)
    for source, target in sorted(edges, key=lambda edge: order[edge[0]]):
        if order[source] < order[target]:
            depths[target] = max(depths[target], depths[source] + 1)
    columns: list[list[str]] = [[] for _ in range(max(depths.values()) + 1)]
    for ref in refs:
        columns[depths[ref]].append(ref)
    near: dict[str, set[str]] = defaultdict(set)
    for source, target in edges:
        near[source].add(target)
        near[target].add(source)
    for _ in range(ROUNDS):
        rows = {ref: row for listed in columns for row, ref in enumerate(listed)}
        for listed in columns:
            listed.sort(key=lambda ref: (sum(rows[one] for one in near[ref]) / max(len(near[ref]), 1), ref))
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


def _line(source: Box, target: Box, name: str) -> Line:
    rightwards = target.x > source.x
    start, end = source.x + (BOX[0] if rightwards else 0), target.x + (0 if rightwards else BOX[0])
    if target.x == source.x:
        start = end = source.x + BOX[0]
    top, bottom = source.y + BOX[1] // 2, target.y + BOX[1] // 2
    bend = GAP[0] // 2 * (-1 if start > end else 1)
    back = bend if target.x == source.x else -bend
    path = f"M{start},{top} C{start + bend},{top} {end + back},{bottom} {end},{bottom}"
    return Line(name, source.ref, target.ref, path, (start + end + bend + back) // 2, (top + bottom) // 2)


def _short(ref: str) -> str:
    return ref if len(ref) <= LONGEST else f"{ref[: LONGEST - 1]}…"
