"""Bitbucket Data Center: context paths, projects of people, credentials, and its own words for what it refuses."""

from __future__ import annotations

import pytest

from common.errors import BadInput, NotAllowed
from common.git.failures import Rejection
from common.git_hosts import NewPullRequest, NewRepository
from common.git_hosts.answers import Answered
from common.git_hosts.bitbucket import data_center
from common.git_hosts.bitbucket.data_center import place, words
from common.git_hosts.bitbucket.rest import Call
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostContext
from common.network.deadline import Deadline
from common.network.settings import Network
from common.secret import Secret
from sandbox.git import bare
from tests.conftest import World

TOKEN = "BBDC-x"
WANTED = NewRepository(visibility="private", description="")


def context(
    url: str = "https://git.corp:7990/scm/shop/payments.git",
    *,
    user: str = "jane",
    token: str = TOKEN,
    personal: bool = False,
    **location: str,
) -> HostContext:
    where = {"project": "SHOP", "repository": "payments", **location}
    return HostContext(
        connector=Connector(type="Bitbucket", username=user, password=Secret(token) if token else None, remote_url=url),
        location=RepositoryLocation(**where),
        harness=HarnessAccount(),
        network=Network(),
        deadline=Deadline(retry_seconds=1),
        personal=personal,
    )


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://git.corp:7990/scm/shop/payments.git", "https://git.corp:7990"),
        ("https://git.corp/bitbucket/scm/shop/payments.git", "https://git.corp/bitbucket"),
        ("https://git.corp/a/b/scm/payments.git", "https://git.corp/a/b"),
        ("https://git.corp/bitbucket/projects/SHOP/repos/payments.git", "https://git.corp/bitbucket"),
        ("https://git.corp/payments.git", "https://git.corp"),
        ("http://git.corp", "http://git.corp"),
        ("https://git.corp/scm", "https://git.corp"),
        ("https://git.corp/bitbucket", "https://git.corp/bitbucket"),
        ("https://git.corp/a/b/", "https://git.corp/a/b"),
        ("https://git.corp/bitbucket/payments.git", "https://git.corp/bitbucket"),  # as the platform makes it
        ("https://git.corp/bitbucket/shop/payments", "https://git.corp/bitbucket"),
        ("https://git.corp/SHOP", "https://git.corp"),
    ],
)
def test_the_context_path_is_what_stands_before_scm_or_before_project_and_repository(url: str, base: str) -> None:
    asked = context(url)
    assert place.web(asked) == base
    assert data_center.repository_url(asked) == f"{base}/projects/SHOP/repos/payments"
    assert data_center.clone_url(asked) == f"{base}/scm/shop/payments.git"
    credentials = data_center.git_credentials(asked)
    assert credentials is not None
    assert base.startswith(credentials.origin)


def test_a_project_of_a_person_has_addresses_of_its_own() -> None:
    for asked in (context(project="~jane"), context(project="", personal=True)):
        data_center.check(asked)
        assert data_center.repository_url(asked) == "https://git.corp:7990/users/jane/repos/payments"
        assert data_center.clone_url(asked) == "https://git.corp:7990/scm/~jane/payments.git"


def test_the_slug_is_made_of_the_name_as_the_server_does() -> None:
    asked = context(repository="My Payments.API")
    data_center.check(asked)
    assert data_center.clone_url(asked).endswith("/scm/shop/my-payments.api.git")


def test_the_page_of_a_file_and_of_a_commit() -> None:
    page = "https://git.corp:7990/projects/SHOP/repos/payments"
    found = data_center.file_url(context(), branch="feature/x", path="/my app/a.yaml")
    assert found == f"{page}/browse/my%20app/a.yaml?at=refs%2Fheads%2Ffeature%2Fx"
    assert data_center.file_url(context(), branch="", path="a.yaml") == f"{page}/browse/a.yaml"
    assert data_center.commit_url(context(), commit="c0ffee") == f"{page}/commits/c0ffee"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (context(project=""), "project (set PROJECT_NAME)"),
        (context(project="", personal=True, user=""), "gitUsername (set DRONE_NETRC_USERNAME)"),
        (context(personal=True), "a project of a person, as in ~jane, but project says SHOP."),
        (context(project="my shop"), "'my shop' is no key of a project"),
        (context(repository="-x"), "takes no repository named '-x'"),
        (context(repository="x" * 129), "at most 128"),
        (context(repository="payments.git"), "no ending .git"),
        (context(repository="../x"), "takes no repository named '../x'"),
    ],
)
def test_what_names_no_place_is_refused_with_the_input_to_set(asked: HostContext, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        data_center.check(asked)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("user", "git_user"), [("jane", "jane"), ("", "x-token-auth"), ("x-token-auth", "x-token-auth")]
)
def test_a_token_without_a_user_goes_to_git_with_the_user_for_tokens(user: str, git_user: str) -> None:
    credentials = data_center.git_credentials(context(user=user))
    assert credentials is not None
    assert credentials.username == git_user
    assert data_center.git_credentials(context(token="")) is None


