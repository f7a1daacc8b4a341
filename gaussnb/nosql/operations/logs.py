"""Logs: slow and error logs, the masking of their values, and their transfer to Log Tank Service."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ...core.catalogue import delete, get, post, put
from ...core.methods import Group, call
from ...core.operation import Operation, Tie, Ties
from ...core.rows import Above, At, FromRequest, Joined, Known, Row
from ...core.rules import Moment, OneOf, at_least, between, identifier, matches, some, up_to
from ..fields import EnterpriseProjectId, InstanceId, Limit, NodeId, OnOff
from .bases import OfInstance, Paged
from .rows import AboutInstance, Done, DoneEach

# ------------------------------------------------------------------------------------ lines of logs

Keywords = Annotated[list[Annotated[str, up_to(512, "characters")]], up_to(10, "keywords")]
Prefixes = Annotated[list[Annotated[str, up_to(48, "characters")]], up_to(10, "keywords")]
DatabasePrefixes = Annotated[list[Annotated[str, up_to(64, "characters")]], up_to(10, "keywords")]
CollectionPrefixes = Annotated[list[Annotated[str, up_to(128, "characters")]], up_to(10, "keywords")]
Milliseconds = Annotated[int, at_least(0, "DBS.301075")]
LogLevel = Annotated[Literal["Warning", "Error"], OneOf("DBS.280066")]


class LogLine(AboutInstance):
    """One line of a log."""

    node_id: str
    """The node that wrote the line."""
    node_name: str
    """The name of that node."""
    log_time: datetime
    """The time at which the line was written."""
    line_num: str
    """The position of the line in the log; ``line_num`` of a request continues after it."""


class SlowLine(LogLine):
    """One slow statement."""

    operate_type: str
    """The kind of statement."""
    whole_message: str
    """The statement."""
    cost_time: float
    """The duration of the statement in milliseconds."""


class CassandraSlowLine(SlowLine, at="slow_logs"):
    """One slow statement of Cassandra."""

    keyspace: str
    """The keyspace of the statement."""
    table: str
    """The table of the statement."""


class InfluxdbSlowLine(SlowLine, at="slow_logs"):
    """One slow statement of InfluxDB."""

    database: str
    """The database of the statement."""
    retention_policy: str
    """The retention policy of the statement."""


class MongodbSlowLine(SlowLine, at="slow_logs"):
    """One slow statement of MongoDB."""

    database: str
    """The database of the statement."""
    collection: str
    """The collection of the statement."""
    lock_time: float
    """The time that the statement waited for locks, in microseconds."""
    docs_returned: int
    """The number of documents that the statement returned."""
    docs_scanned: int
    """The number of documents that the statement read."""


class RedisSlowLine(SlowLine, at="slow_logs"):
    """One slow command of Redis."""


class MongodbErrorLine(LogLine, at="error_logs"):
    """One line of the error log of MongoDB."""

    severity: str
    """Warning or Error."""
    raw_message: str
    """The message."""


class LogQuery(OfInstance):
    """The fields of a request for any log."""

    start_time: Moment
    """Only lines written later; at most 30 days ago."""
    end_time: Moment
    """Only lines written earlier; not in the future."""
    node_id: NodeId | None = None
    """Only lines of this node."""
    limit: Limit | None = Field(default=None, kw_only=True)
    """The number of lines to read, at most 100. If given, one page is read instead of all."""
    line_num: Annotated[str, matches(r"[0-9]{1,18}", "that of a line, a number")] | None = Field(
        default=None, kw_only=True
    )
    """Continue after this line. If given, one page is read instead of all."""


class SlowQuery(LogQuery):
    """The fields of a request for most slow logs."""

    max_cost_time: Milliseconds | None = None
    """Only statements that took at most this number of milliseconds."""
    min_cost_time: Milliseconds | None = None
    """Only statements that took at least this number of milliseconds."""


@post(
    "/v3/{project_id}/cassandra/instances/{instance_id}/slow-logs",
    returns=CassandraSlowLine,
    asks=True,
    total="",
    only=("cassandra",),
)
class ListCassandraSlowLogs(SlowQuery):
    """List slow statements of a Cassandra instance."""

    operate_type: Annotated[Literal["select"], OneOf("DBS.280066")] | None = None
    """Only statements of this kind: select."""
    keywords: Keywords | None = None
    """Only statements that contain all of these words, at most 10."""
    keyspace_keywords: Prefixes | None = None
    """Only keyspaces that begin with one of these words, at most 10."""
    table_keywords: Prefixes | None = None
    """Only tables that begin with one of these words, at most 10."""


@post(
    "/v3/{project_id}/influxdb/instances/{instance_id}/slow-logs",
    returns=InfluxdbSlowLine,
    asks=True,
    total="",
    only=("influxdb",),
)
class ListInfluxdbSlowLogs(SlowQuery):
    """List slow statements of an InfluxDB instance."""

    operate_type: (
        Annotated[Literal["SELECT", "DELETE", "SHOW", "DROP", "CREATE", "ALTER"], OneOf("DBS.280066")] | None
    ) = None
    """Only statements of this kind."""
    keywords: str | None = None
    """Only statements that contain this text."""
    database: str | None = None
    """Only statements about this database."""
    retention_policy: str | None = None
    """Only statements about this retention policy."""


@post(
    "/v3/{project_id}/mongodb/instances/{instance_id}/slow-logs",
    returns=MongodbSlowLine,
    asks=True,
    total="",
    only=("mongodb",),
)
class ListMongodbSlowLogs(SlowQuery):
    """List slow statements of a MongoDB instance."""

    operate_type: (
        Annotated[
            Literal["insert", "query", "update", "remove", "getmore", "command", "killcursors"], OneOf("DBS.280066")
        ]
        | None
    ) = None
    """Only statements of this kind."""
    keywords: Keywords | None = None
    """Only statements that contain all of these words, at most 10."""
    database_keywords: DatabasePrefixes | None = None
    """Only databases that begin with one of these words, at most 10."""
    collection_keywords: CollectionPrefixes | None = None
    """Only collections that begin with one of these words, at most 10."""


@post(
    "/v3/{project_id}/redis/instances/{instance_id}/slow-logs",
    returns=RedisSlowLine,
    asks=True,
    total="",
    only=("redis",),
)
class ListRedisSlowLogs(LogQuery):
    """List slow commands of a Redis instance."""

    operate_type: str | None = None
    """Only this command, like hgetall."""
    keywords: Keywords | None = None
    """Only commands that contain all of these words, at most 10."""
    max_cost_time: Annotated[float, at_least(0, "DBS.301075")] | None = None
    """Only commands that took at most this number of milliseconds."""
    min_cost_time: Annotated[float, at_least(0, "DBS.301075")] | None = None
    """Only commands that took at least this number of milliseconds."""


@post(
    "/v3/{project_id}/mongodb/instances/{instance_id}/error-logs",
    returns=MongodbErrorLine,
    asks=True,
    total="",
    only=("mongodb",),
)
class ListMongodbErrorLogs(LogQuery):
    """List lines of the error log of a MongoDB instance."""

    severity: LogLevel | None = None
    """Only lines of this level: Warning or Error."""
    keywords: Keywords | None = None
    """Only lines that contain all of these words, at most 10."""


# --------------------------------------------------------------------------------- the older calls


class SlowStatement(AboutInstance, at="slow_log_list"):
    """One slow statement, as the deprecated operation returns it."""

    start_time: datetime
    """The time at which the statement began."""
    time: str
    """The duration, with its unit."""
    type: str
    """The kind of statement."""
    database: str
    """The database of the statement."""
    query_sample: str
    """The statement."""


class ErrorLine(AboutInstance, at="error_log_list"):
    """One line of an error log, as the deprecated operation returns it."""

    node_name: str
    """The name of the node that wrote the line."""
    time: datetime
    """The time at which the line was written."""
    level: str
    """Warning or Error."""
    content: str
    """The message."""


class LatestLines(Operation):
    """The paging of the deprecated log operations, which read the latest 2000 lines."""

    offset: Annotated[int, between(0, 1999, "lines to skip,", "DBS.280440")] | None = Field(default=None, kw_only=True)
    """The number of lines to skip, at most 1999. If given, one page is read instead of all."""
    limit: Limit | None = Field(default=None, kw_only=True)
    """The number of lines to read, at most 100. If given, one page is read instead of all."""

    ties: ClassVar[Ties] = (
        Tie(
            ("limit",),
            "DBS.280439",
            "offset and limit together at most 2000",
            lambda asked: (asked.offset or 0) + (asked.limit or 0) <= 2000,
        ),
    )


@get(
    "/v3/{project_id}/instances/{instance_id}/slowlog",
    returns=SlowStatement,
    total="total_record",
    reach=2000,
    deprecated=True,
)
class ListSlowLogs(LatestLines):
    """List the latest 2000 slow statements of an instance. Each engine has a newer operation of its own."""

    instance_id: InstanceId
    """The instance."""
    start_date: Moment
    """Only statements that began later; at most a month ago."""
    end_date: Moment
    """Only statements that began earlier; not in the future."""
    node_id: NodeId | None = None
    """Only statements of this node."""
    type: str | None = None
    """Only statements of this kind, like SELECT."""


@get(
    "/v3/{project_id}/instances/{instance_id}/error-log",
    returns=ErrorLine,
    reach=2000,
    deprecated=True,
    superseded="ListMongodbErrorLogs",
)
class ShowErrorLog(LatestLines):
    """List the latest 2000 lines of the error log of an instance."""

    instance_id: InstanceId
    """The instance."""
    start_time: Moment
    """Only lines written later; at most 31 days ago."""
    end_time: Moment
    """Only lines written earlier; not in the future."""
    node_id: NodeId | None = None
    """Only lines of this node."""
    type: LogLevel | None = None
    """Only lines of this level: Warning or Error."""


# --------------------------------------------------------------------------------------- masking


class Masking(AboutInstance):
    """The masking of values in slow logs."""

    desensitization_status: Annotated[str, Known(("on", "off"))]
    """on if values are masked, off if not."""


@get("/v3/{project_id}/instances/{instance_id}/slowlog-desensitization", returns=Masking)
class ShowSlowLogDesensitization(OfInstance):
    """Show whether the values in the slow logs of an instance are masked."""


@put("/v3/{project_id}/instances/{instance_id}/slowlog-desensitization", returns=Done, success=204)
class SwitchSlowlogDesensitization(OfInstance):
    """Switch the masking of values in the slow logs of an instance on or off."""

    desensitization_status: OnOff
    """off shows the values; on masks them, which is not documented for this call."""


# --------------------------------------------------------------------------------------- streams

LogType = Annotated[Literal["slow_log", "audit_log"], OneOf("DBS.280066")]
Instances = Annotated[list[InstanceId], some("instance")]


class LogStream(Row, at="instance_lts_configs.lts_configs"):
    """One log of an instance that is sent, or was sent, to a stream of Log Tank Service."""

    instance_id: Annotated[str, Above("instance_lts_configs", "instance.id")]
    """The instance."""
    instance_name: Annotated[str, Above("instance_lts_configs", "instance.name")]
    """The name of that instance."""
    log_type: str
    """The log: slow_log or audit_log."""
    enabled: bool
    """True if the log is sent now."""
    lts_group_id: str
    """The group of the stream."""
    lts_stream_id: str
    """The stream."""


class LoggingInstance(Row, at="instance_lts_configs"):
    """One instance, and the logs that it can send to Log Tank Service."""

    id: Annotated[str, At("instance.id")]
    """The id of the instance."""
    name: Annotated[str, At("instance.name")]
    """The name of the instance."""
    status: Annotated[str, At("instance.status")]
    """The status; an instance can be used when it is normal."""
    actions: Annotated[str, Joined("instance.actions")]
    """The work that is going on."""
    mode: Annotated[str, At("instance.mode")]
    """The mode of deployment."""
    engine: Annotated[str, At("instance.datastore.type")]
    """The database engine."""
    version: Annotated[str, At("instance.datastore.version")]
    """The version of the engine."""
    enterprise_project_id: Annotated[str, At("instance.enterprise_project_id")]
    """The enterprise project, 0 for the default one."""
    supported_log_types: Annotated[str, Joined("instance.supported_log_types")]
    """The logs that the instance can send."""


class StreamSet(DoneEach):
    """The receipt of one instance whose log was connected to a stream, or disconnected from one."""

    log_type: Annotated[str, FromRequest("log_type")]
    """The log that was changed."""


@get("/v3/{project_id}/instances/logs/lts-configs", returns=LogStream)
class ListLtsConfigs(Paged):
    """List the logs of instances that are sent to streams of Log Tank Service."""

    instance_id: InstanceId | None = None
    """Only this instance."""
    instance_name: str | None = None
    """Only instances whose name contains this."""
    enterprise_project_id: EnterpriseProjectId | None = None
    """Only instances of this enterprise project."""


@post("/v3/{project_id}/instances/logs/lts-configs", returns=StreamSet)
class SaveLtsConfigs(Operation):
    """Send a log of instances to a stream of Log Tank Service."""

    instance_ids: Instances
    """The instances."""
    log_type: LogType
    """The log: slow_log, or audit_log for instances that have one."""
    lts_group_id: Annotated[str, identifier("DBS.280001")]
    """The group of the stream."""
    lts_stream_id: Annotated[str, identifier("DBS.280001")]
    """The stream."""


@delete("/v3/{project_id}/instances/logs/lts-configs", returns=StreamSet)
class DeleteLtsConfigs(Operation):
    """Stop sending a log of instances to Log Tank Service."""

    instance_ids: Instances
    """The instances."""
    log_type: LogType
    """The log: slow_log, or audit_log for instances that have one."""


class Logs(Group):
    """The logs of instances, and the streams to which they are sent."""

    cassandra_slow = call(ListCassandraSlowLogs)
    influxdb_slow = call(ListInfluxdbSlowLogs)
    mongodb_slow = call(ListMongodbSlowLogs)
    redis_slow = call(ListRedisSlowLogs)
    mongodb_errors = call(ListMongodbErrorLogs)
    get_masking = call(ShowSlowLogDesensitization)
    set_masking = call(SwitchSlowlogDesensitization)
    streams = call(ListLtsConfigs)
    instances = call(ListLtsConfigs, returns=LoggingInstance)
    enable_stream = call(SaveLtsConfigs)
    disable_stream = call(DeleteLtsConfigs)
