"""How long the parts of a run may take: each has the limit that its timeout says, within those of what is around it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from common.errors import BadInput
from runner.language import resolve
from runner.language.expressions.values import Later
from runner.language.inputs.slots import TIMEOUT, name_of
from runner.language.pipeline import Path, Position, timeout_of
from runner.language.pipeline.reading import called, duration
from runner.language.scope import Scope

DEFAULT_OF_STEP = 2 * 3600.0  # seconds; what the platform sends for these steps


@dataclass(frozen=True)
class Limit:
    """Until when a part may go on: `due` is of time.monotonic(). `fault`: its timeout came to no duration."""

    path: Path = ()
    whose: str = ""
    seconds: float = math.inf
    due: float = math.inf
    fault: str = ""

    @property
    def left(self) -> float:
        """Give the seconds that are left, 0 when it is over."""
        return max(0.0, self.due - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Tell whether the time is over."""
        return self.left == 0.0


NONE = Limit()


def seconds(scope: Scope, position: Position) -> float | None:
    """Give the timeout of a part, None when it has none or when it is only known in a run. Raises BadInput."""
    node = timeout_of(scope.pipeline, position)
    if node is None:
        return None
    value = resolve.text(scope, position, node, name_of(position, TIMEOUT))
    if value is None or value == "" or isinstance(value, Later):
        return None
    found = duration(value) if isinstance(value, str) else None
    if found is None:
        raise BadInput(
            f"The timeout of {whose(position)} is {value!r}, which is no duration.",
            next_step="Write for example 10m or 1h 30m.",
        )
    return found or None


def begin(scope: Scope, position: Position) -> Limit:
    """Give the limit of a part that begins now."""
    try:
        found = seconds(scope, position)
    except BadInput as error:
        return Limit(position.path, whose(position), 0.0, 0.0, str(error))
    return NONE if found is None else Limit(position.path, whose(position), found, time.monotonic() + found)


def whose(position: Position) -> str:
    """Give what a position names, as messages call it."""
    if position.step is not None:
        return called("step", position.step.identifier)
    if position.groups:
        return called("step group", position.groups[-1].identifier)
    return called("stage", position.stage.identifier) if position.stage is not None else "the pipeline"
