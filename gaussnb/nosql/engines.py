"""One table of what can be created: engine, version, mode, nodes, storage, flavors, port, features.

The spec judges by it, the form shows its limits and its advice, the sandbox stocks its shelves from it.

The service's documents do not always agree with each other. A :class:`Span` therefore holds two
ranges: what *some* document accepts, beyond which client and sandbox refuse, and what *every*
document accepts, which the form recommends.

>>> mode("cassandra", "Cluster").nodes
Span(low=3, high=200, usual=3, safe_low=3, safe_high=12, step=1)
>>> [flavor.spec_code for flavor in flavors("influxdb", "EnhancedCluster")]
['geminidb.influxdb.sqlstore.large.4']
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from .fields import EngineName, ModeName, ProductType

Feature = Literal["disk encryption", "point-in-time restore", "disaster recovery", "two zones"]
"""What only some modes can do. "two zones": the primary in one availability zone, the standby in
another."""

STORAGE_ENGINE: Literal["rocksDB"] = "rocksDB"
STORAGE_TYPE: Literal["ULTRAHIGH"] = "ULTRAHIGH"


@dataclass(frozen=True)
class Span:
    """A range of whole numbers, and the advice that goes with it."""

    low: int
    """The smallest number some document accepts."""
    high: int | None
    """The largest number some document accepts; None where none is known."""
    usual: int
    """A good first choice."""
    safe_low: int
    """The smallest number every document accepts."""
    safe_high: int | None
    """The largest number every document accepts; None where none is known."""
    step: int = 1
    """The safe numbers are multiples of this."""

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.low <= number and (self.high is None or number <= self.high)

    @property
    def says(self) -> str:
        """What is allowed, for the middle of a sentence."""
        return _range(self.low, self.high)

    @property
    def advice(self) -> str:
        """What is safe, for the middle of a sentence."""
        steps = f" in steps of {self.step}" if self.step > 1 else ""
        return f"{_range(self.safe_low, self.safe_high)}{steps}"


def _range(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more"
    return f"exactly {low}" if low == high else f"{low} to {high}"


@dataclass(frozen=True)
class Flavor:
    """A specification: the size of one node."""

    spec_code: str
    family: str
    """The spec code without size and ratio; it belongs to the modes with the same family."""
    vcpus: int
    ram: int
    """In GB."""
    storage: Span | None
    """The storage of an instance of this flavor, in GB; None where only the mode limits it."""


@dataclass(frozen=True)
class Mode:
    """One way to deploy one engine."""

    engine: EngineName
    name: ModeName
    title: str
    """What it is, for people."""
    versions: tuple[str, ...]
    """The versions that can be created, the recommended one first."""
    family: str
    """Its flavors' spec codes start with this."""
    flavor: str
    """The spec code of a good first choice."""
    nodes: Span
    storage: Span
    """In GB, where the flavor does not say it more exactly."""
    features: frozenset[Feature] = frozenset()
    product_types: tuple[ProductType, ...] = ()
    """One of these must be given; empty where the field means nothing."""


