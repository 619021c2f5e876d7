"""The steps: one module each, named by the step's type in snake_case."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Any

from common.contract import signals

if sys.argv[:1] == ["-m"]:  # one of them is being started, and what it needs takes a while to load
    signals.end_at_once()
    gc.disable()  # until main() runs: nothing of what is loaded is garbage

from common.contract.step import Step

STEPS: dict[str, str] = {  # type in the pipeline's YAML -> module
    "GitClone": "steps.git_clone",
    "CookieCutter": "steps.cookie_cutter",
    "CreateRepo": "steps.create_repo",
    "CreateCatalog": "steps.create_catalog",
    "DirectPush": "steps.direct_push",
    "RegisterCatalog": "steps.register_catalog",
    "SlackNotify": "steps.slack_notify",
    "CreateOrganization": "steps.create_organization",
    "CreateProject": "steps.create_project",
    "CreateResource": "steps.create_resource",
    "UpdateCatalogProperty": "steps.update_catalog_property",
}


def load(step_type: str) -> Step[Any]:
    """Import the step of that type."""
    module_name = STEPS[step_type]
    found = getattr(importlib.import_module(module_name), module_name.rpartition(".")[2])
    if not isinstance(found, Step):
        raise TypeError(f"{module_name} holds no step")
    return found
