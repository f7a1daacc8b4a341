"""One call of every simulated operation, in a sandbox with a standing clock."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from uuid import UUID

from gaussnb.core.operation import Operation
from gaussnb.nosql.instance_spec import InstanceSpec
from gaussnb.nosql.operations import (
    backups,
    dbcache,
    disaster_recovery,
    instances,
    nodes,
    recycle_bin,
    redis_accounts,
    redis_commands,
    redis_data,
    redis_recovery,
    redis_sessions,
    volumes,
)
from gaussnb.nosql.operations.configurations import (
    ApplyConfiguration,
    ApplyConfigurationToInstances,
    CompareConfiguration,
    CopyConfiguration,
    CreateConfiguration,
    DeleteConfiguration,
    ListConfigurationDatastores,
    ListConfigurations,
    ListConfigurationTemplates,
    ResetParamGroupTemplate,
    ShowApplicableInstances,
    ShowApplyHistory,
    ShowConfigurationDetail,
    ShowInstanceConfiguration,
    ShowModifyHistory,
    UpdateConfiguration,
    UpdateInstanceConfiguration,
    UpdateInstanceConfigurations,
)
from gaussnb.nosql.operations.dedicated_resources import ListDedicatedResources
from gaussnb.nosql.operations.flavors import (
    ListAvailableFlavorInfos,
    ListDatastores,
    ListFlavorInfos,
    ListFlavors,
    ShowIpNumRequirement,
)
from gaussnb.nosql.operations.instances import DeleteInstance, ListInstances, RestartInstance, UpdateInstanceName
from gaussnb.nosql.operations.jobs import ListJobs
from gaussnb.nosql.operations.logs import (
    DeleteLtsConfigs,
    ListCassandraSlowLogs,
    ListInfluxdbSlowLogs,
    ListLtsConfigs,
    ListMongodbErrorLogs,
    ListMongodbSlowLogs,
    ListRedisSlowLogs,
    ListSlowLogs,
    SaveLtsConfigs,
    ShowErrorLog,
    ShowSlowLogDesensitization,
    SwitchSlowlogDesensitization,
)
from gaussnb.nosql.operations.maintenance import ListInstanceMaintenanceWindow, ModifyInstanceMaintenanceWindow
from gaussnb.nosql.operations.monitoring import ShowSecondLevelMonitoringStatus, SwitchSecondLevelMonitoring
from gaussnb.nosql.operations.network import (
    ListSslCertDownloadAddresses,
    ModifyPort,
    ModifyPublicIp,
    ShowElbIpGroup,
    SwitchIpGroup,
    SwitchSsl,
    UpdateClientNetwork,
    UpdateInstanceLb,
    UpdateSecurityGroup,
)
from gaussnb.nosql.operations.quotas import ListEpsQuotas, ModifyEpsQuotas, ShowQuotas
from gaussnb.nosql.operations.scheduled_jobs import CancelInstanceScheduleWindow, ListNosqlTaskList
from gaussnb.nosql.operations.tags import (
    BatchTagAction,
    ListInstancesByResourceTags,
    ListInstancesByTags,
    ListInstanceTags,
    ListProjectTags,
)
from gaussnb.nosql.operations.versions import ListApiVersion, ShowApiVersion
from gaussnb.sandbox import Sandbox
from gaussnb.sandbox.engine.tables import Ids

SPEC: dict[str, Any] = {
    "name": "test-redis-01",
    "datastore": {"type": "redis", "version": "5.0", "storage_engine": "rocksDB"},
    "region": "cn-north-4",
    "availability_zone": "cn-north-4a",
    "vpc_id": "674e9b42-cd8d-4d25-a2e6-5abcc565b961",
    "subnet_id": "f1df08c5-71d1-406a-aff0-de435a51007b",
    "security_group_id": "7aa51dbf-5b63-40db-9724-dad3c4828b58",
    "password": "-".join(["Not", "A", "Real", "1"]),
    "mode": "CloudNativeCluster",
    "product_type": "Capacity",
    "flavor": [{"num": "3", "size": "24", "storage": "ULTRAHIGH", "spec_code": "geminidb.redis.large.4"}],
    "backup_strategy": {"start_time": "08:00-09:00", "keep_days": "8"},
    "charge_info": {"charge_mode": "postPaid"},
    "enterprise_project_id": "0",
    "port": "8635",
}

SAMPLES: dict[str, Callable[[str], Operation]] = {
    "CreateInstance": lambda id: InstanceSpec(**SPEC),
    "ListInstances": lambda id: ListInstances(),
    "DeleteInstance": lambda id: DeleteInstance(id),
    "UpdateInstanceName": lambda id: UpdateInstanceName(id, "renamed"),
    "RestartInstance": lambda id: RestartInstance(id),
    "ListJobs": lambda id: ListJobs(limit=50),
    "ShowQuotas": lambda id: ShowQuotas(datastore_type="redis"),
    "ListFlavorInfos": lambda id: ListFlavorInfos(engine_name="cassandra", limit=5, offset=1),
    "ListDatastores": lambda id: ListDatastores("mongodb"),
    "ListInstanceTags": lambda id: ListInstanceTags(id),
    "BatchTagAction": lambda id: BatchTagAction(id, "create", [{"key": "team", "value": "red"}]),
    "ListApiVersion": lambda id: ListApiVersion(),
    "ShowApiVersion": lambda id: ShowApiVersion("v3"),
}
"""By operation id: a call about the instance with an id."""

# -- Redis, pairs and memory acceleration. Ids follow from the number of earlier things.


def made(number: int) -> str:
    """The id of an instance of the scene."""
    return f"{Ids(0).fixed(f'instance {number}')}in12"


def other(number: int) -> str:
    """The id of something else of the scene: the pair, the mapping, the rule."""
    return str(uuid.UUID(Ids(0).fixed(("disaster recovery 0", "dbcache mapping 0", "dbcache rule 0")[number])))


def node() -> str:
    """The id of the first node of the first instance."""
    return f"{Ids(0).fixed('node 0')}no12"


MASTER, SLAVE, LEFT, RIGHT, PRIMARY = map(made, range(2, 7))
PAIR, MAPPING, RULE = map(other, range(3))
MYSQL = "0f" * 16 + "in01"
MOMENT = "2026-02-03T10:05:06+0000"
PASSWORD = "Aa1!" * 3


def half(number: int) -> dict[str, Any]:
    """An instance of the scene as the other half of a pair."""
    addresses = [f"192.168.0.{10 + 4 * number + one}" for one in range(3)]
    return {"id": made(number), "region_code": "cn-north-4", "subnet_cidrs": ["192.168.0.0/24"], "node_ips": addresses}


USER: dict[str, Any] = {"name": "guest", "password": PASSWORD, "databases": ["0"], "privilege": "ReadOnly"}
TABLE: dict[str, Any] = {
    "dbcache_mapping_id": MAPPING, "name": "orders", "source_db_schema": "shop", "source_db_table": "orders",
    "target_database": "1", "key_columns": ["id"], "value_columns": ["state", "total"],
    "key_separator": ":", "value_separator": ",", "key_prefix": "orders:",
}  # fmt: skip

CROWDED: dict[str, Callable[[str], Operation]] = {
    "ListDbUsers": lambda id: redis_accounts.ListDbUsers(id, name="reader"),
    "CreateDbUser": lambda id: redis_accounts.CreateDbUser(id, [USER]),
    "DeleteDbUser": lambda id: redis_accounts.DeleteDbUser(id, ["reader"]),
    "ModifyDbUserPrivilege": lambda id: redis_accounts.ModifyDbUserPrivilege(
        id, [{"name": "reader", "privilege": "ReadWrite"}]
    ),
    "ResetDbUserPassword": lambda id: redis_accounts.ResetDbUserPassword(id, "reader", PASSWORD),
    "ShowPasswordlessConfig": lambda id: redis_accounts.ShowPasswordlessConfig(id),
    "UpdatePasswordlessConfig": lambda id: redis_accounts.UpdatePasswordlessConfig(id, ["192.168.0.5"]),
    "ListInstanceSessions": lambda id: redis_sessions.ListInstanceSessions(id),
    "ClearInstanceSessions": lambda id: redis_sessions.ClearInstanceSessions(id),
    "ListInstancesSession": lambda id: redis_sessions.ListInstancesSession(node()),
    "ListInstancesSessionStatistics": lambda id: redis_sessions.ListInstancesSessionStatistics(node()),
    "DeleteInstancesSession": lambda id: redis_sessions.DeleteInstancesSession(node(), True),
    "ShowHighRiskCommands": lambda id: redis_commands.ShowHighRiskCommands(id),
    "UpdateHighRiskCommands": lambda id: redis_commands.UpdateHighRiskCommands(
        id, [{"origin_name": "keys", "name": "all_keys"}]
    ),
    "ShowRedisDisabledCommands": lambda id: redis_commands.ShowRedisDisabledCommands(id, "key"),
    "SaveRedisDisabledCommands": lambda id: redis_commands.SaveRedisDisabledCommands(id, "command", ["keys"]),
    "DeleteRedisDisabledCommands": lambda id: redis_commands.DeleteRedisDisabledCommands(id, "command", ["keys"]),
    "ListInstanceDatabases": lambda id: redis_data.ListInstanceDatabases(id, limit=3),
    "UpdateDatabases": lambda id: redis_data.UpdateDatabases(id, 0),
    "ShowRedisBigKeys": lambda id: redis_data.ShowRedisBigKeys(id),
    "ShowRedisHotKeys": lambda id: redis_data.ShowRedisHotKeys(id),
    "ShowRedisPitrPolicy": lambda id: redis_recovery.ShowRedisPitrPolicy(id),
    "SetRedisPitrPolicy": lambda id: redis_recovery.SetRedisPitrPolicy(id, False),
    "ShowRedisPitrInfo": lambda id: redis_recovery.ShowRedisPitrInfo(id),
    "ListRedisPitrRestoreTime": lambda id: redis_recovery.ListRedisPitrRestoreTime(
        id, "2026-02-03T04:00:00", "2026-02-03T12:00:00"
    ),
    "RestoreRedisPitr": lambda id: redis_recovery.RestoreRedisPitr(id, MOMENT),
    "RestoreRedisData": lambda id: redis_recovery.RestoreRedisData(id, "bucket", ["a.rdb"]),
    "CheckDisasterRecoveryOperation": lambda id: disaster_recovery.CheckDisasterRecoveryOperation(MASTER, "release"),
    "CreateDisasterRecovery": lambda id: disaster_recovery.CreateDisasterRecovery(
        id, "far", PASSWORD, "master", half(1)
    ),
    "DeleteDisasterRecovery": lambda id: disaster_recovery.DeleteDisasterRecovery(SLAVE),
    "ShowInstanceRole": lambda id: disaster_recovery.ShowInstanceRole(SLAVE),
    "SwitchToMaster": lambda id: disaster_recovery.SwitchToMaster(SLAVE, True),
    "SwitchToSlave": lambda id: disaster_recovery.SwitchToSlave(MASTER),
    "SwitchOverDisasterRecovery": lambda id: disaster_recovery.SwitchOverDisasterRecovery(MASTER),
    "PauseResumeDataSynchronization": lambda id: disaster_recovery.PauseResumeDataSynchronization(MASTER, "pause"),
    "ShowPauseResumeStutus": lambda id: disaster_recovery.ShowPauseResumeStatus(MASTER),
    "SetDisasterRecoverySettings": lambda id: disaster_recovery.SetDisasterRecoverySettings(
        [{"instance_id": MASTER, "switchover_ratio": 60}]
    ),
    "ShowDisasterRecoverySettings": lambda id: disaster_recovery.ShowDisasterRecoverySettings(),
    "ShowInstanceBiactiveRegions": lambda id: disaster_recovery.ShowInstanceBiactiveRegions(id),
    "ListBiactiveInstanceCandidates": lambda id: disaster_recovery.ListBiactiveInstanceCandidates(id, "cn-north-4"),
    "CreateGeminiDbDualActive": lambda id: disaster_recovery.CreateGeminiDbDualActive(id, "cn-north-4", made(1)),
    "DeleteGeminiDbDualActive": lambda id: disaster_recovery.DeleteGeminiDbDualActive(RIGHT),
    "CreateDbCacheMapping": lambda id: dbcache.CreateDbCacheMapping("0e" * 16 + "in07", PRIMARY),
    "ListDbCacheMappings": lambda id: dbcache.ListDbCacheMappings(),
    "DeleteDbCacheMapping": lambda id: dbcache.DeleteDbCacheMapping(MAPPING),
    "CreateDbCacheRule": lambda id: dbcache.CreateDbCacheRule(
        **{**TABLE, "name": "lines", "source_db_table": "lines", "key_prefix": "lines:"}
    ),
    "ListDbCacheRules": lambda id: dbcache.ListDbCacheRules(MAPPING),
    "UpdateDbCacheRule": lambda id: dbcache.UpdateDbCacheRule(RULE, ["state"]),
    "DeleteDbCacheRule": lambda id: dbcache.DeleteDbCacheRule(RULE),
}


SAMPLES |= CROWDED


def redis_scene(sandbox: Sandbox, gdb: Any) -> None:
    """Five more instances: a pair, a dual-active pair, and one that accelerates a MySQL instance."""
    for name in ("master", "slave", "left", "right"):
        gdb.instances.create(InstanceSpec(**{**SPEC, "name": f"{name}-01"}))
        sandbox.advance(3600)
    small = [{"num": "2", "size": "16", "storage": "ULTRAHIGH", "spec_code": "geminidb.redis.large.4"}]
    pair = {**SPEC, "name": "primary-01", "mode": "Replication", "product_type": None, "flavor": small}
    gdb.instances.create(InstanceSpec(**pair))
    sandbox.advance(3600)
    first = made(0)
    gdb.redis_recovery.set_policy(first, True, interval=60)
    gdb.redis_accounts.set_passwordless(first, ["192.168.0.0/24"])
    gdb.redis_commands.disable(first, "key", keys=[{"db_id": "0", "key": "cart", "commands": ["hgetall"]}])
    gdb.redis_accounts.create(first, [{**USER, "name": "reader"}])
    gdb.disaster_recovery.create(MASTER, "far", PASSWORD, "master", half(3))
    gdb.disaster_recovery.create(SLAVE, "far", PASSWORD, "slave", half(2), id=PAIR)
    gdb.dual_active.create(LEFT, "cn-north-4", RIGHT)
    gdb.dbcache_mappings.create(MYSQL, PRIMARY)
    sandbox.advance(3600)
    gdb.dbcache_rules.create(**TABLE)


SPECS: dict[str, dict[str, Any]] = {}
"""The changes of the instance that the call is about, by operation id."""

BEFORE: dict[str, Callable[[str], Operation]] = {}
"""The calls before the call, by operation id."""

SCHEDULED = {"ListNosqlTaskList", "CancelInstanceScheduleWindow"}
"""The ids of operations about a job that waits for the maintenance window."""


def scene(sandbox: Sandbox, id: str = "") -> str:
    """Make two instances, one of them tagged and known by the id that is returned, fit for an operation."""
    with sandbox.connect() as gdb:
        spec = {**SPEC, **SPECS.get(id, {})}
        made = gdb.instances.create(InstanceSpec(**{name: value for name, value in spec.items() if value}))
        gdb.instances.create(InstanceSpec(**{**SPEC, "name": "another-01"}))
        sandbox.advance(3600)
        instance_id = str(made["id"].iloc[0])
        gdb.tags.update(instance_id, "create", [{"key": "team", "value": "blue"}])
        if id in CROWDED:
            redis_scene(sandbox, gdb)
        if id in SCHEDULED:
            sandbox.schedule(instance_id)
        if id in BREAKING:
            sandbox.inject(BREAKING[id], fail="it did not work")
        if id in BEFORE:
            gdb.send(BEFORE[id](instance_id))
            sandbox.advance(LATER.get(id, 3600))
    return instance_id


# ------------------------------------------- tags, quotas, flavors, windows, networks, logs, monitoring

NIGHT: Any = {"start_time": "2026-02-03T04:30:00", "end_time": "2026-02-03T05:00:00"}
"""A period in which the instances of the scene exist."""
IDS = Ids(0)
"""Makes the ids of a sandbox's first things."""
EVERYWHERE: Any = [{"key": "team", "values": []}]
LAB_GROUP = str(UUID(IDS.fixed("security group lab")))