@dataclass(frozen=True)
class Engine:
    """One database engine of the service."""

    name: EngineName
    title: str
    """Its product name."""
    modes: Mapping[str, Mode]
    """Its modes by name, the recommended one first."""
    port: int
    """Where it listens unless told otherwise."""
    ports: range
    """Other ports some document accepts for it; empty where it always listens at ``port``."""
    create_seconds: int
    """How long a creation takes, roughly."""

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version of every mode, without repeats."""
        return tuple(dict.fromkeys(v for mode in self.modes.values() for v in mode.versions))

    def takes_port(self, port: int) -> bool:
        """Whether an instance may listen at ``port``."""
        return port == self.port or (port in self.ports and port not in RESERVED_PORTS)

    @property
    def ports_say(self) -> str:
        """Which ports are allowed, for the end of a sentence."""
        if len(self.ports) <= 1:
            return " or ".join(str(port) for port in (*self.ports, self.port))
        reserved = ", ".join(str(port) for port in sorted(RESERVED_PORTS))
        return f"{self.ports[0]} to {self.ports[-1]} except {reserved}"


# -------------------------------------------------------------------------------------- the table

RESERVED_PORTS = frozenset(
    (2180, 2887, 3887, 6377, 6378, 6380, 8018, 8079, 8091, 8479, 8484, 8999, 12017, 12333, 50069)
)
"""Ports the service keeps for itself."""
DOUBTFUL_PORTS = frozenset((9864, 9866, 9867))
"""Ports only some documents call reserved: accepted, not recommended."""
DUAL_ACTIVE_PORT = 8635
"""The port a Redis instance needs to become half of a dual-active pair."""

#                        any document  | usual | every document
_MANY_NODES = Span(low=3, high=200, usual=3, safe_low=3, safe_high=12)
_INFLUX_NODES = Span(low=3, high=16, usual=3, safe_low=3, safe_high=16)
_ENHANCED_NODES = Span(low=2, high=16, usual=2, safe_low=2, safe_high=16)
_REDIS_NODES = Span(low=2, high=22, usual=3, safe_low=3, safe_high=12)
_PAIR = Span(low=2, high=12, usual=2, safe_low=2, safe_high=2)
_THREE = Span(low=3, high=3, usual=3, safe_low=3, safe_high=3)
_ONE = Span(low=1, high=1, usual=1, safe_low=1, safe_high=1)

_FROM_10_GB = Span(low=10, high=None, usual=100, safe_low=100, safe_high=None, step=10)
_FROM_100_GB = Span(low=100, high=None, usual=100, safe_low=100, safe_high=None, step=10)
_REDIS_GB = Span(low=2, high=None, usual=24, safe_low=4, safe_high=None)
_PAIR_GB = Span(low=2, high=None, usual=16, safe_low=2, safe_high=None)

_CASSANDRA, _CASSANDRA_CLOUD = "geminidb.cassandra", "geminidb.cassandra-geminifs"
_REPSET = "geminidb.mongodb.repset"
_INFLUX, _INFLUX_CLOUD = "geminidb.influxdb", "geminidb.influxdb-geminifs"
_SINGLE, _SQLSTORE = "geminidb.influxdb.single", "geminidb.influxdb.sqlstore"
_REDIS = "geminidb.redis"

_ENCRYPTS: Feature = "disk encryption"
_REWINDS: Feature = "point-in-time restore"
_RECOVERS: Feature = "disaster recovery"
_TWO_ZONES: Feature = "two zones"
_PRODUCTS: tuple[ProductType, ...] = ("Capacity", "Standard", "Performance")


# fmt: off
_MODES = (
    Mode("cassandra", "Cluster", "classic cluster", ("3.11", "4.0"),
         _CASSANDRA, f"{_CASSANDRA}.xlarge.4", _MANY_NODES, _FROM_10_GB,
         frozenset((_ENCRYPTS, _REWINDS, _RECOVERS))),
    Mode("cassandra", "CloudNativeCluster", "cloud-native cluster", ("3.11", "4.0"),
         _CASSANDRA_CLOUD, f"{_CASSANDRA_CLOUD}.xlarge.4", _MANY_NODES, _FROM_10_GB,
         frozenset((_REWINDS, _RECOVERS))),
    Mode("mongodb", "ReplicaSet", "replica set", ("4.0", "3.4"),
         _REPSET, f"{_REPSET}.xlarge.4", _THREE, _FROM_100_GB),
    Mode("influxdb", "Cluster", "classic cluster", ("1.8",),
         _INFLUX, f"{_INFLUX}.xlarge.4", _INFLUX_NODES, _FROM_100_GB,
         frozenset((_REWINDS,))),
    Mode("influxdb", "InfluxdbSingle", "single node", ("1.8",),
         _SINGLE, f"{_SINGLE}.xlarge.2", _ONE, _FROM_100_GB),
    Mode("influxdb", "EnhancedCluster", "enhanced classic cluster", ("1.8",),
         _SQLSTORE, f"{_SQLSTORE}.large.4", _ENHANCED_NODES, _FROM_100_GB,
         frozenset((_REWINDS,))),
    Mode("influxdb", "CloudNativeCluster", "cloud-native cluster", ("1.7",),
         _INFLUX_CLOUD, f"{_INFLUX_CLOUD}.xlarge.4", _INFLUX_NODES, _FROM_100_GB,
         frozenset((_ENCRYPTS, _REWINDS))),
    Mode("redis", "Cluster", "cluster behind a proxy", ("5.0",),
         _REDIS, f"{_REDIS}.large.4", _REDIS_NODES, _REDIS_GB),
    Mode("redis", "RedisCluster", "Redis Cluster protocol", ("5.0",),
         _REDIS, f"{_REDIS}.large.4", _REDIS_NODES, _REDIS_GB),
    Mode("redis", "Replication", "primary and standby", ("5.0",),
         _REDIS, f"{_REDIS}.large.4", _PAIR, _PAIR_GB,
         frozenset((_TWO_ZONES,))),
    Mode("redis", "CloudNativeCluster", "cloud-native cluster", ("5.0",),
         _REDIS, f"{_REDIS}.large.4", _REDIS_NODES, _REDIS_GB, product_types=_PRODUCTS),
    Mode("dynamodb", "Cluster", "classic cluster", ("",),
         _CASSANDRA, f"{_CASSANDRA}.xlarge.4", _MANY_NODES, _FROM_10_GB,
         frozenset((_ENCRYPTS,))),
    Mode("dynamodb", "CloudNativeCluster", "cloud-native cluster", ("",),
         _CASSANDRA_CLOUD, f"{_CASSANDRA_CLOUD}.xlarge.4", _MANY_NODES, _FROM_10_GB,
         frozenset((_ENCRYPTS,))),
    Mode("hbase", "Cluster", "classic cluster", ("",),
         _CASSANDRA, f"{_CASSANDRA}.xlarge.4", _MANY_NODES, _FROM_10_GB),
    Mode("hbase", "CloudNativeCluster", "cloud-native cluster", ("",),
         _CASSANDRA_CLOUD, f"{_CASSANDRA_CLOUD}.xlarge.4", _MANY_NODES, _FROM_10_GB),
)


def _engine(name: EngineName, title: str, port: int, ports: range, create_seconds: int) -> Engine:
    modes: dict[str, Mode] = {mode.name: mode for mode in _MODES if mode.engine == name}
    return Engine(name, title, MappingProxyType(modes), port, ports, create_seconds)


ENGINES: Mapping[str, Engine] = MappingProxyType({
    one.name: one for one in (
        # One document gives Cassandra port 9042, another says that only Redis takes a port.
        _engine("cassandra", "GeminiDB Cassandra", 8635, range(9042, 9043), 420),
        _engine("mongodb", "GeminiDB Mongo", 8635, range(0), 480),
        _engine("influxdb", "GeminiDB Influx", 8635, range(0), 600),
        _engine("redis", "GeminiDB Redis", 6379, range(1024, 65536), 300),
        _engine("dynamodb", "GeminiDB DynamoDB-compatible", 8635, range(0), 420),
        _engine("hbase", "GeminiDB HBase", 8635, range(0), 420),
    )
})
"""Every engine, by the name it has on the wire."""


_VCPUS = {
    "medium": 1, "large": 2, "xlarge": 4, "2xlarge": 8,
    "4xlarge": 16, "6xlarge": 24, "8xlarge": 32, "15xlarge": 60,
}

_SIZES: tuple[tuple[str, int, int, dict[str, tuple[int, int] | None]], ...] = (
    # family, GB of RAM per vCPU, smallest GB, size: largest GB by (any document, every document)
    (_CASSANDRA, 4, 10, {
        "large": (96_000, 12_000), "xlarge": (96_000, 24_000), "2xlarge": (96_000, 48_000),
        "4xlarge": (96_000, 96_000), "8xlarge": (192_000, 192_000)}),
    (_CASSANDRA, 8, 10, {
        "xlarge": (96_000, 24_000), "2xlarge": (96_000, 48_000), "4xlarge": (96_000, 96_000),
        "8xlarge": (192_000, 192_000), "15xlarge": (384_000, 384_000)}),
    (_CASSANDRA, 8, 100, {"large": (12_000, 12_000), "6xlarge": (144_000, 144_000)}),
    (_CASSANDRA_CLOUD, 4, 10, dict.fromkeys(
        ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge"), (64_000, 64_000))),
    (_REPSET, 4, 100, {
        "large": (600, 600), "xlarge": (1200, 1200), "2xlarge": (2400, 2400),
        "4xlarge": (4800, 4800), "8xlarge": (9600, 9600)}),
    (_REPSET, 8, 100, {
        "xlarge": (1200, 1200), "2xlarge": (2400, 2400),
        "4xlarge": (4800, 4800), "8xlarge": (9600, 9600)}),
    (_INFLUX, 4, 100, {
        "large": (96_000, 12_000), "xlarge": (96_000, 24_000), "2xlarge": (96_000, 48_000),
        "4xlarge": (96_000, 96_000), "8xlarge": (192_000, 192_000)}),
    (_INFLUX, 8, 100, {
        "large": (12_000, 12_000), "xlarge": (24_000, 24_000), "2xlarge": (48_000, 48_000),
        "4xlarge": (96_000, 96_000), "8xlarge": (192_000, 192_000)}),
    (_INFLUX_CLOUD, 4, 100, dict.fromkeys(
        ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge"), (64_000, 64_000))),
    (_SINGLE, 2, 100, {
        "xlarge": (1000, 1000), "2xlarge": (2000, 2000),
        "4xlarge": (4000, 4000), "8xlarge": (8000, 8000)}),
    (_SQLSTORE, 4, 100, {"large": None}),
    (_REDIS, 2, 2, dict.fromkeys(("medium", "large"))),
    (_REDIS, 4, 2, dict.fromkeys(("medium", "large", "xlarge", "2xlarge", "4xlarge"))),
)


@dataclass(frozen=True)
class Combination:
    """A Redis instance as the console's fast configuration offers it."""

    storage: int
    """In GB."""
    nodes: int
    spec_code: str


