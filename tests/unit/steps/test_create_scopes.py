"""CreateOrganization and CreateProject: made once, found again, and never changed unasked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.harness.scopes import every
from sandbox.services import open_state
from tests.conftest import Result, RunStep, World

KINDS = ("CreateOrganization", "CreateProject")


def variables(step: str, world: World, **more: str) -> dict[str, str]:
    """What the platform sets (contract, A.9 and A.10)."""
    shared = {
        "TF_VAR_ACCOUNT_IDENTIFIER": world.credentials["harness"].account,
        "TF_VAR_ENDPOINT": f"{world.url}/gateway",
        "TF_VAR_X_API_KEY": world.credentials["harness"].api_key,
        "TF_VAR_DESCRIPTION": "Takes payments",
        "TF_VAR_TAGS": '["team:pay", "new"]',
    }
    own = {"TF_VAR_ORG_NAME": "Pay Team", "TF_VAR_ORG_IDENTIFIER": "Pay_Team"}
    if step == "CreateProject":
        own = {"TF_VAR_PROJECT_NAME": "Pay Team", "TF_VAR_PROJECT_IDENTIFIER": "Pay_Team"}
        own["TF_VAR_ORG_IDENTIFIER"] = "default"
    return shared | own | more


@pytest.fixture(params=KINDS)
def create(request: pytest.FixtureRequest, world: World, run_step: RunStep) -> Callable[..., Result]:
    """Run one of the two steps with its usual variables and some more."""

    def run(**more: str) -> Result:
        done = run_step(request.param, variables(request.param, world, **more))
        return Result(done.code, request.param, done.stderr, done.outputs)

    return run


def kind(done: Result) -> str:
    return "organization" if done.stdout == "CreateOrganization" else "project"


def kept(world: World, done: Result) -> list[dict[str, Any]]:
    found = every(open_state(world.state_dir), kind(done))
    return [one for one in found if one["identifier"] != "default"]


def test_the_first_run_makes_it_and_the_second_finds_it(create: Callable[..., Result], world: World) -> None:
    first, second = create(), create()
    assert first.code == 0, first.stderr
    assert second.code == 0, second.stderr
    assert (first.outputs["created"], second.outputs["created"]) == (True, False)
    assert first.outputs["identifier"] == "Pay_Team"
    assert first.outputs["url"].startswith(f"{world.url}/ng/account/{world.credentials['harness'].account}/")
    (made,) = kept(world, first)
    assert (made["name"], made["description"], made["tags"]) == (
        "Pay Team",
        "Takes payments",
        {"team": "pay", "new": ""},
    )


def test_other_values_are_a_conflict_that_lists_them(create: Callable[..., Result], world: World) -> None:
    create()
    done = create(TF_VAR_DESCRIPTION="Other", TF_VAR_TAGS="[]")
    assert done.code == 4
    assert "description is 'Takes payments', not 'Other'" in done.stderr
    assert "tags" not in done.stderr
    assert "IF_EXISTS=update" in done.stderr
    assert "tags is 'team:pay, new', not 'team:other'" in create(TF_VAR_TAGS='["team:other"]').stderr
    assert kept(world, done)[0]["description"] == "Takes payments"


def test_other_values_are_brought_about_when_asked_and_the_rest_stays(
    create: Callable[..., Result], world: World
) -> None:
    create()
    other = {"TF_VAR_DESCRIPTION": "Other", "TF_VAR_TAGS": "", "IF_EXISTS": "update"}
    assert "would be changed: description from 'Takes payments' to 'Other'." in create(**other, DRY_RUN="true").stderr
    done = create(**other)
    assert done.code == 0, done.stderr
    assert ": description from 'Takes payments' to 'Other'." in done.stderr
    assert kept(world, done)[0]["description"] == "Other"
    assert kept(world, done)[0]["tags"] == {"team": "pay", "new": ""}


@pytest.mark.parametrize(("if_exists", "code"), [("adopt", 0), ("adopt_if_empty", 4), ("fail", 4)])
def test_the_words_of_create_repo_have_a_meaning_too(
    create: Callable[..., Result], world: World, if_exists: str, code: int
) -> None:
    """A pipeline variable IF_EXISTS reaches both steps."""
    create()
    done = create(TF_VAR_DESCRIPTION="Other", IF_EXISTS=if_exists)
    assert done.code == code, done.stderr
    assert kept(world, done)[0]["description"] == "Takes payments"
    assert create(IF_EXISTS=if_exists).code == (4 if if_exists == "fail" else 0)


def test_a_dry_run_makes_nothing(create: Callable[..., Result], world: World) -> None:
    done = create(DRY_RUN="true")
    assert done.code == 0, done.stderr
    assert "would be made" in done.stderr
    assert kept(world, done) == []


def test_a_key_that_may_not_write_is_told(create: Callable[..., Result], world: World) -> None:
    done = create(TF_VAR_X_API_KEY=world.credentials["harness"].readonly_key)
    assert done.code == 3
    assert "a role that may create" in done.stderr
    assert create(TF_VAR_X_API_KEY="wrong-key-12345").code == 3


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_lost_answer_is_looked_up(create: Callable[..., Result], world: World, status: int) -> None:
    for collection in ("organizations", "projects"):
        world.faults.after[("POST", f"/gateway/ng/api/{collection}")] = [status]
    done = create()
    assert done.code == 0, done.stderr
    assert len(kept(world, done)) == 1
    for collection in ("organizations", "projects"):
        world.faults.after[("PUT", f"/gateway/ng/api/{collection}")] = [status]
    assert create(TF_VAR_DESCRIPTION="Other", IF_EXISTS="update").code == 0
    assert kept(world, done)[0]["description"] == "Other"


def test_the_identifier_is_made_of_the_name_where_nobody_gives_it(world: World, run_step: RunStep) -> None:
    given = variables("CreateOrganization", world, TF_VAR_ORG_NAME="-1Test-_12 Org")
    del given["TF_VAR_ORG_IDENTIFIER"]
    assert run_step("CreateOrganization", given).outputs["identifier"] == "Test_12_Org"


def test_a_project_has_colour_and_modules_and_the_pipelines_organization(world: World, run_step: RunStep) -> None:
    given = variables("CreateProject", world, TF_VAR_COLOR="#0063f7", TF_VAR_MODULES="cd,IDP", HARNESS_ORG_ID="default")
    del given["TF_VAR_ORG_IDENTIFIER"]
    done = run_step("CreateProject", given)
    assert done.code == 0, done.stderr
    assert done.outputs["orgIdentifier"] == "default"
    (made,) = every(open_state(world.state_dir), "project")
    assert (made["color"], made["modules"]) == ("#0063f7", ["CD", "IDP"])
    assert run_step("CreateProject", given | {"TF_VAR_MODULES": "IDP,CD"}).outputs["created"] is False


def test_a_project_in_no_organization_is_refused_with_the_portals_words(world: World, run_step: RunStep) -> None:
    done = run_step("CreateProject", variables("CreateProject", world, TF_VAR_ORG_IDENTIFIER="nowhere"))
    assert done.code == 1
    assert "Organization with identifier [nowhere] not found" in done.stderr


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"TF_VAR_PROJECT_IDENTIFIER": "a-b"}, "is no identifier"),
        ({"TF_VAR_ORG_IDENTIFIER": "a b"}, "orgIdentifier is 'a b'"),
        ({"TF_VAR_COLOR": "blue"}, "is no colour"),
        ({"TF_VAR_MODULES": "NOPE"}, "ModuleType"),
        ({"TF_VAR_ENDPOINT": "portal"}, "TF_VAR_ENDPOINT is 'portal'"),
        ({"TF_VAR_X_API_KEY": ""}, "Required input is missing: xApiKey"),
    ],
)
def test_bad_input_is_told_before_anything_is_made(
    world: World, run_step: RunStep, more: dict[str, str], words: str
) -> None:
    done = run_step("CreateProject", variables("CreateProject", world, **more))
    assert done.code == 2, done.stderr
    assert words in done.stderr
    assert every(open_state(world.state_dir), "project") == []
