"""OpenTofu's command line: its own folder and settings, what it may fetch, and its words as failures of ours."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import log
from common.contract import child
from common.errors import BadInput, Conflict, NotAllowed, Refused, StepError, Unavailable, shown

PROGRAM = "tofu"
DEFINITION = "definition.tf"
ENVIRONMENT = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
GRACE = 30.0  # seconds to finish the resource at hand and to write the state
INSTALL = "Install OpenTofu (https://opentofu.org/docs/intro/install), or use an image that has it: images/README.md."
SAID = ("apply_start", "apply_progress", "apply_complete", "apply_errored", "refresh_start")
FORCE = "When nobody works on this state any more, release the lock with: tofu force-unlock"
_KINDS: tuple[tuple[re.Pattern[str], type[StepError], str], ...] = (
    (re.compile(r"acquiring the state lock", re.IGNORECASE), Unavailable, f"Run it again later. {FORCE} {{id}}"),
    (
        re.compile(r"failed to query available provider|provider.*not available|no available releases", re.IGNORECASE),
        BadInput,
        "Give the folder of a mirror with the Harness provider in PROVIDER_MIRROR, or set ALLOW_DOWNLOAD=true.",
    ),
    (
        re.compile(r"already exist|duplicate|DUPLICATE_FIELD", re.IGNORECASE),
        Conflict,
        "Import what exists by an import block, give it another identifier, or keep the first run's state (STATE_DIR).",
    ),
    (
        re.compile(r"\b401\b|\b403\b|unauthori[sz]ed|forbidden|not authorized|invalid api key", re.IGNORECASE),
        NotAllowed,
        "Give an xApiKey (set TF_VAR_X_API_KEY) whose owner may do what the definition asks for.",
    ),
    (
        re.compile(r"connection refused|no such host|timeout|\b50[234]\b|TLS handshake|x509", re.IGNORECASE),
        Unavailable,
        "Check TF_VAR_ENDPOINT and the network, and run it again.",
    ),
)
_LOCK = re.compile(r"^\s*ID:\s+(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Program:
    """OpenTofu in a folder that holds a definition. `due`: when it is asked to end, by the monotonic clock."""

    folder: Path
    environ: Mapping[str, str]
    due: float
    seconds: float

    def init(self, *settings: str) -> None:
        """Make the folder ready: the provider and the backend. Raises StepError."""
        lines: list[str] = []
        ended = self._run(("init", "-input=false", "-no-color", *settings), lines.append, merged=True)
        for line in lines:
            log.detail(line)
        if ended.code:
            raise failure("prepare the definition", [_of_text(lines)])

    def validate(self) -> None:
        """Have OpenTofu check the definition. Raises BadInput for what the provider does not know."""
        answer = _json(self._run(("validate", "-json"), log.detail, brief=True).stdout, "validate")
        wrong = _errors(answer.get("diagnostics"))
        if wrong or not answer.get("valid"):
            told = " ".join(map(described, wrong)) or "OpenTofu takes the definition for invalid."
            raise BadInput(told, next_step="Correct the resourceDefinition.")

    def plan(self, file: Path) -> dict[str, Any]:
        """Plan into a file, and give the plan. Raises StepError."""
        self._stream("plan", ("plan", "-input=false", f"-out={file}", "-json"))
        return _json(self._run(("show", "-json", str(file)), log.detail, brief=True).stdout, "show")

    def apply(self, file: Path) -> None:
        """Do what was planned, and say how far it is. Raises StepError."""
        self._stream("apply", ("apply", "-input=false", "-json", str(file)))

    def state(self) -> dict[str, Any]:
        """Give the state with all values."""
        return _json(self._run(("show", "-json"), log.detail, brief=True).stdout, "show")

    def _stream(self, doing: str, arguments: Sequence[str]) -> None:
        wrong: list[Mapping[str, Any]] = []
        others: list[str] = []

        def line(text: str) -> None:
            said = _object(text)
            if said.get("type") == "diagnostic" and isinstance(said.get("diagnostic"), dict):
                wrong.extend(_errors([said["diagnostic"]]))
                if said["diagnostic"].get("severity") == "warning":
                    log.warning(described(said["diagnostic"]))
            elif said.get("type") in SAID:
                log.info(str(said.get("@message", "")))
            elif not said:
                others.append(text)
                log.detail(text)

        ended = self._run(arguments, line, merged=True)
        if ended.timed_out:
            raise Unavailable(
                f"tofu {doing} did not end within {self.seconds:g} s, and was stopped in order.",
                next_step="Run it again, or raise STEP_TIMEOUT.",
            )
        if ended.code:
            raise failure(doing, wrong or [_of_text(others)])

    def _run(
        self, arguments: Sequence[str], line: Callable[[str], object], *, merged: bool = False, brief: bool = False
    ) -> child.Ended:
        try:
            return child.run(
                [PROGRAM, f"-chdir={self.folder}", *arguments],
                environ={**os.environ, **ENVIRONMENT, **self.environ},
                line=line,
                merged=merged,
                seconds=max(1.0, self.due - time.monotonic()),
                grace=GRACE,
                brief=brief,
                asked_by=signal.SIGINT,  # at SIGTERM, the provider's own process would end in the middle of a request
            )
        except child.NotStarted as error:
            raise BadInput(f"OpenTofu could not be started: {error}.", next_step=INSTALL) from error


def failure(doing: str, wrong: Sequence[Mapping[str, Any]]) -> StepError:
    """Make the failure of what OpenTofu says went wrong."""
    text = " ".join(map(described, wrong))
    for pattern, kind, advice in _KINDS:
        if pattern.search(text):
            found = _LOCK.search("\n".join(str(one.get("detail")) for one in wrong))
            return kind(f"OpenTofu could not {doing}: {text}", next_step=advice.format(id=found[1] if found else "ID"))
    return Refused(f"OpenTofu could not {doing}: {text}", next_step="Correct the resourceDefinition, and run it again.")


def described(said: Mapping[str, Any]) -> str:
    """Give what OpenTofu says of a fault in a sentence, with its line in the definition."""
    place = said.get("range") or {}
    line = (place.get("start") or {}).get("line") if place.get("filename") == DEFINITION else None
    summary, detail = (_sentence(str(said.get(name) or "")) for name in ("summary", "detail"))
    address = f"{said['address']}: " if said.get("address") else ""
    where = f"RESOURCE_DEFINITION, line {line}: " if line else ""
    return f"{where}{address}{summary} {detail}".strip()


def _sentence(text: str) -> str:
    words = " ".join(text.split())
    words = words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
    return f"{words}." if words and words[-1] not in ".!?…" else words


LONGEST = 600  # characters of what OpenTofu says of one fault


def _errors(said: Any) -> list[Mapping[str, Any]]:
    return [one for one in said or () if isinstance(one, dict) and one.get("severity") == "error"]


def _of_text(lines: Sequence[str]) -> Mapping[str, Any]:
    """Give what OpenTofu has printed as text, from where it says Error."""
    said = [line.strip("│╷╵ ") for line in lines]
    start = next((number for number, line in enumerate(said) if line.startswith("Error: ")), None)
    if start is None:
        return {"summary": " ".join(said[-3:]) or "it gave no reason"}
    return {"summary": said[start].removeprefix("Error: "), "detail": "\n".join(said[start + 1 :])}


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _json(text: str, command: str) -> dict[str, Any]:
    said = _object(text)
    if not said:
        raise Refused(f"tofu {command} gave no JSON but {shown(text)}.", next_step="Use OpenTofu 1.6 or newer.")
    return said
