"""`idp-steps catalog import` on every git host: what repositories are like, and what must not happen to them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from common.git_hosts import github
from sandbox.catalog import locations
from sandbox.git import bare, repositories
from sandbox.git.repositories import Repository
from sandbox.services import open_state
from tests.catalogs import CATALOGS, HARNESS_FILE, NATIVE, harness_without_account
from tests.conftest import World
from tests.hosts import OWNERS, Host, serving_step
from tests.keys import register_app, rsa_key
from tests.unit.runner.cli.test_catalog import FILE, TEMPLATE, Run, run, variables

__all__ = ["run"]

HARNESS, IDP1, BACKSTAGE = CATALOGS
HAVE_ARCHIVES = {"Github", "Gitlab", "AzureRepo", "data_center"}


def make(world: World, place: tuple[str, str], name: str, files: dict[str, str], branch: str = "main") -> Repository:
    """Make a repository whose default branch holds these files; an empty one without files."""
    state, settings = open_state(world.state_dir), {"project": "SHOP", "topics": [], "archived": name == "old"}
    made = repositories.create(state, *place, name, visibility="private", settings=settings, default_branch=branch)
    if files:
        content = {path: ("100644", text.encode()) for path, text in files.items()}
        bare.commit_files(made.folder, branch, content, "First\n")
        repositories.after_push(state, made)
    return made


def commits(world: World) -> dict[str, dict[str, int]]:
    """Count the commits of each branch of each repository."""
    return {
        one.name: {branch: bare.count(one.folder, tip) for branch, tip in bare.branches(one.folder).items()}
        for one in repositories.find_all(open_state(world.state_dir))
    }


def text_of(world: World, name: str, path: str = "catalog-info.yaml") -> str:
    (found,) = repositories.find_all(open_state(world.state_dir), name=name)
    tip = bare.branches(found.folder)[found.default_branch]
    return bare.read(found.folder, bare.entry(found.folder, tip, path).sha).decode()


@pytest.mark.parametrize("row", serving_step("RegisterCatalog"), ids=str)
def test_repositories_of_every_host_get_into_every_catalog(
    row: Host, world: World, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one whose default branch is not main, whose file has the other name, or that is empty or archived."""
    monkeypatch.setattr(locations, "DELAY", 0.01)
    host, owner = OWNERS[str(row)]
    place = (host, owner.format(account=world.credentials["harness"].account))
    make(world, place, "good", {"catalog-info.yaml": FILE.format(name="good")})
    make(world, place, "second", {"idp.yaml": FILE.format(name="second")}, "trunk")
    make(world, place, "broken", {"catalog-info.yaml": FILE.format(name="a b")})
    make(world, place, "plain", {"README.md": "x"}, "master")
    make(world, place, "empty", {})
    make(world, place, "old", {"catalog-info.yaml": FILE.format(name="old")})
    deep = {"deep-inner"} if str(row) == "Gitlab" else set()
    if deep:
        make(world, (host, f"{owner}/deep"), "inner", {"catalog-info.yaml": FILE.format(name="deep-inner")})
    old = set() if str(row) in HAVE_ARCHIVES else {"old"}
    skipped = "" if old else " 1 skipped,"
    (tmp_path / "t.yaml").write_text(TEMPLATE.replace("repository", "repository | replace('/', '-')"))
    registered = {"good", "second"} | deep | old
    with row.serve(world, tmp_path / "host") as served:
        for catalog in CATALOGS:
            own = {name: value for name, value in variables(catalog, world).items() if name not in world.connector}
            environ = {**own, **served.variables, "REPO_NAME": ""}
            if str(row) == "Harness":
                environ["PLUGIN_CONNECTOR_REF"] = ""
            if catalog is HARNESS:
                _, out, err = run(environ, "import", "--template", "t.yaml")
                assert f"Repositories: {len(registered) + 2} planned,{skipped} 1 failed." in out, err
                _, out, err = run(environ, "import", "--apply")
                assert f"Repositories: {len(registered)} made, 2 lacks,{skipped} 1 failed." in out, err
                _, out, err = run(environ, "import", "--apply", "--template", "t.yaml")
                assert f"Repositories: 2 made, {len(registered)} existed,{skipped} 1 failed." in out, err
                registered |= {"plain", "empty"}
            else:
                code, out, err = run(environ, "import", "--apply")
                assert f"Repositories: {len(registered)} made,{skipped} 1 failed." in out, err
                assert code == catalog.bad_file[0]
            _, out, err = run(environ, "import", "--apply")
            assert f"Repositories: {len(registered)} existed,{skipped} 1 failed." in out, err
            names = {ref.rpartition("/")[2] for ref in catalog.registered(world) if not ref.startswith("location")}
            assert names == registered
    assert commits(world) == {
        "good": {"main": 1},
        "second": {"trunk": 1},
        "broken": {"main": 1},
        "plain": {"master": 2},
        "empty": {"main": 1},
        "old": {"main": 1},
        **({"inner": {"main": 1}} if deep else {}),
    }


