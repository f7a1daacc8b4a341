"""A story for each engine and mode: its own operations work, those of other engines are refused by code.

gaussnb and the official SDK play each story; the table below lists the operations of single engines and modes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

pytest.importorskip("huaweicloudsdkgaussdbfornosql")

from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkgaussdbfornosql import v3

import gaussnb as gn
from gaussnb.nosql.engines import ENGINES

PERIOD = {"start_time": "2026-02-03T04:05:06+0000", "end_time": "2026-02-03T05:00:00+0000"}
KINDS = [(engine.name, mode) for engine in ENGINES.values() for mode in engine.modes]


class Special(NamedTuple):
    """An operation for some engines, or some of their modes, only."""

    call: str
    """The call of gaussnb, as attributes of the client."""
    request: str
    """In the SDK: the operation's id."""
    body: dict[str, Any]
    """The arguments of both, besides the instance."""
    who: set[tuple[str, str]]
    """Engine and mode; ``*`` for every mode."""
    code: str
    """The code of the refusal for all other instances."""


SPECIALS = [
    Special("logs.cassandra_slow", "ListCassandraSlowLogs", PERIOD, {("cassandra", "*")}, "DBS.201020"),
    Special("logs.influxdb_slow", "ListInfluxdbSlowLogs", PERIOD, {("influxdb", "*")}, "DBS.201020"),
    Special("logs.mongodb_slow", "ListMongodbSlowLogs", PERIOD, {("mongodb", "*")}, "DBS.201020"),
    Special("logs.mongodb_errors", "ListMongodbErrorLogs", PERIOD, {("mongodb", "*")}, "DBS.201020"),
    Special("logs.redis_slow", "ListRedisSlowLogs", PERIOD, {("redis", "*")}, "DBS.201020"),
    Special("redis_accounts.list", "ListDbUsers", {}, {("redis", "*")}, "DBS.216029"),
    Special("instances.switch_over", "SwitchOver", {}, {("redis", "Replication")}, "DBS.216029"),
    Special("volumes.create_cold", "CreateColdVolume", {"size": 500}, {("influxdb", "InfluxdbSingle")}, "DBS.216029"),
]


@pytest.fixture
def sandbox(build: Any) -> Any:
    return build(port=0, quota=0)


def can(special: Special, engine: str, mode: str) -> bool:
    return bool({(engine, mode), (engine, "*")} & special.who)


@pytest.mark.parametrize(("engine", "mode"), KINDS, ids="-".join)
def test_with_gaussnb(gdb: Any, sandbox: Any, make: Any, engine: str, mode: str) -> None:
    id = make(engine, mode)
    one = gdb.instances.get(id)
    assert (one["engine"].item(), one["mode"].item(), one["status"].item()) == (engine, mode, "normal")
    for special in SPECIALS:
        group, _, name = special.call.partition(".")
        call = getattr(getattr(gdb, group), name)
        if can(special, engine, mode):
            assert call(id, **special.body) is not None
            sandbox.advance(3600)
        else:
            with pytest.raises(gn.ApiError) as refusal:
                call(id, **special.body)
            assert refusal.value.error_code == special.code, special.call


@pytest.mark.parametrize(("engine", "mode"), KINDS, ids="-".join)
def test_with_the_sdk(sdk: Any, official: Any, sandbox: Any, make: Any, engine: str, mode: str) -> None:
    id = make(engine, mode)
    (one,) = sdk.list_instances(v3.ListInstancesRequest(id=id)).instances
    assert (one.datastore.type, one.mode, one.status) == (engine, mode, "normal")
    for special in SPECIALS:
        asked = {"instance_id": id, **({"body": special.body} if special.body else {})}
        request = official(f"{special.request}Request", asked)
        call = getattr(sdk, "".join(f"_{c.lower()}" if c.isupper() else c for c in special.request)[1:])
        if can(special, engine, mode):
            assert call(request).status_code in (200, 202)
            sandbox.advance(3600)
        else:
            with pytest.raises(ClientRequestException) as refusal:
                call(request)
            assert refusal.value.error_code == special.code, special.request


def test_each_special_operation_is_for_an_engine() -> None:
    for special in SPECIALS:
        assert [kind for kind in KINDS if can(special, *kind)], special.call
