"""The template of the service-onboarding example: what it renders works, and what it cannot render it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from cookiecutter.exceptions import FailedHookException
from cookiecutter.main import cookiecutter

from common.catalogs import entity
from runner.execution.checks import facts_of
from runner.language.validate.examine import examined
from runner.platform import connectors

EXAMPLE = Path(__file__).parents[3] / "examples" / "service-onboarding"
TEMPLATE = EXAMPLE / "template"
SPECS = Path(os.environ.get("IDP_SPECS_DIR", EXAMPLE.parents[2] / "shared" / "specs"))
SCHEMA = SPECS / "harness-idp-stage.schema.json"
PROJECT = TEMPLATE / "{{ cookiecutter.app_name }}"
ODD_TEXT = 'Says "hello", it\'s 100 % safe: {braces}, #hash, \\n, <b>, ünïcode 🚀'


def render(folder: Path, **variables: str) -> Path:
    folders = {"cookiecutters_dir": str(folder / "clones"), "replay_dir": str(folder / "replay")}
    config = folder / "config.yaml"
    config.write_text(json.dumps(folders))
    output = folder / "output"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))  # where cookiecutter leaves the hooks that it has rendered
        made = cookiecutter(
            str(TEMPLATE), no_input=True, extra_context=variables, output_dir=output, config_file=str(config)
        )
    return Path(made)


@pytest.fixture(scope="module")
def payments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as the documented pipeline renders it, which gives app_name alone."""
    return render(tmp_path_factory.mktemp("payments"), app_name="payments")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose every value is unusual."""
    return render(
        tmp_path_factory.mktemp("odd"),
        app_name="true",
        description=ODD_TEXT,
        owner="group:default/web.shop",
        port="65535",
        package_name="shop_2",
    )


@pytest.mark.parametrize("project", ["payments", "odd"])
def test_tests_of_the_rendered_project_pass(project: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(project)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    environ = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 7


@pytest.mark.parametrize("project", ["payments", "odd"])
def test_no_expression_of_the_template_is_left(project: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(project)
    for file in folder.rglob("*"):
        if file.is_file() and ".github" not in file.parts:
            assert not re.search(r"\{\{|\{%|cookiecutter", file.read_text(encoding="utf-8")), file


def test_catalog_file_is_valid_by_the_catalogs_rules(payments: Path, odd: Path) -> None:
    (found,) = entity.parse((payments / "catalog-info.yaml").read_text(), what="catalog-info.yaml")
    assert entity.reference(found) == "component:account/payments"
    assert found.owner == "platform"
    text = (odd / "catalog-info.yaml").read_text(encoding="utf-8")
    (found,) = entity.parse(text, what="catalog-info.yaml")
    assert (found.name, found.owner) == ("true", "group:default/web.shop")
    assert yaml.safe_load(text)["metadata"]["description"] == ODD_TEXT


def test_documents_for_techdocs_are_where_the_annotation_points(payments: Path) -> None:
    annotations = yaml.safe_load((payments / "catalog-info.yaml").read_text())["metadata"]["annotations"]
    assert annotations["backstage.io/techdocs-ref"] == "dir:."
    site = yaml.safe_load((payments / "mkdocs.yml").read_text())
    assert site["site_name"] == "payments"
    assert all((payments / site["docs_dir"] / page).is_file() for entry in site["nav"] for page in entry.values())


def test_workflow_is_copied_to_the_byte(payments: Path) -> None:
    """Its own ${{ }} would otherwise be taken for the template's."""
    name = Path(".github/workflows/ci.yaml")
    assert (payments / name).read_bytes() == (PROJECT / name).read_bytes()
    jobs: dict[str, Any] = yaml.safe_load((payments / name).read_text())["jobs"]
    assert jobs["test"]["steps"][-1] == {"run": "make test"}
    assert "${{ github.sha }}" in jobs["image"]["steps"][-1]["run"]


def test_values_are_where_they_belong(payments: Path, odd: Path) -> None:
    assert tomllib.loads((payments / "pyproject.toml").read_text())["project"]["name"] == "payments"
    assert (payments / "src" / "payments_service" / "app.py").is_file()
    assert "EXPOSE 8080\n" in (payments / "Dockerfile").read_text()
    assert "EXPOSE 65535\n" in (odd / "Dockerfile").read_text()
    assert ODD_TEXT in (odd / "README.md").read_text(encoding="utf-8")


def test_two_renderings_are_the_same(payments: Path, tmp_path: Path) -> None:
    """A second run of the pipeline then finds nothing to push."""
    again = render(tmp_path, app_name="payments")
    files = {path.relative_to(payments): path.read_bytes() for path in payments.rglob("*") if path.is_file()}
    assert files == {path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()}


def test_make_lists_its_targets(payments: Path) -> None:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(["make"], cwd=payments, capture_output=True, text=True, check=True, env=outside)
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"help", "setup", "test", "run", "image"}


