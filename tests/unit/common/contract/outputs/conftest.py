"""Readers for every dialect, written from each runner's grammar: what the writers are measured against."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import b64decode
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp

import pytest

from common.contract.outputs import OutputTarget, open_target

Reader = Callable[[Path, str], dict[str, str]]  # the place and what stdout received -> outputs

_REFERENCE = re.compile(r"(\\?)\$\(?\{?([A-Z0-9_]*)\}?")
_V4_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "b": "\b", "v": "\v", '"': '"'}
_V4_SPACE = "\t\v\f\r \x85\xa0"


class Rejected(Exception):
    """The reader would drop the file."""


def _resolved(text: str, earlier: dict[str, str]) -> str:
    def expanded(match: re.Match[str]) -> str:
        escaped, name = match.groups()
        if escaped:
            return match[0][1:]
        return earlier.get(name, "") if name else match[0]

    return _REFERENCE.sub(expanded, text)


def _without_comment(line: str) -> str:
    """Drop the pieces between hashes that stand outside quotes, as counted piece by piece."""
    quoted = False
    kept: list[str] = []
    for piece in line.split("#"):
        flips = 1 in (piece.count("'"), piece.count('"'))
        if not kept or quoted or flips:
            kept.append(piece)
        quoted ^= flips
    return "#".join(kept)


def read_by_line(content: bytes) -> dict[str, str]:
    """joho/godotenv 1.4 and harness/godotenv v2."""
    found: dict[str, str] = {}
    for raw in content.split(b"\n"):
        if len(raw) >= 65_536:
            raise Rejected("a line is too long")
        line = raw.removesuffix(b"\r").decode()
        if not line.strip() or line.strip().startswith("#"):
            continue
        match = re.search("[=:]", line := _without_comment(line))
        if not match:
            raise Rejected(line)
        key = re.sub(r"^export[\t\f\r ]+", "", line[: match.start()].lstrip("\t\f\r ")).rstrip("\t\f\r ")
        text = line[match.end() :].strip(" ")
        quote = text[0] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else ""
        text = text[1:-1] if quote else text
        if quote == '"':
            text = re.sub(r"\\([^$])", lambda pair: {"n": "\n", "r": "\r"}.get(pair[1], pair[1]), text)
        found[key] = text if quote == "'" or len(line[match.end() :].strip(" ")) < 2 else _resolved(text, found)
    return found


def read_as_a_whole(content: bytes) -> dict[str, str]:
    """harness/godotenv v4."""
    rest = content.decode().replace("\r\n", "\n")
    found: dict[str, str] = {}
    while rest := rest.lstrip():
        if rest[0] == "#":
            rest = rest.partition("\n")[2]
            continue
        match = re.match(r"(?:export[\t\v\f\r ]+)?([A-Za-z0-9_./\t\v\f\r -]*?)[\t\v\f\r ]*[=:]", rest)
        if not match:
            raise Rejected(rest)
        key, rest = match[1], rest[match.end() :].lstrip(_V4_SPACE)
        if rest[:1] in ("'", '"'):
            quote = rest[0]
            end = re.compile(rf"(?<!\\){quote}").search(rest, 1)
            if not end:
                raise Rejected(rest)
            text, rest = rest[: end.start()].strip(quote), rest[end.end() :]
            if quote == '"':
                text = re.sub(r"\\(.)", lambda pair: _V4_ESCAPES.get(pair[1], pair[0]), text)
                text = _resolved(text, found)
            found[key] = text
        else:
            text = re.split("[\n\r]", rest, maxsplit=1)[0]
            rest = rest[len(text) :]
            comments = [i for i in range(1, len(text)) if text[i] == "#" and text[i - 1] in _V4_SPACE]
            found[key] = _resolved(text[: comments[-1] if comments else None].strip(_V4_SPACE), found)
    return found


def _harness(place: Path, _stdout: str) -> dict[str, str]:
    by_line, whole = read_by_line(place.read_bytes()), read_as_a_whole(place.read_bytes())
    assert by_line == whole
    assert not [value for value in whole.values() if value.startswith("__B64__")]
    return whole


def _github(place: Path, _stdout: str) -> dict[str, str]:
    lines = iter(place.read_bytes().decode().split("\n"))
    found: dict[str, str] = {}
    for line in lines:
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            found[line[:equals]] = line[equals + 1 :]
        elif heredoc >= 0:
            name, delimiter = line[:heredoc], line[heredoc + 2 :]
            held = []
            while (inner := next(lines)) != delimiter:
                held.append(inner)
            found[name] = "\n".join(held)
        elif line:
            raise Rejected(line)
    return found


def _gitlab(place: Path, _stdout: str) -> dict[str, str]:
    content = place.read_bytes()
    assert len(content) < 5120
    found: dict[str, str] = {}
    for line in content.decode().removesuffix("\n").split("\n"):
        name, separator, value = line.partition("=")
        if not separator or not re.fullmatch("[A-Za-z0-9_]+", name) or re.search(r"\s", value):
            raise Rejected(line)
        found[name] = re.sub(r"\$\{?\w*\}?", "", value)  # what a later job makes of it
    return found


def _bitbucket(place: Path, _stdout: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in place.read_bytes().decode().removesuffix("\n").split("\n"):
        name, separator, value = line.partition("=")
        if not separator or value != value.strip() or "\r" in value:
            raise Rejected(line)
        found[name] = value
    return found


def _circleci(place: Path, _stdout: str) -> dict[str, str]:
    """Bash itself says what it makes of the file; `env -0` that a later command can start with it."""
    shell = subprocess.run(
        ["bash", "--norc", "-c", '. "$1" && exec env -0', "bash", str(place)], capture_output=True, env={}, check=False
    )
    if shell.returncode or shell.stderr:
        raise Rejected(shell.stderr.decode())
    pairs = dict(entry.partition("=")[::2] for entry in shell.stdout.decode().split("\0") if entry)
    return {name: value for name, value in pairs.items() if name not in ("_", "PWD", "SHLVL", "OLDPWD")}


def _azure(_place: Path, stdout: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in re.split("[\n\r]", stdout):
        command = re.fullmatch(r"##vso\[task\.setvariable ([^\]]*)\](.*)", line, re.DOTALL)
        if not line:
            continue
        assert command, line
        properties = dict(pair.split("=", 1) for pair in command[1].split(";") if pair)
        assert properties["isoutput"] == "true"
        value = command[2]
        for code, character in (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%")):
            value = value.replace(code, character)
        found[properties["variable"]] = value
    return found


def _tekton(place: Path, _stdout: str) -> dict[str, str]:
    return {file.name: file.read_bytes().decode() for file in place.iterdir()}


def _argo(place: Path, _stdout: str) -> dict[str, str]:
    return {file.name: file.read_bytes().decode().removesuffix("\n") for file in place.iterdir()}


def _json(place: Path, _stdout: str) -> dict[str, str]:
    found = json.loads(place.read_bytes())
    assert all(isinstance(value, str) for value in found.values())
    return dict(found)


READERS: dict[str, Reader] = {
    "harness": _harness,
    "github": _github,
    "gitlab": _gitlab,
    "bitbucket": _bitbucket,
    "circleci": _circleci,
    "azure": _azure,
    "tekton": _tekton,
    "argo": _argo,
    "json": _json,
}


class Written:
    """A target in a fresh place, and what it holds by the dialect's reader."""

    def __init__(self, dialect: str, directory: Path) -> None:
        self.dialect = dialect
        self.place = directory / "place"
        if dialect in ("tekton", "argo"):
            self.place.mkdir()
        self._stdout = StringIO()
        file = None if dialect == "azure" else str(self.place)
        self.target: OutputTarget = open_target({}, stdout=self._stdout, format=dialect, file=file)

    def read(self) -> dict[str, str]:
        """Read as docs/outputs.md says: a value that is empty may be in base64, under another name."""
        found = READERS[self.dialect](self.place, self._stdout.getvalue())
        plain = {name: text for name, text in found.items() if not name.endswith("_B64")}
        return {name: text or b64decode(found.get(f"{name}_B64", "")).decode() for name, text in plain.items()}

    def names(self) -> set[str]:
        return set(READERS[self.dialect](self.place, self._stdout.getvalue()))

    def bytes(self) -> dict[str, bytes]:
        """Everything that was written anywhere."""
        files = [file for file in self.place.parent.rglob("*") if file.is_file()]
        return {str(file): file.read_bytes() for file in files} | {"stdout": self._stdout.getvalue().encode()}


@pytest.fixture(params=sorted(READERS), scope="session")
def dialect(request: pytest.FixtureRequest) -> str:
    """Each dialect that a runner reads."""
    return str(request.param)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Written]:
    """Make a target of the dialect in a place of its own."""
    base = tmp_path_factory.mktemp("written")
    return lambda dialect: Written(dialect, Path(mkdtemp(dir=base)))


@pytest.fixture(scope="session")
def godotenv_readers() -> list[Callable[[bytes], dict[str, str]]]:
    """The two readers of the Harness engine."""
    return [read_by_line, read_as_a_whole]
