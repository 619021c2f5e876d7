"""The names that expressions can begin with, and what they lead to (contract, E). What nobody knows is null."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from common.diagnostics import listed, suggestion
from common.errors import shown
from runner.language import step_types
from runner.language.expressions.functors import FUNCTORS
from runner.language.expressions.values import LATER, Absent, Found, Functions, Group, SecretReference, Thing
from runner.language.inputs.slots import name_of, variables
from runner.language.pipeline import Group as StepGroup
from runner.language.pipeline import Node, Position, Stage, Step, named, runs_before
from runner.language.scope import Scope

Members = Mapping[str, Callable[[], Thing]]

_EXECUTION = "executionId sequenceId executionUrl startTs triggerType triggeredBy storeType repo branch selectedStages"
_LOOPING = frozenset({"strategy", "matrix", "repeat"})
# Roots about which only facts tell, and what the platform knows of each where that is a short list.
FACTS: Mapping[str, Sequence[str]] = {
    "account": ("identifier", "name", "companyName"),
    "org": ("identifier", "name", "description", "tags"),
    "project": ("identifier", "name", "description", "tags", "color"),
    **dict.fromkeys(("trigger", "eventPayload", "inputSet", "env", "service", "infra", "artifact", "artifacts"), ()),
    **dict.fromkeys(("variable", "serviceVariableOverrides", "approval", "exportedVariables", "executionInput"), ()),
}


class Here(Protocol):
    """Who resolves a text, and where that stands."""

    @property
    def scope(self) -> Scope: ...

    @property
    def position(self) -> Position: ...

    def variable(self, slot: str) -> Found:
        """Give the value of a variable."""

    def field(self, position: Position, name: str) -> Found:
        """Give a field of another step's spec."""


def root(here: Here, name: str) -> Thing:
    """Give what the first name of an expression means."""
    if name in FUNCTORS:
        return FUNCTORS[name]
    if name in FACTS:
        return facts(here, name, FACTS[name])
    found = ROOTS.get(name)
    if found is not None:
        return found(here)
    if name in _LOOPING:
        return Absent("there is no looping in a stage of the type IDP.")
    return Absent(f"nothing is called {shown(name)}.{suggestion(name, names())}")


def names() -> list[str]:
    """Give every first name."""
    return sorted({*ROOTS, *FACTS, *FUNCTORS, *_LOOPING})


INSIDE = {"pipeline.triggeredBy": ("name", "email")}


def facts(here: Here, path: str, known: Sequence[str] = ()) -> Group:
    """Give what is known of the execution under a name."""

    def member(name: str) -> Thing:
        inner = f"{path}.{name}"
        if inner in here.scope.facts:
            return here.scope.facts[inner]
        if any(fact.startswith(f"{inner}.") for fact in here.scope.facts):
            return facts(here, inner)
        if inner in INSIDE:
            return facts(here, inner, INSIDE[inner])
        if known and name not in known:
            return Absent(f"{path!r} has no {shown(name)}; it has {listed(known)}.{suggestion(name, known)}")
        return Absent(f"it is not known here; give it with --fact {inner}=VALUE, or in execution.yaml.")

    return Group(path, member)


def _group(here: Here, path: str, members: Members, known: Sequence[str] = ()) -> Group:
    """Give a group of names, some of which only facts may tell."""
    others = facts(here, path, [*members, *known])

    def member(name: str) -> Thing:
        if f"{path}.{name}" in here.scope.facts or name not in members:
            return others.member(name)
        return members[name]()

    return Group(path, member)


def _pipeline(here: Here) -> Group:
    pipeline = here.scope.pipeline
    members: Members = {
        "name": lambda: pipeline.name,
        "identifier": lambda: pipeline.identifier,
        "orgIdentifier": lambda: pipeline.organization or Absent("the pipeline has none."),
        "projectIdentifier": lambda: pipeline.project or Absent("the pipeline has none."),
        "tags": lambda: dict(pipeline.tags),
        "variables": lambda: _variables(here, "the pipeline", "pipeline.variables", Position()),
        "vars": lambda: _variables(here, "the pipeline", "pipeline.vars", Position()),
        "stages": lambda: _stages(here),
        "pipeline": lambda: _pipeline(here),  # the word is doubled in published samples
        **_status(here, ()),
    }
    return _group(here, "pipeline", members, _EXECUTION.split())


