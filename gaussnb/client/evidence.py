"""Signs that a late listing may give falsely, and when they are believed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..cloud.transport import Patience


@dataclass(frozen=True)
class _Sign:
    """One sign about a thing: its kind, the time of the first look that showed it, and the number of those looks."""

    kind: str
    since: float
    looks: int
    lag: float


class Evidence:
    """The signs about things that were seen in a row. A listing may be late, so one look proves nothing.

    A sign, such as "the thing is missing", is believed when it was seen in ``patience.absences`` looks in a row, the
    first and the last of them at least ``patience.lag`` seconds apart.

    Args:
        patience: says how late a listing may be.

    >>> evidence = Evidence(Patience(lag=15, absences=3))
    >>> [evidence.confirms("id", "missing", now) for now in (0, 10, 20)]
    [False, False, True]
    >>> evidence.refute("id")
    >>> evidence.confirms("id", "missing", 30)
    False
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._signs: dict[str, _Sign] = {}

    def confirms(self, id: str, kind: str, now: float, at_least: float = 0.0) -> bool:
        """Take in a sign about a thing; True if it is believed now.

        Args:
            id: the thing.
            kind: the sign; another one than in the last look begins anew.
            now: monotonic seconds.
            at_least: seconds between the first and the last look, where more than the lag is needed.
        """
        last = self._signs.get(id)
        if last is None or last.kind != kind:
            last = _Sign(kind, now, 0, 0.0)
        sign = _Sign(kind, last.since, last.looks + 1, max(self._patience.lag, at_least))
        self._signs[id] = sign
        return sign.looks >= self._patience.absences and now - sign.since >= sign.lag

    def refute(self, id: str) -> None:
        """Forget the sign about a thing: a look showed something else, or the thing is judged."""
        self._signs.pop(id, None)

    @property
    def pause(self) -> float:
        """Seconds between two looks that confirm the open signs without delay; infinite if no sign is open."""
        between = max(1, self._patience.absences - 1)
        return min((sign.lag / between for sign in self._signs.values()), default=math.inf)
