"""Redis data: a few big keys and a few hot keys. Flushes, imports and restores are stored as a history."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ...nosql import engines
from ...nosql.operations.redis_data import ListInstanceDatabases, ShowRedisBigKeys, ShowRedisHotKeys, UpdateDatabases
from ..engine.work import Work
from ..lifecycle import End, register
from ..refusals import Refused
from ..world import Instance, World, kept
from . import Context, simulates
from .redis import databases, draw, running, usable

_BIG = ("basket", "feed", "index", "ranking", "audit", "export")
_HOT = ("session", "price", "stock", "token", "banner")
_TYPES = ("hash", "list", "zset", "set", "string", "stream")
_READ = {"hash": "hget", "list": "lrange", "zset": "zscore", "set": "sismember", "string": "get", "stream": "xread"}


@dataclass
class Event:
    """One flush, import or restore, of all data or of one database."""

    time: float
    flushed: str = ""
    """The database that was flushed; ``*`` for all, empty for none."""
    added: list[str] = field(default_factory=list)
    """The files that were imported."""
    back: float | None = None
    """The moment to which all data was restored; None for no restore."""
    of: str = ""
    """The instance whose data was restored; empty for the instance itself."""


@kept("redis history", ends_with_instance=True)
@dataclass
class History:
    """The history of the data of an instance."""

    id: str
    """The instance."""
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True)
class Key:
    """A big or a hot key."""

    db: int
    name: str
    type: str
    size: int
    qps: int


def add_event(end: End, event: Event) -> None:
    """Add to the history of an instance, at the end of a task."""
    table, id = end.world.table(History), end.instance.id
    history = table.get(id) or History(id)
    history.events.append(event)
    table.put(history)


def _keys(world: World, instance: Instance) -> list[Key]:
    return _keys_at(world, instance.id, instance.mode, math.inf)


def _keys_at(world: World, instance_id: str, mode: str, moment: float) -> list[Key]:
    """The keys of an instance at a moment: those of the last restore, and the changes since."""
    history = world.table(History).get(instance_id) or History(instance_id)
    events = [event for event in history.events if event.time <= moment]
    keys = _first(instance_id, mode)
    for number in reversed(range(len(events))):
        if (back := events[number].back) is not None:
            keys = _keys_at(world, events[number].of or instance_id, mode, back)
            events = events[number:]
            break
    for event in events:
        if event.flushed:
            keys = [key for key in keys if event.flushed not in ("*", str(key.db))]
        keys = [*keys, *(_read_in(file) for file in event.added)]
    return keys


def _first(instance_id: str, mode: str) -> list[Key]:
    """The keys of an instance without a history: some big, some hot."""
    places = min(2, engines.mode("redis", mode).databases)
    found = []
    for number, name in enumerate((*_BIG, *_HOT)):
        what = f"{instance_id} {name}"
        type_ = _TYPES[draw(f"{what} type", len(_TYPES))]
        big = number < len(_BIG)
        size = (10_000 if big else 10) * (1 + draw(f"{what} size", 400))
        qps = 0 if big else 500 + draw(f"{what} qps", 20_000)
        found.append(Key(draw(f"{what} db", places), f"{name}:{1000 + draw(what, 9000)}", type_, size, qps))
    return found


def _read_in(file: str) -> Key:
    return Key(0, file.rpartition("/")[2].partition(".")[0], "hash", 10_000 + draw(file, 90_000), 0)


def _flushed(end: End) -> None:
    add_event(end, Event(end.now, flushed=end.effect["database"]))


FLUSH = register(Work("FlushDatabases", "FLUSH", 60, apply=_flushed))


@simulates(ListInstanceDatabases, "data")
def list_databases(op: ListInstanceDatabases, context: Context) -> list[str]:
    return list(databases(running(context, op.instance_id)))


@simulates(UpdateDatabases)
def flush(op: UpdateDatabases, context: Context) -> dict[str, Any]:
    instance = usable(context, op.instance_id)
    database = "*" if op.db_id is None else str(op.db_id)
    if database not in ("*", *databases(instance)):
        raise Refused("DBS.200823")
    return context.start(FLUSH, instance, database=database)


@simulates(ShowRedisBigKeys, "data")
def list_big_keys(op: ShowRedisBigKeys, context: Context) -> list[dict[str, Any]]:
    instance = running(context, op.instance_id)
    found = [key for key in _keys(context.world, instance) if not key.qps and key.type in (op.key_types or _TYPES)]
    return [
        {"db_id": key.db, "key_type": key.type, "key_name": key.name, "key_size": key.size}
        for key in sorted(found, key=lambda key: -key.size)
    ]


@simulates(ShowRedisHotKeys, "data")
def list_hot_keys(op: ShowRedisHotKeys, context: Context) -> list[dict[str, Any]]:
    instance = running(context, op.instance_id)
    found = [key for key in _keys(context.world, instance) if key.qps]
    return [
        {"name": key.name, "type": key.type, "command": _READ[key.type], "qps": key.qps, "db_id": key.db}
        for key in sorted(found, key=lambda key: -key.qps)
    ]
