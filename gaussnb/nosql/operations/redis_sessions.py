"""Redis sessions: the connections of clients to instances and nodes, and closing them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ...core.catalogue import delete, get
from ...core.methods import Group, call
from ...core.operation import Operation, Query, Tie, Ties
from ...core.rows import Above, FromRequest, Json, Row
from ..fields import NodeId
from .bases import OfInstance, Paged
from .rows import Did, Done


class Session(Row):
    """One connection of a client."""

    id: str
    """The id of the session."""
    name: str
    """The name that the client gave to the connection."""
    addr: str
    """The IP address and port of the client."""
    db: int
    """The database that the client uses."""
    cmd: str
    """The last command."""
    age: int
    """The age of the connection in seconds."""
    idle: int
    """The seconds since the last command."""
    fd: str
    """The file descriptor of the socket."""
    sub: int
    """The number of subscribed channels."""
    psub: int
    """The number of subscribed patterns of channels."""
    multi: int
    """The number of commands in the open transaction, -1 if there is none."""


class InstanceSession(Session, at="node_sessions.sessions"):
    """One connection to a node of an instance."""

    instance_id: Annotated[str, FromRequest("instance_id")]
    """The instance."""
    node_id: Annotated[str, Above("node_sessions", "node_id")]
    """The node."""
    node_sessions: Annotated[int, Above("node_sessions", "total_count")]
    """The number of sessions of that node."""


class NodeSession(Session, at="sessions"):
    """One connection to a node."""

    node_id: Annotated[str, FromRequest("node_id")]
    """The node."""


class SessionStatistics(Row):
    """The number of connections to a node."""

    node_id: Annotated[str, FromRequest("node_id")]
    """The node."""
    total_connection_count: int
    """The number of all connections."""
    active_connection_count: int
    """The number of active connections."""
    top_dbs: Annotated[str, Json("top_dbs")]
    """The databases with the most connections, as JSON of the service."""


class ClientAddress(Row, at="top_source_ips"):
    """One of the ten client addresses with the most connections to a node."""

    node_id: Annotated[str, FromRequest("node_id")]
    """The node."""
    client_ip: str
    """The IP address of the client."""
    connection_count: int
    """The number of connections from this address."""


class SessionsClosed(Did):
    """The receipt of closed sessions of a node."""

    node_id: Annotated[str, FromRequest("node_id")]
    """The node whose sessions were closed."""


@get("/v3/{project_id}/instances/{instance_id}/sessions", returns=InstanceSession, only=("redis",))
class ListInstanceSessions(OfInstance):
    """List the sessions of a Redis instance."""

    node_id: NodeId | None = None
    """Only sessions of this node."""


@delete("/v3/{project_id}/instances/{instance_id}/sessions", returns=Done, only=("redis",))
class ClearInstanceSessions(OfInstance):
    """Close all sessions of a Redis instance, or of one of its nodes."""

    node_id: Annotated[NodeId | None, Query()] = None
    """Only sessions of this node."""


@get("/v3/{project_id}/redis/nodes/{node_id}/sessions", returns=NodeSession, only=("redis",))
class ListInstancesSession(Paged):
    """List the sessions of a Redis node, the newest first."""

    node_id: NodeId
    """The node."""
    addr_prefix: str | None = None
    """Only clients whose address and port begin with this text."""


@get("/v3/{project_id}/redis/nodes/{node_id}/session-statistics", returns=SessionStatistics, only=("redis",))
class ListInstancesSessionStatistics(Operation):
    """Show the number of connections to a Redis node, and the addresses of the clients."""

    node_id: NodeId
    """The node."""


@delete("/v3/{project_id}/redis/nodes/{node_id}/sessions", returns=SessionsClosed, only=("redis",))
class DeleteInstancesSession(Operation):
    """Close sessions of a Redis node."""

    node_id: NodeId
    """The node."""
    is_all: bool
    """True to close all sessions."""
    session_ids: list[str] | None = None
    """The sessions to close; not needed if ``is_all`` is true."""

    ties: ClassVar[Ties] = (
        Tie(
            ("session_ids",),
            "DBS.301071",
            "the sessions to close, or is_all=True",
            lambda asked: asked.is_all or bool(asked.session_ids),
        ),
    )


class RedisSessions(Group):
    """Connections of clients to Redis instances and their nodes."""

    list = call(ListInstanceSessions)
    clear = call(ClearInstanceSessions)
    list_of_node = call(ListInstancesSession)
    delete_of_node = call(DeleteInstancesSession)
    statistics = call(ListInstancesSessionStatistics)
    top_addresses = call(ListInstancesSessionStatistics, returns=ClientAddress)
