"""CookieCutter: a project folder, rendered from a template.

The project is rendered next to its place and moved there when it is whole. One that is there already is success when it
is the same, and a conflict when it is not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import log
from common.contract.inputs import option
from common.contract.process import scratch_folder
from common.contract.step import Context, Outputs, step
from common.errors import counted
from common.git.credentials import Credentials
from common.git.login import GitHubApp, GitLogin
from common.git.signature import Signature
from common.template.fetching.inputs import TemplateInputs
from common.template.words import HOOKS

if TYPE_CHECKING:
    from common.contract.stage import Stage
    from common.template.fetching.fetch import Fetched
    from common.template.rendering import Rendered


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Which template, with which values, and where the project goes."""

    template: TemplateInputs
    login: GitLogin
    app: GitHubApp
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
        help="Variables of the template: a JSON or YAML map, and one variable each, which go before the map.",
    )
    verbose: bool = option("verbose", env=["VERBOSE"], default=False, help="Log more, and the detail of errors.")
    overwrite: bool = option(
        "overwriteIfExists",
        env=["OVERWRITE_IF_EXISTS"],
        default=False,
        help="Replace files of a project folder that is there already and differs.",
    )
    skip: bool = option(
        "skipIfExists",
        env=["SKIP_IF_EXISTS"],
        default=False,
        spec=False,
        help="Leave files of a project folder that are there already as they are, and add the others.",
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
    hooks: str = option(
        "hooks",
        env=["HOOKS"],
        default="all",
        choices=HOOKS,
        spec=False,
        help="Hooks of the template that are run: before the files are written (pre), after that (post), both or none.",
    )
    signature: Signature
    max_file_size: int = option(
        "maxFileSize",
        env=["MAX_FILE_SIZE"],
        default=100 * 1024 * 1024,
        at_least=1,
        spec=False,
        help="Bytes that a rendered file may have; it bounds the memory, too. GitHub takes none above the default.",
    )
    answers_file: bool = option(
        "answersFile",
        env=["ANSWERS_FILE"],
        default=True,
        spec=False,
        help="Write .cruft.json into a project whose template has a commit: what an update starts from.",
    )
    update_project: str = option(
        "updateProject",
        env=["UPDATE_PROJECT"],
        default="",
        spec=False,
        help="Bring the project in this folder to the newest state of the template that its .cruft.json names.",
    )
    check_update: bool = option(
        "checkUpdate",
        env=["CHECK_UPDATE"],
        default=False,
        spec=False,
        help="Only tell whether the template of the project in updateProject, or in the workspace itself, has changed.",
    )
    describe: str = option(
        "describeTemplate",
        env=["DESCRIBE_TEMPLATE"],
        default="",
        spec=False,
        help="Print the variables of the template at this URL or path as a JSON schema, and do nothing else.",
    )


@step(
    type="CookieCutter",
    image="cookiecutter",
    outputs={
        "projectDirectory": "Folder of the project, relative to the workspace.",
        "templateCommit": "Commit of the template; absent when the template is no git repository.",
        "fileCount": "Number of files in the project; absent for an update, and for a dry run that leaves out hooks.",
        "updateAvailable": "true when the project is from another commit of its template; with CHECK_UPDATE only.",
        "updatedFiles": "Number of files that an update changed; with UPDATE_PROJECT only.",
    },
)
def cookie_cutter(inputs: Inputs, context: Context) -> Outputs:
    """Render a project from a cookiecutter template."""
    from common.template import answers  # here: --help need not wait for what renders
    from common.template.folder import place

    if inputs.describe:
        return describe(inputs, context)
    if inputs.update_project or inputs.check_update:
        return update(inputs, context)
    output = context.workspace.path(inputs.output_directory, what="outputDirectory")
    with scratch_folder() as scratch:
        template = inputs.template.fetched(context, login_of(inputs, context), scratch)
        with stages(context, scratch) as stage:
            rendered = render_into(inputs, stage, template, inputs.variables, output, dry_run=context.dry_run)
            count = rendered.count
            target = context.workspace.path(str(output / rendered.project.name), what="The project folder")
            name = context.workspace.relative(target)
            if inputs.answers_file:
                answers.add(template, rendered, target)
            unsure = bool(context.dry_run and rendered.left_out)  # what they would change is not known
            if unsure and target.exists():
                log.info(f"Dry run: {name} is there already; whether it differs, its hooks decide.")
            elif not place(
                rendered.project, target, overwrite=inputs.overwrite, skip=inputs.skip, dry_run=context.dry_run
            ):
                log.info(f"{name} was already there, and the same.")
            elif context.dry_run:
                log.info(f"Dry run: {counted(count, 'file')} would be written to {name}.")
            else:
                log.info(f"Rendered {counted(count, 'file')} into {name}.")
    outputs: dict[str, str | int] = {"projectDirectory": name} | ({} if unsure else {"fileCount": count})
    return outputs | ({"templateCommit": template.commit} if template.commit else {})


def login_of(inputs: Inputs, context: Context) -> Callable[[str], Credentials | None]:
    """Give what gives the login for the host of a template's address."""
    from common.git_hosts.by_url import login_for

    return lambda url: login_for(url, inputs.login, inputs.app, context, step_type="CookieCutter")


def render_into(  # noqa: PLR0913 - what is rendered, with what, and where to
    inputs: Inputs, stage: Stage, template: Fetched, given: Mapping[str, Any], output: Path, *, dry_run: bool
) -> Rendered:
    """Render the template into the stage. A dry run runs no hook of it, and says so."""
    from common.template.rendering import render

    rendered = render(
        stage,
        template.folder,
        around=template.around,
        repository=template.repository,
        told=template.told,
        given=given,
        strict=inputs.strict,
        output=output,
        hooks="none" if dry_run else inputs.hooks,
        hook_timeout=inputs.hook_timeout,
        signature=inputs.signature.variables(),
        largest=inputs.max_file_size,
    )
    if rendered.left_out:
        log.info(f"Hooks of the template that are not run: {', '.join(rendered.left_out)}.")
    return rendered


def stages(context: Context, scratch: Path) -> AbstractContextManager[Stage]:
    from common.contract.stage import staging

    return staging(scratch if context.dry_run else context.workspace.root)


def update(inputs: Inputs, context: Context) -> Outputs:
    """Bring an existing project to the newest state of its template, or tell whether there is a newer one."""
    from common.contract.stage import clear
    from common.git.command import Git
    from common.template import answers, updating

    if not context.dry_run:
        clear(context.workspace.root)  # also when there is nothing to do, as after a kill at the very end
    project = context.workspace.path(inputs.update_project or ".", what="updateProject")
    known = answers.read(project)
    template = inputs.template.recorded(known, context, login_of(inputs, context))
    outputs: dict[str, str | int | bool] = {"projectDirectory": context.workspace.relative(project)}
    with scratch_folder() as scratch:
        if inputs.check_update:
            newest = template.newest(scratch)
            available = not known.commit.startswith(newest)
            log.info(f"The project is from {known.commit} of its template, which is at {newest} now.")
            return outputs | {"updateAvailable": available, "templateCommit": newest}
        done = updating.update(
            updating.Update(
                project=project,
                name=str(outputs["projectDirectory"]),
                answers=known,
                template=template,
                home=inputs.template.home or known.template,
                checkout=inputs.template.revision or known.checkout,
                given=inputs.variables,
                overwrite=inputs.overwrite,
                skip=inputs.skip,
                dry_run=context.dry_run,
            ),
            Git(context.network),
            scratch,
            lambda stage, state, given: render_into(
                inputs, stage, state, given, project.parent, dry_run=context.dry_run
            ),
            lambda: stages(context, scratch),
        )
    return outputs | {"updatedFiles": done.changed, "templateCommit": done.commit}


def describe(inputs: Inputs, context: Context) -> Outputs:
    """Print the schema of the template's variables; it is no output, for there is nothing that a later step does."""
    from common.template.fetching.describing import described

    with scratch_folder() as scratch:
        template = inputs.template.at(inputs.describe)
        login = login_of(inputs, context)
        found = described(template.fetched(context, login, scratch, choose=False, what="describeTemplate"))
    sys.stdout.write(f"{json.dumps(found, indent=2, ensure_ascii=False)}\n")
    return {}


if __name__ == "__main__":
    cookie_cutter.run()
