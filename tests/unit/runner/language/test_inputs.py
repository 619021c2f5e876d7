"""Values come from --set, an inputs file or defaults, and everything wrong with them is told at once."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.diagnostics import Invalid
from common.errors import BadInput
from runner import cli
from runner.execution.given import choose, gather
from runner.execution.report import Report
from runner.language.inputs import Given, Rule, Values, files, placeholder
from runner.language.pipeline.reading import duration
from runner.language.validate import Checked
from runner.language.validate.examine import examined

PipelineFile = Callable[[str], Path]

STEP = """
- step:
    type: CookieCutter
    name: Render
    identifier: render
    spec: {publicTemplateUrl: <+input>.default(here)}
variables:
"""


@pytest.fixture
def pipeline(pipeline_file: PipelineFile, fake_steps: object) -> Callable[[str], Checked]:
    """Make a pipeline with these variables."""
    del fake_steps
    return lambda text: examined(pipeline_file(STEP + text), {})[0]


def _settle(pipeline: Checked, **given: str) -> Values:
    return choose(pipeline.places, {name: Given(text) for name, text in given.items()}, None)


def _complaints(pipeline: Checked, **given: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        _settle(pipeline, **given)
    return [fault.text for fault in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("plain", None),
        ("<+input>", Rule()),
        ("<+input>.default(public).allowedValues(public,private)", Rule("public", ("public", "private"))),
        ("<+input>.default('a, b')", Rule("a, b")),
        ("<+input>.selectOneFrom('a, b', c)", Rule(None, ("a, b", "c"))),
        ("<+input>.default(f(x))", Rule("f(x)")),
    ],
)
def test_the_clauses_of_an_input_are_read(text: str, rule: Rule | None) -> None:
    assert placeholder.parse(text) == rule


def test_a_rule_that_a_comma_of_yaml_has_cut_off_is_told_to_be_quoted() -> None:
    with pytest.raises(
        ValueError, match=r"'\.allowedValues\(a' after <\+input> has no end; .* write the value in quotes"
    ):
        placeholder.parse("<+input>.allowedValues(a")


def test_a_regular_expression_may_hold_brackets() -> None:
    rule = placeholder.parse("<+input>.regex(^(a|b)+$).default(a)")

    assert rule is not None
    assert (rule.pattern, rule.default) == ("^(a|b)+$", "a")


@given(st.text(alphabet="<+input>.default(a),'\" ", max_size=40))
def test_any_text_after_an_input_is_a_rule_or_a_complaint(text: str) -> None:
    try:
        placeholder.parse("<+input>" + text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either outcome is right, a crash is not


def test_missing_not_allowed_and_unknown_values_are_told_together(pipeline: Callable[[str], Checked]) -> None:
    found = pipeline("""
  - {name: project_name, type: String, value: <+input>}
  - {name: kind, type: String, value: "<+input>.allowedValues(public,private)"}
  - {name: size, type: Number, value: <+input>}
  - {name: code, type: String, value: "<+input>.regex([a-z]+)"}
""")

    assert _complaints(found, kind="secret", size="big", code="A1", projct_name="x") == [
        "The variable 'project_name' has no value; give it with --set project_name=... or in an inputs file.",
        "The value 'secret' of the variable 'kind' is not allowed; it can be public or private.",
        "The value 'big' of the variable 'size' is no number.",
        "The value 'A1' of the variable 'code' is not allowed; it has to match [a-z]+.",
        "The pipeline has no variable or input 'projct_name'. Did you mean 'project_name'?",
    ]


def test_defaults_fixed_values_and_given_values(pipeline: Callable[[str], Checked]) -> None:
    found = pipeline("""
  - {name: a, type: String, value: "<+input>.default(x)"}
  - {name: b, type: String, value: <+input>, default: y}
  - {name: c, type: String, value: fixed}
  - {name: d, type: Number, value: 1.10}
  - {name: e, type: String, value: <+input>}
""")

    texts = _settle(found, c="changed", e="").texts
    assert texts == {
        "a": "x",
        "b": "y",
        "c": "changed",
        "d": "1.10",
        "e": "",
        "onboard.render.publicTemplateUrl": "here",
    }


def test_an_empty_value_is_refused_only_where_the_variable_is_required(pipeline: Callable[[str], Checked]) -> None:
    found = pipeline("  - {name: a, type: String, value: <+input>, required: true}\n")

    assert _complaints(found, a="") == ["The variable 'a' has no value; give it with --set a=... or in an inputs file."]


def test_the_value_of_a_secret_variable_is_never_repeated(pipeline: Callable[[str], Checked]) -> None:
    found = pipeline("  - {name: key, type: Secret, value: '<+input>.allowedValues(a)'}\n")

    assert _complaints(found, key="canary") == ["The value of the variable 'key' is not allowed; it can be a."]


def test_set_needs_a_name_and_a_value_and_keeps_further_equals_signs() -> None:
    given, faults = files.parse_settings(["a=b=c", "nothing", "=secret"])

    assert given["a"].text == "b=c"
    assert [fault.text for fault in faults] == [
        "--set needs name=value, not 'nothing'.",
        "--set needs name=value, and the name is missing.",
    ]


def test_a_beginning_of_an_expression_is_a_plain_text_to_the_rules(pipeline: Callable[[str], Checked]) -> None:
    declared = pipeline("  - {name: size, value: '<+input>.regex(^[a-z<+.>]{1,20}$)'}\n")

    assert _settle(declared, size="<+pipeline.name>").texts["size"] == "<+pipeline.name>"
    assert _complaints(declared, size="<+NAME") == [
        "The value '<+NAME' of the variable 'size' is not allowed; it has to match ^[a-z<+.>]{1,20}$."
    ]


def test_an_inputs_file_holds_scalars_by_name(tmp_path: Path) -> None:
    file = tmp_path / "inputs.yaml"
    file.write_text("a: 1.10\nb: true\nc: [1]\n")

    with pytest.raises(Invalid) as caught:
        gather([], [file], tmp_path / "pipeline.yaml", Report(stream=io.StringIO(), colour=False))

    assert str(caught.value) == f"{file}:3:4: The value of 'c' has to be a text, a number or a boolean."


def test_variables_that_refer_to_each_other_in_a_circle_are_refused(
    pipeline_file: PipelineFile, fake_steps: object, capsys: pytest.CaptureFixture[str]
) -> None:
    del fake_steps
    file = pipeline_file(
        STEP.replace("<+input>.default(here)", "<+pipeline.variables.a>")
        + "  - {name: a, value: <+pipeline.variables.b>}\n  - {name: b, value: x<+pipeline.variables.a>}\n"
    )

    assert cli.main(["run", str(file)]) == BadInput.exit_code
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2, "each once, not again for every step that uses them"
    assert "The variables a -> b -> a refer to each other in a circle." in told[0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m", 600),
        ("1h 30m", 5400),
        ("90s", 90),
        ("1d", 86400),
        ("soon", None),
        ("10", None),
        ("9" * 5_000 + "s", None),
        ("999999999999w", 366 * 86_400),
    ],
)
def test_durations_read_as_on_the_platform(text: str, seconds: float | None) -> None:
    assert duration(text) == seconds