def engine(type: str, version: str, mode: str, size: str = "100", spec_code: str = "xlarge.4", num: str = "3") -> Any:
    """The changes that make the scene's instance one of another engine."""
    flavor = {"num": num, "size": size, "storage": "ULTRAHIGH", "spec_code": f"geminidb.{type}.{spec_code}"}
    store = {"type": type, "version": version, "storage_engine": "rocksDB"}
    return {"datastore": store, "mode": mode, "flavor": [flavor], "product_type": None, "port": None}


CASSANDRA = engine("cassandra", "3.11", "Cluster")
MONGODB = engine("mongodb", "4.0", "ReplicaSet", spec_code="repset.xlarge.4")
INFLUXDB = engine("influxdb", "1.8", "Cluster")
BIG_REDIS = {"flavor": [{"num": "3", "size": "24", "storage": "ULTRAHIGH", "spec_code": "geminidb.redis.xlarge.4"}]}

SPECS |= {
    "ListCassandraSlowLogs": CASSANDRA,
    "ListInfluxdbSlowLogs": INFLUXDB,
    "ListMongodbSlowLogs": MONGODB,
    "ListMongodbErrorLogs": MONGODB,
    "UpdateClientNetwork": MONGODB,
    "SwitchSecondLevelMonitoring": BIG_REDIS,
}
BEFORE |= {
    "ListLtsConfigs": lambda id: SaveLtsConfigs([id], "slow_log", "a-group", "a-stream"),
}
SAMPLES |= {
    "ListProjectTags": lambda id: ListProjectTags(),
    "ListInstancesByResourceTags": lambda id: ListInstancesByResourceTags(EVERYWHERE),
    "ListInstancesByTags": lambda id: ListInstancesByTags(EVERYWHERE),
    "ListEpsQuotas": lambda id: ListEpsQuotas(),
    "ModifyEpsQuotas": lambda id: ModifyEpsQuotas([{"enterprise_project_id": "0", "quota": {"instance": 7}}]),
    "ListFlavors": lambda id: ListFlavors(engine_name="redis"),
    "ShowIpNumRequirement": lambda id: ShowIpNumRequirement(3, engine_name="redis", instance_mode="Cluster"),
    "ListInstanceMaintenanceWindow": lambda id: ListInstanceMaintenanceWindow(id),
    "ModifyInstanceMaintenanceWindow": lambda id: ModifyInstanceMaintenanceWindow(id, "22:00"),
    "ListDedicatedResources": lambda id: ListDedicatedResources(),
    "ShowSecondLevelMonitoringStatus": lambda id: ShowSecondLevelMonitoringStatus(id),
    "ModifyPort": lambda id: ModifyPort(id, 7000),
    "ModifyPublicIp": lambda id: ModifyPublicIp(id, f"{IDS.fixed('node 0')}no12", "BIND", "203.0.113.7"),
    "UpdateClientNetwork": lambda id: UpdateClientNetwork(id, ["10.1.0.0/16"]),
    "SwitchSecondLevelMonitoring": lambda id: SwitchSecondLevelMonitoring(id, True),
    "ListCassandraSlowLogs": lambda id: ListCassandraSlowLogs(id, **NIGHT),
    "ListInfluxdbSlowLogs": lambda id: ListInfluxdbSlowLogs(id, **NIGHT),
    "ListMongodbSlowLogs": lambda id: ListMongodbSlowLogs(id, **NIGHT),
    "ListMongodbErrorLogs": lambda id: ListMongodbErrorLogs(id, **NIGHT),
    "UpdateSecurityGroup": lambda id: UpdateSecurityGroup(id, LAB_GROUP),
    "UpdateInstanceLb": lambda id: UpdateInstanceLb(id, "192.168.0.200"),
    "ShowElbIpGroup": lambda id: ShowElbIpGroup(id),
    "SwitchIpGroup": lambda id: SwitchIpGroup(id, "whiteList", True, [{"ip": "10.0.0.0/8"}]),
    "SwitchSsl": lambda id: SwitchSsl(id, "on"),
    "ListSslCertDownloadAddresses": lambda id: ListSslCertDownloadAddresses(id),
    "ListRedisSlowLogs": lambda id: ListRedisSlowLogs(id, **NIGHT),
    "ListSlowLogs": lambda id: ListSlowLogs(id, *NIGHT.values()),
    "ShowErrorLog": lambda id: ShowErrorLog(id, *NIGHT.values()),
    "ShowSlowLogDesensitization": lambda id: ShowSlowLogDesensitization(id),
    "SwitchSlowlogDesensitization": lambda id: SwitchSlowlogDesensitization(id, "off"),
    "ListLtsConfigs": lambda id: ListLtsConfigs(),
    "SaveLtsConfigs": lambda id: SaveLtsConfigs([id], "slow_log", "a-group", "a-stream"),
    "DeleteLtsConfigs": lambda id: DeleteLtsConfigs([id], "slow_log"),
}

