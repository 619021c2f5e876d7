"""UpdateCatalogProperty of many entities against the sandbox: requests, time, and memory in the number of entities."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sandbox.catalog import entities
from sandbox.server import Sandbox, serve
from sandbox.services import open_state

ROOT = Path(__file__).resolve().parents[1]
YAML = (
    "apiVersion: harness.io/v1\nkind: Component\nidentifier: svc{}\ntype: service\nowner: test\n"
    "spec:\n  lifecycle: production\n"
)
SIZES = (1_000, 10_000)
MEASURE = """\
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def properties() -> None:
    """Print what one property of 1,000 and of 10,000 entities takes, the first time and again."""
    with tempfile.TemporaryDirectory() as name, serve(Path(name) / "state") as sandbox:
        _fill(sandbox, max(SIZES))
        peaks = []
        for size in SIZES:
            for again in (False, True):
                sent, seconds, peak = _run(sandbox, Path(name), size)
                told = "again" if again else "first"
                peaks += [] if again else [peak]
                print(
                    f"UpdateCatalogProperty of {size:,} entities, {told}: {sent} requests"
                    f" ({sent / size:.4f} x one per entity), {seconds:.1f} s, {peak / 1024:.0f} MB"
                )
        print(f"Its memory at {SIZES[1]:,} entities: {peaks[1] / peaks[0]:.2f} x that at {SIZES[0]:,}")


def _fill(sandbox: Sandbox, count: int) -> None:
    state, now = open_state(sandbox.state_dir), int(time.time() * 1000)
    example = entities.parse(YAML.format(0), convert=False)
    rows = [
        (example.scope, example.kind, f"svc{number}", YAML.format(number), None, now, now) for number in range(count)
    ]
    with state.database() as database:
        database.executemany(
            "INSERT INTO entities (scope, kind, identifier, yaml, git_details, created, updated)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )


def _requests(sandbox: Sandbox) -> int:
    with open_state(sandbox.state_dir).database() as database:
        return int(database.execute("SELECT COALESCE(MAX(id), 0) FROM requests").fetchone()[0])


def _run(sandbox: Sandbox, folder: Path, size: int) -> tuple[int, float, int]:
    """Run the step in a process of its own; give the requests, the seconds and the largest memory in KB."""
    refs = folder / "refs.json"
    refs.write_text(json.dumps([f"component:account/svc{number}" for number in range(size)]), encoding="utf-8")
    environ = {
        **os.environ,
        "BASE": sandbox.url,
        "X_API_KEY": sandbox.credentials["harness"].api_key,
        "PLUGIN_TYPE": "Property",
        "PLUGIN_PROPERTY": f"metadata.size{size}",
        "PLUGIN_VALUE": '{"team": "blue", "tier": 1}',
        "PLUGIN_ENTITY_REFS_FILE": str(refs),
        "PYTHONPATH": str(ROOT),
    }
    before, start = _requests(sandbox), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", MEASURE, sys.executable, "-P", "-m", "steps.update_catalog_property"],
        cwd=folder,
        env=environ,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return _requests(sandbox) - before, time.perf_counter() - start, int(done.stdout.split()[-1])


if __name__ == "__main__":
    properties()
