"""A template's variables as a JSON schema; those of each template, where there is a choice of several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.errors import BadInput
from common.template import faults, schema
from common.template.fetching import nested
from common.template.fetching.fetch import Fetched
from common.template.variables import declared_in, read_context

NAME = "x-templateName"  # what chooses this one, as TEMPLATE_NAME takes it
DEEPEST = 4


def described(fetched: Fetched) -> dict[str, Any]:
    """Give the schema of a template that was fetched without a choice among several."""
    title = str(fetched.told["_repo_dir"])
    found = _described(fetched.folder, fetched.repository, list(fetched.address.names), (), title, "")
    return {"$schema": schema.DRAFT, **found}


def _described(  # noqa: PLR0913, PLR0917 - what is told of one template, from its place in the choice
    folder: Path, within: Path, wanted: list[str], names: Sequence[str], title: str, description: str
) -> dict[str, Any]:
    there = nested.choices(read_context(folder))
    if not there:
        found = schema.of_template(declared_in(folder), title=title, description=description)
        return {**found, NAME: list(names)} if names else found
    if len(names) == DEEPEST:
        raise BadInput("The template is a choice of choices without end.", next_step=faults.CORRECT)
    if wanted:
        there = [nested.pick(there, wanted[0])]
    inner = [
        _described(
            nested.inside(folder, one, within=within),
            within,
            wanted[1:],
            (*names, one.name),
            one.title,
            one.description,
        )
        for one in there
    ]
    return inner[0] if wanted else {"title": title, "oneOf": inner}
