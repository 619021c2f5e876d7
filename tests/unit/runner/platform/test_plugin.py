"""Settings of a Plugin as the variables of its image."""

from __future__ import annotations

import pytest

from common.errors import BadInput
from common.secret import Secret
from runner.language.expressions.values import SecretReference
from runner.language.resolve import Resolved
from runner.platform import plugin
from tests.unit.runner.platform.test_golden_environments import services

SETTINGS: Resolved = {
    "file_name": "idp.yaml",
    "target-branch": "main",
    "dryRun": True,
    "count": 3,
    "tags": ["a", "b", 1],
    "labels": {"team": "pay", "on": False},
    "token": SecretReference("account.key"),
    "nothing": None,
    "empty": "",
}


def test_settings_become_variables_in_capitals() -> None:
    found = plugin.variables({"settings": SETTINGS}, services(sandboxed=False))
    assert found == {
        "PLUGIN_FILE_NAME": "idp.yaml",
        "PLUGIN_TARGET-BRANCH": "main",
        "PLUGIN_DRYRUN": "true",
        "PLUGIN_COUNT": "3",
        "PLUGIN_TAGS": "a,b,1",
        "PLUGIN_LABELS": '{\n  "team": "pay",\n  "on": false\n}',
        "PLUGIN_TOKEN": Secret(":account.key").reveal(),
    }


@pytest.mark.parametrize(
    ("settings", "words"),
    [(["a"], "has to be a map"), ({"a_b": 1, "A_B": 2}, "Two settings are the variable PLUGIN_A_B")],
)
def test_settings_that_no_variables_can_be_are_refused(settings: object, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        plugin.variables({"settings": settings}, services(sandboxed=False))  # type: ignore[dict-item]  # as asked for


def test_an_entrypoint_is_a_list_or_one_line() -> None:
    assert plugin.entrypoint({"entrypoint": ["/bin/x", "a b"]}) == ("/bin/x", "a b")
    assert plugin.entrypoint({"entrypoint": "/bin/x 'a b'"}) == ("/bin/x", "a b")
    assert plugin.entrypoint({}) == ()
