"""The launcher that runs a step as a container of its image.

The step gets the environment that it gets as a process, but for what describes this machine (its programs, home and
language), and the same folders under the same names: the workspace, and the folder that its outputs go to.
"""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from common.contract import child
from common.errors import BadInput
from runner.execution import process, script
from runner.execution.engine import LABEL, OWN, Choice, Engine, guarded, have_images, opened, remove
from runner.execution.launch import TIMED_OUT, Ended, Start
from runner.language import pipeline as language
from runner.language import quantity, step_types
from runner.language.step_types import StepKind

MACHINE = frozenset({"PATH", "HOME", "TMPDIR", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES"})
OF_MACHINE = {"STATE_DIR": "", "PROVIDER_MIRROR": ":ro"}  # folders for the steps that read these, and their mounts
PULLED = {"Always": "always", "IfNotPresent": "missing", "Never": "never"}  # imagePullPolicy -> when it is fetched
FILES = ("CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "HARNESS_CA_PATH")
LOOPBACK = "127.0.0.1"
NEAR = {"docker": "host.docker.internal", "podman": "host.containers.internal"}
"""This machine, as the containers of an engine call it that runs in a machine of its own."""
NOT_RUN = 125  # the engine's own failure, before the container ran


@dataclass(frozen=True)
class Containers:
    """How the containers of one run are started.

    near: services of this machine that the steps reach on loopback. mounts: what the environment of the runner, and no
    variable of a pipeline, says to be read or kept on this machine, with the words that mount it.
    """

    engine: Engine
    run: str
    image: Callable[[StepKind], str]
    near: tuple[str, ...] = ()
    mounts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    machine: Mapping[str, str] = field(default_factory=dict)
    """What a process has of this machine's own environment, and a container of its image's."""
    _numbers: itertools.count[int] = field(default_factory=itertools.count, repr=False)

    def launch(self, start: Start) -> Ended:
        """Run a step's container to its end. A signal to the runner is handed to it, and it gets time to end in order.

        Raises BadInput. A command that names no image is run as a process.
        """
        if start.script is not None and not start.image:
            return process.launch(start)
        name = f"idp-steps-{self.run}-{next(self._numbers)}"
        given = self.environment(start.environ)
        whole = False
        try:
            ended = child.run(
                self.command(start, name, given),
                environ={**given, **self.engine.environ},
                line=start.line,
                merged=True,
                seconds=start.timeout,
                grace=process.GRACE,
            )
            whole = not ended.timed_out
        except child.NotStarted as error:
            raise BadInput(
                f"The step's container could not be started: {error}.",
                next_step="A value longer than 128 KiB, or one with a NUL character, cannot be a variable.",
            ) from error
        finally:
            if not whole:  # the command line may be gone while the container goes on
                remove(self.engine, f"name={name}")
        if ended.timed_out:
            return Ended(TIMED_OUT, timed_out=True)
        if ended.code == NOT_RUN:
            raise BadInput(f"{self.engine.program} could not run the image; its words stand above.")
        return Ended(ended.code)

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Give what a container gets of a step's environment. Raises BadInput."""
        for name in environ:
            if name.startswith(OWN):
                raise BadInput(
                    f"The variable {name} cannot be handed to a container, for the engine's command line reads it.",
                    next_step="Rename the variable, or run the steps as processes (--engine process).",
                )
        given = {name: value for name, value in environ.items() if name != "TMPDIR" and self.machine.get(name) != value}
        return {name: self._reachable(value) for name, value in given.items()} if self.engine.remote else given

    def command(self, start: Start, name: str, given: Mapping[str, str]) -> list[str]:
        """Give the engine's command line. It takes values from its own environment, but for its own PATH and HOME."""
        image = start.image or self.image(start.kind)
        folders = (start.folder, start.files)
        read = [name for name in given if name not in OF_MACHINE or name in start.kind.reads]
        named = [self.mounts[name][given[name]] for name in read if given[name] in self.mounts.get(name, ())]
        host = "host" if self.near and not self.engine.remote else ""
        words = [
            *("run", "--rm", "--pull=never", f"--name={name}", f"--label={LABEL}={self.run}"),
            *(f"--volume={folder}:{folder}" for folder in folders),
            *dict.fromkeys(named),
            *(
                f"--env={name}={value}" if name in self.engine.environ else f"--env={name}"
                for name, value in given.items()
            ),
            *([f"--network={host}"] if host else []),
            *limits(start),
            *self._user(start.user),
            f"--workdir={start.folder}",
        ]
        started_by = start.entrypoint if start.script is None else script.argv(start.script)
        if not started_by:
            return [self.engine.program, *words, image]
        program, *arguments = started_by
        return [self.engine.program, *words, f"--entrypoint={program}", image, *arguments]

    def _user(self, wanted: str) -> list[str]:
        """Give who the container runs as: this user, so that the workspace stays theirs, with the images' group 0."""
        if wanted:
            return [f"--user={wanted}"]
        rootless = self.engine.program == "podman" and os.getuid() != 0
        return [f"--user={os.getuid()}:0", *(["--userns=keep-id"] if rootless else [])]

    def _reachable(self, value: str) -> str:
        """Name this machine as the containers of a remote engine call it, where a value names a service near by."""
        name = NEAR[self.engine.program]
        for url in self.near:
            place = url.partition("://")[2].partition("/")[0]
            value = name if value == LOOPBACK else value.replace(place, place.replace(LOOPBACK, name))
        return value


@contextmanager
def started(choice: Choice, environ: Mapping[str, str], near: Sequence[str]) -> Iterator[Containers]:
    """Give what starts the containers of a run. None of them is left when the block ends. Raises BadInput."""
    engine, run = opened(choice.program, environ), uuid.uuid4().hex[:12]
    with guarded(engine, run):
        yield Containers(engine, run, choice.image, tuple(near), mounts(environ), of_machine(environ))


def of_machine(environ: Mapping[str, str]) -> dict[str, str]:
    """Give those variables that describe this machine; one that a step sets otherwise is the step's own."""
    return {name: environ[name] for name in MACHINE if name in environ}


def mounts(environ: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Give what the steps are to find of this machine: by variable and its value, the words that mount it.

    Raises BadInput for a folder that is not there and cannot be made: an engine would make one that is root's.
    """
    found: dict[str, dict[str, str]] = {}
    for name, how in {**OF_MACHINE, **dict.fromkeys(FILES, ":ro")}.items():
        value = environ.get(name, "")
        path = Path(value)
        if not path.is_absolute():
            continue
        if name in OF_MACHINE and not path.is_dir():
            _make(path, name)
        if path.exists():
            found[name] = {value: f"--volume={value}:{value}{how}"}
    return found


def _make(folder: Path, name: str) -> None:
    if OF_MACHINE[name]:
        raise BadInput(f"The folder {folder} ({name}) does not exist.", next_step="Give one that does.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"The folder {folder} ({name}) cannot be made: {error.strerror}.") from error


def prepare(choice: Choice, environ: Mapping[str, str], wanted: Mapping[str, str], line: Callable[[str], None]) -> None:
    """See to it that engine and images are there before anything runs. Raises BadInput."""
    mounts(environ)
    have_images(opened(choice.program, environ), wanted, choice.pull, line)


def images(
    pipeline: language.Pipeline, skip: Collection[language.Path], image: Callable[[StepKind], str]
) -> dict[str, str]:
    """Give the images that a run will need, as far as that can be told before it, and when a step has them fetched."""
    found: dict[str, str] = {}
    for stage, step in pipeline.steps():
        if stage.path in skip:
            continue
        kind = step_types.kind(step.type)
        name = image(kind) if kind.module else step.spec.text("image")
        if name and "<+" not in name:
            pulled = "" if kind.module else PULLED.get(step.spec.text("imagePullPolicy"), "")
            found[name] = "always" if "always" in (pulled, found.get(name)) else pulled or found.get(name, "")
    return found


def limits(start: Start) -> list[str]:
    """Give a step's limits as an engine takes them. Raises BadInput for what is no quantity of Kubernetes."""
    words = []
    if start.memory:
        words.append(f"--memory={round(_quantity(start.memory, 'memory'))}b")
    if start.cpus:
        words.append(f"--cpus={_quantity(start.cpus, 'cpu'):g}")
    return words


def _quantity(text: str, what: str) -> float:
    found = quantity.read(text)
    if found is None:
        raise BadInput(f"The limit {what} is {text!r}, which is no quantity.", next_step=quantity.ADVICE)
    return found
