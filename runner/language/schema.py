"""Which fields pipeline YAML has at each level, and what becomes of each: run, accepted and ignored, or not built yet.

Source: the platform's published schema of an IDP stage and its documentation. The fields of a step's spec are not
here: they come from the steps' own declarations. To build one of the features below, give its field the treatment RUN
and read it in runner/language/pipeline.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from common import document
from common.diagnostics import Diagnostic, suggestion
from common.document import is_nothing
from common.errors import shown

RUN: Final = "run"
ACCEPTED: Final = "accepted"  # has a meaning on the platform that changes nothing here
NOT_BUILT: Final = "not built"  # refused by name unless it is empty

Level = Mapping[str, str]


def _level(*, run: str, accepted: str = "", not_built: str = "") -> Level:
    return {
        **dict.fromkeys(run.split(), RUN),
        **dict.fromkeys(accepted.split(), ACCEPTED),
        **dict.fromkeys(not_built.split(), NOT_BUILT),
    }


PIPELINE: Level = _level(
    run="name identifier projectIdentifier orgIdentifier stages variables",
    accepted="description tags delegateSelectors allowStageExecutions",
    not_built="properties flowControl notificationRules timeout template",
)
STAGE_WRAPPER: Level = _level(run="stage", not_built="parallel group template insert")
STAGE: Level = _level(
    run="name identifier type spec variables",
    accepted="description tags delegateSelectors",
    not_built="when failureStrategies strategy runMode template timeout skipCondition",
)
STAGE_SPEC: Level = _level(
    run="execution cloneCodebase",
    accepted="infrastructure platform runtime caching sharedPaths",
    not_built="serviceDependencies",
)
EXECUTION: Level = _level(run="steps", not_built="rollbackSteps")
STEP_WRAPPER: Level = _level(run="step", not_built="parallel stepGroup insert template")
STEP: Level = _level(
    run="type identifier name timeout spec",
    accepted="description",
    not_built="when failureStrategies strategy enforce template",
)
VARIABLE: Level = _level(run="name type required default value", accepted="description metadata")

CACHING: Level = _level(run="", accepted="enabled paths key policy override")
PLATFORM: Level = _level(run="", accepted="os arch")
# Type of infrastructure or runtime -> fields next to `type`, and the fields of its spec.
KUBERNETES = (
    "connectorRef namespace automountServiceAccountToken nodeSelector os labels annotations serviceAccountName "
    "initTimeout hostNames tolerations volumes runAsUser priorityClassName containerSecurityContext "
    "harnessImageConnectorRef imagePullPolicy podSpecOverlay"
)
INFRASTRUCTURE: dict[str, tuple[str, str]] = {
    "KubernetesDirect": ("spec", KUBERNETES),
    "KubernetesHosted": ("spec", "identifier"),
    "VM": ("spec", "type spec"),
    "HostedVm": ("spec", "platform"),
    "DOCKER": ("spec", "platform"),
    "UseFromStage": ("useFromStage", ""),
}
RUNTIME: dict[str, tuple[str, str]] = {
    "Cloud": ("spec", "size imageName nestedVirtualization"),
    "Docker": ("spec", "harnessImageConnectorRef"),
}

# Step types of the platform that no step here carries out yet.
OTHER_STEP_TYPES: Final = [
    "Run",
    "Plugin",
    "Policy",
    "Agent",
    "IdpAction",
    "CreateResource",
    "Background",
]
SPEC_BESIDE_INPUTS: Final = frozenset({"resources", "connectorRef"})  # what every spec accepts, or the runner reads
# What else the spec of a step accepts, which says how the platform runs its container.
OF_CONTAINERS: Final = {"GitClone": frozenset({"baseImageConnectorRefs", "privileged", "runAsUser"})}


def check(node: document.Mapping, level: Level, of: str) -> list[Diagnostic]:
    """Complain of fields that the platform does not know, and of those that are not run here yet."""
    diagnostics: list[Diagnostic] = []
    for name, value in node.fields.items():
        treatment = level.get(name)
        if treatment is None:
            text = f"Unknown field {shown(name)} in {of}.{suggestion(name, level) or _known(level)}"
            diagnostics.append(Diagnostic(text, node.keys[name]))
        elif treatment == NOT_BUILT and not is_nothing(value):
            diagnostics.append(Diagnostic(not_built(name, of), node.keys[name]))
    return diagnostics


def not_built(name: str, of: str) -> str:
    """Say that a feature is known, but cannot be run here."""
    return f"{name!r} in {of} works on the platform but is not run here yet; remove it to run this pipeline locally."


def _known(level: Level) -> str:
    return f" It can hold {', '.join(name for name, treatment in level.items() if treatment != NOT_BUILT)}."


def check_surroundings(spec: document.Mapping) -> list[Diagnostic]:
    """Check what a stage says of the place where it runs: ignored here, but a typo in it would fail on the platform."""
    diagnostics: list[Diagnostic] = []
    for name, kinds in (("infrastructure", INFRASTRUCTURE), ("runtime", RUNTIME)):
        if name in spec.fields and not is_nothing(spec.fields[name]):
            diagnostics += _check_kind(spec, name, kinds)
    for name, level in (("caching", CACHING), ("platform", PLATFORM)):
        node = spec.fields.get(name)
        if isinstance(node, document.Mapping):
            diagnostics += check(node, level, name)
        elif node is not None and not is_nothing(node):
            diagnostics.append(Diagnostic(f"{name!r} has to be a map.", spec.keys[name]))
    shared = spec.fields.get("sharedPaths")
    if shared is not None and not isinstance(shared, document.Sequence) and not is_nothing(shared):
        diagnostics.append(Diagnostic("'sharedPaths' has to be a list.", spec.keys["sharedPaths"]))
    return diagnostics


def _check_kind(spec: document.Mapping, name: str, kinds: Mapping[str, tuple[str, str]]) -> list[Diagnostic]:
    node = spec.fields[name]
    if not isinstance(node, document.Mapping):
        return [Diagnostic(f"{name!r} has to be a map.", spec.keys[name])]
    kind = node.text("type") or ("UseFromStage" if "useFromStage" in node.fields else "")
    if kind not in kinds:
        known = ", ".join(kinds)
        problem = f"{shown(kind)} is no type of {name}" if kind else f"The field 'type' of {name} is missing"
        return [Diagnostic(f"{problem}; it can be {known}.{suggestion(kind, kinds)}", node.location)]
    outer, inside = kinds[kind]
    diagnostics = check(node, _level(run="type", accepted=outer), name)
    inner = node.fields.get("spec")
    if isinstance(inner, document.Mapping) and inside:
        diagnostics += check(inner, _level(run="", accepted=inside), f"the spec of {name}")
    return diagnostics
