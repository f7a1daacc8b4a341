"""Backups: manual ones, automatic ones in the hour of the policy, and restoring from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ...core.secrets import reveal
from ...nosql import engines
from ...nosql.operations.backups import (
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
from .. import lifecycle
from ..engine.messages import encode
from ..engine.tables import Table, job_time
from ..engine.work import Work
from ..lifecycle import FILLED, End, begin, later, register
from ..refusals import Refused
from ..world import Instance, World, create_time, kept
from . import UNSUPPORTED, Context, Page, matching, simulates
from .redis_data import Event, add_event

_DAY = 24 * 3600
SECONDS = 420
"""The duration of a backup."""
_EVERY_DAY = "1,2,3,4,5,6,7"
_MISSING = "DBS.201214"
_UNFIT = "DBS.301024"

DATA: dict[str, tuple[str, ...]] = {
    "shop": ("customers", "orders", "products"),
    "sensors": ("devices", "readings"),
}
"""The databases every instance holds, and their tables."""


@kept("backup")
@dataclass
class Backup:
    """One backup, with the size of the instance it was made of."""

    id: str
    name: str
    instance_id: str
    instance_name: str
    engine: str
    version: str
    type: str
    begin: float
    nodes: int
    size: int
    used: str
    end: float | None = None
    status: str = "BUILDING"
    description: str = ""
    tables: list[dict[str, Any]] = field(default_factory=list)
    recycled: bool = False
    """True if the recycle bin keeps it for a deleted instance; lists of backups do not show it."""

    @property
    def past(self) -> dict[str, Any]:
        """The effect of restoring it: the instance, the moment and the amount of its data."""
        return {"of": self.instance_id, "back": self.begin, "used": self.used}

    def wire(self, moment: Any = job_time) -> dict[str, Any]:
        """The backup as lists show it."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "instance_id": self.instance_id,
            "instance_name": self.instance_name,
            "datastore": {"type": self.engine, "version": self.version},
            "type": self.type,
            "status": self.status,
            "size": round(float(self.used) * 1024 * 1024, 1) if self.status == "COMPLETED" else 0.0,
            "begin_time": moment(self.begin),
            "end_time": moment(self.end) if self.end else "",
            "database_tables": self.tables,
        }


def backup_of(world: World, instance: Instance, now: float, *, name: str, type: str, recycled: bool = False) -> Backup:
    """Begin a backup of an instance."""
    return world.table(Backup).put(
        Backup(
            id=f"{world.ids.hex('backup')}br{instance.id[-2:]}",
            name=name,
            instance_id=instance.id,
            instance_name=instance.name,
            engine=instance.engine,
            version=instance.version,
            type=type,
            begin=now,
            nodes=len(instance.nodes),
            size=instance.size,
            used=instance.used,
            recycled=recycled,
        )
    )


def complete(world: World, backup_id: str) -> Backup:
    """The backup with this id, if it can be restored.

    Raises:
        Refused: when there is none, or the backup is not complete or is being deleted.
    """
    backup = world.table(Backup).get(backup_id)
    if backup is None or backup.status != "COMPLETED":
        raise Refused(_MISSING)
    _check_kept(world, backup)
    return backup


def check_fit(backup: Backup, engine: str, version: str) -> None:
    """Refuse to restore a backup into another engine or version, or a backup of single tables."""
    if (backup.engine, backup.version) != (engine, version):
        raise Refused(_UNFIT, "Engine and version are those of the backup.")
    if backup.tables:
        raise Refused(_UNFIT, "The backup holds some tables only.")


def _completed(end: End) -> None:
    _over(end, "COMPLETED")


def _failed(end: End) -> None:
    _over(end, "FAILED")


def _over(end: End, status: str) -> None:
    table = end.world.table(Backup)
    if backup := table.get(end.effect["backup_id"]):  # None if its instance was deleted meanwhile
        backup.status, backup.end = status, end.now
        table.put(backup)


# ----------------------------------------------------------------------------------- automatic


def automatic(world: World, instance: Instance, now: float) -> None:
    """Make an automatic backup, delete those that are too old, and start the timer for the next one."""
    if not instance.keep_days:
        return
    for old in _automatic(world.table(Backup), instance.id):
        if old.begin <= now - instance.keep_days * _DAY:
            world.table(Backup).drop(old.id)
    if instance.status in FILLED:
        text = "".join(char for char in create_time(now) if char.isdigit())
        backup = backup_of(world, instance, now, name=f"GaussDBforNoSQL-{text}", type="Auto")
        begin(world, _AUTO, instance, now, listed=False, effect={"backup_id": backup.id})
    later(world, _NEXT, instance, _window(instance, now))


def _automatic(table: Table[Backup], instance_id: str) -> list[Backup]:
    return matching(table.of(instance_id), type="Auto", recycled=False)


