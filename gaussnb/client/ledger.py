"""The ledger: a file with an entry for each creation, written before its request is sent.

The API has no idempotency key and allows equal names. After a lost answer, a dead kernel or a power cut, only the entry
in this file shows that a new thing may exist. The file holds names and ids, never a secret.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
import time
import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

from platformdirs import user_state_dir
from pydantic_core import from_json

from ..cloud.regions import place_of
from ..core.errors import LedgerError
from ..core.process import PerProcess
from ..core.rows import Known, Row
from .holder import Holder
from .store import Foreign, Store, Unusable, Work, set_aside_of

T = TypeVar("T")

_FIRST = "asked_at", "endpoint", "project_id", "operation", "name", "there", "outcome", "id", "job_id", "request_id"
"""The columns of the first version of the ledger, without its key."""
_LATER = {
    "digest": "text",
    "asked": "text",  # the fields of the request that a listing shows, as JSON
    "since": "text",  # a moment by the cloud's clock that is not later than the thing
    "gone_at": "text",  # the moment at which the thing was certainly absent
    "holder": "text",  # the process that reserved the creation, as JSON
    "held_at": "real",  # the last sign of life of that process, in epoch seconds of this machine
}
"""The columns that later versions added, each with its type."""

LIVING = ("asked", "accepted", "recovered", "unknown")
"""The outcomes of a creation whose thing exists or may exist."""


class Made(Row):
    """One creation that this machine requested."""

    id: str
    """The id of the new thing; missing while the outcome is unknown."""
    name: str
    """The requested name."""
    operation: str
    """The id of the operation."""
    outcome: Annotated[str, Known(("asked", "accepted", "refused", "recovered", "unknown"))]
    """asked (no answer noted yet), accepted, refused, recovered (found after a lost answer) or unknown."""
    status: str
    """The present status of the thing; gone when the thing no longer exists."""
    actions: str
    """The present work on the thing."""
    job_id: str
    """The job that creates the thing."""
    asked_at: datetime
    """The time of the request."""
    request_id: str
    """The id of the request, which the vendor's support asks for."""
    key: int
    """The key of the entry in the ledger."""
    digest: str
    """A digest of the requested fields without secrets: equal fields have equal digests."""


@dataclass(frozen=True)
class Wanted:
    """A creation that somebody is about to request."""

    operation: str
    """The id of the operation."""
    name: str
    """The name of the new thing."""
    digest: str = ""
    """The digest of the request, from :func:`gaussnb.core.wire.digest_of`."""


@dataclass(frozen=True)
class Reserved:
    """The answer to one :class:`Wanted`: a new reservation, or the entry that stands in its way."""

    key: int
    """The key of the new reservation, or of the standing entry."""
    standing: Mapping[str, Any] | None = field(default=None, repr=False)
    """The standing entry by column; None if the creation was reserved. Its outcome is ``reserved`` if another call or
    another process is about to send it, and else one of :data:`LIVING`."""


