"""Network and SSL: ports, addresses, security groups, access lists, and the encryption of connections."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from ...core.catalogue import get, post, put
from ...core.methods import Group, call
from ...core.operation import Model
from ...core.rows import Above, Joined, Known
from ...core.rules import OneOf, Part, Rule, between, identifier, is_network, up_to
from ..fields import AnyAddress, AnyNetwork, NodeId, OnOff, SecurityGroupId
from .bases import OfInstance
from .rows import AboutInstance, Done, JobStarted


def _is_client_block(text: str) -> bool:
    return "/" in text and is_network(text) and ipaddress.ip_network(text, strict=False).prefixlen >= 8


ClientBlock = Annotated[
    str, Rule("an IPv4 block with a prefix of 8 to 32, like 192.168.0.0/16", _is_client_block, "DBS.200091")
]
ListType = Annotated[Literal["whiteList", "blackList"], OneOf()]


class AccessControl(AboutInstance):
    """The access list of the load balancer of an instance."""

    enabled: bool
    """True if the list is in force."""
    type: Annotated[str, Known(("whiteList", "blackList"))]
    """whiteList admits only the addresses, blackList refuses them."""
    addresses: Annotated[str, Joined("ip_groups.ip")]
    """The IP addresses and blocks."""


class AccessAddress(AboutInstance, at="ip_groups"):
    """One address or block in the access list of a load balancer."""

    ip: str
    """The IP address or block."""
    description: str
    """The description of the address."""
    enabled: Annotated[bool, Above("", "enabled")]
    """True if the list is in force."""
    type: Annotated[str, Above("", "type"), Known(("whiteList", "blackList"))]
    """whiteList admits only the addresses, blackList refuses them."""


class Certificate(AboutInstance, at="certs"):
    """One certificate with which an instance proves its identity."""

    category: Annotated[str, Known(("international",))]
    """The kind of certificate."""
    download_link: str
    """The address from which the certificate can be downloaded."""


class AddressGroup(Model):
    """One IP address or block of addresses."""

    ip: AnyNetwork
    """An address or a block, IPv4 or IPv6."""
    description: Annotated[str, up_to(255, "characters")] | None = None
    """A description of at most 255 characters."""


@put(
    "/v3/{project_id}/instances/{instance_id}/port",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("mongodb", "redis", "cassandra"),
)
class ModifyPort(OfInstance):
    """Change the port of an instance."""

    port: Annotated[int, between(1024, 65535, "a port", "DBS.200059")]
    """The new port: 1024 to 65535 for Redis, 2100 to 9500 for others, without those that the service reserves."""


@post(
    "/v3/{project_id}/instances/{instance_id}/nodes/{node_id}/public-ip",
    returns=JobStarted,
    success=202,
    ends="ready",
)
class ModifyPublicIp(OfInstance):
    """Give a node an elastic IP, or take it away."""

    node_id: NodeId
    """The node."""
    action: Annotated[Literal["BIND", "UNBIND"], OneOf("DBS.280391")]
    """BIND gives the node the address, UNBIND takes it away."""
    public_ip: AnyAddress | None = None
    """The elastic IP."""
    public_ip_id: Annotated[str, identifier("DBS.280421")] | None = None
    """The id of the elastic IP."""


@put("/v3/{project_id}/instances/{instance_id}/security-group", returns=JobStarted, ends="ready")
class UpdateSecurityGroup(OfInstance):
    """Move an instance to another security group."""

    security_group_id: SecurityGroupId
    """The new security group, not the present one."""


@post(
    "/v3/{project_id}/instances/{instance_id}/client-network",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("mongodb ReplicaSet",),
)
class UpdateClientNetwork(OfInstance):
    """Set the other networks from which clients may reach a MongoDB replica set."""

    client_network_ranges: list[ClientBlock]
    """The address blocks of the clients, with prefixes of 8 to 32."""


@put(
    "/v3/{project_id}/instances/{instance_id}/lb",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("influxdb", "redis"),
)
class UpdateInstanceLb(OfInstance):
    """Change the address of the load balancer of an InfluxDB or Redis instance."""

    ip: AnyAddress
    """The new IP address."""


@get("/v3/{project_id}/instances/{instance_id}/lb/access-control", returns=AccessControl)
class ShowElbIpGroup(OfInstance):
    """Show the access list of the load balancer of an instance."""


@put("/v3/{project_id}/instances/{instance_id}/lb/access-control", returns=Done)
class SwitchIpGroup(OfInstance):
    """Set the access list of the load balancer of an instance. Each call replaces the list."""

    type: ListType
    """whiteList admits only the addresses, blackList refuses them."""
    enabled: bool
    """True to put the list in force; if false, every address is admitted."""
    ip_groups: Part[list[AddressGroup]]
    """The IP addresses and blocks."""


@post("/v3/{project_id}/instances/{instance_id}/ssl-option", returns=JobStarted, success=202, ends="ready")
class SwitchSsl(OfInstance):
    """Switch the encryption of connections to an instance on or off."""

    ssl_option: OnOff
    """on or off."""


@get("/v3/{project_id}/instances/{instance_id}/ssl-cert/download-link", returns=Certificate)
class ListSslCertDownloadAddresses(OfInstance):
    """List the addresses from which the certificates of an instance can be downloaded."""


class Network(Group):
    """Ports, addresses and encryption of instances."""

    set_port = call(ModifyPort)
    set_public_ip = call(ModifyPublicIp)
    set_security_group = call(UpdateSecurityGroup)
    set_client_networks = call(UpdateClientNetwork)
    set_load_balancer = call(UpdateInstanceLb)
    get_access_control = call(ShowElbIpGroup)
    access_list = call(ShowElbIpGroup, returns=AccessAddress)
    set_access_control = call(SwitchIpGroup)
    set_ssl = call(SwitchSsl)
    certificates = call(ListSslCertDownloadAddresses)
