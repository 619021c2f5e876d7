"""Where the step is root, a template's code is another user, who has nothing of root's; its files become root's."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.contract.process import SCRATCH
from common.template.user import MOST
from tests.conftest import REPOSITORY_ROOT
from tests.hostile.test_kills import processes
from tests.unit.common.template.test_hooks import PRIVATE, READER, template

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="is about root under Linux"),
    pytest.mark.programs("setpriv"),
]

TOKEN = "s3cr3t-" + "canary-of-root"
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
HOOK = """\
#!/bin/sh
set -e
id -u > who
echo told > /dev/stderr
git init -q && git add file && git commit -q -m x
git -C "$REPOSITORY" log -1 --format=%s > around
mktemp > temporary
mkdir closed && touch closed/file && ln -s file link && chmod 700 closed
if cat "$WORKSPACE/secret" || touch "$WORKSPACE/made"; then echo let > let; fi
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A workspace that every user may pass to, unlike pytest's own folders."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "secret").write_text(TOKEN)
        (folder / "secret").chmod(0o600)
        yield folder


def python() -> str:
    """A Python that every user may start; the one that runs the tests may be in a home."""
    candidates = [sys.executable, shutil.which("python3", path="/usr/bin:/usr/local/bin") or ""]
    wanted = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    for one in filter(None, candidates):
        with contextlib.suppress(PermissionError):
            subprocess.run([one, "-c", wanted], check=True, capture_output=True, user=61_000, extra_groups=[])
            return one
    pytest.skip("There is no Python of this version here that every user may start.")


def started(place: Path, *command: str) -> subprocess.Popen[str]:
    """Start the step by this Python."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(REPOSITORY_ROOT), sysconfig.get_path("purelib"))),
        "TMPDIR": str(place / "tmp"),
        "DRONE_NETRC_MACHINE": "git.example.test",
        "DRONE_NETRC_USERNAME": "u",
        "DRONE_NETRC_PASSWORD": TOKEN,
    }
    (place / "tmp").mkdir(exist_ok=True)
    return subprocess.Popen(
        [*command, "-P", "-m", "steps.cookie_cutter"],
        cwd=place, env=environ | PRIVATE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(place: Path, *command: str) -> tuple[int, str]:
    """Give its exit code, and what it says."""
    with started(place, *command) as process:
        said = process.communicate()[1]
    return process.returncode, said


def owners(folder: Path) -> set[tuple[int, int]]:
    return {(path.lstat().st_uid, path.lstat().st_gid) for path in (folder, *folder.rglob("*"))}


def test_code_of_a_template_is_another_user_who_may_not_what_root_may(place: Path) -> None:
    """It reads no file of root's, writes to its own folders alone, commits with git; and all becomes root's then."""
    program = python()
    hook = HOOK.replace("$WORKSPACE", str(place)).replace("$REPOSITORY", str(place / "template"))
    root = template(place / "template", {"post_gen_project.sh": hook})
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@x.test"]
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "around")):
        subprocess.run([*git, *arguments], check=True)
    (root / "{{cookiecutter.slug}}" / "tool").write_text("x")
    (root / "{{cookiecutter.slug}}" / "tool").chmod(0o755)
    code, said = run(place, program)
    assert code == 0, said
    app = place / "app"
    assert 61_184 <= int((app / "who").read_text()) < 65_536
    assert "told" in said.splitlines()
    assert (app / "around").read_text() == "around\n"
    assert not (app / "let").exists()
    assert not (place / "made").exists()
    assert (app / "tool").stat().st_mode & 0o777 == 0o755
    assert owners(app) == {(0, 0)}
    assert {path.name for path in place.iterdir()} == {"secret", "template", "tmp", "app"}
    assert list((place / "tmp").iterdir()) == []


@pytest.mark.parametrize("before", [(), WITHOUT_RIGHTS], ids=["own", "stays"])
def test_the_memory_of_the_step_is_closed_to_its_hooks_with_and_without_a_user_of_their_own(
    place: Path, before: tuple[str, ...]
) -> None:
    """Root without capabilities cannot become another; it has no right to read others' memory either."""
    program = python()
    reader = READER.replace("YRANAC", TOKEN[::-1])
    template(place / "template", {"post_gen_project.py": f"{reader}\nprint(os.getuid())\n"})
    code, said = run(place, *before, program)
    assert code == 0, said
    seen = (place / "app" / "seen").read_text().splitlines()
    assert seen == ["own True", "renderer False", "step False", "environment False"]
    assert ("0" in said.splitlines()) == bool(before)


def test_a_template_that_only_root_may_read_is_rendered_as_root_and_that_is_said(place: Path) -> None:
    program = python()
    root = template(place / "template", {"post_gen_project.sh": "#!/bin/sh\nid -u > who\n"})
    (root / "{{cookiecutter.slug}}" / "file").chmod(0o600)
    code, said = run(place, program)
    assert code == 0, said
    assert (place / "app" / "who").read_text() == "0\n"
    assert "runs as root, for a user of its own finds: The template's file {{cookiecutter.slug}}/file" in said


@pytest.mark.parametrize("before", [(), WITHOUT_RIGHTS], ids=["own", "stays"])
@pytest.mark.parametrize(
    ("closed", "words"),
    [(".", "A hook of the template closed the project's folder app."),
     ("..", "The template cannot be rendered: Permission denied (app).")],
)  # fmt: skip
def test_a_hook_that_closes_the_project_s_folder_is_a_fault_of_the_template(
    place: Path, before: tuple[str, ...], closed: str, words: str
) -> None:
    """The workspace's rights have nothing to do with it; and what it closed is cleared."""
    template(place / "template", {"post_gen_project.sh": f"#!/bin/sh\nchmod 000 {closed}\n"})
    code, said = run(place, *before, python())
    assert code == 2, said
    assert f"error: {words}" in said
    assert {path.name for path in place.iterdir()} == {"secret", "template", "tmp"}


BOMB = """\
import os, resource
resource.setrlimit(resource.RLIMIT_NPROC, (300, 300))  # a bound that harms no other test
os.execvp("sh", ["sh", "-c", "f() { f | f & }; f; sleep 100"])
"""


def test_a_hook_that_starts_itself_without_end_is_ended_with_all_of_it(place: Path) -> None:
    program = python()
    template(place / "template", {"post_gen_project.py": BOMB})
    with started(place, "env", "HOOK_TIMEOUT=2", program) as process:
        said = process.communicate()[1]
    assert process.returncode == 1, said
    assert "ran for more than 2 s and was ended" in said
    assert processes(place) == []


BOUND = "import resource; print(resource.getrlimit(resource.RLIMIT_NPROC)[1], file=open('bound', 'w'))\n"


def test_the_user_of_a_template_s_code_has_a_bound_of_processes(place: Path) -> None:
    template(place / "template", {"post_gen_project.py": BOUND})
    code, said = run(place, python())
    assert code == 0, said
    assert int((place / "app" / "bound").read_text()) <= MOST


def test_what_a_killed_step_has_lent_is_cleared_by_the_next(place: Path) -> None:
    program = python()
    root = template(place / "template", {"post_gen_project.py": "import time; time.sleep(60)\n"})
    with started(place, program) as process:
        while process.poll() is None and not list(place.glob(".idp-steps-*/project/app/file")):
            time.sleep(0.01)
        process.kill()
    assert [path.name for path in (place / "tmp").iterdir() if path.name.startswith(SCRATCH)]
    shutil.rmtree(root / "hooks")
    code, said = run(place, program)
    assert code == 0, said
    assert not list(place.glob(".idp-steps-*"))
    assert list((place / "tmp").iterdir()) == []
