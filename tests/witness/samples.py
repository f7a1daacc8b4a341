"""One call of every operation the sandbox acts out, in a sandbox that stands at one moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gaussnb.instance_spec import InstanceSpec
from gaussnb.operations import backups, instances, nodes, recycle_bin, volumes
from gaussnb.operations.flavors import ListAvailableFlavorInfos, ListDatastores, ListFlavorInfos
from gaussnb.operations.instances import DeleteInstance, ListInstances, RestartInstance, UpdateInstanceName
from gaussnb.operations.jobs import ListJobs
from gaussnb.operations.quotas import ShowQuotas
from gaussnb.operations.tags import BatchTagAction, ListInstanceTags
from gaussnb.operations.versions import ListApiVersion, ShowApiVersion
from gaussnb.sandbox import Sandbox
from gaussnb.sandbox.world import Ids
from gaussnb.spec import Operation

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


SPECS: dict[str, dict[str, Any]] = {}
"""By operation id: how the instance differs that it is about."""

BEFORE: dict[str, Callable[[str], Operation]] = {}
"""By operation id: what is called before it."""


def scene(sandbox: Sandbox, id: str = "") -> str:
    """Make two instances, one of them tagged and known by the id that is returned, fit for an operation."""
    with sandbox.connect() as gdb:
        spec = {**SPEC, **SPECS.get(id, {})}
        made = gdb.instances.create(InstanceSpec(**{name: value for name, value in spec.items() if value}))
        gdb.instances.create(InstanceSpec(**{**SPEC, "name": "another-01"}))
        sandbox.advance(3600)
        instance_id = str(made["id"].iloc[0])
        gdb.tags.update(instance_id, "create", [{"key": "team", "value": "blue"}])
        if id in BREAKING:
            sandbox.inject(BREAKING[id], fail="it did not work")
        if id in BEFORE:
            gdb.send(BEFORE[id](instance_id))
            sandbox.advance(LATER.get(id, 3600))
    return instance_id


# ------------------------------------------------------------- instances, nodes, storage, backups


def first(kind: str, part: str = "br12", number: int = 0) -> str:
    """The id of a thing of the scene, by how many there were before it."""
    return f"{Ids(0).fixed(f'{kind} {number}')}{part}"


BREAKING: dict[str, str] = {"DeleteEnlargeFailNode": "ExpandInstanceNode"}
"""By operation id: the call before it that is going to fail."""
LATER: dict[str, float] = {"UpgradeDbVersion": 31 * 86400, "BatchUpgradeDatabaseVersion": 31 * 86400}
"""By operation id: how much time passes before it, in seconds, where it is not an hour."""
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
    "flavor": [
        {"num": "2", "size": "100", "storage": "ULTRAHIGH", "spec_code": "geminidb.influxdb.sqlstore.large.4"}
    ],
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
