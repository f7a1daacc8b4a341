"""Nodes: adding, removing, starting and shutting down nodes."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from ...nosql import engines
from ...nosql.operations.nodes import (
    DeleteEnlargeFailNode,
    ExpandInstanceNode,
    ModifyAutoNodeExpansionPolicy,
    OfflineNodes,
    ShowAutoNodeExpansionPolicy,
    ShrinkInstanceNode,
)
from .. import lifecycle
from ..engine.work import Work
from ..lifecycle import End, mark_nodes, register
from ..refusals import Refused
from ..world import Instance, World, kept
from . import UNSUPPORTED, Context, matching, simulates
from .dedicated_resources import check_growth
from .quotas import check_larger

_ADDRESSES = 200
"""The largest number of nodes of an instance, unless its policy names a smaller one."""


@kept("node_policy", ends_with_instance=True)
@dataclass
class NodePolicy:
    """The policy for automatic node expansion of an instance."""

    id: str
    switch_option: bool = False
    overload_node_threshold: int = 67
    cpu_threshold: int = 80
    mem_threshold: int = 80
    step: int = 3
    node_limit: int = _ADDRESSES


def _added(end: End) -> None:
    mark_nodes("normal")(end)
    for node in end.instance.nodes:
        if node.since is None:
            node.since = end.now


@kept("load", ends_with_instance=True)
@dataclass
class Load:
    """The load of some nodes of an instance, in percent; the other nodes are idle."""

    id: str
    """The instance."""
    nodes: list[str]
    cpu: float
    memory: float


def _not_added(end: End) -> None:
    mark_nodes("enlargefail")(end)
    end.instance.status = "enlargefail"


def _take_away(end: End) -> None:
    end.instance.nodes = [node for node in end.instance.nodes if node.id not in end.effect["nodes"]]


def _clean_up(end: End) -> None:
    _take_away(end)
    if not matching(end.instance.nodes, status="enlargefail"):
        end.instance.status = "normal"


ADD = register(
    Work("EnlargeInstance", "GROWING", 300, allowed=lifecycle.FILLED, orders=True,
         apply=_added, undo=_not_added)
)  # fmt: skip
REMOVE = register(Work("ReduceInstance", "REDUCING", 300, orders=True, apply=_take_away))
CLEAN_UP = register(Work("DeleteEnlargeFailNode", "REDUCING", 60, allowed=frozenset({"enlargefail"}), apply=_clean_up))
SHUT_DOWN = register(Work("ShutdownNode", "REBOOT", 60, apply=mark_nodes("abnormal")))
START_UP = register(Work("StartupNode", "REBOOT", 60, apply=mark_nodes("normal")))


def _span(instance: Instance) -> engines.Span:
    return engines.mode(instance.engine, instance.mode).nodes


@simulates(ExpandInstanceNode)
def add(op: ExpandInstanceNode, context: Context) -> dict[str, Any]:
    instance, world = context.instance(op.instance_id), context.world
    span, present = _span(instance), len(instance.nodes)
    if span.low == span.high:
        raise Refused("DBS.240002", "This mode has a fixed number of nodes.")
    if span.high is not None and present + op.num > span.high:
        raise Refused("DBS.240012", f"At most {span.high}.")
    if op.subnet_id is not None:
        _check_subnet(op.subnet_id, instance, context)
    check_larger(world, instance, instance.spec_code, present + op.num)
    lifecycle.check_idle(instance, ADD.allowed)
    lifecycle.check_addresses(world, op.subnet_id or instance.subnet_id, op.num)
    check_growth(world, instance, nodes=op.num)
    return context.start(ADD, instance, nodes=_new(world, instance, op.num, op.subnet_id or ""))


def _new(world: World, instance: Instance, num: int, subnet_id: str = "") -> list[str]:
    """Add nodes that are being created to an instance; their ids."""
    number = 1 + max(int(node.name.rpartition("_")[2]) for node in instance.nodes)
    new = [lifecycle.new_node(world, instance, number + more, subnet_id=subnet_id) for more in range(num)]
    for node in new:
        node.since = None
    instance.nodes = [*instance.nodes, *new]
    return [node.id for node in new]


def _check_subnet(subnet_id: str, instance: Instance, context: Context) -> None:
    if not engines.engine(instance.engine).node_subnets:
        raise Refused(UNSUPPORTED, "Only nodes of Cassandra stand in a subnet of their own.")
    if subnet_id not in context.world.subnets:
        raise Refused("DBS.200501")
    if context.world.subnets[subnet_id].vpc_id != instance.vpc_id:
        raise Refused("DBS.280248", "The subnet belongs to another VPC.")


@simulates(ShrinkInstanceNode)
def remove(op: ShrinkInstanceNode, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    span, present = _span(instance), [node.id for node in instance.nodes]
    if span.low == span.high:
        raise Refused("DBS.240009")
    if op.node_list is not None:  # documented: node_list goes before num
        chosen = list(dict.fromkeys(op.node_list))
        if not set(chosen) <= set(present):
            raise Refused("DBS.239012")
    else:
        chosen = present[::-1][: op.num]
    if engines.engine(instance.engine).removes_one and len(chosen) != 1:
        raise Refused("DBS.239011", "Redis gives up one node at a time.")
    asked = len(chosen) if op.node_list is not None else op.num or 0
    if len(present) - asked < span.low:
        raise Refused("DBS.239014", f"At least {span.low} stay.")
    return context.start(REMOVE, instance, nodes=chosen)


@simulates(DeleteEnlargeFailNode)
def remove_failed(op: DeleteEnlargeFailNode, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    if not (found := matching(instance.nodes, id=op.node_id)):
        raise Refused("DBS.200013")
    if found[0].status != "enlargefail":
        raise Refused("DBS.239012", "Only a node that could not be added.")
    return context.start(CLEAN_UP, instance, nodes=[op.node_id])


@simulates(OfflineNodes)
def set_power(op: OfflineNodes, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    if not set(op.node_ids) <= {node.id for node in instance.nodes}:
        raise Refused("DBS.280407")
    lifecycle.check_idle(instance, lifecycle.USABLE)
    work, before = (START_UP, "abnormal") if op.action == "startup" else (SHUT_DOWN, "normal")
    as_before = {node.id for node in instance.nodes if node.status == before}
    if not set(op.node_ids) <= as_before:
        raise Refused("DBS.200076", f"{op.action} is for nodes that are {before}.")
    if work is SHUT_DOWN and as_before <= set(op.node_ids):
        raise Refused("DBS.212003", "One node must stay on.")
    return context.start(work, instance, nodes=op.node_ids)


@simulates(ShowAutoNodeExpansionPolicy)
def show_policy(op: ShowAutoNodeExpansionPolicy, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    shown = asdict(context.world.table(NodePolicy).get(instance.id) or NodePolicy(instance.id))
    del shown["id"]
    return shown


@simulates(ModifyAutoNodeExpansionPolicy)
def set_policy(op: ModifyAutoNodeExpansionPolicy, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    flavor = engines.flavor(instance.spec_code)
    if op.switch_option and flavor and flavor.vcpus <= 2:
        raise Refused(UNSUPPORTED, "Only nodes of more than 2 CPUs.")
    given = {name: value for name, value in op if name != "instance_id" and value is not None}
    context.world.table(NodePolicy).put(NodePolicy(instance.id, **given))
    expand(context.world, instance, context.now)
    return {}


def load(world: World, instance: Instance, nodes: int | None, cpu: float, memory: float, now: float) -> None:
    """Set the load of the first ``nodes`` nodes of an instance, or of all."""
    busy = [node.id for node in instance.nodes][:nodes]
    world.table(Load).put(Load(instance.id, busy, cpu, memory))
    lifecycle.settled(world, instance, now)


@lifecycle.afterwards
def expand(world: World, instance: Instance, now: float) -> None:
    """Add nodes if the policy of the instance says so, within its limits and quotas."""
    policy, busy = world.table(NodePolicy).get(instance.id), world.table(Load).get(instance.id)
    if policy is None or busy is None or not policy.switch_option:
        return
    if instance.actions or instance.status not in ADD.allowed or not _overloaded(instance, policy, busy):
        return
    present, most = len(instance.nodes), _span(instance).high
    limits = [policy.node_limit, *([] if most is None else [most])]
    num = min([present + policy.step, *limits]) - present
    try:
        check_larger(world, instance, instance.spec_code, present + num)
    except Refused:
        return
    if num > 0:
        lifecycle.begin(world, ADD, instance, now, effect={"nodes": _new(world, instance, num)})


def _overloaded(instance: Instance, policy: NodePolicy, busy: Load) -> bool:
    if busy.cpu < policy.cpu_threshold and busy.memory < policy.mem_threshold:
        return False
    share = sum(node.id in busy.nodes for node in instance.nodes) / len(instance.nodes)
    return math.ceil(100 * share) >= policy.overload_node_threshold  # 67 means two of three
