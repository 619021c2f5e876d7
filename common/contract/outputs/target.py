"""The table of output dialects: how each is recognised, where it writes, and how; and the choice among them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from common import log
from common.contract.outputs import godotenv, notations, places
from common.contract.outputs.carried import NotCarried, Value, texts
from common.errors import BadInput

GITLAB_REPORT = "idp-steps.env"
GITLAB_REPORT_LIMIT = 5 * 1024  # bytes; a report must be smaller
TEKTON_RESULTS = "/tekton/results"
TEKTON_COMFORTABLE = 4_000  # bytes; the termination message that carries all results of a task ends at 4096

Notation = Callable[[str, str], str]
Writer = Callable[[Mapping[str, Value], Path, TextIO], None]

OTHERWISE = "Set OUTPUT_FORMAT=json and OUTPUT_FILE to a file with a name of your own to get every value as it is."
MAKE_WRITABLE = (
    "Make it writable for that user, run the container as another user, or set OUTPUT_FILE to a path it can write."
)
BE_ROOT = (
    "Use the -root tag of the image: GitHub runs container actions as root. Or set OUTPUT_FILE to a writable path."
)


class OutputError(BadInput):
    """An output could not be handed over; nothing was written."""


def _appended(notation: Notation, *, limit: int | None = None) -> Writer:
    def write(outputs: Mapping[str, Value], path: Path, _stdout: TextIO) -> None:
        lines = {name: notation(name, text) for name, text in texts(outputs).items()}
        text = "".join(lines.values())
        size = places.file_size(path) + len(text.encode())
        if limit is not None and size >= limit:
            largest = max(lines, key=lambda name: len(lines[name]))
            raise NotCarried(largest, f"the file would have {size} bytes and must stay below {limit}")
        places.append(path, text)

    return write


def _file_each(notation: Notation, *, comfortable: int | None = None) -> Writer:
    def write(outputs: Mapping[str, Value], path: Path, _stdout: TextIO) -> None:
        contents = {name: notation(name, text) for name, text in texts(outputs).items()}
        size = sum(len(content.encode()) for content in contents.values())
        if comfortable is not None and size > comfortable:
            log.warning(
                f"The outputs have {size} bytes; results of more than {comfortable} bytes in all may be cut or lost."
            )
        places.write_files(path, contents)

    return write


def _json_object(outputs: Mapping[str, Value], path: Path, _stdout: TextIO) -> None:
    texts(outputs)  # refuses what is no text
    document = places.read_document(path) | dict(outputs)
    places.replace(path, json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def _logging_commands(outputs: Mapping[str, Value], _path: Path, stdout: TextIO) -> None:
    encoding = stdout.encoding or "utf-8"
    commands = []
    for name, text in texts(outputs).items():
        commands.append(notations.azure(name, text))
        try:
            commands[-1].encode(encoding)
        except UnicodeEncodeError:
            raise NotCarried(name, f"standard output has the encoding {encoding}; set PYTHONUTF8=1") from None
    stdout.write("".join(commands))
    stdout.flush()


def _table(outputs: Mapping[str, Value], _path: Path, stdout: TextIO) -> None:
    encoding = stdout.encoding or "utf-8"
    stdout.write(notations.table(texts(outputs)).encode(encoding, "backslashreplace").decode(encoding))
    stdout.flush()


@dataclass(frozen=True)
class Dialect:
    """How one runner takes outputs.

    `variables` name the path (or the directory of `file_name`), `flag` must be set too for the runner to be recognised,
    `fixed` is a path that only this runner has. `problem` checks the place; without it standard output is the place.
    """

    name: str
    write: Writer
    problem: Callable[[Path], str | None] | None = None
    variables: tuple[str, ...] = ()
    file_name: str = ""
    flag: str = ""
    fixed: str = ""
    cure: str = MAKE_WRITABLE

    def location(self, environ: Mapping[str, str]) -> tuple[str, Path] | None:
        """Give the path that the runner names, and by what."""
        for variable in self.variables:
            if value := environ.get(variable):
                return variable, Path(value, self.file_name)
        return (self.name, Path(self.fixed)) if self.fixed else None

    def recognises(self, environ: Mapping[str, str]) -> bool:
        """Whether the environment is this runner's."""
        if self.flag and not environ.get(self.flag):
            return False
        if self.fixed:
            return Path(self.fixed).is_dir()
        return self.location(environ) is not None if self.variables else bool(self.flag)


