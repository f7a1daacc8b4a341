"""Scheduled jobs: work that waits for the maintenance window."""

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
    """The kind of work: REBOOT, RESIZE_FLAVOR or UPGRADE_DATABASE."""
    job_status: Annotated[str, Known(("Pending", "Running", "Completed", "Failed", "Canceled"))]
    """Pending until the work begins."""
    instance_id: str
    """The instance that the job works on."""
    instance_name: str
    """The name of that instance."""
    instance_status: str
    """The status of that instance."""
    datastore_type: str
    """The engine of that instance."""
    create_time: datetime
    """The time at which the job was requested."""
    start_time: datetime
    """The time at which the job begins, or began."""
    end_time: datetime
    """The time at which the job has to end, or ended."""


class Cancelled(Did):
    """The receipt of a cancelled job."""

    job_id: Annotated[str, FromRequest("job_id")]
    """The job that was cancelled."""


@get("/v3/{project_id}/scheduled-jobs", returns=ScheduledJob)
class ListNosqlTaskList(Paged):
    """List jobs that wait, or waited, for the maintenance window; without times, those of the last 7 days."""

    job_name: Annotated[Literal["REBOOT", "RESIZE_FLAVOR", "UPGRADE_DATABASE"], OneOf()] | None = None
    """Only jobs of this kind."""
    job_status: Annotated[Literal["Pending", "Running", "Completed", "Failed", "Canceled"], OneOf()] | None = None
    """Only jobs with this status."""
    instance_id: InstanceId | None = None
    """Only jobs of this instance."""
    start_time: Moment | None = None
    """Only jobs that were requested later."""
    end_time: Moment | None = None
    """Only jobs that were requested earlier."""


@delete("/v3/{project_id}/scheduled-jobs/{job_id}", returns=Cancelled, success=204)
class CancelInstanceScheduleWindow(Operation):
    """Cancel a job that waits for the maintenance window."""

    job_id: JobId
    """The job."""


class ScheduledJobs(Group):
    """Work that waits for the maintenance window."""

    list = call(ListNosqlTaskList)
    cancel = call(CancelInstanceScheduleWindow)
