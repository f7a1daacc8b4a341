"""Waiting: one pure step, and two drivers.

:class:`Progress` takes what a look at the cloud showed and says what changed and what is still to wait
for; it knows neither network nor threads. :func:`wait` drives it in the caller's thread,
:class:`Poller` drives any number of them from one daemon thread, which goes on while a cell blocks.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from .clock import Clock
from .errors import GaussnbError, ServerError, Throttled, Unreachable, WaitFailed, WaitTimeout
from .frame import frame_from
from .spec import OPERATIONS, Known, Row

if TYPE_CHECKING:
    import pandas as pd

Targets = Any
"""The frame of a call that started work, a frame of instances, an id, or several ids."""
Look = Callable[[tuple[str, ...]], "pd.DataFrame"]

READY = "normal"
FAILED = frozenset({"abnormal", "createfail", "enlargefail", "data_disk_full", "frozen"})
"""States an instance does not leave by itself. Every other one means: still going."""
KNOWN = FAILED | {READY, "creating"}

SLOWEST = 30.0
"""Seconds between looks at the most."""
OUTAGE = 300.0
"""Seconds the service may be out of reach before waiting gives up."""
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
    """

    ids: tuple[str, ...]
    until: str
    jobs: dict[str, str]
    began: float
    seen: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, tuple[str, str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
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
        listed = {
            row["id"]: row for row in self.frame[["id", "name", "status", "actions"]].to_dict("records")
        }
        ask = []
        for id in self.waiting:
            row = listed.get(id)
            if row is None:
                status, actions = "gone", ""
            else:
                status, actions = _word(row["status"]), _word(row["actions"])
                self.names[id] = _word(row["name"])
            before = self.states.get(id)
            if (status, actions) != before and (row is not None or before is not None):
                self.states[id] = (status, actions)
                self.note(now, id, self._meaning(status, actions))
            settles = self._settles(status, actions, never_seen=before is None and row is None, now=now)
            if settles and id in self.jobs:
                ask.append(self.jobs[id])
            elif settles:
                self._settle(id, status, now)
        return tuple(ask)

    def judge(self, jobs: pd.DataFrame, now: float) -> None:
        """Take in the jobs of instances that look settled: one that still runs means wait on."""
        known = {row["id"]: row for row in jobs[["id", "status", "fail_reason"]].to_dict("records")}
        for id in self.waiting:
            job = known.get(self.jobs.get(id, ""))
            state = self.states.get(id, ("gone", ""))
            if not self._settles(*state, never_seen=id not in self.states, now=now):
                continue
            status = _word(job["status"]) if job else ""
            if status == "Failed":
                self.failed[id] = _word(job["fail_reason"]) if job else ""
                self.note(now, id, f"the job failed: {self.failed[id] or 'no reason given'}")
            elif status != "Running" or state[0] in FAILED:
                self._settle(id, state[0], now)

    def note(self, now: float, id: str, note: str) -> None:
        """Write one line of history."""
        status, actions = self.states.get(id, ("", ""))
        line = {"time": _iso(now), "elapsed": round(now - self.began, 1), "id": id}
        line |= {"name": self.names.get(id), "status": status or None, "actions": actions, "note": note}
        self.seen.append(line)

    def history(self) -> pd.DataFrame:
        """What was seen, as a frame with the columns of :class:`Seen`."""
        return frame_from(Seen, self.seen)

    def _settles(self, status: str, actions: str, *, never_seen: bool, now: float) -> bool:
        if status == "gone":
            return self.until == "gone" or not never_seen or now - self.began >= UNSEEN
        if self.until == "gone":
            # Still there and nobody is at it: either the work has not begun, or it failed.
            return not actions
        return (status == READY and not actions) or status in FAILED

    def _settle(self, id: str, status: str, now: float) -> None:
        if self.until == "gone":
            if status == "gone":
                self.settled.add(id)
        elif status == READY:
            self.settled.add(id)
        else:
            self.failed[id] = "it is not there" if status == "gone" else f"its status is {status}"
            if id not in self.states:
                self.note(now, id, "not found")

    def _meaning(self, status: str, actions: str) -> str:
        if status == "gone":
            return "no longer listed"
        if status not in KNOWN:
            return "a status this library does not know; still going"
        if status == READY and not actions:
            return "ready" if self.until == "ready" else ""
        return "failed" if status in FAILED and self.until == "ready" else ""


def begin(targets: Targets, until: str | None, now: float) -> Progress:
    """What to wait for, from all the ways of saying it.

    Raises:
        ValueError: there is no instance in it.
    """
    jobs: dict[str, str] = {}
    if isinstance(targets, str):
        ids: list[str] = [targets]
    elif hasattr(targets, "columns"):
        key = "instance_id" if "instance_id" in targets.columns else "id"
        if key not in targets.columns:
            raise ValueError("there is no column id or instance_id in this frame: nothing to wait for")
        rows = targets[[key, *(["job_id"] if "job_id" in targets.columns else [])]].to_dict("records")
        ids = [_word(row[key]) for row in rows]
        jobs = {_word(row[key]): _word(row.get("job_id")) for row in rows if _word(row.get("job_id"))}
        operation = OPERATIONS.get(str(targets.attrs.get("operation", "")))
        if until is None and operation is not None and operation.route.ends == "gone":
            until = "gone"
    else:
        ids = [str(target) for target in targets]
    ids = [id for id in dict.fromkeys(ids) if id]
    if not ids:
        raise ValueError("there is no instance to wait for")
    if until not in (None, "ready", "gone"):
        raise ValueError(f"until is 'ready' or 'gone', not {until!r}")
    return Progress(tuple(ids), until or "ready", jobs, now)


@dataclass
class Pace:
    """When to look next: soon at first, slower and slower, never quite regularly."""

    interval: float
    seed: int | None = None

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def next(self) -> float:
        """Seconds until the next look."""
        pause = self.interval * self._random.uniform(0.9, 1.1)
        self.interval = min(self.interval * 1.4, max(SLOWEST, self.interval))
        return pause


def step(progress: Progress, look: Look, look_at_jobs: Look, now: float) -> None:
    """One look: one list call however many instances are watched, and the jobs of settled ones."""
    jobs = progress.see(look(progress.waiting), now)
    if jobs:
        progress.judge(look_at_jobs(jobs), now)


def wait(
    look: Look,
    look_at_jobs: Look,
    clock: Clock,
    targets: Targets,
    *,
    timeout: float = 3600,
    until: str | None = None,
    interval: float = 5,
    seed: int | None = None,
    on_change: Callable[[Mapping[str, Any]], None] | None = None,
    on_look: Callable[[Progress], None] | None = None,
) -> pd.DataFrame:
    """Wait in this thread; :meth:`gaussnb.Client.wait` says how."""
    progress = begin(targets, until, clock.time())
    pace, told, out_since = Pace(interval, seed), 0, None
    while True:
        now = clock.time()
        try:
            step(progress, look, look_at_jobs, now)
        except (Unreachable, Throttled, ServerError) as error:
            out_since = now if out_since is None else out_since
            _tell_outage(progress, now, error)
            if now - out_since >= OUTAGE:
                raise WaitFailed(_gave_up(progress, error), history=progress.history(), frame=progress.frame) from None
        else:
            out_since = None
        for line in progress.seen[told:]:
            told += 1
            if on_change is not None:
                on_change(line)
        if on_look is not None:
            on_look(progress)
        if progress.failed:
            raise WaitFailed(_failure(progress), history=progress.history(), frame=progress.frame)
        if progress.done:
            return progress.history()
        pause = pace.next()
        left = progress.began + timeout - clock.time()
        if left <= 0:
            raise WaitTimeout(_timeout(progress, timeout), history=progress.history(), frame=progress.frame)
        clock.sleep(min(pause, left))


def _tell_outage(progress: Progress, now: float, error: Exception) -> None:
    note = f"could not look ({type(error).__name__}); trying on"
    for id in progress.waiting:
        if not any(line["id"] == id and line["note"] == note for line in progress.seen[-len(progress.ids) :]):
            progress.note(now, id, note)


def _gave_up(progress: Progress, error: Exception) -> str:
    return (
        f"The service could not be asked for {OUTAGE:.0f} s ({error}). The cloud's work goes on: "
        f"take up waiting with gdb.wait({_again(progress)})."
    )


def _failure(progress: Progress) -> str:
    parts = (f"{progress.names.get(id) or id} ({id}): {why}" for id, why in progress.failed.items())
    return f"{'; '.join(parts)}. The history of this error shows how it got there."


def _timeout(progress: Progress, timeout: float) -> str:
    last = "; ".join(
        f"{progress.names.get(id) or id} is {' '.join(filter(None, progress.states.get(id, ('not seen',))))}"
        for id in progress.waiting
    )
    return (
        f"Not {progress.until} after {timeout:g} s: {last}. The cloud's work goes on: "
        f"take up waiting with gdb.wait({_again(progress)})."
    )


def _again(progress: Progress) -> str:
    ids = progress.waiting or progress.ids
    named = repr(ids[0]) if len(ids) == 1 else repr(list(ids))
    return f"{named}, until='gone'" if progress.until == "gone" else named


# ------------------------------------------------------------------------------------- background


class Watch:
    """A live view of instances. It never blocks: look at it again to see more.

    ``frame`` has the last rows seen, ``history`` one row per observed change, as for
    :meth:`gaussnb.Client.wait`.
    """

    def __init__(self, progress: Progress, pace: Pace, poller: Poller) -> None:
        self._progress = progress
        self._pace = pace
        self._poller = poller
        self._due = progress.began
        self._paused = False
        self._stopped = False
        self._finished = threading.Event()
        self.error: Exception | None = None
        """What ended the watch before its time, if anything did."""

    @property
    def frame(self) -> pd.DataFrame:
        """The last rows seen, with the columns of ``gdb.instances.list()``."""
        from .operations.instances import Instance

        with self._poller.lock:
            return frame_from(Instance, []) if self._progress.frame is None else self._progress.frame.copy()

    @property
    def history(self) -> pd.DataFrame:
        """One row per observed change."""
        with self._poller.lock:
            return self._progress.history()

    @property
    def done(self) -> bool:
        """Whether there is nothing left to watch."""
        return self._finished.is_set()

    @property
    def failed(self) -> dict[str, str]:
        """Why, for each instance that failed."""
        with self._poller.lock:
            return dict(self._progress.failed)

    def pause(self) -> None:
        """Look no more until :meth:`resume`."""
        self._paused = True

    def resume(self) -> None:
        """Look again."""
        self._paused = False
        self._poller.wake()

    def stop(self) -> None:
        """Watch no more. The cloud's work goes on."""
        self._stopped = True
        self._finished.set()
        self._poller.wake()

    def join(self, timeout: float | None = None) -> bool:
        """Block until it is done, at most ``timeout`` real seconds; whether it is done."""
        return self._finished.wait(timeout)

    @property
    def active(self) -> bool:
        """Whether the poller should look for this one."""
        return not (self._stopped or self._paused or self._finished.is_set())

    def __repr__(self) -> str:
        with self._poller.lock:
            lines = []
            for id in self._progress.ids:
                status, actions = self._progress.states.get(id, ("not seen yet", ""))
                lines.append(f"{self._progress.names.get(id) or id}: {' '.join(filter(None, (status, actions)))}")
            state = "done" if self.done else "paused" if self._paused else "watching"
        return f"<{state}: {'; '.join(lines)}>"


class Poller:
    """One daemon thread that looks for all watches of a client. It ends when there are none."""

    def __init__(self, look: Look, look_at_jobs: Look, clock: Clock, seed: int | None = None) -> None:
        self._look, self._look_at_jobs = look, look_at_jobs
        self._clock, self._seed = clock, seed
        self._watches: list[Watch] = []
        self._thread: threading.Thread | None = None
        self._closed = False
        self._wakened = threading.Event()
        self.lock = threading.RLock()

    def watch(self, targets: Targets, *, until: str | None, interval: float) -> Watch:
        """Add a watch, and start the thread where there is none."""
        view = Watch(begin(targets, until, self._clock.time()), Pace(interval, self._seed), self)
        with self.lock:
            self._watches.append(view)
        self.wake()
        return view

    def wake(self) -> None:
        """See to it that the thread runs and looks at what is due."""
        with self.lock:
            if self._closed:
                return
            self._wakened.set()
            if self._thread is None and any(view.active for view in self._watches):
                self._thread = threading.Thread(target=self._run, name="gaussnb-poller", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread and every watch."""
        with self.lock:
            self._closed = True
            watches, thread = list(self._watches), self._thread
        for view in watches:
            view.stop()
        self._wakened.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)

    def _run(self) -> None:
        while True:
            with self.lock:
                self._watches = [view for view in self._watches if not view._finished.is_set()]
                active = [view for view in self._watches if view.active]
                if self._closed or not active:
                    self._thread = None
                    return
                self._wakened.clear()
            now = self._clock.time()
            due = [view for view in active if view._due <= now]
            if due:
                self._tick(due, now)
                continue
            self._clock.sleep(min(max(min(view._due for view in active) - now, 0.05), 1.0))

    def _tick(self, due: list[Watch], now: float) -> None:
        ids = tuple(dict.fromkeys(id for view in due for id in view._progress.waiting))
        frame: pd.DataFrame | None = None
        error: Exception | None = None
        try:
            frame = self._look(ids)
        except (Unreachable, Throttled, ServerError) as outage:
            error = outage
        except Exception as fatal:  # a thread must not die silently: the watch shows it
            for view in due:
                view.error = fatal
                view.stop()
            return
        for view in due:
            try:
                with self.lock:
                    if frame is None:
                        _tell_outage(view._progress, now, error or GaussnbError())
                        jobs: tuple[str, ...] = ()
                    else:
                        jobs = view._progress.see(frame, now)
                if jobs:
                    answer = self._look_at_jobs(jobs)
                    with self.lock:
                        view._progress.judge(answer, now)
            except (Unreachable, Throttled, ServerError):
                pass
            except Exception as fatal:
                view.error = fatal
                view.stop()
            view._due = now + view._pace.next()
            if view._progress.done:
                view._finished.set()


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(round(seconds), UTC).isoformat()

