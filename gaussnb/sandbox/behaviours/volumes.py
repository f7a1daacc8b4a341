"""Volumes: storage that is changed by a request, or automatically when it fills up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ...nosql import engines
from ...nosql.operations.volumes import (
    CreateColdVolume,
    EnlargePolicy,
    ModifyVolume,
    ResizeColdVolume,
    ResizeInstanceVolume,
    SetAutoEnlargePolicy,
    ShowAutoEnlargePolicy,
)
from .. import lifecycle
from ..engine.messages import Answer
from ..engine.work import Work
from ..lifecycle import FILLED, End, register
from ..refusals import Refused
from ..world import Instance, World, kept
from . import Context, simulates
from .dedicated_resources import check_growth, has_room

_TOO_SMALL = "DBS.200302"
_TOO_LARGE = "DBS.200028"


@kept("cold_volume", ends_with_instance=True)
@dataclass
class ColdVolume:
    """Cold storage of an instance, for data that is rarely read."""

    id: str
    size: int


@kept("volume_policy", ends_with_instance=True)
@dataclass
class VolumePolicy:
    """The policy for automatic storage expansion of an instance."""

    id: str
    threshold: int
    step: int
    size: int | None


def _grow(end: End) -> None:
    end.instance.size = end.effect["size"]


def _grow_cold(end: End) -> None:
    end.world.table(ColdVolume).put(ColdVolume(end.instance.id, end.effect["size"]))


EXTEND = register(Work("EnlargeInstanceVolume", "RESIZE_VOLUME", 120, allowed=FILLED, orders=True, apply=_grow))
SHRINK = register(Work("ReduceInstanceVolume", "RESIZE_VOLUME", 300, orders=True, apply=_grow))
ADD_COLD = register(Work("AddInstanceColdVolume", "RESIZE_VOLUME", 120, orders=True, apply=_grow_cold))
EXTEND_COLD = register(Work("EnlargeInstanceColdVolume", "RESIZE_VOLUME", 120, orders=True, apply=_grow_cold))


def _span(instance: Instance) -> engines.Span:
    return engines.storage(engines.mode(instance.engine, instance.mode), instance.spec_code)


def _check_larger(world: World, instance: Instance, size: int) -> None:
    if size <= instance.size:
        raise Refused(_TOO_SMALL, f"It has {instance.size} GB.")
    most = _span(instance).high
    if most is not None and size > most:
        raise Refused(_TOO_LARGE, f"At most {most} GB.")
    check_growth(world, instance, size=size)


@simulates(ResizeInstanceVolume)
def extend(op: ResizeInstanceVolume, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    _check_larger(context.world, instance, op.size)
    return context.start(EXTEND, instance, size=op.size)


@simulates(ModifyVolume)
def resize(op: ModifyVolume, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    if op.size >= instance.size:
        _check_larger(context.world, instance, op.size)
        return context.start(EXTEND, instance, size=op.size)
    least = max(_span(instance).low, math.floor(1.25 * float(instance.used)) + 1)
    if op.size < least:
        raise Refused("DBS.200306", f"At least {least} GB.")
    return context.start(SHRINK, instance, size=op.size)


@simulates(CreateColdVolume)
def create_cold(op: CreateColdVolume, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    if instance.id in context.world.table(ColdVolume):
        raise Refused("DBS.212003", "It has cold storage already.")
    return context.start(ADD_COLD, instance, size=op.size)


@simulates(ResizeColdVolume)
def extend_cold(op: ResizeColdVolume, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    volume = context.world.table(ColdVolume).get(instance.id)
    if volume is None:
        raise Refused("DBS.212003", "It has no cold storage.")
    if op.size <= volume.size:
        raise Refused(_TOO_SMALL, f"It has {volume.size} GB.")
    return context.start(EXTEND_COLD, instance, size=op.size)


# ------------------------------------------------------------------------- automatic expansion


@simulates(SetAutoEnlargePolicy)
def set_policy(op: SetAutoEnlargePolicy, context: Context) -> Any:
    errors = []
    for instance_id in op.instance_ids:
        try:
            _set_one(op, context.instance(instance_id), context)
        except Refused as refused:
            errors.append({"instance_id": instance_id, "error_message": refused.message})
    return Answer({"error_results": errors}, status=200) if errors else {}


def _set_one(op: SetAutoEnlargePolicy, instance: Instance, context: Context) -> None:
    table = context.world.table(VolumePolicy)
    lifecycle.check_status(instance, lifecycle.MADE)
    limits = engines.engine(instance.engine).auto_enlarge
    if limits is None:
        raise Refused("DBS.280235", "Only Cassandra and Redis.")
    if op.switch_option == "off":
        if instance.id in table:
            table.drop(instance.id)
        return
    given = op.policy or EnlargePolicy()
    if given.threshold and given.threshold < limits.threshold_low:
        raise Refused("DBS.03000002", "80, 85 or 90 for Cassandra.")
    if given.size and given.size < instance.size + limits.least:
        raise Refused("DBS.280242", f"At least {limits.least} GB more than now.")
    table.put(VolumePolicy(instance.id, given.threshold or limits.threshold, given.step or limits.step, given.size))
    enlarge(context.world, instance, context.now)


@simulates(ShowAutoEnlargePolicy)
def show_policy(op: ShowAutoEnlargePolicy, context: Context) -> dict[str, Any]:
    policy = context.world.table(VolumePolicy).get(context.instance(op.instance_id).id)
    if policy is None:
        return {}
    size = {} if policy.size is None else {"size": policy.size}
    return {"policy": {"threshold": policy.threshold, "step": policy.step} | size}


@lifecycle.afterwards
def enlarge(world: World, instance: Instance, now: float) -> None:
    """Add storage if the policy of the instance says so."""
    policy = world.table(VolumePolicy).get(instance.id)
    limits = engines.engine(instance.engine).auto_enlarge
    if policy is None or limits is None or instance.actions or instance.status not in EXTEND.allowed:
        return
    if lifecycle.percent_used(instance) < policy.threshold:
        return
    size = instance.size + max(limits.least, math.ceil(instance.size * policy.step / 100))
    size = min(most for most in (size, policy.size, _span(instance).high) if most is not None)
    if size > instance.size and has_room(world, instance, size):
        lifecycle.begin(world, EXTEND, instance, now, effect={"size": size})


def fill(world: World, instance: Instance, percent: float, now: float) -> None:
    """Fill the disk of an instance to a percentage. From 97 on the disk is full."""
    instance.used = f"{instance.size * percent / 100:.3f}"
    lifecycle.settled(world, instance, now)
