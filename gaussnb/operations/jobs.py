"""Jobs: the work the service has accepted, how far it is and why it failed; and what it is going to do later."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ..binding import Group, call, one
from ..fields import InstanceId, JobId, Moment, OneOf, Rule
from ..spec import Asked, At, Known, Operation, Paged, Row, delete, get
from .rows import Did

JobStatus = Annotated[Literal["Running", "Completed", "Failed"], OneOf()]


class Job(Row, at="jobs"):
    """One job."""

    id: str
    """The job."""
    name: str
    """What is done, like CreateInstance."""
    status: Annotated[str, Known(("Running", "Completed", "Failed"))]
    """Running until it is Completed or Failed."""
    progress: float
    """How far it is, in percent, while it runs."""
    instance_id: Annotated[str, At("instance.id")]
    """The instance it works on."""
    instance_name: Annotated[str, At("instance.name")]
    """That instance's name."""
    fail_reason: str
    """Why it failed."""
    start_time: datetime
    """When it began."""
    end_time: datetime
    """When it ended."""


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

    job_id: Annotated[str, Asked("job_id")]
    """To which job."""


@get("/v3/{project_id}/jobs", returns=Job, page_size=50)
class ListJobs(Paged):
    """List jobs of the last 30 days, newest first."""

    id: JobId | None = None
    """Only this job."""
    start_time: Moment | None = None
    """Only jobs that began later; with ``end_time``, at most 30 days apart."""
    end_time: Moment | None = None
    """Only jobs that began earlier."""
    status: JobStatus | None = None
    """Only jobs in this state."""
    name: str | None = None
    """Only jobs of this kind, like CreateInstance."""
    limit: Annotated[
        int, Rule("10, 20 or 50 items a page", lambda number: number in (10, 20, 50), "DBS.280439")
    ] | None = Field(default=None, kw_only=True)
    """How many jobs to read: 10, 20 or 50. Given, one page is read instead of all."""


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


class Jobs(Group):
    """Work the service has accepted."""

    list = call(ListJobs)
    get = one(ListJobs, "id", "DBS.280016")


class ScheduledJobs(Group):
    """Work that waits for the maintenance window."""

    list = call(ListNosqlTaskList)
    cancel = call(CancelInstanceScheduleWindow)
