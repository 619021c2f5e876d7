"""What the platform gives the steps whose inputs are Terraform's variables (contract, A.8 to A.10)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from common.harness import identifiers
from common.harness.terraform import GATEWAY
from runner.language.resolve import Resolved
from runner.language.step_types import StepKind
from runner.platform.connectors import Services
from runner.platform.execution import Execution
from runner.platform.texts import plain, text_of

DEFINITION = "RESOURCE_DEFINITION"
# What the platform puts behind a definition; the image supplies what these blocks refer to.
APPENDED = """
terraform {
  required_providers {
    harness = {
      source = "harness/harness"
    }
  }
}
provider "harness" {
  endpoint         = var.ENDPOINT
  account_id       = var.ACCOUNT_IDENTIFIER
  platform_api_key = var.X_API_KEY
}
"""
NAMED = {"orgName": "TF_VAR_ORG_IDENTIFIER", "projectName": "TF_VAR_PROJECT_IDENTIFIER"}


def variables(kind: StepKind, spec: Mapping[str, Resolved], services: Services, execution: Execution) -> dict[str, str]:
    """Give the API, the account, the tags as a JSON list, the identifier that is made of a name, and the provider."""
    harness = services.harness()
    found = {
        "TF_VAR_ENDPOINT": f"{harness.base}{GATEWAY}",
        "TF_VAR_ACCOUNT_IDENTIFIER": execution.account or harness.account,
        **{variable: identifiers.of_name(str(spec[field])) for field, variable in NAMED.items() if spec.get(field)},
    }
    if "TF_VAR_TAGS" in kind.reads:
        tags = spec.get("tags") or []
        found["TF_VAR_TAGS"] = tags if isinstance(tags, str) else json.dumps(plain(tags, services), ensure_ascii=False)
    if DEFINITION in kind.reads and spec.get("resourceDefinition"):
        found[DEFINITION] = f"{text_of(spec['resourceDefinition'], services)}\n{APPENDED}"
    return {name: value for name, value in found.items() if value}
