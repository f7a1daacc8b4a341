"""The toy service with jobs: the same operations, and a list of the work on kettles."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from gaussnb.core.catalogue import Catalogue, get
from gaussnb.core.methods import Group, call, chapter
from gaussnb.core.operation import Paged
from gaussnb.core.rows import Known, Row
from gaussnb.sandbox.engine.behaviours import Context, Page
from gaussnb.sandbox.engine.tables import Task, job_time

from . import sandbox, service
from .states import JOB


class Job(Row, at="jobs"):
    """Work on a kettle."""

    id: str
    """The job."""
    name: str
    """The kind of work."""
    status: Annotated[str, Known(tuple(JOB))]
    """doing, until the work is done."""
    kettle_id: str
    """The kettle."""
    progress: float
    """The progress in percent."""
    start_time: datetime
    """The time at which the work began."""
    fail_reason: str
    """The reason of a failure."""


@get("/v9/{project_id}/jobs", returns=Job)
class ListKettleJobs(Paged):
    """List the work on kettles."""

    id: str | None = None
    """Only this job."""


class Jobs(Group):
    """Work on kettles."""

    list = call(ListKettleJobs)


@sandbox.BEHAVIOURS.simulates(ListKettleJobs)
def list_jobs(op: ListKettleJobs, context: Context) -> Page:
    tasks = [task for task in context.world.tasks.newest_first() if op.id in (None, task.id)]
    return Page([wire(task, context.now) for task in tasks])


def wire(task: Task, now: float) -> dict[str, Any]:
    """A task as the list of jobs shows it."""
    return {
        "id": task.id,
        "name": task.work,
        "status": task.status,
        "kettle_id": task.instance_id,
        "progress": task.percent(now),
        "start_time": job_time(task.start),
        "fail_reason": task.fail_reason if task.status == "broken" else "",
    }


class JobGroups(service.KettleGroups):
    """The groups of the client, as its attributes."""

    jobs: Jobs = chapter("jobs")


SERVICE = replace(
    service.SERVICE,
    catalogue=Catalogue((*JobGroups.chapters(), "gaussnb.cloud.iam")),
    lifecycle=replace(service.SERVICE.lifecycle, jobs=JOB),
    list_jobs=lambda ids: ListKettleJobs(id=ids[0]) if len(ids) == 1 else ListKettleJobs(),
    list_running_jobs=ListKettleJobs,
    list_newest_jobs=ListKettleJobs,
    creation_jobs=("Buy",),
)
"""The service with jobs."""


class Client(JobGroups, service.Client):
    """A client of the toy service with jobs."""

    service = SERVICE


class JobSandbox(sandbox.KettleSandbox):
    """A pretend cloud with the toy service and its jobs."""

    service = replace(sandbox.KettleSandbox.service, product=SERVICE)
    client = Client
