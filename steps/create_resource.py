"""CreateResource: what a definition for OpenTofu asks of the portal, with the Harness provider and nothing else.

The definition is checked before OpenTofu sees it, planned, shown, and carried out as planned. A re-run that knows the
state of the first changes nothing; without a state, that is said.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import log
from common.contract.inputs import option
from common.contract.process import scratch_folder
from common.contract.step import Context, Outputs, step
from common.errors import BadInput
from common.harness.terraform import TerraformAccess
from common.secret import Secret

STATELESS = (
    "No state is kept: a later run does not know what this one makes, and fails on what exists or makes it twice. Set"
    " STATE_DIR to a folder that is kept, or give the definition a backend."
)
ERRORED = "errored.tfstate"  # what OpenTofu leaves when the backend cannot be written
RESERVED = ("X_API_KEY", "ACCOUNT_IDENTIFIER", "ENDPOINT")


def _faults(text: str, source: str) -> list[str]:
    from common.opentofu import definition

    return definition.faults(text, source)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The definition, its variables, and where its state is kept."""

    definition: str = option(
        "resourceDefinition",
        env=["RESOURCE_DEFINITION"],
        multiline=True,
        check=_faults,
        help="Resources of the Harness provider, in OpenTofu's language.",
    )
    access: TerraformAccess
    variables: dict[str, str] = option(
        "variables",
        env=["TOFU_VARIABLES"],
        prefix="TF_VAR_",
        default={},
        spec=False,
        help="Values of the variables that the definition declares.",
    )
    state_dir: str = option(
        "stateDir",
        env=["STATE_DIR"],
        default="",
        spec=False,
        help="Folder that the state is kept in, of this definition alone. What it holds is as secret as the resources.",
    )
    backend_config: Secret | None = option(
        "backendConfig",
        env=["BACKEND_CONFIG"],
        default=None,
        multiline=True,
        spec=False,
        help='What the definition\'s backend needs and its text does not hold, in lines as password = "…".',
    )
    allow_destroy: bool = option(
        "allowDestroy",
        env=["ALLOW_DESTROY"],
        default=False,
        spec=False,
        help="Whether a plan may be carried out that removes something, or makes it anew.",
    )
    provider_mirror: str = option(
        "providerMirror",
        env=["PROVIDER_MIRROR"],
        default="",
        spec=False,
        help="Folder or https:// address of a mirror with the Harness provider; that of the image when absent.",
    )
    allow_download: bool = option(
        "allowDownload",
        env=["ALLOW_DOWNLOAD"],
        default=False,
        spec=False,
        help="Whether the provider may be fetched from OpenTofu's registry when there is no mirror.",
    )


@step(
    type="CreateResource",
    image="createresource",
    outputs={"resourcesChanged": "How many resources were made, changed or removed; 0 when all was as defined."},
    open_outputs="Each output of the definition, a sensitive one only where the runner takes secret outputs.",
)
def create_resource(inputs: Inputs, context: Context) -> Outputs:
    """Make or change resources of the portal by a definition in OpenTofu's language."""
    from common.opentofu import definition, plan, program, setting_up

    wanted = definition.read(inputs.definition)
    _check_places(inputs, wanted, context)
    seconds = context.deadline.step_seconds
    due = time.monotonic() + seconds - min(program.GRACE, seconds / 2)
    state = _state(inputs, wanted, context)
    with scratch_folder() as folder:
        setting_up.write(folder, wanted, setting_up.Fetching(inputs.provider_mirror, inputs.allow_download), state)
        environ = setting_up.environment(folder, _values(inputs, wanted.variables))
        tofu = program.Program(folder, environ, due, seconds)
        tofu.init(*_backend_config(inputs, folder))
        tofu.validate()
        planned = tofu.plan(folder / "plan")
        plan.check(planned)
        with log.group("Plan"):
            for line in filter(None, plan.lines(planned)):
                log.info(line)
        log.info(plan.summary(planned))
        if not inputs.allow_destroy:
            plan.refuse_removals(planned)
        if context.dry_run:
            log.info("Dry run: the plan is not carried out.")
            return {"resourcesChanged": 0, **_outputs(planned.get("planned_values"))}
        if plan.has_changes(planned):
            _apply(tofu, folder, context)
        return {"resourcesChanged": len(plan.changes(planned)), **_outputs(tofu.state().get("values"))}


def _check_places(inputs: Inputs, wanted: Any, context: Context) -> None:
    """Refuse what contradicts itself, or leads out of the workspace, before anything is written."""
    if inputs.state_dir and wanted.has_backend:
        raise BadInput(
            "The definition has a backend, and STATE_DIR is set: the state can be in one place only.",
            next_step="Leave one of them out.",
        )
    if inputs.backend_config is not None and not wanted.has_backend:
        raise BadInput("BACKEND_CONFIG is for a backend, and the definition has none.", next_step="Leave it out.")
    for path in wanted.files:
        context.workspace.path(path, what="A file that the definition reads")


def _state(inputs: Inputs, wanted: Any, context: Context) -> Path | None:
    """Give the file of the state; None when the definition says where it is, or nobody does."""
    from common.opentofu import setting_up

    if not inputs.state_dir:
        if not wanted.has_backend:
            log.warning(STATELESS)
        return None
    place = Path(inputs.state_dir)  # an absolute one is a volume of whoever runs the step
    folder = place if place.is_absolute() else context.workspace.path(inputs.state_dir, what="STATE_DIR")
    if context.dry_run and not folder.is_dir():
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"The folder of STATE_DIR, {folder}, cannot be used: {error.strerror}.", next_step="Give another."
        ) from error
    return folder / setting_up.STATE


def _values(inputs: Inputs, declared: frozenset[str]) -> dict[str, str]:
    """Give the values of variables: what the platform's own three are, and those that the definition declares."""
    access = inputs.access
    own = (access.api_key.reveal(), access.account, access.endpoint)
    given = {name: value for name, value in inputs.variables.items() if name in declared}
    return {**given, **dict(zip(RESERVED, own, strict=True))}


def _backend_config(inputs: Inputs, folder: Path) -> list[str]:
    if inputs.backend_config is None:
        return []
    file = folder / "backend.tfbackend"
    file.touch(mode=0o600)
    file.write_text(inputs.backend_config.reveal() + "\n", encoding="utf-8")
    return [f"-backend-config={file}"]


def _apply(tofu: Any, folder: Path, context: Context) -> None:
    try:
        tofu.apply(folder / "plan")
    finally:
        left = folder / ERRORED
        if left.exists():
            kept = context.workspace.root / ERRORED
            shutil.copyfile(left, kept)
            kept.chmod(0o600)
            log.error(f"The backend did not take the state; it is kept in {kept}. Bring it there with: tofu state push")


def _outputs(values: Mapping[str, Any] | None) -> dict[str, str | Secret]:
    """Give the definition's outputs; lists and maps as JSON, sensitive ones as secrets."""
    found: dict[str, str | Secret] = {}
    for name, one in ((values or {}).get("outputs") or {}).items():
        value = one.get("value")
        if value is None:
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        found[name] = Secret(text) if one.get("sensitive") else text
    return found


if __name__ == "__main__":
    create_resource.run()
