"""Structured inputs of every step: a hostile text ends in one short sentence, at once and in little memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steps
from common.contract import values
from common.contract.inputs import Option

ROOT = Path(__file__).resolve().parents[4]
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
MEMORY = 512 * 1024 * 1024


def _structured() -> list[Any]:
    declared = [
        (step_type, option) for step_type in steps.STEPS for option in steps.load(step_type).declaration().options
    ]
    return [
        pytest.param(option, id=f"{step_type}.{option.field}")
        for step_type, option in declared
        if option.kind is Any or typing.get_origin(option.kind) in (list, dict)
    ]


def refused(text: str, kind: Any = Any) -> str:
    with pytest.raises(ValueError, match=r"\S") as caught:
        values.parse(kind, text, multiline=False)
    told = str(caught.value)
    assert told.isprintable()
    assert len(told) < 400
    return told


@pytest.mark.parametrize("option", _structured())
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"[{{{BOMB.replace(chr(10), ', ')}}}]", "is too large at line 1, column"),
        ("[" * 20_000, "is nested too deeply at line 1, column 101: it has more than 100 levels; flatten it"),
        ("[" * 5_000 + "]" * 5_000, "is nested too deeply at line 1, column 101"),
        ("[&a [*a]]", "is endless at line 1, column 6"),
    ],
)
def test_each_structured_input_refuses_what_would_take_all_memory(option: Option, text: str, said: str) -> None:
    assert said in refused(text, option.kind)


def test_a_step_that_is_given_a_bomb_ends_with_exit_2_in_the_memory_that_it_has(tmp_path: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    ended = subprocess.run(
        [sys.executable, "-m", "steps.update_catalog_property"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PLUGIN_VALUE": BOMB, "HARNESS_ACCOUNT_ID": "a"},
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "PLUGIN_VALUE is too large at line 6, column" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: b: c", "is neither JSON nor YAML at line 1, column 5: mapping values are not allowed here; check the"),
        ('"\\UFFFFFFFF"', "is neither JSON nor YAML at line 1, column 4: an escape or a directive has too large a"),
        ("a: 1\na: 2", "is ambiguous at line 2, column 1: the key 'a' was given on line 1 already; keep one"),
        ("!!set {a}", "is nothing that JSON has a form for at line 1, column 1: it has the tag 'set'; remove the tag"),
        ("[.inf]", "holds what JSON has no form for (Out of range float values are not JSON compliant"),
        ("1e999", "holds what JSON has no form for"),
        ('["\\ud800"]', "holds what JSON has no form for"),
        ("{{ x }}", "is neither JSON nor YAML at line 1, column 2: a list or map cannot be a key"),
    ],
)
def test_a_structured_value_that_cannot_be_taken_is_refused_with_its_place_and_what_to_do(text: str, said: str) -> None:
    assert said in refused(text)


@pytest.mark.parametrize(
    ("kind", "said"),
    [(bool, "which is no boolean"), (int, "which is no whole number")],
)
def test_a_long_value_is_not_echoed_whole(kind: Any, said: str) -> None:
    told = refused("x" * 120_000, kind)
    assert f"'{'x' * 100}'… (120000 characters), {said}" in told


@pytest.mark.parametrize("count", ["9" * 5_000, "-1", "²", "1 2", "10001", "1.0"])
def test_what_counts_no_values_is_refused_in_a_sentence(count: str) -> None:
    with pytest.raises(ValueError, match=r"X_COUNT is .*, which is no count of values\.$"):
        values.counted("X", count, {})


@given(st.text(max_size=200), st.sampled_from([list[str], list[Any], dict[str, Any], Any, bool, int]))
@settings(max_examples=300)
def test_any_text_is_a_value_or_one_short_sentence(text: str, kind: Any) -> None:
    told = ""
    try:
        values.parse(kind, text, multiline=False)
    except ValueError as error:
        told = str(error)
    assert "\n" not in told
    assert len(told) < 600
