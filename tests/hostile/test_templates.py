# ruff: noqa: E501 - the rows are a table
"""Hostile templates and values: whatever they try, no file lands outside the project and no value runs.

Each row is a template with values. A row that may succeed says so; all others end with a sentence. In
every one `{outside}` is a folder that must stay empty; JINJA is an expression that would make a file there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunStep

ROOT = "{{cookiecutter.slug}}"
NOTE = {f"{ROOT}/note": "{{ cookiecutter.p }}"}
JINJA = "cycler.__init__.__globals__.os.system('touch {outside}/run')"
DEEP = 100_000


@dataclass(frozen=True)
class Row:
    """One of them.

    p: the value of the variable p, None to leave it out. words: what the error says, with this exit code; empty when the template is
    harmless, and then `holds` is what its file `note` becomes.
    """

    id: str
    files: Mapping[str, str] = field(default_factory=lambda: NOTE)
    context: Any = None
    p: Any = "x"
    given: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    special: Callable[[Path], object] | None = None
    words: str = ""
    code: int = 2
    holds: str | None = None


INNER = {f"{ROOT}/{{{{cookiecutter.p}}}}.txt": "x"}
FOLDER = {f"{ROOT}/{{{{cookiecutter.p}}}}/file": "x"}
COPIED = {"slug": "app", "p": "", "_copy_without_render": ["*.txt", "*{{cookiecutter.p}}", "raw"]}
AWAY = "(by the variable 'p')"
PRE = "hooks/pre_gen_project.py"


def variables(**settings: str) -> dict[str, Any]:
    """A context whose environment has delimiters of its own."""
    return {"slug": "app", "p": "", "_jinja2_env_vars": settings}


def cookie(text: object) -> dict[str, str]:
    """A template with this cookiecutter.json."""
    return {"cookiecutter.json": text if isinstance(text, str) else json.dumps(text), **NOTE}


def multiplying(root: Path) -> None:
    """Ten folders, each with ten links to the next: ten thousand million files when links are followed."""
    for number in range(10):
        folder = root / ROOT / "raw" / str(number)
        folder.mkdir(parents=True)
        for link in "abcdefghij" if number < 9 else "":
            (folder / link).symlink_to(f"../{number + 1}")


FORGED = """\
import gc, io, json, os
for stream in gc.get_objects():
    if isinstance(stream, io.TextIOWrapper) and stream.writable() and stream.fileno() > 2:
        stream.write(json.dumps({"project": ".."}))
        stream.flush()
        os._exit(0)
"""
MUTE = """\
class Mute(Exception):
    def __str__(self):
        return str(1 / 0)
