#!/usr/bin/env -S python3 -S -E
"""Stands in for OpenTofu's command line: init, validate, plan, show and apply, with a state and its lock.

It reads as much of the language as the tests write: resources with plain attributes, and outputs. What has been made
is in `portal.json` next to it, so that a run without the state of an earlier one meets what that has made. Its calls
are in `calls.jsonl` next to it. Of the real program it cannot prove anything but the order and form of the calls.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(sys.argv[0]).absolute().parent
RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r'^output "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
ATTRIBUTE = re.compile(r'^\s+(\w+)\s*=\s*(?:"([^"\n]*)"|<<-?(\w+)\n(.*?)^\s*\3|([^<\n]+))$', re.MULTILINE | re.DOTALL)
SECRET = "token"  # an attribute that is sensitive, as a provider may have them
stopped: list[int] = []


def say(kind: str, message: str, **more: Any) -> None:
    sys.stdout.write(json.dumps({"@level": "info", "@message": message, "type": kind, **more}) + "\n")
    sys.stdout.flush()


def fail(summary: str, detail: str = "", **more: Any) -> int:
    wrong = {"severity": "error", "summary": summary, "detail": detail, **more}
    say("diagnostic", f"Error: {summary}", diagnostic=wrong)
    return 1


def attributes(text: str) -> dict[str, str]:
    found = {}
    for name, plain, _, long, other in ATTRIBUTE.findall(text):
        found[name] = long or plain or other.strip()
    return {name: re.sub(r"var\.(\w+)", lambda m: os.environ[f"TF_VAR_{m[1]}"], value) for name, value in found.items()}


def wanted(folder: Path) -> dict[str, dict[str, str]]:
    text = (folder / "definition.tf").read_text()
    return {f"{kind}.{name}": attributes(body) for kind, name, body in RESOURCE.findall(text)}


def place(folder: Path) -> Path:
    found = re.search(r'backend "local" \{\s*path = "([^"]+)"', (folder / "idp-steps.tf").read_text())
    return Path(found[1]) if found else folder / "terraform.tfstate"


def read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text())) if file.exists() and file.stat().st_size else {}


def outputs(folder: Path, resources: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, body in OUTPUT.findall((folder / "definition.tf").read_text()):
        told = attributes(body)
        value: Any = told["value"]
        if re.fullmatch(r"harness_\w+\.\w+\.\w+", value):
            address, _, attribute = value.rpartition(".")
            value = resources.get(address, {}).get(attribute)
        elif value.startswith(("[", "{")):
            value = json.loads(value)
        found[name] = {"sensitive": told.get("sensitive") == "true", "value": value}
    return found


def init(folder: Path, arguments: list[str]) -> int:
    settings = Path(os.environ["TF_CLI_CONFIG_FILE"]).read_text()
    written = "".join(path.read_text() for path in folder.glob("*.tf"))
    if written.count("required_providers") != 1 or written.count('provider "harness"') != 1:
        sys.stderr.write("\nError: Duplicate configuration\n\nThere may be one.\n")
        return 1
    if "include" not in settings:
        sys.stderr.write("\n╷\n│ Error: Failed to query available provider packages\n│ \n│ No available releases\n╵\n")
        return 1
    for given in arguments:
        if given.startswith("-backend-config="):
            (HERE / "backend.txt").write_text(Path(given.partition("=")[2]).read_text())
    sys.stdout.write("OpenTofu has been successfully initialized!\n")
    return 0


def validate(folder: Path) -> int:
    wrong = []
    for number, line in enumerate((folder / "definition.tf").read_text().splitlines(), 1):
        if "harness_unknown" in line:
            wrong.append(
                {"severity": "error", "summary": "Invalid resource type", "detail": "The provider does not support it"}
                | {"range": {"filename": "definition.tf", "start": {"line": number}}}
            )
    sys.stdout.write(json.dumps({"valid": not wrong, "error_count": len(wrong), "diagnostics": wrong}))
    return 1 if wrong else 0


def plan(folder: Path, file: Path) -> int:
    before, after = read(place(folder)).get("resources", {}), wanted(folder)
    changes = []
    for address in {**before, **after}:
        old, new = before.get(address), after.get(address)
        same = old is not None and new is not None and {**new, "id": old["id"]} == old
        action = "no-op" if same else "delete" if new is None else "create" if old is None else "update"
        hidden = {SECRET: True} if SECRET in (new or old or {}) else {}
        unknown = {"id": True} if action == "create" else {}
        change = {"actions": [action], "before": old, "after": new, "after_unknown": unknown}
        changes.append({"address": address, "change": {**change, "before_sensitive": {}, "after_sensitive": hidden}})
        if action != "no-op":
            say("planned_change", f"{address}: Plan to {action}")
    known = {address: {"id": (before.get(address) or {}).get("id"), **one} for address, one in after.items()}
    resources = [{"address": address, "type": address.partition(".")[0]} for address in after]
    source = "registry.opentofu.org/harness/harness"
    told = {
        "format_version": "1.2",
        "resource_changes": changes,
        "output_changes": {},
        "planned_values": {"outputs": outputs(folder, known)},
        "configuration": {
            "provider_config": {"harness": {"name": "harness", "full_name": source}},
            "root_module": {"resources": resources},
        },
    }
    file.write_text(json.dumps(told))
    return 0


def apply(folder: Path, file: Path) -> int:
    state_file = place(folder)
    state = read(state_file)
    resources, portal = state.setdefault("resources", {}), read(HERE / "portal.json")
    with state_file.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return fail(
                "Error acquiring the state lock", "resource temporarily unavailable\n\nLock Info:\n  ID:  1-2\n"
            )
        for one in json.loads(file.read_text())["resource_changes"]:
            address, change = one["address"], one["change"]
            (action,) = change["actions"]
            if action == "no-op":
                continue
            if stopped:
                return fail("execution halted")
            say("apply_start", f"{address}: {action}...")
            if action == "delete":
                portal.pop(resources.pop(address)["id"], None)
            else:
                new = change["after"]
                identifier = new.get("identifier", address)
                if action == "create" and identifier in portal:
                    return fail("Error creating", f"{identifier} already exists (DUPLICATE_FIELD)", address=address)
                if new.get("answer"):
                    return fail(new["answer"], "the portal said so", address=address)
                end = time.monotonic() + float(new.get("wait", 0))
                while time.monotonic() < end and not stopped:
                    time.sleep(0.02)
                resources[address] = {**new, "id": identifier}
                portal[identifier] = address
            (HERE / "portal.json").write_text(json.dumps(portal))
            state_file.write_text(json.dumps({**state, "outputs": outputs(folder, resources)}))
            say("apply_complete", f"{address}: complete")
            if change["after"] and change["after"].get("lost"):
                (folder / "errored.tfstate").write_text(json.dumps(state))
                return fail("Failed to save state", "the backend does not answer")
    state_file.write_text(json.dumps({**state, "outputs": outputs(folder, resources)}))
    say("outputs", "Outputs: 1", outputs={})
    return 0


def show(folder: Path, arguments: list[str]) -> int:
    if arguments:
        sys.stdout.write(Path(arguments[0]).read_text())
    else:
        kept = read(place(folder))
        sys.stdout.write(json.dumps({"format_version": "1.0", "values": {"outputs": kept.get("outputs", {})}}))
    return 0


def main(arguments: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.append(1))
    names = sorted(name for name in os.environ if name.startswith(("TF_", "X_", "HARNESS", "AWS", "SLACK")))
    with (HERE / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps({"arguments": arguments, "environment": names}) + "\n")
    where, command, *rest = arguments
    folder = Path(where.removeprefix("-chdir="))
    plain = [one for one in rest if not one.startswith("-")]
    if command == "init":
        return init(folder, rest)
    if command == "validate":
        return validate(folder)
    if command == "plan":
        (out,) = (one.partition("=")[2] for one in rest if one.startswith("-out="))
        return plan(folder, Path(out))
    return show(folder, plain) if command == "show" else apply(folder, Path(plain[0]))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
