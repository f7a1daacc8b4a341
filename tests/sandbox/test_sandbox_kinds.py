"""Operations for some engines or modes only, and the refusal of other ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gaussnb.core.operation import Operation
from gaussnb.nosql.engines import modes
from gaussnb.sandbox.behaviours import BEHAVIOURS, Context
from gaussnb.sandbox.engine.messages import Request
from gaussnb.sandbox.refusals import Refused

DOCUMENTED = {
    "ModifyPort": {"mongodb", "cassandra", "redis"},
    "UpdateClientNetwork": {"mongodb ReplicaSet"},
    "UpdateInstanceLb": {"influxdb", "redis"},
    "SwitchOver": {"redis Replication"},
    "SetInstanceDataDump": {"influxdb EnhancedCluster"},
    "OfflineNodes": {"redis"},
    "ModifyAutoNodeExpansionPolicy": {"cassandra"},
    "ShowAutoNodeExpansionPolicy": {"cassandra"},
    "ModifyVolume": {"cassandra", "redis"},
    "CreateColdVolume": {"influxdb InfluxdbSingle"},
    "ResizeColdVolume": {"influxdb InfluxdbSingle"},
    "SwitchSecondLevelMonitoring": {"redis Cluster", "redis CloudNativeCluster"},
    "ListCassandraSlowLogs": {"cassandra"},
    "ListInfluxdbSlowLogs": {"influxdb"},
    "ListMongodbSlowLogs": {"mongodb"},
    "ListMongodbErrorLogs": {"mongodb"},
    "ListRedisSlowLogs": {"redis"},
}
"""The kinds in the service's documents. Every operation in a chapter of Redis is for Redis."""

BEHAVIOURS.load()
ONLY, SIMULATED = BEHAVIOURS.only, BEHAVIOURS.functions
CHOOSY = sorted(ONLY, key=lambda operation: operation.__name__)


@pytest.fixture
def kinds(sandbox: Any, make: Any) -> dict[tuple[str, str], str]:
    """An instance of every kind, by engine and mode."""
    return {(mode.engine, mode.name): make(mode.engine, mode.name) for mode in modes()}


def _turned_away(operation: type[Operation], sandbox: Any, instance_id: str) -> str:
    """The error code that refuses an operation, with only its path filled in, for the kind of an instance; or empty."""
    world = sandbox._app.world
    node_id = world.instances[instance_id].nodes[0].id
    holes = {"instance_id": instance_id, "node_id": node_id}
    asked = operation.model_construct(**{name: holes[name] for name in holes if name in operation.model_fields})
    try:
        SIMULATED[operation](asked, Context(world, sandbox._app.clock.time(), Request("GET", "/"), None))
    except Refused as refused:
        return refused.code if "It is for" in refused.message else ""
    except Exception:  # it was let in, and missed its body
        return ""
    return ""


def test_every_operation_takes_its_kinds_and_no_others(sandbox: Any, kinds: dict[tuple[str, str], str]) -> None:
    for operation in CHOOSY:
        allowed, wrong = ONLY[operation]
        for kind, instance_id in kinds.items():
            code = _turned_away(operation, sandbox, instance_id)
            assert code == ("" if kind in allowed else wrong), (operation, kind)


def test_the_kinds_are_the_documented_ones() -> None:
    for operation in CHOOSY:
        chapter = operation.__module__.rpartition(".")[2]
        names = {"redis"} if chapter.startswith("redis_") else DOCUMENTED[operation.__name__]
        kinds = {(m.engine, m.name) for m in modes() if names & {m.engine, f"{m.engine} {m.name}"}}
        logs = chapter == "logs"
        assert ONLY[operation] == (kinds, "DBS.201020" if logs else "DBS.216029"), operation
    assert set(DOCUMENTED) <= {operation.__name__ for operation in CHOOSY}
    redis = {op for op in SIMULATED if op.__module__.rpartition(".")[2].startswith("redis_")}
    assert redis <= set(ONLY)


def test_a_name_without_an_engine_is_refused_at_once() -> None:
    class Oracle(CHOOSY[0]):  # type: ignore[misc]
        route = replace(CHOOSY[0].route, only=("oracle",))

    with pytest.raises(ValueError, match="oracle"):
        BEHAVIOURS.simulates(Oracle)(lambda op, context: None)