raise Mute
"""
NESTING = "import os\nfor _ in range(2500):\n    os.mkdir('d'); os.chdir('d')\n"
OUTSIDE = [
    Row("absolute file", INNER, p="{outside}/x", words=AWAY),
    Row("file by dots", INNER, p="../../../outside/x", words=AWAY),
    Row("file next to the project", INNER, p="../x", words=AWAY),
    Row("dots after a folder", INNER, p="a/../../x", words=AWAY),
    Row("absolute folder", FOLDER, p="{outside}/x", words=AWAY),
    Row("folder by dots", FOLDER, p="../../../outside", words=AWAY),
    Row("folder above", FOLDER, p="..", words=AWAY),
    Row("public Java template", {f"{ROOT}/src/main/java/{{{{cookiecutter.p}}}}/App.java": "x"}, p="../../../../../outside", words=AWAY),
    Row("copied file", INNER, COPIED, "{outside}/x", words=AWAY),
    Row("copied file by dots", INNER, COPIED, "../../outside/x", words=AWAY),
    Row("copied folder", FOLDER, COPIED, "{outside}/x", words=AWAY),
    Row("copied folder in the project's own place", FOLDER, COPIED, ".", words="would replace the project"),
    Row("computed", {f"{ROOT}/{{{{cookiecutter.__q}}}}": "x"}, {"slug": "app", "p": "", "__q": "{{ cookiecutter.p }}/x"}, "{outside}", words=AWAY),
    Row("by a filter", {f"{ROOT}/{{{{cookiecutter.p|replace('!', '.')}}}}": "x"}, p="!!/x", words=AWAY),
    Row("own delimiters", {"[[cookiecutter.slug]]/[[cookiecutter.p]]": "x"}, variables(variable_start_string="[[", variable_end_string="]]"), "../x", words=AWAY),
    Row("repository", FOLDER, p=".git", words="git keeps a repository under that name"),
    Row("repository in capitals", FOLDER, p="a/.GIT/hooks", words="git keeps a repository under that name"),
    Row("file of a repository", {f"{ROOT}/{{{{cookiecutter.p}}}}": "x"}, p=".git", words=AWAY),
    Row("line break", INNER, p="a\nb", words="it holds a control character"),
    Row("escape character", FOLDER, p="a\x1b[2J", words="it holds a control character"),
    Row("NUL", INNER, given={"COOKIECUTTER_VARIABLES": '{"slug": "app", "p": "a\\u0000b"}'}, words="control character"),
    Row("too long", INNER, p="x" * 300, words="it is too long"),
    Row("too deep", FOLDER, p="/".join(["x" * 200] * 30), words="it is too long"),
    Row("half a character", INNER, given={"COOKIECUTTER_VARIABLES": '{"slug": "app", "p": "\\ud800"}'}, words="surrogates not allowed"),
    Row("project folder by dots", context={"slug": "x", "p": "x"}, given={"IDP_COOKIECUTTER_slug": "../outside"}, words="(by the variable 'slug')"),
    Row("absolute project folder", given={"IDP_COOKIECUTTER_slug": "{outside}"}, words="(by the variable 'slug')"),
    Row("project folder of nothing", given={"IDP_COOKIECUTTER_slug": " . "}, context={"slug": "", "p": ""}, files={"{{cookiecutter.slug.strip()}}/x": ""}, words="no name for a folder"),
]  # fmt: skip
LINKS = [
    Row("link to a file outside", links={f"{ROOT}/link": "/etc/passwd"}, words="a link to a place outside"),
    Row("link to a folder outside", links={f"{ROOT}/link": "{outside}"}, words="a link to a place outside"),
    Row("link by dots", links={f"{ROOT}/link": "../../../outside"}, words="a link to a place outside"),
    Row("link of links", links={f"{ROOT}/a": "b", f"{ROOT}/b": "../../.."}, words="a link to a place outside"),
    Row("cookiecutter.json is a link", links={"cookiecutter.json": "/proc/self/environ"}, words="a link to a place outside"),
    Row("hooks are a link", links={"hooks": "{outside}"}, words="a link to a place outside"),
    Row("endless link, copied", links={f"{ROOT}/raw/loop": "."}, files={**NOTE, f"{ROOT}/raw/x": ""}, context=COPIED, words="cannot be rendered"),
    Row("links that multiply", special=multiplying, context=COPIED, words="has too many files"),
    Row("link to itself", links={f"{ROOT}/link": "link"}, words="cannot be rendered"),
    Row("pipe", special=lambda root: os.mkfifo(root / ROOT / "pipe"), words="is a pipe, a socket or a device"),
    Row("repository, copied", {**NOTE, f"{ROOT}/raw/.git/config": ""}, COPIED, words="holds a git repository"),
    Row("repository, rendered", {**NOTE, f"{ROOT}/a/.git/config": ""}, words="git keeps a repository under that name"),
    Row("hook nests folders", {**NOTE, PRE: NESTING}, words="The project's folders are nested more than 100 deep (d/d/"),
    Row("hook nests folders and fails", {**NOTE, PRE: NESTING + "os._exit(1)"}, code=1, words="stopped the rendering"),
    Row("nested folders", {f"{ROOT}/{'d/' * 120}note": "x"}, words="The template's folders are nested more than 100 deep"),
    Row("folder nested by a value", FOLDER, p="d/" * 120, words="The project's folders are nested more than 100 deep"),
    Row("hook links a folder", {**FOLDER, PRE: "import os; os.symlink('{outside}', 'x')"}, words="a link that leads out"),
    Row("hook links a file", {**INNER, PRE: "import os; os.symlink('{outside}/y', 'x.txt')"}, words="a link that leads out"),
    Row("hook makes a pipe", {**INNER, PRE: "import os; os.mkfifo('x.txt')"}, words="something else than a file"),
    Row("hook links the project", {**NOTE, PRE: "import os; d = os.getcwd(); os.rmdir(d); os.symlink('{outside}', d)"}, words="put something else in its place"),
    Row("hook links the project at the end", {**NOTE, "hooks/post_gen_project.sh": '#!/bin/sh\nd=$PWD; rm -r "$d"; ln -s {outside} "$d"\n'}, words="put something else in its place"),
]  # fmt: skip
CODE = [
    Row("expression", p="{{ " + JINJA + " }}", holds="{{ " + JINJA + " }}"),
    Row("statement", p="{% if " + JINJA + " %}{% endif %}", holds="{% if " + JINJA + " %}{% endif %}"),
    Row("comment", p="{# x", holds="{# x"),
    Row("harmless braces", p="a {{ b }} c", holds="a {{ b }} c"),
    Row("own expression", {"[[cookiecutter.slug]]/note": "[[ cookiecutter.p ]]"}, variables(variable_start_string="[[", variable_end_string="]]"), "[[ " + JINJA + " ]]", holds="[[ " + JINJA + " ]]"),
    Row("own statement", context=variables(block_start_string="<%", block_end_string="%>"), p="<% if " + JINJA + " %><% endif %>", holds="<% if " + JINJA + " %><% endif %>"),
    Row("own comment", context=variables(comment_start_string="<!", comment_end_string="!>"), p="a <! b !> c", holds="a <! b !> c"),
    Row("line statement", context=variables(line_statement_prefix="%%"), p="%% if " + JINJA + "\n%% endif", holds="%% if " + JINJA + "\n%% endif"),
    Row("line comment", context=variables(line_comment_prefix="##"), p="a ## b", holds="a ## b"),
    Row("quotes", p="'\"\\ }}", holds="'\"\\ }}"),
    Row("key of a map", {f"{ROOT}/note": "{{ cookiecutter.m.keys()|list|first }}"}, {"slug": "app", "m": {}}, given={"IDP_COOKIECUTTER_m": '{"{{ 7 * 7 }}": "x"}'}, holds="{{ 7 * 7 }}"),
    Row("value in a map", {f"{ROOT}/note": "{{ cookiecutter.m.a.b }}"}, {"slug": "app", "m": {"a": {"b": ""}}}, given={"IDP_COOKIECUTTER_m": '{"a": {"b": "{{ 7 * 7 }}"}}'}, holds="{{ 7 * 7 }}"),
    Row("item of a list in a map", {f"{ROOT}/note": "{{ cookiecutter.m.a[0] }}"}, {"slug": "app", "m": {"a": []}}, given={"IDP_COOKIECUTTER_m": '{"a": ["{{ 7 * 7 }}"]}'}, holds="{{ 7 * 7 }}"),
    Row("value of a computed variable", {f"{ROOT}/note": "{{ cookiecutter.__p }}"}, {"slug": "app", "p": "", "__p": "{{ cookiecutter.p }}"}, "{{ 7 * 7 }}", holds="{{ 7 * 7 }}"),
    Row("computed variable itself", {f"{ROOT}/note": "{{ cookiecutter.__p }}"}, {"slug": "app", "__p": ""}, given={"IDP_COOKIECUTTER___p": "{{ 7 * 7 }}"}, holds="{{ 7 * 7 }}"),
    Row("private variable", {f"{ROOT}/note": "{{ cookiecutter._p }}"}, {"slug": "app", "_p": ""}, given={"IDP_COOKIECUTTER__p": "{{ 7 * 7 }}"}, holds="{{ 7 * 7 }}"),
    Row("before rendering", {f"{ROOT}/note": "{{ _cookiecutter.p }}"}, p="{{ 7 * 7 }}", holds="{{ 7 * 7 }}"),
    Row("in a hook's own text", {**NOTE, PRE: "# {{ cookiecutter.p }}"}, p="{{ " + JINJA + " }}", holds="{{ " + JINJA + " }}"),
    Row("extension by value", context={"slug": "app", "p": "", "_extensions": []}, given={"IDP_COOKIECUTTER__extensions": '["antigravity.x"]'}, holds="x"),
    Row("environment by value", context={"slug": "app", "p": "", "_jinja2_env_vars": {}}, given={"IDP_COOKIECUTTER__jinja2_env_vars": '{"variable_start_string": "a"}'}, holds="x"),
    Row("choice by value", context={"slug": "app", "p": ["x", "y"]}, p="{{ 7 * 7 }}", words="it can be x, y"),
]  # fmt: skip
FAULTY = [
    Row("division", {**NOTE, f"{ROOT}/a/b": "1\n{{ 1/0 }}"}, words=f"ZeroDivisionError: division by zero ({ROOT}/a/b, line 2)"),
    Row("types", {**NOTE, f"{ROOT}/b": '{{ "a" + 1 }}'}, words=f"({ROOT}/b, line 1)"),
    Row("filter of nothing", {**NOTE, f"{ROOT}/b": "\n{{ cookiecutter.zzz | upper }}"}, words=f"({ROOT}/b, line 2)"),
    Row("unknown filter", {**NOTE, f"{ROOT}/b": "\n\n{{ 1 | zzz }}"}, words=f"No filter named 'zzz' ({ROOT}/b, line 3)"),
    Row("syntax", {**NOTE, f"{ROOT}/b": "\n{% if %}"}, words=f"({ROOT}/b, line 2)"),
    Row("included syntax", {**NOTE, f"{ROOT}/b": "{% include 'c' %}", "templates/c": "\n{{ 1/0 }}"}, words="(templates/c, line 2)"),
    Row("included nothing", {**NOTE, f"{ROOT}/b": "{% include 'zzz' %}"}, words="it includes 'zzz', which is not there"),
    Row("undefined in a name", {**NOTE, f"{ROOT}/{{{{cookiecutter.zzz}}}}": ""}, words="/{{cookiecutter.zzz}}, line 1)"),
    Row("undefined in the folder", {"{{cookiecutter.zzz}}/x": ""}, words="({{cookiecutter.zzz}}, line 1)"),
    Row("default", cookie('{"slug": "app",\n "p": "{{ 1/0 }}"}'), p=None, words="(cookiecutter.json, line 2)"),
    Row("hook", {**NOTE, PRE: "\n{{ 1/0 }}"}, words=f"({PRE}, line 2)"),
    Row("endless recursion", {**NOTE, f"{ROOT}/b": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"}, words="RecursionError"),
    Row("file that is no UTF-8", {**NOTE}, special=lambda root: (root / ROOT / "b").write_bytes(b"a\n" + b"caf\xe9 \xe8t\xe9 " * 9 + b"{{ 1 }}"), words=f"is no UTF-8 text, and holds something to render ({ROOT}/b, line 2)"),
    Row("file that is no UTF-8 and has nothing to render", {**NOTE}, special=lambda root: (root / ROOT / "b").write_bytes(b"caf\xe9 \xe8t\xe9\r\n" * 9), holds="x"),
    Row("missing extension", cookie({"slug": "app", "p": "", "_extensions": ["local_extensions.X"]}), words="extension local_extensions.X cannot be loaded: No module named 'local_extensions'"),
    Row("missing class", {**cookie({"slug": "app", "p": "", "_extensions": ["jinja2.ext.do", "own.Zzz"]}), "own.py": ""}, words="extension own.Zzz cannot be loaded"),
    Row("extension that is none", cookie({"slug": "app", "p": "", "_extensions": ["os.getcwd"]}), words="(cookiecutter.json, line 1)"),
    Row("extension that interrupts", {**cookie({"slug": "app", "p": "", "_extensions": ["own.X"]}), "own.py": "raise KeyboardInterrupt"}, words="own code ended the rendering (KeyboardInterrupt)"),
    Row("fault that cannot be shown", {**cookie({"slug": "app", "p": "", "_extensions": ["own.X"]}), "own.py": MUTE}, words="Mute: which cannot be shown for a ZeroDivisionError"),
    Row("answer without end", {**cookie({"slug": "app", "p": "", "_extensions": ["own.X"]}), "own.py": FORGED.replace('json.dumps({"project": ".."})', "'x' * 200_000_000")}, words="own code ended the rendering"),
    Row("extension that ends the process", {**cookie({"slug": "app", "p": "", "_extensions": ["own.X"]}), "own.py": "raise SystemExit(0)"}, words="own code ended the rendering"),
    Row("hook that ends the process", {**NOTE, "hooks/pre_gen_project.sh": "#!/bin/sh\nkill -9 $PPID\nsleep 300\n"}, words="own code ended the rendering (exit code -9)"),
    Row("extension that answers", {**cookie({"slug": "app", "p": "", "_extensions": ["own.X"]}), "own.py": FORGED}, words="own code ended the rendering"),
    Row("extensions are a number", cookie({"slug": "app", "p": "", "_extensions": 5}), words="(cookiecutter.json, line 1)"),
    Row("settings are a list", cookie({"slug": "app", "p": "", "_jinja2_env_vars": []}), words="(cookiecutter.json, line 1)"),
    Row("unknown setting", cookie({"slug": "app", "p": "", "_jinja2_env_vars": {"zzz": 1}}), words="'zzz'"),
    Row("patterns are a number", cookie({"slug": "app", "p": "", "_copy_without_render": 5}), words="is no list of texts"),
    Row("line ends of nothing", cookie({"slug": "app", "p": "", "_new_lines": "x"}), words="which ends no line"),
    Row("deep", cookie("[" * DEEP), words="cookiecutter.json is nested too deeply"),
    Row("deep map", cookie('{"slug": "app", "p": ' + '{"a":' * 600 + "1" + "}" * 601), p=None, words="cookiecutter.json"),
    Row("YAML bomb", cookie("a: &a [x, x]\nb: &b [*a, *a]\n"), words="cookiecutter.json cannot be read"),
    Row("huge", cookie('{"slug": "' + "x" * 2_000_000 + '"}'), words="it is larger than 1000000 bytes"),
    Row("huge number", cookie('{"slug": ' + "9" * 9999 + "}"), words="cookiecutter.json cannot be read"),
    Row("list", cookie([1]), words="is no JSON object"),
    Row("no choices", cookie({"slug": []}), words="the list of choices is empty"),
    Row("name of a map", cookie({"slug": {"a": "b"}}), words="a name cannot be made of {'a': 'b'}"),
    Row("name of a list", cookie({"slug": [["a"]]}), words="a name cannot be made of ['a']"),
    Row("name of nothing", cookie({"slug": None}), words="a name cannot be made of None"),
    Row("two folders of one name", {f"{ROOT}/a/x": "", f"{ROOT}/{{{{cookiecutter.p}}}}/x": ""}, p="a", words="(by the variable 'p')"),
    Row("file where a folder has to be", {f"{ROOT}/a": "", **INNER}, p="a/b", words="cannot be rendered: File exists (app/a)"),
    Row("choice of templates", cookie({"templates": {}}), words="a choice of several templates"),
    Row("hook without a first line", {**NOTE, "hooks/pre_gen_project.sh": "exit 0"}, words="it does not say what runs it"),
    Row("hook of nothing", {**NOTE, "hooks/pre_gen_project.sh": "#!/no/such/shell\n"}, words="cannot be run"),
    Row("project is a file", {"{{cookiecutter.slug}}": "x"}, words="has no project folder"),
]  # fmt: skip
ROWS = OUTSIDE + LINKS + CODE + FAULTY


def build(root: Path, row: Row, outside: str) -> dict[str, str]:
    """Write the template and give the step's variables."""
    context = {"slug": "app", "p": ""} if row.context is None else row.context
    for name, text in {"cookiecutter.json": json.dumps(context), **row.files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{outside}", outside))
        path.chmod(0o755)
    for name, place in row.links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).unlink(missing_ok=True)
        (root / name).symlink_to(place.replace("{outside}", outside))
    if row.special is not None:
        row.special(root)
    prefixed = row.p is not None and "COOKIECUTTER_VARIABLES" not in row.given
    given = {**({"IDP_COOKIECUTTER_p": row.p} if prefixed else {}), **row.given}
    return {name: value.replace("{outside}", outside) for name, value in given.items()}


