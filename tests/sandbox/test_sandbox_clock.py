from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest

from gaussnb.sandbox import Clock


def test_a_standing_clock_stands() -> None:
    clock = Clock("2026-01-01T00:00:00")
    assert clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    time.sleep(0.01)
    assert clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    assert repr(clock) == "<clock 2026-01-01T00:00:00Z, standing>"


def test_an_offset_and_a_datetime_are_understood() -> None:
    a = Clock("2026-01-01T08:00:00+08:00")
    b = Clock(datetime(2026, 1, 1, tzinfo=UTC))
    assert a.time() == b.time()


def test_advance_moves_both_kinds() -> None:
    standing, running = Clock("2026-01-01T00:00:00"), Clock(speed=1)
    before = running.time()
    standing.advance(90)
    running.advance(90)
    assert standing.now().isoformat() == "2026-01-01T00:01:30+00:00"
    assert 90 <= running.time() - before < 95


def test_time_does_not_go_back() -> None:
    clock = Clock("2026-01-01T00:00:00")
    with pytest.raises(ValueError):
        clock.advance(-1)
    now = clock.time()
    clock.move_to(now - 100)
    assert clock.time() == now


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_a_running_clock_needs_a_speed(speed: float) -> None:
    with pytest.raises(ValueError):
        Clock(speed=speed)


def test_a_running_clock_runs_at_its_speed() -> None:
    clock = Clock(speed=1000)
    assert abs(clock.time() - time.time()) < 60
    before = clock.time()
    clock.sleep(50)
    assert 50 <= clock.time() - before < 1000
    assert repr(clock) == "<clock, 1000 times real time>"


def test_waiting_moves_a_standing_clock() -> None:
    clock = Clock("2026-01-01T00:00:00", speed=1e6)
    clock.sleep(600)
    assert clock.now().isoformat() == "2026-01-01T00:10:00+00:00"


def test_waits_at_the_same_time_do_not_add_up() -> None:
    clock = Clock("2026-01-01T00:00:00", speed=6000)
    ready = threading.Barrier(5)

    def wait() -> None:
        ready.wait()
        clock.sleep(600)

    threads = [threading.Thread(target=wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now().isoformat() == "2026-01-01T00:10:00+00:00"
