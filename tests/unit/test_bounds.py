"""The limits of single fields in the chapters about logs, Redis, disaster recovery, acceleration and networks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from gaussnb.nosql.operations.dbcache import CreateDbCacheRule, ListDbCacheRules
from gaussnb.nosql.operations.disaster_recovery import CreateDisasterRecovery, SetDisasterRecoverySettings
from gaussnb.nosql.operations.logs import ListCassandraSlowLogs, ListSlowLogs, SaveLtsConfigs
from gaussnb.nosql.operations.maintenance import ModifyInstanceMaintenanceWindow
from gaussnb.nosql.operations.network import ModifyPort, SwitchIpGroup, UpdateClientNetwork
from gaussnb.nosql.operations.recycle_bin import SetRecyclePolicy
from gaussnb.nosql.operations.redis_accounts import CreateDbUser, ResetDbUserPassword, UpdatePasswordlessConfig
from gaussnb.nosql.operations.redis_commands import SaveRedisDisabledCommands, UpdateHighRiskCommands
from gaussnb.nosql.operations.redis_data import ShowRedisHotKeys
from gaussnb.nosql.operations.redis_recovery import ListRedisPitrRestoreTime, RestoreRedisData, SetRedisPitrPolicy
from gaussnb.nosql.operations.redis_sessions import DeleteInstancesSession

PASSWORD = "Aa1!" * 3
ONE = {"instance_id": "i"}
WHEN = {"start_time": "2026-01-01T00:00:00", "end_time": "2026-01-02T00:00:00"}
LATEST = {"start_date": "2026-01-01T00:00:00", "end_date": "2026-01-02T00:00:00"}
HALF = {"id": "j", "region_code": "r", "subnet_cidrs": ["192.168.0.0/24"], "node_ips": ["192.168.0.3"]}
PAIR = {"alias": "a", "password": "p", "disaster_recovery_instance": HALF}
RULE = {
    "dbcache_mapping_id": "m", "name": "n", "source_db_schema": "s", "source_db_table": "t", "target_database": "0",
    "key_columns": ["k"], "value_columns": ["v"], "key_separator": ":", "key_prefix": "p",
}  # fmt: skip


def account(**changes: Any) -> dict[str, Any]:
    one = {"name": "ann", "password": PASSWORD, "databases": ["0"], "privilege": "ReadOnly"}
    return {**ONE, "users": [{**one, **changes}]}


def command(name: str, origin: str = "keys") -> dict[str, Any]:
    return {**ONE, "commands": [{"origin_name": origin, "name": name}]}


def access(ip: str, **changes: Any) -> dict[str, Any]:
    return {**ONE, "type": "whiteList", "enabled": True, "ip_groups": [{"ip": ip, **changes}]}


KEY = {"db_id": "0", "key": "k", "commands": ["get"]}
REFUSED: list[tuple[Any, dict[str, Any], tuple[str | int, ...]]] = [
    (ListCassandraSlowLogs, {**ONE, **WHEN, "limit": 101}, ("limit",)),
    (ListCassandraSlowLogs, {**ONE, **WHEN, "keywords": ["w"] * 11}, ("keywords",)),
    (ListCassandraSlowLogs, {**ONE, **WHEN, "keywords": ["w" * 513]}, ("keywords", 0)),
    (ListCassandraSlowLogs, {**ONE, **WHEN, "table_keywords": ["w" * 49]}, ("table_keywords", 0)),
    (ListCassandraSlowLogs, {**ONE, **WHEN, "min_cost_time": -1}, ("min_cost_time",)),
    (ListSlowLogs, {**ONE, **LATEST, "offset": 2000}, ("offset",)),
    (ListSlowLogs, {**ONE, **LATEST, "offset": 1950, "limit": 51}, ("limit",)),
    (SaveLtsConfigs, {"instance_ids": [], "log_type": "slow_log", "lts_group_id": "g", "lts_stream_id": "s"},
     ("instance_ids",)),
    (CreateDbUser, account(name="a" * 36), ("users", 0, "name")),
    (CreateDbUser, account(name="1a"), ("users", 0, "name")),
    (CreateDbUser, account(databases=[]), ("users", 0, "databases")),
    (CreateDbUser, account(privilege="Write"), ("users", 0, "privilege")),
    (CreateDbUser, account(password="aaaa1111"), ("users", 0, "password")),
    (CreateDbUser, account(password="Aa1!Aa1"), ("users", 0, "password")),
    (CreateDbUser, account(password=PASSWORD + "~"), ("users", 0, "password")),
    (ResetDbUserPassword, {**ONE, "name": "ann", "password": "A" * 8}, ("password",)),
    (UpdatePasswordlessConfig, {**ONE, "config_ips": ["somewhere"]}, ("config_ips", 0)),
    (DeleteInstancesSession, {"node_id": "n", "is_all": False}, ("session_ids",)),
    (DeleteInstancesSession, {"node_id": "n", "is_all": False, "session_ids": []}, ("session_ids",)),
    (UpdateHighRiskCommands, command("a" * 31), ("commands", 0, "name")),
    (UpdateHighRiskCommands, command("a-b"), ("commands", 0, "name")),
    (UpdateHighRiskCommands, command("a", "get"), ("commands", 0, "origin_name")),
    (SaveRedisDisabledCommands, {**ONE, "disabled_type": "command", "keys": [KEY]}, ("commands",)),
    (SaveRedisDisabledCommands, {**ONE, "disabled_type": "key", "commands": ["keys"]}, ("keys",)),
    (SaveRedisDisabledCommands, {**ONE, "disabled_type": "key", "keys": [KEY] * 21}, ("keys",)),
    (ShowRedisHotKeys, {**ONE, "limit": 51}, ("limit",)),
    (SetRedisPitrPolicy, {**ONE, "enabled": True, "interval": 4}, ("interval",)),
    (SetRedisPitrPolicy, {**ONE, "enabled": True, "interval": 121}, ("interval",)),
    (SetRedisPitrPolicy, {**ONE, "enabled": True, "keep_days": 8}, ("keep_days",)),
    (ListRedisPitrRestoreTime, {**ONE, **WHEN, "limit": 301}, ("limit",)),
    (CreateDisasterRecovery, {**ONE, **PAIR, "instance_role": "slave"}, ("id",)),
    (CreateDisasterRecovery, {**ONE, **PAIR, "instance_role": "master", "id": "d"}, ("id",)),
    (SetDisasterRecoverySettings, {"disaster_recovery_settings": [{"instance_id": "i", "switchover_ratio": 55}]},
     ("disaster_recovery_settings", 0, "switchover_ratio")),
    (SetDisasterRecoverySettings, {"disaster_recovery_settings": [{"instance_id": "i", "sync_delay": 9}]},
     ("disaster_recovery_settings", 0, "sync_delay")),
    (CreateDbCacheRule, {**RULE, "target_database": "1000"}, ("target_database",)),
    (CreateDbCacheRule, {**RULE, "key_separator": "::"}, ("key_separator",)),
    (CreateDbCacheRule, {**RULE, "key_prefix": "p" * 1025}, ("key_prefix",)),
    (CreateDbCacheRule, {**RULE, "name": "n" * 257}, ("name",)),
    (SetRecyclePolicy, {"retention_period_in_days": 8}, ("retention_period_in_days",)),
    (ModifyPort, {**ONE, "port": 1023}, ("port",)),
    (UpdateClientNetwork, {**ONE, "client_network_ranges": ["10.0.0.0/7"]}, ("client_network_ranges", 0)),
    (UpdateClientNetwork, {**ONE, "client_network_ranges": ["10.0.0.1"]}, ("client_network_ranges", 0)),
    (SwitchIpGroup, access("nowhere"), ("ip_groups", 0, "ip")),
    (SwitchIpGroup, access("10.0.0.1", description="d" * 256), ("ip_groups", 0, "description")),
    (ModifyInstanceMaintenanceWindow, {**ONE, "start_time": "02:30"}, ("start_time",)),
    (ModifyInstanceMaintenanceWindow, {**ONE, "start_time": "24:00"}, ("start_time",)),
]  # fmt: skip
ACCEPTED: list[tuple[Any, dict[str, Any]]] = [
    (ListCassandraSlowLogs, {**ONE, **WHEN, "limit": 100, "keywords": ["w" * 512] * 10, "table_keywords": ["w" * 48]}),
    (ListSlowLogs, {**ONE, **LATEST, "offset": 1950, "limit": 50}),
    (CreateDbUser, account(name="a" * 35, password="aA1bbbbb")),
    (UpdatePasswordlessConfig, {**ONE, "config_ips": []}),
    (DeleteInstancesSession, {"node_id": "n", "is_all": True}),
    (UpdateHighRiskCommands, command("")),
    (SaveRedisDisabledCommands, {**ONE, "disabled_type": "key", "keys": [KEY] * 20}),
    (ShowRedisHotKeys, {**ONE, "limit": 50}),
    (SetRedisPitrPolicy, {**ONE, "enabled": True, "interval": 120, "keep_days": 7}),
    (ListRedisPitrRestoreTime, {**ONE, **WHEN, "limit": 300}),  # one source allows so many, another one 100
    (CreateDisasterRecovery, {**ONE, **PAIR, "instance_role": "slave", "id": "d"}),
    (CreateDbCacheRule, {**RULE, "target_database": 999, "ttl": 2592000000}),
    (ListDbCacheRules, {"dbcache_mapping_id": "m", "limit": 200}),  # as Terraform sends it
    (UpdateClientNetwork, {**ONE, "client_network_ranges": ["10.0.0.0/8", "10.0.0.1/32"]}),
    (SwitchIpGroup, access("2001:db8::/32", description="d" * 255)),
    (ModifyInstanceMaintenanceWindow, {**ONE, "start_time": "23:00"}),
]


@pytest.mark.parametrize(("operation", "fields", "blamed"), REFUSED)
def test_a_value_beyond_limits_is_refused(
    operation: Any, fields: dict[str, Any], blamed: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as refusal:
        operation(**fields)
    assert [line["loc"] for line in refusal.value.errors()] == [blamed]
    assert PASSWORD not in str(refusal.value) + json.dumps(refusal.value.errors(), default=str)


@pytest.mark.parametrize(("operation", "fields"), ACCEPTED)
def test_a_value_within_limits_is_accepted(operation: Any, fields: dict[str, Any]) -> None:
    assert operation(**fields) == operation(**fields).replace()


def test_the_password_of_an_account_is_only_in_the_body() -> None:
    asked = CreateDbUser(**account())
    assert PASSWORD not in repr(asked) + str(asked) + asked.model_dump_json()
    assert asked.wire()["users"][0]["password"] == PASSWORD


def test_parts_of_a_body_travel_inside_their_object() -> None:
    assert SetRecyclePolicy().wire() == {"recycle_policy": {"retention_period_in_days": 7}}
    files = RestoreRedisData("i", "bucket", ["a", "b"])
    assert files.wire() == {"recovery_info": {"bucket_name": "bucket", "files": ["a", "b"]}}
