"""The daemon thread that looks for all watches of a client, also while a cell blocks."""

from __future__ import annotations

import threading

from ..cloud.transport import Patience
from ..core.clock import Clock, Moment
from ..core.errors import GaussnbError
from ..core.process import PerProcess
from ..core.service import Service
from .observer import Ask, Observer, run
from .pace import Pace
from .progress import Targets, begin
from .watch import Watch

TICK = 1.0
"""Real seconds between two calls of the callbacks of a watch while nothing happens, so that its clock moves on."""


class Poller(PerProcess):
    """One daemon thread that looks for all watches of a client. The thread ends when there are no watches.

    Args:
        service: says what a status means.
        ask: sends a read and returns its frame.
        clock: the time.
        seed: makes the pace repeatable.
        patience: says how late a listing may be.
    """

    def __init__(
        self, service: Service, ask: Ask, clock: Clock, seed: int | None, patience: Patience | None = None
    ) -> None:
        self._service, self._ask, self._clock, self._seed = service, ask, clock, seed
        self._patience = patience or Patience()
        self._observer = Observer(service)
        self._closed = False
        self._own()

    def _begin(self) -> None:
        self._watches: list[Watch] = []  # those of a parent go on in the parent
        self._thread: threading.Thread | None = None
        self._wakened = threading.Event()
        self.lock = threading.RLock()

    def now(self) -> Moment:
        """The time."""
        return Moment.read(self._clock)

    def watch(self, targets: Targets, *, until: str | None, interval: float) -> Watch:
        """Add a watch, and start the thread if it does not run.

        Raises:
            ValueError: there is no thing in ``targets``, or ``interval`` is not more than 0.
            GaussnbError: the client is closed.
        """
        if self._closed:
            raise GaussnbError("This client is closed: watch with another one.")
        progress = begin(self._service, targets, until, self.now(), self._patience)
        view = Watch(progress, Pace(interval, self._seed), self)
        with self.lock:
            self._watches.append(view)
        self.wake()
        return view

    def wake(self) -> None:
        """Let the thread look at the watches that are due now; start the thread if it does not run."""
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
            now = self.now()
            pause = min(view.due for view in active) - now.monotonic
            if pause <= 0:
                self._look(active, now)
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

    def _look(self, views: list[Watch], now: Moment) -> None:
        """Look once for all watches."""
        try:
            observation = run(self._observer.observe(views, now), self._ask)
        except Exception as fatal:  # the thread must not end without a word: each watch shows the error
            for view in views:
                view.give_up(now, fatal)
        else:
            for view in views:
                view.rest(now, observation.pause)
