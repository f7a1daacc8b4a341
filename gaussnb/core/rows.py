"""Rows: the record types of answers, their columns, and the place in an answer where each column is read."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import (
    ClassVar,
    Literal,
    get_origin,
    get_type_hints,
)

from .docstrings import attribute_docs
from .rules import marks, unwrap

# ---------------------------------------------------------------------------------------- answers


@dataclass(frozen=True)
class At:
    """Reads a column at a dotted path below the row. A list on the way gives its first value."""

    path: str
    other: str = ""
    """A second path: sources disagree, and some answers have the value there."""


@dataclass(frozen=True)
class Json(At):
    """Reads an object or a list at a dotted path; the column holds its JSON text."""


@dataclass(frozen=True)
class Joined:
    """Reads every value at a dotted path, lists included, and joins them by ``", "`` without repeats."""

    path: str


@dataclass(frozen=True)
class Count:
    """Counts the things at a dotted path, lists included."""

    path: str


@dataclass(frozen=True)
class Keys:
    """Joins the keys of the object at a dotted path whose value is ``value``."""

    path: str
    value: str


@dataclass(frozen=True)
class Above:
    """Reads a value of an enclosing object: ``Above("servers", "id")`` in the row of a disk."""

    thing: str
    """The dotted path of the enclosing object, from the root of the answer."""
    path: str


@dataclass(frozen=True)
class FromRequest:
    """Reads a field of the request that is answered."""

    name: str


@dataclass(frozen=True)
class Each:
    """Gives a receipt one row for every value at a dotted path of the request that is answered."""

    path: str


Source = At | Joined | Count | Keys | Above | FromRequest | Each


@dataclass(frozen=True)
class Known:
    """The documented values of a column. Other values are kept as further categories."""

    values: tuple[str, ...]


Dtype = Literal["string", "Int64", "Float64", "boolean", "datetime64[us, UTC]", "category"]
_DTYPES: dict[str, Dtype] = {
    "str": "string",
    "int": "Int64",
    "float": "Float64",
    "bool": "boolean",
    "datetime": "datetime64[us, UTC]",
}


@dataclass(frozen=True)
class Column:
    """One column of a frame: its name, its dtype, and its source in the answer."""

    name: str
    dtype: Dtype
    source: Source
    row: type[Row]
    known: tuple[str, ...] = ()

    @property
    def doc(self) -> str:
        """The meaning of the column, from its attribute docstring."""
        return attribute_docs(self.row, [self.name]).get(self.name, "")


class Row(ABC):  # noqa: B024 - abstract because it is never instantiated
    """One record of an answer. Its fields are the columns of the frame; it is never instantiated."""

    at: ClassVar[str] = ""
    """The dotted path of the record, from the root of the answer. ``*`` means every entry of an object with free names,
    as ``{"key": …, "value": …}``. Several paths are joined by ``|``; an answer has one of them."""

    def __init_subclass__(cls, at: str | None = None) -> None:
        if at is not None:
            cls.at = at


@cache
def columns(row: type[Row]) -> tuple[Column, ...]:
    """The columns of a row class, in declared order.

    Raises:
        TypeError: the type of a field has no dtype.
    """
    return tuple(_columns(row))


def _columns(row: type[Row]) -> Iterator[Column]:
    for name, annotation in get_type_hints(row, include_extras=True).items():
        if get_origin(annotation) is ClassVar:
            continue
        notes = {type(mark): mark for mark in marks(annotation)}
        known: tuple[str, ...] = notes[Known].values if Known in notes else ()
        source = next((mark for mark in notes.values() if isinstance(mark, Source)), At(name))
        bare = unwrap(annotation)
        kind = getattr(bare, "__name__", str(bare))
        if kind not in _DTYPES:
            raise TypeError(f"{row.__name__}.{name}: no column type for {kind}")
        yield Column(name, "category" if known else _DTYPES[kind], source, row, known)
