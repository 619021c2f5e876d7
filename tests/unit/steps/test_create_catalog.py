"""CreateCatalog: writes the checked file to the byte, and nothing when a check fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import RunStep

CONTENT = """\
# kept: "exactly"
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: Payments
  description: 'Zahlt — schnell'
spec:
  type: service
  lifecycle: experimental
  owner: test
"""
NATIVE = """\
apiVersion: harness.io/v1
kind: Component
identifier: payments
orgIdentifier: default
projectIdentifier: shop
type: service
owner: group:account/platform
spec:
  lifecycle: production
"""
INPUTS = {"FILE_NAME": "catalog-info.yaml", "FILE_PATH": "payments", "FILE_CONTENT": CONTENT}


def test_the_file_is_written_to_the_byte_and_named(run_step: RunStep, workspace: Path) -> None:
    done = run_step("CreateCatalog", INPUTS | {"HARNESS_ACCOUNT_ID": "a1", "BASE": "https://idp.example/"})
    assert done.code == 0, done.stderr
    assert done.outputs == {
        "catalogFilePath": "payments/catalog-info.yaml",
        "entityRef": "component:account/Payments",
        "registeredCatalogUrl": "https://idp.example/ng/account/a1/module/idp/catalog/account/component/Payments",
    }
    folder = workspace / "payments"
    assert [path.name for path in folder.iterdir()] == ["catalog-info.yaml"]
    assert (folder / "catalog-info.yaml").read_bytes() == CONTENT.encode()


def test_an_entity_of_idp_2_is_linked_by_its_scope_at_the_usual_portal(run_step: RunStep) -> None:
    done = run_step("CreateCatalog", INPUTS | {"FILE_CONTENT": NATIVE, "HARNESS_ACCOUNT_ID": "a1"})
    assert done.outputs["entityRef"] == "component:account.default.shop/payments"
    assert done.outputs["registeredCatalogUrl"] == (
        "https://app.harness.io/ng/account/a1/module/idp/catalog/account.default.shop/component/payments"
    )


def test_an_entity_of_idp_1_is_linked_by_its_namespace_and_one_of_backstage_at_its_own_pages(run_step: RunStep) -> None:
    first = {"HARNESS_ACCOUNT_ID": "a1", "HARNESS_PIPELINE_ID": "p"}  # a pipeline of the platform that names no portal
    done = run_step("CreateCatalog", INPUTS | first)
    assert done.outputs["entityRef"] == "component:default/payments"
    assert done.outputs["registeredCatalogUrl"] == (
        "https://app.harness.io/ng/account/a1/module/idp/catalog/default/component/Payments"
    )
    backstage = {"CATALOG_TYPE": "backstage", "HARNESS_ACCOUNT_ID": "a1"}
    done = run_step("CreateCatalog", INPUTS | backstage)
    assert "set BACKSTAGE_URL" in done.stderr
    assert "registeredCatalogUrl" not in done.outputs
    done = run_step("CreateCatalog", INPUTS | backstage | {"BACKSTAGE_URL": "https://backstage.example/"})
    assert done.outputs["registeredCatalogUrl"] == "https://backstage.example/catalog/default/component/Payments"


def test_without_the_account_the_link_is_left_out_and_the_log_says_why(run_step: RunStep) -> None:
    done = run_step("CreateCatalog", INPUTS)
    assert done.code == 0
    assert "registeredCatalogUrl" not in done.outputs
    assert "set HARNESS_ACCOUNT_ID" in done.stderr


def test_the_line_ends_with_a_newline_and_goes_to_the_workspace_by_default(run_step: RunStep, workspace: Path) -> None:
    done = run_step("CreateCatalog", {"FILE_NAME": "idp.yaml", "FILE_CONTENT": CONTENT.rstrip("\n")})
    assert done.outputs["catalogFilePath"] == "idp.yaml"
    assert (workspace / "idp.yaml").read_bytes() == CONTENT.encode()


def test_the_platforms_absolute_path_is_the_workspace(run_step: RunStep, workspace: Path) -> None:
    done = run_step("CreateCatalog", INPUTS | {"FILE_PATH": "/harness/payments/docs"})
    assert done.outputs["catalogFilePath"] == "payments/docs/catalog-info.yaml"
    assert (workspace / "payments/docs/catalog-info.yaml").is_file()


def test_a_second_run_finds_the_file_and_touches_nothing(run_step: RunStep, workspace: Path) -> None:
    first = run_step("CreateCatalog", INPUTS)
    path = workspace / "payments" / "catalog-info.yaml"
    before = path.stat().st_ino, path.stat().st_mtime_ns
    second = run_step("CreateCatalog", INPUTS)
    assert second.code == 0
    assert second.outputs == first.outputs
    assert "is there already, with this content" in second.stderr
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before


def test_what_a_template_left_there_is_replaced_and_the_log_counts_the_lines(
    run_step: RunStep, workspace: Path
) -> None:
    path = workspace / "payments" / "catalog-info.yaml"
    path.parent.mkdir()
    path.write_text(CONTENT.replace("owner: test", "owner: other") + "# more\n")
    done = run_step("CreateCatalog", INPUTS)
    assert done.code == 0
    assert "payments/catalog-info.yaml is replaced (lines that differ: 1 new, 2 gone)." in done.stderr
    assert path.read_text(encoding="utf-8") == CONTENT


def test_a_dry_run_checks_and_writes_nothing(run_step: RunStep, workspace: Path) -> None:
    done = run_step("CreateCatalog", INPUTS | {"DRY_RUN": "true"})
    assert done.code == 0
    assert "Dry run: payments/catalog-info.yaml is written." in done.stderr
    assert done.outputs["entityRef"] == "component:account/Payments"
    assert list(workspace.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("FILE_CONTENT", "a: [", "FILE_CONTENT has a fault, line 1, column 5: no YAML"),
        ("FILE_CONTENT", "kind: Component", "apiVersion is missing"),
        (
            "FILE_CONTENT",
            "kind: Compnent",
            "(3) line 1, column 1: kind is 'Compnent', which is none of the catalog's. Did",
        ),
        ("FILE_NAME", "a/b.yaml", "fileName is 'a/b.yaml', which is no plain file name. Put the folder into filePath."),
        ("FILE_NAME", "/etc/passwd", "which is no plain file name"),
        ("FILE_NAME", "..", "which is no plain file name"),
        ("FILE_NAME", "a\\b", "which is no plain file name"),
        ("FILE_NAME", "a" * 256, "which is no plain file name"),
        ("FILE_PATH", "../out", "leads out of the workspace"),
        ("FILE_PATH", "/etc", "leads out of the workspace"),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(
    name: str, value: str, told: str, run_step: RunStep, workspace: Path
) -> None:
    done = run_step("CreateCatalog", INPUTS | {name: value})
    assert done.code == 2
    assert told in done.stderr
    assert list(workspace.iterdir()) == []
    assert done.outputs == {}


def test_a_symlink_does_not_lead_out_of_the_workspace(run_step: RunStep, workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (workspace / "payments").symlink_to(outside)
    (workspace / "catalog-info.yaml").symlink_to(outside / "stolen")
    assert run_step("CreateCatalog", INPUTS).code == 2
    assert run_step("CreateCatalog", INPUTS | {"FILE_PATH": "."}).code == 2
    assert list(outside.iterdir()) == []


def test_a_folder_in_the_way_is_told(run_step: RunStep, workspace: Path) -> None:
    (workspace / "payments" / "catalog-info.yaml").mkdir(parents=True)
    done = run_step("CreateCatalog", INPUTS)
    assert done.code == 2
    assert "'catalog-info.yaml' is a folder in" in done.stderr


def test_a_file_in_the_place_of_the_folder_is_a_conflict(run_step: RunStep, workspace: Path) -> None:
    (workspace / "payments").write_text("x")
    done = run_step("CreateCatalog", INPUTS)
    assert done.code == 4
    assert "a file is where a folder should be" in done.stderr


@pytest.mark.parametrize(
    "content", [NATIVE.replace("owner: group:account/platform\n", ""), CONTENT.replace("  owner: test\n", "")]
)
def test_an_entity_that_nobody_owns_is_refused_before_anything_is_pushed(
    content: str, run_step: RunStep, workspace: Path
) -> None:
    done = run_step("CreateCatalog", INPUTS | {"FILE_CONTENT": content})
    assert done.code == 2
    assert "owner is missing; write the own" in done.stderr
    assert list(workspace.iterdir()) == []


THERE = """\
# who to ask: jane
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments # as in the pipeline
  annotations:
    # for the tab CI/CD
    harness.io/pipelines: 'Build: https://x.example'
  tags:
    - java
