"""Which accounts GitHub has: the user of the tokens, and an organization of every other name that GitHub allows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.state import State

_LOGIN = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}")


def kind_of(state: State, login: str) -> str | None:
    """`User` or `Organization`; None for a name that no account can have, such as one that begins a service's paths."""
    if login.lower() == state.credentials["github"].user.lower():
        return "User"
    return "Organization" if _LOGIN.fullmatch(login) and login.lower() not in state.taken_names else None