@pytest.mark.parametrize("name", ["a", "orders-service", "json", "class", "flask", "a1-2b", "x" * 63])
def test_package_never_collides_with_another_module(name: str, tmp_path: Path) -> None:
    project = render(tmp_path, app_name=name)
    (package,) = (project / "src").iterdir()
    assert package.name == name.replace("-", "_").removesuffix("_service") + "_service"


REFUSED = {
    "null": "app_name is 'null': that is what an unresolved expression leaves; give the name of the service.",
    "Payments API": "app_name is 'Payments API': use 1 to 63 lower-case letters, digits and single hyphens, "
    "beginning with a letter, as in 'payments-api'.",
    "1st": "as in 'st'.",
    "a_b": "as in 'a-b'.",
    "a--b": "as in 'a-b'.",
    "-a": "as in 'a'.",
    "a-": "as in 'a'.",
    "ü": "as in 'my-service'.",
    "x" * 64: f"as in '{'x' * 63}'.",
    'a"b\'"""c': "as in 'a-b-c'.",
    "a\nb": "as in 'a-b'.",
}


@pytest.mark.parametrize("name", REFUSED)
def test_odd_name_is_refused_with_a_suggestion(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FailedHookException):
        render(tmp_path, app_name=name)
    told = capfd.readouterr().err
    assert REFUSED[name] in told
    assert "Traceback" not in told
    assert list((tmp_path / "output").iterdir()) == []


def test_all_faults_of_other_values_are_told_at_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FailedHookException):
        render(tmp_path, app_name="a", description="two\nlines", owner="a b", port="80", package_name="json")
    told = capfd.readouterr().err.splitlines()
    assert [line.partition(" is ")[0] for line in told[:4]] == ["description", "owner", "port", "package_name"]
    assert "use 'json_service'" in told[3]


@pytest.mark.parametrize("name", ["class", "2a", "A", "a-b", ""])
def test_package_name_that_cannot_be_imported_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(FailedHookException):
        render(tmp_path, app_name="a", package_name=name)


def test_hook_needs_nothing_but_the_standard_library() -> None:
    source = (TEMPLATE / "hooks" / "pre_gen_project.py").read_text()
    imported = set(re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE))
    assert imported
    assert imported <= sys.stdlib_module_names
    assert not imported & {"urllib", "http", "socket", "subprocess", "os"}


def test_pipeline_is_valid_and_leaves_nothing_null() -> None:
    checked, faults = examined(EXAMPLE / "pipeline.yaml", facts_of({}))
    assert faults == []
    assert checked.warnings == ()


@pytest.mark.skipif(not SCHEMA.is_file(), reason="the platform's schema is not there; set IDP_SPECS_DIR")
def test_stage_is_valid_by_the_platforms_schema() -> None:
    root = yaml.safe_load((EXAMPLE / "pipeline.yaml").read_text())
    (stage,) = root["pipeline"]["stages"]
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    assert [error.message for error in validator.iter_errors(stage["stage"])] == []


def test_inputs_name_variables_of_the_pipeline_and_the_seeded_template() -> None:
    variables = yaml.safe_load((EXAMPLE / "pipeline.yaml").read_text())["pipeline"]["variables"]
    inputs = yaml.safe_load((EXAMPLE / "inputs.yaml").read_text())
    assert inputs.keys() <= {variable["name"] for variable in variables}
    (seed,) = yaml.safe_load((EXAMPLE / "sandbox.yaml").read_text())["repositories"]
    assert inputs["public_template_url"] == f"${{SANDBOX_URL}}/{seed['owner']}/{seed['name']}.git"
    assert EXAMPLE / seed["folder"] == TEMPLATE


def test_example_holds_no_address_or_credential_of_anybody() -> None:
    for file in EXAMPLE.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            assert not re.search(r"gh[pousr]_\w{20}|xox[abp]-|/home/|/work/", file.read_text(encoding="utf-8")), file


def test_the_files_that_the_documentation_describes_hold_what_the_pipeline_names(tmp_path: Path) -> None:
    """A reader copies them; each block begins with a comment that names its file."""
    text = (EXAMPLE.parents[1] / "docs" / "runner.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        name = re.match(r"# ([a-z.]+)", block)
        assert name is not None
        (tmp_path / name[1]).write_text(block, encoding="utf-8")
    (tmp_path / "slack-token.txt").write_text("canary-slack")
    world = connectors.described(
        None, None, tmp_path / "pipeline.yaml", {"GITHUB_TOKEN": "canary-git", "HARNESS_API_KEY": "canary-key"}
    )

    assert world.connector("account.github").token.reveal() == "canary-git"
    assert world.harness().credentials["X_API_KEY"].reveal() == "canary-key"
    assert world.secret("account.slack", "token").reveal() == "canary-slack"
