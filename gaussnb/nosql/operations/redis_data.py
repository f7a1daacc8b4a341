"""Redis data: databases, flushing them, and the keys that are too big or too busy."""

from __future__ import annotations

from typing import Annotated, Literal

from ...core.catalogue import get, post, put
from ...core.methods import Group, call
from ...core.rows import At
from ...core.rules import OneOf, at_least
from .bases import OfInstance, Paged, SmallPages
from .rows import AboutInstance, JobStarted

KeyType = Annotated[Literal["string", "hash", "zset", "set", "list", "stream"], OneOf()]


class RedisDatabase(AboutInstance, at="databases"):
    """One database of a Redis instance."""

    database: Annotated[str, At("")]
    """The database."""


class BigKey(AboutInstance, at="keys"):
    """One key whose value is big."""

    db_id: int
    """The database it is in."""
    key_name: str
    """The key."""
    key_type: str
    """What it holds: string, hash, zset, set, list or stream."""
    key_size: int
    """How long its string is, or how many elements it holds."""


class HotKey(AboutInstance, at="keys"):
    """One key that is asked for often."""

    db_id: int
    """The database it is in."""
    name: str
    """The key."""
    type: str
    """What it holds."""
    command: str
    """The command it is asked for with."""
    qps: int
    """How often it is asked for in a second."""


@get("/v3/{project_id}/redis/instances/{instance_id}/databases", returns=RedisDatabase, only=("redis",))
class ListInstanceDatabases(OfInstance, Paged):
    """List the databases of a Redis instance."""


@put(
    "/v3/{project_id}/instances/{instance_id}/databases", returns=JobStarted, success=202, ends="ready", only=("redis",)
)
class UpdateDatabases(OfInstance):
    """Flush a Redis instance, or one of its databases: every key in it is lost."""

    db_id: Annotated[int, at_least(0, "DBS.280269")] | None = None
    """The database to flush; left out, all."""
    action: Annotated[Literal["flush"], OneOf("DBS.280391")] = "flush"
    """What is done: flush."""


@post("/v3/{project_id}/instances/{instance_id}/big-keys", returns=BigKey, total="count", only=("redis",))
class ShowRedisBigKeys(OfInstance, Paged):
    """List keys of a Redis instance whose values are big."""

    key_types: list[KeyType] | None = None
    """Only keys that hold one of these: string, hash, zset, set, list, stream."""


@get("/v3/{project_id}/instances/{instance_id}/hot-keys", returns=HotKey, total="count", page_size=50, only=("redis",))
class ShowRedisHotKeys(OfInstance, SmallPages):
    """List keys of a Redis instance that are asked for often."""


class RedisData(Group):
    """Databases and keys of Redis instances."""

    databases = call(ListInstanceDatabases)
    flush = call(UpdateDatabases)
    big_keys = call(ShowRedisBigKeys)
    hot_keys = call(ShowRedisHotKeys)
