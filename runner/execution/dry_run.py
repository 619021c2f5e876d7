"""A dry run of a pipeline: which steps only plan, and what cannot be checked because of that.

A step that holds no credential changes nothing but the workspace, which a run has for itself: it does its work, for
the steps after it need the files. Every other step gets DRY_RUN=true. Once one has only planned, a later step may
miss what the first would have made; its failure then says nothing, and the run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from common.diagnostics import listed
from common.errors import BadInput, Refused
from runner.execution.launch import Ended
from runner.language.pipeline import Step
from runner.language.step_types import StepKind

UNCLEAR = (Refused.exit_code, BadInput.exit_code)  # something that is not there is one or the other
IMPATIENT = "5"  # seconds to wait for something that an earlier step has most likely only planned


@dataclass
class DryRun:
    """The course of a dry run, by names of steps. `own_workspace`: the folder was made for this run."""

    own_workspace: bool
    planned: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    def begin(
        self, step: Step, kind: StepKind, environ: Mapping[str, str], tell: Callable[[str], None]
    ) -> dict[str, str]:
        """Give what a step gets besides its usual environment, and say what that means for it."""
        if self.own_workspace and not kind.writes_elsewhere():
            tell("Not only planned: it writes to the workspace of this run alone.")
            return {}
        impatient = {"RETRY_BUDGET": environ.get("RETRY_BUDGET", IMPATIENT)} if self.planned else {}
        self.planned.append(step.name)
        return {"DRY_RUN": "true", **impatient}

    def leave_out(self, step: Step, tell: Callable[[str], None]) -> None:
        """Note a command, which nobody can tell to only plan."""
        tell("Not run in a dry run: nobody knows what a command changes.")
        self.planned.append(step.name)
        self.unchecked.append(step.name)

    def excuses(self, step: Step, ended: Ended, tell: Callable[[str], None]) -> bool:
        """Tell whether a failure may come from an earlier step that has only planned, and note that."""
        earlier = [name for name in self.planned if name != step.name]
        if ended.exit_code not in UNCLEAR or not earlier:
            return False
        tell(f"This may come from what {listed(earlier)} only planned; the dry run goes on.")
        self.unchecked.append(step.name)
        return True

    def summary(self) -> list[str]:
        """Say what a dry run that came to its end has shown."""
        lines = ["Dry run: nothing was written but in the workspace of this run."]
        if self.unchecked:
            lines.append(
                f"Not checked, for it depends on what earlier steps would write: {listed(self.unchecked)}. "
                f"Only planned: {listed(self.planned)}."
            )
        return lines
