"""Work on instances: the statuses in which it may begin, and what happens to an instance when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..nosql import states
from ..nosql.engines import ENGINES
from ..nosql.operations.instances import RestartInstance
from .engine import work
from .engine.work import Work, Works
from .refusals import Refused
from .world import CHAPTERS, Instance, Node, World

FULL = 97
"""The percentage in use from which on a disk is full."""

USABLE = states.USABLE
FILLED = USABLE | {"data_disk_full"}
"""The statuses in which work may begin that makes room on the disk or reads from it."""
MADE = states.CREATED
"""The statuses of instances that were created successfully."""
ANY = states.SETTLED


@dataclass(frozen=True)
class End(work.End):
    """The end of a task on an instance."""

    world: World

    @property
    def instance(self) -> Instance:
        """The instance that was worked on."""
        return self.world.instances[self.task.instance_id]


class NosqlWorks(Works):
    """The kinds of work of GaussDB NoSQL."""

    def set_status(self, thing: Instance, status: str) -> None:
        """Give an instance, its group and all its nodes a status."""
        thing.status = thing.group_status = status
        for node in thing.nodes:
            node.status = status

    def settle_thing(self, world: World, thing: Instance, now: float) -> None:
        """Set the status for a full disk or end it, and give every node an address."""
        if thing.status in FILLED:
            thing.status = "data_disk_full" if percent_used(thing) >= FULL else "normal"
            give_addresses(world, thing)


WORKS = NosqlWorks(
    CHAPTERS,
    usable=USABLE,
    busy="DBS.200019",
    wrong_state="DBS.200011",
    ordered="PERIOD_RESOURCE_SPEC_CHG",
    refused=Refused,
    end=End,
)
"""Every kind of work, by its job."""
register, afterwards = WORKS.register, WORKS.afterwards
begin, later, settle, settled, abort = WORKS.begin, WORKS.later, WORKS.settle, WORKS.settled, WORKS.abort
check_idle, check_status = WORKS.check_idle, WORKS.check_status


def mark_nodes(status: str) -> Callable[[End], object]:
    """The effect of work on single nodes: the nodes in its ``nodes`` get a status."""

    def change(end: End) -> None:
        for node in end.instance.nodes:
            if node.id in end.effect["nodes"]:
                node.status = status

    return change


RESTART = register(
    Work(
        "RestartInstance",
        "REBOOT",
        RestartInstance.route.takes,
        done="normal",
        allowed=frozenset({"normal", "abnormal"}),
    )
)
RESTART_NODE = register(Work("RestartNode", "REBOOT", 60, apply=mark_nodes("normal")))


def percent_used(instance: Instance) -> float:
    """The percentage of the disk of an instance that is in use."""
    return 100 * float(instance.used) / instance.size


def give_addresses(world: World, instance: Instance) -> None:
    """Give an address to every node, and to the load balancer, that has none."""
    free: dict[str, Iterator[str]] = {}

    def address(subnet_id: str) -> str:
        return next(free.setdefault(subnet_id, _free_addresses(world, subnet_id)), "")

    for node in instance.nodes:
        if not node.private_ip and node.status == "normal":
            node.private_ip = address(node.subnet_id)
    if instance.balancers and not instance.lb_ip_address:
        instance.lb_ip_address = address(instance.subnet_id)


def _free_addresses(world: World, subnet_id: str) -> Iterator[str]:
    """The free addresses of a subnet, each once. Work that needs more addresses was refused before."""
    subnet = world.subnets[subnet_id]
    for _ in range(subnet.room):
        if (address := subnet.address(world.ids.number(f"address {subnet_id}"))) not in world.addresses:
            yield address


def check_addresses(world: World, subnet_id: str, more: int) -> None:
    """Refuse when a subnet has fewer than ``more`` addresses left."""
    left = world.subnets[subnet_id].room - world.places[subnet_id]
    if more > left:
        raise Refused("DBS.200092", f"The subnet has {max(left, 0)} addresses left: choose another one.")


def promised(world: World, name: str) -> set[Any]:
    """The values that running work is going to give an attribute."""
    return {task.effect[name] for task in world.running() if name in task.effect}


def new_node(world: World, instance: Instance, number: int, *, subnet_id: str = "", status: str = "creating") -> Node:
    """A new node of an instance, not yet among its nodes."""
    zones = instance.availability_zone.split(",")
    part, roles = ENGINES[instance.engine].node_word, ENGINES[instance.engine].modes[instance.mode].node_roles
    return Node(
        id=f"{world.ids.hex('node')}no{instance.id[-2:]}",
        name=f"{instance.name}_{part}_{number}",
        status=status,
        subnet_id=subnet_id or instance.subnet_id,
        spec_code=instance.spec_code,
        availability_zone=zones[(number - 1) % len(zones)],
        role=roles[min(number - 1, 1)],
    )
