"""Send many operations of one kind, a few at a time, and report the outcome of each; resume an earlier call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from ..core.answers import word
from ..core.errors import (
    ApiError,
    AuthenticationError,
    BadAnswer,
    CredentialsError,
    GaussnbError,
    PermissionDenied,
    UnknownOutcome,
    Unreachable,
)
from ..core.frames import frame_from
from ..core.operation import Operation
from ..core.rows import Known, Row, columns
from ..core.wire import digest_of
from .tables import Targets, Wrong, judge, refuse, targets_of

if TYPE_CHECKING:
    import pandas as pd

    from . import Client

T = TypeVar("T")

HOPELESS = (AuthenticationError, CredentialsError, PermissionDenied, Unreachable)
"""Errors that every other row would meet as well, so that no more rows are sent."""

SURE = " When you are sure that it does not exist: the same call with resume= and again=True sends it."


class Outcome(Row):
    """The outcome of one row."""

    row: int
    """The number of the row of the input, from 0."""
    name: str
    """The name of the thing, if it is known."""
    id: str
    """The thing."""
    status: str
    """The status of the thing in the answer."""
    job_id: str
    """The job that was started."""
    outcome: Annotated[str, Known(("accepted", "refused", "unknown", "skipped"))]
    """accepted; refused; unknown (sent, and the answer lost); skipped (not sent)."""
    error_code: str
    """The error code of a refusal."""
    message: str
    """The reason why the row was not accepted."""
    key: str
    """The key of a creation in the ledger, and the ledger's id, while the outcome is unknown."""
    operation: str
    """The id of the operation."""
    digest: str
    """A digest of the fields without secrets: equal fields have equal digests."""


Record = dict[str, Any]
Pending = tuple[Operation, Record]
"""An operation that is about to be sent, and the record of its outcome."""
OutcomeCheck = Callable[[Any, Record], bool | None]
"""Looks up whether an operation was carried out: True, False, or None if that cannot be found out."""


def record_of(number: int, kind: type[Operation], operation: Operation | None, **known: Any) -> Record:
    """Make the record of a row before anything is sent."""
    nothing = dict.fromkeys(column.name for column in columns(Outcome))
    digest = digest_of(operation) if operation else None
    return {**nothing, "row": number, "outcome": "skipped", "message": "It was not sent.",
            "operation": kind.route.id, "digest": digest, **known}  # fmt: skip


def send_to_each(
    gdb: Client,
    kind: type[Operation],
    targets: Targets,
    make: Callable[[str], Operation],
    check_outcome: OutcomeCheck,
    workers: int,
    resume: pd.DataFrame | None,
) -> pd.DataFrame:
    """Send the same operation for every target, once for each.

    Args:
        gdb: the client.
        kind: the class of the operations.
        targets: ids, or a frame of things.
        make: makes the operation for an id.
        check_outcome: looks up an operation whose answer was lost.
        workers: the number of operations that are sent at the same time.
        resume: the frame of an earlier call.
    """
    asked: list[Operation | None] = []
    records: list[Record] = []
    wrong: Wrong = []
    seen: dict[str, int] = {}
    for number, (id, name) in enumerate(targets_of(targets, gdb.service.thing_column, gdb.service.noun)):
        operation, known = None, {}
        if id is None:
            known = {"message": "There is no id in this row."}
        elif word(id) in seen:
            known = {"message": f"The same as row {seen[id]}."}
        elif (operation := judge(kind, partial(make, id), number, wrong)) is not None:
            seen[id] = number
        asked.append(operation)
        records.append(record_of(number, kind, operation, name=name, id=word(id) or None, **known))
    refuse(wrong, len(records))
    if resume is not None:
        take_up(records, resume, "id")
    return send_all(gdb, kind, asked, records, workers=workers, distinct="id", check_outcome=check_outcome)


def send_all(
    gdb: Client,
    kind: type[Operation],
    asked: Sequence[Operation | None],
    records: Sequence[Record],
    *,
    workers: int,
    distinct: str,
    check_outcome: OutcomeCheck,
    check: Callable[[list[Pending]], None] = lambda rest: None,
    again: bool = False,
) -> pd.DataFrame:
    """Send every operation that was not accepted yet, and write the outcome into its record.

    Args:
        gdb: the client.
        kind: the class of the operations.
        asked: the operation of each row; None for a row that is not sent.
        records: the record of each row.
        workers: the number of operations that are sent at the same time.
        distinct: the field of a record that must differ between operations sent at the same time: the outcomes of
            two operations with an equal field could be mistaken for each other.
        check_outcome: looks up an operation whose answer was lost.
        check: refuses everything that is about to be sent, by an error.
        again: True to send operations again whose outcome is unknown and cannot be looked up.
    """
    if workers < 1:
        raise ValueError(f"workers are 1 or more, not {workers}")
    rest: list[Pending] = []
    for operation, record in zip(asked, records):
        if operation is None or record["outcome"] == "accepted":
            continue
        if record["outcome"] == "unknown":
            done = _look_up(check_outcome, operation, record)
            # Only an operation that was surely not carried out is sent again; without a look-up it stays unknown.
            if done or (done is None and not again):
                continue
        rest.append((operation, record))
    check(rest)
    for _, record in rest:
        record |= {"outcome": "skipped", "error_code": None, "message": "It was not sent.", "key": None}

    def result() -> pd.DataFrame:
        return frame_from(Outcome, records, operation=kind.route.id, endpoint=gdb.endpoint,
                          fetched_at=gdb.clock.now().isoformat())  # fmt: skip

    # Operations with an equal field are sent one after the other: two lost answers could not be told apart.
    chains: dict[str, list[Pending]] = {}
    for operation, record in rest:
        chains.setdefault(record[distinct], []).append((operation, record))
    _work(
        list(chains.values()), lambda operation, record: _send(gdb, operation, record, check_outcome), workers, result
    )
    return result()


