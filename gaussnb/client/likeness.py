"""The comparison of a thing in a listing with the request that may have made the thing.

Nothing here names a field of a product. A request and the rows of the service share their fields: the receipt of a
creation repeats the request, and the columns of the receipt and of the listing have the same names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..core.answers import Columns
from ..core.frames import frame_from
from ..core.rows import At, Column, Count, Joined, Row, columns
from ..core.service import Service

if TYPE_CHECKING:
    import pandas as pd

SLACK = timedelta(seconds=5)
"""The most by which two clocks of the cloud may differ."""

_OWN = ("id", "status", "actions")
"""The columns that a request never decides."""
_VERSION = re.compile(r"\d+(\.\d+)*")


def read_asked(service: Service, receipt: type[Row], body: Any) -> dict[str, Any]:
    """Read the values of a request that a listing shows, by the column of the listing.

    Args:
        service: says what a listing shows.
        receipt: the row of the answer to the request.
        body: the JSON value of the request.

    Returns:
        Scalars of JSON by column. What the request leaves to the service is left out.
    """
    thing = service.thing_row
    shown = {column.name for column in columns(thing) if _is_decided(column)}
    asked = _read(thing, _wrapped(body, thing.at)) | _read(receipt, body)
    return {name: value for name, value in asked.items() if name in shown}


def differences(service: Service, asked: Mapping[str, Any], since: str, thing: Mapping[str, Any]) -> dict[str, str]:
    """Compare a listed thing with a request.

    What a service may write in another way makes no difference: a number as text, a version with its patch, zones in
    another order, a value that is not shown yet, nodes that do not exist yet.

    Args:
        service: says how things are listed.
        asked: the values of the request, from :func:`read_asked`.
        since: the moment from which on the thing may have been made, in ISO format; empty if it is not known.
        thing: the row of the thing by column, from a frame.

    Returns:
        One difference in words for each column that differs; empty if the request may have made the thing.
    """
    row = service.thing_row
    wanted = frame_from(row, [asked]).iloc[0].to_dict()
    going = service.lifecycle.phase_of(str(thing.get("status")), _text(thing.get("actions"))) == "going"
    found = {}
    for column in columns(row):
        want, have = wanted[column.name], thing.get(column.name)
        if column.name in asked and _text(want) and _text(have) and not _is_same(column, want, have, going):
            found[column.name] = f"{column.name} is {_text(have)}, not {_text(want)}"
    created = thing.get(service.created_column)
    if since and _text(created) and _is_before(created, since):
        found[service.created_column] = "it was created before the request"
    return found


def _is_decided(column: Column) -> bool:
    return column.name not in _OWN and not column.dtype.startswith("datetime")


def _read(row: type[Row], body: Any) -> dict[str, Any]:
    """Read the columns of a row from the body of a request, as if it were an answer."""
    collected = Columns(row)
    collected.add(body)
    return {
        column.name: values[0]
        for column, values in zip(collected.columns, collected.values)
        if isinstance(column.source, At) and values and isinstance(values[0], (str, int, float)) and values[0] != ""
    }


def _wrapped(body: Any, at: str) -> Any:
    """A body in the place of a row, so that the columns of the row find the values of the body."""
    for key in reversed(at.partition("|")[0].split(".")):
        body = {key: [body]} if key else body
    return body


def _is_same(column: Column, want: Any, have: Any, going: bool) -> bool:
    match column.source:
        case Count():
            return bool(have == want or (going and have < want) or have == 0)
        case Joined():
            return _words(have) <= _words(want)
    if column.dtype == "string" and _VERSION.fullmatch(str(want)) and _VERSION.fullmatch(str(have)):
        return _is_prefix(str(want), str(have)) or _is_prefix(str(have), str(want))
    return _text(have).casefold() == _text(want).casefold()


def _is_prefix(short: str, long: str) -> bool:
    return f"{long}.".startswith(f"{short}.")


def _words(text: Any) -> set[str]:
    return {word for part in str(text).split(",") if (word := part.strip())}


def _is_before(created: Any, since: str) -> bool:
    try:
        return bool(created < datetime.fromisoformat(since) - SLACK)
    except (ValueError, TypeError):
        return False  # a moment that cannot be read says nothing


def _text(value: Any) -> str:
    """A value as a text; empty for a missing one."""
    import pandas as pd

    return "" if value is None or pd.isna(value) else str(value)


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame by column."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
