"""Slack's checks of Block Kit, as far as people trip over them when they write blocks by hand."""

from __future__ import annotations

from typing import Any

_LONGEST_SECTION = 3000
_LONGEST_HEADER = 150
_MOST_BLOCKS = 50
_BLOCK_TYPES = frozenset(
    {
        "actions", "call", "context", "context_actions", "divider", "file", "header", "image", "input", "markdown",
        "rich_text", "section", "table", "video",
    }
)  # fmt: skip


def faults(blocks: list[dict[str, Any]]) -> list[str]:
    """Return every fault in Slack's words, with the place of each."""
    found = [f"no more than {_MOST_BLOCKS} items allowed [json-pointer:/blocks]"] if len(blocks) > _MOST_BLOCKS else []
    for number, block in enumerate(blocks):
        found += [f"{fault} [json-pointer:/blocks/{number}{where}]" for fault, where in _block_faults(block)]
    return found


def _block_faults(block: dict[str, Any]) -> list[tuple[str, str]]:
    kind = block.get("type")
    if not isinstance(kind, str) or kind not in _BLOCK_TYPES:
        return [("missing required field: type" if kind is None else f"unsupported type: {kind}", "/type")]
    match kind:
        case "header":
            return _text_faults(block.get("text"), ("plain_text",), _LONGEST_HEADER, "/text")
        case "section":
            return _section_faults(block)
        case "actions" | "context":
            return _element_faults(block.get("elements"))
    return []


def _section_faults(block: dict[str, Any]) -> list[tuple[str, str]]:
    fields = block.get("fields") or []
    if not isinstance(fields, list):
        return [("must provide an array", "/fields")]
    if not block.get("text") and not fields:
        return [("missing required field: text", "")]
    texts = [("/text", block["text"])] if block.get("text") else []
    texts += [(f"/fields/{number}", item) for number, item in enumerate(fields)]
    kinds = ("plain_text", "mrkdwn")
    found = [fault for where, item in texts for fault in _text_faults(item, kinds, _LONGEST_SECTION, where)]
    wrong = not isinstance(block.get("accessory", {}), dict)
    return [*found, ("must provide an object", "/accessory")] if wrong else found


def _element_faults(elements: object) -> list[tuple[str, str]]:
    if not isinstance(elements, list) or not elements:
        return [("missing required field: elements", "")]
    wrong = [number for number, item in enumerate(elements) if not isinstance(item, dict)]
    return [("must provide an object", f"/elements/{number}") for number in wrong]


def _text_faults(text: object, kinds: tuple[str, ...], longest: int, where: str) -> list[tuple[str, str]]:
    if not isinstance(text, dict):
        return [("must provide an object", where)]
    if text.get("type") not in kinds:
        return [(f"must be a valid enum value: {' or '.join(kinds)}", f"{where}/type")]
    if not isinstance(text.get("text"), str) or not text["text"]:
        return [("must be more than 0 characters", f"{where}/text")]
    return [(f"must be less than {longest + 1} characters", f"{where}/text")] if len(text["text"]) > longest else []
