"""Memory acceleration. MySQL instances belong to another service: here every well-formed id of one exists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ...nosql import engines
from ...nosql.operations.dbcache import (
    CreateDbCacheMapping,
    CreateDbCacheRule,
    DeleteDbCacheMapping,
    DeleteDbCacheRule,
    ListDbCacheMappings,
    ListDbCacheRules,
    UpdateDbCacheRule,
)
from ..engine.tables import job_time
from ..engine.work import Work
from ..lifecycle import End, register
from ..refusals import Refused
from ..world import World, kept
from . import Context, Page, matching, simulates, wanted
from .redis import usable

NO_MAPPING = "DBS.03050010"
NO_RULE = "DBS.280016"
_MYSQL = re.compile(r"[0-9a-f]{32}in0[17]")
_THIRTY_DAYS = 30 * 24 * 3600 * 1000
_STATUS = {"Running": "creating", "Completed": "normal", "Failed": "createfail"}


@kept("dbcache mapping", ends_with_instance=True)
@dataclass
class Mapped:
    """A MySQL instance and the Redis instance that accelerates it."""

    id: str
    name: str
    source_instance_id: str
    source_instance_name: str
    instance_id: str
    """The Redis instance."""
    job_id: str
    """The job that creates the mapping; its status gives the status of the mapping."""
    created: float
    updated: float
    ending: str = ""
    """The job that deletes the mapping; empty until there is one."""

    def status(self, world: World) -> str:
        if self.ending and world.is_going(world.tasks[self.ending]):
            return "deleting"
        return _STATUS[world.tasks[self.job_id].status]


@kept("dbcache rule", ends_with_instance=True)
@dataclass
class Kept:
    """A rule: a table of MySQL, and the form of its rows in Redis."""

    id: str
    instance_id: str
    mapping_id: str
    name: str
    source_db_schema: str
    source_db_table: str
    storage_type: str
    target_database: str
    key_columns: list[str]
    value_columns: list[str]
    ttl: str
    key_separator: str
    value_separator: str
    key_prefix: str

    def wire(self) -> dict[str, Any]:
        shown = {name: value for name, value in vars(self).items() if name not in ("instance_id", "mapping_id")}
        return {**shown, "status": "normal"}


# ------------------------------------------------------------------------------------------ mappings


def _ended(end: End) -> None:
    end.world.table(Mapped).drop(end.effect["id"])
    for rule in matching(end.world.table(Kept).values(), mapping_id=end.effect["id"]):
        end.world.table(Kept).drop(rule.id)


CREATE = register(Work("CreateDbCacheMapping", "CREATE_DBCACHE_MAPPING", 120))
END = register(Work("DeleteDbCacheMapping", "DELETE_DBCACHE_MAPPING", 60, apply=_ended))


@simulates(CreateDbCacheMapping)
def create(op: CreateDbCacheMapping, context: Context) -> dict[str, Any]:
    world = context.world
    engine = engines.engine(context.instance(op.target_instance_id).engine)
    if not any(mode.caches_mysql for mode in engine.modes.values()):
        raise Refused("DBS.280235", "The target is a Redis instance.")
    target = usable(context, op.target_instance_id)
    if not engines.mode(target.engine, target.mode).caches_mysql:
        raise Refused("DBS.280341", "The Redis instance is a primary with a standby.")
    if op.source_instance_id in world.instances:
        raise Refused("DBS.280235", "The source is a MySQL instance.")
    if not _MYSQL.fullmatch(op.source_instance_id):
        raise Refused("DBS.200002", "Ids of MySQL instances are 32 hexadecimal digits and in01 or in07.")
    both = {"source_instance_id": op.source_instance_id, "instance_id": target.id}
    if any(one.status(world) != "createfail" for one in matching(world.table(Mapped).values(), **both)):
        raise Refused("DBS.212003", "There is such a mapping.")
    started = context.start(CREATE, target)
    source_name = f"mysql-{op.source_instance_id[:4]}"
    world.table(Mapped).put(
        Mapped(
            id=world.ids.uuid("dbcache mapping"),
            name=f"{source_name}-{target.name}",
            source_instance_name=source_name,
            job_id=started["job_id"],
            created=context.now,
            updated=context.now,
            **both,
        )
    )
    return started


@simulates(ListDbCacheMappings)
def list_mappings(op: ListDbCacheMappings, context: Context) -> list[dict[str, Any]]:
    world = context.world
    given = {"id": op.id, "source_instance_id": op.source_instance_id, "instance_id": op.target_instance_id}
    return [
        shown
        for shown in (_shown(one, world) for one in matching(world.table(Mapped).newest_first(), **given))
        if wanted(op.name, shown["name"])
        and wanted(op.source_instance_name, shown["source_instance_name"])
        and wanted(op.target_instance_name, shown["target_instance_name"])
    ]


def _shown(one: Mapped, world: World) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "source_instance_id": one.source_instance_id,
        "source_instance_name": one.source_instance_name,
        "target_instance_id": one.instance_id,
        "target_instance_name": world.instances[one.instance_id].name,
        "status": one.status(world),
        "created": job_time(one.created),
        "updated": job_time(one.updated),
        "rule_count": len(matching(world.table(Kept).values(), mapping_id=one.id)),
    }


@simulates(DeleteDbCacheMapping)
def end(op: DeleteDbCacheMapping, context: Context) -> dict[str, Any]:
    mapping = _mapping(op.id, context)
    started = context.start(END, usable(context, mapping.instance_id), id=mapping.id)
    mapping.ending = started["job_id"]
    context.world.table(Mapped).put(mapping)
    return started


def _mapping(id: str, context: Context) -> Mapped:
    try:
        return context.world.table(Mapped)[id]
    except KeyError:
        raise Refused(NO_MAPPING) from None


# --------------------------------------------------------------------------------------------- rules


@simulates(CreateDbCacheRule)
def create_rule(op: CreateDbCacheRule, context: Context) -> dict[str, Any]:
    mapping = _ready(op.dbcache_mapping_id, context)
    database = str(int(op.target_database))
    for one in matching(context.world.table(Kept).values(), mapping_id=mapping.id):
        if one.name == op.name:
            raise Refused("DBS.280001", "name: another rule of the mapping has it.")
        if (one.key_prefix, one.target_database) == (op.key_prefix, database):
            raise Refused("DBS.280001", "key_prefix: another rule of the mapping has it in this database.")
    rule = Kept(
        id=context.world.ids.uuid("dbcache rule"),
        instance_id=mapping.instance_id,
        mapping_id=mapping.id,
        name=op.name,
        source_db_schema=op.source_db_schema,
        source_db_table=op.source_db_table,
        storage_type=op.storage_type,
        target_database=database,
        key_columns=op.key_columns,
        value_columns=op.value_columns,
        ttl=str(_THIRTY_DAYS if op.ttl is None else op.ttl),
        key_separator=op.key_separator,
        value_separator=op.value_separator or "",
        key_prefix=op.key_prefix,
    )
    context.world.table(Kept).put(rule)
    _touch(mapping, context)
    return {"id": rule.id}


@simulates(ListDbCacheRules)
def list_rules(op: ListDbCacheRules, context: Context) -> Page:
    mapping = _mapping(op.dbcache_mapping_id, context)
    found = [
        rule.wire()
        for rule in matching(context.world.table(Kept).newest_first(), mapping_id=mapping.id, id=op.rule_id)
        if wanted(op.rule_name, rule.name)
        and wanted(op.source_db_schema, rule.source_db_schema)
        and wanted(op.source_db_table, rule.source_db_table)
    ]
    return Page(found, more={"dbcache_mapping_id": mapping.id})


@simulates(UpdateDbCacheRule)
def update_rule(op: UpdateDbCacheRule, context: Context) -> dict[str, Any]:
    rule = _rule(op.dbcache_rule_id, context)
    _touch(_ready(rule.mapping_id, context), context)
    rule.value_columns = op.value_columns
    rule.ttl = str(_THIRTY_DAYS if op.ttl is None else op.ttl)  # documented, also for a change
    if op.value_separator is not None:
        rule.value_separator = op.value_separator
    context.world.table(Kept).put(rule)
    return {}


@simulates(DeleteDbCacheRule)
def delete_rule(op: DeleteDbCacheRule, context: Context) -> dict[str, Any]:
    rule = _rule(op.id, context)
    _touch(_ready(rule.mapping_id, context), context)
    context.world.table(Kept).drop(rule.id)
    return {}


def _rule(id: str, context: Context) -> Kept:
    try:
        return context.world.table(Kept)[id]
    except KeyError:
        raise Refused(NO_RULE) from None


def _ready(mapping_id: str, context: Context) -> Mapped:
    mapping = _mapping(mapping_id, context)
    if mapping.status(context.world) != "normal":
        raise Refused("DBS.200018", "The mapping is not ready.")
    return mapping


def _touch(mapping: Mapped, context: Context) -> None:
    mapping.updated = context.now
    context.world.table(Mapped).put(mapping)
