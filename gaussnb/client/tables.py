"""Tables of specs and of targets, as people have them: frames, files, lists. Everything that is wrong comes at once."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from os import PathLike, fspath
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from ..core.answers import word
from ..core.errors import InvalidRows
from ..core.frames import frame_from
from ..core.operation import fields_of
from ..core.rows import Row
from ..core.rules import NO_SUCH_FIELD, Flag, Whole, marks, unwrap
from ..nosql import engines
from ..nosql.instance_spec import InstanceSpec

Specs = Any
"""A DataFrame with dotted columns or nested values, the path of a CSV or YAML file, or specs and dicts in a list."""
Targets = Any
"""Ids in a list, one id, or a frame with a column instance_id or id."""
Wrong = list[tuple[int | None, str, str]]

INDEX = ("", "Unnamed: 0")
"""How the first column is called when a frame was written with its index, which nobody wants."""
NO_TEXT = (
    "a text, not a number, which does not tell 3.1 from 3.10: "
    "read the file with dtype=str, or give its path to create_many"
)


class Problem(Row):
    """What is wrong with one field of one row."""

    row: int
    """Which row, the first one is 0; missing where it is the whole."""
    field: str
    """Which field, nested ones dotted."""
    message: str
    """What it may hold."""


def refuse(wrong: Wrong, count: int) -> None:
    """Refuse the table, where something is wrong."""
    if wrong:
        records = [dict(zip(("row", "field", "message"), problem)) for problem in wrong]
        raise InvalidRows(frame_from(Problem, records), count)


def judged(make: Callable[[], Any], number: int, wrong: Wrong) -> Any:
    """What is made, or None and a note of what is wrong with it."""
    try:
        return make()
    except ValidationError as error:
        lines = error.errors(include_url=False, include_input=False, include_context=False)
    except TypeError:  # a name that is no text
        lines = []
        wrong.append((number, "", "the names of the fields are texts"))
    for line in lines:
        place = ".".join(str(part) for part in line["loc"] if not (part == 0 and line["loc"][0] == "flavor"))
        says = NO_TEXT if line["type"] == "string_type" else line["msg"]
        if line["type"] == "extra_forbidden":
            meant = _names(InstanceSpec).get(place.lower())
            place, says = _shown(place), f"{NO_SUCH_FIELD}; {meant} is meant" if meant else NO_SUCH_FIELD
        wrong.append((number, place, says))
    return None


def missing(value: Any) -> bool:
    """Whether nothing stands here: None, an empty text, or one of pandas' gaps."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    if isinstance(value, (str, bool, int, dict, list, tuple, BaseModel, SecretStr)):
        return False
    import pandas as pd

    return pd.api.types.is_scalar(value) and bool(pd.isna(value))


# -------------------------------------------------------------------------------------------------------------- targets


def targets_of(targets: Targets) -> list[tuple[Any, str | None]]:
    """Id and name of each target; None where there is none."""
    if hasattr(targets, "columns"):
        column = _ids(targets)
        rows = targets.to_dict("records")
        return [(_or_none(row[column]), word(row.get("name")) or None) for row in rows]
    if isinstance(targets, str):
        return [(_or_none(targets), None)]
    if isinstance(targets, (Mapping, bytes, BaseModel)) or not isinstance(targets, Iterable):
        raise TypeError(f"what is meant is a list of ids or a frame, not {type(targets).__name__}")
    return [(_or_none(id), None) for id in targets]


def _ids(frame: Any) -> str:
    """The column of a frame that says which instances are meant."""
    if "instance_id" not in frame.columns:
        if "id" in frame.columns:
            return "id"
        raise ValueError("there is no column instance_id or id in this frame")
    # Nodes, jobs and backups name the instance they belong to, and who gives them may mean them.
    if "id" in frame.columns or frame["instance_id"].dropna().duplicated().any():
        raise ValueError(
            "this frame is of things that belong to instances, not of instances: if the instances themselves "
            'are meant, give their ids, list(frame["instance_id"].unique())'
        )
    return "instance_id"


def _or_none(value: Any) -> Any:
    return None if missing(value) else value


# ---------------------------------------------------------------------------------------------------------------- specs


def specs_of(specs: Specs, password: str | SecretStr | None) -> list[InstanceSpec | None]:
    """The spec of each row; None where nothing stands in a row."""
    asked: list[InstanceSpec | None] = []
    wrong: Wrong = []
    rows, text = _rows_of(specs)
    for number, row in enumerate(rows):
        if isinstance(row, InstanceSpec):
            asked.append(row)
            continue
        if not isinstance(row, Mapping):
            wrong.append((number, "", f"a spec or a dict, not {type(row).__name__}"))
            continue
        fields = _mended(InstanceSpec, _nested(row, number, wrong), text)
        if not fields:
            asked.append(None)
            continue
        if password is not None:
            fields.setdefault("password", password)
        asked.append(judged(lambda fields=fields: InstanceSpec(**fields), number, wrong))  # type: ignore[misc]
    refuse(wrong, len(rows))
    return asked


def _rows_of(specs: Specs) -> tuple[list[Any], bool]:
    """The rows of a table, and whether it is one that may have turned numbers into texts."""
    if isinstance(specs, (str, PathLike)):
        path = fspath(specs)
        kind = path.rpartition(".")[2].lower()
        if kind not in ("csv", "yaml", "yml"):
            raise ValueError("a file of specs is called .csv, .yaml or .yml")
        try:
            return (_csv(path) if kind == "csv" else _yaml(path)), True
        except UnicodeDecodeError:  # it would carry the whole file
            wrong: Wrong = [(None, "", "the file is not UTF-8 text")]
        refuse(wrong, 0)
    if hasattr(specs, "columns"):
        _judge_head(list(specs.columns), len(specs))
        return specs.to_dict("records"), True
    if isinstance(specs, (Mapping, BaseModel)) or not isinstance(specs, Iterable):
        raise TypeError(f"specs are a DataFrame, a path or a list, not {type(specs).__name__}; put one in a list")
    return list(specs), False


