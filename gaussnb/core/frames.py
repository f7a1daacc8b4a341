"""From columns to a DataFrame with a fixed schema: the same columns and dtypes for 0, 1 and n rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from .answers import Columns
from .errors import BadAnswer, GaussnbError
from .process import importing
from .rows import Column, Dtype, Row

if TYPE_CHECKING:
    import pandas as pd

Scalar = str | int | float | bool | None


def frame_of(collected: Columns, attrs: Mapping[str, Scalar] | None = None, *, unique: str = "") -> pd.DataFrame:
    """Make a frame from collected columns.

    Args:
        collected: the columns of one or more answers.
        attrs: facts about the answer, JSON scalars only, so that they survive parquet.
        unique: the column whose repeated values are dropped, with their rows, if there is such a column.

    Returns:
        One row per record; text ``string``, whole numbers ``Int64``, times ``datetime64[us, UTC]``,
        truth values ``boolean``, statuses ``category`` with unknown ones kept. Values that cannot be
        read as their column's type are missing, and ``attrs["unreadable"]`` names the columns.

    Raises:
        BadAnswer: the values make no frame.
    """
    return _typed(lambda: _frame_of(collected, attrs, unique), attrs)


def _typed(make: Callable[[], pd.DataFrame], attrs: Mapping[str, Scalar] | None) -> pd.DataFrame:
    """Make a frame; an exception of pandas becomes an error of this package, without the values in its frames."""
    try:
        return make()
    except (GaussnbError, MemoryError):
        raise
    except Exception as error:
        problem = type(error).__name__
    raise BadAnswer(f"its values make no frame ({problem})", operation=str((attrs or {}).get("operation", "")))


def _frame_of(collected: Columns, attrs: Mapping[str, Scalar] | None, unique: str) -> pd.DataFrame:
    with importing():
        import pandas as pd  # takes half a second, so it is imported with the first frame

    unreadable: list[str] = []
    data = {
        column.name: _series(column, values, unreadable) for column, values in zip(collected.columns, collected.values)
    }
    frame = pd.DataFrame(data, copy=False)
    if len(frame) > 1 and unique in data:
        repeated = frame[unique].duplicated() & frame[unique].notna()
        frame = frame[~repeated].reset_index(drop=True) if repeated.any() else frame
    frame.attrs.update(attrs or {})
    if unreadable:
        frame.attrs["unreadable"] = ", ".join(unreadable)
    return frame


def frame_from(row: type[Row], records: Sequence[Mapping[str, Any]], **attrs: Scalar) -> pd.DataFrame:
    """Make a frame from records whose names are those of the row's columns.

    Args:
        row: the row class that declares the columns.
        records: mappings from column name to value; missing ones are missing in the frame.
        attrs: facts about the frame.
    """
    collected = Columns(row)
    for values, column in zip(collected.values, collected.columns):
        values.extend(record.get(column.name) for record in records)
    return frame_of(collected, attrs)


def frame_of_json(answer: Any, attrs: Mapping[str, Scalar]) -> pd.DataFrame:
    """Make a frame of an answer without declared columns.

    Args:
        answer: any JSON value.
        attrs: facts about the answer.

    Returns:
        One row per item of the first list in the answer, or one row; the columns have dotted paths as names.

    Raises:
        BadAnswer: the values make no frame.
    """
    return _typed(lambda: _frame_of_json(answer, attrs), attrs)


def _frame_of_json(answer: Any, attrs: Mapping[str, Scalar]) -> pd.DataFrame:
    with importing():
        import numpy as np
        import pandas as pd

    records = answer if isinstance(answer, list) else [answer]
    if isinstance(answer, dict):
        records = next((item for item in answer.values() if isinstance(item, list)), [answer])
    rows: list[dict[str, Any]] = [item if isinstance(item, dict) else {"value": item} for item in records]
    with np.errstate(invalid="ignore"):  # pandas 2 tries whole numbers, which NaN and Infinity are not
        frame = pd.json_normalize(rows).convert_dtypes()
    frame.attrs.update(attrs)
    return frame


def _series(column: Column, values: list[Any], unreadable: list[str]) -> Any:
    import numpy as np
    import pandas as pd

    kind, read = _READERS[column.dtype]
    clean = values if set(map(type, values)) <= {kind, type(None)} else _read(read, values, column, unreadable)
    if column.dtype == "category":
        seen = dict.fromkeys(word for word in clean if word is not None)
        known = (*column.known, *(word for word in seen if word not in column.known))
        code = {word: number for number, word in enumerate(known)}
        return pd.Categorical.from_codes([code.get(word, -1) for word in clean], dtype=_categories(known))
    if column.dtype == "datetime64[us, UTC]":
        return pd.DatetimeIndex(np.array(clean, dtype="datetime64[us]")).tz_localize("UTC")
    return pd.array(clean, dtype=_dtype(column.dtype))


# These two are cached: to look a type up by its name takes longer than to make an array of one value.


@cache
def _dtype(name: str) -> Any:
    import pandas as pd

    return pd.api.types.pandas_dtype(name)


@lru_cache(100)
def _categories(words: tuple[str, ...]) -> pd.CategoricalDtype:
    import pandas as pd

    return pd.CategoricalDtype(pd.Index(words, dtype="string"))


def _read(read: Callable[[Any], Any], values: list[Any], column: Column, unreadable: list[str]) -> list[Any]:
    clean = []
    lost = False
    for value in values:
        try:
            clean.append(None if value is None else read(value))
        except (ValueError, TypeError, OverflowError):
            clean.append(None)
            lost = True
    if lost:
        unreadable.append(column.name)
    return clean


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list, bool)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _int(value: Any) -> int | None:
    if value == "":
        return None
    try:
        number = int(value) if not isinstance(value, float) else _whole(value)
    except ValueError:
        number = _whole(float(value))
    if not -(2**63) <= number < 2**63:
        raise OverflowError(number)
    return number


def _whole(value: float) -> int:
    if not value.is_integer():
        raise ValueError(value)
    return int(value)


def _float(value: Any) -> float | None:
    if isinstance(value, str):
        value = value.strip().rstrip("%")
        if value == "":
            return None
    return float(value)


_TRUTH = {"true": True, "false": False, "1": True, "0": False, "on": True, "off": False}


def _bool(value: object) -> bool | None:
    if value == "":
        return None
    if (word := str(value).lower()) in _TRUTH:
        return _TRUTH[word]
    raise ValueError(value)


_EPOCH = datetime(1970, 1, 1)
_NOTHING = timedelta(0)


def _time(value: Any) -> datetime | None:
    """A moment in UTC, as a datetime without offset.

    A service may write the same moment in five ways: with T, with a blank, with and without an offset, as epoch
    milliseconds. A moment without an offset is read as UTC.
    """
    if isinstance(value, str):
        value = value.strip()
        if value == "":
            return None
        if not value.isdigit():
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=None) - (moment.utcoffset() or _NOTHING)
    if isinstance(value, bool):
        raise TypeError(value)
    return _EPOCH + timedelta(milliseconds=int(value))


_READERS: dict[Dtype, tuple[type, Callable[[Any], Any]]] = {
    "string": (str, _text),
    "category": (str, _text),
    "Float64": (float, _float),
    "boolean": (bool, _bool),
    # Every whole number and moment is read: a number may be too large, and a moment is a text.
    "Int64": (type(None), _int),
    "datetime64[us, UTC]": (type(None), _time),
}
"""By dtype of a column: the Python type that needs no reading, and the function that reads all other types."""
