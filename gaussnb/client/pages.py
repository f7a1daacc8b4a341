"""All pages of a list: what was read of it so far, and what to ask for next. Fetching is others' work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..cloud.transport import Reply
from ..core.answers import Columns, leaves, way_to
from ..core.operation import Operation, fields_of
from ..core.rows import At, Row, columns

Fetch = Callable[[Sequence[Operation]], Iterator[Reply]]
"""Sends several reads at the same time; the replies in the order of the reads."""

AHEAD = 64
"""Pages asked for at once; a list that says it has a million of them is not believed blindly."""
AGAIN = 3
"""How often a list is read that shrinks meanwhile: what moves up into a page that was read is missed."""


_NAMES = {"offset": "id", "marker": "id", "line_num": "line_num"}
"""By the field that says where a page begins: the key that tells the things of a list from each other."""


def first_page(operation: Operation) -> Operation:
    """What asks for the first page: a list of log lines wants to be told how many."""
    asked = fields_of(operation)
    if operation.paged() == "line_num" and asked["limit"] is None:
        return operation.replace(limit=operation.route.page_size)
    return operation


def checked(reply: Reply, row: type[Row], total: str = "total_count") -> Any:
    """The parsed answer, where it can be read as rows.

    Raises:
        BadAnswer: it is not JSON, or the list that holds the rows is not there.
    """
    answer = reply.json()
    if not row.at:
        return answer
    key = way_to(row, answer).partition(".")[0]
    held = answer.get(key) if isinstance(answer, dict) else ""
    items = held if isinstance(held, list) else [held]
    fit = all(isinstance(item, dict) or item is None for item in items) or _is_bare(row)
    if isinstance(held, str) or not fit or (key not in answer and next(leaves(answer, total), None) != 0):
        # Taken for an empty list, this would say that what is there is gone.
        raise reply.bad(f"no {key} in it")
    return answer


def _is_bare(row: type[Row]) -> bool:
    """Whether a row stands for a plain value of a list, not for an object."""
    return any(isinstance(column.source, At) and not column.source.path for column in columns(row))


def _listed(answer: Any, row: type[Row]) -> list[Any] | None:
    """The things that pages are made of: the first list on the way to the rows. None where there is no list."""
    here, way = answer, way_to(row, answer)
    for key in way.split(".") if way else ():
        here = here.get(key) if isinstance(here, dict) else None
        if isinstance(here, list) or here is None:
            return list(leaves(here, ""))
    return None


class Reading:
    """What was read of a list so far.

    Args:
        operation: what lists it.
        returns: the row.
    """

    def __init__(self, operation: Operation, returns: type[Row]) -> None:
        self.operation = operation
        self.columns = Columns(returns, {**fields_of(operation), "operation": operation.route.id})
        self.count = 0
        """Things read, with repeats: where the next page begins."""
        self.total: int | None = None
        """How many there are, as the last page said."""
        self.shrank = False
        self.fresh = True
        """Whether the last page held anything new."""
        self.last = ""
        """What the last thing is known by."""
        self.listed = True
        """Whether the rows come from a list, and not from the one thing that stands beside it on every page."""
        self._name = _NAMES[operation.paged()]
        self._ids: set[str] = set()
        self._bare = False
        self._page: list[Any] = []

    def add(self, reply: Reply) -> int:
        """Take a page in; how many things it had."""
        answer = checked(reply, self.columns.row, self.operation.route.total)
        self.columns.add(answer)
        listed = _listed(answer, self.columns.row)
        self.listed, things = listed is not None, listed or []
        key = self._name
        ids = [str(thing[key]) for thing in things if isinstance(thing, dict) and thing.get(key) is not None]
        self._bare |= len(ids) < len(things)
        # What has no id is told by its page: a service that pays no heed to offsets gives the same one for ever.
        self.fresh = bool(things) and (things != self._page if self._bare else not self._ids.issuperset(ids))
        self._page = things
        self._ids.update(ids)
        self.last = ids[-1] if ids else ""
        self.count += len(things)
        total = _number(next(leaves(answer, self.operation.route.total), None))
        if total is not None:
            self.shrank |= total < (self.total or 0)
            self.total = total
        return len(things)

    @property
    def facts(self) -> dict[str, Any]:
        """The facts about the whole, for ``attrs``."""
        if not self.listed:
            return {}
        have = self.count if self._bare else len(self._ids)
        if self.total is not None:
            return {"total_count": self.total, "truncated": self.shrank or have < self.total}
        asked = fields_of(self.operation)
        full = have >= (asked.get("limit") or self.operation.route.page_size)
        return {"truncated": _one_page(self.operation) and (full or bool(asked.get(self.operation.paged())))}


def read_all(operation: Operation, returns: type[Row], first: Reply, fetch: Fetch) -> Reading:
    """Read a list to its end, or the one page of it that was asked for.

    Args:
        operation: what lists it.
        returns: the row.
        first: the answer to ``operation`` itself.
        fetch: gets the other pages.
    """
    for again in range(AGAIN):
        reading = Reading(operation, returns)
        reading.add(next(fetch([first_page(operation)])) if again else first)
        if _one_page(operation) or not reading.listed:
            return reading
        if operation.paged() == "offset":
            _by_offset(reading, fetch)
        else:
            _by_marker(reading, fetch)
        if not reading.shrank:
            break
    return reading


def _one_page(operation: Operation) -> bool:
    asked = fields_of(operation)
    return any(asked[name] is not None for name in (operation.paged(), "limit"))


def _by_offset(reading: Reading, fetch: Fetch) -> None:
    operation, size = reading.operation, reading.operation.route.page_size
    step, reach = size, operation.route.reach
    while reading.fresh and reading.count < min(reach, reading.total if reading.total is not None else reach):
        here = reading.count
        ends = min(reading.total or 0, here + AHEAD * step, reach)
        offsets = range(here, ends, step) if reading.total else range(here, here + 1)
        for reply in fetch([operation.replace(offset=at, limit=min(size, reach - at)) for at in offsets]):
            if (count := reading.add(reply)) < step:
                # The end; or the service gives fewer at once than it says, and there is a hole.
                step = count or step
                break


def _by_marker(reading: Reading, fetch: Fetch) -> None:
    operation, size = first_page(reading.operation), reading.operation.route.page_size
    count = reading.count
    while count >= size and reading.fresh and reading.last:
        count = reading.add(next(fetch([operation.replace(**{operation.paged(): reading.last})])))


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        return int(value)
    return value if type(value) is int and value >= 0 else None
