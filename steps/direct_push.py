"""DirectPush: the files of a folder, committed and pushed to a branch.

The branch's own history is kept: files are laid over what it holds, unless forcePush says to replace it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from common import git_hosts, log
from common.contract.inputs import option
from common.contract.process import scratch_folder
from common.contract.step import Context, Outputs, step
from common.git.command import Git
from common.git.push import Push, push
from common.git.upstream import Upstream, login_advice
from common.git_hosts import lacking
from common.git_hosts.context import HostInputs


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who the commit is by. The names are git's own variables."""

    author_name: str = option(
        "authorName", env=["GIT_AUTHOR_NAME"], default="idp-steps", spec=False, help="Author of the commit."
    )
    author_email: str = option(
        "authorEmail",
        env=["GIT_AUTHOR_EMAIL"],
        default="idp-steps@noreply.invalid",
        spec=False,
        help="E-mail address of the author.",
    )
    committer_name: str = option(
        "committerName", env=["GIT_COMMITTER_NAME"], default="", spec=False, help="Committer; the author when absent."
    )
    committer_email: str = option(
        "committerEmail",
        env=["GIT_COMMITTER_EMAIL"],
        default="",
        spec=False,
        help="E-mail address of the committer; the author's when absent.",
    )

    def variables(self) -> dict[str, str]:
        """Give the signature as git reads it."""
        return {
            "GIT_AUTHOR_NAME": self.author_name,
            "GIT_AUTHOR_EMAIL": self.author_email,
            "GIT_COMMITTER_NAME": self.committer_name or self.author_name,
            "GIT_COMMITTER_EMAIL": self.committer_email or self.author_email,
        }


@dataclass(frozen=True, kw_only=True)
class Inputs:
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
    message: str = option(
        "commitMessage",
        env=["COMMIT_MESSAGE"],
        default="Initial commit by the developer portal",
        multiline=True,
        spec=False,
        help="Commit message.",
    )
    signature: Signature


@step(
    type="DirectPush",
    image="directpush",
    outputs={
        "commitSha": "Commit that the branch holds now.",
        "commitUrl": "Browser URL of that commit, where the host shows one.",
        "branch": "The branch.",
        "pushed": "true when this run pushed it, false when there was nothing to commit.",
    },
    lacks=lacking.lacks("DirectPush", token=True),
)
def direct_push(inputs: Inputs, context: Context) -> Outputs:
    """Commit the files of a folder and push them to a branch."""
    host, where = git_hosts.open_host(inputs.host, context, step_type="DirectPush")
    credentials = host.git_credentials(where)
    url = host.clone_url(where)
    with log.group(f"Pushing {inputs.code_directory} to {url}"), scratch_folder() as scratch:
        done = push(
            Push(
                upstream=Upstream(Git(context.network, credentials), url, context.deadline, login_advice(credentials)),
                folder=work_tree(inputs, context),
                branch=inputs.branch,
                force=inputs.force_push,
                message=inputs.message,
                signature=inputs.signature.variables(),
                judge=functools.partial(host.explain_rejection, where),
                scratch=scratch,
            ),
            dry_run=context.dry_run,
        )
    outputs: dict[str, str | bool] = {"branch": inputs.branch, "pushed": done.pushed}
    if done.pushed or not context.dry_run:
        outputs["commitSha"] = done.commit
        if (commit_url := host.commit_url(where, commit=done.commit)) is not None:
            outputs["commitUrl"] = commit_url
    return outputs


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
    raise SystemExit(direct_push.main())
