"""Many at once: a table of things to ask for, judged as a whole, sent a few at a time, one row of outcome for each.

Nothing is sent before every row holds. What was accepted is never sent again, and what is not known is looked up
first: the frame of outcomes, given back as ``resume=``, takes the work up where it stopped.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import PathLike, fspath
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from . import engines
from .errors import (
    ApiError,
    AuthenticationError,
    BadAnswer,
    CredentialsError,
    GaussnbError,
    InvalidRows,
    PermissionDenied,
    QuotaExceeded,
    UnknownOutcome,
    Unreachable,
)
from .frame import frame_from
from .instance_spec import InstanceSpec
from .spec import Known, Operation, Row, columns, fields_of, unwrap
from .wire import word

if TYPE_CHECKING:
    import pandas as pd

    from .client import Client

HOPELESS = (AuthenticationError, CredentialsError, PermissionDenied, Unreachable)
"""After one of these no other row would fare better, so no more are sent."""
NO_QUOTA = "DBS.280280"

Specs = Any
"""A DataFrame with dotted columns or nested values, the path of a CSV or YAML file, or specs and dicts in a list."""
Targets = Any
"""Ids in a list, one id, or a frame with a column instance_id or id."""


class Outcome(Row):
    """What became of one row."""

    row: int
    """Which row of the input, the first one is 0."""
    name: str
    """The instance's name, where it is known."""
    id: str
    """The instance."""
    status: str
    """Its status when it was asked for."""
    job_id: str
    """The job that was started."""
    outcome: Annotated[str, Known(("accepted", "refused", "unknown", "skipped"))]
    """accepted; refused; unknown (sent, and its answer lost); skipped (not sent)."""
    error_code: str
    """The service's code, where it refused."""
    message: str
    """Why it was not accepted."""
    key: int
    """Where a creation stands in the ledger, while its outcome is unknown."""


class Problem(Row):
    """What is wrong with one field of one row."""

    row: int
    """Which row, the first one is 0; missing where it is the whole."""
    field: str
    """Which field, nested ones dotted."""
    message: str
    """What it may hold."""


Record = dict[str, Any]
Look = Callable[[Operation, Record], bool | None]
"""Whether something was done: yes, no, or there is no telling."""
Wrong = list[tuple[int | None, str, str]]


# --------------------------------------------------------------------------------------- what may be done to many


def create_many(
    gdb: Client,
    specs: Specs,
    *,
    password: str | SecretStr | None = None,
    workers: int = 4,
    resume: pd.DataFrame | bool = False,
) -> pd.DataFrame:
    """Create an instance for every row of a table.

    All rows are judged before the first is sent, and so is the quota of each engine. A row that is refused does
    not keep the others from being sent. A creation whose answer is lost is looked for and never sent again
    blindly.

    Args:
        specs: a DataFrame with columns like ``name``, ``datastore.type`` and ``flavor.num``, or with nested
            values; the path of a CSV or YAML file of the same; or a list of specs and dicts. What is missing
            or empty is left out.
        password: the administrator's password in every row that has none.
        workers: how many are sent at the same time.
        resume: an earlier answer to the same table: only what was not accepted is sent. True takes what this
            machine's ledger remembers instead, by name, when that answer is gone.

    Returns:
        A DataFrame with one row per row of the table, in its order, with the columns of
        :class:`gaussnb.bulk.Outcome`. ``gdb.wait(frame)`` waits for what was accepted.

    Raises:
        InvalidRows: a row does not hold; nothing was sent, and ``errors`` says what is wrong.
        QuotaExceeded: the rows are more than the quota leaves; nothing was sent.
        ImportError: YAML is not installed; ``pip install "gaussnb[yaml]"``.
    """
    asked = _specs_of(specs, password)
    records = [_record(number, name=spec.name) for number, spec in enumerate(asked)]
    if resume is True:
        _remember(gdb, asked, records)
    return _send_all(
        gdb,
        InstanceSpec,
        asked,
        records,
        workers=workers,
        resume=None if isinstance(resume, bool) else resume,
        tell="name",
        look=lambda spec, record: _made(gdb, record),
        check=lambda rest: _check_quota(gdb, rest),
    )


