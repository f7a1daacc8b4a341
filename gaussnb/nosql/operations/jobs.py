"""Jobs: work that the service has accepted, with its progress and the reason of a failure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ...core.catalogue import get
from ...core.methods import Group, call, one
from ...core.rows import At, Known, Row
from ...core.rules import Moment, OneOf, Rule
from .. import states
from ..fields import JobId
from .bases import Paged

JobStatus = Annotated[Literal["Running", "Completed", "Failed"], OneOf()]


class Job(Row, at="jobs"):
    """One job."""

    id: str
    """The job."""
    name: str
    """The kind of work, like CreateInstance."""
    status: Annotated[str, Known(tuple(states.JOB))]
    """Running at first, then Completed or Failed."""
    progress: float
    """The progress in percent while the job runs."""
    instance_id: Annotated[str, At("instance.id")]
    """The instance that the job works on."""
    instance_name: Annotated[str, At("instance.name")]
    """The name of that instance."""
    fail_reason: str
    """The reason why the job failed."""
    start_time: datetime
    """The time at which the job began."""
    end_time: datetime
    """The time at which the job ended."""


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
    """Only jobs with this status."""
    name: str | None = None
    """Only jobs of this kind, like CreateInstance."""
    limit: (
        Annotated[int, Rule("10, 20 or 50 items a page", lambda number: number in (10, 20, 50), "DBS.280439")] | None
    ) = Field(default=None, kw_only=True)
    """The number of jobs to read: 10, 20 or 50. If given, one page is read instead of all."""


class Jobs(Group):
    """Work that the service has accepted."""

    list = call(ListJobs)
    get = one(ListJobs, "id", "DBS.280016")
