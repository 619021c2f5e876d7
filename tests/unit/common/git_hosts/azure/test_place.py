"""Azure's addresses: the cloud under both of its names, a server's collections, and names that are refused."""

from __future__ import annotations

import base64

import pytest

from common.errors import BadInput
from common.git_hosts import azure
from common.git_hosts.azure.calls import authorization
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostContext
from common.network.deadline import Deadline
from common.network.settings import Network
from common.secret import Secret


def context(url: str, **location: str) -> HostContext:
    host = url.partition("://")[2].partition("/")[0]
    places = {"organization": "acme", "project": "shop", "repository": "payments", **location}
    return HostContext(
        connector=Connector(type="AzureRepo", machine=host, remote_url=url, password=Secret("token")),
        location=RepositoryLocation(**places),
        harness=HarnessAccount(),
        network=Network(),
        deadline=Deadline(),
    )


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("", "https://dev.azure.com/acme/shop"),
        ("https://dev.azure.com", "https://dev.azure.com/acme/shop"),
        ("https://dev.azure.com/acme/payments", "https://dev.azure.com/acme/shop"),  # as the platform makes it
        ("https://dev.azure.com/acme/shop/_git/payments", "https://dev.azure.com/acme/shop"),
        ("https://acme.visualstudio.com/payments", "https://acme.visualstudio.com/shop"),
        ("https://acme.visualstudio.com/DefaultCollection", "https://acme.visualstudio.com/shop"),
        ("https://tfs.corp", "https://tfs.corp/acme/shop"),
        ("https://tfs.corp/tfs", "https://tfs.corp/tfs/acme/shop"),
        ("https://tfs.corp/tfs/payments", "https://tfs.corp/tfs/acme/shop"),
        ("https://tfs.corp/tfs/Acme/shop/_git/payments", "https://tfs.corp/tfs/acme/shop"),
        ("https://tfs.corp:8080/acme/payments", "https://tfs.corp:8080/acme/shop"),
    ],
)
def test_the_organization_or_collection_is_found_in_each_form_of_the_connectors_url(url: str, address: str) -> None:
    asked = context(url)
    azure.check(asked)
    assert azure.clone_url(asked) == f"{address}/_git/payments"


def test_an_organization_in_the_hosts_name_need_not_be_said_and_may_not_be_another() -> None:
    azure.check(context("https://acme.visualstudio.com", organization=""))
    with pytest.raises(BadInput) as refused:
        azure.check(context("https://acme.visualstudio.com", organization="other"))
    assert "is that of the organization acme, but organization says other." in str(refused.value)


def test_names_with_blanks_are_quoted_in_every_address() -> None:
    asked = context("", project="My Shop", repository="my app")
    azure.check(asked)
    page = "https://dev.azure.com/acme/My%20Shop/_git/my%20app"
    assert azure.repository_url(asked) == page
    assert azure.file_url(asked, branch="feature/x", path="/docs/read me.md") == (
        f"{page}?path=/docs/read%20me.md&version=GBfeature/x"
    )
    assert azure.file_url(asked, branch="", path="a&b.md") == f"{page}?path=/a%26b.md"
    assert azure.commit_url(asked, commit="abc") == f"{page}/commit/abc"


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ({"organization": ""}, "organization (set ORG_NAME)"),
        (
            {"organization": "", "project": "", "repository": ""},
            "organization (set ORG_NAME), project (set PROJECT_NAME), repository (set REPO_NAME)",
        ),
        ({"repository": "a/b"}, "Azure Repos takes no repository named 'a/b'"),
        ({"repository": "x" * 65}, "use at most 64 characters"),
        ({"repository": "payments."}, "Azure Repos takes no repository named 'payments.'"),
        ({"project": "_shop"}, "Azure Repos takes no project named '_shop'"),
        ({"project": ".."}, "Azure Repos takes no project named '..'"),
    ],
)
def test_a_name_that_azure_does_not_take_is_refused(location: dict[str, str], words: str) -> None:
    with pytest.raises(BadInput) as refused:
        azure.check(context("", **location))
    assert words in str(refused.value)


def test_a_personal_access_token_is_a_password_and_a_token_of_entra_a_bearer() -> None:
    assert authorization(Secret("abc.def")) == f"Basic {base64.b64encode(b':abc.def').decode()}"
    assert authorization(Secret("eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln")).startswith("Bearer eyJ")


@pytest.mark.parametrize(
    ("said", "advice", "code"),
    [
        ("TF402455: Pushes to this branch are not permitted; you must use a pull request", "set PUSH_MODE", 1),
        ("TF401027: You need the Git 'ForcePush' permission to perform this action.", "Leave forcePush out.", 3),
        ("TF401027: You need the Git 'CreateBranch' permission to perform this action.", "Create branch", 3),
        ("TF401027: You need the Git 'GenericContribute' permission to perform", "permission Contribute", 3),
        ("TF401019: The Git repository with name or identifier x does not exist", "Check the names", 2),
        ("VS403654: The push was rejected because it contains one or more secrets.", "Take the secret", 1),
        ("TF402462: This push was rejected because its size is greater than the 5120 MB limit", "too large", 1),
        ("pre-receive hook declined", "", 1),
    ],
)
def test_a_declined_push_is_explained(said: str, advice: str, code: int) -> None:
    told = azure.explain_rejection(context(""), f" ! [remote rejected] main -> main ({said})\n")
    assert advice in told.advice
    assert bool(told.advice) == bool(advice)
    assert (told.error.exit_code, told.protected) == (code, said.startswith("TF402455"))
