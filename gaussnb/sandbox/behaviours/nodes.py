"""Nodes: more of them, fewer of them, and nodes that are shut down."""

from __future__ import annotations

from dataclasses import asdict, dataclass
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
from .. import lifecycle
from ..lifecycle import End, Work, known
from ..messages import Refused
from ..world import Instance, Node, kept
from . import UNSUPPORTED, Call, matching, simulates
from .dedicated_resources import check_growth

_ADDRESSES = 200
"""How many nodes an instance gets in all, unless its policy says fewer."""


@kept("node_policy", ends_with_instance=True)
@dataclass
class NodePolicy:
    """When nodes are added to an instance by themselves."""

    id: str
    switch_option: bool = False
    overload_node_threshold: int = 67
    cpu_threshold: int = 80
    mem_threshold: int = 80
    step: int = 3
    node_limit: int = _ADDRESSES


def _chosen(end: End) -> list[Node]:
    return [node for node in end.instance.nodes if node.id in end.effect["nodes"]]


def _mark(status: str) -> Any:
    def change(end: End) -> None:
        for node in _chosen(end):
            node.status = status

    return change


def _not_added(end: End) -> None:
    _mark("enlargefail")(end)
    end.instance.status = "enlargefail"


def _take_away(end: End) -> None:
    end.instance.nodes = [node for node in end.instance.nodes if node.id not in end.effect["nodes"]]


def _clean_up(end: End) -> None:
    _take_away(end)
    if not matching(end.instance.nodes, status="enlargefail"):
        end.instance.status = "normal"


ADD = known(
    Work("EnlargeInstance", "GROWING", 300, allowed=lifecycle.FILLED, orders=True,
         apply=_mark("normal"), undo=_not_added)
)  # fmt: skip
REMOVE = known(Work("ReduceInstance", "REDUCING", 300, orders=True, apply=_take_away))
CLEAN_UP = known(
    Work("DeleteEnlargeFailNode", "REDUCING", 60, allowed=frozenset({"enlargefail"}), apply=_clean_up)
)
SHUT_DOWN = known(Work("ShutdownNode", "REBOOT", 60, apply=_mark("abnormal")))
START_UP = known(Work("StartupNode", "REBOOT", 60, apply=_mark("normal")))


def _span(instance: Instance) -> engines.Span:
    return engines.mode(instance.engine, instance.mode).nodes


@simulates(ExpandInstanceNode)
def add(op: ExpandInstanceNode, call: Call) -> dict[str, Any]:
    instance, world = call.instance(op.instance_id), call.world
    span, present = _span(instance), len(instance.nodes)
    if span.low == span.high:
        raise Refused("DBS.240002", "This mode has always as many nodes.")
    if span.high is not None and present + op.num > span.high:
        raise Refused("DBS.240012", f"At most {span.high}.")
    if op.subnet_id is not None:
        _check_subnet(op.subnet_id, instance, call)
    lifecycle.check_idle(instance, ADD.allowed)
    lifecycle.check_addresses(world, op.subnet_id or instance.subnet_id, op.num)
    check_growth(world, instance, nodes=op.num)
    number = 1 + max(int(node.name.rpartition("_")[2]) for node in instance.nodes)
    new = [
        lifecycle.new_node(world, instance, number + more, subnet_id=op.subnet_id or "") for more in range(op.num)
    ]
    instance.nodes = [*instance.nodes, *new]
    return call.start(ADD, instance, nodes=[node.id for node in new])


def _check_subnet(subnet_id: str, instance: Instance, call: Call) -> None:
    if instance.engine != "cassandra":
        raise Refused(UNSUPPORTED, "Only nodes of Cassandra stand in a subnet of their own.")
    if subnet_id not in call.world.subnets:
        raise Refused("DBS.200501")
    if call.world.subnets[subnet_id].vpc_id != instance.vpc_id:
        raise Refused("DBS.280248", "The subnet belongs to another VPC.")


@simulates(ShrinkInstanceNode)
def remove(op: ShrinkInstanceNode, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    span, present = _span(instance), [node.id for node in instance.nodes]
    if span.low == span.high:
        raise Refused("DBS.240009")
    if op.node_list is not None:  # documented: goes before the number
        chosen = list(dict.fromkeys(op.node_list))
        if not set(chosen) <= set(present):
            raise Refused("DBS.239012")
    else:
        chosen = present[::-1][: op.num]
    if instance.engine == "redis" and len(chosen) != 1:
        raise Refused("DBS.239011", "Redis gives up one node at a time.")
    asked = len(chosen) if op.node_list is not None else op.num or 0
    if len(present) - asked < span.low:
        raise Refused("DBS.239014", f"At least {span.low} stay.")
    return call.start(REMOVE, instance, nodes=chosen)


@simulates(DeleteEnlargeFailNode)
def remove_failed(op: DeleteEnlargeFailNode, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if not (found := matching(instance.nodes, id=op.node_id)):
        raise Refused("DBS.200013")
    if found[0].status != "enlargefail":
        raise Refused("DBS.239012", "Only a node that could not be added.")
    return call.start(CLEAN_UP, instance, nodes=[op.node_id])


@simulates(OfflineNodes, only=("redis",))
def set_power(op: OfflineNodes, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if not set(op.node_ids) <= {node.id for node in instance.nodes}:
        raise Refused("DBS.280407")
    if op.action == "startup":
        return call.start(START_UP, instance, nodes=op.node_ids)
    if all(node.id in op.node_ids or node.status != "normal" for node in instance.nodes):
        raise Refused("DBS.212003", "One node must go on.")
    return call.start(SHUT_DOWN, instance, nodes=op.node_ids)


@simulates(ShowAutoNodeExpansionPolicy, only=("cassandra",))
def show_policy(op: ShowAutoNodeExpansionPolicy, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    shown = asdict(call.world.table(NodePolicy).get(instance.id) or NodePolicy(instance.id))
    del shown["id"]
    return shown


@simulates(ModifyAutoNodeExpansionPolicy, only=("cassandra",))
def set_policy(op: ModifyAutoNodeExpansionPolicy, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    flavor = engines.flavor(instance.spec_code)
    if flavor and flavor.vcpus <= 2:
        raise Refused(UNSUPPORTED, "Only nodes of more than 2 CPUs.")
    given = {name: value for name, value in op if name != "instance_id" and value is not None}
    call.world.table(NodePolicy).put(NodePolicy(instance.id, **given))
    return {}
