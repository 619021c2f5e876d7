import json
import logging

import pytest

from {{ cookiecutter.package_name }} import __version__
from {{ cookiecutter.package_name }}.app import NAME, create_app


@pytest.fixture
def client():
    return create_app().test_client()


def test_root_tells_name_and_version(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.json == {"name": NAME, "version": __version__}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_answer_ok_and_stay_out_of_the_log(client, caplog, path):
    with caplog.at_level(logging.INFO):
        answer = client.get(path)
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert caplog.records == []


def test_greeting_holds_the_name(client):
    assert client.get("/v1/greetings/Zoë").json == {"greeting": "Hello, Zoë!"}


def test_unknown_path_is_a_json_404(client):
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.json["error"]["status"] == 404


def test_wrong_method_is_a_json_405(client):
    answer = client.post("/healthz")
    assert answer.status_code == 405
    assert answer.json["error"]["status"] == 405


def test_bug_is_a_json_500_that_hides_its_cause(caplog):
    app = create_app()

    @app.get("/broken")
    def broken():
        raise RuntimeError("the password is hunter2")

    answer = app.test_client().get("/broken")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "hunter2" in caplog.text


def test_each_request_is_one_json_line_in_the_log(client, caplog):
    with caplog.at_level(logging.INFO):
        client.get("/", headers={"X-Request-Id": "abc"})
    (record,) = caplog.records
    line = json.loads(record.getMessage())
    assert line["path"] == "/"
    assert line["status"] == 200
    assert line["request_id"] == "abc"