def _csv(path: str) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        text = file.readlines()
    head = text[0] if text else ""
    reader = csv.reader(text, delimiter=max(",;\t", key=head.count))
    wrong: Wrong = []
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        wrong = [(None, "", f"not CSV, at line {reader.line_num}: {error}")]
    refuse(wrong, 0)
    if not rows:
        return []
    names = [name.strip() for name in rows[0]]
    _judge_head(names, len(rows) - 1)
    refuse([(number, "", f"{len(row)} cells, where the head has {len(names)}")
            for number, row in enumerate(rows[1:]) if any(row) and len(row) != len(names)], len(rows) - 1)  # fmt: skip
    return [dict(zip(names, row)) for row in rows[1:]]


def _judge_head(names: list[Any], count: int) -> None:
    """Refuse a head that cannot be one: names given twice, or none that is a field."""
    known = _names(InstanceSpec)
    if names and not any(str(name).strip().lower() in known for name in names):
        fields = "name, datastore.type, flavor.num"
        refuse([(None, "", f"no column is named as a field is, like {fields}: the head seems to be missing")], count)
    refuse([(None, _shown(str(name)), "there are two columns of this name")
            for name, often in Counter(names).items() if often > 1], count)  # fmt: skip


def _yaml(path: str) -> list[Any]:
    try:
        import yaml
    except ImportError:
        raise ImportError('To read YAML: pip install "gaussnb[yaml]"') from None

    class Texts(yaml.BaseLoader):  # type: ignore[misc]
        """Everything as text, as in a CSV file: else version 3.10 would become the number 3.1. But nothing is None."""

    nothing = "tag:yaml.org,2002:null"
    Texts.add_implicit_resolver(nothing, re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
    Texts.add_constructor(nothing, lambda loader, node: None)
    with open(path, encoding="utf-8") as file:
        try:
            found = yaml.load(file, Texts)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            says = f"not YAML, at line {mark.line + 1}" if mark else "not YAML"  # its own words may quote a secret
        else:
            says = "" if isinstance(found, list) or not found else "the file is no list of specs"
    refuse([(None, "", says)] if says else [], 0)
    return found or []


def _nested(row: Mapping[Any, Any], number: int, wrong: Wrong) -> dict[str, Any]:
    """The fields of a row: dotted names as nested parts, what is missing left out."""
    fields: dict[str, Any] = {}
    for place, (key, value) in enumerate(row.items(), 1):
        name = str(key).strip()
        if missing(value) or (place == 1 and name in INDEX):
            continue
        if _shown(name) != name:
            wrong.append((number, _shown(name), f"{NO_SUCH_FIELD}: it stands in column {place}"))
            continue
        *outer, last = [part for part in name.split(".") if not part.isdecimal()] or [""]
        into: Any = fields
        for part in outer:
            into = into.setdefault(part, {}) if isinstance(into, dict) else None
        if not isinstance(into, dict) or last in into:
            wrong.append((number, _shown(name), "it is given twice, as a whole and in parts"))
            continue
        into[last] = dict(value) if isinstance(value, Mapping) else value
    if isinstance(store := fields.get("datastore"), dict):
        engine = engines.ENGINES.get(str(store.get("type")))
        if engine is not None and tuple(engine.versions) == ("",):
            store.setdefault("version", "")  # the one text that means something by being empty
    return fields


# ------------------------------------------------------------------------------------------- what tables do to values


def _mended(model: type[BaseModel], fields: Mapping[str, Any], text: bool) -> dict[str, Any]:
    """The fields as they are declared, where a table could only hold them otherwise."""
    mended = {}
    for name, value in fields.items():
        info = model.model_fields.get(name)
        mended[name] = value if info is None else _as_declared(info.annotation, info.metadata, value, text)
    return mended


def _as_declared(annotation: Any, metadata: Iterable[Any], value: Any, text: bool) -> Any:
    kind = unwrap(annotation)
    if isinstance(value, BaseModel):
        return fields_of(value)
    if get_origin(kind) is list:  # a table can only name the one item
        items = value if isinstance(value, list) else [value] if isinstance(value, Mapping) else None
        return value if items is None else [_as_declared(get_args(kind)[0], (), item, text) for item in items]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if not isinstance(value, Mapping):
            return value
        return _mended(kind, {name: item for name, item in value.items() if item is not None}, text)
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()  # numpy's
    return _scalar(kind, marks(annotation, metadata), value, text)


def _scalar(kind: Any, rules: list[Any], value: Any, text: bool) -> Any:
    """A number that is a fraction only because its column has gaps is whole; a text is what its field says it is."""
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
        return str(value)  # a whole number has lost nothing
    return value


@cache
def _names(model: type[BaseModel]) -> Mapping[str, str]:
    """The dotted names of all fields by themselves in small letters."""
    return {name.lower(): name for name in _walk(model)}


def _walk(model: type[BaseModel]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield name
        kind = unwrap(info.annotation)
        kind = get_args(kind)[0] if get_origin(kind) is list else kind
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (f"{name}.{inner}" for inner in _walk(kind))


def _shown(name: str) -> str:
    """A name as it may be shown: in a table without a head, a value stands where a name should, perhaps a secret."""
    known = name.lower() in _names(InstanceSpec)
    return name if known or re.fullmatch(r"[a-z][a-z0-9_.]{0,60}", name) else "***"
