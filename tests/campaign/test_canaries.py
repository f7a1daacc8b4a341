"""No surface shows a secret: the short form of the campaign."""

from __future__ import annotations

import pytest

from . import canaries


def test_no_surface_shows_a_secret_and_every_surface_is_reached() -> None:
    figures = canaries.run(0.005)
    assert {figure.what for figure in figures} >= set(canaries.SURFACES) and len(figures) >= 30
    assert [figure for figure in figures if figure.bad] == []


def test_a_hit_and_a_surface_that_is_not_reached_are_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_round(watch: canaries.Watcher, seed: int) -> None:
        watch.canaries = [canaries.CANARY]
        watch.look("log", f"password={canaries.CANARY}")
        watch.look("doctor", "All is well.")

    monkeypatch.setattr(canaries, "one_round", one_round)
    bad = {figure.what: figure.bad for figure in canaries.run(0.005)}
    assert (bad["log"], bad["doctor"], bad["repr of a spec"]) == (1, 0, 1)
