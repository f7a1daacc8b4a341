"""A small SQLite file that many processes share, and in which nothing waits without end.

SQLite waits for a locked file inside a C function, which an interrupt does not end; so the waiting is done here. A file
that is damaged is set aside. Every other trouble is raised as :class:`Unusable`, with its reason and its remedy.
"""

from __future__ import annotations

import errno
import os
import random
import sqlite3
import stat
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from ..core.process import PerProcess, abandon, importing

T = TypeVar("T")

_FAULTS = (sqlite3.Error, OSError, UnicodeDecodeError)
"""The exceptions that a file gives rise to; ``sqlite3`` decodes its texts, which a damaged file may not hold."""
Work = Callable[[sqlite3.Connection], T]

DEADLINE = 5.0
"""Seconds for everything that one call does with the file."""


class Trouble(NamedTuple):
    """One way in which a file can be unusable."""

    codes: tuple[int, ...]
    """The primary result codes of SQLite."""
    errnos: tuple[int, ...]
    """The error numbers of the system."""
    words: str
    """Words in the message of an error without a code."""
    reason: str
    """The reason, for a person."""
    remedy: str
    """The remedy, for a person."""


LOCKED = Trouble(
    (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL),
    (errno.EAGAIN, errno.EDEADLK),
    "is locked",
    "another program holds it locked",
    "End that program, or wait until it is done",
)
DAMAGED = Trouble(
    (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB), (), "not a database", "it is damaged", "Move the file away"
)
FOREIGN = Trouble(
    (), (), "another program", "it is a database of another program",
    "Move the file away, or let GAUSSNB_STATE_DIR name another directory",
)  # fmt: skip
FULL = Trouble(
    (sqlite3.SQLITE_FULL,),
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    "is full",
    "the disk is full",
    "Make room, or let GAUSSNB_STATE_DIR name a directory on another disk",
)
READ_ONLY = Trouble(
    (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM),
    (errno.EROFS, errno.EACCES, errno.EPERM),
    "readonly",
    "it cannot be written",
    "Give yourself the permission to write the file and its directory, or let GAUSSNB_STATE_DIR name another directory",
)
NOT_OPEN = Trouble(
    (sqlite3.SQLITE_CANTOPEN,),
    (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOENT, errno.ELOOP, errno.ENAMETOOLONG),
    "unable to open",
    "it cannot be opened",
    "Look at what is in the way, or let GAUSSNB_STATE_DIR name another directory",
)
TROUBLES = (LOCKED, DAMAGED, FOREIGN, FULL, READ_ONLY, NOT_OPEN)


class Foreign(sqlite3.DatabaseError):
    """The file is a database of another program."""


class Unusable(Exception):
    """The file cannot be used now.

    Args:
        path: the file.
        trouble: the kind of trouble; None for one that is not known.
        detail: the words of SQLite or of the system.
    """

    def __init__(self, path: Path, trouble: Trouble | None, detail: str) -> None:
        self.path, self.trouble = path, trouble
        self.reason = f"{trouble.reason} ({detail})" if trouble else detail
        self.remedy = trouble.remedy if trouble else "Let GAUSSNB_STATE_DIR name another directory"
        super().__init__(f"{path}: {self.reason}. {self.remedy}.")


