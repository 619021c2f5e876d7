"""Writes the generated documentation: docs/steps.md, and the table of steps in README.md between its markers.

Everything comes from what the steps declare (`--describe`). `--check` writes nothing and fails when a file is not
current. Run it from the repository with `make docs`.
"""  # noqa: INP001 - a script beside the pages that it writes, not a package

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import steps
from common.slack.failures import CODES

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- steps:begin -->", "<!-- steps:end -->"
IMAGES = "idp-steps"

INTRODUCTION = f"""\
# Steps

<!-- Made by `make docs` from what the steps declare; changes here are lost. -->

Each step is a container image, `{IMAGES}/<image>`, and a command, `python -m steps.<module>`. Environment variables go
in, work is done, output variables come out; [outputs.md](outputs.md) says how each runner gets them.

A value is looked for in this order, and the first that is set wins:

1. the flag, `--code-directory` for the field `codeDirectory`;
2. the names by which a runner addresses one step: `PLUGIN_`, `INPUT_` or `PARAM_` with the field in capitals
   (`PLUGIN_CODE_DIRECTORY`, `INPUT_CODE-DIRECTORY`, `PARAM_CODEDIRECTORY`) or with one of its variables;
3. its variables.

Two names of one kind that are both set and differ are refused with both names: one of them is a pipeline variable that
is meant for something else.

Unset, empty and the word `null` are the same: not given. Each variable may also be given as `NAME_FILE`, the path of
a file that holds the value; the flag of a secret always takes such a path. Booleans are true/false, 1/0, yes/no,
on/off; lists are JSON, comma-separated, or `NAME_COUNT` with `NAME_0`, `NAME_1`, …; maps are JSON or YAML.
A field marked * has no place in the pipeline's YAML: the platform or the user sets its variable.
"""


def contracts() -> list[dict[str, Any]]:
    """Give what every step declares, in the order of the registry."""
    return [steps.load(step_type).describe() for step_type in steps.STEPS]


def reference(declared: Sequence[Mapping[str, Any]]) -> str:
    """Make docs/steps.md."""
    shared = in_every_step(declared)
    parts = [INTRODUCTION, overview(declared, base="")]
    for step in declared:
        own = [one for one in step["inputs"] if one not in shared]
        names = f"Image `{IMAGES}/{step['image']}`, command `python -m steps.{step['name']}`"
        parts += [
            f"## {step['type']}\n",
            f"{step['summary']} {names}, execution-config field `{step['executionConfigField']}`.\n",
            inputs_table(own),
            outputs_table(step),
        ]
        if step["type"] in NOTES:
            parts.append(NOTES[step["type"]]())
    parts += ["## Inputs of every step\n", inputs_table(shared), "## Exit codes\n", exit_codes(declared)]
    return "\n".join(parts)


def in_every_step(declared: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Give the inputs that all steps have; whether one has a place in the YAML may differ from step to step."""

    def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        return {**one, "spec": None} == {**other, "spec": None}

    return [
        one
        for one in declared[-1]["inputs"]
        if all(any(same(one, other) for other in step["inputs"]) for step in declared)
    ]


def overview(declared: Iterable[Mapping[str, Any]], *, base: str) -> str:
    """Make the table of steps; `base` leads to the reference."""
    rows = (
        (f"[{step['type']}]({base}#{step['type'].lower()})", code(f"{IMAGES}/{step['image']}"), cell(step["summary"]))
        for step in declared
    )
    return table(("Step", "Image", "What it does"), rows)


def inputs_table(inputs: Iterable[Mapping[str, Any]]) -> str:
    rows = ((field(one), variables(one), kind(one), default(one), cell(one["help"])) for one in inputs)
    return table(("Field", "Variables", "Type", "Default", "Meaning"), rows)


def outputs_table(step: Mapping[str, Any]) -> str:
    more = [("others", cell(step["openOutputs"]))] if step["openOutputs"] else []
    rows = [*((code(one["name"]), cell(one["help"])) for one in step["outputs"]), *more]
    return table(("Output", "Meaning"), rows)


def field(one: Mapping[str, Any]) -> str:
    return ", ".join(map(code, [one["field"], *one["aliases"]])) + ("" if one["spec"] else " *")


def variables(one: Mapping[str, Any]) -> str:
    prefix = [f"{one['prefix']}<name>"] if one["prefix"] else []
    return ", ".join(map(code, [*one["env"], *prefix]))


def kind(one: Mapping[str, Any]) -> str:
    if one["secret"]:
        return "secret"
    return "one of " + ", ".join(map(code, one["choices"])) if one["choices"] else str(one["type"])


def default(one: Mapping[str, Any]) -> str:
    if one["required"]:
        return "required"
    value = one["default"]
    if one["requiredInSpec"] and not value:
        return "required in YAML"
    return "" if value in ("", None, [], {}) else code(value if isinstance(value, str) else json.dumps(value))


def exit_codes(declared: Sequence[Mapping[str, Any]]) -> str:
    """Make the table of exit codes, which every step shares."""
    codes = declared[0]["exitCodes"]
    if any(step["exitCodes"] != codes for step in declared):
        raise ValueError("the steps declare different exit codes, so one table for all of them would be wrong")
    return table(("Code", "Meaning"), ((str(one["code"]), cell(one["meaning"])) for one in codes))


def slack_codes() -> str:
    """Make the table of what Slack may answer, by exit code and advice."""
    grouped: dict[tuple[int, str], list[str]] = {}
    for name, (error, advice) in CODES.items():
        grouped.setdefault((error.exit_code, advice), []).append(name)
    rows = (
        (", ".join(map(code, names)), str(exit_code), cell(advice))
        for (exit_code, advice), names in sorted(grouped.items())
    )
    return table(("What Slack says", "Exit code", "What to do"), rows)


NOTES = {"SlackNotify": slack_codes}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(text: str) -> str:
    return "`" + text.replace("|", "\\|").replace("\n", " ") + "`"


def cell(text: str) -> str:
    """Write plain text so that Markdown shows it as it is."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("*", "\\*")


def with_block(text: str, block: str) -> str:
    """Put the block between the markers of the text."""
    start, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md lacks the line {BEGIN} or, after it, {END}")
    return f"{start}{BEGIN}\n\n{block}\n{END}{tail}"


def files() -> dict[Path, str]:
    """Give every generated file with the text that it should have."""
    declared = contracts()
    readme = ROOT / "README.md"
    block = overview(declared, base="docs/steps.md")
    return {
        ROOT / "docs" / "steps.md": reference(declared),
        readme: with_block(readme.read_text(encoding="utf-8"), block),
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is not current")
    check = parser.parse_args(argv).check
    stale = 0
    for path, text in files().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if not check:
            path.write_text(text, encoding="utf-8")
        sys.stderr.write(f"{path.relative_to(ROOT)} {'is not current; run make docs' if check else 'written'}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
