"""A catalog file is checked offline: every fault at once, each with its line, and the entity gets its reference."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from common.catalogs.entity import Entity, parse, reference
from common.catalogs.rules import RULES
from common.catalogs.words import Format
from common.errors import BadInput

COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments-api
  description: Takes money
  annotations:
    backstage.io/techdocs-ref: dir:.
  tags: [python, c++]
spec:
  type: service
  lifecycle: experimental
  owner: group:default/platform
"""
NATIVE = """\
apiVersion: harness.io/v1
kind: Component
identifier: payments-api
name: Payments
type: service
owner: group:account/platform
orgIdentifier: default
projectIdentifier: shop
spec:
  lifecycle: production
"""


ROBOT = "apiVersion: backstage.io/v1alpha1\nkind: Robot\nmetadata:\n  name: r2\n"


def faults(text: str, target: Format | None = None) -> str:
    with pytest.raises(BadInput) as caught:
        parse(text, what="fileContent", target=target)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return re.sub(r"(line \d+), column \d+", r"\1", str(caught.value))


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    return text


def test_a_file_of_idp_1_is_named_as_the_import_to_idp_2_names_it() -> None:
    (entity,) = parse(replaced(COMPONENT, ("name: payments-api", "name: Payments.API")), what="x")
    assert entity == Entity(Format.BACKSTAGE, "Component", "Payments.API", "default", "group:default/platform", 1)
    assert reference(entity) == "component:account/Payments.API"


def test_an_import_knows_no_namespace_and_calls_a_template_a_workflow() -> None:
    (entity,) = parse(replaced(COMPONENT, ("  name:", "  namespace: shop\n  name:")), what="x")
    assert (entity.scope, reference(entity)) == ("shop", "component:account/payments-api")
    template = replaced(COMPONENT, ("kind: Component", "kind: Template"), ("  lifecycle: experimental", "  steps: []"))
    assert reference(parse(template, what="x")[0]) == "workflow:account/payments-api"


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        (NATIVE, "component:account.default.shop/payments-api"),
        (replaced(NATIVE, ("projectIdentifier: shop\n", "")), "component:account.default/payments-api"),
        (
            replaced(NATIVE, ("projectIdentifier: shop\n", ""), ("orgIdentifier: default\n", "")),
            "component:account/payments-api",
        ),
        (
            replaced(NATIVE, ("identifier: payments-api", "identifier: Payments_API$1")),
            "component:account.default.shop/Payments_API$1",
        ),
    ],
)
def test_a_file_of_idp_2_is_named_by_its_scope_and_keeps_its_case(text: str, ref: str) -> None:
    assert reference(parse(text, what="x")[0]) == ref


@pytest.mark.parametrize("kind", ["Component", "API", "Resource", "System", "Workflow"])
def test_idp_2_needs_an_owner(kind: str) -> None:
    bare = replaced(NATIVE, ("owner: group:account/platform\n", ""), ("kind: Component", f"kind: {kind}"))
    assert "line 1: owner is missing; write the owner, such as group:account/platform" in faults(bare)


@pytest.mark.parametrize("kind", ["Group", "User", "Environment"])
def test_idp_2_has_kinds_that_nobody_needs_to_own(kind: str) -> None:
    bare = replaced(NATIVE, ("owner: group:account/platform\n", ""), ("kind: Component", f"kind: {kind}"))
    assert parse(bare, what="x")[0].owner == ""


def test_all_faults_are_told_at_once_with_their_lines() -> None:
    text = replaced(
        COMPONENT,
        ("kind: Component", "kind: component"),
        ("name: payments-api", "name: My Service"),
        ("[python, c++]", "[Python]"),
        ("  lifecycle: experimental\n", ""),
        ("group:default/platform", "a/b/c"),
    )
    told = faults(text)
    assert told.startswith("fileContent has 5 faults, (1) line 2: kind is 'component'")
    assert "(2) line 4: metadata.name is 'My Service'; use 1 to 63 letters" in told
    assert "(3) line 8: metadata.tags item 1 is 'Python'" in told
    assert "(4) line 9: spec.lifecycle is missing" in told
    assert "(5) line 11: spec.owner is 'a/b/c'; write [kind:][namespace/]name" in told
    assert told.endswith("Correct it and run this again.")


def test_a_syntax_error_is_told_with_line_and_column() -> None:
    assert "line 3: no YAML (mapping values are not allowed here" in faults("a: b\nc: d\ne: f: g\n")


def test_every_fault_is_told_with_line_and_column() -> None:
    text = replaced(COMPONENT, ("name: payments-api", "name: a b"), ("[python, c++]", "[python, A]"))
    with pytest.raises(BadInput, match=r"line 4, column 9: metadata.name .* line 8, column 18: metadata.tags item 2"):
        parse(text, what="x")


