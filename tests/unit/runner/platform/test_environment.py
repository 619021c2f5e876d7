"""The environment of each step is the platform's, to the letter of the contract."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from common.errors import BadInput
from common.secret import Secret
from runner.language import step_types
from runner.language.expressions.values import SecretReference
from runner.language.pipeline import Pipeline
from runner.language.resolve import Resolved
from runner.language.schema import OF_CONTAINERS, SPEC_BESIDE_INPUTS
from runner.platform import sources
from runner.platform.connectors import Connector, Harness, Missing, Services
from runner.platform.execution import Execution
from runner.platform.texts import text_of
from tests.conftest import REPOSITORY_ROOT

PIPELINE = Pipeline("p.yaml", "onboarding", "Onboarding", "default", "portal", (), ())
EXECUTION = Execution("e1", PIPELINE, "acc", 3, "/work")


def _services(
    url: str = "https://github.com", url_type: str = "Account", kind: str = "Github", *, key: bool = True
) -> Services:
    connector = Connector(kind, url, url_type, "jane", Secret("git-token"))
    credentials = {"X_API_KEY": Secret("account-key")} if key else {}
    return Services(
        lambda _: connector,
        lambda identifier, field: Secret(f"{field}:{identifier}"),
        lambda: Harness("acc", "https://app.harness.io", credentials),
    )


def _environ(step_type: str, spec: dict[str, Resolved], services: Services | None = None) -> dict[str, str]:
    return sources.variables(sources.Asked(step_types.kind(step_type), spec, services or _services(), EXECUTION))


REGISTER: dict[str, Resolved] = {
    "connectorRef": "account.testdev",
    "repository": "payments",
    "organization": "acme",
    "filePath": "catalog-info.yaml",
    "branch": "main",
}


def test_register_catalog_gets_the_import_call_and_the_account_s_key() -> None:
    found = _environ("RegisterCatalog", REGISTER)

    assert json.loads(found.pop("BODY")) == {
        "connector_ref": "account.testdev",
        "repo_name": "payments",
        "branch_name": "main",
        "file_path": "catalog-info.yaml",
        "is_harness_code_repo": None,
    }
    assert found == {
        "REPO_NAME": "payments",
        "ORG_NAME": "acme",
        "FILE_PATH": "catalog-info.yaml",
        "BRANCH": "main",
        "CONNECTOR_TYPE": "Github",
        "DRONE_NETRC_MACHINE": "github.com",
        "DRONE_NETRC_USERNAME": "jane",
        "DRONE_NETRC_PASSWORD": "git-token",
        "DRONE_REMOTE_URL": "https://github.com/payments.git",
        "BASE": "https://app.harness.io",
        "IMPORT_ENTITY_URL": "https://app.harness.io/gateway/v1/entities/import",
        "GET_FILE_BY_BRANCH_URL": "https://app.harness.io/gateway/ng/api/scm/get-file-by-branch?accountIdentifier=acc"
        "&connectorRef=account.testdev&repoName=payments&branch=main&filePath=catalog-info.yaml",
        "X_API_KEY": "account-key",
    }


@pytest.mark.parametrize(
    ("reference", "end"),
    [
        ("account.x", "yaml"),
        ("org.x", "yaml&orgIdentifier=default"),
        ("x", "&orgIdentifier=default&projectIdentifier=portal"),
    ],
)
def test_the_url_of_the_file_names_the_scope_of_the_connector(reference: str, end: str) -> None:
    assert _environ("RegisterCatalog", {**REGISTER, "connectorRef": reference})["GET_FILE_BY_BRANCH_URL"].endswith(end)


def test_a_step_s_own_key_goes_before_the_account_s() -> None:
    found = _environ("RegisterCatalog", {**REGISTER, "xApiKey": "account.key"})

    assert found["X_API_KEY"] == "xApiKey:account.key"


def test_without_any_key_it_is_told_where_to_write_one() -> None:
    with pytest.raises(Missing, match="Give the step an xApiKey, or write harness: apiKey into"):
        _environ("RegisterCatalog", REGISTER, _services(key=False))


@pytest.mark.parametrize(
    ("url", "url_type", "kind", "remote"),
    [
        ("https://github.com/acme", "Account", "Github", "https://github.com/acme/payments.git"),
        ("https://github.com/acme/payments", "Repo", "Github", "https://github.com/acme/payments.git"),
        ("https://github.com/acme/payments.git", "Repo", "Github", "https://github.com/acme/payments.git"),
        ("https://dev.azure.com/o/p", "Account", "AzureRepo", "https://dev.azure.com/o/p/payments"),
        ("https://dev.azure.com/o/p", "Project", "AzureRepo", "https://dev.azure.com/o/p/_git/payments"),
    ],
)
def test_the_remote_url_follows_the_kind_of_connector(
    url: str, url_type: str, kind: str, remote: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_types, "connector_types", lambda _: ["Github", "AzureRepo"])
    spec: dict[str, Resolved] = {"connectorRef": "c", "repository": "payments", "codeDirectory": "x", "branch": "main"}

    assert _environ("DirectPush", spec, _services(url, url_type, kind))["DRONE_REMOTE_URL"] == remote


@pytest.mark.parametrize("project", ["My Shop", ""])
def test_a_clone_by_an_azure_organization_s_connector_needs_the_project(project: str) -> None:
    services = _services("https://dev.azure.com/acme", "Account", "AzureRepo")
    build: Resolved = {"type": "branch", "spec": {"branch": "main"}}
    spec: dict[str, Resolved] = {"connectorRef": "c", "repoName": "payments", "projectName": project, "build": build}
    if project:
        found = _environ("GitClone", spec, services)["DRONE_REMOTE_URL"]
        assert found == "https://dev.azure.com/acme/My%20Shop/_git/payments"
    else:
        with pytest.raises(BadInput, match="a repository is in a project"):
            _environ("GitClone", spec, services)


@pytest.mark.parametrize(("described", "field"), [("Gitea", None), ("Github", "gitea")])
def test_a_connector_of_a_type_that_is_not_supported_is_refused(described: str, field: str | None) -> None:
    """Be it so in connectors.yaml or in the step's own field."""
    spec: dict[str, Resolved] = {"connectorRef": "c", "connectorType": field, "repository": "payments"}
    told = f"The connector 'c' is of the type '{field or described}', which is not supported. It can be Github."
    with pytest.raises(BadInput, match=told):
        _environ("CreateRepo", spec, _services(kind=described))


