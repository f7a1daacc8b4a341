"""Send many operations of one kind, a few at a time, and report the outcome of each; resume an earlier call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar

from ..core.answers import word
from ..core.errors import (
    ApiError,
    AuthenticationError,
    BadAnswer,
    CredentialsError,
    GaussnbError,
    LedgerError,
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

HOPELESS = (AuthenticationError, CredentialsError, LedgerError, PermissionDenied, Unreachable)
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
    outcome: Annotated[str, Known(("accepted", "exists", "refused", "unknown", "skipped"))]
    """accepted; exists (not sent, because a thing of the name exists); refused; unknown (sent, and the answer lost);
    skipped (not sent)."""
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
Finding: TypeAlias = Literal["done", "not done", "absent", "unclear"]
"""The result of one look for an operation whose answer was lost. absent: the thing is not listed, which means that it
was deleted, or that the list is late."""
Look: TypeAlias = Callable[[Any, Record], Finding]
"""Looks once for an operation whose answer was lost."""


def record_of(number: int, kind: type[Operation], operation: Operation | None, **known: Any) -> Record:
    """Make the record of a row before anything is sent."""
    nothing = dict.fromkeys(column.name for column in columns(Outcome))
    digest = digest_of(operation) if operation else None
    return {**nothing, "row": number, "outcome": "skipped", "message": "It was not sent.",
            "operation": kind.route.id, "digest": digest, **known}  # fmt: skip


class NotSent(Exception):
    """An admitted operation was not sent, because something changed meanwhile; its record says what."""


class Procedure:
    """The way in which the operations of one call are chosen, sent and looked up. Creations have a way of their own.

    Args:
        gdb: the client.
        look: looks once for an operation whose answer was lost.
    """

    def __init__(self, gdb: Client, look: Look = lambda operation, record: "unclear") -> None:
        self.gdb = gdb
        self._look = look

    def admit(self, rest: Sequence[Pending]) -> Sequence[Pending]:
        """Choose what is sent, before the first operation is. The record of every other operation says why not."""
        return rest

    def send(self, operation: Operation, record: Record) -> pd.DataFrame:
        """Send an admitted operation.

        Raises:
            NotSent: the operation was not sent after all, and its record says why.
        """
        return self.gdb.send(operation)

    def accepted(self, record: Record) -> None:
        """Do what follows an accepted operation."""

    def finish(self, sent: Sequence[Pending]) -> None:
        """Complete the records after the last operation was sent."""
        self.look_up([(operation, record) for operation, record in sent if record["outcome"] == "unknown"])

    def close(self) -> None:
        """Leave nothing behind, however the call ends. A second call does nothing."""

    def look_up(self, lost: Sequence[Pending]) -> list[Pending]:
        """Look for operations whose answers were lost. A record says accepted if its operation was carried out.

        A thing counts as absent after several looks, as :class:`gaussnb.Patience` says.

        Returns:
            The operations that were surely not carried out.
        """
        patience = self.gdb.patience
        left, undone = list(lost), []
        for looks_left in reversed(range(patience.absences)):
            absent = []
            for operation, record in left:
                finding = self._find(operation, record)
                if finding == "absent" and looks_left:
                    absent.append((operation, record))
                elif finding in ("done", "absent"):
                    record |= {"outcome": "accepted", "error_code": None, "message": None, "key": None}
                elif finding == "not done":
                    undone.append((operation, record))
            if not absent:
                break
            left = absent
            self.gdb.clock.sleep(patience.lag / max(1, patience.absences - 1))
        return undone

    def _find(self, operation: Operation, record: Record) -> Finding:
        try:
            return self._look(operation, record)
        except GaussnbError:
            return "unclear"


def send_to_each(
    gdb: Client,
    kind: type[Operation],
    targets: Targets,
    make: Callable[[str], Operation],
    look: Look,
    workers: int,
    resume: pd.DataFrame | None,
    existing: bool = False,
) -> pd.DataFrame:
    """Send the same operation for every target, once for each.

    Args:
        gdb: the client.
        kind: the class of the operations.
        targets: ids, or a frame of things.
        make: makes the operation for an id.
        look: looks once for an operation whose answer was lost.
        workers: the number of operations that are sent at the same time.
        resume: the frame of an earlier call.
        existing: True if an operation after which things are gone is also sent for the rows of a creation's frame
            whose thing existed before.
    """
    asked: list[Operation | None] = []
    records: list[Record] = []
    wrong: Wrong = []
    seen: dict[str, int] = {}
    spared = _not_made(gdb, targets) if kind.route.ends == "gone" and not existing else set()
    for number, (id, name) in enumerate(targets_of(targets, gdb.service.thing_column, gdb.service.noun)):
        operation, known = None, {}
        if id is None:
            known = {"message": "There is no id in this row."}
        elif number in spared:
            known = {"message": f"The call of this frame did not make this {gdb.service.noun}: it existed before. "
                                "existing=True takes it in."}  # fmt: skip
        elif word(id) in seen:
            known = {"message": f"The same as row {seen[id]}."}
        elif (operation := judge(kind, partial(make, id), number, wrong)) is not None:
            seen[id] = number
        asked.append(operation)
        records.append(record_of(number, kind, operation, name=name, id=word(id) or None, **known))
    refuse(wrong, len(records))
    if resume is not None:
        take_up(records, resume, "id")
    return send_all(kind, asked, records, workers=workers, distinct="id", procedure=Procedure(gdb, look))


def _not_made(gdb: Client, targets: Targets) -> set[int]:
    """The rows in the frame of a creation that name a thing which the call of this frame did not make."""
    if not {"outcome", "operation"} <= set(getattr(targets, "columns", ())):
        return set()
    creations = {id for id in map(word, targets["operation"].unique())
                 if id in gdb.service.catalogue and gdb.service.catalogue[id].route.creates}  # fmt: skip
    lines = zip(targets["operation"], targets["outcome"])
    return {number for number, (operation, outcome) in enumerate(lines)
            if word(operation) in creations and outcome in ("exists", "skipped")}  # fmt: skip


def send_all(
    kind: type[Operation],
    asked: Sequence[Operation | None],
    records: Sequence[Record],
    *,
    workers: int,
    distinct: str,
    procedure: Procedure,
    again: bool = False,
) -> pd.DataFrame:
    """Send every operation that was not accepted yet, and write the outcome into its record.

    Args:
        kind: the class of the operations.
        asked: the operation of each row; None for a row that is not sent.
        records: the record of each row.
        workers: the number of operations that are sent at the same time.
        distinct: the field of a record that must differ between operations sent at the same time: the outcomes of
            two operations with an equal field could be mistaken for each other.
        procedure: chooses, sends and looks up.
        again: True to send operations again whose outcome is unknown and cannot be looked up.
    """
    if workers < 1:
        raise ValueError(f"workers are 1 or more, not {workers}")
    pending = [(operation, record) for operation, record in zip(asked, records) if operation is not None]
    lost = [(operation, record) for operation, record in pending if record["outcome"] == "unknown"]
    undone = {record["row"] for _, record in procedure.look_up(lost)}
    # Only an operation that was surely not carried out is sent again; without a look-up it stays unknown.
    rest = [
        (operation, record)
        for operation, record in pending
        if record["outcome"] not in ("accepted", "unknown")
        or (record["outcome"] == "unknown" and (again or record["row"] in undone))
    ]

    def result() -> pd.DataFrame:
        gdb = procedure.gdb
        return frame_from(Outcome, records, operation=kind.route.id, endpoint=gdb.endpoint,
                          fetched_at=gdb.clock.now().isoformat())  # fmt: skip

    for _, record in rest:
        record |= {"outcome": "skipped", "error_code": None, "message": "It was not sent.", "key": None}
    try:
        admitted = procedure.admit(rest)
        # Operations with an equal field are sent one after the other: two lost answers could not be told apart.
        chains: dict[str, list[Pending]] = {}
        for operation, record in admitted:
            chains.setdefault(record[distinct], []).append((operation, record))
        with _carrying(result):
            _work(list(chains.values()), partial(_send, procedure), workers)
            procedure.finish(admitted)
    finally:
        _uninterrupted(procedure.close)
    return result()


@contextmanager
def _carrying(result: Callable[[], pd.DataFrame]) -> Iterator[None]:
    """Let an interrupt carry the outcomes so far in ``result``."""
    try:
        yield
    except BaseException as stop:  # above all an interrupt
        stop.add_note(
            "What was done so far is in the error's .result (sys.last_value.result in a notebook): "
            "give it as resume= to go on. gdb.made() shows what was created."
        )
        stop.result = _uninterrupted(result)  # type: ignore[attr-defined]
        raise


def _work(chains: Sequence[list[Pending]], send: Callable[[Operation, Record], bool], workers: int) -> None:
    """Send the chains at the same time."""
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
    except BaseException:
        halt.set()
        _uninterrupted(lambda: pool.shutdown(cancel_futures=True))  # a sent operation still gets its answer
        raise


def _uninterrupted(finish: Callable[[], T]) -> T:
    """Finish a step in spite of any number of interrupts: the outcome of a sent operation must not be lost."""
    while True:
        try:
            return finish()
        except KeyboardInterrupt:
            continue


def _send(procedure: Procedure, operation: Operation, record: Record) -> bool:
    """Send one operation; True if other operations may still succeed."""
    sure = SURE if operation.route.creates else ""
    record |= {"outcome": "unknown", "message": f"It was sent, and its answer did not come.{sure}"}
    try:
        answer = procedure.send(operation, record)
    except NotSent:
        pass
    except HOPELESS as error:
        record |= {"outcome": "refused" if isinstance(error, ApiError) else "skipped", **_why(error)}
        return False
    except (UnknownOutcome, BadAnswer) as lost:
        record |= _why(lost)
        if operation.route.creates:
            record["key"] = key_in(procedure.gdb, getattr(lost, "key", ""))
            record["message"] += sure
    except GaussnbError as error:
        record |= {"outcome": "refused", **_why(error)}
    else:
        record |= {"outcome": "accepted", "message": None, "error_code": None}
        known: Any = answer.iloc[0] if len(answer) else {}
        for column in ("id", "status", "job_id"):
            record[column] = word(known.get(column)) or record[column]
        procedure.accepted(record)
    return True


def key_in(gdb: Client, key: Any) -> str | None:
    """Join a key of the ledger with the id of the ledger, since the keys of two ledgers may be equal."""
    return f"{gdb.ledger_id}-{key}" if key else None


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
