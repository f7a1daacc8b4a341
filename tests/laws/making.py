"""Makes operations from their declarations, and answers from the columns that read them."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, ValidationError

from gaussnb.core.rows import Above, At, Column, Count, Each, FromRequest, Joined, Keys, Row, columns
from gaussnb.core.rules import Flag, Rule, Whole, marks, unwrap
from gaussnb.nosql.groups import GROUPS
from gaussnb.nosql.instance_spec import InstanceSpec
from gaussnb.nosql.service import OPERATIONS

ALL = list(OPERATIONS.values())
CALLS = {f"{group}.{name}": call for group, kind in GROUPS.items() for name, call in kind.calls().items()}
ROWS = list({*(operation.route.returns for operation in ALL), *(call.returns for call in CALLS.values())})
ROWS.sort(key=lambda row: row.__name__)

CANARY = "Aa1!Aa1!Canary"
"""A valid password that must be seen nowhere."""


def by_name(thing: Any) -> str:
    """The name of a test case."""
    return str(getattr(thing, "__name__", thing))


# ------------------------------------------------------------------------------------------ operations

_TEXTS = [
    "0", "id-1", "v3", "Name-1", "a" * 32, "0f1e" * 8 + "in06", "any text, even ünïcode/&=%?#", CANARY,
    "01:00-02:00", "23:45-00:45", "192.168.0.12", "192.168.0.0/24", "a,b",
]  # fmt: skip
_NUMBERS = [*range(2001), 10**12, 10**13 - 1]


def values(annotation: Any, metadata: Any = ()) -> st.SearchStrategy[Any]:
    """Values a field of this type and these rules may hold."""
    found = marks(annotation, metadata)
    rules = [mark for mark in found if isinstance(mark, Rule)]
    kind = unwrap(annotation)
    optional = [st.none()] if type(None) in get_args(annotation) else []
    for mark in found:
        if isinstance(mark, Whole):
            numbers = st.integers(mark.low, mark.high or 10**6)
            return st.one_of(*optional, numbers, numbers.map(str))
        if isinstance(mark, Flag):
            return st.one_of(*optional, st.sampled_from([*mark.words, *mark.twins]))
    return st.one_of(*optional, _values(kind, rules))


def _values(kind: Any, rules: list[Rule]) -> st.SearchStrategy[Any]:
    def held(value: Any) -> bool:
        return all(rule.holds(value) for rule in rules)

    if get_origin(kind) is typing.Literal:
        return st.sampled_from(get_args(kind))
    if get_origin(kind) in (Union, UnionType):
        return st.one_of(*map(values, get_args(kind)))
    if get_origin(kind) is list:
        return st.lists(values(get_args(kind)[0]), min_size=1, max_size=3).filter(held)
    if get_origin(kind) is dict:
        if get_args(kind)[1] is str:
            words = st.text(st.characters(codec="utf-8", exclude_characters="'\""), min_size=1)
            return st.dictionaries(words, words, min_size=1).filter(held)
        scalars = st.text() | st.integers() | st.booleans()
        return st.dictionaries(st.text(), scalars | st.dictionaries(st.text(), scalars | st.lists(scalars)))
    if issubclass(kind, BaseModel):
        return made(kind)
    if kind is datetime:
        zones = st.none() | st.sampled_from([UTC, timezone(timedelta(hours=8))])
        return st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=zones)
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.sampled_from([number for number in _NUMBERS if held(number)])
    if kind is float:
        return st.sampled_from([number for number in (0.0, 0.5, 1.0, 100.0, 1e6) if held(number)])
    assert kind in (str, SecretStr), kind
    if len(rules) == 1 and rules[0].pattern:
        texts = st.from_regex(rules[0].pattern, fullmatch=True, alphabet=st.characters(codec="utf-8"))
    else:
        texts = st.sampled_from([text for text in _TEXTS if held(text)])
    return texts if rules else st.text() | texts


def _bodies(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict) and "datastore" in found:
        yield found
    elif isinstance(found, (dict, list)):
        for below in found.values() if isinstance(found, dict) else found:
            yield from _bodies(below)


SPECS = [
    {**body, "password": "Aa1!" * 3}
    for path in sorted((Path(__file__).parents[1] / "data/specs").glob("*.json"))
    for body in _bodies(json.loads(path.read_text(encoding="utf-8")))
]


def example(strategy: st.SearchStrategy[Any]) -> Any:
    """One value, always the same."""
    found: list[Any] = []

    @settings(max_examples=1, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def once(value: Any) -> None:
        found.append(value)

    once()
    return found[0]


def made(kind: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Valid objects of a request class. What ties the fields of a spec together is in its examples."""
    if kind is InstanceSpec:
        return st.integers(0, len(SPECS) - 1).map(lambda number: InstanceSpec(**SPECS[number]))
    fields = {name: values(info.annotation, info.metadata) for name, info in kind.model_fields.items()}

    def valid(given: dict[str, Any]) -> bool:
        try:
            kind(**given)
        except ValidationError:
            return False
        return True

    return st.fixed_dictionaries(fields).filter(valid).map(lambda given: kind(**given))


