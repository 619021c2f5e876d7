"""CookieCutter: a project folder, rendered from a template.

The project is rendered next to its place and moved there when it is whole. One that is there already is success when it
is the same, and a conflict when it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from common import log
from common.contract.inputs import option
from common.contract.process import scratch_folder
from common.contract.step import Context, Outputs, step
from common.errors import BadInput
from common.git import lfs
from common.git.clone import clone
from common.git.command import Git, GitFailed
from common.git.credentials import Credentials
from common.git.upstream import Upstream
from common.git.work_tree import tracks_lfs
from common.network.url import checked as checked_url
from common.network.url import origin, without_credentials
from common.secret import Secret
from common.template.folder import files_of, place
from common.template.rendering import render
from common.template.stage import staging

NO_URL = (
    "Give the address that git clones from over HTTPS; for a folder of the workspace set templateType to private and"
    " pathForTemplate to it."
)
NOT_PUBLIC = (
    "Check the address, for hosts say that of a repository that does not exist, too; clone one that is not public"
    " with a GitClone step, and set templateType to private and pathForTemplate to where it is."
)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    template_type: str = option(
        "templateType",
        env=["TEMPLATE_TYPE"],
        default="public",
        choices=("public", "private"),
        help="public: cloned from publicTemplateUrl; private: the folder pathForTemplate, filled by an earlier step.",
    )
    template_url: str = option(
        "publicTemplateUrl",
        env=["PUBLIC_TEMPLATE_URL"],
        default="",
        required_if=lambda given: given["templateType"] == "public",
        help="Git URL of a public template.",
    )
    template_path: str = option(
        "pathForTemplate",
        env=["PATH_FOR_TEMPLATE"],
        default="",
        required_if=lambda given: given["templateType"] == "private",
        help="Folder in the workspace that holds the template.",
    )
    output_directory: str = option(
        "outputDirectory",
        env=["OUTPUT_DIRECTORY"],
        default=".",
        help="Folder in the workspace below which the project is written.",
    )
    variables: dict[str, Any] = option(
        "cookieCutterVariables",
        env=["COOKIECUTTER_VARIABLES"],
        prefix="IDP_COOKIECUTTER_",
        default={},
        help="Variables of the template: one JSON or YAML map, or one variable each.",
    )
    verbose: bool = option("verbose", env=["VERBOSE"], default=False, help="Log more, and the detail of errors.")
    overwrite: bool = option(
        "overwriteIfExists",
        env=["OVERWRITE_IF_EXISTS"],
        default=False,
        help="Replace files of a project folder that is there already and differs.",
    )
    strict: bool = option(
        "strictVariables",
        env=["STRICT_VARIABLES"],
        default=False,
        spec=False,
        help="Refuse variables that the template does not have; otherwise they are ignored with a warning.",
    )
    hook_timeout: int = option(
        "hookTimeout",
        env=["HOOK_TIMEOUT"],
        default=600,
        at_least=1,
        spec=False,
        help="Seconds that each hook of the template may take.",
    )

    @property
    def address(self) -> str:
        """The template as the user named it, without credentials."""
        return self.template_path if self.template_type == "private" else without_credentials(self.template_url)


@step(
    type="CookieCutter",
    image="cookiecutter",
    outputs={
        "projectDirectory": "Folder of the project, relative to the workspace.",
        "templateCommit": "Commit of the template; absent when the template is no git repository.",
        "fileCount": "Number of files in the rendered project.",
    },
)
def cookie_cutter(inputs: Inputs, context: Context) -> Outputs:
    """Render a project from a cookiecutter template."""
    output = context.workspace.path(inputs.output_directory, what="outputDirectory")
    tool = Git(context.network)
    with scratch_folder() as scratch:
        template = fetch(inputs, context, tool, scratch)
        commit = commit_of(tool, template)
        with staging(scratch if context.dry_run else context.workspace.root) as stage:
            project = render(
                stage,
                template,
                address=inputs.address,
                given=inputs.variables,
                strict=inputs.strict,
                output=output,
                hook_timeout=inputs.hook_timeout,
            )
            count = len(files_of(project))
            target = context.workspace.path(str(output / project.name), what="The project folder")
            name = context.workspace.relative(target)
            if not place(project, target, overwrite=inputs.overwrite, dry_run=context.dry_run):
                log.info(f"{name} was already there, and the same.")
            elif context.dry_run:
                log.info(f"Dry run: {count} files would be written to {name}.")
            else:
                log.info(f"Rendered {count} files into {name}.")
    outputs: dict[str, str | int] = {"projectDirectory": name, "fileCount": count}
    return outputs | ({"templateCommit": commit} if commit else {})


def fetch(inputs: Inputs, context: Context, tool: Git, scratch: Path) -> Path:
    """Give the folder of the template, cloned when it is public."""
    if inputs.template_type == "private":
        template = context.workspace.path(inputs.template_path, what="pathForTemplate")
        if not template.is_dir():
            raise BadInput(
                f"There is no template in {template}.",
                next_step="Set pathForTemplate to the folder that a GitClone step before this one filled.",
            )
        return template
    template = scratch / "template"
    url = inputs.template_url
    parts = checked_url(url, what="publicTemplateUrl", next_step=NO_URL)
    if parts.username:
        login = Credentials(origin(url), unquote(parts.username), Secret(unquote(parts.password or "")))
        tool, url = Git(context.network, login), inputs.address
    log.info(f"Cloning the template {url}.")
    clone(Upstream(tool, url, context.deadline, NOT_PUBLIC), template)
    if tracks_lfs(template) and not lfs.is_installed():
        log.warning("The template keeps files in Git LFS, and there is no git-lfs here; they come as pointers.")
    return template


def commit_of(tool: Git, template: Path) -> str:
    """Give the commit of the template; empty when it is no git repository of its own."""
    if not (template / ".git").exists():
        return ""
    try:
        return tool.run("rev-parse", "HEAD", cwd=template).strip()
    except GitFailed:
        return ""


if __name__ == "__main__":
    raise SystemExit(cookie_cutter.main())
