"""URLs from inputs: what is one, and that no password of one is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import BadInput
from common.network.url import checked


@pytest.mark.parametrize(
    "url",
    ["https://github.com", "http://127.0.0.1:8080/x?y#z", "https://[::1]:8443/x", "https://me:pass@host_1.corp./"],
)
def test_http_and_https_urls_are_taken(url: str) -> None:
    assert checked(url, what="BASE", next_step="").geturl() == url


@pytest.mark.parametrize(
    "url",
    ["", "host", "ftp://host", "https://", "http://[::1", "http://host:port", "http://host:99999", "http://host:0",
     "http://a b", "https://host/a b", "http://me:pass-canary@a b/c", "https://h\u00f6st/", "http://-oProxy=x y"],
)  # fmt: skip
def test_anything_else_is_refused_by_the_name_of_its_input(url: str) -> None:
    with pytest.raises(BadInput, match=r"BASE is .*, which is no http or https URL") as caught:
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
