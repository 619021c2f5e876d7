"""What git takes for the name of a branch, told without asking it."""

from __future__ import annotations

import re

from common.errors import BadInput

NAME_FAULTS = (  # git-check-ref-format(1)
    r"""[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|(?:^|/)\.|(?:\.|/|\.lock)$|\.lock/|^[-/]|^@$|^HEAD$"""
)


def check_branch_name(name: str, *, variable: str) -> None:
    """Raise BadInput for what git takes for no name of a branch."""
    if name.startswith("refs/"):
        raise BadInput(
            f"The branch {name!r} is given with its full reference.",
            next_step=f"Set {variable} to the name alone: {name.removeprefix('refs/heads/')}.",
        )
    if re.search(NAME_FAULTS, name):
        raise BadInput(f"{name!r} is no name for a branch.", next_step=f"Set {variable} to another.")
