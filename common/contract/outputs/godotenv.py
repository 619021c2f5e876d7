"""One output as a line that every version of the Harness engine reads back to the same value.

Three readers are met in the field: joho/godotenv 1.4 (Kubernetes add-on) and harness/godotenv v2, which read line by
line, and harness/godotenv v4, which reads the file as a whole. They agree on less than any of them offers, and a line
that one of them rejects loses every output: only what all of them read alike is written.
"""

from __future__ import annotations

from collections.abc import Iterator

from common.contract.outputs.carried import NotCarried

LONGEST_LINE = 65_536  # bytes with the newline: the token limit of the line-by-line readers
DECODED_PREFIX = "__B64__"  # the engine takes what follows for base64

_ESCAPES = str.maketrans({"\n": r"\n", "\r": r"\r", '"': r"\"", "$": r"\$"})
_TROUBLE = {"\n": "a newline", "\r": "a carriage return", "\\": "a backslash", "'": "'", '"': '"', "#": "#", "$": "$"}


def line(name: str, text: str) -> str:
    """Write the output with the first of the three forms that survives every reader."""
    if text.startswith(DECODED_PREFIX):
        raise NotCarried(name, f"the engine would decode a value that starts with {DECODED_PREFIX}")
    for form in _forms(text):
        candidate = f"{name}={form}\n"
        if not _keeps_hashes(candidate):
            continue
        if len(candidate.encode()) > LONGEST_LINE:
            raise NotCarried(
                name, f"its line would be longer than {LONGEST_LINE} bytes, and the engine drops such a file"
            )
        return candidate
    held = " and ".join(words for character, words in _TROUBLE.items() if character in text)
    raise NotCarried(name, f"the engine has no notation for a value that holds {held} together in these places")


def _forms(text: str) -> Iterator[str]:
    one_line = "\n" not in text and "\r" not in text
    if one_line and text == text.strip() and not text.startswith(("'", '"')) and "#" not in text and "$" not in text:
        yield text
    # v4 ends at the first quote that has no backslash before it, the others at the last one of the line
    if one_line and "'" not in text and not text.endswith("\\"):
        yield f"'{text}'"
    # v4 keeps both halves of a doubled backslash, and strips a quote that stands before the closing one
    if "\\" not in text and not text.endswith('"'):
        yield f'"{text.translate(_ESCAPES)}"'


def _keeps_hashes(candidate: str) -> bool:
    """Whether the line-by-line readers keep all of the line.

    They cut a line at each `#` and drop pieces that seem to stand outside quotes; quotes open and close with each piece
    that holds exactly one quote mark of a kind, escaped or not.
    """
    first, *rest = candidate.split("#")
    quoted = _toggles(first)
    for piece in rest:
        toggles = _toggles(piece)
        if not quoted and not toggles:
            return False
        quoted ^= toggles
    return True


def _toggles(piece: str) -> bool:
    return piece.count('"') == 1 or piece.count("'") == 1
