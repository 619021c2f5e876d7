"""What the step and the process that renders tell each other: one JSON text each way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from common.errors import BadInput, Refused, StepError

KINDS: Mapping[str, type[StepError]] = {kind.__name__: kind for kind in (BadInput, Refused)}


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to render.

    template: the folder; around: those of the choices of templates that it was chosen from, the outermost first;
    repository: the one around all, which no link may leave. told: what the template is told to
    be (_template, _repo_dir, _checkout). given: the values of variables; strict: others than the template's are
    refused. project, scratch: empty folders, for the project and for other files; output: where the project goes in
    the end. hooks: which are run (see words.HOOKS); hook_timeout: in seconds; signature: the variables of git by
    which they commit. largest: bytes that a rendered file may have. parent: the step's process. user: the one that
    the process becomes where it is root; None to stay.
    """

    template: str
    around: Sequence[str]
    repository: str
    told: Mapping[str, str | None]
    given: Mapping[str, Any]
    strict: bool
    project: str
    scratch: str
    output: str
    hooks: str
    hook_timeout: int
    signature: Mapping[str, str]
    largest: int
    parent: int
    user: int | None

    def text(self) -> str:
        """Give the form that `Job(**json.loads(…))` reads."""
        return json.dumps(asdict(self))


@dataclass
class Answer:
    """What came of it: the name of the project's folder, or why there is none; the variables' values; and warnings.

    left_out: the hooks that were not run.
    """

    project: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    failure: tuple[str, str, str] | None = None  # kind, message, next step
    system: tuple[int, str, str] | None = None  # number, reason and file of an OSError
    bug: str = ""  # the traceback of anything else

    def text(self) -> str:
        """Give the form that `read` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: bytes) -> Answer:
        """Raise ValueError for what no such process has written."""
        try:
            answer = cls(**json.loads(text))
        except (TypeError, RecursionError) as error:
            raise ValueError(text) from error
        if not (answer.project or answer.bug or answer.system) and (answer.failure or [""])[0] not in KINDS:
            raise ValueError(text)
        return answer
