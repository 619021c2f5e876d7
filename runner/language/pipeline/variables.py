"""Reads the variables of a pipeline, a stage or a group."""

from __future__ import annotations

import re

from common.diagnostics import choice, suggestion
from common.document import Mapping, Node, Scalar
from common.errors import shown
from runner.language import schema
from runner.language.pipeline import Variable
from runner.language.pipeline.reading import VARIABLE_NAME, Reader, called

TYPES = ("String", "Number", "Secret")
# Every variable stands in the environment of every step (contract, B.5). These decide there which programs a step
# finds, and what is loaded into them; other names that begin so are people's own (LD_SDK_KEY, GIT_BRANCH).
STARTING = re.compile(
    r"PATH|BASH_ENV|LD_(?:PRELOAD|LIBRARY_PATH|AUDIT)|DYLD_\w+|PYTHON[A-Z]+"
    r"|GIT_(?:EXEC_PATH|SSH|SSH_COMMAND|ASKPASS|TEMPLATE_DIR|DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|CONFIG\w*)"
)


def read(reader: Reader, owner: Mapping, of: str) -> tuple[Variable, ...]:
    """Read the variables of their owner."""
    variables = [_variable(reader, node, of) for node in reader.entries(owner, "variables", of, required=False)]
    reader.unique([(variable.name, variable.location) for variable in variables], "variable name")
    return tuple(variables)


def _variable(reader: Reader, node: Node, owner: str) -> Variable:
    inner = reader.mapping(node, f"A variable of {owner}", node.location)
    of = called("variable", inner.text("name"), f" of {owner}")
    if isinstance(node, Mapping):
        reader.check(inner, schema.VARIABLE, of)
    name = reader.text(inner, "name", of, VARIABLE_NAME) if isinstance(node, Mapping) else ""
    if STARTING.fullmatch(name):
        told = (
            f"The name of {of} is one by which a step's own programs are found and started, here and on the platform."
        )
        reader.complain(f"{told} Rename it; a command can have it in its envVariables.", inner.location_of("name"))
    kind = inner.text("type") or "String"
    if kind not in TYPES:
        known = f"it can be {choice(TYPES)}.{suggestion(kind, TYPES)}"
        reader.complain(f"The type {shown(kind)} of {of} is not known; {known}", inner.location_of("type"))
    scalars: dict[str, Scalar] = {}
    for part in ("value", "default"):
        value = inner.fields.get(part)
        if isinstance(value, Scalar):
            scalars[part] = value
        elif value is not None:
            reader.complain(f"The {part} of {of} has to be a text or a number.", value.location)
    nothing = Scalar(inner.location_of("value"))
    required = inner.text("required").lower()
    if required not in ("", "true", "false"):
        reader.complain(f"'required' of {of} has to be true or false.", inner.location_of("required"))
    return Variable(
        name, kind, scalars.get("value", nothing), scalars.get("default"), required == "true", inner.location_of("name")
    )
