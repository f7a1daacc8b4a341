"""Backups: made by hand or by themselves, brought back, deleted; and the recycle bin, which is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...operations.backups import (
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
from ...operations.recycle_bin import ListRecycleInstances, SetRecyclePolicy, ShowRecyclePolicy
from ...spec import plain
from ..lifecycle import RECYCLED, Work
from ..messages import Refused, encode
from ..world import SUFFIXES, Instance, World, create_time, job_time, kept
from . import Call, Page, matching, simulates

_MISSING = "DBS.201214"
_DAY = 86_400.0
_HOUR = 3_600.0
_KB_A_GB = 1024 * 1024
DATABASES = {"sales": ("customers", "orders", "returns"), "sensors": ("devices", "readings")}
"""What every instance of the sandbox has in it."""


@kept("backup")
@dataclass
class Backup:
    """One backup."""

    id: str
    instance_id: str
    instance_name: str
    engine: str
    version: str
    name: str
    type: str
    size: float
    begin: float
    end: float = 0.0
    status: str = "BUILDING"
    description: str = ""
    tables: list[dict[str, Any]] = field(default_factory=list)
    nodes: int = 0
    """How many nodes its instance had."""
    gigabytes: int = 0
    """How much storage its instance had."""

    def wire(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "instance_id": self.instance_id,
            "instance_name": self.instance_name,
            "datastore": {"type": self.engine, "version": self.version},
            "type": self.type,
            "size": self.size,
            "status": self.status,
            "begin_time": job_time(self.begin),
            "end_time": job_time(self.end) if self.end else "",
        }
        return {**shown, "database_tables": self.tables} if self.tables else shown


def _of(instance: Instance, id: str, name: str, type: str, now: float) -> Backup:
    return Backup(
        id=id,
        instance_id=instance.id,
        instance_name=instance.name,
        engine=instance.engine,
        version=instance.version,
        name=name,
        type=type,
        size=round(float(instance.used) * _KB_A_GB, 2),
        begin=now,
        nodes=len(instance.nodes),
        gigabytes=instance.size,
    )


def _id(world: World, instance: Instance) -> str:
    return f"{world.ids.hex('backup')}br{SUFFIXES[instance.engine]}"


def _built(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    backup = world.table(Backup).get(effect["backup"])
    if backup is not None and backup.status == "BUILDING":
        backup.status, backup.end = "COMPLETED", backup.begin + BACKUP_SECONDS
        world.table(Backup).put(backup)


def _forgotten(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    if effect["backup"] in world.table(Backup):
        world.table(Backup).drop(effect["backup"])


def _stopped(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    backup = world.table(Backup).get(effect["backup"])
    if backup is not None and backup.status == "BUILDING":
        backup.status = "FAILED"
        world.table(Backup).put(backup)


BACKUP_SECONDS = 180.0
BACK_UP = Work("BackupInstance", "BACKUP", BACKUP_SECONDS, apply=_built)
FORGET = Work("DeleteBackup", "", 30, apply=_forgotten)
STOP = Work("StopBackup", "", 10, apply=_stopped)
RESTORE = Work("RestoreExistingInstance", "RESTORE", 600)


def recycle(world: World, instance: Instance, now: float) -> None:
    """Put an instance that is deleted into the recycle bin, and let its automatic backups go."""
    backups = world.table(Backup)
    for one in [one for one in backups.values() if one.instance_id == instance.id and one.type == "Auto"]:
        backups.drop(one.id)
    backup = _of(instance, _id(world, instance), f"recycled-{instance.name}", "Auto", now)
    backup.status, backup.end = "COMPLETED", now
    backups.put(backup)
    days = _policy(world).days
    world.table(Recycled).put(Recycled(instance.id, instance, backup.id, now, now + days * _DAY))


RECYCLED.append(recycle)


# ------------------------------------------------------------------------------------------------- backups


@simulates(CreateBack)
def create(op: CreateBack, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if op.database_tables and instance.engine != "cassandra":
        raise Refused("DBS.280269", "Only Cassandra saves single tables.")
    backup = _of(instance, _id(call.world, instance), op.name, "Manual", call.now)
    backup.description = op.description or ""
    backup.tables = [plain(one) for one in op.database_tables or ()]
    accepted = call.start(BACK_UP, instance, backup=backup.id)
    call.world.table(Backup).put(backup)
    return {**accepted, "backup_id": backup.id}


def _automatic(call: Call) -> None:
    """Make the backups that the policies have asked for since somebody last looked."""
    backups = call.world.table(Backup)
    for instance in call.world.instances.values():
        if instance.keep_days == 0 or instance.status != "normal":
            continue
        mine = [one for one in backups.values() if one.instance_id == instance.id and one.type == "Auto"]
        last = max((one.begin for one in mine), default=None)
        due = instance.created + 900 if last is None else last + _DAY
        while due <= call.now:  # the first one follows the creation, the others come once a day
            if call.now - due < instance.keep_days * _DAY:
                backup = _of(instance, _id(call.world, instance), f"GaussDBforNoSQL-{instance.name}", "Auto", due)
                backup.status, backup.end = "COMPLETED", due + BACKUP_SECONDS
                backups.put(backup)
            due += _DAY
        for one in mine:
            if call.now - one.begin > instance.keep_days * _DAY:
                backups.drop(one.id)


def _found(op: Any, call: Call) -> list[Backup]:
    _automatic(call)
    found = sorted(call.world.table(Backup).values(), key=lambda one: one.begin, reverse=True)
    found = matching(found, instance_id=op.instance_id, engine=op.datastore_type, id=op.backup_id, type=op.backup_type)
    if getattr(op, "type", None) == "DatabaseTable":
        found = [one for one in found if one.tables]
    begin, end = _epoch(op.begin_time), _epoch(op.end_time)
    return [one for one in found if (begin is None or one.begin >= begin) and (end is None or one.begin <= end)]


def _epoch(moment: datetime | str | None) -> float | None:
    if moment is None:
        return None
    moment = datetime.fromisoformat(f"{moment}+00:00") if isinstance(moment, str) else moment
    return moment.timestamp()


@simulates(ShowAllInstancesBackupsNew)
@simulates(ListBackups)
def list_backups(op: ListBackups, call: Call) -> Page:
    return Page(_found(op, call), lambda one: encode(one.wire()))


@simulates(ShowAllInstancesBackups)
def list_backups_oldest(op: ShowAllInstancesBackups, call: Call) -> dict[str, Any]:
    found = _found(op, call)
    first = op.offset * op.limit  # here the offset counts pages
    shown = [one.wire() for one in found[first : first + op.limit]]
    for one, backup in zip(shown, found[first:]):
        one |= {"begin_time": create_time(backup.begin), "end_time": create_time(backup.end) if backup.end else ""}
        one.pop("database_tables", None)
    return {"total_count": len(found), "backups": shown}


@simulates(DeleteBackup)
def delete(op: DeleteBackup, call: Call) -> dict[str, Any]:
    backup = _manual(op.backup_id, call)
    return call.start(FORGET, _owner(backup, call), backup=backup.id)


@simulates(BatchDeleteManualBackup)
def delete_many(op: BatchDeleteManualBackup, call: Call) -> dict[str, Any]:
    for backup in [_manual(id, call) for id in op.backup_ids]:
        call.world.table(Backup).drop(backup.id)
    return {}


@simulates(StopBackup)
def stop(op: StopBackup, call: Call) -> dict[str, Any]:
    backup = call.one(Backup, op.backup_id, _MISSING)
    if backup.status != "BUILDING":
        raise Refused("DBS.280124", "It is no longer being made.")
    return call.start(STOP, _owner(backup, call), backup=backup.id)


def _manual(id: str, call: Call) -> Backup:
    backup = call.one(Backup, id, _MISSING)
    if backup.type != "Manual":
        raise Refused("DBS.280124", "Automatic backups go by themselves.")
    return backup


def _owner(backup: Backup, call: Call) -> Instance:
    """The instance of a backup, also where it is gone: a job names it."""
    found = call.world.instances.get(backup.instance_id)
    if found is None:
        recycled = call.world.table(Recycled).get(backup.instance_id)
        if recycled is None:
            raise Refused("DBS.200002")
        found = recycled.instance
    return found


# ------------------------------------------------------------------------------------------------ policies


@simulates(ShowBackupPolicy)
@simulates(ShowBackupPolicies)
def show_policy(op: ShowBackupPolicies, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    period = instance.settings.get("backup period", "1,2,3,4,5,6,7")
    return {
        "backup_policy": {"keep_days": instance.keep_days, "start_time": instance.backup_start, "period": period}
    }


@simulates(SetBackupPolicy)
def set_policy(op: SetBackupPolicy, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    instance.keep_days = op.keep_days
    instance.backup_start = op.start_time or instance.backup_start
    instance.settings["backup period"] = op.period or instance.settings.get("backup period", "1,2,3,4,5,6,7")
    call.world.touch(instance, call.now)
    return {}


# ------------------------------------------------------------------------------------------------- restore


@simulates(RestoreExistingInstance)
def restore(op: RestoreExistingInstance, call: Call) -> dict[str, Any]:
    instance, backup = call.instance(op.instance_id), call.one(Backup, op.backup_id, _MISSING)
    if backup.status != "COMPLETED":
        raise Refused("DBS.280124", "It is not complete.")
    if (backup.engine, backup.version) != (instance.engine, instance.version):
        raise Refused("DBS.301024", "Engine and version are those of the backup.")
    return call.start(RESTORE, instance)


@simulates(ShowRestorableList)
def restorable_instances(op: ShowRestorableList, call: Call) -> Page:
    backup = call.one(Backup, op.backup_id, _MISSING)
    fitting = matching(call.world.instances.values(), engine=backup.engine, version=backup.version, status="normal")
    return Page(fitting, lambda one: encode(_target(one)))


def _target(instance: Instance) -> dict[str, Any]:
    return {
        "instance_id": instance.id,
        "instance_mode": instance.mode,
        "engine_name": instance.engine,
        "engine_version": instance.version,
        "vpc_id": instance.vpc_id,
        "subnet_ids": [instance.subnet_id],
        "security_group_ids": [instance.security_group_id],
    }


@simulates(ListRestoreTime)
def restorable_times(op: ListRestoreTime, call: Call) -> Page:
    instance = call.of_engine(op.instance_id, "cassandra", "influxdb")
    begin = max(_epoch(op.start_time) or 0.0, instance.created + 900, call.now - max(1, instance.keep_days) * _DAY)
    end = min(_epoch(op.end_time) or call.now, call.now)
    count = int((end - begin) // _HOUR) + 1 if end >= begin else 0
    moments = [begin + number * _HOUR for number in range(count)]
    return Page(moments, lambda at: encode({"start_time": int(at * 1000), "end_time": int(at * 1000)}))


@simulates(ListRestoreDatabases)
def restorable_databases(op: ListRestoreDatabases, call: Call) -> Page:
    call.instance(op.instance_id)
    return Page(list(DATABASES))


@simulates(ListRestoreTables)
def restorable_tables(op: ListRestoreTables, call: Call) -> Page:
    call.instance(op.instance_id)
    if op.database_name not in DATABASES:
        raise Refused("DBS.200823")
    return Page(DATABASES[op.database_name])


# --------------------------------------------------------------------------------------------- recycle bin


@kept("recycled")
@dataclass
class Recycled:
    """One deleted instance that can still be had back."""

    id: str
    instance: Instance
    backup_id: str
    deleted: float
    until: float

    def wire(self) -> dict[str, Any]:
        one = self.instance
        return {
            "id": one.id,
            "name": one.name,
            "mode": one.mode,
            "product_type": one.product_type,
            "data_store": {"type": one.engine, "version": one.version},
            "charge_type": "prePaid" if one.prepaid else "postPaid",
            "enterprise_project_id": one.enterprise_project_id,
            "backup_id": self.backup_id,
            "created_at": job_time(one.created),
            "deleted_at": job_time(self.deleted),
            "retained_until": job_time(self.until),
        }


@kept("recycle policy")
@dataclass
class Retention:
    """How long deleted instances are kept: there is one."""

    id: str = "policy"
    days: int = 7


def _policy(world: World) -> Retention:
    return world.table(Retention).get("policy") or Retention()


@simulates(ListRecycleInstances)
def list_recycled(op: ListRecycleInstances, call: Call) -> Page:
    bin = call.world.table(Recycled)
    for gone in [one for one in bin.values() if one.until <= call.now]:
        bin.drop(gone.id)
        if gone.backup_id in call.world.table(Backup):
            call.world.table(Backup).drop(gone.backup_id)
    return Page(list(bin.newest_first()), lambda one: encode(one.wire()))


@simulates(ShowRecyclePolicy)
def show_retention(op: ShowRecyclePolicy, call: Call) -> dict[str, Any]:
    return {"recycle_policy": {"retention_period_in_days": _policy(call.world).days}}


@simulates(SetRecyclePolicy)
def set_retention(op: SetRecyclePolicy, call: Call) -> dict[str, Any]:
    call.world.table(Retention).put(Retention(days=op.retention_period_in_days))
    return {}
