"""The variables of a template: what it declares, what a user gave for them, and what they come to.

Cookiecutter renders a given value as a part of the template, and its keys too. Here only the template's own defaults
are rendered; what a user typed into a form is put next to them as it stands.
"""

from __future__ import annotations

import difflib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.template import faults, schema

CONTEXT_FILE = "cookiecutter.json"
LARGEST = 1_000_000  # bytes of a cookiecutter.json; published ones have a few thousand
LONGEST_VALUES = 10_000_000  # characters of all variables together; each is compiled, and told to each expression
YES = ("1", "true", "t", "yes", "y", "on")  # cookiecutter.prompt.YesNoPrompt, which would load rich
NO = ("0", "false", "f", "no", "n", "off")
STEERING = frozenset(  # what cookiecutter takes for orders or sets itself; a value there would be more than data
    {"_extensions", "_jinja2_env_vars", "_copy_without_render", "_new_lines"}
    | {"_template", "_repo_dir", "_output_dir", "_checkout", "__prompts__"}
)

STARTS: Mapping[type, str] = {OrderedDict: "{", list: "["}  # of the JSON form, by the type of the default

Render = Callable[[Any, Mapping[str, Any]], Any]


def declared_in(template: Path) -> dict[str, Any]:
    """Read the variables that the template has, with their defaults."""
    declared = read_context(template)
    if {"template", "templates"} & declared.keys():
        raise BadInput(
            "The template is a choice of several templates.", next_step="Give the repository or folder of one of them."
        )
    return declared


def read_context(template: Path) -> dict[str, Any]:
    """Read the cookiecutter.json of a template, or of a choice of templates."""
    try:
        with (template / CONTEXT_FILE).open("rb") as file:
            text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise ValueError(f"it is larger than {LARGEST} bytes")  # noqa: TRY301 - told as the other reasons are
        declared = json.loads(text.decode(), object_pairs_hook=OrderedDict)
    except FileNotFoundError as error:
        raise BadInput(
            f"The template has no {CONTEXT_FILE} at its root.",
            next_step="Give the repository or folder that holds it; one template per repository.",
        ) from error
    except RecursionError as error:
        raise BadInput(f"The template's {CONTEXT_FILE} is nested too deeply.", next_step=faults.CORRECT) from error
    except (ValueError, OSError) as error:
        raise BadInput(
            f"The template's {CONTEXT_FILE} cannot be read: {str(error)[: faults.LONGEST]}.", next_step=faults.CORRECT
        ) from error
    if not isinstance(declared, dict):
        raise BadInput(f"The template's {CONTEXT_FILE} is no JSON object.", next_step=faults.CORRECT)
    return declared


def line_of(template: Path, name: str) -> int:
    """Give the line of cookiecutter.json on which a variable stands first."""
    lines = (template / CONTEXT_FILE).read_text(encoding="utf-8").splitlines()
    quoted = json.dumps(name, ensure_ascii=False)
    return next((number for number, line in enumerate(lines, 1) if quoted in line), 1)


def checked(declared: Mapping[str, Any], given: Mapping[str, Any], *, strict: bool) -> tuple[dict[str, Any], list[str]]:
    """Give the values in the form that the defaults have, and warnings. Raises one BadInput that tells all faults.

    strict: a variable that the template does not have is a fault, and no warning.
    """
    known = [name for name in declared if not name.startswith("_")]
    values: dict[str, Any] = {}
    wrong, unknown = [], []
    for name, value in given.items():
        if value is None:
            continue  # JSON's null is not given, as in a variable (contract, A.0)
        if name not in declared or name in STEERING:
            near = difflib.get_close_matches(name, known, 1)
            unknown.append(f"The template has no variable {name!r}{f' (did you mean {near[0]!r}?)' if near else ''}")
            continue
        try:
            values[name] = _converted(value, declared[name], private=name.startswith("_"))
        except ValueError as error:
            wrong.append(f"The variable {name!r} {error}.")
    told = f"Its variables: {schema.listed(declared)}."
    if wrong or (strict and unknown):
        faulty = [f"{words}." for words in unknown] + wrong if strict else wrong
        raise BadInput(" ".join(faulty), next_step=told)
    return values, [f"{words}; it is ignored. {told}" for words in unknown]


def _converted(value: Any, default: Any, *, private: bool) -> Any:
    """Turn a text into the form that the default has: the platform hands on structures as JSON (contract, A.1)."""
    if isinstance(value, str) and value.lstrip().startswith(STARTS.get(type(default), ())):
        try:
            value = json.loads(value, parse_float=None if private else str)  # rendered, it is text anyway: 3.10
        except (ValueError, RecursionError) as error:
            raise ValueError(f"is no JSON: {error}") from error
    _check_text(value)
    if isinstance(default, list) and not private:
        return _choice(value, default)
    if isinstance(default, bool) and isinstance(value, str):
        return _yes_or_no(value)
    if isinstance(default, dict):
        if not isinstance(value, dict):
            raise ValueError(f"is {value!r}, which is no map; write a JSON object")
        _merged(default, value, _as_it_is, _as_it_is)  # tells what is wrong in it
    if isinstance(value, list) and not isinstance(default, list | dict):
        return ",".join(str(item) for item in value)  # as the platform does with a list (contract, A.1)
    return value


