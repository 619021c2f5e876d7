"""URLs and hosts from inputs: what is one, and that no password of one is shown."""

from __future__ import annotations

import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import BadInput
from common.network.url import checked, host_and_port

NAMES = ("DRONE_NETRC_MACHINE", "DRONE_NETRC_PORT")


@pytest.mark.parametrize(
    "url",
    ["https://github.com", "http://127.0.0.1:8080/x?y#z", "https://[::1]:8443/x", "https://me:pass@host_1.corp./",
     "https://xn--hst-sna.example", "https://h:65535/", "https://my-host:443/a%20b", "https://3com.example"],
)  # fmt: skip
def test_http_and_https_urls_are_taken(url: str) -> None:
    assert checked(url, what="BASE", next_step="").geturl() == url


@pytest.mark.parametrize(
    "url",
    ["", "host", "ftp://host", "https://", "http://[::1", "http://host:port", "http://host:99999", "http://host:0",
     "http://a b", "https://host/a b", "http://me:pass-canary@a b/c", "https://h\u00f6st/", "http://-oProxy=x y",
     "https://github..com", "https://.github.com", "https://github.com..", "https://-x.com", "https://x-.com",
     "https://host:/x", "https://[::1]x/", "https://[1.2.3.4]/", "https://[fe80::1%25eth0]/", "https://1.2.3.256",
     "https://1.2.3", "https://a\x1b[31m/", "https://a/\x00", "https://" + "a" * 64, "https://" + "a." * 127 + "a",
     "https://me:pass-canary@", "https://?x"],
)  # fmt: skip
def test_anything_else_is_refused_by_the_name_of_its_input(url: str) -> None:
    with pytest.raises(BadInput, match=r"BASE is .*, which is no http or https URL: .*\.") as caught:
        checked(url, what="BASE", next_step="Give another.")
    assert "pass-canary" not in str(caught.value)


@given(st.text())
def test_no_text_ends_in_anything_but_a_url_or_a_sentence(text: str) -> None:
    for url in (text, f"https://{text}"):
        try:
            parts = checked(url, what="BASE", next_step="")
        except BadInput:
            continue
        assert parts.scheme in ("http", "https")
        assert parts.hostname


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("github.com", "", "github.com"),
        ("GitHub.com", "8443", "github.com:8443"),
        ("github.com:8443", "", "github.com:8443"),
        ("github.com:8443", "8443", "github.com:8443"),
        ("host_1", "0080", "host_1:80"),
        ("host.corp.", "", "host.corp."),
        ("127.0.0.1", "1", "127.0.0.1:1"),
        ("::1", "", "[::1]"),
        ("[::1]", "8443", "[::1]:8443"),
        ("[::1]:8443", "", "[::1]:8443"),
        ("2001:DB8::1", "65535", "[2001:db8::1]:65535"),
    ],
)
def test_a_host_and_a_port_become_the_part_of_a_url(host: str, port: str, expected: str) -> None:
    assert host_and_port(host, port, names=NAMES, next_step="") == expected


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        (
            "https://github.com",
            "",
            "DRONE_NETRC_MACHINE is 'https://github.com', which is more than the name of a host",
        ),
        ("me:pass-canary@github.com", "", "DRONE_NETRC_MACHINE is 'github.com', which is more than"),
        ("github.com/acme", "", "which is more than the name of a host"),
        ("github..com", "", "DRONE_NETRC_MACHINE is 'github..com', which names no host: 'github..com' is no host name"),
        ("", "", "it has no host"),
        ("a b", "", "is no host name"),
        ("h\u00f6st", "", "a name with other letters has a form that begins with xn--"),
        ("[::1", "", "is no IPv6 address in brackets"),
        ("::1::2", "", "is no IPv6 address in brackets"),
        ("[github.com]", "", "is no IPv6 address in brackets"),
        ("1.2.3.256", "", "is no IPv4 address"),
        ("github.com", "99999", "DRONE_NETRC_PORT is '99999', which is no port: a number from 1 to 65535"),
        ("github.com", "0", "DRONE_NETRC_PORT is '0'"),
        ("github.com", "-1", "DRONE_NETRC_PORT is '-1'"),
        ("github.com", "\u0661", "which is no port"),
        ("github.com:https", "", "DRONE_NETRC_PORT is 'https', which is no port"),
        ("github.com:1", "2", "DRONE_NETRC_MACHINE is 'github.com:1', and DRONE_NETRC_PORT is another port, '2'"),
    ],
)
def test_a_host_or_a_port_that_is_none_is_refused_by_its_name(host: str, port: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        host_and_port(host, port, names=NAMES, next_step="Give the host alone.")
    assert words in str(caught.value)
    assert "pass-canary" not in str(caught.value)


@given(st.text(alphabet=st.sampled_from("a.:[]1-_/@ \u00e9%")) | st.text(), st.text(max_size=6))
def test_what_is_taken_for_a_host_makes_a_url(host: str, port: str) -> None:
    try:
        taken = host_and_port(host, port, names=NAMES, next_step="")
    except BadInput:
        return
    assert checked(f"https://{taken}/x", what="it", next_step="").netloc == taken
    assert urllib.parse.urlsplit(f"https://{taken}/x").path == "/x"
