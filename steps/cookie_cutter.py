"""CookieCutter: a project folder, rendered from a template.

The project is rendered next to its place and moved there when it is whole. One that is there already is success when it
is the same, and a conflict when it is not.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from common import log
from common.contract.inputs import option
from common.contract.process import scratch_folder
from common.contract.stage import staging
from common.contract.step import Context, Outputs, step
from common.git_hosts.connector import GitLogin
from common.template.fetching.describing import described
from common.template.fetching.inputs import TemplateInputs
from common.template.folder import files_of, place
from common.template.rendering import render


@dataclass(frozen=True, kw_only=True)
class Inputs:
    template: TemplateInputs
    login: GitLogin
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
        "fileCount": "Number of files in the rendered project.",
    },
)
def cookie_cutter(inputs: Inputs, context: Context) -> Outputs:
    """Render a project from a cookiecutter template."""
    if inputs.describe:
        return describe(inputs, context)
    output = context.workspace.path(inputs.output_directory, what="outputDirectory")
    with scratch_folder() as scratch:
        template = inputs.template.fetched(context, inputs.login.credentials(), scratch)
        with staging(scratch if context.dry_run else context.workspace.root) as stage:
            project = render(
                stage,
                template.folder,
                repository=template.repository,
                told=template.told,
                given=inputs.variables,
                strict=inputs.strict,
                output=output,
                hook_timeout=inputs.hook_timeout,
            ).project
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
    return outputs | ({"templateCommit": template.commit} if template.commit else {})


def describe(inputs: Inputs, context: Context) -> Outputs:
    """Print the schema of the template's variables; it is no output, for there is nothing that a later step does."""
    with scratch_folder() as scratch:
        template = inputs.template.at(inputs.describe)
        found = described(template.fetched(context, inputs.login.credentials(), scratch, choose=False))
    sys.stdout.write(f"{json.dumps(found, indent=2, ensure_ascii=False)}\n")
    return {}


if __name__ == "__main__":
    raise SystemExit(cookie_cutter.main())
