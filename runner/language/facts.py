"""What a user says of an execution that only the platform could know: who started it, by which trigger, and so on.

execution.yaml next to the pipeline is a map of names, as expressions have them; inner maps or dots, as one likes:

    pipeline:
      triggeredBy: {name: Jane, email: jane@acme.example}
      executionUrl: https://app.harness.io/ng/account/abc/executions/1
    project.name: Portal
    variable:
      account: {region: eu}
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Table
from collections.abc import Sequence as Several
from pathlib import Path

from common.diagnostics import Diagnostic, Invalid
from common.document import Mapping, Node, Scalar, is_nothing, reader
from common.errors import shown

FILE = "execution.yaml"
_NAME = re.compile(r"[A-Za-z_$][\w$-]*(?:\.[\w$-]+)*")


def gather(settings: Several[str], pipeline: Path) -> Table[str, str]:
    """Collect facts from the file next to a pipeline, and from --fact, which goes before it. Raises Invalid."""
    file = pipeline.parent / FILE
    found: dict[str, str] = {}
    faults: list[Diagnostic] = []
    if file.is_file():
        _read("", reader.read(file), found, faults)
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            faults.append(
                Diagnostic(f"--fact needs NAME=VALUE with a name as expressions have it, not {shown(setting)}.")
            )
        found[name.strip()] = text
    if faults:
        raise Invalid(faults)
    return found


def _read(prefix: str, node: Node, found: dict[str, str], faults: list[Diagnostic]) -> None:
    if isinstance(node, Mapping):
        for name, field in node.fields.items():
            if _NAME.fullmatch(name):
                _read(f"{prefix}.{name}" if prefix else name, field, found, faults)
            else:
                faults.append(Diagnostic(f"{shown(name)} is no name that an expression can have.", node.keys[name]))
    elif isinstance(node, Scalar) and prefix:
        found[prefix] = node.text
    elif not is_nothing(node):
        faults.append(Diagnostic("A fact has to be a text, a number or a map of such.", node.location))
