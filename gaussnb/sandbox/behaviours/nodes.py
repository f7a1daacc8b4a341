"""Nodes: added, taken away, shut down, and the policy that adds them by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import engines
from ...operations.nodes import (
    DeleteEnlargeFailNode,
    ExpandInstanceNode,
    ModifyAutoNodeExpansionPolicy,
    OfflineNodes,
    ShowAutoNodeExpansionPolicy,
    ShrinkInstanceNode,
)
from ..lifecycle import Work
from ..messages import Refused
from ..world import SUFFIXES, Instance, Node, World
from . import Call, simulates


def _grown(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    first = len(instance.nodes) + 1
    for number in range(first, first + effect["num"]):
        instance.nodes.append(
            Node(
                id=f"{world.ids.hex('node')}no{SUFFIXES[instance.engine]}",
                name=f"{instance.name}_node_{number}",
                status="normal",
                subnet_id=effect["subnet_id"] or instance.subnet_id,
                spec_code=instance.spec_code,
                availability_zone=instance.nodes[0].availability_zone,
            )
        )


def _reduced(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    instance.nodes = [node for node in instance.nodes if node.id not in effect["nodes"]]


def _powered(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    for node in instance.nodes:
        if node.id in effect["nodes"]:
            node.status = effect["status"]


GROW = Work("EnlargeInstance", "GROWING", 600, failed="enlargefail", apply=_grown)
REDUCE = Work("ReduceInstance", "REDUCING", 300, apply=_reduced)
POWER = Work("OfflineNodes", "REBOOT", 60, apply=_powered)
REMOVE_FAILED = Work(
    "DeleteEnlargeFailNode", "REDUCING", 60, done="normal", allowed=frozenset({"enlargefail"}), apply=_reduced
)
_BY_ITSELF = {"cpu_threshold": 80, "mem_threshold": 80, "overload_node_threshold": 67, "step": 3, "node_limit": 60}


@simulates(ExpandInstanceNode)
def add_nodes(op: ExpandInstanceNode, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    most = engines.mode(instance.engine, instance.mode).nodes.high
    if most is not None and len(instance.nodes) + op.num > most:
        raise Refused("DBS.240012")
    if op.subnet_id is not None:
        subnet = call.world.subnets.get(op.subnet_id)
        if subnet is None:
            raise Refused("DBS.200501")
        if subnet.vpc_id != instance.vpc_id:
            raise Refused("DBS.280248", "The subnet belongs to another VPC.")
    return call.order(GROW, instance, num=op.num, subnet_id=op.subnet_id or "")


@simulates(ShrinkInstanceNode)
def remove_nodes(op: ShrinkInstanceNode, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    known = [node.id for node in instance.nodes]
    chosen = op.node_list or known[-(op.num or 0) :]  # the newest go first; named ones win
    if not set(chosen) <= set(known):
        raise Refused("DBS.239012")
    if instance.engine == "redis" and len(chosen) != 1:
        raise Refused("DBS.239011", "One node at a time.")
    if len(known) - len(chosen) < engines.mode(instance.engine, instance.mode).nodes.low:
        raise Refused("DBS.239014")
    return call.order(REDUCE, instance, nodes=chosen)


@simulates(DeleteEnlargeFailNode)
def remove_failed(op: DeleteEnlargeFailNode, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if op.node_id not in (node.id for node in instance.nodes):
        raise Refused("DBS.280407")
    return call.start(REMOVE_FAILED, instance, nodes=[])


@simulates(OfflineNodes)
def set_power(op: OfflineNodes, call: Call) -> dict[str, Any]:
    instance = call.of_engine(op.instance_id, "redis")
    if not set(op.node_ids) <= {node.id for node in instance.nodes}:
        raise Refused("DBS.280407")
    return call.start(POWER, instance, nodes=op.node_ids, status="abnormal" if op.action == "shutdown" else "normal")


@simulates(ShowAutoNodeExpansionPolicy)
def show_policy(op: ShowAutoNodeExpansionPolicy, call: Call) -> dict[str, Any]:
    instance = call.of_engine(op.instance_id, "cassandra")
    return {"switch_option": False, **_BY_ITSELF, **instance.settings.get("nodes", {})}


@simulates(ModifyAutoNodeExpansionPolicy)
def set_policy(op: ModifyAutoNodeExpansionPolicy, call: Call) -> dict[str, Any]:
    instance = call.of_engine(op.instance_id, "cassandra")
    names = ("switch_option", *_BY_ITSELF)
    instance.settings["nodes"] = {name: value for name in names if (value := getattr(op, name)) is not None}
    call.world.touch(instance, call.now)
    return {}
