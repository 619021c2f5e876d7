"""SlackNotify against the sandbox's Slack, and against a server whose answers are odd."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from common.slack import mentions
from common.slack import message as slack_message
from common.slack.content import Content, message
from sandbox.server import Sandbox, serve
from sandbox.services import open_state
from sandbox.slack import webhook, workspace
from steps.slack_notify import slack_notify
from tests.faults.proxy import Fault, Rule, cut, in_front_of

EMAIL = "dev@acme.example"
CANARY = "xoxb-canary-4711-secret"
PERMALINK = "/api/chat.getPermalink"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*Built* payments"}}


@dataclass(frozen=True)
class Result:
    code: int
    outputs: dict[str, str]
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with serve(tmp_path_factory.mktemp("sandbox")) as served:
        yield served


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run the step with these variables alone."""

    def invoke(*flags: str, **environ: str) -> Result:
        file = tmp_path / "outputs.json"
        file.unlink(missing_ok=True)
        places = {"OUTPUT_FORMAT": "json", "OUTPUT_FILE": str(file), "RETRY_BUDGET": "0"}
        code = slack_notify.main(list(flags), places | environ)
        told = capfd.readouterr()
        outputs = json.loads(file.read_text()) if file.exists() else {}
        return Result(code, outputs, told.out, told.err)

    return invoke


@pytest.fixture
def slack(sandbox: Sandbox) -> dict[str, str]:
    """Variables that point at the sandbox, with a token of the documented scopes alone."""
    return {
        "SLACK_API_URL": f"{sandbox.url}/slack/api/",
        "SLACK_TOKEN": sandbox.credentials["slack"].documented_token,
        "REPLY_BROADCAST": "false",
    }


def messages(sandbox: Sandbox) -> list[workspace.Message]:
    return workspace.messages(open_state(sandbox.state_dir))


def content(sandbox: Sandbox) -> dict[str, Any]:
    return messages(sandbox)[-1].content


# What is sent


def test_email_gives_a_direct_message_with_a_mention(run: Any, sandbox: Sandbox, slack: dict[str, str]) -> None:
    """The documented message: an address as mention, and the two characters backslash and n as line breaks."""
    text = f" Hello <@{EMAIL}>, done,\\n*Link -* <https://x.example/a|Link>\\n"
    result = run(**slack, EMAIL=EMAIL, MESSAGE_CONTENT=text)

    assert result.code == 0, result.stderr
    posted = messages(sandbox)[-1]
    user = workspace.user_by_email(open_state(sandbox.state_dir), EMAIL)
    assert user is not None
    assert posted.content["text"] == f" Hello <@{user.id}>, done,\n*Link -* <https://x.example/a|Link>\n"
    channel = workspace.direct(user).id
    link = f"{sandbox.url}/-/messages/#{channel}-{posted.ts}"
    assert result.outputs == {"messageTs": posted.ts, "channelId": channel, "permalink": link, "posted": True}


@pytest.mark.parametrize("channel", ["general", "#general", workspace.channels()[0].id])
@pytest.mark.parametrize("name", ["CHANNEL", "SLACK_ID", "PLUGIN_CHANNEL", "INPUT_SLACK_ID"])
def test_channel_by_name_or_id_and_by_old_and_new_variable(
    run: Any, slack: dict[str, str], name: str, channel: str
) -> None:
    result = run(**slack, **{name: channel}, MESSAGE_CONTENT="hi")
    assert result.code == 0, result.stderr
    assert result.outputs["channelId"] == workspace.channels()[0].id


def test_a_person_is_reached_by_the_id_with_and_without_a_look(
    run: Any, sandbox: Sandbox, slack: dict[str, str]
) -> None:
    user = workspace.user_by_email(open_state(sandbox.state_dir), EMAIL)
    assert user is not None
    full = slack | {"SLACK_TOKEN": sandbox.credentials["slack"].token, "CHANNEL": user.id, "MESSAGE_CONTENT": "hi"}
    for environ in (slack | {"SLACK_ID": user.id, "MESSAGE_CONTENT": "hi"}, full | {"DEDUPE_ID": "person"}):
        result = run(**environ)
        assert result.code == 0, result.stderr
        assert result.outputs["channelId"] == workspace.direct(user).id


@pytest.mark.parametrize("name", ["PLUGIN_EMAIL_ID", "PLUGIN_EMAILID"])
def test_the_other_documented_spelling_of_email_is_accepted(run: Any, slack: dict[str, str], name: str) -> None:
    assert run(**slack, **{name: EMAIL}, MESSAGE_CONTENT="hi").code == 0
    (email,) = (one for one in slack_notify.describe()["inputs"] if one["field"] == "email")
    assert email["aliases"] == ["emailId"]


