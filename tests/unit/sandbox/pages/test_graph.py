"""The drawing of a catalog's relations: what an entity points to is right of it, and no catalog keeps it busy."""

from __future__ import annotations

import random
import re

from sandbox.pages import graph
from sandbox.pages.relations import BACK, Shown


def shown(**related: str) -> list[Shown]:
    """Entities by name, each with the names that it depends on."""
    return [
        Shown(ref, "Component", "", "", [("dependsOn", target, target in related) for target in targets.split()])
        for ref, targets in related.items()
    ]


def test_what_an_entity_points_to_is_right_of_it() -> None:
    drawn = graph.of(shown(web="api orders", api="store", orders="store", store=""))
    assert drawn is not None
    at = {box.ref: box.x for box in drawn.boxes}
    assert at["web"] < at["api"] == at["orders"] < at["store"]
    assert {(line.source, line.target) for line in drawn.lines} == {
        ("web", "api"), ("web", "orders"), ("api", "store"), ("orders", "store"),
    }  # fmt: skip


def test_no_two_boxes_are_at_one_place_and_all_are_within_the_drawing() -> None:
    drawn = graph.of(shown(a="b c d", b="d", c="d e", d="", e="a"))
    assert drawn is not None
    places = [(box.x, box.y) for box in drawn.boxes]
    assert len(set(places)) == len(places) == 5
    assert all(0 < x <= drawn.width - graph.BOX[0] and 0 < y <= drawn.height - graph.BOX[1] for x, y in places)


def test_a_relation_is_drawn_once_and_from_the_side_that_names_it() -> None:
    both = [
        Shown("a", "", "", "", [("partOf", "b", True)]),
        Shown("b", "", "", "", [(BACK["partOf"], "a", True)]),
    ]
    drawn = graph.of(both)
    assert drawn is not None
    assert [(line.source, line.name, line.target) for line in drawn.lines] == [("a", "partOf", "b")]


def test_an_entity_that_the_catalog_lacks_is_drawn_as_such() -> None:
    drawn = graph.of(shown(web="elsewhere"))
    assert drawn is not None
    assert {box.ref: box.there for box in drawn.boxes} == {"web": True, "elsewhere": False}


def test_entities_that_point_to_each_other_and_to_themselves_are_drawn() -> None:
    drawn = graph.of(shown(a="b", b="c", c="a", d="d"))
    assert drawn is not None
    assert len(drawn.lines) == 4


def test_every_entity_pointing_to_every_other_is_drawn_too() -> None:
    names = [f"n{number}" for number in range(graph.MOST)]
    random.Random(1).shuffle(names)  # noqa: S311 - no secret
    drawn = graph.of(shown(**{name: " ".join(names) for name in names}))
    assert drawn is not None
    assert len(drawn.boxes) == graph.MOST


def test_without_relations_or_with_too_many_entities_nothing_is_drawn() -> None:
    assert graph.of(shown(a="", b="")) is None
    assert graph.of(shown(**{f"n{number}": "hub" for number in range(graph.MOST + 1)})) is None
    assert graph.is_too_large(shown(**{f"n{number}": "hub" for number in range(graph.MOST + 1)}))
    assert not graph.is_too_large(shown(a="", b=""))


def test_a_line_to_a_far_column_has_rows_of_its_own_in_those_between() -> None:
    """So that it goes through no box; lines to one entity share their row."""
    drawn = graph.of(shown(web="api store", api="orders store", orders="store", store=""))
    assert drawn is not None
    at = {box.ref: box.y + graph.BOX[1] // 2 for box in drawn.boxes}
    (long,) = [line for line in drawn.lines if (line.source, line.target) == ("web", "store")]
    rows = [int(row) for row in re.findall(r"L\d+,(\d+)", long.path)]
    assert rows[0] == at["web"]
    assert len(rows) == 3
    assert rows[1] != at["api"]
    assert rows[2] != at["orders"]
    (other,) = [line for line in drawn.lines if (line.source, line.target) == ("api", "store")]
    assert int(re.findall(r"L\d+,(\d+)", other.path)[1]) == rows[2]