@pytest.mark.parametrize("mode", ["push", "pull_request"])
@pytest.mark.parametrize("path", ["catalog-info.yaml", "idp.yaml"])
def test_a_file_that_the_catalog_does_not_see_is_never_replaced_by_the_template(
    mode: str, path: str, world: World, tmp_path: Path, run: Run
) -> None:
    """The platform says "not found" of what its connector may not read, too."""
    make(world, ("github", "acme"), "pay", {path: FILE.format(name="mine")})
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    environ = {**variables(HARNESS, world), "PUSH_MODE": mode}
    for arguments in ([], ["--apply"]):
        world.faults.before["GET", HARNESS_FILE] = [404] * 100
        code, out, err = run(environ, "import", "--template", "t.yaml", *arguments)
        assert (code, "Repositories: 1 failed." in out) == (1, True), err
        assert f"holds {path} already, and the catalog does not see it. Check that the catalog may read" in err
    assert commits(world) == {"pay": {"main": 1}}
    assert text_of(world, "pay", path) == FILE.format(name="mine")
    world.faults.before.clear()
    assert "Repositories: 1 made." in run(environ, "import", "--template", "t.yaml", "--apply")[1]


def test_what_a_stopped_run_has_pushed_or_proposed_is_taken_up_again(world: World, tmp_path: Path, run: Run) -> None:
    """Though the template has other words by then: of an open pull request, the branch gets them."""
    make(world, ("github", "acme"), "pay", {"README.md": "x"})
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    environ = {**variables(HARNESS, world), "PUSH_MODE": "pull_request"}
    for word in ("team", "others"):
        (tmp_path / "t.yaml").write_text(TEMPLATE.replace("production", word))
        code, out, err = run(environ, "import", "--template", "t.yaml", "--apply")
        assert (code, "Repositories: 1 proposed." in out) == (0, True), err
    assert commits(world) == {"pay": {"main": 1, "idp-steps/main": 3}}


def test_without_the_account_a_re_run_looks_through_the_catalog_once_and_registers_nothing(
    world: World, tmp_path: Path, run: Run
) -> None:
    for name in ("a", "b", "c"):
        make(world, ("github", "acme"), name, {"catalog-info.yaml": FILE.format(name=name)})
    environ = variables(HARNESS, world) | harness_without_account(world)
    code, out, err = run(environ, "import")
    assert (code, "planned: a (whether it holds catalog-info.yaml is not known)" in out) == (0, True), err
    assert "Repositories: 3 made." in run(environ, "import", "--apply")[1]
    world.faults.requests.clear()
    code, out, err = run(environ, "import", "--apply")
    assert (code, "Repositories: 3 existed." in out) == (0, True), err
    asked = [line for line in world.faults.requests if "/v1/entities" in line]
    assert asked == ["GET /gateway/v1/entities"]

    HARNESS.forget(world)
    HARNESS.made_inside(world)
    make(world, ("github", "acme"), "payments", {"catalog-info.yaml": NATIVE})
    code, out, err = run(environ, "import", "--apply")
    assert (code, "Repositories: 3 made, 1 failed." in out) == (4, True), "one from elsewhere"
    assert "failed: payments (The catalog has an entity of this name already, and does not show it" in err


