"""Time, as the client sees it: real time, or a sandbox's."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol

_SLICE = 0.25  # an interrupt is noticed this soon on every platform


class Clock(Protocol):
    """What waiting, retrying and signing need to know of time."""

    speed: float
    """Its seconds in a real one."""

    def time(self) -> float:
        """Now, in epoch seconds."""
        ...

    def now(self) -> datetime:
        """Now, in UTC."""
        ...

    def sleep(self, seconds: float, wake: threading.Event | None = None) -> None:
        """Return when ``seconds`` have passed, or when ``wake`` is set."""
        ...


class RealClock:
    """The time of this machine."""

    speed = 1.0

    def time(self) -> float:
        """Now, in epoch seconds."""
        return time.time()

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float, wake: threading.Event | None = None) -> None:
        """Return when ``seconds`` have passed, or when somebody sets ``wake``."""
        wake = wake or threading.Event()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not wake.wait(min(left, _SLICE)):
            pass
