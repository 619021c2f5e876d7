"""`idp-steps catalog`: filling each catalog from the repositories of an organization, and what it holds in vain."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from runner import cli
from sandbox.catalog import entities
from sandbox.git import bare as git
from sandbox.git import repositories
from sandbox.seeding import seed
from sandbox.services import open_state
from tests.catalogs import CATALOGS, NATIVE, CatalogUnderTest
from tests.conftest import RunStep, World

FILE = (
    "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n"
    "spec:\n  type: service\n  lifecycle: production\n  owner: team\n"
)
TEMPLATE = FILE.replace("{name}", "{{ repository }}").replace("team", "'{{ owner }}'")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command of `idp-steps catalog` with these variables and no others."""

    def command(environ: Mapping[str, str], *arguments: str) -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            for name in ("X_API_KEY", "HTTP_PROXY", "REPO_NAME"):
                patch.delenv(name, raising=False)
            for name, value in {"RETRY_BUDGET": "2", "WAIT_TIMEOUT": "20", **environ}.items():
                patch.setenv(name, value)
            patch.chdir(tmp_path)
            capfd.readouterr()
            code = cli.main(["catalog", *arguments])
        return code, *capfd.readouterr()

    return command


def put(world: World, tmp_path: Path, name: str, text: str | None) -> None:
    """Make a repository of acme with this catalog file, or with another file alone."""
    folder = tmp_path / "files" / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    (folder / "README.md").write_text("x\n")
    if text is not None:
        (folder / "catalog-info.yaml").write_text(text)
    seed(world.state_dir, "acme", name, folder)


def variables(catalog: CatalogUnderTest, world: World) -> dict[str, str]:
    """Give those of the first way in which the catalog is told to register, without the repository."""
    return {**catalog.forms[0](world), "REPO_NAME": ""}


@pytest.mark.parametrize("catalog", CATALOGS, ids=str)
def test_every_repository_is_registered_and_what_fails_stops_no_other(
    catalog: CatalogUnderTest, world: World, tmp_path: Path, run: Run
) -> None:
    put(world, tmp_path, "pay", FILE.format(name="pay"))
    put(world, tmp_path, "broken", FILE.replace("{name}", "a b"))
    put(world, tmp_path, "bare", None)
    put(world, tmp_path, "sell", FILE.format(name="sell"))
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    environ, report = variables(catalog, world), tmp_path / "report.jsonl"

    code, out, err = run(environ, "import", "--template", "template.yaml")
    assert code == catalog.bad_file[0], err
    assert "Repositories: 3 planned, 1 failed." in out
    assert "Nothing was written" in out
    assert catalog.registered(world) == []
    assert "failed: broken" in err

    code, out, err = run(environ, "import", "--apply", "--report", str(report))
    assert code == catalog.bad_file[0], err
    assert "Repositories: 2 made, 1 lacks, 1 failed." in out
    assert "lacks: bare (it holds no catalog-info.yaml and no idp.yaml)" in out
    scope = catalog.ref.partition("/")[0]
    assert sorted(ref for ref in catalog.registered(world) if "location" not in ref) == [
        f"{scope}/pay",
        f"{scope}/sell",
    ]

    with report.open("a") as file:
        file.write('{"repository": "pa')  # as a kill leaves it
    put(world, tmp_path, "broken", FILE.format(name="broken"))
    code, out, err = run(environ, "import", "--apply", "--report", str(report), "--template", "template.yaml")
    assert code == 0, err
    assert "Repositories: 2 made, 2 done before." in out
    made = [json.loads(line) for line in report.read_text().splitlines() if line.endswith("}")]
    assert made[-1]["outcome"] == "made"
    assert run(environ, "import", "--apply")[1].endswith("Repositories: 4 existed.\n")
    bare = repositories.find(open_state(world.state_dir), "github", "acme", "bare")
    content = git.read(bare.folder, git.entry(bare.folder, git.branches(bare.folder)["main"], "catalog-info.yaml").sha)
    assert content.decode() == FILE.format(name="bare").replace("team", "'acme'")


