"""The simulation can be repeated, and its oracle finds a client that repeats writes blindly."""

from __future__ import annotations

import pytest

from gaussnb.cloud import transport

from . import simulation


def test_a_seed_gives_the_same_run_twice_without_a_fault() -> None:
    one, other = simulation.simulate(0), simulation.simulate(0)
    assert one.digest == other.digest and one.notes == other.notes
    assert not one.faults and sum(want.creates for want in one.wants) > 10


def test_the_oracle_finds_a_client_that_believes_an_intermediary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "is_own_answer", lambda *answer: True)
    assert any(simulation.simulate(seed).faults for seed in range(4))
