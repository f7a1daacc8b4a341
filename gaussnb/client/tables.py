"""Tables of operations and of targets, in the shapes people have: frames, files, lists.

Every problem of a table is reported at once. Any operation can be read from a table, one a row.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from os import PathLike, fspath
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from ..core.answers import word
from ..core.errors import InvalidRows
from ..core.frames import frame_from
from ..core.operation import Operation, fields_of
from ..core.process import importing
from ..core.rows import Row
from ..core.rules import NO_SUCH_FIELD, Flag, Whole, marks, unwrap
from ..core.secrets import discreet

Op = TypeVar("Op", bound=Operation)

Table = Any
"""A DataFrame with dotted columns or nested values, the path of a CSV or YAML file, or a list of specs and dicts."""
Targets = Any
"""Ids in a list, one id, or a frame with a column of ids."""
Wrong = list[tuple[int | None, str, str]]
"""The problems found so far: row, field and message."""

INDEX = ("", "Unnamed: 0")
"""The names of the first column of a file that a frame was written to together with its index."""
NO_TEXT = (
    "a text, not a number, which does not tell 3.1 from 3.10: "
    "read the file with dtype=str, or give its path to create_many"
)


class Problem(Row):
    """A problem of one field of one row."""

    row: int
    """The number of the row, from 0; missing for a problem of the whole table."""
    field: str
    """The field, nested ones dotted."""
    message: str
    """The rule that the value breaks."""


def refuse(wrong: Wrong, count: int) -> None:
    """Refuse the table if there is a problem.

    Raises:
        InvalidRows: with a row for each problem.
    """
    if wrong:
        raise refusal(wrong, count)


def refusal(wrong: Wrong, count: int) -> InvalidRows:
    """Make the error with a row for each problem."""
    records = [{"row": row, "field": field, "message": message} for row, field, message in wrong]
    return InvalidRows(frame_from(Problem, records), count)


def judge(kind: type[Op], make: Callable[[], Op], number: int, wrong: Wrong) -> Op | None:
    """Make the operation of a row; None, and a note of each problem, if a value breaks a rule.

    Args:
        kind: the class of the operation.
        make: makes the operation.
        number: the number of the row.
        wrong: takes the problems.
    """
    try:
        return make()
    except ValidationError as error:
        lines = error.errors(include_url=False, include_input=False, include_context=False)
    except TypeError:  # a field name that is no text
        lines = []
        wrong.append((number, "", "the names of the fields are texts"))
    for line in lines:
        place = _place(kind, line["loc"])
        says = NO_TEXT if line["type"] == "string_type" else line["msg"]
        if line["type"] == "extra_forbidden":
            meant = _names(kind).get(place.lower())
            place, says = _shown(kind, place), f"{NO_SUCH_FIELD}; {meant} is meant" if meant else NO_SUCH_FIELD
        wrong.append((number, place, says))
    return None


def _place(kind: type[Operation], loc: tuple[int | str, ...]) -> str:
    """The dotted name of a field. A table can only name the one item of a list of parts, so its index is left out."""
    parts = list(loc)
    if len(parts) > 2 and parts[1] == 0 and _holds_parts(kind, str(parts[0])):
        del parts[1]
    return ".".join(str(part) for part in parts)


def _holds_parts(kind: type[Operation], name: str) -> bool:
    info = kind.model_fields.get(name)
    bare = unwrap(info.annotation) if info is not None else None
    item = unwrap(get_args(bare)[0]) if get_origin(bare) is list else None
    return isinstance(item, type) and issubclass(item, BaseModel)


def missing(value: Any) -> bool:
    """True if a cell is empty: None, an empty text, or a missing value of pandas."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    if isinstance(value, (str, bool, int, dict, list, tuple, BaseModel, SecretStr)):
        return False
    import pandas as pd

    return pd.api.types.is_scalar(value) and bool(pd.isna(value))


# -------------------------------------------------------------------------------------------------------------- targets


def targets_of(targets: Targets, column: str, noun: str) -> list[tuple[Any, str | None]]:
    """Read id and name of each target; None if a row has no id or no name.

    Args:
        targets: the targets.
        column: the column of a frame that holds the ids of things, like server_id.
        noun: the word for a thing.
    """
    if hasattr(targets, "columns"):
        column = _id_column(targets, column, noun)
        rows = targets.to_dict("records")
        return [(_or_none(row[column]), word(row.get("name")) or None) for row in rows]
    if isinstance(targets, str):
        return [(_or_none(targets), None)]
    if isinstance(targets, (Mapping, bytes, BaseModel)) or not isinstance(targets, Iterable):
        raise TypeError(f"what is meant is a list of ids or a frame, not {type(targets).__name__}")
    return [(_or_none(id), None) for id in targets]


