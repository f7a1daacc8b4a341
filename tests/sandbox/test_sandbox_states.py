"""Operations that depend on the state: quotas, nodes that are shut down, switches that are turned off."""

from __future__ import annotations

from typing import Any

import pytest

from gaussnb.core.errors import ApiError
from gaussnb.nosql.operations.instances import CheckWeekPassword
from gaussnb.sandbox import simulated

HOUR = 3600
Make = Any


def refused(call: Any, *args: Any, **more: Any) -> str:
    """The code of a refusal."""
    with pytest.raises(ApiError) as refusal:
        call(*args, **more)
    return refusal.value.error_code


def test_a_quota_limits_growth(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make()
    used = gdb.enterprise_quotas.list().query("enterprise_project_id == '0'").iloc[0]
    quota = {"instance": 1, "vcpus": int(used["used_vcpus"]), "ram": int(used["used_ram"])}
    gdb.enterprise_quotas.update([{"enterprise_project_id": "0", "quota": quota}])
    assert refused(gdb.nodes.add, id, 1) == "DBS.200166"
    targets = gdb.flavors.targets(id)["spec_code"]
    assert refused(gdb.instances.resize, id, targets.iloc[-1]) == "DBS.200166"
    assert len(gdb.instances.nodes(id=id)) == 3
    gdb.volumes.extend(id, 200)  # storage counts for nothing


def test_an_instance_that_is_being_created_is_busy(sandbox: Any, gdb: Any, make: Make) -> None:
    sandbox.inject("CreateInstance", fail="no host is left")
    failed = make("redis")
    assert refused(gdb.redis_data.flush, failed) == "DBS.200011"
    gdb.instances.delete(failed)
    for call in (gdb.redis_data.flush, gdb.redis_data.databases):
        assert refused(call, failed) == "DBS.200019"


def test_a_node_is_started_only_when_it_was_shut_down(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make("redis", "CloudNativeCluster")
    first, second, *_ = gdb.instances.nodes(id=id)["id"]
    assert refused(gdb.nodes.set_power, id, "startup", [first]) == "DBS.200076"
    gdb.nodes.set_power(id, "shutdown", [first])
    sandbox.advance(HOUR)
    assert refused(gdb.nodes.set_power, id, "shutdown", [first]) == "DBS.200076"
    assert gdb.redis_sessions.list(id, node_id=first).empty
    assert not gdb.redis_sessions.list(id, node_id=second).empty
    gdb.instances.restart(id, node_id=first)
    sandbox.advance(HOUR)
    assert set(gdb.instances.nodes(id=id)["status"]) == {"normal"}


def test_a_switch_can_be_turned_off_after_a_smaller_flavor(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make("cassandra")
    sandbox._app.world.instances[id].spec_code = "geminidb.cassandra.large.4"
    assert refused(gdb.nodes.set_policy, id, True) == "DBS.216029"
    gdb.nodes.set_policy(id, False)
    redis = make("redis")
    sandbox._app.world.instances[redis].spec_code = "geminidb.redis.large.4"
    assert refused(gdb.monitoring.set, redis, True) == "DBS.216029"
    gdb.monitoring.set(redis, False)


def test_a_policy_that_one_instance_cannot_have_leaves_the_others_alone(cloud: Any, gdb: Any, make: Make) -> None:
    good, other = make(), make("mongodb")
    path, asked = "v3/instances/disk-auto-expansion", {"instance_ids": [good, other, "0" * 32 + "in06"]}
    answer = cloud("PUT", path, asked)
    errors = answer.json()["error_results"]
    assert answer.status_code == 200 and [one["instance_id"] for one in errors] == asked["instance_ids"][1:]
    assert gdb.volumes.get_policy(good)["threshold"].iloc[0] == 90
    assert cloud("PUT", path, {"instance_ids": [good]}).status_code == 204
    receipt = gdb.volumes.set_policy([good, other])
    assert receipt["instance_id"].tolist() == [good, other] and set(receipt["refused"]) == {other}


def test_storage_grows_until_it_is_enough(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make("redis")
    gdb.volumes.set_policy([id], policy={"threshold": 60, "step": 10})
    gdb.redis_data.flush(id)
    sandbox.fill(id, 95)
    sandbox.advance(HOUR)
    shown = gdb.instances.list(id=id).iloc[0]
    assert shown["used_gb"] / shown["storage_gb"] < 0.6 and shown["actions"] == ""


def test_a_restored_backup_brings_keys_back(sandbox: Any, gdb: Any, make: Make) -> None:
    id, other = make("redis"), make("redis")
    before = gdb.redis_data.big_keys(id)["key_name"].tolist()
    backup = gdb.backups.create(id, "before-it")["backup_id"].iloc[0]
    sandbox.advance(HOUR)
    gdb.redis_data.flush(id)
    sandbox.advance(HOUR)
    assert gdb.redis_data.big_keys(id).empty
    for one in (id, other):
        gdb.backups.restore(one, backup)
        sandbox.advance(HOUR)
        assert gdb.redis_data.big_keys(one)["key_name"].tolist() == before != []
    new = make("redis", restore_info={"backup_id": backup})
    assert gdb.redis_data.big_keys(new)["key_name"].tolist() == before


def test_a_backup_that_is_being_deleted_is_not_restored(sandbox: Any, cloud: Any, gdb: Any, make: Make) -> None:
    id = make()
    backup = gdb.backups.create(id, "before-it")["backup_id"].iloc[0]
    sandbox.advance(HOUR)
    gdb.backups.delete(backup)
    answer = cloud("POST", f"v3/instances/{id}/recovery", {"backup_id": backup})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "DBS.201202")


def test_lines_stay_with_their_nodes(sandbox: Any, cloud: Any, gdb: Any, make: Make) -> None:
    id = make()
    sandbox.advance(24 * HOUR)
    day = {"start_time": "2026-02-03T06:00:00+0000", "end_time": "2026-02-04T05:00:00+0000"}
    before = gdb.logs.cassandra_slow(id, **day)["node_id"].tolist()
    gdb.nodes.add(id, 2)
    assert gdb.logs.cassandra_slow(id, **day)["node_id"].tolist() == before
    sandbox.advance(24 * HOUR)
    assert gdb.logs.cassandra_slow(id, **day)["node_id"].tolist() == before
    later = {"start_time": "2026-02-04T06:00:00+0000", "end_time": "2026-02-05T05:00:00+0000"}
    assert gdb.logs.cassandra_slow(id, **later)["node_id"].nunique() == 5
    path = f"v3/cassandra/instances/{id}/slow-logs"
    answer = cloud("POST", path, {**day, "limit": 10, "line_num": "9" * 5000})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "DBS.280001")


def test_an_instance_that_failed_to_be_created_has_no_logs(sandbox: Any, gdb: Any, make: Make) -> None:
    sandbox.inject("CreateInstance", fail="no host is left")
    id = make()
    hour = {"start_time": "2026-02-03T04:00:00+0000", "end_time": "2026-02-03T05:00:00+0000"}
    assert refused(gdb.logs.cassandra_slow, id, **hour) == "DBS.200011"
    assert gdb.volumes.set_policy([id])["refused"].tolist() == [id]
    assert refused(gdb.logs.set_masking, id, "off") == "DBS.200011"
    assert refused(gdb.logs.enable_stream, [id], "slow_log", "0" * 36, "0" * 36) == "DBS.200011"


def test_a_schedule_waits_while_the_instance_is_busy(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make()
    waiting = sandbox.schedule(id)
    at = gdb.scheduled_jobs.list()["start_time"].iloc[0].timestamp()
    sandbox.advance(at - sandbox.clock.time() - 60)
    gdb.nodes.add(id, 1)
    sandbox.advance(120)
    assert gdb.scheduled_jobs.list()["job_status"].tolist() == ["Pending"]
    sandbox.advance(260)
    assert gdb.instances.list(id=id)["actions"].iloc[0] == "REBOOT"
    sandbox.advance(HOUR)
    assert gdb.scheduled_jobs.list(job_status="Completed")["job_id"].tolist() == [waiting]


def test_work_that_can_be_scheduled(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make()
    target = gdb.flavors.targets(id)["spec_code"].iloc[0]
    for what, code in (("OTHER", ""), ("RESIZE_FLAVOR", ""), ("RESIZE_FLAVOR", "unknown"), ("UPGRADE_DATABASE", "")):
        with pytest.raises(ValueError):
            sandbox.schedule(id, what, code)
    sandbox.schedule(id, "RESIZE_FLAVOR", target)
    assert gdb.scheduled_jobs.list()["job_name"].tolist() == ["RESIZE_FLAVOR"]
    sandbox.advance(24 * HOUR)
    assert gdb.instances.list(id=id)["flavor"].iloc[0] == target
    sandbox.advance(30 * 24 * HOUR)
    sandbox.schedule(id, "UPGRADE_DATABASE")
    sandbox.advance(24 * HOUR)
    assert not gdb.instances.list(id=id)["patch_available"].iloc[0]


def test_automatic_node_expansion(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make()
    gdb.nodes.set_policy(id, True, overload_node_threshold=67, cpu_threshold=70, step=2, node_limit=6)

    def count(cpu: float, memory: float = 0, nodes: int | None = None) -> int:
        sandbox.load(id, cpu, memory, nodes=nodes)
        sandbox.advance(HOUR)
        return len(gdb.instances.nodes(id=id))

    assert [count(69), count(70, nodes=1)] == [3, 3]
    assert count(70, nodes=2) == 5  # two of five are no longer enough
    assert count(0, 80) == 6  # the limit
    assert count(99) == 6
    with pytest.raises(ValueError, match="percent"):
        sandbox.load(id, 101)


def test_the_standby_takes_over(sandbox: Any, cloud: Any, gdb: Any, make: Make) -> None:
    first, second = "cn-north-4a", "cn-north-4b"
    zones = {"primary_availability_zone": first, "secondary_availability_zone": second}
    id = make("redis", "Replication", availability_zone=f"{first},{second}", availability_zone_detail=zones)
    assert cloud.instance(id)["availability_zone_detail"] == zones
    assert gdb.redis_sessions.list(id)["age"].astype(int).min() > 60
    gdb.instances.switch_over(id)
    sandbox.advance(60)
    assert list(cloud.instance(id)["availability_zone_detail"].values()) == [second, first]
    assert gdb.redis_sessions.list(id).empty
    sandbox.advance(60)
    assert set(gdb.redis_sessions.list(id)["age"].astype(int)) <= set(range(61))


def test_a_password_is_kept_only_as_a_digest(sandbox: Any, gdb: Any, make: Make) -> None:
    assert simulated()[CheckWeekPassword] == "data"  # it follows from what is asked alone
    id = make("redis")
    before = gdb.instances.list(id=id)["updated"].iloc[0]
    sandbox.advance(60)
    gdb.redis_accounts.reset_password(id, "rwuser", "Zz9!" * 3)
    assert gdb.instances.list(id=id)["updated"].iloc[0] > before
