"""A run as a tree: stages, groups, parallel parts and steps, each with its status and what came of it.

It grows no further once it is made; what runs at the same time changes different nodes of it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from runner.language.expressions.values import SecretReference
from runner.language.pipeline import Group, Parallel, Path, Pipeline, Stage, Step
from runner.language.pipeline import Node as Part


class Status(enum.Enum):
    """How a node stands, in the platform's words."""

    WAITING = "NOT_STARTED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    IGNORED = "IGNORE_FAILED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    REJECTED = "APPROVAL_REJECTED"
    SKIPPED = "SKIPPED"
    ABORTED = "ABORTED"


BAD = (Status.ABORTED, Status.FAILED, Status.REJECTED, Status.EXPIRED)  # the first of them among children counts
DONE = (Status.SUCCEEDED, Status.IGNORED)

Outputs = Mapping[str, str | SecretReference]


@dataclass
class Node:
    """A part of a run. `part` is what the document says of it; None for the whole pipeline and for a row of stages."""

    part: Stage | Part | None
    children: tuple[Node, ...] = ()
    status: Status = Status.WAITING
    exit_code: int = 0
    timed_out: bool = False
    retries: int = 0
    outputs: Outputs | None = None
    limit: str = ""
    """Whose timeout has ended it, when that is not its own."""
    number: int = 0
    """The place of a step in the order of the file, from 1."""
    reason: str = ""
    """Why it was skipped."""

    @property
    def path(self) -> Path:
        """Give the identifiers that lead here; a parallel part has none."""
        return () if self.part is None or isinstance(self.part, Parallel) else self.part.path

    @property
    def name(self) -> str:
        """Give what a person calls it; a parallel part has no name."""
        return "" if self.part is None or isinstance(self.part, Parallel) else self.part.name

    def begin_anew(self) -> None:
        """Forget what came of this node and all below it, but how often it was tried itself."""
        for node in self.walk():
            node.status, node.exit_code, node.timed_out, node.limit = Status.WAITING, 0, False, ""
            node.outputs, node.reason = None, ""
            node.retries = node.retries if node is self else 0

    def walk(self) -> Iterator[Node]:
        """Give this node and all below it, in the order of the file."""
        yield self
        for child in self.children:
            yield from child.walk()

    def steps(self) -> list[Node]:
        """Give the steps at and below this node."""
        return [node for node in self.walk() if isinstance(node.part, Step)]

    def come_to(self) -> Status:
        """Give what the ends of the children make of their parent."""
        found = {child.status for child in self.children}
        for status in (*BAD, Status.IGNORED):
            if status in found:
                return status
        return Status.SKIPPED if found == {Status.SKIPPED} else Status.SUCCEEDED


@dataclass(frozen=True)
class Tree:
    """The run of a pipeline; it tells expressions how far that has come."""

    root: Node
    by_path: Mapping[Path, Node] = field(default_factory=dict)

    def outputs(self, path: Path) -> Outputs | None:
        """Give the outputs of a step, None when it has not run."""
        return self.by_path[path].outputs

    def status(self, path: Path) -> str | None:
        """Give the platform's word for how a stage, group or step stands; () is the pipeline."""
        node = self.by_path.get(path, self.root)
        return None if node.status is Status.WAITING else node.status.value

    def retries(self, path: Path) -> int:
        """Give how often a step was tried again."""
        return self.by_path[path].retries

    def failed(self) -> Node | None:
        """Give the step that failed first in the order of the file."""
        return next((node for node in self.root.steps() if node.status in BAD), None)


def plant(pipeline: Pipeline, skip: Mapping[Path, str]) -> Tree:
    """Make the tree of a pipeline, with the stages that are not run skipped already."""
    rows = []
    for row in pipeline.rows:
        stages = tuple(Node(stage, _nodes(stage.nodes)) for stage in row)
        for node in stages:
            if node.path in skip:
                node.reason = skip[node.path]
                for inner in node.walk():
                    inner.status = Status.SKIPPED
        rows.append(Node(None, stages))
    root = Node(None, tuple(rows))
    counted = [node for node in root.steps() if node.status is not Status.SKIPPED]
    for number, node in enumerate(counted, start=1):
        node.number = number
    return Tree(root, {node.path: node for node in root.walk() if node.path})


def _nodes(parts: Sequence[Part]) -> tuple[Node, ...]:
    return tuple(Node(part, _nodes(part.nodes) if isinstance(part, Group | Parallel) else ()) for part in parts)
