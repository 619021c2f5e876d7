"""DirectPush: the files of a folder, committed and pushed to a branch, or proposed to it by a pull request.

The branch's own history is kept: files are laid over what it holds, unless forcePush says to replace it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from common import git_hosts, log
from common.contract.inputs import option
from common.contract.process import scratch_folder
from common.contract.step import Context, Outputs, step
from common.errors import BadInput
from common.git.branch_name import check_branch_name
from common.git.signature import Signature, Signing
from common.git_hosts import GitHost, lacking
from common.git_hosts.context import HostInputs
from common.git_hosts.proposal import Proposal


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Which files go to which branch, and how."""

    host: HostInputs
    code_directory: str = option(
        "codeDirectory", env=["CODE_DIRECTORY"], help="Folder with the files to push, usually what CookieCutter made."
    )
    branch: str = option("branch", env=["BRANCH"], help="Branch to push to; made when it does not exist.")
    force_push: bool = option(
        "forcePush",
        env=["FORCE_PUSH"],
        default=False,
        help="Replace what the branch holds. The push still fails if the branch moves meanwhile.",
    )
    code_output_directory: str = option(
        "codeOutputDirectory",
        env=["CODE_OUTPUT_DIRECTORY"],
        default="",
        help="Folder that CookieCutter wrote to; codeDirectory is also looked for below it.",
    )
    target_directory: str = option(
        "targetDirectory",
        env=["TARGET_DIRECTORY"],
        default="",
        spec=False,
        help="Folder of the repository that the files go into; its root when absent.",
    )
    protect: bool = option(
        "protect",
        env=["PROTECT_BRANCH"],
        default=False,
        spec=False,
        help="Protect the branch after the push, if nothing does: no push by force, changes by pull request.",
    )
    message: str = option(
        "commitMessage",
        env=["COMMIT_MESSAGE"],
        default="Initial commit by the developer portal",
        multiline=True,
        spec=False,
        help="Commit message.",
    )
    signature: Signature
    signing: Signing
    proposal: Proposal


@step(
    type="DirectPush",
    image="directpush",
    outputs={
        "commitSha": "Commit that the branch holds now.",
        "commitUrl": "Browser URL of that commit, where the host shows one.",
        "branch": "The branch that holds it: that of the pull request, when there is one.",
        "pushed": "true when this run pushed it, false when there was nothing to commit.",
        "pullRequestUrl": "Browser URL of the open pull or merge request, when there is one.",
    },
    lacks=lacking.lacks("DirectPush", token=True),
)
def direct_push(inputs: Inputs, context: Context) -> Outputs:
    """Commit the files of a folder and push them to a branch, or open a pull request with them."""
    from common.git.push import Push  # here: --help need not wait for what pushes
    from common.git_hosts.proposing import bring, writable

    host, where = git_hosts.open_host(inputs.host, context, step_type="DirectPush")
    check(inputs, host)
    proposes = ["pushMode"] if inputs.proposal.mode != "push" else []
    where = git_hosts.signed_in(host, where, "DirectPush", *proposes, *(["protect"] if inputs.protect else []))
    upstream = writable(host, where)
    with log.group(f"Pushing {inputs.code_directory} to {upstream.url}"), scratch_folder() as scratch:
        wanted = Push(
            upstream=upstream,
            folder=work_tree(inputs, context),
            branch=inputs.branch,
            force=inputs.force_push,
            message=inputs.message,
            signature=inputs.signature.variables(),
            judge=functools.partial(host.explain_rejection, where),
            scratch=scratch,
            signer=inputs.signing.signer(),
            below=folder_of_repository(inputs.target_directory),
        )
        done = bring(host, where, wanted, inputs.proposal, dry_run=context.dry_run)
        if inputs.protect and not context.dry_run and host.protect_branch(where, inputs.branch):
            log.info(f"Protected {inputs.branch}.")
    outputs: dict[str, str | bool] = {"branch": done.branch, "pushed": done.pushed.pushed}
    if done.url:
        outputs["pullRequestUrl"] = done.url
    if done.pushed.pushed or not context.dry_run:
        outputs["commitSha"] = done.pushed.commit
        if (commit_url := host.commit_url(where, commit=done.pushed.commit)) is not None:
            outputs["commitUrl"] = commit_url
    return outputs


def check(inputs: Inputs, host: GitHost) -> None:
    """Raise BadInput for what can be seen to go wrong before anything is asked."""
    check_branch_name(inputs.branch, variable="BRANCH")
    inputs.proposal.check(host, inputs.branch)
    if inputs.protect:
        git_hosts.check_feature(host, "protect")
    if inputs.force_push and (inputs.proposal.mode != "push" or inputs.target_directory):
        other = "PUSH_MODE" if inputs.proposal.mode != "push" else "TARGET_DIRECTORY"
        raise BadInput(
            f"FORCE_PUSH replaces what the branch holds, and {other} keeps it.", next_step="Give one of them."
        )


def folder_of_repository(name: str) -> str:
    """Give the folder as git names it. Raises BadInput for one that leads out of the repository."""
    parts = PurePosixPath(name.strip("/")).parts
    if "\\" in name or not name.isprintable() or any(part == ".." or part.lower() == ".git" for part in parts):
        raise BadInput(
            f"{name!r} is no folder of a repository.",
            next_step="Set TARGET_DIRECTORY to one below its root, with / between names.",
        )
    return "/".join(parts)


def work_tree(inputs: Inputs, context: Context) -> Path:
    """Find the folder, also below the one that CookieCutter was told to write to."""
    folder = context.workspace.path(inputs.code_directory, what="codeDirectory")
    if folder.is_dir() or not inputs.code_output_directory:
        return folder
    below = context.workspace.path(
        f"{inputs.code_output_directory}/{inputs.code_directory}", what="codeOutputDirectory"
    )
    return below if below.is_dir() else folder


if __name__ == "__main__":
    direct_push.run()
