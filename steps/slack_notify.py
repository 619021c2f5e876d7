"""SlackNotify: one message to a person or a channel.

Slack has no way to post only once. So a message carries an id, by which a second run finds it in the channel's history
and posts nothing; where the app may not read that, nothing is sent again after an answer that leaves a doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from common import log
from common.contract.inputs import matching, option
from common.contract.step import Context, Outputs, step
from common.errors import BadInput, StepError
from common.network.url import checked as url_checked
from common.secret import Secret
from common.slack import content, mentions
from common.slack.content import Content
from common.slack.dedupe import Dedupe
from common.slack.ids import CONVERSATION_ID


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
    content: Content
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
        "posted": "true when this run posted it, false when an earlier one had or it could not be.",
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
    message = content.message(inputs.content, context.others)
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
        return {"channelId": target} if CONVERSATION_ID.fullmatch(target) else {}
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
    look = {"BOT_USERNAME": inputs.content.bot_username, "BOT_ICON_URL": inputs.content.bot_icon_url}
    for name in (name for name, value in look.items() if value):
        log.warning(f"A webhook posts under the name and picture of its app; {name} is not used.")
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


if __name__ == "__main__":
    slack_notify.run()
