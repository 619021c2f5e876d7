"""GitLab's addresses: the server's own path, nested groups, and names that are refused before anything is asked."""

from __future__ import annotations

from typing import Any

import pytest

from common.errors import BadInput
from common.git_hosts import gitlab
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostContext
from common.git_hosts.gitlab.place import api_url
from common.network.deadline import Deadline
from common.network.settings import Network
from common.secret import Secret


def context(url: str, organization: str = "acme/team", repository: str = "payments", **more: str) -> HostContext:
    host, own = url.partition("://")[2].partition("/")[0], dict[str, Any](username="jane")
    location = {"organization": organization, "repository": repository, "project": more.pop("project", "")}
    personal = more.pop("personal", "") == "true"
    return HostContext(
        connector=Connector(type="Gitlab", machine=host, remote_url=url, password=Secret("token"), **{**own, **more}),
        location=RepositoryLocation(**location),
        harness=HarnessAccount(),
        network=Network(),
        deadline=Deadline(),
        personal=personal,
    )


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("", ""),
        ("/payments.git", ""),  # as the platform makes it for an account without a path
        ("/acme/payments.git", ""),  # for the group above
        ("/acme/team/payments.git", ""),  # for the group itself
        ("/acme/team/other.git", ""),  # for another repository of it
        ("/ACME/Team/payments", ""),
        ("/gitlab", "/gitlab"),
        ("/gitlab/payments.git", "/gitlab"),
        ("/tools/gitlab/acme/payments.git", "/tools/gitlab"),
        ("/acme/acme/payments.git", "/acme"),  # a server below /acme, and the group acme
    ],
)
def test_the_servers_own_path_is_what_the_connectors_url_has_before_the_group(path: str, root: str) -> None:
    asked = context(f"https://git.corp{path}")
    gitlab.check(asked)
    assert api_url(asked) == f"https://git.corp{root}/api/v4"
    assert gitlab.clone_url(asked) == f"https://git.corp{root}/acme/team/payments.git"


def test_a_users_own_place_is_no_path_of_the_server() -> None:
    asked = context("https://git.corp/jane/payments.git", "", personal="true")
    gitlab.check(asked)
    assert api_url(asked) == "https://git.corp/api/v4"


@pytest.mark.parametrize("path", ["/other/payments.git", "/gitlab", ""])
def test_gitlab_com_lies_below_no_path(path: str) -> None:
    asked = context(f"https://gitlab.com{path}")
    assert gitlab.repository_url(asked) == "https://gitlab.com/acme/team/payments"
    assert api_url(asked) == "https://gitlab.com/api/v4"


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ({"organization": "acme", "repository": "payments"}, "acme/payments"),
        ({"organization": "/acme/team/", "repository": "payments"}, "acme/team/payments"),
        ({"organization": "", "repository": "acme/team/payments"}, "acme/team/payments"),
        ({"organization": "acme", "repository": "team/payments"}, "acme/team/payments"),
        ({"organization": "acme", "repository": "", "project": "payments"}, "acme/payments"),
        ({"organization": "acme", "repository": "payments", "project": "payments"}, "acme/payments"),
        ({"organization": "acme", "repository": "payments", "project": "stray"}, "acme/payments"),
    ],
)
def test_the_fields_of_both_generations_name_the_project(location: dict[str, str], path: str) -> None:
    asked = context("https://git.corp", **location)
    gitlab.check(asked)
    assert gitlab.repository_url(asked) == f"https://git.corp/{path}"


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ({"organization": ""}, "organization (set ORG_NAME)"),
        ({"organization": "", "repository": ""}, "organization (set ORG_NAME), repository (set REPO_NAME)"),
        ({"repository": "pay ments"}, "GitLab takes no project named 'pay ments'"),
        ({"repository": "payments.atom"}, "GitLab takes no project named 'payments.atom'"),
        ({"repository": ".."}, "GitLab takes no project named '..'"),
        ({"organization": "acme/../x"}, "GitLab has no group or user 'acme/../x'"),
        ({"organization": "a b"}, "GitLab has no group or user 'a b'"),
        ({"organization": "acme//team"}, "GitLab has no group or user 'acme//team'"),
    ],
)
def test_a_name_that_gitlab_does_not_take_is_refused(location: dict[str, str], words: str) -> None:
    with pytest.raises(BadInput) as refused:
        gitlab.check(context("https://git.corp", **location))
    assert words in str(refused.value)


@pytest.mark.parametrize(("username", "sent"), [("jane", "jane"), ("", "oauth2"), ("oauth2", "oauth2")])
def test_git_logs_in_with_the_connectors_name_or_that_of_oauth(username: str, sent: str) -> None:
    credentials = gitlab.git_credentials(context("https://git.corp/gitlab", username=username))
    assert credentials is not None
    assert (credentials.origin, credentials.username) == ("https://git.corp", sent)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("GitLab: You are not allowed to push code to protected branches on this project.", "The branch is protected"),
        (
            "GitLab: You are not allowed to force push code to a protected branch on this project.",
            "leave forcePush out",
        ),
        ("GitLab: A default branch (e.g. main) does not yet exist for acme/payments", "A Maintainer has to make"),
        ('GitLab: File "x" is larger than the allowed size of 100 MiB. Use Git LFS', "under Git LFS"),
        ("GitLab: You are attempting to check in one or more blobs which exceed the 100MiB limit", "under Git LFS"),
        ("GitLab: Commit message does not follow the pattern 'JIRA'", "set COMMIT_MESSAGE"),
        ("GitLab: PUSH BLOCKED: Secrets detected in code changes", "Take the secret"),
        ("Your push to this repository would cause it to exceed the size limit of 2 GiB", "The repository is full"),
        ("You are not allowed to push code to this project.", "scope `write_repository`"),
        ("pre-receive hook declined", ""),
    ],
)
def test_a_declined_push_is_explained(said: str, advice: str) -> None:
    told = gitlab.explain_rejection(context("https://git.corp"), f"remote: {said}\n")
    assert advice in told.advice
    assert bool(told.advice) == bool(advice)
    assert told.protected == ("to protected branches" in said)
