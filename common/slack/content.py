"""What a message says and how it looks: the inputs, and the message that is made of them in Slack's own fields."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from common import log
from common.contract.inputs import matching, option
from common.slack import mentions
from common.slack import message as slack_message


def _fits(text: str, source: str) -> list[str]:
    longest = slack_message.LONGEST_TEXT
    length = len(_with_line_breaks(text))
    return [f"{source} has {length} characters; Slack takes {longest} at most."] if length > longest else []


def _holds_blocks(text: str, source: str) -> list[str]:
    faults: list[str] = []
    slack_message.read_blocks(text, source, faults)
    return faults


def _holds_attachments(text: str, source: str) -> list[str]:
    faults: list[str] = []
    slack_message.read_attachments(text, source, faults)
    return faults


def _is_metadata(value: dict[str, Any], source: str) -> list[str]:
    whole = isinstance(value.get("event_type"), str) and isinstance(value.get("event_payload"), dict)
    return [] if whole else [f"{source} holds no event_type (a text) with an event_payload (a map)."]


def _with_line_breaks(text: str) -> str:
    return text.replace("\\n", "\n")


@dataclass(frozen=True, kw_only=True)
class Content:
    """What is said, and how it looks."""

    message_content: str = option(
        "messageContent",
        env=["MESSAGE_CONTENT"],
        default="",
        multiline=True,
        exclusive="content",
        required_if=lambda given: not (given["blocks"] or given["attachments"]),
        check=_fits,
        help="Text with Slack's mrkdwn, 40,000 characters at most; give this or blocks. The two characters \\n are a"
        " line break, because the platform's documented pipelines write it so.",
    )
    blocks: str = option(
        "blocks",
        env=["BLOCKS"],
        default="",
        multiline=True,
        exclusive="content",
        check=_holds_blocks,
        help='Block Kit JSON: a list of at most 50 blocks, or an object with "blocks"; give this or messageContent.',
    )
    attachments: str = option(
        "attachments",
        env=["ATTACHMENTS"],
        default="",
        multiline=True,
        check=_holds_attachments,
        spec=False,
        help="JSON list of at most 100 attachments, beside text or blocks or alone.",
    )
    metadata: dict[str, Any] = option(
        "metadata",
        env=["MESSAGE_METADATA"],
        default={},
        check=_is_metadata,
        spec=False,
        help="Metadata of the message: event_type and event_payload.",
    )
    thread_ts: str = option(
        "threadTs",
        env=["THREAD_TS"],
        default="",
        check=matching(r"\d{10}\.\d{6}", "is no timestamp such as '1503435956.000247' (in YAML: in quotes)"),
        help="Timestamp of the message to reply to: the messageTs of its step.",
    )
    reply_broadcast: bool = option(
        "replyBroadcast",
        env=["REPLY_BROADCAST"],
        default=False,
        help="Show the reply in the channel too.",
    )
    bot_username: str = option(
        "botUsername",
        env=["BOT_USERNAME"],
        default="",
        check=matching(r".{1,80}", "is no name of one line and up to 80 characters"),
        help="Name to post under; needs the scope chat:write.customize.",
    )
    bot_icon_url: str = option(
        "botIconUrl",
        env=["BOT_ICON_URL"],
        default="",
        check=matching(r"https?://\S+", "is no http or https URL"),
        help="URL of the picture to post under; needs the scope chat:write.customize.",
    )
    unfurl_links: bool | None = option(
        "unfurlLinks", env=["UNFURL_LINKS"], default=None, spec=False, help="Whether Slack shows previews of links."
    )
    unfurl_media: bool | None = option(
        "unfurlMedia", env=["UNFURL_MEDIA"], default=None, spec=False, help="Whether Slack shows previews of media."
    )
    allow_broadcast: bool = option(
        "allowBroadcast",
        env=["ALLOW_BROADCAST"],
        default=True,
        spec=False,
        help="Whether the message may mention @channel, @here, @everyone or a group. One that the value of a pipeline's"
        " variable brings in never counts.",
    )


def message(content: Content, values: Collection[str]) -> dict[str, Any]:
    """Give the message in Slack's own fields. What one of the values brought in mentions no whole channel."""
    if content.reply_broadcast and not content.thread_ts:
        log.warning("REPLY_BROADCAST is true without threadTs: the message is no reply, so this changes nothing.")
    blocks = _of_json(content.blocks, "blocks", slack_message.read_blocks, content, values)
    attachments = _of_json(content.attachments, "attachments", slack_message.read_attachments, content, values)
    text = _without_broadcasts(_with_line_breaks(mentions.marked(content.message_content, values)), content)
    fields = {
        "text": text or slack_message.fallback([*blocks, *attachments]),
        "blocks": blocks,
        "attachments": attachments,
        "metadata": content.metadata,
        "thread_ts": content.thread_ts,
        "reply_broadcast": content.reply_broadcast and bool(content.thread_ts),
        "username": content.bot_username,
        "icon_url": content.bot_icon_url,
    }
    unfurling = {"unfurl_links": content.unfurl_links, "unfurl_media": content.unfurl_media}
    chosen = {name: value for name, value in unfurling.items() if value is not None}
    return {name: value for name, value in fields.items() if value} | chosen


def _of_json(
    text: str,
    name: str,
    read: Callable[[str, str, list[str]], list[dict[str, Any]] | None],
    content: Content,
    values: Collection[str],
) -> list[dict[str, Any]]:
    found = read(mentions.marked(text, values, in_json=True), name, []) if text else None
    safe: list[dict[str, Any]] = _without_broadcasts(
        found or [], content, all_strange=mentions.breaks_out(text, values)
    )
    return safe


def _without_broadcasts(part: Any, content: Content, *, all_strange: bool = False) -> Any:
    """Leave no mention of a whole channel but those that the author of the message wrote."""
    safe, changed = mentions.without_broadcasts(part, every=all_strange or not content.allow_broadcast)
    why = (
        "it comes from a variable, not from the message itself"
        if content.allow_broadcast
        else "ALLOW_BROADCAST is false"
    )
    for mention in dict.fromkeys(changed):
        log.warning(f"The mention {mention} is shown as plain text: {why}.")
    return safe
