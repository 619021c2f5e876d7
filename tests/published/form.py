"""What a miniature of a published template consists of, and how it is written to a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(range(256))


@dataclass(frozen=True, kw_only=True)
class Published:
    """A template with the features that its namesake documents, in words of our own.

    given: values of variables. folders: empty ones; executable: files that are; links: where they lead. directory: of
    the template in its repository; names: of the nested templates that are chosen, the first of each list, which is
    what the command line takes when it does not ask. makes: paths that the project has, and lacks: that it has not.
    """

    context: Mapping[str, Any]
    files: Mapping[str, str | bytes]
    given: Mapping[str, str] = field(default_factory=dict)
    folders: Sequence[str] = ()
    executable: Sequence[str] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    directory: str = ""
    names: Sequence[str] = ()
    makes: Sequence[str]
    lacks: Sequence[str] = ()

    def write(self, root: Path) -> None:
        """Write the template's repository."""
        context = json.dumps(self.context, indent=2, ensure_ascii=False)
        for name, content in {f"{self.directory or '.'}/cookiecutter.json": context, **self.files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        for name in self.folders:
            (root / name).mkdir(parents=True)
        for name in self.executable:
            (root / name).chmod(0o755)
        for name, place in self.links.items():
            (root / name).symlink_to(place)
