"""The pipeline as the runner sees it: a tree of stages, step groups, parallel parts and steps. Nothing here reads YAML.

Every stage, group and step has a path: the identifiers from the stage down. Values are as written, with expressions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from common.diagnostics import Location
from common.document import Mapping, Scalar

Path: TypeAlias = tuple[str, ...]
IDP = "IDP"
APPROVAL = "Approval"


@dataclass(frozen=True)
class Variable:
    """A variable of the pipeline, a stage or a group."""

    name: str
    type: str
    value: Scalar
    default: Scalar | None
    required: bool
    location: Location


@dataclass(frozen=True)
class When:
    """When a part is run: after what (Success, Failure, All), and only if the condition holds."""

    status: str
    condition: Scalar | None


@dataclass(frozen=True)
class Action:
    """What is done about a failure. `then` follows retries in vain, or an answer that does not come in `seconds`.

    A RetryStepGroup is only a group's own, and is meant for all of it.
    """

    type: str
    retries: int = 0
    intervals: tuple[float, ...] = ()
    seconds: float = 0.0
    then: Action | None = None


@dataclass(frozen=True)
class FailureStrategy:
    """Which kinds of error an action is meant for."""

    errors: frozenset[str]
    action: Action


@dataclass(frozen=True)
class Step:
    """A step. `timeout` is a text such as 10m, or an expression for one."""

    identifier: str
    name: str
    type: str
    spec: Mapping
    location: Location
    path: Path = ()
    timeout: Scalar | None = None
    when: When | None = None
    strategies: tuple[FailureStrategy, ...] = ()


@dataclass(frozen=True)
class Group:
    """A step group: its parts run one after the other."""

    identifier: str
    name: str
    variables: tuple[Variable, ...]
    nodes: tuple[Node, ...]
    location: Location
    path: Path = ()
    timeout: Scalar | None = None
    when: When | None = None
    strategies: tuple[FailureStrategy, ...] = ()


@dataclass(frozen=True)
class Parallel:
    """Parts that run at the same time. It has no name, and no place in a path."""

    nodes: tuple[Node, ...]
    location: Location


Node: TypeAlias = "Step | Group | Parallel"


@dataclass(frozen=True)
class Stage:
    """A stage. Only those of the type IDP have nodes; `asks` is what an Approval stage wants to know."""

    identifier: str
    name: str
    type: str
    variables: tuple[Variable, ...]
    nodes: tuple[Node, ...]
    location: Location
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    timeout: Scalar | None = None
    when: When | None = None
    strategies: tuple[FailureStrategy, ...] = ()
    asks: str = ""

    @property
    def path(self) -> Path:
        """Give the identifiers that lead here."""
        return (self.identifier,)

    @property
    def steps(self) -> list[Step]:
        """Give every step, in the order of the file."""
        return [node for node in within(self.nodes) if isinstance(node, Step)]


@dataclass(frozen=True)
class Pipeline:
    """What one file describes. A row of stages is one stage, or several that run at the same time."""

    file: str
    identifier: str
    name: str
    organization: str
    project: str
    variables: tuple[Variable, ...]
    rows: tuple[tuple[Stage, ...], ...]
    tags: dict[str, str] = field(default_factory=dict)
    timeout: Scalar | None = None

    @property
    def stages(self) -> list[Stage]:
        """Give every stage, in the order of the file."""
        return [stage for row in self.rows for stage in row]

    def steps(self) -> Iterator[tuple[Stage, Step]]:
        """Give every step with its stage, in the order of the file."""
        for stage in self.stages:
            for step in stage.steps:
                yield stage, step


def within(nodes: Sequence[Node]) -> Iterator[Node]:
    """Give the nodes and all that is in them, each before what it holds."""
    for node in nodes:
        yield node
        if not isinstance(node, Step):
            yield from within(node.nodes)


def named(nodes: Sequence[Node]) -> Iterator[Step | Group]:
    """Give the steps and groups that share one level of a path: parallel parts have none of their own."""
    for node in nodes:
        if isinstance(node, Parallel):
            yield from named(node.nodes)
        else:
            yield node


@dataclass(frozen=True)
class Position:
    """Where a text stands: outside of stages, in a stage, in a group of it, or in a step."""

    stage: Stage | None = None
    groups: tuple[Group, ...] = ()
    step: Step | None = None

    @property
    def path(self) -> Path:
        """Give the identifiers that lead here."""
        if self.step is not None:
            return self.step.path
        if self.groups:
            return self.groups[-1].path
        return self.stage.path if self.stage is not None else ()


def timeout_of(pipeline: Pipeline, position: Position) -> Scalar | None:
    """Give the timeout of what a position names, as it is written."""
    if position.step is not None:
        return position.step.timeout
    if position.groups:
        return position.groups[-1].timeout
    return position.stage.timeout if position.stage is not None else pipeline.timeout


def positions(pipeline: Pipeline) -> Iterator[Position]:
    """Give the position of the pipeline, and of every stage, group and step, in the order of the file."""
    yield Position()
    for stage in pipeline.stages:
        yield Position(stage)
        yield from _positions(stage, (), stage.nodes)


def _positions(stage: Stage, groups: tuple[Group, ...], nodes: Sequence[Node]) -> Iterator[Position]:
    for node in named(nodes):
        if isinstance(node, Step):
            yield Position(stage, groups, node)
        else:
            inner = (*groups, node)
            yield Position(stage, inner)
            yield from _positions(stage, inner, node.nodes)


Place: TypeAlias = tuple[tuple[int, bool], ...]


def places(pipeline: Pipeline) -> dict[Path, Place]:
    """Give where in the order each stage, group and step stands, for `runs_before`."""
    found: dict[Path, Place] = {}

    def walk(nodes: Sequence[Node], place: Place, *, parallel: bool) -> None:
        for number, node in enumerate(nodes):
            here = (*place, (number, parallel))
            if not isinstance(node, Parallel):
                found[node.path] = here
            if not isinstance(node, Step):
                walk(node.nodes, here, parallel=isinstance(node, Parallel))

    for number, row in enumerate(pipeline.rows):
        for index, stage in enumerate(row):
            here: Place = ((number, False), (index, True))
            found[stage.path] = here
            walk(stage.nodes, here, parallel=False)
    return found


def runs_before(first: Place, second: Place) -> bool:
    """Tell whether one has always ended before the other begins."""
    for (one, parallel), (other, _) in zip(first, second, strict=False):
        if one != other:
            return one < other and not parallel
    return False
