"""UpdateCatalogProperty of many entities: few requests, what fails is told per entity, and a re-run sends the rest."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from common.catalogs.harness import outcomes, sending
from common.catalogs.harness import properties as process
from common.catalogs.properties import Change as PropertyChange
from common.errors import Refused
from sandbox.catalog import entities, properties
from sandbox.services import open_state
from tests.conftest import Result, RunStep, World

PATH = "metadata.team"
NAMES = [f"svc{number}" for number in range(30)]
BASE = "/gateway/v1/catalog/custom-properties"
TAGGED = "spec:\n  lifecycle: experimental\nmetadata:\n  tags: [java]\n"
Change = Callable[..., Result]


def ref(name: str) -> str:
    return f"component:account/{name}"


def each(value: Any) -> dict[str, Any]:
    return {name: value for name in NAMES}  # noqa: C420 - fromkeys is for what cannot change


@pytest.fixture
def many(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A catalog of thirty components, eight of which go into one request."""
    monkeypatch.setattr(process, "MOST_SENT", 8)
    yaml = "apiVersion: harness.io/v1\nkind: Component\nidentifier: {}\ntype: service\nowner: test\n" + TAGGED
    for name in NAMES:
        entities.add(open_state(world.state_dir), entities.parse(yaml.format(name), convert=False))
    return world


@pytest.fixture
def change(many: World, run_step: RunStep) -> Change:
    """Run the step for entities (all when none are given), and forget the requests that came before."""

    def run(
        value: object = "blue", *, refs: Any = None, path: str = PATH, mode: str = "replace", **more: str
    ) -> Result:
        many.faults.requests.clear()
        given = {
            "BASE": many.url,
            "X_API_KEY": many.credentials["harness"].api_key,
            "PLUGIN_TYPE": "Property",
            "PLUGIN_PROPERTY": path,
            "PLUGIN_MODE": mode,
            "PLUGIN_VALUE": json.dumps(value),
            "PLUGIN_ENTITY_REFS": json.dumps(refs or [ref(name) for name in NAMES]),
            "RETRY_BUDGET": "20",
        }
        return run_step("UpdateCatalogProperty", given | more)

    return run


def values(world: World, path: str = PATH) -> dict[str, Any]:
    with open_state(world.state_dir).database() as database:
        return {known.partition("/")[2]: value for known, value, _ in properties.of_property(database, path)}


def sent(world: World, method: str, path: str = f"{BASE}/property") -> int:
    return world.faults.requests.count(f"{method} {path}")


def refusing(world: World, names: set[str], answer: tuple[str, bytes], *, most: int = 1_000) -> None:
    """Refuse every write that names one of these entities, or more than so many of any."""
    app = world.faults.app

    def refuse(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] not in {"POST", "DELETE"}:
            return app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        entities = json.loads(body)["entity_refs"]
        refs = (entity if isinstance(entity, str) else entity["entity_ref"] for entity in entities)
        asked = {ref.rpartition("/")[2] for ref in refs}
        if len(asked) <= most and not asked & names:
            return app({**environ, "wsgi.input": io.BytesIO(body)}, start_response)
        start_response(answer[0], [("Content-Type", "application/json")])
        return [answer[1]]

    world.faults.app = refuse


def test_one_property_of_many_entities_takes_few_requests_and_a_re_run_one(many: World, change: Change) -> None:
    done = change({"name": "blue", "size": 3})
    assert done.code == 0, done.stderr
    assert done.outputs == {"updatedEntities": ",".join(map(ref, NAMES))}
    assert values(many) == each({"name": "blue", "size": 3})
    assert sent(many, "POST") == 4
    assert len(many.faults.requests) == 4 + 3  # what has it, who is there, and what has it now
    again = change({"name": "blue", "size": 3})
    assert (again.code, again.outputs) == (0, {"updatedEntities": ""})
    assert many.faults.requests == [f"GET {BASE}/property"]


def test_entities_may_have_values_of_their_own_and_only_what_differs_is_sent(many: World, change: Change) -> None:
    assert change().code == 0
    refs = [{"entityRef": ref(name), "value": "red"} if name == "svc7" else ref(name) for name in NAMES]
    done = change(refs=refs)
    assert (done.code, done.outputs) == (0, {"updatedEntities": ref("svc7")})
    assert values(many) == each("blue") | {"svc7": "red"}
    assert sent(many, "POST") == 1


def test_appends_count_what_the_yaml_of_each_holds(many: World, change: Change) -> None:
    for _ in range(2):
        assert change(["java", "http"], path="metadata.tags", mode="append").code == 0
        assert values(many, "metadata.tags") == each(["java", "http"])
    assert sent(many, "POST") == 0


