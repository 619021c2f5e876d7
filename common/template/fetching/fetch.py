"""Fetching a template: a repository or zip file over the network, or what lies in the workspace, and the folder in it.

Nothing of it is run. No credential is in a URL, an argument or a file; each goes to its own host alone.
"""

from __future__ import annotations

import base64
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common import log
from common.errors import BadInput
from common.git.credentials import Credentials
from common.network.deadline import Deadline
from common.network.settings import Network
from common.network.url import checked, without_credentials
from common.secret import Secret
from common.template.fetching import nested
from common.template.fetching.address import Address
from common.template.variables import CONTEXT_FILE

if TYPE_CHECKING:
    from common.git.command import Git
    from common.git.upstream import Upstream

LARGEST_ZIP = 256 * 1024 * 1024  # bytes
NOT_PUBLIC = (
    "Check the address, for hosts say that of a repository that does not exist, too; for one that is not public, give"
    " the user name and token for its host (DRONE_NETRC_MACHINE, DRONE_NETRC_USERNAME, DRONE_NETRC_PASSWORD), or clone"
    " it with a GitClone step, and set templateType to private and pathForTemplate to where it is."
)
DEPTHS = tuple(f"{'*/' * depth}{CONTEXT_FILE}" for depth in range(4))  # in which templates are looked for
NAMED = 20
LOGIN = "the user name and token for its host (DRONE_NETRC_MACHINE, DRONE_NETRC_USERNAME, DRONE_NETRC_PASSWORD)"


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A template on this disk.

    folder: that of its cookiecutter.json; around: those of the choices of templates that it was chosen from, the
    outermost first. repository: the one around all, which no link may leave. commit: empty when it is in no git
    repository. home: where that can be cloned from. told: where the template comes from, by the variables that it can
    print.
    """

    folder: Path
    around: Sequence[Path]
    repository: Path
    commit: str
    home: str
    address: Address
    told: Mapping[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How the network is reached: with which login for its host, until when."""

    network: Network
    deadline: Deadline
    credentials: Credentials | None = None

    def upstream(self, url: str) -> Upstream:
        from common.git.command import Git
        from common.git.upstream import Upstream

        return Upstream(Git(self.network, self.credentials), url, self.deadline, NOT_PUBLIC)


def from_url(address: Address, reach: Reach, scratch: Path, *, choose: bool = True) -> Fetched:
    """Fetch a git repository or a zip file into a new folder of `scratch`. `choose`: among nested templates."""
    if address.is_zip:
        from common.network.download import download
        from common.template.fetching import archive

        file = scratch / "template.zip"
        log.info(f"Downloading the template {address.place}.")
        download(
            address.url,
            file,
            network=reach.network,
            deadline=reach.deadline,
            headers=_basic(reach.credentials),
            largest=LARGEST_ZIP,
            login=LOGIN,
        )
        root = archive.unpack(file, _fresh(scratch / "unpacked"), name=address.place)
        file.unlink()
        return located(address, root, "", choose=choose)
    from common.git import lfs, submodules
    from common.git.clone import clone

    root = scratch / "template"
    if root.exists():
        shutil.rmtree(root)
    log.info(f"Cloning the template {address.place}{f' at {address.revision}' if address.revision else ''}.")
    upstream = reach.upstream(address.url)
    clone(upstream, root, revision=address.revision)
    submodules.fetch(upstream, root)
    lfs.fetch(upstream, root)
    return located(address, root, commit_of(upstream.git, root), choose=choose)


