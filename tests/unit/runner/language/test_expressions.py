"""Expressions are found by counting `<+` and `>`, and mean what the platform's documents say (contract, E)."""

from __future__ import annotations

import re
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.document import Scalar, reader
from common.errors import BadInput
from runner.language import resolve
from runner.language.expressions import evaluate, scanner
from runner.language.expressions.evaluate import Names
from runner.language.expressions.scanner import Expression, Malformed
from runner.language.expressions.values import LATER, Absent, Found, Group, Later, SecretReference, Thing
from runner.language.inputs import Values
from runner.language.inputs.slots import slots
from runner.language.pipeline import Path, Position
from runner.language.pipeline.load import load
from runner.language.scope import Scope

PLAIN = st.text(alphabet=st.characters(exclude_characters="<>\\+", exclude_categories=["Cs"]), max_size=20)
NAME = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)

PIPELINE = """
pipeline:
  name: Onboarding
  identifier: onboarding
  orgIdentifier: default
  projectIdentifier: portal
  tags: {team: web}
  variables:
    - {name: project_name, type: String, value: Payments API}
    - {name: a-b, type: String, value: hyphen}
    - {name: dotted.name, type: String, value: dots}
    - {name: count, type: Number, value: 3}
    - {name: flag, type: String, value: "true"}
    - {name: json, type: String, value: '{"a": {"b": [1, {"c": "deep"}]}}'}
    - {name: which, type: String, value: project_name}
    - {name: hostile, type: String, value: secrets.getValue("account.x")}
    - {name: nested, type: String, value: "<+pipeline.variables.project_name>!"}
    - {name: key, type: Secret, value: account.key}
  stages:
    - stage:
        name: Onboard
        identifier: onboard
        description: First
        type: IDP
        tags: {kind: portal}
        variables: [{name: env, type: String, value: prod}]
        spec:
          execution:
            steps:
              - step:
                  {type: Run, name: Make, identifier: make, timeout: 5m, spec: {command: "echo <+stage.name>",
                   shell: Bash, outputVariables: [{name: url}, {name: my-out}, {name: evil}]}}
              - stepGroup:
                  identifier: grp
                  name: Group
                  variables: [{name: inner, type: String, value: of the group}]
                  steps:
                    - step: {type: Run, name: A, identifier: first, spec: {command: x, outputVariables: [{name: k}]}}
                    - step: {type: Run, name: Here, identifier: here, spec: {command: x}}
    - stage: {name: Deploy, identifier: deploy, type: Deployment, spec: {}}
"""
FACTS = {
    "pipeline.executionId": "e1",
    "pipeline.sequenceId": "7",
    "pipeline.triggeredBy.email": "jane@acme.example",
    "pipeline.triggeredBy.name": "Jane",
    "pipeline.executionUrl": "https://portal/e1",
    "account.identifier": "abc",
    "org.identifier": "default",
    "project.name": "Portal",
    "trigger.payload.branch": "main",
    "variable.account.region": "eu",
    "variable.tier": "gold",
}
OUTPUTS: dict[Path, dict[str, str | SecretReference]] = {
    ("onboard", "make"): {"url": "https://git/x", "my-out": "hyphen", "evil": '<+secrets.getValue("account.x")>'},
    ("onboard", "grp", "first"): {"k": "v"},
}


class Done:
    """A run that has come to the last step."""

    def outputs(self, path: Path) -> dict[str, str | SecretReference] | None:
        return OUTPUTS.get(path)

    def status(self, path: Path) -> str | None:
        return "SKIPPED" if path == ("deploy",) else "SUCCEEDED" if path in OUTPUTS else "RUNNING"

    def retries(self, path: Path) -> int:
        return len(path)