def _work(
    chains: Sequence[list[Pending]],
    send: Callable[[Operation, Record], bool],
    workers: int,
    result: Callable[[], pd.DataFrame],
) -> None:
    """Send the chains at the same time. An interrupt carries the outcomes so far in ``result``."""
    halt = Event()

    def work(chain: list[Pending]) -> None:
        for operation, record in chain:
            if not halt.is_set() and not send(operation, record):
                halt.set()

    pool = ThreadPoolExecutor(workers, "gaussnb-many")
    try:
        for future in [pool.submit(work, chain) for chain in chains]:
            future.result()
        pool.shutdown()
    except BaseException as stop:  # above all an interrupt
        halt.set()
        stop.add_note(
            "What was done so far is in the error's .result (sys.last_value.result in a notebook): "
            "give it as resume= to go on. gdb.made() shows what was created."
        )
        stop.result = _uninterrupted(result)  # type: ignore[attr-defined]
        _uninterrupted(lambda: pool.shutdown(cancel_futures=True))  # a sent operation still gets its answer
        stop.result = _uninterrupted(result)  # type: ignore[attr-defined]
        raise


def _uninterrupted(finish: Callable[[], T]) -> T:
    """Finish a step in spite of any number of interrupts: the outcome of a sent operation must not be lost."""
    while True:
        try:
            return finish()
        except KeyboardInterrupt:
            continue


def _send(gdb: Client, operation: Operation, record: Record, check_outcome: OutcomeCheck) -> bool:
    """Send one operation; True if other operations may still succeed."""
    sure = SURE if operation.route.creates else ""
    record |= {"outcome": "unknown", "message": f"It was sent, and its answer did not come.{sure}"}
    try:
        answer = gdb.send(operation)
    except HOPELESS as error:
        record |= {"outcome": "refused" if isinstance(error, ApiError) else "skipped", **_why(error)}
        return False
    except (UnknownOutcome, BadAnswer) as lost:
        record |= _why(lost)
        if not operation.route.creates:  # a creation was looked up already
            _look_up(check_outcome, operation, record)
        else:
            record["key"] = key_in(gdb, getattr(lost, "key", ""))
            record["message"] += sure
    except GaussnbError as error:
        record |= {"outcome": "refused", **_why(error)}
    else:
        record |= {"outcome": "accepted", "message": None, "error_code": None}
        known: Any = answer.iloc[0] if len(answer) else {}
        for column in ("id", "status", "job_id"):
            record[column] = word(known.get(column)) or record[column]
    return True


def key_in(gdb: Client, key: Any) -> str | None:
    """Join a key of the ledger with the id of the ledger, since the keys of two ledgers may be equal."""
    return f"{gdb.ledger_id}-{key}" if key else None


def _look_up(check_outcome: OutcomeCheck, operation: Operation, record: Record) -> bool | None:
    try:
        done = check_outcome(operation, record)
    except GaussnbError:
        return None
    if done:
        record |= {"outcome": "accepted", "error_code": None, "message": None, "key": None}
    return done


def _why(error: GaussnbError) -> Record:
    return {"error_code": getattr(error, "error_code", None) or None, "message": str(error)}


def take_up(records: Sequence[Record], resume: pd.DataFrame, distinct: str) -> None:
    """Copy the outcomes of an earlier answer into the records.

    Raises:
        ValueError: the earlier answer is about another table or another operation.
    """
    if not {column.name for column in columns(Outcome)} <= set(getattr(resume, "columns", ())):
        raise ValueError("resume is an answer of an earlier call: a frame with row, name, id, outcome and the rest")
    lines = {line["row"]: line for line in resume.to_dict("records")}
    if len(resume) != len(records) or lines.keys() != {record["row"] for record in records}:
        raise ValueError(f"resume has other rows ({len(resume)}) than there are now ({len(records)}): it is of "
                         "another table")  # fmt: skip
    for record in records:
        line = lines[record["row"]]
        if word(line["operation"]) != record["operation"]:
            raise ValueError(f"resume is an answer to {word(line['operation']) or 'something else'}, and this is "
                             f"{record['operation']}: leave it out")  # fmt: skip
        if line["outcome"] not in ("accepted", "unknown"):
            continue
        if word(line[distinct]) != (record[distinct] or ""):
            raise ValueError(f"row {record['row']} was for another {distinct} in resume: it is of another table")
        if word(line["digest"]) != record["digest"]:
            raise ValueError(f"row {record['row']} was {line['outcome']} in resume, when other things were asked for "
                             "than now: only what was refused or skipped may change")  # fmt: skip
        known = {column: word(value) or None for column, value in line.items() if column in record}
        record |= {**known, "row": record["row"], "name": record["name"] or known["name"]}