def parts(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A request class and every class nested in it."""
    yield kind
    for info in kind.model_fields.values():
        for inner in _classes(info.annotation):
            yield from parts(inner)


def _classes(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not get_args(annotation):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for inner in get_args(annotation):
        yield from _classes(inner)


# --------------------------------------------------------------------------------------------- answers

_SAMPLES: dict[str, Any] = {
    "string": "text",
    "Int64": 7,
    "Float64": 1.5,
    "boolean": True,
    "datetime64[us, UTC]": "2026-01-02T03:04:05+0000",
}


def sample(column: Column) -> Any:
    """A value of a column, as an answer writes it."""
    return column.known[-1] if column.known else _SAMPLES[column.dtype]


def full(row: type[Row], count: int = 1) -> Any:
    """An answer with ``count`` rows, and a value for every column that reads the answer."""
    above: dict[str, dict[str, Any]] = {}
    thing: Any = {}
    for column in columns(row):
        match column.source:
            case At(""):
                thing = sample(column)
            case At(path) | Joined(path):  # where it stands in some answers only is for the witnesses
                _put(thing, path, sample(column))
            case Count(path):
                _put(thing, path, {})
            case Keys(path, value):
                _put(thing, f"{path}.zone-{value}", value)
            case Above(holder, path):
                _put(above.setdefault(holder, {}), path, sample(column))
            case FromRequest() | Each():
                pass
    at = row.at.partition("|")[0]
    here = at.removesuffix(".*")
    if here != at:
        answer: Any = {f"{thing['key']} {number}": thing["value"] for number in range(count)}
    else:
        answer = [json.loads(json.dumps(thing)) for _ in range(count)] if row.at else thing
    while here:
        here, _, key = here.rpartition(".")
        around = {**above.get(here, {}), key: answer}
        answer = [around] if here else around
    return answer


def asked(row: type[Row]) -> dict[str, Any]:
    """A request with a value for every column that reads it."""
    request: dict[str, Any] = {}
    for column in columns(row):
        match column.source:
            case FromRequest(path) | Each(path):
                _put(request, path, sample(column))
    return request


def _put(holder: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for key in way:
        holder = holder.setdefault(key, {})
    if not (value == {} and last in holder):
        holder[last] = value


JUNK: list[Any] = [
    None, [], {}, "", "x", -1, 1.5, True, 10**30, 9e15, float("nan"), float("inf"), "9" * 5000, "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00", [None], [[1, {}], "a"], {"a": {"b": [None]}}, "²", "1e999",
]  # fmt: skip


def spoilt(answer: Any) -> Iterator[Any]:
    """The answer with junk in the place of each of its values, one at a time."""
    yield from JUNK
    if isinstance(answer, dict):
        for key, value in answer.items():
            for worse in spoilt(value):
                yield {**answer, key: worse}
            yield {other: item for other, item in answer.items() if other != key}
    elif isinstance(answer, list) and answer:
        for worse in spoilt(answer[0]):
            yield [worse, *answer[1:]]
