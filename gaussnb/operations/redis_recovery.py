"""Redis recovery: going back to a moment of the past, and reading files from a bucket."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ..binding import Group, call
from ..fields import InstanceId, Moment, between, some
from ..spec import Asked, At, Inside, Operation, Paged, Row, get, post, put
from .rows import Done, JobStarted


class PitrPolicy(Row):
    """How often a Redis instance is saved for going back, and how long that is kept."""

    instance_id: Annotated[str, Asked("instance_id")]
    """The instance."""
    enabled: bool
    """Whether going back is possible."""
    interval: int
    """Minutes between two moments one can go back to; missing when it is off."""
    keep_days: int
    """How many days one can go back; missing when it is off."""


class PitrStorage(Row):
    """What going back costs in storage."""

    instance_id: Annotated[str, Asked("instance_id")]
    """The instance."""
    storage: str
    """The storage it takes, as the service writes it."""


class RestorableMoment(Row, at="restore_time"):
    """One moment one can go back to."""

    instance_id: Annotated[str, Asked("instance_id")]
    """The instance."""
    restore_time: Annotated[datetime, At("")]
    """The moment."""


@get("/v3/{project_id}/redis/instances/{instance_id}/pitr/policy", returns=PitrPolicy)
class ShowRedisPitrPolicy(Operation):
    """Show how often a Redis instance is saved for going back."""

    instance_id: InstanceId
    """The instance."""


@put("/v3/{project_id}/redis/instances/{instance_id}/pitr/policy", returns=Done)
class SetRedisPitrPolicy(Operation):
    """Set how often a Redis instance is saved for going back."""

    instance_id: InstanceId
    """The instance."""
    enabled: bool
    """Whether going back is possible."""
    interval: Annotated[int, between(5, 120, "minutes,")] | None = None
    """Minutes between two moments one can go back to, 5 to 120; left out means 20."""
    keep_days: Annotated[int, between(1, 7, "days,", "DBS.280214")] | None = None
    """How many days one can go back, 1 to 7; left out means 1."""


@get("/v3/{project_id}/redis/instances/{instance_id}/pitr", returns=PitrStorage)
class ShowRedisPitrInfo(Operation):
    """Show how much storage it takes that a Redis instance can go back."""

    instance_id: InstanceId
    """The instance."""


# One source gives 300 a page, another one 100: both accept pages of 100.
@get("/v3/{project_id}/redis/instances/{instance_id}/pitr/restorable-time-periods", returns=RestorableMoment)
class ListRedisPitrRestoreTime(Paged):
    """List the moments a Redis instance can go back to."""

    instance_id: InstanceId
    """The instance."""
    start_time: Moment
    """Only later moments."""
    end_time: Moment
    """Only earlier moments."""


@put("/v3/{project_id}/redis/instances/{instance_id}/pitr", returns=JobStarted, success=202, ends="ready")
class RestoreRedisPitr(Operation):
    """Take a Redis instance back to a moment of the past; what came later is lost."""

    instance_id: InstanceId
    """The instance."""
    restore_time: Moment
    """The moment, one of those listed."""


@post("/v3/{project_id}/redis/instances/{instance_id}/recovery", returns=JobStarted, success=202, ends="ready")
class RestoreRedisData(Operation):
    """Read the data of a Redis instance from files in a bucket."""

    instance_id: InstanceId
    """The instance."""
    bucket_name: Annotated[str, Inside("recovery_info")]
    """The bucket of the object storage."""
    files: Annotated[list[str], some("file"), Inside("recovery_info")]
    """The names of the files in it."""


class RedisRecovery(Group):
    """Going back, for Redis instances."""

    get_policy = call(ShowRedisPitrPolicy)
    set_policy = call(SetRedisPitrPolicy)
    storage = call(ShowRedisPitrInfo)
    moments = call(ListRedisPitrRestoreTime)
    restore = call(RestoreRedisPitr)
    restore_files = call(RestoreRedisData)