def test_a_github_app_takes_the_place_of_user_and_token() -> None:
    connector = Connector("Github", "https://github.com/acme", "Account", "", Secret("the-key"), app_id="12345")
    services = replace(_services(), connector=lambda _: connector)

    found = _environ("CreateRepo", {"connectorRef": "c", "repository": "payments"}, services)

    assert (found["GITHUB_APP_ID"], found["GITHUB_APP_PRIVATE_KEY"]) == ("12345", "the-key")
    assert not {"DRONE_NETRC_USERNAME", "DRONE_NETRC_PASSWORD"} & set(found)


@pytest.mark.parametrize("kind", ["github", "GITHUB"])
def test_the_case_of_a_connector_s_type_does_not_count(kind: str) -> None:
    spec: dict[str, Resolved] = {"connectorRef": "c", "repository": "payments"}
    assert _environ("CreateRepo", spec, _services(kind=kind))["CONNECTOR_TYPE"] == kind


def test_an_account_s_connector_without_a_repository_is_refused_as_on_the_platform() -> None:
    with pytest.raises(BadInput, match="needs the field 'repository'"):
        _environ("DirectPush", {"connectorRef": "c", "codeDirectory": "x", "branch": "main"})


def test_properties_of_one_entity_become_one_body_and_keep_their_types() -> None:
    found = _environ(
        "UpdateCatalogProperty",
        {
            "type": "Entity",
            "entityRef": "component:account/payments",
            "properties": [
                {"property": "metadata.tier", "value": 1, "mode": "append"},
                {"property": "p", "value": [True]},
            ],
        },
    )

    assert json.loads(found.pop("BODY")) == {
        "entity_ref": "component:account/payments",
        "property": None,
        "value": None,
        "mode": None,
        "properties": [
            {"property": "metadata.tier", "value": 1, "mode": "append"},
            {"property": "p", "value": [True], "mode": None},
        ],
    }
    assert found == {
        "BASE": "https://app.harness.io",
        "CUSTOM_PROPERTY_URL": "https://app.harness.io/gateway/v1/catalog/custom-properties/entity",
        "X_API_KEY": "account-key",
    }


