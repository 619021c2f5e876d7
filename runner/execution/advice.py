"""What to do after a run that did not come to its end."""

from __future__ import annotations

from collections.abc import Sequence

from common.diagnostics import listed
from common.errors import EXIT_CODES
from runner.execution.tree import BAD, DONE, Node, Status, Tree
from runner.language import step_types
from runner.language.pipeline import Pipeline, Step

AGAIN = "then run the same command again; what is done stays done"
FIRST: dict[int, str] = {  # exit code -> what to do
    1: f"Read above what the other side says and change what it refuses, {AGAIN}.",
    2: f"Correct what its lines above name, {AGAIN}.",
    3: f"Check the credentials that its lines above name and what they are allowed to do, {AGAIN}.",
    4: "Decide about what exists already, as its lines above say: the same command would end here again.",
    5: f"Wait until the service is available again, {AGAIN}.",
    70: "Report the lines above, and look at what the step has done before you run it again.",
}
TIMED_OUT = f"Give {{}} a longer timeout, or find out what it waited for, {AGAIN}."
ENDED = f"Find out what ended it, {AGAIN}."
OF_A_COMMAND = f"Read above what the command says, {AGAIN}."


def after(pipeline: Pipeline, tree: Tree, failed: Node) -> list[str]:
    """Say why the run has failed, what is done, and what to do."""
    step = failed.part
    assert isinstance(step, Step)  # noqa: S101 - nothing else can fail by itself
    meaning = EXIT_CODES.get(failed.exit_code, "no code of a step") if step.type in step_types.types() else ""
    if failed.limit:
        why = f"was ended by the timeout of {failed.limit}"
    elif failed.timed_out:
        why = "did not end within its timeout"
    else:
        why = f"failed with exit code {failed.exit_code}{f': {meaning}' if meaning else ''}"
    steps = tree.root.steps()
    also = [node.name for node in steps if node.status in BAD and node is not failed]
    first = FIRST.get(failed.exit_code, ENDED) if step.type in step_types.types() else OF_A_COMMAND
    return [
        f"The step {step.name!r} ({'.'.join(step.path[1:])}) {why}.",
        *([f"Failed as well: {listed(also)}."] if also else []),
        f"Done before it: {_listed(steps, *DONE)}. Not run: {_listed(steps, Status.SKIPPED, Status.WAITING)}.",
        TIMED_OUT.format(failed.limit or "the step") if failed.timed_out else first,
        *carried_out_again(steps),
        *refused_next_time(pipeline, steps),
    ]


def stopped(pipeline: Pipeline, tree: Tree) -> list[str]:
    """Say what a signal has ended, what is done, and what a second run would refuse."""
    steps = tree.root.steps()
    left = _listed(steps, Status.SKIPPED, Status.WAITING)
    return [
        f"Stopped: {_listed(steps, Status.ABORTED)}. Done before: {_listed(steps, *DONE)}. Not run: {left}.",
        *carried_out_again(steps),
        *refused_next_time(pipeline, steps),
    ]


def _listed(steps: Sequence[Node], *statuses: Status) -> str:
    return listed([node.name for node in steps if node.status in statuses and node.number])


def unapproved(stage: Node) -> list[str]:
    """Say what a run has waited for in vain, and what to do."""
    why = f"was ended by the timeout of {stage.limit}" if stage.limit else "was rejected"
    return [
        f"The stage {stage.name!r} {why}.",
        "Run the same command again to be asked again; what is done stays done.",
    ]


def carried_out_again(nodes: Sequence[Node]) -> list[str]:
    """Say which steps a second run does anew: what a command or an image does, nobody can find done already."""
    done = [(node.name, node.part) for node in nodes if node.status in DONE and node.number]
    commands = [name for name, part in done if isinstance(part, Step) and not step_types.kind(part.type).module]
    return [f"Commands are the exception: the next run carries out {listed(commands)} again."] if commands else []


def refused_next_time(pipeline: Pipeline, nodes: Sequence[Node]) -> list[str]:
    """Say what a second run would refuse although this one made it: a repository that is not empty any more.

    By default CreateRepo takes an existing repository only while it is empty, for it cannot know whose it is.
    """
    begun = [node for node in nodes if node.status not in (Status.SKIPPED, Status.WAITING)]
    pushed = any("CODE_DIRECTORY" in _reads(node) for node in begun)
    variables = {variable.name for stage in pipeline.stages for variable in (*pipeline.variables, *stage.variables)}
    for node in begun:
        if pushed and node.status in DONE and "IF_EXISTS" in _reads(node) - variables:
            found = f"The next run will find the repository of {node.name!r} with code in it, and refuse that"
            return [f"{found} (exit code 4), unless the pipeline has a variable IF_EXISTS with the value adopt."]
    return []


def _reads(node: Node) -> frozenset[str]:
    return step_types.kind(node.part.type).reads if isinstance(node.part, Step) else frozenset()
