"""Scheduled jobs: what the service is going to do in the maintenance window."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ...core.catalogue import delete, get
from ...core.methods import Group, call
from ...core.operation import Operation
from ...core.rows import FromRequest, Known, Row
from ...core.rules import Moment, OneOf
from ..fields import InstanceId, JobId
from .bases import Paged
from .rows import Did


class ScheduledJob(Row, at="schedules"):
    """One job that waits for the maintenance window."""

    job_id: str
    """The job, for ``gdb.scheduled_jobs.cancel``."""
    job_name: str
    """What is going to be done: REBOOT, RESIZE_FLAVOR or UPGRADE_DATABASE."""
    job_status: Annotated[str, Known(("Pending", "Running", "Completed", "Failed", "Canceled"))]
    """Pending until its time has come."""
    instance_id: str
    """The instance it works on."""
    instance_name: str
    """That instance's name."""
    instance_status: str
    """That instance's status."""
    datastore_type: str
    """That instance's engine."""
    create_time: datetime
    """When it was asked for."""
    start_time: datetime
    """When it begins, or began."""
    end_time: datetime
    """When it has to end, or ended."""


class Cancelled(Did):
    """The receipt of a job that is not going to be done."""

    job_id: Annotated[str, FromRequest("job_id")]
    """To which job."""


@get("/v3/{project_id}/scheduled-jobs", returns=ScheduledJob)
class ListNosqlTaskList(Paged):
    """List jobs that wait, or waited, for the maintenance window; without times, those of the last 7 days."""

    job_name: Annotated[Literal["REBOOT", "RESIZE_FLAVOR", "UPGRADE_DATABASE"], OneOf()] | None = None
    """Only jobs of this kind."""
    job_status: Annotated[Literal["Pending", "Running", "Completed", "Failed", "Canceled"], OneOf()] | None = None
    """Only jobs in this state."""
    instance_id: InstanceId | None = None
    """Only jobs of this instance."""
    start_time: Moment | None = None
    """Only jobs that were asked for later."""
    end_time: Moment | None = None
    """Only jobs that were asked for earlier."""


@delete("/v3/{project_id}/scheduled-jobs/{job_id}", returns=Cancelled, success=204)
class CancelInstanceScheduleWindow(Operation):
    """Cancel a job that waits for the maintenance window."""

    job_id: JobId
    """The job."""


class ScheduledJobs(Group):
    """Work that waits for the maintenance window."""

    list = call(ListNosqlTaskList)
    cancel = call(CancelInstanceScheduleWindow)
