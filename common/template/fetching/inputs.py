"""Which template: the inputs that name it, and the template that they name."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from common.contract.inputs import option
from common.contract.step import Context
from common.git.credentials import Credentials
from common.network.url import origin
from common.template.fetching import address
from common.template.fetching.fetch import Fetched, Reach, from_path, from_url


@dataclass(frozen=True, kw_only=True)
class TemplateInputs:
    """A template, as a user names it."""

    type: str = option(
        "templateType",
        env=["TEMPLATE_TYPE"],
        default="public",
        choices=("public", "private"),
        help="public: fetched from publicTemplateUrl; private: pathForTemplate, filled by an earlier step.",
    )
    url: str = option(
        "publicTemplateUrl",
        env=["PUBLIC_TEMPLATE_URL"],
        default="",
        required_if=lambda given: given["templateType"] == "public" and not given["describeTemplate"],
        help="URL of the template: of a git repository or a zip file; #FOLDER behind it is a folder in there.",
    )
    path: str = option(
        "pathForTemplate",
        env=["PATH_FOR_TEMPLATE"],
        default="",
        required_if=lambda given: given["templateType"] == "private" and not given["describeTemplate"],
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
        if "://" in place:
            return dataclasses.replace(self, type="public", url=place)
        return dataclasses.replace(self, type="private", path=place)

    def fetched(self, context: Context, login: Credentials | None, scratch: Path, *, choose: bool = True) -> Fetched:
        """Fetch the template into `scratch`. `login` is used for its own host; one in the URL goes before it."""
        parts = {"revision": self.revision, "directory": self.directory, "names": tuple(self.names)}
        if self.type == "private":
            path = context.workspace.path(self.path, what="pathForTemplate")
            where = address.of_path(self.path, **parts)
            root = context.workspace.root.resolve()
            return from_path(where, path, context.network, scratch, workspace=root, choose=choose)
        where, own = address.of_url(self.url, what="publicTemplateUrl", **parts)
        return from_url(where, reach(where.url, context, own or login), scratch, choose=choose)


def reach(url: str, context: Context, login: Credentials | None) -> Reach:
    """Tell how the URL is reached: with the login when that is for its host."""
    there = origin(url)
    credentials = None
    if login is not None and login.origin.lower() == there.lower():
        credentials = dataclasses.replace(login, origin=there)
    return Reach(network=context.network, deadline=context.deadline, credentials=credentials)
