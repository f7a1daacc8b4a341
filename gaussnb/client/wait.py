"""Waiting in the caller's thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..core.clock import Clock
from ..core.errors import WaitFailed, WaitTimeout
from ..core.service import Service
from .observer import Ask, Observer, run
from .pace import Pace
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
    on_change: OnChange | None = None,
    on_look: OnLook | None = None,
) -> pd.DataFrame:
    """Wait in this thread; :meth:`gaussnb.Client.wait` documents the arguments.

    Args:
        service: says what a status means.
        ask: sends a read and returns its frame.
        clock: the time.
        seed: makes the pace repeatable.
    """
    progress, pace = begin(service, targets, until, clock.time()), Pace(interval, seed)
    try:
        return _wait(progress, pace, ask, clock, timeout, on_change, on_look)
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
    on_change: OnChange | None,
    on_look: OnLook | None,
) -> pd.DataFrame:
    observer, reported, out_since = Observer(progress.service), 0, None
    while True:
        now, pause = clock.time(), pace.next()
        observation = run(observer.observe([progress], now), ask)
        gave_up = ""
        if observation.outage is None:
            out_since = None
        else:
            out_since = now if out_since is None else out_since
            if clock.time() - out_since >= OUTAGE:
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
        left = progress.began + timeout - clock.time()
        if left <= 0:
            raise WaitTimeout(_timeout(progress, timeout), history=progress.history(), frame=progress.frame)
        clock.sleep(min(max(pause, observation.pause), left))


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
