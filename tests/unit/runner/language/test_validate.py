"""What is wrong with a pipeline is told at once, each with its location, its name and the nearest right one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from common.diagnostics import Invalid
from runner import cli
from runner.execution import checks
from runner.language.validate.examine import examined

pytestmark = pytest.mark.usefixtures("fake_steps")

PipelineFile = Callable[[str], Path]


def _said(file: Path) -> tuple[list[str], list[str]]:
    checked, faults = examined(file, checks.facts_of({}))
    told = [str(fault).removeprefix(f"{file}:") for fault in faults]
    return told, [str(warning).removeprefix(f"{file}:") for warning in checked.warnings]


def _faults(file: Path) -> list[str]:
    """Give the faults also where the file cannot be read as YAML at all."""
    try:
        return _said(file)[0]
    except Invalid as error:
        return [str(fault) for fault in error.diagnostics]


GOOD = """
- step:
    type: CreateRepo
    name: Create
    identifier: create
    spec:
      connectorRef: account.testdev
      repository: payments
      repoType: private
"""


def test_a_good_pipeline_is_said_to_be_valid(pipeline_file: PipelineFile, capsys: pytest.CaptureFixture[str]) -> None:
    file = pipeline_file(GOOD)

    assert cli.main(["validate", str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{file} is a valid pipeline of 1 step.",
        "Connectors and secrets are not checked: no connectors.yaml or secrets.yaml beside it describes them.",
    ]


def test_all_faults_are_told_in_the_order_of_the_file_and_exit_2(
    pipeline_file: PipelineFile, capsys: pytest.CaptureFixture[str]
) -> None:
    file = pipeline_file(
        GOOD.replace("repository:", "repositry:").replace("type: CreateRepo", "type: CreateRepos") + GOOD
    )

    assert cli.main(["validate", str(file)]) == 2

    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1] for line in lines] == sorted((line.split(":")[1] for line in lines), key=int)
    assert any("Unknown step type 'CreateRepos'; the supported ones are" in line for line in lines)
    assert any("The step identifier 'create' is used twice; the first is in line 18." in line for line in lines)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "repository: payments",
            "repositry: payments",
            "21:21: Unknown field 'repositry' in the spec of the step 'create' (CreateRepo). Did you mean 'repository",
        ),
        ("name: Create", "nmae: Create", "17:19: Unknown field 'nmae' in the step 'create'. Did you mean 'name'?"),
        ("type: CreateRepo", "type: CreatRepo", "Unknown step type 'CreatRepo'; the supported ones are CreateRepo,"),
        ("type: CreateRepo", "type: CreatRepo", "Did you mean 'CreateRepo'?"),
        (
            "type: CreateRepo",
            "type: Policy",
            "Steps of the type 'Policy' work on the platform but are not run here yet;",
        ),
        ("repoType: private", "description: x", "The field 'repoType' is missing in the spec of the step 'create'"),
        ("connectorRef: account.testdev", "description: x", "The field 'connectorRef' is missing in the spec"),
        (
            "identifier: create",
            "identifier: create-repo",
            "The identifier 'create-repo' of the step 'create-repo' is not",
        ),
        ("name: Create", "timeout: soon", "The timeout 'soon' of the step 'create' is no duration;"),
        (
            "name: Create",
            "when: {stageStatus: Always}",
            "The stageStatus 'Always' of 'when' of the step 'create' can be",
        ),
        ("name: Create", "when: {stageStats: All}", "Unknown field 'stageStats' in 'when' of the step 'create'."),
        ("name: Create", "failureStrategies: [x]", "A failure strategy of the step 'create' has to be a map."),
        ("name: Create", "strategy: {parallelism: 2}", "'strategy' in the step 'create' cannot be run: looping is not"),
        ("private", "<+pipeline.name.toLowrCase()>", "a text has no method 'toLowrCase'. Did you mean 'toLowerCase'?"),
        (
            "private",
            "<+pipeline.name ==>",
            "22:31: The expression <+pipeline.name ==> cannot be evaluated: it ends too",
        ),
        ("private", "a<+input>", "<+input> has to be the whole value; put it into a variable"),
        ("private", "<+input>.defualt(a)", "<+input> has no 'defualt'; it can be followed by .default(..)"),
        ("private", "<+input>.regex(()", "the regular expression '(' is not valid"),
        (
            "repoType: private",
            "repoType: private\n      repoType: x",
            "This is ambiguous: the key 'repoType' was given on line 22 already; keep one.",
        ),
        ("- step:", "- parallel:", "'parallel' in the execution of the stage 'onboard' has to be a list"),
        (
            "- step:",
            "- template: {templateRef: account.t}\n  step:",
            "'template' in an entry of steps ('account.t') cannot be run:",
        ),
        ("- step:", "- stp:", "Unknown field 'stp' in an entry of steps. Did you mean 'step'?"),
    ],
)
def test_a_fault_names_what_is_wrong(pipeline_file: PipelineFile, old: str, new: str, said: str) -> None:
    faults = _faults(pipeline_file(GOOD.replace(old, new, 1)))

    assert any(said in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "private",
            "<+steps.craete.output.outputVariables.x>",
            "23:34: The expression <+steps.craete.output.outputVariables.x> is null: there is no step 'craete'",
        ),
        (
            "private",
            "<+steps.craete.output.outputVariables.x>",
            "in the stage 'onboard', only create. Did you mean 'create'?",
        ),
        (
            "private",
            "<+pipeline.stages.onbord.spec.execution.steps.create.output.outputVariables.x>",
            "there is no stage 'onbord', only onboard. Did you mean 'onboard'?",
        ),
        ("private", "<+pipline.variables.x>", "nothing is called 'pipline'. Did you mean 'pipeline'?"),
    ],
)
def test_a_name_that_leads_nowhere_is_null_with_the_nearest_right_one(
    pipeline_file: PipelineFile, old: str, new: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on the platform; --strict makes it a fault."""
    file = pipeline_file(GOOD.replace(old, f"{old}\n      description: {new}", 1))
    faults, warnings = _said(file)

    assert faults == []
    assert any(said in warning for warning in warnings), warnings
    assert cli.main(["validate", str(file)]) == 0
    assert cli.main(["validate", str(file), "--strict"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "type: IDP",
            "type: IPD",
            "The type 'IPD' of the stage 'onboard' is not known; the platform has IDP, CI,",
        ),
        ("  identifier: onboarding\n", "", "The field 'identifier' of the pipeline is required"),
        ("pipeline:", "pipelin:", "Unknown field 'pipelin' in the document. Did you mean 'pipeline'?"),
        (
            "orgIdentifier",
            "orgIdentifer",
            "Unknown field 'orgIdentifer' in the pipeline. Did you mean 'orgIdentifier'?",
        ),
        (
            "spec:\n",
            "spec:\n          cloneCodebase: true\n",
            "'cloneCodebase: true' in the spec of the stage 'onboard'",
        ),
        (
            "spec:\n",
            "spec:\n          infrastructure: {type: KubernetesDirect, spec: {namespce: x}}\n",
            "Unknown field 'namespce' in the spec of infrastructure. Did you mean 'namespace'?",
        ),
        (
            "spec:\n",
            "spec:\n          infrastructure: {type: Kubernetes}\n",
            "'Kubernetes' is no type of infrastructure;",
        ),
        ("spec:\n", "spec:\n          caching: {enabld: true}\n", "Unknown field 'enabld' in caching. Did you mean"),
        ("execution:", "exection:", "Unknown field 'exection' in the spec of the stage 'onboard'."),
        ("stages:\n", "stages: []\n  tags:\n", "The field 'stages' of the pipeline has to be a list with at least one"),
        ("  stages:", "\tstages:", "This is no YAML: "),
        ("name: Onboarding", "name: [Onboarding", "This is no YAML: "),
    ],
)
def test_faults_outside_of_steps_are_named_too(pipeline_file: PipelineFile, old: str, new: str, said: str) -> None:
    file = pipeline_file(GOOD)
    file.write_text(file.read_text().replace(old, new, 1))

    assert cli.main(["validate", str(file)]) == 2
    faults = _faults(file)
    assert any(said in fault for fault in faults), faults


