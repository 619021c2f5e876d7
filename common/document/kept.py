"""A long text in a document of ruamel.yaml, and how it is written there: as the word that stands for it."""

from __future__ import annotations

from typing import Any, Self

from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import ScalarString


class Kept(ScalarString):
    """The value; `word` stands for what was `written`, where the key or dash before it was at the column."""

    word: str
    written: str
    column: int

    def __new__(cls, value: str, *, word: str, written: str, column: int) -> Self:
        made: Self = super().__new__(cls, value)
        made.word, made.written, made.column = word, written, column
        return made

    def replace(self, old: Any, new: Any, maxreplace: Any = -1) -> str:
        """Give a text that is written as any other is."""
        return str(self).replace(old, new, maxreplace)


class Representer(RoundTripRepresenter):
    """Writes a long text as its word, and keeps it."""

    kept: dict[str, Kept]

    def represent_kept(self, value: Kept) -> Any:
        self.kept[value.word] = value
        return self.represent_scalar("tag:yaml.org,2002:str", value.word)


Representer.add_representer(Kept, Representer.represent_kept)