@pytest.mark.parametrize("blocks", [[SECTION], {"blocks": [SECTION]}])
def test_blocks_are_sent_with_their_words_as_fallback(
    run: Any, sandbox: Sandbox, slack: dict[str, str], blocks: object
) -> None:
    result = run(**slack, CHANNEL="general", BLOCKS=json.dumps(blocks))
    assert result.code == 0, result.stderr
    assert content(sandbox)["text"] == "*Built* payments"
    assert [block["type"] for block in content(sandbox)["blocks"]] == ["section"]


def test_a_reply_goes_into_its_thread_and_to_the_channel(run: Any, sandbox: Sandbox, slack: dict[str, str]) -> None:
    first = run(**slack, CHANNEL="general", MESSAGE_CONTENT="first").outputs["messageTs"]
    environ = slack | {"THREAD_TS": first, "REPLY_BROADCAST": "true"}
    assert run(**environ, CHANNEL="general", MESSAGE_CONTENT="second").code == 0
    assert content(sandbox)["thread_ts"] == first
    assert content(sandbox)["subtype"] == "thread_broadcast"


def test_broadcast_without_a_thread_is_told_and_not_sent(run: Any, sandbox: Sandbox, slack: dict[str, str]) -> None:
    result = run(**slack | {"REPLY_BROADCAST": "true"}, CHANNEL="general", MESSAGE_CONTENT="hi")
    assert result.code == 0
    assert "without threadTs" in result.stderr
    assert content(sandbox)["subtype"] == "bot_message"


def test_name_and_icon_of_the_bot(run: Any, sandbox: Sandbox, slack: dict[str, str]) -> None:
    environ = slack | {"SLACK_TOKEN": sandbox.credentials["slack"].token}
    look = {"BOT_USERNAME": "Onboarding", "BOT_ICON_URL": "https://x.example/i.png"}
    assert run(**environ, **look, CHANNEL="general", MESSAGE_CONTENT="hi").code == 0
    assert content(sandbox)["username"] == "Onboarding"
    assert content(sandbox)["icons"] == {"image_64": "https://x.example/i.png"}


def test_dry_run_checks_token_and_person_and_posts_nothing(run: Any, sandbox: Sandbox, slack: dict[str, str]) -> None:
    before = len(messages(sandbox))
    result = run(**slack, EMAIL=EMAIL, MESSAGE_CONTENT="Hello\\nthere", DRY_RUN="true")
    assert result.code == 0
    assert f"workspace {workspace.TEAM}" in result.stderr
    assert "would be posted to" in result.stderr
    assert "Hello\n  there" in result.stderr
    assert result.outputs == {}
    assert len(messages(sandbox)) == before
    assert run(**slack | {"SLACK_TOKEN": CANARY}, CHANNEL="general", MESSAGE_CONTENT="hi", DRY_RUN="true").code == 3


def test_stray_pipeline_variable_loses_to_the_addressed_target(
    run: Any, sandbox: Sandbox, slack: dict[str, str]
) -> None:
    """A pipeline variable called EMAIL is in the environment of every step."""
    result = run(**slack, EMAIL=EMAIL, PLUGIN_CHANNEL="general", MESSAGE_CONTENT="hi")
    assert result.outputs["channelId"] == workspace.channels()[0].id
    result = run("--channel", "random", **slack, EMAIL=EMAIL, BLOCKS="no json", PLUGIN_MESSAGE_CONTENT="hi")
    assert result.outputs["channelId"] == workspace.channels()[1].id


# Bad input


def test_everything_that_is_missing_is_told_at_once(run: Any) -> None:
    result = run()
    assert result.code == 2
    for name in ("SLACK_TOKEN", "EMAIL", "MESSAGE_CONTENT"):
        assert name in result.stderr


def test_two_targets_of_one_level_are_refused_with_their_names_and_the_likely_cause(
    run: Any, sandbox: Sandbox, slack: dict[str, str]
) -> None:
    before = len(messages(sandbox))
    result = run(**slack, EMAIL=EMAIL, CHANNEL="general", MESSAGE_CONTENT="hi")
    assert result.code == 2
    assert "EMAIL and CHANNEL are given together" in result.stderr
    assert "pipeline variable" in result.stderr
    addressed = run(**slack, PLUGIN_EMAIL=EMAIL, PLUGIN_CHANNEL="general", MESSAGE_CONTENT="hi")
    assert addressed.code == 2
    assert "pipeline variable" not in addressed.stderr
    assert len(messages(sandbox)) == before


