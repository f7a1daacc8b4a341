"""The thread that looks for all watches of a client."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.clock import Clock
from ..core.errors import GaussnbError, PermissionDenied
from .progress import OUTAGES, Targets, asked_pause, begin
from .wait import Look, Pace, jobs_of

if TYPE_CHECKING:
    import pandas as pd

from .watch import Watch

TICK = 1.0
"""Real seconds after which those who follow a watch are told that time goes on."""


class Poller:
    """One daemon thread that looks for all watches of a client. It ends when there are none.

    Args:
        look: lists instances.
        look_at_jobs: lists jobs by their ids.
        look_at_work: lists the running jobs.
        clock: the time.
        seed: makes the pace repeatable.
    """

    def __init__(
        self, look: Look, look_at_jobs: Look, look_at_work: Callable[[], pd.DataFrame], clock: Clock, seed: int | None
    ) -> None:
        self._look, self._look_at_jobs, self._look_at_work = look, look_at_jobs, look_at_work
        self._clock, self._seed = clock, seed
        self._watches: list[Watch] = []
        self._thread: threading.Thread | None = None
        self._closed = False
        self._may_see_jobs = True
        self._wakened = threading.Event()
        self.lock = threading.RLock()

    def now(self) -> float:
        """The time, in epoch seconds."""
        return self._clock.time()

    def watch(self, targets: Targets, *, until: str | None, interval: float) -> Watch:
        """Add a watch, and start the thread where there is none.

        Raises:
            ValueError: there is no instance in ``targets``, or ``interval`` is not more than 0.
            GaussnbError: the client is closed.
        """
        if self._closed:
            raise GaussnbError("This client is closed: watch with another one.")
        view = Watch(begin(targets, until, self._clock.time()), Pace(interval, self._seed), self)
        with self.lock:
            self._watches.append(view)
        self.wake()
        return view

    def wake(self) -> None:
        """See to it that the thread runs and looks at what is due."""
        with self.lock:
            self._wakened.set()
            if not self._closed and self._thread is None and any(view.active for view in self._watches):
                self._thread = threading.Thread(target=self._run, name="gaussnb-poller", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread and every watch."""
        with self.lock:
            self._closed = True
            watches, thread = list(self._watches), self._thread
        for view in watches:
            view.stop()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)

    def _run(self) -> None:
        while True:
            with self.lock:
                self._wakened.clear()
                self._watches = [view for view in self._watches if not view.done]
                active = [view for view in self._watches if view.active]
                if self._closed or not active:
                    self._thread = None
                    return
            now = self._clock.time()
            pause = min(view.due for view in active) - now
            if pause <= 0:
                self._tick(active, now)
                continue
            followed = [view for view in active if view.followed]
            tick = TICK * self._clock.speed
            if followed and tick < pause:
                self._clock.sleep(tick, self._wakened)
                for view in followed:
                    if view.active:
                        view.tick()
            else:
                self._clock.sleep(pause, self._wakened)

    def _tick(self, views: list[Watch], now: float) -> None:
        """One list call, which tells all watches how things are, and at most one for all jobs."""
        try:
            pause = 0.0
            if of_jobs := [view for view in views if view.of_jobs]:
                known = self._look_at_jobs(_ids(of_jobs))
                for view in of_jobs:
                    view.see_jobs(known, now)
            if of_instances := [view for view in views if not view.of_jobs]:
                pause = self._look_at_instances(of_instances, now)
        except OUTAGES as outage:
            for view in views:
                view.miss(now, outage)
                view.rest(now, asked_pause(outage))
        except Exception as fatal:  # a thread must not die silently: the watch shows it
            for view in views:
                view.give_up(now, fatal)
        else:
            for view in views:
                view.rest(now, pause)

    def _look_at_instances(self, views: list[Watch], now: float) -> float:
        """Look at all instances once, and at most once at jobs; seconds the service asked to be left alone."""
        frame = self._look(_ids(views))
        asked = {view: view.see(frame, now) for view in views}
        jobs = tuple(dict.fromkeys(job for each in asked.values() for job in each))
        if not jobs:
            return self._look_how_far(views)
        known = jobs_of(self._look_at_jobs, jobs)
        for view in views:
            view.judge(known, now)
        self._teach(views, known)
        return 0.0

    def _look_how_far(self, views: list[Watch]) -> float:
        """Look at the running jobs; seconds the service asked to be left alone. Progress is a pleasure, no need."""
        if self._may_see_jobs and any(view.working for view in views):
            try:
                self._teach(views, self._look_at_work())
            except PermissionDenied:
                self._may_see_jobs = False
            except GaussnbError as refusal:
                return asked_pause(refusal)
        return 0.0

    def _teach(self, views: list[Watch], jobs: pd.DataFrame) -> None:
        running = jobs[jobs["status"] == "Running"]
        rows = running[["id", "name", "instance_id", "progress", "start_time"]].astype(object)
        records = rows.where(rows.notna(), None).to_dict("records")
        for view in views:
            view.learn(records)


def _ids(views: list[Watch]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id for view in views for id in view.ids))