class World:
    """A scope for texts in the step `here`, and what it was told."""

    def __init__(self, *, running: bool = True) -> None:
        loaded = load(reader.single(PIPELINE, "p.yaml") or Scalar(NOWHERE), "p.yaml")
        assert loaded.faults == []
        places, _ = slots(loaded.pipeline)
        self.nulls: list[str] = []
        self.faults: list[str] = []
        self.scope = Scope(
            loaded.pipeline,
            Values({name: slot.fixed for name, slot in places.items()}, places),
            FACTS,
            lambda identifier: f"value of {identifier}",
            lambda expression, _, reason: self.nulls.append(f"{expression.raw} {reason}"),
            lambda expression, _, reason: self.faults.append(f"{expression.raw} {reason}"),
            Done() if running else None,
            {("deploy",): "the stage 'deploy' is of the type Deployment, and is not run here."},
        )
        stage = loaded.pipeline.stages[0]
        group = stage.nodes[1]
        assert not hasattr(group, "spec")
        step = stage.steps[2]
        self.position = Position(stage, (group,), step)  # type: ignore[arg-type]

    def text(self, source: str) -> Found:
        return resolve.text(self.scope, self.position, Scalar(NOWHERE, source, source, "str", plain=False))


NOWHERE = next(iter([node.location for node in [reader.single("x", "p.yaml")] if node]))
E_ = "developer-hub: docs/platform/variables-and-expressions"
FLOW = "developer-hub: .../flows/harness-pipeline.md"
JEXL = "commons.apache.org/proper/commons-jexl/reference/syntax.html"

