"""Which template: the inputs that name it, and the template that they name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.contract.inputs import Given, option
from common.contract.step import Context
from common.errors import BadInput
from common.git.credentials import Credentials
from common.network.url import origin, without_credentials

if TYPE_CHECKING:
    from common.template.answers import Answers
    from common.template.fetching.fetch import Fetched, Reach
    from common.template.fetching.recorded import Recorded


LoginFor = Callable[[str], Credentials | None]


def _is_named_elsewhere(given: Given) -> bool:
    """Tell whether a flag, or the answers file of a project, says which template it is."""
    return any(given[field] for field in ("describeTemplate", "updateProject", "checkUpdate"))


@dataclass(frozen=True, kw_only=True)
class TemplateInputs:
    """A template, as a user names it."""

    type: str = option(
        "templateType",
        env=["TEMPLATE_TYPE"],
        default="public",
        choices=("public", "private"),
        required_in_spec=True,
        help="public: fetched from publicTemplateUrl; private: pathForTemplate, filled by an earlier step.",
    )
    url: str = option(
        "publicTemplateUrl",
        env=["PUBLIC_TEMPLATE_URL"],
        default="",
        required_if=lambda given: given["templateType"] == "public" and not _is_named_elsewhere(given),
        help="URL of the template: of a git repository or a zip file; #FOLDER behind it is a folder in there.",
    )
    path: str = option(
        "pathForTemplate",
        env=["PATH_FOR_TEMPLATE"],
        default="",
        required_if=lambda given: given["templateType"] == "private" and not _is_named_elsewhere(given),
        help="Folder or zip file in the workspace that holds the template.",
    )
    revision: str = option(
        "templateCheckout",
        env=["TEMPLATE_CHECKOUT"],
        default="",
        spec=False,
        help="Branch, tag or commit of the template's repository; the newest of its default branch when absent.",
    )
    directory: str = option(
        "templateDirectory",
        env=["TEMPLATE_DIRECTORY"],
        default="",
        spec=False,
        help="Folder of the template in its repository; its root when absent.",
    )
    names: list[str] = option(
        "templateName",
        env=["TEMPLATE_NAME"],
        default=[],
        spec=False,
        help="Which template of a repository whose cookiecutter.json is a choice of several; one name for each level.",
    )

    def at(self, place: str) -> TemplateInputs:
        """Give the inputs of the template at another URL or path."""
        from common.template.fetching.address import is_path

        if is_path(place):
            return dataclasses.replace(self, type="private", path=place)
        return dataclasses.replace(self, type="public", url=place)

    def fetched(
        self, context: Context, login: LoginFor, scratch: Path, *, choose: bool = True, what: str = ""
    ) -> Fetched:
        """Fetch the template into `scratch`. `login`: gives that for the host of a URL; one in the URL goes before it.

        what: the input that names it, when that is none of these.
        """
        from common.template.fetching import address
        from common.template.fetching.fetch import from_path, from_url

        parts = {"revision": self.revision, "directory": self.directory, "names": tuple(self.names)}
        if self.type == "private":
            path = context.workspace.path(self.path, what=what or "pathForTemplate")
            where = address.of_path(self.path, **parts)
            root = context.workspace.root.resolve()
            return from_path(where, path, context.network, scratch, workspace=root, choose=choose)
        where, own = address.of_url(self.url, what=what or "publicTemplateUrl", **parts)
        return from_url(where, reach(where.url, context, own or login(where.place)), scratch, choose=choose)

    @property
    def home(self) -> str:
        """The URL without credentials; empty when there is none."""
        return without_credentials(self.url.partition("#")[0]) if self.type == "public" else ""

    def recorded(self, answers: Answers, context: Context, login: LoginFor) -> Recorded:
        """Give the template that an answers file names, from where these inputs say that it is now, if they do."""
        from common.git.command import Git
        from common.template.fetching import address
        from common.template.fetching.recorded import AtUrl, in_workspace

        own = self.path if self.type == "private" else self.url
        asked = self if own else self.at(answers.template)
        directory = self.directory or ("" if "#" in self.url else answers.directory or "")
        parts = {"revision": self.revision or answers.checkout or "", "directory": directory}
        if asked.type == "private" and asked.path:
            where = address.of_path(asked.path, **parts)
            path = context.workspace.path(asked.path, what="The template of the answers file")
            return in_workspace(where, path, context.workspace.root.resolve(), Git(context.network))
        where, login_of_url = address.of_url(asked.url, what="The template of the answers file", **parts)
        if where.is_zip:
            raise BadInput(
                f"The template {where.place} is a zip file, which has no history to update from.",
                next_step="Give the address of its git repository as PUBLIC_TEMPLATE_URL.",
            )
        return AtUrl(where, reach(where.url, context, login_of_url or login(where.place)))


def reach(url: str, context: Context, login: Credentials | None) -> Reach:
    """Tell how the URL is reached: with the login when that is for its host."""
    from common.template.fetching.fetch import Reach

    there = origin(url)
    credentials = None
    if login is not None and login.origin.lower() == there.lower():
        credentials = login._replace(origin=there)
    return Reach(network=context.network, deadline=context.deadline, credentials=credentials)
