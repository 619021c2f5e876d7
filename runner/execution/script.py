"""The command of a Run step as a file that its shell runs, and the outputs that it leaves (contract, A.12 and C.2)."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from common.diagnostics import choice
from common.errors import BadInput, shown
from runner.execution.launch import Script
from runner.language.pipeline.reading import SHELL_VARIABLE

SHELL = "Sh"  # when the step names none
# What the platform puts before a command, so that it ends at the first program that fails.
BEGIN = {"Sh": "set -e\n", "Bash": "set -e\n", "Pwsh": "$ErrorActionPreference = 'Stop'\n"}
BEGIN["Powershell"] = BEGIN["Pwsh"]


def write(folder: Path, shell: str, command: str, outputs: Sequence[str]) -> tuple[Script, Path]:
    """Write the file, and give it with the file that the variables of these outputs will stand in.

    Raises BadInput for a variable that no shell can have.
    """
    for variable in outputs:
        if not SHELL_VARIABLE.fullmatch(variable):
            raise BadInput(f"The output variable {variable!r} is no name of a variable in a shell.")
    file, found = folder / "script", folder / "variables"
    for old in (file, found):
        old.unlink(missing_ok=True)
    end = _END[shell](str(found), outputs) if outputs else ""
    file = file.with_suffix(".ps1") if shell in ("Pwsh", "Powershell") else file
    file.write_text(f"{BEGIN.get(shell, '')}{command}\n{end}", encoding="utf-8")
    return Script(shell, file), found


def read(found: Path) -> dict[str, str]:
    """Read the variables that a command has left, by name."""
    try:
        content = found.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return {}
    pairs = (entry.partition("=") for entry in content.split("\0") if entry)
    return {name: value for name, _, value in pairs}


def _shell(found: str, outputs: Sequence[str]) -> str:
    lines = [
        f'if [ -n "${{{name}+x}}" ]; then printf \'%s\\0\' "{name}=${name}" >> {shlex.quote(found)}; fi\n'
        for name in outputs
    ]
    return "".join(lines)


def _python(found: str, outputs: Sequence[str]) -> str:
    return (
        "import os as _os\n"
        f"with open({json.dumps(found)}, 'ab') as _file:\n"
        f"    for _name in {json.dumps(list(outputs))}:\n"
        "        if _name in _os.environ:\n"
        "            _file.write(_os.fsencode(_name + '=' + _os.environ[_name]) + b'\\0')\n"
    )


def _powershell(found: str, outputs: Sequence[str]) -> str:
    path = found.replace("'", "''")
    return "".join(
        f'if (Test-Path Env:{name}) {{ [IO.File]::AppendAllText(\'{path}\', "{name}=" + $Env:{name} + "`0") }}\n'
        for name in outputs
    )


_END = {"Sh": _shell, "Bash": _shell, "Python": _python, "Pwsh": _powershell, "Powershell": _powershell}
COMMANDS: Mapping[str, Sequence[str]] = {
    "Sh": ("sh",),
    "Bash": ("bash",),
    "Python": ("python3",),
    "Pwsh": ("pwsh", "-NonInteractive", "-File"),
    "Powershell": ("powershell", "-NonInteractive", "-File"),
}


def shell_of(spec: Mapping[str, object]) -> str:
    """Give the shell that a Run's spec names."""
    return str(spec.get("shell") or SHELL)


def check(shell: str) -> None:
    """Raise BadInput for what is no shell of a Run step."""
    if shell not in COMMANDS:
        raise BadInput(f"There is no shell {shown(shell)}; it can be {choice(list(COMMANDS))}.")


def argv(script: Script) -> list[str]:
    """Give the command line of a script."""
    return [*COMMANDS[script.shell], str(script.file)]