def test_a_report_of_other_repositories_of_the_same_names_passes_over_none(
    world: World, tmp_path: Path, run: Run
) -> None:
    for owner in ("acme", "others"):
        make(world, ("github", owner), "pay", {"catalog-info.yaml": FILE.format(name=f"pay-of-{owner}")})
    environ = variables(BACKSTAGE, world)
    for owner in ("acme", "others"):
        _, out, err = run({**environ, "ORG_NAME": owner}, "import", "--apply", "--report", "r.jsonl")
        assert out.endswith("Repositories: 1 made.\n"), err
    told = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [line["url"] for line in told] == [f"{world.url}/{owner}/pay" for owner in ("acme", "others")]
    _, out, _ = run(environ, "import", "--apply", "--report", "r.jsonl")
    assert out == "Repositories: 1 done before.\n", "only what the list still has is counted"


@pytest.mark.parametrize("fault", ["{{ 1 / 0 }}", "{{ repository + 1 }}", "{{ nothing }}", "{{ ().__class__.x }}"])
def test_a_template_that_fails_fails_for_its_repository_alone(
    fault: str, world: World, tmp_path: Path, run: Run
) -> None:
    make(world, ("github", "acme"), "bare", {"README.md": "x"})
    make(world, ("github", "acme"), "good", {"README.md": "x"})
    (tmp_path / "t.yaml").write_text(f"{{% if repository == 'bare' %}}{fault}{{% endif %}}\n{TEMPLATE}")
    code, out, err = run(variables(BACKSTAGE, world), "import", "--template", "t.yaml", "--apply")
    assert (code, "Repositories: 1 made, 1 failed." in out) == (2, True), err
    assert "failed: bare (The template t.yaml fails: " in err
    assert commits(world) == {"bare": {"main": 1}, "good": {"main": 2}}


@pytest.mark.programs("ssh-keygen")
def test_a_github_app_imports_all_that_it_is_installed_on(world: World, tmp_path: Path, run: Run) -> None:
    make(world, ("github", "acme"), "pay", {"catalog-info.yaml": FILE.format(name="pay")})
    make(world, ("github", "acme"), "bare", {"README.md": "x"})
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    app = register_app(world.state_dir, rsa_key(tmp_path / "app.pem"))
    environ = {**variables(HARNESS, world), "DRONE_NETRC_PASSWORD": "", **app}
    for mode, done in (("pull_request", "1 made, 1 proposed"), ("push", "1 made, 1 existed")):
        code, out, err = run({**environ, "PUSH_MODE": mode}, "import", "--template", "t.yaml", "--apply")
        assert (code, f"Repositories: {done}." in out) == (0, True), err


def test_a_catalog_that_is_down_is_not_waited_for_by_every_repository(world: World, run: Run) -> None:
    """Each would spend the whole retry budget; what was not tried is told, and has its turn in the next run."""
    for number in range(6):
        make(world, ("github", "acme"), f"s{number}", {"catalog-info.yaml": FILE.format(name=f"s{number}")})
    environ = variables(BACKSTAGE, world)
    down = {**environ, "BACKSTAGE_URL": "http://127.0.0.1:9/backstage", "RETRY_BUDGET": "0"}
    code, out, err = run(down, "import", "--apply")
    assert (code, "Repositories: 6 failed." in out, err.count("not tried, as a service")) == (5, True, 3), err
    world.faults.before["POST", "/backstage/api/catalog/locations?dryRun=true"] = [502] * 7
    code, out, err = run({**environ, "RETRY_BUDGET": "0"}, "import", "--apply")
    assert (code, "Repositories: 5 made, 1 failed." in out) == (5, True), "one alone stops no other"


def test_a_repository_that_is_listed_twice_is_one_and_pages_that_repeat_end(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        make(world, ("github", "acme"), name, {"catalog-info.yaml": FILE.format(name=name)})
    environ = variables(HARNESS, world)
    real = github.list_repositories
    monkeypatch.setattr(github, "list_repositories", lambda where: [*real(where), *real(where)])
    code, out, err = run(environ, "import")
    assert (code, "Repositories: 2 planned." in out) == (0, True), out + err
    monkeypatch.setattr(github, "list_repositories", lambda where: itertools.cycle(list(real(where))))
    code, out, err = run(environ, "import")
    assert (code, "The git host lists the same repositories again, after 2 of them." in err) == (1, True), out + err
