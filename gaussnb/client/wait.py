"""Waiting: one pure step, and the driver that blocks.

:class:`Progress` takes what a look at the cloud showed and says what changed and what is still to wait
for; it knows neither network nor threads. :func:`wait` drives it in the caller's thread, and
:class:`gaussnb.client.watch.Poller` drives any number of them from one daemon thread.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.clock import Clock
from ..core.errors import (
    PermissionDenied,
    WaitFailed,
    WaitTimeout,
)
from ..core.frames import frame_from

if TYPE_CHECKING:
    import pandas as pd
from .progress import OUTAGES, Progress, Targets, asked_pause, begin, tell_outage

Look = Callable[[tuple[str, ...]], "pd.DataFrame"]

SLOWEST = 30.0
"""Seconds between looks at the most."""
OUTAGE = 300.0
"""Seconds the service may be out of reach before waiting gives up."""


@dataclass
class Pace:
    """When to look next: soon at first, slower and slower, never quite regularly."""

    interval: float
    seed: int | None = None

    def __post_init__(self) -> None:
        if not self.interval > 0:
            raise ValueError(f"seconds between looks are more than 0, not {self.interval}")
        self._random = random.Random(self.seed)

    def next(self) -> float:
        """Seconds until the next look."""
        pause = self.interval * self._random.uniform(0.9, 1.1)
        self.interval = min(self.interval * 1.4, max(SLOWEST, self.interval))
        return pause


def step(progress: Progress, look: Look, look_at_jobs: Look, now: float) -> None:
    """One look: one list call however many instances are watched, and the jobs of settled ones."""
    if progress.until == "done":
        progress.see_jobs(look_at_jobs(progress.waiting), now)
        return
    jobs = progress.see(look(progress.waiting), now)
    if jobs:
        progress.judge(jobs_of(look_at_jobs, jobs), now)


def jobs_of(look_at_jobs: Look, ids: tuple[str, ...]) -> pd.DataFrame:
    """Those jobs, as far as they may be seen."""
    try:
        return look_at_jobs(ids)
    except PermissionDenied:
        # Who may see instances but no jobs waits all the same, and is not told why something failed.
        from ..nosql.operations.jobs import Job

        return frame_from(Job, [])


def wait(
    look: Look,
    look_at_jobs: Look,
    clock: Clock,
    targets: Targets,
    *,
    timeout: float = 3600,
    until: str | None = None,
    interval: float = 5,
    seed: int | None = None,
    on_change: Callable[[Mapping[str, Any]], None] | None = None,
    on_look: Callable[[Progress], None] | None = None,
) -> pd.DataFrame:
    """Wait in this thread; :meth:`gaussnb.Client.wait` says how."""
    progress, pace = begin(targets, until, clock.time()), Pace(interval, seed)
    try:
        return _wait(progress, pace, look, look_at_jobs, clock, timeout, on_change, on_look)
    except (WaitFailed, WaitTimeout):
        raise
    except BaseException as stop:  # an interrupt above all
        stop.add_note(f"The cloud's work goes on: take up waiting with gdb.wait({_again(progress)}).")
        raise


def _wait(
    progress: Progress,
    pace: Pace,
    look: Look,
    look_at_jobs: Look,
    clock: Clock,
    timeout: float,
    on_change: Callable[[Mapping[str, Any]], None] | None,
    on_look: Callable[[Progress], None] | None,
) -> pd.DataFrame:
    told, out_since = 0, None
    while True:
        now, pause = clock.time(), pace.next()
        try:
            step(progress, look, look_at_jobs, now)
        except OUTAGES as outage:
            out_since = now if out_since is None else out_since
            tell_outage(progress, now, outage)
            pause = max(pause, asked_pause(outage))
            gave_up = _gave_up(progress, outage) if clock.time() - out_since >= OUTAGE else ""
        else:
            out_since, gave_up = None, ""
        for line in progress.seen[told:]:
            told += 1
            if on_change is not None:
                on_change(line)
        if on_look is not None:
            on_look(progress)
        if gave_up or progress.failed:
            raise WaitFailed(gave_up or _failure(progress), history=progress.history(), frame=progress.frame)
        if progress.done:
            return progress.history()
        left = progress.began + timeout - clock.time()
        if left <= 0:
            raise WaitTimeout(_timeout(progress, timeout), history=progress.history(), frame=progress.frame)
        clock.sleep(min(pause, left))


def _gave_up(progress: Progress, error: Exception) -> str:
    return (
        f"The service could not be asked for {OUTAGE:.0f} s ({error}). The cloud's work goes on: "
        f"take up waiting with gdb.wait({_again(progress)})."
    )


def _failure(progress: Progress) -> str:
    parts = (f"{progress.names.get(id) or id} ({id}): {why}" for id, why in progress.failed.items())
    return f"{'; '.join(parts)}. The history of this error shows how it got there."


def _timeout(progress: Progress, timeout: float) -> str:
    last = "; ".join(
        f"{progress.names.get(id) or id} is {' '.join(filter(None, progress.states.get(id, ('not seen',))))}"
        for id in progress.waiting
    )
    return (
        f"Not {progress.until} after {timeout:g} s: {last}. The cloud's work goes on: "
        f"take up waiting with gdb.wait({_again(progress)})."
    )


def _again(progress: Progress) -> str:
    ids = progress.waiting or progress.ids
    named = repr(ids[0]) if len(ids) == 1 else repr(list(ids))
    return named if progress.until == "ready" else f"{named}, until={progress.until!r}"