DOCUMENTED: list[tuple[str, object, str]] = [  # expression, value, source
    ("<+pipeline.variables.project_name>", "Payments API", E_),
    ('<+pipeline.variables.get("a-b")>', "hyphen", E_),
    ('<+pipeline.variables["a-b"]>', "hyphen", E_),
    ("<+pipeline.variables.dotted.name>", "dots", E_),
    ("<+pipeline.vars.project_name>", "Payments API", "UI default of CreateCatalog"),
    ("<+stage.variables.env>", "prod", E_),
    ("<+pipeline.stages.onboard.variables.env>", "prod", E_),
    ("<+stages.onboard.variables.env>", "prod", E_),
    ("<+stepGroup.variables.inner>", "of the group", E_),
    ("<+pipeline.stages.onboard.spec.execution.steps.make.output.outputVariables.url>", "https://git/x", FLOW),
    ("<+stages.onboard.spec.execution.steps.make.output.outputVariables.url>", "https://git/x", "contract C.4"),
    ("<+execution.steps.make.output.outputVariables.url>", "https://git/x", "contract C.4"),
    ("<+steps.make.output.outputVariables.url>", "https://git/x", "contract C.4"),
    ('<+steps.make.output.outputVariables.get("my-out")>', "hyphen", "contract C.4"),
    ("<+steps.grp.steps.first.output.outputVariables.k>", "v", "contract C.4"),
    ("<+steps.first.output.outputVariables.k>", "v", "contract C.4: from the same group"),
    ("<+stage.spec.execution.steps.grp.steps.first.output.outputVariables.k>", "v", "contract C.4"),
    ("<+execution.steps.make.spec.shell>", "Bash", E_),
    ("<+steps.make.spec.command>", "echo Onboard", E_),
    ("<+steps.make.retryCount>", 2, E_),
    ("<+steps.make.status>", "SUCCEEDED", E_),
    ("<+execution.steps.make.currentStatus>", "SUCCEEDED", E_),
    ("<+pipeline.stages.onboard.status>", "RUNNING", E_),
    ("<+pipeline.stages.onboard.currentStatus>", "RUNNING", E_),
    ("<+pipeline.stages.onboard.liveStatus>", "RUNNING", E_),
    ("<+pipeline.stages.deploy.status>", "SKIPPED", E_),
    ('<+secrets.getValue("account.id")>', SecretReference("account.id"), E_),
    ("<+secrets.getValue('org.id')>", SecretReference("org.id"), E_),
    ("<+pipeline.variables.key>", SecretReference("account.key"), E_),
    ("<+account.identifier>", "abc", E_),
    ("<+org.identifier>", "default", E_),
    ("<+project.name>", "Portal", E_),
    ("<+pipeline.identifier>", "onboarding", E_),
    ("<+pipeline.name>", "Onboarding", E_),
    ("<+pipeline.orgIdentifier>", "default", E_),
    ("<+pipeline.tags.team>", "web", E_),
    ("<+pipeline.executionId>", "e1", E_),
    ("<+pipeline.executionUrl>", "https://portal/e1", E_),
    ("<+pipeline.triggeredBy.email>", "jane@acme.example", E_),
    ("<+pipeline.triggeredBy.name>", "Jane", E_),
    ("<+pipeline.pipeline.sequenceId>", "7", "idp-samples: serviceOnboardingWithCookiecutter.yaml"),
    ("<+stage.name>", "Onboard", E_),
    ("<+stage.identifier>", "onboard", E_),
    ("<+stage.type>", "IDP", E_),
    ("<+stage.description>", "First", E_),
    ("<+stage.tags.kind>", "portal", E_),
    ("<+step.name>", "Here", E_),
    ("<+step.identifier>", "here", E_),
    ("<+stepGroup.name>", "Group", E_),
    ("<+trigger.payload.branch>", "main", E_),
    ("<+variable.tier>", "gold", "catalog-yaml docs"),
    ("<+variable.account.region>", "eu", "catalog-yaml docs"),
    ("<+metadata.testCoverage>", "<+metadata.testCoverage>", FLOW),
    ("<<+pipeline.name>|Link>", "<Onboarding|Link>", "StringReplacer.java"),
    ("<@<+pipeline.name>>", "<@Onboarding>", "StringReplacer.java"),
    (r"<+pipeline.variables.count \> 2>", True, "StringReplacer.java: escape"),
    ("<+pipeline.name><+stage.name>", "OnboardingOnboard", E_),
    ("<+<+pipeline.name><+stage.name>>", "OnboardingOnboard", E_),
    ("<+pipeline.variables.<+pipeline.variables.which>>", "Payments API", E_),
    ("<+pipeline.variables.<+pipeline.variables.which>.length()>", 12, E_),
    ("<+pipeline.variables.nested>", "Payments API!", E_),
    ('<+"<+pipeline.name>" == "Onboarding">', True, E_),
    ("<+pipeline.variables.project_name.toLowerCase()>", "payments api", E_),
    ('<+<+pipeline.variables.project_name>.toLowerCase().replace(" ", "-")>', "payments-api", E_),
    ('<+<+pipeline.name>.contains("board")>', True, E_),
    ('<+pipeline.variables.project_name.split(" ")[0]>', "Payments", E_),
    ('<+pipeline.variables.project_name.split(" ").size()>', 2, E_),
    ("<+pipeline.name.substring(0, 2)>", "On", E_),
    ("<+pipeline.name.charAt(1)>", "n", E_),
    ('<+pipeline.name.indexOf("b")>', 2, E_),
    ('<+" x ".trim()>', "x", E_),
    ('<+pipeline.name.concat("-x")>', "Onboarding-x", E_),
    ('<+pipeline.name.startsWith("On")>', True, E_),
    ('<+pipeline.name.equalsIgnoreCase("onboarding")>', True, E_),
    ('<+pipeline.name.replaceAll("[aeiou]", "_")>', "Onb__rd_ng", E_),
    ('<+pipeline.name.matches("On.*")>', True, E_),
    ("<+pipeline.name.isEmpty()>", False, E_),
    ("<+json.object(<+pipeline.variables.json>).a.b[0]>", 1, E_),
    ('<+json.select("a.b[1].c", <+pipeline.variables.json>)>', "deep", E_),
    ('<+json.list("a.b", <+pipeline.variables.json>).size()>', 2, E_),
    ("<+json.format(<+json.object(pipeline.variables.json)>.a)>", '{"b": [1, {"c": "deep"}]}', E_),
    (r'<+xml.select("/a/b", "<a\><b\>t</b\></a\>".replace("&", ""))>', "t", E_),
    ('<+regex.extract("[A-Z]{3}", <+pipeline.variables.project_name>)>', "API", E_),
    ('<+regex.replace("(P)ay", "$1lay", <+pipeline.variables.project_name>)>', "Playments API", E_),
    ('<+regex.match("Pay.*", <+pipeline.variables.project_name>)>', True, E_),
    ('<+shell.quote("a b")>', "'a b'", E_),
    ('<+shell.doubleQuote("$a")>', '"\\$a"', E_),
    ("""<+shell.escape("it's")>""", "it'\\''s", E_),
    ("<+pipeline.variables.count + 1>", 4, JEXL),
    ("<+pipeline.variables.count * 2 - 1>", 5, JEXL),
    ("<+7 / 2>", 3, JEXL),
    ("<+7 % 4>", 3, JEXL),
    ("<+1.5 + 1>", 2.5, JEXL),
    ('<+pipeline.name + "-" + stage.name>', "Onboarding-Onboard", JEXL),
    ('<+pipeline.variables.count == "3">', True, JEXL),
    ('<+pipeline.name != "x">', True, JEXL),
    ("<+pipeline.variables.count < 4 && pipeline.variables.count <= 3>", True, JEXL),
    ("<+pipeline.variables.count gt 1 and not false>", True, JEXL),
    ('<+pipeline.name =~ "On.*">', True, JEXL),
    ('<+pipeline.name =^ "On">', True, JEXL),
    ('<+stage.name =~ ["Onboard", "Other"]>', True, JEXL),
    ("<+!pipeline.variables.flag>", False, JEXL),
    ("<+pipeline.variables.flag || false>", True, JEXL),
    ('<+pipeline.variables.count == 3 ? "yes" : "no">', "yes", JEXL),
    ("<+pipeline.variables.gone == null>", True, JEXL),
    ('<+pipeline.variables.gone ?: "default">', "default", JEXL),
    ('<+pipeline.variables.gone ?? "default">', "default", JEXL),
    ("<+empty(pipeline.variables.gone)>", True, JEXL),
    ("<+size(pipeline.name)>", 10, JEXL),
    ('<+{"a": [1, 2]}.a[1]>', 2, JEXL),
    ("<+true>", True, JEXL),
    ("<+null>", None, JEXL),
    ('<+"text">', "text", JEXL),
]  # fmt: skip