BAD: dict[str, tuple[dict[str, str], str]] = {
    "text and blocks": ({"BLOCKS": json.dumps([SECTION])}, "MESSAGE_CONTENT and BLOCKS are given together"),
    "text too long": ({"MESSAGE_CONTENT": "x" * 40_001}, "40001 characters"),
    "thread": ({"THREAD_TS": "1503435956.0002"}, "THREAD_TS is '1503435956.0002', which is no timestamp"),
    "broadcast": ({"REPLY_BROADCAST": "maybe"}, "REPLY_BROADCAST is 'maybe', which is no boolean"),
    "channel with blanks": ({"CHANNEL": "two words"}, "CHANNEL is 'two words'"),
    "icon": ({"BOT_ICON_URL": "icon.png"}, "BOT_ICON_URL is 'icon.png', which is no http or https URL"),
    "name": ({"BOT_USERNAME": "a\nb"}, "BOT_USERNAME"),
    "base without scheme": ({"SLACK_API_URL": "slack.com/api"}, "SLACK_API_URL"),
    "base with a broken port": ({"SLACK_API_URL": "http://slack.example:port/"}, "SLACK_API_URL"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_value_is_refused_before_anything_is_sent(run: Any, case: str) -> None:
    environ, words = BAD[case]
    base = {
        "SLACK_TOKEN": CANARY,
        "CHANNEL": "general",
        "MESSAGE_CONTENT": "hi",
        "SLACK_API_URL": "http://127.0.0.1:9/",
    }
    result = run(**base | environ)
    assert result.code == 2
    assert words in result.stderr


BAD_BLOCKS = {
    '[{"type": "divider"},]': "BLOCKS is no JSON at line 1, column 22",
    "[" * 50_000: "BLOCKS is nested too deeply",
    "[]": "BLOCKS is no list of blocks",
    '"divider"': "BLOCKS is no list of blocks",
    '{"attachments": []}': "BLOCKS is no list of blocks",
    json.dumps([{"type": "divider"}] * 51): "BLOCKS has 51 blocks; Slack takes 50 at most",
    '[{"type": "divider"}, 1, {"text": "x"}]': 'BLOCKS: block 2, 3 is no object with a "type"',
}


@pytest.mark.parametrize("blocks", BAD_BLOCKS)
def test_bad_blocks_are_refused_before_anything_is_sent(run: Any, blocks: str) -> None:
    result = run(SLACK_TOKEN=CANARY, CHANNEL="general", BLOCKS=blocks, SLACK_API_URL="http://127.0.0.1:9/")
    assert result.code == 2
    assert BAD_BLOCKS[blocks] in result.stderr


def test_several_faults_are_told_together(run: Any) -> None:
    result = run(SLACK_TOKEN=CANARY, EMAIL="nobody", CHANNEL="general", BLOCKS="x", THREAD_TS="1")
    assert result.code == 2
    for words in ("given together", "EMAIL is 'nobody'", "BLOCKS is no JSON", "THREAD_TS is '1'"):
        assert words in result.stderr


# What Slack refuses


def test_wrong_token_is_exit_3_and_never_shown(run: Any, slack: dict[str, str]) -> None:
    result = run(**slack | {"SLACK_TOKEN": CANARY, "VERBOSE": "true"}, CHANNEL="general", MESSAGE_CONTENT="hi")
    assert result.code == 3
    assert "invalid_auth" in result.stderr
    assert "SLACK_TOKEN" in result.stderr
    assert CANARY not in result.stderr + result.stdout


def test_missing_scope_is_named(run: Any, sandbox: Sandbox, slack: dict[str, str]) -> None:
    environ = slack | {"SLACK_TOKEN": sandbox.credentials["slack"].unscoped_token}
    result = run(**environ, CHANNEL="general", MESSAGE_CONTENT="hi")
    assert result.code == 3
    assert "lacks the scope chat:write" in result.stderr
    result = run(**environ, EMAIL=EMAIL, MESSAGE_CONTENT="hi")
    assert result.code == 3
    assert "lacks the scope users:read.email" in result.stderr


def test_unknown_channel_is_bad_input(run: Any, slack: dict[str, str]) -> None:
    result = run(**slack, CHANNEL="nowhere", MESSAGE_CONTENT="hi")
    assert result.code == 2
    assert "Could not post to nowhere: Slack said channel_not_found." in result.stderr
    assert "Check the channel" in result.stderr
    assert result.outputs == {}


def test_unknown_person_is_bad_input(run: Any, slack: dict[str, str]) -> None:
    result = run(**slack, EMAIL=f"ghost@{workspace.UNKNOWN_DOMAIN}", MESSAGE_CONTENT="hi")
    assert result.code == 2
    assert "users_not_found" in result.stderr


def test_what_slack_dislikes_in_blocks_is_quoted(run: Any, slack: dict[str, str]) -> None:
    result = run(**slack, CHANNEL="general", BLOCKS='[{"type": "marquee"}]')
    assert result.code == 2
    assert "invalid_blocks ([ERROR] unsupported type: marquee [json-pointer:/blocks/0/type])" in result.stderr


# Odd answers


Reply = tuple[int, dict[str, str], bytes] | str


@dataclass
class Odd:
    """A server that gives the next answer of a list, the last one for ever, and notes what it was asked."""

    answers: list[Reply]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)


@contextmanager
def serving(*answers: Reply, tls: ssl.SSLContext | None = None) -> Iterator[Odd]:
    odd = Odd(list(answers))
    released = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            odd.asked.append(self.path)
            odd.tokens.append(self.headers["Authorization"])
            answer = odd.answers.pop(0) if len(odd.answers) > 1 else odd.answers[0]
            if isinstance(answer, str):
                if answer == "silence":
                    released.wait(10)
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a refused certificate is no news here
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    odd.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}/api/"
    try:
        yield odd
    finally:
        released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def answer(body: object, status: int = 200, **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, raw


POSTED = answer({"ok": True, "channel": "C012345678", "ts": "1503435956.000247"})
TO_CHANNEL = {"SLACK_TOKEN": CANARY, "CHANNEL": "general", "MESSAGE_CONTENT": "hi"}

PASSING: dict[str, Reply] = {
    "429": answer({"ok": False, "error": "ratelimited"}, 429, Retry_After="0"),
    "503 that asks to wait": answer(b"<html>busy</html>", 503, Retry_After="0"),
    "rate limit as Slack's code": answer({"ok": False, "error": "rate_limited"}),
    "truncated request": answer({"ok": False, "error": "request_timeout"}),
}


@pytest.mark.parametrize("case", PASSING)
def test_what_slack_did_not_take_is_sent_again_within_the_budget(run: Any, case: str) -> None:
    with serving(PASSING[case], POSTED) as odd:
        result = run(**TO_CHANNEL, SLACK_API_URL=odd.url, RETRY_BUDGET="10")
    assert result.code == 0, result.stderr
    assert odd.asked == ["/api/chat.postMessage"] * 2 + [PERMALINK]


def test_a_wait_longer_than_the_budget_is_not_begun(run: Any) -> None:
    with serving(answer({"ok": False, "error": "ratelimited"}, 429, Retry_After="3600")) as odd:
        began = time.monotonic()
        result = run(**TO_CHANNEL, SLACK_API_URL=odd.url, RETRY_BUDGET="30")
        assert time.monotonic() - began < 5
    assert result.code == 5
    assert "asks to wait 3600 s" in result.stderr
    assert len(odd.asked) == 1


UNCERTAIN: dict[str, Reply] = {
    "500": answer(b"oops", 500),
    "502": answer(b"<html>bad gateway</html>", 502),
    "503 that says nothing of waiting": answer(b"<html>busy</html>", 503),
    "service unavailable": answer({"ok": False, "error": "service_unavailable"}),
    "504": answer({"ok": False, "error": "timeout"}, 504),
    "fatal error": answer({"ok": False, "error": "fatal_error"}),
    "no JSON": answer(b"<html>Please log in</html>"),
    "broken JSON": answer(b'{"ok": tru'),
    "a list": answer([1]),
    "no text": answer(b""),
    "no UTF-8": answer(b'{"ok": "\xff"}'),
    "no timestamp": answer({"ok": True, "channel": "C012345678"}),
    "less than announced": answer(b"{}", 200, Content_Length="100"),
    "hang-up": "hang-up",
}


@pytest.mark.parametrize("case", UNCERTAIN)
def test_a_message_is_not_sent_again_after_a_doubtful_answer(run: Any, case: str) -> None:
    with serving(UNCERTAIN[case]) as odd:
        result = run(**TO_CHANNEL, SLACK_API_URL=odd.url, RETRY_BUDGET="10")
    assert result.code == 5, result.stderr
    assert result.stderr.startswith("error: ")  # and no traceback of the server here
    assert "The message may have been posted." in result.stderr
    assert len(odd.asked) == 1
    assert result.outputs == {}


def test_a_message_is_not_sent_again_after_a_time_out(run: Any) -> None:
    with serving("silence") as odd:
        result = run(**TO_CHANNEL, SLACK_API_URL=odd.url, RETRY_BUDGET="1")
    assert result.code == 5
    assert "did not answer in time. The message may have been posted." in result.stderr
    assert len(odd.asked) == 1


def test_looking_up_a_person_is_repeated_after_a_doubtful_answer(run: Any) -> None:
    found = answer({"ok": True, "user": {"id": "U012345678"}})
    with serving(answer(b"", 502), "hang-up", found, POSTED) as odd:
        result = run(SLACK_TOKEN=CANARY, EMAIL=EMAIL, MESSAGE_CONTENT="hi", SLACK_API_URL=odd.url, RETRY_BUDGET="10")
    assert result.code == 0, result.stderr
    assert odd.asked == ["/api/users.lookupByEmail"] * 3 + ["/api/chat.postMessage", PERMALINK]


def test_a_service_that_is_down_is_exit_5(run: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        result = run(**TO_CHANNEL, SLACK_API_URL=f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert result.code == 5
    assert "the connection was refused" in result.stderr
    assert "may have been posted" not in result.stderr


def test_a_redirect_is_not_followed_with_the_token(run: Any) -> None:
    with serving(POSTED) as elsewhere, serving(answer(b"", 302, Location=elsewhere.url)) as odd:
        result = run(**TO_CHANNEL, SLACK_API_URL=odd.url)
    assert result.code == 1
    assert "HTTP 302" in result.stderr
    assert odd.tokens == [f"Bearer {CANARY}"]
    assert elsewhere.asked == []


def test_an_address_that_is_not_slack_is_told(run: Any) -> None:
    with serving(answer(b"<html>not here</html>", 404)) as odd:
        result = run(**TO_CHANNEL, SLACK_API_URL=odd.url)
    assert result.code == 1
    assert "Check SLACK_API_URL" in result.stderr


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [("is_archived", 1), ("not_in_channel", 1), ("msg_too_long", 2), ("account_inactive", 3), ("some_new_code", 1)],
)
def test_codes_of_slack_become_exit_codes_and_sentences(run: Any, code: str, exit_code: int) -> None:
    with serving(answer({"ok": False, "error": code})) as odd:
        result = run(**TO_CHANNEL, SLACK_API_URL=odd.url)
    assert result.code == exit_code
    assert f"Slack said {code}." in result.stderr


# Networks


def test_requests_go_through_the_proxy_unless_no_proxy_names_the_host(run: Any) -> None:
    with serving(POSTED) as proxy, serving(POSTED) as odd:
        through = run(**TO_CHANNEL, SLACK_API_URL="http://slack.example/api/", HTTP_PROXY=proxy.url)
        past = run(**TO_CHANNEL, SLACK_API_URL=odd.url, HTTP_PROXY=proxy.url, NO_PROXY="127.0.0.1")
    assert (through.code, past.code) == (0, 0), through.stderr + past.stderr
    assert proxy.asked == [f"http://slack.example{path}" for path in ("/api/chat.postMessage", PERMALINK)]
    assert odd.asked == ["/api/chat.postMessage", PERMALINK]


def test_a_proxy_of_the_other_scheme_is_not_used(run: Any) -> None:
    """slack_sdk by itself sends everything to HTTPS_PROXY."""
    with serving(POSTED) as proxy, serving(POSTED) as odd:
        assert run(**TO_CHANNEL, SLACK_API_URL=odd.url, HTTPS_PROXY=proxy.url).code == 0
    assert proxy.asked == []
    assert odd.asked == ["/api/chat.postMessage", PERMALINK]


def test_a_certificate_is_verified_with_the_given_authorities(run: Any, tmp_path: Path) -> None:
    authority, certificate = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(certificate)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with serving(POSTED, tls=tls) as odd:
        refused = run(**TO_CHANNEL, SLACK_API_URL=odd.url)
        trusted = run(**TO_CHANNEL, SLACK_API_URL=odd.url, CA_BUNDLE=str(certificate))
    assert refused.code == 5
    assert "is not trusted" in refused.stderr
    assert "CA_BUNDLE" in refused.stderr
    assert trusted.code == 0, trusted.stderr
    assert odd.asked == ["/api/chat.postMessage", PERMALINK]


def test_the_token_is_in_no_line_whatever_happens(run: Any) -> None:
    echo = answer({"ok": False, "error": "invalid_arguments", "response_metadata": {"messages": [f"Bearer {CANARY}"]}})
    for bad in (echo, answer(CANARY.encode(), 500), answer(CANARY.encode(), 404), "hang-up"):
        with serving(bad) as odd:
            result = run(**TO_CHANNEL, SLACK_API_URL=odd.url, VERBOSE="true")
        assert result.code != 0
        assert CANARY not in result.stdout + result.stderr


# Content

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "type", "alt_text"]), inner),
    max_leaves=10,
)