def warnings(text: str) -> str:
    (entity,) = parse(text, what="x")
    return "; ".join(entity.warnings)


def test_an_unknown_kind_is_warned_of_with_the_nearest_known() -> None:
    told = warnings(replaced(COMPONENT, ("kind: Component", "kind: Compnent")))
    assert told == (
        "line 2, column 1: kind is 'Compnent', which only a catalog takes that has such a kind of its own."
        " Did you mean 'Component'?"
    )
    assert "Did you mean 'component'?" in faults(replaced(NATIVE, ("kind: Component", "kind: Compnent")))


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        ("harness.io/workspace-url: app.harness.io/x", "write the whole address of the workspace"),
        ("harness.io/pipelines: https://app.harness.io/x", "write one line per entry"),
        ("harness.io/services: nothing", "write one line per entry"),
        ("backstage.io/techdocs-ref: docs", "write dir: or url:"),
        ("github.com/project-slug: payments", "write owner/repository"),
        ("harness.io/pipelines: 'build: https://app.harness.io/x'", ""),
        ("harness.io/services: |\n      a: https://x.example/a\n      b c: https://x.example/b", ""),
        (
            "harness.io/workspace-url: https://app.harness.io/ng/account/a/module/iacm/orgs/o/projects/p/workspaces/w",
            "",
        ),
    ],
)
def test_annotations_that_their_readers_would_not_understand_are_warned_of(annotation: str, told: str) -> None:
    found = warnings(replaced(COMPONENT, ("backstage.io/techdocs-ref: dir:.", annotation)))
    assert told in found
    assert bool(found) == bool(told)


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("  dependsOn: [resource:default/db, a/b/c]", "line 14: spec.dependsOn item 2 is 'a/b/c'"),
        ("  dependsOn: [database]", "line 14: spec.dependsOn item 1 is 'database'; write kind:[namespace/]name"),
        ("  system: 'a:b:c'", "line 14: spec.system is 'a:b:c'"),
        ("  providesApis: orders", "line 14: spec.providesApis is no list"),
        ("owner: x", "line 14: 'owner' may not stand at the root, where only apiVersion, kind, metadata and spec"),
    ],
)
def test_what_names_other_entities_has_the_form_of_a_reference(field: str, told: str) -> None:
    assert told in faults(f"{COMPONENT}  # more\n{field}\n")


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("labels: {a b: c}", "metadata.labels a b: the key is 'a b'"),
        ("labels: {a/b/c: c}", "metadata.labels a/b/c: the key is 'a/b/c'"),
        ("labels: {a: 'b c'}", "metadata.labels a is 'b c'"),
        ("links: [{title: x}]", "metadata.links item 1 has no url"),
        ("links: [{url: nowhere}]", "metadata.links item 1 url is 'nowhere'"),
        ("links: [x]", "metadata.links item 1 is no map"),
        ("links: x", "metadata.links is no list"),
    ],
)
def test_labels_and_links_have_their_forms(field: str, told: str) -> None:
    assert told in faults(replaced(COMPONENT, ("description: Takes money", field)))


def test_a_tab_is_called_a_tab() -> None:
    assert "line 2: no YAML" in faults("a:\n\t- b")
    assert "indent with blanks" in faults("a:\n\t- b")


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n---\n"])
def test_a_text_without_an_entity_is_a_fault(text: str) -> None:
    assert "line 1: there is no entity" in faults(text)


@pytest.mark.parametrize("text", ["hello", "- a\n- b\n", "3"])
def test_a_document_that_is_no_mapping_is_a_fault(text: str) -> None:
    assert "this is no entity; write keys with values" in faults(text)


def test_fields_that_are_not_indented_below_metadata_are_explained() -> None:
    told = faults(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\nname: x\nspec:\ntype: service\nowner: a\n"
    )
    assert "line 3: metadata has nothing below it; indent what belongs to it" in told
    assert "line 5: spec has nothing below it; indent what belongs to it" in told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("null", "line 4: metadata.name is null, as an unresolved expression leaves it"),
        ("'null'", "line 4: metadata.name is null, as an unresolved expression leaves it"),
        ("", "line 4: metadata.name is empty"),
        (
            "<+pipeline.variables.name>",
            "line 4: metadata.name holds <+pipeline.variables.name>, which was not resolved",
        ),
        ("<+variable.account.name>", "line 4: metadata.name holds <+variable.account.name>, which was not resolved"),
        ("123", "line 4: metadata.name is '123', which YAML reads as int; write it in quotes"),
        ("true", "line 4: metadata.name is 'true', which YAML reads as bool; write it in quotes"),
        ("2026-01-01", "line 4: metadata.name is '2026-01-01', which YAML reads as timestamp; write it in quotes"),
        ("[a]", "line 4: metadata.name is no text"),
        ("-a", "line 4: metadata.name is '-a'"),
        ("a-", "line 4: metadata.name is 'a-'"),
        ("a/b", "line 4: metadata.name is 'a/b'"),
        ("a" * 64, "line 4: metadata.name is 'aaa"),
    ],
)
def test_what_is_no_name_is_refused(value: str, told: str) -> None:
    assert told in faults(replaced(COMPONENT, ("name: payments-api", f"name: {value}")))


