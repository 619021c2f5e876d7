# ruff: noqa: BLE001, E501 - any error of a template is one; the texts are tables
"""Texts rendered piece by piece, and files as a whole, come to what Jinja and cookiecutter make of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.template import content
from common.template.names import Entry, Kind
from common.template.pieces import Pieces
from common.template.source import Template
from common.template.writing import write

VALUES: dict[str, Any] = {"name": "My App", "slug": "app", "n": 3, "yes": True, "no": False, "nothing": None}
VALUES |= {"items": ["a", "b"], "map": {"x": {"y": "z"}}, "markup": "<b>&", "dirty": "a\nb\r\nc ü \U0001f600"}
SETTINGS: list[Mapping[str, Any]] = [
    {},
    {"trim_blocks": True},
    {"lstrip_blocks": True, "trim_blocks": True},
    {"autoescape": True},
    {"newline_sequence": "\r\n"},
    {"optimized": False},
    {"line_statement_prefix": "%%", "line_comment_prefix": "##"},
    {"variable_start_string": "[[", "variable_end_string": "]]", "block_start_string": "<%", "block_end_string": "%>"},
    {"variable_start_string": "${", "variable_end_string": "}", "comment_start_string": "{#"},
    {"block_start_string": "{{%", "block_end_string": "%}}"},
]
EXPRESSIONS = [
    "cookiecutter.name", "cookiecutter['slug']|upper", "cookiecutter.n + 1", "cookiecutter.items|join(', ')", "1, 2", "''",
    "cookiecutter.map.x.y", "cookiecutter", "cookiecutter|jsonify", "cookiecutter.name|slugify", "cookiecutter.markup",
    "'{{' ~ '%}'", '"a\\nb"', "cookiecutter.name.replace('My', \"}}\")", "{'a': {'b': 1}}.a.b", "cookiecutter.yes and 1",
    "'x' if cookiecutter.no else 'y'", "'x' if cookiecutter.no", "cookiecutter.dirty", "cookiecutter.nothing", "1/0",
    "cookiecutter.missing", "missing|default('d')", "cookiecutter.name is defined", "[1, 2][-1]", "-1", "1 |abs", "self",
    "cookiecutter.update({'n': cookiecutter.n + 1})", "cookiecutter.items.append('c')", "range(3)|list", "loop", "x y",
    "1|nofilter", "1 is notest", "cookiecutter.markup|e", "cookiecutter.markup|safe", "(1", "'a", "_('x')", "\u00fc",
]  # fmt: skip
CONDITIONS = [
    "cookiecutter.yes",
    "cookiecutter.no",
    "cookiecutter.n > 2",
    "missing",
    "1, 2",
    "not cookiecutter.nothing",
    "x if",
]
signs = st.sampled_from(["", "-", "+"])
blank = st.sampled_from(["", " ", "\n", "  \n\n ", "\t"])
long_text = st.sampled_from(
    ["word " * 30, "\n".join(["line of text"] * 9), "  indented\n" * 9, "}} {" * 20, "-%} %{" * 30]
)
plain = st.text(st.sampled_from("ab {}%#-+\n\t'\"<>é\0"), max_size=8) | long_text


def tag(kind: str, inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    ends = {"{{": "}}", "{%": "%}", "{#": "#}"}
    return st.tuples(st.just(kind), signs, blank, inner, blank, signs, st.just(ends[kind])).map("".join)


def statement(inner: str) -> st.SearchStrategy[str]:
    return tag("{%", st.just(inner))


def with_blocks(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    many = st.lists(texts, max_size=3).map("".join)
    test = st.sampled_from(CONDITIONS)
    condition = st.builds(
        "{}{}{}{}{}{}{}".format,
        tag("{%", test.map("if {}".format)), many,
        tag("{%", test.map("elif {}".format)) | st.just(""), many,
        statement("else") | st.just(""), many,
        statement("endif"),
    )  # fmt: skip
    others = [
        ("for i in cookiecutter.items", "endfor"), ("set x", "endset"), ("filter upper", "endfilter"),
        ("macro m()", "endmacro"), ("with y = 1", "endwith"), ("raw", "endraw"), ("autoescape true", "endautoescape"),
    ]  # fmt: skip
    blocks = [st.builds("{}{}{}".format, statement(start), many, statement(end)) for start, end in others]
    return condition | st.one_of(blocks)


ATOMS = (
    plain
    | blank
    | tag("{{", st.sampled_from(EXPRESSIONS))
    | tag("{#", plain)
    | st.sampled_from(
        ["{% set z = 1 %}", "%% if 1", "\n%% endif\n", "## c\n", "{{", "%}", "{%", "{% endif %}", "{% else %}"]
    )
    | st.sampled_from(
        ["[[ cookiecutter.name ]]", "${cookiecutter.slug}", "<% if cookiecutter.yes %>a<% endif %>", "{{% if 1 %}}"]
    )
)
texts = st.lists(ATOMS | st.recursive(ATOMS, with_blocks, max_leaves=8), max_size=6).map("".join)


def environment(settings: Mapping[str, Any]) -> Any:
    from cookiecutter.utils import create_env_with_context

    return create_env_with_context({"cookiecutter": {"_jinja2_env_vars": dict(settings)}})


ENVIRONMENTS = [environment(settings) for settings in SETTINGS]
PIECES = [Pieces(one) for one in ENVIRONMENTS]  # each for all texts, so that what is kept between them is tested, too


def fresh() -> dict[str, Any]:
    return {"cookiecutter": {**VALUES, "items": ["a", "b"]}}


def by_jinja(env: Any, text: str) -> str | None:
    """What Jinja makes of it; None for an error."""
    try:
        return str(env.from_string(text).render(**fresh()))
    except Exception:  # of any kind
        return None


@given(texts, st.integers(0, len(SETTINGS) - 1))
@example("{#-" + " comment" * 20 + "-#} \n x", 0)
@example("a  \n{%- raw -%} " + "{{ x }} " * 20 + " {%- endraw %}\n", 2)
@example("{{ '" + "long " * 40 + "' }}", 0)
@example("{% if cookiecutter.no %}{{ 1|nofilter }}{% endif %}", 0)
@example("{{ cookiecutter.update({'n': 9}) }}{{ cookiecutter.n }}", 0)
@example("a {%", 0)
@example("a {{ 1", 0)
def test_pieces_come_to_what_jinja_renders(text: str, number: int) -> None:
    """Or to nothing, and then Jinja is asked: for another grammar, and for every error, which it tells with its line."""
    expected = by_jinja(ENVIRONMENTS[number], text)
    found = PIECES[number].of(text, fresh())
    if found is None:
        return
    try:
        assert "".join(found) == expected
    except AssertionError:
        raise
    except Exception:  # whatever an expression raised, Jinja raises too
        assert expected is None


@pytest.mark.parametrize(
    "text",
    [
        "a {{ cookiecutter.name }}\n",
        "{% if cookiecutter.yes %}a{% elif missing %}b{% else %}c{% endif %}{# c #}{% raw %}{{ x }}{% endraw %}",
        "word " * 100 + "{{ cookiecutter.name|slugify }} {{ cookiecutter|jsonify }}",
    ],
)
def test_ordinary_texts_are_rendered_without_jinja_compiling_them(text: str) -> None:
    for number in (0, 1, 2, 3):
        found = PIECES[number].of(text, fresh())
        assert found is not None
        assert "".join(found) == by_jinja(ENVIRONMENTS[number], text)


@pytest.mark.parametrize(
    "text", ["{{ self }}", "{% for i in [1] %}{% endfor %}", "{{ 1|shout }}", "{{ 1 }" * 2, "%% if 1\n"]
)
def test_what_means_another_thing_as_a_whole_is_left_to_jinja(text: str) -> None:
    env = environment({"line_statement_prefix": "%%"} if text.startswith("%%") else {})
    env.filters["shout"] = str.upper  # of an extension: it may give another value each time
    assert Pieces(env).of(text, fresh()) is None


def test_an_extension_that_reads_texts_itself_leaves_all_of_them_to_jinja() -> None:
    from cookiecutter.utils import create_env_with_context
    from jinja2.ext import Extension

    class Reader(Extension):
        def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
            return source.replace("x", "y")

    env = create_env_with_context({"cookiecutter": {}})
    assert Pieces(env).usual
    env.add_extension(Reader)
    assert Pieces(env).of("x", fresh()) is None


chunks = (
    st.binary(max_size=600) | st.text(max_size=300).map(str.encode) | st.text("ab \n\t\r", max_size=600).map(str.encode)
)


@given(
    chunks,
    st.sampled_from([b"", b"BM", b"MZ", b"%PDF-1.", b"\x89PNG\r\n\x1a\n", b"RIFF", b"\xef\xbb\xbf", b"\xff\xfe"]),
)
def test_binary_is_what_binaryornot_says(chunk: bytes, start: bytes) -> None:
    from binaryornot.helpers import is_binary_string

    assert content.is_binary("file", start + chunk) == is_binary_string((start + chunk)[:512])


@pytest.mark.parametrize(
    "name", ["a.png", "a.PNG", "a/b.tar.gz", ".png", "a.", "a", "..png", "x.d/y", "a.txt", "..", "a/.x.jpg", "a b.ico"]
)
def test_a_name_tells_a_binary_file_as_in_binaryornot(name: str) -> None:
    from binaryornot.helpers import has_binary_extension

    assert content.is_binary(name, b"text") == has_binary_extension(name)


ends = st.sampled_from(["\n", "\r\n", "\r", "x" * 9000 + "\n", "\n\r"])
files = st.lists(texts | ends, max_size=8).map(lambda parts: "".join(parts).encode()) | st.binary(max_size=60)


@given(files, st.sampled_from([0, 1, 4]), st.sampled_from([None, "\n", "\r\n", "\r"]))
def test_a_file_has_the_bytes_that_cookiecutter_writes(data: bytes, number: int, new_lines: str | None) -> None:
    """An error of cookiecutter is one here, too, but for a file that is no UTF-8 and has nothing to render."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place).resolve()
        (root / "t" / "{{cookiecutter.slug}}").mkdir(parents=True)
        (root / "t" / "{{cookiecutter.slug}}" / "file").write_bytes(data)
        context = fresh()
        context["cookiecutter"] |= {"_jinja2_env_vars": SETTINGS[number]} | (
            {"_new_lines": new_lines} if new_lines else {}
        )
        outcomes = [by_cookiecutter(root, context), by_us(root, context)]
        assert outcomes[0] == outcomes[1] or outcomes == [None, data]


def by_cookiecutter(root: Path, context: dict[str, Any]) -> bytes | None:
    from cookiecutter.generate import generate_files

    context = {"cookiecutter": {**context["cookiecutter"], "items": ["a", "b"]}}
    try:
        generate_files(root / "t", context, root / "theirs")
    except Exception:  # of any kind
        return None
    return (root / "theirs" / "app" / "file").read_bytes()


def by_us(root: Path, context: dict[str, Any]) -> bytes | None:
    project = root / "ours"
    project.mkdir()
    folder = root / "t" / "{{cookiecutter.slug}}"
    context = {"cookiecutter": {**context["cookiecutter"], "items": ["a", "b"]}}
    template = Template(root / "t", folder, environment(context["cookiecutter"]["_jinja2_env_vars"]), context, {}, {})
    before = Path.cwd()
    try:
        write(template, [Entry("file", "file", Kind.RENDERED)], project, largest=10**6)
    except Exception:  # of any kind
        return None
    finally:
        os.chdir(before)
    return (project / "file").read_bytes()
