"""GitClone: a repository in the workspace, at the branch, tag, commit or pull request that was asked for.

The clone is made next to its place and moved there when it is whole. One that is there already is success when it is
the same; it is replaced only when nobody has touched it since an earlier run made it.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from common import log
from common.contract.inputs import option, shown
from common.contract.process import scratch_folder
from common.contract.step import Context, Outputs, step
from common.errors import BadInput, Conflict, NotAllowed, Refused
from common.git.build import Build, wanted_state
from common.git_hosts.source import Repository, source
from common.network.url import path_of

if TYPE_CHECKING:
    from common.git.checkout import Head, Options
    from common.network.settings import Network


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Which state of which repository, and where it goes."""

    repository: Repository
    build: Build
    directory: str = option(
        "cloneDirectory",
        env=["DRONE_WORKSPACE"],
        default="",
        help="Folder in the workspace that is made; the repository's name when absent. Not the workspace itself.",
    )
    depth: int = option("depth", default=0, at_least=0, help="Commits of history to fetch; 0 for all.")
    ssl_verify: bool = option("sslVerify", default=True, help="Whether the server's certificate is checked.")
    skip_verify: bool = option(
        "skipVerify", env=["GIT_SSL_NO_VERIFY"], default=False, spec=False, help="As sslVerify: false."
    )
    lfs: bool = option(
        "lfs",
        env=["DRONE_NETRC_LFS_ENABLED"],
        default=False,
        help="Get the content of files in Git LFS, not only pointers.",
    )
    debug: bool = option(
        "debug", env=["DRONE_NETRC_DEBUG"], default=False, help="Show what git prints; its progress now and then."
    )
    tags: bool = option("fetchTags", env=["DRONE_NETRC_FETCH_TAGS"], default=False, help="Fetch the tags, too.")
    sparse: list[str] = option(
        "sparseCheckout",
        env=["DRONE_NETRC_SPARSE_CHECKOUT"],
        default=[],
        help="Folders that alone are checked out; with one of *?[! in them, patterns as in .gitignore.",
    )
    submodules: str = option(
        "submoduleStrategy",
        env=["DRONE_NETRC_SUBMODULE_STRATEGY"],
        default="false",
        choices=("false", "true", "recursive"),
        help="Whether submodules are fetched: those of the repository, or theirs, too.",
    )
    before: str = option(
        "preFetchCommand",
        env=["DRONE_NETRC_PRE_FETCH"],
        default="",
        multiline=True,
        help="Command for sh, run in the empty repository before the fetch; refused unless ALLOW_PRE_FETCH_COMMAND.",
    )
    allow_before: bool = option(
        "allowPreFetchCommand",
        env=["ALLOW_PRE_FETCH_COMMAND"],
        default=False,
        spec=False,
        help="Allow preFetchCommand. Whoever can edit the pipeline can then run commands in this image.",
    )
    files: list[str] = option(
        "outputFilePathsContent",
        default=[],
        help="Files of the clone, relative to it, whose content is put out under their paths.",
    )


@step(
    type="GitClone",
    image="gitclone",
    outputs={
        "commitSha": "Commit that is checked out.",
        "branch": "Its branch, when one was asked for or is the default.",
        "commitAuthor": "Name of its author.",
        "commitMessage": "First line of its message.",
        "cloneDirectory": "Folder of the clone, relative to the workspace.",
    },
    informs=("commitAuthor", "commitMessage"),
    not_in_spec=("connectorType", "xApiKey"),
    open_outputs="The content of each file that outputFilePathsContent names, by its path: base64, with - for =.",
    opened_by="outputFilePathsContent",
)
def git_clone(inputs: Inputs, context: Context) -> Outputs:
    """Clone a git repository into the workspace."""
    from common.contract import stage  # here: --help need not wait for what clones
    from common.git import checkout, existing, state
    from common.git.command import Git
    from common.git.upstream import Upstream, login_advice

    if inputs.before and not inputs.allow_before:
        raise NotAllowed(
            "preFetchCommand is not run, for nobody has allowed it.",
            next_step="Leave it out, or set ALLOW_PRE_FETCH_COMMAND=true where the image is configured.",
        )
    url, credentials = source(inputs.repository, context)
    target = place(inputs, url, context)
    name = context.workspace.relative(target)
    wanted = wanted_state(inputs.build)
    options = options_of(inputs)
    upstream = Upstream(Git(network(inputs, context), credentials), url, context.deadline, login_advice(credentials))
    with log.group(f"Cloning {url} ({wanted}) to {name}"), scratch_folder() as scratch:
        state.check(wanted, upstream.git, cwd=scratch)
        there = state.find(wanted, upstream, cwd=scratch)
        outputs = {"cloneDirectory": name} | ({"branch": there.branch} if there.branch else {})
        if existing.keeps(target, upstream.git, url, options, lambda: state.newest(there, upstream, cwd=scratch)):
            head = checkout.head_of(upstream, target)
            log.info(f"{name} was already there, at {head.commit[:10]}; it is left as it is.")
            return outputs | told(head) | contents(inputs.files, target)
        if context.dry_run:
            commit = state.newest(there, upstream, cwd=scratch)
            log.info(f"Dry run: {commit[:10]} would be checked out in {name}.")
            return outputs | {"commitSha": commit}
        target.parent.mkdir(parents=True, exist_ok=True)
        with stage.staging(target.parent) as made:
            clone = made.project / "clone"
            before = functools.partial(prepare, inputs.before) if inputs.before else None
            head = checkout.check_out(upstream, there, options, clone, before=before, debug=inputs.debug)
            read = contents(inputs.files, clone)
            put(clone, target, made.scratch)
    log.info(f"{head.commit[:10]} by {head.author} is checked out in {name}: {head.subject}")
    return outputs | told(head) | read


