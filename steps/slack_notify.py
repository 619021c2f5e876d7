"""SlackNotify: one message to a person or a channel.

Slack has no way to post only once. So a message carries an id, by which a second run finds it in the channel's history
and posts nothing; where the app may not read that, nothing is sent again after an answer that leaves a doubt.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from common import log
from common.contract.inputs import matching, option
from common.contract.step import Context, Outputs, step
from common.errors import BadInput, StepError
from common.network.url import checked as url_checked
from common.secret import Secret
from common.slack import mentions
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


def _holds_attachments(text: str, source: str) -> list[str]:
    faults: list[str] = []
    slack_message.read_attachments(text, source, faults)
    return faults


def _is_metadata(value: dict[str, Any], source: str) -> list[str]:
    whole = isinstance(value.get("event_type"), str) and isinstance(value.get("event_payload"), dict)
    return [] if whole else [f"{source} holds no event_type (a text) with an event_payload (a map)."]


def _is_webhook(url: Secret, source: str) -> list[str]:
    try:
        url_checked(url.reveal(), what=source, next_step="")
    except BadInput:  # whose words hold the URL
        return [f"{source} is no http or https URL."]
    return []


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
class Dedupe:
    """How a second run knows the message of the first."""

    given: str = option(
        "dedupeId",
        env=["DEDUPE_ID"],
        default="",
        check=matching(r"[^\x00-\x1f]{1,200}", "is no text of one line and up to 200 characters"),
        spec=False,
        help="Id of the message: one that a run of the last 7 days has posted with it is not posted again. Needs the"
        " history scope of the channel's kind (channels:history, groups:history or im:history), channels:read or"
        " groups:read for a channel's name, and im:write for a person. When absent it is made from the pipeline's"
        " execution, the step and the message, and nothing is looked for where the app lacks a scope.",
    )
    if_posted: str = option(
        "ifPosted",
        env=["IF_POSTED"],
        default="keep",
        choices=("keep", "update"),
        spec=False,
        help="What to do with the message that an earlier run has posted: keep it, or give it the new content.",
    )
    execution: str = option(
        "executionId",
        env=["HARNESS_EXECUTION_ID"],
        default="",
        spec=False,
        help="Set by the platform in its pipelines.",
    )
    stage: str = option(
        "stageId", env=["HARNESS_STAGE_ID"], default="", spec=False, help="Set by the platform in its pipelines."
    )
    step: str = option(
        "stepOutputFile",
        env=["HARNESS_OUTPUT_FILE", "DRONE_OUTPUT"],
        default="",
        spec=False,
        help="Set by the platform; its name tells one step of a stage from another.",
    )

    def id_of(self, target: str, content: object) -> str:
        """Give the id; '' where nothing tells one run from another."""
        if self.given or not self.execution:
            return self.given
        told = [self.execution, self.stage, self.step.rpartition("/")[2], target, content]
        import hashlib  # here: --help need not wait for OpenSSL

        return "auto-" + hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What is said, to whom, and what happens when it cannot be."""

    token: Secret | None = option(
        "token",
        env=["SLACK_TOKEN"],
        default=None,
        exclusive="sender",
        required_if=lambda given: given["webhookUrl"] is None,
        required_in_spec=True,
        help="Bot token with the scopes chat:write, chat:write.public, users:read and users:read.email.",
    )
    webhook: Secret | None = option(
        "webhookUrl",
        env=["SLACK_WEBHOOK_URL"],
        default=None,
        exclusive="sender",
        check=_is_webhook,
        spec=False,
        help="URL of an incoming webhook, in place of token and target: it posts to its own channel.",
    )
    email: str = option(
        "email",
        env=["EMAIL"],
        default="",
        aliases=["emailId"],
        exclusive="target",
        required_if=lambda given: not (given["channel"] or given["slackId"] or given["webhookUrl"]),
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
    dedupe: Dedupe
    fail_on_error: bool = option(
        "failOnError",
        env=["FAIL_ON_ERROR"],
        default=True,
        spec=False,
        help="false: a message that cannot be posted is a warning, and the step succeeds.",
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
        "permalink": "Address of the message in a browser.",
        "posted": "true when this run posted it, false when an earlier one had.",
    },
)
def slack_notify(inputs: Inputs, context: Context) -> Outputs:
    """Send a Slack message to a person or a channel."""
    try:
        return notify(inputs, context)
    except StepError as error:
        if inputs.fail_on_error:
            raise
        log.warning(f"{error} FAIL_ON_ERROR is false, so the step goes on without the message.")
        return {"posted": False}


