"""The translation of operations to parts of requests and back, and of bodies to values."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from gaussnb.cloud.iam import KeystoneCreateUserTokenByPassword
from gaussnb.core.answers import Columns, leaves, parse, things
from gaussnb.core.frames import frame_of
from gaussnb.core.operation import fields_of
from gaussnb.core.secrets import reveal
from gaussnb.core.wire import operation_of, request_of
from gaussnb.nosql.operations.backups import BatchDeleteManualBackup
from gaussnb.nosql.operations.configurations import Applied, ApplyConfigurationToInstances, UpdateInstanceConfigurations
from gaussnb.nosql.operations.instances import ListInstances, RestartInstance, UpdateInstanceName
from gaussnb.nosql.operations.jobs import ListJobs
from gaussnb.nosql.operations.tags import BatchTagAction, ListInstancesByResourceTags


def test_a_get_has_a_query_and_no_body() -> None:
    request = request_of(ListInstances(name="*a b&c", limit=10), "p1")
    assert request.target == "/v3/p1/instances?limit=10&name=%2Aa%20b%26c"
    assert request.body is None


def test_a_post_without_fields_has_an_empty_object_as_body() -> None:
    request = request_of(RestartInstance("i"), "p1")
    assert (request.target, request.body) == ("/v3/p1/instances/i/restart", b"{}")


def test_moments_travel_in_utc() -> None:
    beijing = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    for moment in (beijing, datetime(2026, 1, 1), "2026-01-01T00:00:00Z"):
        query = dict(request_of(ListJobs(start_time=moment)).query)  # type: ignore[arg-type]
        assert query == {"start_time": "2026-01-01T00:00:00+0000"}


def test_reveal_gives_json_values() -> None:
    given = {"a": SecretStr("s"), "b": (1, None), "c": datetime(2026, 1, 1, tzinfo=UTC)}
    assert reveal(given) == {"a": "s", "b": [1, None], "c": "2026-01-01T00:00:00+0000"}
    tags = BatchTagAction("i", "delete", [{"key": "k"}]).wire()
    assert tags == {"action": "delete", "tags": [{"key": "k"}]}


def test_fields_inside_an_object() -> None:
    login = KeystoneCreateUserTokenByPassword(identity={"methods": []}, scope={"project": {"id": "p"}})
    assert login.wire() == {"auth": {"identity": {"methods": []}, "scope": {"project": {"id": "p"}}}}
    assert operation_of(type(login), {}, [], login.wire()) == login


def test_unknown_names_and_nulls_are_ignored_as_the_service_does() -> None:
    body = {"name": "name", "unknown": 1}
    assert operation_of(
        UpdateInstanceName, {"instance_id": "i", "project_id": "p"}, [("x", "y")], body
    ) == UpdateInstanceName("i", "name")
    assert operation_of(RestartInstance, {"instance_id": "i"}, [], {"node_id": None}) == RestartInstance("i")
    assert operation_of(ListInstances, {}, [("limit", "10"), ("offset", "0")], None) == ListInstances(
        limit=10, offset=0
    )
    tags: Any = {"action": "create", "tags": [{"key": "k", "value": "", "color": None, "more": 1}]}
    assert operation_of(BatchTagAction, {"instance_id": "i"}, [], tags).wire()["tags"] == [{"key": "k", "value": ""}]


@pytest.mark.parametrize("body", [None, [], "x", 5, {"name": ["x"]}, {"name": None}, {}])
def test_wrong_parts_are_refused(body: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        operation_of(UpdateInstanceName, {"instance_id": "i"}, [], body)
    assert [line["loc"] for line in refusal.value.errors()] == [("name",)]


def test_bodies_are_parsed_as_json() -> None:
    assert parse(b"") == parse(b" \n") == {}
    assert parse(b'{"a": [1, null]}') == {"a": [1, None]}
    for broken in (b"<html>", b'{"a": ', b"\xff", b'"\\ud800"', b"[" * 100_000):
        with pytest.raises(ValueError):
            parse(broken)


def test_leaves_and_things() -> None:
    answer = {"a": [{"b": [1, None, [2, [3]]]}, None, 7, {"b": {"c": 4}}, {}]}
    assert list(leaves(answer, "a.b")) == [1, 2, 3, {"c": 4}]
    assert list(leaves(answer, "a.b.c")) == [4]
    assert list(leaves(answer, "")) == [answer]
    assert list(leaves(None, "")) == list(leaves([[]], "a")) == list(leaves("text", "a")) == []
    found = list(things(answer, "a.b"))
    assert [thing for thing, _ in found] == [1, 2, 3, {"c": 4}]
    assert found[0][1] == {"": answer, "a": answer["a"][0]}
    assert json.loads(json.dumps([thing for thing, _ in things([1, [2]], "")])) == [1, 2]


def test_objects_with_free_names() -> None:
    answer = {"flavors": [{"spec_code": "f", "az_status": {"a": "normal", "b": "sellout"}}, {"az_status": {}}, {}]}
    found = list(things(answer, "flavors.az_status.*"))
    assert [thing for thing, _ in found] == [{"key": "a", "value": "normal"}, {"key": "b", "value": "sellout"}]
    assert found[1][1]["flavors"]["spec_code"] == "f"
    assert list(things({"flavors": [{"az_status": 5}]}, "flavors.az_status.*")) == []


def test_a_receipt_has_a_row_for_each_requested_thing() -> None:
    ask = ApplyConfigurationToInstances("c", ["i1", "i2"])
    collected = Columns(Applied, {**fields_of(ask), "operation": "Apply"})
    collected.add({"job_id": "j", "success": True})
    frame = frame_of(collected)
    assert frame.to_dict("records") == [
        {"instance_id": id, "config_id": "c", "job_id": "j", "success": True} for id in ("i1", "i2")
    ]


def test_numbers_that_travel_as_text() -> None:
    ask = ListInstancesByResourceTags(offset=10, limit=20)
    assert ask.wire() == {"action": "filter", "offset": "10", "limit": "20"}
    assert operation_of(type(ask), {}, [], ask.wire()) == ask


def test_free_names_in_a_request() -> None:
    ask = UpdateInstanceConfigurations("i", {"max_connections": "10"})
    assert ask.wire() == {"values": {"max_connections": "10"}}
    for wrong in ({"max_connections": 10}, ["max_connections"], "max_connections"):
        with pytest.raises(ValidationError):
            UpdateInstanceConfigurations("i", wrong)  # type: ignore[arg-type]


def test_a_delete_with_a_body() -> None:
    request = request_of(BatchDeleteManualBackup(["b1", "b2"]), "p")
    assert (request.method, request.target) == ("DELETE", "/v3/p/instances/backups")
    assert json.loads(request.body or b"") == {"backup_ids": ["b1", "b2"]}
