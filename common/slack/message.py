"""The content of a Slack message: blocks read and checked offline, words for where no blocks are shown, mentions.

Limits: https://docs.slack.dev/reference/methods/chat.postMessage and https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

LONGEST_TEXT = 40_000
MOST_BLOCKS = 50
LONGEST_FALLBACK = 1_000  # shown in notifications and read out by screen readers in place of blocks


def read_blocks(text: str, source: str, faults: list[str]) -> list[dict[str, Any]] | None:
    """Read Block Kit JSON: a list, or an object that holds one as "blocks" (the Block Kit Builder's form).

    Adds to `faults` whatever is wrong, as sentences that begin with `source`.
    """
    from common.document import plain

    try:
        blocks = plain.of_json(text)
    except RecursionError:
        faults.append(f"{source} is nested too deeply.")
        return None
    except ValueError as error:
        place = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        faults.append(f"{source} is no JSON{place}: {error.args[0].partition(':')[0]}.")
        return None
    if isinstance(blocks, dict):
        blocks = blocks.get("blocks")
    if not isinstance(blocks, list) or not blocks:
        faults.append(f'{source} is no list of blocks, and no object that holds one as "blocks".')
        return None
    if len(blocks) > MOST_BLOCKS:
        faults.append(f"{source} has {len(blocks)} blocks; Slack takes {MOST_BLOCKS} at most.")
    first = enumerate(blocks[:MOST_BLOCKS], 1)
    untyped = [number for number, block in first if not isinstance(block, dict) or not block.get("type")]
    if untyped:
        faults.append(f'{source}: block {", ".join(map(str, untyped))} is no object with a "type".')
    return blocks


def fallback(blocks: list[dict[str, Any]]) -> str:
    """Give the words of the blocks, for where Slack shows no blocks."""
    return "\n".join(_words(blocks))[:LONGEST_FALLBACK] or f"A message of {len(blocks)} blocks."


def _words(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for inner in node:
            yield from _words(inner)
    elif isinstance(node, dict):
        for name, value in node.items():
            if isinstance(value, str):
                if name in ("text", "alt_text") and value.strip():
                    yield value
            else:
                yield from _words(value)


def with_mention(message: dict[str, Any], email: str, user_id: str) -> dict[str, Any]:
    """Turn <@email> into a mention of that user: the documented pipelines write it so, but Slack knows ids only."""
    written = json.dumps(message, ensure_ascii=False).replace(f"<@{email}>", f"<@{user_id}>")
    changed: dict[str, Any] = json.loads(written)
    return changed
