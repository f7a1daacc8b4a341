"""Ports, addresses, encryption, and who may reach the load balancer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import engines
from ...operations.network import (
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
from ...spec import plain
from ..lifecycle import Work
from ..messages import Refused
from ..world import Instance, World
from . import Call, simulates


def _changed(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    """What was noted are fields of the instance."""
    for name, value in effect.items():
        setattr(instance, name, value)


def _bound(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    for node in instance.nodes:
        if node.id == effect["node"]:
            node.public_ip = effect["address"]


def _admitted(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    instance.settings["client networks"] = effect["blocks"]


PORT = Work("ModifyPort", "MODIFY_PORT", 60, apply=_changed)
GROUP = Work("ModifySecurityGroup", "MODIFY_SECURITYGROUP", 30, apply=_changed)
BALANCER = Work("UpdateInstanceLb", "MODIFY_IP", 60, apply=_changed)
SSL = Work("SwitchSsl", "SWITCH_SSL", 60, apply=_changed)
BIND = Work("BindPublicIP", "BIND_EIP", 30, apply=_bound)
UNBIND = Work("UnbindPublicIP", "UNBIND_EIP", 30, apply=_bound)
CLIENTS = Work("UpdateClientNetwork", "MODIFY_NETWORK", 30, apply=_admitted)


@simulates(ModifyPort)
def set_port(op: ModifyPort, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if op.port == instance.port:
        raise Refused("DBS.200462")
    reserved = op.port in engines.RESERVED_PORTS
    if reserved or (instance.engine != "redis" and not 2100 <= op.port <= 9500):
        raise Refused("DBS.200060")
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
        return call.start(UNBIND, instance, node=node.id, address="")
    if op.public_ip is None or node.public_ip:
        raise Refused("DBS.280421" if op.public_ip is None else "DBS.200701")
    taken = {node.public_ip for one in call.world.instances.values() for node in one.nodes}
    if op.public_ip in taken:
        raise Refused("DBS.200701")
    return call.start(BIND, instance, node=node.id, address=op.public_ip)


@simulates(UpdateSecurityGroup)
def set_security_group(op: UpdateSecurityGroup, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if op.security_group_id not in call.world.security_groups:
        raise Refused("DBS.200502")
    if op.security_group_id == instance.security_group_id:
        raise Refused("DBS.301040")
    return call.start(GROUP, instance, security_group_id=op.security_group_id)


@simulates(UpdateClientNetwork)
def set_client_networks(op: UpdateClientNetwork, call: Call) -> dict[str, Any]:
    return call.start(CLIENTS, call.of_engine(op.instance_id, "mongodb"), blocks=op.client_network_ranges)


@simulates(UpdateInstanceLb)
def set_load_balancer(op: UpdateInstanceLb, call: Call) -> dict[str, Any]:
    return call.start(BALANCER, call.of_engine(op.instance_id, "influxdb", "redis"), lb_ip_address=op.ip)


@simulates(SwitchSsl)
def set_ssl(op: SwitchSsl, call: Call) -> dict[str, Any]:
    return call.start(SSL, call.instance(op.instance_id), ssl="1" if op.ssl_option == "on" else "0")


@simulates(ListSslCertDownloadAddresses)
def certificates(op: ListSslCertDownloadAddresses, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    link = f"{call.request.base}/certificates/{instance.engine}-ca.pem"
    return {"certs": [{"category": "international", "download_link": link}]}


@simulates(ShowElbIpGroup)
def show_access(op: ShowElbIpGroup, call: Call) -> dict[str, Any]:
    kept = call.instance(op.instance_id).settings.get("access")
    return kept or {"type": "whiteList", "enabled": False, "ip_groups": []}


@simulates(SwitchIpGroup)
def set_access(op: SwitchIpGroup, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    groups = [plain(group) for group in op.ip_groups]
    instance.settings["access"] = {"type": op.type, "enabled": op.enabled, "ip_groups": groups}
    call.world.touch(instance, call.now)
    return {}
