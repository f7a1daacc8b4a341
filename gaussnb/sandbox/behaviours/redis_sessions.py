"""Redis sessions: each node has some clients. A client whose session is closed connects again after 30 seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...nosql import engines
from ...nosql.operations.redis_sessions import (
    ClearInstanceSessions,
    DeleteInstancesSession,
    ListInstanceSessions,
    ListInstancesSession,
    ListInstancesSessionStatistics,
)
from ..refusals import Refused
from ..world import Instance, Node, World, kept
from . import Context, Page, simulates
from .redis import draw, node, running

_AGAIN = 30.0
"""Seconds until a client whose session was closed connects again."""
_ACTIVE = 10
"""A session that was idle for fewer seconds counts as active."""
_TOP = 10
_COMMANDS = ("get", "set", "hget", "hgetall", "zadd", "expire", "lpush", "mget", "ping")
_CLIENTS = ("orders", "basket", "profile", "search", "")


@kept("redis clients", ends_with_instance=True)
@dataclass
class Clients:
    """The clients of a node whose sessions were closed at some time."""

    id: str
    """The node."""
    instance_id: str
    closed: dict[int, int] = field(default_factory=dict)
    """The number of closed sessions by client."""
    back: dict[int, float] = field(default_factory=dict)
    """The moment of the next connection by client."""


@dataclass(frozen=True)
class Session:
    """The connection of a client."""

    client: int
    connected: float
    shown: dict[str, str]


def _sessions(instance: Instance, of: Node, context: Context) -> list[Session]:
    """The present sessions of a node, the newest first. A node that is shut down has none."""
    if of.status != "normal":
        return []
    clients = context.world.table(Clients).get(of.id) or Clients(of.id, instance.id)
    found = []
    for client in _clients(of):
        what = f"{of.id} {client} {clients.closed.get(client, 0)}"
        connected = clients.back.get(client, instance.created + draw(f"{what} connected", 900))
        if connected <= context.now:
            found.append(
                Session(client, connected, _shown(instance, client, what, int(context.now - connected), context))
            )
    return sorted(found, key=lambda session: -session.connected)


def _clients(of: Node) -> range:
    return range(4 + draw(f"{of.id} clients", 9))


def break_off(world: World, instance: Instance, now: float) -> None:
    """Close every session of an instance. All clients connect again."""
    for one in instance.nodes:
        _end(_clients(one), world, instance, one, now)


def _shown(instance: Instance, client: int, what: str, age: int, context: Context) -> dict[str, str]:
    network = context.world.subnets[instance.subnet_id]
    return {
        "id": str(100000 + draw(f"{what} id", 900000)),
        "name": _CLIENTS[client % len(_CLIENTS)],
        "cmd": _COMMANDS[draw(f"{what} cmd", len(_COMMANDS))],
        "age": str(age),
        "idle": str(min(age, draw(f"{what} idle", 4 * _ACTIVE))),
        "db": str(draw(f"{what} db", min(2, engines.mode(instance.engine, instance.mode).databases))),
        "addr": f"{network.address(200 + client % 5)}:{30000 + draw(f'{what} port', 30000)}",
        "fd": str(16 + client),
        "sub": "0",
        "psub": "0",
        "multi": "-1",
    }


def _close(sessions: Collection[Session], instance: Instance, of: Node, context: Context) -> None:
    _end((session.client for session in sessions), context.world, instance, of, context.now)


def _end(ended: Iterable[int], world: World, instance: Instance, of: Node, now: float) -> None:
    table = world.table(Clients)
    clients = table.get(of.id) or Clients(of.id, instance.id)
    for client in ended:
        clients.closed[client] = clients.closed.get(client, 0) + 1
        clients.back[client] = now + _AGAIN
    table.put(clients)


def _nodes(instance: Instance, node_id: str | None) -> Iterator[Node]:
    if node_id is not None and node_id not in (one.id for one in instance.nodes):
        raise Refused("DBS.200013")
    return (one for one in instance.nodes if node_id in (None, one.id))


@simulates(ListInstanceSessions)
def list_sessions(op: ListInstanceSessions, context: Context) -> dict[str, Any]:
    instance = running(context, op.instance_id)
    found = {one.id: _sessions(instance, one, context) for one in _nodes(instance, op.node_id)}
    return {
        "node_sessions": [
            {"node_id": id, "total_count": len(sessions), "sessions": [session.shown for session in sessions]}
            for id, sessions in found.items()
        ]
    }


@simulates(ClearInstanceSessions)
def clear(op: ClearInstanceSessions, context: Context) -> dict[str, Any]:
    instance = running(context, op.instance_id)
    for one in _nodes(instance, op.node_id):
        _close(_sessions(instance, one, context), instance, one, context)
    return {}


@simulates(ListInstancesSession)
def list_of_node(op: ListInstancesSession, context: Context) -> Page:
    found = (session.shown for session in _sessions(*node(context, op.node_id), context))
    return Page([one for one in found if one["addr"].startswith(op.addr_prefix or "")])


@simulates(DeleteInstancesSession)
def close(op: DeleteInstancesSession, context: Context) -> dict[str, Any]:
    instance, one = node(context, op.node_id)
    sessions = _sessions(instance, one, context)
    wanted = {session.shown["id"] for session in sessions} if op.is_all else set(op.session_ids or ())
    if not wanted <= {session.shown["id"] for session in sessions}:
        raise Refused("DBS.301071")
    _close([session for session in sessions if session.shown["id"] in wanted], instance, one, context)
    return {}


@simulates(ListInstancesSessionStatistics)
def statistics(op: ListInstancesSessionStatistics, context: Context) -> dict[str, Any]:
    found = [session.shown for session in _sessions(*node(context, op.node_id), context)]
    return {
        "total_connection_count": len(found),
        "active_connection_count": sum(int(one["idle"]) < _ACTIVE for one in found),
        "top_source_ips": _top(found),
        "top_dbs": {db: _top([one for one in found if one["db"] == db]) for db in sorted({one["db"] for one in found})},
    }


def _top(sessions: list[dict[str, str]]) -> list[dict[str, Any]]:
    counted = Counter(one["addr"].partition(":")[0] for one in sessions)
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [{"client_ip": address, "connection_count": count} for address, count in ranked[:_TOP]]
