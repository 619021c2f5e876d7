"""Every request of every step, spoiled in every way: what the step then does, and what the other side then holds.

    python -m tests.faults.matrix [STEP...]     the whole matrix, with figures; a subset is a part of the suite

A cell is right when the step ends within its time with an exit code of the contract and a sentence, the other side
holds the work once or not at all, and a second run without faults succeeds and leaves it there exactly once. Sleep is
skipped (clock.py). CreateRepo and DirectPush on every git host, call by call, are in host_matrix.py.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from common.git.checkout import RECORD
from sandbox.app import create_app
from sandbox.catalog import entities, properties
from sandbox.git import bare, repositories
from sandbox.harness import scopes
from sandbox.services import open_state
from sandbox.slack import workspace as slack_workspace
from sandbox.state import State
from steps import load
from tests.conftest import serving
from tests.faults.clock import skipped_sleep
from tests.faults.proxy import Fault, FaultProxy, Rule, faults, in_front_of

BUDGET = 4
LATEST = 45.0  # seconds; the longest is STEP_TIMEOUT, on a slow machine
PROGRESS = 50  # cells
CODES = frozenset({0, 1, 2, 3, 4, 5})
LIES = frozenset({"429", "503-wait"})  # they say that nothing was done; after the work that is not true
TRANSIENT = frozenset({"reset", "cut", "408", "429", "500", "502", "503", "503-wait", "504"})
ENTITY = """\
apiVersion: harness.io/v1
kind: component
identifier: payments
type: service
owner: group:account/platform
spec:
  lifecycle: production
