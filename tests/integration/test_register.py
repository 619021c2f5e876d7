"""RegisterCatalog against a real Backstage: every outcome that its catalog has ends in the right output or sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.seeding import seed
from tests.conftest import Result, RunStep
from tests.integration.conftest import TOKEN, Backstage

pytestmark = pytest.mark.integration

ENTITY = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: {name}
  title: {title}
spec:
  type: service
  lifecycle: experimental
  owner: test
"""


def pushed(backstage: Backstage, folder: Path, repository: str, content: str) -> None:
    """Put the file on branch main of acme's repository."""
    place = folder / repository
    place.mkdir(exist_ok=True)
    (place / "catalog-info.yaml").write_text(content, encoding="utf-8")
    seed(backstage.world.state_dir, "acme", repository, place)


def given(backstage: Backstage, repository: str, **more: str) -> dict[str, str]:
    return {
        **backstage.world.connector,
        "ORG_NAME": "acme",
        "REPO_NAME": repository,
        "FILE_PATH": "catalog-info.yaml",
        "BRANCH": "main",
        "CATALOG_TYPE": "backstage",
        "BACKSTAGE_URL": backstage.url,
        "BACKSTAGE_TOKEN": TOKEN,
        "WAIT_TIMEOUT": "60",
        **more,
    }


def expect(done: Result, code: int, *told: str) -> None:
    assert done.code == code, done.stderr
    for part in told:
        assert part in done.stderr
    if code:
        assert done.outputs == {}


def locations(backstage: Backstage, repository: str, owner: str = "acme") -> list[str]:
    """Give the ids of the locations of a repository's files."""
    _, listed = backstage.ask("GET", "locations")
    return [entry["data"]["id"] for entry in listed if f"/{owner}/{repository}/" in entry["data"]["target"]]


def test_a_file_is_registered_waited_for_and_then_existed(
    backstage: Backstage, tmp_path: Path, run_step: RunStep
) -> None:
    pushed(backstage, tmp_path, "first", ENTITY.format(name="first", title="First"))
    done = run_step("RegisterCatalog", given(backstage, "first"))
    expect(done, 0)
    (location,) = locations(backstage, "first")
    assert done.outputs == {
        "catalogInfoUrl": f"{backstage.world.url}/acme/first/blob/main/catalog-info.yaml",
        "entityRef": "component:default/first",
        "registeredCatalogUrl": f"{backstage.url}/catalog/default/component/first",
        "registered": "created",
        "locationId": location,
    }
    again = run_step("RegisterCatalog", given(backstage, "first"))
    expect(again, 0)
    assert again.outputs == dict(done.outputs) | {"registered": "existed"}


def test_a_file_that_was_changed_is_refreshed_and_its_new_state_waited_for(
    backstage: Backstage, tmp_path: Path, run_step: RunStep
) -> None:
    pushed(backstage, tmp_path, "second", ENTITY.format(name="second", title="Old"))
    expect(run_step("RegisterCatalog", given(backstage, "second")), 0)
    pushed(backstage, tmp_path, "second", ENTITY.format(name="second", title="New"))
    done = run_step("RegisterCatalog", given(backstage, "second"))
    expect(done, 0)
    _, entity = backstage.ask("GET", "entities/by-name/component/default/second")
    # Backstage may have read the file by itself meanwhile.
    assert (done.outputs["registered"] in {"refreshed", "existed"}, entity["metadata"]["title"]) == (True, "New")


def test_another_file_with_the_same_entity_is_a_conflict_that_names_both(
    backstage: Backstage, tmp_path: Path, run_step: RunStep
) -> None:
    for repository in ("third", "third-again"):
        pushed(backstage, tmp_path, repository, ENTITY.format(name="third", title="x"))
    expect(run_step("RegisterCatalog", given(backstage, "third")), 0)
    done = run_step("RegisterCatalog", given(backstage, "third-again"))
    expect(
        done, 4, "The catalog has component:default/third already, from", "/acme/third/blob/", "/acme/third-again/blob/"
    )
    assert locations(backstage, "third-again") == []


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        ("kind: [\n", 1, "YAML error at url:"),
        (ENTITY.format(name="bad name!", title="x"), 1, '"metadata.name" is not valid'),
        (ENTITY.format(name="x", title="x").replace("  owner: test\n", ""), 1, "must have required property 'owner'"),
        (ENTITY.format(name="x", title="x").replace("Component", "Weird"), 1, "is not of an allowed kind"),
        ("", 2, "holds no entity"),
    ],
    ids=["yaml", "name", "owner", "kind", "empty"],
)
def test_a_bad_file_is_told_in_the_words_of_backstage_and_never_registered(  # noqa: PLR0913, PLR0917 - a case and three fixtures
    content: str, code: int, told: str, backstage: Backstage, tmp_path: Path, run_step: RunStep
) -> None:
    pushed(backstage, tmp_path, "bad", content)
    expect(run_step("RegisterCatalog", given(backstage, "bad")), code, told)
    assert locations(backstage, "bad") == []