def test_a_property_is_deleted_from_those_that_have_it(many: World, change: Change) -> None:
    assert change(refs=[ref(name) for name in NAMES[:12]]).code == 0
    done = change(mode="delete", PLUGIN_VALUE="")
    assert (done.code, done.outputs) == (0, {"updatedEntities": ",".join(map(ref, NAMES[:12]))}), done.stderr
    assert values(many) == {}
    assert sent(many, "DELETE") == 2
    assert change(mode="delete", PLUGIN_VALUE="").outputs == {"updatedEntities": ""}


def test_a_dry_run_tells_additions_and_updates_and_changes_nothing(many: World, change: Change) -> None:
    assert change(refs=[ref(name) for name in NAMES[:12]]).code == 0
    done = change("red", DRY_RUN="true")
    assert done.code == 0
    assert f"Dry run: 18 additions: {PATH} of {ref('svc12')}, " in done.stderr
    assert "Dry run: 12 updates: " in done.stderr
    assert values(many) == dict.fromkeys(NAMES[:12], "blue")


def test_the_entities_that_are_refused_are_named_and_all_others_are_changed(many: World, change: Change) -> None:
    app = many.faults.app
    refusing(many, {"svc3", "svc20"}, ("400 Bad Request", b'{"message": "no such team"}'))
    done = change()
    assert done.code == 1
    assert f"2 of 30 entities could not be changed: {PATH} of {ref('svc3')}, {PATH} of {ref('svc20')}." in done.stderr
    assert f"{ref('svc20')} is not changed: Could not change {PATH} of {ref('svc20')}: " in done.stderr
    assert "28 are changed." in done.stderr
    assert values(many) == dict.fromkeys(set(NAMES) - {"svc3", "svc20"}, "blue")
    many.faults.app = app
    assert change().outputs == {"updatedEntities": f"{ref('svc3')},{ref('svc20')}"}
    assert sent(many, "POST") == 1


LASTING = {
    "no role": (("403 Forbidden", b'{"message": "not in this scope"}'), 3),
    "locked": (("409 Conflict", b'{"message": "locked"}'), 4),
    "a bug": (("500 Internal Server Error", b'{"message": "NullPointerException"}'), 5),
    "slow down": (("429 Too Many Requests", b""), 5),
}


@pytest.mark.parametrize("mode", ["replace", "append", "delete"])
@pytest.mark.parametrize("fault", LASTING)
def test_what_fails_for_ever_for_some_entities_stops_none_of_the_others(
    fault: str, mode: str, many: World, change: Change
) -> None:
    answer, code = LASTING[fault]
    bad = {"svc3", "svc7", "svc20"}
    given: dict[str, Any] = {"mode": mode, "RETRY_BUDGET": "0"}
    if mode == "delete":
        assert change().code == 0
        given["PLUGIN_VALUE"] = ""
    app = many.faults.app
    refusing(many, bad, answer)
    done = change(["x"], **given)
    assert done.code == code, done.stderr
    assert "3 of 30 entities could not be changed: " in done.stderr
    assert "The lines above tell why; 27 are changed." in done.stderr
    for name in bad:
        assert f"{ref(name)} is not changed: " in done.stderr
    assert set(values(many)) == (bad if mode == "delete" else set(NAMES) - bad)
    many.faults.app = app
    again = change(["x"], **given)
    assert (again.code, again.outputs) == (0, {"updatedEntities": ",".join(map(ref, ("svc3", "svc7", "svc20")))})


def test_different_reasons_are_a_refusal_with_each_of_them(many: World, change: Change) -> None:
    refusing(many, {"svc3"}, LASTING["no role"][0])
    refusing(many, {"svc20"}, LASTING["a bug"][0])
    done = change(RETRY_BUDGET="0")
    assert done.code == 1
    assert f"{ref('svc3')} is not changed: Could not change {PATH} of {ref('svc3')}: " in done.stderr
    assert f"{ref('svc20')} is not changed: {many.url} is not available: " in done.stderr
    assert set(values(many)) == set(NAMES) - {"svc3", "svc20"}