@settings(max_examples=100)
@given(JSON)
def test_any_json_gives_blocks_or_a_fault_and_blocks_have_words(value: object) -> None:
    faults: list[str] = []
    blocks = slack_message.read_blocks(json.dumps(value), "BLOCKS", faults)
    assert faults or blocks
    if blocks and not faults:
        assert 0 < len(slack_message.fallback(blocks)) <= slack_message.LONGEST_FALLBACK


@settings(max_examples=100)
@given(TEXTS, TEXTS)
def test_a_mention_changes_nothing_else(before: str, after: str) -> None:
    message = {"text": f"{before}<@{EMAIL}>{after}"}
    assert mentions.with_mention(message, EMAIL, "U1") == {"text": f"{before}<@U1>{after}"}


# More of what is sent


@pytest.fixture
def full(slack: dict[str, str], sandbox: Sandbox) -> dict[str, str]:
    """Variables with a token of every scope that the step can use."""
    return slack | {"SLACK_TOKEN": sandbox.credentials["slack"].token}


def test_attachments_metadata_and_unfurling_are_sent(run: Any, sandbox: Sandbox, slack: dict[str, str]) -> None:
    metadata = {"event_type": "deployed", "event_payload": {"version": 3}}
    parts = {"ATTACHMENTS": '[{"text": "more", "color": "good"}]', "MESSAGE_METADATA": json.dumps(metadata)}
    result = run(**slack, **parts, CHANNEL="general", UNFURL_LINKS="false", UNFURL_MEDIA="true")
    assert result.code == 0, result.stderr
    assert content(sandbox)["attachments"] == [{"id": 1, "text": "more", "color": "good"}]
    assert content(sandbox)["metadata"] == metadata
    assert content(sandbox)["text"] == "more"


