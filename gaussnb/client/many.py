"""Sending many, a few at a time: what became of each, and how to go on with what an earlier call did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from ..core.secrets import find, mask_known
from ..core.wire import digest_of
from .tables import Targets, Wrong, judged, refuse, targets_of

if TYPE_CHECKING:
    import pandas as pd

    from . import Client

T = TypeVar("T")

HOPELESS = (AuthenticationError, CredentialsError, PermissionDenied, Unreachable)
"""After one of these no other row would fare better, so no more are sent."""

SURE = " When you are sure that it does not exist: the same call with resume= and again=True sends it."


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
    key: str
    """Where a creation stands in which ledger, while its outcome is unknown."""
    operation: str
    """What was asked."""
    digest: str
    """Equal for whatever was asked with the same fields, secrets left out."""


Record = dict[str, Any]
Job = tuple[Operation, Record]
Look = Callable[[Any, Record], bool | None]
"""Whether something was done: yes, no, or there is no telling."""


def record_of(number: int, kind: type[Operation], operation: Operation | None, **known: Any) -> Record:
    """The outcome of a row before anything is sent."""
    nothing = dict.fromkeys(column.name for column in columns(Outcome))
    digest = digest_of(operation) if operation else None
    return {**nothing, "row": number, "outcome": "skipped", "message": "It was not sent.",
            "operation": kind.route.id, "digest": digest, **known}  # fmt: skip


def send_to_each(
    gdb: Client,
    kind: type[Operation],
    targets: Targets,
    ask: Callable[[str], Operation],
    look: Look,
    workers: int,
    resume: pd.DataFrame | None,
) -> pd.DataFrame:
    """Ask the same of every target, of each once."""
    asked: list[Operation | None] = []
    records: list[Record] = []
    wrong: Wrong = []
    seen: dict[str, int] = {}
    for number, (id, name) in enumerate(targets_of(targets)):
        operation, known = None, {}
        if id is None:
            known = {"message": "There is no id in this row."}
        elif word(id) in seen:
            known = {"message": f"The same as row {seen[id]}."}
        elif (operation := judged(lambda id=id: ask(id), number, wrong)) is not None:  # type: ignore[misc]
            seen[id] = number
        asked.append(operation)
        records.append(record_of(number, kind, operation, name=name, id=word(id) or None, **known))
    refuse(wrong, len(records))
    if resume is not None:
        take_up(records, resume, "id")
    return send_all(gdb, kind, asked, records, workers=workers, tell="id", look=look)


def send_all(
    gdb: Client,
    kind: type[Operation],
    asked: Sequence[Operation | None],
    records: Sequence[Record],
    *,
    workers: int,
    tell: str,
    look: Look,
    check: Callable[[list[Any]], None] = lambda rest: None,
    again: bool = False,
) -> pd.DataFrame:
    """Send what was not accepted yet, and note in each record what became of it.

    Args:
        tell: the field of a record by which two that might be taken for each other are told apart.
        look: whether one whose answer was lost was done.
        check: refuses what is about to be sent, as a whole.
        again: whether to send again what may have been done, where there is no telling.
    """
    if workers < 1:
        raise ValueError(f"workers are 1 or more, not {workers}")
    rest: list[Job] = []
    for operation, record in zip(asked, records):
        if operation is None or record["outcome"] == "accepted":
            continue
        if record["outcome"] == "unknown":
            done = _look_up(look, operation, record)
            # Only a clear no is sent again: what cannot be looked up stays unknown.
            if done or (done is None and not again):
                continue
        rest.append((operation, record))
    check(rest)
    for _, record in rest:
        record |= {"outcome": "skipped", "error_code": None, "message": "It was not sent.", "key": None}

    def result() -> pd.DataFrame:
        return frame_from(Outcome, records, operation=kind.route.id, endpoint=gdb.endpoint,
                          fetched_at=gdb.clock.now().isoformat())  # fmt: skip

    # Equal names one after the other: else two lost answers could not be told apart.
    chains: dict[str, list[Job]] = {}
    for operation, record in rest:
        chains.setdefault(record[tell], []).append((operation, record))
    _work(list(chains.values()), lambda operation, record: _send(gdb, operation, record, look), workers, result)
    return result()


def _work(
    chains: Sequence[list[Job]],
    send: Callable[[Operation, Record], bool],
    workers: int,
    result: Callable[[], pd.DataFrame],
) -> None:
    """Send the chains side by side; whoever interrupts gets what was done so far."""
    halt = Event()

    def work(chain: list[Job]) -> None:
        for operation, record in chain:
            if not halt.is_set() and not send(operation, record):
                halt.set()

    pool = ThreadPoolExecutor(workers, "gaussnb-many")
    try:
        for future in [pool.submit(work, chain) for chain in chains]:
            future.result()
        pool.shutdown()
    except BaseException as stop:  # an interrupt above all
        halt.set()
        stop.add_note(
            "What was done so far is in the error's .result (sys.last_value.result in a notebook): "
            "give it as resume= to go on. gdb.made() shows what was created."
        )
        stop.result = _uninterrupted(result)  # type: ignore[attr-defined]
        _uninterrupted(lambda: pool.shutdown(cancel_futures=True))  # what was sent gets its answer
        stop.result = _uninterrupted(result)  # type: ignore[attr-defined]
        raise


def _uninterrupted(finish: Callable[[], T]) -> T:
    """What is finished, however often somebody presses the key: what was sent costs money, and must not be lost."""
    while True:
        try:
            return finish()
        except KeyboardInterrupt:
            continue


def _send(gdb: Client, operation: Operation, record: Record, look: Look) -> bool:
    """Send one, and say whether it is worth while to go on with the others."""
    sure = SURE if operation.route.creates else ""
    record |= {"outcome": "unknown", "message": f"It was sent, and its answer did not come.{sure}"}
    try:
        answer = gdb.send(operation)
    except HOPELESS as error:
        record |= {"outcome": "refused" if isinstance(error, ApiError) else "skipped", **_why(operation, error)}
        return False
    except (UnknownOutcome, BadAnswer) as lost:
        record |= _why(operation, lost)
        if not operation.route.creates:  # a creation was looked for already
            _look_up(look, operation, record)
        else:
            record["key"] = key_in(gdb, getattr(lost, "key", ""))
            record["message"] += sure
    except GaussnbError as error:
        record |= {"outcome": "refused", **_why(operation, error)}
    else:
        record |= {"outcome": "accepted", "message": None, "error_code": None}
        known: Any = answer.iloc[0] if len(answer) else {}
        for column in ("id", "status", "job_id"):
            record[column] = word(known.get(column)) or record[column]
    return True


def key_in(gdb: Client, key: Any) -> str | None:
    """A key of this machine's ledger as no other ledger has it."""
    return f"{gdb._ledger.id}-{key}" if key else None


def _look_up(look: Look, operation: Operation, record: Record) -> bool | None:
    try:
        done = look(operation, record)
    except GaussnbError:
        return None
    if done:
        record |= {"outcome": "accepted", "error_code": None, "message": None, "key": None}
    return done


def _why(operation: Operation, error: GaussnbError) -> Record:
    says = mask_known(str(error), find(operation))  # a server may repeat the request
    return {"error_code": getattr(error, "error_code", None) or None, "message": says}


def take_up(records: Sequence[Record], resume: pd.DataFrame, tell: str) -> None:
    """Put what an earlier answer knows into the records."""
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
        if word(line[tell]) != (record[tell] or ""):
            raise ValueError(f"row {record['row']} was for another {tell} in resume: it is of another table")
        if word(line["digest"]) != record["digest"]:
            raise ValueError(f"row {record['row']} was {line['outcome']} in resume, when other things were asked for "
                             "than now: only what was refused or skipped may change")  # fmt: skip
        known = {column: word(value) or None for column, value in line.items() if column in record}
        record |= {**known, "row": record["row"], "name": record["name"] or known["name"]}
