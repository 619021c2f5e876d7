"""A self-service workflow: a form of parameters, the pipeline that it starts, and what it shows at the end.

Source: the platform's document on the backend of workflows, and the templates of Backstage that it follows
(https://backstage.io/docs/features/software-templates/writing-templates).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.document import Mapping as Map
from common.document import Scalar

TRIGGER = "trigger:harness-custom-pipeline"


@dataclass(frozen=True)
class Trigger:
    """The step that starts a pipeline: its id, the identifier of the pipeline, and the values that it gets."""

    id: str
    pipeline: str
    inputs: Mapping[str, Scalar | Map | Any]
    shows_outputs: bool


@dataclass(frozen=True)
class Shown:
    """A text or a link that is shown at the end."""

    title: str
    content: Scalar


@dataclass(frozen=True)
class Workflow:
    """What one file describes. `pages` are the JSON schemas of its parameters."""

    file: str
    name: str
    pages: tuple[dict[str, Any], ...]
    trigger: Trigger
    texts: tuple[Shown, ...]
    links: tuple[Shown, ...]

    def properties(self) -> dict[str, Any]:
        """Give every parameter that stands on a page itself, by name."""
        return {name: schema for page in self.pages for name, schema in (page.get("properties") or {}).items()}
