"""The figures of a campaign: what was tried, how often, and how often it went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_EXAMPLES = 10  # faults that a figure shows


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    part: str
    """The part of the campaign, such as ``simulation``."""
    what: str
    """The thing that was tried, in words."""
    count: int
    """The number of tries."""
    bad: int
    """The number of tries that went wrong; the goal is 0."""
    examples: tuple[str, ...] = field(default=())
    """The first faults, each with the seed or the input that repeats it."""


def merged(figures: Iterable[Figure]) -> list[Figure]:
    """Add the figures of the shares of one part: one figure for each part and subject, in the order of the first."""
    sums: dict[tuple[str, str], Figure] = {}
    for one in figures:
        key = one.part, one.what
        known = sums.get(key, Figure(one.part, one.what, 0, 0))
        examples = (known.examples + one.examples)[:_EXAMPLES]
        sums[key] = Figure(one.part, one.what, known.count + one.count, known.bad + one.bad, examples)
    return list(sums.values())
