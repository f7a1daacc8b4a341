"""Redis data: databases, flushing them, and keys that are large or used often."""

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
    """One key with a large value."""

    db_id: int
    """The database of the key."""
    key_name: str
    """The key."""
    key_type: str
    """The type of the value: string, hash, zset, set, list or stream."""
    key_size: int
    """The length of a string, or the number of elements of another value."""


class HotKey(AboutInstance, at="keys"):
    """One key that is used often."""

    db_id: int
    """The database of the key."""
    name: str
    """The key."""
    type: str
    """The type of the value."""
    command: str
    """The command by which the key is used."""
    qps: int
    """The number of uses in a second."""


@get("/v3/{project_id}/redis/instances/{instance_id}/databases", returns=RedisDatabase, only=("redis",))
class ListInstanceDatabases(OfInstance, Paged):
    """List the databases of a Redis instance."""


@put(
    "/v3/{project_id}/instances/{instance_id}/databases", returns=JobStarted, success=202, ends="ready", only=("redis",)
)
class UpdateDatabases(OfInstance):
    """Delete all keys of a Redis instance, or of one of its databases."""

    db_id: Annotated[int, at_least(0, "DBS.280269")] | None = None
    """The database to flush; left out, all databases."""
    action: Annotated[Literal["flush"], OneOf("DBS.280391")] = "flush"
    """The only value is flush."""


@post("/v3/{project_id}/instances/{instance_id}/big-keys", returns=BigKey, total="count", only=("redis",))
class ShowRedisBigKeys(OfInstance, Paged):
    """List keys of a Redis instance with large values."""

    key_types: list[KeyType] | None = None
    """Only keys with values of these types: string, hash, zset, set, list, stream."""


@get("/v3/{project_id}/instances/{instance_id}/hot-keys", returns=HotKey, total="count", page_size=50, only=("redis",))
class ShowRedisHotKeys(OfInstance, SmallPages):
    """List keys of a Redis instance that are used often."""


class RedisData(Group):
    """Databases and keys of Redis instances."""

    databases = call(ListInstanceDatabases)
    flush = call(UpdateDatabases)
    big_keys = call(ShowRedisBigKeys)
    hot_keys = call(ShowRedisHotKeys)
