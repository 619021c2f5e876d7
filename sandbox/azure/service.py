"""Azure Repos below /azure/{organization}: the API at …/_apis, repositories at …/{project}/_git/{name}."""

from __future__ import annotations

from sandbox.azure.access import Credentials, caller
from sandbox.git import pull_requests, repositories
from sandbox.service import GitHost, Login, Refusals, Routes, Service

_UNAUTHORIZED = (401, "TF400813: The user '' is not authorized to access this resource.")
_DETAILS = "to perform this action. Details: identity 'sandbox-user', scope 'repository'."
_ABSENT = (
    "TF401019: The Git repository with name or identifier {} does not exist or you do not have permissions for the"
)


def _kept_below(owner: str, _: Credentials) -> str:
    """Give organization and project; in a pipeline that knows no projects the organization stands for its one."""
    return owner if "/" in owner or not owner else f"{owner}/{owner}"


def _routes() -> Routes:
    from sandbox.azure.api import ROOT, azure

    return ((azure, ROOT),)


AZURE = Service(
    name="azure",
    title="Azure Repos",
    credentials=Credentials,
    api_paths=("/azure/",),
    tables=(repositories.TABLE, pull_requests.TABLE),
    routes=_routes,
    git=GitHost(
        addresses=("/azure/<path:owner>/_git/<name>", "/azure/<path:owner>/_git/<name>.git"),  # the latter: Git LFS
        page="/azure/<path:owner>/_git/<name>",
        owner_names=2,
        owner_fields=("organization", "project"),
        kept_below=_kept_below,
        web_file="?path=/{path}&version=GB{branch}",
        web_default_file="?path=/{path}",
        caller=caller,
        connector=Login(type="AzureRepo", path="/azure", taken_from={"project": "organization"}),
        protected_words=(
            "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch."
        ),
        realm="Azure DevOps",
        refusals=Refusals(
            dumb=(400, "The requested Git service is not supported."),
            bad_login=_UNAUTHORIZED,
            login_to_read=_UNAUTHORIZED,
            login_to_push=_UNAUTHORIZED,
            not_found=(404, f"{_ABSENT.format('that you named')} operation you are attempting."),
            read_only=(403, f"TF401027: You need the Git 'GenericContribute' permission {_DETAILS}"),
        ),
    ),
)
