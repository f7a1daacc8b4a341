"""Turns: threads that run one at a time, in the order of a simulated clock, so that a run can be repeated exactly."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

_MOST = 20_000  # turns of one run: a run that needs more does not end


class Endless(RuntimeError):
    """A run does not end."""


class Player:
    """One line of work that takes turns with the others, such as a process. Only one player runs at a time.

    A player may work in several threads as long as all but one of them wait for another.
    """

    def __init__(self) -> None:
        self.go = threading.Lock()
        self.go.acquire()


class Turns:
    """Decides who runs: whoever has the earliest moment on the simulated clock.

    Args:
        now: the first moment, in epoch seconds.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self._queue: list[tuple[float, int, Player | Callable[[], None]]] = []
        self._order = itertools.count()
        self._ended = threading.Event()
        self._error: BaseException | None = None

    def at(self, moment: float, happen: Callable[[], None]) -> None:
        """Let something happen at a moment; players do not run meanwhile."""
        self._put(moment, happen)

    def start(self, moment: float, body: Callable[[Player], None]) -> None:
        """Start a player at a moment."""
        player = Player()

        def work() -> None:
            player.go.acquire()
            try:
                body(player)
            except BaseException as error:  # a fault of the simulation itself: run() raises it
                self._error = self._error or error
            self._next(None)

        self._put(moment, player)
        threading.Thread(target=work, daemon=True).start()

    def pause(self, player: Player, seconds: float) -> None:
        """Let seconds pass for a player. Other players run meanwhile."""
        self._put(self.now + seconds, player)
        self._next(player)

    def run(self) -> None:
        """Give everybody their turns until nobody is left."""
        self._ended.clear()
        self._next(None)
        self._ended.wait()
        if self._error is not None:
            raise self._error

    def _put(self, moment: float, who: Player | Callable[[], None]) -> None:
        heapq.heappush(self._queue, (moment, next(self._order), who))

    def _next(self, current: Player | None) -> None:
        """Give the turn to the next one. With a current player, return when that player has the turn again."""
        while self._queue:
            moment, order, who = heapq.heappop(self._queue)
            if order > _MOST:
                self._error = self._error or Endless(f"more than {_MOST} turns")
                break
            self.now = max(self.now, moment)
            if not isinstance(who, Player):
                who()
            elif who is current:
                return
            else:
                who.go.release()
                if current is not None:
                    current.go.acquire()
                return
        self._ended.set()
        if current is not None:  # the run was given up: this thread is left to its daemon's fate
            current.go.acquire()