def delete_many(
    gdb: Client, targets: Targets, *, workers: int = 4, resume: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Delete every instance of a list or a frame.

    Args:
        targets: ids in a list, or a frame with a column ``instance_id`` or ``id``; rows without an id are skipped.
        workers: how many are sent at the same time.
        resume: an earlier answer to the same targets: only what was not accepted is sent.

    Returns:
        A DataFrame with one row per target, in their order, with the columns of :class:`gaussnb.bulk.Outcome`.
        ``gdb.wait(frame)`` waits until they are gone.

    Raises:
        InvalidRows: an id is none; nothing was sent, and ``errors`` says what is wrong.
    """
    from .operations.instances import DeleteInstance  # its module needs this one

    def gone(operation: Operation, record: Record) -> bool | None:
        found = gdb.instances.list(id=record["id"])
        actions = found["actions"].iloc[0] if len(found) else "DELETE"
        return True if "DELETE" in actions else None if actions else False

    def ask(id: str) -> Operation:
        return DeleteInstance(instance_id=id)

    return _to_each(gdb, DeleteInstance, targets, ask, gone, workers, resume)


def update_many(
    gdb: Client,
    targets: Targets,
    action: str,
    tags: Any,
    *,
    workers: int = 4,
    resume: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Set or take away the same tags of every instance of a list or a frame.

    Args:
        targets: ids in a list, or a frame with a column ``instance_id`` or ``id``; rows without an id are skipped.
        action: create sets the tags, delete takes them away.
        tags: the tags, each key once, as in ``[{"key": "team", "value": "blue"}]``.
        workers: how many are sent at the same time.
        resume: an earlier answer to the same targets: only what was not accepted is sent.

    Returns:
        A DataFrame with one row per target, in their order, with the columns of :class:`gaussnb.bulk.Outcome`.

    Raises:
        InvalidRows: an id or a tag does not hold; nothing was sent, and ``errors`` says what is wrong.
    """
    from .operations.tags import BatchTagAction

    def tagged(operation: Operation, record: Record) -> bool | None:
        assert isinstance(operation, BatchTagAction)
        found = gdb.tags.list(record["id"])
        has = dict(zip(found["key"], found["value"].fillna("")))
        if operation.action == "create":
            return all(has.get(tag.key) == tag.value for tag in operation.tags)
        return not any(tag.key in has and tag.value in (None, has[tag.key]) for tag in operation.tags)

    def ask(id: str) -> Operation:
        given: dict[str, Any] = {"instance_id": id, "action": action, "tags": tags}
        return BatchTagAction(**given)

    return _to_each(gdb, BatchTagAction, targets, ask, tagged, workers, resume)


# ----------------------------------------------------------------------------------------------------- sending many


def _to_each(
    gdb: Client,
    kind: type[Operation],
    targets: Targets,
    ask: Callable[[str], Operation],
    look: Look,
    workers: int,
    resume: pd.DataFrame | None,
) -> pd.DataFrame:
    asked: list[Operation | None] = []
    records: list[Record] = []
    wrong: Wrong = []
    seen: dict[str, int] = {}
    for number, (id, name) in enumerate(_targets_of(targets)):
        record = _record(number, name=name, id=id)
        operation = None
        if id is None:
            record["message"] = "There is no id in this row."
        elif id in seen:
            record["message"] = f"The same as row {seen[id]}."
        else:
            operation = _judged(lambda id=id: ask(id), number, wrong)  # type: ignore[misc]
            seen[id] = number
        asked.append(operation)
        records.append(record)
    _refuse(wrong, len(records))
    return _send_all(gdb, kind, asked, records, workers=workers, resume=resume, tell="id", look=look)


def _send_all(
    gdb: Client,
    kind: type[Operation],
    asked: Sequence[Operation | None],
    records: list[Record],
    *,
    workers: int,
    resume: pd.DataFrame | None,
    tell: str,
    look: Look,
    check: Callable[[list[Any]], None] = lambda rest: None,
) -> pd.DataFrame:
    """Send what was not accepted yet, and note in each record what became of it."""
    if workers < 1:
        raise ValueError(f"workers are 1 or more, not {workers}")
    if resume is not None:
        _take_up(records, resume, tell)
    rest = []
    for operation, record in zip(asked, records):
        if operation is None or record["outcome"] == "accepted":
            continue
        # Only a clear no is sent again: what cannot be looked up stays unknown.
        if record["outcome"] == "unknown" and _look_up(look, operation, record) is not False:
            continue
        rest.append((operation, record))
    check([operation for operation, _ in rest])
    for _, record in rest:
        record |= {"outcome": "skipped", "error_code": None, "message": "It was not sent.", "key": None}

    halt = Event()

    def work(chain: list[tuple[Operation, Record]]) -> None:
        for operation, record in chain:
            if not halt.is_set() and not _send(gdb, operation, record, look):
                halt.set()

    # Equal names one after the other: else two lost answers could not be told apart.
    chains: dict[str, list[tuple[Operation, Record]]] = {}
    for operation, record in rest:
        chains.setdefault(record[tell], []).append((operation, record))

    def result() -> pd.DataFrame:
        return frame_from(Outcome, records, operation=kind.route.id, endpoint=gdb.endpoint,
                          fetched_at=gdb.clock.now().isoformat())  # fmt: skip

    pool = ThreadPoolExecutor(workers, "gaussnb-many")
    try:
        for future in [pool.submit(work, chain) for chain in chains.values()]:
            future.result()
    except BaseException as stop:  # an interrupt above all
        halt.set()
        pool.shutdown(cancel_futures=True)  # what was sent gets its answer
        stop.result = result()  # type: ignore[attr-defined]
        stop.add_note(
            "What was done so far is in the error's .result (sys.last_value.result in a notebook): "
            "give it as resume= to go on. gdb.made() shows what was created."
        )
        raise
    finally:
        pool.shutdown()
    return result()


def _send(gdb: Client, operation: Operation, record: Record, look: Look) -> bool:
    """Send one, and say whether it is worth while to go on with the others."""
    record |= {"outcome": "unknown", "message": "It was sent, and its answer did not come."}
    try:
        answer = gdb.send(operation)
    except HOPELESS as error:
        record |= {"outcome": "refused" if isinstance(error, ApiError) else "skipped", **_why(operation, error)}
        return False
    except (UnknownOutcome, BadAnswer) as lost:
        record |= {**_why(operation, lost), "key": int(getattr(lost, "key", "") or 0) or None}
        if not operation.route.creates:  # a creation was looked for already
            _look_up(look, operation, record)
    except GaussnbError as error:
        record |= {"outcome": "refused", **_why(operation, error)}
    else:
        record |= {"outcome": "accepted", "message": None, "error_code": None}
        known: Any = answer.iloc[0] if len(answer) else {}
        for column in ("id", "status", "job_id"):
            record[column] = word(known.get(column)) or record[column]
    return True


def _look_up(look: Look, operation: Operation, record: Record) -> bool | None:
    try:
        done = look(operation, record)
    except GaussnbError:
        return None
    if done:
        record |= {"outcome": "accepted", "error_code": None, "message": None, "key": None}
    return done


def _why(operation: Operation, error: GaussnbError) -> Record:
    says = str(error)
    for _, value in operation:
        if isinstance(value, SecretStr):  # a server that repeats what it was sent
            says = says.replace(value.get_secret_value(), "***")
    return {"error_code": getattr(error, "error_code", None) or None, "message": says}


def _record(number: int, **known: Any) -> Record:
    nothing = dict.fromkeys(column.name for column in columns(Outcome))
    return {**nothing, "row": number, "outcome": "skipped", "message": "It was not sent.", **known}


def _take_up(records: list[Record], resume: pd.DataFrame, tell: str) -> None:
    """Put what an earlier answer knows into the records."""
    if not {"row", "outcome", "key", tell} <= set(getattr(resume, "columns", ())):
        raise ValueError("resume is an answer of an earlier call: a frame with row, name, id, outcome and the rest")
    if list(resume["row"]) != [record["row"] for record in records]:
        raise ValueError(f"resume has {len(resume)} rows, and there are {len(records)} now: it is of another table")
    for record, line in zip(records, resume.to_dict("records")):
        if line["outcome"] not in ("accepted", "unknown"):
            continue
        if word(line[tell]) != (record[tell] or ""):
            raise ValueError(f"row {record['row']} was for another {tell} in resume: it is of another table")
        known = {column: word(value) or None for column, value in line.items() if column in record}
        key = None if _missing(line["key"]) else int(line["key"])
        record |= {**known, "row": record["row"], "name": record["name"] or known["name"], "key": key}


# ---------------------------------------------------------------------------------------------------------- creating


def _check_quota(gdb: Client, specs: Sequence[InstanceSpec]) -> None:
    for engine, count in Counter(spec.datastore.type for spec in specs).items():
        try:
            quotas = gdb.quotas.list(datastore_type=engine)
        except (AuthenticationError, CredentialsError, Unreachable):
            raise  # the creations would fare no better
        except GaussnbError:
            continue  # who may not see quotas may still create
        for quota, used in quotas.loc[quotas["type"] == "instance", ["quota", "used"]].dropna().itertuples(index=False):
            if quota and used + count > quota:
                raise QuotaExceeded(
                    status=200,
                    error_code=NO_QUOTA,
                    error_msg=f"{count} {engine} instances are asked for, and {max(0, quota - used)} of {quota} "
                    "are left; nothing was sent",
                    request_id=str(quotas.attrs.get("request_id", "")),
                    operation=InstanceSpec.route.id,
                )


def _made(gdb: Client, record: Record) -> bool | None:
    """Whether the ledger knows by now what became of a creation."""
    if record["key"] is None:
        return None  # nothing tells this one from another one of its name
    made = gdb.made()
    made = made[(made["key"] == record["key"]) & (made["name"] == record["name"])]
    if len(made) != 1:
        return None  # the ledger of another machine
    entry = made.iloc[0]
    if entry["outcome"] == "refused":
        return False
    if entry["outcome"] not in ("accepted", "recovered"):
        return None
    record |= {column: word(entry[column]) or None for column in ("id", "status", "job_id")}
    return True


def _remember(gdb: Client, specs: Sequence[InstanceSpec], records: Sequence[Record]) -> None:
    """Put what the ledger knows into the records, each of its entries once."""
    made = gdb.made()
    made = made[(made["operation"] == InstanceSpec.route.id) & ~made["outcome"].isin(["refused"])]
    entries = made[(made["status"] != "gone").fillna(True)].to_dict("records")
    for record in records:
        entry = next((entry for entry in entries if entry["name"] == record["name"]), None)
        if entry is None:
            continue
        entries.remove(entry)
        there = entry["outcome"] in ("accepted", "recovered")
        record |= {column: word(entry[column]) or None for column in ("id", "status", "job_id")}
        record |= {"outcome": "accepted" if there else "unknown", "key": None if there else int(entry["key"])}
        record["message"] = None if there else "It was sent, and it is not known what became of it."


# ------------------------------------------------------------------------------------------------------ reading tables


def _specs_of(specs: Specs, password: str | SecretStr | None) -> list[InstanceSpec]:
    asked: list[InstanceSpec] = []
    wrong: Wrong = []
    rows, text = _rows_of(specs)
    for number, row in enumerate(rows):
        if isinstance(row, InstanceSpec):
            asked.append(row)
            continue
        if not isinstance(row, Mapping):
            wrong.append((number, "", f"a spec or a dict, not {type(row).__name__}"))
            continue
        fields = _nested(row, number, wrong)
        if text:
            _numbers(fields)
        if password is not None:
            fields.setdefault("password", password)
        spec = _judged(lambda fields=fields: InstanceSpec(**fields), number, wrong)  # type: ignore[misc]
        if spec is not None:
            asked.append(spec)
    _refuse(wrong, len(rows))
    return asked


def _rows_of(specs: Specs) -> tuple[list[Any], bool]:
    """The rows of a table, and whether they came as text."""
    if isinstance(specs, (str, PathLike)):
        path = fspath(specs)
        kind = path.rpartition(".")[2].lower()
        if kind not in ("csv", "yaml", "yml"):
            raise ValueError("a file of specs is called .csv, .yaml or .yml")
        try:
            return (_csv(path) if kind == "csv" else _yaml(path)), True
        except UnicodeDecodeError:  # it would carry the whole file
            wrong: Wrong = [(None, "", "the file is not UTF-8 text")]
        _refuse(wrong, 0)
    if hasattr(specs, "columns"):
        twice = [word(name) for name, count in Counter(specs.columns).items() if count > 1]
        _refuse([(None, _shown(name), "there are two columns of this name") for name in twice], len(specs))
        return specs.to_dict("records"), False
    if isinstance(specs, (Mapping, BaseModel)) or not isinstance(specs, Iterable):
        raise TypeError(f"specs are a DataFrame, a path or a list, not {type(specs).__name__}; put one in a list")
    return list(specs), False


def _csv(path: str) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        text = file.readlines()
    head = text[0] if text else ""
    rows = [row for row in csv.reader(text, delimiter=";" if ";" in head and "," not in head else ",") if any(row)]
    if not rows:
        return []
    names = [name.strip() for name in rows[0]]
    _refuse([(None, _shown(name), "there are two columns of this name")
             for name, count in Counter(names).items() if count > 1], len(rows) - 1)  # fmt: skip
    _refuse([(number, "", f"{len(row)} cells, where the head has {len(names)}")
             for number, row in enumerate(rows[1:]) if len(row) != len(names)], len(rows) - 1)  # fmt: skip
    return [dict(zip(names, row)) for row in rows[1:]]


def _yaml(path: str) -> list[Any]:
    try:
        import yaml
    except ImportError:
        raise ImportError('To read YAML: pip install "gaussnb[yaml]"') from None
    with open(path, encoding="utf-8") as file:
        try:
            # Everything as text, as in a CSV file: else version 3.10 would become the number 3.1.
            found = yaml.load(file, yaml.BaseLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            says = f"not YAML, at line {mark.line + 1}" if mark else "not YAML"  # its own words may quote a secret
        else:
            says = "" if isinstance(found, list) or not found else "the file is no list of specs"
    _refuse([(None, "", says)] if says else [], 0)
    return found or []


def _nested(row: Mapping[Any, Any], number: int, wrong: Wrong) -> dict[str, Any]:
    """The fields of a row: dotted names as nested parts, what is missing left out."""
    fields: dict[str, Any] = {}
    for name, value in row.items():
        if _missing(value):
            continue
        *outer, last = [part for part in str(name).strip().split(".") if not part.isdecimal()] or [""]
        into: Any = fields
        for part in outer:
            into = into.setdefault(part, {}) if isinstance(into, dict) else None
        if not isinstance(into, dict) or last in into:
            wrong.append((number, _shown(str(name)), "it is given twice, as a whole and in parts"))
            continue
        into[last] = _plain(value)
    if isinstance(store := fields.get("datastore"), dict):
        engine = engines.ENGINES.get(str(store.get("type")))
        if engine is not None and tuple(engine.versions) == ("",):
            store.setdefault("version", "")  # the one text that means something by being empty
    return _listed(InstanceSpec, fields)


def _listed(model: type[BaseModel], fields: dict[str, Any]) -> dict[str, Any]:
    """Parts that are lists of one, where a table can only name the one."""
    for name, info in model.model_fields.items():
        kind, value = unwrap(info.annotation), fields.get(name)
        if not isinstance(value, dict):
            continue
        if get_origin(kind) is list:
            fields[name] = [_listed(get_args(kind)[0], value)]
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            _listed(kind, value)
    return fields


def _numbers(fields: dict[str, Any]) -> None:
    """Turn the texts into numbers that the service's own examples write as numbers."""
    restore = fields.get("restore_info")
    parts = fields.get("flavor")
    for part in [*(parts if isinstance(parts, list) else ()), restore]:
        for name in ("num", "size", "restore_time"):
            # A program that had gaps in the column writes 3.0.
            if isinstance(part, dict) and (found := re.fullmatch(r" *([0-9]+)(?:\.0)? *", str(part.get(name, "")))):
                part[name] = int(found[1])


def _missing(value: Any) -> bool:
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    if isinstance(value, (str, bool, int, dict, list, tuple, BaseModel, SecretStr)):
        return False
    import pandas as pd

    return pd.api.types.is_scalar(value) and bool(pd.isna(value))


def _plain(value: Any) -> Any:
    """A value of a frame as Python has it; a number that is a fraction only because its column has gaps is whole."""
    if hasattr(value, "item") and not isinstance(value, (str, BaseModel)):
        value = value.item()
    if isinstance(value, BaseModel):
        return fields_of(value)
    if isinstance(value, Mapping):
        return dict(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _targets_of(targets: Targets) -> list[tuple[str | None, str | None]]:
    """Id and name of each target."""
    if hasattr(targets, "columns"):
        column = "instance_id" if "instance_id" in targets.columns else "id"
        if column not in targets.columns:
            raise ValueError("there is no column instance_id or id in this frame")
        rows = targets.to_dict("records")
        return [(word(row[column]) or None, word(row.get("name")) or None) for row in rows]
    if isinstance(targets, str):
        return [(targets, None)]
    if isinstance(targets, (Mapping, bytes, BaseModel)) or not isinstance(targets, Iterable):
        raise TypeError(f"what is meant is a list of ids or a frame, not {type(targets).__name__}")
    return [(id if isinstance(id, str) else str(id), None) for id in targets]


def _judged(make: Callable[[], Any], number: int, wrong: Wrong) -> Any:
    """What is made, or None and a note of what is wrong with it."""
    try:
        return make()
    except ValidationError as error:
        lines = error.errors(include_url=False, include_input=False, include_context=False)
    except TypeError:  # a name that is no text
        lines = []
        wrong.append((number, "", "the names of the fields are texts"))
    for line in lines:
        place = [str(part) for part in line["loc"] if not (part == 0 and line["loc"][0] == "flavor")]
        unknown = line["type"] == "extra_forbidden"
        wrong.append((number, _shown(".".join(place)) if unknown else ".".join(place), line["msg"]))
    return None


def _shown(name: str) -> str:
    """A name as it may be shown: in a table without a head, a value stands where a name should, perhaps a secret."""
    return name if re.fullmatch(r"[a-z][a-z0-9_.]{0,60}", name) else "***"


def _refuse(wrong: Wrong, count: int) -> None:
    if wrong:
        records = [dict(zip(("row", "field", "message"), problem)) for problem in wrong]
        raise InvalidRows(frame_from(Problem, records), count)