class Ledger(PerProcess):
    """The ledger in a small SQLite file, safe to share between threads, kernels and processes.

    Args:
        path: the file; by default ``ledger.sqlite`` in ``GAUSSNB_STATE_DIR`` or the user's state directory.
        on_disk: False to keep the ledger in memory only, for things that cost nothing.
        unguarded: True to continue in memory if the file cannot be used. By default such a creation is refused.

    A file that cannot be used is told once by a Python warning, and stands in :attr:`warnings`.
    """

    def __init__(self, path: str | Path | None = None, on_disk: bool = True, unguarded: bool = False) -> None:
        chosen = os.environ.get("GAUSSNB_STATE_DIR")
        file = Path(path or Path(chosen or user_state_dir("gaussnb")) / "ledger.sqlite").expanduser().absolute()
        self.path = file
        self.durable = on_disk
        self.warnings: tuple[str, ...] = ()
        self._unguarded = unguarded
        # A directory that the user named may serve other purposes; only the default one is closed to other users.
        own = not (path or chosen)
        self._store = Store(file, _prepare, own, self._take_over) if on_disk else Store(None, _prepare)
        self._own()

    def _begin(self) -> None:
        self._late: dict[int, dict[str, Any]] = {}  # outcomes that could not be written yet, by key
        self._reserved: set[int] = set()
        self._lock = threading.Lock()

    # -- before and after a creation

    def reserve(
        self,
        wanted: Sequence[Wanted],
        *,
        at: datetime,
        endpoint: str,
        project_id: str,
        again: bool = False,
        besides: Collection[int] = (),
    ) -> list[Reserved]:
        """Look for entries of the same names, and reserve what has none, in one step between all processes.

        Two processes that reserve the same name at the same time get one reservation and one standing entry. Two equal
        names in ``wanted`` get one reservation as well, unless ``again`` is True.

        A reservation is given to :meth:`begin` as ``key``, or to :meth:`release`. The reservation of a dead process is
        void, since nothing was sent.

        Args:
            wanted: the creations.
            at: time of the call.
            endpoint: address of the service.
            project_id: project of the new things.
            again: True to reserve in any case.
            besides: keys of entries that do not stand in the way, for example because another row of the same table
                stands for them, or because their things are being deleted.

        Returns:
            One answer for each of ``wanted``, in their order.

        Raises:
            LedgerError: nothing can be noted, so nothing may be sent.
        """
        place, holder, now = place_of(endpoint), Holder.present(), time.time()

        def reserve_one(connection: sqlite3.Connection, each: Wanted) -> Reserved:
            if not again and (entry := _standing(connection, place, project_id, each, besides)):
                return Reserved(entry["key"], entry)
            key = _insert(
                connection, asked_at=at.isoformat(), endpoint=place, project_id=project_id, operation=each.operation,
                name=each.name, digest=each.digest or None, outcome="reserved", holder=json.dumps(holder.write()),
                held_at=now,
            )  # fmt: skip
            return Reserved(key)

        def reserve(connection: sqlite3.Connection) -> list[Reserved]:
            return [reserve_one(connection, each) for each in wanted]

        found = self._write(reserve)
        self._reserved |= {each.key for each in found if each.standing is None}
        return found

    def release(self, *keys: int) -> None:
        """Drop reservations that were not sent. A key that was begun, or that was released before, changes nothing."""
        self._reserved -= set(keys)
        with suppress(LedgerError):  # the reservations end with this process
            self._write(
                lambda connection: connection.executemany(
                    "delete from made where key = ? and outcome = 'reserved'", [(key,) for key in keys]
                )
            )

    def begin(
        self,
        *,
        at: datetime,
        endpoint: str,
        project_id: str,
        operation: str,
        name: str,
        there: Collection[str] | None = None,
        digest: str = "",
        asked: Mapping[str, Any] | None = None,
        since: str = "",
        key: int | None = None,
    ) -> int:
        """Write the entry of a creation that is about to be requested. The entry is on disk when this returns.

        Args:
            at: time of the request.
            endpoint: address of the service.
            project_id: project of the new thing.
            operation: id of the operation.
            name: requested name.
            there: ids of the things that have this name already; None if they are not known.
            digest: digest of the request, from :func:`gaussnb.core.wire.digest_of`.
            asked: the fields of the request that a listing shows, see :mod:`gaussnb.client.likeness`.
            since: a moment by the cloud's clock, in ISO format, that is not later than the new thing.
            key: the reservation of this creation, from :meth:`reserve`.

        Returns:
            The key of the entry.

        Raises:
            LedgerError: the entry cannot be written, or the reservation is void. Nothing may be sent.
        """
        entry = {
            "asked_at": at.isoformat(), "endpoint": place_of(endpoint), "project_id": project_id,
            "operation": operation, "name": name, "there": None if there is None else json.dumps(sorted(there)),
            "digest": digest or None, "asked": None if asked is None else json.dumps(asked), "since": since or None,
            "outcome": "asked", "holder": json.dumps(Holder.present().write()), "held_at": time.time(),
        }  # fmt: skip

        def begin(connection: sqlite3.Connection) -> int | None:
            if key is None:
                return _insert(connection, **entry)
            names = ", ".join(f"{name} = ?" for name in entry)
            found = connection.execute(
                f"update made set {names} where key = ? and outcome = 'reserved'", (*entry.values(), key)
            )
            if found.rowcount:  # a sign of life for the other reservations of this process
                connection.execute(
                    "update made set held_at = :held_at where outcome = 'reserved' and holder = :holder", entry
                )
            return key if found.rowcount else None

        begun = self._write(begin)
        if key is not None:
            self._reserved.discard(key)
        if begun is None:
            raise LedgerError(
                f"{operation} of {name!r} was not sent: its reservation in the ledger {self.path} is void, and another "
                "process may have sent it. Look at gdb.made().",
                path=str(self.path),
            )
        return begun

    def end(self, key: int, outcome: str, *, id: str = "", job_id: str = "", request_id: str = "") -> None:
        """Write the outcome into an entry.

        Never raises because of the file: the request was sent, and its outcome is worth more than the note. An outcome
        that cannot be written now is kept in memory, and written with the next entry.
        """
        self._late[key] = {
            "key": key, "outcome": outcome, "id": id or None, "job_id": job_id or None, "request_id": request_id or None
        }  # fmt: skip
        try:
            self._run(lambda connection: None, write=True)
        except Unusable as problem:
            self._say(
                "The outcome of a creation could not be noted: the ledger of creations cannot be used. "
                f"{problem} The outcome is written with the next entry of this kernel; until then another kernel looks "
                "the creation up."
            )

    def note_gone(self, keys: Iterable[int], at: datetime | None) -> None:
        """Note that the things of some entries are certainly absent; None as the time if they are there again."""
        with suppress(LedgerError):  # made() looks again then
            self._write(
                lambda connection: connection.executemany(
                    "update made set gone_at = ? where key = ?", [(at and at.isoformat(), key) for key in keys]
                )
            )

    # -- reading

    def entries(self, endpoint: str, project_id: str, name: str | None = None) -> list[dict[str, Any]]:
        """Read the entries of one project at one endpoint, newest first. Reservations are no entries yet.

        Args:
            endpoint: address of the service.
            project_id: the project.
            name: read only the entries of this name.

        Raises:
            LedgerError: the file cannot be read.
        """
        of_name, values = ("", ()) if name is None else (" and name = ?", (name,))

        def read(connection: sqlite3.Connection) -> list[dict[str, Any]]:
            found = connection.execute(
                f"select * from made where endpoint = ? and project_id = ?{of_name} and outcome != 'reserved' "
                "order by key desc",
                (place_of(endpoint), project_id, *values),
            )
            return [_entry(row) for row in found]

        entries = self._read(read)
        for entry in entries:
            late = self._late.get(entry["key"])
            if late is not None:
                entry |= {**late, "request_id": late["request_id"] or entry["request_id"]}
        return entries

    def claimed(self, endpoint: str, project_id: str) -> set[str]:
        """Read the ids of all things that entries of one project at one endpoint have.

        Raises:
            LedgerError: the file cannot be read.
        """
        found = self._read(
            lambda connection: connection.execute(
                "select id from made where endpoint = ? and project_id = ? and id is not null",
                (place_of(endpoint), project_id),
            ).fetchall()
        )
        return {id for (id,) in found} | {late["id"] for late in self._late.values() if late["id"]}

    @property
    def id(self) -> int:
        """The random id of this ledger. Keys are counted in each ledger, so a key alone does not name one entry."""
        return self._read(_id)

    def check(self) -> None:
        """Check that a creation could be noted now, by writing into the file.

        Raises:
            LedgerError: nothing can be noted.
        """
        self._write(lambda connection: connection.execute(f"pragma user_version = {_id(connection)}"))

    @property
    def set_aside(self) -> list[Path]:
        """The damaged files that were set aside before, oldest first."""
        return set_aside_of(self.path) if self.durable else []

    def close(self) -> None:
        """Drop the reservations of this object, and close the file."""
        if self._reserved:
            self.release(*self._reserved)
        self._store.close()

    # -- the file, and its loss

    def _read(self, work: Work[T]) -> T:
        return self._guarded(work, write=False)

    def _write(self, work: Work[T]) -> T:
        return self._guarded(work, write=True)

    def _guarded(self, work: Work[T], write: bool) -> T:
        """Run a piece of work on the file; if the file cannot be used, refuse it or go on in memory."""
        try:
            return self._run(work, write)
        except Unusable as problem:
            error = LedgerError(
                f"The ledger of creations cannot be used: {problem} A creation that cannot be noted is not sent, "
                "unless you say connect(unguarded=True); then look at what exists before you create a thing again.",
                path=str(problem.path),
                reason=problem.reason,
            )
        if not self._unguarded:
            self._say(str(error))
            raise error
        self._say(f"The ledger of creations cannot be used: {error.path}: {error.reason}. Creations go on unguarded, "
                  "and are noted in the memory of this kernel only: look at what exists before you create a thing "
                  "again.")  # fmt: skip
        self._store, self.durable = self._copy(), False
        return self._run(work, write)

    def _run(self, work: Work[T], write: bool) -> T:
        late = dict(self._late) if write else {}

        def settled(connection: sqlite3.Connection) -> T:
            connection.executemany(f"update made set {_SET_END} where key = :key", late.values())
            return work(connection)

        result = self._store.run(settled if late else work, write=write)
        for key, values in late.items():
            if self._late.get(key) is values:
                del self._late[key]
        return result

    def _copy(self) -> Store:
        """Make a store in memory, with the entries that can still be read from the file."""
        copy = Store(None, _prepare)
        with suppress(Unusable):
            rows = self._store.run(_rows, write=False, deadline=0)
            copy.run(partial(_fill, rows=rows))
        self._store.close()
        return copy

    def _take_over(self, aside: Path, connection: sqlite3.Connection) -> None:
        """Write the entries that can still be read from a damaged file into the new file, and tell it."""
        rows: list[dict[str, Any]] = []
        with suppress(sqlite3.Error, UnicodeDecodeError), closing(_open_damaged(aside)) as damaged:
            rows.extend(dict(row) for row in damaged.execute("select * from made order by key"))
        _fill(connection, rows)
        self._say(f"The ledger of creations was damaged. It was set aside as {aside}, and a new one was begun with the "
                  f"{len(rows)} entries that could be read. An earlier creation may be missing from it: look at what "
                  "exists before you create a thing again.")  # fmt: skip

    def _say(self, sentence: str) -> None:
        """Tell a loss once."""
        with self._lock:
            known, self.warnings = self.warnings, tuple(dict.fromkeys((*self.warnings, sentence)))
        # A filter that turns warnings into errors must not hide the outcome of a creation.
        with suppress(Warning):
            if sentence not in known:
                warnings.warn(sentence, RuntimeWarning, stacklevel=2)


