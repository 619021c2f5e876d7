"""An ordinary template comes out as from the cookiecutter command line: the same names, bytes and modes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from common.contract.stage import staging
from common.errors import Interrupted
from common.template.rendering import render
from tests.conftest import RunStep
from tests.templates import tree

CONTEXT: dict[str, Any] = {
    "app_name": "My App",
    "slug": "{{ cookiecutter.app_name|slugify }}",
    "port": 8080,
    "ratio": 0.5,
    "nothing": None,
    "tls": True,
    "kind": ["api", "{{ cookiecutter.slug }}-web", "cli"],
    "package_path": "com/acme/{{ cookiecutter.slug.replace('-', '_') }}",
    "options": {"{{ cookiecutter.slug }}": {"a": ["{{ cookiecutter.port }}", 1, None, False]}},
    "note": "",
    "docker": "no",
    "_private": ["{{ kept }}", {"as": "it is"}],
    "__computed": "{{ cookiecutter.slug|upper }}",
    "__map": {"of": "{{ cookiecutter.__computed }}"},
    "__prompts__": {"app_name": "What is it called?"},
    "_copy_without_render": ["*.raw", "static", "*/{{cookiecutter.slug}}-kept"],
    "_extensions": ["jinja2.ext.do", "local_extensions.Shout"],
    "_jinja2_env_vars": {"lstrip_blocks": True, "trim_blocks": True, "line_statement_prefix": "%%"},
}
EXTENSION = """\
from jinja2.ext import Extension
from own import words

class Shout(Extension):
    def __init__(self, environment):
        super().__init__(environment)
        environment.filters["shout"] = lambda text: words.loud(text)
"""
PRE_HOOK = """\
import pathlib
assert not list(pathlib.Path().iterdir())
pathlib.Path("before").write_text("{{ cookiecutter.kind }} {{ cookiecutter.slug|shout }}")
"""
POST_HOOK = """\
#!/bin/sh
echo "{{ cookiecutter.slug }} in $(basename "$PWD")" > after
rm unwanted
chmod 750 run.sh
"""
EVERYTHING = """\
{{ cookiecutter.app_name }} {{ cookiecutter['port'] }} {{ cookiecutter.ratio }} {{ cookiecutter.nothing }}
{% if cookiecutter.tls %}
{{ cookiecutter.kind }}
{% endif %}
%% for name in ['a', 'b']
  - {{ name|shout }}
