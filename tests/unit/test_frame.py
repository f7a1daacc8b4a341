"""From rows to a DataFrame: the same columns and dtypes for 0, 1 and n rows of any content."""

from __future__ import annotations

import io
import time
from datetime import datetime
from typing import Annotated, Any

import pandas as pd
import pytest

from gaussnb.core.answers import Columns
from gaussnb.core.frames import frame_from, frame_of
from gaussnb.core.rows import Above, At, Count, FromRequest, Joined, Keys, Known, Row, columns


class Thing(Row, at="things"):
    """A row with one column of each type."""

    text: str
    """Text."""
    whole: int
    """A whole number."""
    number: float
    """A number."""
    truth: bool
    """A truth value."""
    moment: datetime
    """A moment."""
    status: Annotated[str, Known(("going", "gone"))]
    """A status."""


DTYPES = {
    "text": "string",
    "whole": "Int64",
    "number": "Float64",
    "truth": "boolean",
    "moment": "datetime64[us, UTC]",
    "status": "category",
}
FULL = {
    "text": "a", "whole": 1, "number": 1.5, "truth": True, "moment": "2019-10-28T14:10:54+0000", "status": "going",
}  # fmt: skip


def read(*records: Any, **attrs: Any) -> pd.DataFrame:
    collected = Columns(Thing)
    collected.add({"things": list(records)})
    return frame_of(collected, attrs)


def one(column: str, value: Any) -> Any:
    """The value of a column for one record, or the note of the frame if the value cannot be read."""
    frame = read({column: value})
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES
    assert frame.drop(columns=column).isna().all().all()
    return frame.attrs.get("unreadable") or frame[column].iloc[0]


@pytest.mark.parametrize("records", [[], [{}], [FULL], [FULL, {}], [FULL] * 3, [None, FULL], [7, FULL]])
def test_columns_and_dtypes_are_always_the_same(records: list[Any]) -> None:
    frame = read(*records)
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == DTYPES
    assert len(frame) == sum(record is not None for record in records)
    assert isinstance(frame.index, pd.RangeIndex)


@pytest.mark.parametrize("counts", [(0, 0), (0, 1), (1, 0), (1, 2), (0, 3, 0)])
def test_joined_frames_keep_the_dtypes(counts: tuple[int, ...]) -> None:
    joined = pd.concat([read(*[FULL] * count) for count in counts], ignore_index=True)
    pd.testing.assert_frame_equal(joined, read(*[FULL] * sum(counts)))


def test_unknown_statuses_are_kept_behind_the_known() -> None:
    frame = read({"status": "new"}, {"status": "gone"}, {"status": None}, {"status": "new"})
    assert frame["status"].cat.categories.tolist() == ["going", "gone", "new"]
    assert frame["status"].tolist()[:2] == ["new", "gone"] and frame["status"].isna().tolist() == [
        False,
        False,
        True,
        False,
    ]


MOMENT = pd.Timestamp("2019-10-28T14:10:54Z")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2019-10-28T14:10:54+0000", MOMENT),
        ("2019-10-28T22:10:54+0800", MOMENT),
        ("2019-10-28T22:10:54+08:00", MOMENT),
        ("2019-10-28T14:10:54Z", MOMENT),
        ("2019-10-28T14:10:54", MOMENT),
        ("2019-10-28 14:10:54", MOMENT),
        (" 2019-10-28 14:10:54 ", MOMENT),
        ("2019-10-28T14:10:54.123456Z", MOMENT + pd.Timedelta("123456us")),
        ("2019-10-28T14:10:54.123000Z", MOMENT + pd.Timedelta("123ms")),
        (1572271854000, MOMENT),
        ("1572271854000", MOMENT),
        (1572271854000.0, MOMENT),
        (0, pd.Timestamp(0, tz="UTC")),
        ("2019-10-28", MOMENT.normalize()),
    ],
)
def test_moments_are_read_in_every_notation(written: Any, moment: pd.Timestamp) -> None:
    assert one("moment", written) == moment


def test_a_moment_beyond_nanoseconds() -> None:
    assert one("moment", "9999-12-31T23:59:59Z").year == 9999
    assert one("moment", "0001-01-01T00:00:00Z").year == 1


@pytest.mark.parametrize(
    ("column", "written", "value"),
    [
        ("text", 5, "5"),
        ("text", True, "true"),
        ("text", {"ä": [1]}, '{"ä": [1]}'),
        ("text", "", ""),
        ("whole", "500", 500),
        ("whole", "-3", -3),
        ("whole", 3.0, 3),
        ("whole", "3.0", 3),
        ("whole", 2**63 - 1, 2**63 - 1),
        ("whole", -(2**63), -(2**63)),
        ("whole", "9007199254740993", 9007199254740993),
        ("number", "12.5", 12.5),
        ("number", "40%", 40.0),
        ("number", 3, 3.0),
        ("truth", "true", True),
        ("truth", "False", False),
        ("truth", 1, True),
        ("truth", "0", False),
    ],
)
def test_values_are_read_in_every_notation(column: str, written: Any, value: Any) -> None:
    assert one(column, written) == value


