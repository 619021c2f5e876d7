"""sandbox.yaml, next to the pipeline: what the sandbox has before the first step runs.

It is read only with `--sandbox`. A repository that is there already with the same content is left as it is:

    repositories:
      - owner: templates                   # the account or organization
        name: service
        folder: template                   # relative to this file; its content becomes the default branch
        private: true                      # only with the credentials of a connector; public when it is left out
      - host: git                          # the service that serves it; github when it is left out (--host adds one)
        name: payments                     # without an owner, because this host has none
                                           # without a folder: it is empty
    faults:                                # of its git hosts; docs/sandbox.md lists them
      - {fault: unusable, seconds: 5}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common import document
from common.diagnostics import Diagnostic, Invalid, choice
from common.document import Node, reader
from runner.language.schema import RUN, check

if TYPE_CHECKING:
    from sandbox.service import GitHost

REPOSITORY = dict.fromkeys(("host", "owner", "name", "folder", "private"), RUN)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
OWNER = re.compile(rf"~?{NAME.pattern}(/{NAME.pattern})*")  # groups in groups, a project of an organization, ~ a person


@dataclass(frozen=True)
class Seed:
    """A repository of the sandbox, with the folder that it is filled from."""

    host: str
    owner: str
    name: str
    folder: Path | None
    private: bool = False


@dataclass(frozen=True)
class Fault:
    """A fault of a git host, of every one when `host` is empty, that a sandbox.yaml switches on."""

    name: str
    host: str
    value: str


def seeds(file: Path) -> list[Seed]:
    """Read a sandbox.yaml. Raises Invalid."""
    faults: list[Diagnostic] = []
    root = reader.read(file)
    top = root if isinstance(root, document.Mapping) else document.Mapping(root.location, {}, {})
    faults += check(top, {"repositories": RUN, "faults": RUN}, "the file")
    listing = top.fields.get("repositories")
    if listing is None and "faults" in top.fields and not faults:
        return []
    if not isinstance(listing, document.Sequence):
        raise Invalid([*faults, Diagnostic("The file has to hold a list 'repositories'.", root.location)])
    found = [_seed(item, file.parent, faults) for item in listing.items]
    if faults:
        raise Invalid(faults)
    return found


def spoiled(file: Path) -> list[Fault] | None:
    """Read the faults of a sandbox.yaml; None when it says nothing of them. Raises Invalid."""
    from sandbox.faults import FAULTS, problem

    complaints: list[Diagnostic] = []
    root = reader.read(file)
    listing = root.fields.get("faults") if isinstance(root, document.Mapping) else None
    if listing is None:
        return None
    if not isinstance(listing, document.Sequence):
        raise Invalid([Diagnostic("'faults' has to be a list.", listing.location)])
    found = []
    for node in listing.items:
        entry = node if isinstance(node, document.Mapping) else document.Mapping(node.location, {}, {})
        name, host = entry.text("fault"), entry.text("host")
        if name not in FAULTS:
            text = f"There is no fault {name!r}; it can be {choice(tuple(FAULTS))}."
            complaints.append(Diagnostic(text, entry.location_of("fault")))
            continue
        field = FAULTS[name][0]
        complaints += check(entry, dict.fromkeys(filter(None, ("fault", "host", field)), RUN), f"the fault {name!r}")
        complaints += _no_texts(entry, f"the fault {name!r}")
        if host and host not in hosts():
            text = f"The sandbox has no git host {host!r}; it can be {choice(tuple(hosts()))}."
            complaints.append(Diagnostic(text, entry.location_of("host")))
        value = entry.text(field) if field else ""
        if told := problem(name, value):
            complaints.append(Diagnostic(told, entry.location_of(field)))
        found.append(Fault(name, host, value))
    if complaints:
        raise Invalid(complaints)
    return found


def hosts() -> dict[str, GitHost]:
    """Give the sandbox's git hosts by the names of their services."""
    from sandbox.services import SERVICES

    return {service.name: service.git for service in SERVICES if service.git}


def form_of_owner(host: GitHost) -> str:
    """Say, as the end of a sentence, what an owner of repositories is called on a host."""
    return "one name" if host.owner_names == 1 else f"at most {host.owner_names} names with slashes between them"


def _no_texts(entry: document.Mapping, of: str) -> list[Diagnostic]:
    """Complain of lists and maps, which would count as if the field were left out."""
    return [
        Diagnostic(f"The field {name!r} of {of} has to be a text.", entry.keys[name])
        for name, value in entry.fields.items()
        if not isinstance(value, document.Scalar)
    ]


def _seed(node: Node, beside: Path, faults: list[Diagnostic]) -> Seed:
    known = hosts()
    entry = node if isinstance(node, document.Mapping) else document.Mapping(node.location, {}, {})
    faults += check(entry, REPOSITORY, "a repository")
    faults += _no_texts(entry, "a repository")
    host = entry.text("host") or next(iter(known))
    if host not in known:
        text = f"The sandbox has no git host {host!r}; it can be {choice(tuple(known))}."
        faults.append(Diagnostic(text, entry.location_of("host")))
        return Seed(host, "", "", None)
    if entry.text("owner") and not known[host].has_owners:
        faults.append(Diagnostic(f"The repositories of {host} have no owner.", entry.location_of("owner")))
    for name in ("owner", "name") if known[host].has_owners else ("name",):
        if not entry.text(name):
            faults.append(Diagnostic(f"The field {name!r} of a repository is missing.", node.location))
        elif not (OWNER if name == "owner" else NAME).fullmatch(entry.text(name)):
            faults.append(Diagnostic(f"{entry.text(name)!r} is no {name} of a repository.", entry.location_of(name)))
    if entry.text("owner").count("/") >= known[host].owner_names:
        text = f"The owner {entry.text('owner')!r} cannot be on {host}, where it is {form_of_owner(known[host])}."
        faults.append(Diagnostic(text, entry.location_of("owner")))
    folder = beside / entry.text("folder") if entry.text("folder") else None
    if folder and not folder.is_dir():
        text = f"The folder {entry.text('folder')!r} does not exist next to this file."
        faults.append(Diagnostic(text, entry.location_of("folder")))
    if entry.text("private").lower() not in ("", "true", "false"):
        faults.append(Diagnostic("'private' of a repository is true or false.", entry.location_of("private")))
    return Seed(host, entry.text("owner"), entry.text("name"), folder, entry.text("private").lower() == "true")
