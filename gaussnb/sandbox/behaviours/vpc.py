"""VPCs, subnets and security groups: lists of another service, which are paged by marker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...neighbours.vpc import ListSecurityGroups, ListSubnets, ListVpcs
from . import Context, matching, simulates


@simulates(ListVpcs, "data")
def list_vpcs(op: ListVpcs, context: Context) -> dict[str, Any]:
    shown = (
        {"id": vpc.id, "name": vpc.name, "cidr": vpc.cidr, "status": "OK", "enterprise_project_id": "0"}
        for vpc in context.world.vpcs.values()
    )
    return {"vpcs": _page(shown, op)}


@simulates(ListSubnets, "data")
def list_subnets(op: ListSubnets, context: Context) -> dict[str, Any]:
    shown = (
        {
            "id": subnet.id,
            "name": subnet.name,
            "cidr": subnet.cidr,
            "gateway_ip": subnet.gateway,
            "vpc_id": subnet.vpc_id,
            "status": "ACTIVE",
            "neutron_network_id": subnet.id,
        }
        for subnet in matching(context.world.subnets.values(), vpc_id=op.vpc_id)
    )
    return {"subnets": _page(shown, op)}


@simulates(ListSecurityGroups, "data")
def list_security_groups(op: ListSecurityGroups, context: Context) -> dict[str, Any]:
    shown = (
        {"id": group.id, "name": group.name, "description": group.description, "enterprise_project_id": "0"}
        for group in context.world.security_groups.values()
    )
    return {"security_groups": _page(shown, op)}


def _page(things: Iterable[dict[str, Any]], op: ListVpcs | ListSubnets | ListSecurityGroups) -> list[dict[str, Any]]:
    rest = list(things)
    if op.marker is not None:
        places = [place for place, thing in enumerate(rest) if thing["id"] == op.marker]
        rest = rest[places[0] + 1 :] if places else []
    return rest[: op.limit or len(rest)]
