"""The operations of VPC: the networks that an instance can be placed in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..core.catalogue import get
from ..core.methods import Group, call
from ..core.operation import Operation
from ..core.rows import Row
from ..core.rules import between

PageSize = Annotated[int, between(1, 2000, "items a page,")]


class Vpc(Row, at="vpcs"):
    """One virtual private cloud."""

    id: str
    """The id of the VPC, for ``vpc_id`` of a create request."""
    name: str
    """The name of the VPC."""
    cidr: str
    """The block of addresses of the VPC, in CIDR form."""
    status: str
    """The status; OK if the VPC can be used."""
    enterprise_project_id: str
    """The enterprise project of the VPC."""


class Subnet(Row, at="subnets"):
    """One subnet."""

    id: str
    """The network id of the subnet, for ``subnet_id`` of a create request."""
    name: str
    """The name of the subnet."""
    vpc_id: str
    """The VPC that the subnet is a part of."""
    cidr: str
    """The block of addresses of the subnet, in CIDR form."""
    gateway_ip: str
    """The address of the gateway."""
    status: str
    """The status; ACTIVE if the subnet can be used."""


class SecurityGroup(Row, at="security_groups"):
    """One security group."""

    id: str
    """The id of the security group, for ``security_group_id`` of a create request."""
    name: str
    """The name of the security group."""
    description: str
    """A description."""


class Marked(Operation):
    """The base of lists that are paged by a marker: the id of the last item of the page before."""

    limit: PageSize | None = Field(default=None, kw_only=True)
    """Number of items to read, at most 2000. With it one page is read instead of all pages."""
    marker: str | None = Field(default=None, kw_only=True)
    """Read the items after the item with this id."""


@get("/v1/{project_id}/vpcs", returns=Vpc, service="vpc", page_size=2000)
class ListVpcs(Marked):
    """List virtual private clouds."""


@get("/v1/{project_id}/subnets", returns=Subnet, service="vpc", page_size=2000)
class ListSubnets(Marked):
    """List subnets."""

    vpc_id: str | None = None
    """Only subnets of this VPC."""


@get("/v1/{project_id}/security-groups", returns=SecurityGroup, service="vpc", page_size=2000)
class ListSecurityGroups(Marked):
    """List security groups."""


class Vpcs(Group):
    """Virtual private clouds."""

    list = call(ListVpcs)


class Subnets(Group):
    """Subnets of virtual private clouds."""

    list = call(ListSubnets)


class SecurityGroups(Group):
    """Security groups."""

    list = call(ListSecurityGroups)
