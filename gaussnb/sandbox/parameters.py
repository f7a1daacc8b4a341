"""The parameters of the engines, as data: a choice of the real ones, with plausible ranges.

>>> [one.name for one in parameters("redis") if one.restart_required]
['maxclients', 'databases']
>>> parameter("redis", "timeout").problem("-1")
'0-86400'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from ..nosql.engines import ENGINES

ParameterType = Literal["integer", "float", "boolean", "list", "string"]


@dataclass(frozen=True)
class Parameter:
    """One parameter of an engine."""

    name: str
    type: ParameterType
    default: str
    value_range: str
    """``0-100`` for numbers, words with ``|`` between them for lists and booleans, an expression for strings."""
    description: str
    restart_required: bool = False
    readonly: bool = False

    def problem(self, value: str) -> str:
        """The allowed values, if a value is not allowed; empty if it is."""
        return "" if _FITS[self.type](value, self.value_range) else self.value_range

    def wire(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The parameter as lists show it, with its value among ``values`` or the default."""
        return {
            "name": self.name,
            "value": values.get(self.name, self.default),
            "restart_required": self.restart_required,
            "readonly": self.readonly,
            "value_range": self.value_range,
            "type": self.type,
            "description": self.description,
        }


def _in_range(value: str, bounds: str, pattern: str) -> bool:
    low, _, high = bounds.partition("-")
    return re.fullmatch(pattern, value) is not None and float(low) <= float(value) <= float(high)


_FITS: Mapping[ParameterType, Callable[[str, str], bool]] = {
    "integer": lambda value, bounds: _in_range(value, bounds, r"\d{1,18}"),
    "float": lambda value, bounds: _in_range(value, bounds, r"\d{1,9}(\.\d{1,9})?"),
    "boolean": lambda value, words: value in words.split("|"),
    "list": lambda value, words: value in words.split("|"),
    "string": lambda value, pattern: re.fullmatch(pattern, value) is not None,
}

_SWITCH = "true|false"
_P = Parameter