# --------------------------------------------------------------------- parameters, scheduled jobs

SCHEDULE = str(UUID(IDS.fixed("schedule 0")))
DEFAULT = f"{IDS.fixed('template redis CloudNativeCluster')}pr12"
TEMPLATE = f"{IDS.fixed('template 0')}pr12"
"""The first template somebody makes."""


def template(id: str) -> Operation:
    """Makes it, from the instance with an id."""
    return CreateConfiguration("mine", "For tests", values={"timeout": "60"}, instance_id=id)


TEMPLATED: dict[str, Callable[[str], Operation]] = {
    "ShowConfigurationDetail": lambda id: ShowConfigurationDetail(TEMPLATE),
    "UpdateConfiguration": lambda id: UpdateConfiguration(TEMPLATE, values={"timeout": "70"}),
    "DeleteConfiguration": lambda id: DeleteConfiguration(TEMPLATE),
    "CopyConfiguration": lambda id: CopyConfiguration(TEMPLATE, "another"),
    "CompareConfiguration": lambda id: CompareConfiguration(DEFAULT, TEMPLATE),
    "ResetParamGroupTemplate": lambda id: ResetParamGroupTemplate(TEMPLATE),
    "ApplyConfigurationToInstances": lambda id: ApplyConfigurationToInstances(TEMPLATE, [id]),
    "ApplyConfiguration": lambda id: ApplyConfiguration(TEMPLATE, [id]),
    "ShowApplicableInstances": lambda id: ShowApplicableInstances(TEMPLATE),
}
BEFORE |= dict.fromkeys(TEMPLATED, template) | {
    "ShowApplyHistory": lambda id: ApplyConfigurationToInstances(DEFAULT, [id]),
    "ShowModifyHistory": lambda id: UpdateInstanceConfigurations(id, {"timeout": "60"}),
}
SAMPLES |= TEMPLATED | {
    "CreateConfiguration": template,
    "ListConfigurationTemplates": lambda id: ListConfigurationTemplates(datastore_name="redis", mode="All"),
    "ListConfigurations": lambda id: ListConfigurations(datastore_name="redis"),
    "ShowApplyHistory": lambda id: ShowApplyHistory(DEFAULT),
    "ListConfigurationDatastores": lambda id: ListConfigurationDatastores(),
    "ShowInstanceConfiguration": lambda id: ShowInstanceConfiguration(id),
    "UpdateInstanceConfigurations": lambda id: UpdateInstanceConfigurations(id, {"timeout": "60"}),
    "UpdateInstanceConfiguration": lambda id: UpdateInstanceConfiguration(id, {"timeout": "60"}),
    "ShowModifyHistory": lambda id: ShowModifyHistory(id),
    "ListNosqlTaskList": lambda id: ListNosqlTaskList(),
    "CancelInstanceScheduleWindow": lambda id: CancelInstanceScheduleWindow(SCHEDULE),
}


