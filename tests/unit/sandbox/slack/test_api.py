"""slack_sdk against the sandbox's Slack, and what that refuses."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from slack_sdk import WebClient

from sandbox.server import Sandbox
from sandbox.slack import workspace
from sandbox.state import Credentials, State


@pytest.fixture
def bot(served: Sandbox) -> WebClient:
    return WebClient(served.credentials["slack"].token, base_url=f"{served.url}/slack/api/")


def test_slack_sdk_posts_to_a_user_found_by_e_mail_and_into_the_thread(bot: WebClient, state: State) -> None:
    user = bot.users_lookupByEmail(email="Jane.Doe@Example.com")["user"]
    assert user["id"] == bot.users_lookupByEmail(email="jane.doe@example.com")["user"]["id"]
    first = bot.chat_postMessage(channel=user["id"], text="Hello")
    assert first["channel"].startswith("D")
    reply = bot.chat_postMessage(channel=first["channel"], text="More", thread_ts=first["ts"], reply_broadcast=True)
    again = bot.chat_postMessage(channel=first["channel"], text="Still more", thread_ts=reply["ts"])
    assert again["message"]["thread_ts"] == first["ts"]
    assert first["ts"] < reply["ts"] < again["ts"]
    texts = [message.content["text"] for message in workspace.messages(state, first["channel"])]
    assert texts == ["Hello", "More", "Still more"]


def test_a_channel_is_found_by_name_and_by_identifier(bot: WebClient) -> None:
    named = bot.chat_postMessage(channel="#deployments", text="x")
    assert bot.chat_postMessage(channel="deployments", text="x")["channel"] == named["channel"]
    assert bot.chat_postMessage(channel=named["channel"], text="x")["channel"] == named["channel"]


def test_the_documented_scopes_are_enough_to_post_but_not_under_another_name(served: Sandbox) -> None:
    bot = WebClient(served.credentials["slack"].documented_token, base_url=f"{served.url}/slack/api/")
    user = bot.users_lookupByEmail(email="jane@example.com")["user"]["id"]
    assert "username" not in bot.chat_postMessage(channel=user, text="x", username="Portal")["message"]


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        ("", "not_authed"),
        ("Bearer nonsense", "invalid_auth"),
        ("Basic nonsense", "not_authed"),
        ("Bearer {unscoped}", "missing_scope"),
    ],
)
def test_a_token_that_may_not_post(
    client: FlaskClient, credentials: Credentials, authorization: str, error: str
) -> None:
    header = authorization.format(unscoped=credentials["slack"].unscoped_token)
    answer = client.post(
        "/slack/api/chat.postMessage", json={"channel": "general", "text": "x"}, headers={"Authorization": header}
    )
    assert (answer.status_code, (answer.json or {})["error"]) == (200, error)


SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
HEADER = {"type": "header", "text": {"type": "plain_text", "text": "x"}}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"channel": "nowhere", "text": "x"}, "channel_not_found"),
        ({"text": "x"}, "channel_not_found"),
        ({"channel": "U0UNKNOWN00", "text": "x"}, "channel_not_found"),
        ({"channel": "general", "text": ""}, "no_text"),
        ({"channel": "general", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "general", "text": "x", "thread_ts": "0"}, "invalid_thread_ts"),
        ({"channel": "general", "text": "x", "thread_ts": "1700000000.000000"}, "thread_not_found"),
        ({"channel": "general", "blocks": "{nonsense"}, "invalid_blocks_format"),
        ({"channel": "general", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"channel": "general", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"channel": "general", "blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        ({"channel": "general", "blocks": [{"text": "x"}]}, "invalid_blocks"),
        ({"channel": "general", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"channel": "general", "blocks": [{"type": "section", "text": "x"}]}, "invalid_blocks"),
        ({"channel": "general", "blocks": [HEADER | {"text": {"type": "mrkdwn", "text": "x"}}]}, "invalid_blocks"),
        (
            {"channel": "general", "blocks": [HEADER | {"text": {"type": "plain_text", "text": "x" * 151}}]},
            "invalid_blocks",
        ),
        ({"channel": "general", "blocks": [{"type": "actions"}]}, "invalid_blocks"),
        ({"channel": "general", "blocks": [{"type": "context", "elements": ["x"]}]}, "invalid_blocks"),
        ({"channel": "general", "blocks": [{"type": "section", "fields": 5}]}, "invalid_blocks"),
        ({"channel": "general", "blocks": [SECTION | {"accessory": "x"}]}, "invalid_blocks"),
        ({"channel": "general", "blocks": [{"type": ["divider"]}]}, "invalid_blocks"),
    ],
)
def test_a_message_that_slack_refuses(
    client: FlaskClient, credentials: Credentials, state: State, body: dict[str, Any], error: str
) -> None:
    answer = client.post(
        "/slack/api/chat.postMessage", json=body, headers={"Authorization": f"Bearer {credentials['slack'].token}"}
    )
    assert (answer.status_code, (answer.json or {})["error"]) == (200, error)
    assert workspace.messages(state) == []


@pytest.mark.parametrize("email", ["jane@nowhere.invalid", "jane", "@example.com", "", "a@b@example.com"])
def test_an_address_that_finds_nobody(client: FlaskClient, credentials: Credentials, email: str) -> None:
    headers = {"Authorization": f"Bearer {credentials['slack'].token}"}
    answer = client.post("/slack/api/users.lookupByEmail", data={"email": email}, headers=headers)
    assert answer.json == {"ok": False, "error": "users_not_found"}


@pytest.mark.parametrize(
    ("method", "body", "error"),
    [("chat.postMessages", "{}", "unknown_method"), ("chat.postMessage", "[" * 200_000, "invalid_json")],
)
def test_other_requests_are_refused_as_slack_does(
    client: FlaskClient, credentials: Credentials, method: str, body: str, error: str
) -> None:
    headers = {"Authorization": f"Bearer {credentials['slack'].token}"}
    answer = client.post(f"/slack/api/{method}", data=body, headers=headers, content_type="application/json")
    assert (answer.json or {})["error"] == error
