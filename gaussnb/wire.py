"""Pure translation: an operation to request parts, request parts to an operation, a body to columns.

Nothing here does I/O, so the client, the embedded sandbox and the tests use the same few functions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
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
    Inside,
    Joined,
    Keys,
    Operation,
    Row,
    Source,
    columns,
)

# --------------------------------------------------------------------------------------- requests


@dataclass(frozen=True)
class Request:
    """The parts of one HTTP request, without host and headers."""

    method: str
    path: str
    """Percent-encoded, without query."""
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    @property
    def target(self) -> str:
        """Path and query, as in the first line of the request."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote)}" if self.query else self.path


def plain(value: Any) -> Any:
    """A value as JSON would say it: models as objects without their empty fields, secrets revealed."""
    if isinstance(value, BaseModel):
        return {name: plain(item) for name, item in value if item is not None}
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return value


def body_of(operation: Operation) -> dict[str, Any]:
    """The JSON body of an operation as a dict."""
    body: dict[str, Any] = {}
    for name, value in operation:
        if value is None or operation.place(name) != "body":
            continue
        into = body
        for mark in type(operation).model_fields[name].metadata:
            if isinstance(mark, Inside):
                into = body.setdefault(mark.key, {})
        into[name] = plain(value)
    return body


def request_of(operation: Operation, project_id: str = "") -> Request:
    """The request an operation stands for.

    Args:
        operation: any declared operation.
        project_id: fills the hole of that name.

    >>> from gaussnb.operations.instances import RestartInstance
    >>> request_of(RestartInstance(instance_id="0f1e"), "p1").path
    '/v3/p1/instances/0f1e/restart'
    """
    values = dict(operation)
    holes = {name: values.get(name, project_id) for name in operation.route.holes}
    path = operation.route.path.format_map({k: quote(str(v), safe="") for k, v in holes.items()})
    query = tuple(
        (name, _query_text(item))
        for name, value in values.items()
        if value is not None and operation.place(name) == "query"
        for item in (value if isinstance(value, (list, tuple)) else [value])
    )
    has_body = any(operation.place(name) == "body" for name in type(operation).model_fields)
    body = json.dumps(body_of(operation), ensure_ascii=False).encode() if has_body else None
    return Request(operation.route.method, path, query, body)


def _query_text(value: Any) -> str:
    value = plain(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


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


def things(answer: Any, at: str) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Walk to the things at the dotted path ``at``, through lists, with all that encloses each.

    Yields:
        ``(thing, above)`` where ``above`` maps the dotted path of each enclosing thing to it.
    """
    return _walk(answer, at.split(".") if at else [], "", {})


def _walk(
    value: Any, path: Sequence[str], here: str, above: Mapping[str, Any]
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, path, here, above)
    elif not path:
        if value is not None:
            yield value, above
    elif isinstance(value, Mapping):
        child = f"{here}.{path[0]}" if here else path[0]
        yield from _walk(value.get(path[0]), path[1:], child, {**above, here: value})


def leaves(value: Any, path: str) -> Iterator[Any]:
    """Every value at a dotted path, lists looked through."""
    return (leaf for leaf, _ in _walk(value, path.split(".") if path else [], "", {}))


Reader = Callable[[Any, Mapping[str, Any]], Any]


def _reader(source: Source, asked: Mapping[str, Any]) -> Reader:
    """A function from (thing, above) to the value of one column."""
    match source:
        case At(path) if path and "." not in path:
            return lambda thing, above: thing.get(path) if isinstance(thing, Mapping) else None
        case At(path):
            return lambda thing, above: next(leaves(thing, path), None)
        case Joined(path):
            return lambda thing, above: ", ".join(
                dict.fromkeys(str(leaf) for leaf in leaves(thing, path) if leaf not in ("", None))
            )
        case Count(path):
            return lambda thing, above: sum(1 for _ in leaves(thing, path))
        case Keys(path, value):
            return lambda thing, above: ", ".join(
                str(key)
                for leaf in leaves(thing, path)
                if isinstance(leaf, Mapping)
                for key, state in leaf.items()
                if state == value
            )
        case Above(thing_path, path):
            return lambda thing, above: next(leaves(above.get(thing_path), path), None)
        case Asked(name):
            value = plain(asked.get(name))
            return lambda thing, above: value
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
        self._readers = [_reader(column.source, asked or {}) for column in self.columns]

    def add(self, answer: Any) -> int:
        """Read one parsed answer.

        Returns:
            How many rows it had.
        """
        count = 0
        pairs = [(values.append, read) for values, read in zip(self.values, self._readers)]
        for thing, above in things(answer, self.row.at):
            count += 1
            for append, read in pairs:
                append(read(thing, above))
        return count

    def __len__(self) -> int:
        return len(self.values[0]) if self.values else 0


@cache
def list_key(row: type[Row]) -> str:
    """The first key of the path to a row: where the list of an answer stands."""
    return row.at.split(".")[0]