# ------------------------------------------------------------- instances, nodes, storage, backups


def first(kind: str, part: str = "br12", number: int = 0) -> str:
    """The id of a thing of the scene, by how many there were before it."""
    return f"{Ids(0).fixed(f'{kind} {number}')}{part}"


BREAKING: dict[str, str] = {"DeleteEnlargeFailNode": "ExpandInstanceNode"}
"""The earlier call whose work fails, by operation id."""
LATER: dict[str, float] = {"UpgradeDbVersion": 31 * 86400, "BatchUpgradeDatabaseVersion": 31 * 86400}
"""The seconds that pass before the call, by operation id; an hour for all others."""
SINGLE: dict[str, Any] = {
    "datastore": {"type": "influxdb", "version": "1.8", "storage_engine": "rocksDB"},
    "mode": "InfluxdbSingle", "product_type": None, "port": None,
    "flavor": [
        {"num": "1", "size": "100", "storage": "ULTRAHIGH", "spec_code": "geminidb.influxdb.single.xlarge.2"}
    ],
}  # fmt: skip
ENHANCED: dict[str, Any] = {
    **SINGLE,
    "mode": "EnhancedCluster",
    "flavor": [{"num": "2", "size": "100", "storage": "ULTRAHIGH", "spec_code": "geminidb.influxdb.sqlstore.large.4"}],
}
WIDE: dict[str, Any] = {
    "datastore": {"type": "cassandra", "version": "3.11", "storage_engine": "rocksDB"},
    "mode": "Cluster", "product_type": None, "port": None,
    "flavor": [{"num": "3", "size": "100", "storage": "ULTRAHIGH", "spec_code": "geminidb.cassandra.xlarge.4"}],
}  # fmt: skip
PAIR_OF_NODES: dict[str, Any] = {
    "mode": "Replication", "product_type": None,
    "flavor": [{"num": "2", "size": "16", "storage": "ULTRAHIGH", "spec_code": "geminidb.redis.large.4"}],
}  # fmt: skip