REDIS_COMBINATIONS = tuple(
    Combination(storage, nodes, f"{_REDIS}.{size}")
    for storage, nodes, size in (
        (4, 2, "medium.2"), (8, 2, "medium.4"), (16, 2, "large.4"), (24, 3, "large.4"),
        (32, 4, "large.4"), (48, 3, "xlarge.4"), (64, 4, "xlarge.4"), (96, 3, "2xlarge.4"),
        (128, 4, "2xlarge.4"), (192, 6, "2xlarge.4"), (256, 8, "2xlarge.4"),
        (384, 10, "2xlarge.4"), (512, 6, "4xlarge.4"), (768, 9, "4xlarge.4"),
        (1024, 12, "4xlarge.4"), (2048, 22, "4xlarge.4"),
    )
)
"""Storage, nodes and flavor of Redis that go well together. Others are allowed."""
# fmt: on


def _flavor(family: str, size: str, ratio: int, low: int, highs: tuple[int, int] | None) -> Flavor:
    vcpus = _VCPUS[size]
    storage = highs and Span(low=low, high=highs[0], usual=100, safe_low=100, safe_high=highs[1], step=10)
    return Flavor(f"{family}.{size}.{ratio}", family, vcpus, vcpus * ratio, storage)


FLAVORS: Mapping[str, Flavor] = MappingProxyType(
    {
        one.spec_code: one
        for family, ratio, low, sizes in _SIZES
        for size, highs in sizes.items()
        for one in [_flavor(family, size, ratio, low, highs)]
    }
)
"""Every flavor that is documented, by spec code. The service may know more."""

