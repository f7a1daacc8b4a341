"""What can be done to an instance, as data, and the one place where it begins and ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .messages import Refused
from .world import Instance, Job, World

BUSY = "DBS.200019"
WRONG_STATE = "DBS.200011"

USABLE = frozenset({"normal"})
ANY = frozenset({"normal", "abnormal", "createfail", "enlargefail", "data_disk_full", "frozen"})


@dataclass(frozen=True)
class Work:
    """One kind of work, and what it does to an instance.

    Attributes:
        job: its name in the list of jobs.
        action: the word in ``actions`` while it goes on.
        seconds: how long it takes; None when that depends on the instance.
        going: the status meanwhile; empty where it stays as it is.
        done: the status afterwards; empty where it stays as it is.
        failed: the status after a failure; empty where it stays as it is.
        gone: whether the instance disappears.
        allowed: the statuses in which it may begin.
        apply: what it brings about in the end, where that is more: gets the job's ``effect``.
    """

    job: str
    action: str
    seconds: float | None
    going: str = ""
    done: str = ""
    failed: str = ""
    gone: bool = False
    allowed: frozenset[str] = USABLE
    apply: Callable[[World, Instance, Job], None] | None = None


CREATE = Work("CreateInstance", "CREATE", None, going="creating", done="normal", failed="createfail")
RESTORE_NEW = Work("RestoreNewInstance", "CREATE", None, going="creating", done="normal", failed="createfail")
DELETE = Work("DeleteInstance", "DELETE", 120, gone=True, allowed=ANY)
RESTART = Work("RestartInstance", "REBOOT", 180, done="normal", allowed=frozenset({"normal", "abnormal"}))
RESTART_NODE = Work("RestartNode", "REBOOT", 60)

BALANCED = {("redis", "Cluster"), ("redis", "CloudNativeCluster")}
"""Engine and mode of what stands behind a load balancer."""

WORKS = {work.job: work for work in (CREATE, RESTORE_NEW, DELETE, RESTART, RESTART_NODE)}


def work(
    job: str,
    action: str,
    seconds: float,
    apply: Callable[[World, Instance, Job], None] | None = None,
    allowed: frozenset[str] = USABLE,
) -> Work:
    """A kind of work of a chapter, known to the list of jobs."""
    return WORKS.setdefault(job, Work(job, action, seconds, allowed=allowed, apply=apply))


def begin(
    world: World,
    work: Work,
    instance: Instance,
    now: float,
    *,
    seconds: float | None = None,
    fail: str = "",
    listed: bool = True,
    effect: Mapping[str, Any] | None = None,
) -> Job:
    """Accept work on an instance.

    Args:
        seconds: how long it takes, where the kind of work does not say.
        fail: why it is going to fail; empty when it will not.
        listed: whether the outside sees a job.
        effect: what it brings about in the end.

    Raises:
        Refused: while other work goes on, or when the instance's status does not allow it.
    """
    check_idle(instance, work.allowed | {work.going})
    instance.actions = [work.action]
    if work.going:
        _set_status(instance, work.going)
    world.touch(instance, now)
    took = work.seconds if seconds is None else seconds
    job = Job(
        id=world.ids.uuid("job"),
        work=work.job,
        instance_id=instance.id,
        instance_name=instance.name,
        start=now,
        end=now + (took or 0),
        fail_reason=fail,
        listed=listed,
        effect=dict(effect or {}),
    )
    world.schedule(job)
    return job


def check_idle(instance: Instance, allowed: frozenset[str]) -> None:
    """Refuse when something is being done to the instance, or its status is not among ``allowed``."""
    if instance.actions:
        raise Refused(BUSY)
    if instance.status not in allowed:
        raise Refused(WRONG_STATE)


def settle(world: World, now: float) -> None:
    """End everything whose end has come."""
    for job in world.due(now):
        _finish(world, job)


def _finish(world: World, job: Job) -> None:
    work = WORKS[job.work]
    job.status = "Failed" if job.fail_reason else "Completed"
    world.jobs.put(job)
    instance = world.instances.get(job.instance_id)
    if instance is None:
        return
    if work.gone and not job.fail_reason:
        world.remove(instance)
        return
    instance.actions = []
    if after := work.failed if job.fail_reason else work.done:
        _set_status(instance, after)
    if work.apply and not job.fail_reason:
        work.apply(world, instance, job)
    if instance.status == "normal":
        _give_addresses(world, instance)
    world.touch(instance, job.end)


def _set_status(instance: Instance, status: str) -> None:
    instance.status = instance.group_status = status
    for node in instance.nodes:
        node.status = status


def _give_addresses(world: World, instance: Instance) -> None:
    for node in instance.nodes:
        if not node.private_ip:
            number = world.ids.number(f"address {node.subnet_id}")
            node.private_ip = world.subnets[node.subnet_id].address(number)
    if (instance.engine, instance.mode) in BALANCED and not instance.lb_ip_address:
        number = world.ids.number(f"address {instance.subnet_id}")
        instance.lb_ip_address = world.subnets[instance.subnet_id].address(number)