@pytest.mark.parametrize(("source", "value", "where"), DOCUMENTED, ids=[row[0] for row in DOCUMENTED])
def test_every_documented_form_has_its_value(source: str, value: object, where: str) -> None:
    world = World()
    found = world.text(source)

    assert (found, type(found)) == (value, type(value)), where
    assert world.nulls == []
    assert world.faults == []


def test_the_date_and_the_time_are_those_of_today() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", str(World().text("<+datetime.currentDate()>")))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", str(World().text("<+datetime.currentTime()>")))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<+pipline.name>", "nothing is called 'pipline'. Did you mean 'pipeline'?"),
        ("<+pipeline.nmae>", "'pipeline' has no 'nmae'; it has name,"),
        ("<+pipeline.variables.projct_name>", "has no variable 'projct_name'. Did you mean 'project_name'?"),
        ("<+stage.variables.x>", "the stage 'onboard' has no variable 'x'."),
        ("<+pipeline.stages.onbord.name>", "only onboard and deploy. Did you mean 'onboard'?"),
        ("<+pipeline.stages.onboard.spec.execution.steps.first.name>", "It is in a group: steps.grp.steps.first."),
        ("<+steps.mak.output.outputVariables.url>", "no step 'mak' in the stage 'onboard', only make and grp."),
        ("<+steps.make.output.outputVariables.ulr>", "Run has no output 'ulr'; it has url, my-out and evil."),
        ("<+steps.here.output.outputVariables.x>", "the step 'here' has not run."),
        ("<+pipeline.stages.deploy.spec.execution.steps.x.output.outputVariables.y>", "is of the type Deployment"),
        ("<+pipeline.triggerType>", "give it with --fact pipeline.triggerType=VALUE, or in execution.yaml."),
        ("<+matrix.x>", "there is no looping in a stage of the type IDP."),
        ("<+pipeline.stages>", "pipeline.stages is no value, but a group of names."),
        ('<+regex.extract("z+", "abc")>', "nothing matches 'z+'."),
        ('<+json.select("x.y", pipeline.variables.json)>', "the JSON has nothing at 'x.y'."),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_null_and_says_why(source: str, reason: str) -> None:
    world = World()

    assert world.text(source) is None
    assert world.text(f"is {source}.") == "is null."
    assert len(world.nulls) == 2
    assert reason in world.nulls[0]
    assert world.faults == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<+>", "nothing stands in it."),
        ("<+pipeline.>", "it ends too early."),
        ("<+pipeline.name ==>", "it ends too early."),
        ("<+a b>", "'b' is not expected there."),
        ("<+pipeline.name.getClass()>", "a text has no method 'getClass'."),
        ("<+pipeline.name.length(1)>", "length() takes 0 arguments, not 1."),
        ("<+pipeline.name.substring(99)>", "99 is no position in 10 characters."),
        ("<+pipeline.name < 3>", "'Onboarding' is no number."),
        ("<+1 / 0>", "it divides by 0."),
        ('<+json.object("{")>', "'{' is no JSON."),
        ("<+json.slect(1, 2)>", "json has no 'slect'. Did you mean 'select'?"),
        ('<+pipeline.name.matches("(?=x)")>', "uses look-around or a reference to a group, which"),
        ("<+pipeline.variables.key.toLowerCase()>", "a secret cannot be worked on;"),
        ('<+secrets.getValue("x") == "guess">', "a secret cannot be worked on;"),
        ("<+<+pipeline.name>x.y>", "is not expected there."),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated_is_told(source: str, reason: str) -> None:
    world = World()
    world.text(source)

    assert reason in world.faults[0]


