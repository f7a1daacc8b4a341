"""From the body of an answer to the columns of a frame, without input, output or pandas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic_core import from_json

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
