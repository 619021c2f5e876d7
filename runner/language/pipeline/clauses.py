"""Reads when a part of a pipeline runs, and what is done about its failure.

Source: the platform's published schema of an IDP stage (contract, F).
"""

from __future__ import annotations

from common.diagnostics import choice, suggestion
from common.document import Mapping, Node, Scalar, Sequence, is_nothing
from common.errors import shown
from runner.language import schema
from runner.language.pipeline import Action, FailureStrategy, When
from runner.language.pipeline.reading import Reader

STATUSES = ("Success", "Failure", "All")
ALL_ERRORS = "AllErrors"
ERRORS = (
    *(ALL_ERRORS, "Unknown", "AnyOther", "Authentication", "Authorization", "Connectivity", "Timeout", "Verification"),
    *("DelegateProvisioning", "DelegateRestart", "PolicyEvaluationFailure", "InputTimeoutError", "ApprovalRejection"),
    *("UserMarkedFailure", "InfraProvisioning", "ApplicationFailure"),
)
ACTIONS = (
    *("Ignore", "Retry", "MarkAsSuccess", "MarkAsFailure", "Abort", "ManualIntervention", "ProceedWithDefaultValues"),
    *("StageRollback", "StepGroupRollback", "PipelineRollback", "RetryStepGroup"),
)
RETRY_GROUP = "RetryStepGroup"
ROLLBACKS = frozenset({"StageRollback", "StepGroupRollback", "PipelineRollback"})


def when(reader: Reader, owner: Mapping, of: str, status: str) -> When | None:
    """Read a `when`; `status` is the name of its field that says after what: stageStatus or pipelineStatus."""
    node = owner.fields.get("when")
    if node is None or is_nothing(node):
        return None
    inner = reader.mapping(node, f"The field 'when' of {of}", node.location)
    what = f"'when' of {of}"
    reader.check(inner, schema.when(status), what)
    after = reader.word(inner, status, what, STATUSES)
    return When(after or "Success", reader.scalar(inner, "condition", what))


def strategies(reader: Reader, owner: Mapping, of: str, *, is_group: bool = False) -> tuple[FailureStrategy, ...]:
    """Read the failure strategies, in their order."""
    found = []
    for node in reader.entries(owner, "failureStrategies", of, required=False):
        entry = reader.mapping(node, f"A failure strategy of {of}", node.location)
        reader.check(entry, schema.FAILURE_STRATEGY, f"a failure strategy of {of}")
        what = f"'onFailure' of {of}"
        on_failure = reader.mapping(entry.fields.get("onFailure"), f"The field {what}", entry.location)
        reader.check(on_failure, schema.ON_FAILURE, what)
        errors = _errors(reader, on_failure, what)
        action = _action(reader, on_failure.fields.get("action"), on_failure, f"'action' of {of}")
        if action is not None and action.type == RETRY_GROUP and not is_group:
            reader.complain(
                f"RetryStepGroup in 'action' of {of} is only for step groups, as on the platform; move it to one.",
                on_failure.location_of("action"),
            )
        if action is not None:
            found.append(FailureStrategy(errors, action))
    return tuple(found)


def _errors(reader: Reader, owner: Mapping, of: str) -> frozenset[str]:
    names = []
    for node in reader.entries(owner, "errors", of, required=True):
        name = node.text if isinstance(node, Scalar) else ""
        if name not in ERRORS:
            known = f"it can be {choice(ERRORS)}.{suggestion(name, ERRORS)}"
            reader.complain(f"{shown(name)} in 'errors' of {of} is no kind of error; {known}", node.location)
        names.append(name)
    return frozenset(names)


def _action(reader: Reader, node: Node | None, owner: Mapping, of: str) -> Action | None:
    inner = reader.mapping(node, f"The field {of}", owner.location)
    if not isinstance(node, Mapping):
        return None
    reader.check(inner, schema.ACTION, of)
    kind = reader.word(inner, "type", of, ACTIONS)
    if not kind:
        if not inner.text("type"):
            reader.complain(f"The field 'type' of {of} is missing; it can be {choice(ACTIONS)}.", inner.location)
        return None
    spec = inner.fields.get("spec")
    if spec is None or is_nothing(spec):
        spec = Mapping(inner.location)
    inside = reader.mapping(spec, f"The field 'spec' of {of}", inner.location)
    reader.check(inside, schema.ACTION_SPECS.get(kind, {}), f"the spec of {of}")
    match kind:
        case "Retry" | "RetryStepGroup":
            return _retry(reader, kind, inside, of)
        case "ManualIntervention":
            timeout = reader.scalar(inside, "timeout", of)
            after = inside.fields.get("onTimeout")
            return Action(
                kind,
                seconds=reader.duration(timeout, "timeout", of) if timeout else 0.0,
                then=_following(reader, after, inside, f"'onTimeout' of {of}"),
            )
    return Action(kind)


def _retry(reader: Reader, kind: str, spec: Mapping, of: str) -> Action:
    retries = reader.count(spec, "retryCount", of)
    if not retries:
        reader.complain(f"The field 'retryCount' of {of} has to be at least 1.", spec.location_of("retryCount"))
    intervals = []
    node = spec.fields.get("retryIntervals")
    for item in node.items if isinstance(node, Sequence) else () if node is None else (node,):
        if isinstance(item, Scalar) and item.text:
            intervals.append(reader.duration(item, "retryIntervals", of))
        else:
            reader.complain(f"'retryIntervals' of {of} has to be a list of durations.", item.location)
    return Action(
        kind,
        retries,
        tuple(intervals),
        then=_following(reader, spec.fields.get("onRetryFailure"), spec, f"'onRetryFailure' of {of}"),
    )


def _following(reader: Reader, node: Node | None, owner: Mapping, of: str) -> Action | None:
    """Read the action that follows another, which stands in a map of its own."""
    if node is None or is_nothing(node):
        return None
    inner = reader.mapping(node, f"The field {of}", owner.location)
    reader.check(inner, schema.FOLLOWING, of)
    action = _action(reader, inner.fields.get("action"), inner, f"'action' in {of}")
    if action is not None and action.type in ("Retry", RETRY_GROUP):
        reader.complain(f"A {action.type} cannot follow another action; {of} needs one that ends.", inner.location)
        return None
    return action
