"""The table of output dialects: how each runner is recognised, where and how it takes outputs, and its limit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TextIO

from common.contract.outputs import godotenv, notations, places
from common.contract.outputs.carried import Value

GITLAB_REPORT = "idp-steps.env"
GITLAB_REPORT_LIMIT = 5 * 1024 - 1  # bytes
TEKTON_RESULTS = "/tekton/results"
TEKTON_LIMIT = 4096  # bytes of the message that hands on all results of a step

Notation = Callable[[str, str], str]  # name and text -> what is written
Written = Mapping[str, str]  # name -> what its notation gave
Place = Callable[[Written, Mapping[str, Value], Path, TextIO], None]
Size = Callable[[Written, Path], int]

MAKE_WRITABLE = (
    "Make it writable for that user, run the container as another user, or set OUTPUT_FILE to a path it can write."
)
BE_ROOT = (
    "Use the -root tag of the image: GitHub runs container actions as root. Or set OUTPUT_FILE to a writable path."
)


def _append(written: Written, _outputs: Mapping[str, Value], path: Path, _stdout: TextIO) -> None:
    places.append(path, "".join(written.values()))


def _file_each(written: Written, _outputs: Mapping[str, Value], path: Path, _stdout: TextIO) -> None:
    places.write_files(path, written)


def _json_object(written: Written, outputs: Mapping[str, Value], path: Path, _stdout: TextIO) -> None:
    document = places.read_document(path) | {name: outputs[name] for name in written}
    places.replace(path, json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def _print(written: Written, _outputs: Mapping[str, Value], _path: Path, stdout: TextIO) -> None:
    stdout.write("".join(written.values()))
    stdout.flush()


def _print_table(written: Written, _outputs: Mapping[str, Value], _path: Path, stdout: TextIO) -> None:
    text = notations.table(written)
    if not text.isascii():
        encoding = stdout.encoding or "utf-8"
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    stdout.write(text)
    stdout.flush()


def _size_of_file(written: Written, path: Path) -> int:
    return places.file_size(path) + len("".join(written.values()).encode())


def _size_of_message(written: Written, _path: Path) -> int:
    return notations.tekton_size(written)


class Dialect(NamedTuple):
    """How one runner takes outputs.

    `notation` gives one output as text and `put` brings them to their place, all or none; `base64` tells that what the
    notation cannot carry is written as base64 under another name. `limit` is the largest `size` of all together.
    `paths` tells that a name may be the path of a file.
    `variables` name the path (or the directory of `file_name`), `flag` must be set too for the runner to be recognised,
    `fixed` is a path that only this runner has. `problem` checks the place; without it standard output is the place.
    """

    name: str
    notation: Notation
    put: Place
    problem: Callable[[Path], str | None] | None = None
    base64: bool = False
    limit: int | None = None
    size: Size = _size_of_file
    paths: bool = False
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
        Dialect(
            "github",
            notations.github,
            _append,
            places.file_problem,
            variables=("GITHUB_OUTPUT",),
            cure=BE_ROOT,
        ),
        Dialect(
            "harness",
            godotenv.line,
            _append,
            places.file_problem,
            base64=True,
            paths=True,
            variables=("DRONE_OUTPUT", "HARNESS_OUTPUT_FILE"),
        ),
        Dialect(
            "bitbucket",
            notations.bitbucket,
            _append,
            places.file_problem,
            base64=True,
            variables=("BITBUCKET_PIPELINES_VARIABLES_PATH",),
        ),
        Dialect(
            "gitlab",
            notations.gitlab,
            _append,
            places.file_problem,
            base64=True,
            limit=GITLAB_REPORT_LIMIT,
            variables=("CI_PROJECT_DIR",),
            file_name=GITLAB_REPORT,
            flag="GITLAB_CI",
        ),
        Dialect(
            "circleci",
            notations.circleci,
            _append,
            places.file_problem,
            variables=("BASH_ENV",),
            flag="CIRCLECI",
        ),
        Dialect("azure", notations.azure, _print, base64=True, flag="TF_BUILD"),
        Dialect(
            "tekton",
            notations.exact,
            _file_each,
            places.directory_problem,
            limit=TEKTON_LIMIT,
            size=_size_of_message,
            fixed=TEKTON_RESULTS,
        ),
        Dialect("argo", notations.argo, _file_each, places.directory_problem),
        Dialect("json", notations.exact, _json_object, places.document_problem, paths=True),
        Dialect("table", notations.exact, _print_table, paths=True),
    )
}
