"""Steps as containers, with a program in the place of the engine's command line that notes what it is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from common.errors import BadInput
from runner.execution import container, engine
from runner.execution.container import Containers
from runner.execution.engine import Choice
from runner.execution.launch import Script, Start
from runner.language import step_types
from runner.platform import images

KIND = step_types.kind("CreateCatalog")
ENGINE = """
    #!{python}
    import json, os, sys, time
    with open("{notes}", "a") as notes:
        notes.write(json.dumps([sys.argv[1:], dict(os.environ)]) + "\\n")
    if sys.argv[1] == "info":
        print({system!r})
    elif sys.argv[1] == "image":
        sys.exit(not set(sys.argv[3:]) <= set({images!r}))
    elif sys.argv[1] == "pull":
        print("denied: no such image", file=sys.stderr)
        sys.exit(1)
    elif sys.argv[1] == "ps":
        print("c0ffee")
    elif sys.argv[1] == "run":
        print("hello from the image", flush=True)
        time.sleep({seconds})
        sys.exit({code})
"""


@pytest.fixture
def fake(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Make a program called docker, and give the environment that finds it."""

    def make(
        *, system: str = "Debian", known: tuple[str, ...] = (), code: int = 0, seconds: float = 0
    ) -> dict[str, str]:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        text = (
            textwrap.dedent(ENGINE)
            .lstrip()
            .format(
                python=sys.executable, notes=tmp_path / "notes", system=system, images=known, code=code, seconds=seconds
            )
        )
        (folder / "docker").write_text(text)
        (folder / "docker").chmod(0o755)
        return {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": "/home/jane", "DOCKER_HOST": "unix:///x.sock"}

    return make


def notes(tmp_path: Path, word: str) -> list[tuple[list[str], dict[str, str]]]:
    """Give the command lines with that first word, and the environment of each."""
    told = [json.loads(line) for line in (tmp_path / "notes").read_text().splitlines()]
    return [(argv, environ) for argv, environ in told if argv[0] == word]


def start(tmp_path: Path, environ: Mapping[str, str], line: Callable[[str], None] = lambda _: None) -> Start:
    return Start(KIND, environ, tmp_path / "work", tmp_path / "files", 60, line)


def started(environ: Mapping[str, str], *near: str) -> Containers:
    mine = {"PATH": "/mine", "HOME": "/me", "LANG": "C"}
    opened = engine.opened("docker", environ)
    return Containers(opened, "r1", lambda kind: f"idp-steps/{kind.image}:1", near, machine=container.of_machine(mine))


def test_a_container_gets_the_environment_of_a_process_without_its_values_in_the_command(
    tmp_path: Path, fake: Callable[..., dict[str, str]]
) -> None:
    environ = {"FILE_CONTENT": "two\nlines", "X_API_KEY": "s3cret", "PATH": "/mine", "HOME": "/me", "TMPDIR": "/t"}
    said: list[str] = []

    ended = started(fake()).launch(start(tmp_path, environ, said.append))

    ((argv, seen),) = notes(tmp_path, "run")
    assert (ended.exit_code, said) == (0, ["hello from the image"])
    assert argv[-1] == "idp-steps/createcatalog:1"
    assert {word for word in argv if word.startswith("--env")} == {"--env=FILE_CONTENT", "--env=X_API_KEY"}
    assert not [word for word in argv if "s3cret" in word]
    assert {name: seen[name] for name in ("FILE_CONTENT", "X_API_KEY")} == {
        "FILE_CONTENT": "two\nlines",
        "X_API_KEY": "s3cret",
    }
    assert (seen["HOME"], seen["DOCKER_HOST"]) == ("/home/jane", "unix:///x.sock")


def test_what_a_step_says_of_its_own_place_goes_to_its_container(
    tmp_path: Path, fake: Callable[..., dict[str, str]]
) -> None:
    """The engine's command line keeps its own PATH and HOME."""
    started(fake()).launch(start(tmp_path, {"PATH": "/opt/bin", "HOME": "/me", "LANG": "fr", "TMPDIR": "/t"}))
    ((argv, seen),) = notes(tmp_path, "run")
    assert {word for word in argv if word.startswith("--env")} == {"--env=PATH=/opt/bin", "--env=LANG"}
    assert (seen["LANG"], seen["HOME"]) == ("fr", "/home/jane")


def test_a_container_works_in_the_run_s_folders_as_this_user_with_group_0(
    tmp_path: Path, fake: Callable[..., dict[str, str]]
) -> None:
    authority = tmp_path / "authority.pem"
    authority.touch()
    own = tmp_path / "id_rsa"
    own.touch()
    given = {"CA_BUNDLE": str(authority), "SSL_CERT_FILE": str(authority), "HARNESS_CA_PATH": "/not/there.pem"}
    containers = replace(started(fake()), mounts=container.mounts(given))
    argv = containers.command(start(tmp_path, {}), "name", given | {"CURL_CA_BUNDLE": str(own)})

    work, files = tmp_path / "work", tmp_path / "files"
    volumes = [word.partition("=")[2] for word in argv if word.startswith("--volume")]
    assert volumes == [f"{work}:{work}", f"{files}:{files}", f"{authority}:{authority}:ro"]
    assert {f"--user={os.getuid()}:0", f"--workdir={work}", "--rm", "--pull=never"} <= set(argv)
    assert not [word for word in argv if word.startswith(("--network", "--memory", "--cpus"))]


@pytest.mark.parametrize(
    ("system", "network", "value"),
    [
        ("Debian", ["--network=host"], "http://127.0.0.1:8500/x 127.0.0.1:1"),
        ("Docker Desktop", [], "http://host.docker.internal:8500/x 127.0.0.1:1"),
    ],
)
def test_a_service_of_this_machine_is_reached_from_containers(
    tmp_path: Path, fake: Callable[..., dict[str, str]], system: str, network: list[str], value: str
) -> None:
    """Docker Desktop's containers have another loopback address than this machine."""
    containers = started(fake(system=system), "http://127.0.0.1:8500")
    given = containers.environment({"URL": "http://127.0.0.1:8500/x 127.0.0.1:1", "DRONE_NETRC_MACHINE": "127.0.0.1"})

    assert given["URL"] == value
    assert given["DRONE_NETRC_MACHINE"] == ("127.0.0.1" if network else "host.docker.internal")
    argv = containers.command(start(tmp_path, {}), "name", given)
    assert [word for word in argv if word.startswith("--network")] == network


def test_the_folders_of_this_machine_are_mounted_where_a_step_reads_them(tmp_path: Path) -> None:
    """The state is made when it is not there, for an engine would make it root's; no variable of a pipeline counts."""
    state, mirror = tmp_path / "kept" / "state", tmp_path / "mirror"
    mirror.mkdir()
    mounts = container.mounts({"STATE_DIR": str(state), "PROVIDER_MIRROR": str(mirror)})
    assert state.is_dir()
    containers = Containers(engine.Engine("docker", {}, remote=False), "run", lambda _: "image:1", mounts=mounts)
    reading = replace(start(tmp_path, {}), kind=step_types.kind("CreateResource"))

    def volumes(begun: Start, **given: str) -> list[str]:
        words = containers.command(begun, "name", given)
        return [word.partition("=")[2] for word in words if word.startswith("--volume")][2:]

    given = {"STATE_DIR": str(state), "PROVIDER_MIRROR": str(mirror)}
    assert volumes(reading, **given) == [f"{state}:{state}", f"{mirror}:{mirror}:ro"]
    assert volumes(reading, STATE_DIR="/etc") == []
    assert volumes(start(tmp_path, {}), **given) == []


@pytest.mark.parametrize(("name", "place"), [("PROVIDER_MIRROR", "nowhere"), ("STATE_DIR", "file/state")])
def test_a_folder_that_cannot_be_mounted_is_told_before_anything_runs(
    tmp_path: Path, fake: Callable[..., dict[str, str]], name: str, place: str
) -> None:
    (tmp_path / "file").touch()
    environ = fake() | {name: str(tmp_path / place)}
    with pytest.raises(BadInput, match=f"The folder .*{place} \\({name}\\)"):
        container.prepare(Choice("docker", "missing", lambda _: ""), environ, {}, lambda _: None)
    container.prepare(Choice("docker", "missing", lambda _: ""), fake() | {name: "https://x.test"}, {}, lambda _: None)


def test_a_variable_that_the_engine_reads_itself_is_refused(fake: Callable[..., dict[str, str]]) -> None:
    with pytest.raises(BadInput, match="The variable DOCKER_HOST cannot be handed to a container"):
        started(fake()).environment({"DOCKER_HOST": "tcp://elsewhere"})


@pytest.mark.parametrize(
    ("memory", "cpus", "words"),
    [
        ("500Mi", "500m", ["--memory=524288000b", "--cpus=0.5"]),
        ("1G", "2", ["--memory=1000000000b", "--cpus=2"]),
        ("", "", []),
    ],
)
def test_limits_are_read_as_kubernetes_writes_them(tmp_path: Path, memory: str, cpus: str, words: list[str]) -> None:
    assert container.limits(replace(start(tmp_path, {}), memory=memory, cpus=cpus)) == words


@pytest.mark.parametrize("text", ["much", "-1Gi", "1 Gi", "0", "1e99", "9" * 5000])
def test_what_is_no_limit_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match="which is no quantity"):
        container.limits(replace(start(tmp_path, {}), memory=text))


