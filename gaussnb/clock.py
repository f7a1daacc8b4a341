"""Time, as the client sees it: real time, or a sandbox's."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

_SLICE = 0.25  # an interrupt is noticed this soon on every platform


class Clock(Protocol):
    """What waiting, retrying and signing need to know of time."""

    def time(self) -> float:
        """Now, in epoch seconds."""

    def now(self) -> datetime:
        """Now, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Return when ``seconds`` have passed."""


class RealClock:
    """The time of this machine."""

    def time(self) -> float:
        return time.time()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE))
