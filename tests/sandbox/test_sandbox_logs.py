"""Logs: equal lines each time they are read; pages, filters, masking, streams."""

from __future__ import annotations

from typing import Any

import pytest

import gaussnb as gn

Cloud = Any

DAY: Any = {"start_time": "2026-02-03T04:00:00+0000", "end_time": "2026-02-04T04:00:00+0000"}


@pytest.fixture
def aged(cloud: Cloud) -> tuple[Cloud, str]:
    """A cloud with a Cassandra instance that is a day old."""
    one = cloud.made()["id"]
    cloud.sandbox.advance(24 * 3600)
    cloud.login()  # tokens last a day
    return cloud, one


def slow(cloud: Cloud, id: str, **asked: Any) -> Any:
    return cloud("POST", f"v3/cassandra/instances/{id}/slow-logs", {**DAY, "limit": 100, **asked}).json()


def test_lines_page_by_their_number(aged: tuple[Cloud, str]) -> None:
    cloud, one = aged
    first = slow(cloud, one)["slow_logs"]
    rest = slow(cloud, one, line_num=first[-1]["line_num"])["slow_logs"]
    assert (len(first), len(rest)) == (100, 43)
    numbers = [int(line["line_num"]) for line in first + rest]
    assert numbers == sorted(set(numbers))
    assert [line["log_time"] for line in first + rest] == sorted(line["log_time"] for line in first + rest)
    assert slow(cloud, one)["slow_logs"] == first
    with cloud.sandbox.connect() as gdb:
        frame = gdb.logs.cassandra_slow(one, **DAY)
    assert frame["line_num"].tolist() == [line["line_num"] for line in first + rest]


def test_filters(aged: tuple[Cloud, str]) -> None:
    cloud, one = aged
    everything = slow(cloud, one)["slow_logs"] + slow(cloud, one, limit=100, line_num="2950000")["slow_logs"]
    assert {line["keyspace"] for line in everything} >= {"shop", "metrics"}
    for asked, holds in [
        ({"keyspace_keywords": ["met", "x"]}, lambda line: line["keyspace"] == "metrics"),
        ({"keywords": ["SELECT", "count"]}, lambda line: "count(*)" in line["whole_message"]),
        ({"min_cost_time": 1000, "max_cost_time": 1500}, lambda line: 1000 <= line["cost_time"] <= 1500),
        ({"node_id": everything[0]["node_id"]}, lambda line: line["node_id"] == everything[0]["node_id"]),
    ]:
        found = slow(cloud, one, **asked)["slow_logs"]
        assert found and all(map(holds, found)), asked


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"start_time": "2025-12-01T00:00:00+0000"}, "DBS.280067"),
        ({"end_time": "2026-03-01T00:00:00+0000"}, "DBS.280068"),
        ({"end_time": "2026-02-03T03:00:00+0000"}, "DBS.280068"),
        ({"node_id": "unknown"}, "DBS.280407"),
        ({"line_num": "x"}, "DBS.280001"),
    ],
)
def test_refusals(aged: tuple[Cloud, str], asked: Any, code: str) -> None:
    assert slow(*aged, **asked)["error_code"] == code


def test_each_engine_has_its_own_log(aged: tuple[Cloud, str]) -> None:
    cloud, one = aged
    for engine, log in [("redis", "slow"), ("mongodb", "slow"), ("influxdb", "slow"), ("mongodb", "error")]:
        answer = cloud("POST", f"v3/{engine}/instances/{one}/{log}-logs", {**DAY, "limit": 10})
        assert answer.json()["error_code"] == "DBS.201020"


def test_values_are_masked_until_masking_is_switched_off(aged: tuple[Cloud, str]) -> None:
    cloud, one = aged
    path = f"v3/instances/{one}/slowlog-desensitization"
    assert cloud("GET", path).json() == {"desensitization_status": "on"}
    assert all("***" in line["whole_message"] for line in slow(cloud, one)["slow_logs"])
    assert cloud("PUT", path, {"desensitization_status": "off"}).status_code == 204
    assert not any("***" in line["whole_message"] for line in slow(cloud, one)["slow_logs"])
    cloud("PUT", path, {"desensitization_status": "on"})
    assert cloud("GET", path).json() == {"desensitization_status": "on"}


def test_the_older_operations_show_the_latest_line_first(aged: tuple[Cloud, str]) -> None:
    cloud, one = aged
    query = "start_date=2026-02-03T04:00:00%2B0000&end_date=2026-02-04T04:00:00%2B0000"
    answer = cloud("GET", f"v3/instances/{one}/slowlog?{query}").json()
    assert (len(answer["slow_log_list"]), answer["total_record"]) == (10, 143)
    moments = [line["start_time"] for line in answer["slow_log_list"]]
    assert moments == sorted(moments, reverse=True)
    errors = cloud("GET", f"v3/instances/{one}/error-log?{query.replace('_date', '_time')}&type=Error").json()
    assert 0 < errors["total_count"] < 48 and {line["level"] for line in errors["error_log_list"]} == {"Error"}


def test_streams_are_kept(build: Any, caller: Any, tmp_path: Any) -> None:
    first = build(path=tmp_path / "cloud.db")
    cloud = caller(first)
    one, other = cloud.made()["id"], cloud.made(name="other-1")["id"]
    path = "v3/instances/logs/lts-configs"
    asked = {"instance_ids": [one], "log_type": "slow_log", "lts_group_id": "group", "lts_stream_id": "stream"}
    assert cloud("POST", path, asked).json() == {}
    assert cloud("POST", path, {**asked, "log_type": "audit_log"}).json()["error_code"] == "DBS.280066"
    assert cloud("POST", path, {**asked, "instance_ids": [one, "unknown"]}).json()["error_code"] == "DBS.200002"
    first.close()
    cloud = caller(build(path=tmp_path / "cloud.db"))
    shown = {item["instance"]["id"]: item["lts_configs"] for item in cloud("GET", path).json()["instance_lts_configs"]}
    known = {"log_type": "slow_log", "lts_group_id": "group", "lts_stream_id": "stream"}
    assert shown == {one: [{**known, "enabled": True}], other: []}
    cloud("DELETE", path, {"instance_ids": [one], "log_type": "slow_log"})
    (item,) = cloud("GET", f"{path}?instance_id={one}").json()["instance_lts_configs"]
    assert item["lts_configs"] == [{**known, "enabled": False}]


def test_the_log_of_another_engine_is_a_typed_error(cloud: Cloud) -> None:
    with cloud.sandbox.connect() as gdb, pytest.raises(gn.NotFound):
        gdb.logs.cassandra_slow("0" * 32, "2026-02-03T04:00:00", "2026-02-03T04:05:00")
