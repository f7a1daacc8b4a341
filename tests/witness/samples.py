"""One call of every operation the sandbox acts out, in a sandbox that stands at one moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from gaussnb import engines
from gaussnb.instance_spec import InstanceSpec
from gaussnb.operations.backups import (
    BatchDeleteManualBackup,
    CreateBack,
    DeleteBackup,
    ListBackups,
    ListRestoreDatabases,
    ListRestoreTables,
    ListRestoreTime,
    RestoreExistingInstance,
    SetBackupPolicy,
    ShowAllInstancesBackups,
    ShowAllInstancesBackupsNew,
    ShowBackupPolicies,
    ShowBackupPolicy,
    ShowRestorableList,
    StopBackup,
)
from gaussnb.operations.configurations import (
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
from gaussnb.operations.flavors import ListDatastores, ListFlavorInfos
from gaussnb.operations.instances import (
    BatchUpgradeDatabaseVersion,
    CheckWeekPassword,
    DeleteInstance,
    ListInstances,
    ResetPassword,
    ResizeInstance,
    RestartInstance,
    SetInstanceDataDump,
    SwitchOver,
    UpdateInstanceName,
    UpgradeDbVersion,
)
from gaussnb.operations.jobs import ListJobs
from gaussnb.operations.maintenance import ListInstanceMaintenanceWindow, ModifyInstanceMaintenanceWindow
from gaussnb.operations.network import (
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
from gaussnb.operations.nodes import (
    DeleteEnlargeFailNode,
    ExpandInstanceNode,
    ModifyAutoNodeExpansionPolicy,
    OfflineNodes,
    ShowAutoNodeExpansionPolicy,
    ShrinkInstanceNode,
)
from gaussnb.operations.quotas import ShowQuotas
from gaussnb.operations.recycle_bin import ListRecycleInstances, SetRecyclePolicy, ShowRecyclePolicy
from gaussnb.operations.tags import (
    BatchTagAction,
    ListInstancesByResourceTags,
    ListInstancesByTags,
    ListInstanceTags,
    ListProjectTags,
)
from gaussnb.operations.versions import ListApiVersion, ShowApiVersion
from gaussnb.operations.volumes import (
    CreateColdVolume,
    ModifyVolume,
    ResizeColdVolume,
    ResizeInstanceVolume,
    SetAutoEnlargePolicy,
    ShowAutoEnlargePolicy,
)
from gaussnb.sandbox import Sandbox
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
    # instances, nodes, volumes
    "ResizeInstance": lambda id: ResizeInstance(id, "geminidb.redis.xlarge.4"),
    "UpgradeDbVersion": lambda id: UpgradeDbVersion(id),
    "BatchUpgradeDatabaseVersion": lambda id: BatchUpgradeDatabaseVersion([id, "0" * 36]),
    "SwitchOver": lambda id: SwitchOver(THINGS["pair"]),
    "ResetPassword": lambda id: ResetPassword(id, SPEC["password"]),
    "CheckWeekPassword": lambda id: CheckWeekPassword(SPEC["password"]),
    "SetInstanceDataDump": lambda id: SetInstanceDataDump(THINGS["influxdb"], "bucket", "open"),
    "ExpandInstanceNode": lambda id: ExpandInstanceNode(id, 1),
    "ShrinkInstanceNode": lambda id: ShrinkInstanceNode(THINGS["large"], 1),
    "OfflineNodes": lambda id: OfflineNodes(id, "shutdown", [THINGS["node"]]),
    "ShowAutoNodeExpansionPolicy": lambda id: ShowAutoNodeExpansionPolicy(THINGS["cassandra"]),
    "ModifyAutoNodeExpansionPolicy": lambda id: ModifyAutoNodeExpansionPolicy(THINGS["cassandra"], True),
    "DeleteEnlargeFailNode": lambda id: DeleteEnlargeFailNode(THINGS["torn"], THINGS["torn node"]),
    "ResizeInstanceVolume": lambda id: ResizeInstanceVolume(id, 48),
    "ModifyVolume": lambda id: ModifyVolume(id, 16),
    "CreateColdVolume": lambda id: CreateColdVolume(THINGS["single"], 500),
    "ResizeColdVolume": lambda id: ResizeColdVolume(THINGS["cold"], 600),
    "SetAutoEnlargePolicy": lambda id: SetAutoEnlargePolicy([id], "on", {"threshold": 80, "step": 10}),
    "ShowAutoEnlargePolicy": lambda id: ShowAutoEnlargePolicy(THINGS["policed"]),
    # backups and the recycle bin
    "CreateBack": lambda id: CreateBack(THINGS["cassandra"], "by-hand", "before friday"),
    "ListBackups": lambda id: ListBackups(limit=3),
    "ShowAllInstancesBackupsNew": lambda id: ShowAllInstancesBackupsNew(limit=3),
    "ShowAllInstancesBackups": lambda id: ShowAllInstancesBackups(0, 3, backup_id=THINGS["backup"]),
    "DeleteBackup": lambda id: DeleteBackup(THINGS["backup"]),
    "BatchDeleteManualBackup": lambda id: BatchDeleteManualBackup([THINGS["backup"]]),
    "StopBackup": lambda id: StopBackup(THINGS["building"]),
    "ShowBackupPolicies": lambda id: ShowBackupPolicies(id),
    "ShowBackupPolicy": lambda id: ShowBackupPolicy(id),
    "SetBackupPolicy": lambda id: SetBackupPolicy(id, 7, "01:00-02:00", "1,3"),
    "ListRestoreTime": lambda id: ListRestoreTime(THINGS["cassandra"], limit=3),
    "ShowRestorableList": lambda id: ShowRestorableList(THINGS["backup"]),
    "RestoreExistingInstance": lambda id: RestoreExistingInstance(THINGS["cassandra"], THINGS["backup"]),
    "ListRestoreDatabases": lambda id: ListRestoreDatabases(THINGS["cassandra"]),
    "ListRestoreTables": lambda id: ListRestoreTables(THINGS["cassandra"], "sales"),
    "ListRecycleInstances": lambda id: ListRecycleInstances(),
    "ShowRecyclePolicy": lambda id: ShowRecyclePolicy(),
    "SetRecyclePolicy": lambda id: SetRecyclePolicy(3),
    # parameter templates
    "CreateConfiguration": lambda id: CreateConfiguration("orders", "ours", {"type": "redis", "version": "5.0"}),
    "ListConfigurationTemplates": lambda id: ListConfigurationTemplates(limit=3),
    "ListConfigurations": lambda id: ListConfigurations(datastore_name="redis"),
    "ShowConfigurationDetail": lambda id: ShowConfigurationDetail(THINGS["template"]),
    "UpdateConfiguration": lambda id: UpdateConfiguration(THINGS["template"], values={"timeout": "60"}),
    "DeleteConfiguration": lambda id: DeleteConfiguration(THINGS["template"]),
    "CopyConfiguration": lambda id: CopyConfiguration(THINGS["template"], "copied"),
    "CompareConfiguration": lambda id: CompareConfiguration(THINGS["template"], THINGS["default template"]),
    "ResetParamGroupTemplate": lambda id: ResetParamGroupTemplate(THINGS["template"]),
    "ApplyConfigurationToInstances": lambda id: ApplyConfigurationToInstances(THINGS["template"], [id]),
    "ApplyConfiguration": lambda id: ApplyConfiguration(THINGS["template"], [id]),
    "ShowApplicableInstances": lambda id: ShowApplicableInstances(THINGS["template"]),
    "ShowApplyHistory": lambda id: ShowApplyHistory(THINGS["template"]),
    "ListConfigurationDatastores": lambda id: ListConfigurationDatastores(),
    "ShowInstanceConfiguration": lambda id: ShowInstanceConfiguration(id),
    "UpdateInstanceConfigurations": lambda id: UpdateInstanceConfigurations(id, {"timeout": "90"}),
    "UpdateInstanceConfiguration": lambda id: UpdateInstanceConfiguration(id, {"timeout": "90"}),
    "ShowModifyHistory": lambda id: ShowModifyHistory(id),
    # network, maintenance, tags
    "ModifyPort": lambda id: ModifyPort(id, 6399),
    "ModifyPublicIp": lambda id: ModifyPublicIp(id, THINGS["node"], "BIND", "203.0.113.7", "eip-1"),
    "UpdateSecurityGroup": lambda id: UpdateSecurityGroup(id, THINGS["group"]),
    "UpdateClientNetwork": lambda id: UpdateClientNetwork(THINGS["mongodb"], ["192.168.0.0/16"]),
    "UpdateInstanceLb": lambda id: UpdateInstanceLb(id, "192.168.0.99"),
    "ShowElbIpGroup": lambda id: ShowElbIpGroup(id),
    "SwitchIpGroup": lambda id: SwitchIpGroup(id, "whiteList", True, [{"ip": "192.168.0.0/24", "description": "us"}]),
    "SwitchSsl": lambda id: SwitchSsl(id, "on"),
    "ListSslCertDownloadAddresses": lambda id: ListSslCertDownloadAddresses(id),
    "ListInstanceMaintenanceWindow": lambda id: ListInstanceMaintenanceWindow(id),
    "ModifyInstanceMaintenanceWindow": lambda id: ModifyInstanceMaintenanceWindow(id, "22:00"),
    "ListProjectTags": lambda id: ListProjectTags(),
    "ListInstancesByResourceTags": lambda id: ListInstancesByResourceTags([{"key": "team", "values": ["blue"]}]),
    "ListInstancesByTags": lambda id: ListInstancesByTags([{"key": "team", "values": []}]),
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


THINGS: defaultdict[str, str] = defaultdict(lambda: "0" * 36)
"""Ids of other things of the scene, by what they are."""


def spec(engine: str, mode: str, name: str, **changes: Any) -> InstanceSpec:
    """A valid spec of an engine in a mode."""
    chosen = engines.mode(engine, mode)
    size = engines.storage(chosen, chosen.flavor).usual
    flavor = {"num": chosen.nodes.usual, "size": size, "storage": "ULTRAHIGH", "spec_code": chosen.flavor}
    datastore = {"type": engine, "version": chosen.versions[0], "storage_engine": "rocksDB"}
    given = {**SPEC, "name": name, "mode": mode, "datastore": datastore, "flavor": [flavor], "product_type": None}
    return InstanceSpec(**{**given, "port": None, **changes})


def scene(sandbox: Sandbox) -> str:
    """Make instances of many kinds; two of one kind, one of them tagged and known by the id that is returned."""
    with sandbox.connect() as gdb:

        def make(what: str, engine: str, mode: str, **changes: Any) -> None:
            THINGS[what] = str(gdb.instances.create(spec(engine, mode, f"a-{what}", **changes))["id"].iloc[0])

        made = gdb.instances.create(InstanceSpec(**SPEC))
        gdb.instances.create(InstanceSpec(**{**SPEC, "name": "another-01"}))
        for what, engine, mode in (
            ("cassandra", "cassandra", "Cluster"),
            ("torn", "cassandra", "Cluster"),
            ("policed", "cassandra", "Cluster"),
            ("gone", "cassandra", "Cluster"),
            ("mongodb", "mongodb", "ReplicaSet"),
            ("influxdb", "influxdb", "EnhancedCluster"),
            ("single", "influxdb", "InfluxdbSingle"),
            ("cold", "influxdb", "InfluxdbSingle"),
            ("pair", "redis", "Replication"),
            ("large", "redis", "Cluster"),
        ):
            make(what, engine, mode)
        sandbox.advance(3600)
        id = str(made["id"].iloc[0])
        gdb.tags.update(id, "create", [{"key": "team", "value": "blue"}])
        THINGS["node"] = str(gdb.instances.nodes(id)["id"].iloc[0])
        THINGS["torn node"] = str(gdb.instances.nodes(THINGS["torn"])["id"].iloc[0])
        THINGS["group"] = str(gdb.security_groups.list()["id"].iloc[1])
        THINGS["backup"] = str(gdb.backups.create(THINGS["cassandra"], "kept-01")["backup_id"].iloc[0])
        like = {"type": "redis", "version": "5.0", "mode": "CloudNativeCluster"}
        template = gdb.configurations.create("slow-60", datastore=like, values={"timeout": "60"})
        THINGS["template"] = str(template["id"].iloc[0])
        known = gdb.configurations.list(datastore_name="redis", mode="CloudNativeCluster")
        THINGS["default template"] = str(known["id"].iloc[0])
        gdb.configurations.apply(THINGS["template"], [id])
        gdb.volumes.create_cold(THINGS["cold"], 500)
        gdb.volumes.set_policy([THINGS["policed"]])
        gdb.nodes.add(THINGS["large"], 1)
        sandbox.inject("ExpandInstanceNode", fail="no host has room")
        gdb.nodes.add(THINGS["torn"], 1)
        gdb.instances.delete(THINGS["gone"])
        sandbox.advance(3600)
        THINGS["building"] = str(gdb.backups.create(THINGS["policed"], "building-01")["backup_id"].iloc[0])
    return id
