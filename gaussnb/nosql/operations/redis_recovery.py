"""Redis recovery: going back to a moment of the past, and reading files from a bucket."""

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
    """How often a Redis instance is saved for going back, and how long that is kept."""

    enabled: bool
    """Whether going back is possible."""
    interval: int
    """Minutes between two moments one can go back to; missing when it is off."""
    keep_days: int
    """How many days one can go back; missing when it is off."""


class PitrStorage(AboutInstance):
    """What going back costs in storage."""

    storage: str
    """The storage it takes, as the service writes it."""


class RestorableMoment(AboutInstance, at="restore_time"):
    """One moment one can go back to."""

    restore_time: Annotated[datetime, At("")]
    """The moment."""


@get("/v3/{project_id}/redis/instances/{instance_id}/pitr/policy", returns=PitrPolicy, only=("redis",))
class ShowRedisPitrPolicy(OfInstance):
    """Show how often a Redis instance is saved for going back."""


@put("/v3/{project_id}/redis/instances/{instance_id}/pitr/policy", returns=Done, only=("redis",))
class SetRedisPitrPolicy(OfInstance):
    """Set how often a Redis instance is saved for going back."""

    enabled: bool
    """Whether going back is possible."""
    interval: Annotated[int, between(5, 120, "minutes,")] | None = None
    """Minutes between two moments one can go back to, 5 to 120; left out means 20."""
    keep_days: Annotated[int, between(1, 7, "days,", "DBS.280214")] | None = None
    """How many days one can go back, 1 to 7; left out means 1."""


@get("/v3/{project_id}/redis/instances/{instance_id}/pitr", returns=PitrStorage, only=("redis",))
class ShowRedisPitrInfo(OfInstance):
    """Show how much storage it takes that a Redis instance can go back."""


@get(
    "/v3/{project_id}/redis/instances/{instance_id}/pitr/restorable-time-periods",
    returns=RestorableMoment,
    only=("redis",),
)
class ListRedisPitrRestoreTime(OfInstance, Paged):
    """List the moments a Redis instance can go back to."""

    start_time: Moment
    """Only later moments."""
    end_time: Moment
    """Only earlier moments."""
    # One source gives 300 at once, another one 100: pages of 100 suit both when all are read.
    limit: Annotated[int, between(1, 300, "items a page,", "DBS.280439")] | None = Field(default=None, kw_only=True)
    """How many moments to read, at most 300. Given, one page is read instead of all."""


@put(
    "/v3/{project_id}/redis/instances/{instance_id}/pitr",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("redis",),
)
class RestoreRedisPitr(OfInstance):
    """Take a Redis instance back to a moment of the past; what came later is lost."""

    restore_time: Moment
    """The moment, one of those listed."""


@post(
    "/v3/{project_id}/redis/instances/{instance_id}/recovery",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("redis",),
)
class RestoreRedisData(OfInstance):
    """Read the data of a Redis instance from files in a bucket."""

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