def test_what_the_platform_takes_as_null_is_a_warning(pipeline_file: PipelineFile) -> None:
    file = pipeline_file(
        GOOD
        + """
- step:
    type: CookieCutter
    name: Later
    identifier: later
    spec:
      publicTemplateUrl: |-
        <+pipeline.variables.repository_description> and
        <+steps.create.output.outputVariables.repositoryURL>
        <+stage.variables.x> <+steps.later.output.outputVariables.y>
variables:
  - name: repositoty_description
    type: String
    value: text
"""
    )
    faults, warnings = _said(file)

    assert faults == []
    assert warnings == [
        (
            "30:23: The expression <+pipeline.variables.repository_description> is null: "
            "the pipeline has no variable 'repository_description'. Did you mean 'repositoty_description'?"
        ),
        (
            "31:23: The expression <+steps.create.output.outputVariables.repositoryURL> is null: "
            "CreateRepo has no output 'repositoryURL'; it has repositoryUrl. Did you mean 'repositoryUrl'?"
        ),
        "32:23: The expression <+stage.variables.x> is null: the stage 'onboard' has no variable 'x'.",
        (
            "32:44: The expression <+steps.later.output.outputVariables.y> is null: "
            "the step 'later' does not run before this one."
        ),
    ]


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("{name: a, typ: String, value: x}", "Unknown field 'typ' in the variable 'a'. Did you mean 'type'?"),
        (
            "{name: a, type: Strng, value: x}",
            "The type 'Strng' of the variable 'a' is not known; it can be String, Number",
        ),
        ("{name: a, value: [x]}", "The value of the variable 'a' has to be a text or a number."),
        ("{name: 'a b', value: x}", "The name 'a b' of the variable 'a b' is not allowed"),
        ("{name: dup, value: x}\n  - {name: dup, value: x}", "The variable name 'dup' is used twice"),
    ],
)
def test_faults_of_variables_are_named(pipeline_file: PipelineFile, variable: str, said: str) -> None:
    faults, _ = _said(pipeline_file(f"{GOOD}\nvariables:\n  - {variable}\n"))

    assert any(said in fault for fault in faults), faults


