"""What a user names a template by, taken apart. Nothing is fetched here."""

from __future__ import annotations

import posixpath
import re
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from common.errors import BadInput
from common.git.credentials import Credentials, in_url
from common.network.url import checked, without_credentials

NO_URL = (
    "Give the address that git clones from over HTTPS; for a folder of the workspace set templateType to private and"
    " pathForTemplate to it."
)
SHORT = {  # cookiecutter's own abbreviations, which are in the instructions of many templates
    "gh:": "https://github.com/",
    "gl:": "https://gitlab.com/",
    "bb:": "https://bitbucket.org/",
}
PAGES = re.compile(  # of a host's site, that show a folder of a repository
    r"(?P<repository>https?://(?:[^/@]+@)?"
    r"(?:github\.com/[^/]+/[^/]+(?=/tree/)|bitbucket\.org/[^/]+/[^/]+(?=/src/)|.+(?=/-/tree/)))"
    r"(?:/-)?/(?:tree|src)/(?P<revision>[^/]+)/?(?P<folder>.*?)/?"
)
OVER_SSH = re.compile(r"[\w.+-]+@(?P<host>[\w.-]+):(?P<path>[^:]+)")
FOLDER_ADVICE = "Give the path of a folder in it, as in templates/service."


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a template is.

    place: a URL without credentials, or a path as it was given. query: the URL's, which may hold a signature and is
    not shown. revision: the branch, tag or commit; empty for the newest. directory: the folder in there; empty for the
    root. names: which of nested templates, one for each level.
    """

    place: str
    query: str = field(default="", repr=False)
    revision: str = ""
    directory: str = ""
    names: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The whole address to ask for."""
        return f"{self.place}?{self.query}" if self.query else self.place

    @property
    def is_url(self) -> bool:
        return "://" in self.place

    @property
    def is_zip(self) -> bool:
        return urllib.parse.urlsplit(self.place).path.lower().endswith(".zip")

    def named(self, folder: str) -> str:
        """Give the address of a folder inside."""
        if folder in ("", "."):
            return self.place
        return f"{self.place}#{folder}" if self.is_url or self.is_zip else posixpath.join(self.place, folder)


def of_url(url: str, *, what: str, **parts: Any) -> tuple[Address, Credentials | None]:
    """Read a URL, whose fragment names a folder, and the login in it. Raises BadInput, naming the input as `what`."""
    plain, _, fragment = url.partition("#")
    full = _over_https(plain)
    checked(plain, what=what, next_step=f"Give its address over HTTPS: {full}" if full else NO_URL)
    _check_page(plain.partition("?")[0], what)
    split = urllib.parse.urlsplit(plain)
    place = without_credentials(split._replace(query="").geturl())
    address = _address(place, urllib.parse.unquote(fragment), what=f"The folder in {what}", query=split.query, **parts)
    return address, in_url(plain)


def _over_https(place: str) -> str:
    """Give the address that an abbreviation, or one for SSH, stands for; empty for everything else."""
    if place[:3] in SHORT:
        return SHORT[place[:3]] + place[3:]
    found = OVER_SSH.fullmatch(place)
    return f"https://{found['host']}/{found['path']}" if found else ""


def _check_page(url: str, what: str) -> None:
    """Refuse the address of a page that shows a folder, for git cannot clone it."""
    if page := PAGES.fullmatch(url):
        revision = f"TEMPLATE_CHECKOUT to {page['revision']}"
        parts = [revision, *([f"TEMPLATE_DIRECTORY to {page['folder']}"] if page["folder"] else [])]
        raise BadInput(
            f"{what} is {without_credentials(url)[:200]!r}, a page that shows a repository, and not its own address.",
            next_step=f"Set it to {without_credentials(page['repository'])}, and {' and '.join(parts)}.",
        )


def is_path(place: str) -> bool:
    """Tell whether it names a place in the workspace: no URL, no git@host:path, and no abbreviation of one."""
    return re.match(r"[\w.+-]+(@[\w.-]+)?:", place) is None


def of_path(path: str, **parts: Any) -> Address:
    """Read a path in the workspace."""
    return _address(path, "", what="", **parts)


def _address(place: str, fragment: str, *, what: str, directory: str, **parts: Any) -> Address:
    given = _inside(fragment, what)
    asked = _inside(directory, "templateDirectory")
    if given and asked and given != asked:
        raise BadInput(
            f"{what} is {given!r}, and templateDirectory is {asked!r}.", next_step="Give one of them, or the same."
        )
    address = Address(place=place, directory=given or asked, **parts)
    if address.revision and address.is_zip:
        raise BadInput(
            f"templateCheckout is {address.revision!r}, and {place} is a zip file, which holds one state.",
            next_step="Leave templateCheckout out, or give the address of the git repository.",
        )
    return address


def _inside(path: str, what: str) -> str:
    """Give the relative path of a folder in its plainest form; empty for the root itself."""
    plain = posixpath.normpath(path) if path else "."
    if plain.startswith(("/", "../")) or plain == ".." or not plain.isprintable() or "\\" in plain:
        raise BadInput(f"{what} is {path[:100]!r}, which names no folder of the template.", next_step=FOLDER_ADVICE)
    return "" if plain == "." else plain
