"""The clock of the sandbox: it runs faster than real time, or it stands and moves only by calls."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime

from ...core.faces import face
from ...core.process import PerProcess

_SLICE = 0.1  # real seconds: short, so that an interrupt ends the wait at once on every platform


class Clock(PerProcess):
    """A clock with a speed.

    Args:
        start: the first moment of a *standing* clock, as a datetime or ISO text (UTC without an offset). A standing
            clock moves only by :meth:`advance` and :meth:`sleep`, so that a run can be repeated exactly. Without a
            start the clock begins at the present and *runs*.
        speed: virtual seconds per real second.
        standing: True for a standing clock, False for a clock that runs on from its start. Left out, a clock with a
            start stands.

    >>> clock = Clock("2026-01-01T00:00:00", speed=1e6)
    >>> clock.sleep(600)
    >>> clock
    <clock 2026-01-01T00:10:00Z, standing>
    """

    def __init__(self, start: datetime | str | None = None, speed: float = 60.0, standing: bool | None = None) -> None:
        self.standing = start is not None if standing is None else standing
        if not speed > 0 or (not self.standing and math.isinf(speed)):
            raise ValueError(f"the speed of a clock is a positive number, not {speed}")
        self.speed = float(speed)
        self._base = epoch(start) if start is not None else time.time()
        self._since = time.monotonic()
        self._own()

    def _begin(self) -> None:
        self._lock = threading.Lock()

    def time(self) -> float:
        """Now, in epoch seconds."""
        with self._lock:
            return self._time()

    def now(self) -> datetime:
        """Now, as a datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def monotonic(self) -> float:
        """Now, in seconds for durations: this clock only goes forward, so they are its epoch seconds."""
        return self.time()

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass immediately."""
        if not seconds >= 0:
            raise ValueError(f"time only goes forward: {seconds}")
        with self._lock:
            self._base += seconds

    def move_to(self, moment: float) -> None:
        """Go forward to ``moment`` in epoch seconds; stay when ``moment`` is in the past."""
        with self._lock:
            self._base += max(0.0, moment - self._time())

    def sleep(self, seconds: float, wake: threading.Event | None = None) -> None:
        """Wait until ``seconds`` have passed on this clock, or until ``wake`` is set.

        Waiting moves a standing clock to the end of the wait. Several threads that wait at the same time do not add
        their seconds up.
        """
        wake = wake or threading.Event()
        target = self.time() + seconds
        end = time.monotonic() + seconds / self.speed
        while (left := end - time.monotonic()) > 0:
            if wake.wait(min(left, _SLICE)):
                return
        if self.standing:
            self.move_to(target)

    def _time(self) -> float:
        passed = 0.0 if self.standing else time.monotonic() - self._since
        return self._base + passed * self.speed

    @face
    def __repr__(self) -> str:
        if self.standing:
            return f"<clock {self.now():%Y-%m-%dT%H:%M:%SZ}, standing>"
        return f"<clock, {self.speed:g} times real time>"


def epoch(moment: datetime | str) -> float:
    """A moment in epoch seconds; UTC without an offset."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
