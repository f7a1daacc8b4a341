"""Pages of every kind: by offset, by the id or the line of the last thing, in the query or in the body."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import gaussnb as gn
from gaussnb import Client
from gaussnb.client.pages import read_all
from gaussnb.cloud.transport import Reply
from gaussnb.core.operation import fields_of
from gaussnb.core.rows import columns
from gaussnb.nosql.operations.backups import ListRestoreDatabases, ShowAllInstancesBackups
from gaussnb.nosql.operations.flavors import PresentFlavor
from gaussnb.nosql.operations.logs import ListRedisSlowLogs, ListSlowLogs
from gaussnb.nosql.operations.tags import ListInstancesByResourceTags

PLACE = {"endpoint": "http://127.0.0.1:9", "token": "given", "project_id": "0" * 32}


@pytest.fixture
def scripted(script: Any) -> Callable[..., tuple[Client, Any]]:
    """A client whose answers are written down, and what it sends."""

    def make(*answers: Any) -> tuple[Client, Any]:
        adapter = script(*[(200, answer) for answer in answers])
        return Client.open(adapter=adapter, patience=gn.Patience(tries=1, busy=0), keep=False, **PLACE), adapter

    return make


def queries(adapter: Any) -> list[str]:
    return [sent.url.partition("?")[2] for sent in adapter.sent]


def bodies(adapter: Any) -> list[Any]:
    return [json.loads(sent.body) for sent in adapter.sent]


def lines(first: int, count: int) -> dict[str, Any]:
    return {"slow_logs": [{"line_num": str(number), "cost_time": 0.5} for number in range(first, first + count)]}


WHEN = {"start_time": "2026-01-01T00:00:00", "end_time": "2026-01-02T00:00:00"}


def test_log_lines_are_read_on_behind_the_last_one(scripted: Any) -> None:
    gdb, adapter = scripted(lines(0, 100), lines(100, 100), lines(200, 3))
    frame = gdb.send(ListRedisSlowLogs("i", **WHEN))
    assert len(frame) == 203 and frame.attrs["truncated"] is False
    assert [(body["limit"], body.get("line_num")) for body in bodies(adapter)] == [
        (100, None), (100, "99"), (100, "199"),
    ]  # fmt: skip


def test_one_page_of_log_lines(scripted: Any) -> None:
    gdb, adapter = scripted(lines(0, 5))
    frame = gdb.send(ListRedisSlowLogs("i", **WHEN, limit=5))
    assert len(frame) == 5 and frame.attrs["truncated"] is True and len(adapter.sent) == 1


def test_log_lines_of_a_service_that_pays_no_heed(scripted: Any) -> None:
    gdb, adapter = scripted(lines(0, 100))
    assert len(gdb.send(ListRedisSlowLogs("i", **WHEN))) == 200 and len(adapter.sent) == 2


def test_offsets_in_the_body_are_text_where_the_service_wants_text(scripted: Any) -> None:
    def page(first: int, count: int) -> dict[str, Any]:
        return {"instances": [{"instance_id": f"i{first + n}", "tags": []} for n in range(count)], "total_count": 150}

    gdb, adapter = scripted(page(0, 100), page(100, 50))
    frame = gdb.tags.find(tags=[{"key": "team", "values": ["red"]}])
    assert len(frame) == 150 and frame.attrs == {**frame.attrs, "total_count": 150, "truncated": False}
    tags = [{"key": "team", "values": ["red"]}]
    assert bodies(adapter) == [
        {"action": "filter", "tags": tags},
        {"action": "filter", "tags": tags, "offset": "100", "limit": "100"},
    ]


def test_counting_is_one_call(scripted: Any) -> None:
    gdb, adapter = scripted({"total_count": 150})
    assert gdb.tags.count(action="count")["total_count"].tolist() == [150] and len(adapter.sent) == 1
    with pytest.raises(ValueError, match="not when counting"):
        ListInstancesByResourceTags(action="count", limit=10)


def test_words_are_paged_like_things(scripted: Any) -> None:
    gdb, _ = scripted(
        {"total_count": 103, "database_names": [f"d{n}" for n in range(100)]},
        {"total_count": 103, "database_names": ["d100", "d101", "d102"]},
    )
    frame = gdb.backups.restorable_databases("i")
    assert frame["database_name"].tolist() == [f"d{n}" for n in range(103)]
    assert set(frame["instance_id"]) == {"i"} and frame.attrs["truncated"] is False


def test_words_without_a_total_end_where_a_page_repeats(scripted: Any) -> None:
    gdb, adapter = scripted({"database_names": ["a", "b"]})
    frame = gdb.send(ListRestoreDatabases("i"))
    assert len(adapter.sent) == 2 and frame["database_name"].tolist() == ["a", "b", "a", "b"]


def test_a_total_under_another_name(scripted: Any) -> None:
    def page(first: int, count: int) -> dict[str, Any]:
        return {"configurations": [{"id": f"c{first + n}"} for n in range(count)], "count": 101, "quota": 100}

    gdb, adapter = scripted(page(0, 100), page(100, 1))
    frame = gdb.configurations.list()
    assert len(frame) == 101 and frame.attrs["total_count"] == 101 and len(adapter.sent) == 2
    gdb, adapter = scripted(page(0, 100))
    assert gdb.configurations.quota().to_dict("records") == [{"quota": 100, "count": 101}] and len(adapter.sent) == 1
    assert len(scripted({"count": 0})[0].configurations.list()) == 0


def test_a_total_beside_a_list_inside_an_object(scripted: Any) -> None:
    def page(first: int, count: int) -> dict[str, Any]:
        flavors = [{"spec_code": f"f{first + n}", "az_status": {"a": "normal"}} for n in range(count)]
        return {
            "instance_id": "i",
            "current_flavor": {"spec_code": "now", "az_status": {"a": "sellout"}},
            "optional_flavors": {"list": flavors, "total_count": 101},
        }

    gdb, adapter = scripted(page(0, 100), page(100, 1))
    frame = gdb.flavors.targets("i")
    assert len(frame) == 101 and frame.attrs["total_count"] == 101 and set(frame["available_in"]) == {"a"}
    gdb, adapter = scripted(page(0, 100))
    current = gdb.flavors.current("i")
    assert current["spec_code"].tolist() == ["now"] and len(adapter.sent) == 1  # it stands on every page
    assert list(current.columns) == [column.name for column in columns(PresentFlavor)]


def test_a_form_that_wants_offset_and_limit_gives_one_page(scripted: Any) -> None:
    gdb, adapter = scripted({"total_count": 30, "backups": [{"id": f"b{n}"} for n in range(10)]})
    frame = gdb.send(ShowAllInstancesBackups(offset=1, limit=10))
    assert len(frame) == 10 and frame.attrs["truncated"] is True
    assert queries(adapter) == ["offset=1&limit=10"]


def test_a_list_is_read_only_as_far_as_it_reaches() -> None:
    sizes: list[tuple[int, int]] = []

    def answers(reads: Any) -> Any:
        for read in reads:
            sizes.append((read.offset or 0, read.limit or 10))
            listed = [{"query_sample": "select 1"}] * sizes[-1][1]
            body = json.dumps({"slow_log_list": listed, "total_record": 5000}).encode()
            yield Reply(200, {}, body, "ListSlowLogs").page(ListSlowLogs.route.returns, ListSlowLogs.route.total)

    asked = ListSlowLogs("i", start_date=WHEN["start_time"], end_date=WHEN["end_time"])
    reading = read_all(asked.route.returns, fields_of(asked), asked, next(answers([asked])), answers)
    assert len(reading.columns) == 2000 and reading.facts == {"total_count": 5000, "truncated": True}
    assert sizes[:2] == [(0, 10), (10, 100)] and sizes[-1] == (1910, 90)


def test_rows_that_stand_at_one_of_two_places(scripted: Any) -> None:
    asked: dict[str, Any] = {"total_count": "1", "disabled_type": "command", "commands": ["keys", "hvals"]}
    frame = scripted(asked)[0].redis_commands.list_disabled("i", "command", limit=50)
    assert frame["command"].tolist() == ["keys", "hvals"] and frame["key"].isna().all()
    keys = [{"db_id": "3", "key": "k", "commands": ["get", "set"]}, {"db_id": "4", "key": "l", "commands": ["get"]}]
    gdb, adapter = scripted({"total_count": "2", "disabled_type": "key", "commands": None, "keys": keys})
    frame = gdb.redis_commands.list_disabled("i", "key")
    assert frame[["db_id", "key", "command"]].values.tolist() == [[3, "k", "get"], [3, "k", "set"], [4, "l", "get"]]
    assert frame.attrs["total_count"] == 2 and frame.attrs["truncated"] is False and len(adapter.sent) == 1
    for none in ({"total_count": 0}, {"total_count": 0, "keys": []}, {"total_count": 0, "commands": []}):
        assert len(scripted(none)[0].redis_commands.list_disabled("i", "key")) == 0
    with pytest.raises(gn.BadAnswer):
        scripted({"disabled_type": "key"})[0].redis_commands.list_disabled("i", "key")


@pytest.mark.parametrize("place", ["data_store", "datastore"])
def test_columns_that_stand_at_one_of_two_places(scripted: Any, place: str) -> None:
    charge = "charge_type" if place == "data_store" else "charge_mode"
    one = {"id": "i", place: {"type": "redis", "version": "6.2"}, charge: "postPaid"}
    frame = scripted({"total_count": 1, "instances": [one]})[0].recycle_bin.list()
    assert frame[["engine", "version", "charge_mode"]].values.tolist() == [["redis", "6.2", "postPaid"]]


def test_big_keys_are_paged_in_the_body(scripted: Any) -> None:
    def page(count: int) -> dict[str, Any]:
        return {"keys": [{"db_id": 0, "key_name": "k"}] * count, "count": 130}

    gdb, adapter = scripted(page(100), page(30))
    assert len(gdb.redis_data.big_keys("i", key_types=["hash"])) == 130
    assert bodies(adapter) == [{"key_types": ["hash"]}, {"offset": 100, "limit": 100, "key_types": ["hash"]}]
