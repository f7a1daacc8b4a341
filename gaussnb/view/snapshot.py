"""The state of a watch at one moment, as data for text, HTML and widgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

State = Literal["watching", "paused", "done", "stopped", "error"]
"""The state of the watch itself."""
Phase = Literal["unseen", "going", "ready", "gone", "done", "failed"]
"""The meaning of a thing's status, given the end that is waited for."""


@dataclass(frozen=True)
class Shown:
    """The visible facts about one thing."""

    id: str
    name: str
    """The name; empty while it is not known."""
    kind: str
    """The kind of thing, like the engine of a database; empty while it is not known."""
    phase: Phase
    """The meaning of the status."""
    status: str
    """The status of the service; ``gone`` if the thing is no longer listed, empty before the first look."""
    actions: str
    """The work on the thing, in the words of the service."""
    job: str
    """The name of the job that works on the thing; empty if it is not known."""
    percent: float | None
    """The progress of that job, while it runs."""
    elapsed: float
    """Seconds since the work or the watch began, up to its end."""
    typical: float | None
    """Seconds that such work usually takes."""
    why: str
    """The reason of a failure."""
    doing: str = ""
    """The work on the thing, in English."""


@dataclass(frozen=True)
class Snapshot:
    """The visible state of a watch at one moment."""

    state: State
    message: str
    """The error that ended the watch, or the outage that goes on; empty if there is none."""
    until: str
    """The end that is waited for: ``"ready"``, ``"gone"``, or ``"done"`` for jobs."""
    looked: float | None
    """The time of the last look, in epoch seconds."""
    instances: tuple[Shown, ...]
    timeline: tuple[Mapping[str, Any], ...]
    """The observed changes, mappings with the columns of the history."""
    problems: tuple[str, ...]
    """The errors of callbacks."""
    nouns: str = "things"
    """The word for several watched things."""


class Watched(Protocol):
    """The part of a watch that its views use."""

    @property
    def done(self) -> bool:
        """True if the watch has ended."""
        ...

    def snapshot(self) -> Snapshot:
        """The visible state now."""
        ...

    def on_change(self, callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call back at each change; returns a function that removes the callback."""
        ...

    def pause(self) -> None:
        """Stop looking until :meth:`resume`."""
        ...

    def resume(self) -> None:
        """Look again, now."""
        ...

    def stop(self) -> None:
        """End the watch."""
        ...
