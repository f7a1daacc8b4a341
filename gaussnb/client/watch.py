"""A live view of what is watched, which never blocks.

A :class:`Watch` is one state with several views: :meth:`Watch.snapshot` is all there is to see of it, and
:mod:`gaussnb.view` and :mod:`gaussnb.widgets.panel` show the snapshot as text, as HTML and as widgets.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, cast

from ..core.clock import Moment
from ..core.errors import GaussnbError
from ..core.faces import face
from ..core.frames import frame_from
from ..core.process import PerProcess
from ..view.html import faces
from ..view.output import Showing
from ..view.snapshot import Phase, Shown, Snapshot, State
from ..view.text import text_of
from .pace import Pace
from .progress import Progress, outage_note

if TYPE_CHECKING:
    import pandas as pd


class Looker(Protocol):
    """The thread that looks for a watch."""

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """Held while the state of a watch is read or changed."""
        ...

    def now(self) -> Moment:
        """The time."""
        ...

    def wake(self) -> None:
        """Look at what is due now."""
        ...


class Watch(PerProcess):
    """A live view of things. A watch never blocks: read its attributes again to see more.

    ``frame`` has the last rows seen, ``history`` one row per observed change, as for :meth:`gaussnb.Client.wait`. A
    notebook shows a watch as a panel with buttons, which follows every change. At the end the panel becomes text and
    HTML, which stay in the saved notebook.

    A watch stays in its process. In a forked child it has ended, with an error that says so: it goes on in the parent,
    and the child can start another one.
    """

    stays = (
        "a watch stays in its process; send its .frame or .history, or call gaussnb.connect() and watch in the worker"
    )

    def __init__(self, progress: Progress, pace: Pace, looker: Looker) -> None:
        self._progress = progress
        self._pace = pace
        self._looker = looker
        self._paused = False
        self._over: Moment | None = None
        self._looked: Moment | None = None
        self._outage = ""
        self._callbacks: list[Callable[[Watch], object]] = []
        self._showing: Showing | None = None
        self.due = progress.began.monotonic
        """The time of the next look, in monotonic seconds of the client's clock."""
        self.error: Exception | None = None
        """The error that ended the watch, if any."""
        self.problems: list[Exception] = []
        """The errors of callbacks; a callback that raised is called no more."""
        self._own()

    def _begin(self) -> None:
        self._ended = threading.Event()
        if self._over is not None:
            self._ended.set()

    def _leave(self) -> None:
        self._callbacks.clear()  # what they show belongs to the parent
        if self._over is None:
            self._over = self._looked or self._progress.began
            self.error = GaussnbError("This watch goes on in the process that started it: watch again in this one.")

    # -- the observed state

    @property
    def frame(self) -> pd.DataFrame:
        """The last rows seen, with the columns of the list of things; of the list of jobs for jobs."""
        with self._looker.lock:
            if self._progress.frame is not None:
                return self._progress.frame.copy()
            service = self._progress.service
            return frame_from(service.job_row if self.of_jobs else service.thing_row, [])

    @property
    def history(self) -> pd.DataFrame:
        """One row per observed change."""
        with self._looker.lock:
            return self._progress.history()

    @property
    def done(self) -> bool:
        """True if the watch has ended: everything is settled, the watch was stopped, or an error ended it."""
        return self._ended.is_set()

    @property
    def failed(self) -> dict[str, str]:
        """The reason of the failure of each thing that failed, by id."""
        with self._looker.lock:
            return dict(self._progress.failed)

    def snapshot(self) -> Snapshot:
        """The visible state now, for the views."""
        with self._looker.lock:
            now = self._looker.now() if self._over is None else self._over
            progress = self._progress
            return Snapshot(
                state=self._state(),
                message=str(self.error) if self.error is not None else self._outage,
                until=progress.until,
                looked=None if self._looked is None else self._looked.time,
                things=tuple(self._shown(id, now) for id in progress.ids),
                timeline=tuple(progress.seen),
                problems=tuple(f"{type(error).__name__}: {error}" for error in self.problems),
                nouns=f"{progress.service.noun}s",
            )

    def _state(self) -> State:
        if self.error is not None:
            return "error"
        if self.done:
            return "stopped" if self._progress.waiting else "done"
        return "paused" if self._paused else "watching"

    def _shown(self, id: str, now: Moment) -> Shown:
        progress, work = self._progress, self._progress.work.get(id)
        lifecycle = progress.service.lifecycle
        status, actions = progress.states.get(id, ("", ""))
        kind = progress.kinds.get(id, "")
        phase: Phase = "going" if status else "unseen"
        if id in progress.failed:
            phase = "failed"
        elif id in progress.settled:
            phase = cast(Phase, progress.until)  # the end that was waited for
        elapsed = progress.ended.get(id, now).since(progress.began)
        if work is not None and work.began is not None:  # the job may be older than this watch
            elapsed += max(0.0, progress.began.time - work.began)
        return Shown(
            id=id,
            name=progress.names.get(id, ""),
            kind=kind,
            phase=phase,
            status=status,
            actions=actions,
            job=work.name if work else "",
            percent=work.percent if work and id in progress.waiting else None,
            elapsed=max(0.0, elapsed),
            typical=lifecycle.typical(work.name if work else progress.operation, kind),
            why=progress.failed.get(id, ""),
            doing=lifecycle.describe_actions(actions.split(", ") if actions else ()),
        )

    # -- controls

    def pause(self) -> None:
        """Stop looking until :meth:`resume`."""
        self._paused = True
        self._tell()

    def resume(self) -> None:
        """Look again, now."""
        self._paused = False
        self.due = -math.inf
        self._looker.wake()
        self._tell()

    def stop(self) -> None:
        """End the watch. The cloud's work goes on."""
        self._end(self._looker.now())
        self._looker.wake()
        self._tell()

    def join(self, timeout: float | None = None) -> bool:
        """Block until the watch ends, at most ``timeout`` real seconds; True if it has ended."""
        return self._ended.wait(timeout)

    def on_change(self, callback: Callable[[Watch], object]) -> Callable[[], None]:
        """Call back at each change, and each second while nothing changes; never after the end.

        Args:
            callback: called with this watch, mostly from the poller's thread, and once more at the end. A callback
                that raises is called no more; its error is in ``problems`` and on the panel.

        Returns:
            A function that removes the callback.
        """
        with self._looker.lock:
            self._callbacks.append(callback)

        def forget() -> None:
            with self._looker.lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return forget

    @property
    def followed(self) -> bool:
        """True if there is a callback."""
        return bool(self._callbacks)

    def _tell(self) -> None:
        with self._looker.lock:
            callbacks = list(self._callbacks)
        for callback in callbacks:  # outside the lock: a callback may call any method
            try:
                callback(self)
            except Exception as error:  # the thread must survive an error of a callback
                with self._looker.lock:
                    self.problems.append(error)
                    if callback in self._callbacks:
                        self._callbacks.remove(callback)
        if self.done:
            with self._looker.lock:
                self._callbacks.clear()  # nothing is called after the end

    # -- for the poller: as gaussnb.client.observer.Observed

    @property
    def active(self) -> bool:
        """True if the poller should look for this watch."""
        return not (self._paused or self._ended.is_set())

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of everything that is watched."""
        return self._progress.ids

    @property
    def wanted(self) -> tuple[str, ...]:
        """The ids to look at: all of them to the end, so that ``frame`` has a row for each."""
        return self._progress.ids

    @property
    def of_jobs(self) -> bool:
        """True if the watch follows jobs whose work is about no thing."""
        return self._progress.of_jobs

    @property
    def wants_job_progress(self) -> bool:
        """True if work goes on whose job may say how far it is."""
        with self._looker.lock:
            return not self.done and any(id in self._progress.states for id in self._progress.waiting)

    def see(self, frame: pd.DataFrame, now: Moment) -> tuple[str, ...]:
        """Take in a listing; returns the jobs to look at before it can be judged."""
        with self._looker.lock:
            if self.done:  # stopped during the look
                return ()
            self._looked, self._outage = now, ""
            return self._progress.see(frame, now)

    def judge(self, jobs: pd.DataFrame | None, now: Moment) -> None:
        """Take in those jobs; None if they may not be listed."""
        with self._looker.lock:
            if not self.done:
                self._progress.judge(jobs, now)

    def see_jobs(self, jobs: pd.DataFrame, now: Moment) -> None:
        """Take in a listing of jobs that are followed themselves."""
        with self._looker.lock:
            if not self.done:
                self._looked, self._outage = now, ""
                self._progress.see_jobs(jobs, now)

    def learn(self, jobs: Sequence[Mapping[Any, Any]]) -> None:
        """Take in the progress of running jobs."""
        with self._looker.lock:
            if not self.done:
                self._progress.learn(jobs)

    def miss(self, now: Moment, outage: Exception) -> None:
        """Note that the look failed."""
        with self._looker.lock:
            if not self.done:
                self._progress.miss(now, outage)
                self._outage = outage_note(outage)

    def rest(self, now: Moment, at_least: float = 0.0) -> None:
        """End the watch after a look if everything is settled; else set the time of the next look."""
        self.due = now.monotonic + max(self._pace.next(at_most=self._progress.evidence.pause), at_least)
        with self._looker.lock:
            if not self._progress.waiting:
                self._end(now)
        self._tell()

    def tick(self) -> None:
        """Call the callbacks, since time has passed."""
        self._tell()

    def give_up(self, now: Moment, error: Exception) -> None:
        """End the watch with an error."""
        with self._looker.lock:
            if not self.done:
                self.error = error
                self._end(now)
        self._tell()

    def _end(self, now: Moment) -> None:
        with self._looker.lock:
            if self._over is None:
                self._over = now
            self._ended.set()

    # -- views

    @face
    def __repr__(self) -> str:
        with self._looker.lock:
            progress = self._progress
            lines = [
                f"{progress.names.get(id) or id}: {' '.join(filter(None, progress.states.get(id, ('not seen yet',))))}"
                for id in progress.ids
            ]
            state = type(self.error).__name__ if self.error is not None else self._state()
        return f"<{state}: {'; '.join(lines)}>"

    @face
    def __str__(self) -> str:
        return text_of(self.snapshot())

    @face
    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return faces(self.snapshot())

    def _ipython_display_(self) -> None:
        with self._looker.lock:
            showing = self._showing = self._showing or Showing(self)
        showing.show()
