"""Parameter templates, the parameters of instances, and the jobs that wait for the maintenance window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import gaussnb as gn
from gaussnb.nosql.engines import ENGINES
from gaussnb.sandbox.parameters import parameter, parameters

Cloud = Any


def refused(call: Callable[..., Any], *args: Any, **more: Any) -> str:
    with pytest.raises(gn.ApiError) as refusal:
        call(*args, **more)
    return str(refusal.value.error_code)


def value(frame: Any, name: str) -> str:
    return str(frame.set_index("name").loc[name, "value"])


@pytest.fixture
def mine(gdb: Any) -> str:
    """A template for classic Cassandra."""
    store = {"type": "cassandra", "version": "3.11", "mode": "Cluster"}
    made = gdb.configurations.create("mine", datastore=store, values={"concurrent_reads": "100"})
    return str(made["id"].iloc[0])


# -------------------------------------------------------------------------------------- the table


@pytest.mark.parametrize("engine", ENGINES)
def test_every_default_is_allowed(engine: str) -> None:
    table = parameters(engine)
    assert len({one.name for one in table}) == len(table) >= 10
    assert all(one.problem(one.default) == "" for one in table)
    assert {one.restart_required for one in table} == {one.readonly for one in table} == {True, False}


@pytest.mark.parametrize(
    ("engine", "name", "good", "bad"),
    [
        ("cassandra", "concurrent_reads", ["8", "1024"], ["7", "1025", "x", "8.5", "", "-9"]),
        ("mongodb", "operationProfiling.slowOpSampleRate", ["0", "0.25", "1"], ["1.01", "much"]),
        ("cassandra", "hinted_handoff_enabled", ["true", "false"], ["True", "1"]),
        ("redis", "maxmemory-policy", ["allkeys-lru"], ["allkeys"]),
        ("redis", "notify-keyspace-events", ["", "KEA"], ["Q"]),
    ],
)
def test_values_are_checked_by_parameter_type(engine: str, name: str, good: list[str], bad: list[str]) -> None:
    one = parameter(engine, name)
    assert one is not None
    assert [text for text in good + bad if one.problem(text)] == bad


# ------------------------------------------------------------------------------------- templates


def test_the_templates_of_the_service_cannot_be_changed(gdb: Any) -> None:
    listed = gdb.configurations.list(mode="All")
    assert not listed["user_defined"].any() and set(listed["datastore_name"]) == set(ENGINES)
    assert len(listed) == len(gdb.configurations.datastores()) > len(gdb.configurations.list())
    one = listed["id"].iloc[0]
    assert refused(gdb.configurations.update, one, description="new") == "DBS.212003"
    assert refused(gdb.configurations.reset, one) == "DBS.212003"
    assert refused(gdb.configurations.delete, one) == "DBS.212003"
    assert refused(gdb.configurations.get, "unknown") == "DBS.280045"


def test_a_template_is_made_changed_compared_and_reset(gdb: Any, mine: str) -> None:
    shown = gdb.configurations.parameters(mine)
    assert (value(shown, "concurrent_reads"), value(shown, "concurrent_writes")) == ("100", "64")
    copied = gdb.configurations.copy(mine, "a-copy")["config_id"].iloc[0]
    gdb.configurations.update(copied, name="other", values={"concurrent_writes": "32"})
    assert gdb.configurations.get(copied)["name"].tolist() == ["other"]
    assert gdb.configurations.compare(mine, copied)["parameter_name"].tolist() == ["concurrent_writes"]
    gdb.configurations.reset(copied)
    (row,) = gdb.configurations.compare(mine, copied).to_dict("records")
    assert row == {"parameter_name": "concurrent_reads", "source_value": "100", "target_value": "64"}
    assert gdb.configurations.list(datastore_name="cassandra")["id"].tolist()[:2] == [copied, mine]
    assert gdb.configurations.quota().to_dict("records")[0]["quota"] == 100
    gdb.configurations.delete(copied)
    assert refused(gdb.configurations.get, copied) == "DBS.280045"


def test_refusals_of_templates(gdb: Any, mine: str) -> None:
    create, store = gdb.configurations.create, {"type": "cassandra", "version": "3.11"}
    assert refused(create, "mine", datastore=store) == "DBS.212030"
    assert refused(create, "Default-cassandra-3.11-Cluster", datastore=store) == "DBS.212030"
    assert refused(create, "x", datastore={**store, "version": "9"}) == "DBS.280236"
    assert refused(create, "x", datastore={**store, "mode": "ReplicaSet"}) == "DBS.280342"
    assert refused(create, "x", datastore={"type": "mongodb", "version": "4.0"}) == "DBS.280040"
    for values in ({"unknown": "1"}, {"concurrent_reads": "1"}, {"partitioner": "Murmur3Partitioner"}):
        assert refused(create, "x", datastore=store, values=values) == "DBS.212013"
        assert refused(gdb.configurations.update, mine, values=values) == "DBS.212013"
    other = create("other", datastore={"type": "redis", "version": "5.0"})["id"].iloc[0]
    assert refused(gdb.configurations.compare, mine, other) == "DBS.212001"


def test_there_are_at_most_a_hundred_templates(gdb: Any, mine: str) -> None:
    for number in range(99):
        gdb.configurations.copy(mine, f"copy-{number}")
    assert refused(gdb.configurations.copy, mine, "one-too-many") == "DBS.212003"


# ------------------------------------------------------------------------- templates on instances


def test_a_template_reaches_an_instance_when_it_is_applied(
    sandbox: Any, cloud: Cloud, gdb: Any, mine: str, make: Any
) -> None:
    one, foreign = make(), make("redis")
    assert gdb.configurations.applicable_instances(mine)["id"].tolist() == [one]
    assert refused(gdb.configurations.apply, mine, [one, foreign]) == "DBS.200057"
    receipt = gdb.configurations.apply(mine, [one])
    assert receipt["success"].tolist() == [True]
    assert gdb.instances.get(one)["actions"].tolist() == ["SET_CONFIGURATION"]
    assert gdb.configurations.history(mine)["apply_result"].tolist() == ["APPLYING"]
    impatient = {"instance_ids": [one]}  # the client would wait
    assert cloud("PUT", f"v3.1/configurations/{mine}/apply", impatient).json()["error_code"] == "DBS.200019"
    changed = cloud("PUT", f"v3/configurations/{mine}", {"description": "new"})
    assert changed.json()["error_code"] == "DBS.212035"
    sandbox.advance(600)
    assert gdb.configurations.history(mine)["apply_result"].tolist() == ["SUCCESS"]
    assert gdb.parameters.template(one)["id"].tolist() == [mine]
    assert refused(gdb.configurations.delete, mine) == "DBS.212032"
    gdb.configurations.update(mine, values={"concurrent_reads": "200"})
    assert value(gdb.parameters.list(one), "concurrent_reads") == "100"


def test_an_instance_is_made_with_a_template(gdb: Any, mine: str, make: Any) -> None:
    one = make(configuration_id=mine)
    assert gdb.parameters.template(one)["id"].tolist() == [mine]
    assert value(gdb.parameters.list(one), "concurrent_reads") == "100"
    taken = gdb.configurations.create("taken", instance_id=one, values={"concurrent_writes": "32"})["id"].iloc[0]
    shown = gdb.configurations.parameters(taken)
    assert (value(shown, "concurrent_reads"), value(shown, "concurrent_writes")) == ("100", "32")


def test_a_failure_leaves_everything_as_it_was(sandbox: Any, gdb: Any, mine: str, make: Any) -> None:
    one = make()
    sandbox.inject("ApplyConfigurationToInstances", fail="A node is away.")
    job = gdb.configurations.apply(mine, [one])["job_id"].iloc[0]
    sandbox.advance(600)
    (row,) = gdb.configurations.history(mine).to_dict("records")
    assert (row["apply_result"], row["failure_reason"]) == ("FAILED", "A node is away.")
    assert gdb.jobs.get(job)["status"].tolist() == ["Failed"]
    assert value(gdb.parameters.list(one), "concurrent_reads") == "64"


# ----------------------------------------------------------------------- parameters of instances


def test_some_changes_wait_for_a_restart(sandbox: Any, gdb: Any, make: Any) -> None:
    one = make()
    at_once = gdb.parameters.update(one, {"read_request_timeout_in_ms": "7000"})
    assert at_once["restart_required"].tolist() == [False]
    sandbox.advance(600)
    assert gdb.parameters.update(one, {"concurrent_reads": "100"})["restart_required"].tolist() == [True]
    sandbox.advance(600)
    history = gdb.parameters.history(one)
    assert history["parameter_name"].tolist() == ["concurrent_reads", "read_request_timeout_in_ms"]
    assert history["applied"].tolist() == [False, True]
    gdb.instances.restart(one)
    sandbox.advance(600)
    (row,) = gdb.parameters.history(one, parameter_name="concurrent_reads").to_dict("records")
    assert (row["applied"], row["old_value"], row["new_value"]) == (True, "64", "100")
    assert row["applied_at"] > row["updated_at"]
    assert refused(gdb.parameters.update, one, {"concurrent_reads": "1"}) == "DBS.212013"


@pytest.mark.parametrize(("form", "status"), [("v3", 200), ("v3.1", 202)])
def test_the_older_operations_do_the_same(cloud: Cloud, form: str, status: int) -> None:
    one = cloud.made()["id"]
    assert cloud("PUT", f"{form}/instances/{one}/configurations", {"values": {}}).status_code == status
    cloud.sandbox.advance(600)
    listed = cloud("GET", f"{form}/configurations?datastore_name=cassandra").json()
    own = next(item["id"] for item in listed["configurations"] if item["datastore_version_name"] == "3.11")
    assert listed["count"] == len(listed["configurations"]) and listed["quota"] == 100
    assert cloud("PUT", f"{form}/configurations/{own}/apply", {"instance_ids": [one]}).status_code == status


def test_the_state_file_keeps_templates_and_parameters(build: Any, tmp_path: Any, quick_start: dict[str, Any]) -> None:
    first = build(path=tmp_path / "cloud.db")
    with first.connect() as gdb:
        one = gdb.instances.create(gn.InstanceSpec(**quick_start))["id"].iloc[0]
        first.advance(3600)
        store = {"type": "cassandra", "version": "3.11"}
        made = gdb.configurations.create("mine", datastore=store, values={"concurrent_reads": "100"})["id"].iloc[0]
        gdb.configurations.apply(made, [one])
    first.schedule(one)
    first.close()
    second = build(path=tmp_path / "cloud.db")
    second.advance(600)
    with second.connect() as gdb:
        assert gdb.configurations.history(made)["apply_result"].tolist() == ["SUCCESS"]
        assert gdb.parameters.history(one)["parameter_name"].tolist() == ["concurrent_reads"]
        assert gdb.scheduled_jobs.list()["job_status"].tolist() == ["Pending"]
        gdb.instances.delete(one)
        second.advance(3600)
        assert gdb.scheduled_jobs.list().empty


# --------------------------------------------------------------------------------- scheduled jobs


def test_a_restart_waits_for_the_window(sandbox: Any, gdb: Any, make: Any) -> None:
    one = make()  # the clock stands at five, the window is from two to six
    waiting = sandbox.schedule(one)
    (row,) = gdb.scheduled_jobs.list().to_dict("records")
    assert (row["job_id"], row["job_name"], row["job_status"]) == (waiting, "REBOOT", "Pending")
    assert str(row["start_time"]) == "2026-02-04 02:00:00+00:00"
    sandbox.advance(20 * 3600 + 55 * 60)
    assert gdb.scheduled_jobs.list()["job_status"].tolist() == ["Running"]
    assert gdb.instances.get(one)["actions"].tolist() == ["REBOOT"]
    assert refused(gdb.scheduled_jobs.cancel, waiting) == "DBS.200047"
    sandbox.advance(600)
    assert gdb.scheduled_jobs.list(job_status="Completed")["job_id"].tolist() == [waiting]
    assert gdb.jobs.list()["name"].tolist()[0] == "RestartInstance"


def test_a_waiting_job_is_cancelled(sandbox: Any, gdb: Any, make: Any) -> None:
    one = make()
    waiting = sandbox.schedule(one)
    gdb.scheduled_jobs.cancel(waiting)
    sandbox.advance(24 * 3600)
    assert gdb.scheduled_jobs.list()["job_status"].tolist() == ["Canceled"]
    assert "RestartInstance" not in gdb.jobs.list()["name"].tolist()
    assert refused(gdb.scheduled_jobs.cancel, "unknown") == "DBS.280016"


def test_work_that_cannot_begin_within_the_window_fails(sandbox: Any, gdb: Any, make: Any) -> None:
    one = make()
    gdb.maintenance.set(one, "06:00")
    sandbox.schedule(one)
    sandbox.fill(one, 100)
    sandbox.advance(2 * 3600)
    assert gdb.scheduled_jobs.list()["job_status"].tolist() == ["Pending"]
    sandbox.advance(4 * 3600)
    assert gdb.scheduled_jobs.list()["job_status"].tolist() == ["Failed"]
