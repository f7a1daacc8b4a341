"""What this machine asked the cloud to make, on disk, before it was asked.

The API has no idempotency key and allows equal names, so after a lost answer, a dead kernel or a power
cut this file is what knows that something may exist. It holds names and ids, never a secret.
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

from ..core.rows import Known, Row

_SCHEMA = """
create table if not exists made (
    key integer primary key autoincrement, asked_at text, endpoint text, project_id text, operation text, name text,
    there text, outcome text, id text, job_id text, request_id text, digest text
)
"""


class Made(Row):
    """One thing this machine asked the cloud to make."""

    id: str
    """What was made; missing while its fate is not known."""
    name: str
    """The name it was to have."""
    operation: str
    """What was asked."""
    outcome: Annotated[str, Known(("asked", "accepted", "refused", "recovered", "unknown"))]
    """asked (no answer noted), accepted, refused, recovered (found after a lost answer), unknown."""
    status: str
    """Its status now; gone when it no longer exists."""
    actions: str
    """What is being done to it now."""
    job_id: str
    """The job that makes it."""
    asked_at: datetime
    """When it was asked for."""
    request_id: str
    """What the vendor's support asks for."""
    key: int
    """Where it stands in the ledger."""
    digest: str
    """Equal for whatever was asked with the same fields, secrets left out."""


class Ledger:
    """A small SQLite file, safe to share between threads, kernels and processes.

    Args:
        path: the file; by default ``ledger.sqlite`` in ``GAUSSNB_STATE_DIR`` or the user's state
            directory. Where it cannot be written, the ledger goes on in memory and ``durable`` is false.
        on_disk: whether to keep it in the file at all.
    """

    def __init__(self, path: str | Path | None = None, on_disk: bool = True) -> None:
        folder = os.environ.get("GAUSSNB_STATE_DIR") or user_state_dir("gaussnb")
        self.path = Path(path) if path else Path(folder) / "ledger.sqlite"
        self.durable = on_disk
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._close_connection: weakref.finalize[[], Ledger] | None = None

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
        """Note what is about to be asked; on disk when this returns.

        Args:
            at: when.
            endpoint: where.
            project_id: for which project.
            operation: what.
            name: the name it is to have.
            there: the ids of what has this name already; None when that is not known.
            digest: what :func:`gaussnb.core.wire.digest_of` says of the request.

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
        """Note what became of it."""
        self._run(
            "update made set outcome = ?, id = ?, job_id = ?, request_id = coalesce(?, request_id) where key = ?",
            (outcome, id or None, job_id or None, request_id or None, key),
        )

    def entries(self, endpoint: str, project_id: str) -> list[dict[str, Any]]:
        """What was asked of one project at one endpoint, newest first."""
        entries = self._run(
            "select * from made where endpoint = ? and project_id = ? order by key desc",
            (endpoint, project_id),
        )
        for entry in entries:
            entry["there"] = None if entry["there"] is None else json.loads(entry["there"])
        return entries

    @property
    def id(self) -> int:
        """Tells this ledger from every other one: keys are counted in each."""
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
            # Not being able to write must not keep anybody from working; doctor tells.
            self.durable = False
            self._release()
            self._use(self._copy())
            return self._rows(sql, values)

    def _rows(self, sql: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        connection = self._connection or self._use(self._on_disk() if self.durable else _opened(":memory:"))
        with connection:
            return [dict(row) for row in connection.execute(sql, values)]

    def _use(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        # Where nobody closes the ledger, the connection is closed when the ledger is collected, or at exit.
        self._connection, self._close_connection = connection, weakref.finalize(self, connection.close)
        return connection

    def _release(self) -> None:
        if self._close_connection is not None:
            self._close_connection()
        self._connection = self._close_connection = None

    def _on_disk(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _opened(str(self.path))

    def _copy(self) -> sqlite3.Connection:
        """A ledger in memory, with all that can still be read from the file."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with suppress(sqlite3.Error, ValueError):
            with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as kept:
                kept.backup(copy)
            return _prepared(copy)
        copy.close()  # a damaged file, or another program's
        return _opened(":memory:")


def _opened(where: str) -> sqlite3.Connection:
    # Writers queue up from their first statement on; a journal beside the file, unlike a write-ahead log,
    # also works in a home directory on a network drive.
    connection = sqlite3.connect(where, timeout=10, isolation_level="IMMEDIATE", check_same_thread=False)
    try:
        return _prepared(connection)
    except sqlite3.Error:
        connection.close()
        raise


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    connection.execute("begin immediate")  # two kernels may begin a ledger at the same time
    connection.execute(_SCHEMA)
    if not any(column["name"] == "digest" for column in connection.execute("pragma table_info(made)")):
        connection.execute("alter table made add column digest text")  # a ledger of an earlier version
    connection.execute("select there from made limit 1")
    if not connection.execute("pragma user_version").fetchone()[0]:
        # The one number that sqlite keeps in a file's head for whoever owns it, and copies with it.
        connection.execute(f"pragma user_version = {secrets.randbelow(2**31 - 1) + 1}")
    connection.commit()
    return connection
