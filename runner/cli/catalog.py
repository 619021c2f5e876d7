"""`idp-steps catalog`: fills a catalog from the repositories of an owner, and finds what it holds in vain.

What they need is declared as the inputs of a step are: each has its flag and its variables, and --help lists them.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Any

import click

from common import log, secret
from common.catalogs import importing, table, tidying, words
from common.catalogs.group import EXISTED, MADE
from common.catalogs.importing import Importing, Result
from common.catalogs.tidying import Found, Tidied, Unread
from common.contract import flags, process
from common.contract.describe import Declaration
from common.contract.inputs import option, options_of
from common.contract.resolve import resolve
from common.contract.step import RunOptions
from common.errors import BadInput
from common.git.signature import Signature
from common.git_hosts import ListedRepository, check_feature, checked_host, signed_in
from common.git_hosts.context import HostContext, HostInputs
from common.git_hosts.proposal import Proposal
from common.network.deadline import Deadline
from common.network.settings import Network
from runner.execution.report import Report, complain, to

WITHOUT = ("dryRun", "outputFile", "outputFormat")  # options of steps that have no meaning here
WRONG = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)  # of a template's own
AS_A_STEP = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


@dataclass(frozen=True, kw_only=True)
class ImportInputs:
    host: HostInputs
    catalog_type: str = words.type_option()
    catalogs: table.Catalogs
    paths: list[str] = option(
        "paths",
        env=["CATALOG_PATHS"],
        default=["catalog-info.yaml", "idp.yaml"],
        spec=False,
        help="Where a catalog file may be in a repository; the first that is there counts, and a new one is the first.",
    )
    template: str = option(
        "template",
        env=["CATALOG_TEMPLATE"],
        default="",
        spec=False,
        help="File with a Jinja template of the catalog file for repositories that have none: it may use"
        " {{ repository }}, {{ owner }}, {{ url }} and {{ default_branch }}.",
    )
    report: str = option(
        "report",
        env=["CATALOG_REPORT"],
        default="",
        spec=False,
        help="File that gets a line of JSON per repository; what it says is done, the next run passes over.",
    )
    wait: int = option(
        "waitTimeout",
        env=["WAIT_TIMEOUT"],
        default=120,
        at_least=0,
        spec=False,
        help="Seconds to wait until the catalog shows an entity.",
    )
    signature: Signature
    proposal: Proposal
    apply: bool = option(
        "apply", default=False, spec=False, help="Do it; else the plan is shown, and nothing is written."
    )


@dataclass(frozen=True, kw_only=True)
class TidyInputs:
    catalog_type: str = words.type_option()
    catalogs: table.Catalogs
    delete: bool = option("delete", default=False, spec=False, help="Delete what still is one; else they are listed.")


@click.group()
def catalog() -> None:
    """Fill a catalog from repositories, and find what it holds in vain."""


@catalog.command("import", context_settings=AS_A_STEP, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def import_repositories(arguments: Sequence[str]) -> int:
    """Register every repository of an owner; --help lists the inputs."""
    return _run("import", import_repositories.help or "", ImportInputs, arguments, _import)


@catalog.command(context_settings=AS_A_STEP, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def orphans(arguments: Sequence[str]) -> int:
    """List the entities whose file is gone, and delete them on request."""
    return _run("orphans", orphans.help or "", TidyInputs, arguments, _tidy(tidying.ORPHANS))


@catalog.command(context_settings=AS_A_STEP, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def errors(arguments: Sequence[str]) -> int:
    """List the entities that the catalog finds invalid, and delete them on request."""
    return _run("errors", errors.help or "", TidyInputs, arguments, _tidy(tidying.ERRORS))


Work = Callable[[Any, RunOptions, Network, Report], int]


def _run(name: str, text: str, inputs: type, arguments: Sequence[str], work: Work) -> int:
    own = options_of(inputs)
    fields = {declared.field for declared in own}
    shared = [one for one in options_of(RunOptions) if one.field not in {*fields, *WITHOUT}]
    command = f"idp-steps catalog {name}"
    declaration = Declaration(name, name, "", text, {}, own + shared, "", command=command)
    given = flags.parse(declaration, arguments)
    if given is None:
        return 0
    environ = dict(os.environ)
    groups: Any = make_dataclass("Groups", [("own", inputs), ("common", RunOptions)], frozen=True)
    resolved: Any = resolve(groups, given, environ).inputs
    log.configure(environ, verbose=resolved.common.verbose)
    log.announce_secrets(secret.revealed())
    with process.prepared(resolved.common.network, environ) as network:
        return work(resolved.own, resolved.common, network, to(sys.stdout, environ))


def _import(inputs: ImportInputs, shared: RunOptions, network: Network, report: Report) -> int:
    def deadline(retries: bool = True) -> Deadline:
        return Deadline(shared.retry_budget if retries else 0, shared.step_timeout)

    where = HostContext(
        connector=inputs.host.connector,
        location=inputs.host.location,
        harness=inputs.host.harness,
        network=network,
        deadline=deadline(),
        note=lambda _: None,
    )
    host = checked_host(where, "RegisterCatalog", located=False)
    check_feature(host, "listRepositories")
    needs = ["listRepositories"]
    if inputs.template:
        inputs.proposal.check(host, "main")
        needs += ["DirectPush", *(["pushMode"] if inputs.proposal.mode != "push" else [])]
    where = signed_in(host, where, *needs)
    job = Importing(
        host=host,
        where=where,
        catalog=table.chosen(inputs.catalogs, inputs.catalog_type),
        paths=inputs.paths,
        wait=inputs.wait,
        deadline=deadline,
        text=_template(Path(inputs.template)) if inputs.template else None,
        signature=inputs.signature,
        proposal=inputs.proposal,
        apply=inputs.apply,
    )
    journal = Path(inputs.report) if inputs.report else None
    before = _done(journal) if journal else frozenset()
    counted, code = Counter[str](), 0
    for result in job.results(before.__contains__):
        counted[result.outcome] += 1
        if result.outcome == importing.BEFORE:
            continue
        code = code or result.code
        _tell(result, report)
        if journal and inputs.apply:
            _note(journal, result)
    told = ", ".join(f"{counted[name]} {name}" for name in importing.OUTCOMES if counted[name])
    report.line(f"Repositories: {told or 'none'}.")
    if not inputs.apply:
        report.line("Nothing was written. Run it again with --apply to do this.")
    return code


def _tell(result: Result, report: Report) -> None:
    words = ": ".join(filter(None, (result.ref, result.told)))
    line = f"{result.outcome}: {result.repository}{f' ({words})' if words else ''}"
    if result.outcome == importing.FAILED:
        complain([line])
    else:
        report.line(line)


def _done(journal: Path) -> frozenset[str]:
    """Give the repositories that earlier runs have registered. Raises BadInput for a file that is none of ours."""
    if not journal.exists():
        return frozenset()
    try:
        text = journal.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{journal} cannot be read: {error}.", next_step="Name another file as --report.") from error
    told = [_line(line) for line in text.splitlines()]
    if told and not any(told):
        raise BadInput(f"{journal} is no report of an import.", next_step="Name another file as --report.")
    done = (MADE, EXISTED)
    return frozenset(str(one.get("url")) for one in told if one.get("outcome") in done)


def _note(journal: Path, result: Result) -> None:
    with journal.open("ab+") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        half = size and file.read(1) != b"\n"  # a run that was killed has left half a line
        file.write((b"\n" if half else b"") + json.dumps(result._asdict(), ensure_ascii=False).encode() + b"\n")


def _line(text: str) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _template(path: Path) -> Callable[[ListedRepository, HostContext], str]:
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    try:
        source = path.read_text(encoding="utf-8")
        template = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(source)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The template {path} cannot be read: {error}.") from error
    except TemplateError as error:
        raise BadInput(f"The template {path} is none of Jinja: {error}.") from error

    def text(listed: ListedRepository, where: HostContext) -> str:
        location = where.location
        names: Mapping[str, str] = {
            "repository": listed.name,
            "owner": location.organization or location.workspace or location.project,
            "url": checked_host(where, "RegisterCatalog").repository_url(where),
            "default_branch": listed.default_branch,
        }
        try:
            return template.render(names)
        except (TemplateError, *WRONG) as error:
            raise BadInput(
                f"The template {path} fails: {error}.", next_step=f"It may use {', '.join(names)}."
            ) from error

    return text


def _named(found: Found) -> str:
    source = f" from {found.source.removeprefix('url:')}" if found.source else ""
    return f"{found.ref}{source}: {found.told}"


def _tidy(what: str) -> Work:
    def work(inputs: TidyInputs, shared: RunOptions, network: Network, report: Report) -> int:
        options = table.chosen(inputs.catalogs, inputs.catalog_type)

        def opened(retries: bool) -> Tidied:
            deadline = Deadline(shared.retry_budget if retries else 0, shared.step_timeout)
            return options.tidied(network=network, deadline=deadline)

        found: dict[str, Found] = {}
        counted, code = Counter[str](), 0
        tidied = opened(True)
        looked = tidied.orphans() if what == tidying.ORPHANS else tidied.errors()
        # Pages move when something of them is deleted, so all are found first.
        for one in looked:
            if isinstance(one, Unread):
                code = code or one.error.exit_code
                counted[tidying.FAILED] += 1
                complain([f"{tidying.FAILED}: {one.ref} ({one.error})"])
            elif one.handle not in found:
                found[one.handle] = one
                report.line(f"found: {_named(one)}")
        for ended in tidying.deleted(opened, list(found.values()), what) if inputs.delete else ():
            counted[ended.outcome] += 1
            if ended.error is None:
                kept = " (it is none any more)" if ended.outcome == tidying.KEPT else ""
                report.line(f"{ended.outcome}: {ended.found.ref}{kept}")
            else:
                code = code or ended.error.exit_code
                complain([f"{ended.outcome}: {ended.found.ref} ({ended.error})"])
        told = "".join(f", {counted[name]} {name}" for name in tidying.OUTCOMES if counted[name])
        report.line(f"{what.capitalize()}: {len(found)}{told}.")
        if found and not inputs.delete:
            report.line("Nothing was deleted. Run it again with --delete to do this.")
        return code

    return work