@pytest.mark.parametrize(("user", "secret"), [("sandbox-user", "password"), ("sandbox-user", "token"), ("", "token")])
def test_user_and_password_and_a_token_as_either_create_and_find(world: World, user: str, secret: str) -> None:
    known = world.credentials["bitbucket"]
    own = context(f"{world.url}/bitbucket/scm/shop/payments.git", user=user, token=getattr(known, secret))
    made, created = data_center.create_repository(own, WANTED)
    assert (created, made.clone_url) == (True, f"{world.url}/bitbucket/scm/shop/payments.git")
    assert data_center.find_repository(own, WANTED) == made


@pytest.mark.parametrize(
    ("status", "message", "kind", "said"),
    [
        (401, "Authentication failed. Please check your credentials", NotAllowed, "it is wrong or has expired"),
        (401, "You are not permitted to access this resource", NotAllowed, "RIGHT"),
        (403, "no", NotAllowed, "RIGHT"),
        (404, "Project SHOP does not exist.", BadInput, "it takes the key of the project"),
        (409, "This repository URL is already taken", words.Taken, "already taken"),
        (400, "Repository names are limited", Exception, "names are limited"),
    ],
)
def test_a_refusal_reads_as_one_sentence_and_its_advice(
    status: int, message: str, kind: type[Exception], said: str
) -> None:
    told = {"errors": [{"context": None, "message": message, "exceptionName": "x"}]}
    api = words.api(context(), "http://api", Call("create it", "RIGHT"))
    refusal = api.refusal(Answered(status, told), f" ({api.said(told)})")
    assert isinstance(refusal, kind)
    assert said in str(refusal)


@pytest.mark.parametrize("told", [None, [], "x", {"errors": "x"}, {"errors": [1, {"message": None}]}])
def test_an_error_of_another_form_says_nothing(told: object) -> None:
    assert words.said(told) == ""


def test_a_declined_push_says_what_it_lacked() -> None:
    text = "remote: Branch refs/heads/main can only be modified through pull requests."
    told = data_center.explain_rejection(context(), text)
    assert (bool(told.advice), told.protected) == (True, True)
    told = data_center.explain_rejection(context(), "remote: expected committer email 'a@b.c' but found 'b@b.c'")
    assert "GIT_COMMITTER_EMAIL" in told.advice
    assert data_center.explain_rejection(context(), "remote: something else") == Rejection()


def test_the_default_branch_restrictions_and_a_pull_request_are_made_once(world: World) -> None:
    known = world.credentials["bitbucket"]
    own = context(f"{world.url}/bitbucket/scm/shop/payments.git", user=known.user, token=known.token)
    made, _ = data_center.create_repository(own, WANTED)
    assert made.default_branch == ""
    for branch in ("main", "feature/x"):
        files = {"a.txt": ("100644", branch.encode())}
        bare.commit_files(next(world.state_dir.rglob("payments.git")), branch, files, "First\n")
    for _ in range(2):
        data_center.set_default_branch(own, "feature/x")
    found = data_center.find_repository(own, WANTED)
    assert found is not None
    assert found.default_branch == "feature/x"
    assert [data_center.protect_branch(own, "main") for _ in range(2)] == [True, False]
    request = NewPullRequest(source="feature/x", target="main", title="Files", body="")
    page = f"{made.url}/pull-requests/1"
    assert [data_center.open_pull_request(own, request) for _ in range(2)] == [(page, True), (page, False)]
    assert data_center.find_pull_request(own, source="main", target="feature/x") is None
