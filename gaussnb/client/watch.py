"""Watching: the driver that never blocks, and what it lets a person see.

:class:`Poller` looks for all watches of a client from one daemon thread, which goes on while a cell blocks.
A :class:`Watch` is one state with several faces: :meth:`Watch.snapshot` is all there is to see of it, and
:mod:`gaussnb.view.html` and :mod:`gaussnb.widgets.panel` show that as text, as HTML and as widgets.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ..core.answers import word
from ..core.frames import frame_from
from ..nosql.engines import ENGINES
from ..nosql.service import OPERATIONS
from .progress import Progress, tell_outage
from .wait import Pace

if TYPE_CHECKING:
    import pandas as pd

    from ..view.output import Showing
    from .poller import Poller
from ..view.snapshot import Phase, Shown, Snapshot, State


@dataclass
class Work:
    """What the list of jobs says about the work on one instance."""

    name: str
    percent: float | None
    began: float | None


class Watch:
    """A live view of instances. It never blocks: look at it again to see more.

    ``frame`` has the last rows seen, ``history`` one row per observed change, as for
    :meth:`gaussnb.Client.wait`. Shown in a notebook it is a panel that follows what happens, with buttons;
    once it has ended, what it says is plain text and HTML, and outlives the kernel.
    """

    def __init__(self, progress: Progress, pace: Pace, poller: Poller) -> None:
        self._progress = progress
        self._pace = pace
        self._poller = poller
        self._paused = False
        self._ended = threading.Event()
        self._over: float | None = None
        self._looked: float | None = None
        self._outage = ""
        self._work: dict[str, Work] = {}
        self._callbacks: list[Callable[[Watch], None]] = []
        self._showing: Showing | None = None
        self.due = progress.began
        """When to look next, on the client's clock."""
        self.error: Exception | None = None
        """What ended the watch before its time, if anything did."""
        self.problems: list[Exception] = []
        """What callbacks raised; such a callback is called no more."""

    # -- what was seen

    @property
    def frame(self) -> pd.DataFrame:
        """The last rows seen, with the columns of ``gdb.instances.list()``; of ``gdb.jobs.list()`` for jobs."""
        from ..nosql.operations.instances import Instance
        from ..nosql.operations.jobs import Job

        with self._poller.lock:
            if self._progress.frame is not None:
                return self._progress.frame.copy()
            return frame_from(Job if self.of_jobs else Instance, [])

    @property
    def history(self) -> pd.DataFrame:
        """One row per observed change."""
        with self._poller.lock:
            return self._progress.history()

    @property
    def done(self) -> bool:
        """Whether it looks no more: all is settled, it was stopped, or an error ended it."""
        return self._ended.is_set()

    @property
    def failed(self) -> dict[str, str]:
        """Why, for each instance that failed."""
        with self._poller.lock:
            return dict(self._progress.failed)

    def snapshot(self) -> Snapshot:
        """All there is to see of it now, for whoever draws it."""
        with self._poller.lock:
            now = self._poller.now() if self._over is None else self._over
            progress = self._progress
            return Snapshot(
                state=self._state(),
                message=str(self.error) if self.error is not None else self._outage,
                until=progress.until,
                looked=self._looked,
                instances=tuple(self._shown(id, now) for id in progress.ids),
                timeline=tuple(progress.seen),
                problems=tuple(f"{type(error).__name__}: {error}" for error in self.problems),
            )

    def _state(self) -> State:
        if self.error is not None:
            return "error"
        if self.done:
            return "stopped" if self._progress.waiting else "done"
        return "paused" if self._paused else "watching"

    def _shown(self, id: str, now: float) -> Shown:
        progress, work = self._progress, self._work.get(id)
        status, actions = progress.states.get(id, ("", ""))
        engine = progress.engines.get(id, "")
        phase: Phase = "going" if status else "unseen"
        if id in progress.failed:
            phase = "failed"
        elif id in progress.settled:
            phase = cast(Phase, progress.until)  # ready, gone or done, as it was wanted
        began = progress.began
        if work is not None and work.began is not None:  # taken up again, it is older than this watch
            began = min(began, work.began)
        return Shown(
            id=id,
            name=progress.names.get(id, ""),
            engine=engine,
            phase=phase,
            status=status,
            actions=actions,
            job=work.name if work else "",
            percent=work.percent if work and id in progress.waiting else None,
            elapsed=max(0.0, progress.ended.get(id, now) - began),
            typical=typical(work.name if work else progress.operation, engine),
            why=progress.failed.get(id, ""),
        )

    # -- what a person may do

    def pause(self) -> None:
        """Look no more until :meth:`resume`."""
        self._paused = True
        self._tell()

    def resume(self) -> None:
        """Look again, now."""
        self._paused = False
        self.due = 0.0
        self._poller.wake()
        self._tell()

    def stop(self) -> None:
        """Watch no more. The cloud's work goes on."""
        self._end(self._poller.now())
        self._poller.wake()
        self._tell()

    def join(self, timeout: float | None = None) -> bool:
        """Block until it is done, at most ``timeout`` real seconds; whether it is done."""
        return self._ended.wait(timeout)

    def on_change(self, callback: Callable[[Watch], None]) -> Callable[[], None]:
        """Be told when there is something new to see, or when only time has passed; not after the end.

        Args:
            callback: called with this watch, mostly from the poller's thread, and once more at the end. One
                that raises is called no more, and what it raised stands in ``problems`` and on the panel.

        Returns:
            A function that ends it.
        """
        with self._poller.lock:
            self._callbacks.append(callback)

        def forget() -> None:
            with self._poller.lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return forget

    @property
    def followed(self) -> bool:
        """Whether anybody wants to be told."""
        return bool(self._callbacks)

    def _tell(self) -> None:
        with self._poller.lock:
            callbacks = list(self._callbacks)
        for callback in callbacks:  # outside the lock: they may ask for anything
            try:
                callback(self)
            except Exception as error:  # a thread must not die of what somebody hung onto it
                with self._poller.lock:
                    self.problems.append(error)
                    if callback in self._callbacks:
                        self._callbacks.remove(callback)
        if self.done:
            with self._poller.lock:
                self._callbacks.clear()  # whoever followed it is free

    # -- for the poller

    @property
    def active(self) -> bool:
        """Whether the poller should look for this one."""
        return not (self._paused or self._ended.is_set())

    @property
    def ids(self) -> tuple[str, ...]:
        """What is to be looked at: all of it to the end, so that ``frame`` has all of it."""
        return self._progress.ids

    @property
    def of_jobs(self) -> bool:
        """Whether it follows jobs that are about no instance."""
        return self._progress.until == "done"

    def see_jobs(self, jobs: pd.DataFrame, now: float) -> None:
        """Take in one look at jobs that are followed themselves."""
        with self._poller.lock:
            if not self.done:
                self._looked, self._outage = now, ""
                self._progress.see_jobs(jobs, now)

    def see(self, frame: pd.DataFrame, now: float) -> tuple[str, ...]:
        """Take in one look; the jobs to look at before it can be judged."""
        with self._poller.lock:
            if self.done:  # stopped while the look was under way
                return ()
            self._looked, self._outage = now, ""
            return self._progress.see(frame, now)

    def judge(self, jobs: pd.DataFrame, now: float) -> None:
        """Take in those jobs."""
        with self._poller.lock:
            if not self.done:
                self._progress.judge(jobs, now)

    @property
    def working(self) -> bool:
        """Whether something is being done to an instance, so that jobs have something to tell."""
        with self._poller.lock:
            return not self.done and any(id in self._progress.states for id in self._progress.waiting)

    def learn(self, jobs: Sequence[Mapping[Any, Any]]) -> None:
        """Take in how far running jobs are."""
        with self._poller.lock:
            for id in () if self.done else self._progress.waiting:
                known = self._progress.jobs.get(id)
                for job in jobs:
                    if job["id"] == known if known else job["instance_id"] == id:
                        began = job["start_time"]
                        self._work[id] = Work(word(job["name"]), job["progress"], began and began.timestamp())
                        doing = OPERATIONS.get(word(job["name"]))
                        if doing is not None and doing.route.ends == self._progress.until:
                            # Watched by its id alone, it has a job all the same: that one will tell how it ended.
                            self._progress.jobs[id] = job["id"]
                        break

    def miss(self, now: float, outage: Exception) -> None:
        """Note that this look failed."""
        with self._poller.lock:
            if not self.done:
                tell_outage(self._progress, now, outage)
                self._outage = f"could not look ({type(outage).__name__}); trying on"

    def rest(self, now: float, at_least: float = 0.0) -> None:
        """Settle what comes after a look: the end, or the time of the next one."""
        self.due = now + max(self._pace.next(), at_least)
        with self._poller.lock:
            if not self._progress.waiting:
                self._end(now)
        self._tell()

    def tick(self) -> None:
        """Time has passed, nothing else."""
        self._tell()

    def give_up(self, now: float, error: Exception) -> None:
        """End it with an error."""
        with self._poller.lock:
            if not self.done:
                self.error = error
                self._end(now)
        self._tell()

    def _end(self, now: float) -> None:
        with self._poller.lock:
            if self._over is None:
                self._over = now
            self._ended.set()

    # -- faces

    def __repr__(self) -> str:
        with self._poller.lock:
            progress = self._progress
            lines = [
                f"{progress.names.get(id) or id}: {' '.join(filter(None, progress.states.get(id, ('not seen yet',))))}"
                for id in progress.ids
            ]
            state = type(self.error).__name__ if self.error is not None else self._state()
        return f"<{state}: {'; '.join(lines)}>"

    def __str__(self) -> str:
        from ..view.text import text_of

        return text_of(self.snapshot())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from ..view.html import faces

        return faces(self.snapshot())

    def _ipython_display_(self) -> None:
        from ..view.output import Showing

        with self._poller.lock:
            showing = self._showing = self._showing or Showing(self)
        showing.show()


def typical(operation: str, engine: str) -> float | None:
    """How many seconds such work usually takes; None where nobody knows.

    >>> typical("CreateInstance", "cassandra")
    420
    """
    known = OPERATIONS.get(operation)
    if known is None:
        return None
    if known.route.creates:
        return ENGINES[engine].create_seconds if engine in ENGINES else None
    return known.route.takes
