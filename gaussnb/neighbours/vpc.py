"""VPC: the networks an instance can stand in."""

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
    """The VPC, as it goes into a create request."""
    name: str
    """Its name."""
    cidr: str
    """Its addresses."""
    status: str
    """OK when it can be used."""
    enterprise_project_id: str
    """Its enterprise project."""


class Subnet(Row, at="subnets"):
    """One subnet."""

    id: str
    """The network id, as it goes into a create request."""
    name: str
    """Its name."""
    vpc_id: str
    """The VPC it is a part of."""
    cidr: str
    """Its addresses."""
    gateway_ip: str
    """Its gateway."""
    status: str
    """ACTIVE when it can be used."""


class SecurityGroup(Row, at="security_groups"):
    """One security group."""

    id: str
    """The security group, as it goes into a create request."""
    name: str
    """Its name."""
    description: str
    """What it lets through."""


class Marked(Operation):
    """The paging of this neighbour: ``marker`` is the last id of the page before."""

    limit: PageSize | None = Field(default=None, kw_only=True)
    """How many items to read. Given, one page is read instead of all."""
    marker: str | None = Field(default=None, kw_only=True)
    """Read on behind this id."""


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
