"""One output in the notation of each runner, as text; a value that the runner would change or reject raises NotCarried.

Pure text: where it is written, and how, is the business of `places` and `target`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping

from common import log
from common.contract.outputs.carried import NotCarried

LONGEST_ENV_STRING = (
    131_072  # Linux: NAME=value and its NUL; a longer one lets every later command of the job fail to start
)

_AZURE_TRAP = re.compile(r"%(?=AZP25|3B|0D|0A|5D)")
_AZURE_DATA = str.maketrans({"\r": "%0D", "\n": "%0A", ";": "%3B", "]": "%5D"})


def github(name: str, text: str) -> str:
    """Give `NAME=value`, whose value GitHub takes as it is, or for several lines the form with a delimiter."""
    if "\n" not in text and "\r" not in text:
        return f"{name}={text}\n"
    delimiter = _delimiter()
    while delimiter in text:
        delimiter = _delimiter()
    return f"{name}<<{delimiter}\n{text}\n{delimiter}\n"


def _delimiter() -> str:
    return f"idp_steps_{os.urandom(16).hex()}"


def gitlab(name: str, text: str) -> str:
    """Give a line of a dotenv report: no quotes, no blanks; a later job expands the value when it uses it."""
    if any(character.isspace() for character in text):
        raise NotCarried(name, "a dotenv report cannot hold a blank or a newline in a value")
    if "$" in text:
        raise NotCarried(name, "GitLab expands $ in the variables of a dotenv report")
    return f"{name}={text}\n"


def bitbucket(name: str, text: str) -> str:
    """Give `KEY=VALUE`; no more of the syntax is documented, so only what any reading of it keeps is written."""
    if "\n" in text or "\r" in text:
        raise NotCarried(name, "a shared variable is one line")
    if text != text.strip():
        raise NotCarried(name, "blanks at the ends of a shared variable are lost")
    if found := sorted(set(text) & set("\\$'\"")):
        raise NotCarried(name, f"how Pipelines reads {' '.join(found)} in a shared variable is not defined")
    if re.search(r"(^|\s)#", text):
        raise NotCarried(name, "how Pipelines reads # after a blank in a shared variable is not defined")
    return f"{name}={_env_sized(name, text)}\n"


def circleci(name: str, text: str) -> str:
    """Give a line that the shells of later `run` steps source."""
    return f"export {name}={shlex.quote(_env_sized(name, text))}\n"


def azure(name: str, text: str) -> str:
    """Give a logging command; a `%` is encoded only where it would be misread, for DECODE_PERCENTS=false may be set."""
    data = _AZURE_TRAP.sub("%AZP25", _env_sized(name, text)).translate(_AZURE_DATA)
    return f"##vso[task.setvariable variable={name};isoutput=true]{data}\n"


def exact(_name: str, text: str) -> str:
    """Give the text itself: Tekton takes a result's file as it is, and a JSON document or a table has all of it."""
    return text


def argo(_name: str, text: str) -> str:
    """Give the text, and one newline more where it ends with one: Argo drops one from a parameter's file."""
    return f"{text}\n" if text.endswith("\n") else text


def tekton_size(results: Mapping[str, str]) -> int:
    """Give the bytes of the termination message that hands on these results.

    Source: tektoncd/pipeline, pkg/termination/write.go and pkg/result/result.go; Go writes <, > and & as six bytes.
    """
    started = {"key": "StartedAt", "value": "2026-01-01T00:00:00.000Z", "type": 3}
    entries = [{"key": name, "value": text, "type": 1} for name, text in results.items()]
    message = json.dumps([*entries, started], ensure_ascii=False, separators=(",", ":"))
    return len(message.encode()) + 5 * sum(message.count(character) for character in "<>&")


def table(outputs: Mapping[str, str]) -> str:
    """Give all outputs for a person to read; what a terminal would act upon is shown escaped."""
    width = max(map(len, outputs), default=0)
    return "".join(_row(name.ljust(width), text) for name, text in outputs.items())


def _row(name: str, text: str) -> str:
    lines = ["".join(map(_visible, line)) for line in text.split("\n")]
    heads = [name, *[" " * len(name)] * (len(lines) - 1)]
    return "".join(log.harmless(f"{head}  {line}") + "\n" for head, line in zip(heads, lines, strict=True))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def _env_sized(name: str, text: str) -> str:
    size = len(f"{name}={text}".encode()) + 1
    if size > LONGEST_ENV_STRING:
        raise NotCarried(
            name, f"it becomes an environment variable of {size} bytes, and Linux allows {LONGEST_ENV_STRING}"
        )
    return text
