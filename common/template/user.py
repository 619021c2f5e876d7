"""The user as whom a template's code runs where the step is root: how the process that renders becomes it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

FIRST, MANY = 61_184, 4_096  # of the numbers for users who exist while a program runs (https://systemd.io/UIDS-GIDS/)


def become(user: int, missing: Callable[[], str]) -> None:
    """Give up root for good, unless the user lacks something. missing: says what, asked with the rights of the user."""
    groups = os.getgroups()
    try:
        os.setgroups([])
        os.seteuid(user)
    except OSError as error:  # the number does not exist here, or may not be taken
        lacks = f"may not be had: {error.strerror}"
    else:
        try:
            lacks = missing()
        finally:
            os.seteuid(0)
    if lacks:
        os.setgroups(groups)
        sys.stderr.write(f"The template's code runs as root, for a user of its own {lacks}.\n")
        return
    for stream in (1, 2):
        os.fchown(stream, user, -1)  # so that a hook may open /dev/stderr
    os.setresuid(user, user, user)


def unreachable(reading: Sequence[str], writing: Sequence[str]) -> str:
    """Say which of these files and folders the effective user cannot use; empty when there is none."""
    for places, rights, verb in ((reading, os.R_OK, "read"), (writing, os.W_OK | os.X_OK, "write to")):
        for place in places:
            if not os.access(place, rights, effective_ids=True):
                return f"cannot {verb} {place}"
    return ""
