"""The requests that the platform prepares for a step: their URL and JSON body, as variables (contract, A.5 and A.7)."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping

from common.diagnostics import listed, suggestion
from common.errors import BadInput
from runner.language.resolve import Resolved
from runner.platform.execution import Execution

DESCRIPTION = "description"  # what the schema allows in an entry of UpdateCatalogProperty, and no request carries


def register(spec: Mapping[str, Resolved], base: str, execution: Execution) -> dict[str, str]:
    """Ask to import an entity from a file of a repository."""
    reference = str(spec.get("connectorRef") or "")
    names = {field: str(spec.get(field) or "") for field in ("repository", "branch", "filePath")}
    body = {
        "connector_ref": reference or None,
        "repo_name": names["repository"],
        "branch_name": names["branch"],
        "file_path": names["filePath"],
        "is_harness_code_repo": None if reference else True,
    }
    query = {
        "accountIdentifier": execution.account,
        "connectorRef": reference,
        "repoName": names["repository"],
        "branch": names["branch"],
        "filePath": names["filePath"],
    }
    if not reference.startswith("account."):  # the connector lives in the organization or the project
        query["orgIdentifier"] = execution.pipeline.organization
        if not reference.startswith("org."):
            query["projectIdentifier"] = execution.pipeline.project
    return {
        "IMPORT_ENTITY_URL": f"{base}/gateway/v1/entities/import",
        "BODY": json.dumps(body),
        "GET_FILE_BY_BRANCH_URL": f"{base}/gateway/ng/api/scm/get-file-by-branch?{urllib.parse.urlencode(query)}",
    }


def update(spec: Mapping[str, Resolved], base: str, _execution: Execution) -> dict[str, str]:
    """Ask to change properties of one entity, or one property of many. Raises BadInput."""
    body: dict[str, object]
    if spec.get("type") == "Entity":
        single = dict.fromkeys(("property", "value", "mode"))
        properties = [single | entry for entry in _entries(spec, "properties", tuple(single))]
        body = {"entity_ref": spec.get("entityRef"), **single, "properties": properties}
        kind = "entity"
    elif spec.get("type") == "Property":
        refs = [
            {"entity_ref": entry.get("entityRef"), "value": entry.get("value")}
            for entry in _entries(spec, "entityRefs", ("entityRef", "value"))
        ]
        values = {name: spec.get(name) for name in ("property", "value", "mode")}
        body = {"entity_ref": None, **values, "entity_refs": refs}
        kind = "property"
    else:
        raise BadInput(f"The field 'type' is {spec.get('type')!r}; it can be Entity or Property.")
    return {
        "CUSTOM_PROPERTY_URL": f"{base}/gateway/v1/catalog/custom-properties/{kind}",
        "BODY": json.dumps(body, ensure_ascii=False),
    }


def _entries(spec: Mapping[str, Resolved], field: str, known: tuple[str, ...]) -> list[dict[str, Resolved]]:
    """Give the entries of a list of maps. Raises BadInput for anything else: an entry left out would be left undone."""
    value = spec.get(field)
    if value is None:
        return []
    entries = [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
    if not isinstance(value, list) or len(entries) < len(value):
        raise BadInput(f"The field {field!r} has to be a list of maps with {listed(known)}.")
    for name in dict.fromkeys(name for entry in entries for name in entry):
        if name not in (*known, DESCRIPTION):
            near = suggestion(name, known) or f" It can hold {listed(known)}."
            raise BadInput(f"Unknown field {name!r} in an entry of {field!r}.{near}")
    return [{name: entry[name] for name in known if name in entry} for entry in entries]
