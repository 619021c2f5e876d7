"""Harness Code: the account, the scope, and the addresses that a connector, or the account alone, gives."""

from __future__ import annotations

from typing import Any

import pytest

from common.errors import BadInput
from common.git.failures import Rejection
from common.git_hosts import harness
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostContext
from common.git_hosts.harness import place
from common.network.deadline import Deadline
from common.network.settings import Network
from common.secret import Secret

KEY = "pat.kmpySmUISimoRrJL6NL73w.64b5.Xy"


def context(
    url: str = "", *, personal: bool = False, addressed: frozenset[str] = frozenset(), **given: str
) -> HostContext:
    account = {field: given.pop(name) for name, field in (("portal", "url"), ("account", "account")) if name in given}
    key = given.pop("key", KEY)
    return HostContext(
        connector=Connector(type="Harness", remote_url=url, password=Secret(KEY) if url else None),
        location=RepositoryLocation(**{"repository": "payments", **given}),
        harness=HarnessAccount(api_key=Secret(key) if key else None, **account),
        network=Network(),
        deadline=Deadline(),
        personal=personal,
        addressed=addressed,
    )


ACCOUNT = "kmpySmUISimoRrJL6NL73w"
PAGES = f"/ng/account/{ACCOUNT}/module/code"


@pytest.mark.parametrize(
    ("given", "pages", "path"),
    [
        ({"harness_code_repo_type": "account"}, "", ""),
        ({"harness_code_repo_type": "org", "organization": "shop"}, "/orgs/shop", "/shop"),
        ({"harness_code_repo_type": "Organization", "organization": "shop"}, "/orgs/shop", "/shop"),
        ({"organization": "shop"}, "/orgs/shop", "/shop"),
        ({"organization": "shop", "project": "web"}, "/orgs/shop/projects/web", "/shop/web"),
        (
            {"harness_code_repo_type": "PROJECT", "organization": "shop", "project": "web"},
            "/orgs/shop/projects/web",
            "/shop/web",
        ),
        ({"harness_code_repo_type": "org", "organization": "shop", "project": "stray"}, "/orgs/shop", "/shop"),
        ({"harness_code_repo_type": "account", "organization": "stray"}, "", ""),
    ],
)
def test_the_scope_is_what_is_said_else_what_the_fields_make(given: dict[str, Any], pages: str, path: str) -> None:
    asked = context(**given)
    harness.check(asked)
    assert harness.repository_url(asked) == f"https://app.harness.io{PAGES}{pages}/repos/payments"
    assert harness.clone_url(asked) == f"https://git.harness.io/{ACCOUNT}{path}/payments.git"


@pytest.mark.parametrize(
    ("url", "given", "portal", "api", "git"),
    [
        ("", {}, "https://app.harness.io", "https://app.harness.io/gateway/code/api/v1", "https://git.harness.io"),
        (
            "",
            {"portal": "https://harness7.harness.io/"},
            "https://harness7.harness.io",
            "https://harness7.harness.io/gateway/code/api/v1",
            "https://git7.harness.io",
        ),
        (
            "",
            {"portal": "https://harness.corp"},
            "https://harness.corp",
            "https://harness.corp/gateway/code/api/v1",
            "https://harness.corp/gateway/code/git",
        ),
        (
            f"https://git.harness.io/{ACCOUNT}/payments.git",
            {},
            "https://app.harness.io",
            "https://git.harness.io/api/v1",
            "https://git.harness.io",
        ),
        (
            f"https://git0.harness.io/{ACCOUNT}/shop/web/payments.git",
            {},
            "https://harness0.harness.io",
            "https://git0.harness.io/api/v1",
            "https://git0.harness.io",
        ),
        (
            f"https://harness.corp:8443/code/git/{ACCOUNT}/payments.git",
            {"portal": "https://portal.corp"},
            "https://portal.corp",
            "https://harness.corp:8443/gateway/code/api/v1",
            "https://harness.corp:8443/code/git",
        ),
        (
            "https://harness.corp/payments.git",
            {},
            "https://harness.corp",
            "https://harness.corp/gateway/code/api/v1",
            "https://harness.corp/gateway/code/git",
        ),
    ],
)
def test_the_addresses_follow_from_the_connector_else_from_the_portal(
    url: str, given: dict[str, Any], portal: str, api: str, git: str
) -> None:
    asked = context(url, harness_code_repo_type="account", **given)
    assert (place.portal(asked), place.api(asked), place.git(asked)) == (portal, api, git)
    credentials = harness.git_credentials(asked)
    assert credentials is not None
    assert git.startswith(credentials.origin)