def _choice(value: Any, choices: list[Any]) -> Any:
    wanted = value[0] if isinstance(value, list) and value else value
    for choice in choices:
        if wanted == choice or (isinstance(wanted, str) and wanted in (str(choice), json.dumps(choice))):
            return choice
    same = [choice for choice in choices if _means(wanted, choice)]
    if len(same) == 1:
        return same[0]
    raise ValueError(f"is {wanted!r}; it can be {', '.join(str(choice) for choice in choices)}")


def _means(wanted: Any, choice: Any) -> bool:
    """Tell whether a value is a choice in another form: 3.10 for the number 3.1, true for the text yes."""
    if isinstance(wanted, bool):
        return str(choice).lower() in (YES if wanted else NO)
    if isinstance(wanted, str) and isinstance(choice, int | float) and not isinstance(choice, bool):
        try:
            return float(wanted) == choice
        except ValueError:
            return False
    return False


def _yes_or_no(text: str) -> bool:
    word = text.strip().lower()
    if word not in YES + NO:
        raise ValueError(f"is {text!r}; it can be yes or no")
    return word in YES


def _check_text(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except ValueError:
        raise ValueError("holds bytes that are no UTF-8 text") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def resolved(template: Path, declared: Mapping[str, Any], given: Mapping[str, Any], render: Render) -> dict[str, Any]:
    """Give every variable its value, in the order of cookiecutter.prompt.prompt_for_config: maps come last.

    render: renders a default in the light of the variables so far.
    """
    found: dict[str, Any] = {}
    length = 0
    for late in (False, True):
        for name, default in declared.items():
            raw = _is_raw(name)
            is_map = isinstance(given.get(name, default), dict)
            if name == "__prompts__" or (late and (raw or not is_map)):
                continue
            if late or raw or not is_map or name.startswith("__"):
                with faults.told(CONTEXT_FILE, line=partial(line_of, template, name)):  # which reads all of the file
                    found[name] = _value(name, default, given, found, render)
                    length += _length(found[name])
                    if length > LONGEST_VALUES:
                        raise BadInput(
                            f"The template's variables come to more than {LONGEST_VALUES} characters, with {name!r}"
                            f" ({CONTEXT_FILE}, line {line_of(template, name)}).",
                            next_step="Correct what it repeats, or give it a shorter value.",
                        )
    return OrderedDict((name, found[name]) for name in declared if name in found)


def _length(value: Any) -> int:
    """Count the characters of a value, and each other thing in it as one."""
    if isinstance(value, dict):
        return sum(_length(item) for pair in value.items() for item in pair) + 1
    if isinstance(value, list):
        return sum(map(_length, value)) + 1
    return len(value) if isinstance(value, str) else 1


def _is_raw(name: str) -> bool:
    """Tell whether cookiecutter leaves a variable's default as it stands: _private, but not __computed."""
    return name.startswith("_") and not name.startswith("__")


def _value(name: str, default: Any, given: Mapping[str, Any], found: Mapping[str, Any], render: Render) -> Any:
    raw = _is_raw(name)
    if isinstance(default, list) and not name.startswith("_"):
        if not default:
            raise ValueError("the list of choices is empty")
        return render(given.get(name, default[0]), found)  # a choice is the template's own text
    if name not in given:
        return default if raw else render(default, found)
    if raw:
        return _merged(default, given[name], _as_it_is, _as_it_is)
    return _merged(default, given[name], lambda value: render(value, found), _data)


def _merged(default: Any, given: Any, render: Callable[[Any], Any], data: Callable[[Any], Any]) -> Any:
    """Put given parts of a map next to the template's own, as cookiecutter.generate.apply_overwrites_to_context."""
    if not isinstance(default, dict) or not isinstance(given, dict):
        return _yes_or_no(given) if isinstance(default, bool) and isinstance(given, str) else data(given)
    own = {
        render(name): _merged(value, given[name], render, data) if name in given else render(value)
        for name, value in default.items()
    }
    own |= {name: data(value) for name, value in given.items() if name not in default}
    return OrderedDict(own) if render is _as_it_is else own  # which of them it is shows where a template prints it


def _as_it_is(value: Any) -> Any:
    return value


def _data(value: Any) -> Any:
    """Give a value the types that it would have after rendering: numbers are text there."""
    if isinstance(value, dict):
        return {name: _data(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_data(item) for item in value]
    return value if value is None or isinstance(value, bool) else str(value)


def unrendered(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Give what cookiecutter keeps as `_cookiecutter`: the public variables before rendering, the chosen first."""
    found: dict[str, Any] = {}
    for name, default in declared.items():
        if name.startswith("_"):
            continue
        if name not in given:
            found[name] = default
        elif isinstance(default, list):
            found[name] = [given[name], *(choice for choice in default if choice != given[name])]
        else:
            found[name] = _merged(default, given[name], _as_it_is, _as_it_is)
    return found
