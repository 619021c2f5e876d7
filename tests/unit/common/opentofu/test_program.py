"""The forms in which OpenTofu answers, by a real program of that command line where there is one.

Of the providers it needs none: a resource that is built into the program takes the place of the portal's. Elsewhere,
tests/tofu.py stands in.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from common.errors import BadInput, Refused
from common.opentofu import plan
from common.opentofu.definition import read
from common.opentofu.program import Program
from common.opentofu.setting_up import Fetching, environment, write
from tests.unit.common.opentofu.test_definition import HIDING

REAL = next((found for name in ("tofu", "terraform") if (found := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(REAL is None, reason="There is neither tofu nor terraform here.")
BUILT_IN = """\
resource "terraform_data" "one" {
  input = { name = "one", pipeline = <<-EOT
    a: $${b}
  EOT
  }
}
output "name" {
  value = terraform_data.one.output.name
}
output "token" {
  value     = "made up, ${var.X_API_KEY}"
  sensitive = true
}
"""


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tofu").symlink_to(str(REAL))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    mirror = tmp_path / "mirror"
    (mirror / "registry.opentofu.org" / "harness" / "harness" / "1.0.0").mkdir(parents=True)
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder, read("locals {}\n"), Fetching(str(mirror), allowed=False), None)
    (folder / "idp-steps.tf").write_text('variable "X_API_KEY" {\n  type = string\n  sensitive = true\n}\n')
    given = environment(folder, {"X_API_KEY": "canary-of-the-key"})
    return Program(folder, given, time.monotonic() + 60, 90)


def test_a_plan_and_a_state_are_read_as_the_program_writes_them(real: Program) -> None:
    (real.folder / "definition.tf").write_text(BUILT_IN)
    real.init()
    real.validate()
    planned = real.plan(real.folder / "plan")
    assert [(action, one["address"]) for action, one in plan.changes(planned)] == [("create", "terraform_data.one")]
    assert "+ terraform_data.one (create)" in list(plan.lines(planned))
    with pytest.raises(BadInput, match=r"terraform.io/builtin/terraform.*, and|Only the Harness provider"):
        plan.check(planned)
    real.apply(real.folder / "plan")
    outputs = real.state()["values"]["outputs"]
    assert (outputs["name"]["value"], outputs["name"]["sensitive"]) == ("one", False)
    assert (outputs["token"]["value"], outputs["token"]["sensitive"]) == ("made up, canary-of-the-key", True)
    assert not plan.has_changes(real.plan(real.folder / "again"))


def test_what_the_program_says_is_wrong_is_told_with_its_line(real: Program) -> None:
    (real.folder / "definition.tf").write_text('\nresource "terraform_data" "one" {\n  nothing = 1\n}\n')
    real.init()
    with pytest.raises(BadInput, match=r"RESOURCE_DEFINITION, line 3: Unsupported argument. .*nothing"):
        real.validate()


def test_no_other_provider_can_be_had(real: Program) -> None:
    (real.folder / "definition.tf").write_text('provider "null" {}\n')
    with pytest.raises((BadInput, Refused), match="null"):
        real.init()


@pytest.mark.parametrize("name", [name for name, text in HIDING.items() if 'provider "aws"' in text])
def test_what_is_refused_as_ambiguous_would_have_been_seen_by_the_program(real: Program, name: str) -> None:
    """The reason for the refusals of common/opentofu/reading.py: to the program, the provider is there."""
    (real.folder / "definition.tf").write_text(HIDING[name])
    with pytest.raises((BadInput, Refused), match="aws"):
        real.init()
