"""UpdateCatalogProperty on Backstage: the entities' YAML is edited in their repositories, pushed or proposed once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.catalogs.backstage import properties
from common.git_hosts import proposing
from sandbox.catalog import locations
from sandbox.git import bare
from sandbox.seeding import seed
from sandbox.services import open_state
from tests.conftest import Result, RunStep, World

YAML = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: {name}  # as the repository
  tags: [java]
spec:
  type: service
  lifecycle: experimental
  owner: test
"""
BOTH = ["component:default/payments", "component:default/orders"]
Change = Callable[..., Result]


@pytest.fixture
def registered(world: World, tmp_path: Path) -> World:
    """Two repositories whose catalog files are registered in Backstage; that of orders holds a second entity."""
    catalog = locations.Catalog(open_state(world.state_dir), "backstage", world.url.partition("//")[2])
    for name, more in (("payments", ""), ("orders", "---\n" + YAML.format(name="orders-api"))):
        folder = tmp_path / "code" / name
        folder.mkdir(parents=True)
        (folder / "catalog-info.yaml").write_text(YAML.format(name=name) + more)
        (folder / "README.md").write_text("stays\n")
        seed(world.state_dir, "acme", name, folder)
        catalog.add(f"{world.url}/acme/{name}/blob/main/catalog-info.yaml")
    with catalog.state.database() as database:
        database.execute("UPDATE locations SET due = 0")
    assert len(catalog.entities()) == 5
    return world


@pytest.fixture
def change(registered: World, run_step: RunStep) -> Change:
    def run(*properties: dict[str, Any], refs: list[str] = BOTH, **more: str) -> Result:
        (first,) = properties
        given = registered.connector | {
            "CATALOG_TYPE": "backstage",
            "BACKSTAGE_URL": f"{registered.url}/backstage",
            "BACKSTAGE_TOKEN": registered.credentials["backstage"].token,
            "PLUGIN_TYPE": "Property",
            "PLUGIN_PROPERTY": first["property"],
            "PLUGIN_MODE": first.get("mode", "replace"),
            "PLUGIN_ENTITY_REFS": json.dumps(refs),
            "RETRY_BUDGET": "10",
        }
        given |= {"PLUGIN_VALUE": json.dumps(first["value"])} if "value" in first else {}
        return run_step("UpdateCatalogProperty", given | more)

    return run


TEAM = {"property": "metadata.team", "value": {"name": "blue", "size": 3}}
TEAM_YAML = "  tags: [java]\n  team:\n    name: blue\n    size: 3\n"


def held(world: World, name: str, branch: str = "main", path: str = "catalog-info.yaml") -> str:
    folder = world.repository("acme", name)
    commit = bare.branches(folder)[branch]
    return bare.read(folder, bare.entry(folder, commit, path).sha).decode()


def commits(world: World, name: str, branch: str = "main") -> int:
    folder = world.repository("acme", name)
    return bare.count(folder, bare.branches(folder)[branch])


def test_the_yaml_of_each_entity_is_edited_and_pushed_once(registered: World, change: Change) -> None:
    done = change(TEAM)
    assert done.code == 0, done.stderr
    assert done.outputs == {"updatedEntities": ",".join(BOTH)}
    for name in ("payments", "orders"):
        assert held(registered, name).startswith(YAML.format(name=name).replace("  tags: [java]\n", TEAM_YAML))
        assert held(registered, name, path="README.md") == "stays\n"
        assert commits(registered, name) == 2
    assert held(registered, "orders").endswith("---\n" + YAML.format(name="orders-api"))
    again = change(TEAM)
    assert (again.code, again.outputs) == (0, {"updatedEntities": ""})
    assert commits(registered, "payments") == 2


def test_several_entities_of_one_file_are_one_commit(registered: World, change: Change) -> None:
    done = change(
        {**TEAM, "value": ["http"], "property": "metadata.tags", "mode": "append"}, refs=["orders", "Orders-API"]
    )
    assert done.code == 0, done.stderr
    assert held(registered, "orders").count("tags: [java, http]") == 2
    assert commits(registered, "orders") == 2


def test_a_dry_run_tells_the_plan_and_pushes_nothing(registered: World, change: Change) -> None:
    done = change({"property": "metadata.tags", "mode": "delete"}, DRY_RUN="true")
    assert done.code == 0, done.stderr
    assert "Dry run: 2 deletions: metadata.tags of component:default/payments, metadata.tags of" in done.stderr
    assert (commits(registered, "payments"), done.outputs) == (1, {"updatedEntities": ""})


def test_a_pull_request_gathers_what_several_runs_change(registered: World, change: Change) -> None:
    first = change(TEAM, refs=["payments"], PUSH_MODE="pull_request")
    assert first.code == 0, first.stderr
    assert first.outputs["pullRequestUrls"] == f"{registered.url}/acme/payments/pull/1"
    other = {"property": "metadata.level", "value": 2}
    for _ in range(2):
        second = change(other, refs=["payments"], PUSH_MODE="pull_request")
        assert second.code == 0, second.stderr
    assert second.outputs == {"updatedEntities": ""} | {"pullRequestUrls": first.outputs["pullRequestUrls"]}
    assert "/acme/payments/pull/1 holds what is asked for." in second.stderr
    proposed = held(registered, "payments", "idp-steps/main")
    assert TEAM_YAML in proposed
    assert "  level: 2\n" in proposed
    assert commits(registered, "payments", "idp-steps/main") == 3
    assert held(registered, "payments") == YAML.format(name="payments")


