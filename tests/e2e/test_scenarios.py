"""Whole pipelines as a user runs them, the good and the failing ones: each folder in scenarios/ is one.

A folder holds scenario.yaml (what is run, and what has to come of it) and the files that the run starts with. Instead
of a pipeline.yaml of its own a scenario can name a `source`: `documented` (the pipeline of the platform's document,
byte for byte) or a folder of this repository. The runs of a scenario follow each other in the same folder. `order`
holds patterns of the standard output that follow each other, `files` patterns of what files hold at the end.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from runner.language.expressions import functors, methods
from sandbox.services import open_state

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = Path(__file__).parent / "scenarios"
SHARED = Path(os.environ.get("IDP_SPECS_DIR", ROOT.parent / "shared" / "specs")).parent
DOCUMENT = SHARED / "seeds" / "001_54a42b7bb0d0795d.txt"


def documented_pipeline() -> str:
    """Take the pipeline out of the document, byte for byte."""
    if not DOCUMENT.is_file():
        assert not os.environ.get("CI"), f"{DOCUMENT} is needed in CI"
        pytest.skip(f"the platform's document is not at {DOCUMENT}")
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Example Pipeline")[2]
    return text.partition("```YAML\n")[2].partition("```")[0]


def prepare(scenario: Path, wanted: dict[str, Any], folder: Path) -> None:
    """Put the files of a scenario into a folder of its own."""
    source = wanted.get("source")
    if source == "documented":
        (folder / "pipeline.yaml").write_text(documented_pipeline(), encoding="utf-8")
    elif source:
        shutil.copytree(ROOT / source, folder, dirs_exist_ok=True)
    shutil.copytree(scenario, folder, dirs_exist_ok=True)


@pytest.mark.parametrize("scenario", sorted(path.name for path in SCENARIOS.iterdir()))
def test_scenario(scenario: str, tmp_path: Path) -> None:
    """Exit code, messages and files are as the scenario says, and no credential is in any of them."""
    wanted = yaml.safe_load((SCENARIOS / scenario / "scenario.yaml").read_text(encoding="utf-8"))
    prepare(SCENARIOS / scenario, wanted, tmp_path)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", **wanted.get("environ", {})}
    printed = ""

    for run in wanted["runs"]:
        command = [sys.executable, "-m", "runner", *run["argv"]]
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=120
        )
        told = f"{done.stdout}\n--- stderr ---\n{done.stderr}"
        printed += told

        assert done.returncode == run["exit"], told
        for stream, text in (("stdout", done.stdout), ("stderr", done.stderr)):
            for pattern in run.get(stream, []):
                assert re.search(pattern, text, re.MULTILINE), f"{pattern!r} is not in {stream}:\n{told}"
        assert_order(run.get("order", []), done.stdout)
        for pattern in run.get("never", []):
            assert not re.search(pattern, told, re.MULTILINE), f"{pattern!r} is in:\n{told}"

    for path, patterns in wanted.get("files", {}).items():
        content = (tmp_path / path).read_text(encoding="utf-8")
        for pattern in patterns:
            assert re.search(pattern, content, re.MULTILINE), f"{pattern!r} is not in {path}:\n{content}"
    for path in wanted.get("there", []):
        assert (tmp_path / path).exists(), path
    for path in wanted.get("not_there", []):
        assert not (tmp_path / path).exists(), path
    assert_no_credential(tmp_path, printed, wanted.get("environ", {}))


def assert_order(patterns: list[str], text: str) -> None:
    """Each pattern is found, and each after the one before it."""
    position = 0
    for pattern in patterns:
        found = re.compile(pattern, re.MULTILINE).search(text, position)
        assert found, f"{pattern!r} does not follow in:\n{text}"
        position = found.end()


def assert_no_credential(folder: Path, printed: str, environ: dict[str, str]) -> None:
    """Neither the sandbox's credentials nor given ones are printed or left in a workspace."""
    secrets = [value for name, value in environ.items() if "TOKEN" in name or "SECRET" in name]
    state = folder / ".idp-steps" / "sandbox"
    if state.is_dir():
        secrets += open_state(state).secret_values()
    left = [path for path in (folder / ".idp-steps" / "runs").rglob("*") if path.is_file()]
    for secret in secrets:
        assert secret not in printed
        assert not [path for path in left if secret.encode() in path.read_bytes()]


def test_the_scenario_of_all_functors_and_methods_leaves_none_out() -> None:
    text = (SCENARIOS / "functors_and_methods" / "pipeline.yaml").read_text(encoding="utf-8")
    called = {f".{name}(" for table in (methods.TEXTS, methods.LISTS, methods.MAPS, methods.SCALARS) for name in table}
    called |= {f"{functor}.{name}(" for functor, table in functors.TABLE.items() for name in table}

    assert {call for call in called if call not in text} == set()


def schema_of_stages() -> jsonschema.Draft7Validator:
    """The platform's published schema of a stage of the type IDP."""
    text = (SHARED / "specs" / "harness-idp-stage.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft7Validator(json.loads(text))


def test_the_documented_pipeline_is_valid_by_the_platforms_schema() -> None:
    """The stage that validates here is one that the published schema accepts."""
    (wrapper,) = yaml.safe_load(documented_pipeline())["pipeline"]["stages"]

    schema_of_stages().validate(wrapper["stage"])


WRONG_BY_SCHEMA = {"unknown_step_type"}


def test_the_pipelines_of_the_scenarios_are_those_of_the_platform() -> None:
    """Nothing is tested that only this runner would take."""
    if not SHARED.is_dir():
        assert not os.environ.get("CI")
        pytest.skip(f"the platform's schema is not at {SHARED}")
    schema, wrong, count = schema_of_stages(), set(), 0
    for file in SCENARIOS.glob("*/*.yaml"):
        read = yaml.safe_load(file.read_text(encoding="utf-8"))
        rows = read["pipeline"].get("stages", []) if isinstance(read, dict) and "pipeline" in read else []
        stages = [entry["stage"] for row in rows for entry in row.get("parallel", [row])]
        for stage in stages:
            if stage.get("type") == "IDP":
                count += 1
                wrong |= set() if schema.is_valid(stage) else {file.parent.name}

    assert wrong == WRONG_BY_SCHEMA
    assert count > 20
