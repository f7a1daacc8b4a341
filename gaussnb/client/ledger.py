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
import weakref
from collections.abc import Collection, Sequence
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from platformdirs import user_state_dir

from ..core.process import PerProcess, abandon
from ..core.rows import Known, Row

_SCHEMA = """
create table if not exists made (
    key integer primary key autoincrement, asked_at text, endpoint text, project_id text, operation text, name text,
    there text, outcome text, id text, job_id text, request_id text, digest text
)
"""


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


class Ledger(PerProcess):
    """The ledger in a small SQLite file, safe to share between threads, kernels and processes.

    Args:
        path: the file; by default ``ledger.sqlite`` in ``GAUSSNB_STATE_DIR`` or the user's state
            directory. If the file cannot be written, the ledger continues in memory and ``durable`` is False.
        on_disk: False to keep the ledger in memory only.
    """

    def __init__(self, path: str | Path | None = None, on_disk: bool = True) -> None:
        folder = os.environ.get("GAUSSNB_STATE_DIR") or user_state_dir("gaussnb")
        self.path = Path(path) if path else Path(folder) / "ledger.sqlite"
        self.durable = on_disk
        self._own()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._close_connection: weakref.finalize[[], Ledger] | None = None

    def _leave(self) -> None:
        if self._close_connection is not None:
            self._close_connection.detach()  # it would close the connection at the end of the process
        abandon(self._connection)

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

        Returns:
            The key of the entry.
        """
        ids = None if there is None else json.dumps(sorted(there))
        rows = self._run(
            "insert into made (asked_at, endpoint, project_id, operation, name, there, digest, outcome) "
            "values (?, ?, ?, ?, ?, ?, ?, 'asked') returning key",
            (at.isoformat(), endpoint, project_id, operation, name, ids, digest or None),
        )
        return int(rows[0]["key"])

    def end(self, key: int, outcome: str, *, id: str = "", job_id: str = "", request_id: str = "") -> None:
        """Write the outcome into an entry."""
        self._run(
            "update made set outcome = ?, id = ?, job_id = ?, request_id = coalesce(?, request_id) where key = ?",
            (outcome, id or None, job_id or None, request_id or None, key),
        )

    def entries(self, endpoint: str, project_id: str) -> list[dict[str, Any]]:
        """Read the entries of one project at one endpoint, newest first."""
        entries = self._run(
            "select * from made where endpoint = ? and project_id = ? order by key desc",
            (endpoint, project_id),
        )
        for entry in entries:
            entry["there"] = None if entry["there"] is None else json.loads(entry["there"])
        return entries

    @property
    def id(self) -> int:
        """The random id of this ledger. Keys are counted in each ledger, so a key alone does not name one entry."""
        return int(self._run("pragma user_version", ())[0]["user_version"])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._release()

    def _run(self, sql: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        with self._lock:
            try:
                return self._rows(sql, values)
            except (sqlite3.Error, OSError):
                if not self.durable:
                    raise
            # Creating must also work without a writable file. `gaussnb doctor` reports the problem.
            self.durable = False
            self._release()
            self._use(self._copy())
            return self._rows(sql, values)

    def _rows(self, sql: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        connection = self._connection or self._use(self._on_disk() if self.durable else _open(":memory:"))
        with connection:
            return [dict(row) for row in connection.execute(sql, values)]

    def _use(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        # Without a call of close(), the connection is closed when the ledger is garbage-collected, or at exit.
        self._connection, self._close_connection = connection, weakref.finalize(self, connection.close)
        return connection

    def _release(self) -> None:
        if self._close_connection is not None:
            self._close_connection()
        self._connection = self._close_connection = None

    def _on_disk(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _open(str(self.path))

    def _copy(self) -> sqlite3.Connection:
        """Open a ledger in memory, with all entries that can still be read from the file."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with suppress(sqlite3.Error, ValueError):
            with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as file:
                file.backup(copy)
            return _prepare(copy)
        copy.close()  # the file is damaged, or belongs to another program
        return _open(":memory:")


def _open(path: str) -> sqlite3.Connection:
    # IMMEDIATE: a transaction locks the file at its first statement, so writers wait for each other. The journal is a
    # rollback journal, because a write-ahead log does not work in a home directory on a network drive.
    connection = sqlite3.connect(path, timeout=10, isolation_level="IMMEDIATE", check_same_thread=False)
    try:
        return _prepare(connection)
    except sqlite3.Error:
        connection.close()
        raise


def _prepare(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    connection.execute("begin immediate")  # two kernels may create the file at the same time
    connection.execute(_SCHEMA)
    if not any(column["name"] == "digest" for column in connection.execute("pragma table_info(made)")):
        connection.execute("alter table made add column digest text")  # a ledger of an earlier version
    connection.execute("select there from made limit 1")
    if not connection.execute("pragma user_version").fetchone()[0]:
        # SQLite keeps this number in the header of the file for the application, and copies it with the file.
        connection.execute(f"pragma user_version = {secrets.randbelow(2**31 - 1) + 1}")
    connection.commit()
    return connection
