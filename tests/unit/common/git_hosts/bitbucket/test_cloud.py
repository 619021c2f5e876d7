"""Bitbucket Cloud: its names, its kinds of credentials, and its own words for what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from common.errors import BadInput, NotAllowed, Refused
from common.git.failures import Rejection
from common.git_hosts import NewPullRequest, NewRepository
from common.git_hosts.answers import Answered
from common.git_hosts.bitbucket import cloud
from common.git_hosts.bitbucket.cloud import access, listing, words
from common.git_hosts.bitbucket.rest import Call
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostContext
from common.network.deadline import Deadline
from common.network.settings import Network
from common.secret import Secret
from sandbox.git import bare
from tests.conftest import RunStep, World, serving
from tests.hosts import HOSTS

TOKEN = "ATATT3x"
WANTED = NewRepository(visibility="private", description="")
(ROW,) = (row for row in HOSTS if row.name == "cloud")


def context(
    *, user: str = "jane@example.com", token: str = TOKEN, proxy: str = "", personal: bool = False, **location: str
) -> HostContext:
    place = {"workspace": "acme", "project": "SHOP", "repository": "payments", **location}
    return HostContext(
        connector=Connector(
            type="Bitbucket",
            username=user,
            password=Secret(token) if token else None,
            remote_url="http://bitbucket.org/acme/payments.git",
        ),
        location=RepositoryLocation(**place),
        harness=HarnessAccount(),
        network=Network({"http_proxy": proxy} if proxy else {}),
        deadline=Deadline(retry_seconds=1),
        personal=personal,
    )


@pytest.mark.parametrize(
    ("given", "words_of_it"),
    [
        ({"repository": "Payments"}, "lower-case letters, digits, '-', '_' and '.' (as payments)"),
        ({"repository": "pay ments"}, "(as pay-ments)"),
        ({"repository": "x" * 63}, "at most 62"),
        ({"repository": ".."}, "takes no repository named '..'"),
        ({"workspace": "Acme Inc"}, "has no workspace 'Acme Inc'"),
        ({"project": "shop"}, "'shop' is no key of a project: upper-case letters"),
        ({"workspace": "", "repository": ""}, "workspace (set WORKSPACE_NAME), repository (set REPO_NAME)"),
    ],
)
def test_a_name_that_it_does_not_take_is_refused_with_what_is_meant(given: dict[str, str], words_of_it: str) -> None:
    with pytest.raises(BadInput) as refused:
        cloud.check(context(**given))  # type: ignore[arg-type]
    assert words_of_it in str(refused.value)


def test_there_are_no_personal_accounts() -> None:
    with pytest.raises(BadInput, match="workspace to one of your own"):
        cloud.check(context(personal=True))


@pytest.mark.parametrize(
    ("user", "token", "git_user"),
    [
        ("jane@example.com", "ATATT3x", "x-bitbucket-api-token-auth"),
        ("jane", "ATATT3x", "jane"),
        ("x-bitbucket-api-token-auth", "ATATT3x", "x-bitbucket-api-token-auth"),
        ("x-token-auth", "ATCTT3x", "x-token-auth"),
        ("", "ATCTT3x", "x-token-auth"),
        ("x-token-auth", "an-oauth-token", "x-token-auth"),
    ],
)
def test_each_kind_of_credential_has_its_user_for_git(user: str, token: str, git_user: str) -> None:
    credentials = cloud.git_credentials(context(user=user, token=token))
    assert credentials is not None
    assert (credentials.origin, credentials.username) == ("http://bitbucket.org", git_user)


def test_without_credentials_git_has_none() -> None:
    assert cloud.git_credentials(context(token="")) is None


def test_an_access_token_is_refused_for_create_repo_before_anything_is_asked(world: World, run_step: RunStep) -> None:
    known = world.credentials["bitbucket-cloud"]
    token = {"DRONE_NETRC_USERNAME": "x-token-auth", "DRONE_NETRC_PASSWORD": known.access_token}
    with ROW.serve(world, world.state_dir) as host:
        done = run_step("CreateRepo", {**host.variables, **token})
    assert (done.code, "cannot create repositories" in done.stderr) == (3, True), done.stderr
    assert "Use an API token" in done.stderr
    assert world.faults.requests == []


def test_the_git_user_of_an_api_token_is_refused_for_the_api_with_what_to_give() -> None:
    with pytest.raises(NotAllowed, match="e-mail address") as refused:
        cloud.find_repository(context(user="x-bitbucket-api-token-auth"), WANTED)
    assert "Give that address" in (refused.value.next_step or "")


def test_an_access_token_pushes(world: World, run_step: RunStep, workspace: Path) -> None:
    known = world.credentials["bitbucket-cloud"]
    token = {"DRONE_NETRC_USERNAME": "x-token-auth", "DRONE_NETRC_PASSWORD": known.access_token}
    (workspace / "app").mkdir()
    (workspace / "app" / "a.txt").touch()
    with ROW.serve(world, world.state_dir) as host:
        assert run_step("CreateRepo", host.variables).code == 0
        done = run_step("DirectPush", {**host.variables, **token, "CODE_DIRECTORY": "app", "BRANCH": "main"})
    assert done.code == 0, done.stderr


@pytest.mark.parametrize(
    ("status", "told", "kind", "said"),
    [
        (401, {"error": {"message": "Token is invalid."}}, NotAllowed, "it is wrong or has expired"),
        (403, {"error": {"message": "lack privilege scopes", "detail": {"required": ["x"]}}}, NotAllowed, "RIGHT"),
        (404, {"error": {"message": "No workspace with identifier 'acme'."}}, BadInput, "Check WORKSPACE_NAME"),
        (400, {"error": {"message": "Repository with this Slug and Owner already exists."}}, words.Taken, "exists"),
        (
            400,
            {"error": {"message": "Bad request", "fields": {"project": ["no such key"]}}},
            Exception,
            "project: no such",
        ),
    ],
)
def test_a_refusal_reads_as_one_sentence_and_its_advice(
    status: int, told: dict[str, object], kind: type[Exception], said: str
) -> None:
    api = words.api(context(), "http://api", Call("create it", "RIGHT"))
    refusal = api.refusal(Answered(status, told), f" ({api.said(told)})")
    assert isinstance(refusal, kind)
    assert said in str(refusal)


def test_an_app_password_is_told_to_be_gone() -> None:
    api = words.api(context(token="ATBBxyz"), "http://api", Call("look"))
    assert "those ended in July 2026" in str(api.refusal(Answered(401, {}), ""))
    assert access.API_TOKEN_USER in str(cloud.git_credentials(context()))


@pytest.mark.parametrize("told", [None, [], "x", {"error": "x"}, {"error": {"fields": [1], "message": None}}])
def test_an_error_of_another_form_says_nothing(told: object) -> None:
    assert words.said(told) == ""


@pytest.mark.parametrize(
    ("text", "advice", "protected"),
    [
        ("remote: Permission denied to update branch main.", "The branch is restricted", True),
        ("remote: fatal: pack exceeds maximum allowed size", "too large", False),
        ("remote: Repository is over the size limit (4 GB) and will not accept", "Make the repository smaller", False),
    ],
)
def test_a_declined_push_says_what_it_lacked(text: str, advice: str, protected: bool) -> None:
    told = cloud.explain_rejection(context(), text)
    assert (advice in told.advice, told.protected) == (True, protected)
    assert cloud.explain_rejection(context(), "remote: something else") == Rejection()


def test_a_repository_of_another_project_is_a_conflict_that_names_both(world: World, run_step: RunStep) -> None:
    with ROW.serve(world, world.state_dir) as host:
        assert run_step("CreateRepo", host.variables).code == 0
        done = run_step("CreateRepo", {**host.variables, "PROJECT_NAME": "OTHER"})
    assert done.code == 4
    assert "exists in the project SHOP, but OTHER was asked for." in done.stderr


def test_the_main_branch_restrictions_and_a_pull_request_are_made_once(world: World) -> None:
    known = world.credentials["bitbucket-cloud"]
    here = context(user=known.email, token=known.api_token, proxy=world.url)
    made, _ = cloud.create_repository(here, WANTED)
    assert made.default_branch == ""
    for branch in ("main", "feature/x"):
        files = {"a.txt": ("100644", branch.encode())}
        bare.commit_files(next(world.state_dir.rglob("payments.git")), branch, files, "First\n")
    for _ in range(2):
        cloud.set_default_branch(here, "feature/x")
    found = cloud.find_repository(here, WANTED)
    assert found is not None
    assert found.default_branch == "feature/x"
    assert [cloud.protect_branch(here, "main") for _ in range(2)] == [True, False]
    request = NewPullRequest(source="feature/x", target="main", title="Files", body="")
    page = "http://bitbucket.org/acme/payments/pull-requests/1"
    assert [cloud.open_pull_request(here, request) for _ in range(2)] == [(page, True), (page, False)]
    assert cloud.find_pull_request(here, source="main", target="feature/x") is None


def test_a_list_whose_empty_pages_have_no_end_is_refused() -> None:
    def app(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"values": [], "next": "http://api.bitbucket.org/2.0/repositories/acme?page=2"}']

    with serving(app) as proxy, pytest.raises(Refused, match="there is nothing on a page that is not the last"):
        list(listing.list_repositories(context(proxy=proxy, repository="")))
