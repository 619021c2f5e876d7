"""Slack's markup as HTML, and that no input becomes markup by itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.markup import plain_to_html, to_html

USERS, CHANNELS = {"U1": "jane"}, {"C1": "general"}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*a* _b_ ~c~ `d`", "<strong>a</strong> <em>b</em> <s>c</s> <code>d</code>"),
        ("*a _b_*", "<strong>a <em>b</em></strong>"),
        ("2*3*4 snake_case_name * x *", "2*3*4 snake_case_name * x *"),
        ("`*a* <b>`", "<code>*a* &lt;b&gt;</code>"),
        ("```\n*a*\n```b", "<pre><code>*a*</code></pre>b"),
        (
            "<https://x.example/a?b=1&amp;c=2|The *link*>",
            '<a href="https://x.example/a?b=1&amp;c=2" rel="noreferrer">The *link*</a>',
        ),
        ("*<https://x.example|y>*", '<strong><a href="https://x.example" rel="noreferrer">y</a></strong>'),
        ("<https://x.example>", '<a href="https://x.example" rel="noreferrer">https://x.example</a>'),
        ("<mailto:a@b.example|mail>", '<a href="mailto:a@b.example" rel="noreferrer">mail</a>'),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ('<https://x.example/"onclick="a|x>', '<a href="https://x.example/&#34;onclick=&#34;a" rel="noreferrer">x</a>'),
        (
            "<@U1> <@U2> <#C1> <!here>",
            " ".join(f'<span class="mention">{name}</span>' for name in ("@jane", "@U2", "#general", "@here")),
        ),
        ("a\n> b\n> c\nd", "a<br><blockquote>b<br>c</blockquote>d"),
        ("&lt;@U1&gt; &amp;amp;", "&lt;@U1&gt; &amp;amp;"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        (":tada: :unknown:", "🎉 :unknown:"),
    ],
)
def test_markup(text: str, html: str) -> None:
    assert str(to_html(text, USERS, CHANNELS)) == html


def test_plain_text_has_no_markup_but_emoji_and_line_ends() -> None:
    assert str(plain_to_html("*a* <b> :tada:\nc")) == "*a* &lt;b&gt; 🎉<br>c"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


_PIECES = st.sampled_from([
    "<", ">", "|", "`", "```", "*", "_", "~", "\n", "&lt;", "&", '"', "'", "@U1", "https://", "javascript:",
    "\ue000", "\ue0010", "0", "1", ":x:", "<script>", "a ",
])  # fmt: skip


@given(st.lists(st.one_of(_PIECES, st.text(max_size=5)), max_size=30).map("".join))
def test_only_tags_made_here_appear_and_links_lead_only_to_the_web_and_mail(text: str) -> None:
    tags = _Tags()
    html = str(to_html(text, USERS, CHANNELS))
    tags.feed(html)
    for tag, attributes in tags.found:
        assert tag in {"a", "strong", "em", "s", "code", "pre", "br", "span", "blockquote"}
        assert set(attributes) <= {"href", "rel", "class"}
        assert re.match("https?://|mailto:", attributes.get("href") or "mailto:", re.IGNORECASE)
    assert "\ue000" not in html
