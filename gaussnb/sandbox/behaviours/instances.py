"""Instances: list, rename, restart, delete. Creating one is in :mod:`.create`."""

from __future__ import annotations

from typing import Any

from ...operations.instances import (
    DeleteInstance,
    ListInstances,
    RestartInstance,
    UpdateInstanceName,
)
from .. import lifecycle
from ..lifecycle import Work, known
from ..messages import Refused
from . import Call, Page, matching, simulates, wanted

DELETE = known(Work("DeleteInstance", "DELETE", 120, gone=True, allowed=lifecycle.ANY))


@simulates(ListInstances)
def list_instances(op: ListInstances, call: Call) -> Page:
    world = call.world
    if op.id and not op.id.startswith("*"):
        found: Any = [world.instances[op.id]] if op.id in world.instances else []
    else:
        found = world.instances.newest_first()
    mode = op.mode if op.datastore_type else None  # documented: ignored without the engine
    found = matching(found, engine=op.datastore_type, mode=mode, vpc_id=op.vpc_id, subnet_id=op.subnet_id)
    if op.id or op.name:
        found = [one for one in found if wanted(op.id, one.id) and wanted(op.name, one.name)]
    return Page(found, world.encoded)


@simulates(UpdateInstanceName)
def rename(op: UpdateInstanceName, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if instance.status in ("creating", "createfail"):
        raise Refused(lifecycle.BUSY if instance.actions else lifecycle.WRONG_STATE)
    instance.name = op.name
    call.world.touch(instance, call.now)
    return {}


@simulates(RestartInstance)
def restart(op: RestartInstance, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if op.node_id is None:
        return call.start(lifecycle.RESTART, instance)
    if (instance.engine, instance.mode) != ("redis", "CloudNativeCluster"):
        raise Refused("DBS.200434", "Only nodes of a cloud-native Redis instance restart alone.")
    if op.node_id not in (node.id for node in instance.nodes):
        raise Refused("DBS.200013")
    return call.start(lifecycle.RESTART_NODE, instance)


@simulates(DeleteInstance)
def delete(op: DeleteInstance, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if instance.prepaid:
        raise Refused("DBS.280456")
    return call.start(DELETE, instance)
