"""CreateRepo: a repository on a git host, ready for the first push.

A re-run finds the repository of the first run and says so. What it may do with one that exists is an input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common import git_hosts, log
from common.contract.if_exists import if_exists
from common.contract.inputs import option
from common.contract.step import Context, Outputs, step
from common.errors import BadInput, Conflict, Refused
from common.git.branch_name import check_branch_name
from common.git.credentials import Credentials
from common.git_hosts import GitHost, NewRepository, Repository, lacking
from common.git_hosts.context import HostContext, HostInputs
from common.network.url import checked, path_of

if TYPE_CHECKING:
    from common.git_hosts.settings import Settings


def _faults_of_settings(given: dict[str, Any], source: str) -> list[str]:
    from common.git_hosts import settings  # here, and below: --help need not wait for what works

    return settings.faults(given, source)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Which repository, and what it is to be like."""

    host: HostInputs
    visibility: str = option(
        "repoType",
        env=["REPO_TYPE"],
        default="private",
        choices=("private", "public", "internal"),
        required_in_spec=True,
        help="Who may see the repository.",
    )
    description: str = option(
        "description",
        env=["REPO_DESCRIPTION", "IDP_REPO_DESCRIPTION", "DESCRIPTION"],
        default="",
        help="Description of the repository.",
    )
    default_branch: str = option(
        "defaultBranch",
        env=["DEFAULT_BRANCH"],
        default="",
        help="Default branch of the new repository; what the host chooses when absent.",
    )
    initialize: str = option(
        "initialize",
        env=["INITIALIZE"],
        default="auto",
        choices=("auto", "never", "always"),
        spec=False,
        help="Whether an empty first commit makes the default branch: when the host can have it in no other way"
        " (auto), never, or always.",
    )
    personal_account: bool = option(
        "personalAccount",
        env=["PERSONAL_ACCOUNT"],
        default=False,
        help="Create it under the account of the token, not under an organization.",
    )
    if_exists: str = if_exists(
        default="adopt_if_empty",
        help="What to do with a repository that exists: take it if it is empty (also same and update, which other steps"
        " know), take it as it is (adopt), or fail.",
    )
    settings: dict[str, Any] = option(
        "settings",
        env=["REPO_SETTINGS"],
        default={},
        check=_faults_of_settings,
        spec=False,
        help="Settings of the repository: topics, homepage, access, features, mergeMethods, deleteBranchOnMerge.",
    )


@step(
    type="CreateRepo",
    image="createrepo",
    outputs={
        "repositoryUrl": "Browser URL of the repository.",
        "cloneUrl": "URL for git clone and push over HTTPS.",
        "defaultBranch": "Default branch, as the host has it at the end.",
        "repositoryCreated": "true when this run created it, false when it was there.",
    },
    lacks=lacking.lacks("CreateRepo", token=True),
)
def create_repo(inputs: Inputs, context: Context) -> Outputs:
    """Create a repository on a git host and wait until git can serve it."""
    from common.git import first_commit, refs
    from common.git_hosts import default_branch, settings

    host, where = git_hosts.open_host(inputs.host, context, step_type="CreateRepo", personal=inputs.personal_account)
    if inputs.default_branch:
        check_branch_name(inputs.default_branch, variable="DEFAULT_BRANCH")
    wanted_settings = settings.parsed(inputs.settings)
    git_hosts.check_settings(host, wanted_settings)
    where = git_hosts.signed_in(host, where, "CreateRepo", *(["settings"] if wanted_settings else []))
    wanted = NewRepository(
        visibility=inputs.visibility, description=inputs.description, default_branch=inputs.default_branch
    )
    repository, created = host.find_repository(where, wanted), False
    if repository is None and context.dry_run:
        _tell_plan(inputs, wanted_settings, host, where)
        return {"repositoryCreated": False}
    if repository is None:
        repository, created = host.create_repository(where, wanted)
    if created:
        log.info(f"Created {repository.url} ({repository.visibility}).")
    else:
        check_visibility(repository, inputs)
    credentials = host.git_credentials(where)
    url = clone_url(repository, credentials)
    server = refs.server(url, credentials, network=where.network, deadline=where.deadline)
    branches = refs.branches(server)
    is_empty = first_commit.holds_nothing_else(branches)
    if not created:
        adopt(repository, inputs, is_empty=is_empty)
    if is_empty and not context.dry_run:
        asked = default_branch.Wanted(host, where, wanted, inputs.initialize)
        repository = default_branch.settle(asked, repository, branches, server)
    if wanted_settings:
        changed = host.apply_settings(where, wanted_settings, write=not context.dry_run)
        if changed:
            log.info(f"{'Dry run: would set' if context.dry_run else 'Set'} {', '.join(changed)}.")
    return _outputs(repository, created=created)


def check_visibility(found: Repository, inputs: Inputs) -> None:
    """Raise Conflict when a repository that exists may not be taken, whatever it holds."""
    if inputs.if_exists == "fail":
        raise Conflict(
            f"The repository {found.url} exists already.",
            next_step="Choose another name, or set IF_EXISTS=adopt_if_empty to take it when it is empty.",
        )
    if found.visibility != inputs.visibility:
        raise Conflict(
            f"The repository {found.url} exists and is {found.visibility}, but {inputs.visibility} was asked for.",
            next_step="Change its visibility or the input repoType, or choose another name.",
        )


def adopt(found: Repository, inputs: Inputs, *, is_empty: bool) -> None:
    """Take a repository that exists, or raise Conflict that names what stands against it."""
    if not is_empty and inputs.if_exists != "adopt":
        raise Conflict(
            f"The repository {found.url} exists and is not empty.",
            next_step="Choose another name, or set IF_EXISTS=adopt (in a pipeline: a variable of that name)"
            " to go on with what it holds.",
        )
    if not is_empty and inputs.default_branch not in {"", found.default_branch}:
        raise Conflict(
            f"The repository {found.url} exists and its default branch is {found.default_branch}, but"
            f" {inputs.default_branch} was asked for.",
            next_step="Change it there or the input defaultBranch, or choose another name.",
        )
    log.info(f"{found.url} was already there; it is taken as it is.")
    if inputs.description and inputs.description != found.description:
        log.info(f"Its description stays {found.description!r}.")


def _tell_plan(inputs: Inputs, wanted: Settings, host: GitHost, where: HostContext) -> None:
    url = f"{where.location.repository} of the token's account" if where.personal else host.repository_url(where)
    log.info(f"Dry run: the {inputs.visibility} repository {url} would be created.")
    if wanted:
        log.info(f"Dry run: would set {', '.join(dict.fromkeys(wanted.asked()))}.")


def clone_url(repository: Repository, credentials: Credentials | None) -> str:
    """Give where git finds the repository; credentials are for the connector's host, whatever the answer names.

    Raises Refused when the host gave no URL.
    """
    url = repository.clone_url
    try:
        checked(url, what="What the git host gives as the repository's URL for cloning", next_step="")
    except BadInput as error:
        from common.git_hosts.answers import CHECK_HOST

        raise Refused(error.message, next_step=CHECK_HOST) from error
    return url if credentials is None else f"{credentials.origin}{path_of(url)}"


def _outputs(repository: Repository, *, created: bool) -> Outputs:
    return {
        "repositoryUrl": repository.url,
        "cloneUrl": repository.clone_url,
        "defaultBranch": repository.default_branch,
        "repositoryCreated": created,
    }


if __name__ == "__main__":
    create_repo.run()