def _variables(here: Here, whose: str, path: str, position: Position) -> Group:
    declared = [variable.name for variable in variables(here.scope.pipeline, position)]

    def member(name: str) -> Thing:
        if name in declared:
            return here.variable(name_of(position, name))
        inner = [other for other in declared if other.startswith(f"{name}.")]
        if inner:  # the names of variables can have dots
            return _dotted(here, position, path, name, inner)
        return Absent(f"{whose} has no variable {shown(name)}.{suggestion(name, declared)}")

    def entries() -> Mapping[str, Found]:
        return {name: here.variable(name_of(position, name)) for name in declared}

    return Group(path, member, entries)


def _dotted(here: Here, position: Position, path: str, begin: str, declared: list[str]) -> Group:
    def member(name: str) -> Thing:
        whole = f"{begin}.{name}"
        if whole in declared:
            return here.variable(name_of(position, whole))
        if any(other.startswith(f"{whole}.") for other in declared):
            return _dotted(here, position, path, whole, declared)
        return Absent(f"there is no variable {shown(whole)}.{suggestion(whole, declared)}")

    return Group(f"{path}.{begin}", member)


def _stages(here: Here) -> Group:
    stages = {stage.identifier: stage for stage in here.scope.pipeline.stages}

    def member(name: str) -> Thing:
        if name in stages:
            return _stage(here, stages[name])
        near = suggestion(name, stages)
        return Absent(f"there is no stage {shown(name)}, only {listed(list(stages))}.{near}")

    return Group("pipeline.stages", member)


def _own_stage(here: Here) -> Thing:
    if here.position.stage is None:
        return Absent("it stands outside of a stage.")
    return _stage(here, here.position.stage)


def _stage(here: Here, stage: Stage) -> Group:
    position = Position(stage)
    whose = f"the stage {shown(stage.identifier)}"
    members: Members = {
        "name": lambda: stage.name,
        "identifier": lambda: stage.identifier,
        "type": lambda: stage.type,
        "description": lambda: stage.description or Absent(f"{whose} has none."),
        "tags": lambda: dict(stage.tags),
        "variables": lambda: _variables(here, whose, "stage.variables", position),
        "spec": lambda: _group(here, "stage.spec", {"execution": lambda: _execution(here, stage)}),
        "output": lambda: _not_run(here, stage) or Absent("a stage has no outputs of its own; its steps have."),
        **_status(here, stage.path),
    }
    return _group(here, "stage", members, ["executionUrl", "startTs", "endTs", "delegateSelectors"])


def _not_run(here: Here, stage: Stage) -> Absent | None:
    reason = here.scope.skipped.get(stage.path)
    return Absent(reason) if reason is not None else None


def _own_execution(here: Here) -> Thing:
    if here.position.stage is None:
        return Absent("it stands outside of a stage, so it has to name one: pipeline.stages.<stage>.spec.execution.")
    return Group("execution", lambda name: _own_steps(here) if name == "steps" else Absent("it has only steps."))


def _execution(here: Here, stage: Stage) -> Thing:
    return _not_run(here, stage) or _group(
        here, "execution", {"steps": lambda: _steps(here, Position(stage), stage.nodes)}
    )


def _own_steps(here: Here) -> Thing:
    """Give the steps beside the text, in the group that it stands in, then those of the groups around that."""
    stage = here.position.stage
    if stage is None:
        return Absent(
            "it stands outside of a stage, so it has to name one: pipeline.stages.<stage>.spec.execution.steps."
        )
    if reason := _not_run(here, stage):
        return reason
    around = [Position(stage, here.position.groups[:count]) for count in range(len(here.position.groups), -1, -1)]

    def member(name: str) -> Thing:
        for position in around:
            nodes = position.groups[-1].nodes if position.groups else stage.nodes
            if any(node.identifier == name for node in named(nodes)):
                return _steps(here, position, nodes).member(name)
        return _steps(here, Position(stage), stage.nodes).member(name)

    return Group("steps", member)


def _steps(here: Here, position: Position, nodes: Sequence[Node]) -> Group:
    found = {node.identifier: node for node in named(nodes)}

    def member(name: str) -> Thing:
        node = found.get(name)
        if isinstance(node, Step):
            return _step(here, Position(position.stage, position.groups, node))
        if node is not None:
            return _step_group(here, Position(position.stage, (*position.groups, node)))
        elsewhere = (
            [".steps.".join(step.path[1:]) for step in position.stage.steps if step.identifier == name]
            if position.stage
            else []
        )
        near = f" It is in a group: steps.{elsewhere[0]}." if elsewhere else suggestion(name, found)
        return Absent(f"there is no step {shown(name)} in {_called(position)}, only {listed(list(found))}.{near}")

    return Group("steps", member)