def test_unfurling_is_left_to_slack_unless_it_is_said(run: Any) -> None:
    assert "unfurl_links" not in message(Content(message_content="x"), [])
    assert message(Content(message_content="x", unfurl_links=False), [])["unfurl_links"] is False


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ATTACHMENTS": "{}"}, "is no list of objects"),
        ({"ATTACHMENTS": json.dumps([{}] * 101)}, "101 attachments; Slack takes 100"),
        ({"ATTACHMENTS": "[1"}, "is no JSON"),
        ({"MESSAGE_METADATA": '{"event_type": 1}'}, "holds no event_type"),
        ({"BLOCKS": json.dumps([SECTION | {"text": {"type": "mrkdwn", "text": "x" * 3001}}])}, "takes 3000 at most"),
        ({"BLOCKS": json.dumps([{"type": "section", "fields": [{}] * 11}])}, "11 fields; Slack takes 10"),
        ({"BLOCKS": "7"}, "is no list of blocks"),
    ],
)
def test_what_slack_would_refuse_is_refused_before_anything_is_sent(
    run: Any, slack: dict[str, str], given: dict[str, str], words: str
) -> None:
    text = {} if "BLOCKS" in given else {"MESSAGE_CONTENT": "hi"}
    result = run(**slack, CHANNEL="general", **text, **given)
    assert result.code == 2
    assert words in result.stderr


