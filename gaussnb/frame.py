"""Rows to a DataFrame with a fixed schema: the same columns and dtypes for 0, 1 and n rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .spec import Column, Row
from .wire import Columns

if TYPE_CHECKING:
    import pandas as pd

Scalar = str | int | float | bool | None


def frame_of(collected: Columns, attrs: Mapping[str, Scalar] | None = None) -> pd.DataFrame:
    """A frame from collected columns.

    Args:
        collected: the columns of one or more answers.
        attrs: facts about the answer, JSON scalars only, so that they survive parquet.

    Returns:
        One row per record; text ``string``, whole numbers ``Int64``, times ``datetime64[us, UTC]``,
        truth values ``boolean``, statuses ``category`` with unknown ones kept. Values that cannot be
        read as their column's type are missing, and ``attrs["unreadable"]`` names the columns.
    """
    import pandas as pd  # half a second: only those who get a frame pay for it

    unreadable: list[str] = []
    data = {
        column.name: _series(column, values, unreadable)
        for column, values in zip(collected.columns, collected.values)
    }
    frame = pd.DataFrame(data, copy=False)
    frame.attrs.update(attrs or {})
    if unreadable:
        frame.attrs["unreadable"] = ", ".join(unreadable)
    return frame


def frame_from(row: type[Row], records: Sequence[Mapping[str, Any]], **attrs: Scalar) -> pd.DataFrame:
    """A frame from records that already have the names of the row's columns.

    Args:
        row: the row class that declares the columns.
        records: mappings from column name to value; missing ones are missing in the frame.
        attrs: facts about the frame.
    """
    collected = Columns(row)
    for values, column in zip(collected.values, collected.columns):
        values.extend(record.get(column.name) for record in records)
    return frame_of(collected, attrs)


def _series(column: Column, values: list[Any], unreadable: list[str]) -> Any:
    import pandas as pd

    if column.dtype == "string":
        return pd.array(_read(_text, values, column, unreadable), dtype="string")
    if column.dtype == "category":
        words = _read(_text, values, column, unreadable)
        seen = dict.fromkeys(word for word in words if word is not None)
        known = [*column.known, *(word for word in seen if word not in column.known)]
        return pd.Categorical(words, categories=pd.Index(known, dtype="string"))
    if column.dtype == "datetime64[us, UTC]":
        return _times(column, values, unreadable)
    reader = {"Int64": _int, "Float64": _float, "boolean": _bool}[column.dtype]
    return pd.array(_read(reader, values, column, unreadable), dtype=column.dtype)


def _read(
    read: Callable[[Any], Any], values: list[Any], column: Column, unreadable: list[str]
) -> list[Any]:
    clean = []
    for value in values:
        try:
            clean.append(None if value is None else read(value))
        except (ValueError, TypeError, OverflowError):
            clean.append(None)
            if column.name not in unreadable:
                unreadable.append(column.name)
    return clean


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if isinstance(value, (dict, list, bool)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _int(value: Any) -> int | None:
    if type(value) is int:
        number = value
    elif value == "":
        return None
    elif isinstance(value, float) or (isinstance(value, str) and not value.lstrip("-").isdigit()):
        if not float(value).is_integer():
            raise ValueError(value)
        number = int(float(value))
    else:
        number = int(value)
    if not -(2**63) <= number < 2**63:
        raise OverflowError(number)
    return number


def _float(value: Any) -> float | None:
    if isinstance(value, str):
        value = value.strip().rstrip("%")
        if value == "":
            return None
    return float(value)


_TRUTH = {"true": True, "false": False, "1": True, "0": False, "on": True, "off": False}


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if (word := str(value).lower()) in _TRUTH:
        return _TRUTH[word]
    raise ValueError(value)


def _times(column: Column, values: list[Any], unreadable: list[str]) -> Any:
    import pandas as pd

    # This API writes the same moment in five ways (with T, with a blank, with and without an offset,
    # as epoch milliseconds). Where it names no offset it is read as UTC.
    texts = [
        pd.Timestamp(value, unit="ms", tz="UTC").isoformat() if _is_epoch(value) else value or None
        for value in values
    ]
    known = [text if isinstance(text, str) else None for text in texts]
    times = pd.to_datetime(pd.Series(known, dtype="object"), format="ISO8601", utc=True, errors="coerce")
    lost = sum(value not in (None, "") for value in values) - int(times.notna().sum())
    if lost:
        unreadable.append(column.name)
    return times.dt.as_unit("us")


def _is_epoch(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 8e15
