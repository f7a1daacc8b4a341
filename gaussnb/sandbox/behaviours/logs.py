"""Logs: their lines follow from the seed and the time, so that reading a log again shows the same lines."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...nosql import engines
from ...nosql.operations.logs import (
    DeleteLtsConfigs,
    ListCassandraSlowLogs,
    ListInfluxdbSlowLogs,
    ListLtsConfigs,
    ListMongodbErrorLogs,
    ListMongodbSlowLogs,
    ListRedisSlowLogs,
    ListSlowLogs,
    LogQuery,
    SaveLtsConfigs,
    ShowErrorLog,
    ShowSlowLogDesensitization,
    SwitchSlowlogDesensitization,
)
from ..engine.tables import job_time
from ..lifecycle import MADE
from ..refusals import Refused
from ..world import Instance, Node, World, kept
from . import Context, Page, matching, simulates
from .redis import running

_DAYS = 30
_SLOW_EVERY, _ERROR_EVERY = 600, 1800  # seconds between two lines, on average
_MASKED = "***"
_REACH = 2000

# ------------------------------------------------------------------------------------ the lines

# kind, place (keyspace and table, database and collection, …), the statement with a value in it
_SLOW: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "cassandra": (
        ("select", "shop", "orders", "SELECT * FROM shop.orders WHERE customer_id = {} ALLOW FILTERING"),
        ("select", "shop", "customers", "SELECT id, name FROM shop.customers WHERE region = {} LIMIT 5000"),
        ("select", "metrics", "by_day", "SELECT count(*) FROM metrics.by_day WHERE day = {}"),
    ),
    "influxdb": (
        ("SELECT", "telemetry", "autogen", 'SELECT mean("value") FROM "cpu" WHERE "host" = {} GROUP BY time(1m)'),
        ("SELECT", "telemetry", "week", 'SELECT * FROM "disk" WHERE "used" > {}'),
        ("DELETE", "telemetry", "autogen", 'DELETE FROM "cpu" WHERE "host" = {}'),
        ("SHOW", "telemetry", "autogen", 'SHOW TAG VALUES FROM "cpu" WITH KEY = "host" LIMIT {}'),
    ),
    "mongodb": (
        ("query", "shop", "orders", "find shop.orders filter: {{ customer: {} }} planSummary: COLLSCAN"),
        ("update", "shop", "stock", "update shop.stock q: {{ item: {} }} u: {{ $inc: {{ left: -1 }} }}"),
        ("command", "shop", "orders", "aggregate shop.orders pipeline: [{{ $match: {{ day: {} }} }}, {{ $sort: 1 }}]"),
        ("insert", "audit", "events", "insert audit.events documents: [{{ event: {} }}]"),
        ("remove", "audit", "events", "remove audit.events q: {{ before: {} }}"),
    ),
    "redis": (
        ("hgetall", "0", "", "HGETALL session:{}"),
        ("smembers", "0", "", "SMEMBERS basket:{}"),
        ("zrange", "1", "", "ZRANGE scores:{} 0 -1 WITHSCORES"),
        ("keys", "0", "", "KEYS user:{}:*"),
    ),
}
_ERRORS = (
    ("Warning", "Slow heartbeat response from {}"),
    ("Warning", "Connection from {} ended while it was being served"),
    ("Error", "Authentication failed for a client at {}"),
    ("Warning", "Election timer of {} restarted"),
    ("Error", "Could not refresh the routing of {}"),
)


@dataclass(frozen=True)
class Line:
    """One line of a log: its moment, its node, and random bytes that everything else follows from."""

    number: int
    moment: float
    node: Node
    dice: bytes

    def pick(self, choices: Sequence[Any]) -> Any:
        return choices[self.dice[0] % len(choices)]

    def roll(self, place: int, most: int) -> int:
        """A number below ``most``."""
        return int.from_bytes(self.dice[place : place + 4], "big") % most

    @property
    def cost(self) -> int:
        """Milliseconds: most statements are a little too slow, one in eight much."""
        return 500 + self.roll(4, 1500) + (self.roll(8, 8000) if self.dice[1] < 32 else 0)


def _lines(context: Context, instance: Instance, what: str, every: int, start: float, end: float) -> Iterator[Line]:
    """The lines of a log between two moments, oldest first: one in each period of ``every`` seconds, at a random moment
    in the period, by one of the nodes that existed then."""
    start = max(start, instance.created + engines.engine(instance.engine).create_seconds)
    for number in range(math.floor(start / every), math.floor(end / every) + 1):
        dice = hashlib.sha256(f"{context.world.ids.seed} {instance.id} {what} {number}".encode()).digest()
        moment = number * every + int.from_bytes(dice[12:16], "big") % every
        nodes = [node for node in instance.nodes if node.since is not None and node.since <= moment]
        if nodes and start <= moment <= end:
            yield Line(number, moment, nodes[dice[2] % len(nodes)], dice)


def _between(context: Context, start: datetime, end: datetime, days: int) -> tuple[float, float]:
    """The requested period.

    Raises:
        Refused: when it begins too long ago, lies in the future, or ends before it begins.
    """
    begin, until = start.timestamp(), end.timestamp()
    if begin < context.now - days * 24 * 3600 - 1:
        raise Refused("DBS.280067", f"At most {days} days ago.")
    if until > context.now:
        raise Refused("DBS.280068", "It is in the future.")
    if until < begin:
        raise Refused("DBS.280068", "It is before the start.")
    return begin, until


def _check_node(instance: Instance, node_id: str | None) -> None:
    if node_id is not None and node_id not in (node.id for node in instance.nodes):
        raise Refused("DBS.280407")


# --------------------------------------------------------------------------- the log of each engine


_WRONG = "DBS.201020"


def _page_of(
    op: LogQuery, context: Context, what: str, every: int, shown: Callable[[Line], dict[str, Any]]
) -> list[dict[str, Any]]:
    """The requested page of a log."""
    instance = running(context, op.instance_id, MADE)
    start, end = _between(context, op.start_time, op.end_time, _DAYS)
    _check_node(instance, op.node_id)
    after = -1 if op.line_num is None else int(op.line_num)
    page: list[dict[str, Any]] = []
    for line in _lines(context, instance, what, every, start, end):
        if line.number <= after or op.node_id not in (None, line.node.id):
            continue
        item = {
            "node_id": line.node.id,
            "node_name": line.node.name,
            "log_time": job_time(line.moment),
            "line_num": str(line.number),
            **shown(line),
        }
        if _holds(op, item):
            page.append(item)
        if len(page) == (op.limit or 100):
            break
    return page


_PREFIXES = {
    "keyspace_keywords": "keyspace",
    "table_keywords": "table",
    "database_keywords": "database",
    "collection_keywords": "collection",
}
_EQUAL = ("operate_type", "severity", "database", "retention_policy")


def _holds(op: LogQuery, item: dict[str, Any]) -> bool:
    """True if a line passes the filters of the request; each log has some of them."""
    words = getattr(op, "keywords", None) or []
    text = item.get("whole_message") or item.get("raw_message") or ""
    low, high = getattr(op, "min_cost_time", None), getattr(op, "max_cost_time", None)
    cost = float(item.get("cost_time", 0))
    return (
        all(word in text for word in ([words] if isinstance(words, str) else words))
        and (low is None or cost >= low)
        and (high is None or cost <= high)
        and all(getattr(op, name, None) in (None, item.get(name)) for name in _EQUAL)
        and all(
            not (starts := getattr(op, name, None)) or str(item[key]).startswith(tuple(starts))
            for name, key in _PREFIXES.items()
        )
    )


def _slow(
    op: LogQuery, context: Context, engine: str, more: Callable[[Line, str, str], dict[str, Any]]
) -> dict[str, Any]:
    masked = _masked(context.world, op.instance_id)

    def shown(line: Line) -> dict[str, Any]:
        kind, place, part, statement = line.pick(_SLOW[engine])
        text = statement.format(_MASKED if masked else line.roll(16, 100_000))
        return {"operate_type": kind, "whole_message": text, "cost_time": line.cost, **more(line, place, part)}

    return {"slow_logs": _page_of(op, context, "slow", _SLOW_EVERY, shown)}


@simulates(ListCassandraSlowLogs, "data", wrong=_WRONG)
def cassandra_slow(op: ListCassandraSlowLogs, context: Context) -> dict[str, Any]:
    return _slow(op, context, "cassandra", lambda line, keyspace, table: {"keyspace": keyspace, "table": table})


@simulates(ListInfluxdbSlowLogs, "data", wrong=_WRONG)
def influxdb_slow(op: ListInfluxdbSlowLogs, context: Context) -> dict[str, Any]:
    return _slow(
        op,
        context,
        "influxdb",
        lambda line, database, policy: {
            "database": database,
            "retention_policy": policy,
            "cost_time": str(line.cost),  # a text in this log only
        },
    )


@simulates(ListMongodbSlowLogs, "data", wrong=_WRONG)
def mongodb_slow(op: ListMongodbSlowLogs, context: Context) -> dict[str, Any]:
    return _slow(
        op,
        context,
        "mongodb",
        lambda line, database, collection: {
            "database": database,
            "collection": collection,
            "lock_time": line.roll(20, 5000),
            "docs_returned": line.roll(24, 100),
            "docs_scanned": 100 + line.roll(24, 100_000),
        },
    )


@simulates(ListRedisSlowLogs, "data", wrong=_WRONG)
def redis_slow(op: ListRedisSlowLogs, context: Context) -> dict[str, Any]:
    return _slow(op, context, "redis", lambda line, database, _: {"cost_time": line.cost / 10})


@simulates(ListMongodbErrorLogs, "data", wrong=_WRONG)
def mongodb_errors(op: ListMongodbErrorLogs, context: Context) -> dict[str, Any]:
    def shown(line: Line) -> dict[str, Any]:
        severity, text = line.pick(_ERRORS)
        return {"severity": severity, "raw_message": text.format(line.node.private_ip)}

    return {"error_logs": _page_of(op, context, "error", _ERROR_EVERY, shown)}


# --------------------------------------------------------------------------------- the older calls


@simulates(ListSlowLogs, "data")
def older_slow(op: ListSlowLogs, context: Context) -> Page:
    instance = running(context, op.instance_id, MADE)
    engine = engines.engine(instance.engine)
    masked = _masked(context.world, instance.id)
    start, end = _between(context, op.start_date, op.end_date, 31)
    _check_node(instance, op.node_id)
    found = []
    for line in _lines(context, instance, "slow", _SLOW_EVERY, start, end):
        kind, place, _, statement = line.pick(_SLOW[engine.built_on or engine.name])
        if op.node_id in (None, line.node.id) and (op.type is None or op.type.lower() == kind.lower()):
            moment = datetime.fromtimestamp(line.moment, UTC)
            found.append(
                {
                    "time": f"{line.cost / 1000:.5f} s",
                    "database": place,
                    "query_sample": statement.format(_MASKED if masked else line.roll(16, 100_000)),
                    "type": kind.upper(),
                    "start_time": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                }
            )
    return Page(found[::-1][:_REACH], limit=10)


@simulates(ShowErrorLog, "data")
def older_errors(op: ShowErrorLog, context: Context) -> Page:
    instance = running(context, op.instance_id, MADE)
    start, end = _between(context, op.start_time, op.end_time, 31)
    _check_node(instance, op.node_id)
    found = []
    for line in _lines(context, instance, "error", _ERROR_EVERY, start, end):
        level, text = line.pick(_ERRORS)
        if op.node_id in (None, line.node.id) and op.type in (None, level):
            found.append(
                {
                    "node_name": line.node.name,
                    "level": level,
                    "time": job_time(line.moment),
                    "content": text.format(line.node.private_ip),
                }
            )
    return Page(found[::-1][:_REACH], limit=10)


# --------------------------------------------------------------------------------------- masking


@kept("unmasked log", ends_with_instance=True)
@dataclass
class Unmasked:
    """An instance whose slow log shows values; the slow logs of other instances mask them."""

    id: str


def _masked(world: World, instance_id: str) -> bool:
    return instance_id not in world.table(Unmasked)


@simulates(ShowSlowLogDesensitization)
def show_masking(op: ShowSlowLogDesensitization, context: Context) -> dict[str, Any]:
    masked = _masked(context.world, context.instance(op.instance_id).id)
    return {"desensitization_status": "on" if masked else "off"}


@simulates(SwitchSlowlogDesensitization)
def set_masking(op: SwitchSlowlogDesensitization, context: Context) -> dict[str, Any]:
    instance, unmasked = running(context, op.instance_id, MADE), context.world.table(Unmasked)
    if op.desensitization_status == "off":
        unmasked.put(Unmasked(instance.id))
    elif instance.id in unmasked:
        unmasked.drop(instance.id)
    return {}


# --------------------------------------------------------------------------------------- streams


@kept("log stream", ends_with_instance=True)
@dataclass
class Stream:
    """One log of an instance that is, or was, sent to the log service."""

    id: str
    instance_id: str
    log_type: str
    lts_group_id: str
    lts_stream_id: str
    enabled: bool = True

    def wire(self) -> dict[str, Any]:
        return {
            "log_type": self.log_type,
            "lts_group_id": self.lts_group_id,
            "lts_stream_id": self.lts_stream_id,
            "enabled": self.enabled,
        }


def _supported(instance: Instance) -> list[str]:
    return list(engines.engine(instance.engine).log_types)


@simulates(ListLtsConfigs)
def list_streams(op: ListLtsConfigs, context: Context) -> list[dict[str, Any]]:
    found = matching(
        context.world.instances.newest_first(), id=op.instance_id, enterprise_project_id=op.enterprise_project_id
    )
    return [
        {
            "instance": {
                "id": one.id,
                "name": one.name,
                "status": one.status,
                "mode": one.mode,
                "datastore": {"type": one.engine, "version": one.version},
                "actions": one.actions,
                "enterprise_project_id": one.enterprise_project_id,
                "supported_log_types": _supported(one),
            },
            "lts_configs": [
                stream.wire() for stream in matching(context.world.table(Stream).values(), instance_id=one.id)
            ],
        }
        for one in found
        if (op.instance_name or "") in one.name
    ]


@simulates(SaveLtsConfigs)
def enable_stream(op: SaveLtsConfigs, context: Context) -> dict[str, Any]:
    for instance in [running(context, id, MADE) for id in op.instance_ids]:
        if op.log_type not in _supported(instance):
            raise Refused("DBS.280066", "An instance has no such log.")
    for id in op.instance_ids:
        stream = Stream(f"{id} {op.log_type}", id, op.log_type, op.lts_group_id, op.lts_stream_id)
        context.world.table(Stream).put(stream)
    return {}


@simulates(DeleteLtsConfigs)
def disable_stream(op: DeleteLtsConfigs, context: Context) -> dict[str, Any]:
    streams = context.world.table(Stream)
    for instance in [context.instance(id) for id in op.instance_ids]:
        if stream := streams.get(f"{instance.id} {op.log_type}"):
            stream.enabled = False
            streams.put(stream)
    return {}
