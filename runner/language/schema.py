"""Which fields pipeline YAML has at each level, and what becomes of each: run, accepted, without effect, or refused.

Source: the platform's published schema of an IDP stage and its documentation. The fields of a step's spec are not
here: they come from the steps' own declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from common import document
from common.diagnostics import Diagnostic, suggestion
from common.document import is_nothing
from common.errors import shown

RUN: Final = "run"
ACCEPTED: Final = "accepted"  # a description, or of no meaning for a run
IGNORED: Final = "ignored"  # has a meaning on the platform that it cannot have here, which is told

Level = Mapping[str, str]  # any other text than the three above is why a field is refused

LOOPING = "looping is not supported in a stage of the type IDP, as on the platform; remove it."
TEMPLATE = (
    "it refers to a template, which is stored on the platform and not in this file. Write its content here, or leave "
    "this part out."
)
ROLLBACK = "there is no rollback here, nor in a stage of the type IDP on the platform; remove it."


def _level(*, run: str = "", accepted: str = "", ignored: str = "", refused: Mapping[str, str] | None = None) -> Level:
    return {
        **dict.fromkeys(run.split(), RUN),
        **dict.fromkeys(accepted.split(), ACCEPTED),
        **dict.fromkeys(ignored.split(), IGNORED),
        **(refused or {}),
    }


PIPELINE: Level = _level(
    run="name identifier projectIdentifier orgIdentifier stages variables tags timeout",
    accepted="description allowStageExecutions versionLabel",
    ignored="delegateSelectors properties flowControl notificationRules contextType",
    refused={"template": TEMPLATE},
)
STAGE_WRAPPER: Level = _level(run="stage parallel", refused={"group": "groups of stages are not run here."})
PARALLEL_STAGE: Level = _level(run="stage")
STAGE: Level = _level(
    run="name identifier type spec variables when failureStrategies timeout description tags",
    ignored="delegateSelectors contextType runMode",
    refused={"strategy": LOOPING, "template": TEMPLATE, "skipCondition": "write it as a 'when'."},
)
STAGE_TYPES: Final = (
    *("IDP", "CI", "Custom", "Approval", "Deployment", "IACM", "FeatureFlag", "Pipeline", "Security", "Chaos"),
    *("SecurityTests", "GitOps", "CommandStage"),
)
STAGE_SPEC: Level = _level(
    run="execution cloneCodebase",
    ignored="infrastructure platform runtime caching sharedPaths buildIntelligence contextType",
    refused={"serviceDependencies": "services beside the steps are not started here."},
)
EXECUTION: Level = _level(run="steps", refused={"rollbackSteps": ROLLBACK})
STEP_WRAPPER: Level = _level(run="step parallel stepGroup insert", refused={"template": TEMPLATE})
STEP: Level = _level(
    run="type identifier name timeout spec when failureStrategies",
    accepted="description",
    ignored="enforce contextType delegateSelectors",
    refused={"strategy": LOOPING, "template": TEMPLATE},
)
GROUP: Level = _level(
    run="identifier name steps variables when failureStrategies timeout",
    accepted="description",
    ignored="delegateSelectors stepGroupInfra sharedPaths contextType",
    refused={"strategy": LOOPING, "template": TEMPLATE, "rollbackSteps": ROLLBACK},
)
INSERT: Level = _level(run="identifier name steps")
VARIABLE: Level = _level(run="name type required default value", accepted="description metadata")

FAILURE_STRATEGY: Level = _level(run="onFailure")
ON_FAILURE: Level = _level(run="errors action")
ACTION: Level = _level(run="type spec")
FOLLOWING: Level = _level(run="action")
ACTION_SPECS: Mapping[str, Level] = {
    "Retry": _level(run="retryCount retryIntervals onRetryFailure", refused={"condition": "it is not evaluated here."}),
    "ManualIntervention": _level(run="timeout onTimeout"),
    "RetryStepGroup": _level(run="retryCount retryIntervals"),
}


def when(status: str) -> Level:
    """Give the fields of a `when`, whose first is named after what it looks at."""
    return _level(run=f"{status} condition")


CACHING: Level = _level(accepted="enabled paths key policy override")
PLATFORM: Level = _level(accepted="os arch")
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

# Step types of the platform that no step here carries out.
OTHER_STEP_TYPES: Final = (
    "Policy",
    "Agent",
    "IdpAction",
    "Background",
)
SPEC_BESIDE_INPUTS: Final = frozenset({"resources"})  # what every spec accepts
# What else the spec of a step accepts, which says how the platform runs its container.
OF_CONTAINERS: Final = {"GitClone": frozenset({"baseImageConnectorRefs", "privileged", "runAsUser"})}
# Fields of a spec that have a meaning on the platform and none here: no container is given more than it needs, and
# what a registry asks for is the engine's own matter. Those that only a container engine has a use for.
SPEC_IGNORED: Final = {
    "Run": ("connectorRef", "registryRef", "reports", "outputAlias", "privileged"),
    "Plugin": ("connectorRef", "registryRef", "reports", "uses", "privileged"),
    "GitClone": ("baseImageConnectorRefs", "privileged"),
}
FOR_ENGINES: Final = ("resources", "runAsUser", "imagePullPolicy")


def check(node: document.Mapping, level: Level, of: str) -> list[Diagnostic]:
    """Complain of fields that the platform does not know, and of those that are refused."""
    diagnostics: list[Diagnostic] = []
    for name, value in node.fields.items():
        treatment = level.get(name)
        if treatment is None:
            text = f"Unknown field {shown(name)} in {of}.{suggestion(name, level) or _known(level)}"
            diagnostics.append(Diagnostic(text, node.keys[name]))
        elif treatment not in (RUN, ACCEPTED, IGNORED) and not is_nothing(value):
            called = _template(value) if name == "template" else ""
            diagnostics.append(Diagnostic(f"{name!r} in {of}{called} cannot be run: {treatment}", node.keys[name]))
    return diagnostics


def ignored(node: document.Mapping, level: Level) -> list[str]:
    """Give the names of the fields that are there and have no effect here."""
    return [name for name, value in node.fields.items() if level.get(name) == IGNORED and not is_nothing(value)]


def _template(node: document.Node) -> str:
    name = node.text("templateRef") if isinstance(node, document.Mapping) else ""
    return f" ({shown(name)})" if name else ""


def _known(level: Level) -> str:
    names = [name for name, treatment in level.items() if treatment in (RUN, ACCEPTED, IGNORED)]
    return f" It can hold {', '.join(names)}." if names else " It holds nothing."


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
    if isinstance(spec.fields.get("sharedPaths"), document.Mapping):
        diagnostics.append(Diagnostic("'sharedPaths' has to be a list or a text.", spec.keys["sharedPaths"]))
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
        diagnostics += check(inner, _level(accepted=inside), f"the spec of {name}")
    return diagnostics
