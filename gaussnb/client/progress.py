"""The progress of what is waited for: a pure step from listings to changes, without network, threads or a clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from ..cloud.transport import Patience
from ..core.answers import Columns, word
from ..core.clock import Moment
from ..core.frames import frame_of
from ..core.rows import Known, Row
from ..core.service import Service, StatusPhase
from .evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

Targets = Any
"""The frame of a call that started work, a frame of things, an id, or several ids."""

GONE = "gone"
"""The status of a thing that is no longer listed."""
UNSEEN = 60.0
"""Seconds after which a thing that never showed up counts as gone: a list may lag far behind a create."""


class Seen(Row):
    """One observed change."""

    time: datetime
    """The time of the observation."""
    elapsed: float
    """Seconds since the waiting began."""
    id: str
    """The thing, or the job."""
    name: str
    """The name."""
    status: Annotated[str, Known((GONE,))]
    """The status; ``gone`` if the thing is no longer listed."""
    actions: str
    """The work on the thing."""
    note: str
    """The meaning of the change, where the status does not say it."""


@dataclass(frozen=True)
class JobProgress:
    """The progress of the job that works on a thing."""

    name: str
    percent: float | None
    began: float | None
    """Epoch seconds."""


@dataclass
class Progress:
    """The things that are waited for, the observed changes, and their meaning. Pure: no network, no clock.

    Args:
        service: says what a status means.
        ids: the things.
        until: ``"ready"``, ``"gone"``, or ``"done"`` if ``ids`` are jobs.
        jobs: the job of a thing, where it is known.
        began: the begin of the waiting.
        operation: the id of the operation that started the work, where it is known.
        kinds: the kind of a thing, where it is known.
        patience: says how late a listing may be, so how often a thing must be missing before it counts as gone.
    """

    service: Service
    ids: tuple[str, ...]
    until: str
    jobs: dict[str, str]
    began: Moment
    operation: str = ""
    kinds: dict[str, str] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    seen: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, tuple[str, str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    ended: dict[str, Moment] = field(default_factory=dict)
    work: dict[str, JobProgress] = field(default_factory=dict)
    odd_jobs: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    frame: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        self.evidence = Evidence(self.patience)

    @property
    def done(self) -> bool:
        """True if there is nothing left to wait for."""
        return bool(self.failed) or self.settled >= set(self.ids)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The things that are still going."""
        return tuple(id for id in self.ids if id not in self.settled and id not in self.failed)

    # -- as gaussnb.client.observer.Observed

    @property
    def wanted(self) -> tuple[str, ...]:
        """The ids to look at."""
        return self.waiting

    @property
    def of_jobs(self) -> bool:
        """True if ``ids`` are jobs whose work is about no thing."""
        return self.until == "done"

    @property
    def wants_job_progress(self) -> bool:
        """Always False: the blocking wait shows no progress of jobs."""
        return False

    def see(self, frame: pd.DataFrame, now: Moment) -> tuple[str, ...]:
        """Take in a listing of things.

        Returns:
            The jobs to look at before the listing can be judged; see :meth:`judge`.
        """
        self.frame = frame[frame["id"].isin(self.ids)].reset_index(drop=True)
        kind = self.service.kind_column
        columns = [name for name in ("id", "name", "status", "actions", kind) if name in self.frame.columns]
        listed = {row["id"]: row for row in self.frame[columns].to_dict("records")}
        self.missing = set(self.waiting) - set(listed)
        asked = []
        for id in self.waiting:
            if row := listed.get(id):
                self.names[id], self.kinds[id] = word(row["name"]), word(row.get(kind))
                self._turn(now, id, word(row["status"]), word(row.get("actions")))
            if id in self.jobs and self.service.list_jobs is not None and self._looks_settled(id):
                asked.append(self.jobs[id])
            else:
                self._decide(now, id)
        return tuple(asked)

    def judge(self, jobs: pd.DataFrame | None, now: Moment) -> None:
        """Take in the jobs of things that look settled; None if they may not be listed.

        A job that still runs means that the thing is not settled.
        """
        rows = [] if jobs is None else jobs[["id", "status", "fail_reason"]].to_dict("records")
        known = {row["id"]: row for row in rows}
        lifecycle = self.service.lifecycle
        for id in self.waiting:
            if id not in self.jobs or not self._looks_settled(id):
                continue
            job = known.get(self.jobs[id])
            status = word(job["status"]) if job else ""
            phase: StatusPhase | None = lifecycle.job_phase(status) if job else None
            if job and phase == "failed":
                why = word(job["fail_reason"]) or "no reason given"
                self._end(now, id, why)
                self.note(now, id, f"the job failed: {why}")
            elif phase == "going" and not self._is_final(id):
                self.evidence.refute(id)
                if status not in lifecycle.jobs and status not in self.odd_jobs:
                    self.odd_jobs.add(status)
                    note = f"its job is {status or 'nameless'}, a state this library does not know; still going"
                    self.note(now, id, note)
            else:
                self._decide(now, id, phase, in_doubt=jobs is not None and not job)

    def see_jobs(self, jobs: pd.DataFrame, now: Moment) -> None:
        """Take in a listing of jobs that are waited for themselves, because their work is about no thing."""
        self.frame = jobs[jobs["id"].isin(self.ids)].reset_index(drop=True)
        rows = self.frame[["id", "name", "status", "fail_reason"]].to_dict("records")
        listed = {row["id"]: row for row in rows}
        for id in self.waiting:
            row = listed.get(id)
            if row is None:
                if self._is_absent(now, id):
                    self._end_job(now, id, "it is not there")
                continue
            self.evidence.refute(id)
            status, self.names[id] = word(row["status"]), word(row["name"])
            if (status, "") == self.states.get(id):
                continue
            self.states[id] = (status, "")
            phase = self.service.lifecycle.job_phase(status)
            if phase == "ready":
                self._end_job(now, id, "")
            elif phase == "failed":
                self._end_job(now, id, word(row["fail_reason"]) or "no reason given")
            else:
                known = status in self.service.lifecycle.jobs
                self.note(now, id, "" if known else "a status this library does not know; still going")

    def learn(self, jobs: Sequence[Mapping[Any, Any]]) -> None:
        """Take in the progress of running jobs."""
        for id in self.waiting:
            known = self.jobs.get(id)
            for job in jobs:
                if job["id"] == known if known else job[self.service.thing_column] == id:
                    began = job["start_time"]
                    self.work[id] = JobProgress(word(job["name"]), job["progress"], began and began.timestamp())
                    operation = self.service.catalogue.get(word(job["name"]))
                    if operation is not None and operation.route.ends == self.until:
                        # Also with only the id of the thing there is a job, and its status shows how the work ended.
                        self.jobs[id] = job["id"]
                    break

    def miss(self, now: Moment, outage: Exception) -> None:
        """Note that a look failed, once for each outage."""
        note = outage_note(outage)
        for id in self.waiting:
            if not any(line["id"] == id and line["note"] == note for line in self.seen[-len(self.ids) :]):
                self.note(now, id, note)

    # -- the history

    def note(self, now: Moment, id: str, note: str) -> None:
        """Write one line of history."""
        status, actions = self.states.get(id, ("", ""))
        line = {"time": _iso(now.time), "elapsed": round(now.since(self.began), 1), "id": id}
        line |= {"name": self.names.get(id), "status": status or None, "actions": actions, "note": note}
        self.seen.append(line)

    def history(self) -> pd.DataFrame:
        """The observed changes, as a frame with the columns of :class:`Seen`."""
        collected = Columns(Seen)
        known = (*self.service.lifecycle.statuses, GONE)
        collected.columns = tuple(
            replace(column, known=known) if column.name == "status" else column for column in collected.columns
        )
        for values, column in zip(collected.values, collected.columns):
            values.extend(line[column.name] for line in self.seen)
        return frame_of(collected)

    # -- the meaning of a status

    def _turn(self, now: Moment, id: str, status: str, actions: str) -> None:
        """Take in the state of a thing, and write a line of history if it has changed."""
        if (status, actions) != self.states.get(id):
            self.states[id] = (status, actions)
            self.note(now, id, self._meaning(status, actions))

    def _looks_settled(self, id: str) -> bool:
        """True if the last listing looks like an end: the thing is missing, or it is idle or has failed."""
        if id in self.missing:
            return True
        status, actions = self.states[id]
        if self.until == "gone":  # the deletion has not begun, or it failed
            return not actions
        return self.service.lifecycle.phase_of(status, actions) != "going"

    def _decide(self, now: Moment, id: str, job: StatusPhase | None = None, *, in_doubt: bool = False) -> None:
        """Judge a thing by the last look.

        A sign that a late listing may give falsely must be seen several times, unless there is a witness: the
        completed job of a deletion confirms that the thing is gone.

        Args:
            job: the phase of its job, where it is known.
            in_doubt: True if the job should be listed and is not.
        """
        status, actions = self.states.get(id, (GONE, ""))
        if id in self.missing:
            if (self.until == "gone" and job == "ready") or self._is_absent(now, id):
                self._end_gone(now, id)
        elif self.until == "gone" or not self._looks_settled(id):
            self.evidence.refute(id)
        else:
            failed = self.service.lifecycle.phase_of(status, actions) == "failed"
            in_doubt = in_doubt or (failed and job == "ready")  # the status may be older than the end of the job
            if in_doubt and not self._is_final(id) and not self.evidence.confirms(id, status, now.monotonic):
                return
            self._end(now, id, f"its status is {status}" if failed else "")

    def _is_final(self, id: str) -> bool:
        """True if the thing is listed with a status that it keeps."""
        status = self.service.lifecycle.statuses.get(self.states.get(id, (GONE, ""))[0])
        return id not in self.missing and status is not None and status.final

    def _is_absent(self, now: Moment, id: str) -> bool:
        """True if what was missing in the last look counts as absent."""
        waits_for_its_listing = self.until != "gone" and id not in self.states
        return self.evidence.confirms(id, GONE, now.monotonic, UNSEEN if waits_for_its_listing else 0.0)

    def _end_gone(self, now: Moment, id: str) -> None:
        if id in self.states:
            self._turn(now, id, GONE, "")
        else:
            self.note(now, id, "not found")
        self._end(now, id, "" if self.until == "gone" else "it is not there")

    def _end(self, now: Moment, id: str, why: str = "") -> None:
        """End the waiting for a thing or a job; ``why`` says why it failed."""
        self.ended[id] = now
        self.evidence.refute(id)
        if why:
            self.failed[id] = why
        else:
            self.settled.add(id)

    def _end_job(self, now: Moment, id: str, why: str) -> None:
        self._end(now, id, why)
        self.note(now, id, f"failed: {why}" if why else "done")

    def _meaning(self, status: str, actions: str) -> str:
        if status == GONE:
            return "no longer listed"
        if status not in self.service.lifecycle.statuses:
            return "a status this library does not know; still going"
        if self.until == "gone":
            return ""
        phase = self.service.lifecycle.phase_of(status, actions)
        return "" if phase == "going" else phase


