"""The images and what they say of themselves: the rows of images.toml, and the labels made from the steps' contracts.

It writes docker-bake.json, by which `docker buildx bake` alone knows both. No engine is called here.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import steps
from images import needed

ROOT = Path(__file__).resolve().parent.parent
BAKE_LIST = ROOT / "docker-bake.json"
IMAGES: dict[str, dict[str, str]] = tomllib.loads((ROOT / "images/images.toml").read_text(encoding="utf-8"))
VARIANTS = ("", "-root")  # suffixes of the tag and of the Dockerfile's target
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION: str = PROJECT["version"]
DESCRIBE = "io.idp-steps.describe"


def setting(name: str, default: str = "") -> str:
    """Give an environment variable; empty counts as not set."""
    return os.environ.get(name) or default


def contracts() -> dict[str, dict[str, Any]]:
    """Give what the step of each image declares."""
    declared = [steps.load(step_type).describe() for step_type in steps.STEPS]
    return {contract["image"]: contract for contract in declared}


def bake_list() -> str:
    """Make docker-bake.json."""
    declared = contracts()
    rows = [
        {
            "image": image,
            "base": row["base"],
            "with": row.get("with", ""),
            "summary": _plain(declared[image]["summary"]),
            "describe": _plain(_compact(declared[image])),
        }
        for image, row in IMAGES.items()
    ]
    content = {
        "//": "Made by `make docs` from images/images.toml and what the steps declare; changes here are lost.",
        "variable": {"VERSION": {"default": VERSION}, "STEPS": {"default": rows}},
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def source_date() -> int:
    """Give the date that every file and label carries: SOURCE_DATE_EPOCH, else that of the last commit."""
    date = setting("SOURCE_DATE_EPOCH") or _git("log", "-1", "--pretty=%ct")
    if not date.isdecimal():
        raise needed.Missing(
            f"SOURCE_DATE_EPOCH is {date!r}; give seconds since 1970, as in $(date +%s)."
            if date
            else "This is no git clone, which would tell the date of the source; set SOURCE_DATE_EPOCH, as to"
            " $(date +%s)."
        )
    return int(date)


def variables() -> dict[str, str]:
    """Give what docker-bake.hcl asks for and only the source can tell."""
    urls = {name.lower(): url for name, url in PROJECT.get("urls", {}).items()}
    source = setting("SOURCE_URL", urls.get("source", ""))
    created = dt.datetime.fromtimestamp(source_date(), tz=dt.UTC)
    return {
        "CREATED": created.isoformat().replace("+00:00", "Z"),
        "DOCUMENTATION_URL": setting("DOCUMENTATION_URL", urls.get("documentation", source)),
        "HOME_URL": setting("HOME_URL", urls.get("homepage", source)),
        "REVISION": setting("REVISION") or _git("rev-parse", "HEAD"),
        "SOURCE_DATE_EPOCH": str(source_date()),
        "SOURCE_URL": source,
        "VERSION": VERSION,
    }


def labels(contract: Mapping[str, Any]) -> dict[str, str]:
    """Give the labels of an image, as docker-bake.hcl does; for engines that do not read it."""
    values = variables()
    found = {
        "title": f"idp-steps {contract['image']}",
        "description": contract["summary"],
        "version": VERSION,
        "revision": values["REVISION"],
        "created": values["CREATED"],
        "licenses": PROJECT["license"],
        "vendor": PROJECT["name"],
        "source": values["SOURCE_URL"],
        "url": values["HOME_URL"],
        "documentation": values["DOCUMENTATION_URL"],
    }
    named = {f"org.opencontainers.image.{name}": value for name, value in found.items() if value}
    return named | {DESCRIBE: _compact(contract)}


def _compact(contract: Mapping[str, Any]) -> str:
    return json.dumps(contract, separators=(",", ":"), ensure_ascii=False)


def _plain(text: str) -> str:
    """Write a text so that bake does not take `${` and `%{` in it for its own."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _git(*arguments: str) -> str:
    """Ask git about the source; empty when this is no clone, as for a source archive, or there is no git."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        return ""
    command = ["git", "-c", f"safe.directory={ROOT}", *arguments]
    return subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout.strip()
