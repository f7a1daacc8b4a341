"""What there is to see of a watch at one moment, for whoever draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    pass

State = Literal["watching", "paused", "done", "stopped", "error"]
Phase = Literal["unseen", "going", "ready", "gone", "done", "failed"]


@dataclass(frozen=True)
class Shown:
    """What there is to see of one instance."""

    id: str
    name: str
    """Its name; empty while it is not known."""
    engine: str
    """Its engine; empty while it is not known."""
    phase: Phase
    """What its status means here."""
    status: str
    """Its status; gone when it is no longer listed, empty before the first look."""
    actions: str
    """What is being done to it."""
    job: str
    """The name of the job that works on it; empty where it is not known."""
    percent: float | None
    """How far that job is, while it goes on."""
    elapsed: float
    """Seconds since the work, or the watching, began; until the end, when there is one."""
    typical: float | None
    """Seconds such work usually takes."""
    why: str
    """Why it failed."""


@dataclass(frozen=True)
class Snapshot:
    """All there is to see of a watch at one moment."""

    state: State
    message: str
    """What is wrong with the watching itself, if anything is."""
    until: str
    """What is waited for: ``"ready"``, ``"gone"``, or of jobs ``"done"``."""
    looked: float | None
    """When the last look was, in epoch seconds."""
    instances: tuple[Shown, ...]
    timeline: tuple[Mapping[str, Any], ...]
    """The observed changes, mappings with the columns of the history."""
    problems: tuple[str, ...]
    """What callbacks raised."""
