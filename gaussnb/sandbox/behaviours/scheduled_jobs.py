"""Work that waits for the maintenance window. In the service only the console plans it; here :func:`schedule` does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...nosql.operations.scheduled_jobs import CancelInstanceScheduleWindow, ListNosqlTaskList
from .. import lifecycle
from ..engine.tables import job_time
from ..engine.work import Work
from ..lifecycle import End, register
from ..refusals import Refused
from ..world import Instance, World, kept
from . import Context, instances, matching, simulates

_DAY = 24 * 3600
_WINDOW = 7 * _DAY
_PAGE = 10
_AGAIN = 300
"""Seconds until work that could not begin is tried again, while the window lasts."""


@kept("schedule", ends_with_instance=True)
@dataclass
class Schedule:
    """Planned work: it waits for the maintenance window, runs, or has ended."""

    id: str
    instance_id: str
    created: float
    start: float
    end: float
    status: str = "Pending"
    job_id: str = ""
    """The running or ended job; empty until the work begins."""
    name: str = "REBOOT"
    effect: dict[str, Any] = field(default_factory=dict)
    """The coming changes of the work."""


_WORKS = {"REBOOT": lifecycle.RESTART, "RESIZE_FLAVOR": instances.RESIZE, "UPGRADE_DATABASE": instances.UPGRADE}


def schedule(world: World, instance: Instance, now: float, what: str = "REBOOT", spec_code: str = "") -> Schedule:
    """Plan a restart, a resize or an upgrade of an instance for its next maintenance window.

    Raises:
        ValueError: for other work, and for work that the instance does not allow.
    """
    if what not in _WORKS:
        raise ValueError(f"what is one of {', '.join(_WORKS)}, not {what!r}")
    _check(world, instance, what, spec_code)
    hour = int(instance.maintenance_window[:2])
    start = now - now % _DAY + hour * 3600
    start += _DAY if start <= now else 0
    made = Schedule(world.ids.uuid("schedule"), instance.id, now, start, start + 4 * 3600, name=what)
    if spec_code:
        made.effect = {"spec_code": spec_code}
    lifecycle.later(world, _BEGIN, instance, start, schedule=made.id)
    return world.table(Schedule).put(made)


def _check(world: World, instance: Instance, what: str, spec_code: str) -> None:
    if (what == "RESIZE_FLAVOR") != bool(spec_code):
        raise ValueError("spec_code goes with RESIZE_FLAVOR: the specification to change to")
    try:
        if what == "RESIZE_FLAVOR":
            instances.check_target(world, instance, spec_code)
        elif what == "UPGRADE_DATABASE":
            instances.check_upgrade(instance)
    except Refused as refused:
        raise ValueError(f"{instance.id} cannot have {what}: {refused.message}") from None


def _begin(end: End) -> None:
    schedules = end.world.table(Schedule)
    one = schedules.get(end.effect["schedule"])
    if one is None or one.status != "Pending":
        return
    try:
        one.job_id = lifecycle.begin(end.world, _WORKS[one.name], end.instance, end.now, effect=one.effect).id
        one.status = "Running"
    except Refused:
        if (again := end.now + _AGAIN) < one.end:  # the window is still open
            lifecycle.later(end.world, _BEGIN, end.instance, again, schedule=one.id)
            return
        one.status, one.end = "Failed", end.now
    schedules.put(one)


_BEGIN = register(Work("BeginSchedule", "", 0, apply=_begin))


def _status(world: World, one: Schedule) -> tuple[str, float]:
    """Status and end of planned work; after its begin, those of its job."""
    task = world.tasks.get(one.job_id)
    return (task.status, task.end) if task else (one.status, one.end)


@simulates(ListNosqlTaskList)
def list_schedules(op: ListNosqlTaskList, context: Context) -> dict[str, Any]:
    world = context.world
    end = op.end_time.timestamp() if op.end_time else context.now
    begin = op.start_time.timestamp() if op.start_time else end - _WINDOW
    found = matching(world.table(Schedule).newest_first(), name=op.job_name, instance_id=op.instance_id)
    found = [
        one for one in found if begin <= int(one.created) <= end and op.job_status in (None, _status(world, one)[0])
    ]
    offset = op.offset or 0
    page = found[offset : offset + (op.limit or _PAGE)]
    return {"schedules": [_shown(world, one) for one in page], "total_count": str(len(found))}


def _shown(world: World, one: Schedule) -> dict[str, Any]:
    instance, (status, end) = world.instances[one.instance_id], _status(world, one)
    return {
        "job_id": one.id,
        "job_name": one.name,
        "job_status": status,
        "instance_id": instance.id,
        "instance_name": instance.name,
        "instance_status": instance.status,
        "datastore_type": instance.engine,
        "create_time": job_time(one.created),
        "start_time": job_time(one.start),
        "end_time": job_time(end),
    }


@simulates(CancelInstanceScheduleWindow)
def cancel(op: CancelInstanceScheduleWindow, context: Context) -> dict[str, Any]:
    schedules = context.world.table(Schedule)
    one = schedules.get(op.job_id)
    if one is None:
        raise Refused("DBS.280016")
    if one.status != "Pending":
        raise Refused("DBS.200047", "It does not wait any more.")
    one.status, one.end = "Canceled", context.now
    schedules.put(one)
    return {}
