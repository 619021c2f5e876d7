"""What `validate` tells of the specs of Run, of values in the document, and of texts that are written wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.execution import checks
from runner.language.validate.examine import examined

PIPELINE = """\
pipeline:
  name: P
  identifier: P
  variables: [%s]
  stages:
    - stage:
        name: On
        identifier: on
        type: IDP
        spec:
          execution:
            steps:
              - step:
                  type: Run
                  name: r
                  identifier: r
                  spec: {shell: Bash, %s}
"""
RUN = "command: 'true'"
OF = "the spec of the step 'r' (Run)"


def told(tmp_path: Path, text: str) -> tuple[list[str], list[str]]:
    """Give faults and warnings, each with line and column."""
    file = tmp_path / "p.yaml"
    file.write_text(text)
    checked, faults = examined(file, {})
    return [str(one).removeprefix(f"{file}:") for one in faults], [one.text for one in checked.warnings]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("command: [a, b]", f"17:39: The field 'command' of {OF} has to be a text."),
        (f"{RUN}, outputVariables: url", f"17:56: The field 'outputVariables' of {OF} has to be a list."),
        (f"{RUN}, outputVariables: [url]", f"17:74: An entry of 'outputVariables' in {OF} has to be a map with name."),
        (
            f"{RUN}, outputVariables: [{{name: a-b}}]",
            (
                f"17:75: 'a-b' in 'outputVariables' of {OF} is no name of a variable in a shell."
                " Name the variable of the command as its 'value'."
            ),
        ),
        (f"{RUN}, outputVariables: [{{name: a b}}]", f"17:75: 'a b' in 'outputVariables' of {OF} is no name."),
        (f"{RUN}, envVariables: [A]", f"17:56: The field 'envVariables' of {OF} has to be a map."),
        (f"{RUN}, envVariables: {{A: [x]}}", f"17:74: The value of 'A' in 'envVariables' of {OF} has to be a text."),
        (f"{RUN}, envVariables: {{'A B': x}}", f"17:71: 'A B' in 'envVariables' of {OF} is no name of a variable."),
        (f"{RUN}, runAsUser: bob", f"17:67: The runAsUser 'bob' of {OF} has to be the number of a user."),
        (
            f"{RUN}, imagePullPolicy: Sometimes",
            f"17:73: The imagePullPolicy 'Sometimes' of {OF} has to be Always, IfNotPresent or Never.",
        ),
        (f"{RUN}, shel: Sh", f"17:56: Unknown field 'shel' in {OF}. Did you mean 'shell'?"),
        (f"{RUN}, privileged: perhaps", f"17:68: The privileged 'perhaps' of {OF} has to be true or false."),
        (
            f"{RUN}, resources: {{limits: {{memory: lots}}}}",
            f"17:85: The limit memory of {OF} is no quantity. Write for example 500Mi, 1G or 0.5.",
        ),
        (
            f"{RUN}, resources: {{limits: {{memroy: 1G}}}}",
            f"17:77: Unknown field 'memroy' in the limits of {OF}. Did you mean 'memory'?",
        ),
    ],
)
def test_a_wrong_value_of_a_command_is_told_with_its_place(tmp_path: Path, spec: str, said: str) -> None:
    assert told(tmp_path, PIPELINE % ("", spec)) == ([said], [])


@pytest.mark.parametrize(
    "spec",
    [
        f"{RUN}, outputVariables: [{{name: a-b, value: A_B}}, {{name: c, type: Secret}}], envVariables: {{A.b-c: x}}",
        f"{RUN}, runAsUser: 1000, privileged: false, resources: {{limits: {{memory: 500Mi, cpu: 0.5}}}}",
        f"{RUN}, envVariables: <+pipeline.name>, runAsUser: <+pipeline.name>, resources: {{limits: {{cpu: null}}}}",
    ],
)
def test_right_ones_and_those_that_are_known_later_are_taken(tmp_path: Path, spec: str) -> None:
    assert told(tmp_path, PIPELINE % ("", spec)) == ([], [])


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("{name: n, type: Number, value: abc}", "4:46: The value 'abc' of the variable 'n' is no number."),
        (
            "{name: n, type: String, value: '<+input>.default(x).allowedValues(a,b)'}",
            "4:46: The value 'x' of the variable 'n' is not allowed; it can be a or b.",
        ),
        (
            "{name: n, type: String, value: '<+input>.regex(^[0-9]+$)', default: abc}",
            "4:46: The value 'abc' of the variable 'n' is not allowed; it has to match ^[0-9]+$.",
        ),
        ("{name: n, type: String, required: maybe, value: x}", "4:39: 'required' of the variable 'n' has to be true"),
    ],
)
def test_a_value_that_breaks_its_own_rule_is_told(tmp_path: Path, variable: str, said: str) -> None:
    faults, _ = told(tmp_path, PIPELINE % (variable, RUN))
    assert len(faults) == 1
    assert faults[0].startswith(said)


def test_an_expression_that_is_never_closed_is_warned_of(tmp_path: Path) -> None:
    text = PIPELINE % ("", "command: 'echo <+pipeline.name and <+pipeline.identifier>'")
    assert told(tmp_path, text) == (
        [],
        ["An expression that begins with <+ is never closed, so it stays as it is written. End it with >."],
    )


def test_fields_beside_an_empty_map_belong_below_it(tmp_path: Path) -> None:
    text = PIPELINE % ("", RUN)
    faults, _ = told(tmp_path, text.replace("{shell: Bash, ", "{}\n                  shell: Bash #"))
    assert "The field 'spec' of the step 'r' is empty, and 'shell' stands beside it; indent it below spec." in faults[0]


PLUGIN_OF = "the spec of the step 'r' (Plugin)"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("image: a, uses: b", []),
        ("image: a, entrypoint: node index.js", []),
        ("image: a, entrypoint: [node, index.js]", []),
        ("image: a, entrypoint: {a: b}", [f"17:36: The field 'entrypoint' of {PLUGIN_OF} has to be a text or a list."]),
        (
            "uses: actions/setup@v1",
            [
                (
                    f"17:26: 'uses' in {PLUGIN_OF} names an action that the platform runs without a container, which is"
                    " not done here. Name an image that does the same."
                )
            ],
        ),
        ("settings: {}", [f"17:25: The field 'image' is missing in {PLUGIN_OF}."]),
    ],
)
def test_a_plugin_is_an_image(tmp_path: Path, spec: str, said: list[str]) -> None:
    text = (PIPELINE % ("", "")).replace("type: Run", "type: Plugin").replace("{shell: Bash, }", f"{{{spec}}}")
    assert told(tmp_path, text)[0] == said


def test_what_has_no_effect_in_a_spec_is_named(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    spec = "reports: {}, privileged: true, connectorRef: a, outputAlias: {key: k, scope: Stage}, registryRef: b"
    file.write_text(PIPELINE % ("", f"{RUN}, {spec}, resources: {{requests: {{cpu: 1}}, limits: {{cpu: 1}}}}"))
    checked, faults = examined(file, {})
    assert faults == []
    assert checked.ignored == ("connectorRef", "registryRef", "outputAlias", "privileged", "resources.requests")


@pytest.mark.parametrize(
    "name", ["PATH", "LD_PRELOAD", "PYTHONPATH", "BASH_ENV", "GIT_SSH_COMMAND", "GIT_CONFIG_COUNT"]
)
def test_a_variable_that_every_step_would_be_started_by_is_refused(tmp_path: Path, name: str) -> None:
    faults, _ = told(tmp_path, PIPELINE % (f"{{name: {name}, type: String, value: x}}", RUN))
    (fault,) = faults
    assert fault.startswith(f"4:16: The name of the variable '{name}' is one by which a step's own programs are found")
    assert fault.endswith("Rename it; a command can have it in its envVariables.")


@pytest.mark.parametrize("name", ["ENV", "LD_SDK_KEY", "PYTHON_VERSION", "GIT_BRANCH", "HOME", "MY_PATH"])
def test_names_that_only_look_so_are_peoples_own(tmp_path: Path, name: str) -> None:
    assert told(tmp_path, PIPELINE % (f"{{name: {name}, type: String, value: x}}", RUN))[0] == []


def test_a_step_from_a_template_is_refused_in_one_sentence(tmp_path: Path) -> None:
    text = (
        (PIPELINE % ("", ""))
        .replace("type: Run", "template: {templateRef: org.t}")
        .replace("spec: {shell: Bash, }", "")
    )
    (fault,) = told(tmp_path, text)[0]
    assert fault.startswith(
        "14:19: 'template' in the step 'r' ('org.t') cannot be run: it refers to a template, which is"
    )


def test_what_only_the_platform_knows_is_a_warning_of_validate_and_no_fault(tmp_path: Path) -> None:
    """A message to whoever started the run is valid, though nobody has said who that will be."""
    file = tmp_path / "p.yaml"
    spec = "{token: account.slack, email: <+pipeline.triggeredBy.email>, messageContent: hi}"
    file.write_text((PIPELINE % ("", "")).replace("type: Run", "type: SlackNotify").replace("{shell: Bash, }", spec))
    found = checks.of_file(file, [], None, None, {}, strict=False)
    assert found.faults == []
    (warning,) = found.warnings
    assert "give it with --fact pipeline.triggeredBy.email=VALUE" in warning.text
