"""Inputs of a step: one declaration gives the flag, every variable name, the spec field, the type and the help.

A step declares a frozen dataclass whose fields are made by `option`; a field whose type is itself such a dataclass is a
shared group. Nothing here reads a value: that is done by `resolve`.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING
from types import NoneType, UnionType
from typing import Any, NamedTuple

from common.secret import Secret

ADDRESSED = ("PLUGIN_", "INPUT_", "PARAM_")  # how Drone and Woodpecker, GitHub, and Tekton tasks address a step

LONGEST_QUOTED = 100  # characters of a value in a message

Given = Mapping[str, Any]
Check = Callable[[Any, str], Sequence[str]]
Lacks = Callable[[Given, Sequence[str]], Sequence[str]]
"""From the values by field, and the names of the required inputs that are missing: the names of what else is."""


class Option(NamedTuple):
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
    alternative: str
    check: Check | None
    required_if: Callable[[Given], bool] | None
    at_least: int | None
    required_in_spec: bool
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
    alternative: str | None = None,
    check: Check | None = None,
    required_if: Callable[[Given], bool] | None = None,
    at_least: int | None = None,
    required_in_spec: bool = False,
) -> Any:
    """Declare one input.

    field: its name in the pipeline's YAML, in camelCase; spec=False when it has no place there.
    env: the platform's current variable, then its older ones. default: absent means required.
    choices: allowed texts. prefix: a map's entries may each come as a variable that starts so.
    multiline: the text is kept to the byte; otherwise blanks around it go. aliases: other spec names of the same input.
    exclusive: of the inputs of one such group, one is given; but those of one `alternative` are given together. One
    addressed to this step silences others that merely lie in the environment (a pipeline variable that happens to be
    called EMAIL). check: given the value and the name it came from, gives sentences that tell what is wrong with it.
    required_if: given the values by field, tells whether this one may not be absent. at_least: the smallest number.
    required_in_spec: it may not be absent in the pipeline's YAML, where what takes its place has none, or the platform
    refuses its default.
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
        alternative or field,
        check,
        required_if,
        at_least,
        required_in_spec,
    )
    if isinstance(default, list | dict):
        return dataclasses.field(default_factory=default.copy, metadata={"option": declared})
    return dataclasses.field(default=default, metadata={"option": declared})


def nothing_more(_values: Given, _missing: Sequence[str]) -> Sequence[str]:
    """Say that required inputs are all that can be missing."""
    return ()


def matching(pattern: str, fault: str) -> Check:
    """Give a check that the whole text fits a pattern; `fault` ends the sentence when it does not, as in 'is no id'."""

    def check(text: str, source: str) -> list[str]:
        return [] if re.fullmatch(pattern, text) else [f"{source} is {shown(text)}, which {fault}."]

    return check


def shown(value: object) -> str:
    """Give a value as a message may quote it: not the whole of a long one."""
    text = repr(value)
    return text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}… ({len(text)} characters)"


def options_of(group: type) -> list[Option]:
    """Give the options of a dataclass and of the groups inside it, in order. What two groups declare is one input."""
    options: dict[str, Option] = {}
    for _, hint, declared in fields_of(group):
        found = options_of(hint) if declared is None else [declared]
        options |= {option.field: option for option in found}
    return list(options.values())


def fields_of(group: type) -> Iterator[tuple[str, Any, Option | None]]:
    """Give the fields of a dataclass: the name, the type, and what is declared of it; nothing for a group inside."""
    hints = _types(group)
    for field in dataclasses.fields(group):
        declared = field.metadata.get("option")
        hint = _without_none(hints[field.name])
        yield field.name, hint, declared._replace(kind=hint) if declared else None


@functools.cache  # types are written as text, which takes long to read; each part of a start asks for them
def _types(group: type) -> dict[str, Any]:
    return typing.get_type_hints(group)


def _without_none(hint: Any) -> Any:
    if typing.get_origin(hint) in (UnionType, typing.Union):
        (only,) = (part for part in typing.get_args(hint) if part is not NoneType)
        return only
    return hint


@functools.cache
def kebab(name: str) -> str:
    """Spell codeDirectory as code-directory."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def snake(name: str) -> str:
    """Spell codeDirectory as CODE_DIRECTORY."""
    return kebab(name).replace("-", "_").upper()