def test_a_command_runs_in_the_image_that_it_names(tmp_path: Path, fake: Callable[..., dict[str, str]]) -> None:
    script = Script("Bash", tmp_path / "files" / "script")
    command = replace(start(tmp_path, {}), script=script, image="alpine:3", user="1000")
    argv = started(fake()).command(command, "name", {})

    assert argv[-3:] == ["--entrypoint=bash", "alpine:3", str(script.file)]
    assert "--user=1000" in argv


def test_an_engine_s_own_failure_is_told_as_one(tmp_path: Path, fake: Callable[..., dict[str, str]]) -> None:
    with pytest.raises(BadInput, match="docker could not run the image"):
        started(fake(code=125)).launch(start(tmp_path, {}))


def test_a_container_that_takes_too_long_is_removed(tmp_path: Path, fake: Callable[..., dict[str, str]]) -> None:
    ended = started(fake(seconds=60)).launch(replace(start(tmp_path, {}), timeout=0.5))

    assert (ended.exit_code, ended.timed_out) == (5, True)
    ((argv, _),) = notes(tmp_path, "ps")
    assert argv[-1] == "name=idp-steps-r1-0"
    assert [argv for argv, _ in notes(tmp_path, "rm")] == [["rm", "--force", "c0ffee"]]


def test_an_engine_that_is_not_there_or_does_not_answer_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"There is no program podman here\. Install podman"):
        engine.opened("podman", {"PATH": str(tmp_path)})
    (tmp_path / "docker").write_text("#!/bin/sh\necho 'permission denied' >&2\nexit 1\n")
    (tmp_path / "docker").chmod(0o755)
    with pytest.raises(BadInput, match="docker does not answer: permission denied Start it"):
        engine.opened("docker", {"PATH": f"{tmp_path}:{os.environ['PATH']}"})


