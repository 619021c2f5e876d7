"""What the platform makes of a Plugin's spec: its settings as variables of the image, as in Drone (contract, A.12)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from common.errors import BadInput, shown
from runner.language.resolve import Resolved
from runner.platform.connectors import Services
from runner.platform.texts import text_of

PREFIX = "PLUGIN_"


def variables(spec: Mapping[str, Resolved], services: Services) -> dict[str, str]:
    """Give a variable for each setting: in capitals, lists joined by commas, maps as JSON; none for a null.

    Nothing else of a name changes, so a hyphen stays one (harness-core, VmPluginStepSerializer). Raises BadInput for
    settings that are no map, and for two whose names differ in nothing that a variable can tell.
    """
    settings = spec.get("settings")
    if settings is None or settings == "":
        return {}
    if not isinstance(settings, dict):
        raise BadInput("The field 'settings' has to be a map.", next_step="Write a name and a value in each line.")
    found: dict[str, str] = {}
    for name, value in settings.items():
        variable = PREFIX + name.upper()
        if variable in found:
            raise BadInput(f"Two settings are the variable {variable}; one is {shown(name)}.", next_step="Remove one.")
        found[variable] = text_of(value, services)
    return {variable: text for variable, text in found.items() if text}


def entrypoint(spec: Mapping[str, Resolved]) -> tuple[str, ...]:
    """Give the command that takes the place of the image's own; nothing when the spec names none."""
    given = spec.get("entrypoint")
    return tuple(str(word) for word in given) if isinstance(given, list) else tuple(shlex.split(str(given or "")))
