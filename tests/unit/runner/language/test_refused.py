"""What a step would refuse of its own inputs is told before the first step of the pipeline runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runner import cli
from runner.language.validate.examine import examined

PipelineFile = Callable[[str], Path]

IN_VAIN = """
- step: {type: CreateRepo, name: C, identifier: c, spec: {connectorRef: a, organization: o, repository: r, <C>}}
- step: {type: DirectPush, name: P, identifier: p, spec: {connectorRef: a, organization: o, repository: r, codeDirectory: x, branch: main, <P>}}
- step: {type: SlackNotify, name: T, identifier: t, spec: {token: a.s, messageContent: hi, <T>}}
- step: {type: CreateCatalog, name: K, identifier: k, spec: {fileName: c.yaml, fileContent: "apiVersion: backstage.io/v1alpha1\\nkind: <K>\\nmetadata: {name: <+steps.c.output.outputVariables.defaultBranch>}\\nspec: {type: service, owner: a, lifecycle: b}"}}
variables:
  - {name: open, type: String, value: <+input>}
"""  # noqa: E501 - a step per line
GOOD_PARTS = {"C": "repoType: private", "P": "forcePush: true", "T": "channel: x", "K": "Component"}


def _filled(**parts: str) -> str:
    text = IN_VAIN
    for name, part in {**GOOD_PARTS, **parts}.items():
        text = text.replace(f"<{name}>", part)
    return text


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"C": "repoType: secret"}, "The step 'c': repoType is 'secret'; it can be private, public, internal."),
        ({"P": "forcePush: maybe"}, "The step 'p': forcePush is 'maybe', which is no boolean; write true or false."),
        ({"T": "channel: x, email: a@b.c"}, "The step 't': email and channel are given together; give one of them."),
        ({"T": "threadTs: '1503435956.000247'"}, "The step 't': Required input is missing: email or channel"),
        ({"T": "email: nobody"}, "The step 't': email is 'nobody', which is no e-mail address."),
        ({"K": "component"}, "fileContent has a fault, line 2, column 1: kind is 'component', but the"),
        ({"K": "Compnent"}, "kind is 'Compnent', which is none of the catalog's. Did you mean 'Component'?\n"),
        ({"C": "repoType: private, connectorType: Foo"}, "The connector type 'Foo' in the spec of the step 'c'"),
    ],
)  # fmt: skip
def test_what_a_step_would_refuse_is_told_before_anything_runs(
    pipeline_file: PipelineFile, capsys: pytest.CaptureFixture[str], parts: dict[str, str], said: str
) -> None:
    file = pipeline_file(_filled(**parts))

    assert cli.main(["validate", str(file)]) == 2
    assert said in capsys.readouterr().err
    assert cli.main(["run", str(file), "--sandbox", "--set", "open=x"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "parts", [{}, {"C": "repoType: <+pipeline.variables.open>"}, {"T": "email: <+pipeline.variables.open>"}]
)
def test_what_is_only_known_in_a_run_is_not_complained_of(pipeline_file: PipelineFile, parts: dict[str, str]) -> None:
    assert cli.main(["validate", str(pipeline_file(_filled(**parts)))]) == 0


def test_fields_beside_an_empty_spec_are_to_be_indented(pipeline_file: PipelineFile) -> None:
    step = "- step:\n    type: CookieCutter\n    name: A\n    identifier: a\n    spec:\n    templateType: public\n"
    _, faults = examined(pipeline_file(step), {})

    told = "The field 'spec' of the step 'a' is empty, and 'templateType' stands beside it; indent it below spec."
    assert told in [fault.text for fault in faults]