def test_a_file_that_is_not_there_is_waited_for_and_then_refused(
    backstage: Backstage, tmp_path: Path, run_step: RunStep
) -> None:
    pushed(backstage, tmp_path, "empty", ENTITY.format(name="x", title="x"))
    done = run_step("RegisterCatalog", given(backstage, "empty", FILE_PATH="nowhere.yaml"))
    expect(done, 1, "Check filePath, branch and repository")
    assert locations(backstage, "empty") == []


def test_a_host_that_it_may_not_read_is_told_with_who_can_change_that(backstage: Backstage, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", given(backstage, "first", DRONE_NETRC_MACHINE="localhost"))
    expect(done, 1, "is not allowed", "add the git host to its integrations")


def test_a_wrong_token_is_not_allowed_and_not_shown(backstage: Backstage, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", given(backstage, "first", BACKSTAGE_TOKEN="wrong-canary-token"))
    expect(done, 3, "401", "the static token (BACKSTAGE_TOKEN)")
    assert "canary" not in done.stdout + done.stderr


def test_the_guest_registers_without_a_token(backstage: Backstage, tmp_path: Path, run_step: RunStep) -> None:
    pushed(backstage, tmp_path, "guest", ENTITY.format(name="guests", title="x"))
    environ = given(backstage, "guest", BACKSTAGE_GUEST="true")
    del environ["BACKSTAGE_TOKEN"]
    done = run_step("RegisterCatalog", environ)
    expect(done, 0)
    assert done.outputs["registered"] == "created"


def test_what_was_deleted_is_registered_anew(backstage: Backstage, tmp_path: Path, run_step: RunStep) -> None:
    pushed(backstage, tmp_path, "fourth", ENTITY.format(name="fourth", title="x"))
    for _ in range(2):
        done = run_step("RegisterCatalog", given(backstage, "fourth"))
        expect(done, 0)
        assert done.outputs["registered"] == "created"
        assert backstage.ask("DELETE", f"locations/{done.outputs['locationId']}")[0] == 204


def test_a_location_that_never_showed_anything_is_refreshed_when_its_file_is_mended(
    backstage: Backstage, tmp_path: Path, run_step: RunStep
) -> None:
    pushed(backstage, tmp_path, "fifth", "kind: [\n")
    target = f"{backstage.world.url}/acme/fifth/blob/main/catalog-info.yaml"
    assert backstage.ask("POST", "locations", {"type": "url", "target": target})[0] == 201
    pushed(backstage, tmp_path, "fifth", ENTITY.format(name="fifth", title="x"))
    done = run_step("RegisterCatalog", given(backstage, "fifth"))
    expect(done, 0)
    assert done.outputs["registered"] in {"refreshed", "existed"}  # it may have been read again by itself


def test_every_entity_of_a_file_is_waited_for(backstage: Backstage, tmp_path: Path, run_step: RunStep) -> None:
    both = "---\n".join(ENTITY.format(name=name, title="x") for name in ("sixth", "seventh"))
    pushed(backstage, tmp_path, "both", both)
    expect(run_step("RegisterCatalog", given(backstage, "both")), 0)
    for name in ("sixth", "seventh"):
        assert backstage.ask("GET", f"entities/by-name/component/default/{name}")[0] == 200


def test_a_dry_run_registers_nothing(backstage: Backstage, tmp_path: Path, run_step: RunStep) -> None:
    pushed(backstage, tmp_path, "dry", ENTITY.format(name="dry", title="x"))
    done = run_step("RegisterCatalog", given(backstage, "dry", DRY_RUN="true"))
    expect(done, 0, "component:default/dry would be registered")
    assert locations(backstage, "dry") == []
