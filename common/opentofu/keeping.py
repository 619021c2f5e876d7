"""Where a definition may keep its state, and how it may encrypt it: nothing that runs a program or reads files here.

A backend works before the plan is shown, with the rights of the step. One that reads a file of this machine can send it
away (as the token of a web identity), and a file can name a program that is run (a kubeconfig, a profile of AWS).
Backends and their arguments: https://opentofu.org/docs/language/settings/backends/configuration
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from common.diagnostics import Diagnostic, choice
from common.errors import shown
from common.opentofu import reading
from common.opentofu.block import Block, is_a, source_of

if TYPE_CHECKING:
    from lark import Token, Tree

BACKENDS = ("azurerm", "consul", "cos", "gcs", "http", "kubernetes", "oss", "pg", "s3")
KEY_PROVIDERS = ("pbkdf2", "aws_kms", "gcp_kms", "azure_vault", "openbao")
METHODS = ("aes_gcm", "unencrypted")
PLAIN_BLOCKS = ("assume_role", "endpoints")  # the blocks of a backend or key provider that name no file and no program
FILES = re.compile(r"\w+_(?:file|path)s?|credentials|assume_role_with_web_identity")
ELSEWHERE = "The state of HCP Terraform comes with runs that happen there; choose another backend, or STATE_DIR."


def backend(block: Block) -> Iterator[Diagnostic]:
    """Tell what is wrong with a backend."""
    if block.label == "remote":
        yield Diagnostic(ELSEWHERE, reading.location(block.node))
    elif block.label == "local":
        told = "A backend local is a file that ends with the step, or stands anywhere on this machine; set STATE_DIR."
        yield Diagnostic(told, reading.location(block.node))
    elif block.label not in BACKENDS:
        told = f"The backend can be {choice(BACKENDS)} here, and is {shown(block.label)}."
        yield Diagnostic(told, reading.location(block.node))
    yield from _reaching_out(block, f"backend {block.label}")


def encryption(block: Block) -> Iterator[Diagnostic]:
    """Tell what is wrong with the encryption of the state."""
    for inner in block.blocks():
        known = {"key_provider": KEY_PROVIDERS, "method": METHODS}.get(inner.type)
        if known is not None and inner.label not in known:
            told = f"The {inner.type} of an encryption can be {choice(known)} here, and is {shown(inner.label)}."
            yield Diagnostic(told, reading.location(inner.node))
        if inner.type == "key_provider":
            yield from _reaching_out(inner, f"key_provider {inner.label}")


def _reaching_out(block: Block, of: str) -> Iterator[Diagnostic]:
    for inner in block.blocks():
        if inner.type not in PLAIN_BLOCKS:
            yield _refused(inner.type, of, inner.node)
    for element in reading.elements(block.body):
        if is_a(element, "attribute") and FILES.fullmatch(name := source_of(element.children[0])):
            yield _refused(name, of, element)


def _refused(name: str, of: str, node: Tree[Token]) -> Diagnostic:
    told = f"{shown(name, quotes=False)} of the {of} can read a file here or run a program: leave it to BACKEND_CONFIG,"
    return Diagnostic(f"{told} or to the environment of the step.", reading.location(node))