@pytest.mark.parametrize("catalog", CATALOGS, ids=str)
def test_an_import_asks_for_the_entities_of_many_repositories_together(
    catalog: CatalogUnderTest, world: World, tmp_path: Path, run: Run
) -> None:
    """Each file is read and registered by itself; of those with one entity, one gets it and another is told whose."""
    for name in ("a", "b", "c", "d"):
        put(world, tmp_path, name, FILE.format(name=name))

    def asked(*arguments: str) -> tuple[str, str, list[tuple[str, str]]]:
        with open_state(world.state_dir).database() as database:
            database.execute("DELETE FROM requests")
        _, out, err = run(variables(catalog, world), "import", *arguments)
        with open_state(world.state_dir).database() as database:
            rows = database.execute("SELECT method, path FROM requests").fetchall()
        reads = [tuple(row) for row in rows if "/entities" in row["path"] and "/import" not in row["path"]]
        return out, err, [row for row in reads if "dry_run" not in row[1]]

    out, _, reads = asked()
    assert ("Repositories: 4 planned." in out, len(reads)) == (True, 1)
    assert "Repositories: 4 made." in asked("--apply")[0]
    out, _, reads = asked("--apply")
    assert ("Repositories: 4 existed." in out, len(reads)) == (True, 1)

    put(world, tmp_path, "e", FILE.format(name="same"))
    put(world, tmp_path, "f", FILE.format(name="same"))
    out, err, _ = asked("--apply")
    assert "Repositories: 1 made, 4 existed, 1 failed." in out
    assert "failed: f" in err
    assert "/e/" in err, "whose it is"


@pytest.mark.parametrize("catalog", CATALOGS, ids=str)
def test_orphans_and_errors_are_listed_and_deleted_on_request(
    catalog: CatalogUnderTest, world: World, tmp_path: Path, run: Run
) -> None:
    for name in ("gone", "wrong", "well"):
        put(world, tmp_path, name, FILE.format(name=name))
    environ = variables(catalog, world)
    assert run(environ, "import", "--apply")[0] == 0
    put(world, tmp_path, "gone", None)
    put(world, tmp_path, "wrong", FILE.replace("{name}", "a b"))
    with open_state(world.state_dir).database() as database:
        database.execute("UPDATE locations SET due = 0")  # so that the catalog reads them again at once

    code, out, err = run(environ, "orphans")
    assert (code, out.count("found: ")) == (0, 1), err
    assert "gone/blob/main/catalog-info.yaml" in out
    assert "Nothing was deleted" in out
    world.faults.before["DELETE", "/"] = [200, 200]
    code, out, err = run(environ, "orphans", "--delete")
    assert (code, "Orphans: 1, 1 failed." in out) == (1, True), "what answers 200 is no catalog"
    assert "answered 200 without word that" in err
    code, out, err = run(environ, "orphans", "--delete")
    assert (code, "Orphans: 1, 1 deleted." in out) == (0, True), err
    assert not any("/gone" in ref for ref in catalog.registered(world) if not ref.startswith("location"))
    assert run(environ, "orphans")[1] == "Orphans: 0.\n"

    code, out, err = run(environ, "errors")
    assert (code, out.count("found: ")) == (0, 1), err
    assert "wrong" in out
    assert run(environ, "errors", "--delete")[0] == 0
    assert run(environ, "errors")[1] == "Errors: 0.\n"
    assert any(ref.endswith("/well") for ref in catalog.registered(world))


