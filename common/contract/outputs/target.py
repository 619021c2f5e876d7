"""Chooses the dialect of the runner, and writes outputs in it, all of them or none."""

from __future__ import annotations

import base64
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple, TextIO

from common import log, secret
from common.contract.outputs import godotenv, places
from common.contract.outputs.carried import NotCarried, Value, text_of
from common.contract.outputs.dialects import DIALECTS, Dialect, Written
from common.errors import BadInput
from common.secret import Secret

BASE64 = "_B64"  # ends the name of the variable that holds in base64 what a notation cannot carry as it is
HARNESS = "harness"  # the dialect of the one runner that has a file for secrets
SECRETS = "HARNESS_OUTPUT_SECRET_FILE"  # contract, C.1
OTHERWISE = "Set OUTPUT_FORMAT=json and OUTPUT_FILE to a file with a name of your own to get every value as it is."


class OutputError(BadInput):
    """An output could not be handed over; nothing was written."""


class OutputTarget(NamedTuple):
    """Where this run's outputs go; checked, not yet touched."""

    dialect: Dialect
    named_by: str
    path: Path
    stdout: TextIO
    secrets: Path | None = None
    """The file for outputs that are secrets, of a runner that has one."""

    @property
    def description(self) -> str:
        """The target in the words of the log."""
        if self.dialect.problem is None:
            return f"standard output ({self.dialect.name})"
        return f"{self.named_by} ({self.path})"

    def write(self, given: Mapping[str, Value | Secret], *, informs: Collection[str] = ()) -> None:
        """Write all outputs, or none of them.

        An output that the dialect cannot carry is an error; of those in `informs`, which no later step needs, it is
        left out with a warning. So is a secret where the runner has no place for it.
        """
        outputs = {name: value for name, value in given.items() if not isinstance(value, Secret)}
        _refuse_secrets(outputs)
        self._write_secrets({name: value for name, value in given.items() if isinstance(value, Secret)})
        written: dict[str, str] = {}
        for name, value in outputs.items():
            try:
                written[name] = self._written(name, value)
            except NotCarried as refusal:
                self._leave_out(refusal, informs)
        while (excess := self._too_large(written, informs)) is not None:
            self._leave_out(excess, informs)
            del written[excess.name]
        if not written:
            return
        try:
            self.dialect.put(written, outputs, self.path, self.stdout)
        except BrokenPipeError:  # the frame of the step says so, and sees to what is still buffered
            raise
        except (OSError, places.NotADocument) as error:
            raise OutputError(
                f"The outputs could not be written to {self.description} by uid {os.geteuid()}: {error}.",
                next_step=self.dialect.cure,
            ) from error

    def _write_secrets(self, outputs: Mapping[str, Secret]) -> None:
        if not outputs:
            return
        if self.secrets is None:
            log.warning(f"This runner has no place for secret outputs; left out: {', '.join(outputs)}.")
            return
        try:
            lines = [godotenv.line(name, text_of(name, value.reveal())) for name, value in outputs.items()]
            places.append(self.secrets, "".join(lines))
        except NotCarried as refusal:
            raise OutputError(f"The secret output {refusal.name} cannot be written.", next_step=OTHERWISE) from refusal
        except OSError as error:
            raise OutputError(
                f"The secret outputs could not be written to {self.secrets}: {error.strerror}."
            ) from error

    def _written(self, name: str, value: Value) -> str:
        text = text_of(name, value, path=self.dialect.paths)
        if not text and self.dialect.base64 and places.file_size(self.path):
            # What an earlier step wrote there in base64 under this name would count, were it not taken back.
            return self._noted(name, "") + self._noted(f"{name}{BASE64}", "")
        try:
            return self._noted(name, text)
        except NotCarried as refusal:
            if not self.dialect.base64:
                raise
            encoded = base64.b64encode(text.encode()).decode()
            try:
                both = self._noted(name, "") + self._noted(f"{name}{BASE64}", encoded)
            except NotCarried:  # it is the size that is too large
                raise refusal from None
            log.warning(f"The output {name} is written as {name}{BASE64}, in base64: {refusal.reason}.")
            return both

    def _noted(self, name: str, text: str) -> str:
        noted = self.dialect.notation(name, text)
        if noted.isascii():  # the list of ten thousand entities need not be copied to see whether it can be
            return noted
        encoding = (self.dialect.base64 and self.dialect.problem is None and self.stdout.encoding) or "utf-8"
        try:
            noted.encode(encoding)
        except UnicodeEncodeError:
            raise NotCarried(name, f"standard output has the encoding {encoding}; set PYTHONUTF8=1") from None
        return noted

    def _too_large(self, written: Written, informs: Collection[str]) -> NotCarried | None:
        """Tell which output is in the way when all together are too large: the largest that only informs, if any."""
        limit = self.dialect.limit
        if not written or limit is None or (size := self.dialect.size(written, self.path)) <= limit:
            return None
        largest = max(written, key=lambda name: (name in informs, len(written[name])))
        return NotCarried(largest, f"all outputs together would have {size} bytes, and {limit} is the limit")

    def _leave_out(self, refusal: NotCarried, informs: Collection[str]) -> None:
        told = f"The output {refusal.name} cannot be written in the {self.dialect.name} format: {refusal.reason}."
        if refusal.name not in informs:
            raise OutputError(told, next_step=OTHERWISE)
        log.warning(f"{told} It only informs and is left out.")


def _refuse_secrets(outputs: Mapping[str, Value]) -> None:
    for name, value in outputs.items():
        if secret.is_held_by(str(value)):
            raise OutputError(
                f"The output {name} holds a secret, and outputs are shown to all who may see a run; none was written.",
                next_step=f"Look for the secret in the inputs that {name} is made of, and change that input.",
            )


def open_target(
    environ: Mapping[str, str], *, stdout: TextIO, format: str | None = None, file: str | None = None
) -> OutputTarget:
    """Choose the dialect, by what the user says before what the environment shows, and check its place."""
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
    secret_file = environ.get(SECRETS) if dialect.name == HARNESS else None
    return OutputTarget(dialect, named_by, path, stdout, Path(secret_file) if secret_file else None)


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