# ------------------------------------------------------------------------------------- questions


def engine(name: str) -> Engine:
    """The engine called ``name`` on the wire.

    Raises:
        KeyError: for a name no engine has.
    """
    return ENGINES[name]


def mode(engine: str, mode: str) -> Mode:
    """The mode called ``mode`` of an engine.

    Raises:
        KeyError: when the engine has no such mode.
    """
    return ENGINES[engine].modes[mode]


def modes() -> tuple[Mode, ...]:
    """Every mode of every engine."""
    return _MODES


def flavor(spec_code: str) -> Flavor | None:
    """The flavor with this spec code, or None: the service may know flavors this table does not.

    >>> flavor("geminidb.cassandra.4xlarge.4").ram
    64
    """
    return FLAVORS.get(spec_code)


def flavors(engine: str | None = None, mode: str | None = None, product_type: str | None = None) -> tuple[Flavor, ...]:
    """The documented flavors that fit, in the order of the table.

    Args:
        engine: only flavors of this engine.
        mode: only flavors of this mode.
        product_type: only flavors of modes that come in this product type.
    """
    families = {
        one.family
        for one in _MODES
        if engine in (None, one.engine)
        and mode in (None, one.name)
        and (product_type is None or product_type in one.product_types)
    }
    return tuple(one for one in FLAVORS.values() if one.family in families)


def family(spec_code: str) -> str | None:
    """The family a spec code belongs to, documented or not: the longest one it starts with.

    >>> family("geminidb.influxdb.single.16xlarge.2")
    'geminidb.influxdb.single'
    """
    fitting = {one.family for one in _MODES if spec_code.startswith(f"{one.family}.")}
    return max(fitting, key=len, default=None)


def storage(mode: Mode, spec_code: str) -> Span:
    """How much storage an instance of this mode and flavor may have, in GB."""
    known = flavor(spec_code)
    if known is None or known.storage is None or known.family != mode.family:
        return mode.storage
    return known.storage
