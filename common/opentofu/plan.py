"""A plan of OpenTofu's: shown to people, and looked at before it is carried out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from common.errors import BadInput, Conflict, shown
from common.opentofu.definition import ONLY, PROVIDER

SIGNS = {"create": "+", "update": "~", "delete": "-", "replace": "-/+", "forget": "."}
WORDS = {"create": "made", "update": "changed", "delete": "removed", "replace": "removed and made anew"}
KEPT = "A resource that is no longer in the definition would be removed."
Plan = Mapping[str, Any]


def changes(plan: Plan) -> list[tuple[str, Mapping[str, Any]]]:
    """Give what the plan would do: the action, and the resource."""
    found = []
    for resource in plan.get("resource_changes") or ():
        actions = [action for action in resource["change"]["actions"] if action not in ("no-op", "read")]
        if actions:
            found.append(("replace" if len(actions) > 1 else actions[0], resource))
    return found


def has_changes(plan: Plan) -> bool:
    """Tell whether there is anything to do, if only about an output."""
    outputs = plan.get("output_changes") or {}
    return bool(changes(plan)) or any(one.get("actions") != ["no-op"] for one in outputs.values())


def lines(plan: Plan) -> Iterator[str]:
    """Show the plan: each resource with its attributes, but for sensitive ones."""
    for action, resource in changes(plan):
        yield f"{SIGNS.get(action, '?')} {resource['address']} ({action})"
        change = resource["change"]
        before, after = change.get("before") or {}, change.get("after") or {}
        hidden = [change.get(name) for name in ("before_sensitive", "after_sensitive")]
        unknown = change.get("after_unknown") or {}
        for name in {**before, **after, **unknown}:
            if any(one is True or (isinstance(one, dict) and one.get(name)) for one in hidden):
                yield f"    {name} (sensitive)"
            elif unknown.get(name):
                yield f"    {name} (known after apply)" if action == "create" or name not in before else ""
            elif action == "create" and after.get(name) is not None:
                yield f"    {name} = {_shown(after[name])}"
            elif action in ("update", "replace") and before.get(name) != after.get(name):
                yield f"    {name} = {_shown(before.get(name))} -> {_shown(after.get(name))}"


def check(plan: Plan) -> None:
    """Look at OpenTofu's own reading of the definition. Raises BadInput for what the check of the text has missed."""
    configuration = plan.get("configuration") or {}
    module = configuration.get("root_module") or {}
    sources = [str(one.get("full_name", "")) for one in (configuration.get("provider_config") or {}).values()]
    resources = module.get("resources") or ()
    wrong = [source for source in sources if not source.endswith("/harness/harness")]
    wrong += [f"module {name}" for name in module.get("module_calls") or ()]
    wrong += [one["address"] for one in resources if one.get("provisioners")]
    wrong += [one["address"] for one in resources if not str(one.get("type", "")).startswith(f"{PROVIDER}_")]
    if wrong:
        raise BadInput(f"{ONLY}, and the plan has {', '.join(map(shown, wrong))}.", next_step="Remove it.")


def refuse_removals(plan: Plan) -> None:
    """Raise Conflict for a plan that would remove something, which nobody has asked for."""
    gone = [resource["address"] for action, resource in changes(plan) if action in ("delete", "replace")]
    if gone:
        raise Conflict(
            f"The plan would remove {', '.join(gone)}, and nothing was changed.",
            next_step="Set ALLOW_DESTROY=true if that is meant; give every definition a STATE_DIR of its own.",
        )


def summary(plan: Plan) -> str:
    """Say what the plan would do in a sentence."""
    counted: dict[str, int] = {}
    for action, _ in changes(plan):
        counted[action] = counted.get(action, 0) + 1
    told = [f"{count} would be {WORDS.get(action, action)}" for action, count in counted.items()]
    return f"Resources: {', '.join(told)}." if told else "Everything is as it is defined; there is nothing to change."


def _shown(value: Any) -> str:
    return shown(value) if isinstance(value, str) else shown(str(value), quotes=False)
