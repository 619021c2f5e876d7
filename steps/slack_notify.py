"""SlackNotify: one message to a person or a channel.

Slack has no way to post only once, so a message is never sent again after an answer that leaves open whether it was
posted; running the whole step again posts again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from common import log
from common.contract.inputs import matching, option
from common.contract.step import Context, Outputs, step
from common.errors import BadInput
from common.network.url import checked as url_checked
from common.secret import Secret
from common.slack import message as slack_message

CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{8,}")


def _fits(text: str, source: str) -> list[str]:
    longest = slack_message.LONGEST_TEXT
    length = len(_with_line_breaks(text))
    return [f"{source} has {length} characters; Slack takes {longest} at most."] if length > longest else []


def _holds_blocks(text: str, source: str) -> list[str]:
    faults: list[str] = []
    slack_message.read_blocks(text, source, faults)
    return faults


def _is_base_url(url: str, source: str) -> list[str]:
    try:
        parts = url_checked(url, what=source, next_step="")
    except BadInput as error:
        return [error.message]
    if parts.query or parts.fragment or "@" in parts.netloc:
        return [f"{source} is no http or https URL without credentials and query."]
    return []


def _with_line_breaks(text: str) -> str:
    return text.replace("\\n", "\n")


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
        check=matching(r'[^@\s"\\<>]+@[^@\s"\\<>]+', "is no e-mail address"),
        help="E-mail address of the person who gets the message; give this or channel.",
    )
    channel: str = option(
        "channel",
        env=["CHANNEL"],
        default="",
        exclusive="target",
        check=matching(r"\S+", "is no channel's id or name, which have no blanks"),
        help="Id or name of the channel that gets the message; give this or email.",
    )
    slack_id: str = option(
        "slackId",
        env=["SLACK_ID"],
        default="",
        exclusive="target",
        check=matching(r"\S+", "is no id, which have no blanks"),
        help="Id of a channel or user; what older pipelines give in place of channel.",
    )
    message_content: str = option(
        "messageContent",
        env=["MESSAGE_CONTENT"],
        default="",
        multiline=True,
        exclusive="content",
        required_if=lambda given: not given["blocks"],
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
    slack_api_url: str = option(
        "slackApiUrl",
        env=["SLACK_API_URL"],
        default="https://slack.com/api/",
        check=_is_base_url,
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

    message = _message(inputs)
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


def _message(inputs: Inputs) -> dict[str, Any]:
    """Give the message in Slack's own fields."""
    blocks = slack_message.read_blocks(inputs.blocks, "blocks", []) if inputs.blocks else None
    if inputs.reply_broadcast and not inputs.thread_ts:
        log.warning("REPLY_BROADCAST is true without threadTs: the message is no reply, so this changes nothing.")
    fields = {
        "text": _with_line_breaks(inputs.message_content) if blocks is None else slack_message.fallback(blocks),
        "blocks": blocks,
        "thread_ts": inputs.thread_ts,
        "reply_broadcast": inputs.reply_broadcast and bool(inputs.thread_ts),
        "username": inputs.bot_username,
        "icon_url": inputs.bot_icon_url,
    }
    return {name: value for name, value in fields.items() if value}


if __name__ == "__main__":
    raise SystemExit(slack_notify.main())
