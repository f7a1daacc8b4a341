"""Watches: in the background, many with one thread and one call, without threads or sockets left at the end."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

import gaussnb as gn
from gaussnb import Client
from gaussnb.client.watch import Watch
from gaussnb.core.clock import RealClock
from gaussnb.core.operation import Operation
from gaussnb.nosql.service import SERVICE
from gaussnb.sandbox import Sandbox
from gaussnb.view.snapshot import Shown

PATIENCE = 10.0  # real seconds after which the test fails


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "this took too long"
        time.sleep(0.005)


def pollers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "gaussnb-poller"]


@pytest.fixture
def slow(build: Any) -> Sandbox:
    """A sandbox that is slow enough to observe: a virtual hour in a real second."""
    sandbox: Sandbox = build(speed=3600)
    return sandbox


def test_a_watch_follows_in_the_background_to_the_end(slow: Sandbox, spec: Any) -> None:
    with slow.connect() as gdb:
        panel = gdb.watch(gdb.instances.create(spec()))
        assert re.fullmatch(r"<watching: test-cassandra-01: (not seen yet|creating CREATE)>", repr(panel))
        assert panel.join(PATIENCE) and panel.done and not panel.failed and panel.error is None
        assert panel.history["status"].tolist() == ["creating", "normal"]
        assert panel.frame["status"].tolist() == ["normal"]
        assert list(panel.frame.columns) == list(gdb.instances.list().columns)
        assert repr(panel) == repr(panel) == "<done: test-cassandra-01: normal>"
        until(lambda: not pollers())


def test_before_the_first_look_there_is_an_empty_frame(slow: Sandbox) -> None:
    with slow.connect() as gdb:
        panel = gdb.watch("a" * 32 + "in06")
        panel.pause()
        assert list(panel.frame.columns) == list(gdb.instances.list().columns)
        assert list(panel.history.columns)[:3] == ["time", "elapsed", "id"]


def test_a_failure_is_shown(slow: Sandbox, spec: Any) -> None:
    slow.inject("CreateInstance", fail="no disks")
    with slow.connect() as gdb:
        created = gdb.instances.create(spec())
        panel = gdb.watch(created)
        assert panel.join(PATIENCE) and panel.failed == {created["id"].iloc[0]: "no disks"}
        assert repr(panel) == "<done: test-cassandra-01: createfail>"


def test_pause_and_resume(slow: Sandbox, spec: Any) -> None:
    with slow.connect() as gdb:
        panel = gdb.watch(gdb.instances.create(spec()))
        until(lambda: len(panel.history))
        panel.pause()
        until(lambda: not pollers())
        assert repr(panel) == "<paused: test-cassandra-01: creating CREATE>"
        asked = len(slow.requests)
        slow.advance(3600)
        time.sleep(0.05)
        assert len(slow.requests) == asked and not panel.done
        panel.resume()
        assert panel.join(PATIENCE) and panel.history["status"].iloc[-1] == "normal"


def test_stop_ends_the_watch_and_not_the_work(slow: Sandbox, spec: Any) -> None:
    with slow.connect() as gdb:
        created = gdb.instances.create(spec())
        panel = gdb.watch(created)
        until(lambda: len(panel.history))
        panel.stop()
        panel.stop()
        assert panel.done and repr(panel) == "<stopped: test-cassandra-01: creating CREATE>"
        until(lambda: not pollers())
        panel.resume()
        assert not pollers()
        assert gdb.instances.list()["id"].tolist() == created["id"].tolist()
        assert not slow.requests["method"].isin(["DELETE"]).any()


def test_many_watches_share_one_thread_and_one_call(slow: Sandbox, spec: Any) -> None:
    with slow.connect() as gdb:
        gdb.login()
        entered, go = threading.Event(), threading.Event()
        calls: list[tuple[str, ...]] = []

        def counted(ids: Sequence[str]) -> Operation:
            entered.set()
            assert go.wait(PATIENCE)
            calls.append(tuple(ids))
            return SERVICE.list_things(ids)

        gdb._poller._observer._service = replace(SERVICE, list_things=counted)
        ids = [str(gdb.instances.create(spec(name=f"name-{number}"))["id"].iloc[0]) for number in range(3)]
        first = gdb.watch(ids[0])
        assert entered.wait(PATIENCE)
        panels = [first, gdb.watch(ids[1]), gdb.watch(ids[1:])]
        assert len(pollers()) == 1
        asked = len(slow.requests)
        go.set()
        assert all(panel.join(PATIENCE) for panel in panels)
        assert calls[0] == (ids[0],) and all(len(set(each)) == len(each) for each in calls)
        assert set(calls[1]) == set(ids)
        assert (slow.requests["operation"].iloc[asked:] == "ListInstances").sum() == len(calls)
        assert [len(panel.frame) for panel in panels] == [1, 1, 2]
        until(lambda: not pollers())


def test_watches_for_different_ends_share_one_call(slow: Sandbox, spec: Any) -> None:
    with slow.connect() as gdb:
        old = gdb.instances.create(spec(name="old-one"))
        slow.advance(3600)
        panels = [
            gdb.watch(gdb.instances.delete(old["id"].iloc[0])),
            gdb.watch(gdb.instances.create(spec(name="new-one"))),
        ]
        assert all(panel.join(PATIENCE) for panel in panels)
        assert [panel.history["status"].iloc[-1] for panel in panels] == ["gone", "normal"]


def test_an_error_is_kept_and_shown(slow: Sandbox, spec: Any) -> None:
    with slow.connect() as gdb:
        created = gdb.instances.create(spec())
        slow.inject("ListInstances", code="DBS.280032", times=None)
        panel = gdb.watch(created)
        assert panel.join(PATIENCE) and isinstance(panel.error, gn.PermissionDenied)
        assert repr(panel).startswith("<PermissionDenied: ")
        until(lambda: not pollers())


def test_an_outage_is_noted_and_does_not_end_the_watch(slow: Sandbox, spec: Any) -> None:
    with slow.connect() as gdb:
        created = gdb.instances.create(spec())
        slow.inject("ListInstances", drop="before", times=2)
        slow.inject("ListInstances", body=b"<html>", times=1)
        panel = gdb.watch(created)
        assert panel.join(PATIENCE) and panel.error is None and not panel.failed
        assert "could not look (Unreachable); trying on" in panel.history["note"].tolist()
        assert panel.history["note"].iloc[-1] == "ready"


def test_closing_the_client_ends_everything_at_once(sandbox: Sandbox, spec: Any) -> None:
    gdb: Client = sandbox.connect(clock=RealClock())
    panel = gdb.watch(gdb.instances.create(spec()))
    until(lambda: len(panel.history))
    assert pollers()
    began = time.monotonic()
    gdb.close()
    assert time.monotonic() - began < 0.5
    assert panel.done and not pollers()


def test_a_watch_does_not_block_the_cell(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    created = gdb.instances.create(spec())
    ask, go = gdb._poller._ask, threading.Event()

    def held_up(operation: Operation) -> Any:
        assert go.wait(PATIENCE)
        return ask(operation)

    gdb._poller._ask = held_up
    panel = gdb.watch(created)
    assert repr(panel).startswith("<watching: ") and panel.frame.empty and panel.history.empty
    go.set()
    assert panel.join(PATIENCE) and panel.error is None


# -------------------------------------------------------------------------------- snapshots


@pytest.fixture
def slower(build: Any) -> Sandbox:
    """A sandbox that is slow enough to follow: a creation takes most of a real second."""
    sandbox: Sandbox = build(speed=600)
    return sandbox


def follow(watch: Watch) -> list[Shown]:
    """Collect the first instance of each snapshot that a callback sees; complete when the watch has ended."""
    seen: list[Shown] = []
    watch.on_change(lambda watch: seen.append(watch.snapshot().things[0]))
    return seen


def reasons(watch: Watch) -> list[str]:
    return [shown.why for shown in watch.snapshot().things]


def jobs_asked(sandbox: Sandbox) -> int:
    return int((sandbox.requests["operation"] == "ListJobs").sum())


def test_a_snapshot_has_the_progress_and_the_usual_duration(slower: Sandbox, spec: Any) -> None:
    with slower.connect() as gdb:
        panel = gdb.watch(gdb.instances.create(spec()))
        seen = follow(panel)
        assert panel.join(PATIENCE)
        shown = next(shown for shown in seen if shown.percent)
        assert (shown.name, shown.kind, shown.job) == ("test-cassandra-01", "cassandra", "CreateInstance")
        assert (shown.phase, shown.status, shown.actions) == ("going", "creating", "CREATE")
        assert shown.typical == 420 and 0 < shown.elapsed < 500 and shown.why == ""
        (shown,) = panel.snapshot().things
        assert (shown.phase, shown.percent) == ("ready", None) and 420 <= shown.elapsed < 500
        slower.advance(1000)
        assert panel.snapshot().things[0].elapsed == shown.elapsed, "what has ended grows no older"


def test_typical_times_are_declared(slower: Sandbox, fill: Any) -> None:
    (id,) = fill(slower, 1)
    with slower.connect() as gdb:
        for work in (gdb.instances.restart, gdb.instances.delete):
            panel = gdb.watch(work(id))
            assert panel.join(PATIENCE)
            (shown,) = panel.snapshot().things
            assert shown.typical is not None and shown.typical <= shown.elapsed <= 2 * shown.typical
        assert shown.phase == "gone"
    typical = SERVICE.lifecycle.typical
    assert typical("CreateInstance", "no such engine") is None and typical("NoSuchWork", "redis") is None


def test_a_watch_by_id_shows_the_same_facts(slower: Sandbox, spec: Any) -> None:
    slower.inject("CreateInstance", fail="no disks")
    with slower.connect() as gdb:
        id = str(gdb.instances.create(spec())["id"].iloc[0])
        slower.advance(100)
        panel = gdb.watch(id)
        seen = follow(panel)
        assert panel.join(PATIENCE) and reasons(panel) == ["no disks"]
        shown = next(shown for shown in seen if shown.percent)
        assert shown.job == "CreateInstance" and shown.typical == 420 and shown.elapsed >= 100


def test_watching_works_without_the_right_to_list_jobs(slower: Sandbox, spec: Any) -> None:
    slower.inject("ListJobs", code="DBS.280032", times=None)
    with slower.connect() as gdb:
        panel = gdb.watch(gdb.instances.create(spec()))
        assert panel.join(PATIENCE) and panel.error is None and not panel.failed
        assert jobs_asked(slower) == 2, "once for progress, never again; once for how it ended"
        assert panel.history["note"].tolist() == ["", "ready"]


def test_a_failed_look_at_progress_is_no_outage(slower: Sandbox, spec: Any) -> None:
    slower.inject("ListJobs", drop="before", times=3)
    with slower.connect() as gdb:
        panel = gdb.watch(gdb.instances.create(spec()))
        assert panel.join(PATIENCE) and panel.history["note"].tolist() == ["", "ready"]


def test_one_failure_does_not_end_the_watch_of_the_others(slower: Sandbox, spec: Any) -> None:
    with slower.connect() as gdb:
        slower.inject("CreateInstance", fail="no disks")
        bad = str(gdb.instances.create(spec(name="bad-one"))["id"].iloc[0])
        slower.advance(300)
        good = str(gdb.instances.create(spec(name="good-one"))["id"].iloc[0])
        panel = gdb.watch([bad, good])
        assert panel.join(PATIENCE) and panel.failed == {bad: "no disks"}
        assert [shown.phase for shown in panel.snapshot().things] == ["failed", "ready"]
        assert sorted(panel.frame["status"]) == ["createfail", "normal"]


def test_an_outage_is_shown_while_it_lasts(slower: Sandbox, spec: Any) -> None:
    with slower.connect() as gdb:
        created = gdb.instances.create(spec())
        outage = slower.inject("ListInstances", drop="before", times=None)
        panel = gdb.watch(created)
        until(lambda: panel.snapshot().message)
        assert panel.snapshot().message == "could not look (Unreachable); trying on"
        outage.remove()
        assert panel.join(PATIENCE) and panel.snapshot().message == ""


def test_a_look_that_comes_after_the_stop_changes_nothing(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    ask, entered, go = gdb._poller._ask, threading.Event(), threading.Event()

    def held_up(operation: Operation) -> Any:
        entered.set()
        assert go.wait(PATIENCE)
        return ask(operation)

    gdb._poller._ask = held_up
    panel = gdb.watch(gdb.instances.create(spec()))
    assert entered.wait(PATIENCE)
    panel.stop()
    before = panel.snapshot()
    go.set()
    until(lambda: not pollers())
    assert panel.snapshot() == before and before.state == "stopped" and panel.frame.empty


# ------------------------------------------------------------------------------------- callbacks


def test_a_callback_gets_every_change_and_the_end(slower: Sandbox, spec: Any) -> None:
    with slower.connect() as gdb:
        created = gdb.instances.create(spec())
        states: list[str] = []
        panel = gdb.watch(created)
        panel.on_change(lambda watch: states.append(watch.snapshot().state))
        panel.pause()
        panel.resume()
        assert panel.join(PATIENCE)
        until(lambda: states[-1] == "done")
        assert "paused" in states and set(states) == {"paused", "watching", "done"}
        assert not panel.followed


def test_a_removed_callback_is_not_called(slower: Sandbox, spec: Any) -> None:
    with slower.connect() as gdb:
        panel = gdb.watch(gdb.instances.create(spec()))
        panel.pause()
        told: list[Watch] = []
        forget = panel.on_change(told.append)
        forget()
        forget()
        panel.pause()
        assert told == [] and not panel.followed


def test_a_failing_callback_is_dropped_and_shown(slower: Sandbox, spec: Any) -> None:
    calls: list[Watch] = []

    def bad(watch: Watch) -> None:
        calls.append(watch)
        raise RuntimeError("<out of paint>")

    with slower.connect() as gdb:
        panel = gdb.watch(gdb.instances.create(spec()))
        panel.on_change(bad)
        assert panel.join(PATIENCE) and panel.error is None
        until(lambda: panel.problems)
        assert len(calls) == 1 and [type(problem) for problem in panel.problems] == [RuntimeError]
        assert "RuntimeError: <out of paint>" in str(panel)
        assert "&lt;out of paint&gt;" in panel._repr_mimebundle_()["text/html"]


def test_a_callback_may_call_any_method_from_any_thread(slower: Sandbox, spec: Any) -> None:
    free: list[bool] = []

    def elsewhere(watch: Watch) -> None:
        thread = threading.Thread(target=watch.snapshot)
        thread.start()
        thread.join(PATIENCE)
        free.append(not thread.is_alive())

    with slower.connect() as gdb:
        panel = gdb.watch(gdb.instances.create(spec()))
        panel.on_change(elsewhere)
        assert panel.join(PATIENCE)
        until(lambda: free)
        assert all(free)


class Stepping:
    """A clock that runs like real time, but on which sleeping takes no time."""

    speed = 1.0

    def __init__(self, now: float) -> None:
        self.passed = now

    def time(self) -> float:
        return self.passed

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.passed, UTC)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float, wake: threading.Event | None = None) -> None:
        self.passed += seconds


def test_callbacks_are_called_between_looks(sandbox: Sandbox, spec: Any) -> None:
    with sandbox.connect(clock=Stepping(sandbox.clock.time())) as gdb:
        panel = gdb.watch(gdb.instances.create(spec()))
        elapsed: list[float] = []
        enough = threading.Event()

        def note(watch: Watch) -> None:
            elapsed.append(watch.snapshot().things[0].elapsed)
            if len(elapsed) == 50:
                enough.set()

        panel.on_change(note)
        assert enough.wait(PATIENCE)
        panel.stop()
        until(lambda: not pollers())
    steps = [later - earlier for earlier, later in pairwise(elapsed)]
    assert max(steps) <= 1.5, "a person sees that it is alive"
    looks = (sandbox.requests["operation"] == "ListInstances").sum()
    assert looks < len(elapsed) / 2, "and the service is not asked for that"
