"""The one table of facts about database engines: versions, modes, nodes, storage, flavors, ports, features.

:class:`~gaussnb.nosql.instance_spec.InstanceSpec` checks values against it, the form shows its limits and its
recommendations, and the sandbox offers and enforces what it says. No other module holds a fact about an engine.

The service's documents do not always agree with each other. A :class:`Span` therefore holds two ranges: the numbers
that *some* document accepts (client and sandbox refuse all others), and the numbers that *every* document accepts
(the form recommends them).

>>> mode("cassandra", "Cluster").nodes
Span(low=3, high=200, usual=3, safe_low=3, safe_high=12, step=1)
>>> [flavor.spec_code for flavor in flavors("influxdb", "EnhancedCluster")]
['geminidb.influxdb.sqlstore.large.4']
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from .fields import EngineName, ModeName, ProductType

Feature = Literal["disk encryption", "point-in-time restore", "disaster recovery", "two zones"]
"""A feature that only some modes have. "two zones" means: the primary node runs in one availability zone, the standby
node in another."""

LogType = Literal["slow_log", "audit_log"]
"""A log that can be sent to Log Tank Service."""

STORAGE_ENGINE: Literal["rocksDB"] = "rocksDB"
STORAGE_TYPE: Literal["ULTRAHIGH"] = "ULTRAHIGH"


@dataclass(frozen=True)
class Span:
    """A range of whole numbers, with a recommended range inside it."""

    low: int
    """The smallest number that some document accepts."""
    high: int | None
    """The largest number that some document accepts; None where no document names one."""
    usual: int
    """A good first choice."""
    safe_low: int
    """The smallest number that every document accepts."""
    safe_high: int | None
    """The largest number that every document accepts; None where no document names one."""
    step: int = 1
    """The recommended numbers are multiples of this."""

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.low <= number and (self.high is None or number <= self.high)

    @property
    def says(self) -> str:
        """The allowed range as a phrase, like ``3 to 200``."""
        return _range(self.low, self.high)

    @property
    def advice(self) -> str:
        """The recommended range as a phrase, like ``100 or more in steps of 10``."""
        steps = f" in steps of {self.step}" if self.step > 1 else ""
        return f"{_range(self.safe_low, self.safe_high)}{steps}"


def _range(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more"
    return f"exactly {low}" if low == high else f"{low} to {high}"


@dataclass(frozen=True)
class Flavor:
    """A node specification: the CPUs and the memory of one node."""

    spec_code: str
    family: str
    """The spec code without size and ratio. A mode offers the flavors of its own family."""
    vcpus: int
    ram: int
    """Memory in GB."""
    storage: Span | None
    """The storage of an instance of this flavor, in GB; None where only the mode limits the storage."""


@dataclass(frozen=True)
class Mode:
    """A way to deploy an engine, like a cluster or a primary with a standby."""

    engine: EngineName
    name: ModeName
    title: str
    """The name that people read, like "classic cluster"."""
    versions: tuple[str, ...]
    """The versions that can be created, the recommended one first."""
    family: str
    """The spec codes of its flavors start with this text."""
    flavor: str
    """The spec code that the form proposes first."""
    nodes: Span
    storage: Span
    """The storage of an instance in GB; the limits of a flavor, where it has some, go before these."""
    features: frozenset[Feature] = frozenset()
    product_types: tuple[ProductType, ...] = ()
    """The product types to choose from; empty where the mode has none and the field stays empty."""
    classic: bool = True
    """True if its storage belongs to its nodes. The service lists the flavors of all classic modes of an engine
    together, and those of every other mode under the name of the mode."""
    balanced: bool = False
    """True if its instances have a load balancer, which takes an address of the subnet."""
    node_roles: tuple[str, str] = ("", "")
    """The role of the first node, and the role of all others; empty where nodes have no roles."""
    node_restart: bool = False
    """True if a single node can be restarted."""
    databases: int = 0
    """The number of numbered databases in an instance; 0 where the databases of an engine have names."""
    caches_mysql: bool = False
    """True if an instance can cache the rows of a MySQL instance."""

    @property
    def flavor_mode(self) -> ModeName | None:
        """The mode to ask the service's list of flavors for; None for a classic mode, which has no list of its own."""
        return None if self.classic else self.name


