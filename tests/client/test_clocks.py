"""Clocks that are set, and machines that stand still: no duration depends on the one, no limit counts the other."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

import gaussnb as gn
from gaussnb.client.pace import SLACK, SLOWEST, Stopwatch
from gaussnb.client.poller import Poller
from gaussnb.client.wait import OUTAGE, wait_for
from gaussnb.core.clock import Moment, RealClock
from gaussnb.core.frames import frame_from
from gaussnb.core.operation import Operation
from gaussnb.nosql.operations.instances import Instance
from gaussnb.nosql.operations.jobs import Job, ListJobs
from gaussnb.nosql.service import SERVICE
from gaussnb.sandbox import Clock

ID = "a" * 32 + "in06"
START = datetime(2026, 2, 3, tzinfo=UTC).timestamp()
HOUR = 3600.0

State = str | None | Exception | Callable[[], "State"]


class TwoHands:
    """A clock whose time of day can be set, and whose seconds go on; a suspended machine may move both."""

    speed = 1.0

    def __init__(self) -> None:
        self.wall, self.passed = START, 12_345.0
        self.set: dict[int, float] = {}
        """By the number of a sleep, the seconds by which the time of day is set during it."""
        self.suspended: dict[int, float] = {}
        """By the number of a sleep, the seconds that the machine stands still during it."""
        self.sleeps = 0

    def time(self) -> float:
        return self.wall

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall, UTC)

    def monotonic(self) -> float:
        return self.passed

    def suspend(self, seconds: float) -> None:
        self.wall, self.passed = self.wall + seconds, self.passed + seconds

    def sleep(self, seconds: float, wake: threading.Event | None = None) -> None:
        self.sleeps += 1
        self.suspend(seconds + self.suspended.get(self.sleeps, 0.0))
        self.wall += self.set.get(self.sleeps, 0.0)


class Cloud:
    """Shows an instance in each state in turn, and then in the last state."""

    def __init__(self, *states: State) -> None:
        self.states, self.clock = list(states), TwoHands()
        self.looks: list[float] = []

    def ask(self, operation: Operation) -> pd.DataFrame:
        if isinstance(operation, ListJobs):
            return frame_from(Job, [])
        self.looks.append(self.clock.monotonic())
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        while callable(state):
            state = state()
        if isinstance(state, Exception):
            raise state
        if state is None:
            return frame_from(Instance, [])
        status, _, actions = state.partition("+")
        return frame_from(Instance, [{"id": ID, "name": "one", "status": status, "actions": actions}])

    def wait(self, **more: Any) -> pd.DataFrame:
        return wait_for(SERVICE, self.ask, self.clock, ID, seed=0, **more)

    def suspends(self, seconds: float, then: State) -> State:
        def state() -> State:
            self.clock.suspend(seconds)
            return then

        return state


GOING, READY = "creating+CREATE", "normal"
OUT = gn.Unreachable("no route")


# ------------------------------------------------------------------------------------- a clock that is set


@pytest.mark.parametrize("by", [-HOUR, HOUR, -30 * 24 * HOUR])
@pytest.mark.parametrize("when", [1, 5, 20])
def test_a_time_out_does_not_follow_the_time_of_day(by: float, when: int) -> None:
    cloud = Cloud(GOING)
    cloud.clock.set[when] = by
    with pytest.raises(gn.WaitTimeout, match="Not ready after 600 s"):
        cloud.wait(timeout=600)
    assert cloud.looks[-1] - cloud.looks[0] == pytest.approx(600)
    assert max(later - earlier for earlier, later in itertools.pairwise(cloud.looks)) <= 1.1 * SLOWEST


@pytest.mark.parametrize("by", [-HOUR, HOUR])
def test_an_outage_does_not_follow_the_time_of_day(by: float) -> None:
    cloud = Cloud(GOING, OUT)
    cloud.clock.set[3] = by
    with pytest.raises(gn.WaitFailed, match="300 s"):
        cloud.wait()
    assert OUTAGE <= cloud.looks[-1] - cloud.looks[1] <= OUTAGE + 1.1 * SLOWEST


@pytest.mark.parametrize("by", [-HOUR, HOUR])
def test_an_absence_does_not_follow_the_time_of_day(by: float) -> None:
    cloud = Cloud(GOING, None)
    cloud.clock.set |= {2: by, 3: by}
    cloud.wait(until="gone")
    assert 15 <= cloud.looks[-1] - cloud.looks[1] < 40
    cloud = Cloud(None)
    cloud.clock.set |= {1: by}
    with pytest.raises(gn.WaitFailed, match="it is not there"):
        cloud.wait()
    assert 60 <= cloud.looks[-1] - cloud.looks[0] < 120


def test_a_history_has_times_of_day_and_seconds_that_passed() -> None:
    cloud = Cloud(GOING, "normal+BACKUP", READY)
    cloud.clock.set[1] = -HOUR
    history = cloud.wait()
    assert history["elapsed"].is_monotonic_increasing and 10 < history["elapsed"].iloc[-1] < 20
    seconds = (history["time"] - pd.Timestamp(START, unit="s", tz="UTC")).dt.total_seconds()
    assert seconds.round(-2).tolist() == [0, -HOUR, -HOUR]


@pytest.mark.parametrize("by", [-HOUR, HOUR])
def test_a_watch_does_not_follow_the_time_of_day(by: float) -> None:
    cloud = Cloud(*[GOING] * 9, READY)
    cloud.clock.set[4] = by
    watch = Poller(SERVICE, cloud.ask, cloud.clock, 0).watch(ID, until=None, interval=5)
    assert watch.join(10) and watch.error is None
    assert max(later - earlier for earlier, later in itertools.pairwise(cloud.looks)) <= 1.1 * SLOWEST
    snapshot = watch.snapshot()
    assert snapshot.things[0].elapsed == pytest.approx(cloud.looks[-1] - cloud.looks[0])
    assert snapshot.looked == cloud.clock.time(), "the moment that a panel shows is the time of day"


def test_a_job_older_than_the_watch_adds_to_its_age_once() -> None:
    def ask(operation: Operation) -> pd.DataFrame:
        if isinstance(operation, ListJobs):
            began = datetime.fromtimestamp(START - 100, UTC).isoformat()
            return frame_from(Job, [{"id": "j", "status": "Running", "instance_id": ID, "start_time": began}])
        return cloud.ask(operation)

    cloud = Cloud(GOING, GOING, READY)
    cloud.clock.set[2] = HOUR
    watch = Poller(SERVICE, ask, cloud.clock, 0).watch(ID, until=None, interval=5)
    assert watch.join(10) and watch.error is None
    assert watch.snapshot().things[0].elapsed == pytest.approx(100 + cloud.looks[-1] - cloud.looks[0])


# ------------------------------------------------------------------------------------- a machine that stands still


@pytest.mark.parametrize("when", [1, 2, 3])
@pytest.mark.parametrize("after", [[GOING], [OUT], [OUT, OUT, GOING]], ids=["going", "no network", "late network"])
def test_a_suspended_machine_looks_before_it_judges(when: int, after: list[State]) -> None:
    """Also when the network comes back later than the machine."""
    cloud = Cloud(*[GOING] * when, *after, READY)
    cloud.clock.suspended[when] = 10 * HOUR
    assert cloud.wait(timeout=600)["status"].iloc[-1] == "normal"


def test_a_time_out_that_falls_into_the_suspension_waits_for_a_look() -> None:
    cloud = Cloud(GOING, GOING, OUT, OUT, READY)
    cloud.clock.suspended[2] = HOUR
    assert cloud.wait(timeout=10)["status"].iloc[-1] == "normal"
    cloud = Cloud(GOING, GOING, OUT, OUT, GOING)
    cloud.clock.suspended[2] = HOUR
    with pytest.raises(gn.WaitTimeout):
        cloud.wait(timeout=10)
    assert len(cloud.looks) == 5


def test_a_machine_suspended_during_a_look_looks_again() -> None:
    cloud = Cloud(GOING)
    cloud.states += [cloud.suspends(HOUR, OUT), READY]
    assert cloud.wait(timeout=600)["status"].iloc[-1] == "normal"
    cloud = Cloud(GOING)
    cloud.states += [OUT, OUT, cloud.suspends(HOUR, OUT), OUT, READY]
    assert cloud.wait()["status"].iloc[-1] == "normal"


def test_an_outage_begins_anew_after_unseen_time() -> None:
    cloud = Cloud(GOING, OUT)
    cloud.clock.suspended |= {3: HOUR, 9: HOUR}
    with pytest.raises(gn.WaitFailed, match="300 s"):
        cloud.wait()
    assert OUTAGE <= cloud.looks[-1] - cloud.looks[9] <= OUTAGE + 1.1 * SLOWEST


@pytest.mark.parametrize("state", [GOING, OUT])
def test_a_machine_that_stands_still_all_the_time_ends_its_wait(state: State) -> None:
    cloud = Cloud(state)
    cloud.clock.suspended |= dict.fromkeys(range(1, 1000), HOUR)
    with pytest.raises(gn.WaitTimeout):
        cloud.wait(timeout=600)


def test_slow_looks_count() -> None:
    cloud = Cloud(GOING)
    cloud.states = [cloud.suspends(45, GOING)]
    with pytest.raises(gn.WaitTimeout):
        cloud.wait(timeout=600)
    assert len(cloud.looks) < 12


@pytest.mark.parametrize(
    ("laps", "watched"),
    [
        ([(10, 10), (10, 12)], 22),
        ([(10, 10 + SLACK)], 10 + SLACK),
        ([(10, 11 + SLACK), (5, 5)], 15),
    ],
)
def test_a_stopwatch_leaves_out_what_was_not_planned(laps: Iterable[tuple[float, float]], watched: float) -> None:
    clock = TwoHands()
    stopwatch = Stopwatch(clock)
    for planned, passed in laps:
        clock.passed += passed
        assert stopwatch.lap(planned) == (passed > planned + SLACK)
    assert stopwatch.watched == watched


# ------------------------------------------------------------------------------------- moments


def test_a_moment_has_both_hands() -> None:
    clock = TwoHands()
    first = Moment.read(clock)
    clock.sleep(7)
    clock.wall -= HOUR
    second = Moment.read(clock)
    assert second.since(first) == 7 and second.time - first.time == 7 - HOUR


def test_the_seconds_of_a_sandbox_are_its_own() -> None:
    clock = Clock("2026-02-03T04:05:06", 1e9)
    first = Moment.read(clock)
    clock.advance(600)
    assert Moment.read(clock).since(first) == 600


def test_the_real_clock_counts_on_when_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Moment.read(RealClock())
    monkeypatch.setattr("time.time", lambda: first.time - HOUR)
    second = Moment.read(RealClock())
    assert second.time == first.time - HOUR and second.since(first) >= 0
