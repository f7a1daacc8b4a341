"""The short form of the requests that schemathesis makes, and a tally that sees answers which do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from campaign.contract import run, share
from gaussnb.sandbox import Sandbox

SHORT = 0.003


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes every sandbox answer with a fault, once its world is made."""

    def make(**fault: Any) -> None:
        advance = Sandbox.advance
        calls: list[float] = []

        def then_fail(self: Sandbox, seconds: float) -> None:
            advance(self, seconds)
            calls.append(seconds)
            if len(calls) == 2:
                self.inject(None, times=None, after=4, **fault)

        monkeypatch.setattr(Sandbox, "advance", then_fail)

    return make


def test_no_request_gets_a_5xx_and_every_answer_fits_the_document() -> None:
    for figure in run(size=SHORT):
        assert figure.count >= 150 and not figure.bad, figure.examples


@pytest.mark.parametrize(
    ("fault", "broken"), [({"status": 500}, True), ({"status": 503}, True), ({"body": "[7"}, False)], ids=str
)
def test_a_tally_sees_a_wrong_answer(faulty: Callable[..., None], fault: dict[str, Any], broken: bool) -> None:
    faulty(**fault)
    fives, misfits = share(1, seed=1)
    assert (fives.bad > 0) == broken and misfits.bad > 0