@dataclass(frozen=True)
class AutoEnlarge:
    """Automatic storage expansion of an engine: the defaults of a policy, and the limits of its values."""

    threshold: int
    """The percentage of storage in use at which storage is added, where the policy names none."""
    step: int
    """The percentage by which storage grows, where the policy names none."""
    least: int
    """The smallest growth in GB."""
    threshold_low: int = 0
    """The smallest threshold that is accepted."""


@dataclass(frozen=True)
class Engine:
    """A database engine of the service."""

    name: EngineName
    title: str
    """The product name."""
    modes: Mapping[str, Mode]
    """The modes by name, the recommended one first."""
    port: int
    """The port of a new instance, where the request names none."""
    ports: range
    """Other ports that some document accepts for a new instance; empty where ``port`` is the only one."""
    create_seconds: int
    """About how many seconds the creation of an instance takes."""
    id_suffix: str
    """The last two digits of every id that belongs to an instance of this engine."""
    node_word: str = "node"
    """The middle part of the names of nodes: instance name, this word, number."""
    built_on: EngineName | None = None
    """The engine whose flavors, parameters and logs this engine uses; None where it has its own."""
    new_ports: range = range(0)
    """The ports that the port of a running instance can be changed to, except ``kept_ports``; empty where the port
    cannot be changed."""
    kept_ports: frozenset[int] = frozenset()
    """The ports among ``new_ports`` that the service keeps for itself."""
    auto_enlarge: AutoEnlarge | None = None
    """The defaults and limits of automatic storage expansion; None where the engine has none."""
    node_subnets: bool = False
    """True if new nodes can be placed in a subnet other than the instance's."""
    table_backups: bool = False
    """True if a backup can hold single tables."""
    removes_one: bool = False
    """True if each request can remove only one node."""
    template_mode: bool = False
    """True if a parameter template must name a mode; otherwise the first classic mode is taken."""
    log_types: tuple[LogType, ...] = ("slow_log",)
    """The logs that can be sent to Log Tank Service."""

    @property
    def flavors_of(self) -> EngineName:
        """The engine under whose name the service lists the flavors of this one.

        >>> engine("hbase").flavors_of
        'cassandra'
        """
        return self.built_on or self.name

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version of every mode, without repeats."""
        return tuple(dict.fromkeys(v for mode in self.modes.values() for v in mode.versions))

    @property
    def has_versions(self) -> bool:
        """False if the engine has no version numbers: then the version in a request is an empty text."""
        return self.versions != ("",)

    @property
    def classic_mode(self) -> Mode:
        """The first classic mode."""
        return next(mode for mode in self.modes.values() if mode.classic)

    def takes_port(self, port: int) -> bool:
        """True if a new instance may listen at ``port``."""
        return port == self.port or (port in self.ports and port not in RESERVED_PORTS)

    @property
    def ports_say(self) -> str:
        """The allowed ports of a new instance as a phrase, like ``9042 or 8635``."""
        if len(self.ports) <= 1:
            return " or ".join(str(port) for port in (*self.ports, self.port))
        reserved = ", ".join(str(port) for port in sorted(RESERVED_PORTS))
        return f"{self.ports[0]} to {self.ports[-1]} except {reserved}"


# -------------------------------------------------------------------------------------- the table

RESERVED_PORTS = frozenset(
    (2180, 2887, 3887, 6377, 6378, 6380, 8018, 8079, 8091, 8479, 8484, 8999, 12017, 12333, 50069)
)
"""Ports that the service keeps for itself."""
DOUBTFUL_PORTS = frozenset((9864, 9866, 9867))
"""Ports that only some documents call reserved: they are accepted, and not recommended."""
DUAL_ACTIVE_PORT = 8635
"""The port that a Redis instance needs to become one half of a dual-active pair."""
_CASSANDRA_KEPT = frozenset((7000, 7001, 7199, 8636, 8479, 8484, 8999, 8018, 2180, 2887, 3887, 8079, 8091, 8092))
_CHANGED_PORTS = range(2100, 9501)


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
         frozenset((_REWINDS, _RECOVERS)), classic=False),
    Mode("mongodb", "ReplicaSet", "replica set", ("4.0", "3.4"),
         _REPSET, f"{_REPSET}.xlarge.4", _THREE, _FROM_100_GB,
         node_roles=("Primary", "Secondary")),
    Mode("influxdb", "Cluster", "classic cluster", ("1.8",),
         _INFLUX, f"{_INFLUX}.xlarge.4", _INFLUX_NODES, _FROM_100_GB,
         frozenset((_REWINDS,))),
    Mode("influxdb", "InfluxdbSingle", "single node", ("1.8",),
         _SINGLE, f"{_SINGLE}.xlarge.2", _ONE, _FROM_100_GB),
    Mode("influxdb", "EnhancedCluster", "enhanced classic cluster", ("1.8",),
         _SQLSTORE, f"{_SQLSTORE}.large.4", _ENHANCED_NODES, _FROM_100_GB,
         frozenset((_REWINDS,)), classic=False),
    Mode("influxdb", "CloudNativeCluster", "cloud-native cluster", ("1.7",),
         _INFLUX_CLOUD, f"{_INFLUX_CLOUD}.xlarge.4", _INFLUX_NODES, _FROM_100_GB,
         frozenset((_ENCRYPTS, _REWINDS)), classic=False),
    Mode("redis", "Cluster", "cluster behind a proxy", ("5.0",),
         _REDIS, f"{_REDIS}.large.4", _REDIS_NODES, _REDIS_GB, balanced=True, databases=1000),
    Mode("redis", "RedisCluster", "Redis Cluster protocol", ("5.0",),
         _REDIS, f"{_REDIS}.large.4", _REDIS_NODES, _REDIS_GB, databases=1),
    Mode("redis", "Replication", "primary and standby", ("5.0",),
         _REDIS, f"{_REDIS}.large.4", _PAIR, _PAIR_GB,
         frozenset((_TWO_ZONES,)), databases=1000, caches_mysql=True),
    Mode("redis", "CloudNativeCluster", "cloud-native cluster", ("5.0",),
         _REDIS, f"{_REDIS}.large.4", _REDIS_NODES, _REDIS_GB, product_types=_PRODUCTS,
         classic=False, balanced=True, node_restart=True, databases=1000),
    Mode("dynamodb", "Cluster", "classic cluster", ("",),
         _CASSANDRA, f"{_CASSANDRA}.xlarge.4", _MANY_NODES, _FROM_10_GB,
         frozenset((_ENCRYPTS,))),
    Mode("dynamodb", "CloudNativeCluster", "cloud-native cluster", ("",),
         _CASSANDRA_CLOUD, f"{_CASSANDRA_CLOUD}.xlarge.4", _MANY_NODES, _FROM_10_GB,
         frozenset((_ENCRYPTS,)), classic=False),
    Mode("hbase", "Cluster", "classic cluster", ("",),
         _CASSANDRA, f"{_CASSANDRA}.xlarge.4", _MANY_NODES, _FROM_10_GB),
    Mode("hbase", "CloudNativeCluster", "cloud-native cluster", ("",),
         _CASSANDRA_CLOUD, f"{_CASSANDRA_CLOUD}.xlarge.4", _MANY_NODES, _FROM_10_GB,
         classic=False),
)


def _modes_of(name: EngineName) -> Mapping[str, Mode]:
    return MappingProxyType({mode.name: mode for mode in _MODES if mode.engine == name})


ENGINES: Mapping[str, Engine] = MappingProxyType({
    one.name: one for one in (
        Engine("cassandra", "GeminiDB Cassandra", _modes_of("cassandra"), port=8635,
               ports=range(9042, 9043),  # one document names it, another says that only Redis takes a port
               create_seconds=420, id_suffix="06", node_word="priam_node",
               new_ports=_CHANGED_PORTS, kept_ports=_CASSANDRA_KEPT,
               auto_enlarge=AutoEnlarge(threshold=90, step=10, least=100, threshold_low=80),
               node_subnets=True, table_backups=True),
        Engine("mongodb", "GeminiDB Mongo", _modes_of("mongodb"), port=8635, ports=range(0),
               create_seconds=480, id_suffix="02",
               new_ports=_CHANGED_PORTS, kept_ports=frozenset(range(8636, 8639)), template_mode=True),
        Engine("influxdb", "GeminiDB Influx", _modes_of("influxdb"), port=8635, ports=range(0),
               create_seconds=600, id_suffix="03"),
        Engine("redis", "GeminiDB Redis", _modes_of("redis"), port=6379, ports=range(1024, 65536),
               create_seconds=300, id_suffix="12",
               new_ports=range(1024, 65536), kept_ports=RESERVED_PORTS,
               auto_enlarge=AutoEnlarge(threshold=80, step=20, least=1),
               removes_one=True, log_types=("slow_log", "audit_log")),
        Engine("dynamodb", "GeminiDB DynamoDB-compatible", _modes_of("dynamodb"), port=8635, ports=range(0),
               create_seconds=420, id_suffix="13", built_on="cassandra"),
        Engine("hbase", "GeminiDB HBase", _modes_of("hbase"), port=8635, ports=range(0),
               create_seconds=420, id_suffix="14", built_on="cassandra"),
    )
})
"""Every engine, by its name in requests."""


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
    """A size of a Redis instance that the console offers as a fast configuration."""

    storage: int
    """Storage of the instance in GB."""
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
"""The sizes that the console recommends for Redis. Other sizes are allowed."""
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
"""Every documented flavor, by spec code. The service may have more."""

# ------------------------------------------------------------------------------------- look-ups


def engine(name: str) -> Engine:
    """The engine with this name in requests.

    Raises:
        KeyError: no engine has this name.
    """
    return ENGINES[name]


def mode(engine: str, mode: str) -> Mode:
    """The mode of an engine with this name.

    Raises:
        KeyError: there is no such engine, or it has no such mode.
    """
    return ENGINES[engine].modes[mode]


def modes() -> tuple[Mode, ...]:
    """Every mode of every engine."""
    return _MODES


def modes_for(only: Iterable[str]) -> frozenset[Mode]:
    """The modes that an operation is for, from the names in its declaration (``only`` of its route).

    Args:
        only: names of engines, like ``redis``, or of an engine and a mode, like ``redis Replication``.

    Returns:
        The modes; every mode when there are no names.

    Raises:
        ValueError: no engine or mode has one of the names.

    >>> [f"{one.engine} {one.name}" for one in modes_for(["redis Replication"])]
    ['redis Replication']
    """
    names = tuple(only)
    if unknown := set(names) - {name for one in _MODES for name in (one.engine, f"{one.engine} {one.name}")}:
        raise ValueError(f"no engine or mode is called {', '.join(sorted(unknown))}")
    return frozenset(one for one in _MODES if not names or {one.engine, f"{one.engine} {one.name}"} & set(names))


def flavor(spec_code: str) -> Flavor | None:
    """The documented flavor with this spec code, or None: the service may have flavors that this table does not.

    >>> flavor("geminidb.cassandra.4xlarge.4").ram
    64
    """
    return FLAVORS.get(spec_code)


def flavors(engine: str | None = None, mode: str | None = None, product_type: str | None = None) -> tuple[Flavor, ...]:
    """The documented flavors for an engine, a mode or a product type, in the order of the table.

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
    """The family of a spec code, documented or not: the longest family name that the spec code starts with.

    >>> family("geminidb.influxdb.single.16xlarge.2")
    'geminidb.influxdb.single'
    """
    fitting = {one.family for one in _MODES if spec_code.startswith(f"{one.family}.")}
    return max(fitting, key=len, default=None)


def storage(mode: Mode, spec_code: str) -> Span:
    """The storage that an instance of this mode and flavor may have, in GB."""
    known = flavor(spec_code)
    if known is None or known.storage is None or known.family != mode.family:
        return mode.storage
    return known.storage