@pytest.mark.parametrize("value", ["1a", "a.b", "a b", "org", "stepGroup", "a" * 129, "<+pipeline.name>", "null"])
def test_what_is_no_identifier_is_refused(value: str) -> None:
    assert "line 3: identifier" in faults(replaced(NATIVE, ("identifier: payments-api", f"identifier: {value}")))


def test_expressions_that_the_portal_resolves_may_stand_where_no_name_is() -> None:
    text = replaced(COMPONENT, ("type: service", "type: <+variable.account.kind_of_service>"))
    assert parse(text, what="x")[0].name == "payments-api"
    assert "spec.type holds <+pipeline.variables.t>" in faults(
        replaced(COMPONENT, ("type: service", "type: <+pipeline.variables.t>"))
    )


@pytest.mark.parametrize("kind", sorted(RULES[Format.BACKSTAGE].kinds))
def test_each_kind_says_which_fields_it_lacks(kind: str) -> None:
    text = f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: x\n"
    told = faults(text)
    for path in RULES[Format.BACKSTAGE].kinds[kind]:
        assert f"{path} is missing" in told


def test_a_kind_of_ones_own_needs_only_a_name_in_idp_1() -> None:
    (entity,) = parse(ROBOT, what="x")
    assert (entity.kind, entity.name, entity.scope) == ("Robot", "r2", "default")


def test_idp_2_lists_its_kinds() -> None:
    assert "kind is 'Robot', which IDP 2.0 does not know; write one of component, api" in faults(
        replaced(NATIVE, ("kind: Component", "kind: Robot"))
    )


def test_an_unknown_api_version_is_told_with_the_known_ones_and_the_rest_is_checked_too() -> None:
    told = faults(replaced(NATIVE, ("harness.io/v1", "harness.io/v2"), ("type: service\n", "")))
    assert "apiVersion is 'harness.io/v2'; write one of backstage.io/v1alpha1" in told
    assert "type is missing" in told


def test_the_name_of_idp_1_in_a_file_of_idp_2_is_explained() -> None:
    text = "apiVersion: harness.io/v1\nkind: Component\ntype: service\nmetadata:\n  name: x\nspec:\n  lifecycle: a\n"
    assert "line 5: IDP 2.0 has no metadata.name; write identifier at the root" in faults(text)


def test_a_project_needs_its_organization() -> None:
    assert "line 7: projectIdentifier is given without orgIdentifier" in faults(
        replaced(NATIVE, ("orgIdentifier: default\n", ""))
    )


def test_a_key_given_twice_is_a_fault_on_its_second_line() -> None:
    told = faults(replaced(COMPONENT, ("  description:", "  name: other\n  description:")))
    assert told.startswith("fileContent has a fault, line 5: the key 'name' was given on line 4 already")


@pytest.mark.parametrize("value", ["3", "true", "null", "[]"])
def test_annotations_and_labels_hold_texts_only(value: str) -> None:
    told = faults(replaced(COMPONENT, ("techdocs-ref: dir:.", f"techdocs-ref: {value}")))
    assert "line 7: metadata.annotations backstage.io/techdocs-ref is" in told


def test_what_should_be_a_map_of_texts_and_is_none_is_a_fault() -> None:
    told = faults(replaced(COMPONENT, ("    backstage.io/techdocs-ref: dir:.", "    - dir:.")))
    assert "line 6: metadata.annotations is no map" in told


@pytest.mark.parametrize("value", ["", "''", "null"])
def test_a_text_that_is_not_required_may_be_left_empty(value: str) -> None:
    text = replaced(COMPONENT, ("description: Takes money", f"description: {value}\n  namespace: {value}"))
    assert parse(text, what="x")[0].scope == "default"


def test_what_is_quoted_in_a_message_is_cut() -> None:
    told = faults(replaced(COMPONENT, ("name: payments-api", f"name: {'a b' * 40_000}")))
    assert "(120000 characters)" in told
    assert len(told) < 1_000


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("name: payments-api", "name: 2fa", "line 4: metadata.name is '2fa'; use up to 128 letters"),
        ("name: payments-api", "name: payments.api", "line 4: metadata.name is 'payments.api'; use up to 128 letters"),
        ("name: payments-api", "name: status", "and no reserved word, for an identifier of IDP 2.0"),
        ("kind: Component", "kind: Domain", "line 2: kind is 'Domain', which IDP 2.0 does not know"),
        ("kind: Component", "kind: Robot", "line 2: kind is 'Robot', which IDP 2.0 does not know"),
    ],
)
def test_an_import_is_checked_by_what_it_makes_of_the_file(before: str, after: str, told: str) -> None:
    """The file's own format allows more, and CreateCatalog with it."""
    text = replaced(COMPONENT, (before, after))
    assert parse(text, what="x")
    assert told in faults(text, Format.HARNESS)


