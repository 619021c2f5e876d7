"""Identifiers of organizations, projects and other parts of the portal: their rule, and how one is made of a name.

Contract, A.9 and D.9.
"""

from __future__ import annotations

import re

from common.errors import BadInput, shown

LONGEST = 128
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,127}")
RESERVED = frozenset(
    [
        "or",
        "and",
        "eq",
        "ne",
        "lt",
        "gt",
        "le",
        "ge",
        "div",
        "mod",
        "not",
        "null",
        "true",
        "false",
        "new",
        "var",
        "return",
        "step",
        "parallel",
        "stepGroup",
        "org",
        "account",
        "status",
        "liteEngineTask",
    ]
)


def checked(identifier: str, *, what: str) -> str:
    """Give the identifier. Raises BadInput for what the portal takes for none; `what` names the input."""
    if not IDENTIFIER.fullmatch(identifier):
        raise BadInput(
            f"{what} is {shown(identifier)}, which is no identifier.",
            next_step=f"Begin with a letter or '_' and go on with letters, digits, '_' and '$', {LONGEST} at most.",
        )
    if identifier in RESERVED:
        raise BadInput(f"{what} is {identifier!r}, a word that the portal keeps for itself.", next_step="Give another.")
    return identifier


def of_name(name: str) -> str:
    """Make an identifier as the platform does; '' when nothing of the name can be in one.

    What may not begin one goes, blanks become `_`, and every other character that may not be in one goes.
    """
    begun = re.sub(r"^[^A-Za-z_]+", "", name.strip())
    return re.sub(r"[^A-Za-z0-9_$]", "", re.sub(r"\s+", "_", begun))[:LONGEST]


def given_or_made(given: str, name: str, *, variable: str) -> str:
    """Give the identifier of something with this name. Raises BadInput when none can be made of it."""
    if given:
        return checked(given, what=variable)
    return checked(of_name(name), what=f"The identifier made of the name {shown(name)}")
