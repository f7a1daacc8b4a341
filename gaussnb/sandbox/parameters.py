"""The parameters an instance of the sandbox has, by engine: a few of each, with the values they may have."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Parameter:
    """One parameter of an engine."""

    name: str
    value: str
    """Its default."""
    range: str
    """``low-high`` for numbers, ``a|b`` for words."""
    type: str = "integer"
    restart: bool = False
    """Whether a change needs a restart."""
    about: str = ""

    def takes(self, value: str) -> bool:
        """Whether it may have a value."""
        if self.type == "integer":
            low, _, high = self.range.partition("-")
            return value.isdigit() and int(low) <= int(value) <= int(high)
        return value in self.range.split("|")

    def wire(self, value: str) -> dict[str, object]:
        return {
            "name": self.name,
            "value": value,
            "restart_required": self.restart,
            "readonly": False,
            "value_range": self.range,
            "type": self.type,
            "description": self.about,
        }


_CASSANDRA = (
    Parameter("concurrent_reads", "64", "4-1024", restart=True, about="Reads a node serves at the same time."),
    Parameter("concurrent_writes", "64", "4-1024", restart=True, about="Writes a node serves at the same time."),
    Parameter("request_timeout_in_ms", "10000", "100-200000", about="Milliseconds until a request is given up."),
    Parameter("batch_size_warn_threshold_in_kb", "5", "1-500", about="Size of a batch that is warned of, in KB."),
)
_MONGODB = (
    Parameter("net.maxIncomingConnections", "1000", "200-16000", about="Connections a node takes."),
    Parameter("operationProfiling.slowOpThresholdMs", "500", "0-60000", about="Milliseconds that count as slow."),
    Parameter("operationProfiling.mode", "slowOp", "off|slowOp|all", "string", about="What is profiled."),
)
_INFLUXDB = (
    Parameter("query-timeout", "60", "0-3600", about="Seconds until a query is given up."),
    Parameter("max-concurrent-queries", "0", "0-10000", about="Queries at the same time; 0 for no limit."),
    Parameter("log-enabled", "true", "true|false", "boolean", restart=True, about="Whether requests are logged."),
)
_REDIS = (
    Parameter("slowlog-log-slower-than", "10000", "0-60000000", about="Microseconds that count as slow."),
    Parameter("timeout", "0", "0-86400", about="Seconds until an idle connection is closed; 0 for never."),
    Parameter("notify-keyspace-events", "off", "off|on", "string", restart=True, about="Whether changes are told."),
)
PARAMETERS = MappingProxyType(
    {
        engine: {one.name: one for one in known}
        for engine, known in {
            "cassandra": _CASSANDRA,
            "dynamodb": _CASSANDRA,
            "hbase": _CASSANDRA,
            "mongodb": _MONGODB,
            "influxdb": _INFLUXDB,
            "redis": _REDIS,
        }.items()
    }
)
"""By engine and name."""
