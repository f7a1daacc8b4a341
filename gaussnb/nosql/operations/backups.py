"""Backups: manual and automatic ones, and what can be restored from them.

A new instance from a backup is ``instances.create`` with ``restore_info``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ...core.catalogue import delete, get, post, put
from ...core.methods import Group, call, one
from ...core.operation import Inside, Model, Operation, Tie, Ties
from ...core.rows import Above, At, Count, Each, FromRequest, Joined, Known, Row
from ...core.rules import MISSING, Moment, OneOf, Part, Rule, at_most, between, matches
from ..fields import NAME, BackupId, BackupWindow, EngineName, InstanceId, Limit, Offset, Password, short_text
from .bases import OfInstance, Paged
from .rows import AboutInstance, Did, Done, JobStarted

BackupType = Annotated[Literal["Auto", "Manual", "Incremental", "Differential"], OneOf()]


class Backup(Row, at="backups"):
    """One backup."""

    id: str
    """The id of the backup."""
    name: str
    """The name of the backup."""
    instance_id: str
    """The instance that was backed up."""
    instance_name: str
    """The name of that instance."""
    engine: Annotated[str, At("datastore.type")]
    """The engine of that instance."""
    version: Annotated[str, At("datastore.version")]
    """The version of the engine."""
    type: Annotated[str, Known(("Auto", "Manual", "Incremental", "Differential"))]
    """Manual for a backup that a user made; all others are automatic backups."""
    status: Annotated[str, Known(("BUILDING", "COMPLETED", "FAILED"))]
    """The status; a backup can be restored when it is COMPLETED."""
    size_kb: Annotated[float, At("size")]
    """The size in KB."""
    databases: Annotated[str, Joined("database_tables.database_name")]
    """The databases in the backup, if it does not hold all of them."""
    tables: Annotated[int, Count("database_tables.table_names")]
    """The number of tables that were named for the backup."""
    begin_time: datetime
    """The time at which the backup began."""
    end_time: datetime
    """The time at which the backup was complete."""
    description: str
    """The description."""


class BackupTable(Row, at="backups.database_tables.table_names"):
    """One table in a backup of single tables."""

    backup_id: Annotated[str, Above("backups", "id")]
    """The backup."""
    database_name: Annotated[str, Above("backups.database_tables", "database_name")]
    """The database of the table."""
    table_name: Annotated[str, At("")]
    """The table."""


class BackupStarted(Row):
    """The receipt of a backup that has begun. ``gdb.wait(frame)`` follows it."""

    backup_id: str
    """The backup."""
    instance_id: Annotated[str, FromRequest("instance_id")]
    """The instance that is backed up."""
    job_id: str
    """The job, for ``gdb.jobs.get``."""


class BackupJob(Row):
    """The receipt of work on a backup."""

    backup_id: Annotated[str, FromRequest("backup_id")]
    """The backup."""
    job_id: str
    """The job, for ``gdb.wait`` and ``gdb.jobs.get``."""


class BackupDone(Did):
    """The receipt of a change of several backups."""

    backup_id: Annotated[str, Each("backup_ids")]
    """The backup that was changed."""


class BackupPolicy(AboutInstance):
    """The policy of automatic backups of an instance."""

    keep_days: Annotated[int, At("backup_policy.keep_days")]
    """The number of days for which backups are kept; 0 if there are no automatic backups."""
    start_time: Annotated[str, At("backup_policy.start_time")]
    """The hour in which a backup begins, UTC."""
    period: Annotated[str, At("backup_policy.period")]
    """The days of the week with a backup, 1 for Monday."""


class RestorableTime(AboutInstance, at="restorable_time_periods"):
    """One period of time to which an instance can be restored."""

    start_time: datetime
    """The first moment."""
    end_time: datetime
    """The last moment, often the same; ``restore_info`` of a create takes it as milliseconds since 1970."""


class RestorableInstance(Row, at="restorable_instances"):
    """One instance to which a backup can be restored."""

    instance_id: str
    """The instance."""
    engine_name: str
    """The engine."""
    engine_version: str
    """The version of the engine."""
    instance_mode: str
    """The mode of deployment."""
    vpc_id: str
    """The virtual private cloud."""
    subnet_ids: Annotated[str, Joined("subnet_ids")]
    """The subnets."""
    security_group_ids: Annotated[str, Joined("security_group_ids")]
    """The security groups."""


class RestorableDatabase(AboutInstance, at="database_names"):
    """One database that can be restored."""

    database_name: Annotated[str, At("")]
    """The database."""


class RestorableTable(AboutInstance, at="table_names"):
    """One table that can be restored."""

    database_name: Annotated[str, FromRequest("database_name")]
    """The database of the table."""
    table_name: Annotated[str, At("")]
    """The table."""


class DatabaseTables(Model):
    """Some tables of a database."""

    database_name: str
    """The database."""
    table_names: list[str] | None = None
    """The tables; left out, all tables of the database."""


@post("/v3/{project_id}/instances/{instance_id}/backups", returns=BackupStarted, ends="ready")
class CreateBack(OfInstance):
    """Make a full backup of an instance, or of some of its tables."""

    name: Annotated[str, matches(r"[A-Za-z][A-Za-z0-9_-]{3,63}", NAME, "DBS.280277")]
    """The name of the backup: 4 to 64 letters, digits, '-' and '_', beginning with a letter."""
    description: Annotated[str, short_text("DBS.280127")] | None = None
    """A description. Give one, since sources disagree whether it may be left out."""
    database_tables: Part[list[DatabaseTables]] | None = None
    """The tables to back up, in place of the whole instance; Cassandra only."""


@delete("/v3/{project_id}/backups/{backup_id}", returns=BackupJob, success=202, ends="done")
class DeleteBackup(Operation):
    """Delete a manual backup."""

    backup_id: BackupId
    """The backup."""


@delete("/v3/{project_id}/instances/backups", returns=BackupDone)
class BatchDeleteManualBackup(Operation):
    """Delete several manual backups."""

    backup_ids: Annotated[list[BackupId], at_most(10, "backups", "DBS.280124")]
    """The backups, at most 10."""


@put("/v3/{project_id}/backups/{backup_id}", returns=BackupJob, success=202, ends="done")
class StopBackup(Operation):
    """Stop a running backup."""

    backup_id: BackupId
    """The backup."""
    action: Annotated[Literal["stop"], OneOf("DBS.280391")] = "stop"
    """The only value is stop."""


_BOTH: Ties = (
    Tie(("begin_time",), MISSING, "required with end_time", lambda ask: ask.end_time is None or ask.begin_time),
    Tie(("end_time",), MISSING, "required with begin_time", lambda ask: ask.begin_time is None or ask.end_time),
)


@get("/v4/{project_id}/backups", returns=Backup)
class ListBackups(Paged):
    """List backups, newest first."""

    instance_id: InstanceId | None = None
    """Only backups of this instance."""
    datastore_type: EngineName | None = None
    """Only backups of this engine."""
    backup_id: BackupId | None = None
    """Only this backup."""
    backup_type: BackupType | None = None
    """Only automatic backups, Auto, or only manual ones, Manual; left out, both."""
    type: Annotated[Literal["Instance", "DatabaseTable"], OneOf()] | None = None
    """Backups of whole instances or of single tables; left out, of whole instances."""
    begin_time: Moment | None = None
    """Only backups that began later; together with ``end_time``."""
    end_time: Moment | None = None
    """Only backups that began earlier; together with ``begin_time``."""

    ties: ClassVar[Ties] = _BOTH


@get("/v3.1/{project_id}/backups", returns=Backup, superseded="ListBackups")
class ShowAllInstancesBackupsNew(ListBackups):
    """List backups, newest first, in an older form."""


@get("/v3/{project_id}/backups", returns=Backup, superseded="ListBackups")
class ShowAllInstancesBackups(Operation):
    """List one page of backups, in the oldest form."""

    offset: Offset
    """The number of the page, from 0."""
    limit: Limit
    """The number of backups on a page, at most 100."""
    datastore_type: EngineName | None = None
    """Only backups of this engine."""
    instance_id: InstanceId | None = None
    """Only backups of this instance."""
    backup_id: BackupId | None = None
    """Only this backup."""
    backup_type: BackupType | None = None
    """Only automatic backups, Auto, or only manual ones, Manual."""
    begin_time: str | None = None
    """Only backups that began later; UTC, like 2026-01-31 08:00:00."""
    end_time: str | None = None
    """Only backups that began earlier; UTC, like 2026-01-31 08:00:00."""


@get("/v3.1/{project_id}/instances/{instance_id}/backups/policy", returns=BackupPolicy)
class ShowBackupPolicies(OfInstance):
    """Show the policy of automatic backups of an instance."""


@get(
    "/v3/{project_id}/instances/{instance_id}/backups/policy",
    returns=BackupPolicy,
    deprecated=True,
    superseded="ShowBackupPolicies",
)
class ShowBackupPolicy(ShowBackupPolicies):
    """Show the backup policy of an instance, in a deprecated form."""


@put("/v3/{project_id}/instances/{instance_id}/backups/policy", returns=Done)
class SetBackupPolicy(OfInstance):
    """Set the policy of automatic backups of an instance."""

    # Sources name 35, 732 and 3660 as the upper bound: refuse only what all of them refuse.
    keep_days: Annotated[int, between(0, 3660, "days,", "DBS.280214"), Inside("backup_policy")]
    """The number of days for which backups are kept, usually 1 to 35; 0 switches automatic backups off."""
    start_time: Annotated[BackupWindow | None, Inside("backup_policy")] = None
    """The hour in which a backup begins, UTC, like 01:00-02:00."""
    period: Annotated[
        Annotated[str, matches(r"[1-7](,[1-7]){0,6}", "days of the week, like 1,3,5; 1 is Monday", "DBS.280215")]
        | None,
        Inside("backup_policy"),
    ] = None
    """The days of the week, 1 for Monday, joined by commas; all seven if backups are kept less than 7 days."""

    ties: ClassVar[Ties] = (
        Tie(("start_time",), "DBS.280216", "not with 0 days", lambda ask: ask.keep_days > 0 or not ask.start_time),
        Tie(("period",), "DBS.280215", "not with 0 days", lambda ask: ask.keep_days > 0 or not ask.period),
        Tie(
            ("period",),
            "DBS.280215",
            "all days of the week, 1,2,3,4,5,6,7, when backups are kept for 1 to 6 days",
            lambda ask: not 1 <= ask.keep_days <= 6 or set((ask.period or "").split(",")) == set("1234567"),
        ),
        Tie(("period",), "DBS.280215", "at least one day", lambda ask: ask.keep_days < 7 or ask.period is not None),
    )


@get(
    "/v3/{project_id}/instances/{instance_id}/backups/restorable-time-periods",
    returns=RestorableTime,
    page_size=1000,
)
class ListRestoreTime(OfInstance, Paged):
    """List the moments to which an instance can be restored; they come from incremental backups."""

    start_time: Moment | None = None
    """Only later moments."""
    end_time: Moment | None = None
    """Only earlier moments."""
    limit: Annotated[int, between(0, 1000, "items a page,", "DBS.280439")] | None = Field(default=None, kw_only=True)
    """The number of moments to read, at most 1000. If given, one page is read instead of all."""


@get("/v3/{project_id}/backups/{backup_id}/restorable-instances", returns=RestorableInstance)
class ShowRestorableList(Paged):
    """List the instances to which a backup can be restored."""

    backup_id: BackupId
    """The backup."""


@post("/v3/{project_id}/instances/{instance_id}/recovery", returns=JobStarted, success=202, ends="ready")
class RestoreExistingInstance(Operation):
    """Replace the data of an instance by the data of a backup."""

    instance_id: InstanceId
    """The instance; its present data is lost."""
    backup_id: BackupId
    """The backup to restore."""
    password: Password | None = None
    """The new password of the administrator; left out, the password at the time of the backup."""


@get("/v3/{project_id}/instances/{instance_id}/databases", returns=RestorableDatabase)
class ListRestoreDatabases(OfInstance, Paged):
    """List the databases of an instance that can be restored."""


@get("/v3/{project_id}/instances/{instance_id}/tables", returns=RestorableTable)
class ListRestoreTables(OfInstance, Paged):
    """List the tables of a database that can be restored."""

    database_name: Annotated[str, Rule("a database's name", lambda text: bool(text.strip()), "DBS.280269")]
    """The database."""


class Backups(Group):
    """Backups of instances, and restoring them."""

    create = call(CreateBack)
    list = call(ListBackups)
    get = one(ListBackups, "backup_id", "DBS.201214", "id")
    tables = call(ListBackups, returns=BackupTable)
    delete = call(DeleteBackup)
    delete_many = call(BatchDeleteManualBackup)
    stop = call(StopBackup)
    get_policy = call(ShowBackupPolicies)
    set_policy = call(SetBackupPolicy)
    restore = call(RestoreExistingInstance)
    restorable_times = call(ListRestoreTime)
    restorable_instances = call(ShowRestorableList)
    restorable_databases = call(ListRestoreDatabases)
    restorable_tables = call(ListRestoreTables)
