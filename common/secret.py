"""A secret value that shows itself to nobody by accident, and what hides it in text that others wrote."""

from __future__ import annotations

import base64
import urllib.parse

MASK = "***"
SHORTEST_MASKED = 4  # masking shorter values would turn ordinary words into asterisks

_values: dict[str, None] = {}
_masked: dict[str, None] = {}


class Secret:
    """A credential. `str()` and `repr()` give asterisks; creating one registers the value for masking."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        register(value)

    def reveal(self) -> str:
        """Give the value, for the one place that sends it to the host it belongs to."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def register(value: str) -> None:
    """Have `mask` hide the value, each of its lines, and its URL-encoded and base64 forms."""
    _values[value] = None
    for part in (value, *value.splitlines()):
        stripped = part.strip()
        if len(stripped) >= SHORTEST_MASKED:
            _masked.update(dict.fromkeys(_forms(stripped)))


def revealed() -> list[str]:
    """Give the registered values themselves, for runners that want to be told what to mask."""
    return list(_values)


def registered() -> list[str]:
    """Give every text that is masked, longest first, so that a form is never hidden in halves."""
    return sorted(_masked, key=len, reverse=True)


def mask(text: str) -> str:
    """Replace every registered secret in the text."""
    for form in registered():
        text = text.replace(form, MASK)
    return text


def _forms(value: str) -> list[str]:
    raw = value.encode()
    return [
        value,
        urllib.parse.quote(value, safe=""),
        urllib.parse.quote_plus(value),
        repr(value)[1:-1],
        *(core for offset in range(3) if len(core := _base64_core(raw, offset)) >= 2 * SHORTEST_MASKED),
    ]


def _base64_core(raw: bytes, offset: int) -> str:
    """Give the characters of a base64 text that depend on `raw` alone when `offset` bytes (mod 3) precede it."""
    encoded = base64.b64encode(b"\0" * offset + raw)
    first = (offset * 8 + 5) // 6
    last = (offset + len(raw)) * 8 // 6
    return encoded[first:last].decode()
