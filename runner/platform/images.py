"""Which image runs a step: the one of this version, unless the account has chosen another (contract, B.5 and D.4).

--images names a YAML file in the form of the execution-config API, with the field of each step type:

    createRepo: registry.example.com/idp-steps/createrepo:0.1.0
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from common import document
from common.diagnostics import Diagnostic, Invalid
from common.document import is_nothing, reader
from runner.language import step_types
from runner.language.schema import ACCEPTED, check
from runner.language.step_types import StepKind

REPOSITORY = "idp-steps"
_SOURCE = Path(__file__).resolve().parents[2] / "pyproject.toml"


def version() -> str:
    """Give the version of this code, which is the tag of its images."""
    if _SOURCE.is_file():  # run from the source, which may be newer than what is installed
        return str(tomllib.loads(_SOURCE.read_text(encoding="utf-8"))["project"]["version"])
    from importlib import metadata  # takes as long to load as a pipeline to read

    return metadata.version("idp-steps")


def of(kind: StepKind, chosen: Mapping[str, str]) -> str:
    """Give the image of a type of step, from the chosen ones by field."""
    return chosen.get(kind.config_field) or f"{REPOSITORY}/{kind.image}:{version()}"


def chosen(file: Path) -> dict[str, str]:
    """Read which images somebody has chosen. Raises Invalid with everything that is wrong in the file."""
    root = reader.read(file)
    top = root if isinstance(root, document.Mapping) else document.Mapping(root.location, {}, {})
    fields = {step_types.kind(name).config_field for name in step_types.types()}
    faults = check(top, dict.fromkeys(sorted(fields), ACCEPTED), "the file")
    if not isinstance(root, document.Mapping):
        faults.append(Diagnostic("The file has to be a map from a step's field to its image.", root.location))
    for name, node in top.fields.items():
        if name in fields and not top.text(name) and not is_nothing(node):
            faults.append(Diagnostic(f"The image of {name!r} has to be a text.", node.location))
    if faults:
        raise Invalid(faults)
    return {name: top.text(name) for name in top.fields if top.text(name)}
