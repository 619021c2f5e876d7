"""What to do after a run that did not come to its end."""

from __future__ import annotations

from collections.abc import Sequence

from common.diagnostics import listed
from common.errors import EXIT_CODES
from runner.execution.launch import Ended
from runner.language import step_types
from runner.language.pipeline import Pipeline, Stage, Step

AGAIN = "then run the same command again; what is done stays done"
FIRST: dict[int, str] = {  # exit code -> what to do
    1: f"Read above what the other side says and change what it refuses, {AGAIN}.",
    2: f"Correct what its lines above name, {AGAIN}.",
    3: f"Check the credentials that its lines above name and what they are allowed to do, {AGAIN}.",
    4: "Decide about what exists already, as its lines above say: the same command would end here again.",
    5: f"Wait until the service is available again, {AGAIN}.",
    70: "Report the lines above, and look at what the step has done before you run it again.",
}
TIMED_OUT = f"Give the step a longer timeout, or find out what it waited for, {AGAIN}."
ENDED = f"Find out what ended it, {AGAIN}."
Steps = Sequence[tuple[Stage, Step]]


def after(pipeline: Pipeline, steps: Steps, index: int, ended: Ended) -> list[str]:
    """Say why the step at this place in the order failed, what is done, and what to do."""
    step = steps[index][1]
    if ended.timed_out:
        why = f"did not end within its timeout of {step.timeout:g} s"
    else:
        why = f"failed with exit code {ended.exit_code}: {EXIT_CODES.get(ended.exit_code, 'no code of a step')}"
    done = [earlier.name for _, earlier in steps[:index]]
    left = [later.name for _, later in steps[index + 1 :]]
    first = TIMED_OUT if ended.timed_out else FIRST.get(ended.exit_code, ENDED)
    return [
        f"The step {step.name!r} ({step.identifier}) {why}.",
        f"Done before it: {listed(done)}. Not run: {listed(left)}.",
        first,
        *refused_next_time(pipeline, steps[: index + 1]),
    ]


def refused_next_time(pipeline: Pipeline, begun: Steps) -> list[str]:
    """Say what a second run would refuse although this one made it: a repository that is not empty any more.

    By default CreateRepo takes an existing repository only while it is empty, for it cannot know whose it is.
    """
    pushed = any("CODE_DIRECTORY" in step_types.kind(step.type).reads for _, step in begun)
    for stage, step in begun[:-1]:
        declared = {variable.name for variable in (*pipeline.variables, *stage.variables)}
        if pushed and "IF_EXISTS" in step_types.kind(step.type).reads - declared:
            found = f"The next run will find the repository of {step.name!r} with code in it, and refuse that"
            return [f"{found} (exit code 4), unless the pipeline has a variable IF_EXISTS with the value adopt."]
    return []
