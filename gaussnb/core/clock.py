"""The clock of a client: the time of this machine, or that of a sandbox."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

_SLICE = 0.25  # seconds of one wait: on some platforms an interrupt is only noticed after it


class Clock(Protocol):
    """The interface of a clock, for waiting, retrying and signing."""

    speed: float
    """Seconds of this clock in one second of real time."""

    def time(self) -> float:
        """The present time in epoch seconds."""
        ...

    def now(self) -> datetime:
        """The present time in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since a moment of no meaning. Nobody can set this clock back or forward, so durations use it."""
        ...

    def sleep(self, seconds: float, wake: threading.Event | None = None) -> None:
        """Return when ``seconds`` have passed, or when ``wake`` is set."""
        ...


@dataclass(frozen=True)
class Moment:
    """One reading of a clock: a time to write down, and seconds for durations."""

    time: float
    """Epoch seconds. A clock can be set, so nothing is measured with them."""
    monotonic: float
    """Seconds since a moment of no meaning; see :meth:`Clock.monotonic`."""

    @classmethod
    def read(cls, clock: Clock) -> Moment:
        """Read a clock."""
        return cls(clock.time(), clock.monotonic())

    def since(self, earlier: Moment) -> float:
        """Seconds that have passed since an earlier moment."""
        return self.monotonic - earlier.monotonic


class RealClock:
    """The time of this machine."""

    speed = 1.0

    def time(self) -> float:
        """The present time in epoch seconds."""
        return time.time()

    def now(self) -> datetime:
        """The present time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that no setting of the machine's clock changes."""
        return time.monotonic()

    def sleep(self, seconds: float, wake: threading.Event | None = None) -> None:
        """Return when ``seconds`` have passed, or when ``wake`` is set."""
        wake = wake or threading.Event()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not wake.wait(min(left, _SLICE)):
            pass