# -- the table

_SET_END = "outcome = :outcome, id = :id, job_id = :job_id, request_id = coalesce(:request_id, request_id)"


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the table, or complete that of an earlier version."""
    if _is_complete(connection):
        return
    connection.execute("begin immediate")  # two kernels may create the file at the same time
    try:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        if not tables:
            columns = ", ".join(f"{name} text" for name in _FIRST)
            connection.execute(f"create table made (key integer primary key autoincrement, {columns})")
        known = _columns(connection)
        if not {"key", *_FIRST} <= known:
            raise Foreign("another program wrote it")
        for name, kind in _LATER.items():
            if name not in known:
                connection.execute(f"alter table made add column {name} {kind}")
        connection.execute("create index if not exists made_by_name on made (endpoint, project_id, name)")
        for endpoint in _misplaced(connection):
            connection.execute("update made set endpoint = ? where endpoint = ?", (place_of(endpoint), endpoint))
        if not _id(connection):
            # SQLite keeps this number in the header of the file for the application.
            connection.execute(f"pragma user_version = {secrets.randbelow(2**31 - 1) + 1}")
        connection.execute("commit")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("rollback")
        raise


def _is_complete(connection: sqlite3.Connection) -> bool:
    complete = {"key", *_FIRST, *_LATER} <= _columns(connection) and _id(connection)
    indexed = any(row["name"] == "made_by_name" for row in connection.execute("pragma index_list(made)"))
    return bool(complete and indexed and not _misplaced(connection))


def _misplaced(connection: sqlite3.Connection) -> list[str]:
    """The endpoints that an earlier version wrote as they were given."""
    endpoints = [endpoint for (endpoint,) in connection.execute("select distinct endpoint from made")]
    return [endpoint for endpoint in endpoints if endpoint is not None and place_of(endpoint) != endpoint]


def _columns(connection: sqlite3.Connection) -> set[str]:
    return {row["name"] for row in connection.execute("pragma table_info(made)")}


def _id(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])


def _rows(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute("select * from made order by key")]


def _fill(connection: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        with suppress(sqlite3.Error, UnicodeDecodeError):  # a row of a damaged file may break a rule of the table
            _insert(connection, **{name: row[name] for name in ("key", *_FIRST, *_LATER) if name in row})


def _insert(connection: sqlite3.Connection, **entry: Any) -> int:
    marks = ", ".join("?" * len(entry))
    added = connection.execute(f"insert into made ({', '.join(entry)}) values ({marks})", tuple(entry.values()))
    assert added.lastrowid is not None
    return added.lastrowid


def _open_damaged(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True, timeout=0)
    connection.row_factory = sqlite3.Row
    return connection


def _standing(
    connection: sqlite3.Connection, place: str, project_id: str, wanted: Wanted, besides: Collection[int]
) -> dict[str, Any] | None:
    """The newest entry that stands in the way of a creation; drops the reservations of dead processes."""
    outcomes = ", ".join(f"'{outcome}'" for outcome in ("reserved", *LIVING))
    found = connection.execute(
        "select * from made where endpoint = ? and project_id = ? and name = ? and operation = ? and gone_at is null "
        f"and outcome in ({outcomes}) order by key desc",
        (place, project_id, wanted.name, wanted.operation),
    ).fetchall()
    for row in found:
        if row["key"] in besides:
            continue
        if row["outcome"] != "reserved" or is_held(row):
            return _entry(row)
        connection.execute("delete from made where key = ?", (row["key"],))
    return None


def is_held(entry: Mapping[str, Any] | sqlite3.Row) -> bool:
    """True if the process that wrote an entry may still be alive; False as well for an entry of an earlier version."""
    holder = Holder.read(_from_json(entry["holder"]))
    return holder is not None and holder.is_alive(entry["held_at"] or 0.0)


def _entry(row: sqlite3.Row) -> dict[str, Any]:
    entry = dict(row)
    for column in ("there", "asked"):
        entry[column] = _from_json(entry[column])
    return entry


def _from_json(text: Any) -> Any:
    """The value of a JSON text; None for nothing, and for what a damaged file left."""
    try:
        return None if text is None else from_json(text)
    except (ValueError, TypeError):
        return None
