"""How a second run knows the message of the first: the inputs, and the id that is made of them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from common.contract.inputs import matching, option


@dataclass(frozen=True, kw_only=True)
class Dedupe:
    """How a second run knows the message of the first."""

    given: str = option(
        "dedupeId",
        env=["DEDUPE_ID"],
        default="",
        check=matching(r"[^\x00-\x1f]{1,200}", "is no text of one line and up to 200 characters"),
        spec=False,
        help="Id of the message: one that a run of the last 7 days has posted with it is not posted again. Needs the"
        " history scope of the channel's kind (channels:history, groups:history or im:history), channels:read or"
        " groups:read for a channel's name, and im:write for a person. When absent it is made from the pipeline's"
        " execution, the step and the message, and nothing is looked for where the app lacks a scope.",
    )
    if_posted: str = option(
        "ifPosted",
        env=["IF_POSTED"],
        default="keep",
        choices=("keep", "update"),
        spec=False,
        help="What to do with the message that an earlier run has posted: keep it, or give it the new content.",
    )
    execution: str = option(
        "executionId",
        env=["HARNESS_EXECUTION_ID"],
        default="",
        spec=False,
        help="Set by the platform in its pipelines.",
    )
    stage: str = option(
        "stageId", env=["HARNESS_STAGE_ID"], default="", spec=False, help="Set by the platform in its pipelines."
    )
    step: str = option(
        "stepOutputFile",
        env=["HARNESS_OUTPUT_FILE", "DRONE_OUTPUT"],
        default="",
        spec=False,
        help="Set by the platform; its name tells one step of a stage from another.",
    )

    def id_of(self, target: str, content: object) -> str:
        """Give the id; '' where nothing tells one run from another."""
        if self.given or not self.execution:
            return self.given
        told = [self.execution, self.stage, self.step.rpartition("/")[2], target, content]
        import hashlib  # here: --help need not wait for OpenSSL

        return "auto-" + hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]
