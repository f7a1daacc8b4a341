"""The world of the sandbox: instances, networks, and the addresses in use."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import Field

from ..nosql import engines, states
from .engine.behaviours import chapters_in
from .engine.messages import encode
from .engine.tables import Kinds, State, Task, TaskStatuses, Thing, time_text

# The network in the service's own Quick Start, so that its request body works as it stands in the manual.
QUICK_START_VPC = "674e9b42-cd8d-4d25-a2e6-5abcc565b961"
QUICK_START_SUBNET = "f1df08c5-71d1-406a-aff0-de435a51007b"
QUICK_START_GROUP = "7aa51dbf-5b63-40db-9724-dad3c4828b58"


CHAPTERS = chapters_in(__file__, f"{__package__}.behaviours")
"""The modules with behaviours. Each declares what is stored for it, too."""
KINDS = Kinds(CHAPTERS)
"""The classes of things that a world stores, by the name in the file."""
kept = KINDS.keep


# ----------------------------------------------------------------------------------------- things


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
    """The moment the node began to run; None before that, 0 for a node that was created with the instance."""

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


@kept("instance")
@dataclass
class Instance:
    """One instance. It has one group of nodes, like every instance in the service's documents."""

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
    """The storage in use, in GB."""
    maintenance_window: str = "02:00-06:00"
    enterprise_project_id: str = "0"
    dedicated_resource_id: str = ""
    disk_encryption_id: str = ""
    configuration_id: str = ""
    lb_ip_address: str = ""
    availability_zone_detail: dict[str, str] = field(default_factory=dict)
    """Its primary and its secondary zone; empty for an instance in one zone."""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def balancers(self) -> int:
        """The number of its load balancers: one or none."""
        return int(engines.mode(self.engine, self.mode).balanced)

    def wire(self) -> dict[str, Any]:
        """The instance as the list shows it, each value in the type it has on the wire."""
        spare = len(self.nodes) > engines.mode(self.engine, self.mode).nodes.low
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


kept("job")(Task)


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
        """The ``number``-th address that may be given; after the last one the range begins again."""
        return str(IPv4Network(self.cidr)[10 + number % self.room])

    @property
    def room(self) -> int:
        """The number of addresses that may be given."""
        return IPv4Network(self.cidr).num_addresses - 20


@dataclass(frozen=True)
class SecurityGroup:
    id: str
    name: str
    description: str


class Tie(Thing, Protocol):
    """A thing that ties instances together, like a pair. None of them can be deleted while it exists."""

    def holds(self, instance_id: str) -> bool:
        """True if an instance is tied."""
        ...

    def shown(self, world: World, instance_id: str) -> Mapping[str, Any]:
        """The fields that the list of instances shows for a tied instance."""
        ...


T = TypeVar("T", bound=Thing)


class World(State):
    """The state of a sandbox that plays GaussDB NoSQL.

    Args:
        seed: makes ids, credentials and addresses.
        region: the one region that is played.
        quota: the largest number of instances of an engine; 0 for no limit.
    """

    kinds = KINDS
    task_statuses = TaskStatuses(*states.JOB)  # the table has them in this order: going, done, failed

    def __init__(self, seed: int, region: str, quota: int) -> None:
        super().__init__(seed, region)
        self.quota = quota
        self.instances = self.table(Instance)

        self._held: dict[str, tuple[str, ...]] = {}
        self._placed: dict[str, Counter[str]] = {}
        self.places: Counter[str] = Counter()
        """The number of addresses of each subnet that are in use, or will be when all work has ended."""
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

        self._encoded: dict[str, tuple[dict[str, Any], bytes]] = {}

    def _uuid(self, what: str) -> str:
        return str(uuid.UUID(self.ids.fixed(what)))

    # -- flavors and zones

    def zone_status(self, spec_code: str) -> dict[str, str]:
        """The availability of a specification by zone. A few sizes are missing or sold out in a zone."""
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

    @property
    def things(self) -> Mapping[str, Instance]:
        """The instances, by id."""
        return self.instances

    def facts(self) -> dict[str, Any]:
        """The quota."""
        return {"quota": self.quota}

    def touch(self, thing: Instance, now: float) -> None:
        """Note that an instance changed."""
        thing.updated = now
        self._encoded.pop(thing.id, None)
        self.instances.put(thing)
        self._place(thing)

    def remove(self, thing: Instance) -> None:
        """Delete an instance, and everything that is deleted with it."""
        self._encoded.pop(thing.id, None)
        self._hold(thing.id)
        self.places.subtract(self._placed.pop(thing.id, {}))
        super().remove(thing)

    def _place(self, instance: Instance) -> None:
        """Note the addresses and the subnets of an instance."""
        self._hold(instance.id, *(node.private_ip for node in instance.nodes), instance.lb_ip_address)
        placed = Counter(node.subnet_id for node in instance.nodes)
        placed[instance.subnet_id] += instance.balancers
        self.places.subtract(self._placed.get(instance.id, {}))
        self.places.update(placed)
        self._placed[instance.id] = placed

    def _hold(self, holder: str, *addresses: str) -> None:
        """Note the addresses of an instance, or those that a running task is going to give; replaces earlier ones."""
        for address in self._held.pop(holder, ()):
            self.addresses[address] -= 1
            if not self.addresses[address]:
                del self.addresses[address]
        if held := tuple(filter(None, addresses)):
            self._held[holder] = held
            self.addresses.update(held)

    def encoded(self, instance: Instance) -> bytes:
        """The JSON of an instance in the list. It is made again after a change of the instance or of its ties."""
        tied = {name: value for tie in self.ties(instance.id) for name, value in tie.shown(self, instance.id).items()}
        known = self._encoded.get(instance.id)
        if known is None or known[0] != tied:
            known = self._encoded[instance.id] = tied, encode(instance.wire() | tied)
        return known[1]

    def ties(self, instance_id: str) -> list[Tie]:
        """The things that tie an instance to others."""
        tables = [table for kind, table in self.tables.items() if kind in KINDS.tying]
        return [tie for table in tables for tie in table.values() if tie.holds(instance_id)]

    # -- what running tasks take

    def reserve(self, task: Task) -> None:
        """Hold the address that a running task is going to give a load balancer."""
        self._hold(task.id, task.effect.get("lb_ip_address", ""))

    def release(self, task_id: str) -> None:
        """Let go of the address that a task held."""
        self._hold(task_id)

    def restored(self) -> None:
        """Count the addresses, and schedule the running tasks again, after the tables were filled."""
        for instance in self.instances.values():
            self._place(instance)
        super().restored()


def _by_id(*things: T) -> dict[str, T]:
    return {thing.id: thing for thing in things}


# ------------------------------------------------------------------------------------ time formats


def create_time(moment: float) -> str:
    """A moment as the answer of a creation writes it."""
    return time_text(moment, "%Y-%m-%d %H:%M:%S")


def list_time(moment: float) -> str:
    """A moment as the list of instances writes it."""
    return time_text(moment, "%Y-%m-%dT%H:%M:%S")