def test_the_value_of_an_output_or_variable_is_never_scanned() -> None:
    world = World()

    assert world.text("<+steps.make.output.outputVariables.evil>") == '<+secrets.getValue("account.x")>'
    assert world.text("<+<+pipeline.variables.hostile>>") == 'secrets.getValue("account.x")'
    assert world.text('<+"<+pipeline.variables.hostile>">') == 'secrets.getValue("account.x")'
    assert world.text("<+pipeline.variables.<+pipeline.variables.hostile>>") is None


def test_a_secret_stays_a_reference_until_it_stands_inside_a_longer_text() -> None:
    assert World().text("key=<+secrets.getValue('account.x')>") == "key=value of account.x"
    assert World().text("<+\"key=\" + secrets.getValue('account.x')>") == "key=value of account.x"


def test_before_a_run_what_depends_on_it_is_known_later() -> None:
    world = World(running=False)
    assert world.text("<+steps.make.output.outputVariables.url.toUpperCase() + 1>") == LATER
    assert world.text('<+steps.make.status == "FAILED" ? 1 : 2>') == LATER
    assert world.text("x <+steps.make.output.outputVariables.url>") == Later("x known-later")
    assert world.nulls == []
    assert world.text("<+steps.here.output.outputVariables.x>") is None
    assert "does not run before this one." in world.nulls[0]


HOSTILE = [
    "<+" + "(" * 4_999 + "1" + ")" * 4_999 + ">",
    "<+" + "!" * 9_000 + "1>",
    "<+" + "1?" * 2_000 + "1" + ":1" * 2_000 + ">",
    "<+" + "1+" * 4_999 + "1>",
    "<+" + "[" * 9_000 + ">",
    "<+" + "9" * 9_000 + ">",
    "<+" + '{"a":' * 1_500 + "1" + "}" * 1_500 + ">",
    "<+pipeline.name" + ".a" * 4_000 + "()>",
    '<+"' + "a" * 9_000 + ">",
    "<+pipeline.name" + ".concat(pipeline.name.repeat(100000))" * 200 + ">",
    '<+"x".repeat(1000000).repeat(1000000)>',
    '<+"x".repeat(90000).replaceAll("(x*)*y|x", "z")>',
    '<+"x".repeat(90000).replaceAll("", "xxxxxxxxxxxxxxxxxxxxx")>',
    '<+"x".repeat(90000).matches("(?:(?:.{10}){10}){9}.*.*.*.*y")>',
    '<+"x".repeat(90000).matches("(x+x+)+y")>',
    '<+json.object("[".repeat(90000))>',
    "<+pipeline.name>" * 3_000,
    "<+" * 5_000,
    "<+pipeline.variables.\ue0000\ue001>",
]


@pytest.mark.parametrize("source", HOSTILE, ids=[source[:30] for source in HOSTILE])
def test_hostile_input_costs_little_time_and_memory(source: str) -> None:
    world = World()
    world.text('<+"warm".matches("w")>')
    tracemalloc.start()
    started = time.thread_time()
    try:
        world.text(source)
    except BadInput as error:
        assert "In this value" in str(error)  # noqa: PT017 - either outcome is right, a crash is not
    finally:
        spent, (_, peak) = time.thread_time() - started, tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert spent < 10, "the bound is 1 s; tracing memory and a slow machine take their part"
    assert peak < 64 * 1024 * 1024


