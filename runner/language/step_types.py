"""What the runner knows of the steps, taken from their own declarations. The only module that asks the steps."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import steps
from common import git_hosts


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


@dataclass(frozen=True)
class StepKind:
    """A type of step: the module that carries it out, its inputs, and the names of its outputs."""

    type: str
    module: str
    inputs: tuple[StepInput, ...]
    outputs: tuple[str, ...]

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

    def uses_account(self) -> bool:
        """Tell whether the step wants to know the portal that it works for."""
        return "BASE" in self.reads

    def writes_elsewhere(self) -> bool:
        """Tell whether the step can change more than its workspace: for that its spec gives it a credential."""
        return self.uses_connector() or any(one.secret for one in self.spec.values())


def types() -> list[str]:
    """Give the step types that can run."""
    return list(steps.STEPS)


@functools.cache
def connector_types(step_type: str) -> list[str]:
    """Give the types of git connectors that a step can work with."""
    return git_hosts.serving(step_type)


@functools.cache
def kind(step_type: str) -> StepKind:
    """Give what is known of a type. Raises KeyError for an unknown one."""
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
            required=declared["required"],
        )
        for declared in described["inputs"]
    )
    return StepKind(described["type"], module, inputs, tuple(output["name"] for output in described["outputs"]))
