"""Inputs of a step: one declaration gives the flag, every variable name, the spec field, the type and the help.

A step declares a frozen dataclass whose fields are made by `option`; a field whose type is itself such a dataclass is a
shared group. `resolve` finds each value (flag, then names addressed to this step, then the platform's names), turns it
into its type, and reports everything that is missing or malformed at once.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar

from common.contract import values
from common.errors import BadInput
from common.secret import Secret

ADDRESSED = ("PLUGIN_", "INPUT_", "PARAM_")  # how Drone and Woodpecker, GitHub, and Tekton tasks address a step

Given = Mapping[str, Any]
InputsT = TypeVar("InputsT")


@dataclass(frozen=True)
class Option:
    """What one `option()` declares."""

    field: str
    env: tuple[str, ...]
    help: str
    default: Any
    choices: tuple[str, ...]
    prefix: str | None
    multiline: bool
    spec: bool
    aliases: tuple[str, ...]
    exclusive: str | None
    required_if: Callable[[Given], bool] | None
    at_least: int | None
    kind: type | object = str

    @property
    def secret(self) -> bool:
        return self.kind is Secret

    @property
    def required(self) -> bool:
        return self.default is MISSING

    @property
    def flag(self) -> str:
        """The flag; a secret's takes a file, for a value in argv is shown by `ps`."""
        return f"--{kebab(self.field)}" + ("-file" if self.secret else "")

    def addressed(self) -> Iterator[str]:
        """Give the variable names by which a runner speaks to this step alone."""
        fields = (self.field, *self.aliases)
        spellings = [form for name in fields for form in (snake(name), name.upper(), kebab(name).upper())]
        for prefix in ADDRESSED:
            yield from dict.fromkeys(prefix + name for name in (*spellings, *self.env))


def option(  # noqa: PLR0913 - every argument but the first two is optional and keyword-only
    field: str,
    *,
    help: str,
    env: Sequence[str] = (),
    default: Any = MISSING,
    choices: Sequence[str] = (),
    prefix: str | None = None,
    multiline: bool = False,
    spec: bool = True,
    aliases: Sequence[str] = (),
    exclusive: str | None = None,
    required_if: Callable[[Given], bool] | None = None,
    at_least: int | None = None,
) -> Any:
    """Declare one input.

    field: its name in the pipeline's YAML, in camelCase; spec=False when it has no place there.
    env: the platform's current variable, then its older ones. default: absent means required.
    choices: allowed texts. prefix: a map's entries may each come as a variable that starts so.
    multiline: the text is kept to the byte; otherwise blanks around it go. aliases: other spec names of the same input.
    exclusive: inputs of one such group exclude each other, so one addressed to this step silences a rival that merely
    lies in the environment (a pipeline variable that happens to be called EMAIL).
    required_if: given the values by field, tells whether this one may not be absent. at_least: the smallest number.
    """
    declared = Option(
        field,
        tuple(env),
        help,
        default,
        tuple(choices),
        prefix,
        multiline,
        spec,
        tuple(aliases),
        exclusive,
        required_if,
        at_least,
    )
    if isinstance(default, list | dict):
        return dataclasses.field(default_factory=default.copy, metadata={"option": declared})
    return dataclasses.field(default=default, metadata={"option": declared})


def options_of(group: type) -> list[Option]:
    """Give the options of a dataclass and of the groups inside it, in order. What two groups declare is one input."""
    return list({declared.field: declared for _, declared in _declarations(group)}.values())


@dataclass(frozen=True)
class Resolved(Generic[InputsT]):
    """A step's inputs, and by field the flag or variable each given value came from."""

    inputs: InputsT
    sources: Mapping[str, str]


class _Rank(enum.IntEnum):
    FLAG = 0
    ADDRESSED = 1  # a variable that can only be meant for this step
    AROUND = 2  # a variable that may be meant for it, or lie in the environment for another reason


@dataclass(frozen=True)
class _Found:
    text: str | None
    source: str
    rank: _Rank
    parsed: Any = None


