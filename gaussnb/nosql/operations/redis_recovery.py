"""Redis recovery: point-in-time recovery, and loading data from files in a bucket."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from ...core.catalogue import get, post, put
from ...core.methods import Group, call
from ...core.operation import Inside
from ...core.rows import At
from ...core.rules import Moment, between, some
from .bases import OfInstance, Paged
from .rows import AboutInstance, Done, JobStarted


class PitrPolicy(AboutInstance):
    """The policy of point-in-time recovery of a Redis instance."""

    enabled: bool
    """True if point-in-time recovery is on."""
    interval: int
    """The minutes between two moments of recovery; missing when it is off."""
    keep_days: int
    """The number of days that recovery reaches back; missing when it is off."""


class PitrStorage(AboutInstance):
    """The storage that point-in-time recovery takes."""

    storage: str
    """The storage, as the service writes it."""


class RestorableMoment(AboutInstance, at="restore_time"):
    """One moment to which an instance can be restored."""

    restore_time: Annotated[datetime, At("")]
    """The moment."""


@get("/v3/{project_id}/redis/instances/{instance_id}/pitr/policy", returns=PitrPolicy, only=("redis",))
class ShowRedisPitrPolicy(OfInstance):
    """Show the policy of point-in-time recovery of a Redis instance."""


@put("/v3/{project_id}/redis/instances/{instance_id}/pitr/policy", returns=Done, only=("redis",))
class SetRedisPitrPolicy(OfInstance):
    """Set the policy of point-in-time recovery of a Redis instance."""

    enabled: bool
    """True to switch point-in-time recovery on."""
    interval: Annotated[int, between(5, 120, "minutes,")] | None = None
    """The minutes between two moments of recovery, 5 to 120; left out means 20."""
    keep_days: Annotated[int, between(1, 7, "days,", "DBS.280214")] | None = None
    """The number of days that recovery reaches back, 1 to 7; left out means 1."""


@get("/v3/{project_id}/redis/instances/{instance_id}/pitr", returns=PitrStorage, only=("redis",))
class ShowRedisPitrInfo(OfInstance):
    """Show the storage that point-in-time recovery of a Redis instance takes."""


@get(
    "/v3/{project_id}/redis/instances/{instance_id}/pitr/restorable-time-periods",
    returns=RestorableMoment,
    only=("redis",),
)
class ListRedisPitrRestoreTime(OfInstance, Paged):
    """List the moments to which a Redis instance can be restored."""

    start_time: Moment
    """Only later moments."""
    end_time: Moment
    """Only earlier moments."""
    # One source allows pages of 300, another one pages of 100. All pages together are read in pages of 100.
    limit: Annotated[int, between(1, 300, "items a page,", "DBS.280439")] | None = Field(default=None, kw_only=True)
    """The number of moments to read, at most 300. If given, one page is read instead of all."""


@put(
    "/v3/{project_id}/redis/instances/{instance_id}/pitr",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("redis",),
)
class RestoreRedisPitr(OfInstance):
    """Restore a Redis instance to an earlier moment; all later data is lost."""

    restore_time: Moment
    """The moment, one of ``redis_recovery.moments``."""


@post(
    "/v3/{project_id}/redis/instances/{instance_id}/recovery",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("redis",),
)
class RestoreRedisData(OfInstance):
    """Load data into a Redis instance from files in a bucket."""

    bucket_name: Annotated[str, Inside("recovery_info")]
    """The bucket in the object storage."""
    files: Annotated[list[str], some("file"), Inside("recovery_info")]
    """The names of the files in the bucket."""


class RedisRecovery(Group):
    """Point-in-time recovery of Redis instances."""

    get_policy = call(ShowRedisPitrPolicy)
    set_policy = call(SetRedisPitrPolicy)
    storage = call(ShowRedisPitrInfo)
    moments = call(ListRedisPitrRestoreTime)
    restore = call(RestoreRedisPitr)
    restore_files = call(RestoreRedisData)
