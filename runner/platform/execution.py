"""One run of a pipeline: the variables that tell every step of it, and what expressions can ask about it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from runner.language.pipeline import Pipeline, Stage


@dataclass(frozen=True)
class Execution:
    """One run of a pipeline. `sequence` is 0 before the run has started."""

    identifier: str
    pipeline: Pipeline
    account: str = ""
    sequence: int = 0
    workspace: str = ""


def variables(execution: Execution, stage: Stage, output_file: str, secret_file: str) -> dict[str, str]:
    """Give the variables that every step has (contract, B.5 and C.1)."""
    pipeline = execution.pipeline
    found = {
        "HARNESS_ACCOUNT_ID": execution.account,
        "HARNESS_ORG_ID": pipeline.organization,
        "HARNESS_PROJECT_ID": pipeline.project,
        "HARNESS_PIPELINE_ID": pipeline.identifier,
        "HARNESS_STAGE_ID": stage.identifier,
        "HARNESS_EXECUTION_ID": execution.identifier,
        "HARNESS_BUILD_ID": str(execution.sequence),
        "HARNESS_WORKSPACE": execution.workspace,
        "DRONE_WORKSPACE": execution.workspace,
        "DRONE_STAGE_NAME": stage.name,
        "PLUGIN_PIPELINE": pipeline.name,
        "DRONE_OUTPUT": output_file,
        "HARNESS_OUTPUT_FILE": output_file,
        "HARNESS_OUTPUT_SECRET_FILE": secret_file,
    }
    return {name: value for name, value in found.items() if value}


def facts(execution: Execution) -> dict[str, str]:
    """Give what expressions can ask about the pipeline and this execution (contract, E)."""
    pipeline = execution.pipeline
    found = {
        "pipeline.name": pipeline.name,
        "pipeline.identifier": pipeline.identifier,
        "pipeline.executionId": execution.identifier,
        "pipeline.sequenceId": str(execution.sequence),
        "pipeline.pipeline.sequenceId": str(execution.sequence),  # the word is doubled in published samples
        "pipeline.startTs": str(int(time.time() * 1000)),
        "pipeline.triggerType": "MANUAL",
        "pipeline.orgIdentifier": pipeline.organization,
        "pipeline.projectIdentifier": pipeline.project,
        "org.identifier": pipeline.organization,
        "project.identifier": pipeline.project,
        "account.identifier": execution.account,
    }
    return {path: value for path, value in found.items() if value}
