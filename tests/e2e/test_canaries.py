"""A canary in every secret input is found nowhere: no output, log, error, file left behind, process list or git config.

Each step runs as the process that it is in an image, with VERBOSE=true, once where its secrets are right and once where
they are refused.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sandbox.services import open_state
from sandbox.slack import webhook
from steps import STEPS, load
from tests.canaries import forms, watched_processes
from tests.conftest import REPOSITORY_ROOT, World
from tests.keys import gpg_key, register_app, rsa_key

WRONG = "canary/of+a=wrong secret"


ENTITY = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: payments\nspec:\n  type: service\n  owner: a\n  lifecycle: experimental\n"  # noqa: E501 - one YAML text
TEMPLATE = {
    "cookiecutter.json": '{"app_name": "x"}',
    "{{cookiecutter.app_name}}/README.md": "x\n",
    "{{cookiecutter.app_name}}/.gitattributes": "*.bin filter=lfs\n",
    "{{cookiecutter.app_name}}/large.bin": "large\n",
}


RESOURCE = (
    'terraform {\n  backend "http" {}\n}\nvariable "mine" {}\nresource "harness_a" "b" {\n  name = "${var.mine}"\n}\n'
)


def environments(
    world: World, signing_key: str = "", app_key: str = "", tofu: Path = Path("/nowhere")
) -> dict[str, dict[str, str]]:
    """For each step what it needs to succeed, secrets included. tofu: the folder of OpenTofu's stand-in."""
    known = world.credentials
    app = {name: value for name, value in world.connector.items() if name != "DRONE_NETRC_PASSWORD"}
    app |= {**register_app(world.state_dir, app_key), "ORG_NAME": "acme", "REPO_NAME": "by-app", "BRANCH": "main"}
    place = world.connector | {"ORG_NAME": "acme", "REPO_NAME": "payments", "BRANCH": "main"}
    harness = {
        "BASE": world.url,
        "HARNESS_ACCOUNT_ID": known["harness"].account,
        "X_API_KEY": known["harness"].api_key,
        "AUTHORIZATION": known["harness"].service_jwt,
        "X_SOURCE_PRINCIPAL": known["harness"].user_jwt,
    }
    slack = {"SLACK_TOKEN": known["slack"].token, "SLACK_API_URL": f"{world.url}/slack/api/"}
    ref = "component:account/payments"
    hook = webhook.path(known["slack"].webhook)
    terraform = {
        "TF_VAR_ENDPOINT": f"{world.url}/gateway",
        "TF_VAR_ACCOUNT_IDENTIFIER": known["harness"].account,
        "TF_VAR_X_API_KEY": known["harness"].api_key,
        "TF_VAR_mine": known["harness"].api_key,
    }
    return {
        "CookieCutter": {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template"}
        | {"IDP_COOKIECUTTER_app_name": "app"},
        "CreateRepo": place | {"REPO_TYPE": "private", "X_API_KEY": known["harness"].api_key},
        "CreateCatalog": {"FILE_NAME": "idp.yaml", "FILE_PATH": "app", "FILE_CONTENT": ENTITY},
        "DirectPush": place | {"CODE_DIRECTORY": "app", "SIGNING_KEY": signing_key, "SIGNING_PASSPHRASE": WORDS},
        "GitClone": world.connector
        | {"DRONE_REMOTE_URL": f"{world.url}/acme/payments.git", "X_API_KEY": known["harness"].api_key},
        "CreateRepo as a GitHub App": app,
        "DirectPush as a GitHub App": app | {"CODE_DIRECTORY": "app"},
        "GitClone as a GitHub App": app | {"DRONE_REMOTE_URL": f"{world.url}/acme/by-app.git"},
        "RegisterCatalog": place | harness | {"FILE_PATH": "idp.yaml", "PLUGIN_CONNECTOR_REF": "account.git"},
        "RegisterCatalog in Backstage": place
        | {"FILE_PATH": "idp.yaml", "CATALOG_TYPE": "backstage", "BACKSTAGE_URL": f"{world.url}/backstage"}
        | {"BACKSTAGE_TOKEN": known["backstage"].token},
        "CreateOrganization": terraform | {"TF_VAR_ORG_NAME": "Pay"},
        "CreateResource": terraform
        | {"RESOURCE_DEFINITION": RESOURCE, "PATH": f"{tofu}:{os.environ['PATH']}", "PROVIDER_MIRROR": str(tofu)}
        | {"BACKEND_CONFIG": 'password = "canary-of-the-backend"'},
        "CreateProject": terraform | {"TF_VAR_PROJECT_NAME": "Pay", "TF_VAR_ORG_IDENTIFIER": "default"},
        "SlackNotify": slack | {"CHANNEL": "general", "MESSAGE_CONTENT": "hello"},
        "SlackNotify by webhook": {"MESSAGE_CONTENT": "hello", "SLACK_WEBHOOK_URL": f"{world.url}{hook}"},
        "UpdateCatalogProperty": harness
        | {"PLUGIN_TYPE": "Entity", "PLUGIN_ENTITY_REF": ref}
        | {"PLUGIN_PROPERTIES": '[{"property": "metadata.tier", "value": "1"}]'},
    }


def secret_names() -> set[str]:
    """Every variable of every step that holds a secret."""
    return {name for one in STEPS for told in load(one).describe()["inputs"] if told["secret"] for name in told["env"]}


WORDS = "canary horse \\ battery"  # no passphrase of another test, which has its own in a command line
SIGNING = {"SIGNING_KEY", "SIGNING_PASSPHRASE"}  # they are not for the other side to refuse
KEYS = {"SIGNING_KEY", "GITHUB_APP_PRIVATE_KEY"}  # looked for line by line
SHORTEST_LINE = 20  # characters of a line of the key
REFUSED = {  # step -> its exit code for wrong credentials
    "CreateRepo": 3,
    "DirectPush": 3,
    "GitClone": 3,
    **{f"{one} as a GitHub App": 2 for one in ("CreateRepo", "DirectPush", "GitClone")},  # it is no key
    "RegisterCatalog": 3,
    "RegisterCatalog in Backstage": 3,
    "CreateOrganization": 3,
    "CreateProject": 3,
    "SlackNotify": 3,
    "SlackNotify by webhook": 2,  # it is no URL
    "UpdateCatalogProperty": 3,
}


@pytest.mark.programs("git-lfs", "gpg", "ssh-keygen")
@pytest.mark.parametrize("good", [True, False], ids=["accepted", "refused"])
def test_no_secret_is_found_anywhere_afterwards(world: World, tmp_path: Path, good: bool) -> None:
    workspace = tmp_path / "workspace"
    temporary = Path(
        tempfile.mkdtemp(dir="/tmp")
    )  # not below tmp_path: gpg's agent has sockets, whose paths must be short
    for name, text in TEMPLATE.items():
        (workspace / "template" / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / "template" / name).write_text(text)
    tofu = tmp_path / "bin"
    (tofu / "registry.opentofu.org" / "harness" / "harness" / "1.0.0").mkdir(parents=True)
    (tofu / "tofu").symlink_to(REPOSITORY_ROOT / "tests" / "tofu.py")
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    key, app_key = gpg_key(home, passphrase=True, words=WORDS), rsa_key(tmp_path / "app.pem")
    canaries: set[str] = set()
    configured: set[str] = set()
    shown: dict[str, str] = {}
    processes: set[str] = set()
    for step_type, environ in environments(world, key, app_key, tofu).items():
        if not good:
            environ |= {name: WRONG for name in environ if name in secret_names() - SIGNING}
        canaries |= {value for name, value in environ.items() if name in secret_names() - KEYS}
        outputs = tmp_path / f"{step_type}.env"
        full = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY_ROOT),
            "TMPDIR": str(temporary),
            "VERBOSE": "true",
            "RETRY_BUDGET": "2",
            "DRONE_OUTPUT": str(outputs),
            **environ,
        }
        with watched_processes(processes, temporary, configured):
            done = subprocess.run(
                [sys.executable, "-P", "-m", STEPS[step_type.partition(" ")[0]]],
                cwd=workspace, env=full, capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
        expected = 0 if good else REFUSED.get(step_type, 0)
        assert done.returncode == expected, f"{step_type}: {done.stderr}"
        shown[step_type] = done.stdout + done.stderr + (outputs.read_text() if outputs.exists() else "")
    assert len(canaries) == (9 if good else 2)
    canaries |= {line for line in (key + app_key).splitlines() if len(line) > SHORTEST_LINE and " " not in line}
    with open_state(world.state_dir).database() as database:
        tokens = {str(row["token"]) for row in database.execute("SELECT token FROM github_tokens")}
    assert len(tokens) == (3 if good else 0)
    canaries |= tokens
    unseen = [module for module in STEPS.values() if not any(f"-m {module}" in line for line in processes)]
    assert unseen == [], "the process list was really watched, through every step"
    if good:  # a refused git is gone within milliseconds, sometimes between two looks
        assert any(line.startswith("git ") for line in processes)
        assert any("git-lfs push" in line for line in processes)
        assert any("bare = true" in text for text in configured)
    temporary.rmdir()  # which fails if anything is left there
    for form in {form for canary in canaries for form in forms(canary)}:
        assert [step_type for step_type, text in shown.items() if form in text] == []
        assert [line for line in processes if form in line] == []
        assert [path for path in workspace.rglob("*") if path.is_file() and form.encode() in path.read_bytes()] == []
        assert [text for text in configured if form in text] == []
        repositories = world.state_dir.rglob("*.git/config")
        assert [path for path in repositories if form in path.read_text()] == []


def test_every_secret_input_is_among_the_canaries(world: World) -> None:
    given = {name for environ in environments(world).values() for name in environ}
    assert secret_names() <= given


@pytest.mark.parametrize("step_type", STEPS)
def test_no_secret_is_in_the_description(step_type: str) -> None:
    """The default of a secret input is nothing."""
    told = load(step_type).describe()
    assert [one["field"] for one in told["inputs"] if one["secret"] and one["default"] is not None] == []
