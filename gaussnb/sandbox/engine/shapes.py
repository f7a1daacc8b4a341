"""The JSON schema of answers for the OpenAPI document, as far as the columns of their rows tell it."""

from __future__ import annotations

from typing import Any

from ...core.operation import Operation
from ...core.rows import Above, At, Column, Count, Joined, Keys, Source, columns

_ON_THE_WIRE = {
    "string": ["string"],
    "category": ["string"],
    "Int64": ["integer", "string"],
    "Float64": ["number", "string"],
    "boolean": ["boolean", "string", "integer"],
    "datetime64[us, UTC]": ["string", "integer"],
}
"""The JSON types of a column's values: services write many numbers and booleans as text."""
Tree = dict[str, Any]
"""Fields by name: each is another tree, or the column that is read there."""


def shape_of(operation: type[Operation]) -> dict[str, Any]:
    """The JSON schema of the answer of an operation, as far as its columns tell it."""
    route, tree = operation.route, Tree()
    way, _, other = route.returns.at.partition("|")
    for column in columns(route.returns):
        for place in _places(column.source):
            _plant(tree, [*filter(None, (*way.split("."), *place.split(".")))], column)
            if other:
                _plant(tree, [*other.split("."), *filter(None, place.split("."))], column)
        if isinstance(column.source, Above):
            _plant(tree, [*column.source.thing.split("."), *column.source.path.split(".")], column)
    shape = _grown(tree)
    if operation.paged() and (part := tree.get(way)):  # one path, and pages: this is a list
        items = _grown(part) if isinstance(part, dict) else _grown_or_read(part)
        shape["properties"][way] = {"type": "array", "items": items}
    if operation.paged() and route.total and "." not in route.total:
        shape["properties"].setdefault(route.total, {"type": ["integer", "string"]})
    return shape


def _places(source: Source) -> list[str]:
    match source:
        case At(path, other):
            return [path, *([other] if other else [])]
        case Joined(path) | Count(path) | Keys(path):
            return [path]
    return []


def _plant(tree: Tree, path: list[str], leaf: Any) -> None:
    *way, last = path or [""]
    for name in way:
        below = tree.get(name)
        tree = tree.setdefault(name, {}) if isinstance(below, dict) or below is None else Tree()
    tree.setdefault(last, leaf)


def _grown(tree: Tree) -> dict[str, Any]:
    """The schema of an object with the fields of a tree."""
    return {"type": "object", "properties": {name: _grown_or_read(part) for name, part in tree.items()}}


def _grown_or_read(part: Any) -> dict[str, Any]:
    if isinstance(part, Column):
        says = {"description": part.doc} if part.doc else {}
        if type(part.source) is not At:
            return says
        one = {**says, "type": [*_ON_THE_WIRE[part.dtype], "null"]}
        return one if part.source.path else {"anyOf": [one, {"type": "array", "items": one}]}  # a row is a bare value
    shape = _grown(part)
    return {"anyOf": [shape, {"type": "array", "items": shape}, {"type": "null"}]}
