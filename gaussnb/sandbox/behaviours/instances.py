"""Instances: list, rename, restart, resize, upgrade, delete. Creating one is in :mod:`.create`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import engines
from ...operations.instances import (
    BatchUpgradeDatabaseVersion,
    CheckWeekPassword,
    DeleteInstance,
    ListInstances,
    ResetPassword,
    ResizeInstance,
    RestartInstance,
    SetInstanceDataDump,
    SwitchOver,
    UpdateInstanceName,
    UpgradeDbVersion,
)
from .. import lifecycle
from ..lifecycle import Work
from ..messages import Refused
from ..world import Instance, World
from . import Call, Page, matching, simulates, wanted


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
    return call.start(lifecycle.DELETE, instance)


# ------------------------------------------------------------------------------- specification, version, roles


def _resized(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    instance.spec_code = effect["spec_code"]
    for node in instance.nodes:
        node.spec_code = instance.spec_code


def _patched(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    instance.patched = True


def _switched(world: World, instance: Instance, effect: Mapping[str, Any]) -> None:
    instance.nodes.reverse()


RESIZE = Work("ResizeInstance", "RESIZE_FLAVOR", 480, apply=_resized)
UPGRADE = Work("UpgradeDbVersion", "UPGRADE_DB_VERSION", 600, apply=_patched)
SWITCH_OVER = Work("SwitchOver", "SWITCHOVER", 30, apply=_switched)

WEAK = ("password", "admin", "qwerty", "123", "abc", "rwuser")
"""What makes a password easy to guess."""


@simulates(ResizeInstance)
def resize(op: ResizeInstance, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    if op.target_spec_code == instance.spec_code:
        raise Refused("DBS.280480")
    mode = engines.mode(instance.engine, instance.mode)
    if engines.flavor(op.target_spec_code) is None or engines.family(op.target_spec_code) != mode.family:
        raise Refused("DBS.280240")
    if call.world.zone_status(op.target_spec_code).get(instance.availability_zone) == "sellout":
        raise Refused("DBS.280434")
    return call.order(RESIZE, instance, spec_code=op.target_spec_code)


@simulates(UpgradeDbVersion)
def upgrade(op: UpgradeDbVersion, call: Call) -> dict[str, Any]:
    return call.start(UPGRADE, call.instance(op.instance_id))


@simulates(BatchUpgradeDatabaseVersion)
def upgrade_many(op: BatchUpgradeDatabaseVersion, call: Call) -> dict[str, Any]:
    results = []
    for id in op.instance_ids:
        accepted: dict[str, Any] = {"instance_id": id}
        try:
            accepted |= call.start(UPGRADE, call.instance(id))
        except Refused as refusal:
            accepted |= {"error_code": refusal.code, "error_message": refusal.message}
        results.append(accepted)
    return {"upgrade_results": results}


@simulates(SwitchOver)
def switch_over(op: SwitchOver, call: Call) -> dict[str, Any]:
    instance = call.of_engine(op.instance_id, "redis")
    if instance.mode != "Replication":
        raise Refused("DBS.280342", "Only a primary with a standby can switch.")
    return call.start(SWITCH_OVER, instance)


# ----------------------------------------------------------------------------------------------- passwords


@simulates(ResetPassword)
def reset_password(op: ResetPassword, call: Call) -> dict[str, Any]:
    instance = call.instance(op.instance_id)
    lifecycle.check_idle(instance, lifecycle.USABLE)  # the password itself is kept nowhere
    call.world.touch(instance, call.now)
    return {}


@simulates(CheckWeekPassword)
def check_password(op: CheckWeekPassword, call: Call) -> dict[str, Any]:
    text = op.password.get_secret_value().lower()  # type: ignore[union-attr]
    return {"weak": len(text) < 8 or len(set(text)) < 5 or any(word in text for word in WEAK)}


@simulates(SetInstanceDataDump)
def set_data_dump(op: SetInstanceDataDump, call: Call) -> dict[str, Any]:
    instance = call.of_engine(op.instance_id, "influxdb")
    if instance.mode != "EnhancedCluster":
        raise Refused("DBS.280342", "Only an enhanced cluster exports its data.")
    instance.settings["dump"] = op.bucket_name if op.action == "open" else ""
    call.world.touch(instance, call.now)
    return {}
