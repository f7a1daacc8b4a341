"""The translation between an operation and the parts of a request, without input or output.

The client, the embedded sandbox and the tests use the same functions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel, SecretStr

from .errors import InvalidRequest
from .operation import Inside, Operation, fields_of, places_of
from .secrets import LEFT_OUT, Path, find, reveal, walk

# --------------------------------------------------------------------------------------- requests


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of one HTTP request, without host and headers.

    Query and body may hold a password, so that no view shows them.
    """

    method: str
    path: str
    """Percent-encoded, without query."""
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    secrets: tuple[SecretStr, ...] = field(default=(), repr=False, compare=False)
    """The secrets in query and body, which the answer may quote."""

    @property
    def target(self) -> str:
        """Path and query, as in the first line of the request."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote)}" if self.query else self.path


def request_of(operation: Operation, project_id: str = "") -> Request:
    """Translate an operation to its request.

    Args:
        operation: any declared operation.
        project_id: the value of the hole ``{project_id}``.

    >>> from gaussnb.core.catalogue import post
    >>> from gaussnb.core.rows import Row
    >>> @post("/v3/{project_id}/things/{thing_id}/restart", returns=Row)
    ... class RestartThing(Operation):
    ...     thing_id: str
    >>> request_of(RestartThing(thing_id="0f1e"), "p1").path
    '/v3/p1/things/0f1e/restart'
    """
    route, places, values = operation.route, places_of(type(operation)), fields_of(operation)
    holes = {hole: str(values.get(hole, project_id)) for hole in route.holes}
    for name, text in holes.items():
        _check_text(name, text, route.id)
    query = query_of({name: values[name] for name, place in places.items() if place == "query"}, route.id)
    return Request(
        route.method,
        route.path.format_map({hole: quote(text, safe="") for hole, text in holes.items()}),
        query,
        json_of(operation.wire(), route.id) if "body" in places.values() else None,
        tuple(find(operation)),
    )


def query_of(values: Mapping[str, Any], operation: str = "") -> tuple[tuple[str, str], ...]:
    """Translate values to a query: lists become repeated names, booleans small letters, and None is left out.

    Args:
        values: the values by name.
        operation: name of the operation, for errors.

    Raises:
        InvalidRequest: a value is no Unicode text.
    """
    query = tuple(
        (name, _query_text(reveal(item)))
        for name, value in values.items()
        for item in (value if isinstance(value, (list, tuple)) else [value])
        if item is not None
    )
    for name, text in query:
        _check_text(name, f"{name}{text}", operation)
    return query


def _query_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def json_of(value: Any, operation: str = "") -> bytes:
    """Translate a value to the JSON bytes of a body.

    Args:
        value: the value of the body.
        operation: name of the operation, for errors.

    Raises:
        InvalidRequest: a text in the value is no Unicode text.
    """
    plain = reveal(value)
    text = json.dumps(plain, ensure_ascii=False)
    if _is_unicode(text):
        return text.encode()
    parts = plain.items() if isinstance(plain, Mapping) else ()
    name = next((str(key) for key, part in parts if not _is_unicode(json.dumps([key, part], ensure_ascii=False))), "")
    raise _no_unicode(name, operation)


def _check_text(name: str, text: str, operation: str) -> None:
    if not _is_unicode(text):
        raise _no_unicode(name, operation)


def _is_unicode(text: str) -> bool:
    """True if a text can be written as UTF-8. Half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:  # it would carry the whole text, which may hold a password
        return False
    return True


def _no_unicode(name: str, operation: str) -> InvalidRequest:
    what = f"{name.encode('ascii', 'backslashreplace').decode()} is" if name else "the body has"
    return InvalidRequest(
        status=0,
        error_msg=f"{what} no Unicode text: half of a surrogate pair is in it",
        operation=operation,
        hint="Nothing was sent. Check how the text was read or cut.",
    )


def digest_of(operation: Operation) -> str:
    """A hash of the fields of an operation, without its secrets. A number and its text give the same hash.

    >>> from gaussnb.core.catalogue import delete
    >>> from gaussnb.core.rows import Row
    >>> @delete("/v3/{project_id}/things/{thing_id}", returns=Row)
    ... class DeleteThing(Operation):
    ...     thing_id: str
    >>> digest_of(DeleteThing(thing_id="a")) == digest_of(DeleteThing(thing_id="b"))
    False
    """
    text = json.dumps(walk(operation, _digested), sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _digested(path: Path, value: Any) -> Any:
    """A part of a request as it stands in a digest: no secrets, texts as they are, other leaves as JSON."""
    if isinstance(value, SecretStr) or (value is None and isinstance(path[-1], str)):
        return LEFT_OUT
    return value if isinstance(value, (str, BaseModel, Mapping, list, tuple)) else json.dumps(value, default=str)


def operation_of(
    kind: type[Operation],
    holes: Mapping[str, str],
    query: Iterable[tuple[str, str]],
    body: Any,
) -> Operation:
    """Translate the parts of a request to an operation: the inverse of :func:`request_of`.

    It is as tolerant as a service: undeclared names are ignored, and ``null`` means not given.

    Raises:
        pydantic.ValidationError: the parts break a rule of the declaration.
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