@pytest.mark.parametrize(
    ("pull", "said"),
    [
        ("missing", "b:1 cannot be pulled: denied: no such image; c:1 cannot"),
        ("never", "b:1 is not there, and --pull never forbids to fetch it; c:1"),
        ("always", "a:1 cannot be pulled"),
    ],
)
def test_all_images_that_cannot_be_had_are_named_before_anything_runs(
    fake: Callable[..., dict[str, str]], pull: str, said: str
) -> None:
    environ = fake(known=("a:1",))
    with pytest.raises(BadInput) as caught:
        container.prepare(
            Choice("docker", pull, lambda _: ""), environ, dict.fromkeys(["a:1", "b:1", "c:1"], ""), lambda _: None
        )
    assert said in str(caught.value)


def test_images_that_are_there_are_looked_for_in_one_call(tmp_path: Path, fake: Callable[..., dict[str, str]]) -> None:
    """Each call starts the engine's command line, and every run waits for it."""
    environ = fake(known=("a:1", "b:1", "c:1"))
    wanted = dict.fromkeys(["a:1", "b:1", "c:1"], "")
    container.prepare(Choice("docker", "missing", lambda _: ""), environ, wanted, lambda _: None)
    assert [argv for argv, _ in notes(tmp_path, "image")] == [["image", "inspect", "a:1", "b:1", "c:1"]]


