"""All pages of a list: the rows read so far, and the pages to ask for next. The client sends the requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ..core.answers import Columns, Page
from ..core.errors import BadAnswer
from ..core.operation import Operation
from ..core.rows import Row

Fetch = Callable[[Sequence[Operation]], Iterator[Page]]
"""Sends several reads at the same time, and returns their pages in the order of the reads."""

AHEAD = 64
"""Pages asked for at once: a list that claims a million pages may be wrong."""
AGAIN = 3
"""Readings of a list that becomes shorter meanwhile: items may have moved to a page that was read before."""

MOST_PAGES, MOST_ITEMS, MOST_BYTES = 2_000, 200_000, 1024**3
"""Most pages, items and bytes of one list: a service may answer with one more page for ever. A list that is longer is
read so far, and ``attrs["truncated"]`` of its frame is True."""

_KEYS = {"offset": "id", "marker": "id", "line_num": "line_num"}
"""The key that identifies an item of a list, by the field that says where a page begins."""


def first_page(operation: Operation) -> Operation:
    """The operation that reads the first page: a list of log lines needs an explicit limit."""
    if operation.paged() == "line_num" and getattr(operation, "limit", None) is None:
        return operation.replace(limit=operation.route.page_size)
    return operation


class Reading:
    """The rows and pages of an answer that were read so far.

    Args:
        row: the row class of the answer.
        fields: the values of the request, which rows may repeat.
        operation: the operation, if its answer may have pages.
    """

    def __init__(self, row: type[Row], fields: Mapping[str, Any], operation: Operation | None) -> None:
        self.columns = Columns(row, fields)
        self.count = 0
        """The number of items read, with repeats: the place where the next page begins."""
        self.total: int | None = None
        """The number of items on all pages, as the last page said."""
        self.shrank = False
        self.cut = False
        """True if reading stopped at a bound, before the list ended."""
        self.fresh = True
        """True if the last page had a new item."""
        self.last = ""
        """The key of the last item."""
        self.listed = False
        """True if the rows are read from a list, and not from one object that every page repeats."""
        self._begin = operation.paged() if operation is not None else ""
        self._page_size = operation.route.page_size if operation is not None else 0
        self._fields = fields
        self._ids: set[str] = set()
        self._bare = False
        self._things: list[Any] = []
        self._pages = self._bytes = 0

    def add(self, page: Page) -> int:
        """Read one page.

        Returns:
            The number of its items.
        """
        self.columns.add(page.answer)
        self._pages += 1
        self._bytes += page.size
        if not self._begin or page.things is None:
            return 0
        self.listed, things, key = True, page.things, _KEYS[self._begin]
        ids = [str(thing[key]) for thing in things if type(thing) is dict and type(thing.get(key)) in (str, int)]
        self._bare |= len(ids) < len(things)
        # Items without an id are compared as a page: a service that ignores offsets returns the same page for ever.
        self.fresh = bool(things) and (things != self._things if self._bare else not self._ids.issuperset(ids))
        self._things = things
        self._ids.update(ids)
        self.last = ids[-1] if ids else ""
        self.count += len(things)
        if page.total is not None:
            self.shrank |= page.total < (self.total or 0)
            self.total = page.total
        return len(things)

    @property
    def is_full(self) -> bool:
        """True if the list is as long as one may be."""
        return self._pages >= MOST_PAGES or self.count >= MOST_ITEMS or self._bytes >= MOST_BYTES

    @property
    def facts(self) -> dict[str, Any]:
        """The facts about the whole list, for ``attrs``; empty if there is no list."""
        if not self.listed:
            return {}
        have = self.count if self._bare else len(self._ids)
        if self.total is not None:
            return {"total_count": self.total, "truncated": self.shrank or self.cut or have < self.total}
        full = have >= (self._fields["limit"] or self._page_size)
        return {"truncated": self.cut or (self.is_one_page and (full or bool(self._fields[self._begin])))}

    @property
    def is_one_page(self) -> bool:
        """True if the request asks for one page only."""
        return any(self._fields[name] is not None for name in (self._begin, "limit"))


def read_all(
    row: type[Row], fields: Mapping[str, Any], operation: Operation | None, first: Page, fetch: Fetch
) -> Reading:
    """Read an answer to its end: all pages of a list, or the one page that was asked for.

    Args:
        row: the row class of the answer.
        fields: the values of the request, which rows may repeat.
        operation: the operation; None if only its path is known, and then one answer is read.
        first: the answer to ``operation`` itself.
        fetch: reads the other pages.

    Raises:
        BadAnswer: the key of the last item, after which the next page begins, is none that can be asked for.
    """
    reading = Reading(row, fields, operation)
    reading.add(first)
    for _ in range(AGAIN - 1):
        _read_on(reading, operation, fetch)
        if operation is None or not reading.shrank:
            break
        reading = Reading(row, fields, operation)
        reading.add(next(fetch([operation])))
    else:
        _read_on(reading, operation, fetch)
    return reading


def _read_on(reading: Reading, operation: Operation | None, fetch: Fetch) -> None:
    """Read the pages after the first one, if there are any and they are wanted."""
    if operation is None or not reading.listed or reading.is_one_page:
        return
    if operation.paged() == "offset":
        _read_by_offset(reading, operation, fetch)
    else:
        _read_by_marker(reading, operation, fetch)


def _read_by_offset(reading: Reading, operation: Operation, fetch: Fetch) -> None:
    size, reach = operation.route.page_size, operation.route.reach
    step = size
    while reading.fresh and reading.count < min(reach, reading.total if reading.total is not None else reach):
        if reading.is_full:
            reading.cut = True
            return
        here = reading.count
        ends = min(reading.total or 0, here + AHEAD * step, reach)
        offsets = range(here, ends, step) if reading.total else range(here, here + 1)
        for page in fetch([_page_at(operation, offset=at, limit=min(size, reach - at)) for at in offsets]):
            if (count := reading.add(page)) < step:
                # This is the last page, or the service gives fewer items at once than it says and leaves a gap.
                step = count or step
                break
            if reading.is_full:
                break
    reading.cut = reading.fresh and reading.total is None and reading.count >= reach


def _read_by_marker(reading: Reading, operation: Operation, fetch: Fetch) -> None:
    first, size = first_page(operation), operation.route.page_size
    count = reading.count
    while count >= size and reading.fresh and reading.last:
        if reading.is_full:
            reading.cut = True
            return
        count = reading.add(next(fetch([_page_at(first, **{operation.paged(): reading.last})])))


def _page_at(operation: Operation, **place: Any) -> Operation:
    """Make the operation that reads another page; where the page begins comes from the service."""
    try:
        return operation.replace(**place)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]["msg"]
    raise BadAnswer(f"the next page of the list cannot be asked for: {problem}", operation=operation.route.id)
