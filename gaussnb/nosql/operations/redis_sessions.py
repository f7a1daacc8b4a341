"""Redis sessions: who is connected to an instance or to one of its nodes, and ending that."""

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
    """The session."""
    name: str
    """The name the client gave it."""
    addr: str
    """The client's address and port."""
    db: int
    """The database it uses."""
    cmd: str
    """Its last command."""
    age: int
    """For how many seconds it has been connected."""
    idle: int
    """For how many seconds it has been idle."""
    fd: str
    """The file descriptor of its socket."""
    sub: int
    """How many channels it listens to."""
    psub: int
    """How many patterns of channels it listens to."""
    multi: int
    """How many commands it has run in its transaction, -1 outside of one."""


class InstanceSession(Session, at="node_sessions.sessions"):
    """One connection to a node of an instance."""

    instance_id: Annotated[str, FromRequest("instance_id")]
    """The instance."""
    node_id: Annotated[str, Above("node_sessions", "node_id")]
    """The node."""
    node_sessions: Annotated[int, Above("node_sessions", "total_count")]
    """How many sessions that node has."""


class NodeSession(Session, at="sessions"):
    """One connection to a node."""

    node_id: Annotated[str, FromRequest("node_id")]
    """The node."""


class SessionStatistics(Row):
    """How many are connected to a node."""

    node_id: Annotated[str, FromRequest("node_id")]
    """The node."""
    total_connection_count: int
    """Connections in all."""
    active_connection_count: int
    """Connections that do something."""
    top_dbs: Annotated[str, Json("top_dbs")]
    """The databases with the most connections, as the service describes them, in JSON."""


class ClientAddress(Row, at="top_source_ips"):
    """One of the ten addresses with the most connections to a node."""

    node_id: Annotated[str, FromRequest("node_id")]
    """The node."""
    client_ip: str
    """The client's address."""
    connection_count: int
    """How many connections it has."""


class SessionsClosed(Did):
    """The receipt of sessions of a node that were closed."""

    node_id: Annotated[str, FromRequest("node_id")]
    """To which node."""


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
    """Only clients whose address and port begin like this."""


@get("/v3/{project_id}/redis/nodes/{node_id}/session-statistics", returns=SessionStatistics, only=("redis",))
class ListInstancesSessionStatistics(Operation):
    """Show how many are connected to a Redis node, and from where."""

    node_id: NodeId
    """The node."""


@delete("/v3/{project_id}/redis/nodes/{node_id}/sessions", returns=SessionsClosed, only=("redis",))
class DeleteInstancesSession(Operation):
    """Close sessions of a Redis node."""

    node_id: NodeId
    """The node."""
    is_all: bool
    """Whether all sessions are closed."""
    session_ids: list[str] | None = None
    """The sessions to close, unless all are."""

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
