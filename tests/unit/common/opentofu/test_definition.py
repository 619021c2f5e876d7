"""What a definition may hold: everything else is refused with its line, however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.opentofu import definition

HARNESS = 'resource "harness_platform_project" "one" {\n  identifier = "one"\n}\n'
ALLOWED = {
    "a comment that names another": '# provider "aws" {}\n/* module "x" {} */\n',
    "a text that names another": f'locals {{\n  a = <<-EOT\n    provider "aws" {{}}\n  EOT\n}}\n{HARNESS}',
    "expressions in a text": 'locals {\n  a = <<EOT\n$${x} ${jsonencode({ a = "}" })} %{ if x }y%{ endif }\nEOT\n}\n',
    "what the platform appends": (
        'terraform {\n  required_providers {\n    harness = {\n      source = "harness/harness"\n    }\n  }\n}\n'
        'provider "harness" {\n  endpoint = var.ENDPOINT\n  account_id = var.ACCOUNT_IDENTIFIER\n'
        "  platform_api_key = var.X_API_KEY\n}\n"
    ),
    "a backend": (
        'terraform {\n  backend "s3" {\n    bucket = "b"\n    assume_role = {\n      role_arn = "r"\n    }\n  }\n}\n'
    ),
    "a backend by the path of a key": (
        'terraform {\n  backend "consul" {\n    path = "state/${var.ACCOUNT_IDENTIFIER}"\n  }\n}\n'
    ),
    "a text that tells of the key": 'locals {\n  a = "set X_API_KEY"\n  b = <<EOT\nX_API_KEY\nEOT\n}\n',
    "another provider of the same kind": (
        'provider "harness" {\n  alias = "other"\n}\nresource "harness_a" "b" {\n  provider = harness.other\n}\n'
    ),
    "lines of Windows": 'resource "harness_a" "b" {\r\n  c = <<EOT\r\nd\r\nEOT\r\n}\r\n',
    "a file of the workspace": 'locals {\n  a = file("${path.cwd}/app/pipeline.yaml")\n}\n',
    "conditions, loops and functions": (
        'locals {\n  a = [for one in var.list : upper(one) if one != ""]\n  b = { for k, v in var.map : k => v... }\n'
        '  c = var.x ? 1 : -2\n  d = var.list[*].name\n}\nvariable "x" {\n  type = bool\n}\n'
    ),
    "what is moved, removed, imported and checked": (
        "moved {\n  from = harness_a.b\n  to = harness_a.c\n}\nremoved {\n  from = harness_a.d\n}\n"
        'import {\n  to = harness_a.c\n  id = "x"\n}\ncheck "x" {\n  data "harness_a" "y" {}\n'
        '  assert {\n    condition = true\n    error_message = "no"\n  }\n}\n'
    ),
}
REFUSED = {  # name -> the definition, the line, and words of the complaint
    "another provider": ('provider "aws" {}\n', 1, "'aws'"),
    "a resource of another": (f'{HARNESS}resource "null_resource" "x" {{}}\n', 4, "'null_resource'"),
    "a label with an expression": ('resource "harness_${x}_" "y" {}\n', 1, "no resource"),
    "a label with an escape": ('resource "\\u0068arness_a" "y" {}\n', 1, "no resource"),
    "data of a program": ('data "external" "x" {\n  program = ["sh"]\n}\n', 1, "'external'"),
    "data inside of a check": ('check "x" {\n  data "http" "y" {}\n}\n', 2, "'http'"),
    "another by name": ('resource "harness_a" "b" {\n  provider = aws.x\n}\n', 2, "'aws.x'"),
    "an import by another": ("import {\n  to = harness_a.b\n  provider = aws\n}\n", 3, "'aws'"),
    "required from elsewhere": (
        'terraform {\n  required_providers {\n    harness = { source = "evil/harness" }\n  }\n}\n',
        3,
        "harness/harness",
    ),
    "required twice in one": (
        'terraform {\n  required_providers {\n    harness = { source = "harness/harness", "source" : "e/h" }\n  }\n}\n',
        3,
        "harness/harness",
    ),
    "another required": (
        'terraform {\n  required_providers {\n    harness = { source = "harness/harness" }\n    aws = {}\n  }\n}\n',
        4,
        "harness/harness",
    ),
    "the state of another definition": (
        'data "terraform_remote_state" "x" {\n  backend = "http"\n}\n',
        1,
        "no data source",
    ),
    "JSON": ('{"provider": {"aws": {}}}\n', 1, "cannot be read as OpenTofu"),
    "a module": (f'{HARNESS}module "x" {{\n  source = "./x"\n}}\n', 4, "module"),
    "a provisioner": (
        'resource "harness_a" "b" {\n  provisioner "local-exec" {\n    command = "id"\n  }\n}\n',
        2,
        "provisioner",
    ),
    "a provisioner made dynamically": (
        'resource "harness_a" "b" {\n  dynamic "provisioner" {\n    content {}\n  }\n}\n',
        2,
        "programs",
    ),
    "a provisioner of what is removed": (
        'removed {\n  from = harness_a.b\n  provisioner "local-exec" {\n    command = "id"\n  }\n}\n',
        3,
        "provisioner",
    ),
    "a connection": ('resource "harness_a" "b" {\n  connection {}\n}\n', 2, "connection"),
    "runs elsewhere": ("terraform {\n  cloud {}\n}\n", 2, "STATE_DIR"),
    "runs elsewhere by a backend": ('terraform {\n  backend "remote" {}\n}\n', 2, "STATE_DIR"),
    "a backend that another way of writing hides": (
        'terraform {\n  backend "rem\\u006fte" {}\n}\n',
        2,
        "can be azurerm",
    ),
    "a backend that writes anywhere": ('terraform {\n  backend "local" {\n    path = "/x"\n  }\n}\n', 2, "STATE_DIR"),
    "a backend that runs a program": (
        'terraform {\n  backend "kubernetes" {\n    exec {\n      command = "sh"\n    }\n  }\n}\n',
        3,
        "exec of the backend kubernetes",
    ),
    "a backend whose file may name a program": (
        'terraform {\n  backend "kubernetes" {\n    config_path = "x"\n  }\n}\n',
        3,
        "config_path",
    ),
    "a backend that sends a file away": (
        'terraform {\n  backend "s3" {\n    assume_role_with_web_identity = local.x\n  }\n}\n',
        3,
        "assume_role_with_web_identity",
    ),
    "a backend whose credentials may name a file": (
        'terraform {\n  backend "gcs" {\n    bucket = "b"\n    credentials = local.x\n  }\n}\n',
        4,
        "credentials",
    ),
    "a key of the state that a file may tell": (
        (
            'terraform {\n  encryption {\n    key_provider "aws_kms" "x" {\n'
            '      shared_config_files = ["x"]\n    }\n  }\n}\n'
        ),
        4,
        "shared_config_files of the key_provider aws_kms",
    ),
    "the API key in the address of a state": (
        'terraform {\n  backend "http" {\n    address = "https://x.test/${var.X_API_KEY}"\n  }\n}\n',
        3,
        "only a provider may name var.X_API_KEY",
    ),
    "the API key in a resource": ('resource "harness_a" "b" {\n  name = "${var.X_API_KEY}"\n}\n', 2, "X_API_KEY"),
    "the API key in an output": ('output "a" {\n  value = nonsensitive(strrev(var.X_API_KEY))\n}\n', 2, "X_API_KEY"),
    "the API key in a text": ("locals {\n  a = <<EOT\n\nx ${var.X_API_KEY}\nEOT\n}\n", 4, "X_API_KEY"),
    "a program that gives the key of the state": (
        'terraform {\n  encryption {\n    key_provider "external" "x" {\n      command = ["sh"]\n    }\n  }\n}\n',
        3,
        "'external'",
    ),
    "the key for another address": (
        'provider "harness" {\n  endpoint = "https://elsewhere.test"\n}\n',
        2,
        "var.ENDPOINT",
    ),
    "any file": ("locals {\n  a = file(var.path)\n}\n", 2, "path.cwd"),
    "a file above": ('locals {\n  a = file("${path.cwd}/../x")\n}\n', 2, "path.cwd"),
    "a file by a template": ('locals {\n  a = templatefile("x", {})\n}\n', 2, "templatefile"),
    "a file inside of a text": (
        'locals {\n  a = <<EOT\nx\n${file("/proc/self/environ" )} ${fileset("a", "b")}\nEOT\n}\n',
        4,
        "fileset",
    ),
    "a file inside of a string": ('locals {\n  a = "x ${upper("${filemd5(var.x)}")}"\n}\n', 2, "filemd5"),
    "a function of another": ("locals {\n  a = provider::aws::f(1)\n}\n", 2, "provider::aws::f"),
    "an output that no variable can be": ('output "a-b" {\n  value = 1\n}\n', 1, "'a-b'"),
    "an output of the step's own": ('output "resourcesChanged" {\n  value = 1\n}\n', 1, "another name"),
    "a block that nobody knows": ("something {}\n", 1, "'something'"),
    "an attribute outside": ("a = 1\n", 1, "outside of a block"),
    "no OpenTofu": (f"{HARNESS}resource {{{{\n", 4, "OpenTofu"),
    "an end that is missing": ('resource "harness_a" "b" {\n  c = 1\n', 2, "not closed"),
    "a control character": ('locals {\n  a = "\x1c"\n}\n', 2, "control character"),
}
# Texts that python-hcl2 reads as harmless, and OpenTofu would not.
HIDING = {
    "behind an end with blanks": 'locals {\n  a = <<EOT\nx\nEOT \n}\nprovider "aws" {}\n/*\nEOT\n}\n# */\n',
    "behind an expression over lines": (
        "locals {\n  a = upper(<<EOT\n${upper(\nEOT\n)}\nlocals {\n  q = <<Z\nEOT\n)\n}\n"
        'provider "aws" {}\n/*\nZ\n}\n# */\n'
    ),
    "behind an escape over a quote": 'locals {\n  a = "$${"\n  b = "}"\n  c = "x"\n}\n',
    "in a string over lines": 'locals {\n  a = "x\n  provider = 1"\n}\n',
    "behind an end that blanks of another kind precede": "locals {\n  a = <<EOT\nx\n\u2003EOT\n}\n",
}


@pytest.mark.parametrize("name", ALLOWED)
def test_a_definition_for_the_harness_provider_is_taken(name: str) -> None:
    assert definition.faults(ALLOWED[name], "RESOURCE_DEFINITION") == []


@pytest.mark.parametrize("name", REFUSED)
def test_all_else_is_refused_with_its_line(name: str) -> None:
    text, line, words = REFUSED[name]
    found = definition.faults(text, "RESOURCE_DEFINITION")
    assert [fault for fault in found if f"line {line}, " in fault and words in fault], found


@pytest.mark.parametrize("name", HIDING)
def test_nothing_hides_where_the_parsers_would_read_differently(name: str) -> None:
    assert definition.faults(HIDING[name], "RESOURCE_DEFINITION") != []


def test_all_faults_are_told_at_once_in_the_order_of_the_lines() -> None:
    text = 'module "a" {}\nprovider "aws" {}\nresource "x" "y" {}\n'
    told = [fault.partition(" column")[0] for fault in definition.faults(text, "it")]
    assert told == ["it, line 1,", "it, line 2,", "it, line 3,"]


def test_it_is_known_what_the_definition_says_of_itself() -> None:
    found = definition.read(
        'variable "X_API_KEY" {}\noutput "id" {\n  value = 1\n}\nterraform {\n  backend "s3" {}\n}\n'
        'locals {\n  a = file("${path.cwd}/b.yaml")\n}\n'
    )
    assert (set(found.variables), set(found.outputs), found.files) == ({"X_API_KEY"}, {"id"}, ("b.yaml",))
    assert (found.has_backend, found.has_provider, found.has_requirement) == (True, False, False)


def test_deep_nesting_and_long_texts_end_in_a_moment() -> None:
    assert definition.faults(f"locals {{\n  a = {'(' * 5_000}1{')' * 5_000}\n}}\n", "it") == []
    assert definition.faults("locals {\n  a = <<EOT\n" + "\n" * 100_000 + "EOT\n}\n", "it") != []


@settings(max_examples=60)
@given(st.text(alphabet='{}"$%<>EOT()\n \\/*#=a[]', max_size=60))
def test_no_text_is_a_bug(text: str) -> None:
    """Whatever stands in a definition, the answer is a list of faults."""
    for fault in definition.faults(f'locals {{\n  a = <<EOT\n{text}\nEOT\n  b = "{text}"\n}}\n', "it"):
        assert fault.startswith("it")
