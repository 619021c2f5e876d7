"""Slack's mrkdwn as HTML: formatting, links, mentions, quotes, code. Everything else is shown as text.

Messages are untrusted: the input is escaped as a whole, and only what is made here is markup.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OPEN, _CLOSE = "\ue000", "\ue001"
_KEPT = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_FENCE = re.compile(r"```\n?(.+?)\n?```\n?", re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_TOKEN = re.compile(rf"<([^<>\n{_OPEN}]+)>")
_STYLES = tuple(
    (re.compile(rf"(?<![\w{mark}])[{mark}](?=\S)([^{mark}\n]+)(?<=\S)[{mark}](?![\w{mark}])"), tag)
    for mark, tag in (("*", "strong"), ("_", "em"), ("~", "s"))
)
_EMOJI = re.compile(r":([a-z0-9_+-]+):")
_QUOTE = re.compile(r"(?:^&gt; ?.*(?:\n|$))+", re.MULTILINE)
_LINKED = ("https://", "http://", "mailto:")
_EMOJIS = {
    "bell": "🔔",
    "bulb": "💡",
    "information_source": "ℹ️",
    "link": "🔗",
    "memo": "📝",
    "package": "📦",
    "rocket": "🚀",
    "sparkles": "✨",
    "tada": "🎉",
    "thumbsup": "👍",
    "warning": "⚠️",
    "wave": "👋",
    "white_check_mark": "✅",
    "x": "❌",
}


def to_html(text: str, users: Mapping[str, str], channels: Mapping[str, str]) -> Markup:
    """HTML of a mrkdwn text. `users` and `channels` give the names that mentions by identifier show."""
    fragments: list[Markup] = []

    def keep(fragment: Markup) -> str:
        fragments.append(fragment)
        return f"{_OPEN}{len(fragments) - 1}{_CLOSE}"

    def code(tag: Markup) -> Callable[[re.Match[str]], str]:
        return lambda found: keep(tag.format(_plain(found[1])))

    text = text.replace(_OPEN, "").replace(_CLOSE, "").replace("\r\n", "\n")
    text = _FENCE.sub(code(Markup("<pre><code>{}</code></pre>")), text)
    text = _CODE.sub(code(Markup("<code>{}</code>")), text)
    text = _TOKEN.sub(lambda found: keep(_token(found[1], users, channels)), text)
    html = str(escape(_plain(text)))
    for pattern, tag in _STYLES:
        html = pattern.sub(rf"<{tag}>\1</{tag}>", html)
    html = _EMOJI.sub(lambda found: _EMOJIS.get(found[1], found[0]), html)
    html = _QUOTE.sub(_quoted, html).replace("\n", "<br>")
    while _KEPT.search(html):
        html = _KEPT.sub(lambda found: str(fragments[int(found[1])]), html)
    return Markup(html)  # noqa: S704 - everything of the input in it went through escape()


def plain_to_html(text: str) -> Markup:
    """HTML of a plain_text: its emoji names and line ends count, nothing else."""
    shown = _EMOJI.sub(lambda found: _EMOJIS.get(found[1], found[0]), _plain(text))
    return Markup("<br>").join(shown.split("\n"))


def _plain(text: str) -> str:
    """Undo the only three escapes that Slack has."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _quoted(found: re.Match[str]) -> str:
    lines = [line.removeprefix("&gt;").removeprefix(" ") for line in found[0].rstrip("\n").split("\n")]
    return f"<blockquote>{'<br>'.join(lines)}</blockquote>"


def _token(token: str, users: Mapping[str, str], channels: Mapping[str, str]) -> Markup:
    """Render what stands between < and >."""
    target, _, label = token.partition("|")
    match target[:1]:
        case "@":
            return _mention(f"@{label or users.get(target[1:], target[1:])}")
        case "#":
            return _mention(f"#{label or channels.get(target[1:], target[1:])}")
        case "!":
            return _mention(label or f"@{target[1:].partition('^')[0]}")
    address, shown = _plain(target), _plain(label) or _plain(target).removeprefix("mailto:")
    if not address.lower().startswith(_LINKED):
        return escape(f"<{_plain(token)}>")
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(address, shown)


def _mention(shown: str) -> Markup:
    return Markup('<span class="mention">{}</span>').format(_plain(shown))
