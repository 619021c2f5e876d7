"""The application of all services: what it costs to make."""

from __future__ import annotations

import pytest
from flask import url_for
from werkzeug.routing import Rule

from sandbox.app import routed


def test_a_route_compiles_what_builds_its_url_when_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run with --sandbox and each test waits for all the routes."""
    compiled: list[str] = []
    compile_builder = Rule._compile_builder

    def noted(rule: Rule, append_unknown: bool = True) -> object:
        compiled.append(rule.rule)
        return compile_builder(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", noted)
    app = routed.__wrapped__()
    assert compiled == []
    with app.test_request_context():
        assert url_for("pages.entity", scope="account", kind="component", identifier="a b") == url_for(
            "pages.entity", scope="account", kind="component", identifier="a b"
        )
        assert url_for("pages.entity_list", only="orphans").endswith("?only=orphans")
    assert sorted(set(compiled)) == sorted(compiled) != []
