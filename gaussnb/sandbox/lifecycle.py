"""What can be done to an instance, as data, and the one place where it begins and ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .messages import Refused
from .world import Declared, Instance, Job, Node, World

_LOG = logging.getLogger(__name__)

BUSY = "DBS.200019"
WRONG_STATE = "DBS.200011"
FULL = 97
"""From how many percent in use on the disk is full."""

USABLE = frozenset({"normal"})
FILLED = frozenset({"normal", "data_disk_full"})
MADE = frozenset({"normal", "abnormal", "enlargefail", "data_disk_full", "frozen"})
"""The statuses of what there is, whatever became of it."""
ANY = MADE | {"createfail"}


@dataclass(frozen=True)
class End:
    """The end of a job, as the function sees it that makes its effect come true."""

    world: World
    job: Job

    @property
    def now(self) -> float:
        """When it is."""
        return self.job.end

    @property
    def effect(self) -> dict[str, Any]:
        """What was asked for, as ``Call.start`` got it."""
        return self.job.effect

    @property
    def instance(self) -> Instance:
        """The instance that was worked on."""
        return self.world.instances[self.job.instance_id]


@dataclass(frozen=True)
class Work:
    """One kind of work, and what it does to an instance or to something that belongs to one.

    Attributes:
        job: its name in the list of jobs.
        action: the word in ``actions`` while it goes on; empty for work beside others, which neither keeps an
            instance busy nor needs one.
        seconds: how long it takes; None when that depends on the instance.
        going: the status meanwhile; empty where it stays as it is.
        done: the status afterwards; empty where it stays as it is.
        failed: the status after a failure; empty where it stays as it is.
        gone: whether the instance disappears.
        allowed: the statuses in which it may begin.
        orders: whether it changes the price: a yearly or monthly instance gets an order, and no job.
        apply: changes the world when it is done.
        undo: changes the world when it failed.
    """

    job: str
    action: str
    seconds: float | None
    going: str = ""
    done: str = ""
    failed: str = ""
    gone: bool = False
    allowed: frozenset[str] = USABLE
    orders: bool = False
    apply: Callable[[End], object] | None = None
    undo: Callable[[End], object] | None = None


WORKS: Declared[Work] = Declared()
"""Every kind of work, by its job."""


def known(work: Work) -> Work:
    """Make a kind of work known, so that its jobs find their end, also after a restart."""
    if work.job in WORKS:
        raise ValueError(f"there is a work {work.job} already")
    WORKS[work.job] = work
    return work


def marked(status: str) -> Callable[[End], object]:
    """The end of work on the nodes that are its ``nodes``: they have a status then."""

    def change(end: End) -> None:
        for node in end.instance.nodes:
            if node.id in end.effect["nodes"]:
                node.status = status

    return change


RESTART = known(Work("RestartInstance", "REBOOT", 180, done="normal", allowed=frozenset({"normal", "abnormal"})))
RESTART_NODE = known(Work("RestartNode", "REBOOT", 60, apply=marked("normal")))

Follow = Callable[[World, Instance, float], object]
_AFTERWARDS: list[Follow] = []


def afterwards(follow: Follow) -> Follow:
    """Let a policy look at an instance whenever something was done to it, or to how much it holds."""
    _AFTERWARDS.append(follow)
    _AFTERWARDS.sort(key=lambda one: one.__module__)  # the same order, whichever chapter is read first
    return follow


def begin(
    world: World,
    work: Work,
    instance: Instance | None,
    now: float,
    *,
    seconds: float | None = None,
    fail: str = "",
    listed: bool = True,
    effect: dict[str, Any] | None = None,
) -> Job:
    """Accept work.

    Args:
        instance: the instance it is about; None where that is gone.
        seconds: how long it takes, where the kind of work does not say.
        fail: why it is going to fail; empty when it will not.
        listed: whether the outside sees a job.
        effect: what it is going to change, for the work's ``apply``; nothing that must stay secret.

    Raises:
        Refused: while other work goes on, or when the instance's status does not allow it.
    """
    ordered = work.orders and instance is not None and instance.prepaid
    if instance and work.action:
        check_idle(instance, work.allowed | {work.going})
        instance.actions = ["PERIOD_RESOURCE_SPEC_CHG" if ordered else work.action]
        if work.going:
            set_status(instance, work.going)
        world.touch(instance, now)
    took = work.seconds if seconds is None else seconds
    job = Job(
        id=world.ids.uuid("job"),
        work=work.job,
        instance_id=instance.id if instance else "",
        instance_name=instance.name if instance else "",
        start=now,
        end=now + (took or 0),
        fail_reason=fail,
        listed=listed and not ordered,
        effect=effect or {},
    )
    world.schedule(job)
    return job


def later(world: World, work: Work, instance: Instance | None, moment: float, **effect: Any) -> None:
    """Let a work that nobody asked for, and nobody sees, come to its end at a moment: a timer."""
    world.schedule(
        Job(
            id=world.ids.uuid("timer"),
            work=work.job,
            instance_id=instance.id if instance else "",
            instance_name="",
            start=moment,
            end=moment,
            listed=False,
            effect=effect,
        )
    )


def check_idle(instance: Instance, allowed: frozenset[str]) -> None:
    """Refuse when something is being done to the instance, or its status is not among ``allowed``."""
    if instance.actions:
        raise Refused(BUSY)
    check_status(instance, allowed)


def check_status(instance: Instance, allowed: frozenset[str]) -> None:
    """Refuse when the status is not among ``allowed``; while something is done that may end that, as busy."""
    if instance.status not in allowed:
        raise Refused(BUSY if instance.actions else WRONG_STATE)


def settle(world: World, now: float) -> None:
    """End everything whose end has come."""
    for job in world.due(now):
        try:
            _finish(world, job)
        except Exception:  # whoever asked for something else meanwhile must get an answer
            _LOG.exception("%s could not be ended", job.work)
            _give_up(world, job)


def abort(world: World, job: Job, reason: str, now: float) -> None:
    """Let a job fail now that was still going on."""
    job.fail_reason, job.end = reason, now
    _finish(world, job)


def _finish(world: World, job: Job) -> None:
    work = WORKS[job.work]
    job.status = "Failed" if job.fail_reason else "Completed"
    world.jobs.put(job)
    instance = world.instances.get(job.instance_id)
    if instance and work.action:
        instance.actions = []
        if after := work.failed if job.fail_reason else work.done:
            set_status(instance, after)
    if change := work.undo if job.fail_reason else work.apply:
        change(End(world, job))
    if instance and work.gone and not job.fail_reason:
        world.remove(instance)
    elif instance and work.action:
        settled(world, instance, job.end)
    if not job.listed and job.start == job.end:  # a timer is no more than its end
        world.jobs.drop(job.id)


def _give_up(world: World, job: Job) -> None:
    """Let a job fail whose end went wrong, and its instance be free again."""
    job.status, job.fail_reason = "Failed", "The sandbox made a mistake; its log has it."
    world.jobs.put(job)
    if instance := world.instances.get(job.instance_id):
        instance.actions = []
        world.touch(instance, job.end)


def settled(world: World, instance: Instance, now: float) -> None:
    """Let an instance be as its parts want it: its disk full or not, every node with an address."""
    full = percent_used(instance) >= FULL
    if instance.status in FILLED:
        instance.status = "data_disk_full" if full else "normal"
        give_addresses(world, instance)
    for follow in _AFTERWARDS:
        follow(world, instance, now)
    world.touch(instance, now)


def percent_used(instance: Instance) -> float:
    """How full the disk of an instance is."""
    return 100 * float(instance.used) / instance.size


def set_status(instance: Instance, status: str) -> None:
    """Give an instance, its group and all its nodes a status."""
    instance.status = instance.group_status = status
    for node in instance.nodes:
        node.status = status


def give_addresses(world: World, instance: Instance) -> None:
    """Give an address to everything of an instance that lacks one."""
    free: dict[str, Iterator[str]] = {}

    def address(subnet_id: str) -> str:
        return next(free.setdefault(subnet_id, _free_addresses(world, subnet_id)), "")

    for node in instance.nodes:
        if not node.private_ip and node.status == "normal":
            node.private_ip = address(node.subnet_id)
    if instance.balancers and not instance.lb_ip_address:
        instance.lb_ip_address = address(instance.subnet_id)


def _free_addresses(world: World, subnet_id: str) -> Iterator[str]:
    """The addresses of a subnet nobody has, once around; work that needs more of them is refused in time."""
    subnet = world.subnets[subnet_id]
    for _ in range(subnet.room):
        if (address := subnet.address(world.ids.number(f"address {subnet_id}"))) not in world.addresses:
            yield address


def check_addresses(world: World, subnet_id: str, more: int) -> None:
    """Refuse when a subnet has not so many addresses left."""
    left = world.subnets[subnet_id].room - world.places[subnet_id]
    if more > left:
        raise Refused("DBS.200092", f"The subnet has {max(left, 0)} addresses left: choose another one.")


def promised(world: World, name: str) -> set[str]:
    """What running work is going to set to a name."""
    return {job.effect[name] for job in world.running() if name in job.effect}


def new_node(world: World, instance: Instance, number: int, *, subnet_id: str = "", status: str = "creating") -> Node:
    """A node of an instance, which does not stand among its nodes yet."""
    zones = instance.availability_zone.split(",")
    part = "priam_node" if instance.engine == "cassandra" else "node"
    roles = ("Primary", "Secondary") if instance.mode == "ReplicaSet" else ("", "")
    return Node(
        id=f"{world.ids.hex('node')}no{instance.id[-2:]}",
        name=f"{instance.name}_{part}_{number}",
        status=status,
        subnet_id=subnet_id or instance.subnet_id,
        spec_code=instance.spec_code,
        availability_zone=zones[(number - 1) % len(zones)],
        role=roles[min(number - 1, 1)],
    )