@pytest.mark.parametrize(
    ("column", "value"),
    [(column, value) for column in DTYPES if column not in ("text", "status") for value in ("", None)],
)
def test_an_empty_value_is_missing_but_not_unreadable(column: str, value: Any) -> None:
    assert one(column, value) is (pd.NaT if column == "moment" else pd.NA)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *[
            ("whole", bad)
            for bad in (1.5, "1.5", "x", 2**63, "9" * 30, "9" * 5000, float("nan"), float("inf"), [], {}, "²")
        ],
        *[("number", bad) for bad in ("x", [], {}, 10**400)],
        *[("truth", bad) for bad in ("x", 2, [], {}, 1.5)],
        *[("moment", bad) for bad in ("x", True, [], {}, 10**17, -(10**17), float("nan"), float("inf"), "2019-13-01")],
        ("moment", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_an_unreadable_value_is_missing_and_noted(column: str, value: Any) -> None:
    assert one(column, value) == column
    frame = read(FULL, {**FULL, column: value})
    assert frame[column].isna().tolist() == [False, True]


def test_notes_name_each_column_once() -> None:
    assert read(*[{"whole": "x", "truth": "y"}] * 3).attrs["unreadable"] == "whole, truth"


def test_parquet_keeps_values_dtypes_and_attrs() -> None:
    pytest.importorskip("pyarrow")
    for frame in (
        read(operation="Test", total_count=0),
        read(FULL, {"status": "new"}, operation="Test", truncated=False),
    ):
        file = io.BytesIO()
        frame.to_parquet(file)
        back = pd.read_parquet(io.BytesIO(file.getvalue()))
        assert back.attrs == frame.attrs
        assert (
            back.drop(columns="status").dtypes.astype(str).to_dict()
            == frame.drop(columns="status").dtypes.astype(str).to_dict()
        )
        assert back["status"].astype("string").equals(frame["status"].astype("string"))
        pd.testing.assert_frame_equal(back.drop(columns="status"), frame.drop(columns="status"))


def test_a_frame_from_records() -> None:
    frame = frame_from(Thing, [{"whole": 1}, {"text": "x", "unknown": 1}], operation="Test")
    assert frame["whole"].isna().tolist() == [False, True]
    assert frame.attrs == {"operation": "Test"}
    assert frame_from(Thing, []).dtypes.astype(str).to_dict() == DTYPES


def test_many_rows_are_read_quickly() -> None:
    record = {
        "name": "n",
        "datastore": {"type": "redis"},
        "groups": [{"volume": {"size": "5"}, "nodes": [{"spec_code": "s"}] * 3}],
    }
    from gaussnb.nosql.operations.instances import Instance

    collected = Columns(Instance)
    began = time.perf_counter()
    for _ in range(100):
        collected.add({"instances": [{**record, "created": "2026-01-01T00:00:00+0000"}] * 100})
    frame = frame_of(collected)
    assert time.perf_counter() - began < 5
    assert frame.shape == (10_000, len(columns(Instance)))
    assert (frame["nodes"] == 3).all() and (frame["storage_gb"] == 5).all()


# ------------------------------------------------------------------------------------- columns


class Leaf(Row, at="trees.branches.leaves"):
    """A row inside other objects."""

    name: str
    """A value of the row."""
    tree: Annotated[str, Above("trees", "name")]
    """A value of the outermost object."""
    height: Annotated[int, Above("trees", "size.height")]
    """A nested value of the outermost object."""
    branch: Annotated[str, Above("trees.branches", "name")]
    """A value of the object in between."""
    page: Annotated[int, Above("", "page")]
    """A value of the answer."""
    asked: Annotated[str, FromRequest("what")]
    """A value of the request."""
    first: Annotated[str, At("veins.color")]
    """The first value of a list."""
    all: Annotated[str, Joined("veins.color")]
    """All values of a list."""
    count: Annotated[int, Count("veins")]
    """The number of values."""
    green: Annotated[str, Keys("zones", "green")]
    """The keys with a given value."""


def test_every_source_of_a_column_is_read() -> None:
    veins = [{"color": None}, {}, {"color": "red"}, {"color": "blue"}, {"color": "red"}]
    answer = {
        "page": 3,
        "trees": [
            {"name": "oak", "size": {"height": 9}, "branches": [
                {"name": "low", "leaves": [
                    {"name": "a", "veins": veins, "zones": {"x": "green", "y": "red", "z": "green"}},
                ]},
                {"name": "bare", "leaves": []},
                {"name": "high", "leaves": [{"name": "b"}, None]},
            ]},
            {"name": "stump"},
            {"name": "elm", "branches": {"name": "only", "leaves": {"name": "c", "veins": {"color": "one"}}}},
        ],
    }  # fmt: skip
    collected = Columns(Leaf, {"what": "leaves"})
    assert collected.add(answer) == 3 == len(collected)
    frame = frame_of(collected).fillna({"first": "-", "height": 0})
    assert frame.to_dict("list") == {
        "name": ["a", "b", "c"],
        "tree": ["oak", "oak", "elm"],
        "height": [9, 9, 0],
        "branch": ["low", "high", "only"],
        "page": [3, 3, 3],
        "asked": ["leaves"] * 3,
        "first": ["red", "-", "one"],
        "all": ["red, blue", "", "one"],
        "count": [5, 0, 1],
        "green": ["x, z", "", ""],
    }