def test_a_private_channel_is_reached_by_its_name(run: Any, full: dict[str, str]) -> None:
    assert run(**full, CHANNEL=workspace.PRIVATE, MESSAGE_CONTENT="hi", DEDUPE_ID="p").code == 0


# Mentions of whole channels


@pytest.mark.parametrize(
    "case",
    [
        ("<!channel>", "<!channel> is ready", "&lt;!channel&gt; is ready"),
        ("!here|Docs", "see <!here|Docs>", "see &lt;!here|Docs&gt;"),
        ("x <!subteam^S1|a> y", "of x <!subteam^S1|a> y", "of x &lt;!subteam^S1|a&gt; y"),
        ("payments", "<!channel> payments is ready", "<!channel> payments is ready"),
        ("wow!", "<!everyone> wow!", "<!everyone> wow!"),
    ],
)
def test_a_whole_channel_is_mentioned_only_where_the_author_wrote_so(
    run: Any, sandbox: Sandbox, slack: dict[str, str], case: tuple[str, str, str]
) -> None:
    """The pipeline's variables are in the environment under their own names, on the platform and under the runner."""
    name, text, shown = case
    result = run(**slack, CHANNEL="general", MESSAGE_CONTENT=text, project_name=name)
    assert content(sandbox)["text"] == shown
    assert ("is shown as plain text" in result.stderr) == (text != shown)
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    run(**slack, CHANNEL="general", BLOCKS=json.dumps([section]), project_name=name)
    assert content(sandbox)["blocks"][0]["text"]["text"] == shown