def _window(instance: Instance, now: float) -> float:
    """The moment of the next automatic backup."""
    hour, minute = map(int, instance.backup_start[:5].split(":"))
    day = datetime.fromtimestamp(now, UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    while day.timestamp() <= now or str(day.isoweekday()) not in instance.backup_period.split(","):
        day += timedelta(days=1)
    return day.timestamp()


def _again(end: End) -> None:
    if instance := end.world.instances.get(end.task.instance_id):
        automatic(end.world, instance, end.now)


def delete_automatic(world: World, instance: Instance) -> None:
    """Delete the automatic backups of an instance."""
    for backup in _automatic(world.table(Backup), instance.id):
        world.table(Backup).drop(backup.id)


_AUTO = register(Work("AutoBackup", "", SECONDS, apply=_completed, undo=_failed))
_NEXT = register(Work("NextBackup", "", 0, apply=_again))

# --------------------------------------------------------------------------------------- manual


def restore_data(end: End) -> None:
    """Restore the data of an instance, if the work was to do that."""
    if "back" not in end.effect:
        return
    end.instance.used = end.effect["used"]
    if engines.mode(end.instance.engine, end.instance.mode).databases:
        add_event(end, Event(end.now, back=end.effect["back"], of=end.effect["of"]))


def _drop(end: End) -> None:
    if end.effect["backup_id"] in end.world.table(Backup):
        end.world.table(Backup).drop(end.effect["backup_id"])


def _stop(end: End) -> None:
    for task in _about(end.world, end.effect["backup_id"]):
        if task.work in (BACKUP.job, _AUTO.job):
            lifecycle.abort(end.world, task, "The backup was stopped.", end.now)


BACKUP = register(Work("BackupInstance", "BACKUP", SECONDS, allowed=FILLED, apply=_completed, undo=_failed))
RESTORE = register(Work("RestoreInstance", "RESTORE", 600, allowed=FILLED, apply=restore_data))
DROP = register(Work("DeleteBackup", "", 30, apply=_drop))
STOP = register(Work("StopBackup", "", 30, apply=_stop))


def _about(world: World, backup_id: str) -> list[Any]:
    """The running tasks about a backup."""
    running = (task for task in world.tasks.values() if world.is_going(task))
    return [task for task in running if task.effect.get("backup_id") == backup_id]


def _check_kept(world: World, backup: Backup) -> None:
    if any(task.work == DROP.job for task in _about(world, backup.id)):
        raise Refused("DBS.201202", "The backup is being deleted.")


def _deletable(context: Context, backup_id: str) -> Backup:
    backup = context.world.table(Backup).get(backup_id)
    if backup is None or backup.recycled:
        raise Refused(_MISSING)
    if backup.type != "Manual":
        raise Refused("DBS.212003", "Automatic backups are deleted automatically.")
    if backup.status == "BUILDING":
        raise Refused("DBS.201202", "The backup is being made.")
    _check_kept(context.world, backup)
    if _about(context.world, backup_id):
        raise Refused("DBS.201319")
    return backup


def _check_tables(op: CreateBack, instance: Instance) -> None:
    if not op.database_tables:
        return
    if not engines.engine(instance.engine).table_backups:
        raise Refused(UNSUPPORTED, "Only Cassandra saves single tables.")
    for one in op.database_tables:
        if one.database_name not in DATA or not set(one.table_names or ()) <= set(DATA[one.database_name]):
            raise Refused("DBS.200823", "A database or table that was named does not exist.")


def _manual(world: World, instance: Instance, op: CreateBack, now: float) -> Backup:
    backup = backup_of(world, instance, now, name=op.name, type="Manual")
    backup.description = op.description or ""
    backup.tables = reveal(op.database_tables or [])
    return backup


def made(world: World, instance: Instance, op: CreateBack, begin: float) -> Backup:
    """A complete manual backup that began in the past."""
    backup = _manual(world, instance, op, begin)
    backup.status, backup.end = "COMPLETED", begin + SECONDS
    return backup


@simulates(CreateBack)
def back_up(op: CreateBack, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    _check_tables(op, instance)
    lifecycle.check_idle(instance, BACKUP.allowed)
    backup = _manual(context.world, instance, op, context.now)
    return context.start(BACKUP, instance, backup_id=backup.id) | {"backup_id": backup.id}


@simulates(DeleteBackup)
def delete_backup(op: DeleteBackup, context: Context) -> dict[str, Any]:
    backup = _deletable(context, op.backup_id)
    return context.start(DROP, context.world.instances.get(backup.instance_id), backup_id=backup.id)


@simulates(BatchDeleteManualBackup)
def delete_backups(op: BatchDeleteManualBackup, context: Context) -> dict[str, Any]:
    for id in {backup_id: _deletable(context, backup_id) for backup_id in op.backup_ids}:
        context.world.table(Backup).drop(id)
    return {}


@simulates(StopBackup)
def stop_backup(op: StopBackup, context: Context) -> dict[str, Any]:
    backup = context.world.table(Backup).get(op.backup_id)
    if backup is None:
        raise Refused(_MISSING)
    if backup.status != "BUILDING":
        raise Refused("DBS.201202", "The backup is not being made.")
    return context.start(STOP, context.world.instances.get(backup.instance_id), backup_id=backup.id)


# ---------------------------------------------------------------------------------------- lists


@simulates(ShowAllInstancesBackupsNew)
@simulates(ListBackups)
def list_backups(op: ListBackups, context: Context) -> Page:
    found = [one for one in _found(op, context) if bool(one.tables) == (op.type == "DatabaseTable")]
    if op.begin_time and op.end_time:
        begin, end = op.begin_time.timestamp(), op.end_time.timestamp()
        found = [one for one in found if begin <= int(one.begin) <= end]
    return Page(found, lambda backup: encode(backup.wire()))


@simulates(ShowAllInstancesBackups)
def list_backups_of_old(op: ShowAllInstancesBackups, context: Context) -> dict[str, Any]:
    begin, end = op.begin_time or "", op.end_time or "9999"  # texts of this form sort like moments
    shown = [one.wire(create_time) for one in _found(op, context) if begin <= create_time(one.begin) <= end]
    for one in shown:
        del one["database_tables"]
    start = op.offset * op.limit  # documented: the offset counts pages here
    return {"total_count": len(shown), "backups": shown[start : start + op.limit]}


def _found(op: ListBackups | ShowAllInstancesBackups, context: Context) -> list[Backup]:
    return matching(
        context.world.table(Backup).newest_first(),
        recycled=False,
        id=op.backup_id,
        instance_id=op.instance_id,
        engine=op.datastore_type,
        type=op.backup_type,
    )


# --------------------------------------------------------------------------------------- policy


@simulates(ShowBackupPolicy)
@simulates(ShowBackupPolicies)
def show_policy(op: ShowBackupPolicies, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    policy: dict[str, Any] = {"keep_days": instance.keep_days}
    if instance.keep_days:
        policy |= {"start_time": instance.backup_start, "period": instance.backup_period}
    return {"backup_policy": policy}


@simulates(SetBackupPolicy)
def set_policy(op: SetBackupPolicy, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    lifecycle.check_status(instance, lifecycle.MADE)
    instance.keep_days = op.keep_days
    instance.backup_start = op.start_time or instance.backup_start
    instance.backup_period = op.period or _EVERY_DAY
    for task in matching(
        context.world.tasks.values(), work=_NEXT.job, instance_id=instance.id, status=context.world.task_statuses.going
    ):
        context.world.tasks.drop(task.id)
    if op.keep_days:
        later(context.world, _NEXT, instance, _window(instance, context.now))
    context.world.touch(instance, context.now)
    return {}


# -------------------------------------------------------------------------------------- restoring


@simulates(RestoreExistingInstance)
def restore(op: RestoreExistingInstance, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    backup = complete(context.world, op.backup_id)
    check_fit(backup, instance.engine, instance.version)
    if instance.size < float(backup.used):
        raise Refused("DBS.280242", "The backup needs more storage.")
    return context.start(RESTORE, instance, backup_id=backup.id, **backup.past)


@simulates(ListRestoreTime)
def restorable_times(op: ListRestoreTime, context: Context) -> list[dict[str, int]]:
    instance = context.instance(op.instance_id)
    begin = op.start_time.timestamp() if op.start_time else 0.0
    end = op.end_time.timestamp() if op.end_time else context.now
    moments = [at for at in moments_of(context.world, instance) if begin <= at <= end]
    return [{"start_time": 1000 * at, "end_time": 1000 * at} for at in moments]


def moments_of(world: World, instance: Instance) -> list[int]:
    """The moments that an instance can be restored to, in epoch seconds."""
    if "point-in-time restore" not in engines.mode(instance.engine, instance.mode).features:
        return []
    return [int(one.end) for one in _whole(world, instance) if one.end]


def _whole(world: World, instance: Instance) -> Iterable[Backup]:
    backups = matching(world.table(Backup).of(instance.id), status="COMPLETED", recycled=False)
    return [one for one in backups if not one.tables]


@simulates(ShowRestorableList)
def restorable_instances(op: ShowRestorableList, context: Context) -> list[dict[str, Any]]:
    backup = complete(context.world, op.backup_id)
    fitting = matching(context.world.instances.newest_first(), engine=backup.engine, version=backup.version, actions=[])
    return [
        {
            "instance_id": one.id,
            "instance_mode": one.mode,
            "engine_name": one.engine,
            "engine_version": one.version,
            "vpc_id": one.vpc_id,
            "subnet_ids": [one.subnet_id],
            "security_group_ids": [one.security_group_id],
        }
        for one in fitting
        if one.status in FILLED and one.size >= float(backup.used)
    ]


@simulates(ListRestoreDatabases, "data")
def restorable_databases(op: ListRestoreDatabases, context: Context) -> list[str]:
    return list(DATA) if _whole(context.world, context.instance(op.instance_id)) else []


@simulates(ListRestoreTables, "data")
def restorable_tables(op: ListRestoreTables, context: Context) -> list[str]:
    saved = _whole(context.world, context.instance(op.instance_id))
    if op.database_name not in DATA or not saved:
        raise Refused("DBS.200823")
    return list(DATA[op.database_name])
