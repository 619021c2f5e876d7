"""Words about templates that inputs let their users choose from; --help loads them without what renders."""

from __future__ import annotations

HOOKS = ("all", "none", "pre", "post")  # those before the files are written, after that, both or neither
