"""Network and SSL: ports, addresses, security groups, access control, and encryption of connections."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any

from ...core.secrets import reveal
from ...nosql import engines
from ...nosql.operations.network import (
    ListSslCertDownloadAddresses,
    ModifyPort,
    ModifyPublicIp,
    ShowElbIpGroup,
    SwitchIpGroup,
    SwitchSsl,
    UpdateClientNetwork,
    UpdateInstanceLb,
    UpdateSecurityGroup,
)
from .. import lifecycle
from ..engine.work import Work
from ..lifecycle import End, register
from ..refusals import Refused
from ..world import Instance, World, kept
from . import UNSUPPORTED, Context, simulates


@kept("reach", ends_with_instance=True)
@dataclass
class Reach:
    """The access control of an instance; it has the id of the instance."""

    id: str
    type: str = "blackList"
    enabled: bool = False
    ip_groups: list[dict[str, str]] = field(default_factory=list)
    client_networks: list[str] = field(default_factory=list)


def _reach(world: World, id: str) -> Reach:
    return world.table(Reach).get(id) or Reach(id)


# ------------------------------------------------------------------------------------------- works


def _set(end: End) -> None:
    for name, value in end.effect.items():
        setattr(end.instance, name, value)


def _set_public_ip(end: End) -> None:
    for node in end.instance.nodes:
        if node.id == end.effect["node_id"]:
            node.public_ip = end.effect["public_ip"]


def _set_client_networks(end: End) -> None:
    reach = _reach(end.world, end.instance.id)
    reach.client_networks = end.effect["ranges"]
    end.world.table(Reach).put(reach)


PORT = register(Work("ModifyPort", "MODIFY_PORT", 120, apply=_set))
GROUP = register(Work("ModifySecurityGroup", "MODIFY_SECURITYGROUP", 60, apply=_set))
BIND = register(Work("BindPublicIP", "BIND_EIP", 60, apply=_set_public_ip))
UNBIND = register(Work("UnbindPublicIP", "UNBIND_EIP", 60, apply=_set_public_ip))
CLIENTS = register(Work("ModifyClientNetwork", "MODIFY_CLIENT_NETWORK", 60, apply=_set_client_networks))
BALANCER = register(Work("ModifyLbIp", "MODIFY_LB_IP", 120, apply=_set))
SSL = register(Work("SwitchSSL", "SWITCH_SSL", 180, apply=_set))

# -------------------------------------------------------------------------------------- behaviours


@simulates(ModifyPort)
def set_port(op: ModifyPort, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    if op.port == instance.port:
        raise Refused("DBS.200462")
    engine = engines.engine(instance.engine)
    if op.port not in engine.new_ports:
        raise Refused("DBS.200059", f"{engine.new_ports[0]} to {engine.new_ports[-1]}.")
    if op.port in engine.kept_ports:
        raise Refused("DBS.200060", "The service uses it itself.")
    return context.start(PORT, instance, port=op.port)


@simulates(ModifyPublicIp)
def set_public_ip(op: ModifyPublicIp, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    node = next((node for node in instance.nodes if node.id == op.node_id), None)
    if node is None:
        raise Refused("DBS.200013")
    if op.action == "UNBIND":
        if not node.public_ip:
            raise Refused("DBS.238009")
        return context.start(UNBIND, instance, node_id=node.id, public_ip="")
    if op.public_ip is None:
        raise Refused("DBS.280421", "public_ip: the address to bind.")
    bound = {node.public_ip for other in context.world.instances.values() for node in other.nodes}
    if node.public_ip or op.public_ip in bound | lifecycle.promised(context.world, "public_ip"):
        raise Refused("DBS.200701")
    return context.start(BIND, instance, node_id=node.id, public_ip=op.public_ip)


@simulates(UpdateSecurityGroup)
def set_security_group(op: UpdateSecurityGroup, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    if op.security_group_id not in context.world.security_groups:
        raise Refused("DBS.200502")
    if op.security_group_id == instance.security_group_id:
        raise Refused("DBS.301040")
    return context.start(GROUP, instance, security_group_id=op.security_group_id)


@simulates(UpdateClientNetwork)
def set_client_networks(op: UpdateClientNetwork, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    return context.start(CLIENTS, instance, ranges=op.client_network_ranges)


@simulates(UpdateInstanceLb)
def set_load_balancer(op: UpdateInstanceLb, context: Context) -> dict[str, Any]:
    instance = _balanced(context, op.instance_id)
    subnet = context.world.subnets[instance.subnet_id]
    if ipaddress.ip_address(op.ip) not in ipaddress.ip_network(subnet.cidr):
        raise Refused("DBS.200091", f"An address of the subnet, {subnet.cidr}.")
    if op.ip in context.world.addresses:
        raise Refused("DBS.200092")
    return context.start(BALANCER, instance, lb_ip_address=op.ip)


@simulates(ShowElbIpGroup)
def show_access(op: ShowElbIpGroup, context: Context) -> dict[str, Any]:
    reach = _reach(context.world, _balanced(context, op.instance_id).id)
    return {"type": reach.type, "enabled": reach.enabled, "ip_groups": reach.ip_groups}


@simulates(SwitchIpGroup)
def set_access(op: SwitchIpGroup, context: Context) -> dict[str, Any]:
    instance = _balanced(context, op.instance_id)
    lifecycle.check_idle(instance, lifecycle.USABLE)
    reach = _reach(context.world, instance.id)
    reach.type, reach.enabled = op.type, op.enabled
    reach.ip_groups = [{"description": "", **reveal(group)} for group in op.ip_groups]
    context.world.table(Reach).put(reach)
    return {}


@simulates(SwitchSsl)
def switch_ssl(op: SwitchSsl, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    return context.start(SSL, instance, ssl="1" if op.ssl_option == "on" else "0")


@simulates(ListSslCertDownloadAddresses, "fixed")
def list_certificates(op: ListSslCertDownloadAddresses, context: Context) -> dict[str, Any]:
    context.instance(op.instance_id)
    link = f"https://certificates.invalid/{context.world.region}/ca.crt"  # a reserved name that never exists
    return {"certs": [{"category": "international", "download_link": link}]}


def _balanced(context: Context, instance_id: str) -> Instance:
    """The instance with this id, if it has a load balancer. Documents allow these operations for whole engines,
    some modes of which have none.
    """
    instance = context.instance(instance_id)
    if not instance.lb_ip_address:
        raise Refused(UNSUPPORTED, "It has no load balancer.")
    return instance
