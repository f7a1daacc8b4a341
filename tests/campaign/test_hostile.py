"""The short form of the hostile inputs, and that the campaign finds what is there to find."""

from __future__ import annotations

import random
from typing import Any

import pytest

from . import hostile

SIZE = 0.001


def test_no_input_raises_what_is_not_documented() -> None:
    figures = hostile.run(SIZE)
    assert [example for figure in figures for example in figure.examples] == []
    assert sum(figure.count for figure in figures) > 1_000_000 * SIZE


def test_the_full_size_is_a_million() -> None:
    assert sum(subject.count for subject in hostile.SUBJECTS) + hostile.DRAWN >= 1_000_000


@pytest.mark.parametrize("raised", [KeyError("x"), UnicodeError("x"), RecursionError(), AssertionError()])
def test_a_fault_is_found_and_can_be_repeated(raised: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(chance: random.Random) -> None:
        if hostile.value(chance) is None:
            raise raised

    subject = hostile.Subject("broken", 1, read, (ValueError,))
    monkeypatch.setattr(hostile, "SUBJECTS", [subject])
    figure = hostile._figure(subject, 300, 0)
    assert 0 < figure.bad < 300 and type(raised).__name__ in figure.examples[0]
    number = int(figure.examples[0].partition("input ")[2].partition(":")[0])
    with pytest.raises(type(raised)):
        hostile.repeat("broken", 0, number)


def test_the_same_seed_makes_the_same_inputs() -> None:
    def made(seed: int) -> list[Any]:
        return [repr(hostile.value(random.Random(f"{seed}/{number}"))) for number in range(50)]

    assert made(1) == made(1) != made(2)


@pytest.mark.parametrize(
    ("what", "number"),
    [("files of tokens", 163), ("files of tokens", 370), ("files of ledgers", 186), ("files of ledgers", 406)],
)
@pytest.mark.filterwarnings("ignore")  # a set-aside ledger is told
def test_inputs_that_once_raised_what_is_not_documented(what: str, number: int) -> None:
    hostile.repeat(what, 0, number)
