"""The message as Slack gets it: the documented line breaks, and whom it may call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from common.slack.content import Content, message


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def raw_section(text: str) -> str:
    """Give blocks with a text that is put into the JSON as it is, as an expression's value is."""
    return '[{"type": "section", "text": {"type": "mrkdwn", "text": "' + text + '"}}]'


def rich(element: dict[str, str]) -> list[dict[str, Any]]:
    return [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [element]}]}]


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("Hello,\\nit is done.\\n", "Hello,\nit is done.\n"),
        ("a\\n\\nb\nc", "a\n\nb\nc"),
        ("\\t stays, a single \\ too", "\\t stays, a single \\ too"),
    ],
)
def test_the_two_characters_backslash_and_n_are_a_line_break(written: str, sent: str) -> None:
    """The platform's documented pipelines write them so (docs/contract.md, A.6)."""
    assert message(Content(message_content=written), [])["text"] == sent


def test_nothing_else_in_a_text_is_changed() -> None:
    text = "<@U012345678> *b* <https://x.test|a> &lt;!here&gt; <!date^1^{date}|x> a@b.test ! \ufffd"
    assert message(Content(message_content=text), ["payments", "a!", "\\u0021"])["text"] == text


@pytest.mark.parametrize(
    ("value", "text", "sent"),
    [
        ("a\\n<!channel>", "of a\\n<!channel>", "of a\n&lt;!channel&gt;"),  # its line break is changed, too
        ("<!Channel>", "of <!channel>", "of &lt;!channel&gt;"),  # as by toLowerCase()
        ("  <!channel>\n", "of <!channel>.", "of &lt;!channel&gt;."),  # as by trim()
        ("<!group>", "of <!group>", "of &lt;!group&gt;"),  # the older word for @channel
        ("x", "<!here> x", "<!here> x"),
    ],
)
def test_a_value_calls_no_channel_in_whatever_form_it_came_into_the_text(value: str, text: str, sent: str) -> None:
    assert message(Content(message_content=text), ["other", value])["text"] == sent


def test_values_that_overlap_are_all_seen() -> None:
    values = ["<!here>a", "<!here>a<!channel>", "!x", ">a<!chan"]
    sent = message(Content(message_content="<!here>a<!channel> <!everyone>"), values)["text"]
    assert sent == "&lt;!here&gt;a&lt;!channel&gt; <!everyone>"


@pytest.mark.parametrize(
    "value",
    [
        "<!channel>",
        "\\u003c!channel\\u003e",  # what JSON makes of it is a mention
        "\\u003c\\u0021channel>",
        'x"}}, {"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>',  # blocks of its own
    ],
)
def test_a_value_in_blocks_calls_no_channel_in_whatever_form(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    sent = message(Content(blocks=raw_section(value)), [value])
    assert "<!" not in json.dumps(sent)
    assert sent["blocks"][-1] == section("&lt;!channel&gt;")
    assert "&lt;!channel&gt;" in sent["text"]
    assert "The mention <!channel> is shown as plain text: it comes from a variable" in capsys.readouterr().err


def test_what_the_author_wrote_in_blocks_is_sent_as_it_is() -> None:
    blocks = [section("<!here> is it!"), *rich({"type": "broadcast", "range": "channel"})]
    written = json.dumps(blocks).replace("is it!", "wow\\u0021 \\\\u0021")
    sent = message(Content(blocks=written, attachments='[{"text": "<!here>"}]'), ["wow!", "x!"])
    assert sent["blocks"] == [section("<!here> wow! \\u0021"), blocks[1]]
    assert sent["attachments"] == [{"text": "<!here>"}]


@pytest.mark.parametrize(
    ("element", "name"),
    [({"type": "broadcast", "range": "here"}, "@here"), ({"type": "usergroup", "usergroup_id": "S1"}, "@S1")],
)
def test_without_broadcasts_rich_text_calls_nobody(
    element: dict[str, str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = message(Content(blocks=json.dumps(rich(element)), allow_broadcast=False), [])
    assert sent["blocks"] == rich({"type": "text", "text": name})
    assert f"{name} is shown as plain text: ALLOW_BROADCAST is false" in capsys.readouterr().err


def test_quotes_that_a_value_brings_in_make_no_element_that_calls() -> None:
    value = 'a"}, {"type": "broadcast", "range": "channel"}, {"type": "text", "text": "b'
    text = json.dumps(rich({"type": "text", "text": "@@"})).replace("@@", value)
    elements = message(Content(blocks=text), [value])["blocks"][0]["elements"][0]["elements"]
    assert [one["text"] for one in elements] == ["a", "@channel", "b"]
