"""What exists in the pretend cloud: plain things, their place, and the one source of their ids."""

from __future__ import annotations

import hashlib
import heapq
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import Field, SecretStr, TypeAdapter

from ..nosql.engines import ENGINES
from .messages import encode

SUFFIXES = {"cassandra": "06", "redis": "12", "mongodb": "02", "influxdb": "03", "dynamodb": "13", "hbase": "14"}
"""The last two digits of every id that belongs to an engine."""

# The network of the service's own Quick Start: its request body works here as it stands in the manual.
QUICK_START_VPC = "674e9b42-cd8d-4d25-a2e6-5abcc565b961"
QUICK_START_SUBNET = "f1df08c5-71d1-406a-aff0-de435a51007b"
QUICK_START_GROUP = "7aa51dbf-5b63-40db-9724-dad3c4828b58"


class Ids:
    """Every id of a sandbox, from its seed.

    Each kind of thing counts for itself, so that an id depends on how many such things were made before, and
    not on how often somebody looked meanwhile.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.counts: Counter[str] = Counter()

    def fixed(self, what: str, length: int = 32) -> str:
        """The hexadecimal id of something there is one of."""
        return hashlib.sha256(f"{self.seed} {what}".encode()).hexdigest()[:length]

    def number(self, kind: str) -> int:
        """How many of ``kind`` there were before this one."""
        self.counts[kind] += 1
        return self.counts[kind] - 1

    def hex(self, kind: str) -> str:
        """The next id of ``kind``, 32 hexadecimal digits."""
        return self.fixed(f"{kind} {self.number(kind)}")

    def uuid(self, kind: str) -> str:
        """The next id of ``kind`` as a UUID."""
        return str(uuid.UUID(self.hex(kind)))


# ----------------------------------------------------------------------------------------- things


K = TypeVar("K")


class Declared(dict[str, K]):
    """What behaviours declare, by name. Who asks for a name that is not here has all of them read."""

    def __missing__(self, name: str) -> K:
        from .behaviours import load

        load()
        if name not in self:
            raise KeyError(name)
        return self[name]


KINDS: Declared[type[Any]] = Declared()
"""What a world keeps, by the name it has in the file."""
OWNED: set[type[Any]] = set()
"""The kinds that end with an instance."""
_TYING: set[type[Any]] = set()


def kept(kind: str, *, ends_with_instance: bool = False, ties: bool = False) -> Callable[[type[K]], type[K]]:
    """Let a world keep things of a dataclass; :meth:`World.table` holds them.

    Args:
        kind: their name in the file.
        ends_with_instance: whether a thing goes when its instance does: the one it names as ``instance_id`` or,
            where it has no such attribute, by its own id.
        ties: whether a thing ties instances together, as a :class:`Tie`.
    """

    def bind(thing: type[K]) -> type[K]:
        if kind in KINDS:
            raise ValueError(f"there are {kind}s already")
        KINDS[kind] = thing
        if ends_with_instance:
            OWNED.add(thing)
        if ties:
            _TYING.add(thing)
        return thing

    return bind


@dataclass
class Node:
    """One node of an instance."""

    id: str
    name: str
    status: str
    subnet_id: str
    spec_code: str
    availability_zone: str
    role: str = ""
    private_ip: str = ""
    public_ip: str = ""
    since: float | None = 0
    """From when on it runs; None while it was never there, 0 for those that came with the instance."""

    def wire(self, *, support_reduce: bool) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "role": self.role,
            "subnet_id": self.subnet_id,
            "private_ip": self.private_ip,
            "public_ip": self.public_ip,
            "spec_code": self.spec_code,
            "availability_zone": self.availability_zone,
            "support_reduce": support_reduce,
        }


BALANCED = ("redis Cluster", "redis CloudNativeCluster")
"""Engine and mode of what stands behind a load balancer."""


def balancers(engine: str, mode: str) -> int:
    """How many load balancers an instance stands behind: one or none."""
    return int(f"{engine} {mode}" in BALANCED)


@kept("instance")
@dataclass
class Instance:
    """One instance. It has one group of nodes, as everywhere in the service's documents."""

    id: str
    name: str
    engine: str
    version: str
    storage_engine: str
    mode: str
    region: str
    availability_zone: str
    vpc_id: str
    subnet_id: str
    security_group_id: str
    spec_code: str
    size: Annotated[int, Field(gt=0)]
    port: Annotated[int, Field(gt=0, lt=65536)]
    created: float
    updated: float
    group_id: str
    nodes: list[Node]
    status: str
    group_status: str
    actions: list[str] = field(default_factory=list)
    product_type: str = ""
    backup_start: str = "00:00-01:00"
    backup_period: str = "1,2,3,4,5,6,7"
    """The days of the week on which backups are made, 1 for Monday."""
    keep_days: int = 7
    prepaid: bool = False
    patch: int = 11204
    patch_available: bool = False
    ssl: str = "0"
    used: Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")] = "0.003"
    """How much of its storage is in use, in GB."""
    maintenance_window: str = "02:00-06:00"
    enterprise_project_id: str = "0"
    dedicated_resource_id: str = ""
    disk_encryption_id: str = ""
    configuration_id: str = ""
    lb_ip_address: str = ""
    availability_zone_detail: dict[str, str] = field(default_factory=dict)
    """Its primary and its secondary zone, where it stands in two."""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def balancers(self) -> int:
        """How many load balancers it stands behind: one or none."""
        return balancers(self.engine, self.mode)

    def wire(self) -> dict[str, Any]:
        """The instance as the list shows it, each value in the type it has on the wire."""
        spare = len(self.nodes) > ENGINES[self.engine].modes[self.mode].nodes.low
        shown: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "port": str(self.port),
            "mode": self.mode,
            "region": self.region,
            "datastore": {
                "type": self.engine,
                "version": self.version,
                "patch_available": self.patch_available,
                "whole_version": f"{self.version}.3.{self.patch}" if self.version else "",
            },
            "engine": self.storage_engine,
            "created": list_time(self.created),
            "updated": list_time(self.updated),
            "db_user_name": "rwuser",
            "vpc_id": self.vpc_id,
            "subnet_id": self.subnet_id,
            "security_group_id": self.security_group_id,
            "backup_strategy": {"start_time": self.backup_start, "keep_days": self.keep_days},
            "pay_mode": "1" if self.prepaid else "0",
            "maintenance_window": self.maintenance_window,
            "groups": [
                {
                    "id": self.group_id,
                    "status": self.group_status,
                    "volume": {"size": str(self.size), "used": self.used},
                    "nodes": [node.wire(support_reduce=spare) for node in self.nodes],
                }
            ],
            "enterprise_project_id": self.enterprise_project_id,
            "time_zone": "",
            "actions": self.actions,
            "availability_zone": self.availability_zone,
            "ssl": self.ssl,
            "disk_encryption_id": self.disk_encryption_id,
            "backup_space_usage": {"backup_usage": 0},
        }
        optional: dict[str, Any] = {
            "availability_zone_detail": self.availability_zone_detail,
            "product_type": self.product_type,
            "dedicated_resource_id": self.dedicated_resource_id,
            "lb_ip_address": self.lb_ip_address,
            "lb_port": str(self.port) if self.lb_ip_address else "",
        }
        return shown | {name: value for name, value in optional.items() if value}


