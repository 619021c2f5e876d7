"""SlackNotify: one message to a person or a channel.

Slack has no way to post only once, so a message is never sent again after an answer that leaves open whether it was
posted; running the whole step again posts again.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common import log
from common.contract.inputs import ADDRESSED, option
from common.contract.step import Context, Outputs, step
from common.errors import BadInput
from common.secret import Secret
from common.slack import message as slack_message

CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{8,}")
TIMESTAMP = re.compile(r"\d{10}\.\d{6}")
EMAIL = re.compile(r'[^@\s"\\<>]+@[^@\s"\\<>]+')


@dataclass(frozen=True, kw_only=True)
class Inputs:
    token: Secret = option(
        "token",
        env=["SLACK_TOKEN"],
        help="Bot token with the scopes chat:write, chat:write.public, users:read and users:read.email.",
    )
    email: str = option(
        "email",
        env=["EMAIL"],
        default="",
        aliases=["emailId"],
        exclusive="target",
        required_if=lambda given: not given["channel"] and not given["slackId"],
        help="E-mail address of the person who gets the message; give this or channel.",
    )
    channel: str = option(
        "channel",
        env=["CHANNEL"],
        default="",
        exclusive="target",
        help="Id or name of the channel that gets the message; give this or email.",
    )
    slack_id: str = option(
        "slackId",
        env=["SLACK_ID"],
        default="",
        exclusive="target",
        help="Id of a channel or user; what older pipelines give in place of channel.",
    )
    message_content: str = option(
        "messageContent",
        env=["MESSAGE_CONTENT"],
        default="",
        multiline=True,
        exclusive="content",
        required_if=lambda given: not given["blocks"],
        help="Text with Slack's mrkdwn, 40,000 characters at most; give this or blocks. The two characters \\n are a"
        " line break, because the platform's documented pipelines write it so.",
    )
    blocks: str = option(
        "blocks",
        env=["BLOCKS"],
        default="",
        multiline=True,
        exclusive="content",
        help='Block Kit JSON: a list of at most 50 blocks, or an object with "blocks"; give this or messageContent.',
    )
    thread_ts: str = option(
        "threadTs",
        env=["THREAD_TS"],
        default="",
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
        help="Name to post under; needs the scope chat:write.customize.",
    )
    bot_icon_url: str = option(
        "botIconUrl",
        env=["BOT_ICON_URL"],
        default="",
        help="URL of the picture to post under; needs the scope chat:write.customize.",
    )
    slack_api_url: str = option(
        "slackApiUrl",
        env=["SLACK_API_URL"],
        default="https://slack.com/api/",
        spec=False,
        help="Where Slack's Web API is.",
    )


@step(
    type="SlackNotify",
    image="slacknotify",
    outputs={
        "messageTs": "Timestamp of the message, which a later step gives as threadTs to reply to it.",
        "channelId": "Id of the channel or conversation that holds the message.",
    },
)
def slack_notify(inputs: Inputs, context: Context) -> Outputs:
    """Send a Slack message to a person or a channel."""
    from common.slack import api  # a third of the start-up time, which --help need not wait for

    message = _checked(inputs, context.sources)
    client = api.connect(inputs.token, inputs.slack_api_url, network=context.network, deadline=context.deadline)
    if context.dry_run:
        log.info(f"The token is good for the workspace {client.workspace()}.")
    target = inputs.channel or inputs.slack_id
    if inputs.email:
        target = client.user_id(inputs.email)
        message = slack_message.with_mention(message, inputs.email, target)
    if context.dry_run:
        known = f"{inputs.email} ({target})" if inputs.email else f"{target}, whose existence was not checked"
        log.info(f"Dry run: this message would be posted to {known}:")
        log.info(message["text"])
        return {"channelId": target} if CHANNEL_ID.fullmatch(target) else {}
    channel, timestamp = client.post(target, message)
    log.info(f"Posted to {inputs.email or target} as message {timestamp} in {channel}.")
    return {"messageTs": timestamp, "channelId": channel}


def _checked(inputs: Inputs, sources: Mapping[str, str]) -> dict[str, Any]:
    """Give the message in Slack's own fields. Raises BadInput with every fault."""
    faults = [
        *_one_of(("email", "channel", "slackId"), "target", sources),
        *_one_of(("messageContent", "blocks"), "content", sources),
    ]
    text = inputs.message_content.replace("\\n", "\n")
    blocks = slack_message.read_blocks(inputs.blocks, sources.get("blocks", ""), faults) if inputs.blocks else None
    if len(text) > slack_message.LONGEST_TEXT:
        faults.append(
            f"{sources['messageContent']} has {len(text)} characters; Slack takes {slack_message.LONGEST_TEXT} at most."
        )
    rules = (
        ("email", inputs.email, EMAIL, "is no e-mail address"),
        ("channel", inputs.channel, re.compile(r"\S+"), "is no channel's id or name, which have no blanks"),
        ("slackId", inputs.slack_id, re.compile(r"\S+"), "is no id, which have no blanks"),
        ("threadTs", inputs.thread_ts, TIMESTAMP, "is no timestamp such as '1503435956.000247' (in YAML: in quotes)"),
        ("botUsername", inputs.bot_username, re.compile(r".{1,80}"), "is no name of one line and up to 80 characters"),
        ("botIconUrl", inputs.bot_icon_url, re.compile(r"https?://\S+"), "is no http or https URL"),
    )
    for field, value, pattern, fault in rules:
        if value and not pattern.fullmatch(value):
            faults.append(f"{sources[field]} is {value[:100]!r}, which {fault}.")
    if not _is_base_url(inputs.slack_api_url):
        faults.append("SLACK_API_URL is no http or https URL without credentials and query.")
    if faults:
        raise BadInput(" ".join(faults))
    if inputs.reply_broadcast and not inputs.thread_ts:
        log.warning("REPLY_BROADCAST is true without threadTs: the message is no reply, so this changes nothing.")
    fields = {
        "text": text if blocks is None else slack_message.fallback(blocks),
        "blocks": blocks,
        "thread_ts": inputs.thread_ts,
        "reply_broadcast": inputs.reply_broadcast and bool(inputs.thread_ts),
        "username": inputs.bot_username,
        "icon_url": inputs.bot_icon_url,
    }
    return {name: value for name, value in fields.items() if value}


def _one_of(fields: tuple[str, ...], what: str, sources: Mapping[str, str]) -> list[str]:
    given = [sources[field] for field in fields if field in sources]
    if len(given) < 2:  # noqa: PLR2004 - two are one too many
        return []
    fault = f"{' and '.join(given)} are given together; a message has one {what}."
    if any(not name.startswith(("--", *ADDRESSED)) for name in given):
        fault += " A pipeline variable of such a name reaches every step and may be the cause: rename it."
    return [fault]


def _is_base_url(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = not parts.query and not parts.fragment and "@" not in parts.netloc
    return port_is_valid and plain and parts.scheme in ("http", "https") and bool(parts.hostname)


if __name__ == "__main__":
    raise SystemExit(slack_notify.main())