def test_a_file_on_a_branch_with_a_slash_is_found(registered: World, change: Change) -> None:
    """The address of its page does not tell where the branch ends."""
    content = YAML.format(name="slashy").encode()
    folder = registered.repository("acme", "payments")
    bare.commit_files(folder, "feature/one", {"deep/in/catalog-info.yaml": ("100644", content)}, "one")
    catalog = locations.Catalog(open_state(registered.state_dir), "backstage", registered.url.partition("//")[2])
    catalog.add(f"{registered.url}/acme/payments/blob/feature/one/deep/in/catalog-info.yaml")
    with catalog.state.database() as database:
        database.execute("UPDATE locations SET due = 0")
    assert "component:default/slashy" in catalog.entities()
    done = change(TEAM, refs=["slashy"])
    assert done.code == 0, done.stderr
    assert TEAM_YAML in held(registered, "payments", "feature/one", "deep/in/catalog-info.yaml")
    assert commits(registered, "payments") == 1


def test_a_protected_branch_gets_a_pull_request_where_that_is_asked_for(registered: World, change: Change) -> None:
    hook = registered.repository("acme", "payments") / "hooks" / "pre-receive"
    words = "remote: error: GH006: Protected branch update failed for refs/heads/main."
    hook.write_text(
        f'#!/bin/sh\nwhile read old new ref; do case $ref in refs/heads/main) echo "{words}"; exit 1;; esac; done\n'
    )
    hook.chmod(0o755)
    assert change(TEAM, refs=["payments"]).code in {1, 3}
    done = change(TEAM, refs=["payments"], PUSH_MODE="auto")
    assert done.code == 0, done.stderr
    assert done.outputs["pullRequestUrls"].endswith("/pull/1")
    assert TEAM_YAML in held(registered, "payments", "idp-steps/main")


def test_what_others_push_to_the_same_file_meanwhile_stays(
    registered: World, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = registered.repository("acme", "payments")
    real = proposing.bring
    theirs = YAML.format(name="payments").replace("experimental", "production")

    def overtaken(*arguments: Any, **more: Any) -> Any:
        if commits(registered, "payments") == 1:
            bare.commit_files(folder, "main", {"catalog-info.yaml": ("100644", theirs.encode())}, "Theirs\n")
        return real(*arguments, **more)

    monkeypatch.setattr(properties, "bring", overtaken)
    done = change(TEAM, refs=["payments"])
    assert done.code == 0, done.stderr
    assert held(registered, "payments") == theirs.replace("  tags: [java]\n", TEAM_YAML)


def test_a_repository_that_takes_no_push_is_told_and_the_others_are_changed(registered: World, change: Change) -> None:
    hook = registered.repository("acme", "payments") / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho no; exit 1\n")
    hook.chmod(0o755)
    done = change(TEAM)
    assert done.code == 1
    assert "metadata.team of component:default/payments is not changed: Could not push to main of" in done.stderr
    assert "1 of 2 changes could not be made" in done.stderr
    assert TEAM_YAML in held(registered, "orders")


@pytest.mark.parametrize(
    ("refs", "more", "expected"),
    [
        (["nobody", "component:x/y"], {}, (1, "The catalog has no component:default/nobody, no component:x/y")),
        (BOTH, {"BACKSTAGE_TOKEN": "wrong"}, (3, "Check the static token")),
        (BOTH, {"BACKSTAGE_TOKEN": ""}, (3, "There are no credentials for Backstage")),
        (BOTH, {"BACKSTAGE_URL": ""}, (2, "Required input is missing: backstageUrl")),
        (
            BOTH,
            {"DRONE_NETRC_MACHINE": "github.com", "DRONE_NETRC_PORT": ""},
            (2, "is not on the connector's"),
        ),
        (BOTH, {"DRONE_NETRC_PASSWORD": "wrong"}, (3, "Check the connector's user name and token")),
        (
            BOTH,
            {"PLUGIN_PROPERTY": "spec.type", "PLUGIN_VALUE": "[1]"},
            (2, "With the change, catalog-info.yaml on branch"),
        ),
    ],
)
def test_what_cannot_be_changed_is_told_and_nothing_is_pushed(
    refs: list[str], more: dict[str, str], expected: tuple[int, str], registered: World, change: Change
) -> None:
    done = change(TEAM, refs=refs, **more)
    assert done.code == expected[0], done.stderr
    assert expected[1] in done.stderr
    assert (commits(registered, "payments"), commits(registered, "orders")) == (1, 1)


def test_without_the_library_that_signs_it_says_so(change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.git.signing.find_spec", lambda _: None)
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n"
    done = change(TEAM, SIGNING_KEY=key)
    assert (done.code, "takes the Python library cryptography" in done.stderr) == (2, True), done.stderr


def test_without_git_it_says_so(change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    done = change(TEAM)
    assert done.code == 2
    assert "there is no git here" in done.stderr
