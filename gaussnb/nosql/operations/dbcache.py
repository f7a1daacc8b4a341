"""Memory acceleration: rows of a MySQL instance kept ready in a Redis instance, table by table."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ...core.catalogue import delete, get, post, put
from ...core.methods import Group, call, one
from ...core.operation import Operation
from ...core.rows import Above, FromRequest, Joined, Known, Row
from ...core.rules import OneOf, Whole, at_most, between, identifier, some
from ..fields import InstanceId
from .bases import Paged
from .rows import Did

MappingId = Annotated[str, identifier("DBS.03050010")]
RuleId = Annotated[str, identifier("DBS.280001")]
ColumnNames = Annotated[list[str], some("column")]
Lifetime = Annotated[int | str, Whole(0)]
Separator = Annotated[str, at_most(1, "character")]


class CacheMapping(Row, at="dbcache_mappings"):
    """One pair of a MySQL instance and the Redis instance that accelerates it."""

    id: str
    """The mapping."""
    name: str
    """Its name."""
    status: Annotated[str, Known(("normal", "creating", "createfail", "deleting", "stopped", "deleted"))]
    """normal when it works."""
    source_instance_id: str
    """The MySQL instance."""
    source_instance_name: str
    """That instance's name."""
    target_instance_id: str
    """The Redis instance."""
    target_instance_name: str
    """That instance's name."""
    rule_count: int
    """How many rules it has."""
    created: datetime
    """When it was created."""
    updated: datetime
    """When it was last changed."""


class MappingStarted(Row):
    """The receipt of a mapping that is being made. ``gdb.wait(frame)`` follows the Redis instance."""

    instance_id: Annotated[str, FromRequest("target_instance_id")]
    """The Redis instance."""
    source_instance_id: Annotated[str, FromRequest("source_instance_id")]
    """The MySQL instance."""
    job_id: str
    """The job, for ``gdb.jobs.get``."""


class MappingEnding(Row):
    """The receipt of a mapping that is being deleted."""

    mapping_id: Annotated[str, FromRequest("id")]
    """The mapping."""
    job_id: str
    """The job, for ``gdb.wait`` and ``gdb.jobs.get``."""


class CacheRule(Row, at="rules"):
    """One table and how its rows are kept."""

    id: str
    """The rule."""
    name: str
    """Its name."""
    mapping_id: Annotated[str, Above("", "dbcache_mapping_id")]
    """The mapping it belongs to."""
    status: Annotated[str, Known(("normal", "createfail"))]
    """normal when it works."""
    source_db_schema: str
    """The database of the table."""
    source_db_table: str
    """The table."""
    storage_type: str
    """How a row is kept: hash."""
    target_database: int
    """The Redis database."""
    key_columns: Annotated[str, Joined("key_columns")]
    """The columns that make the key."""
    value_columns: Annotated[str, Joined("value_columns")]
    """The columns that make the value."""
    ttl: int
    """Milliseconds a row is kept, -1 for ever."""
    key_prefix: str
    """What every key begins with."""
    key_separator: str
    """What stands between the columns of a key."""
    value_separator: str
    """What stands between the columns of a value."""


class RuleCreated(Row):
    """The receipt of a new rule."""

    id: str
    """The rule."""
    name: Annotated[str, FromRequest("name")]
    """Its name."""
    mapping_id: Annotated[str, FromRequest("dbcache_mapping_id")]
    """The mapping it belongs to."""


class RuleUpdated(Did):
    """The receipt of a rule that was changed."""

    rule_id: Annotated[str, FromRequest("dbcache_rule_id")]
    """To which rule."""


class RuleDeleted(Did):
    """The receipt of a rule that was deleted."""

    rule_id: Annotated[str, FromRequest("id")]
    """To which rule."""


@post("/v3/{project_id}/dbcache/mapping", returns=MappingStarted, success=202, ends="ready")
class CreateDbCacheMapping(Operation):
    """Let a Redis instance accelerate a MySQL instance."""

    source_instance_id: InstanceId
    """The instance of RDS for MySQL or GaussDB(for MySQL)."""
    target_instance_id: InstanceId
    """The primary/standby Redis instance."""


