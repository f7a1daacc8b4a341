"""Point-in-time recovery of Redis: an instance with a policy can be restored to moments at regular intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...nosql.operations.redis_recovery import (
    ListRedisPitrRestoreTime,
    RestoreRedisData,
    RestoreRedisPitr,
    SetRedisPitrPolicy,
    ShowRedisPitrInfo,
    ShowRedisPitrPolicy,
)
from ..engine.tables import job_time
from ..engine.work import Work
from ..lifecycle import End, register
from ..refusals import Refused
from ..world import Instance, kept
from . import Context, simulates
from .redis import running, usable
from .redis_data import Event, add_event

_DEFAULT_MINUTES, _DEFAULT_DAYS = 20, 1
_DAY = 24 * 3600
_MB = 3.2
"""The storage of one moment."""


@kept("redis pitr", ends_with_instance=True)
@dataclass
class Pitr:
    """The recovery policy of an instance."""

    id: str
    """The instance."""
    interval: int
    keep_days: int
    since: float
    """The first moment; a change of the interval sets it to the present."""

    def moments(self, now: float) -> list[float]:
        """The moments that data can be restored to, the oldest first."""
        step = self.interval * 60
        oldest = max(0, -int((self.since - (now - self.keep_days * _DAY)) // step))
        return [self.since + step * number for number in range(oldest, int((now - self.since) // step) + 1)]


@simulates(ShowRedisPitrPolicy)
def show_policy(op: ShowRedisPitrPolicy, context: Context) -> dict[str, Any]:
    known = context.world.table(Pitr).get(running(context, op.instance_id).id)
    if known is None:
        return {"enabled": False}
    return {"enabled": True, "interval": known.interval, "keep_days": known.keep_days}


@simulates(SetRedisPitrPolicy)
def set_policy(op: SetRedisPitrPolicy, context: Context) -> dict[str, Any]:
    instance, table = usable(context, op.instance_id), context.world.table(Pitr)
    known = table.get(instance.id)
    if op.enabled:
        interval = op.interval or _DEFAULT_MINUTES
        since = known.since if known and known.interval == interval else float(int(context.now))
        table.put(Pitr(instance.id, interval, op.keep_days or _DEFAULT_DAYS, since))
    elif known:
        table.drop(instance.id)
    return {}


def _moments(instance: Instance, context: Context) -> list[float]:
    known = context.world.table(Pitr).get(instance.id)
    return known.moments(context.now) if known else []


@simulates(ShowRedisPitrInfo, "data")
def show_storage(op: ShowRedisPitrInfo, context: Context) -> dict[str, Any]:
    count = len(_moments(running(context, op.instance_id), context))
    return {"storage": f"{count * _MB:.2f}MB"}


@simulates(ListRedisPitrRestoreTime)
def list_moments(op: ListRedisPitrRestoreTime, context: Context) -> list[str]:
    if op.end_time <= op.start_time:
        raise Refused("DBS.280001", "end_time: later than start_time.")
    moments = _moments(running(context, op.instance_id), context)
    begin, end = op.start_time.timestamp(), op.end_time.timestamp()
    return [job_time(moment) for moment in moments if begin <= moment <= end]


# ------------------------------------------------------------------------------------------- restoring


def _taken_back(end: End) -> None:
    add_event(end, Event(end.now, back=end.effect["back"]))


def _read_in(end: End) -> None:
    add_event(end, Event(end.now, added=end.effect["files"]))


RESTORE = register(Work("RestoreRedisPitr", "RESTORE", 600, apply=_taken_back))
READ_IN = register(Work("RestoreRedisData", "RESTORE", 600, apply=_read_in))


@simulates(RestoreRedisPitr)
def restore(op: RestoreRedisPitr, context: Context) -> dict[str, Any]:
    instance = usable(context, op.instance_id)
    if instance.id not in context.world.table(Pitr):
        raise Refused("DBS.212003", "Point-in-time recovery is switched off.")
    moment = op.restore_time.timestamp()
    if moment not in _moments(instance, context):
        raise Refused("DBS.201215", "It is none of the moments that data can be restored to.")
    return context.start(RESTORE, instance, back=moment)


@simulates(RestoreRedisData)
def read_in(op: RestoreRedisData, context: Context) -> dict[str, Any]:
    """Accept any bucket: its content is not known here."""
    instance = usable(context, op.instance_id)
    return context.start(READ_IN, instance, files=op.files)