@pytest.mark.parametrize(
    ("policy", "pull", "said"),
    [
        ("Always", "missing", "a:1 cannot be pulled"),
        ("Always", "never", ""),
        ("Never", "always", "b:1 is not there, and the step's imagePullPolicy forbids to fetch it"),
        ("IfNotPresent", "always", "b:1 cannot be pulled"),
    ],
)
def test_a_step_says_when_its_own_image_is_fetched(
    fake: Callable[..., dict[str, str]], policy: str, pull: str, said: str
) -> None:
    wanted = {"a:1": container.PULLED[policy], "idp-steps/createrepo:1": ""}
    wanted |= {} if policy == "Always" else {"b:1": container.PULLED[policy]}
    environ = fake(known=("a:1", "idp-steps/createrepo:1"))
    choice = Choice("docker", pull, lambda _: "")
    if not said:
        container.prepare(choice, environ, wanted, lambda _: None)
        return
    with pytest.raises(BadInput) as caught:
        container.prepare(choice, environ, wanted, lambda _: None)
    assert said in str(caught.value)
    assert ("a:1 cannot" in str(caught.value)) == (policy == "Always")


@pytest.mark.parametrize("pull", engine.PULLS)
def test_the_steps_own_images_are_never_fetched(tmp_path: Path, fake: Callable[..., dict[str, str]], pull: str) -> None:
    """Nobody knows who has their short name in a public registry, and they get an organization's tokens."""
    choice, wanted = (
        Choice("docker", pull, lambda _: ""),
        dict.fromkeys(["idp-steps/createrepo:1", "idp-steps/slacknotify:1"], ""),
    )
    with pytest.raises(BadInput) as caught:
        container.prepare(choice, fake(known=("idp-steps/slacknotify:1",)), wanted, lambda _: None)
    assert str(caught.value) == (
        "Images are missing: idp-steps/createrepo:1 is not built. Build the steps' own with `make images"
        " ENGINE=docker`, or name others by --images."
    )
    assert notes(tmp_path, "pull") == []


@pytest.mark.parametrize(
    "numbers", [(signal.SIGINT,), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM,), (signal.SIGKILL,)]
)
def test_a_runner_that_is_stopped_or_killed_leaves_no_container_behind(
    tmp_path: Path, fake: Callable[..., dict[str, str]], numbers: Sequence[signal.Signals]
) -> None:
    """The containers of the run are looked for again after it, for the engine may have been about to make one."""
    environ = fake(known=("a:1",), seconds=60)
    program = f"""
from pathlib import Path
from common.contract.signals import signals
from runner.execution import container
from runner.execution.engine import Choice
from runner.execution.launch import Start
from runner.language import step_types
start = Start(step_types.kind("CreateCatalog"), {{}}, Path("."), Path("."), 60, lambda line: print(line, flush=True))
choice = Choice("docker", "never", lambda _: "a:1")
with signals(), container.started(choice, {environ!r}, ()) as containers:
    containers.launch(start)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as runner:
        assert runner.stdout is not None
        assert runner.stdout.readline() == b"hello from the image\n"
        for number in numbers:
            runner.send_signal(number)
        runner.communicate()
    killed = numbers == (signal.SIGKILL,)
    deadline = time.monotonic() + 30
    while len(gone := notes(tmp_path, "rm")) < engine.LOOKS + (0 if killed else 2) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert {tuple(argv) for argv, _ in gone} == {("rm", "--force", "c0ffee")}
    looked = [argv[-1].partition("=")[0] for argv, _ in notes(tmp_path, "ps")]
    assert looked == ([] if killed else ["name", "label"]) + ["label"] * engine.LOOKS


def test_an_image_is_this_version_s_unless_another_is_chosen(tmp_path: Path) -> None:
    file = tmp_path / "images.yaml"
    file.write_text("createCatalog: registry.example.com/catalog:2\n")

    chosen = images.chosen(file)

    assert images.of(KIND, chosen) == "registry.example.com/catalog:2"
    assert images.of(step_types.kind("CreateRepo"), chosen) == f"idp-steps/createrepo:{images.version()}"


def test_a_field_of_no_step_is_told_with_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "images.yaml"
    file.write_text("createCatalgo: x\n")
    with pytest.raises(BadInput, match=r"Unknown field 'createCatalgo' in the file\. Did you mean 'createCatalog'"):
        images.chosen(file)
