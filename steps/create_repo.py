"""CreateRepo: a repository on a git host, ready for the first push.

A re-run finds the repository of the first run and says so. What it may do with one that exists is an input.
"""

from __future__ import annotations

from dataclasses import dataclass

from common import git_hosts, log
from common.contract.inputs import option
from common.contract.step import Context, Outputs, step
from common.errors import Conflict
from common.git_hosts import GitHost, NewRepository, Repository, lacking
from common.git_hosts.context import HostContext, HostInputs
from common.network.url import path_of


@dataclass(frozen=True, kw_only=True)
class Inputs:
    host: HostInputs
    visibility: str = option(
        "repoType",
        env=["REPO_TYPE"],
        default="private",
        choices=("private", "public", "internal"),
        help="Who may see the repository.",
    )
    description: str = option(
        "description",
        env=["REPO_DESCRIPTION", "IDP_REPO_DESCRIPTION", "DESCRIPTION"],
        default="",
        help="Description of the repository.",
    )
    default_branch: str = option(
        "defaultBranch", env=["DEFAULT_BRANCH"], default="", help="Default branch of the new repository."
    )
    personal_account: bool = option(
        "personalAccount",
        env=["PERSONAL_ACCOUNT"],
        default=False,
        help="Create it under the account of the token, not under an organization.",
    )
    if_exists: str = option(
        "ifExists",
        env=["IF_EXISTS"],
        default="adopt_if_empty",
        choices=("adopt_if_empty", "adopt", "fail"),
        spec=False,
        help="What to do with a repository that exists: take it if it is empty, take it as it is, or fail.",
    )


@step(
    type="CreateRepo",
    image="createrepo",
    outputs={
        "repositoryUrl": "Browser URL of the repository.",
        "cloneUrl": "URL for git clone and push over HTTPS.",
        "defaultBranch": "Default branch: what was asked for, else what the host chose.",
        "repositoryCreated": "true when this run created it, false when it was there.",
    },
    lacks=lacking.lacks("CreateRepo", token=True),
)
def create_repo(inputs: Inputs, context: Context) -> Outputs:
    """Create a repository on a git host and wait until git can serve it."""
    host, where = git_hosts.open_host(inputs.host, context, step_type="CreateRepo", personal=inputs.personal_account)
    wanted = NewRepository(visibility=inputs.visibility, description=inputs.description)
    found = host.find_repository(where, wanted)
    if found is not None:
        adopt(found, inputs, host, where)
        return _outputs(found, inputs, created=False)
    if context.dry_run:
        url = f"{where.location.repository} of the token's account" if where.personal else host.repository_url(where)
        log.info(f"Dry run: the {inputs.visibility} repository {url} would be created.")
        return {"repositoryCreated": False}
    repository, created = host.create_repository(where, wanted)
    if not created:  # somebody else did, in the moment since it was looked for
        adopt(repository, inputs, host, where)
        return _outputs(repository, inputs, created=False)
    log.info(f"Created {repository.url} ({repository.visibility}).")
    _wait(repository, host, where)
    return _outputs(repository, inputs, created=True)


def adopt(found: Repository, inputs: Inputs, host: GitHost, where: HostContext) -> None:
    """Take a repository that exists, or raise Conflict that names what stands against it."""
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
    if _wait(found, host, where) and inputs.if_exists == "adopt_if_empty":
        raise Conflict(
            f"The repository {found.url} exists and is not empty.",
            next_step="Choose another name, or set IF_EXISTS=adopt (in a pipeline: a variable of that name)"
            " to go on with what it holds.",
        )
    log.info(f"{found.url} was already there; it is taken as it is.")
    if inputs.description and inputs.description != found.description:
        log.info(f"Its description stays {found.description!r}.")


def _wait(repository: Repository, host: GitHost, where: HostContext) -> bool:
    """Wait until git can serve the repository, and tell whether it holds anything."""
    from common.git.refs import holds_branches

    credentials = host.git_credentials(where)
    url = repository.clone_url
    if credentials is not None:  # they are for the connector's host, whatever the answer names
        url = f"{credentials.origin}{path_of(url)}"
    return holds_branches(url, credentials, network=where.network, deadline=where.deadline)


def _outputs(repository: Repository, inputs: Inputs, *, created: bool) -> Outputs:
    return {
        "repositoryUrl": repository.url,
        "cloneUrl": repository.clone_url,
        "defaultBranch": (created and inputs.default_branch) or repository.default_branch,
        "repositoryCreated": created,
    }


if __name__ == "__main__":
    raise SystemExit(create_repo.main())