ONE = [  # catalog, format of the file, fields that say where it is, what the reference begins with, the name in it
    ("IDP 2.0", "IDP 1.0", "", "component:account/", "Pay"),
    ("IDP 2.0", "IDP 1.0", "  namespace: shop\n", "component:account/", "Pay"),
    ("IDP 2.0", "IDP 2.0", "", "component:account/", "Pay"),
    ("IDP 2.0", "IDP 2.0", "orgIdentifier: default\n", "component:account.default/", "Pay"),
    (
        "IDP 2.0",
        "IDP 2.0",
        "orgIdentifier: default\nprojectIdentifier: shop\n",
        "component:account.default.shop/",
        "Pay",
    ),
    ("IDP 1.0", "IDP 1.0", "", "component:default/", "pay"),
    ("IDP 1.0", "IDP 1.0", "  namespace: shop\n", "component:shop/", "pay"),
    ("Backstage", "IDP 1.0", "", "component:default/", "pay"),
    ("Backstage", "IDP 1.0", "  namespace: shop\n", "component:shop/", "pay"),
]


@pytest.mark.parametrize(
    ("name", "written_in", "scope", "prefix", "shown"),
    [pytest.param(*row, id=" ".join((row[0], row[1], row[3]))) for row in ONE],
)
def test_an_entity_has_one_reference_and_one_page_in_the_outputs_of_all_steps(  # noqa: PLR0913, PLR0917 - a table
    name: str,
    written_in: str,
    scope: str,
    prefix: str,
    shown: str,
    world: World,
    tmp_path: Path,
    run: Run,
    run_step: RunStep,
) -> None:
    catalog = next(row for row in CATALOGS if row.name == name)
    text = FILE.format(name="Pay") if written_in == "IDP 1.0" else NATIVE.replace("payments", "Pay")
    text = text.replace("spec:\n", f"{scope}spec:\n")
    put(world, tmp_path, "payments", text)
    environ = catalog.forms[0](world)
    written = run_step("CreateCatalog", {**environ, "FILE_NAME": "x.yaml", "FILE_PATH": "", "FILE_CONTENT": text})
    assert written.code == 0, written.stderr
    registered = run_step("RegisterCatalog", environ)
    assert registered.code == 0, registered.stderr
    assert written.outputs["entityRef"] == registered.outputs["entityRef"] == f"{prefix}{shown}"
    assert written.outputs["registeredCatalogUrl"] == registered.outputs["registeredCatalogUrl"]
    assert written.outputs["registeredCatalogUrl"].endswith("/Pay")

    if name == "IDP 1.0":  # whose custom properties are the portal's
        entities.add(open_state(world.state_dir), entities.parse(NATIVE.replace("payments", "pay"), convert=False))
        prefix, environ = "component:default/", {**environ, "BASE": world.url}
    ref = f"Component:{prefix.partition(':')[2]}{shown}"
    properties = json.dumps([{"property": "metadata.title", "value": "Pay"}])
    updated = run_step("UpdateCatalogProperty", {**environ, "PLUGIN_ENTITY_REF": ref, "PLUGIN_PROPERTIES": properties})
    assert updated.code == 0, updated.stderr
    assert updated.outputs["updatedEntities"] == f"{prefix}{shown}"

    assert run({**environ, "REPO_NAME": ""}, "import", "--apply", "--report", "r.jsonl")[0] == 0
    assert json.loads((tmp_path / "r.jsonl").read_text())["ref"] == registered.outputs["entityRef"]


def test_what_is_missing_is_told_and_help_lists_the_inputs(world: World, tmp_path: Path, run: Run) -> None:
    catalog = CATALOGS[0]
    code, out, _ = run({}, "import", "--help")
    assert code == 0
    assert "--apply" in out
    assert "idp-steps catalog import" in out
    code, _, err = run({**variables(catalog, world), "CONNECTOR_TYPE": "Git"}, "import")
    assert (code, "has no pages that show files" in err) == (2, True)
    code, _, err = run({**variables(catalog, world), "ORG_NAME": ""}, "import")
    assert (code, "Required input is missing: organization" in err) == (2, True)
    put(world, tmp_path, "bare", None)
    (tmp_path / "t.yaml").write_text("{{ nothing }}")
    code, _, err = run(variables(catalog, world), "import", "--template", "t.yaml")
    assert (code, "'nothing' is undefined" in err) == (2, True)
