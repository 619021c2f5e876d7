"""Who a message calls: people by e-mail address, and whole channels only where the author of the message wrote so.

The text of a message comes to the step with all expressions resolved, so nothing in it tells what they gave. But the
variables of the pipeline are in the environment under their own names (contract, B.5): what one of them brought into
the text is found by its value. What an output of another step brought in cannot be told from what the author wrote.

So in the text as it came, before anything is read from it, a mark takes the place of each `!` that lies in a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

MARK = "\ufdd0"  # stands for no character in any text (Unicode 23.7)
BROADCAST = re.compile(rf"<[!{MARK}](?:channel|group|here|everyone|subteam\^[^<>|]*)(?:\|[^<>]*)?>", re.IGNORECASE)
BANG = re.compile("!")
BANG_OF_JSON = re.compile(r"(?<!\\)(?P<before>(?:\\\\)*)(?:!|\\u0021)")
RICH = {"broadcast": "range", "usergroup": "usergroup_id"}  # elements of rich text that call many -> whom


def marked(text: str, values: Collection[str], *, in_json: bool = False) -> str:
    """Mark each `!` that one of the values has brought in, in whatever case; in JSON also one that is escaped.

    A value may bring in no more than that of a mention, as in `<<+pipeline.variables.name>|Link>`.
    """
    text = text.replace(MARK, "")
    bang = BANG_OF_JSON if in_json else BANG
    places = [place for value in values if bang.search(value) for place in _occurrences(text, value)]

    def shown(found: re.Match[str]) -> str:
        if not any(start < found.end() <= stop for start, stop in places):
            return found[0]
        return found.groupdict().get("before", "") + MARK

    return bang.sub(shown, text) if places else text


def breaks_out(text: str, values: Collection[str]) -> bool:
    """Tell whether a value has brought quotes into JSON, so that what around it is the author's cannot be told."""
    return any('"' in value and any(_occurrences(text, value)) for value in values)


def _occurrences(text: str, value: str) -> Iterator[tuple[int, int]]:
    """Give where a value is, also where it overlaps itself. A pipeline may change its case and trim it."""
    sought = re.escape(value.strip())
    for found in re.finditer(f"(?=({sought}))", text, re.IGNORECASE) if sought else ():
        yield found.span(1)


def without_broadcasts(content: Any, *, every: bool) -> tuple[Any, list[str]]:
    """Make the marked mentions of whole channels plain text, in a text, blocks or attachments; `every`: all of them.

    Gives the content without marks, and the mentions that were changed.
    """
    changed: list[str] = []

    def of_text(text: str) -> str:
        return BROADCAST.sub(shown, text).replace(MARK, "!")

    def shown(found: re.Match[str]) -> str:
        if not every and MARK not in found[0]:
            return found[0]
        mention = found[0].replace(MARK, "!")
        changed.append(mention)
        return f"&lt;{mention[1:-1]}&gt;"

    def of(part: Any) -> Any:
        if isinstance(part, str):
            return of_text(part)
        if isinstance(part, list):
            return [of(inner) for inner in part]
        if not isinstance(part, dict):
            return part
        if every and (called := part.get(RICH.get(str(part.get("type")), ""))):
            changed.append(f"@{called}")
            return {"type": "text", "text": f"@{called}"}
        return {of_text(name): of(inner) for name, inner in part.items()}

    return of(content), changed


def with_mention(message: dict[str, Any], email: str, user_id: str) -> dict[str, Any]:
    """Turn <@email> into a mention of that user: the documented pipelines write it so, but Slack knows ids only."""
    written = json.dumps(message, ensure_ascii=False).replace(f"<@{email}>", f"<@{user_id}>")
    changed: dict[str, Any] = json.loads(written)
    return changed