class Store(PerProcess):
    """A database in one file, or in memory. Safe to share between threads, kernels and processes.

    Args:
        path: the file; None for memory.
        prepare: makes or completes the tables in an open database, and raises :class:`Foreign` for one of another
            program.
        own_folder: True if the directory belongs to this program only, so that it may be closed to other users.
        set_aside: called with the new path of a damaged file and the database that takes its place.
    """

    def __init__(
        self,
        path: Path | None,
        prepare: Work[None],
        own_folder: bool = False,
        set_aside: Callable[[Path, sqlite3.Connection], None] = lambda path, connection: None,
    ) -> None:
        self.path = path
        self._prepare, self._own_folder, self._set_aside = prepare, own_folder, set_aside
        self._own()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._close_connection: weakref.finalize[[], Store] | None = None

    def _leave(self) -> None:
        if self._close_connection is not None:
            self._close_connection.detach()  # it would close the connection at the end of the process
        abandon(self._connection)

    def run(self, work: Work[T], *, write: bool = True, deadline: float | None = None) -> T:
        """Run a piece of work in one transaction, which holds the file for itself if the work writes.

        The work is begun anew while the file is locked, so it does nothing but read and write the database.

        Args:
            work: receives the open database.
            write: False for work that only reads.
            deadline: seconds for everything that is done with the file; by default :data:`DEADLINE`.

        Raises:
            Unusable: the file could not be used within the deadline.
        """
        deadline = DEADLINE if deadline is None else deadline
        end = time.monotonic() + deadline
        if not self._lock.acquire(timeout=deadline):
            raise Unusable(self.path or Path(":memory:"), LOCKED, "by another thread")
        try:
            return self._run(work, "begin immediate" if write else "begin", end)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._release()

    def _run(self, work: Work[T], begin: str, end: float) -> T:
        pause, mended = 0.001, False
        while True:
            try:
                return self._once(work, begin)
            except _FAULTS as error:
                trouble, detail = _trouble_of(error), str(error)
            if trouble is LOCKED and time.monotonic() < end:
                time.sleep(pause * random.uniform(0.5, 1.5))
                pause = min(2 * pause, 0.05)
                continue
            if trouble is DAMAGED and self.path is not None and not mended:
                mended = True
                self._replace(self.path, end)
                continue
            self._release()
            raise Unusable(self.path or Path(":memory:"), trouble, detail)

    def _once(self, work: Work[T], begin: str) -> T:
        connection = self._open()
        connection.execute(begin)
        try:
            result = work(connection)
            connection.execute("commit")
            return result
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("rollback")
            raise

    # -- the file

    def _open(self) -> sqlite3.Connection:
        """The open database. A file that was moved or deleted under an open database is opened anew."""
        if self._connection is not None and (self.path is None or _identity(self.path) == self._file):
            return self._connection
        self._release()
        if self.path is not None:
            self._make_file(self.path)
        connection = sqlite3.connect(
            ":memory:" if self.path is None else self.path, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            connection.row_factory = sqlite3.Row
            for (says,) in connection.execute("pragma quick_check(1)").fetchall():
                if says != "ok":
                    raise sqlite3.DatabaseError(f"not a database that can be trusted: {says}")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        # Without a call of close(), the connection is closed when the store is garbage-collected, or at exit.
        self._connection, self._close_connection = connection, weakref.finalize(self, connection.close)
        self._file = None if self.path is None else _identity(self.path)
        return connection

    def _make_file(self, path: Path) -> None:
        """Make the file and its directory for this user only; SQLite gives its journal the mode of the file."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._own_folder:
            with suppress(OSError):
                path.parent.chmod(0o700)
        with suppress(FileExistsError, IsADirectoryError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with suppress(OSError):  # a file of an earlier version; it stays as it is if it belongs to another user
            if stat.S_ISREG(path.stat().st_mode) and stat.S_IMODE(path.stat().st_mode) & 0o077:
                path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o700)

    def _release(self) -> None:
        if self._close_connection is not None:
            self._close_connection()
        self._connection = self._close_connection = self._file = None

    # -- a damaged file

    def _replace(self, path: Path, end: float) -> None:
        """Set a damaged file aside, and begin a new one.

        Another process may do the same at the same time: the file is looked at again under a lock, so that no process
        sets the other's new file aside.
        """
        with importing():
            from filelock import (  # imports asyncio, which takes time that only a damaged file is worth
                FileLock,
                Timeout,
            )

        self._release()
        lock = FileLock(path.with_name(path.name + ".lock"), timeout=max(end - time.monotonic(), 0), mode=0o600)
        try:
            with lock:
                if not self._is_damaged():
                    return
                aside = _free_name(path)
                # The journal goes first: with a new file in its place, SQLite would write the old pages into it.
                for suffix in ("-journal", ""):
                    with suppress(FileNotFoundError):
                        os.replace(f"{path}{suffix}", f"{aside}{suffix}")
                self._set_aside(aside, self._open())
        except Timeout:
            raise Unusable(path, LOCKED, "while it was being replaced") from None
        except _FAULTS as error:
            detail = str(error)
        else:
            return
        raise Unusable(path, DAMAGED, f"and cannot be set aside: {detail}")

    def _is_damaged(self) -> bool:
        try:
            self._open().execute("select count(*) from sqlite_master").fetchall()
        except _FAULTS as error:
            return _trouble_of(error) is DAMAGED
        return False


def set_aside_of(path: Path) -> list[Path]:
    """The damaged files that were set aside before, oldest first."""
    with suppress(OSError):
        found = path.parent.glob(f"{path.name}.damaged-*")
        return sorted((each for each in found if each.name.rpartition("-")[2].isdigit()), key=_number)
    return []


def _number(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def _free_name(path: Path) -> Path:
    last = max(map(_number, set_aside_of(path)), default=0)
    return path.with_name(f"{path.name}.damaged-{last + 1}")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _trouble_of(error: sqlite3.Error | OSError | UnicodeDecodeError) -> Trouble | None:
    if isinstance(error, Foreign):
        return FOREIGN
    if isinstance(error, UnicodeDecodeError) or "decode to UTF-8" in str(error):
        return DAMAGED  # a name or a value in the file is no text
    if isinstance(error, OSError):
        return next((trouble for trouble in TROUBLES if error.errno in trouble.errnos), None)
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return next((trouble for trouble in TROUBLES if code & 0xFF in trouble.codes), None)
    return next((trouble for trouble in TROUBLES if trouble.words in str(error)), None)
