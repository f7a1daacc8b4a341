"""The time between two looks."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ..core.process import PerProcess

SLOWEST = 30.0
"""Seconds between two looks at most."""


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
        self._own()

    def _begin(self) -> None:
        self._random = random.Random(self.seed)  # two forked children without a seed must not look at the same moments

    def next(self) -> float:
        """Seconds until the next look."""
        pause = self.interval * self._random.uniform(0.9, 1.1)
        self.interval = min(self.interval * 1.4, max(SLOWEST, self.interval))
        return pause