"""


@dataclass(frozen=True)
class Ground:
    """A sandbox with a proxy in front, and a workspace."""

    proxy: FaultProxy
    state: State
    workspace: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.proxy.port}"

    @property
    def connector(self) -> dict[str, str]:
        return {
            "CONNECTOR_TYPE": "Github",
            "DRONE_NETRC_MACHINE": "127.0.0.1",
            "DRONE_NETRC_PORT": str(self.proxy.port),
            "DRONE_NETRC_USERNAME": self.state.credentials["github"].user,
            "DRONE_NETRC_PASSWORD": self.state.credentials["github"].token,
            "DRONE_REMOTE_URL": f"{self.url}/payments.git",
            "ORG_NAME": "acme",
            "REPO_NAME": "payments",
        }

    @property
    def portal(self) -> dict[str, str]:
        return {
            "BASE": self.url,
            "HARNESS_ACCOUNT_ID": self.state.credentials["harness"].account,
            "X_API_KEY": self.state.credentials["harness"].api_key,
        }


@dataclass(frozen=True)
class Request:
    """One request that a step sends. `writes`: after it the other side may have changed."""

    method: str
    path: str
    query: str = ""
    writes: bool = False


@dataclass(frozen=True)
class Subject:
    """A step under test: its inputs, its requests, and how often the other side holds its work."""

    inputs: Callable[[Ground], dict[str, str]]
    requests: tuple[Request, ...]
    count: Callable[[Ground], int]
    prepare: Callable[[Ground], None] = lambda _: None


def _repository(ground: Ground, files: Mapping[str, str] | None = None) -> None:
    hosted = repositories.create(ground.state, "github", "acme", "payments", visibility="private")
    if files:
        content = {path: ("100644", text.encode()) for path, text in files.items()}
        bare.commit_files(hosted.folder, "main", content, "First\n")


def _commits(ground: Ground) -> int:
    hosted = repositories.find(ground.state, "github", "acme", "payments")
    tip = bare.branches(hosted.folder).get("main")
    return bare.count(hosted.folder, tip) if tip else 0


def _code(ground: Ground) -> None:
    _repository(ground)
    (ground.workspace / "app").mkdir()
    (ground.workspace / "app" / "README.md").write_text("# payments\n" * 2000, encoding="utf-8")


def _entity(ground: Ground) -> None:
    entities.add(ground.state, entities.parse(ENTITY, convert=False))


def _appended(ground: Ground) -> int:
    with ground.state.database() as database:
        found = properties.of_entity(database, "component:account/payments")
    return sum(len(value) for _, value, _ in found)


def _template(ground: Ground) -> None:
    files = {
        "cookiecutter.json": '{"name": "app"}',
        "{{cookiecutter.name}}/README.md": "# {{cookiecutter.name}}\n" * 500,
    }
    hosted = repositories.create(ground.state, "github", "acme", "template", visibility="public")
    content = {path: ("100644", text.encode()) for path, text in files.items()}
    bare.commit_files(hosted.folder, "main", content, "First\n")


def _rendered(ground: Ground) -> int:
    left = [path.name for path in ground.workspace.iterdir()]
    whole = (ground.workspace / "app" / "README.md").is_file()
    return 1 if left == ["app"] and whole else len(left) * 100


def _outdated(ground: Ground) -> None:
    """A project from the first commit of a template that has a second."""
    _template(ground)
    hosted = repositories.find(ground.state, "github", "acme", "template")
    first = bare.branches(hosted.folder)["main"]
    text = b"# {{cookiecutter.name}}, newer\n" + b"# {{cookiecutter.name}}\n" * 499
    newer = {"{{cookiecutter.name}}/README.md": ("100644", text), "{{cookiecutter.name}}/new": ("100644", b"x")}
    bare.commit_files(hosted.folder, "main", newer, "Second\n")
    project = ground.workspace / "app"
    project.mkdir()
    (project / "README.md").write_text("# app\n" * 500 + "mine\n", encoding="utf-8")
    template = f"{ground.url}/acme/template.git"
    answers = {"template": template, "commit": first, "context": {"cookiecutter": {"name": "app"}}}
    (project / ".cruft.json").write_text(json.dumps(answers), encoding="utf-8")


def _updated(ground: Ground) -> int:
    """1 for a whole update, 0 for none; more for anything in between, or for a local line that is gone."""
    project = ground.workspace / "app"
    text = (project / "README.md").read_text(encoding="utf-8")
    left = [path.name for path in ground.workspace.iterdir()]
    if left != ["app"] or not text.endswith("# app\nmine\n"):
        return 100
    return {(True, True): 1, (False, False): 0}.get((text.startswith("# app, newer\n"), (project / "new").exists()), 50)


def _made(ground: Ground, kind: str) -> int:
    return sum(one["identifier"] == "Pay" for one in scopes.every(ground.state, kind))


def _cloned(ground: Ground) -> int:
    left = [path.name for path in ground.workspace.iterdir()]
    whole = (ground.workspace / "payments" / ".git" / RECORD).is_file()
    return 1 if left == ["payments"] and whole else len(left) * 100


SUBJECTS: dict[str, Subject] = {  # the type of a step, and behind a comma what it is asked for
    "CreateRepo": Subject(
        lambda ground: ground.connector,
        (
            Request("GET", "/repos/acme/payments"),
            Request("POST", "/orgs/acme/repos", writes=True),
            Request("GET", "/info/refs"),
        ),
        lambda ground: len(repositories.find_all(ground.state, owner="acme")),
    ),
    "DirectPush": Subject(
        lambda ground: ground.connector | {"CODE_DIRECTORY": "app", "BRANCH": "main"},
        (
            Request("GET", "/info/refs", "git-upload-pack"),
            Request("POST", "/git-upload-pack"),
            Request("GET", "/info/refs", "git-receive-pack"),
            Request("POST", "/git-receive-pack", writes=True),
        ),
        _commits,
        _code,
    ),
    "RegisterCatalog": Subject(
        lambda ground: (
            ground.connector
            | ground.portal
            | {"FILE_PATH": "catalog-info.yaml", "BRANCH": "main", "PLUGIN_CONNECTOR_REF": "account.github"}
        ),
        (
            Request("GET", "/get-file-by-branch"),
            Request("GET", "/entities/account/component/payments"),
            Request("POST", "/entities/import", writes=True),
        ),
        lambda ground: len(entities.every(ground.state)),
        lambda ground: _repository(ground, {"catalog-info.yaml": ENTITY}),
    ),
    "UpdateCatalogProperty": Subject(
        lambda ground: (
            ground.portal
            | {
                "PLUGIN_TYPE": "Entity",
                "PLUGIN_ENTITY_REF": "component:account/payments",
                "PLUGIN_PROPERTIES": '[{"property": "metadata.teams", "value": ["a"], "mode": "append"}]',
            }
        ),
        (
            Request("GET", "/custom-properties/entity"),
            Request("POST", "/custom-properties/entity", writes=True),
        ),
        _appended,
        _entity,
    ),
    **{
        step: Subject(
            lambda ground, own=own: (  # type: ignore[misc]
                own
                | {"TF_VAR_ENDPOINT": f"{ground.url}/gateway", "TF_VAR_X_API_KEY": ground.portal["X_API_KEY"]}
                | {"TF_VAR_ACCOUNT_IDENTIFIER": ground.portal["HARNESS_ACCOUNT_ID"]}
            ),
            (Request("GET", f"/ng/api/{kind}s/Pay"), Request("POST", f"/ng/api/{kind}s", writes=True)),
            lambda ground, kind=kind: _made(ground, kind),  # type: ignore[misc]
        )
        for step, kind, own in (
            ("CreateOrganization", "organization", {"TF_VAR_ORG_NAME": "Pay"}),
            ("CreateProject", "project", {"TF_VAR_PROJECT_NAME": "Pay", "TF_VAR_ORG_IDENTIFIER": "default"}),
        )
    },
    "SlackNotify": Subject(
        lambda ground: {
            "SLACK_TOKEN": ground.state.credentials["slack"].token,
            "SLACK_API_URL": f"{ground.url}/slack/api/",
            "EMAIL": "someone@example.com",
            "MESSAGE_CONTENT": "hello",
            "DEDUPE_ID": "welcome",
        },
        (
            Request("POST", "/users.lookupByEmail"),
            Request("POST", "/conversations.open"),
            Request("POST", "/conversations.history"),
            Request("POST", "/chat.postMessage", writes=True),
        ),
        lambda ground: len(slack_workspace.messages(ground.state)),
    ),
    "GitClone": Subject(
        lambda ground: (
            {name: value for name, value in ground.connector.items() if name not in ("ORG_NAME", "REPO_NAME")}
            | {"DRONE_REMOTE_URL": f"{ground.url}/acme/payments.git", "DRONE_COMMIT_BRANCH": "main"}
        ),
        (Request("GET", "/info/refs"), Request("POST", "/git-upload-pack")),
        _cloned,
        lambda ground: _repository(ground, {"README.md": "# payments\n" * 500}),
    ),
    "CookieCutter": Subject(
        lambda ground: {"PUBLIC_TEMPLATE_URL": f"{ground.url}/acme/template.git"},
        (Request("GET", "/info/refs"), Request("POST", "/git-upload-pack")),
        _rendered,
        _template,
    ),
    "CookieCutter, update": Subject(
        lambda _: {"UPDATE_PROJECT": "app"},
        (Request("GET", "/info/refs"), Request("POST", "/git-upload-pack")),
        _updated,
        _outdated,
    ),
}


def type_of(subject: str) -> str:
    """Give the type of the step."""
    return subject.partition(",")[0]


@dataclass(frozen=True)
class Cell:
    """One request of a step with one fault, once or for ever."""

    step: str
    request: Request
    fault: Fault
    for_ever: bool

    @property
    def name(self) -> str:
        when = "after" if self.fault.forwarded else "before"
        often = "for ever" if self.for_ever else "once"
        path = f"{self.request.path}?{self.request.query}".rstrip("?")
        return f"{self.step} {self.request.method} {path}: {self.fault.name} {when}, {often}"

    @property
    def passes(self) -> bool:
        """Whether the step has to succeed in spite of it: what may pass by itself, once, where it can look."""
        return not self.for_ever and self.fault.name in TRANSIENT


def cells() -> Iterator[Cell]:
    """Give the whole matrix."""
    for step, subject in SUBJECTS.items():
        for request in subject.requests:
            for fault in faults("http://127.0.0.2:9"):
                if fault.forwarded and request.writes and fault.name in LIES:
                    continue
                for for_ever in (False, True):
                    yield Cell(step, request, fault, for_ever)


@contextlib.contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Serve a fresh sandbox behind a proxy for the time of a cell."""
    app = create_app(folder / "sandbox")
    (folder / "workspace").mkdir()
    with serving(app) as url, in_front_of(int(url.rpartition(":")[2])) as proxy:
        yield Ground(proxy, open_state(folder / "sandbox"), folder / "workspace")


