"""Pure translation: an operation to request parts, request parts to an operation, a body to columns.

Nothing here does I/O, so the client, the embedded sandbox and the tests use the same few functions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel, SecretStr
from pydantic_core import from_json

from .spec import (
    Above,
    Asked,
    At,
    Column,
    Count,
    Each,
    Inside,
    Joined,
    Keys,
    Operation,
    Row,
    Source,
    columns,
    fields_of,
    plain,
)

# --------------------------------------------------------------------------------------- requests


@dataclass(frozen=True)
class Request:
    """The parts of one HTTP request, without host and headers."""

    method: str
    path: str
    """Percent-encoded, without query."""
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)  # a traceback may show it, and it may hold a password

    @property
    def target(self) -> str:
        """Path and query, as in the first line of the request."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote)}" if self.query else self.path


def request_of(operation: Operation, project_id: str = "") -> Request:
    """The request an operation stands for.

    Args:
        operation: any declared operation.
        project_id: fills the hole of that name.

    >>> from gaussnb.operations.instances import RestartInstance
    >>> request_of(RestartInstance(instance_id="0f1e"), "p1").path
    '/v3/p1/instances/0f1e/restart'
    """
    values = fields_of(operation)
    holes = {name: values.get(name, project_id) for name in operation.route.holes}
    path = operation.route.path.format_map({k: quote(str(v), safe="") for k, v in holes.items()})
    query = query_of({name: value for name, value in values.items() if operation.place(name) == "query"})
    has_body = any(operation.place(name) == "body" for name in type(operation).model_fields)
    return Request(operation.route.method, path, query, json_of(operation.wire()) if has_body else None)


def query_of(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Values as a query: lists as repeated names, truth values in small letters, None left out."""
    return tuple(
        (name, _query_text(plain(item)))
        for name, value in values.items()
        for item in (value if isinstance(value, (list, tuple)) else [value])
        if item is not None
    )


def _query_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def json_of(value: Any) -> bytes:
    """A value as the JSON bytes of a body."""
    return json.dumps(plain(value), ensure_ascii=False).encode()


def digest_of(operation: Operation) -> str:
    """A mark of all that an operation asks for, secrets left out; a number and its text are the same.

    >>> from gaussnb.operations.instances import DeleteInstance
    >>> digest_of(DeleteInstance(instance_id="a")) == digest_of(DeleteInstance(instance_id="b"))
    False
    """
    text = json.dumps(_without_secrets(operation), sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _without_secrets(value: Any) -> Any:
    if isinstance(value, BaseModel):
        value = fields_of(value)
    if isinstance(value, Mapping):
        known = {name: item for name, item in value.items() if item is not None and not isinstance(item, SecretStr)}
        return {name: _without_secrets(item) for name, item in known.items()}
    if isinstance(value, (list, tuple)):
        return [_without_secrets(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value, default=str)


def operation_of(
    kind: type[Operation],
    holes: Mapping[str, str],
    query: Iterable[tuple[str, str]],
    body: Any,
) -> Operation:
    """The operation that request parts stand for: the inverse of :func:`request_of`.

    As tolerant as the service: names nobody knows are ignored, ``null`` counts as not given.

    Raises:
        pydantic.ValidationError: when the parts break a rule of the declaration.
    """
    given: dict[str, Any] = {k: v for k, v in holes.items() if k in kind.model_fields}
    given |= {name: value for name, value in query if name in kind.model_fields}
    if isinstance(body, Mapping):
        for name, info in kind.model_fields.items():
            inside = next((m.key for m in info.metadata if isinstance(m, Inside)), None)
            holder = body.get(inside) if inside else body
            if kind.place(name) == "body" and isinstance(holder, Mapping) and name in holder:
                given[name] = holder[name]
    return kind.model_validate(_without_nulls(given), extra="ignore")


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


# ---------------------------------------------------------------------------------------- answers


def parse(body: bytes) -> Any:
    """The JSON value in a body; an empty body is an empty object.

    Raises:
        ValueError: when the body is not JSON (HTML, truncated, …).
    """
    # cache_strings=all shares the many equal strings of a long list: half the memory.
    return from_json(body, cache_strings="all") if body.strip() else {}


Enclosing = Mapping[str, Any]
"""Everything that encloses a thing, by its dotted path from the answer's root."""


def things(answer: Any, at: str) -> Iterator[tuple[Any, Enclosing]]:
    """Walk to the things at the dotted path ``at``, through lists, with all that encloses each.

    Yields:
        ``(thing, above)`` where ``above`` maps the dotted path of each enclosing thing to it.
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
    """Every value at a dotted path, lists looked through, nulls left out."""
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
    if type(here) is list or (here is None and through_list):  # not in the first of a list: look everywhere
        return next(iter(_leaves(value, keys)), None)
    return here


def _joined(words: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys([str(word) for word in words if word != ""]))


def word(value: Any) -> str:
    """A text from an answer; empty for whatever is not one."""
    return value if isinstance(value, str) else ""


def _each(path: str, asked: Mapping[str, Any]) -> list[Any]:
    """The values at a dotted path of a request."""
    name, _, below = path.partition(".")
    return list(leaves(plain(asked.get(name)), below))


Reader = Callable[[Sequence[Any], Sequence[Enclosing]], Iterable[Any]]


def _reader(source: Source, asked: Mapping[str, Any]) -> Reader:
    """A function from the things of an answer, and what encloses each, to the values of one column."""
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
            return lambda things, above: [
                next(leaves(enclosing.get(thing_path), path), None) for enclosing in above
            ]
        case Asked(name):
            value = plain(asked.get(name))
            return lambda things, above: [value] * len(things)
        case Each(path):
            values = _each(path, asked)
            return lambda things, above: values
    raise TypeError(f"no reader for {source!r}")  # pragma: no cover


class Columns:
    """Collects answers, page by page, as one plain list per column.

    A page is dropped as soon as it was read: lists of values take a quarter of the memory of the
    parsed pages, and a frame is built from them in one step (:mod:`gaussnb.frame`).
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
            How many rows it had.
        """
        if not self.row.at and not isinstance(answer, dict):
            answer = {}  # a receipt is one row, whatever was answered
        found = list(things(answer, way_to(self.row, answer))) * self._times
        rows, above = [thing for thing, _ in found], [enclosing for _, enclosing in found]
        for values, read in zip(self.values, self._readers):
            values.extend(read(rows, above))
        return len(rows)

    def __len__(self) -> int:
        return len(self.values[0]) if self.values else 0


def way_to(row: type[Row], answer: Any) -> str:
    """The path to the rows of an answer: of those the row names, the one that leads somewhere."""
    if "|" not in row.at:
        return row.at
    ways = row.at.split("|")
    held = answer if isinstance(answer, dict) else {}
    return next((way for way in ways if held.get(way.partition(".")[0])), ways[0])


@cache
def list_key(row: type[Row]) -> str:
    """The first key of the path to a row: where the list of an answer stands."""
    return way_to(row, None).partition(".")[0]
