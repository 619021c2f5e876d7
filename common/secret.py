"""A secret value that shows itself to nobody by accident, and what hides it in text that others wrote.

Other programs show a secret as it is, or escaped: in a URL, in JSON, in HTML, for a shell, as base64, or in several of
these at once. So a secret is looked for character by character, each in any of the forms that it may have been given.
"""

from __future__ import annotations

import re
from functools import lru_cache

MASK = "***"
SHORTEST_MASKED = 4  # masking shorter values would turn ordinary words into asterisks
SHORTEST_TELLING = 8  # a shorter value, or a plain word, may stand in a text by chance
SHORTEST_TELLING_WORD = 16

_NEVER_ESCAPED = r"[A-Za-z0-9_.-]"  # URLs (RFC 3986, 2.3), JSON, HTML and shells leave these alone
# What stands around an escaped character may be escaped itself, as in JSON inside of JSON, or a URL inside of HTML. All
# repetition is bounded, that of backslashes possessive too, which keeps the search linear.
_PERCENT = r"%(?:25){0,3}"
_BACKSLASH = rf"(?:\\|{_PERCENT}5[Cc]|&#92;)"
_SEMICOLON = rf"(?:;|{_PERCENT}3[Bb])"
_AMPERSAND = rf"(?:&|{_PERCENT}26|\\?u0026)(?:amp{_SEMICOLON}){{0,3}}"
_HASH = rf"(?:#|{_PERCENT}23)"
_ENTITIES = {'"': "quot", "'": "apos", "&": "amp", "<": "lt", ">": "gt"}
_LETTERS = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}  # behind a backslash

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


def lines_of(key: str) -> str:
    r"""Give a private key with line ends of its own; some stores of secrets keep it as one line, with \n for them."""
    text = key if "\n" in key.strip() else key.replace("\\n", "\n")
    return text.replace("\r\n", "\n").strip() + "\n"


def register(value: str) -> None:
    """Have `mask` hide the value and each of its lines, in every form that a program may show them in."""
    _values[value] = None
    for part in (value, *value.splitlines()):
        stripped = part.strip()
        if len(stripped) >= SHORTEST_MASKED:
            _masked[stripped] = None


def revealed() -> list[str]:
    """Give the registered values themselves, for runners that want to be told what to mask."""
    return list(_values)


def mask(text: str) -> str:
    """Replace every registered secret in the text. Of two that overlap, neither is left in halves."""
    if not _masked:
        return text
    shown: list[str] = []
    end = 0
    for start, stop in _spans(_pattern(tuple(_masked)), text):
        shown += (text[end:start], MASK)
        end = stop
    return "".join(shown) + text[end:]


def is_held_by(text: str) -> bool:
    """Tell whether a text that is to be public holds a secret, in any form.

    A password that is a plain word, as in `main`, may also be the name of a branch or a part of a URL. To refuse that
    would stop every run, and would tell more of the password than the name does: such values do not count.
    """
    telling = tuple(value for value in _masked if _is_telling(value))
    return bool(telling) and _pattern(telling).search(text) is not None


def _is_telling(value: str) -> bool:
    is_a_word = value.isalpha() or value.isdigit()
    return len(value) >= (SHORTEST_TELLING_WORD if is_a_word else SHORTEST_TELLING)


def _spans(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    """Find where secrets are, those that overlap or touch as one."""
    spans: list[tuple[int, int]] = []
    for found in pattern.finditer(text):
        start, stop = found.span(1)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(stop, spans[-1][1]))
        else:
            spans.append((start, stop))
    return spans


@lru_cache(maxsize=4)
def _pattern(values: tuple[str, ...]) -> re.Pattern[str]:
    """Make one pattern of all secrets, the longest first. It looks ahead only, so that it finds those that overlap."""
    longest_first = sorted(values, key=len, reverse=True)
    forms = dict.fromkeys(form for value in longest_first for form in (_escaped(value), *_in_base64(value)))
    return re.compile(f"(?=({'|'.join(forms)}))")


def _escaped(value: str) -> str:
    """Give a pattern of the value in which each character may be escaped in any way."""
    return "".join(_run(found[0]) for found in re.finditer(r"\\+|[^\\]", value))


def _run(run: str) -> str:
    """Give a pattern of one character, or of several backslashes: these are counted, lest they be shared out."""
    if re.fullmatch(_NEVER_ESCAPED, run):
        return re.escape(run)
    escapes = "|".join(_escapes(run[0]))
    if run[0] == "\\":
        return rf"(?:{_BACKSLASH}{{{len(run)},{8 * len(run)}}}+|(?:{_BACKSLASH}{{1,8}}+(?:{escapes})){{{len(run)}}})"
    quotes = r"|'\\''|'\"'\"'" if run == "'" else ""  # how two kinds of quotes follow each other for a shell
    return rf"(?:{_BACKSLASH}{{0,8}}+(?:{escapes}|{re.escape(run)}){quotes})"


def _escapes(character: str) -> list[str]:
    """Give patterns of the forms of a character; where they have a backslash, what follows it."""
    code = ord(character)
    raw = character.encode(errors="surrogatepass")
    utf16 = character.encode("utf-16-be", errors="surrogatepass").hex()
    # An ampersand in HTML, then in a URL, is %26amp%3B: the longest form is tried first, lest amp%3B is left.
    forms = [f"{_AMPERSAND}{_ENTITIES[character]}{_SEMICOLON}"] if character in _ENTITIES else []
    forms += [
        "".join(rf"{_PERCENT}(?i:{byte:02x})" for byte in raw),
        rf"{_BACKSLASH}{{1,8}}+".join(rf"u(?i:{utf16[at : at + 4]})" for at in range(0, len(utf16), 4)),
        rf"{_AMPERSAND}{_HASH}(?:0{{0,4}}{code}|[xX]0{{0,4}}(?i:{code:x})){_SEMICOLON}",
    ]
    if character == " ":
        forms.append(r"\+")
    if character in _LETTERS:
        forms.append(_LETTERS[character])
    if not (character.isascii() and character.isprintable()):  # as Python's repr, git and bash write them
        forms.append(rf"{_BACKSLASH}{{1,8}}+".join(rf"(?:x(?i:{byte:02x})|{byte:03o})" for byte in raw))
        forms.append(rf"(?:x|U0000|U000)(?i:{code:02x})")
    return forms


def _in_base64(value: str) -> list[str]:
    """Give patterns of the base64 texts of the value, also of its forms in a URL and in JSON, behind any prefix."""
    import json  # here and below: --help has no secret to look for
    import urllib.parse

    contents = dict.fromkeys(
        (value, urllib.parse.quote(value, safe="", errors="surrogatepass"), json.dumps(value)[1:-1])
    )
    raw = [content.encode(errors="surrogatepass") for content in contents]
    cores = dict.fromkeys(_base64_core(content, offset) for content in raw for offset in range(3))
    either = {"+": f"(?:-|{_run('+')})", "/": f"(?:_|{_run('/')})"}  # the alphabet for URLs has - and _ in their place
    return [
        "".join(either.get(character, character) for character in core)
        for core in cores
        if len(core) >= 2 * SHORTEST_MASKED
    ]


def _base64_core(raw: bytes, offset: int) -> str:
    """Give the characters of a base64 text that depend on `raw` alone when `offset` bytes (mod 3) precede it."""
    import base64

    encoded = base64.b64encode(b"\0" * offset + raw)
    first = (offset * 8 + 5) // 6
    last = (offset + len(raw)) * 8 // 6
    return encoded[first:last].decode()