%% endfor
{{ cookiecutter.options }} {{ cookiecutter._private }} {{ cookiecutter.__map }} {{ cookiecutter.__computed }}
{{ cookiecutter|jsonify }}
{{ _cookiecutter }}
{{ cookiecutter }}
{% now 'utc', '%Y' %} {{ cookiecutter.note }}|{% include 'shared.txt' %}
{% do [] %}"""
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(range(256))
ROOT = "{{cookiecutter.slug}}"
FILES: dict[str, bytes] = {
    "cookiecutter.json": json.dumps(CONTEXT, indent=2).encode(),
    "local_extensions.py": EXTENSION.encode(),
    "own/words.py": b"def loud(text):\n    return text.upper() + '!'\n",
    "templates/shared.txt": b"shared {{ cookiecutter.slug }}\n",
    "hooks/pre_gen_project.py": PRE_HOOK.encode(),
    "hooks/post_gen_project.sh": POST_HOOK.encode(),
    f"{ROOT}/everything.txt": EVERYTHING.encode(),
    f"{ROOT}/windows.txt": b"one {{ cookiecutter.slug }}\r\ntwo\r\n",
    f"{ROOT}/mixed.txt": b"one\r\ntwo\nthree\n",
    f"{ROOT}/no-end.txt": b"{{ cookiecutter.slug }}",
    f"{ROOT}/empty": b"",
    f"{ROOT}/blank-end.txt": b"a\n\n\n",
    f"{ROOT}/unicode-\xc3\xa9.txt".encode("latin-1").decode(): "grüße {{ cookiecutter.slug }} \U0001f600\n".encode(),
    f"{ROOT}/image.png": PNG,
    f"{ROOT}/no-extension": PNG,
    f"{ROOT}/run.sh": b"#!/bin/sh\n",
    f"{ROOT}/unwanted": b"x",
    f"{ROOT}/{{% if cookiecutter.docker == 'yes' %}}Dockerfile{{% endif %}}": b"FROM x\n",
    f"{ROOT}/kept.raw": b"{{ not rendered }}\r\n",
    f"{ROOT}/static/{ROOT}/{ROOT}.txt": b"{{ not rendered either }}",
    f"{ROOT}/inner/{ROOT}-kept": b"{{ nor this }}",
    f"{ROOT}/src/{{{{cookiecutter.package_path}}}}/{{{{ cookiecutter.slug|replace('-', '') }}}}.java": b"class X {}\n",
    f"{ROOT}/.github/workflows/ci.yml": b"run: {{ '${{' }} secrets.X {{ '}}' }}\n",
}


def build(root: Path) -> None:
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    for name, mode in {f"{ROOT}/run.sh": 0o755, f"{ROOT}/static": 0o711, f"{ROOT}/empty": 0o600}.items():
        (root / name).chmod(mode)
    (root / ROOT / "link").symlink_to("run.sh")
    (root / ROOT / "linked-folder").symlink_to("static")


def test_a_template_with_everything_comes_out_as_from_the_command_line(
    workspace: Path, run_step: RunStep, tmp_path: Path
) -> None:
    build(workspace / "template")
    values = {"app_name": "Payments & <More>", "tls": "no", "kind": "cli", "note": 'it\'s "so"\n'}
    subprocess.run(
        [sys.executable, "-m", "cookiecutter", "template", "--no-input", "--default-config", "-o", "out",
         *(f"{name}={value}" for name, value in values.items())],
        cwd=workspace, check=True, umask=0o002, env={**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    (workspace / "out").rename(tmp_path / "expected")
    for cache in (workspace / "template").rglob("__pycache__"):
        shutil.rmtree(cache)
    before = os.umask(0o022)  # to which the step adds the group's rights
    try:
        done = run_step(
            "CookieCutter",
            {
                "TEMPLATE_TYPE": "private",
                "PATH_FOR_TEMPLATE": "template",
                "OUTPUT_DIRECTORY": "out",
                **{f"IDP_COOKIECUTTER_{name}": value for name, value in values.items()},
            },
        )
    finally:
        os.umask(before)
    assert done.code == 0, done.stderr
    expected = tree(tmp_path / "expected")
    assert len(expected) > 25
    assert tree(workspace / "out") == expected
    assert list((workspace / "template").rglob("__pycache__")) == []


def test_the_tag_of_jinja2_time_works_without_its_package(workspace: Path, run_step: RunStep) -> None:
    """Many templates name it; cookiecutter has taken it over, with offsets that the package itself no longer can."""
    root = workspace / "template"
    (root / "{{cookiecutter.slug}}").mkdir(parents=True)
    (root / "cookiecutter.json").write_text('{"slug": "app", "_extensions": ["jinja2_time.TimeExtension"]}')
    text = "{% now 'utc', '%Y' %} {% now 'Europe/Berlin' - 'days=400', '%d' %} {{ 'a b'|slugify }}"
    (root / "{{cookiecutter.slug}}" / "when").write_text(text)
    done = run_step("CookieCutter", {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template"})
    assert done.code == 0, done.stderr
    assert re.fullmatch(r"20\d\d \d\d a-b", (workspace / "app" / "when").read_text())


PLACES = "{{ cookiecutter._template }}\n{{ cookiecutter._repo_dir }}\n{{ cookiecutter._output_dir }}"


def test_a_project_tells_the_places_that_the_user_named_and_no_temporary_one(
    workspace: Path, run_step: RunStep
) -> None:
    """So a second run finds the same files."""
    root = workspace / "template"
    (root / "{{cookiecutter.slug}}").mkdir(parents=True)
    (root / "cookiecutter.json").write_text('{"slug": "app"}')
    (root / "{{cookiecutter.slug}}" / "places").write_text(PLACES)
    (root / "hooks").mkdir()
    (root / "hooks" / "post_gen_project.py").write_text(
        "import os\nassert os.path.isfile('{{ cookiecutter._repo_dir }}/cookiecutter.json')\n"
        "assert os.path.samefile('{{ cookiecutter._output_dir }}', '..')\n"
    )
    environ = {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "./template", "OUTPUT_DIRECTORY": "out"}
    assert run_step("CookieCutter", environ).code == 0
    assert (workspace / "out" / "app" / "places").read_text() == f"./template\n./template\n{workspace}/out"
    second = run_step("CookieCutter", environ)
    assert second.code == 0, second.stderr
    assert "was already there, and the same" in second.stderr


def test_a_signal_just_after_the_start_ends_the_process_that_renders(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for its job then, and a thread of the step is already listening to it."""
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    class Interrupting(threading.Thread):
        def start(self) -> None:
            super().start()
            raise Interrupted(signal.SIGTERM)

    def noted(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(popen(*arguments, **options))
        return started[0]

    monkeypatch.setattr("common.template.rendering.threading.Thread", Interrupting)
    monkeypatch.setattr("common.template.rendering.subprocess.Popen", noted)
    with staging(workspace) as stage, pytest.raises(Interrupted):
        render(
            stage, workspace, around=[], repository=workspace, told={}, given={}, strict=False, output=workspace,
            hooks="all", hook_timeout=1, signature={}, largest=1,
        )  # fmt: skip
    assert started[0].returncode is not None
    assert list(workspace.iterdir()) == []


def test_the_process_that_renders_loads_nothing_of_inputs_network_and_git() -> None:
    """What it does not load costs no time, and cannot hold a secret."""
    code = "import sys, common.template.child; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    ours = {name for name in loaded if name.startswith(("common.", "steps", "runner", "sandbox"))}
    others = {name for name in ours if not name.startswith("common.template")}
    assert others == {
        "common.errors",
        "common.secret",
        "common.contract",
        "common.contract.held",
        "common.contract.stage",
    }
    assert not {"click", "requests", "rich", "cookiecutter.main", "cookiecutter.prompt"} & set(loaded)
