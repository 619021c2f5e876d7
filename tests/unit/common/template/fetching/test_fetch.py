"""Templates from every kind of source, over real HTTP: the right state of the right folder, and what is refused."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, request

from sandbox.git.lfs import _place
from sandbox.services import open_state
from tests.conftest import Result, RunStep, World, serving
from tests.keys import register_app, rsa_key
from tests.templates import clone_of, commit, files, git

ROOT = "{{cookiecutter.name}}"
PLAIN = {"ANSWERS_FILE": "false"}


def template(text: str, name: str = "app") -> dict[str, str]:
    return {"cookiecutter.json": json.dumps({"name": name}), f"{ROOT}/text": text}


def below(folder: str, content: Mapping[str, str]) -> dict[str, str]:
    return {f"{folder}/{name}": text for name, text in content.items()}


@pytest.fixture
def repository(world: World, tmp_path: Path) -> Callable[..., Path]:
    """Make a repository in the sandbox, and give a clone of it to commit in."""
    return lambda name, private=False: clone_of(world, tmp_path, name, private=private)


@pytest.fixture
def rendered(run_step: RunStep, world: World, workspace: Path) -> Callable[..., tuple[Result, str]]:
    """Render from the URL of a repository, and give the text in the project."""

    def render(url: str, **environ: str) -> tuple[Result, str]:
        url = url if "://" in url else f"{world.url}/templates/{url}"
        done = run_step("CookieCutter", PLAIN | {"PUBLIC_TEMPLATE_URL": url, "RETRY_BUDGET": "0"} | environ)
        file = workspace / str(done.outputs.get("projectDirectory", "none")) / "text"
        return done, file.read_text() if file.exists() else ""

    return render


Rendered = Callable[..., tuple[Result, str]]


def test_a_branch_a_tag_and_a_commit_give_their_own_state(
    repository: Callable[..., Path], rendered: Rendered, workspace: Path
) -> None:
    work = repository("service")
    first = commit(work, template("one"))
    git("tag", "-a", "v1", "-m", "x", cwd=work)
    git("push", "--quiet", "origin", "v1", cwd=work)
    second = commit(work, template("two"))
    third = commit(work, template("three", name="b"), push="feature/x")
    wanted = {"": second, "v1": first, "feature/x": third, first: first, first[:9]: first, "main": second}
    texts = {first: "one", second: "two", third: "three"}
    for number, (revision, expected) in enumerate(wanted.items()):
        done, text = rendered("service", TEMPLATE_CHECKOUT=revision, OUTPUT_DIRECTORY=str(number))
        assert done.code == 0, done.stderr
        assert done.outputs["templateCommit"] == expected
        assert text == texts[expected]


def test_a_revision_that_there_is_not_is_told_with_those_that_there_are(
    repository: Callable[..., Path], rendered: Rendered, workspace: Path
) -> None:
    work = repository("service")
    commit(work, template("one"))
    commit(work, {}, push="feature")
    for revision in ("mian", "0" * 40, "abcdef0"):
        done, _ = rendered("service", TEMPLATE_CHECKOUT=revision)
        assert done.code == 2
        assert f"/templates/service has no branch, tag or commit '{revision}'. It has feature, main." in done.stderr
    assert not list(workspace.iterdir())


@pytest.mark.parametrize("revision", ["--upload-pack=touch x", "a b", "a..b", "@{0}", "a~1", "a\nb"])
def test_what_is_no_name_of_a_revision_is_refused_before_git_is_asked(
    rendered: Rendered, world: World, revision: str
) -> None:
    done, _ = rendered("service", TEMPLATE_CHECKOUT=revision)
    assert done.code == 2
    assert "is no name of a branch, a tag or a commit" in done.stderr
    assert world.faults.requests == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("gh:acme/service", "Give its address over HTTPS: https://github.com/acme/service"),
        (
            "git@git.example.test:acme/service.git",
            "Give its address over HTTPS: https://git.example.test/acme/service.git",
        ),
        (
            "https://u:pass-word@github.com/acme/many/tree/v2/services/api/",
            "https://github.com/acme/many, and TEMPLATE_CHECKOUT to v2 and TEMPLATE_DIRECTORY to services/api.",
        ),
        ("https://git.example.test/a/b/c/-/tree/main?x=y", "/a/b/c, and TEMPLATE_CHECKOUT to main."),
        ("https://bitbucket.org/acme/many/src/main/api", "TEMPLATE_DIRECTORY to api."),
    ],
)
def test_an_address_that_people_paste_is_told_with_the_one_that_is_meant(
    run_step: RunStep, given: str, words: str
) -> None:
    """Cookiecutter's abbreviations, git's address over SSH, and a page of the host; before anything is asked."""
    for name, arguments in (("publicTemplateUrl", ()), ("describeTemplate", ("--describe-template", given))):
        done = run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": given}, *arguments)
        assert done.code == 2
        assert done.stderr.startswith(f"error: {name} is ")
        assert words in done.stderr
        assert "pass-word" not in done.stderr


def test_a_folder_is_named_by_an_input_or_behind_the_url_and_links_may_lead_to_the_rest_of_the_repository(
    repository: Callable[..., Path], rendered: Rendered, workspace: Path
) -> None:
    work = repository("many")
    content = {**below("templates/service", template("service")), **below("templates/web", template("web"))}
    files(work, {**content, "shared/LICENSE": "licence of {{ cookiecutter.name }}", "shared/docs/a.txt": "a"})
    (work / "templates/service" / ROOT / "LICENSE").symlink_to("../../../shared/LICENSE")
    (work / "templates/service" / ROOT / "docs").symlink_to("../../../shared/docs")
    head = commit(work, {})
    done, text = rendered("many#templates/service")
    assert done.code == 0, done.stderr
    assert text == "service"
    assert done.outputs["templateCommit"] == head
    assert (workspace / "app" / "LICENSE").read_text() == "licence of app"
    assert not (workspace / "app" / "LICENSE").is_symlink()
    done, text = rendered("many", TEMPLATE_DIRECTORY="templates/web/", OUTPUT_DIRECTORY="out")
    assert (done.code, text) == (0, "web")


@pytest.mark.parametrize(
    ("directory", "words"),
    [
        ("../x", "templateDirectory is '../x', which names no folder of the template"),
        ("/etc", "templateDirectory is '/etc', which names no folder of the template"),
        ("nowhere", "has no folder 'nowhere'. Set TEMPLATE_DIRECTORY to the folder that holds it; there is one in a/b"),
        ("a", "no cookiecutter.json at its root. Set TEMPLATE_DIRECTORY to the folder that holds it; there is one in"),
        ("out", "has no folder 'out'"),
        (".git", "no cookiecutter.json at its root"),
    ],
)  # fmt: skip
def test_a_folder_without_a_template_is_told_with_those_that_hold_one(
    repository: Callable[..., Path], rendered: Rendered, workspace: Path, directory: str, words: str
) -> None:
    work = repository("many")
    files(work, below("a/b", template("x")))
    (work / "out").symlink_to("/etc")
    commit(work, {})
    done, _ = rendered("many", TEMPLATE_DIRECTORY=directory)
    assert done.code == 2
    assert words in done.stderr
    assert not list(workspace.iterdir())


@pytest.mark.parametrize("target", ["../../../../outside", "/etc/passwd", "../../.git/config", "../../away/passwd"])
def test_a_link_that_leaves_the_repository_is_refused_also_by_way_of_one_that_does_not(
    repository: Callable[..., Path], rendered: Rendered, workspace: Path, target: str
) -> None:
    work = repository("many")
    files(work, below("a", template("x")))
    (work / "away").symlink_to("/etc")
    (work / "a" / ROOT / "link").symlink_to(target)
    commit(work, {})
    done, _ = rendered("many", TEMPLATE_DIRECTORY="a")
    assert done.code == 2
    assert "is a link to a place outside the template" in done.stderr or "into its git repository" in done.stderr
    assert not list(workspace.iterdir())


def test_a_link_into_a_shared_folder_does_not_bring_what_that_links_to_outside(
    repository: Callable[..., Path], rendered: Rendered
) -> None:
    work = repository("many")
    context = {"name": "app", "_copy_without_render": ["raw"]}
    files(work, {"a/cookiecutter.json": json.dumps(context), f"a/{ROOT}/raw/x": "", "shared/x": ""})
    (work / "shared" / "secrets").symlink_to("/etc")
    (work / "a" / ROOT / "raw" / "link").symlink_to("../../../shared")
    commit(work, {})
    done, _ = rendered("many", TEMPLATE_DIRECTORY="a")
    assert done.code == 2
    assert "shared/secrets is a link to a place outside the template" in done.stderr


def test_a_template_in_the_workspace_is_told_with_the_commit_of_the_repository_around_it(
    repository: Callable[..., Path], run_step: RunStep, workspace: Path
) -> None:
    work = repository("many")
    files(work, {**below("a", template("x")), "LICENSE": "licence"})
    (work / "a" / ROOT / "LICENSE").symlink_to("../../LICENSE")
    head = commit(work, {})
    work.rename(workspace / "clone")
    for named in ({"PATH_FOR_TEMPLATE": "clone/a"}, {"PATH_FOR_TEMPLATE": "clone", "TEMPLATE_DIRECTORY": "a"}):
        done = run_step("CookieCutter", PLAIN | {"TEMPLATE_TYPE": "private"} | named)
        assert done.code == 0, done.stderr
        assert done.outputs["templateCommit"] == head
        assert (workspace / "app" / "LICENSE").read_text() == "licence"


NEW_FORM = {
    "templates": {
        "web": {"path": "./web", "title": "Web service", "description": "With pages."},
        "job": {"path": "jobs/job"},
    }
}
OLD_FORM = {"template": ["Web service (./web)", "job (jobs/job)"]}


@pytest.mark.parametrize("form", [NEW_FORM, OLD_FORM], ids=["templates", "template"])
@pytest.mark.parametrize(("name", "text"), [("web", "web"), ("Web service", "web"), ("./web/", "web"), ("job", "job")])
def test_a_nested_template_is_chosen_by_its_name_title_or_path(
    repository: Callable[..., Path], rendered: Rendered, form: Any, name: str, text: str
) -> None:
    work = repository("nested")
    content = {**below("web", template("web")), **below("jobs/job", template("job"))}
    commit(work, {**content, "cookiecutter.json": json.dumps(form)})
    name = "jobs/job" if form is OLD_FORM and name == "job" else name
    done, found = rendered("nested", TEMPLATE_NAME=name)
    assert (done.code, found) == (0, text), done.stderr


def test_a_choice_within_a_choice_takes_a_name_each(repository: Callable[..., Path], rendered: Rendered) -> None:
    work = repository("nested")
    outer = {"templates": {"python": {"path": "python"}}}
    inner = {"template": ["Flask (flask)", "Django (django)"]}
    content = below("python", {"cookiecutter.json": json.dumps(inner), **below("django", template("django"))})
    commit(work, {**content, "cookiecutter.json": json.dumps(outer)})
    assert rendered("nested", TEMPLATE_NAME="python,Django")[1] == "django"
    done, _ = rendered("nested", TEMPLATE_NAME="python")
    assert done.code == 2
    assert (
        "is a choice of 2 templates. Set TEMPLATE_NAME to one of them: flask (Flask), django (Django)." in done.stderr
    )
    done, _ = rendered("nested", TEMPLATE_NAME="python,Django,x")
    assert "The template is no choice of several, so the name 'x' is not used." in done.stderr


@pytest.mark.parametrize(
    ("context", "name", "words"),
    [
        (NEW_FORM, "", "is a choice of 2 templates. Set TEMPLATE_NAME to one of them: web (Web service), job."),
        (NEW_FORM, "wep", "There is no template 'wep' in the choice of templates. Set TEMPLATE_NAME to one of them"),
        ({"templates": {"a": {"path": "../.."}}}, "a", "which leads out of the repository"),
        ({"templates": {"a": {"path": "/etc"}}}, "a", "which leads out of the repository"),
        ({"templates": {"a": {"path": "away"}}}, "a", "which leads out of the repository"),
        ({"templates": {"a": {"path": "none"}}}, "a", "there is no such folder"),
        ({"templates": {"a": {}}}, "a", "gives no path for the template 'a'"),
        ({"templates": {"a": "x"}}, "a", "gives no path for the template 'a'"),
        ({"templates": {}}, "", "is that of a choice of several templates, and lists none"),
        ({"template": ["no path"]}, "", "which holds no path in parentheses"),
        ({"template": [1]}, "", "which holds no path in parentheses"),
        ({"templates": {"a": {"path": "."}}}, "a", "The template is a choice of 1 templates"),
    ],
)  # fmt: skip
def test_a_faulty_choice_is_one_sentence(  # noqa: PLR0913, PLR0917 - what the table has
    repository: Callable[..., Path], rendered: Rendered, workspace: Path, context: Any, name: str, words: str
) -> None:
    work = repository("nested")
    (work / "away").symlink_to("/etc")
    commit(work, {**below("web", template("web")), "cookiecutter.json": json.dumps(context)})
    done, _ = rendered("nested", TEMPLATE_NAME=name)
    assert done.code == 2
    assert words in done.stderr
    assert not list(workspace.iterdir())


PRINTING = {
    "cookiecutter.json": '{"name": "app"}',
    f"{ROOT}/text": "{{ [cookiecutter._template, cookiecutter._repo_dir, cookiecutter._output_dir,"
    " cookiecutter._checkout]|tojson }}",
}


def test_what_a_template_prints_of_its_origin_is_what_was_given_and_the_same_every_time(
    repository: Callable[..., Path], rendered: Rendered, world: World, workspace: Path
) -> None:
    work = repository("printing")
    nested = {"cookiecutter.json": json.dumps({"templates": {"n": {"path": "inner"}}}), **below("inner", PRINTING)}
    commit(work, {**PRINTING, **below("a", PRINTING), **below("nested", nested)})
    url, out = f"{world.url}/templates/printing", str(workspace / "out")
    expected = {
        ("", "", ""): [url, url, out, None],
        ("a", "", "main"): [url, f"{url}#a", out, "main"],
        ("nested", "n", ""): [f"{url}#nested/inner", f"{url}#nested/inner", out, None],
    }
    for (directory, name, revision), said in expected.items():
        asked = {"TEMPLATE_DIRECTORY": directory, "TEMPLATE_NAME": name, "TEMPLATE_CHECKOUT": revision}
        for words in ("Rendered 1 file ", "was already there, and the same"):
            done, text = rendered("printing", OUTPUT_DIRECTORY="out", OVERWRITE_IF_EXISTS="false", **asked)
            assert done.code == 0, done.stderr
            assert words in done.stderr
            assert json.loads(text) == said
        (workspace / "out" / "app" / "text").unlink()
        (workspace / "out" / "app").rmdir()


def test_a_template_that_is_not_public_is_reached_by_the_connector_whose_token_is_nowhere_to_be_seen(
    repository: Callable[..., Path],
    rendered: Rendered,
    world: World,
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = repository("secret", private=True)
    commit(work, PRINTING)
    commands: list[list[str]] = []
    popen = subprocess.Popen

    def watched(command: list[str], *args: Any, **kwargs: Any) -> Any:
        commands.append(command)
        return popen(command, *args, **kwargs)

    monkeypatch.setattr("common.contract.child.subprocess.Popen", watched)
    token = world.credentials["github"].token
    login = {name: text for name, text in world.connector.items() if name.startswith("DRONE_")}
    nameless = {name: text for name, text in login.items() if name != "DRONE_NETRC_USERNAME"}
    for environ in (login, nameless):
        done, text = rendered("secret", VERBOSE="true", **environ)
        assert done.code == 0, done.stderr
        assert token not in text + done.stderr + done.stdout + str(done.outputs) + str(commands)
    elsewhere = login | {"DRONE_NETRC_MACHINE": "git.example", "DRONE_REMOTE_URL": "https://git.example/x"}
    done, _ = rendered("secret", **elsewhere)
    assert done.code == 3
    assert "asks for a login" in done.stderr
    wrong = login | {"DRONE_NETRC_PASSWORD": "wr0ng-t0ken"}
    done, _ = rendered("secret", **wrong)
    assert done.code == 3
    assert "wr0ng-t0ken" not in done.stderr


@pytest.mark.programs("ssh-keygen")
def test_a_template_that_is_not_public_is_reached_as_a_github_app_by_a_token_for_it_alone(
    repository: Callable[..., Path], rendered: Rendered, world: World, tmp_path: Path, run_step: RunStep
) -> None:
    """Its update too; and a template on another host is not told of the App."""
    work = repository("secret", private=True)
    first = commit(work, template("one"))
    address = {
        name: text for name, text in world.connector.items() if name in {"DRONE_NETRC_MACHINE", "DRONE_NETRC_PORT"}
    }
    app = register_app(world.state_dir, rsa_key(tmp_path / "app.pem"), permissions={"contents": "read"})
    app |= address | {"DRONE_REMOTE_URL": world.url}
    done, text = rendered("secret", ANSWERS_FILE="true", **app)
    assert (done.code, text) == (0, "one"), done.stderr
    second = commit(work, template("two"))
    environ = {"UPDATE_PROJECT": "app", "CHECK_UPDATE": "true"} | app
    assert run_step("CookieCutter", environ).outputs["templateCommit"] == second != first
    with open_state(world.state_dir).database() as database:
        tokens = [dict(row) for row in database.execute("SELECT token, repositories FROM github_tokens")]
    assert ["secret" in row["repositories"] for row in tokens] == [True, True]
    assert not [row for row in tokens if row["token"] in done.stderr + done.stdout + text]
    done, _ = rendered("secret", **app | {"DRONE_NETRC_MACHINE": "git.example", "DRONE_REMOTE_URL": ""})
    assert done.code == 3
    assert "asks for a login" in done.stderr


def test_submodules_are_cloned_at_their_commit_and_their_own_too(
    repository: Callable[..., Path], rendered: Rendered, world: World, workspace: Path
) -> None:
    inner, middle, outer = repository("inner"), repository("middle"), repository("outer")
    commit(inner, {"text": "old"})
    pinned = git("rev-parse", "HEAD", cwd=inner)
    commit(inner, {"text": "new"})
    submodule(middle, "deep", f"{world.url}/templates/inner.git", pinned)
    head = commit(middle, {"note": "middle"})
    files(outer, template("outer"))
    submodule(outer, f"{ROOT}/lib", "../middle.git", head)
    commit(outer, {})
    done, text = rendered("outer")
    assert (done.code, text) == (0, "outer"), done.stderr
    assert (workspace / "app" / "lib" / "note").read_text() == "middle"
    assert (workspace / "app" / "lib" / "deep" / "text").read_text() == "old"


def submodule(work: Path, place: str, url: str, pinned: str) -> None:
    """Write what `git submodule add` writes."""
    files(work, {".gitmodules": f'[submodule "m"]\n\tpath = "{place}"\n\turl = {url}\n'})
    git("update-index", "--add", "--cacheinfo", f"160000,{pinned},{place}", cwd=work)
    (work / place).mkdir(parents=True)  # or `git add --all` takes the entry for one that was removed
    git("-C", str(work / place), "init", "--quiet", cwd=work)
    git("fetch", "--quiet", str(origin_of(work, url)), pinned, cwd=work / place)
    git("checkout", "--quiet", pinned, cwd=work / place)


def origin_of(work: Path, url: str) -> Path:
    """The bare repository on disk that a URL of the sandbox leads to."""
    return Path(git("config", "remote.origin.url", cwd=work)).parent / url.rpartition("/")[2]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc", "The address of a submodule is 'file:///etc', which is no http or https URL"),
        ("ext::sh -c id", "which is no http or https URL"),
        ("/etc", "which is no http or https URL"),
        ("--upload-pack=x", "which is no http or https URL"),
        ("http://u:p@127.0.0.1:9/x", "has a login in its address"),
        ("http://127.0.0.1:9/x", "http://127.0.0.1:9 is not available"),
    ],
)
def test_a_submodule_of_another_kind_of_address_is_refused(
    repository: Callable[..., Path], rendered: Rendered, workspace: Path, url: str, words: str
) -> None:
    work = repository("outer")
    pinned = commit(work, template("outer"))
    files(work, {".gitmodules": f'[submodule "m"]\n\tpath = lib\n\turl = {url}\n'})
    git("add", ".gitmodules", cwd=work)
    git("update-index", "--add", "--cacheinfo", f"160000,{pinned},lib", cwd=work)
    git("commit", "--quiet", "-m", "x", cwd=work)
    git("push", "--quiet", "origin", "HEAD:main", cwd=work)
    done, _ = rendered("outer")
    assert done.code in (2, 5)
    assert words in done.stderr
    assert not list(workspace.iterdir())


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"
PICTURE = bytes(range(256)) * 10


@pytest.fixture
def lfs_store() -> Iterator[tuple[str, list[str]]]:
    """A server of Git LFS (its API docs: batch.md), with one object, and the logins that reached it."""
    app, logins = Flask("lfs"), []
    oid = hashlib.sha256(PICTURE).hexdigest()

    @app.post("/objects/batch")
    def batch() -> Any:
        logins.append(request.headers.get("Authorization", ""))
        asked = request.get_json(force=True)["objects"]
        known = {"actions": {"download": {"href": f"{request.host_url}object"}}}
        missing = {"error": {"code": 404, "message": "Object does not exist"}}
        objects = [{**one, **(known if one["oid"] == oid else missing)} for one in asked]
        return {"transfer": "basic", "objects": objects}, 200, {"Content-Type": "application/vnd.git-lfs+json"}

    @app.get("/object")
    def download() -> bytes:
        return PICTURE

    with serving(app.wsgi_app) as url:
        yield url, logins


def lfs_template(url: str, oid: str) -> dict[str, str]:
    return {
        **template("x"),
        ".gitattributes": "*.png filter=lfs diff=lfs merge=lfs -text\n",
        ".lfsconfig": f"[lfs]\n\turl = {url}\n\tlocksverify = false\n",
        f"{ROOT}/picture.png": POINTER.format(oid, len(PICTURE)),
    }


@pytest.mark.programs("git-lfs")
def test_files_in_git_lfs_come_with_their_content_and_no_login_goes_to_another_host(
    repository: Callable[..., Path],
    rendered: Rendered,
    world: World,
    workspace: Path,
    lfs_store: tuple[str, list[str]],
) -> None:
    url, logins = lfs_store
    work = repository("pictures", private=True)
    commit(work, lfs_template(url, hashlib.sha256(PICTURE).hexdigest()))
    done, _ = rendered("pictures", **{name: text for name, text in world.connector.items() if "DRONE" in name})
    assert done.code == 0, done.stderr
    assert (workspace / "app" / "picture.png").read_bytes() == PICTURE
    assert logins == [""]


@pytest.mark.programs("git-lfs")
def test_files_in_the_git_lfs_of_a_private_repository_come_by_the_connector_s_token(
    repository: Callable[..., Path], rendered: Rendered, world: World, workspace: Path
) -> None:
    work = repository("pictures", private=True)
    oid = hashlib.sha256(PICTURE).hexdigest()
    content = lfs_template("", oid)
    del content[".lfsconfig"]
    commit(work, content)
    place = _place(SimpleNamespace(folder=world.repository("templates", "pictures")), oid)  # type: ignore[arg-type]
    place.parent.mkdir(parents=True)
    place.write_bytes(PICTURE)
    done, _ = rendered("pictures", **{name: text for name, text in world.connector.items() if "DRONE" in name})
    assert done.code == 0, done.stderr
    assert (workspace / "app" / "picture.png").read_bytes() == PICTURE
    assert world.credentials["github"].token not in done.stderr


def test_links_to_the_rest_of_the_repository_outlive_a_pre_prompt_hook(
    repository: Callable[..., Path], rendered: Rendered, workspace: Path
) -> None:
    work = repository("many")
    files(work, {**below("a", template("x")), "shared/LICENSE": "licence", "shared/docs/note": "note"})
    files(work, {"a/hooks/pre_prompt.sh": '#!/bin/sh\necho \'{"name": "hooked"}\' > cookiecutter.json\n'})
    (work / "a/hooks/pre_prompt.sh").chmod(0o755)
    (work / "a" / ROOT / "LICENSE").symlink_to("../../shared/LICENSE")
    (work / "a" / ROOT / "docs").symlink_to("../../shared/docs")
    (work / "a" / ROOT / "same").symlink_to("text")
    commit(work, {})
    done, _ = rendered("many", TEMPLATE_DIRECTORY="a")
    assert done.code == 0, done.stderr
    assert (workspace / "hooked" / "LICENSE").read_text() == "licence"
    assert (workspace / "hooked" / "same").read_text() == "x"


@pytest.mark.programs("git-lfs")
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "fetch the LFS files of"),
        ("file:///etc", "The address in .lfsconfig is 'file:///etc', which is no http or https URL"),
    ],
)
def test_no_pointers_to_files_in_git_lfs_get_into_a_project(  # noqa: PLR0913, PLR0917 - what the table has
    repository: Callable[..., Path],
    rendered: Rendered,
    workspace: Path,
    lfs_store: tuple[str, list[str]],
    address: str,
    words: str,
) -> None:
    work = repository("pictures")
    commit(work, lfs_template(address or lfs_store[0], "0" * 64))
    done, _ = rendered("pictures")
    assert done.code in (1, 2)
    assert words in done.stderr
    assert not list(workspace.iterdir())
