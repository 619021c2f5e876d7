"""What a definition of resources may hold: the Harness provider alone, and nothing that runs a program or fetches code.

The definition is often put together from what somebody typed into a form. So what it may hold is a list of what is
known to be harmless, and all else is refused before OpenTofu sees it (contract, A.8).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from common.contract.outputs.carried import NAME
from common.diagnostics import Diagnostic, Invalid, Location, in_order
from common.errors import shown
from common.opentofu import keeping, reading
from common.opentofu.block import Block, block_of, children, is_a, literal, source_of, value_of
from common.opentofu.reading import location

if TYPE_CHECKING:
    from lark import Token, Tree

PROVIDER = "harness"
KEY = "X_API_KEY"
SOURCES = ("harness/harness", "registry.opentofu.org/harness/harness", "registry.terraform.io/harness/harness")
ONLY = "Only the Harness provider can be used here"
CHANGED = "resourcesChanged"
RUNS_PROGRAMS = ("provisioner", "connection")
READS_FILES = (
    *("file", "filebase64", "fileexists", "filemd5", "filesha1", "filesha256", "filesha512"),
    *("filebase64sha256", "filebase64sha512"),
)
READS_MORE = ("templatefile", "templatestring", "fileset")
CWD = "${path.cwd}/"


@dataclass(frozen=True)
class Definition:
    """A definition that may be run, and what it says of itself. files: those that it reads, as it names them."""

    text: str
    variables: frozenset[str]
    outputs: frozenset[str]
    files: tuple[str, ...]
    has_provider: bool
    has_requirement: bool
    has_backend: bool


@dataclass
class _Found:
    faults: list[Diagnostic] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)
    files: list[str] = field(default_factory=list)
    has_provider: bool = False
    has_requirement: bool = False
    has_backend: bool = False


def faults(text: str, source: str) -> list[str]:
    """Tell what is wrong with a definition, as the check of an input does."""
    try:
        read(text)
    except Invalid as invalid:
        return [f"{source}, {found}" for found in invalid.diagnostics]
    return []


def read(text: str) -> Definition:
    """Read a definition. Raises Invalid with everything that it may not hold."""
    tree = reading.read(text)
    (body,) = children(tree, "body")
    found = _Found()
    for stray in children(body, "attribute"):
        found.faults.append(Diagnostic(f"{source_of(stray.children[0])} stands outside of a block.", location(stray)))
    for child in children(body, "block"):
        block = block_of(child)
        check = _TOP.get(block.type)
        if check is None:
            text_of = _NOT.get(block.type, f"A block {shown(block.type)} is not known here.")
            found.faults.append(Diagnostic(text_of, location(child)))
            continue
        check(block, found)
        if block.type != "provider":
            found.faults += _of_key(block)
    _check_everywhere(tree, found)
    if found.faults:
        raise Invalid(in_order(found.faults))
    return Definition(
        text,
        frozenset(found.variables),
        frozenset(found.outputs),
        tuple(dict.fromkeys(found.files)),
        found.has_provider,
        found.has_requirement,
        found.has_backend,
    )


def _resource(block: Block, found: _Found) -> None:
    if not re.fullmatch(rf"{PROVIDER}_\w+", block.label):
        told = f"{ONLY}, and {shown(block.label)} is no {_KINDS[block.type]} of it."
        found.faults.append(Diagnostic(told, location(block.node)))
    _check_provider_of(block, found)


def _check_provider_of(block: Block, found: _Found) -> None:
    named = block.attributes().get("provider")
    if named is not None and not re.fullmatch(rf'"?{PROVIDER}(\.\w+)?"?', value_of(named)):
        told = f"{ONLY}, and not {shown(value_of(named))}."
        found.faults.append(Diagnostic(told, location(named)))


def _provider(block: Block, found: _Found) -> None:
    if block.label != PROVIDER:
        found.faults.append(Diagnostic(f"{ONLY}, and not {shown(block.label)}.", location(block.node)))
        return
    attributes = block.attributes()
    found.has_provider = found.has_provider or "alias" not in attributes
    endpoint = attributes.get("endpoint")
    if endpoint is not None and value_of(endpoint) != "var.ENDPOINT":
        told = "The API key is for the portal alone: write endpoint = var.ENDPOINT."
        found.faults.append(Diagnostic(told, location(endpoint)))


def _terraform(block: Block, found: _Found) -> None:
    for name, node in block.attributes().items():
        if name != "required_version":
            found.faults.append(Diagnostic(f"{name} is not known in a block terraform here.", location(node)))
    for inner in block.blocks():
        check = _IN_TERRAFORM.get(inner.type)
        if check is None:
            told = _NOT.get(inner.type, f"A block {shown(inner.type)} is not known in a block terraform here.")
            found.faults.append(Diagnostic(told, location(inner.node)))
        else:
            check(inner, found)


def _requirement(block: Block, found: _Found) -> None:
    found.has_requirement = True
    required = block.attributes()
    wrong = [node for name, node in required.items() if name != PROVIDER or _source_of_provider(node) not in SOURCES]
    for node in wrong or ([] if required else [block.node]):
        told = f"{ONLY}, whose name is {PROVIDER} and whose source is {SOURCES[0]}."
        found.faults.append(Diagnostic(told, location(node)))


def _backend(block: Block, found: _Found) -> None:
    found.has_backend = True
    found.faults += keeping.backend(block)


def _encryption(block: Block, found: _Found) -> None:
    found.faults += keeping.encryption(block)


def _variable(block: Block, found: _Found) -> None:
    found.variables.add(block.label)


def _output(block: Block, found: _Found) -> None:
    found.outputs.add(block.label)
    if not NAME.fullmatch(block.label):
        told = f"The output {shown(block.label)} becomes a variable: give it a name of letters, digits and '_'."
        found.faults.append(Diagnostic(told, location(block.node)))
    if block.label == CHANGED:
        told = f"{CHANGED} is an output of the step itself; give yours another name."
        found.faults.append(Diagnostic(told, location(block.node)))


def _check_block(block: Block, found: _Found) -> None:
    for inner in block.blocks():
        if inner.type == "data":
            _resource(inner, found)


def _nothing(block_of: Block, _found: _Found) -> None:
    """Take the block as it is: it refers to resources of this definition."""


_KINDS = {"resource": "resource", "data": "data source", "ephemeral": "ephemeral resource"}
_Check = Callable[[Block, _Found], None]
_TOP: dict[str, _Check] = {
    "terraform": _terraform,
    "provider": _provider,
    "resource": _resource,
    "data": _resource,
    "ephemeral": _resource,
    "variable": _variable,
    "output": _output,
    "locals": _nothing,
    "moved": _nothing,
    "removed": _nothing,
    "import": _check_provider_of,
    "check": _check_block,
}
_IN_TERRAFORM: dict[str, _Check] = {
    "required_providers": _requirement,
    "backend": _backend,
    "encryption": _encryption,
}
_NOT = {
    "module": "A module is code from elsewhere; write its resources here.",
    "cloud": keeping.ELSEWHERE,
}


def _of_key(block: Block) -> Iterator[Diagnostic]:
    """Tell where the API key is used outside of a provider, by which it could be sent or shown to others."""
    parts = [(location(token), token) for token in reading.tokens(block.body)]
    inside = [one for _, token in parts if token.type in reading.HEREDOCS for one in reading.expressions_in(token)]
    parts += [(Location("", line, 1), token) for line, tree in inside for token in reading.tokens(tree)]
    for place, token in parts:
        if token == KEY:
            yield Diagnostic(f"The API key is for the portal alone: only a provider may name var.{KEY}.", place)


def _check_everywhere(tree: Tree[Token], found: _Found) -> None:
    """Look for what is refused wherever it stands: blocks that run programs, and functions that read files."""
    for element in reading.elements(tree):
        if is_a(element, "block"):
            block = block_of(element)
            if block.type in RUNS_PROGRAMS or (block.type == "dynamic" and block.label in RUNS_PROGRAMS):
                told = f"A {block.type} runs programs, and nothing but the provider may act here; remove it."
                found.faults.append(Diagnostic(told, location(element)))
        elif is_a(element, "function_call"):
            found.faults += _function(element, location(element).line, found)
    for heredoc in (token for token in reading.tokens(tree) if token.type in reading.HEREDOCS):
        for line, inside in reading.expressions_in(heredoc):
            for part in reading.elements(inside):
                if is_a(part, "function_call"):
                    found.faults += _function(part, line, found)


def _function(call: Tree[Token], line: int, found: _Found) -> Iterator[Diagnostic]:
    name = "::".join(source_of(child) for child in children(call, "identifier"))
    place = location(call)
    place = place if place.line == line else type(place)("", line, 1)
    if "::" in name and not name.startswith(f"provider::{PROVIDER}::"):
        yield Diagnostic(f"{ONLY}, and its functions, not {name}.", place)
    elif name in READS_MORE:
        yield Diagnostic(f"{name} may read any file; use file with a path that begins with {CWD}.", place)
    elif name in READS_FILES:
        path = next((literal(argument) for argument in children(call, "arguments")), None)
        if path is None or not (path.startswith((CWD, "/"))) or ".." in path.split("/"):
            yield Diagnostic(f"{name} takes a plain path here that begins with {CWD}, the workspace.", place)
        else:
            found.files.append(path.removeprefix(CWD))


def _source_of_provider(attribute: Tree[Token]) -> str:
    """Give the source that an entry of required_providers names, if it is one plain text."""
    sources = []
    for element in filter(lambda part: is_a(part, "object_elem"), reading.elements(attribute)):
        key, _, value = re.sub(r"\s*[=:]\s*", "=", source_of(element), count=1).partition("=")
        if key.strip('"') == "source":
            sources.append(value.strip().strip('"'))
    return sources[0] if len(sources) == 1 else ""
