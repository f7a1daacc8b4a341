"""Rows: what one record of an answer is, its columns, and where in the answer each is read."""

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
    """Reads a column at a dotted path below the row. Lists on the way give their first value."""

    path: str
    other: str = ""
    """Where it stands in some answers instead, as sources disagree."""


@dataclass(frozen=True)
class Json(At):
    """Reads what is no plain value at a dotted path: the column holds it as JSON."""


@dataclass(frozen=True)
class Joined:
    """Reads every value at a dotted path, lists included, joined by ``", "`` without repeats."""

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
    """Reads a value of an enclosing thing: ``Above("instances", "id")`` beside a node."""

    thing: str
    """The dotted path, from the answer's root, of the enclosing thing."""
    path: str


@dataclass(frozen=True)
class FromRequest:
    """Reads a value of the request that was answered."""

    name: str


@dataclass(frozen=True)
class Each:
    """Gives a receipt a row for every value at a dotted path of the request that was answered."""

    path: str


Source = At | Joined | Count | Keys | Above | FromRequest | Each


@dataclass(frozen=True)
class Known:
    """The values of a column that are known today. Unknown ones are kept, never dropped."""

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
    """One column of a frame: its name, its type, and where it comes from."""

    name: str
    dtype: Dtype
    source: Source
    row: type[Row]
    known: tuple[str, ...] = ()

    @property
    def doc(self) -> str:
        """What it means."""
        return attribute_docs(self.row, [self.name]).get(self.name, "")


class Row(ABC):  # noqa: B024 - what is abstract is that nobody makes one
    """One record of an answer. Its fields are the columns of the frame; it is never instantiated."""

    at: ClassVar[str] = ""
    """The dotted path, from the answer's root, of the thing a row stands for; ``*`` stands for every entry of an
    object with free names, as ``{"key": …, "value": …}``. Of several paths, joined by ``|``, an answer has one."""

    def __init_subclass__(cls, at: str | None = None) -> None:
        if at is not None:
            cls.at = at


@cache
def columns(row: type[Row]) -> tuple[Column, ...]:
    """The columns a row class declares, in order.

    Raises:
        TypeError: for a field whose type has no column type.
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