# The order is the order of detection: what names a file for this very step comes before what a machine merely has.
DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect("github", _appended(notations.github), places.file_problem, variables=("GITHUB_OUTPUT",), cure=BE_ROOT),
        Dialect(
            "harness", _appended(godotenv.line), places.file_problem, variables=("DRONE_OUTPUT", "HARNESS_OUTPUT_FILE")
        ),
        Dialect(
            "bitbucket",
            _appended(notations.bitbucket),
            places.file_problem,
            variables=("BITBUCKET_PIPELINES_VARIABLES_PATH",),
        ),
        Dialect(
            "gitlab",
            _appended(notations.gitlab, limit=GITLAB_REPORT_LIMIT),
            places.file_problem,
            variables=("CI_PROJECT_DIR",),
            file_name=GITLAB_REPORT,
            flag="GITLAB_CI",
        ),
        Dialect(
            "circleci", _appended(notations.circleci), places.file_problem, variables=("BASH_ENV",), flag="CIRCLECI"
        ),
        Dialect("azure", _logging_commands, flag="TF_BUILD"),
        Dialect(
            "tekton",
            _file_each(notations.exact, comfortable=TEKTON_COMFORTABLE),
            places.directory_problem,
            fixed=TEKTON_RESULTS,
        ),
        Dialect("argo", _file_each(notations.argo), places.directory_problem),
        Dialect("json", _json_object, places.document_problem),
        Dialect("table", _table),
    )
}


@dataclass(frozen=True)
class OutputTarget:
    """Where this run's outputs go; checked, not yet touched."""

    dialect: Dialect
    named_by: str
    path: Path
    stdout: TextIO

    @property
    def description(self) -> str:
        """The target in the words of the log."""
        if self.dialect.problem is None:
            return f"standard output ({self.dialect.name})"
        return f"{self.named_by} ({self.path})"

    def write(self, outputs: Mapping[str, Value]) -> None:
        """Write all outputs, or none of them."""
        if not outputs:
            return
        try:
            self.dialect.write(outputs, self.path, self.stdout)
        except NotCarried as error:
            raise OutputError(
                f"The output {error.name} cannot be written in the {self.dialect.name} format: {error.reason}.",
                next_step=OTHERWISE,
            ) from None
        except BrokenPipeError:  # the frame of the step says so, and sees to what is still buffered
            raise
        except (OSError, places.NotADocument) as error:
            raise OutputError(
                f"The outputs could not be written to {self.description} by uid {os.geteuid()}: {error}.",
                next_step=self.dialect.cure,
            ) from error


def open_target(
    environ: Mapping[str, str], *, stdout: TextIO, format: str | None = None, file: str | None = None
) -> OutputTarget:
    """Choose the dialect, by what the portal_client says before what the environment shows, and check its place."""
    dialect = _chosen(environ, format, file)
    if dialect.problem is None:
        if file:
            raise BadInput(
                f"The output format {dialect.name} goes to standard output and takes no OUTPUT_FILE ({file}).",
                next_step="Leave one of OUTPUT_FORMAT and OUTPUT_FILE out.",
            )
        return OutputTarget(dialect, dialect.name, Path(), stdout)
    location = ("OUTPUT_FILE", Path(file).absolute()) if file else dialect.location(environ)
    if location is None:
        raise BadInput(
            f"The output format {dialect.name} needs a place to write to, and none is given.",
            next_step=f"Set {' or '.join((*dialect.variables, 'OUTPUT_FILE'))}.",
        )
    named_by, path = location
    if problem := dialect.problem(path):
        raise BadInput(
            f"The outputs cannot be written to {path} ({named_by}) by uid {os.geteuid()}: {problem}.",
            next_step=dialect.cure,
        )
    return OutputTarget(dialect, named_by, path, stdout)


def _chosen(environ: Mapping[str, str], format_name: str | None, file: str | None) -> Dialect:
    if format_name:
        if dialect := DIALECTS.get(format_name.strip().lower()):
            return dialect
        raise BadInput(
            f"The output format {format_name!r} is not known.",
            next_step=f"Set OUTPUT_FORMAT to one of {', '.join(sorted(DIALECTS))}, or leave it out.",
        )
    if file:
        if places.is_directory(Path(file)):
            return DIALECTS["argo"]
        return DIALECTS["json" if file.lower().endswith(".json") else "harness"]
    return next((dialect for dialect in DIALECTS.values() if dialect.recognises(environ)), DIALECTS["table"])
