"""What is known when a text is resolved: the values and facts of a run, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from common.document import Scalar
from runner.language.expressions.scanner import Expression
from runner.language.expressions.values import SecretReference
from runner.language.inputs import Values
from runner.language.pipeline import Path, Pipeline, Place, places

Told = Callable[[Expression, Scalar, str], None]


class Progress(Protocol):
    """How far a run has come."""

    def outputs(self, path: Path) -> Mapping[str, str | SecretReference] | None:
        """Give the outputs of a step, None when it has not run."""

    def status(self, path: Path) -> str | None:
        """Give the platform's word for how a stage, group or step stands, None when it has not begun."""

    def retries(self, path: Path) -> int:
        """Give how often a step was tried again."""


@dataclass(frozen=True)
class Scope:
    """`progress` is None before the run. `null` and `failed` are told of expressions, and where they stand."""

    pipeline: Pipeline
    values: Values
    facts: Mapping[str, str]
    reveal: Callable[[str], str]
    null: Told
    failed: Told
    progress: Progress | None = None
    skipped: Mapping[Path, str] = field(default_factory=dict)
    """The stages that are not run, and why."""
    due: float = float("inf")
    """When, on this thread's clock of processor time, all evaluating has taken too long."""
    known: dict[Any, Any] = field(default_factory=dict)
    """What was worked out already and cannot change."""

    def places(self) -> dict[Path, Place]:
        """Give where each part of the pipeline stands in the order."""
        if "places" not in self.known:
            self.known["places"] = places(self.pipeline)
        found: dict[Path, Place] = self.known["places"]
        return found
