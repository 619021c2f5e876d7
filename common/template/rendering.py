"""A cookiecutter template: its variables, and rendering it into an empty folder.

Cookiecutter accepts unknown variables in silence and lets a value lead the project out of its folder; both are checked
here first. Nothing is asked, nothing is read from a user's configuration, and hooks see no credentials.
"""

from __future__ import annotations

import difflib
import json
import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common import log
from common.contract.process import NOT_WRITABLE, forget_initial_environment, stdout_to_stderr
from common.errors import BadInput, Refused
from common.template.folder import LONGEST_NAME, files_of

CONTEXT_FILE = "cookiecutter.json"


def variables_of(template: Path) -> dict[str, Any]:
    """Read the variables that the template has, with their defaults."""
    path = template / CONTEXT_FILE
    try:
        context = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(
            f"The template has no {CONTEXT_FILE} at its root.",
            next_step="Give the repository or folder that holds it; one template per repository.",
        ) from error
    except (ValueError, OSError, RecursionError) as error:
        raise BadInput(f"The template's {CONTEXT_FILE} cannot be read: {error}.") from error
    if not isinstance(context, dict):
        raise BadInput(f"The template's {CONTEXT_FILE} is no JSON object.")
    return context


def checked(template: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the variables as the template takes them. Raises BadInput that tells all faults."""
    _check_links(template)
    declared = variables_of(template)
    known = [name for name in declared if not name.startswith("_")]
    faults = []
    unknown = [name for name in given if name not in known]
    for name in unknown:
        near = difflib.get_close_matches(name, known, 1)
        faults.append(f"The template has no variable {name!r}{f' (did you mean {near[0]!r}?)' if near else ''}.")
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in unknown:
            try:
                values[name] = _converted(name, value, declared[name])
            except ValueError as error:
                faults.append(str(error))
    if faults:
        raise BadInput(" ".join(faults), next_step=f"Its variables: {', '.join(known)}.")
    return values


def _converted(name: str, value: Any, default: Any) -> Any:
    """Turn a text into the form that the default has: the platform hands on structures as JSON (contract, A.1)."""
    if isinstance(default, dict | list) and isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"The variable {name!r} is no JSON: {error}.") from error
    if isinstance(default, list):
        chosen = value if isinstance(value, list) else [value]
        foreign = [one for one in chosen if one not in default]
        if foreign:
            allowed = ", ".join(str(one) for one in default)
            raise ValueError(f"The variable {name!r} is {foreign[0]!r}; it can be {allowed}.")
        return value
    return _literal(value)


def _literal(value: Any) -> Any:
    """Keep cookiecutter from running a value as a part of the template: it is text that somebody typed into a form."""
    if isinstance(value, dict):
        return {name: _literal(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_literal(one) for one in value]
    if isinstance(value, str) and any(opening in value for opening in ("{{", "{%", "{#")):
        return "{{ " + json.dumps(value, ensure_ascii=False) + " }}"
    return value


def _check_links(template: Path) -> None:
    """Refuse links that lead out of the template: cookiecutter would copy what they point at into the project."""
    root = template.resolve()
    for name in files_of(template):
        if (template / name).is_symlink() and not (template / name).resolve().is_relative_to(root):
            raise BadInput(
                f"The template's {name} is a link to a place outside the template.",
                next_step="Replace the link by a copy of the file.",
            )


def render(template: Path, values: Mapping[str, Any], into: Path) -> Path:
    """Render the template below the empty folder `into`, and give the project's folder."""
    from cookiecutter import exceptions
    from cookiecutter.main import cookiecutter
    from jinja2 import TemplateError, TemplateSyntaxError

    forget_initial_environment()
    logging.getLogger("cookiecutter").addHandler(logging.NullHandler())  # its errors are raised too, and told here
    try:
        _check_project_name(template, values)
        with log.group("Rendering the template"), stdout_to_stderr():
            project = cookiecutter(
                str(template),
                no_input=True,
                extra_context=dict(values),
                output_dir=str(into),
                default_config={"replay_dir": tempfile.gettempdir()},
                accept_hooks=True,
            )
    except exceptions.FailedHookException as error:
        raise Refused(
            f"A hook of the template stopped the rendering: {error}.",
            next_step="Its own words stand above; mend the variables that it names.",
        ) from error
    except exceptions.UndefinedVariableInTemplate as error:
        raise BadInput(
            f"The template uses a variable that it does not declare: {error.error.message} ({error.message})."
        ) from error
    except exceptions.NonTemplatedInputDirException as error:
        raise BadInput(
            "The template has no project folder.",
            next_step="Its root needs a folder named by an expression, as in {{ cookiecutter.app_name }}.",
        ) from error
    except (exceptions.CookiecutterException, ValueError) as error:
        raise BadInput(f"The template cannot be rendered: {str(error).rstrip('.')}.") from error
    except TemplateSyntaxError as error:
        raise BadInput(
            f"The template cannot be rendered: {error.message} ({error.filename or 'a name'}, line {error.lineno})."
        ) from error
    except TemplateError as error:
        raise BadInput(f"The template cannot be rendered: {error.message}.") from error
    except OSError as error:
        if error.errno in NOT_WRITABLE:
            raise
        raise BadInput(f"The template cannot be rendered: {error.strerror} ({error.filename}).") from error
    return Path(project)


def _check_project_name(template: Path, values: Mapping[str, Any]) -> None:
    """Refuse a project folder that a variable leads out of the place where it belongs."""
    from cookiecutter.find import find_template
    from cookiecutter.generate import generate_context
    from cookiecutter.prompt import prompt_for_config
    from cookiecutter.utils import create_env_with_context

    context = generate_context(str(template / CONTEXT_FILE), extra_context=dict(values))
    if {"template", "templates"} & context["cookiecutter"].keys():
        raise BadInput(
            "The template is a choice of several templates.", next_step="Give the repository or folder of one of them."
        )
    context["cookiecutter"].update(prompt_for_config(context, no_input=True))
    environment = create_env_with_context(context)
    folder = find_template(template, environment).name
    name = environment.from_string(folder).render(**context)
    log.detail(f"The project folder {folder} becomes {name}.")
    if name in ("", ".", "..", ".git") or set(name) & set("/\\\0\n") or len(name.encode()) > LONGEST_NAME:
        raise BadInput(
            f"The project folder would be named {name[:300]!r}, which is no name for a folder.",
            next_step="Give the variables that name it in a few words without slashes.",
        )
