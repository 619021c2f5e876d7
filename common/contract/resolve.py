"""Finds the values of declared inputs: flags first, then names addressed to the step, then the platform's names.

Everything that is missing, malformed, contradictory or given beside what excludes it is told at once, by name. No value
of a secret is in a message.
"""

from __future__ import annotations

import enum
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from common.contract import values
from common.contract.inputs import Lacks, Option, fields_of, nothing_more, options_of, shown
from common.errors import BadInput

LARGEST = 2**31 - 1  # of a whole number: what git and the clocks of a process take
RENAME = "A pipeline variable of such a name reaches every step and may be the cause: rename it."

InputsT = TypeVar("InputsT")


class Resolved(NamedTuple, Generic[InputsT]):
    """A step's inputs, and by field the flag or variable each given value came from."""

    inputs: InputsT
    sources: Mapping[str, str]


class _Rank(enum.IntEnum):
    FLAG = 0
    ADDRESSED = 1  # a variable that can only be meant for this step
    AROUND = 2  # a variable that may be meant for it, or lie in the environment for another reason


class _Found(NamedTuple):
    """A value that was found. `entries`: those of a map that came each as a variable."""

    text: str | None
    source: str
    rank: _Rank
    parsed: Any = None
    entries: Mapping[str, Any] = {}


_Finds = dict[str, list[_Found]]  # field -> what was found under names of one rank


def resolve(
    group: type[InputsT],
    flags: Mapping[str, str],
    environ: Mapping[str, str],
    *,
    lacks: Lacks = nothing_more,
) -> Resolved[InputsT]:
    """Make the inputs from flags (by option field) and variables. Raises one BadInput that tells all faults.

    lacks: names what is missing besides the inputs that are declared as required, so that all of it is told at once.
    """
    faults: list[str] = []
    declared = list({option.field: option for option in options_of(group)}.values())  # groups may share a field
    found, unreadable = _find_all(declared, flags, environ, faults)
    faults += _settle_exclusive(declared, found)
    given: dict[str, Any] = {}
    for option in declared:
        if option.field in found:
            given |= _given(option, found[option.field], faults)
    missing = [option for option in _missing(declared, found, given) if option.field not in unreadable]
    next_step = "" if faults else "--help lists every name and meaning."
    names = list(dict.fromkeys(_told(option, declared) for option in missing))
    if not faults:
        names += lacks({option.field: given.get(option.field, option.default) for option in declared}, names)
    if names:
        faults.insert(0, f"Required input is missing: {', '.join(names)}.")
    if faults:
        raise BadInput(" ".join(faults), next_step=next_step)
    return Resolved(build(group, given), {field: hits[0].source for field, hits in found.items()})


class Fault(NamedTuple):
    """What `resolve` would refuse. `is_open`: a part of the value is not known yet."""

    field: str
    text: str
    is_open: bool = False


def check(declared: Sequence[Option], environ: Mapping[str, str], later: str) -> list[Fault]:
    """Tell what `resolve` would refuse, before all is known: `later` stands for what is not.

    An input with such a value counts as given, and only what a check says of a text with more in it is told.
    """
    texts: list[str] = []
    found, unreadable = _find_all(declared, {}, environ, texts)
    faults = [Fault("", text) for text in texts]
    is_open = {field for field, hits in found.items() if any(_holds(hit, later) for hit in hits)}
    known = {field: hits for field, hits in found.items() if field not in is_open}
    faults += [Fault("", text) for text in _settle_exclusive(declared, known)]
    given: dict[str, Any] = {}
    for option in declared:
        texts = []
        if option.field in known:
            given |= _given(option, known[option.field], texts)
        elif option.field in is_open and option.multiline and option.check and found[option.field][0].text != later:
            texts += option.check(found[option.field][0].text, found[option.field][0].source)
        faults += [Fault(option.field, text, option.field in is_open) for text in texts]
    missing = [option for option in _missing(declared, found, given) if option.field not in unreadable]
    names = list(dict.fromkeys(_told(option, declared) for option in missing))
    return [*faults, *([Fault("", f"Required input is missing: {', '.join(names)}.")] if names else [])]


def _holds(hit: _Found, later: str) -> bool:
    return later in (hit.text or "") or any(later in str(entry) for entry in hit.entries.values())


def _find_all(
    declared: Sequence[Option], flags: Mapping[str, str], environ: Mapping[str, str], faults: list[str]
) -> tuple[_Finds, set[str]]:
    """Give what is set, and the fields of what cannot be read, which is added to the faults."""
    found: _Finds = {}
    unreadable: set[str] = set()
    for option in declared:
        try:
            found[option.field] = _find(option, flags, environ)
        except ValueError as fault:
            faults.append(str(fault))
            unreadable.add(option.field)
    return {field: hits for field, hits in found.items() if hits}, unreadable


def build(group: type[InputsT], given: Mapping[str, Any]) -> InputsT:
    """Make a group of inputs, and the groups in it, from values by field."""
    arguments: dict[str, Any] = {}
    for name, hint, declared in fields_of(group):
        if declared is None:
            arguments[name] = build(hint, given)
        elif declared.field in given:
            arguments[name] = given[declared.field]
    return group(**arguments)


