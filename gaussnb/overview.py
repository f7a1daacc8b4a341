"""``operations()``: every declared operation as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import doors
from .core.frames import frame_from
from .core.rows import Row
from .nosql.groups import GROUPS
from .nosql.service import OPERATIONS

if TYPE_CHECKING:
    import pandas as pd


class Entry(Row):
    """One operation of the catalogue."""

    operation: str
    """The vendor's operation id; ``gaussnb.core.catalogue.OPERATIONS`` has the class."""
    group: str
    """The group of the client it belongs to, if it is bound."""
    call: str
    """Its name there."""
    method: str
    """The HTTP method."""
    path: str
    """The path."""
    service: str
    """nosql, or the neighbour it belongs to."""
    success: int
    """The HTTP status of success."""
    simulated: bool
    """Whether the sandbox acts it out."""
    depth: str
    """How deep: state, where it reads or changes what there is; data, plausible; or fixed. Missing where it is not."""
    deprecated: bool
    """Whether the vendor has announced its end."""
    superseded: str
    """The newer operation that does the same, where there is one."""
    summary: str
    """What it does."""


def operations() -> pd.DataFrame:
    """The catalogue.

    Returns:
        One row per operation, sorted by group and name, with the columns of :class:`Entry`.

    >>> frame = operations()
    >>> frame.loc[frame["operation"] == "CreateInstance", "path"].item()
    '/v3/{project_id}/instances'
    """
    acted = doors.simulated()
    bound: dict[str, tuple[str, str]] = {}
    for group, kind in GROUPS.items():
        for name, call in kind.calls().items():
            bound.setdefault(call.operation.route.id, (group, name))
    records = []
    for id, operation in OPERATIONS.items():
        route = operation.route
        group, name = bound.get(id, ("", ""))
        records.append(
            {
                "operation": id,
                "group": group or None,
                "call": name or None,
                "method": route.method,
                "path": route.path,
                "service": route.service or "nosql",
                "success": route.success,
                "simulated": operation in acted,
                "depth": acted.get(operation),
                "deprecated": route.deprecated,
                "superseded": route.superseded or None,
                "summary": (operation.__doc__ or "").strip().partition("\n")[0],
            }
        )
    records.sort(key=lambda record: (record["group"] or "~", record["operation"]))
    return frame_from(Entry, records)
