"""Who a message calls: people by e-mail address, and whole channels only where the author of the message wrote so.

The text of a message comes to the step with all expressions resolved, so nothing in it tells what they gave. But the
variables of the pipeline are in the environment under their own names (contract, B.5): what one of them brought into
the text is found by its value. What an output of another step brought in cannot be told from what the author wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

BROADCAST = re.compile(r"<!(?:channel|here|everyone|subteam\^[^<>|]*)(?:\|[^<>]*)?>", re.IGNORECASE)


def without_broadcasts(text: str, values: Collection[str], *, every: bool) -> tuple[str, list[str]]:
    """Make the mentions of whole channels that come from one of the values plain text; `every`: all of them.

    Gives the text and the mentions that were changed. A value may bring in no more than the `!` of a mention, as in
    `<<+pipeline.variables.name>|Link>`.
    """
    places = [span for value in values for span in _occurrences(text, value)] if not every else []
    changed: list[str] = []

    def shown(found: re.Match[str]) -> str:
        mark = found.start() + 1
        if not every and not any(start <= mark < stop for start, stop in places):
            return found[0]
        changed.append(found[0])
        return f"&lt;{found[0][1:-1]}&gt;"

    return BROADCAST.sub(shown, text), changed


def _occurrences(text: str, value: str) -> Iterator[tuple[int, int]]:
    start = text.find(value) if "!" in value else -1
    while start >= 0:
        yield start, start + len(value)
        start = text.find(value, start + 1)


def in_all_texts(content: Any, values: Collection[str], *, every: bool) -> tuple[Any, list[str]]:
    """Do the same with every text of blocks or attachments."""
    if isinstance(content, str):
        return without_broadcasts(content, values, every=every)
    changed: list[str] = []

    def inner(part: Any) -> Any:
        made, found = in_all_texts(part, values, every=every)
        changed.extend(found)
        return made

    if isinstance(content, list):
        return [inner(part) for part in content], changed
    if isinstance(content, dict):
        return {name: inner(part) for name, part in content.items()}, changed
    return content, []


def with_mention(message: dict[str, Any], email: str, user_id: str) -> dict[str, Any]:
    """Turn <@email> into a mention of that user: the documented pipelines write it so, but Slack knows ids only."""
    written = json.dumps(message, ensure_ascii=False).replace(f"<@{email}>", f"<@{user_id}>")
    changed: dict[str, Any] = json.loads(written)
    return changed