@get("/v3/{project_id}/dbcache/mappings", returns=CacheMapping)
class ListDbCacheMappings(Paged):
    """List which Redis instances accelerate which MySQL instances."""

    id: str | None = None
    """Only this mapping."""
    name: str | None = None
    """Only this name; with a leading *, every name that contains the rest."""
    source_instance_id: InstanceId | None = None
    """Only this MySQL instance."""
    source_instance_name: str | None = None
    """Only MySQL instances of this name; with a leading *, every name that contains the rest."""
    target_instance_id: InstanceId | None = None
    """Only this Redis instance."""
    target_instance_name: str | None = None
    """Only Redis instances of this name; with a leading *, every name that contains the rest."""


@delete("/v3/{project_id}/dbcache/mapping", returns=MappingEnding, success=202, ends="done")
class DeleteDbCacheMapping(Operation):
    """End that a Redis instance accelerates a MySQL instance."""

    id: MappingId
    """The mapping."""


@post("/v3/{project_id}/dbcache/rule", returns=RuleCreated)
class CreateDbCacheRule(Operation):
    """Keep the rows of a table in Redis."""

    dbcache_mapping_id: MappingId
    """The mapping."""
    name: Annotated[str, at_most(256, "characters")]
    """A name, unique in the mapping, of at most 256 characters."""
    source_db_schema: str
    """The database of the table."""
    source_db_table: str
    """The table."""
    target_database: Annotated[int | str, Whole(0, 999)]
    """The Redis database, 0 to 999."""
    key_columns: ColumnNames
    """The columns that make the key."""
    value_columns: ColumnNames
    """The columns that make the value."""
    key_separator: Separator
    """One character that stands between the columns of a key."""
    key_prefix: Annotated[str, at_most(1024, "characters")]
    """What every key begins with; unique in the mapping for each database."""
    value_separator: Separator | None = None
    """One character that stands between the columns of a value."""
    ttl: Lifetime | None = None
    """Milliseconds a row is kept; left out, 30 days."""
    storage_type: Annotated[Literal["hash"], OneOf()] = "hash"
    """How a row is kept: hash."""


@get("/v3/{project_id}/dbcache/rules", returns=CacheRule)
class ListDbCacheRules(Paged):
    """List the rules of a mapping."""

    dbcache_mapping_id: MappingId
    """The mapping."""
    rule_id: RuleId | None = None
    """Only this rule."""
    rule_name: str | None = None
    """Only this name; with a leading *, every name that contains the rest."""
    source_db_schema: str | None = None
    """Only tables of this database; with a leading *, of every one whose name contains the rest."""
    source_db_table: str | None = None
    """Only this table; with a leading *, every one whose name contains the rest."""
    limit: Annotated[int, between(1, 200, "items a page,", "DBS.280439")] | None = Field(default=None, kw_only=True)
    """How many rules to read; 100 is documented, 200 is sent by others. Given, one page is read instead of all."""


@put("/v3/{project_id}/dbcache/rule", returns=RuleUpdated)
class UpdateDbCacheRule(Operation):
    """Change a rule."""

    dbcache_rule_id: RuleId
    """The rule."""
    value_columns: ColumnNames
    """The columns that make the value."""
    ttl: Lifetime | None = None
    """Milliseconds a row is kept; left out, 30 days."""
    value_separator: Separator | None = None
    """One character that stands between the columns of a value."""


@delete("/v3/{project_id}/dbcache/rule", returns=RuleDeleted)
class DeleteDbCacheRule(Operation):
    """Delete a rule."""

    id: RuleId
    """The rule."""


class DbcacheMappings(Group):
    """Redis instances that accelerate MySQL instances."""

    list = call(ListDbCacheMappings)
    get = one(ListDbCacheMappings, "id", "DBS.03050010")
    create = call(CreateDbCacheMapping)
    delete = call(DeleteDbCacheMapping)


class DbcacheRules(Group):
    """Tables whose rows are kept in Redis."""

    list = call(ListDbCacheRules)
    create = call(CreateDbCacheRule)
    update = call(UpdateDbCacheRule)
    delete = call(DeleteDbCacheRule)