def _called(position: Position) -> str:
    if position.groups:
        return f"the step group {shown(position.groups[-1].identifier)}"
    return f"the stage {shown(position.stage.identifier)}" if position.stage else "the pipeline"


def _own_group(here: Here) -> Thing:
    if not here.position.groups:
        return Absent("it stands outside of a step group.")
    return _step_group(here, Position(here.position.stage, here.position.groups))


def _step_group(here: Here, position: Position) -> Group:
    group: StepGroup = position.groups[-1]
    whose = f"the step group {shown(group.identifier)}"
    members: Members = {
        "name": lambda: group.name,
        "identifier": lambda: group.identifier,
        "variables": lambda: _variables(here, whose, "stepGroup.variables", position),
        "steps": lambda: _steps(here, position, group.nodes),
        **_status(here, group.path),
    }
    return _group(here, "stepGroup", members, ["executionUrl"])


def _own_step(here: Here) -> Thing:
    return Absent("it stands outside of a step.") if here.position.step is None else _step(here, here.position)


def _step(here: Here, position: Position) -> Group:
    step = position.step
    assert step is not None  # noqa: S101 - whoever calls has found one
    output = Group(
        "output", lambda name: _outputs(here, step) if name == "outputVariables" else _output(here, step, name)
    )
    spec = Group("spec", lambda name: here.field(position, name))
    progress = here.scope.progress
    members: Members = {
        "name": lambda: step.name,
        "identifier": lambda: step.identifier,
        "type": lambda: step.type,
        "spec": lambda: spec,
        "output": lambda: output,
        "outputVariables": lambda: _outputs(here, step),
        "retryCount": lambda: LATER if progress is None else progress.retries(step.path),
        "timeout": lambda: step.timeout.text if step.timeout else Absent("the step has none."),
        **_status(here, step.path),
    }
    return _group(here, f"steps.{step.identifier}", members, ["executionUrl", "startTs", "endTs"])


def _outputs(here: Here, step: Step) -> Group:
    def entries() -> Mapping[str, Found]:
        if here.scope.progress is None:
            return {"": LATER}
        return here.scope.progress.outputs(step.path) or {}

    return Group("output.outputVariables", lambda name: _output(here, step, name), entries)


def _output(here: Here, step: Step, name: str) -> Found:
    known = step_types.outputs_of(step)
    near = f"; it has {listed(known)}.{suggestion(name, known)}" if known else "."
    missing = Absent(f"{step.type} has no output {shown(name)}{near}")
    if here.scope.progress is None:
        if not _ends_before(here, step):
            return Absent(f"the step {step.identifier!r} does not run before this one.")
        return LATER if known is None or name in known else missing
    outputs = here.scope.progress.outputs(step.path)
    if outputs is None:
        return Absent(f"the step {step.identifier!r} has not run.")
    if known is not None and name in known:
        missing = Absent(f"the step {step.identifier!r} has not given it.")
    return outputs.get(name, missing)


def _ends_before(here: Here, step: Step) -> bool:
    """Tell whether a step has run when a text is read; a variable's is read whenever a step needs it."""
    places, path = here.scope.places(), here.position.path
    if here.position.step is None or path not in places or step.path not in places:
        return True
    return runs_before(places[step.path], places[path])


def _status(here: Here, path: tuple[str, ...]) -> Members:
    def status() -> Thing:
        if here.scope.progress is None:
            return "SKIPPED" if path in here.scope.skipped else LATER
        return here.scope.progress.status(path) or Absent("it has not begun.")

    return dict.fromkeys(("status", "currentStatus", "liveStatus"), status)


def _secret(identifier: str) -> SecretReference:
    return SecretReference(str(identifier))


ROOTS: Mapping[str, Callable[[Here], Thing]] = {
    "pipeline": _pipeline,
    "stages": _stages,
    "stage": _own_stage,
    "execution": _own_execution,
    "steps": _own_steps,
    "stepGroup": _own_group,
    "step": _own_step,
    "secrets": lambda _: Functions("secrets", {"getValue": _secret}),
}