def _id_column(frame: Any, column: str, noun: str) -> str:
    """Find the column of a frame that holds the ids of the targets."""
    if column not in frame.columns:
        if "id" in frame.columns:
            return "id"
        raise ValueError(f"there is no column {column} or id in this frame")
    # Nodes, jobs and backups name the thing they belong to, and a frame of them may mean the nodes themselves.
    if "id" in frame.columns or frame[column].dropna().duplicated().any():
        raise ValueError(
            f"this frame is of things that belong to {noun}s, not of {noun}s: if the {noun}s themselves "
            f'are meant, give their ids, list(frame["{column}"].unique())'
        )
    return column


def _or_none(value: Any) -> Any:
    return None if missing(value) else value


# ----------------------------------------------------------------------------------------------------------- operations


@discreet
def read_operations(
    kind: type[Op],
    table: Table,
    *,
    noun: str = "spec",
    complete: Callable[[dict[str, Any]], None] = lambda fields: None,
    examples: str = "name",
) -> list[Op | None]:
    """Read an operation from each row of a table; None for an empty row.

    Args:
        kind: the class of the operations.
        table: the table.
        noun: the word for a row of it, in messages.
        complete: adds fields to the fields of a row that is not empty.
        examples: names of some fields, for the message about a table without a head.

    Raises:
        InvalidRows: a row breaks a rule; the error has a row for each problem.
    """
    operations: list[Op | None] = []
    wrong: Wrong = []
    rows, text = _rows_of(kind, table, noun, examples)
    for number, row in enumerate(rows):
        if isinstance(row, kind):
            operations.append(row)
            continue
        if not isinstance(row, Mapping):
            wrong.append((number, "", f"a {noun} or a dict, not {type(row).__name__}"))
            continue
        fields = _mended(kind, _nested(kind, row, number, wrong), text)
        if not fields:
            operations.append(None)
            continue
        complete(fields)
        operations.append(judge(kind, partial(kind, **fields), number, wrong))
    refuse(wrong, len(rows))
    return operations


def _rows_of(kind: type[Operation], table: Table, noun: str, examples: str) -> tuple[list[Any], bool]:
    """Read the rows of a table; True as well if the table may have turned numbers into texts."""
    if isinstance(table, (str, PathLike)):
        path = fspath(table)
        ending = path.rpartition(".")[2].lower()
        if ending not in ("csv", "yaml", "yml"):
            raise ValueError(f"a file of {noun}s is called .csv, .yaml or .yml")
        try:
            return (_csv(kind, path, examples) if ending == "csv" else _yaml(path, noun)), True
        except UnicodeDecodeError:  # the error would carry the whole file
            wrong: Wrong = [(None, "", "the file is not UTF-8 text")]
        raise refusal(wrong, 0)
    if hasattr(table, "columns"):
        _judge_head(kind, list(table.columns), len(table), examples)
        return table.to_dict("records"), True
    if isinstance(table, (Mapping, BaseModel)) or not isinstance(table, Iterable):
        raise TypeError(f"{noun}s are a DataFrame, a path or a list, not {type(table).__name__}; put one in a list")
    return list(table), False


def _csv(kind: type[Operation], path: str, examples: str) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        text = file.readlines()
    head = text[0] if text else ""
    reader = csv.reader(text, delimiter=max(",;\t", key=head.count))
    wrong: Wrong = []
    rows: list[list[str]] = []
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        wrong = [(None, "", f"not CSV, at line {reader.line_num}: {error}")]
    refuse(wrong, 0)
    if not rows:
        return []
    names = [name.strip() for name in rows[0]]
    _judge_head(kind, names, len(rows) - 1, examples)
    refuse([(number, "", f"{len(row)} cells, where the head has {len(names)}")
            for number, row in enumerate(rows[1:]) if any(row) and len(row) != len(names)], len(rows) - 1)  # fmt: skip
    return [dict(zip(names, row)) for row in rows[1:]]


def _judge_head(kind: type[Operation], names: list[Any], count: int, examples: str) -> None:
    """Refuse a head in which a name stands twice, or no name is that of a field."""
    known = _names(kind)
    if names and not any(str(name).strip().lower() in known for name in names):
        refuse([(None, "", f"no column is named as a field is, like {examples}: the head seems to be missing")], count)
    refuse([(None, _shown(kind, str(name)), "there are two columns of this name")
            for name, often in Counter(names).items() if often > 1], count)  # fmt: skip