# fmt: off
_CASSANDRA = (
    _P("concurrent_reads", "integer", "64", "8-1024", "How many reads run at the same time.", True),
    _P("concurrent_writes", "integer", "64", "8-1024", "How many writes run at the same time.", True),
    _P("read_request_timeout_in_ms", "integer", "5000", "100-600000", "How long a read waits for its replicas."),
    _P("write_request_timeout_in_ms", "integer", "2000", "100-600000", "How long a write waits for its replicas."),
    _P("range_request_timeout_in_ms", "integer", "10000", "100-600000", "How long a scan waits for its replicas."),
    _P("slow_query_log_timeout_in_ms", "integer", "500", "0-60000", "From when on a statement is slow; 0 for never."),
    _P("batch_size_warn_threshold_in_kb", "integer", "5", "1-10240", "The size of a batch that is warned about."),
    _P("batch_size_fail_threshold_in_kb", "integer", "50", "1-10240", "The size of a batch that is refused."),
    _P("tombstone_warn_threshold", "integer", "1000", "1-1000000", "How many tombstones a scan is warned about."),
    _P("tombstone_failure_threshold", "integer", "100000", "1-10000000", "How many tombstones end a scan."),
    _P("compaction_throughput_mb_per_sec", "integer", "64", "0-1024", "How fast compaction writes; 0 for no limit."),
    _P("native_transport_max_threads", "integer", "128", "32-2048", "How many requests are served at once.", True),
    _P("hinted_handoff_enabled", "boolean", "true", _SWITCH, "Whether writes are kept for nodes that are away."),
    _P("internode_compression", "list", "dc", "all|dc|none", "What is compressed between nodes.", True),
    _P("partitioner", "list", "Murmur3Partitioner", "Murmur3Partitioner", "How keys are spread.", True, True),
)
_MONGODB = (
    _P("net.maxIncomingConnections", "integer", "4000", "200-16000", "How many clients may be connected.", True),
    _P("operationProfiling.mode", "list", "slowOp", "off|slowOp|all", "Which statements are profiled."),
    _P("operationProfiling.slowOpThresholdMs", "integer", "500", "10-100000", "From when on a statement is slow."),
    _P("operationProfiling.slowOpSampleRate", "float", "1.0", "0-1", "The share of slow statements that is logged."),
    _P("cursorTimeoutMillis", "integer", "600000", "600000-1000000", "How long an idle cursor is kept."),
    _P("internalQueryExecMaxBlockingSortBytes", "integer", "33554432", "33554432-536870912",
       "The most memory a sort may take."),
    _P("maxTransactionLockRequestTimeoutMillis", "integer", "5", "5-100", "How long a transaction waits for locks."),
    _P("replication.enableMajorityReadConcern", "boolean", "false", _SWITCH,
       "Whether only what most members have is read.", True),
    _P("security.javascriptEnabled", "boolean", "true", _SWITCH, "Whether JavaScript runs in the server.", True),
    _P("ttlMonitorEnabled", "boolean", "true", _SWITCH, "Whether what is too old is deleted."),
    _P("wiredTigerConcurrentReadTransactions", "integer", "128", "1-1024", "How many reads run at the same time."),
    _P("replication.replSetName", "string", "replica", r"\w{1,32}", "What the replica set is called.", True, True),
)
_INFLUXDB = (
    _P("query-timeout", "integer", "60", "0-3600", "After how many seconds a query is ended; 0 for never."),
    _P("write-timeout", "integer", "10", "1-600", "How many seconds a write waits for its replicas."),
    _P("log-queries-after", "integer", "5", "0-3600", "From how many seconds on a query is slow; 0 for never."),
    _P("max-concurrent-queries", "integer", "0", "0-10000", "How many queries run at once; 0 for no limit.", True),
    _P("max-select-point", "integer", "0", "0-1000000000", "How many points a query may read; 0 for no limit."),
    _P("max-select-series", "integer", "0", "0-1000000000", "How many series a query may read; 0 for no limit."),
    _P("max-series-per-database", "integer", "0", "0-1000000000", "How many series a database may have.", True),
    _P("max-values-per-tag", "integer", "0", "0-1000000000", "How many values a tag may have; 0 for no limit.", True),
    _P("max-connection-limit", "integer", "0", "0-100000", "How many clients may be connected; 0 for no limit.", True),
    _P("cache-max-memory-size", "integer", "1073741824", "268435456-17179869184", "How much the cache holds.", True),
    _P("log-enabled", "boolean", "true", _SWITCH, "Whether requests are logged."),
    _P("index-version", "list", "tsi1", "tsi1", "How series are found.", True, True),
)
_REDIS = (
    _P("maxclients", "integer", "10000", "1000-50000", "How many clients may be connected to a node.", True),
    _P("databases", "integer", "1000", "1-65536", "How many databases there are.", True),
    _P("timeout", "integer", "0", "0-86400", "After how many idle seconds a client is let go; 0 for never."),
    _P("slowlog-log-slower-than", "integer", "10000", "0-10000000", "From how many microseconds on a command is slow."),
    _P("slowlog-max-len", "integer", "128", "0-10000", "How many slow commands are kept."),
    _P("maxmemory-policy", "list", "noeviction",
       "noeviction|allkeys-lru|volatile-lru|allkeys-random|volatile-random|volatile-ttl",
       "What is dropped when there is no room."),
    _P("notify-keyspace-events", "string", "", "[KEg$lszhxeA]{0,11}", "Which changes of keys are published."),
    _P("hash-max-ziplist-entries", "integer", "512", "1-10000", "Up to how many fields a hash is kept compact."),
    _P("lua-time-limit", "integer", "5000", "100-5000", "After how many milliseconds a script may be stopped."),
    _P("proto-max-bulk-len", "integer", "536870912", "1048576-536870912", "The longest value, in bytes."),
    _P("UseRange", "boolean", "true", _SWITCH, "Whether keys are looked up in order."),
    _P("cluster-require-full-coverage", "boolean", "false", _SWITCH, "Whether every slot is needed.", False, True),
)
# fmt: on

_TABLE: Mapping[str, tuple[Parameter, ...]] = {
    "cassandra": _CASSANDRA,
    "mongodb": _MONGODB,
    "influxdb": _INFLUXDB,
    "redis": _REDIS,
}


def parameters(engine: str) -> tuple[Parameter, ...]:
    """The parameters of an engine, in the order they are shown."""
    return _TABLE[ENGINES[engine].built_on or engine]


@cache
def _by_name(engine: str) -> Mapping[str, Parameter]:
    return {one.name: one for one in parameters(engine)}


def parameter(engine: str, name: str) -> Parameter | None:
    """The parameter of an engine with that name, or None."""
    return _by_name(engine).get(name)