def notify(inputs: Inputs, context: Context) -> Outputs:
    """Post the message, unless an earlier run has."""
    message = without_strange_broadcasts(_message(inputs), inputs, context)
    if inputs.token is None:
        return by_webhook(inputs, message, context)
    from common.slack import api, posting  # a third of the start-up time, which --help need not wait for

    client = api.connect(inputs.token, inputs.slack_api_url, network=context.network, deadline=context.deadline)
    if context.dry_run:
        log.info(f"The token is good for the workspace {client.workspace()}.")
    target = inputs.channel or inputs.slack_id
    if inputs.email:
        target = client.user_id(inputs.email)
        message = mentions.with_mention(message, inputs.email, target)
    if context.dry_run:
        known = f"{inputs.email} ({target})" if inputs.email else f"{target}, whose existence was not checked"
        log.info(f"Dry run: this message would be posted to {known}:")
        log.info(message["text"])
        return {"channelId": target} if CHANNEL_ID.fullmatch(target) else {}
    once = posting.Once(
        client,
        inputs.dedupe.id_of(target, message),
        demanded=bool(inputs.dedupe.given),
        update=inputs.dedupe.if_posted == "update",
    )
    done = once.post(target, message)
    outputs: dict[str, str | bool] = {"messageTs": done.timestamp, "channelId": done.channel, "posted": done.posted}
    log.info(f"{done.verb} to {inputs.email or target} as message {done.timestamp} in {done.channel}.")
    return outputs | ({"permalink": done.permalink} if done.permalink else {})


def by_webhook(inputs: Inputs, message: dict[str, Any], context: Context) -> Outputs:
    """Post by an incoming webhook, of whose message nothing is known afterwards."""
    from common.slack import webhook

    if inputs.webhook is None:
        raise AssertionError("without a token there is a webhook")
    if target := inputs.email or inputs.channel or inputs.slack_id:
        log.warning(f"A webhook posts to its own channel; {target!r} is not used.")
    if inputs.dedupe.given:
        raise BadInput(
            "DEDUPE_ID needs a token: a webhook tells nothing of earlier messages.", next_step="Give SLACK_TOKEN."
        )
    if context.dry_run:
        log.info("Dry run: this message would be posted by the webhook, which was not asked:")
        log.info(message["text"])
        return {}
    webhook.post(inputs.webhook, message, network=context.network, deadline=context.deadline)
    log.info("Posted by the webhook.")
    return {"posted": True}


def without_strange_broadcasts(message: dict[str, Any], inputs: Inputs, context: Context) -> dict[str, Any]:
    """Leave no mention of a whole channel but those that the author of the message wrote."""
    content = {name: message[name] for name in ("text", "blocks", "attachments") if name in message}
    safe, changed = mentions.in_all_texts(content, context.others, every=not inputs.allow_broadcast)
    why = (
        "it comes from a variable, not from the message itself"
        if inputs.allow_broadcast
        else "ALLOW_BROADCAST is false"
    )
    for mention in dict.fromkeys(changed):
        log.warning(f"The mention {mention} is shown as plain text: {why}.")
    return message | dict(safe)


def _message(inputs: Inputs) -> dict[str, Any]:
    """Give the message in Slack's own fields."""
    blocks = slack_message.read_blocks(inputs.blocks, "blocks", []) if inputs.blocks else None
    attachments = slack_message.read_attachments(inputs.attachments, "attachments", []) if inputs.attachments else None
    if inputs.reply_broadcast and not inputs.thread_ts:
        log.warning("REPLY_BROADCAST is true without threadTs: the message is no reply, so this changes nothing.")
    text = _with_line_breaks(inputs.message_content) or slack_message.fallback([*(blocks or []), *(attachments or [])])
    fields = {
        "text": text,
        "blocks": blocks,
        "attachments": attachments,
        "metadata": inputs.metadata,
        "thread_ts": inputs.thread_ts,
        "reply_broadcast": inputs.reply_broadcast and bool(inputs.thread_ts),
        "username": inputs.bot_username,
        "icon_url": inputs.bot_icon_url,
    }
    unfurling = {"unfurl_links": inputs.unfurl_links, "unfurl_media": inputs.unfurl_media}
    chosen = {name: value for name, value in unfurling.items() if value is not None}
    return {name: value for name, value in fields.items() if value} | chosen


if __name__ == "__main__":
    raise SystemExit(slack_notify.main())
