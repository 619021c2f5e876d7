"""Where a credential must not be: how it may look there, and what a machine shows of the programs that run on it."""

from __future__ import annotations

import base64
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def forms(canary: str) -> set[str]:
    """The canary as it may appear: plain, in a URL, in base64 alone or behind a user name."""
    users = ("", ":", "x-access-token:", "Basic ", "Bearer ")
    return {
        canary,
        urllib.parse.quote(canary, safe=""),
        urllib.parse.quote_plus(canary),
        *(base64.b64encode(f"{user}{canary}".encode()).decode().rstrip("=")[:-1] for user in users),
    }


@contextmanager
def watched_processes(seen: set[str], temporary: Path, configured: set[str]) -> Iterator[None]:
    """Collect the command lines of all processes, as `ps` shows them, and git's configurations, while the step runs."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.002):
            # Not by a glob for the files: it asks whether each exists, which fails for a process that just ends.
            for process in Path("/proc").iterdir():
                if process.name.isdigit():
                    with suppress(OSError):
                        command = (process / "cmdline").read_bytes()
                        seen.add(command.replace(b"\0", b" ").decode(errors="replace"))
            with suppress(OSError):
                configured.update(path.read_text() for path in temporary.rglob("*.git/config"))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
