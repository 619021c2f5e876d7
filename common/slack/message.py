"""The content of a Slack message: blocks and attachments read and checked offline, words for where none are shown.

Limits: https://docs.slack.dev/reference/methods/chat.postMessage and https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

LONGEST_TEXT = 40_000
MOST_BLOCKS = 50
MOST_ATTACHMENTS = 100
LONGEST_TEXTS = {"section": 3_000, "header": 150, "markdown": 12_000}  # type of a block -> characters of its text
MOST_PARTS = {"section": ("fields", 10), "context": ("elements", 10), "actions": ("elements", 25)}
UNREADABLE = object()
LONGEST_FALLBACK = 1_000  # shown in notifications and read out by screen readers in place of blocks


def read_blocks(text: str, source: str, faults: list[str]) -> list[dict[str, Any]] | None:
    """Read Block Kit JSON: a list, or an object that holds one as "blocks" (the Block Kit Builder's form).

    Adds to `faults` whatever is wrong, as sentences that begin with `source`.
    """
    if (blocks := _read(text, source, faults)) is UNREADABLE:
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
    for number, block in enumerate(blocks[:MOST_BLOCKS], 1):
        faults += [f"{source}: block {number} {fault}." for fault in _too_much(block)]
    return blocks


def _too_much(block: object) -> Iterator[str]:
    """Say what of a block is longer than Slack takes."""
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(block, dict) or not isinstance(kind, str):
        return
    text = block.get("text")
    words = text.get("text") if isinstance(text, dict) else text
    longest = LONGEST_TEXTS.get(kind)
    if longest and isinstance(words, str) and len(words) > longest:
        yield f"({kind}) has a text of {len(words)} characters; Slack takes {longest} at most"
    name, most = MOST_PARTS.get(kind, ("", 0))
    parts = block.get(name)
    if isinstance(parts, list) and len(parts) > most:
        yield f"({kind}) has {len(parts)} {name}; Slack takes {most} at most"


def read_attachments(text: str, source: str, faults: list[str]) -> list[dict[str, Any]] | None:
    """Read the JSON of attachments: a list of objects."""
    if (attachments := _read(text, source, faults)) is UNREADABLE:
        return None
    if not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments):
        faults.append(f"{source} is no list of objects.")
        return None
    if len(attachments) > MOST_ATTACHMENTS:
        faults.append(f"{source} has {len(attachments)} attachments; Slack takes {MOST_ATTACHMENTS} at most.")
    return attachments


def _read(text: str, source: str, faults: list[str]) -> Any:
    """Read JSON; UNREADABLE with a fault for what is none."""
    from common.document import plain

    try:
        return plain.of_json(text)
    except RecursionError:
        faults.append(f"{source} is nested too deeply.")
    except ValueError as error:
        place = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        faults.append(f"{source} is no JSON{place}: {error.args[0].partition(':')[0]}.")
    return UNREADABLE


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
