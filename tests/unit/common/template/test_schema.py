"""What a template can be told, as a sentence and as a JSON schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from common.template import schema
from tests.conftest import RunStep, World
from tests.templates import NESTED, files, publish

DECLARED: dict[str, Any] = {
    "app_name": "sample",
    "slug": "{{ cookiecutter.app_name|lower }}",
    "port": 8080,
    "ratio": 0.5,
    "tls": True,
    "owner": None,
    "kind": ["api", "web", 3.8],
    "region": ["eu", "us"],
    "options": {"size": 3, "name": "{{ cookiecutter.slug }}", "tags": ["a"], "deep": {"on": False}},
    "plain": {"size": 3},
    "_private": "x",
    "__computed": "{{ cookiecutter.slug }}",
    "__prompts__": {
        "app_name": "What is it called?",
        "region": {"__prompt__": "Where does it run?", "eu": "Europe"},
        "kind": {"__prompt__": "What is it?"},
    },
}
EXPECTED: dict[str, Any] = {
    "app_name": {"title": "What is it called?", "type": "string", "default": "sample"},
    "slug": {"type": "string", "description": "Made by the template when absent: {{ cookiecutter.app_name|lower }}"},
    "port": {"type": "integer", "default": 8080},
    "ratio": {"type": "number", "default": 0.5},
    "tls": {"type": "boolean", "default": True},
    "owner": {"type": ["string", "null"], "default": None},
    "kind": {"title": "What is it?", "enum": ["api", "web", 3.8], "default": "api"},
    "region": {
        "title": "Where does it run?",
        "oneOf": [{"const": "eu", "title": "Europe"}, {"const": "us", "title": "us"}],
        "default": "eu",
    },
    "options": {
        "type": "object",
        "properties": {
            "size": {"type": "integer", "default": 3},
            "name": {"type": "string", "description": "Made by the template when absent: {{ cookiecutter.slug }}"},
            "tags": {"type": "array", "default": ["a"]},
            "deep": {
                "type": "object",
                "properties": {"on": {"type": "boolean", "default": False}},
                "default": {"on": False},
            },
        },
    },
    "plain": {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}, "default": {"size": 3}},
}  # fmt: skip


def test_every_kind_of_variable_has_its_form_and_private_ones_are_left_out() -> None:
    found = schema.of_template(DECLARED, title="x")
    assert found["properties"] == EXPECTED
    jsonschema.Draft202012Validator.check_schema(found)
    validator = jsonschema.Draft202012Validator(found)
    validator.validate({"app_name": "a", "kind": 3.8, "region": "us", "owner": None, "_private": "given"})
    for wrong in ({"kind": "cli"}, {"port": "x"}, {"app_nam": "x"}, {"region": "asia"}, {"options": "x"}):
        assert not validator.is_valid(wrong)


def test_defaults_are_not_taken_for_text_when_the_template_has_delimiters_of_its_own() -> None:
    declared = {"a": "[[ cookiecutter.b ]]", "b": "{{ text }}", "_jinja2_env_vars": {"variable_start_string": "[["}}
    found = schema.of_template(declared, title="x")["properties"]
    assert "default" not in found["a"]
    assert found["b"]["default"] == "{{ text }}"


def test_a_long_list_of_variables_and_a_long_default_are_cut_in_a_sentence() -> None:
    assert schema.listed({"a": "x" * 100}) == f'a = "{"x" * 59}…'
    assert schema.listed({f"v{number}": 1 for number in range(50)}).endswith("v39 = 1 and 10 more")
    assert schema.listed({"kind": ["api", 3.8], "none": []}) == (
        'kind = "api" or 3.8, none = nothing, for its list of choices is empty'
    )


def test_the_schema_of_a_template_at_a_url_is_printed_and_nothing_is_written(
    run_step: RunStep, world: World, workspace: Path, tmp_path: Path
) -> None:
    context = {"cookiecutter.json": json.dumps(DECLARED)}
    publish(world, tmp_path, "service", {**context, "sub/cookiecutter.json": '{"inner": "x"}'}, private=True)
    token = world.credentials["github"].token
    login = {name: text for name, text in world.connector.items() if name.startswith("DRONE_")}
    address = f"{world.url.replace('://', f'://jane:{token}@')}/templates/service"
    for url, environ in ((f"{world.url}/templates/service", login), (address, {})):
        done = run_step("CookieCutter", environ, "--describe-template", url)
        assert done.code == 0, done.stderr
        assert token not in done.stdout + done.stderr
        found = json.loads(done.stdout)
        assert found["title"] == f"{world.url}/templates/service"
        assert found["properties"] == EXPECTED
        assert done.outputs == {}
    done = run_step("CookieCutter", login | {"TEMPLATE_DIRECTORY": "sub"}, "--describe-template", url)
    assert list(json.loads(done.stdout)["properties"]) == ["inner"]
    assert not list(workspace.iterdir())


@pytest.mark.parametrize("form", ["templates", "template"])
def test_a_choice_of_templates_is_described_as_one_of_theirs(run_step: RunStep, workspace: Path, form: str) -> None:
    files(workspace / "many", NESTED[form])
    done = run_step("CookieCutter", {}, "--describe-template", "many")
    found = json.loads(done.stdout)
    assert [(one["title"], one["x-templateName"], list(one["properties"])) for one in found["oneOf"]] == [
        ("Web service", ["web"], ["pages"]),
        ("job", ["jobs/job" if form == "template" else "job"], ["schedule"]),
    ]
    jsonschema.Draft202012Validator.check_schema(found)
    for one in found["oneOf"]:
        done = run_step("CookieCutter", {"TEMPLATE_NAME": one["x-templateName"][0]}, "--describe-template", "many")
        assert json.loads(done.stdout)["properties"] == one["properties"]


def test_a_template_that_cannot_be_described_is_one_sentence(run_step: RunStep, workspace: Path) -> None:
    (workspace / "empty").mkdir()
    done = run_step("CookieCutter", {}, "--describe-template", "empty")
    assert done.code == 2
    assert "no cookiecutter.json at its root" in done.stderr
    assert done.stdout == ""
    done = run_step("CookieCutter", {}, "--describe-template", "nowhere")
    assert done.code == 2
    assert "There is no template in" in done.stderr
    assert "pathForTemplate" not in done.stderr
    files(workspace / "loop", {"cookiecutter.json": '{"templates": {"a": {"path": "."}}}'})
    done = run_step("CookieCutter", {}, "--describe-template", "loop")
    assert done.code == 2
    assert "a choice of choices without end" in done.stderr
