"""What is waited for and what was seen of it: one pure step, without network, threads or a clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from ..core.answers import word
from ..core.errors import (
    ApiError,
    BadAnswer,
    ServerError,
    Throttled,
    Unreachable,
)
from ..core.frames import frame_from
from ..core.rows import Known, Row
from ..nosql.service import OPERATIONS

if TYPE_CHECKING:
    import pandas as pd

Targets = Any
"""The frame of a call that started work, a frame of instances, an id, or several ids."""

READY = "normal"
FAILED = frozenset({"abnormal", "createfail", "enlargefail", "data_disk_full", "frozen"})
"""States an idle instance does not leave by itself. Every other one means: still going."""
HOPELESS = "createfail"
"""The one state that is an end whatever is being done."""
OUTAGES = (Unreachable, Throttled, ServerError, BadAnswer)
"""What a look may end in without anything being wrong with the instance: the next one may fare better."""
KNOWN = FAILED | {READY, "creating"}
UNSEEN = 60.0
"""Seconds after which an instance that never showed up counts as gone."""


class Seen(Row):
    """One observed change."""

    time: datetime
    """When it was seen."""
    elapsed: float
    """Seconds since the waiting began."""
    id: str
    """The instance."""
    name: str
    """Its name."""
    status: Annotated[str, Known(("creating", "normal", "abnormal", "createfail", "gone"))]
    """Its status; gone when it is no longer listed."""
    actions: str
    """What was being done to it."""
    note: str
    """What this means, where that is not plain."""


@dataclass
class Progress:
    """What is waited for, what was seen of it, and what that means. Pure: no network, no clock.

    Args:
        ids: the instances.
        until: ``"ready"`` or ``"gone"``.
        jobs: the job of an instance, where it is known.
        began: epoch seconds.
        operation: the id of the operation that started the work, where it is known.
        engines: the engine of an instance, where it is known.
    """

    ids: tuple[str, ...]
    until: str
    jobs: dict[str, str]
    began: float
    operation: str = ""
    engines: dict[str, str] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, tuple[str, str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    odd_jobs: set[str] = field(default_factory=set)
    frame: pd.DataFrame | None = None

    @property
    def done(self) -> bool:
        """Whether there is nothing left to wait for."""
        return bool(self.failed) or self.settled >= set(self.ids)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The instances that are still going."""
        return tuple(id for id in self.ids if id not in self.settled and id not in self.failed)

    def see(self, frame: pd.DataFrame, now: float) -> tuple[str, ...]:
        """Take in one look.

        Returns:
            The jobs to look at before this look can be judged; see :meth:`judge`.
        """
        self.frame = frame[frame["id"].isin(self.ids)].reset_index(drop=True)
        rows = self.frame[["id", "name", "status", "actions", "engine"]].to_dict("records")
        listed = {row["id"]: row for row in rows}
        ask = []
        for id in self.waiting:
            row = listed.get(id)
            status, actions = (word(row["status"]), word(row["actions"])) if row else ("gone", "")
            if row:
                self.names[id] = word(row["name"])
                self.engines[id] = word(row["engine"])
            if (status, actions) != self.states.get(id) and (row or id in self.states):
                self.states[id] = (status, actions)
                self.note(now, id, self._meaning(status, actions))
            if self._settles(id, now):
                if id in self.jobs:
                    ask.append(self.jobs[id])
                else:
                    self._settle(id, now)
        return tuple(ask)

    def judge(self, jobs: pd.DataFrame, now: float) -> None:
        """Take in the jobs of instances that look settled: one that still runs means wait on."""
        known = {row["id"]: row for row in jobs[["id", "status", "fail_reason"]].to_dict("records")}
        for id in self.waiting:
            if id not in self.jobs or not self._settles(id, now):
                continue
            job = known.get(self.jobs[id])
            status = word(job["status"]) if job else "unknown"
            if job and status == "Failed":
                self.failed[id] = word(job["fail_reason"])
                self.ended[id] = now
                self.note(now, id, f"the job failed: {self.failed[id] or 'no reason given'}")
            elif not job or status == "Completed" or self._status(id) == HOPELESS:
                self._settle(id, now)
            elif status != "Running" and status not in self.odd_jobs:
                self.odd_jobs.add(status)
                self.note(
                    now, id, f"its job is {status or 'nameless'}, a state this library does not know; still going"
                )

    def see_jobs(self, jobs: pd.DataFrame, now: float) -> None:
        """Take in one look at jobs that are waited for themselves, because their work is about no instance."""
        self.frame = jobs[jobs["id"].isin(self.ids)].reset_index(drop=True)
        rows = self.frame[["id", "name", "status", "fail_reason"]].to_dict("records")
        listed = {row["id"]: row for row in rows}
        for id in self.waiting:
            row = listed.get(id)
            if row is None:  # a list may lag behind
                if now - self.began >= UNSEEN:
                    self._end_job(now, id, "it is not there")
                continue
            status, self.names[id] = word(row["status"]), word(row["name"])
            if (status, "") == self.states.get(id):
                continue
            self.states[id] = (status, "")
            if status == "Completed":
                self._end_job(now, id, "")
            elif status == "Failed":
                self._end_job(now, id, word(row["fail_reason"]) or "no reason given")
            else:
                self.note(now, id, "" if status == "Running" else "a status this library does not know; still going")

    def _end_job(self, now: float, id: str, why: str) -> None:
        self.ended[id] = now
        self.note(now, id, f"failed: {why}" if why else "done")
        if why:
            self.failed[id] = why
        else:
            self.settled.add(id)

    def note(self, now: float, id: str, note: str) -> None:
        """Write one line of history."""
        status, actions = self.states.get(id, ("", ""))
        line = {"time": _iso(now), "elapsed": round(now - self.began, 1), "id": id}
        line |= {"name": self.names.get(id), "status": status or None, "actions": actions, "note": note}
        self.seen.append(line)

    def history(self) -> pd.DataFrame:
        """What was seen, as a frame with the columns of :class:`Seen`."""
        return frame_from(Seen, self.seen)

    def _status(self, id: str) -> str:
        return self.states.get(id, ("gone", ""))[0]

    def _settles(self, id: str, now: float) -> bool:
        """Whether this looks like an end."""
        status, actions = self.states.get(id, ("gone", ""))
        if status == "gone":
            # A list may lag behind a create.
            return self.until == "gone" or id in self.states or now - self.began >= UNSEEN
        if self.until == "gone":
            # Still there and nobody is at it: either the work has not begun, or it failed.
            return not actions
        return status == HOPELESS or (not actions and (status == READY or status in FAILED))

    def _settle(self, id: str, now: float) -> None:
        status = self._status(id)
        self.ended[id] = now
        if id not in self.states:
            self.note(now, id, "not found")
        if status == ("gone" if self.until == "gone" else READY):
            self.settled.add(id)
        elif self.until == "ready":
            self.failed[id] = "it is not there" if status == "gone" else f"its status is {status}"

    def _meaning(self, status: str, actions: str) -> str:
        if status == "gone":
            return "no longer listed"
        if status not in KNOWN:
            return "a status this library does not know; still going"
        if self.until == "gone":
            return ""
        if status == HOPELESS or (status in FAILED and not actions):
            return "failed"
        return "ready" if status == READY and not actions else ""