@kept("job")
@dataclass
class Job:
    """Accepted work. It is done when its end has come."""

    id: str
    work: str
    """The transition it is, a key of :data:`gaussnb.sandbox.lifecycle.WORKS`."""
    instance_id: str
    instance_name: str
    start: float
    end: float
    status: Literal["Running", "Completed", "Failed"] = "Running"
    fail_reason: str = ""
    """Why it failed; while it runs, why it is going to."""
    listed: bool = True
    """An order of a yearly or monthly instance is no job to the outside."""
    effect: dict[str, Any] = field(default_factory=dict)
    """What it is going to change, in words of JSON, for the function at its end. Never a secret."""

    def wire(self, now: float) -> dict[str, Any]:
        """The job as the list shows it."""
        running = self.status == "Running"
        share = (now - self.start) / (self.end - self.start) if self.end > self.start else 0.0
        return {
            "id": self.id,
            "name": self.work,
            "status": self.status,
            "start_time": job_time(self.start),
            "end_time": "" if running else job_time(self.end),
            "progress": f"{min(99, int(100 * share))}%" if running else "",
            "instance": {"id": self.instance_id, "name": self.instance_name},
            "fail_reason": "" if running else self.fail_reason,
        }


@dataclass(frozen=True)
class Vpc:
    id: str
    name: str
    cidr: str


@dataclass(frozen=True)
class Subnet:
    id: str
    name: str
    vpc_id: str
    cidr: str

    @property
    def gateway(self) -> str:
        return str(IPv4Network(self.cidr)[1])

    def address(self, number: int) -> str:
        """The ``number``-th address that may be given; the range is walked round and round."""
        return str(IPv4Network(self.cidr)[10 + number % self.room])

    @property
    def room(self) -> int:
        """How many addresses may be given."""
        return IPv4Network(self.cidr).num_addresses - 20


@dataclass(frozen=True)
class SecurityGroup:
    id: str
    name: str
    description: str


@dataclass(frozen=True)
class Account:
    """Who may use the sandbox, and its one project."""

    domain_id: str
    domain: str
    user_id: str
    username: str
    password: SecretStr
    ak: str
    sk: SecretStr
    project_id: str
    project: str