# what it is
spec:
  type: service
  lifecycle: experimental # until autumn
  owner: test
"""


def test_an_object_is_written_as_yaml(run_step: RunStep, workspace: Path) -> None:
    content = {"apiVersion": "backstage.io/v1alpha1", "kind": "API", "metadata": {"name": "a", "title": "007"}}
    spec = {"type": "openapi", "lifecycle": "production", "owner": "x", "definition": "openapi: 3\\ninfo: x\\n"}
    text = json.dumps({**content, "spec": spec}).replace("\\\\n", "\\n")
    done = run_step("CreateCatalog", INPUTS | {"FILE_CONTENT": text})
    assert done.code == 0, done.stderr
    assert (workspace / "payments/catalog-info.yaml").read_text() == (
        'apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: a\n  title: "007"\nspec:\n  type: openapi\n'
        "  lifecycle: production\n  owner: x\n  definition: |\n    openapi: 3\n    info: x\n"
    )


def test_a_file_that_is_there_is_merged_with_and_keeps_its_comments_and_a_re_run_changes_nothing(
    run_step: RunStep, workspace: Path
) -> None:
    path = workspace / "payments/catalog-info.yaml"
    path.parent.mkdir()
    path.write_text(THERE)
    new = THERE.replace("experimental # until autumn", "production").replace("- java", "- java\n    - kotlin")
    new = new.replace("  annotations:\n", "  title: Payments\n  annotations:\n    a/b: c\n").replace("# who", "# x")
    asked = INPUTS | {"FILE_CONTENT": f"{new}---\n{CONTENT}", "MERGE_EXISTING": "true"}
    expected = (
        THERE.replace("experimental #", "production #")
        .replace("    - java\n", "    - java\n    - kotlin\n  title: Payments\n")
        .replace("https://x.example'\n", "https://x.example'\n    a/b: c\n")
    )
    assert run_step("CreateCatalog", asked | {"DRY_RUN": "true"}).code == 0
    assert path.read_text() == THERE
    done = run_step("CreateCatalog", asked | {"FILE_CONTENT": new})
    assert done.code == 0, done.stderr
    assert path.read_text() == expected
    again = run_step("CreateCatalog", asked | {"FILE_CONTENT": new})
    assert "is there already, with this content" in again.stderr


def test_an_entity_that_the_file_has_not_becomes_a_document_but_not_in_idp_2(
    run_step: RunStep, workspace: Path
) -> None:
    path = workspace / "payments/catalog-info.yaml"
    path.parent.mkdir()
    path.write_text(THERE.replace("name: payments", "name: other"))
    asked = INPUTS | {"MERGE_EXISTING": "true"}
    assert run_step("CreateCatalog", asked).code == 0
    assert path.read_text() == f"{THERE.replace('name: payments', 'name: other')}---\n{CONTENT}"
    done = run_step("CreateCatalog", asked | {"FILE_CONTENT": NATIVE})
    assert done.code == 4
    assert "component:account/other (IDP 1.0), and component:account.default.shop/payments (IDP 2.0)" in done.stderr


def test_an_entity_is_converted_and_annotated_with_its_template(run_step: RunStep, workspace: Path) -> None:
    folder = workspace / "payments"
    folder.mkdir()
    answers: dict[str, object] = {
        "template": "https://jane:x@git.example/t.git",
        "commit": "a" * 40,
        "checkout": None,
        "context": {},
    }
    (folder / ".cruft.json").write_text(json.dumps({**answers, "context": {"cookiecutter": {}}, "directory": "java"}))
    asked = INPUTS | {"CATALOG_FORMAT": "harness", "SOURCE_ANNOTATIONS": "true"}
    done = run_step("CreateCatalog", asked | {"FILE_NAME": "idp.yaml", "HARNESS_ACCOUNT_ID": "a1"})
    assert done.code == 0, done.stderr
    assert (folder / "idp.yaml").read_text() == (
        '# kept: "exactly"\napiVersion: harness.io/v1\nkind: Component\nidentifier: Payments\nname: Payments\n'
        "type: service\nowner: test\nmetadata:\n  description: 'Zahlt — schnell'\n  annotations:\n"
        "    idp-steps/template: https://git.example/t.git\n"
        f"    idp-steps/template-commit: {'a' * 40}\n    idp-steps/template-folder: java\n"
        "spec:\n  lifecycle: experimental\n"
    )
    assert done.outputs["registeredCatalogUrl"].endswith("/catalog/account/component/Payments")


def test_what_the_other_format_lacks_is_said_and_several_entities_are_refused(run_step: RunStep) -> None:
    text = CONTENT.replace("  name: Payments", "  name: Payments\n  namespace: shop")
    asked = INPUTS | {"CATALOG_FORMAT": "harness"}
    assert "metadata.namespace shop is left out" in run_step("CreateCatalog", asked | {"FILE_CONTENT": text}).stderr
    done = run_step("CreateCatalog", asked | {"FILE_CONTENT": f"{CONTENT}---\n{text}"})
    assert done.code == 2
    assert "holds 2 entities" in done.stderr
