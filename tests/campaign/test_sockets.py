"""The short form of the campaign's halves with real sockets and processes, and proofs that they find faults."""

from __future__ import annotations

import os

import pytest

from gaussnb.cloud import transport

from . import processes, sockets


def test_no_write_behind_a_lying_proxy_is_lost_doubled_or_denied() -> None:
    figures = sockets.run(0.001)
    assert len(figures) == 40 and all(figure.count == 1 for figure in figures)
    assert not [figure for figure in figures if figure.bad]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_no_write_of_killed_and_forked_processes_is_lost_doubled_or_denied() -> None:
    figures = processes.run(0.01)
    assert not [figure for figure in figures if figure.bad]
    assert {figure.what for figure in figures if "fork" in figure.what or "KILL" in figure.what}


def test_the_campaign_finds_a_client_that_believes_an_intermediary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "is_own_answer", lambda *answer: True)
    monkeypatch.setattr(sockets, "FATES", {"bare status": sockets.FATES["bare status"]})
    figures = sockets.run(0.2)
    assert any(figure.bad for figure in figures)
