"""From the body of an answer to the columns of a frame, without input, output or pandas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic_core import from_json

from .refusals import has_own_code
from .rows import Above, At, Column, Count, Each, FromRequest, Joined, Keys, Row, Source, columns
from .secrets import reveal

# ---------------------------------------------------------------------------------------- answers


def parse(body: bytes) -> Any:
    """The JSON value in a body; an empty body is an empty object.

    Raises:
        ValueError: when the body is not JSON (HTML, truncated, …).
    """
    # cache_strings=all shares the equal strings of a long list, which halves the memory.
    return from_json(body, cache_strings="all") if body.strip() else {}


Enclosing = Mapping[str, Any]
"""The objects that enclose a thing, by their dotted paths from the root of the answer."""


def things(answer: Any, at: str) -> Iterator[tuple[Any, Enclosing]]:
    """Find the things at a dotted path, lists on the way looked through, each with the objects that enclose it.

    Yields:
        ``(thing, above)``, where ``above`` maps dotted paths to the enclosing objects.
    """
    none: Enclosing = {}
    found = [(thing, none) for thing in _flat(answer)]
    here = ""
    for key in at.split(".") if at else ():
        found = [
            (below, enclosing)
            for thing, above in found
            if type(thing) is dict
            for enclosing in [{**above, here: thing}]
            for below in (_entries(thing) if key == "*" else _flat(thing.get(key)))
        ]
        here = f"{here}.{key}" if here else key
    return iter(found)


def _entries(thing: Mapping[str, Any]) -> list[Any]:
    return [{"key": key, "value": value} for key, value in thing.items()]


def leaves(value: Any, path: str) -> Iterator[Any]:
    """Find every value at a dotted path: lists are looked through, nulls are left out."""
    return iter(_leaves(value, path.split(".") if path else ()))


def _leaves(value: Any, keys: Sequence[str]) -> list[Any]:
    found = _flat(value)
    for key in keys:
        found = [leaf for item in found if type(item) is dict for leaf in _flat(item.get(key))]
    return found


def _flat(value: Any) -> list[Any]:
    if type(value) is not list:
        return [] if value is None else [value]
    if set(map(type, value)) <= {dict}:
        return value
    return [leaf for item in value for leaf in _flat(item)]


def _first(value: Any, keys: Sequence[str]) -> Any:
    """The first leaf below ``value``, or None."""
    here, through_list = value, False
    try:
        for key in keys:
            if type(here) is dict:
                here = here[key]
            else:
                here, through_list = here[0][key], True
    except (KeyError, IndexError, TypeError):
        here = None
    if type(here) is list or (here is None and through_list):  # the first item of a list has no value: look in all
        return next(iter(_leaves(value, keys)), None)
    return here


def _joined(words: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys([str(word) for word in words if word != ""]))


def word(value: object) -> str:
    """A text from an answer; empty for a value of another type."""
    return value if isinstance(value, str) else ""


def _each(path: str, asked: Mapping[str, Any]) -> list[Any]:
    """The values at a dotted path of a request."""
    name, _, below = path.partition(".")
    return list(leaves(reveal(asked.get(name)), below))


Reader = Callable[[Sequence[Any], Sequence[Enclosing]], Iterable[Any]]


def _reader(source: Source, asked: Mapping[str, Any]) -> Reader:
    """Make the function that reads one column from the things of an answer and the objects that enclose them."""
    match source:
        case At(""):
            return lambda things, above: things
        case At(path, other) if other:
            ways = path.split("."), other.split(".")
            return lambda things, above: [
                next((value for way in ways if (value := _first(thing, way)) is not None), None) for thing in things
            ]
        case At(path) if "." not in path:
            return lambda things, above: [thing.get(path) if type(thing) is dict else None for thing in things]
        case At(path):
            keys = path.split(".")
            return lambda things, above: [_first(thing, keys) for thing in things]
        case Joined(path):
            keys = path.split(".")
            return lambda things, above: [_joined(_leaves(thing, keys)) for thing in things]
        case Count(path):
            keys = path.split(".")
            return lambda things, above: [len(_leaves(thing, keys)) for thing in things]
        case Keys(path, value):
            return lambda things, above: [
                _joined(
                    key
                    for leaf in leaves(thing, path)
                    if isinstance(leaf, dict)
                    for key, state in leaf.items()
                    if state == value
                )
                for thing in things
            ]
        case Above(thing_path, path):
            return lambda things, above: [next(leaves(enclosing.get(thing_path), path), None) for enclosing in above]
        case FromRequest(name):
            value = reveal(asked.get(name))
            return lambda things, above: [value] * len(things)
        case Each(path):
            values = _each(path, asked)
            return lambda things, above: values
    raise TypeError(f"no reader for {source!r}")  # pragma: no cover


class Columns:
    """Collects answers, page by page, as one plain list per column.

    A page is dropped after it was read: lists of values take a quarter of the memory of parsed pages.
    :mod:`gaussnb.core.frames` builds a frame from the lists in one step.

    Args:
        row: declares the columns.
        asked: the fields of the request that is answered, for columns that repeat them.
    """

    def __init__(self, row: type[Row], asked: Mapping[str, Any] | None = None) -> None:
        self.row = row
        self.columns: tuple[Column, ...] = columns(row)
        self.values: list[list[Any]] = [[] for _ in self.columns]
        asked = asked or {}
        self._readers = [_reader(column.source, asked) for column in self.columns]
        self._times = next((len(_each(c.source.path, asked)) for c in self.columns if isinstance(c.source, Each)), 1)

    def add(self, answer: Any) -> int:
        """Read one parsed answer.

        Returns:
            The number of rows in the answer.
        """
        if not self.row.at and not isinstance(answer, dict):
            answer = {}  # a receipt is one row, whatever the answer is
        found = list(things(answer, way_to(self.row, answer))) * self._times
        rows, above = [thing for thing, _ in found], [enclosing for _, enclosing in found]
        for values, read in zip(self.values, self._readers):
            values.extend(read(rows, above))
        return len(rows)

    def __len__(self) -> int:
        return len(self.values[0]) if self.values else 0


def way_to(row: type[Row], answer: Any) -> str:
    """The path to the rows of an answer: the first path of the row class that exists in the answer."""
    if "|" not in row.at:
        return row.at
    ways = row.at.split("|")
    held = answer if isinstance(answer, dict) else {}
    return next((way for way in ways if held.get(way.partition(".")[0])), ways[0])


@cache
def list_key(row: type[Row]) -> str:
    """The key that holds the list of an answer: the first key of the path to a row."""
    return way_to(row, None).partition(".")[0]


@dataclass(frozen=True)
class Page:
    """One answer, and the list in it."""

    answer: Any
    """The parsed body."""
    things: list[Any] | None
    """The items of the list; None if the rows are not read from a list."""
    total: int | None
    """The number of items on all pages; None if the answer does not say it."""
    size: int = 0
    """The number of bytes of the body."""


def read_page(body: bytes, row: type[Row], total: str = "total_count") -> Page:
    """Parse an answer, and find the list of rows in it.

    Args:
        body: the body of the answer.
        row: the row class of the answer.
        total: the dotted path of the total count.

    Raises:
        ValueError: the body is not JSON; the list that holds the rows is missing, or its items are no objects.
    """
    try:
        answer = parse(body)
    except ValueError:
        raise ValueError("not JSON") from None
    count = _count(next(leaves(answer, total), None)) if total else None
    if not row.at:
        return Page(answer, None, count, len(body))
    path = way_to(row, answer)
    key = path.partition(".")[0]
    held = answer.get(key) if isinstance(answer, dict) else ""
    items = held if isinstance(held, list) else [held]
    fit = all(isinstance(item, dict) or item is None for item in items) or _is_bare(row)
    # Never read a missing list as an empty one: wait() would conclude that existing things were deleted.
    if isinstance(held, str) or not fit or (key not in answer and count != 0):
        raise ValueError(f"no {key} in it")
    return Page(answer, _first_list(answer, path), count, len(body))


def check_receipt(body: bytes, row: type[Row] | None, *, signed: bool = False) -> None:
    """Check that the answer to a write is a success as the operation documents it.

    The row of the operation says what is documented. A row that is read at a key needs this key. A row with the id of
    a new thing (``id``) needs that id; a row with other ids (``job_id``, ``order_id``) needs one of them. For a row
    without ids the service documents no body.

    Args:
        body: the body of an answer with a status of success.
        row: the row class of the operation; None for a request that no operation declares, and then any object or list
            is a success.
        signed: True if the answer has the service's request id, which vouches for an object that is not documented.

    Raises:
        ValueError: this is no such answer: a page of a portal, an empty object, an error with a status of success.

    >>> from gaussnb.core.rows import Row
    >>> class Started(Row):
    ...     job_id: str
    >>> check_receipt(b'{"job_id": "j"}', Started)
    >>> check_receipt(b"{}", Started)
    Traceback (most recent call last):
        ...
    ValueError: no job_id in it
    """
    try:
        answer = parse(body)
    except ValueError:
        raise ValueError("not JSON") from None
    if has_own_code(answer):
        raise ValueError("an error code in it, in spite of its status")
    if row is None:
        fits, lacks = isinstance(answer, (dict, list)), "object"
    elif row.at and not isinstance(_held(answer, row), dict):
        fits, lacks = isinstance(_held(answer, row), list), list_key(row)
    elif ids := receipt_of(row):
        found = [
            word(next(leaves(thing, path), None)) for thing, _ in things(answer, way_to(row, answer)) for path in ids
        ]
        fits, lacks = isinstance(answer, dict) and any(found), " or ".join(ids)
    else:
        fits, lacks = answer == {} or (signed and (answer is None or isinstance(answer, dict))), "word of the service"
    if not fits:
        raise ValueError(f"no {lacks} in it")


@cache
def receipt_of(row: type[Row]) -> tuple[str, ...]:
    """The dotted paths of the ids of which a receipt has one: ``id`` alone, if the row has it; else every id."""
    read = [column.source for column in columns(row) if isinstance(column.source, At)]
    paths = [path for source in read for path in (source.path, source.other) if path]
    ids = [path for path in paths if path.rpartition(".")[2] == "id" or path.endswith("_id")]
    return ("id",) if "id" in ids else tuple(ids)


def _held(answer: Any, row: type[Row]) -> Any:
    """The value that holds the rows of an answer."""
    return answer.get(way_to(row, answer).partition(".")[0]) if isinstance(answer, dict) else None


@cache
def _is_bare(row: type[Row]) -> bool:
    """True if a row is a plain value of a list, not an object."""
    return any(isinstance(column.source, At) and not column.source.path for column in columns(row))


def _first_list(answer: Any, path: str) -> list[Any] | None:
    """The first list on a dotted path, which is the list that pages divide; None if there is no list."""
    here = answer
    for key in path.split("."):
        here = here.get(key) if isinstance(here, dict) else None
        if isinstance(here, list) or here is None:
            return _flat(here)
    return None


def _count(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    return value if type(value) is int and 0 <= value < 2**63 else None