def test_broadcasts_can_be_forbidden_altogether(run: Any, sandbox: Sandbox, slack: dict[str, str]) -> None:
    run(**slack, CHANNEL="general", MESSAGE_CONTENT="<!channel> a", ALLOW_BROADCAST="false")
    assert content(sandbox)["text"] == "&lt;!channel&gt; a"


# Once


def test_a_second_run_with_the_same_id_posts_nothing(run: Any, sandbox: Sandbox, full: dict[str, str]) -> None:
    for target in ({"CHANNEL": "general"}, {"CHANNEL": workspace.PRIVATE}, {"EMAIL": EMAIL}):
        first = run(**full, **target, MESSAGE_CONTENT="hi", DEDUPE_ID="deploy-1")
        count = len(messages(sandbox))
        second = run(**full, **target, MESSAGE_CONTENT="hi again", DEDUPE_ID="deploy-1")
        assert second.code == 0, second.stderr
        assert second.outputs == first.outputs | {"posted": False}
        assert len(messages(sandbox)) == count
        assert run(**full, **target, MESSAGE_CONTENT="hi", DEDUPE_ID="deploy-2").outputs["posted"] is True


def test_a_reply_is_found_in_its_thread(run: Any, sandbox: Sandbox, full: dict[str, str]) -> None:
    parent = run(**full, CHANNEL="general", MESSAGE_CONTENT="hi").outputs["messageTs"]
    reply = full | {"CHANNEL": "general", "MESSAGE_CONTENT": "re", "THREAD_TS": parent, "DEDUPE_ID": "reply"}
    assert [run(**reply).outputs["posted"] for _ in range(2)] == [True, False]


def test_an_earlier_message_gets_the_new_content_when_asked(run: Any, sandbox: Sandbox, full: dict[str, str]) -> None:
    run(**full, CHANNEL="general", MESSAGE_CONTENT="running", DEDUPE_ID="status")
    count = len(messages(sandbox))
    done = run(**full, CHANNEL="general", MESSAGE_CONTENT="done", DEDUPE_ID="status", IF_POSTED="update")
    assert done.outputs["posted"] is False
    assert content(sandbox)["text"] == "done"
    assert len(messages(sandbox)) == count
    assert run(**full, CHANNEL="general", MESSAGE_CONTENT="x", DEDUPE_ID="status").outputs["posted"] is False


def test_the_execution_of_the_pipeline_gives_an_id(run: Any, sandbox: Sandbox, full: dict[str, str]) -> None:
    """A retry of the same step posts nothing; another step, another text and another execution do."""
    first = full | {"CHANNEL": "general", "MESSAGE_CONTENT": "hi", "HARNESS_EXECUTION_ID": "e1", "DRONE_OUTPUT": "/t/a"}
    assert [run(**first).outputs["posted"] for _ in range(2)] == [True, False]
    for other in ({"DRONE_OUTPUT": "/t/b"}, {"MESSAGE_CONTENT": "ho"}, {"HARNESS_EXECUTION_ID": "e2"}):
        assert run(**(first | other)).outputs["posted"] is True


def test_without_the_scopes_a_given_id_is_refused_and_one_of_the_execution_is_left_out(
    run: Any, sandbox: Sandbox, slack: dict[str, str]
) -> None:
    given = run(**slack, CHANNEL="general", MESSAGE_CONTENT="hi", DEDUPE_ID="x")
    assert given.code == 3
    assert "lacks the scope channels:read" in given.stderr
    automatic = run(**slack, CHANNEL="general", MESSAGE_CONTENT="hi", HARNESS_EXECUTION_ID="e1")
    assert automatic.code == 0, automatic.stderr
    assert "lacks the scope" in automatic.stderr


def test_a_dropped_answer_is_looked_up_before_anything_is_posted_again(
    run: Any, sandbox: Sandbox, full: dict[str, str]
) -> None:
    before = len(messages(sandbox))
    with in_front_of(int(sandbox.url.rpartition(":")[2])) as proxy:
        proxy.rules.append(Rule("POST", "chat.postMessage", Fault("cut", cut, forwarded=True), 1, ""))
        url = {"SLACK_API_URL": f"http://127.0.0.1:{proxy.port}/slack/api/"}
        once = run(**(full | url), CHANNEL="general", MESSAGE_CONTENT="hi", DEDUPE_ID="cut", RETRY_BUDGET="10")
        assert once.code == 0, once.stderr
        assert proxy.spoiled == 1
    assert len(messages(sandbox)) == before + 1