def test_an_import_needs_what_its_kind_needs_in_idp_2() -> None:
    text = replaced(COMPONENT, ("kind: Component", "kind: System"), ("  type: service\n", ""))
    assert parse(text, what="x")
    assert "line 9: spec.type is missing" in faults(text, Format.HARNESS)


def test_what_its_own_format_refuses_is_told_once_when_an_import_would_refuse_it_too() -> None:
    text = replaced(COMPONENT, ("name: payments-api", "name: a b"), ("  owner: group:default/platform\n", ""))
    assert faults(text, Format.HARNESS) == faults(text)


def test_idp_1_allows_several_documents_and_passes_over_empty_ones() -> None:
    second = replaced(COMPONENT, ("payments-api", "payments-db"))
    entities = parse(f"---\n{COMPONENT}---\n---\n{second}", what="x")
    assert [(entity.name, entity.line) for entity in entities] == [
        ("payments-api", 2),
        ("payments-db", 16),
    ]


def test_idp_2_allows_one_entity_in_a_file() -> None:
    assert "line 12: a file of IDP 2.0 holds one entity" in faults(f"{NATIVE}---\n{NATIVE}")
    assert "a file of IDP 2.0 holds one entity" in faults(f"{COMPONENT}---\n{NATIVE}")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5000,
        "{a: " * 3000,
        '"\\UFFFFFFFF"',
        "%YAML 1." + "9" * 5000 + "\n---\na: b",
        "a\0b",
        "\ud800",
        "&a [*a]",
        "*a",
        "[&a [" + "x, " * 400 + "], &b [" + "*a, " * 400 + "]]",
        "- " * 20_000,
        "a: " + "1" * 5_000,
        "!!x y",
    ],
)
def test_hostile_texts_are_faults_like_any_other(text: str) -> None:
    assert "line 1" in faults(text)


def test_a_file_whose_aliases_come_to_too_much_is_a_fault_where_it_does() -> None:
    text = COMPONENT + "a0: &a0 x\n" + "".join(f"a{n + 1}: &a{n + 1} [{f'*a{n}, ' * 10}]\n" for n in range(8))
    assert "line 18: too large (it has more than 100000 values or 4194304 characters" in faults(text)


def test_an_alias_is_the_value_that_it_names() -> None:
    text = replaced(COMPONENT, ("name: payments-api", "name: &n payments"), ("type: service", "type: *n"))
    assert parse(text, what="x")[0].name == "payments"


def test_an_expression_of_a_template_without_quotes_is_explained() -> None:
    told = faults(replaced(COMPONENT, ("name: payments-api", "name: {{ cookiecutter.name }}")))
    assert "line 4: no YAML (a list or map cannot be a key); write quotes around a value" in told


def test_a_long_value_is_not_echoed_whole() -> None:
    told = faults(replaced(COMPONENT, ("name: payments-api", f"name: {'a' * 120_000}")))
    assert f"metadata.name is '{'a' * 100}'… (120000 characters); use 1 to 63 letters" in told
    assert len(told) < 400


@given(st.text(max_size=300))
def test_any_text_is_an_entity_or_bad_input(text: str) -> None:
    try:
        assert parse(text, what="x")
    except BadInput:
        assert "line " in faults(text)


_LINES = st.sampled_from(
    [*COMPONENT.splitlines(), *NATIVE.splitlines(), "---", "metadata:", "  <<: *x", "- a", "  name: &x y", "\t"]
)


@given(st.lists(_LINES, max_size=25), st.integers(0, 400), st.text(max_size=3))
def test_any_shuffled_file_is_an_entity_or_bad_input(lines: list[str], position: int, inserted: str) -> None:
    text = "\n".join(lines)
    text = text[:position] + inserted + text[position:]
    try:
        for entity in parse(text, what="x"):
            assert re.fullmatch(r"[a-z][a-z0-9]*:[^/]+/[^/]+", reference(entity))
            assert entity.name in text
    except BadInput:
        assert "line " in faults(text)


@given(st.from_regex(r"\A[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z"))
def test_every_name_that_backstage_allows_is_taken_when_it_is_quoted(name: str) -> None:
    quoted = yaml.safe_dump(name, default_style='"').strip()
    text = replaced(COMPONENT, ("name: payments-api", f"name: {quoted}"))
    if name == "null":
        assert "metadata.name is null" in faults(text)
    else:
        assert parse(text, what="x")[0].name == name
