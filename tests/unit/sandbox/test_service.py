"""What makes a service: a new one is a folder and a line, and nothing else of the sandbox names it."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import services
from sandbox.app import create_app, routed
from sandbox.git import repositories
from sandbox.seeding import seed
from sandbox.service import Caller, Service, public_values, secret_values
from sandbox.services import SERVICES
from sandbox.state import opened

SANDBOX = Path(services.__file__).parent
NEUTRAL = (*SANDBOX.glob("*.py"), *(SANDBOX / "git").glob("*.py"), *(SANDBOX / "catalog").glob("*.py"))


@pytest.mark.parametrize("file", NEUTRAL, ids=lambda file: file.relative_to(SANDBOX).as_posix())
def test_what_services_share_names_no_service(file: Path) -> None:
    """The table does, and the catalog speaks of the format of its entities."""
    text = file.read_text(encoding="utf-8")
    if file.name == "services.py" or file.parent.name == "catalog":
        assert "flask" not in text
    else:
        assert re.findall(r"(?i)github|harness|slack", text) == []


def test_services_are_the_folders_that_have_one() -> None:
    on_disk = {file.parent.name for file in SANDBOX.glob("*/service.py")}
    modules = {sys.modules[service.credentials.__module__].__name__.split(".")[1] for service in SERVICES}
    assert modules == on_disk
    assert len({service.name for service in SERVICES}) == len(SERVICES)


def test_no_service_loads_flask_before_it_is_served() -> None:
    """Whoever only wants an address or a credential does not wait for it."""
    program = "import sandbox.services, sys; print('flask' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_credentials_show_their_public_values_only(service: Service) -> None:
    first, second = service.credentials(), service.credentials()
    shown = repr(first)
    assert secret_values(first)
    assert not set(secret_values(first)) & set(secret_values(second))
    assert all(value not in shown for value in secret_values(first))
    assert all(value in shown for value in public_values(first).values())


def test_a_host_with_nested_groups_is_an_object_and_no_edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As GitLab (groups in groups) and Azure (a word between project and repository) address repositories."""
    (github,) = (service for service in SERVICES if service.name == "github")
    assert github.git is not None
    anyone = Caller("anyone", known=True, sent=True)
    host = dataclasses.replace(
        github.git, addresses=("/nested/<path:owner>/_git/<name>",), page="/nested/<path:owner>/-/<name>"
    )
    host = dataclasses.replace(host, caller=lambda _request, _credentials: anyone)
    nested = dataclasses.replace(github, name="nested", routes=lambda: (), git=host)
    monkeypatch.setattr(services, "SERVICES", (*SERVICES, nested))
    monkeypatch.setattr("sandbox.app.SERVICES", (*SERVICES, nested))
    monkeypatch.setattr("sandbox.app.routed", routed.__wrapped__)  # not the routes that other tests have made
    folder = tmp_path / "template"
    folder.mkdir()
    (folder / "a.txt").touch()
    seed(tmp_path / "state", "group/sub", "payments", folder, private=True, host="nested")

    state = opened(tmp_path / "state", services.SERVICES)
    client = create_app(tmp_path / "state").test_client()
    with client.get("/nested/group/sub/_git/payments/info/refs?service=git-upload-pack") as answer:
        assert answer.status_code == 200
        assert b"refs/heads/main" in answer.data
    assert "a.txt" in client.get("/nested/group/sub/-/payments").text
    assert "http://localhost/nested/group/sub/_git/payments" in client.get("/nested/group/sub/-/payments").text
    assert "nested" in state.taken_names
    assert repositories.find(state, "nested", "group/sub", "payments").folder.parts[-3:] == (
        "group", "sub", "payments.git",
    )  # fmt: skip
