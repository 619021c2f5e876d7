"""Expressions are found by counting `<+` and `>`, and refer to what the platform's documentation says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.language import expressions
from runner.language.expressions import Expression, NotBuilt, Reference, Resolver, SecretReference, Unknown, Value

PLAIN = st.text(alphabet=st.characters(exclude_characters="<>\\+", exclude_categories=["Cs"]), max_size=20)
NAME = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


def _resolver(values: dict[str, Value], told: list[str] | None = None) -> Resolver:
    return Resolver(
        look_up=lambda reference: values.get(reference.path),
        reveal=lambda identifier: f"value of {identifier}",
        unresolved=lambda expression: None if told is None else told.append(expression.raw),
    )


def _resolve(text: str, values: dict[str, Value]) -> Value:
    return expressions.resolve(text, _resolver(values))


VALUES: dict[str, Value] = {"pipeline.variables.x": "X", "pipeline.variables.y": "y", "pipeline.variables.X_y": "inner"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<<+pipeline.variables.x>|Link>", "<X|Link>"),
        ("<<+pipeline.variables.x>>", "<X>"),
        ("<@<+pipeline.variables.x>>", "<@X>"),
        ("a <+pipeline.variables.x><+pipeline.variables.y> b", "a Xy b"),
        ("<+pipeline.variables.X_<+pipeline.variables.y>>", "inner"),
        ("< + no > expression", "< + no > expression"),
        ("never <+closed", "never <+closed"),
        (r"outside \> stays", r"outside \> stays"),
        ("<+metadata.owner>", "<+metadata.owner>"),
        (r"\n<+pipeline.variables.x>\n", r"\nX\n"),
    ],
)
def test_a_text_resolves_as_on_the_platform(text: str, expected: str) -> None:
    assert expected == _resolve(text, VALUES)


def test_an_escaped_bracket_is_part_of_the_expression() -> None:
    assert expressions.scan(r"<+a \> b>!") == (Expression(r"<+a \> b>", ("a > b",)), "!")


def test_without_a_value_a_whole_text_is_none_and_a_part_is_the_word_null() -> None:
    told: list[str] = []
    resolver = _resolver({}, told)

    assert expressions.resolve("<+pipeline.variables.gone>", resolver) is None
    assert expressions.resolve("is <+pipeline.variables.gone>.", resolver) == "is null."
    assert told == ["<+pipeline.variables.gone>"] * 2


def test_a_secret_stays_a_reference_until_it_stands_inside_a_longer_text() -> None:
    values: dict[str, Value] = {"secrets.getValue('account.x')": SecretReference("account.x")}

    assert _resolve("<+secrets.getValue('account.x')>", values) == SecretReference("account.x")
    assert _resolve("key=<+secrets.getValue('account.x')>", values) == "key=value of account.x"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("pipeline.variables.name", Reference("pipeline variable", "", name="name")),
        ('pipeline.variables.get("a-b")', Reference("pipeline variable", "", name="a-b")),
        ("stage.variables.name", Reference("stage variable", "", name="name")),
        ("pipeline.stages.s.variables.name", Reference("stage variable", "", stage="s", name="name")),
        ("steps.a.output.outputVariables.k", Reference("output", "", step="a", name="k")),
        ("execution.steps.a.output.outputVariables.k", Reference("output", "", step="a", name="k")),
        ("stage.spec.execution.steps.a.output.outputVariables.k", Reference("output", "", step="a", name="k")),
        (
            "stages.s.spec.execution.steps.a.output.outputVariables.k",
            Reference("output", "", stage="s", step="a", name="k"),
        ),
        (
            "pipeline.stages.s.spec.execution.steps.a.output.outputVariables.k",
            Reference("output", "", stage="s", step="a", name="k"),
        ),
        ('secrets.getValue("account.x")', Reference("secret", "", name="account.x")),
        ("secrets.getValue('x')", Reference("secret", "", name="x")),
        ("pipeline.pipeline.sequenceId", Reference("fact", "")),
        ("account.identifier", Reference("fact", "")),
    ],
)
def test_every_documented_form_is_understood(path: str, expected: Reference) -> None:
    found = expressions.parse(path)

    assert (found.kind, found.stage, found.step, found.name) == (
        expected.kind,
        expected.stage,
        expected.step,
        expected.name,
    )


@pytest.mark.parametrize(
    "path",
    [
        "pipeline.variables.a.toUpperCase()",
        "pipeline.variables.a == 1",
        'pipeline.variables.a ? "b" : "c"',
        '"text"',
        'json.object("{}")',
        "matrix.x",
        "steps.a.status",
        "pipeline.stages.s.status",
        "",
    ],
)
def test_what_is_not_evaluated_yet_is_refused(path: str) -> None:
    with pytest.raises(NotBuilt):
        expressions.parse(path)


def test_a_misspelt_root_or_property_is_unknown_with_a_suggestion() -> None:
    with pytest.raises(Unknown, match="Did you mean 'pipeline'"):
        expressions.parse("pipline.variables.x")
    with pytest.raises(Unknown, match="Did you mean 'variables'"):
        expressions.parse("pipeline.varaibles.x")


def test_nesting_deeper_than_the_platform_allows_is_refused() -> None:
    with pytest.raises(Unknown, match="deeper than 15"):
        expressions.scan("<+" * 1000)


@given(st.lists(st.tuples(PLAIN, NAME), max_size=6), PLAIN)
def test_resolving_replaces_each_expression_and_nothing_else(pieces: list[tuple[str, str]], end: str) -> None:
    text = "".join(f"{plain}<+pipeline.variables.{name}>" for plain, name in pieces) + end
    expected = "".join(f"{plain}[{name}]" for plain, name in pieces) + end
    values: dict[str, Value] = {f"pipeline.variables.{name}": f"[{name}]" for _, name in pieces}

    assert expected == _resolve(text, values)


@given(st.text(alphabet="<+>\\ a.", max_size=30))
def test_scanning_loses_no_character(text: str) -> None:
    parts = expressions.scan(text)

    assert text == "".join(part.raw if isinstance(part, Expression) else part for part in parts)


@given(st.lists(NAME, min_size=1, max_size=10))
def test_brackets_nest_inside_out(names: list[str]) -> None:
    text = "".join(f"<+{name}" for name in names) + ">" * len(names)
    found = expressions.expressions(expressions.scan(text))

    assert [expression.raw.count("<+") for expression in found] == list(range(1, len(names) + 1))
