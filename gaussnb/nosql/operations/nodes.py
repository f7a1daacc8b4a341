"""Nodes: adding and removing nodes, shutting them down, and automatic node expansion."""

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
    """The policy by which the service adds nodes to an instance automatically."""

    # Sources disagree about the place of these values: the SDK reads them at the top, Terraform inside resultMsg.
    switch_option: Annotated[bool, At("switch_option", "resultMsg.switch_option")]
    """True if nodes are added automatically."""
    overload_node_threshold: Annotated[int, At("overload_node_threshold", "resultMsg.overload_node_threshold")]
    """The percentage of nodes that must be overloaded before nodes are added."""
    cpu_threshold: Annotated[int, At("cpu_threshold", "resultMsg.cpu_threshold")]
    """The CPU usage in percent from which a node is overloaded."""
    mem_threshold: Annotated[int, At("mem_threshold", "resultMsg.mem_threshold")]
    """The memory usage in percent from which a node is overloaded."""
    step: Annotated[int, At("step", "resultMsg.step")]
    """The number of nodes that are added at once."""
    node_limit: Annotated[int, At("node_limit", "resultMsg.node_limit")]
    """The largest number of nodes that automatic expansion reaches."""


@post("/v3/{project_id}/instances/{instance_id}/enlarge-node", returns=JobStarted, ends="ready")
class ExpandInstanceNode(Orders):
    """Add nodes to an instance."""

    num: NodesAtOnce
    """The number of nodes to add."""
    subnet_id: SubnetId | None = None
    """The subnet for the new nodes, in the VPC of the instance; Cassandra only."""


@post("/v3/{project_id}/instances/{instance_id}/reduce-node", returns=JobStarted, ends="ready")
class ShrinkInstanceNode(OfInstance):
    """Remove nodes from an instance."""

    num: Annotated[int, between(1, 10, "nodes,", "DBS.239011")] | None = None
    """The number of nodes to remove, chosen by the service: 1 to 10 for Cassandra, 1 for Redis."""
    node_list: Annotated[list[NodeId], at_most(10, "nodes", "DBS.239012")] | None = None
    """The nodes to remove, in place of a number; ``support_reduce`` must be true for each in the list of nodes."""

    ties: ClassVar[Ties] = (
        Tie(
            ("num",),
            MISSING,
            "a number of nodes, or else node_list",
            lambda ask: ask.num is not None or ask.node_list is not None,
        ),
    )


@delete("/v3/{project_id}/instances/{instance_id}/enlarge-failed-nodes", returns=JobStarted, success=202, ends="ready")
class DeleteEnlargeFailNode(OfInstance):
    """Remove a node that could not be added."""

    node_id: NodeId
    """The node, with the status enlargefail."""


@put("/v3/{project_id}/instances/{instance_id}/nodes", returns=JobStarted, success=202, ends="ready", only=("redis",))
class OfflineNodes(OfInstance):
    """Shut down nodes of a Redis instance, so that others take over, or start them again."""

    action: Annotated[Literal["shutdown", "startup"], OneOf("DBS.280391")]
    """shutdown or startup."""
    node_ids: Annotated[list[NodeId], at_most(10, "nodes", "DBS.280407")]
    """The nodes, at most 10."""


@get("/v3/{project_id}/instances/{instance_id}/node-auto-expansion-policy", returns=NodePolicy, only=("cassandra",))
class ShowAutoNodeExpansionPolicy(OfInstance):
    """Show the policy of automatic node expansion of a Cassandra instance."""


@put(
    "/v3/{project_id}/instances/{instance_id}/node-auto-expansion-policy",
    returns=Done,
    success=204,
    only=("cassandra",),
)
class ModifyAutoNodeExpansionPolicy(OfInstance):
    """Set automatic node expansion for a Cassandra instance with more than 2 CPUs a node."""

    switch_option: bool
    """True to add nodes automatically."""
    overload_node_threshold: Percent | None = None
    """The percentage of nodes that must be overloaded: 67 means two of three."""
    cpu_threshold: Percent | None = None
    """The CPU usage in percent from which a node is overloaded; left out means 80."""
    mem_threshold: Percent | None = None
    """The memory usage in percent from which a node is overloaded; left out means 80."""
    step: Nodes1 | None = None
    """The number of nodes to add at once; left out means 3."""
    node_limit: Nodes1 | None = None
    """The largest number of nodes to expand to; left out, the largest that the instance may have."""


class Nodes(Group):
    """Nodes of an instance; ``instances.nodes`` lists them."""

    add = call(ExpandInstanceNode)
    remove = call(ShrinkInstanceNode)
    remove_failed = call(DeleteEnlargeFailNode)
    set_power = call(OfflineNodes)
    get_policy = call(ShowAutoNodeExpansionPolicy)
    set_policy = call(ModifyAutoNodeExpansionPolicy)
