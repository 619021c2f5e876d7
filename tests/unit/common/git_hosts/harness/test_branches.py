"""Which rules of Harness Code protect a branch."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from common.errors import StepError
from tests.conftest import serving
from tests.faults.host_works import protect

KEY = "pat.acc.key.made-up"
ACTIVE = {"state": "active", "type": "branch"}
PROTECTING = ACTIVE | {"pattern": {"include": ["main"]}}


def asked(rules: list[dict[str, Any]]) -> tuple[bool, int, str]:
    """Protect main where these rules are: whether a rule was made, the exit code, and what was said."""
    made = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        made.extend([environ["PATH_INFO"]] if environ["REQUEST_METHOD"] == "POST" else [])
        listed = [*rules, *([PROTECTING] if made else [])]
        answer: object = listed if environ["REQUEST_METHOD"] == "GET" else PROTECTING
        if not environ["PATH_INFO"].endswith("/rules"):
            answer = {"default_branch": "main"}
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    said = io.StringIO()
    with serving(app) as url, contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        given = {"CONNECTOR_TYPE": "Harness", "HARNESS_URL": url, "X_API_KEY": KEY, "HARNESS_ACCOUNT_ID": "acc"}
        code = protect.main([], {**given, "ORG_NAME": "shop", "REPO_NAME": "payments", "OUTPUT_FORMAT": "table"})
    return bool(made), code, said.getvalue()


@pytest.mark.parametrize(
    ("rule", "protects"),
    [
        ({"pattern": {"include": ["main"]}}, True),
        ({"pattern": {"include": ["ma*"]}}, True),
        ({"pattern": {"include": ["release"]}}, False),
        ({"pattern": {"include": ["ma*"], "exclude": ["main"]}}, False),
        ({"pattern": {"default": True}}, True),
        ({"pattern": None}, True),
        ({"pattern": {"include": ["main"]}, "state": "disabled"}, False),
        ({"pattern": {"include": ["main"]}, "type": "tag"}, False),
    ],
)
def test_a_rule_that_names_the_branch_protects_it(rule: dict[str, Any], protects: bool) -> None:
    made, code, said = asked([ACTIVE | rule])
    assert (made, code) == (not protects, 0), said


@pytest.mark.parametrize("pattern", [True, "main", {"include": "main"}, {"include": [{}]}, {"exclude": [5]}])
def test_a_rule_of_another_form_is_none_of_the_api(pattern: Any) -> None:
    made, code, said = asked([ACTIVE | {"pattern": pattern}])
    assert (made, code) == (False, StepError.exit_code), said
    assert "a rule has a pattern of another form" in said
