"""Laws about the frame of every row class: the same columns and dtypes for every answer."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import ROWS, asked, by_name, full, sample, spoilt

from gaussnb.core.answers import Columns, parse
from gaussnb.core.frames import frame_of
from gaussnb.core.rows import At, Count, Keys, Row, columns

every_row = pytest.mark.parametrize("row", ROWS, ids=by_name)


def frame(row: type[Row], *answers: Any) -> pd.DataFrame:
    collected = Columns(row, asked(row))
    counts = [collected.add(answer) for answer in answers]
    assert len(collected) == sum(counts)
    return frame_of(collected, {"operation": "Test"})


def check(row: type[Row], shown: pd.DataFrame) -> None:
    assert list(shown.columns) == [column.name for column in columns(row)]
    for column in columns(row):
        dtype = shown[column.name].dtype
        assert str(dtype) == column.dtype, column.name
        if column.known:
            assert list(dtype.categories[: len(column.known)]) == list(column.known)
    assert shown.index.equals(pd.RangeIndex(len(shown)))
    assert all(isinstance(value, (str, int, float, bool, type(None))) for value in shown.attrs.values())
    json.dumps(shown.attrs)


@every_row
def test_a_row_is_documented(row: type[Row]) -> None:
    assert (row.__doc__ or "").strip().endswith(".")
    for column in columns(row):
        assert column.doc.strip().endswith("."), column.name


@every_row
def test_an_empty_answer_gives_no_rows_or_a_receipt(row: type[Row]) -> None:
    for answers in ([{}], [parse(b"")], [full(row, 0)], [{}, {}]):
        shown = frame(row, *answers)
        check(row, shown)
        assert len(shown) == (0 if row.at else len(answers))


@every_row
@pytest.mark.parametrize("count", [1, 100])
def test_a_full_answer_fills_every_column(row: type[Row], count: int) -> None:
    shown = frame(row, full(row, count))
    check(row, shown)
    assert len(shown) == (count if row.at else 1)
    assert "unreadable" not in shown.attrs
    for column in columns(row):
        if row.at.endswith(".*") and column.source == At("key"):
            assert shown[column.name].is_unique
            continue
        match column.source:
            case Count():
                wanted: Any = 1
            case Keys(_, value):
                wanted = f"zone-{value}"
            case _:
                wanted = sample(column)
        values = shown[column.name]
        if column.dtype.startswith("datetime"):
            wanted = pd.Timestamp(wanted)
        assert (values == wanted).all() and values.notna().all(), column.name


@every_row
def test_pages_add_up_and_frames_can_be_joined(row: type[Row]) -> None:
    one, none = frame(row, full(row, 2)), frame(row, *([full(row, 0)] if row.at else []))
    both = pd.concat([one, none, one], ignore_index=True)
    check(row, both)
    pd.testing.assert_frame_equal(both, frame(row, full(row, 2), *([full(row, 0)] if row.at else []), full(row, 2)))


@every_row
def test_a_damaged_answer_gives_the_same_columns(row: type[Row]) -> None:
    for answer in spoilt(full(row, 2)):
        shown = frame(row, answer)
        check(row, shown)
        assert row.at or len(shown) == 1


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["instances", "groups", "nodes", "jobs", "id"]), inner)
    ),
    max_leaves=20,
)


@given(answers=st.lists(junk, max_size=3))
@settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.__name__ in ("Instance", "Node", "Job", "Created")], ids=by_name
)
def test_any_json_gives_the_same_columns(row: type[Row], answers: list[Any]) -> None:
    check(row, frame(row, *answers))
