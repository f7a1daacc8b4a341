"""The world on disk: what an answer promised is written before the answer is sent.

Passwords of instances are never kept, tokens prove themselves and credentials follow from the seed, so the
file holds no secret.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from dataclasses import dataclass, field, fields, replace
from os import PathLike
from typing import Any

from .clock import Clock
from .faults import Faults
from .world import KINDS, World

_FORMAT = 1
_MARK = 0x67736E62  # "gsnb" in the header of the file: other programs' databases are left alone
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS things (
    kind TEXT NOT NULL, id TEXT NOT NULL, json BLOB NOT NULL, UNIQUE (kind, id)
);
"""


@dataclass(frozen=True)
class Origin:
    """What a world was made with, and must be made with again."""

    seed: int
    region: str
    quota: int
    speed: float
    time: float | None = None
    """Where its clock stood last; None for a new world."""
    faults: list[dict[str, Any]] = field(default_factory=list)
    """What was still to strike."""


class Store:
    """Keeps nothing: the store of a sandbox without a file."""

    opened = 0
    """How many times the world was opened before."""

    def origin(self, new: Origin) -> Origin:
        """How to make the world: as it was kept or, when it is a new one, as it is wanted."""
        return new

    def load(self, world: World) -> None:
        """Fill a new world with what was kept."""

    def save(self, world: World, clock: Clock, faults: Faults, *, always: bool = False) -> None:
        """Keep everything that changed, and the time with it.

        Args:
            faults: what is still to strike.
            always: keep the time even if nothing changed.
        """
        for table in world.tables.values():
            table.unsaved.clear()

    def close(self) -> None:
        """Let go of the file."""


class FileStore(Store):
    """Keeps a world in an SQLite file.

    Raises:
        RuntimeError: when another sandbox has the file open.
        ValueError: when the file is something else, or damaged.
        OSError: when it cannot be opened.
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

    def _open(self) -> None:
        # Held until the file is closed or its process dies, however it dies; no second sandbox gets in.
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
        return replace(new, **kept)

    def load(self, world: World) -> None:
        world.ids.counts.update(self._facts.get("counts", {}))
        try:
            for kind, text in self._file.execute("SELECT kind, json FROM things ORDER BY rowid"):
                table = world.table(KINDS[kind])
                thing = table.codec.validate_json(text)
                table[thing.id] = thing
        except (sqlite3.DatabaseError, KeyError, ValueError):
            self.close()
            raise ValueError(f"{self._path} is damaged") from None
        world.restored()

    def save(self, world: World, clock: Clock, faults: Faults, *, always: bool = False) -> None:
        left = [fault.told() for fault in faults.left()]
        changed = left != self._facts.get("faults") or any(table.unsaved for table in world.tables.values())
        moment = clock.time()
        if not (always or changed or (clock.standing and moment != self._at)):
            return
        self._facts |= {
            "seed": world.ids.seed,
            "region": world.region,
            "quota": world.quota,
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
        super().save(world, clock, faults)  # all is written: nothing is unsaved any more

    def _write(self, world: World) -> None:
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
