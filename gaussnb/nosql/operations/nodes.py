"""Nodes: more of them, fewer of them, and when the service adds some by itself."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from ...core.catalogue import delete, get, post, put
from ...core.methods import Group, call
from ...core.operation import Tie, Ties
from ...core.rows import At
from ...core.rules import MISSING, OneOf, Rule, at_most, between
from ..fields import NodeId, NodesAtOnce, SubnetId
from .bases import OfInstance, Orders
from .rows import AboutInstance, Done, JobStarted

Percent = Annotated[int, between(1, 100, "percent,", "DBS.03000002")]
Nodes1 = Annotated[int, Rule("a whole number, 1 or more", lambda number: number >= 1, "DBS.03000003")]


class NodePolicy(AboutInstance):
    """When nodes are added to an instance by themselves."""

    # Read from both places that are described: the SDK knows them at the top, Terraform in an envelope.
    switch_option: Annotated[bool, At("switch_option", "resultMsg.switch_option")]
    """Whether they are."""
    overload_node_threshold: Annotated[int, At("overload_node_threshold", "resultMsg.overload_node_threshold")]
    """How many of the nodes, in percent, must be overloaded."""
    cpu_threshold: Annotated[int, At("cpu_threshold", "resultMsg.cpu_threshold")]
    """From which use of the CPU, in percent, a node is."""
    mem_threshold: Annotated[int, At("mem_threshold", "resultMsg.mem_threshold")]
    """From which use of the memory, in percent, a node is."""
    step: Annotated[int, At("step", "resultMsg.step")]
    """How many nodes are added at once."""
    node_limit: Annotated[int, At("node_limit", "resultMsg.node_limit")]
    """How many nodes the instance gets in all."""


@post("/v3/{project_id}/instances/{instance_id}/enlarge-node", returns=JobStarted, ends="ready")
class ExpandInstanceNode(Orders):
    """Add nodes to an instance."""

    num: NodesAtOnce
    """How many nodes to add."""
    subnet_id: SubnetId | None = None
    """The subnet they stand in, of the instance's VPC; Cassandra only."""


@post("/v3/{project_id}/instances/{instance_id}/reduce-node", returns=JobStarted, ends="ready")
class ShrinkInstanceNode(OfInstance):
    """Take nodes away from an instance."""

    num: Annotated[int, between(1, 10, "nodes,", "DBS.239011")] | None = None
    """How many nodes the service shall choose: 1 to 10 for Cassandra, 1 for Redis."""
    node_list: Annotated[list[NodeId], at_most(10, "nodes", "DBS.239012")] | None = None
    """These nodes, instead; each one with ``support_reduce`` in the list of nodes."""

    ties: ClassVar[Ties] = (
        Tie(
            ("num",),
            MISSING,
            "a number of nodes, or the nodes themselves in node_list",
            lambda ask: ask.num is not None or ask.node_list is not None,
        ),
    )


@delete("/v3/{project_id}/instances/{instance_id}/enlarge-failed-nodes", returns=JobStarted, success=202, ends="ready")
class DeleteEnlargeFailNode(OfInstance):
    """Take away a node that could not be added."""

    node_id: NodeId
    """The node, of status enlargefail."""


@put("/v3/{project_id}/instances/{instance_id}/nodes", returns=JobStarted, success=202, ends="ready", only=("redis",))
class OfflineNodes(OfInstance):
    """Shut nodes of a Redis instance down, so that others take over, or start them again."""

    action: Annotated[Literal["shutdown", "startup"], OneOf("DBS.280391")]
    """shutdown or startup."""
    node_ids: Annotated[list[NodeId], at_most(10, "nodes", "DBS.280407")]
    """The nodes, at most 10."""


@get("/v3/{project_id}/instances/{instance_id}/node-auto-expansion-policy", returns=NodePolicy, only=("cassandra",))
class ShowAutoNodeExpansionPolicy(OfInstance):
    """Show when nodes are added to a Cassandra instance by themselves."""


@put(
    "/v3/{project_id}/instances/{instance_id}/node-auto-expansion-policy",
    returns=Done,
    success=204,
    only=("cassandra",),
)
class ModifyAutoNodeExpansionPolicy(OfInstance):
    """Say when nodes are added to a Cassandra instance, of more than 2 CPUs a node, by themselves."""

    switch_option: bool
    """Whether they are."""
    overload_node_threshold: Percent | None = None
    """How many of the nodes, in percent, must be overloaded: 67 means two of three."""
    cpu_threshold: Percent | None = None
    """From which use of the CPU, in percent, a node is overloaded; left out means 80."""
    mem_threshold: Percent | None = None
    """From which use of the memory, in percent, a node is overloaded; left out means 80."""
    step: Nodes1 | None = None
    """How many nodes are added at once; left out means 3."""
    node_limit: Nodes1 | None = None
    """How many nodes the instance gets in all; left out, as many as it may have."""


class Nodes(Group):
    """Nodes of an instance; ``instances.nodes`` lists them."""

    add = call(ExpandInstanceNode)
    remove = call(ShrinkInstanceNode)
    remove_failed = call(DeleteEnlargeFailNode)
    set_power = call(OfflineNodes)
    get_policy = call(ShowAutoNodeExpansionPolicy)
    set_policy = call(ModifyAutoNodeExpansionPolicy)
