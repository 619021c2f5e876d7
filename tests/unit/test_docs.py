"""The documentation cannot drift from what the steps declare, nor the lists of steps from each other."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import steps
from common.contract.inputs import snake

ROOT = Path(__file__).parents[2]
# Extras that are no image.
NO_STEP = {"git-access", "git-hosts", "portal", "portal-yaml", "yaml", "slack", "opentofu", "sandbox", "runner", "all"}


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def declared(generate: ModuleType) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = generate.contracts()
    return found


def test_generated_files_are_current(generate: ModuleType) -> None:
    """`make docs` writes them."""
    for path, text in generate.files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is not current; run make docs"


def test_steps_on_disk_are_the_registry() -> None:
    on_disk = {f"steps.{file.stem}" for file in (ROOT / "steps").glob("*.py") if file.stem != "__init__"}
    assert on_disk == set(steps.STEPS.values())


def test_module_image_and_config_field_are_named_after_the_type(declared: list[dict[str, Any]]) -> None:
    for step, (step_type, module) in zip(declared, steps.STEPS.items(), strict=True):
        assert step["type"] == step_type
        assert module == f"steps.{snake(step_type).lower()}"
        assert step["name"] == module.removeprefix("steps.")
        assert step["image"] == step_type.lower()
        british = step_type.replace("Organization", "Organisation")  # as the platform spells that field (contract, A.0)
        assert step["executionConfigField"] == british[0].lower() + british[1:]


def test_each_image_has_an_extra_and_each_extra_an_image(declared: list[dict[str, Any]]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(project["optional-dependencies"]) - NO_STEP == {step["image"] for step in declared}


def test_readme_has_one_row_per_step() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.partition("<!-- steps:begin -->")[2].partition("<!-- steps:end -->")[0]
    assert re.findall(r"^\| \[(\w+)\]", block, re.MULTILINE) == list(steps.STEPS)


def test_reference_names_every_input_output_and_exit_code(generate: ModuleType, declared: list[dict[str, Any]]) -> None:
    text = generate.reference(declared)
    every, _, codes = text.partition("## Inputs of every step")
    for step in declared:
        section = every.partition(f"## {step['type']}\n")[2].partition("\n## ")[0]
        assert section, step["type"]
        for one in step["inputs"]:
            for name in (one["field"], *one["aliases"], *one["env"]):
                assert f"`{name}`" in section + codes, (step["type"], name)
        for one in step["outputs"]:
            assert f"`{one['name']}`" in section
        for one in step["exitCodes"]:
            assert f"| {one['code']} |" in codes


def test_every_input_and_output_is_explained_in_whole_sentences(declared: list[dict[str, Any]]) -> None:
    for step in declared:
        told = [step["summary"], *(one["help"] for one in (*step["inputs"], *step["outputs"]))]
        assert [text for text in told if not text.endswith(".")] == [], step["type"]


def test_text_of_a_cell_cannot_break_the_table(generate: ModuleType) -> None:
    assert generate.cell("a | <b>\nc & *d*") == "a \\| &lt;b> c &amp; \\*d\\*"
    assert generate.code("a|b") == "`a\\|b`"


def test_block_replaces_only_what_is_between_the_markers(generate: ModuleType) -> None:
    text = f"before\n{generate.BEGIN}\nold\n{generate.END}\nafter\n"
    once = generate.with_block(text, "new\n")
    assert once == f"before\n{generate.BEGIN}\n\nnew\n\n{generate.END}\nafter\n"
    assert generate.with_block(once, "new\n") == once
    with pytest.raises(ValueError, match="lacks the line"):
        generate.with_block("no markers", "new\n")
