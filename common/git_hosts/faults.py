"""What a git host lacks of that which was asked for, what it needs and was not given, and a name that is taken."""

from __future__ import annotations

from collections.abc import Sequence

from common.errors import BadInput

UNSEEN = "which the token cannot see, or which is still being deleted"  # a repository that is there, and is not found
UNSEEN_ADVICE = "Choose another name, give the token the right to read it, or try again when it is gone."


class Unsupported(BadInput):
    """A git host cannot do what was asked for."""

    def __init__(self, host: str, feature: str, *, next_step: str) -> None:
        super().__init__(f"{host} has no {feature}.", next_step=next_step)


class Missing(BadInput):
    """Fields of the location are missing; `names` are those of a pipeline, with the variable of each."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"Required input is missing: {', '.join(names)}.", next_step="--help lists every name and meaning."
        )
        self.names = names