SPECS |= {
    "CreateColdVolume": SINGLE,
    "ResizeColdVolume": SINGLE,
    "SetInstanceDataDump": ENHANCED,
    "SwitchOver": PAIR_OF_NODES,
    "ShowAutoNodeExpansionPolicy": WIDE,
    "ModifyAutoNodeExpansionPolicy": WIDE,
    "ListRestoreTime": WIDE,
}
BEFORE |= {
    "ShrinkInstanceNode": lambda id: nodes.ExpandInstanceNode(id, 1),
    "DeleteEnlargeFailNode": lambda id: nodes.ExpandInstanceNode(id, 1),
    "ResizeColdVolume": lambda id: volumes.CreateColdVolume(id, 500),
    "ShowAutoEnlargePolicy": lambda id: volumes.SetAutoEnlargePolicy([id], policy={"size": 100}),
    "UpgradeDbVersion": lambda id: UpdateInstanceName(id, "renamed"),
    "BatchUpgradeDatabaseVersion": lambda id: UpdateInstanceName(id, "renamed"),
    "ListBackups": lambda id: backups.CreateBack(id, "before-the-change", "to be safe"),
    "ShowAllInstancesBackupsNew": lambda id: backups.CreateBack(id, "before-the-change", "to be safe"),
    "ShowAllInstancesBackups": lambda id: backups.CreateBack(id, "before-the-change", "to be safe"),
    "DeleteBackup": lambda id: backups.CreateBack(id, "before-the-change"),
    "BatchDeleteManualBackup": lambda id: backups.CreateBack(id, "before-the-change"),
    "StopBackup": lambda id: backups.SetBackupPolicy(id, 7, "06:00-07:00", "1,2,3,4,5,6,7"),
    "ListRecycleInstances": lambda id: DeleteInstance(id),
}
SAMPLES |= {
    "ResetPassword": lambda id: instances.ResetPassword(id, SPEC["password"]),
    "CheckWeekPassword": lambda id: instances.CheckWeekPassword("12345678"),
    "ResizeInstance": lambda id: instances.ResizeInstance(id, "geminidb.redis.xlarge.4"),
    "UpgradeDbVersion": lambda id: instances.UpgradeDbVersion(id),
    "BatchUpgradeDatabaseVersion": lambda id: instances.BatchUpgradeDatabaseVersion([id, "0" * 32 + "in12"]),
    "SwitchOver": lambda id: instances.SwitchOver(id),
    "SetInstanceDataDump": lambda id: instances.SetInstanceDataDump(id, "a-bucket", "open"),
    "ListAvailableFlavorInfos": lambda id: ListAvailableFlavorInfos(id, limit=2, offset=1),
    "ExpandInstanceNode": lambda id: nodes.ExpandInstanceNode(id, 2),
    "ShrinkInstanceNode": lambda id: nodes.ShrinkInstanceNode(id, 1),
    "DeleteEnlargeFailNode": lambda id: nodes.DeleteEnlargeFailNode(id, first("node", "no12", 6)),
    "OfflineNodes": lambda id: nodes.OfflineNodes(id, "shutdown", [first("node", "no12")]),
    "ShowAutoNodeExpansionPolicy": lambda id: nodes.ShowAutoNodeExpansionPolicy(id),
    "ModifyAutoNodeExpansionPolicy": lambda id: nodes.ModifyAutoNodeExpansionPolicy(id, True, step=1),
    "ResizeInstanceVolume": lambda id: volumes.ResizeInstanceVolume(id, 50),
    "ModifyVolume": lambda id: volumes.ModifyVolume(id, 16),
    "CreateColdVolume": lambda id: volumes.CreateColdVolume(id, 500),
    "ResizeColdVolume": lambda id: volumes.ResizeColdVolume(id, 600),
    "SetAutoEnlargePolicy": lambda id: volumes.SetAutoEnlargePolicy([id], policy={"threshold": 60, "step": 10}),
    "ShowAutoEnlargePolicy": lambda id: volumes.ShowAutoEnlargePolicy(id),
    "CreateBack": lambda id: backups.CreateBack(id, "before-the-change", "to be safe"),
    "DeleteBackup": lambda id: backups.DeleteBackup(first("backup", number=2)),
    "BatchDeleteManualBackup": lambda id: backups.BatchDeleteManualBackup([first("backup", number=2)]),
    "StopBackup": lambda id: backups.StopBackup(first("backup", number=2)),
    "ListBackups": lambda id: backups.ListBackups(instance_id=id),
    "ShowAllInstancesBackupsNew": lambda id: backups.ShowAllInstancesBackupsNew(instance_id=id),
    "ShowAllInstancesBackups": lambda id: backups.ShowAllInstancesBackups(0, 10, instance_id=id),
    "ShowBackupPolicies": lambda id: backups.ShowBackupPolicies(id),
    "ShowBackupPolicy": lambda id: backups.ShowBackupPolicy(id),
    "SetBackupPolicy": lambda id: backups.SetBackupPolicy(id, 14, "01:00-02:00", "1,3"),
    "ListRestoreTime": lambda id: backups.ListRestoreTime(id),
    "ShowRestorableList": lambda id: backups.ShowRestorableList(first("backup")),
    "RestoreExistingInstance": lambda id: backups.RestoreExistingInstance(id, first("backup")),
    "ListRestoreDatabases": lambda id: backups.ListRestoreDatabases(id),
    "ListRestoreTables": lambda id: backups.ListRestoreTables(id, "shop"),
    "ListRecycleInstances": lambda id: recycle_bin.ListRecycleInstances(),
    "ShowRecyclePolicy": lambda id: recycle_bin.ShowRecyclePolicy(),
    "SetRecyclePolicy": lambda id: recycle_bin.SetRecyclePolicy(3),
}
