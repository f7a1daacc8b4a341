"""Storage: more, less, cold, by itself; and what a full disk does."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor
from typing import Any

from ... import engines
from ...operations.volumes import (
    CreateColdVolume,
    ModifyVolume,
    ResizeColdVolume,
    ResizeInstanceVolume,
    SetAutoEnlargePolicy,
    ShowAutoEnlargePolicy,
)
from ..lifecycle import Work
from ..messages import Refused
from ..world import Instance, World
from . import Call, simulates


def _sized(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    instance.size = effect["size"]


def _cooled(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    instance.settings["cold"] = effect["size"]


# A full disk is mended by more of it: the instance takes writes again.
_FULL = frozenset({"normal", "data_disk_full"})
GROW = Work("EnlargeInstanceVolume", "RESIZE_VOLUME", 180, done="normal", allowed=_FULL, apply=_sized)
SHRINK = Work("ReduceInstanceVolume", "RESIZE_VOLUME", 300, apply=_sized)
ADD_COLD = Work("AddInstanceColdVolume", "RESIZE_VOLUME", 180, apply=_cooled)
GROW_COLD = Work("EnlargeInstanceColdVolume", "RESIZE_VOLUME", 180, apply=_cooled)
_USUAL = {"cassandra": {"threshold": 90, "step": 10}, "redis": {"threshold": 80, "step": 20}}


def _fits(instance: Instance, size: int) -> None:
    if size not in engines.storage(engines.mode(instance.engine, instance.mode), instance.spec_code):
        raise Refused("DBS.200306")


@simulates(ResizeInstanceVolume)
def extend(op: ResizeInstanceVolume, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if op.size <= instance.size:
        raise Refused("DBS.280242", f"It has {instance.size} GB now.")
    _fits(instance, op.size)
    return call.order(GROW, instance, size=op.size)


@simulates(ModifyVolume)
def resize(op: ModifyVolume, call: Call) -> dict[str, Any]:
    instance = call.of_engine(op.instance_id, "cassandra", "redis")
    if op.size == instance.size:
        raise Refused("DBS.280242", f"It has {instance.size} GB now.")
    _fits(instance, op.size)
    if op.size < instance.size and op.size <= floor(float(instance.used) * 1.25):
        raise Refused("DBS.200302", "More than 125 percent of what is in use must stay.")
    return call.order(GROW if op.size > instance.size else SHRINK, instance, size=op.size)


@simulates(CreateColdVolume)
def create_cold(op: CreateColdVolume, call: Call) -> dict[str, Any]:
    instance = call.of_engine(op.instance_id, "influxdb")
    if instance.mode != "InfluxdbSingle":
        raise Refused("DBS.280342", "Only a single node has cold storage.")
    if instance.settings.get("cold"):
        raise Refused("DBS.280242", "It has cold storage already.")
    return call.order(ADD_COLD, instance, size=op.size)


@simulates(ResizeColdVolume)
def extend_cold(op: ResizeColdVolume, call: Call) -> dict[str, Any]:
    instance = call.of_engine(op.instance_id, "influxdb")
    now = instance.settings.get("cold", 0)
    if not now or op.size <= now:
        raise Refused("DBS.280242", f"It has {now} GB now." if now else "It has no cold storage.")
    return call.order(GROW_COLD, instance, size=op.size)


@simulates(SetAutoEnlargePolicy)
def set_policy(op: SetAutoEnlargePolicy, call: Call) -> dict[str, Any]:
    for id in op.instance_ids:
        instance = call.of_engine(id, "cassandra", "redis")
        given = {name: value for name, value in op.policy or () if value is not None}
        on = op.switch_option != "off"
        instance.settings["volume"] = {**_USUAL[instance.engine], "size": 0, **given} if on else {}
        call.world.touch(instance, call.now)
    return {}


@simulates(ShowAutoEnlargePolicy)
def show_policy(op: ShowAutoEnlargePolicy, call: Call) -> dict[str, Any]:
    policy = call.instance(op.instance_id).settings.get("volume")
    return {"policy": policy} if policy else {}
