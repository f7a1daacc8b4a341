"""Watching: in the background, many with one thread and one call, and without leaving anything behind."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import gaussnb as gn
from gaussnb import Client
from gaussnb.clock import RealClock
from gaussnb.sandbox import Sandbox

PATIENCE = 10.0  # real seconds after which something is wrong


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "this took too long"
        time.sleep(0.005)


def pollers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "gaussnb-poller"]


@pytest.fixture
def slow(build: Any) -> Sandbox:
    """Slow enough to be looked at: a virtual hour in a real second."""
    sandbox: Sandbox = build(speed=3600)
    return sandbox


def test_it_follows_in_the_background_to_the_end(slow: Sandbox, spec: Any) -> None:
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


def test_stop_ends_it_and_nothing_else(slow: Sandbox, spec: Any) -> None:
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
        look = gdb._poller._look

        def counted(ids: tuple[str, ...]) -> Any:
            entered.set()
            assert go.wait(PATIENCE)
            calls.append(ids)
            return look(ids)

        gdb._poller._look = counted
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


def test_different_ends_share_one_call_too(slow: Sandbox, spec: Any) -> None:
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


def test_an_outage_is_noted_and_outlived(slow: Sandbox, spec: Any) -> None:
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


def test_a_watch_does_not_hold_up_the_cell(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    created = gdb.instances.create(spec())
    look, go = gdb._poller._look, threading.Event()

    def held_up(ids: tuple[str, ...]) -> Any:
        assert go.wait(PATIENCE)
        return look(ids)

    gdb._poller._look = held_up
    panel = gdb.watch(created)
    assert repr(panel).startswith("<watching: ") and panel.frame.empty and panel.history.empty
    go.set()
    assert panel.join(PATIENCE) and panel.error is None