def _find(option: Option, flags: Mapping[str, str], environ: Mapping[str, str]) -> list[_Found]:
    """Give all that is set under the names of the best rank that has any, each with the entries of a map."""
    found = _find_whole(option, flags, environ)
    entries = values.entries(option.prefix, environ) if option.prefix is not None else {}
    if entries and not found:
        return [_Found(None, f"{option.prefix}*", _Rank.AROUND, {}, entries)]
    return [hit._replace(entries=entries) for hit in found]


def _find_whole(option: Option, flags: Mapping[str, str], environ: Mapping[str, str]) -> list[_Found]:
    if (text := values.given(flags.get(option.field))) is not None:
        return [_Found(values.read_file(option.flag, text) if option.secret else text, option.flag, _Rank.FLAG)]
    if addressed := list(_read_all(option, option.addressed(), _Rank.ADDRESSED, environ)):
        return addressed
    return list(_read_all(option, option.env, _Rank.AROUND, environ))


def _read_all(option: Option, names: typing.Iterable[str], rank: _Rank, environ: Mapping[str, str]) -> Iterator[_Found]:
    for name in names:
        if (hit := _read(option, name, rank, environ)) is not None:
            yield hit


def _read(option: Option, name: str, rank: _Rank, environ: Mapping[str, str]) -> _Found | None:
    if (text := values.given(environ.get(name))) is not None:
        return _Found(text, name, rank)
    if (path := values.given(environ.get(f"{name}_FILE"))) is not None:
        text = values.read_file(f"{name}_FILE", path)
        return _Found(text, f"{name}_FILE", rank) if values.given(text) is not None else None
    if typing.get_origin(option.kind) is list and (count := values.given(environ.get(f"{name}_COUNT"))) is not None:
        return _Found(None, f"{name}_COUNT", rank, values.counted(name, count, environ))
    return None


def _settle_exclusive(declared: Sequence[Option], found: _Finds) -> list[str]:
    """Drop what is silenced by an input of its group that was found under a better name; tell where none is better."""
    faults = []
    for group in dict.fromkeys(option.exclusive for option in declared if option.exclusive is not None):
        members = [option for option in declared if option.exclusive == group and option.field in found]
        best = min((found[option.field][0].rank for option in members), default=_Rank.FLAG)
        first = [option for option in members if found[option.field][0].rank == best]
        alternatives = {option.alternative for option in first}
        if len(alternatives) > 1:
            names = " and ".join(found[option.field][0].source for option in first)
            faults.append(_with_cause(f"{names} are given together; give one of them.", best))
            continue
        for option in members:
            if option.alternative not in alternatives:
                del found[option.field]
    return faults


def _given(option: Option, hits: Sequence[_Found], faults: list[str]) -> dict[str, Any]:
    """Give the value by its field, or nothing when something is wrong with it, which is added to the faults."""
    before = len(faults)
    parsed: list[tuple[str, Any]] = []
    for hit in hits:
        try:
            parsed.append((hit.source, _parse(option, hit)))
        except ValueError as fault:
            faults.append(f"{hit.source} {fault}.")
    if len(faults) == before and any(value != parsed[0][1] for _, value in parsed):
        names = " and ".join(source if option.secret else f"{source} ({shown(value)})" for source, value in parsed)
        faults.append(_with_cause(f"{names} are names of one input, {option.field}, and differ.", hits[0].rank))
    if len(faults) == before and option.check is not None:
        faults += option.check(parsed[0][1], parsed[0][0])
    return {option.field: parsed[0][1]} if len(faults) == before else {}


def _with_cause(fault: str, rank: _Rank) -> str:
    return f"{fault} {RENAME}" if rank is _Rank.AROUND else fault


def _parse(option: Option, hit: _Found) -> Any:
    value = hit.parsed
    if hit.text is not None:
        entries_are_texts = option.prefix is not None  # for each may come as a variable, too
        value = values.parse(option.kind, hit.text, multiline=option.multiline, as_written=entries_are_texts)
    if hit.entries:  # a variable for one entry says more than a map; what is on the command line goes before both
        value = {**hit.entries, **value} if hit.rank is _Rank.FLAG else {**value, **hit.entries}
    if option.choices and value not in option.choices:
        raise ValueError(f"is {shown(value)}; it can be {', '.join(option.choices)}")
    if option.at_least is not None and value < option.at_least:
        raise ValueError(f"is {value}; it can be {option.at_least} or more")
    if option.kind is int and value > LARGEST:
        raise ValueError(f"is {shown(str(value))}; it can be {LARGEST} at most")
    return value


def _missing(declared: Sequence[Option], found: _Finds, given: Mapping[str, Any]) -> Iterator[Option]:
    known = {option.field: given.get(option.field, None if option.required else option.default) for option in declared}
    for option in declared:
        is_found = any(other.field in found for other in _either(option, declared))
        is_required = option.required or (option.required_if is not None and option.required_if(known))
        if is_required and not is_found:
            yield option


def _either(option: Option, declared: Sequence[Option]) -> list[Option]:
    """Give the inputs of which one is enough."""
    group = [other for other in declared if option.exclusive is not None and other.exclusive == option.exclusive]
    return group or [option]


def _told(option: Option, declared: Sequence[Option]) -> str:
    either = _either(option, declared)
    return f"{' or '.join(other.field for other in either)} (set {' or '.join(_advice(other) for other in either)})"


def _advice(option: Option) -> str:
    return option.env[0] if option.env else f"{option.flag} or {next(option.addressed())}"
