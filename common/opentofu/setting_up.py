"""The folder that OpenTofu works in: the definition as it was given, what it lacks, and what may be fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common.errors import BadInput, shown
from common.opentofu.definition import SOURCES, Definition
from common.opentofu.program import DEFINITION

OURS = "idp-steps.tf"
STATE = "terraform.tfstate"
BUILT_IN = Path("/usr/local/share/opentofu/providers")  # where an image has them
HOSTS = ("registry.opentofu.org", "registry.terraform.io")
MIRROR = (
    "Give the folder or the https:// address of a mirror in PROVIDER_MIRROR (tofu providers mirror FOLDER makes one),"
    " use an image that has the provider, or set ALLOW_DOWNLOAD=true."
)
GIVEN = {"ENDPOINT": "endpoint", "ACCOUNT_IDENTIFIER": "account_id", "X_API_KEY": "platform_api_key"}


@dataclass(frozen=True)
class Fetching:
    """Where the provider comes from: a mirror ('' for that of the image), or the registry if that is allowed."""

    mirror: str
    allowed: bool

    def settings(self) -> str:
        """Give OpenTofu's own settings, by which it takes the provider from there alone. Raises BadInput."""
        if self.mirror.startswith("https://"):
            return _installed("network_mirror", f"url = {_quoted(self.mirror.rstrip('/') + '/')}")
        folder = Path(self.mirror).absolute() if self.mirror else BUILT_IN
        if any(next(folder.glob(f"{host}/harness/harness/*"), None) for host in HOSTS):
            return _installed("filesystem_mirror", f"path = {_quoted(str(folder))}")
        if self.mirror:
            raise BadInput(
                f"PROVIDER_MIRROR is {shown(self.mirror)}, and no Harness provider is there.", next_step=MIRROR
            )
        if self.allowed:
            return _installed("direct", "")
        raise BadInput("There is no Harness provider here, and nothing may be fetched.", next_step=MIRROR)


def write(folder: Path, definition: Definition, fetching: Fetching, state: Path | None) -> None:
    """Write the files. Raises BadInput, before anything is written."""
    settings = fetching.settings()
    (folder / DEFINITION).write_text(definition.text, encoding="utf-8", newline="")
    (folder / OURS).write_text(_lacking(definition, state), encoding="utf-8")
    (folder / "tofu.rc").write_text(settings, encoding="utf-8")


def environment(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that OpenTofu gets besides those of this process."""
    given = {f"TF_VAR_{name}": value for name, value in variables.items()}
    return {"TF_CLI_CONFIG_FILE": str(folder / "tofu.rc"), **given}


def _lacking(definition: Definition, state: Path | None) -> str:
    """Give what the platform expects the image to supply, and what it appends itself (contract, A.8)."""
    parts = [
        f'variable "{name}" {{\n  type = string\n  sensitive = {"true" if name == "X_API_KEY" else "false"}\n}}\n'
        for name in GIVEN
        if name not in definition.variables
    ]
    if not definition.has_requirement:
        parts.append(
            f"terraform {{\n  required_providers {{\n    harness = {{ source = {_quoted(SOURCES[0])} }}\n  }}\n}}\n"
        )
    if not definition.has_provider:
        lines = "".join(f"  {argument} = var.{name}\n" for name, argument in GIVEN.items())
        parts.append(f'provider "harness" {{\n{lines}}}\n')
    if state is not None:
        parts.append(f'terraform {{\n  backend "local" {{\n    path = {_quoted(str(state))}\n  }}\n}}\n')
    return "".join(parts)


def _installed(kind: str, setting: str) -> str:
    """Allow one way of installation, and one provider. What is not named there cannot be installed at all."""
    include = json.dumps([f"{host}/harness/harness" for host in HOSTS])
    return f"provider_installation {{\n  {kind} {{\n    {setting}\n    include = {include}\n  }}\n}}\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
