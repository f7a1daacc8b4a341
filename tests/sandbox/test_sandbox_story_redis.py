"""A story: a Redis instance gets a guest, loses dangerous commands, is flushed by mistake, and goes back in time."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("huaweicloudsdkgaussdbfornosql")

from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkgaussdbfornosql import v3

import gaussnb as gn

PASSWORD = "Aa1!" * 3
TODAY = {"start_time": "2026-02-03T00:00:00", "end_time": "2026-02-04T00:00:00"}


@pytest.fixture
def sandbox(build: Any) -> Any:
    return build(port=0)


def body_of(request: Any) -> Any:
    """The SDK's class of a request's body."""
    return getattr(v3, request.openapi_types["body"])


def test_with_gaussnb(gdb: Any, sandbox: Any, make: Any) -> None:
    id = make("redis")
    guest = {"name": "guest", "password": PASSWORD, "databases": ["0"], "privilege": "ReadOnly"}
    gdb.redis_accounts.create(id, [guest])
    sandbox.advance(60)
    assert gdb.redis_accounts.list(id, name="guest")["privilege"].tolist() == ["ReadOnly"]

    gdb.redis_commands.disable(id, "command", ["flushall", "flushdb"])
    assert gdb.redis_commands.list_disabled(id, "command")["command"].tolist() == ["flushall", "flushdb"]

    gdb.redis_recovery.set_policy(id, True, interval=5, keep_days=2)
    sandbox.advance(3600)
    good = gdb.redis_recovery.moments(id, **TODAY)["restore_time"].iloc[-1]
    hot = gdb.redis_data.hot_keys(id)

    gdb.redis_data.flush(id)
    with pytest.raises(gn.Busy):
        gdb.redis_recovery.restore(id, good)
    sandbox.advance(60)
    assert gdb.redis_data.hot_keys(id).empty
    gdb.redis_recovery.restore(id, good)
    sandbox.advance(3600)
    assert gdb.redis_data.hot_keys(id).equals(hot)
    assert gdb.redis_accounts.list(id)["name"].tolist() == ["rwuser", "guest"]


def test_with_the_sdk(sdk: Any, sandbox: Any, make: Any) -> None:
    id = make("redis")

    users = body_of(v3.CreateDbUserRequest)
    kind = getattr(v3, users.openapi_types["users"].removeprefix("list[").removesuffix("]"))
    body = users(users=[kind(name="guest", password=PASSWORD, databases=["0"], privilege="ReadOnly")])
    assert sdk.create_db_user(v3.CreateDbUserRequest(instance_id=id, body=body)).job_id
    sandbox.advance(60)
    (seen,) = sdk.list_db_users(v3.ListDbUsersRequest(instance_id=id, name="guest")).users
    assert (seen.type, seen.privilege, seen.databases) == ("acluser", "ReadOnly", ["0"])

    off = body_of(v3.SaveRedisDisabledCommandsRequest)
    body = off(disabled_type="command", commands=["flushall", "flushdb"])
    sdk.save_redis_disabled_commands(v3.SaveRedisDisabledCommandsRequest(instance_id=id, body=body))
    shown = sdk.show_redis_disabled_commands(v3.ShowRedisDisabledCommandsRequest(instance_id=id, type="command"))
    assert (shown.commands, str(shown.total_count), shown.disabled_type) == (["flushall", "flushdb"], "2", "command")

    policy = body_of(v3.SetRedisPitrPolicyRequest)
    body = policy(enabled=True, interval=5, keep_days=2)
    sdk.set_redis_pitr_policy(v3.SetRedisPitrPolicyRequest(instance_id=id, body=body))
    sandbox.advance(3600)
    listed = sdk.list_redis_pitr_restore_time(
        v3.ListRedisPitrRestoreTimeRequest(
            instance_id=id, start_time="2026-02-03T00:00:00+0000", end_time="2026-02-04T00:00:00+0000", limit=300
        )
    )
    assert listed.total_count == len(listed.restore_time) == 13
    hot = sdk.show_redis_hot_keys(v3.ShowRedisHotKeysRequest(instance_id=id)).keys

    flush = body_of(v3.UpdateDatabasesRequest)
    sdk.update_databases(v3.UpdateDatabasesRequest(instance_id=id, body=flush(action="flush")))
    back = body_of(v3.RestoreRedisPitrRequest)
    restore = v3.RestoreRedisPitrRequest(instance_id=id, body=back(restore_time=listed.restore_time[-1]))
    with pytest.raises(ClientRequestException) as refusal:
        sdk.restore_redis_pitr(restore)
    assert (refusal.value.status_code, refusal.value.error_code) == (403, "DBS.200019")
    sandbox.advance(60)
    assert sdk.show_redis_hot_keys(v3.ShowRedisHotKeysRequest(instance_id=id)).count == 0
    assert sdk.restore_redis_pitr(restore).job_id
    sandbox.advance(3600)
    assert sdk.show_redis_hot_keys(v3.ShowRedisHotKeysRequest(instance_id=id)).keys == hot
