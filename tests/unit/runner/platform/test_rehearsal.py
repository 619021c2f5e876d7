"""What of a sandbox.yaml is on the git host of a rehearsal, and at which address a clone finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import BadInput
from runner.platform import rehearsal, sandboxed
from runner.platform.sandbox_file import Seed


def test_every_repository_is_on_the_rehearsed_host_too_and_one_of_its_own_goes_before_it() -> None:
    given = [
        Seed("github", "acme", "payments", None),
        Seed("github", "templates", "service", Path("ours")),
        Seed("gitlab", "Templates", "service", Path("theirs")),
    ]

    found, told = rehearsal.on_host(given, "gitlab")

    assert found == [*given, Seed("gitlab", "acme", "payments", None)]
    assert told == []
    assert rehearsal.on_host(given, "") == (given, [])


@pytest.mark.parametrize(
    ("own", "owner", "host", "there"),
    [
        ("azure", "acme/shop", "Gitlab", ("gitlab", "acme")),
        ("azure", "acme/shop", "Github", ("github", "acme")),
        ("azure", "acme/shop", "Harness", ("harness", "acme/shop")),
        ("azure", "acme/shop", "Bitbucket", ("bitbucket", "shop")),
        ("azure", "acme/shop", "BitbucketCloud", ("bitbucket-cloud", "acme")),
        ("harness", "acme", "Gitlab", ("gitlab", "acme")),
        ("gitlab", "acme/team", "AzureRepo", ("azure", "acme/team")),
    ],
)
def test_the_owner_is_the_one_that_the_same_steps_name(own: str, owner: str, host: str, there: tuple[str, str]) -> None:
    """Steps name an organization and a project; a host without projects has the organization alone."""
    given = Seed(own, owner, "payments", None)

    assert rehearsal.on_host([given], host) == ([given, Seed(*there, "payments", None)], [])


@pytest.mark.parametrize(
    ("seeds", "host", "said"),
    [
        (
            [Seed("azure", "acme/shop", "payments", None), Seed("azure", "acme/web", "Payments", None)],
            "Gitlab",
            "is not on Gitlab in this rehearsal: that of acme/shop has the name there. Give one of them another name.",
        ),
        (
            [Seed("gitlab", "acme/team", "payments", None)],
            "Github",
            (
                "The repository acme/team/payments of sandbox.yaml is not on Github in this rehearsal: an owner is one"
                " name there. List it once more, with an owner of that form."
            ),
        ),
        (
            [Seed("gitlab", "acme/team/web", "payments", None)],
            "azurerepo",
            "is not on AzureRepo in this rehearsal: an owner is at most 2 names with slashes between them there.",
        ),
        (
            [Seed("git", "", "payments", None)],
            "BitbucketCloud",
            "a repository has an owner there. Give it one, and leave its host out.",
        ),
        (
            [Seed("github", "acme", "payments", None), Seed("github", "other", "Payments", None)],
            "Git",
            (
                "The repository other/Payments of sandbox.yaml is not on Git in this rehearsal: its repositories have"
                " no owner, and that of acme has the name. Give one of them another name."
            ),
        ),
    ],
)
def test_one_that_cannot_be_there_is_told_with_what_to_do(seeds: list[Seed], host: str, said: str) -> None:
    found, told = rehearsal.on_host(seeds, host)

    assert [seed for seed in found if seed.host != seeds[0].host][1:] == []
    assert len(told) == 1
    assert said in told[0]


def test_a_host_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(BadInput, match=r"no git host of the type 'svn'\. It can be Github, Gitlab, AzureRepo,"):
        rehearsal.on_host([], "svn")


@pytest.mark.parametrize(
    ("host", "called", "path"),
    [
        ("Github", "acme/payments", "/acme/payments.git"),
        ("Gitlab", "acme/team/payments.git", "/gitlab/acme/team/payments.git"),
        ("AzureRepo", "acme/payments", "/azure/acme/acme/_git/payments"),
        ("AzureRepo", "acme/shop/payments", "/azure/acme/shop/_git/payments"),
        ("Bitbucket", "SHOP/payments", "/bitbucket/scm/SHOP/payments.git"),
        ("Harness", "shop/web/payments", "/gateway/code/git/{account}/shop/web/payments.git"),
        ("Harness", "payments", "/gateway/code/git/{account}/payments.git"),
        ("Git", "acme/payments", "/git/payments.git"),
        ("Github", "tools", "/templates/tools.git"),
        ("Github", "service", "/service"),
    ],
)
def test_a_name_is_the_address_that_the_host_has_for_it(tmp_path: Path, host: str, called: str, path: str) -> None:
    """Without an owner it is the one repository of that name; of several the connector's URL would have to tell."""
    seeds = [
        Seed("github", owner, name, None)
        for owner, name in (("templates", "tools"), ("a", "service"), ("b", "service"))
    ]
    with sandboxed.running(tmp_path / "state") as server:
        connector = rehearsal.connector_of(server, host, seeds)
        assert connector.address is not None
        assert connector.address(called) == server.url + path.format(account=server.credentials["harness"].account)