def outage_note(outage: Exception) -> str:
    """Write the note for a look that failed."""
    return f"could not look ({type(outage).__name__}); trying on"


def begin(
    service: Service, targets: Targets, until: str | None, now: Moment, patience: Patience | None = None
) -> Progress:
    """Read what to wait for from a frame, a row, an id or several ids.

    Args:
        service: says what a status means.
        targets: as for :meth:`gaussnb.Client.wait`.
        until: as for :meth:`gaussnb.Client.wait`.
        now: the begin of the waiting.
        patience: says how late a listing may be.

    Raises:
        ValueError: there is no thing in ``targets``, or a list holds something that is no id.
    """
    if until not in (None, "ready", "gone", "done"):
        raise ValueError(f"until is 'ready', 'gone' or 'done', not {until!r}")
    operation = None
    known: dict[str, dict[str, str]] = {}
    if hasattr(targets, "columns"):
        operation = service.catalogue.get(str(targets.attrs.get("operation", "")))
        ids, known = _read_rows(service, targets.to_dict("records"), tuple(targets.columns))
    elif hasattr(targets, "keys") and {"id", service.thing_column} & set(targets.keys()):  # one row of a frame
        operation = service.catalogue.get(str(getattr(targets, "attrs", {}).get("operation", "")))
        ids, known = _read_rows(service, [dict(targets)], tuple(targets.keys()))
    elif isinstance(targets, str):
        ids = [targets]
    elif isinstance(targets, Iterable) and not isinstance(targets, (bytes, Mapping)):
        ids = list(targets)
        if wrong := [id for id in ids if not isinstance(id, str)]:
            kind = "None" if wrong[0] is None else type(wrong[0]).__name__  # the value itself may hold a secret
            raise ValueError(f"each {service.noun} is named by its id, a text, not by {kind}")
    else:
        raise ValueError(f"what to wait for is a frame, an id or several ids, not {type(targets).__name__}")
    ids = [id for id in dict.fromkeys(ids) if id]
    if not ids:
        raise ValueError(f"there is no {service.noun} to wait for")
    ends = "ready"
    if operation is not None and operation.route.ends != "answered":
        ends = operation.route.ends
    until = until or ends
    progress = Progress(service, tuple(ids), until, {}, now, patience=patience or Patience())
    progress.names |= known.get("name", {})
    progress.kinds |= known.get(service.kind_column, {})
    if until == ends:  # the job of a creation says nothing about the deletion
        progress.jobs |= known.get("job_id", {})
        progress.operation = operation.route.id if operation is not None else ""
    return progress


def _read_rows(
    service: Service, rows: Sequence[Mapping[Any, Any]], columns: Sequence[Any]
) -> tuple[list[str], dict[str, dict[str, str]]]:
    """Read the ids in the rows of a frame, and by column what else the rows say about each: job_id, name, kind.

    In the frame of a call over many things, a row that was refused or skipped started no work.
    """
    rows = [row for row in rows if row.get("outcome") not in ("refused", "skipped")]
    key = next((name for name in (service.thing_column, "id", "job_id") if name in columns), None)
    if key is None:
        names = ", ".join(dict.fromkeys(("id", service.thing_column)))
        raise ValueError(f"there is no column {names} or job_id in this frame: nothing to wait for")
    # With only a job id there is no thing, so there is no name or kind to read.
    known = {
        column: {word(row[key]): word(row[column]) for row in rows if word(row.get(column))}
        for column in ("job_id", "name", service.kind_column)
        if column and column != key
    }
    return [word(row[key]) for row in rows], known


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(round(seconds), UTC).isoformat()
