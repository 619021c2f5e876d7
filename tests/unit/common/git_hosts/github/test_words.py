"""What GitHub says of a push it declined, and what the user is then told to do."""

from __future__ import annotations

import pytest

from common.git.failures import rejection
from common.git_hosts.github.words import REJECTIONS

RULES = "remote: error: GH013: Repository rule violations found for refs/heads/main.\nremote: \nremote: - {}"
PROTECTED = "remote: error: GH006: Protected branch update failed for refs/heads/main.\nremote: error: {}"
WORKFLOW = "refusing to allow {} to create or update workflow `.github/workflows/ci.yml` without {}"


@pytest.mark.parametrize(
    ("said", "advice", "code", "protected"),
    [
        (WORKFLOW.format("an OAuth App", "`workflow` scope"), "Give the token the scope `workflow`", 3, False),
        (WORKFLOW.format("a Personal Access Token", "`workflow` scope"), "(a fine-grained one: Workflows", 3, False),
        (WORKFLOW.format("a GitHub App", "`workflows` permission"), "Give the App the permission workflows", 3, False),
        (RULES.format("Push cannot contain secrets"), "Take the secret", 1, False),
        ("remote: error GH009: Secrets detected! This push failed.", "Take the secret", 1, False),
        ("remote: error: GH001: Large files detected.", "under Git LFS", 1, False),
        ("remote: error: GH008: Your push referenced at least 1 unknown Git LFS object:", "did not arrive", 1, False),
        (RULES.format("Cannot force-push to this branch"), "leave FORCE_PUSH out", 1, False),
        (PROTECTED.format("Cannot force-push to this branch"), "leave FORCE_PUSH out", 1, False),
        ("remote: error: GH003: Sorry, force-pushing to main is not allowed.", "leave FORCE_PUSH out", 1, False),
        (RULES.format("Commits must have verified signatures."), "(SIGNING_KEY)", 1, False),
        (PROTECTED.format("Commits must have verified signatures."), "(SIGNING_KEY)", 1, False),
        (RULES.format("Changes must be made through a pull request."), "set PUSH_MODE=pull_request", 1, True),
        (PROTECTED.format('Required status check "check" is expected.'), "set PUSH_MODE=pull_request", 1, True),
        (RULES.format("Commit message must match a given regex pattern: JIRA"), "do as the lines above say", 1, False),
        ("remote: error: GH002: Sorry, branch or tag names consisting of 40 hex", "Choose another name", 1, False),
        ("remote: error: GH005: Sorry, refs longer than 255 bytes are not allowed", "Choose a shorter name", 1, False),
        ("remote: error: GH007: Your push would publish a private email address.", "Set GIT_AUTHOR_EMAIL", 1, False),
        ("remote: Permission to acme/payments.git denied to jane.", "Contents write", 3, False),
        ("remote: something else", "", 1, False),
    ],
)
def test_a_declined_push_is_explained(said: str, advice: str, code: int, protected: bool) -> None:
    told = rejection(REJECTIONS, said)
    assert advice in told.advice
    assert (bool(told.advice), told.error.exit_code, told.protected) == (bool(advice), code, protected)