def from_path(  # noqa: PLR0913 - what is where
    address: Address, path: Path, network: Network, scratch: Path, *, workspace: Path, choose: bool = True
) -> Fetched:
    """Find a template in a folder or zip file of the workspace. A git repository around it is told by its commit."""
    if address.is_zip and path.is_file():
        from common.template.fetching import archive

        root = archive.unpack(path, _fresh(scratch / "unpacked"), name=address.place)
        return located(address, root, "", choose=choose)
    if not path.is_dir():
        raise BadInput(
            f"There is no template in {path}.",
            next_step="Give a folder or zip file of the workspace, as a GitClone step before this one fills it; for one"
            " that is elsewhere, its https address.",
        )
    if address.revision:
        raise BadInput(
            f"templateCheckout is {address.revision!r}, and the template is a folder, which is taken as it is.",
            next_step="Have the GitClone step check it out, or set publicTemplateUrl.",
        )
    around = repository_of(path, workspace)
    if around is None:
        return located(address, path, "", choose=choose)
    from common.git.command import Git

    git = Git(network)
    home = _home_of(git, around) or around.relative_to(workspace).as_posix()
    return located(address, path, commit_of(git, around), within=around, home=home, choose=choose)


def commit_of(git: Git, repository: Path) -> str:
    """Give the commit that is checked out; empty when there is none."""
    from common.git.command import GitFailed

    try:
        return git.run("rev-parse", "--quiet", "--verify", "HEAD", cwd=repository).strip()
    except GitFailed:
        return ""


def _home_of(git: Git, repository: Path) -> str:
    """Give the address that a repository was cloned from, without credentials; empty for any but http and https."""
    from common.git.command import GitFailed

    try:
        url = git.run("config", "--get", "remote.origin.url", cwd=repository).strip()
        checked(url, what="", next_step="")
    except (GitFailed, BadInput):
        return ""
    return without_credentials(url)


def located(  # noqa: PLR0913 - what is where
    address: Address, root: Path, commit: str, *, within: Path | None = None, home: str = "", choose: bool = True
) -> Fetched:
    """Find the template in what was fetched into `root`, whose links may lead to all of `within`."""
    root, within = root.resolve(), (within or root).resolve()
    given = (root / address.directory).resolve()
    if not given.is_dir() or not given.is_relative_to(within):
        raise BadInput(f"The template {address.place} has no folder {address.directory!r}.", next_step=_folders(root))
    _check_context(given, within, root)
    folder, around = given, list[Path]()
    if choose:
        folder, around = nested.chosen(given, address.names, within=within)
        _check_context(folder, within, root)
    elsewhere = address.is_url or address.is_zip  # where it is here would be different every time
    template, repo_dir = address.place, address.named(address.directory)
    if folder != given:  # as the command line does, which takes a nested template for one of its own
        template = repo_dir = address.named(folder.relative_to(root).as_posix()) if elsewhere else str(folder)
    told = {"_template": template, "_repo_dir": repo_dir, "_checkout": address.revision or None}
    home = home or address.place
    return Fetched(
        folder=folder, around=around, repository=within, commit=commit, home=home, address=address, told=told
    )


def _check_context(folder: Path, within: Path, root: Path) -> None:
    file = folder / CONTEXT_FILE
    if file.is_symlink() and not file.resolve().is_relative_to(within):
        raise BadInput(
            f"The template's {CONTEXT_FILE} is a link to a place outside the template.",
            next_step="Replace the link by a copy of the file.",
        )
    if not file.is_file():
        raise BadInput(f"The template has no {CONTEXT_FILE} at its root.", next_step=_folders(root))


def _folders(root: Path) -> str:
    """Say in which folders there is a template."""
    places = sorted(path.parent.relative_to(root).as_posix() for depth in DEPTHS for path in root.glob(depth))
    listed = ", ".join("its root" if place == "." else place for place in places[:NAMED])
    if not places:
        return f"Give the repository or folder that holds a {CONTEXT_FILE}."
    return f"Set TEMPLATE_DIRECTORY to the folder that holds it; there is one in {listed}."


def repository_of(folder: Path, workspace: Path) -> Path | None:
    """Give the git repository that a folder of the workspace is in."""
    around = [folder, *(parent for parent in folder.parents if parent.is_relative_to(workspace))]
    return next((place for place in around if (place / ".git").exists()), None)


def _fresh(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    return folder


def _basic(credentials: Credentials | None) -> dict[str, str | Secret]:
    if credentials is None:
        return {}
    pair = f"{credentials.username}:{credentials.password.reveal()}"
    return {"Authorization": Secret("Basic " + base64.b64encode(pair.encode()).decode())}