def tree(root: Path) -> set[Path]:
    return set(root.rglob("*"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_no_file_lands_outside_and_no_value_runs(row: Row, workspace: Path, run_step: RunStep, tmp_path: Path) -> None:
    """An exit code with what is wrong, or a harmless success; a dry run finds the same about names."""
    outside = tmp_path / "outside"
    outside.mkdir()
    given = build(workspace / "template", row, str(outside))
    environ = {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template", **given}
    before = tree(tmp_path)
    for dry_run in (True, False) if row in OUTSIDE else (False,):
        done = run_step("CookieCutter", environ | {"DRY_RUN": str(dry_run)})
        assert done.code == (row.code if row.words else 0), done.stderr
        assert row.words in done.stderr
        assert "Traceback" not in done.stderr
        assert list(outside.iterdir()) == []
        project = {workspace / "app"} | tree(workspace / "app") if not (row.words or dry_run) else set()
        assert tree(tmp_path) - {tmp_path / "outputs.json"} == before | project
    if row.holds is not None:
        assert (workspace / "app" / "note").read_text() == row.holds.replace("{outside}", str(outside))


def test_the_trap_works(workspace: Path, run_step: RunStep, tmp_path: Path) -> None:
    """A template's own expression runs and makes the file that no value may make."""
    outside = tmp_path / "outside"
    outside.mkdir()
    build(workspace / "template", Row("", {f"{ROOT}/note": "{{ " + JINJA + " }}"}), str(outside))
    done = run_step("CookieCutter", {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template"})
    assert done.code == 0, done.stderr
    assert [path.name for path in outside.iterdir()] == ["run"]


def test_a_value_may_lead_deeper_into_the_project(workspace: Path, run_step: RunStep) -> None:
    """As a package_path does in templates for Java; a file's name may bring a folder along."""
    build(workspace / "template", Row("", {**FOLDER, **INNER}), "")
    environ = {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template", "IDP_COOKIECUTTER_p": "com/acme/app"}
    assert run_step("CookieCutter", environ).code == 0
    project = workspace / "app"
    files = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}
    assert files == {"com/acme/app/file", "com/acme/app.txt"}


def test_there_are_enough_of_them() -> None:
    assert len(ROWS) == len({row.id for row in ROWS}) >= 40
    assert sys.getrecursionlimit() < DEEP
