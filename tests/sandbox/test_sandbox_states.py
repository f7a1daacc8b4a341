"""What a state allows: quotas of what grows, nodes that are shut down, switches that are turned off again."""

from __future__ import annotations

from typing import Any

import pytest

from gaussnb.errors import ApiError

HOUR = 3600
Make = Any


def refused(call: Any, *args: Any, **more: Any) -> str:
    """The code of a refusal."""
    with pytest.raises(ApiError) as refusal:
        call(*args, **more)
    return refusal.value.error_code


def test_a_quota_binds_what_grows(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make()
    used = gdb.enterprise_quotas.list().query("enterprise_project_id == '0'").iloc[0]
    quota = {"instance": 1, "vcpus": int(used["used_vcpus"]), "ram": int(used["used_ram"])}
    gdb.enterprise_quotas.update([{"enterprise_project_id": "0", "quota": quota}])
    assert refused(gdb.nodes.add, id, 1) == "DBS.200166"
    targets = gdb.flavors.targets(id)["spec_code"]
    assert refused(gdb.instances.resize, id, targets.iloc[-1]) == "DBS.200166"
    assert len(gdb.instances.nodes(id=id)) == 3
    gdb.volumes.extend(id, 200)  # storage counts for nothing


def test_who_is_being_created_is_busy(sandbox: Any, gdb: Any, make: Make) -> None:
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


def test_what_is_on_can_be_turned_off_on_a_smaller_size(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make("cassandra")
    sandbox._app.world.instances[id].spec_code = "geminidb.cassandra.large.4"
    assert refused(gdb.nodes.set_policy, id, True) == "DBS.216029"
    gdb.nodes.set_policy(id, False)
    redis = make("redis")
    sandbox._app.world.instances[redis].spec_code = "geminidb.redis.large.4"
    assert refused(gdb.monitoring.set, redis, True) == "DBS.216029"
    gdb.monitoring.set(redis, False)