def test_a_rerun_after_a_dropped_answer_posts_nothing(run: Any, sandbox: Sandbox, full: dict[str, str]) -> None:
    before = len(messages(sandbox))
    with in_front_of(int(sandbox.url.rpartition(":")[2])) as proxy:
        proxy.rules.append(Rule("POST", "chat.postMessage", Fault("cut", cut, forwarded=True), None, ""))
        url = {"SLACK_API_URL": f"http://127.0.0.1:{proxy.port}/slack/api/"}
        first = run(**(full | url), CHANNEL="general", MESSAGE_CONTENT="hi", DEDUPE_ID="again")
    assert len(messages(sandbox)) == before + 1
    again = run(**full, CHANNEL="general", MESSAGE_CONTENT="hi", DEDUPE_ID="again")
    assert again.code == 0, again.stderr
    assert first.code == 0, first.stderr
    assert again.outputs["posted"] is False
    assert len(messages(sandbox)) == before + 1


# Failures that do not fail the step


def test_a_message_that_cannot_be_posted_is_a_warning_when_asked(run: Any, slack: dict[str, str]) -> None:
    result = run(**slack, CHANNEL="nowhere", MESSAGE_CONTENT="hi", FAIL_ON_ERROR="false")
    assert result.code == 0
    assert result.outputs == {"posted": False}
    assert "warning: Could not post to nowhere" in result.stderr


# Webhooks


def test_an_incoming_webhook_takes_the_place_of_token_and_target(run: Any, sandbox: Sandbox) -> None:
    url = f"{sandbox.url}{webhook.path(sandbox.credentials['slack'].webhook)}"
    rehearsed = run(SLACK_WEBHOOK_URL=url, MESSAGE_CONTENT="rehearsed", DRY_RUN="true")
    assert "would be posted by the webhook" in rehearsed.stderr
    result = run(SLACK_WEBHOOK_URL=url, MESSAGE_CONTENT="by hook", REPLY_BROADCAST="false", CHANNEL="general")
    assert result.code == 0, result.stderr
    assert result.outputs == {"posted": True}
    assert [message.content["text"] for message in messages(sandbox)[-1:]] == ["by hook"]
    assert "rehearsed" not in [message.content["text"] for message in messages(sandbox)]
    assert "'general' is not used" in result.stderr
    named = run(SLACK_WEBHOOK_URL=url, MESSAGE_CONTENT="named", BOT_USERNAME="Onboarding")
    assert "warning: A webhook posts under the name and picture of its app; BOT_USERNAME is not used." in named.stderr
    assert sandbox.credentials["slack"].webhook not in result.stderr


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (answer(b"no_service", 404), 3, "Make a new webhook"),
        (answer(b"channel_is_archived", 410), 1, "Choose another channel"),
        (answer(b"invalid_blocks", 400), 2, "Block Kit Builder"),
        (answer(b"<html>", 302), 1, "redirects are not followed"),
        (answer(b"", 500), 5, "may have been posted"),
        (answer(b"not ok"), 5, "may have been posted"),
        ("hang-up", 5, "may have been posted"),
        (answer(b"", 429, Retry_After="0"), 5, "RETRY_BUDGET"),
    ],
)
def test_what_a_webhook_answers_is_told(run: Any, reply: Any, code: int, words: str) -> None:
    with serving(reply) as odd:
        secret = f"{odd.url}canary-in-the-path"
        result = run(SLACK_WEBHOOK_URL=secret, MESSAGE_CONTENT="hi", VERBOSE="true")
        asked = len(odd.asked)
    assert result.code == code, result.stderr
    assert words in result.stderr
    assert "canary-in-the-path" not in result.stderr
    assert asked == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"SLACK_WEBHOOK_URL": "ftp://x"}, "is no http or https URL"),
        ({"SLACK_WEBHOOK_URL": "https://x.test/a", "SLACK_TOKEN": CANARY}, "are given together"),
        ({"SLACK_WEBHOOK_URL": "https://x.test/a", "DEDUPE_ID": "x"}, "needs a token"),
        ({}, "Required input is missing: token or webhookUrl"),
    ],
)
def test_bad_use_of_a_webhook_is_told(run: Any, given: dict[str, str], words: str) -> None:
    result = run(MESSAGE_CONTENT="hi", **given)
    assert result.code == 2
    assert words in result.stderr
