"""Which state of a repository a clone is to have: the inputs that say so, of a pipeline and of an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.contract.inputs import option, shown
from common.errors import BadInput

if TYPE_CHECKING:
    from common.git.state import State

BUILDS = {"branch": "branch", "tag": "tag", "PR": "number", "commitSha": "commitSha"}  # type -> field of its spec
STATES = {"branch": "branch", "tag": "tag", "PR": "pull_request", "commitSha": "commit"}
# What the platform's own image takes for the event of such a reference.
PULL_REQUESTS, TAGS = ("refs/pull/", "refs/pull-request/", "refs/merge-requests/"), "refs/tags/"


@dataclass(frozen=True, kw_only=True)
class Build:
    """Which state of it."""

    build: dict[str, Any] = option(
        "build",
        default={},
        required_in_spec=True,
        help="What to check out, as type (branch, tag, PR or commitSha) with spec (branch, tag, number or commitSha);"
        " the default branch when nothing says it.",
    )
    branch: str = option("branch", env=["DRONE_COMMIT_BRANCH"], default="", spec=False, help="Branch to check out.")
    tag: str = option("tag", env=["DRONE_TAG"], default="", spec=False, help="Tag to check out.")
    commit: str = option(
        "commitSha",
        env=["DRONE_COMMIT_SHA"],
        default="",
        spec=False,
        help="Commit to check out, on the branch when that is given, too.",
    )
    pull_request: str = option(
        "pullRequest",
        env=["DRONE_PULL_REQUEST"],
        default="",
        spec=False,
        help="Number of the pull or merge request whose head is checked out.",
    )
    reference: str = option(
        "commitRef",
        env=["DRONE_COMMIT_REF"],
        default="",
        spec=False,
        help="Full reference, which counts when it is a tag or a pull request, or for the event pull_request.",
    )
    event: str = option(
        "buildEvent",
        env=["DRONE_BUILD_EVENT"],
        default="",
        spec=False,
        help="tag or pull_request: which of several variables counts; else a commit or branch does.",
    )


def wanted_state(build: Build) -> State:
    """Give the state that is asked for. Raises BadInput for a `build` of another form."""
    from common.git.state import State

    if build.build:
        return _of_build(build.build)
    if build.pull_request:
        return State(pull_request=build.pull_request, commit=build.commit)
    if build.reference and (build.event == "pull_request" or build.reference.startswith(PULL_REQUESTS)):
        return State(reference=build.reference, commit=build.commit)
    if build.reference.startswith(TAGS):
        return State(tag=build.reference.removeprefix(TAGS))
    if build.tag and (build.event == "tag" or not (build.branch or build.commit)):
        return State(tag=build.tag)
    return State(branch=build.branch, commit=build.commit)


def _of_build(build: Mapping[str, Any]) -> State:
    from common.git.state import State

    kind, spec = build.get("type"), build.get("spec")
    field = BUILDS.get(str(kind))
    value = spec.get(field) if field and isinstance(spec, dict) else None
    if field is None or not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip():
        forms = ", ".join(f"{one} with spec.{name}" for one, name in BUILDS.items())
        raise BadInput(f"build is {shown(dict(build))}, which says no state.", next_step=f"Give its type: {forms}.")
    return State(**{STATES[str(kind)]: str(value).strip()})