def account(ids: Ids, region: str) -> Account:
    """The account of a seed."""
    return Account(
        domain_id=ids.fixed("domain"),
        domain="sandbox",
        user_id=ids.fixed("user"),
        username="explorer",
        password=SecretStr(f"Sandbox-{ids.fixed('password', 16)}"),
        ak=ids.fixed("ak", 20).upper(),
        sk=SecretStr(ids.fixed("sk", 40)),
        project_id=ids.fixed("project"),
        project=region,
    )


# ------------------------------------------------------------------------------------------ tables


class Thing(Protocol):
    @property
    def id(self) -> str: ...


class Tie(Thing, Protocol):
    """What ties instances together, like a pair: none of them can be deleted meanwhile."""

    def holds(self, instance_id: str) -> bool:
        """Whether an instance is in it."""

    def shown(self, world: World, instance_id: str) -> Mapping[str, Any]:
        """What the list says about an instance in it."""


T = TypeVar("T", bound=Thing)


class Table(dict[str, T]):
    """Things by id, in order of birth, with a note of what is not saved yet."""

    def __init__(self, kind: type[T]) -> None:
        super().__init__()
        self.kind = kind
        self.unsaved: dict[str, T | None] = {}

    @cached_property
    def name(self) -> str:
        """The name of its things in the file."""
        return next(name for name, kind in KINDS.items() if kind is self.kind)

    @cached_property
    def codec(self) -> TypeAdapter[T]:
        """Writes and reads such things as JSON."""
        return TypeAdapter(self.kind)

    def put(self, thing: T) -> T:
        """Add a thing, or say that it changed."""
        self[thing.id] = self.unsaved[thing.id] = thing
        return thing

    def drop(self, id: str) -> None:
        """Take a thing away."""
        del self[id]
        self.unsaved[id] = None

    def of(self, instance_id: str) -> list[T]:
        """The things that name an instance as theirs, oldest first."""
        return [thing for thing in self.values() if getattr(thing, "instance_id", None) == instance_id]

    def newest_first(self) -> Iterable[T]:
        return reversed(self.values())