def _names(values: dict[str, Found]) -> Names:
    def root(name: str) -> Thing:
        return Group("v", lambda key: values.get(key, Absent("gone"))) if name == "v" else Absent("nothing")

    return Names(root, lambda _: "secret", lambda *_: None, lambda *_: None)


@given(st.lists(st.tuples(PLAIN, NAME), max_size=6), PLAIN)
def test_resolving_replaces_each_expression_and_nothing_else(pieces: list[tuple[str, str]], end: str) -> None:
    text = "".join(f"{plain}<+v.{name}>" for plain, name in pieces) + end
    expected = "".join(f"{plain}[{name}]" for plain, name in pieces) + end
    values: dict[str, Found] = {name: f"[{name}]" for _, name in pieces}

    assert expected == evaluate.text(text, _names(values))


@given(st.text(alphabet="<+>\\ a.", max_size=30))
def test_scanning_loses_no_character(text: str) -> None:
    parts = scanner.scan(text)

    assert text == "".join(part.raw if isinstance(part, Expression) else part for part in parts)


WORDS = [
    *("v", ".", "a", "b", "[", "]", "(", ")", "{", "}", ",", '"x"', "'y'", "1", "2.5", "+", "-", "*", "/", "%", "=="),
    *("&&", "||", "!", "?", ":", "?:", "=~", "<+", ">", "\\>", "split", "__class__", "mro", "replaceAll", "get", " "),
    *("!=", "not", "empty", "size", "null", "true", "json", "object", "regex", "\ue000", "\x00", "é"),
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=25).map("".join), st.text(max_size=30))
def test_no_text_crashes_or_reaches_an_object_of_python(inside: str, value: str) -> None:
    values: dict[str, Found] = {"a": value, "b": [1, {"c": value}]}
    try:
        found = evaluate.text(f"<+{inside}>", _names(values))
    except Malformed as error:
        assert str(error)  # noqa: PT017 - a sentence is right, a crash is not
        return
    assert _is_json(found)


def _is_json(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, dict):
        return all(map(_is_json, (*value, *value.values())))
    return value is None or type(value) in (str, int, float, bool)


@given(st.text(max_size=60))
def test_the_text_of_a_value_is_put_in_as_it_is(value: str) -> None:
    assert evaluate.text("<<+v.a>>", _names({"a": value})) == f"<{value}>"


def test_an_escaped_bracket_is_part_of_the_expression() -> None:
    assert scanner.scan(r"<+a \> b>!") == (Expression(r"<+a \> b>", ("a > b",)), "!")


@pytest.mark.parametrize("text", ["< + no > expression", "never <+closed", r"outside \> stays"])
def test_what_is_no_expression_stays(text: str) -> None:
    assert World().text(text) == text


def test_nesting_deeper_than_the_platform_allows_is_refused() -> None:
    with pytest.raises(Malformed, match="deeper than 15"):
        scanner.scan("<+" * 1000)


def _doubling(count: int) -> Iterator[str]:
    yield "    - {name: v0, type: String, value: xxxxxxxxxx}"
    for number in range(1, count):
        inner = f"<+pipeline.variables.v{number - 1}>"
        yield f'    - {{name: v{number}, type: String, value: "{inner}{inner}"}}'


def test_variables_that_double_each_other_are_no_bomb() -> None:
    text = "pipeline:\n  name: p\n  identifier: p\n  stages: []\n  variables:\n" + "\n".join(_doubling(60))
    root = reader.single(text, "p.yaml")
    assert root is not None
    pipeline = load(root, "p.yaml").pipeline
    places, _ = slots(pipeline)
    values = Values({name: slot.fixed for name, slot in places.items()}, places)
    told: list[str] = []
    scope = Scope(pipeline, values, {}, lambda _: "", lambda *_: None, lambda _, __, reason: told.append(reason))
    started = time.thread_time()

    resolve.variable(scope, Position(), "v59")

    assert "the text would have more than 1048576 characters." in told
    assert time.thread_time() - started < 5
