"""The time between two looks, and the time that a wait has really watched."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from ..core.clock import Clock
from ..core.process import PerProcess

SLOWEST = 30.0
"""Seconds between two looks at most."""
SLACK = 60.0
"""Seconds that a pause may last longer than planned; a longer pause means that the machine stood still."""


@dataclass
class Pace(PerProcess):
    """The pauses between looks: they grow from look to look, each with a random jitter.

    Args:
        interval: seconds between the first looks.
        seed: makes the pauses repeatable.
    """

    interval: float
    seed: int | None = None

    def __post_init__(self) -> None:
        if not self.interval > 0:
            raise ValueError(f"seconds between looks are more than 0, not {self.interval}")
        self._shortest = self.interval
        self._own()

    def _begin(self) -> None:
        self._random = random.Random(self.seed)  # two forked children without a seed must not look at the same moments

    def next(self, at_most: float = math.inf) -> float:
        """Seconds until the next look.

        Args:
            at_most: look sooner than planned, though never sooner than after the first interval.
        """
        pause = max(self._shortest, min(self.interval, at_most)) * self._random.uniform(0.9, 1.1)
        self.interval = min(self.interval * 1.4, max(SLOWEST, self.interval))
        return pause


class Stopwatch:
    """The seconds that a wait has watched. Time that passed unseen is not counted.

    A laptop that was suspended wakes hours later, and on some systems the monotonic clock counts these hours. They say
    nothing about the cloud: a limit may only end a wait that has looked in the meantime.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = clock.monotonic()
        self.watched = 0.0
        """Seconds that were watched so far."""

    def lap(self, planned: float = 0.0, slack: float = SLACK) -> bool:
        """Count the seconds since the last lap; True if time has passed unseen.

        Args:
            planned: seconds that the lap should last.
            slack: seconds that it may last longer.
        """
        now = self._clock.monotonic()
        passed, self._last = now - self._last, now
        unseen = passed > planned + slack
        self.watched += planned if unseen else passed
        return unseen
