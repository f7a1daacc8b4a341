"""One look at everything that is followed: the step that the blocking and the background wait share.

:meth:`Observer.observe` is a generator. It yields the operations whose listings it needs and is sent their frames, so
it does no I/O. :func:`run` drives it: :func:`gaussnb.client.wait.wait_for` in the caller's thread, and
:class:`gaussnb.client.poller.Poller` for any number of watches in one daemon thread.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..core.clock import Moment
from ..core.errors import ApiError, BadAnswer, GaussnbError, PermissionDenied, ServerError, Throttled, Unreachable
from ..core.operation import Operation
from ..core.service import Service

if TYPE_CHECKING:
    import pandas as pd

OUTAGES = (Unreachable, Throttled, ServerError, BadAnswer)
"""Errors of a look that say nothing about the things: the next look may succeed."""

Ask = Callable[[Operation], "pd.DataFrame"]
"""Sends a read and returns its frame."""


class Observed(Protocol):
    """A :class:`gaussnb.client.progress.Progress`, or a watch around one."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """The ids to look at."""
        ...

    @property
    def of_jobs(self) -> bool:
        """True if the ids are jobs whose work is about no thing."""
        ...

    @property
    def wants_job_progress(self) -> bool:
        """True if the progress of running jobs is shown to somebody."""
        ...

    def see(self, frame: pd.DataFrame, now: Moment) -> tuple[str, ...]:
        """Take in a listing of things; returns the jobs to look at before it can be judged."""
        ...

    def judge(self, jobs: pd.DataFrame | None, now: Moment) -> None:
        """Take in those jobs; None if they may not be listed."""
        ...

    def see_jobs(self, jobs: pd.DataFrame, now: Moment) -> None:
        """Take in a listing of jobs that are followed themselves."""
        ...

    def learn(self, jobs: Sequence[Mapping[Any, Any]]) -> None:
        """Take in the progress of running jobs."""
        ...

    def miss(self, now: Moment, outage: Exception) -> None:
        """Note that the look failed."""
        ...


@dataclass(frozen=True)
class Observation:
    """The end of one look."""

    pause: float = 0.0
    """Seconds that the service asked to wait before the next look."""
    outage: Exception | None = None
    """The error, if the service could not be asked."""


Look = Generator[Operation, "pd.DataFrame", Observation]


class Observer:
    """Looks at everything that is followed with as few calls as possible.

    Args:
        service: says which operations list things and jobs.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._may_see_jobs = True

    def observe(self, followed: Sequence[Observed], now: Moment) -> Look:
        """Look once: one listing of things, at most one of their jobs, and one of the jobs followed themselves.

        Args:
            followed: everything that is due.
            now: the time of the look.

        Yields:
            The operations whose frames are needed.
        """
        pause = 0.0
        try:
            if of_jobs := [each for each in followed if each.of_jobs]:
                jobs = yield from self._list_jobs(_ids(of_jobs))
                for each in of_jobs:
                    each.see_jobs(jobs, now)
            if of_things := [each for each in followed if not each.of_jobs]:
                pause = yield from self._observe_things(of_things, now)
        except OUTAGES as outage:
            for each in followed:
                each.miss(now, outage)
            return Observation(_asked_pause(outage), outage)
        return Observation(pause)

    def _observe_things(self, followed: Sequence[Observed], now: Moment) -> Generator[Operation, pd.DataFrame, float]:
        frame = yield self._service.list_things(_ids(followed))
        asked = [each.see(frame, now) for each in followed]
        ids = tuple(dict.fromkeys(id for jobs in asked for id in jobs))
        if not ids:
            return (yield from self._observe_running_jobs(followed))
        jobs: pd.DataFrame | None
        try:
            jobs = yield from self._list_jobs(ids)
        except PermissionDenied:
            jobs = None  # without the permission to list jobs, waiting still works, but a failure has no reason
        for each in followed:
            each.judge(jobs, now)
        if jobs is not None:
            self._teach(followed, jobs)
        return 0.0

    def _list_jobs(self, ids: Sequence[str]) -> Generator[Operation, pd.DataFrame, pd.DataFrame]:
        if self._service.list_jobs is None:
            raise ValueError(f"{self._service.title} has no jobs to wait for")
        return (yield self._service.list_jobs(ids))

    def _observe_running_jobs(self, followed: Sequence[Observed]) -> Generator[Operation, pd.DataFrame, float]:
        """Look at the progress of running jobs. It is only shown, so an error of this look changes nothing."""
        list_running_jobs = self._service.list_running_jobs
        if list_running_jobs and self._may_see_jobs and any(each.wants_job_progress for each in followed):
            try:
                self._teach(followed, (yield list_running_jobs()))
            except PermissionDenied:
                self._may_see_jobs = False
            except GaussnbError as refusal:
                return _asked_pause(refusal)
        return 0.0

    def _teach(self, followed: Sequence[Observed], jobs: pd.DataFrame) -> None:
        learners = [each for each in followed if each.wants_job_progress]
        if not learners:
            return
        going = [name for name, status in self._service.lifecycle.jobs.items() if status.phase == "going"]
        names = ["id", "name", self._service.thing_column, "progress", "start_time"]
        rows = jobs.loc[jobs["status"].isin(going), names].astype(object)
        records = rows.where(rows.notna(), None).to_dict("records")
        for each in learners:
            each.learn(records)


def run(look: Look, ask: Ask) -> Observation:
    """Drive a look to its end: send each operation it yields, and give it the frame or the error."""
    try:
        operation = next(look)
        while True:
            try:
                frame = ask(operation)
            except Exception as error:
                operation = look.throw(error)
            else:
                operation = look.send(frame)
    except StopIteration as end:
        observation: Observation = end.value
        return observation


def _ids(followed: Sequence[Observed]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id for each in followed for id in each.wanted))


def _asked_pause(error: Exception) -> float:
    return (error.retry_after or 0.0) if isinstance(error, ApiError) else 0.0
