"""The state file: changes are written before the answer that reports them is sent.

The file holds no secret: passwords of things are never stored, tokens carry their own seal, and the credentials
follow from the seed.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from os import PathLike
from typing import Any

from ...core.process import PerProcess, abandon
from .clock import Clock
from .faults import Faults
from .tables import State

_FORMAT = 1
_MARK = 0x67736E62  # "gsnb" in the header of the file, which tells it from databases of other programs
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS things (
    kind TEXT NOT NULL, id TEXT NOT NULL, json BLOB NOT NULL, UNIQUE (kind, id)
);
"""


@dataclass(frozen=True)
class Origin:
    """The settings of a world: a world from a file is made with them again."""

    seed: int
    region: str
    speed: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The settings that the service adds, see :meth:`~.tables.State.facts`."""
    time: float | None = None
    """The last moment of its clock; None for a new world."""
    faults: list[dict[str, Any]] = field(default_factory=list)
    """The settings of the faults that are still active."""


class Store:
    """The store of a sandbox without a file: it writes nothing."""

    opened = 0
    """The number of times the world was opened before."""

    def origin(self, new: Origin) -> Origin:
        """The settings to make the world with: those in the file or, for a new world, the given ones."""
        return new

    def load(self, world: State) -> None:
        """Fill a new world from the file."""

    def save(self, world: State, clock: Clock, faults: Faults, *, always: bool = False) -> None:
        """Write all changes, and the time.

        Args:
            faults: the active ones are written.
            always: True to write the time even if nothing changed.
        """
        for table in world.tables.values():
            table.unsaved.clear()

    def close(self) -> None:
        """Close the file."""


class FileStore(PerProcess, Store):
    """Stores a world in an SQLite file.

    Raises:
        RuntimeError: when another sandbox has the file open.
        ValueError: when the file is no state file, or damaged.
        OSError: when the file cannot be opened.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = path
        self._at: float | None = None
        try:
            self._file = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.OperationalError as error:
            raise OSError(f"{path}: {error}") from None
        # The file is also closed with a store that nobody closed: when the store is collected, or at exit.
        self._close_file = weakref.finalize(self, self._file.close)
        self._own()
        try:
            self._open()
        except sqlite3.OperationalError as error:
            self.close()
            if "locked" in str(error):
                raise RuntimeError(f"another sandbox has {path} open; close it, or use another file") from None
            raise
        except (sqlite3.DatabaseError, ValueError) as error:
            self.close()
            raise ValueError(f"{path} is not the file of a sandbox: {error}") from None

    def _leave(self) -> None:
        self._close_file.detach()
        abandon(self._file)  # its closing would delete the log that the parent writes

    def _open(self) -> None:
        # The lock is held until the file is closed or the process ends; no second sandbox can open the file.
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        if self._number("schema_version") and self._number("application_id") != _MARK:
            raise ValueError("it belongs to another program")
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.execute("BEGIN EXCLUSIVE")
        self._file.execute(f"PRAGMA application_id = {_MARK}")
        for statement in _SCHEMA.split(";"):
            self._file.execute(statement)
        self._facts = {name: json.loads(text) for name, text in self._file.execute("SELECT name, json FROM facts")}
        if (found := self._facts.setdefault("format", _FORMAT)) != _FORMAT:
            raise ValueError(f"its format is {found}, this version reads {_FORMAT}")
        self.opened = self._facts["opened"] = self._facts.get("opened", -1) + 1
        self._keep("format", "opened")
        self._file.execute("COMMIT")

    def _number(self, pragma: str) -> int:
        (number,) = self._file.execute(f"PRAGMA {pragma}").fetchone()
        return int(number)

    def _keep(self, *names: str) -> None:
        rows = [(name, json.dumps(self._facts[name])) for name in names]
        self._file.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)

    def origin(self, new: Origin) -> Origin:
        kept = {one.name: self._facts[one.name] for one in fields(Origin) if one.name in self._facts}
        facts = {name: self._facts.get(name, value) for name, value in new.facts.items()}
        return replace(new, **{**kept, "facts": facts})

    def load(self, world: State) -> None:
        world.ids.counts.update(self._facts.get("counts", {}))
        try:
            for kind, text in self._file.execute("SELECT kind, json FROM things ORDER BY rowid"):
                table = world.table(world.kinds[kind])
                thing = table.codec.validate_json(text)
                table[thing.id] = thing
        except (sqlite3.DatabaseError, KeyError, ValueError):
            self.close()
            raise ValueError(f"{self._path} is damaged") from None
        world.restored()

    def save(self, world: State, clock: Clock, faults: Faults, *, always: bool = False) -> None:
        left = [fault.settings() for fault in faults.left()]
        changed = left != self._facts.get("faults") or any(table.unsaved for table in world.tables.values())
        moment = clock.time()
        if not (always or changed or (clock.standing and moment != self._at)):
            return
        self._facts |= {
            "seed": world.ids.seed,
            "region": world.region,
            **world.facts(),
            "speed": clock.speed,
            "time": moment,
            "counts": world.ids.counts,
            "faults": left,
        }
        self._file.execute("BEGIN")
        try:
            self._write(world)
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")
        self._at = moment
        super().save(world, clock, faults)  # everything is written: clears the notes of unsaved changes

    def _write(self, world: State) -> None:
        self._keep(*self._facts)
        for table in world.tables.values():
            for id, thing in table.unsaved.items():
                if thing is None:
                    self._file.execute("DELETE FROM things WHERE kind = ? AND id = ?", (table.name, id))
                else:
                    row = (table.name, id, table.codec.dump_json(thing))
                    self._file.execute(
                        "INSERT INTO things VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json", row
                    )

    def close(self) -> None:
        self._close_file()