class World:
    """Everything there is in a sandbox.

    Args:
        seed: makes ids, credentials and addresses.
        region: the one region it plays.
        quota: how many instances an engine may have; 0 for no limit.
    """

    def __init__(self, seed: int, region: str, quota: int) -> None:
        self.ids = Ids(seed)
        self.region = region
        self.quota = quota
        self.account = account(self.ids, region)
        self.tables: dict[type[Any], Table[Any]] = {}
        self.instances = self.table(Instance)
        self.jobs = self.table(Job)

        self._held: dict[str, tuple[str, ...]] = {}
        self._placed: dict[str, Counter[str]] = {}
        self.places: Counter[str] = Counter()
        """How many addresses of each subnet are in use, or will be when all work has ended."""
        self.addresses: Counter[str] = Counter()
        """The private addresses in use, and those that running work is going to take."""

        self.zones = tuple(f"{region}{letter}" for letter in "abc")
        self.enterprise_projects = {"0": "default", self._uuid("enterprise project lab"): "lab"}
        self.keys = {self.ids.fixed("key")}
        lab, network = self._uuid("vpc lab"), self._uuid("subnet lab")
        self.vpcs = _by_id(Vpc(QUICK_START_VPC, "vpc-default", "192.168.0.0/16"), Vpc(lab, "vpc-lab", "10.0.0.0/16"))
        self.subnets = _by_id(
            Subnet(QUICK_START_SUBNET, "subnet-default", QUICK_START_VPC, "192.168.0.0/24"),
            Subnet(self._uuid("subnet large"), "subnet-large", QUICK_START_VPC, "192.168.128.0/17"),
            Subnet(network, "subnet-lab", lab, "10.0.0.0/24"),
        )
        self.security_groups = _by_id(
            SecurityGroup(QUICK_START_GROUP, "default", "Lets the members of the group reach each other."),
            SecurityGroup(self._uuid("security group lab"), "lab", "Lets the database ports in."),
        )

        self._due: list[tuple[float, int, str]] = []
        self._scheduled = 0
        self._encoded: dict[str, tuple[dict[str, Any], bytes]] = {}

    def _uuid(self, what: str) -> str:
        return str(uuid.UUID(self.ids.fixed(what)))

    # -- flavors and zones

    def zone_status(self, spec_code: str) -> dict[str, str]:
        """Where a specification can be had: a few rare sizes not in every zone, all others everywhere."""
        size = spec_code.split(".")[-2] if spec_code.count(".") > 1 else ""
        first, second, third = self.zones
        status = dict.fromkeys(self.zones, "normal")
        if size in ("6xlarge", "15xlarge"):
            status[third] = "unsupported"
        elif size == "8xlarge":
            status[second] = "sellout"
        worst = next((word for word in status.values() if word != "normal"), "normal")
        return {**status, f"{first},{second},{third}": worst}

    # -- change

    def table(self, kind: type[T]) -> Table[T]:
        """The things of a kind that is :func:`kept`."""
        if (table := self.tables.get(kind)) is None:
            table = self.tables[kind] = Table(kind)
        return table

    def touch(self, instance: Instance, now: float) -> None:
        """Say that an instance changed."""
        instance.updated = now
        self._encoded.pop(instance.id, None)
        self.instances.put(instance)
        self._place(instance)

    def remove(self, instance: Instance) -> None:
        """Let an instance disappear, and what ends with it."""
        self._encoded.pop(instance.id, None)
        self.instances.drop(instance.id)
        self._hold(instance.id)
        self.places.subtract(self._placed.pop(instance.id, {}))
        for kind, table in self.tables.items():
            if kind in OWNED:
                for thing in list(table.values()):
                    if getattr(thing, "instance_id", thing.id) == instance.id:
                        table.drop(thing.id)

    def _place(self, instance: Instance) -> None:
        """Note where an instance stands."""
        self._hold(instance.id, *(node.private_ip for node in instance.nodes), instance.lb_ip_address)
        placed = Counter(node.subnet_id for node in instance.nodes)
        placed[instance.subnet_id] += instance.balancers
        self.places.subtract(self._placed.get(instance.id, {}))
        self.places.update(placed)
        self._placed[instance.id] = placed

    def _hold(self, holder: str, *addresses: str) -> None:
        """Note which addresses an instance has, or a running job is going to give it."""
        for address in self._held.pop(holder, ()):
            self.addresses[address] -= 1
            if not self.addresses[address]:
                del self.addresses[address]
        if held := tuple(filter(None, addresses)):
            self._held[holder] = held
            self.addresses.update(held)

    def encoded(self, instance: Instance) -> bytes:
        """The JSON of an instance in the list, made once until it, or what its ties tell of others, changes."""
        tied = {name: value for tie in self.ties(instance.id) for name, value in tie.shown(self, instance.id).items()}
        known = self._encoded.get(instance.id)
        if known is None or known[0] != tied:
            known = self._encoded[instance.id] = tied, encode(instance.wire() | tied)
        return known[1]

    def ties(self, instance_id: str) -> list[Tie]:
        """What an instance is tied to others by."""
        tables = [table for kind, table in self.tables.items() if kind in _TYING]
        return [tie for table in tables for tie in table.values() if tie.holds(instance_id)]

    # -- time

    def schedule(self, job: Job) -> None:
        """Take a job in; :meth:`due` gives it back when its end has come."""
        self.jobs.put(job)
        self._scheduled += 1
        self._hold(job.id, job.effect.get("lb_ip_address", ""))
        heapq.heappush(self._due, (job.end, self._scheduled, job.id))

    def due(self, now: float) -> Iterable[Job]:
        """The jobs whose end has come, in order of their ends; also those that are taken in meanwhile."""
        while self._due and self._due[0][0] <= now:
            job = self.jobs.get(heapq.heappop(self._due)[2])
            self._hold(job.id if job else "")
            if job and job.status == "Running":
                yield job

    def running(self) -> list[Job]:
        """The jobs that are going on, in no order."""
        going = (self.jobs.get(id) for _, _, id in self._due)
        return [job for job in going if job and job.status == "Running"]

    def restored(self) -> None:
        """Take the running jobs up again after the tables were filled."""
        self._due = [
            (job.end, number, job.id) for number, job in enumerate(self.jobs.values()) if job.status == "Running"
        ]
        heapq.heapify(self._due)
        self._scheduled = len(self.jobs)
        for instance in self.instances.values():
            self._place(instance)
        for job in self.running():
            self._hold(job.id, job.effect.get("lb_ip_address", ""))


def _by_id(*things: T) -> dict[str, T]:
    return {thing.id: thing for thing in things}


# ------------------------------------------------------------------------------------ time formats


def _text(moment: float, form: str) -> str:
    return datetime.fromtimestamp(int(moment), UTC).strftime(form)


def create_time(moment: float) -> str:
    """As the answer of a creation writes it."""
    return _text(moment, "%Y-%m-%d %H:%M:%S")


def list_time(moment: float) -> str:
    """As the list of instances writes it."""
    return _text(moment, "%Y-%m-%dT%H:%M:%S")


def job_time(moment: float) -> str:
    """As the list of jobs writes it."""
    return _text(moment, "%Y-%m-%dT%H:%M:%S+0000")


def token_time(moment: float) -> str:
    """As IAM writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
