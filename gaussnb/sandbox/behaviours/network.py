"""Network and SSL: ports, addresses, security groups, who may reach an instance, and encryption on the way."""

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
from ..lifecycle import End, Work, known
from ..messages import Refused
from ..world import Instance, World, kept
from . import UNSUPPORTED, Call, simulates

_RESERVED = {
    "mongodb": frozenset(range(8636, 8639)),
    "redis": engines.RESERVED_PORTS,
    "cassandra": frozenset((7000, 7001, 7199, 8636, 8479, 8484, 8999, 8018, 2180, 2887, 3887, 8079, 8091, 8092)),
}


@kept("reach", ends_with_instance=True)
@dataclass
class Reach:
    """Who may reach an instance; known by the instance's id."""

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


PORT = known(Work("ModifyPort", "MODIFY_PORT", 120, apply=_set))
GROUP = known(Work("ModifySecurityGroup", "MODIFY_SECURITYGROUP", 60, apply=_set))
BIND = known(Work("BindPublicIP", "BIND_EIP", 60, apply=_set_public_ip))
UNBIND = known(Work("UnbindPublicIP", "UNBIND_EIP", 60, apply=_set_public_ip))
CLIENTS = known(Work("ModifyClientNetwork", "MODIFY_CLIENT_NETWORK", 60, apply=_set_client_networks))
BALANCER = known(Work("ModifyLbIp", "MODIFY_LB_IP", 120, apply=_set))
SSL = known(Work("SwitchSSL", "SWITCH_SSL", 180, apply=_set))

# -------------------------------------------------------------------------------------- behaviours


@simulates(ModifyPort, only=tuple(_RESERVED))
def set_port(op: ModifyPort, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if op.port == instance.port:
        raise Refused("DBS.200462")
    most = range(1024, 65536) if instance.engine == "redis" else range(2100, 9501)
    if op.port not in most:
        raise Refused("DBS.200059", f"{most[0]} to {most[-1]}.")
    if op.port in _RESERVED[instance.engine]:
        raise Refused("DBS.200060", "The service keeps it for itself.")
    return call.start(PORT, instance, port=op.port)


@simulates(ModifyPublicIp)
def set_public_ip(op: ModifyPublicIp, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    node = next((node for node in instance.nodes if node.id == op.node_id), None)
    if node is None:
        raise Refused("DBS.200013")
    if op.action == "UNBIND":
        if not node.public_ip:
            raise Refused("DBS.238009")
        return call.start(UNBIND, instance, node_id=node.id, public_ip="")
    if op.public_ip is None:
        raise Refused("DBS.280421", "public_ip: the address to bind.")
    bound = {node.public_ip for other in call.world.instances.values() for node in other.nodes}
    if node.public_ip or op.public_ip in bound | lifecycle.promised(call.world, "public_ip"):
        raise Refused("DBS.200701")
    return call.start(BIND, instance, node_id=node.id, public_ip=op.public_ip)


@simulates(UpdateSecurityGroup)
def set_security_group(op: UpdateSecurityGroup, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if op.security_group_id not in call.world.security_groups:
        raise Refused("DBS.200502")
    if op.security_group_id == instance.security_group_id:
        raise Refused("DBS.301040")
    return call.start(GROUP, instance, security_group_id=op.security_group_id)


@simulates(UpdateClientNetwork, only=("mongodb ReplicaSet",))
def set_client_networks(op: UpdateClientNetwork, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    return call.start(CLIENTS, instance, ranges=op.client_network_ranges)


@simulates(UpdateInstanceLb, only=("influxdb", "redis"))
def set_load_balancer(op: UpdateInstanceLb, call: Call) -> dict[str, Any]:
    instance = _balanced(call, op.instance_id)
    subnet = call.world.subnets[instance.subnet_id]
    if ipaddress.ip_address(op.ip) not in ipaddress.ip_network(subnet.cidr):
        raise Refused("DBS.200091", f"An address of the subnet, {subnet.cidr}.")
    if op.ip in call.world.addresses:
        raise Refused("DBS.200092")
    return call.start(BALANCER, instance, lb_ip_address=op.ip)


@simulates(ShowElbIpGroup)
def show_access(op: ShowElbIpGroup, call: Call) -> dict[str, Any]:
    reach = _reach(call.world, _balanced(call, op.instance_id).id)
    return {"type": reach.type, "enabled": reach.enabled, "ip_groups": reach.ip_groups}


@simulates(SwitchIpGroup)
def set_access(op: SwitchIpGroup, call: Call) -> dict[str, Any]:
    instance = _balanced(call, op.instance_id)
    lifecycle.check_idle(instance, lifecycle.USABLE)
    reach = _reach(call.world, instance.id)
    reach.type, reach.enabled = op.type, op.enabled
    reach.ip_groups = [{"description": "", **reveal(group)} for group in op.ip_groups]
    call.world.table(Reach).put(reach)
    return {}


@simulates(SwitchSsl)
def switch_ssl(op: SwitchSsl, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    return call.start(SSL, instance, ssl="1" if op.ssl_option == "on" else "0")


@simulates(ListSslCertDownloadAddresses, "fixed")
def list_certificates(op: ListSslCertDownloadAddresses, call: Call) -> dict[str, Any]:
    call.instance(op.instance_id)
    link = f"https://certificates.invalid/{call.world.region}/ca.crt"  # a name nothing ever answers to
    return {"certs": [{"category": "international", "download_link": link}]}


def _balanced(call: Call, instance_id: str) -> Instance:
    """The instance, which has to stand behind a load balancer."""
    instance = call.instance(instance_id)
    if not instance.lb_ip_address:
        raise Refused(UNSUPPORTED, "It has no load balancer.")
    return instance