def test_one_property_of_many_entities_becomes_the_other_body() -> None:
    refs: Resolved = [{"entityRef": "component:a", "value": "x"}, {"entityRef": "component:b"}]
    found = _environ("UpdateCatalogProperty", {"type": "Property", "property": "p", "value": "d", "entityRefs": refs})

    assert found["CUSTOM_PROPERTY_URL"].endswith("/custom-properties/property")
    assert json.loads(found["BODY"]) == {
        "entity_ref": None,
        "property": "p",
        "value": "d",
        "mode": None,
        "entity_refs": [{"entity_ref": "component:a", "value": "x"}, {"entity_ref": "component:b", "value": None}],
    }


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (["component:account/payments"], "The field 'entityRefs' has to be a list of maps with entityRef and value."),
        ({"entityRef": "component:account/payments"}, "The field 'entityRefs' has to be a list of maps"),
        ([{"entityref": "component:a"}], "Unknown field 'entityref' in an entry of 'entityRefs'. Did you mean"),
    ],
)
def test_an_entry_that_would_be_left_out_of_an_update_is_refused(entries: Resolved, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        _environ("UpdateCatalogProperty", {"type": "Property", "property": "p", "entityRefs": entries})


def test_a_secret_in_a_value_is_revealed_in_the_body() -> None:
    properties: Resolved = [{"property": "metadata.key", "value": [SecretReference("account.deep")]}]
    found = _environ("UpdateCatalogProperty", {"type": "Entity", "entityRef": "component:a", "properties": properties})
    assert json.loads(found["BODY"])["properties"][0]["value"] == [":account.deep"]


def test_the_description_of_an_entry_is_not_sent() -> None:
    refs: Resolved = [{"entityRef": "component:a", "description": "why"}]
    found = _environ("UpdateCatalogProperty", {"type": "Property", "property": "p", "value": 1, "entityRefs": refs})
    assert json.loads(found["BODY"])["entity_refs"] == [{"entity_ref": "component:a", "value": None}]


def test_an_unknown_type_of_update_is_refused() -> None:
    with pytest.raises(BadInput, match="it can be Entity or Property"):
        _environ("UpdateCatalogProperty", {"type": "entity"})


def test_a_secret_field_takes_an_id_or_an_expression_of_a_secret() -> None:
    for value in ("account.slack", SecretReference("account.slack")):
        found = _environ("SlackNotify", {"token": value, "channel": "c", "messageContent": "m"})
        assert found["SLACK_TOKEN"] == "token:account.slack"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (1.5, "1.5"),
        (True, "true"),
        ([1, "b", False], "1,b,false"),
        ({"a": [1]}, '{\n  "a": [\n    1\n  ]\n}'),
        (SecretReference("id"), ":id"),
    ],
)
def test_a_value_becomes_text_as_on_the_platform(value: Resolved, text: str) -> None:
    assert text_of(value, _services()) == text


# Fields that the schema has not, and why they are taken; those that it requires, and why they may be left out.
MORE = {
    "DirectPush": {"xApiKey"},  # Harness Code came to both steps of git together (contract, A.3)
    "SlackNotify": {"slackId", "emailId"},  # an older name, and the one in a snippet of the document (contract, A.6)
}
OPTIONAL = {
    "CookieCutter": {"cookieCutterVariables"},  # the schema is newer than the platform that does without
    "CreateProject": {"orgIdentifier"},  # the release notes say that it is optional; the pipeline's own then
}
STRICTER = {"Run": {"command"}, "Plugin": {"image"}}  # without it there is nothing to run here