def run(step: str, environ: Mapping[str, str]) -> tuple[int, str, float]:
    """Run a step in this process; gives its exit code, what it said, and how many seconds it took."""
    said = io.StringIO()
    began = time.monotonic()
    settings = {"RETRY_BUDGET": str(BUDGET), "STEP_TIMEOUT": "15", "OUTPUT_FORMAT": "table", "PATH": os.environ["PATH"]}
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        code = load(type_of(step)).main([], {**settings, **environ})
    return code, said.getvalue(), time.monotonic() - began


def wrong(cell: Cell, folder: Path) -> str:
    """Run a cell, and say what is wrong with what came of it; '' when nothing is."""
    subject = SUBJECTS[cell.step]
    with ground(folder) as here, skipped_sleep(), contextlib.chdir(here.workspace):
        subject.prepare(here)
        return _wrong(cell, subject, here)


def _wrong(cell: Cell, subject: Subject, here: Ground) -> str:
    request = cell.request
    here.proxy.rules.append(Rule(request.method, request.path, cell.fault, None if cell.for_ever else 1, request.query))
    code, said, seconds = run(cell.step, subject.inputs(here))
    held = subject.count(here)
    complaints = {
        "the fault never came": here.proxy.spoiled == 0,
        f"exit code {code}": code not in CODES or (cell.passes and code != 0),
        f"{seconds:.0f} s": seconds > LATEST,
        f"done {held} times": held > 1 or (code == 0 and held != 1),
        "a traceback": "Traceback" in said,
        "no sentence": code != 0 and "error: " not in said,
    }
    if found := [complaint for complaint, holds in complaints.items() if holds]:
        return f"{', '.join(found)}:\n{said[-1500:]}"
    here.proxy.rules.clear()
    again, said, _ = run(cell.step, subject.inputs(here) | {"RETRY_BUDGET": "20"})
    if again != 0 or subject.count(here) != 1:
        return f"after a second run: exit code {again}, done {subject.count(here)} times:\n{said[-1500:]}"
    return ""


def main(wanted: list[str]) -> int:
    """Run the matrix and print its figures."""
    ended: Counter[str] = Counter()
    began = time.monotonic()
    chosen = [cell for cell in cells() if not wanted or cell.step in wanted]
    for number, cell in enumerate(chosen, 1):
        folder = Path(tempfile.mkdtemp(prefix="matrix-"))
        try:
            complaint = wrong(cell, folder)
        except Exception:  # noqa: BLE001 - the matrix goes on; what happened is printed
            complaint = traceback.format_exc()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        ended["wrong" if complaint else "right"] += 1
        if complaint:
            print(f"{cell.name}: {complaint}", flush=True)
        if number % PROGRESS == 0:
            print(f"{number} of {len(chosen)} cells, {ended['wrong']} wrong", file=sys.stderr, flush=True)
    print(f"{len(chosen)} cells in {time.monotonic() - began:.0f} s: {ended['right']} right, {ended['wrong']} wrong")
    return 1 if ended["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