def test_writes_that_fail_for_every_entity_are_given_up_soon(
    many: World, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_IN_A_ROW", 6)
    refusing(many, set(NAMES), LASTING["a bug"][0])
    done = change(RETRY_BUDGET="0")
    assert done.code == 5
    assert (
        f"error: {many.url} is not available: POST {BASE}/property answered 500 (NullPointerException)." in done.stderr
    )
    assert sent(many, "POST") <= 4 + 6


def test_what_is_not_tried_any_more_is_told_with_what_is_done(
    many: World, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_IN_A_ROW", 3)
    refusing(many, set(NAMES[24:]), LASTING["a bug"][0])  # all of the last request
    done = change(RETRY_BUDGET="0")
    assert done.code == 5
    assert "6 of 30 entities could not be changed: " in done.stderr
    _, said = done.stderr.split(f"5 entities are not changed: It was not tried any more: {many.url} is not")
    assert [line.strip() for line in said.splitlines()[1:6]] == [ref(name) for name in NAMES[25:]]
    assert set(values(many)) == set(NAMES[:24])


def test_a_dry_run_sends_fewer_at_once_too_and_tells_what_would_be_refused(many: World, change: Change) -> None:
    refusing(many, set(), ("413 Too Large", b""), most=3)
    done = change(DRY_RUN="true")
    assert done.code == 0, done.stderr
    refusing(many, {"svc3", "svc20"}, LASTING["no role"][0])
    done = change(DRY_RUN="true")
    assert done.code == 3
    assert f"2 of 30 entities cannot be changed: {PATH} of {ref('svc3')}, {PATH} of {ref('svc20')}." in done.stderr
    assert "nothing was changed." in done.stderr
    assert values(many) == {}


@pytest.mark.parametrize("answer", [("413 Too Large", b""), ("400 Bad Request", b'{"message": "at most 3 entities"}')])
def test_fewer_are_sent_at_once_where_the_catalog_takes_fewer(
    answer: tuple[str, bytes], many: World, change: Change
) -> None:
    refusing(many, set(), answer, most=3)
    done = change()
    assert done.code == 0, done.stderr
    assert values(many) == each("blue")


def test_a_success_that_left_entities_out_is_found_by_reading(many: World, change: Change) -> None:
    refusing(many, {"svc3"}, ("200 OK", b'{"status": "SUCCESS", "message": "done"}'))
    done = change(RETRY_BUDGET="1")
    assert done.code == 1
    assert "8 of 30 entities could not be changed" in done.stderr
    assert "does not show metadata.team of component:account/svc3 with the value" in done.stderr
    assert "22 are changed." in done.stderr


def test_a_key_that_may_only_read_stops_it_soon(many: World, change: Change) -> None:
    done = change(X_API_KEY=many.credentials["harness"].readonly_key)
    assert done.code == 3
    assert f"error: Could not change {PATH} of {ref('svc0')}, " in done.stderr
    assert sent(many, "POST") <= 4 + sending.MOST_IN_A_ROW
    assert "permission idp_catalog_edit" in done.stderr
    assert values(many) == {}


def test_unknown_entities_are_named_before_anything_is_changed(many: World, change: Change) -> None:
    done = change(refs=[ref(name) for name in [*NAMES, "nobody", "noone"]])
    assert done.code == 1
    assert f"The catalog has no {ref('nobody')}, no {ref('noone')}" in done.stderr
    assert sent(many, "POST") == 0


def test_what_a_list_leaves_out_is_asked_for_by_itself(many: World, change: Change) -> None:
    """The filter of the list is documented, and what it is worth is not known."""
    app = many.faults.app

    def forgetful(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/gateway/v1/entities":
            return app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b"[]"]

    many.faults.app = forgetful
    assert change().code == 0
    assert values(many) == each("blue")


def test_entities_of_idp_1_that_are_not_there_are_found_by_the_change(many: World, change: Change) -> None:
    done = change(refs=["nobody", *(f"component:default/{name}" for name in NAMES)])
    assert done.code == 1
    assert f"1 of 31 entities could not be changed: {PATH} of nobody." in done.stderr
    assert values(many) == each("blue")
    again = change(refs=[f"component:default/{name}" for name in NAMES])
    assert (again.code, again.outputs) == (0, {"updatedEntities": ""})
    done = change(["x"], refs=["nobody", *(f"default/{name}" for name in NAMES)], path="metadata.x", mode="append")
    assert done.code == 1
    assert "The catalog has no nobody, or" in done.stderr


def test_nothing_is_appended_to_a_text(many: World, change: Change) -> None:
    assert change().code == 0
    done = change(["x"], mode="append")
    assert done.code == 4
    assert f"Nothing can be appended to {PATH} of {ref('svc0')}, " in done.stderr
    assert values(many) == each("blue")


@pytest.mark.parametrize(
    ("statuses", "after"),  # not 429 after the write: it says that nothing was done
    [([502], False), ([502], True), ([502] * 6, False), ([502] * 6, True), ([429, 502], False)],
)
def test_requests_that_fail_are_repeated_and_append_nothing_twice(
    statuses: list[int], after: bool, many: World, change: Change
) -> None:
    (many.faults.after if after else many.faults.before)["POST", f"{BASE}/property"] = statuses
    done = change(["a", "b"], mode="append")
    assert done.code == 0, done.stderr
    assert values(many) == each(["a", "b"])


def test_each_of_many_that_fail_together_is_named_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    changes = [PropertyChange(ref(f"service-{number}"), PATH, "x", "replace") for number in range(500)]
    error = Refused("The catalog says no.", next_step="Ask it.")
    outcomes.partial(dict.fromkeys((change.entity_ref for change in changes), error), changes)
    first, *others = capsys.readouterr().err.splitlines()
    assert first == "500 entities are not changed: The catalog says no. Ask it."
    assert [line.strip() for line in others] == [change.entity_ref for change in changes]
