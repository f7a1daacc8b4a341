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
    """The vendor's operation id; ``gaussnb.nosql.service.OPERATIONS`` has the class."""
    group: str
    """The group of the client that has the operation; missing if no group has it."""
    call: str
    """The name of the call in the group."""
    method: str
    """The HTTP method."""
    path: str
    """The path with its holes."""
    service: str
    """nosql, or the name of the neighbouring service."""
    success: int
    """The HTTP status of success."""
    simulated: bool
    """True if the sandbox simulates the operation."""
    depth: str
    """Depth of the simulation: state (reads or changes the world), data (plausible values) or fixed; else missing."""
    deprecated: bool
    """True if the vendor has announced the end of the operation."""
    superseded: str
    """The newer operation that does the same, if there is one."""
    summary: str
    """The first line of the description."""


def operations() -> pd.DataFrame:
    """The catalogue.

    Returns:
        One row per operation, sorted by group and name, with the columns of :class:`Entry`.

    >>> frame = operations()
    >>> frame.loc[frame["operation"] == "CreateInstance", "path"].item()
    '/v3/{project_id}/instances'
    """
    simulated = doors.simulated()
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
                "simulated": operation in simulated,
                "depth": simulated.get(operation),
                "deprecated": route.deprecated,
                "superseded": route.superseded or None,
                "summary": (operation.__doc__ or "").strip().partition("\n")[0],
            }
        )
    records.sort(key=lambda record: (record["group"] or "~", record["operation"]))
    return frame_from(Entry, records)
