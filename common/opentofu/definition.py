"""What a definition of resources may hold: the Harness provider alone, and nothing that runs a program or fetches code.

The definition is often put together from what somebody typed into a form. So what it may hold is a list of what is
known to be harmless, and all else is refused before OpenTofu sees it (contract, A.8).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeGuard

from common.contract.outputs.carried import NAME
from common.diagnostics import Diagnostic, Invalid, choice, in_order
from common.errors import shown
from common.opentofu import reading
from common.opentofu.reading import location

if TYPE_CHECKING:
    from lark import Token, Tree

PROVIDER = "harness"
SOURCES = ("harness/harness", "registry.opentofu.org/harness/harness", "registry.terraform.io/harness/harness")
ONLY = "Only the Harness provider can be used here"
CHANGED = "resourcesChanged"
RUNS_PROGRAMS = ("provisioner", "connection")
READS_FILES = (
    *("file", "filebase64", "fileexists", "filemd5", "filesha1", "filesha256", "filesha512"),
    *("filebase64sha256", "filebase64sha512"),
)
READS_MORE = ("templatefile", "templatestring", "fileset")
KEY_PROVIDERS = ("pbkdf2", "aws_kms", "gcp_kms", "azure_vault", "openbao")
METHODS = ("aes_gcm", "unencrypted")
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


@dataclass(frozen=True)
class _Block:
    type: str
    labels: tuple[str, ...]
    body: Tree[Token]
    node: Tree[Token]

    @property
    def label(self) -> str:
        return self.labels[0] if self.labels else ""

    def blocks(self) -> list[_Block]:
        return [_block(child) for child in _children(self.body, "block")]

    def attributes(self) -> dict[str, Tree[Token]]:
        return {_source(child.children[0]): child for child in _children(self.body, "attribute")}


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
    (body,) = _children(tree, "body")
    found = _Found()
    for stray in _children(body, "attribute"):
        found.faults.append(Diagnostic(f"{_source(stray.children[0])} stands outside of a block.", location(stray)))
    for child in _children(body, "block"):
        block = _block(child)
        check = _TOP.get(block.type)
        if check is None:
            text_of = _NOT.get(block.type, f"A block {shown(block.type)} is not known here.")
            found.faults.append(Diagnostic(text_of, location(child)))
            continue
        check(block, found)
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


def _resource(block: _Block, found: _Found) -> None:
    if not re.fullmatch(rf"{PROVIDER}_\w+", block.label):
        told = f"{ONLY}, and {shown(block.label)} is no {_KINDS[block.type]} of it."
        found.faults.append(Diagnostic(told, location(block.node)))
    _check_provider_of(block, found)


def _check_provider_of(block: _Block, found: _Found) -> None:
    named = block.attributes().get("provider")
    if named is not None and not re.fullmatch(rf'"?{PROVIDER}(\.\w+)?"?', _value(named)):
        told = f"{ONLY}, and not {shown(_value(named))}."
        found.faults.append(Diagnostic(told, location(named)))


def _provider(block: _Block, found: _Found) -> None:
    if block.label != PROVIDER:
        found.faults.append(Diagnostic(f"{ONLY}, and not {shown(block.label)}.", location(block.node)))
        return
    attributes = block.attributes()
    found.has_provider = found.has_provider or "alias" not in attributes
    endpoint = attributes.get("endpoint")
    if endpoint is not None and _value(endpoint) != "var.ENDPOINT":
        told = "The API key is for the portal alone: write endpoint = var.ENDPOINT."
        found.faults.append(Diagnostic(told, location(endpoint)))


def _terraform(block: _Block, found: _Found) -> None:
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


def _requirement(block: _Block, found: _Found) -> None:
    found.has_requirement = True
    required = block.attributes()
    wrong = [node for name, node in required.items() if name != PROVIDER or _source_of_provider(node) not in SOURCES]
    for node in wrong or ([] if required else [block.node]):
        told = f"{ONLY}, whose name is {PROVIDER} and whose source is {SOURCES[0]}."
        found.faults.append(Diagnostic(told, location(node)))


def _backend(block: _Block, found: _Found) -> None:
    found.has_backend = True
    if block.label == "remote":
        found.faults.append(Diagnostic(_NOT["cloud"], location(block.node)))


def _encryption(block: _Block, found: _Found) -> None:
    for inner in block.blocks():
        known = {"key_provider": KEY_PROVIDERS, "method": METHODS}.get(inner.type)
        if known is not None and inner.label not in known:
            told = f"The {inner.type} of an encryption can be {choice(known)} here, and is {shown(inner.label)}."
            found.faults.append(Diagnostic(told, location(inner.node)))


def _variable(block: _Block, found: _Found) -> None:
    found.variables.add(block.label)


def _output(block: _Block, found: _Found) -> None:
    found.outputs.add(block.label)
    if not NAME.fullmatch(block.label):
        told = f"The output {shown(block.label)} becomes a variable: give it a name of letters, digits and '_'."
        found.faults.append(Diagnostic(told, location(block.node)))
    if block.label == CHANGED:
        told = f"{CHANGED} is an output of the step itself; give yours another name."
        found.faults.append(Diagnostic(told, location(block.node)))


def _check_block(block: _Block, found: _Found) -> None:
    for inner in block.blocks():
        if inner.type == "data":
            _resource(inner, found)


def _nothing(_block: _Block, _found: _Found) -> None:
    """Take the block as it is: it refers to resources of this definition."""


_KINDS = {"resource": "resource", "data": "data source", "ephemeral": "ephemeral resource"}
_Check = Callable[[_Block, _Found], None]
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
    "cloud": "The state of HCP Terraform comes with runs that happen there; choose another backend, or STATE_DIR.",
}


def _check_everywhere(tree: Tree[Token], found: _Found) -> None:
    """Look for what is refused wherever it stands: blocks that run programs, and functions that read files."""
    for element in reading.elements(tree):
        if _is(element, "block"):
            block = _block(element)
            if block.type in RUNS_PROGRAMS or (block.type == "dynamic" and block.label in RUNS_PROGRAMS):
                told = f"A {block.type} runs programs, and nothing but the provider may act here; remove it."
                found.faults.append(Diagnostic(told, location(element)))
        elif _is(element, "function_call"):
            found.faults += _function(element, location(element).line, found)
    for heredoc in (token for token in reading.tokens(tree) if token.type in reading.HEREDOCS):
        for line, inside in reading.expressions_in(heredoc):
            for part in reading.elements(inside):
                if _is(part, "function_call"):
                    found.faults += _function(part, line, found)


def _function(call: Tree[Token], line: int, found: _Found) -> Iterator[Diagnostic]:
    name = "::".join(_source(child) for child in _children(call, "identifier"))
    place = location(call)
    place = place if place.line == line else type(place)("", line, 1)
    if "::" in name and not name.startswith(f"provider::{PROVIDER}::"):
        yield Diagnostic(f"{ONLY}, and its functions, not {name}.", place)
    elif name in READS_MORE:
        yield Diagnostic(f"{name} may read any file; use file with a path that begins with {CWD}.", place)
    elif name in READS_FILES:
        path = next((_literal(argument) for argument in _children(call, "arguments")), None)
        if path is None or not (path.startswith((CWD, "/"))) or ".." in path.split("/"):
            yield Diagnostic(f"{name} takes a plain path here that begins with {CWD}, the workspace.", place)
        else:
            found.files.append(path.removeprefix(CWD))


def _block(node: Tree[Token]) -> _Block:
    from lark import Tree as AnyTree

    head: list[str] = []
    for child in node.children:
        if isinstance(child, AnyTree) and child.data in ("identifier", "keyword", "literal_value"):
            head.append(_source(child))
        elif isinstance(child, AnyTree) and child.data == "string":
            head.append(_source(child)[1:-1])
    (body,) = _children(node, "body")
    return _Block(head[0], tuple(head[1:]), body, node)


def _children(node: Tree[Token], kind: str) -> list[Tree[Token]]:
    return [child for child in node.children if _is(child, kind)]


def _is(element: object, kind: str) -> TypeGuard[Tree[Token]]:
    return getattr(element, "data", None) == kind


def _source(node: Tree[Token] | Token) -> str:
    """Give the text of a part, without comments and the ends of lines."""
    from lark import Token as AnyToken

    if isinstance(node, AnyToken):
        return str(node)
    return "".join(token for token in reading.tokens(node) if token.type != "NL_OR_COMMENT")


def _value(attribute: Tree[Token]) -> str:
    return _source(attribute).partition("=")[2].strip()


def _literal(argument: Tree[Token]) -> str | None:
    """Give the one string that an argument is; None when it is anything else."""
    text = _source(argument).strip()
    found = re.fullmatch(r'"((?:\$\{path\.cwd\})?(?:[^"\\$%]|\$(?!\{)|%(?!\{))*)"', text)
    return found[1] if found else None


def _source_of_provider(attribute: Tree[Token]) -> str:
    """Give the source that an entry of required_providers names, if it is one plain text."""
    sources = []
    for element in filter(lambda part: _is(part, "object_elem"), reading.elements(attribute)):
        key, _, value = re.sub(r"\s*[=:]\s*", "=", _source(element), count=1).partition("=")
        if key.strip('"') == "source":
            sources.append(value.strip().strip('"'))
    return sources[0] if len(sources) == 1 else ""
