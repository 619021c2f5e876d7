"""What the runner knows of the steps, taken from their own declarations. The only module that asks the steps.

Run and Plugin have no module: the command, or the image, that the spec holds is the step.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from collections.abc import Sequence as Several
from dataclasses import dataclass
from typing import Any

import steps
from common import git_hosts
from common.contract.inputs import Option
from common.document import Mapping as Map
from common.document import Scalar, Sequence
from runner.language.pipeline import Step

RUN = "Run"
PLUGIN = "Plugin"


@dataclass(frozen=True)
class StepInput:
    """One input of a step, as `--describe` tells it."""

    field: str
    aliases: tuple[str, ...]
    spec: bool
    env: tuple[str, ...]
    prefix: str | None
    type: str
    secret: bool
    required: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepKind:
    """A type of step: the module that carries it out ('' for a command), its inputs, and the names of its outputs."""

    type: str
    module: str
    inputs: tuple[StepInput, ...]
    outputs: tuple[str, ...]
    image: str = ""
    config_field: str = ""
    """Its field in the account's choice of images (contract, B.5)."""
    open_outputs: bool = False
    """It puts out more, whose names its inputs decide."""
    opened_by: str = ""
    """The field without which it does not; '' when it always does."""

    @functools.cached_property
    def spec(self) -> Mapping[str, StepInput]:
        """The inputs by each name that they have in a step's spec."""
        in_spec = [declared for declared in self.inputs if declared.spec]
        return {name: declared for declared in in_spec for name in (declared.field, *declared.aliases)}

    @functools.cached_property
    def reads(self) -> frozenset[str]:
        """The names of the variables that the step reads."""
        return frozenset(name for one in self.inputs for name in one.env)

    def uses_connector(self) -> bool:
        """Tell whether the step takes the credentials of a git connector, which its spec names."""
        return "DRONE_NETRC_PASSWORD" in self.reads and "connectorRef" in self.spec

    def in_harness_code(self, connector_type: str) -> bool:
        """Tell whether the step, without a connector, works on Harness Code: it says so, or cannot say another host."""
        return self.uses_connector() and (connector_type == "Harness" or "connectorType" not in self.spec)

    def uses_account(self) -> bool:
        """Tell whether the step wants to know the portal that it works for."""
        return "BASE" in self.reads

    def writes_elsewhere(self) -> bool:
        """Tell whether the step can change more than its workspace: for that its spec gives it a credential."""
        return not self.module or self.uses_connector() or any(one.secret for one in self.spec.values())


def _of_run(field: str, type: str = "string", *, required: bool = False) -> StepInput:
    return StepInput(field, (), True, (), None, type, False, required)


_RUN = StepKind(  # contract, A.12
    RUN,
    "",
    (
        _of_run("command", required=True),
        *(_of_run(name) for name in ("shell", "image", "connectorRef", "registryRef", "imagePullPolicy", "runAsUser")),
        *(_of_run(name, "map") for name in ("envVariables", "reports", "outputAlias")),
        _of_run("outputVariables", "list"),
        _of_run("privileged"),
    ),
    (),
)


_PLUGIN = StepKind(  # contract, A.12
    PLUGIN,
    "",
    (
        _of_run("image", required=True),
        *(_of_run(name, "map") for name in ("settings", "reports")),
        *(_of_run(name) for name in ("connectorRef", "registryRef", "imagePullPolicy", "runAsUser", "privileged")),
        _of_run("entrypoint", "words"),
        _of_run("uses"),
    ),
    (),
    open_outputs=True,
)
_BY_SPEC = {_RUN.type: _RUN, _PLUGIN.type: _PLUGIN}


def types() -> list[str]:
    """Give the step types that have a step of their own."""
    return list(steps.STEPS)


def known() -> list[str]:
    """Give the step types that can run."""
    return [*types(), *_BY_SPEC]


def outputs_of(step: Step) -> tuple[str, ...] | None:
    """Give the names of a step's outputs; None when they cannot be told."""
    if step.type == RUN:
        return tuple(dict.fromkeys(name for name, _, _ in declared_outputs(step)))
    if step.type not in known():
        return None
    told = kind(step.type)
    opened = told.open_outputs and (not told.opened_by or told.opened_by in step.spec.fields)
    return None if opened else told.outputs


def declared_outputs(step: Step) -> list[tuple[str, str, str]]:
    """Give the outputs that a Run step declares: the name, the type, and the shell's variable with the value."""
    listing = step.spec.fields.get("outputVariables")
    found = []
    for item in listing.items if isinstance(listing, Sequence) else ():
        if isinstance(item, Map) and item.text("name"):
            value = item.fields.get("value")
            variable = value.text if isinstance(value, Scalar) and value.text else item.text("name")
            found.append((item.text("name"), item.text("type") or "String", variable))
    return found


@functools.cache
def connector_types(step_type: str) -> list[str]:
    """Give the types of git connectors that a step can work with."""
    return git_hosts.serving(step_type)


def options(step_type: str) -> Several[Option]:
    """Give what a step declares of its inputs, with the checks that it makes of their values."""
    return steps.load(step_type).declaration().options


@functools.cache
def kind(step_type: str) -> StepKind:
    """Give what is known of a type. Raises KeyError for an unknown one."""
    if step_type in _BY_SPEC:
        return _BY_SPEC[step_type]
    return from_description(steps.STEPS[step_type], steps.load(step_type).describe())


def from_description(module: str, described: Mapping[str, Any]) -> StepKind:
    """Read what a step's `--describe` says."""
    inputs = tuple(
        StepInput(
            field=declared["field"],
            aliases=tuple(declared.get("aliases", ())),
            spec=declared["spec"],
            env=tuple(declared["env"]),
            prefix=declared["prefix"],
            type=declared["type"],
            secret=declared["secret"],
            required=declared["requiredInSpec"],
            choices=tuple(declared["choices"]),
        )
        for declared in described["inputs"]
    )
    outputs = tuple(output["name"] for output in described["outputs"])
    return StepKind(
        described["type"],
        module,
        inputs,
        outputs,
        described["image"],
        described["executionConfigField"],
        bool(described["openOutputs"]),
        described["openedBy"] or "",
    )