def test_the_account_is_the_one_that_is_given_else_the_one_in_the_key() -> None:
    assert place.account(context(account="other")) == "other"
    assert place.account(context()) == ACCOUNT
    assert place.account(context(key=f"sat.{ACCOUNT}.64b5.Xy")) == ACCOUNT
    with pytest.raises(BadInput, match=r"accountId \(set HARNESS_ACCOUNT_ID\)"):
        place.account(context(key="some-other-key"))


def test_the_page_of_a_file_and_of_a_commit() -> None:
    asked = context(organization="shop")
    page = f"https://app.harness.io{PAGES}/orgs/shop/repos/payments"
    assert (
        harness.file_url(asked, branch="feature/x", path="/my app/a.yaml")
        == f"{page}/files/feature/x/~/my%20app/a.yaml"
    )
    assert harness.file_url(asked, branch="", path="a.yaml") == f"{page}/files/~/a.yaml"
    assert harness.commit_url(asked, commit="c0ffee") == f"{page}/commit/c0ffee"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (context(), "Set harnessCodeRepoType to account, org or project"),
        (context(harness_code_repo_type="team"), "harnessCodeRepoType is 'team'; it can be account, org or project."),
        (context(harness_code_repo_type="project", organization="shop"), "project (set PROJECT_NAME)"),
        (context(project="web"), "organization (set ORG_NAME)"),
        (context(harness_code_repo_type="account", repository=""), "repository (set REPO_NAME)"),
        (context(harness_code_repo_type="account", repository="pay ments"), "takes no repository named 'pay ments'"),
        (context(harness_code_repo_type="account", repository="payments.GIT"), "no ending .git"),
        (context(harness_code_repo_type="account", repository=".."), "takes no repository named '..'"),
        (context(organization="My Shop"), "has no organization named 'My Shop'"),
        (context(organization="shop", project="a/b"), "has no project named 'a/b'"),
        (context(organization="shop", personal=True), "Harness Code has no personal accounts."),
        (
            context(harness_code_repo_type="account", project="web", addressed=frozenset({"project"})),
            "Leave project ('web') out.",
        ),
        (context(organization="shop", workspace="team", addressed=frozenset({"workspace"})), "has no workspace."),
        (context(organization="shop", portal="ftp://x"), "HARNESS_URL is 'ftp://x'"),
    ],
)
def test_what_names_no_place_is_refused_with_the_input_to_set(asked: HostContext, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        _page(asked)
    assert words in str(refused.value)


def _page(asked: HostContext) -> str:
    harness.check(asked)
    return harness.repository_url(asked)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('remote: Rule "main" violation: Push to branch\nremote: Blocked by protection rules.', "bypass the rule"),
        ("remote: Push contains secrets:", "Take the secret out"),
        ("remote: 1 file found exceeding the size limit of 100B", "Git LFS"),
        ("remote: Push contains commits where committer is not the authenticated user (a@b.c):", "GIT_COMMITTER_EMAIL"),
        ("remote: error: Changes blocked by missing lfs objects. Please try `git lfs push --all`", "did not arrive"),
        ("remote: something else", ""),
    ],
)
def test_a_declined_push_says_what_to_do(text: str, words: str) -> None:
    told = harness.explain_rejection(context(), text)
    assert (words in told.advice) if words else told == Rejection()
