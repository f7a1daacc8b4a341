"""Jobs: the list shows the accepted work of a period of at most 30 days."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ...nosql.operations.jobs import ListJobs
from ..engine.messages import encode
from ..engine.tables import Task, job_time
from ..refusals import Refused
from . import Context, Page, simulates

_WINDOW = 30 * 24 * 3600


@simulates(ListJobs)
def list_jobs(op: ListJobs, context: Context) -> Page:
    begin, end = _window(op, context.now)
    one = context.world.tasks.get(op.id) if op.id else None
    candidates = ([one] if one else []) if op.id else context.world.tasks.newest_first()
    found = [
        task
        for task in candidates
        if task.listed
        and begin <= int(task.start) <= end  # the list shows the start to the second
        and op.status in (None, task.status)
        and op.name in (None, task.work)
    ]
    return Page(found, lambda task: encode(wire(task, context.now)))


def wire(task: Task, now: float) -> dict[str, Any]:
    """A task as the list of jobs shows it."""
    running = task.status == "Running"
    return {
        "id": task.id,
        "name": task.work,
        "status": task.status,
        "start_time": job_time(task.start),
        "end_time": "" if running else job_time(task.end),
        "progress": f"{task.percent(now)}%" if running else "",
        "instance": {"id": task.instance_id, "name": task.instance_name},
        "fail_reason": "" if running else task.fail_reason,
    }


def _window(op: ListJobs, now: float) -> tuple[float, float]:
    end = _epoch(op.end_time) if op.end_time else now
    begin = _epoch(op.start_time) if op.start_time else end - _WINDOW
    if begin > end:
        raise Refused("DBS.280001", "end_time: later than start_time.")
    if end - begin > _WINDOW:
        raise Refused("DBS.280001", "start_time: at most 30 days before end_time.")
    return begin, end


def _epoch(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