def place(inputs: Inputs, url: str, context: Context) -> Path:
    """Give the folder to clone to. Raises BadInput for the workspace itself, which other steps share."""
    named = PurePosixPath(unquote(path_of(url))).name.removesuffix(".git")
    root = context.workspace.root.resolve()
    target = context.workspace.path(inputs.directory or named, what="cloneDirectory")
    if target == root and context.sources.get("cloneDirectory") == "DRONE_WORKSPACE":
        target = context.workspace.path(named, what="The repository's name")  # where every step is told the workspace
    if target == root or ".git" in target.relative_to(root).parts:
        kind = "the workspace itself" if target == root else "a folder of git's own"
        raise BadInput(
            f"cloneDirectory is {shown(inputs.directory or named)}, which is {kind}.",
            next_step="Give a folder below the workspace, as in /harness/template.",
        )
    return target


def options_of(inputs: Inputs) -> Options:
    """Give how the clone is made."""
    from common.git.checkout import Options

    return Options(
        depth=inputs.depth,
        tags=inputs.tags,
        sparse=tuple(inputs.sparse),
        submodules="" if inputs.submodules == "false" else inputs.submodules,
        lfs=inputs.lfs,
    )


def network(inputs: Inputs, context: Context) -> Network:
    """Give the network as git is to use it for this clone."""
    if inputs.ssl_verify and not inputs.skip_verify:
        return context.network
    log.warning("The server's certificate is not checked: whoever is on the way can change what is cloned.")
    return context.network._replace(environ={**context.network.environ, "GIT_SSL_NO_VERIFY": "true"})


def prepare(command: str, into: Path) -> None:
    """Run the command that comes before the fetch; it sees no credentials."""
    from common.contract import child

    log.info("Running preFetchCommand.")
    try:
        ended = child.run(["sh", "-c", command], environ=dict(os.environ), folder=into, line=log.info, merged=True)
    except child.NotStarted as error:
        raise BadInput(f"preFetchCommand could not be started: {error}.") from error
    if ended.code != 0:
        raise Refused(f"preFetchCommand ended with {ended.code}.", next_step="Correct it, or leave it out.")


def put(clone: Path, target: Path, scratch: Path) -> None:
    """Move the finished clone to its place, and what an earlier run made there out of it."""
    import errno

    earlier = scratch / "earlier"
    try:
        if target.is_dir() and any(target.iterdir()):
            target.rename(earlier)
        clone.rename(target)
    except OSError as error:
        if earlier.exists():
            earlier.rename(target)
        if error.errno not in (errno.EBUSY, errno.EXDEV, errno.ENOTEMPTY, errno.EEXIST):
            raise
        raise Conflict(
            f"The clone cannot be put to {target}: {error.strerror}.",
            next_step="Choose a cloneDirectory that does not exist and is no mount point.",
        ) from error


def contents(files: Sequence[str], clone: Path) -> dict[str, str]:
    """Give the content of files as the platform's own image puts it out: a line each, in which no `=` stands."""
    import base64

    from common.contract.workspace import Workspace

    folder, found = Workspace(clone), {}
    for name in files:
        file = folder.path(name, what="outputFilePathsContent")
        if not file.is_file():
            raise BadInput(f"outputFilePathsContent names {shown(name)}, which is no file of the repository.")
        content = file.read_bytes().rstrip(b"\n") + b"\n"
        found[name] = base64.b64encode(content).decode().replace("=", "-")
    return found


def told(head: Head) -> dict[str, str]:
    return {"commitSha": head.commit, "commitAuthor": head.author, "commitMessage": head.subject}


if __name__ == "__main__":
    git_clone.run()
