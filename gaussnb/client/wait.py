"""Waiting in the caller's thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..cloud.transport import Patience
from ..core.clock import Clock, Moment
from ..core.errors import WaitFailed, WaitTimeout
from ..core.service import Service
from .observer import Ask, Observer, run
from .pace import Pace, Stopwatch
from .progress import Progress, Targets, begin

if TYPE_CHECKING:
    import pandas as pd

OUTAGE = 300.0
"""Seconds of an outage of the service after which waiting gives up."""

OnChange = Callable[[Mapping[str, Any]], None]
OnLook = Callable[[Progress], None]


def wait_for(
    service: Service,
    ask: Ask,
    clock: Clock,
    targets: Targets,
    *,
    timeout: float = 3600,
    until: str | None = None,
    interval: float = 5,
    seed: int | None = None,
    patience: Patience | None = None,
    on_change: OnChange | None = None,
    on_look: OnLook | None = None,
) -> pd.DataFrame:
    """Wait in this thread; :meth:`gaussnb.Client.wait` documents the arguments.

    Args:
        service: says what a status means.
        ask: sends a read and returns its frame.
        clock: the time.
        seed: makes the pace repeatable.
        patience: says how long an answer may take, and how late a listing may be.
    """
    patience = patience or Patience()
    progress = begin(service, targets, until, Moment.read(clock), patience)
    pace = Pace(interval, seed)
    try:
        return _wait(progress, pace, ask, clock, timeout, patience.connect + patience.answer, on_change, on_look)
    except (WaitFailed, WaitTimeout):
        raise
    except BaseException as stop:  # above all an interrupt
        stop.add_note(f"The cloud's work goes on: take up waiting with gdb.wait({_again(progress)}).")
        raise


def _wait(
    progress: Progress,
    pace: Pace,
    ask: Ask,
    clock: Clock,
    timeout: float,
    longest_look: float,
    on_change: OnChange | None,
    on_look: OnLook | None,
) -> pd.DataFrame:
    observer, stopwatch = Observer(progress.service), Stopwatch(clock)
    reported, out_since, stale = 0, None, False
    while True:
        observation = run(observer.observe([progress], Moment.read(clock)), ask)
        if stopwatch.lap(slack=longest_look):
            out_since, stale = None, True
        gave_up = ""
        if observation.outage is None:
            out_since, stale = None, False
        else:
            out_since = stopwatch.watched if out_since is None else out_since
            if stopwatch.watched - out_since >= OUTAGE:
                gave_up = _gave_up(progress, observation.outage)
        for line in progress.seen[reported:]:
            reported += 1
            if on_change is not None:
                on_change(line)
        if on_look is not None:
            on_look(progress)
        if gave_up or progress.failed:
            raise WaitFailed(gave_up or _failure(progress), history=progress.history(), frame=progress.frame)
        if progress.done:
            return progress.history()
        pause = max(pace.next(at_most=progress.evidence.pause), observation.pause)
        # After unseen time the network may still be away: a time-out waits for a look that succeeds, up to an outage.
        left = timeout + (OUTAGE if stale else 0.0) - stopwatch.watched
        if left <= 0:
            raise WaitTimeout(_timeout(progress, timeout), history=progress.history(), frame=progress.frame)
        pause = min(pause, left)
        clock.sleep(pause)
        if stopwatch.lap(pause):
            out_since, stale = None, True


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
