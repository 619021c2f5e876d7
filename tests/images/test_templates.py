"""The image that renders templates: whom its root variant makes of their code, and the images that the docs make on it.

What the docs fetch from registries has stand-ins here: that such an image builds from names that are there, and that a
template finds in it what was added, is held, not that others' programs work.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images.conftest import ENGINE, ROOT, Containers, engine, tag

pytestmark = pytest.mark.images

DOCS = (ROOT / "docs/templates.md").read_text(encoding="utf-8")
ADDED = "idp-steps/cookiecutter-with-more"
CANARY = "canary-of-the-root-variant"
HOOK = """\
#!/bin/sh
set -e
id -u > who
git init -q && git add file && git commit -q -m x
step=$(cut -d' ' -f4 /proc/$PPID/stat)
cat /proc/$step/environ > environ 2>/dev/null || true
dd if=/proc/$step/mem of=memory bs=1 count=1 2>/dev/null || true
"""
MORE = """\
from jinja2.ext import Extension
class StrcaseExtension(Extension):
    def __init__(self, environment):
        super().__init__(environment)
        environment.filters["to_snake"] = lambda text: text.replace(" ", "_").lower()
"""
PIP = "mkdir -p /more/jinja2_strcase && cp /more.py /more/jinja2_strcase/__init__.py"
ANSWER = "echo stand-in"
STANDS_IN = {  # what the docs name -> the programs and files in its place
    "ghcr.io/astral-sh/uv:0.9": {"uv": ANSWER},
    "python:3.13-slim": {"usr/local/bin/pip": PIP, "more.py": MORE},
    "node:22-trixie-slim": {"usr/local/bin/node": ANSWER}
    | {f"usr/lib/x86_64-linux-gnu/{name}": "" for name in ("libstdc++.so.6", "libgcc_s.so.1")},
}


def template(workspace: Path, hook: str, text: str = "x", **settings: object) -> None:
    """Write a template of one file with a hook."""
    for name, content in {
        "cookiecutter.json": json.dumps({"name": "payments", **settings}),
        "{{ cookiecutter.name }}/file": text,
        "hooks/post_gen_project.sh": hook,
    }.items():
        path = workspace / "template" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


RENDERING = {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template"}


@pytest.mark.parametrize("options", [(), ("--cap-drop=ALL",)], ids=["usual", "no capabilities"])
def test_hooks_of_the_root_variant_read_nothing_of_the_step(
    options: tuple[str, ...], containers: Containers, workspace: Path
) -> None:
    """They are another user where root may arrange that, commit with git, and what they made is root's."""
    template(workspace, HOOK)
    running = containers.having(f"--volume={workspace}:/harness", *options, variant="-root")

    running.run("cookiecutter", RENDERING | {"DRONE_NETRC_PASSWORD": CANARY}).well()

    made = workspace / "payments"
    assert (int((made / "who").read_text()) == 0) == bool(options)
    assert (made / ".git/refs/heads").exists()
    assert {(made / name).stat().st_size for name in ("environ", "memory") if (made / name).exists()} <= {0}
    assert {path.lstat().st_uid for path in (made, *made.rglob("*"))} == {workspace.stat().st_uid}


@pytest.fixture
def stands_in(containers: Containers, tmp_path: Path) -> Iterator[list[str]]:
    """Images in the place of those from registries, as options of a build."""
    del containers
    options, made = [], []
    for number, (name, files) in enumerate(STANDS_IN.items()):
        folder = tmp_path / f"context{number}"
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            script = text if not text or path.endswith(".py") else f"#!/bin/sh\n{text}\n"
            (folder / path).write_text(script, encoding="utf-8")
            (folder / path).chmod(0o755)
        (folder / "Dockerfile").write_text(f"FROM {tag('cookiecutter')}\nUSER 0:0\nCOPY . /\n", encoding="utf-8")
        image = f"idp-steps/stand-in-{number}"
        engine("build", "--quiet", f"--tag={image}", str(folder))
        made.append(image)
        options.append(f"--build-context={name}=docker-image://{image}")
    yield options
    engine("image", "rm", "--force", *made, ADDED)


def test_the_images_of_the_docs_add_what_a_template_needs(
    stands_in: list[str], containers: Containers, workspace: Path, tmp_path: Path
) -> None:
    """Each of the three, as it stands there."""
    if ENGINE != "docker":
        pytest.skip("The stand-ins are contexts of BuildKit.")
    found = re.findall(r"```dockerfile\n(.*?)```", DOCS, re.DOTALL)
    assert len(found) == len(STANDS_IN)
    for number, text in enumerate(found):
        folder = tmp_path / f"image{number}"
        folder.mkdir()
        (folder / "Dockerfile").write_text(text, encoding="utf-8")
        built = subprocess.run(
            [ENGINE, "buildx", "build", "--quiet", *stands_in, "--load", f"--tag={ADDED}", str(folder)],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert built.returncode == 0, built.stderr
        if "/more" in text:
            extensions = ["jinja2_strcase.StrcaseExtension"]
            template(workspace, "#!/bin/sh\n", "{{ 'stand-in' | to_snake }}", _extensions=extensions)
        else:
            template(workspace, f"#!/bin/sh\n{'uv' if 'uv' in text else 'node'} --version > file\n")
        place = workspace / f"out{number}"
        command = containers.having(f"--volume={workspace}:/harness").command(
            "cookiecutter", RENDERING | {"OUTPUT_DIRECTORY": place.name}, []
        )
        command[command.index(tag("cookiecutter"))] = ADDED
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert (place / "payments" / "file").read_text(encoding="utf-8").strip() == "stand-in"