def _yaml(path: str, noun: str) -> list[Any]:
    try:
        with importing():
            import yaml
    except ImportError:
        raise ImportError('To read YAML: pip install "gaussnb[yaml]"') from None

    class Texts(yaml.BaseLoader):  # type: ignore[misc]
        """Reads every value as text, as in a CSV file, and an empty one as None: version 3.10 is not the number 3.1."""

    nothing = "tag:yaml.org,2002:null"
    Texts.add_implicit_resolver(nothing, re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
    Texts.add_constructor(nothing, lambda loader, node: None)
    found: Any = None
    with open(path, encoding="utf-8") as file:
        try:
            found = yaml.load(file, Texts)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            says = f"not YAML, at line {mark.line + 1}" if mark else "not YAML"  # its own message may quote a secret
        else:
            says = "" if isinstance(found, list) or not found else f"the file is no list of {noun}s"
    refuse([(None, "", says)] if says else [], 0)
    return found or []


def _nested(kind: type[Operation], row: Mapping[Any, Any], number: int, wrong: Wrong) -> dict[str, Any]:
    """The fields of a row, with dotted names as nested parts, and without empty cells."""
    fields: dict[str, Any] = {}
    for place, (key, value) in enumerate(row.items(), 1):
        name = str(key).strip()
        if missing(value) or (place == 1 and name in INDEX):
            continue
        if _shown(kind, name) != name:
            wrong.append((number, _shown(kind, name), f"{NO_SUCH_FIELD}: it stands in column {place}"))
            continue
        *outer, last = [part for part in name.split(".") if not part.isdecimal()] or [""]
        into: Any = fields
        for part in outer:
            into = into.setdefault(part, {}) if isinstance(into, dict) else None
        if not isinstance(into, dict) or last in into:
            wrong.append((number, _shown(kind, name), "it is given twice, as a whole and in parts"))
            continue
        into[last] = dict(value) if isinstance(value, Mapping) else value
    return fields


# ------------------------------------------------------------------------------------------ the values of a table


def _mended(model: type[BaseModel], fields: Mapping[str, Any], text: bool) -> dict[str, Any]:
    """Turn the values of a table into those that the fields declare: a table cannot hold every type."""
    mended = {}
    for name, value in fields.items():
        info = model.model_fields.get(name)
        mended[name] = value if info is None else _as_declared(info.annotation, info.metadata, value, text)
    return mended


def _as_declared(annotation: Any, metadata: Iterable[Any], value: Any, text: bool) -> Any:
    kind = unwrap(annotation)
    if isinstance(value, BaseModel):
        return fields_of(value)
    if get_origin(kind) is list:  # a table can only name one item
        items = value if isinstance(value, list) else [value] if isinstance(value, Mapping) else None
        return value if items is None else [_as_declared(get_args(kind)[0], (), item, text) for item in items]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if not isinstance(value, Mapping):
            return value
        return _mended(kind, {name: item for name, item in value.items() if item is not None}, text)
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()  # a numpy scalar
    return _scalar(kind, marks(annotation, metadata), value, text)


def _scalar(kind: Any, rules: list[Any], value: Any, text: bool) -> Any:
    """Turn a float into a whole number (a column with gaps holds floats) and a text into the type of its field."""
    flag = next((rule for rule in rules if isinstance(rule, Flag)), None)
    if flag or kind is int or any(isinstance(rule, Whole) for rule in rules):
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if text and isinstance(value, str):
            plain = re.sub(r"(?<=\d)\.0+\Z", "", value.strip())
            if flag:
                return plain.lower() if plain.lower() in flag.words else value
            return int(plain) if re.fullmatch(r"[0-9]{1,18}", plain) else value
    if kind is str and isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # a whole number reads the same as its text
    return value


@cache
def _names(model: type[BaseModel]) -> Mapping[str, str]:
    """The dotted names of all fields, by the same names in small letters."""
    return {name.lower(): name for name in _walk(model)}


def _walk(model: type[BaseModel]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield name
        kind = unwrap(info.annotation)
        kind = get_args(kind)[0] if get_origin(kind) is list else kind
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (f"{name}.{inner}" for inner in _walk(kind))


def _shown(kind: type[Operation], name: str) -> str:
    """Mask a name that may be a value: a table without a head has values where the names should stand."""
    known = name.lower() in _names(kind)
    return name if known or re.fullmatch(r"[a-z][a-z0-9_.]{0,60}", name) else "***"