def begin(targets: Targets, until: str | None, now: float) -> Progress:
    """What to wait for, from all the ways of saying it.

    Raises:
        ValueError: there is no instance in it.
    """
    if until not in (None, "ready", "gone", "done"):
        raise ValueError(f"until is 'ready', 'gone' or 'done', not {until!r}")
    operation = None
    known: dict[str, dict[str, str]] = {}
    if hasattr(targets, "columns"):
        operation = OPERATIONS.get(str(targets.attrs.get("operation", "")))
        ids, known = _rows(targets.to_dict("records"), tuple(targets.columns))
    elif hasattr(targets, "keys") and {"id", "instance_id"} & set(targets.keys()):  # one row of a frame
        operation = OPERATIONS.get(str(getattr(targets, "attrs", {}).get("operation", "")))
        ids, known = _rows([dict(targets)], tuple(targets.keys()))
    elif isinstance(targets, str):
        ids = [targets]
    elif isinstance(targets, Iterable) and not isinstance(targets, (bytes, Mapping)):
        ids = list(targets)
        if wrong := next((id for id in ids if not isinstance(id, str)), None):
            raise ValueError(f"an instance is named by its id, not by {type(wrong).__name__}")
    else:
        raise ValueError(f"what to wait for is a frame, an id or several ids, not {type(targets).__name__}")
    ids = [id for id in dict.fromkeys(ids) if id]
    if not ids:
        raise ValueError("there is no instance to wait for")
    ends = "ready"
    if operation is not None and operation.route.ends != "answered":
        ends = operation.route.ends
    until = until or ends
    progress = Progress(tuple(ids), until, {}, now)
    progress.names |= known.get("name", {})
    progress.engines |= known.get("engine", {})
    if until == ends:  # the job that made an instance says nothing about its end
        progress.jobs |= known.get("job_id", {})
        progress.operation = operation.route.id if operation is not None else ""
    return progress


def _rows(rows: Sequence[Mapping[Any, Any]], columns: Sequence[Any]) -> tuple[list[str], dict[str, dict[str, str]]]:
    """The instances of a frame's rows, and what it knows of them, by column: job_id, name, engine."""
    key = next((name for name in ("instance_id", "id", "job_id") if name in columns), None)
    if key is None:
        raise ValueError("there is no column id, instance_id or job_id in this frame: nothing to wait for")
    # Waited for by its job alone, work is known by nothing else.
    known = {
        column: {word(row[key]): word(row[column]) for row in rows if word(row.get(column))}
        for column in ("job_id", "name", "engine")
        if column != key
    }
    return [word(row[key]) for row in rows], known


def asked_pause(error: Exception) -> float:
    """Seconds the service asked to be left alone."""
    return (error.retry_after or 0.0) if isinstance(error, ApiError) else 0.0


def tell_outage(progress: Progress, now: float, error: Exception) -> None:
    """Note that a look failed, once for each outage."""
    note = f"could not look ({type(error).__name__}); trying on"
    for id in progress.waiting:
        if not any(line["id"] == id and line["note"] == note for line in progress.seen[-len(progress.ids) :]):
            progress.note(now, id, note)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(round(seconds), UTC).isoformat()