def test_features_that_are_empty_are_no_obstacle(pipeline_file: PipelineFile) -> None:
    text = GOOD.replace("name: Create", "name: Create\n    when: {}\n    failureStrategies: []\n    timeout: 1h 30m")

    assert _said(pipeline_file(text)) == ([], [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a\n  b: *a\n", "2:6: This is endless: the alias '*a' stands inside of the value that it names;"),
        ("[" * 20_000, "1:101: This is nested too deeply: it has more than 100 levels; flatten it."),
        ("\n".join(f"{' ' * level}a:" for level in range(2_000)), "101:101: This is nested too deeply:"),
        ('a: "\\UFFFFFFFF"', "1:7: This is no YAML: an escape or a directive has too large a number; correct it."),
        (f"pipeline: {'1' * 5_000}", "1:11: This is too large: a number has at most 1000 digits;"),
        ("a: b\n---\nc: d\n", "3:1: This is no YAML: a second document begins here, and only one is taken;"),
        ("name: {{ x }}\n", "1:8: This is no YAML: a list or map cannot be a key; write quotes around a value that"),
    ],
)
def test_a_document_that_cannot_be_taken_is_refused_with_its_location(
    tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text(text)

    assert cli.main(["validate", str(file)]) == 2
    assert f"{file}:{said}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: Create", "name: <long>"),
        ("name: Create", "<long>: x"),
        ("type: CreateRepo", "type: <long>"),
        ("repoType:", "<long>:"),
        ("private", "<+<long>>"),
        ("private", "<+pipeline.<long>() >"),
        ("private", "<+input>.<long>()"),
        ("private", "<+input>.regex((<long>)"),
        ("name: Create", "timeout: <long>"),
    ],
)
def test_a_long_text_is_not_echoed_whole(pipeline_file: PipelineFile, old: str, new: str) -> None:
    faults = _faults(pipeline_file(GOOD.replace(old, new.replace("<long>", "x" * 20_000), 1)))

    assert faults
    assert max(map(len, faults)) < 800


def test_the_same_expression_is_told_at_each_of_its_places(pipeline_file: PipelineFile) -> None:
    _, warnings = _said(pipeline_file(GOOD.replace("private", "|\n        <+pipline.x>\n        a <+pipline.x>")))

    assert [warning.partition(": ")[0] for warning in warnings] == ["23:23", "24:25"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "1:1: The file is empty."), (b"a: \xff", "1:1: The file is not UTF-8 text."), (b"[]", "has to be a map.")],
)
def test_a_file_that_is_no_pipeline_is_refused(
    tmp_path: Path, content: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_bytes(content)

    assert cli.main(["validate", str(file)]) == 2
    assert said in capsys.readouterr().err