def _published(step_type: str) -> tuple[set[str], set[str]]:
    """Give the fields of a spec by the published schema, and those that it requires."""
    specs = os.environ.get("IDP_SPECS_DIR", REPOSITORY_ROOT.parent / "shared" / "specs")
    file = Path(specs) / "harness-idp-stage.schema.json"
    if not file.is_file():
        pytest.skip(f"the platform's schema is not at {file}")
    steps = json.loads(file.read_text(encoding="utf-8"))["definitions"]["pipeline"]["steps"]
    infos = {**steps["ci"], **steps["idp"], **steps["common"]}
    british = step_type.replace("Organization", "Organisation")
    names = [f"IDP{british}PlanInfo", f"IDP{british}StepInfo", f"{step_type}StepInfo"]
    (info,) = (infos[name] for name in names if name in infos)
    parts = [info, *(part for part in info["allOf"] if "properties" in part)]
    fields = {name for part in parts for name, told in part["properties"].items() if isinstance(told, dict)}
    described = {name for name in fields if "desc" in info["properties"].get(name, {})}  # of the schema, not the spec
    return fields - described - {"items"}, {name for part in parts for name in part.get("required", ())}


@pytest.mark.parametrize("step_type", step_types.known())
def test_the_fields_of_every_spec_are_those_of_the_published_schema(step_type: str) -> None:
    """In both directions, and the required ones too: what passes here is not refused there."""
    fields, required = _published(step_type)
    kind = step_types.kind(step_type)
    beside = SPEC_BESIDE_INPUTS | OF_CONTAINERS.get(step_type, frozenset())

    assert {*kind.spec, *beside} == fields | MORE.get(step_type, set())
    here = {one.field for one in kind.inputs if one.spec and one.required}
    assert here == (required - OPTIONAL.get(step_type, set())) | STRICTER.get(step_type, set())


GIT_CLONE: dict[str, Resolved] = {"connectorRef": "account.testdev", "repoName": "templates/service"}


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        ({"type": "branch", "spec": {"branch": "main"}}, {"DRONE_COMMIT_BRANCH": "main"}),
        ({"type": "tag", "spec": {"tag": "v1"}}, {"DRONE_TAG": "v1", "DRONE_BUILD_EVENT": "tag"}),
        ({"type": "commitSha", "spec": {"commitSha": "abc"}}, {"DRONE_COMMIT_SHA": "abc"}),
        ({"type": "PR", "spec": {"number": 7}}, {"DRONE_PULL_REQUEST": "7", "DRONE_BUILD_EVENT": "pull_request"}),
    ],
)
def test_the_build_of_a_clone_becomes_the_variables_of_a_git_image(build: Resolved, expected: dict[str, str]) -> None:
    found = _environ("GitClone", GIT_CLONE | {"build": build})
    states = ("DRONE_BUILD_EVENT", "DRONE_COMMIT_BRANCH", "DRONE_COMMIT_SHA", "DRONE_PULL_REQUEST", "DRONE_TAG")
    assert {name: found[name] for name in states if name in found} == expected
    assert found["DRONE_REMOTE_URL"] == "https://github.com/templates/service.git"
    assert found["DRONE_WORKSPACE"] == "/harness/service"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "'build' is empty"),
        ({"build": {"type": "branch", "spec": {"tag": "v1"}}}, "says nothing for the type 'branch'"),
        ({"build": "main"}, "says nothing for the type None"),
        ({"build": {"type": "tag", "spec": {"tag": "v1"}}, "cloneDirectory": "/harness/"}, "is the workspace itself"),
    ],
)
def test_a_clone_that_the_platform_would_refuse_is_refused(spec: dict[str, Resolved], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        _environ("GitClone", GIT_CLONE | spec)