def resolve(group: type[InputsT], flags: Mapping[str, str], environ: Mapping[str, str]) -> Resolved[InputsT]:
    """Make the inputs from flags (by option field) and variables. Raises one BadInput that tells all faults."""
    faults: list[str] = []
    found: dict[str, _Found] = {}
    declared = options_of(group)
    for one in declared:
        try:
            hit = _find(one, flags, environ)
        except ValueError as fault:
            faults.append(str(fault))
            continue
        if hit is not None:
            found[one.field] = hit
    found = _without_silenced(declared, found)
    given: dict[str, Any] = {}
    for one in declared:
        if one.field in found:
            try:
                given[one.field] = _parse(one, found[one.field])
            except ValueError as fault:
                faults.append(f"{found[one.field].source} {fault}.")
    known = {one.field: given.get(one.field, None if one.required else one.default) for one in declared}
    missing = [
        one
        for one in declared
        if one.field not in found and (one.required or (one.required_if is not None and one.required_if(known)))
    ]
    unreadable = bool(faults)
    if missing:
        names = ", ".join(_missing(one, declared) for one in missing)
        faults.insert(0, f"Required input is missing: {names}.")
    if faults:
        raise BadInput(" ".join(faults), next_step="" if unreadable else "--help lists every name and meaning.")
    return Resolved(_build(group, given), {field: hit.source for field, hit in found.items()})


def _build(group: type[InputsT], given: Mapping[str, Any]) -> InputsT:
    arguments: dict[str, Any] = {}
    for name, hint, declared in _fields(group):
        if declared is None:
            arguments[name] = _build(hint, given)
        elif declared.field in given:
            arguments[name] = given[declared.field]
    return group(**arguments)


def _fields(group: type) -> Iterator[tuple[str, Any, Option | None]]:
    hints = typing.get_type_hints(group)
    for one in dataclasses.fields(group):
        declared = one.metadata.get("option")
        hint = _without_none(hints[one.name])
        yield one.name, hint, dataclasses.replace(declared, kind=hint) if declared else None


def _declarations(group: type) -> Iterator[tuple[str, Option]]:
    for name, hint, declared in _fields(group):
        if declared is None:
            yield from _declarations(hint)
        else:
            yield name, declared


def _without_none(hint: Any) -> Any:
    if typing.get_origin(hint) in (UnionType, typing.Union):
        (only,) = (one for one in typing.get_args(hint) if one is not NoneType)
        return only
    return hint


def _find(one: Option, flags: Mapping[str, str], environ: Mapping[str, str]) -> _Found | None:
    if (text := values.given(flags.get(one.field))) is not None:
        return _Found(values.read_file(one.flag, text) if one.secret else text, one.flag, _Rank.FLAG)
    for rank, names in ((_Rank.ADDRESSED, one.addressed()), (_Rank.AROUND, one.env)):
        for name in names:
            hit = _read(one, name, rank, environ)
            if hit is not None:
                return hit
    if one.prefix is not None:
        entries = values.entries(one.prefix, environ)
        return _Found(None, f"{one.prefix}*", _Rank.AROUND, entries) if entries else None
    return None


def _read(one: Option, name: str, rank: _Rank, environ: Mapping[str, str]) -> _Found | None:
    if (text := values.given(environ.get(name))) is not None:
        return _Found(text, name, rank)
    if (path := values.given(environ.get(f"{name}_FILE"))) is not None:
        text = values.read_file(f"{name}_FILE", path)
        return _Found(text, f"{name}_FILE", rank) if values.given(text) is not None else None
    if typing.get_origin(one.kind) is list and (count := values.given(environ.get(f"{name}_COUNT"))) is not None:
        return _Found(None, f"{name}_COUNT", rank, values.counted(name, count, environ))
    return None


def _without_silenced(declared: Sequence[Option], found: Mapping[str, _Found]) -> dict[str, _Found]:
    addressed = {one.exclusive for one in declared if one.field in found and found[one.field].rank < _Rank.AROUND}
    return {
        one.field: found[one.field]
        for one in declared
        if one.field in found
        and (one.exclusive is None or one.exclusive not in addressed or found[one.field].rank < _Rank.AROUND)
    }


def _parse(one: Option, hit: _Found) -> Any:
    value = hit.parsed
    if hit.text is not None:
        value = values.parse(one.kind, hit.text, multiline=one.multiline)
    if one.choices and value not in one.choices:
        raise ValueError(f"is {value!r}; it can be {', '.join(one.choices)}")
    if one.at_least is not None and value < one.at_least:
        raise ValueError(f"is {value}; it can be {one.at_least} or more")
    return value


def _missing(one: Option, declared: Sequence[Option]) -> str:
    either = [other for other in declared if one.exclusive is not None and other.exclusive == one.exclusive] or [one]
    return f"{' or '.join(other.field for other in either)} (set {' or '.join(_advice(other) for other in either)})"


def _advice(one: Option) -> str:
    return one.env[0] if one.env else f"{one.flag} or {next(one.addressed())}"


def kebab(name: str) -> str:
    """Spell codeDirectory as code-directory."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def snake(name: str) -> str:
    """Spell codeDirectory as CODE_DIRECTORY."""
    return kebab(name).replace("-", "_").upper()
