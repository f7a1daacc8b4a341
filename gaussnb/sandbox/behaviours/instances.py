"""Instances: list, change, restart, delete. The creation is in :mod:`.instance_spec`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from ...nosql import engines
from ...nosql.operations.instances import (
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
from ..engine.work import Work
from ..lifecycle import End, later, register
from ..refusals import Refused
from ..world import Instance, World, kept
from . import UNSUPPORTED, Context, Page, flavors, matching, recycle_bin, redis_sessions, simulates, wanted
from .dedicated_resources import check_growth
from .quotas import check_larger

_NEW_PATCH = 30 * 24 * 3600
"""Seconds until a new patch appears for an instance."""
_COMMON = ("password", "passwd", "admin", "rwuser", "qwerty", "abc", "123", "huawei", "gauss")


@kept("data_dump", ends_with_instance=True)
@dataclass
class DataDump:
    """The export of an instance to object storage."""

    id: str
    bucket_name: str


def _resized(end: End) -> None:
    end.instance.spec_code = end.effect["spec_code"]
    for node in end.instance.nodes:
        node.spec_code = end.effect["spec_code"]


def _upgraded(end: End) -> None:
    end.instance.patch += 1
    end.instance.patch_available = False
    start_aging(end.world, end.instance, end.now)


def _older(end: End) -> None:
    if instance := end.world.instances.get(end.task.instance_id):
        instance.patch_available = True
        end.world.touch(instance, end.now)


def _recycled(end: End) -> None:
    recycle_bin.recycle(end.world, end.instance, end.now)


def _switched(end: End) -> None:
    """Let the standby take over: its zone becomes the primary one, and every client connects again."""
    if zones := end.instance.availability_zone_detail:
        end.instance.availability_zone_detail = dict(zip(zones, reversed(zones.values())))
    redis_sessions.break_off(end.world, end.instance, end.now)


def start_aging(world: World, instance: Instance, now: float) -> None:
    """Start the timer after which a new patch appears."""
    if instance.version:
        later(world, _AGE, instance, now + _NEW_PATCH)


DELETE = register(
    Work("DeleteInstance", "DELETE", DeleteInstance.route.takes, gone=True, allowed=lifecycle.ANY, apply=_recycled)
)
RESIZE = register(Work("ResizeInstance", "RESIZE_FLAVOR", 600, orders=True, apply=_resized))
UPGRADE = register(Work("UpgradeDbVersion", "UPGRADE", 600, apply=_upgraded))
SWITCH_OVER = register(Work("SwitchOver", "SWITCHOVER", 60, apply=_switched))
_AGE = register(Work("NewPatch", "", 0, apply=_older))


@simulates(ListInstances)
def list_instances(op: ListInstances, context: Context) -> Page:
    world = context.world
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
def rename(op: UpdateInstanceName, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    lifecycle.check_status(instance, lifecycle.MADE)
    instance.name = op.name
    context.world.touch(instance, context.now)
    return {}


@simulates(RestartInstance)
def restart(op: RestartInstance, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    if op.node_id is None:
        return context.start(lifecycle.RESTART, instance)
    if not engines.mode(instance.engine, instance.mode).node_restart:
        raise Refused(UNSUPPORTED, "node_id: only nodes of a cloud-native Redis instance restart alone.")
    if op.node_id not in (node.id for node in instance.nodes):
        raise Refused("DBS.200013")
    return context.start(lifecycle.RESTART_NODE, instance, nodes=[op.node_id])


@simulates(DeleteInstance)
def delete(op: DeleteInstance, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    if instance.prepaid:
        raise Refused("DBS.280456")
    if context.world.ties(instance.id):
        raise Refused("DBS.280406", "It is in a pair: part that first.")
    return context.start(DELETE, instance)


# ---------------------------------------------------------------------------------------- password


@simulates(ResetPassword)
def reset_password(op: ResetPassword, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    lifecycle.check_idle(instance, lifecycle.FILLED)
    context.world.touch(instance, context.now)  # the password itself is not stored
    return {}


@simulates(CheckWeekPassword, "data")
def check_password(op: CheckWeekPassword, context: Context) -> dict[str, Any]:
    password = op.password.get_secret_value() if isinstance(op.password, SecretStr) else op.password
    kinds = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
    present = sum(any(map(kind, password)) for kind in kinds)
    common = any(word in password.lower() for word in _COMMON)
    return {"weak": len(password) < 8 or present < 3 or common}


# ----------------------------------------------------------------------------------- flavor, version


@simulates(ResizeInstance)
def resize(op: ResizeInstance, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    check_target(context.world, instance, op.target_spec_code)
    return context.start(RESIZE, instance, spec_code=op.target_spec_code)


def check_target(world: World, instance: Instance, code: str) -> None:
    """Refuse a specification that an instance cannot change to."""
    fitting = {flavor.spec_code: flavor for flavor in engines.flavors(instance.engine, instance.mode)}
    if code == instance.spec_code:
        raise Refused("DBS.280480")
    if code not in fitting:
        raise Refused("DBS.239013", "The engine and mode have no such specification.")
    if not flavors.holds(fitting[code], instance):
        raise Refused("DBS.240013", f"It holds {instance.size} GB.")
    status = world.zone_status(code)
    if any(status[zone] != "normal" for zone in instance.availability_zone.split(",")):
        raise Refused("DBS.280434")
    check_larger(world, instance, code, len(instance.nodes))
    check_growth(world, instance, spec_code=code)


@simulates(UpgradeDbVersion)
def upgrade(op: UpgradeDbVersion, context: Context) -> dict[str, Any]:
    return _upgrade(context.instance(op.instance_id), context)


@simulates(BatchUpgradeDatabaseVersion)
def upgrade_many(op: BatchUpgradeDatabaseVersion, context: Context) -> dict[str, Any]:
    engine = {one.engine for one in map(context.world.instances.get, op.instance_ids) if one}
    if len(engine) > 1:
        raise Refused("DBS.280235", "All instances have one engine.")
    return {"upgrade_results": [_upgrade_one(instance_id, context) for instance_id in op.instance_ids]}


def _upgrade_one(instance_id: str, context: Context) -> dict[str, Any]:
    try:
        return {"instance_id": instance_id, **_upgrade(context.instance(instance_id), context)}
    except Refused as refused:
        return {"instance_id": instance_id, "error_code": refused.code, "error_message": refused.message}


def _upgrade(instance: Instance, context: Context) -> dict[str, Any]:
    check_upgrade(instance)
    return context.start(UPGRADE, instance)


def check_upgrade(instance: Instance) -> None:
    """Refuse an upgrade of an instance that has the newest patch."""
    if not instance.patch_available:
        raise Refused(UNSUPPORTED, "It has the newest patch.")


# ------------------------------------------------------------------------------ only for some modes


@simulates(SwitchOver)
def switch_over(op: SwitchOver, context: Context) -> dict[str, Any]:
    return context.start(SWITCH_OVER, context.instance(op.instance_id))


@simulates(SetInstanceDataDump)
def set_data_dump(op: SetInstanceDataDump, context: Context) -> dict[str, Any]:
    instance, table = context.instance(op.instance_id), context.world.table(DataDump)
    lifecycle.check_idle(instance, lifecycle.USABLE)
    if op.action == "open":
        table.put(DataDump(instance.id, op.bucket_name))
    elif instance.id in table:
        table.drop(instance.id)
    else:
        raise Refused("DBS.212003", "There is no export to end.")
    return {}
