"""Disaster recovery and dual-active pairs. Both instances of a pair are in this sandbox, which plays one region."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import Field, SecretStr

from ...nosql import engines
from ...nosql.operations.disaster_recovery import (
    CheckDisasterRecoveryOperation,
    CreateDisasterRecovery,
    CreateGeminiDbDualActive,
    DeleteDisasterRecovery,
    DeleteGeminiDbDualActive,
    ListBiactiveInstanceCandidates,
    PauseResumeDataSynchronization,
    SetDisasterRecoverySettings,
    ShowDisasterRecoverySettings,
    ShowInstanceBiactiveRegions,
    ShowInstanceRole,
    ShowPauseResumeStatus,
    SwitchOverDisasterRecovery,
    SwitchToMaster,
    SwitchToSlave,
)
from .. import lifecycle
from ..engine.work import Work
from ..lifecycle import End, register
from ..refusals import Refused
from ..world import Instance, World, kept
from . import Context, matching, simulates
from .redis import draw

NO_PAIR = "DBS.280016"
NOT_ALLOWED = "DBS.212003"
STATE = "DBS.200018"
_TAKEN = "The instance is in a pair."
_OTHER_ROLE = {"master": "slave", "slave": "master"}


@kept("recovery pair", ties=True)
@dataclass
class Pair:
    """A disaster recovery pair: a master, and a slave that follows it."""

    id: str
    alias: str
    roles: dict[str, str]
    """The role by instance: master or slave."""
    digest: Annotated[str, Field(exclude=True)] = ""
    """The digest of the password, until the requests for both halves have sent it. No file holds it; after a restart
    any password is accepted."""
    built: list[str] = field(default_factory=list)
    """The halves that are complete."""
    parted: list[str] = field(default_factory=list)
    """The halves that were removed."""
    paused: bool = False

    def holds(self, instance_id: str) -> bool:
        return instance_id in self.roles and instance_id not in self.parted

    def shown(self, world: World, instance_id: str) -> dict[str, Any]:
        return {"dr_instance_id": self.other(instance_id)} if instance_id in self.built else {}

    def other(self, instance_id: str) -> str:
        return next(id for id in self.roles if id != instance_id)

    def holder(self, role: str) -> str:
        """The instance with a role; empty when no instance or both have it."""
        found = [id for id, its in self.roles.items() if its == role]
        return found[0] if len(found) == 1 else ""

    @property
    def complete(self) -> bool:
        return len(self.built) == 2 and not self.parted


@kept("recovery settings", ends_with_instance=True)
@dataclass
class HandOver:
    """The settings for an automatic switchover of an instance."""

    id: str
    """The instance."""
    switchover_ratio: int = 100
    sync_delay: int | None = None

    def wire(self) -> dict[str, Any]:
        shown = {"instance_id": self.id, "switchover_ratio": self.switchover_ratio, "sync_delay": self.sync_delay}
        return {name: value for name, value in shown.items() if value is not None}


def _found(world: World, instance_id: str) -> Pair | None:
    """The pair of an instance, complete or being built; None for none."""
    return next((pair for pair in world.table(Pair).values() if pair.holds(instance_id)), None)


def _pair(context: Context, instance: Instance) -> Pair:
    found = _found(context.world, instance.id)
    if found is None:
        raise Refused(NO_PAIR, "The instance is in no pair.")
    return found


def _working(context: Context, instance_id: str) -> tuple[Instance, Pair]:
    """The instance with this id and its complete pair, if the instance can be changed."""
    instance = context.instance(instance_id)
    pair = _pair(context, instance)
    lifecycle.check_idle(instance, lifecycle.USABLE)
    if not pair.complete:
        raise Refused(STATE, "The pair is not complete.")
    return instance, pair


def _both(context: Context, work: Work, instance: Instance, other: Instance, **effect: Any) -> dict[str, Any]:
    """Begin work on both instances of a pair, listed as one job."""
    lifecycle.check_idle(other, work.allowed)
    started = context.start(work, instance, **effect)
    busy = lifecycle.WORKS[f"{work.job} (other half)"]
    lifecycle.begin(context.world, busy, other, context.now, listed=False)
    return started


def _work(job: str, action: str, seconds: float, apply: Callable[[End], object]) -> Work:
    register(Work(f"{job} (other half)", action, seconds))
    return register(Work(job, action, seconds, apply=apply))


# ----------------------------------------------------------------------------- building and removing


def _built(end: End) -> None:
    pair = end.world.table(Pair).get(end.effect["pair"])
    if pair is None:  # the other half was removed meanwhile
        return
    pair.built.append(end.instance.id)
    if len(pair.built) == 2:
        pair.digest = ""
    end.world.table(Pair).put(pair)


def _not_built(end: End) -> None:
    """Delete the pair, unless a half of it is built or being built. A failed half can be built again."""
    table, id = end.world.table(Pair), end.effect["pair"]
    building = any(task.effect.get("pair") == id for task in end.world.running())
    if id in table and not table[id].built and not building:
        table.drop(id)


def promise(world: World, master: Instance, twin: Instance) -> Pair:
    """Begin a pair of an instance and a new one; the pair is complete when the new one is created."""
    id = world.ids.uuid("disaster recovery")
    return world.table(Pair).put(Pair(id, twin.name, {master.id: "master", twin.id: "slave"}))


def complete(world: World, pair_id: str) -> None:
    """Complete a pair whose second instance was created."""
    pair = world.table(Pair)[pair_id]
    pair.built = list(pair.roles)
    world.table(Pair).put(pair)


def forget(world: World, pair_id: str) -> None:
    """Delete a pair whose second instance could not be created."""
    world.table(Pair).drop(pair_id)


def _parted(end: End) -> None:
    instance, world = end.instance, end.world
    table = world.table(Pair)
    pair = table.get(end.effect["pair"])
    if pair is None:  # the other half was the only one that was built
        return
    pair.parted.append(instance.id)
    if set(pair.built) <= set(pair.parted):
        table.drop(pair.id)
    else:
        table.put(pair)
    if instance.id in world.table(HandOver):
        world.table(HandOver).drop(instance.id)


BUILD = register(Work("ConstructDisasterRecovery", "CONSTRUCT_DISASTER_RECOVERY", 300, apply=_built, undo=_not_built))
PART = register(Work("DeConstructDisasterRecovery", "DECONSTRUCT_DISASTER_RECOVERY", 180, apply=_parted))


@simulates(CheckDisasterRecoveryOperation)
def check(op: CheckDisasterRecoveryOperation, context: Context) -> dict[str, Any]:
    """Check the building of a pair if the request names another instance, otherwise the removal of the pair.

    The request has a field for this choice, but no source lists its values.
    """
    instance = context.instance(op.instance_id)
    other = op.disaster_recovery_instance
    if other is None:
        _pair(context, instance)
    elif _found(context.world, instance.id):
        raise Refused(STATE, _TAKEN)
    else:
        found = [one for one in context.world.instances.values() if _addresses(one) == set(other.node_ips)]
        if not found:
            raise Refused("DBS.200091", "These are not the nodes of one instance.")
        if found[0].spec_code != other.spec_code:
            raise Refused("DBS.280240", "The other instance has another specification.")
        if context.world.vpcs[found[0].vpc_id].cidr != other.vpc_cidr:
            raise Refused("DBS.280247", "The other instance is in another network.")
        _check_fit(instance, found[0], context)
    lifecycle.check_idle(instance, lifecycle.USABLE)
    return {}


@simulates(CreateDisasterRecovery)
def build(op: CreateDisasterRecovery, context: Context) -> dict[str, Any]:
    instance, other = context.instance(op.instance_id), op.disaster_recovery_instance
    if other.region_code != context.world.region:
        raise Refused("DBS.200024", f"Both halves are in {context.world.region}.")
    twin = context.instance(other.id)
    _check_fit(instance, twin, context)
    if _addresses(twin) != set(other.node_ips):
        raise Refused("DBS.200091", "node_ips: all nodes of the other instance.")
    wanted = ip_network(context.world.subnets[twin.subnet_id].cidr)
    if wanted not in (ip_network(cidr, strict=False) for cidr in other.subnet_cidrs):
        raise Refused("DBS.280248", "subnet_cidrs: the subnet of the other instance.")
    lifecycle.check_idle(instance, lifecycle.USABLE)
    if twin.actions != [BUILD.action]:
        lifecycle.check_idle(twin, lifecycle.USABLE)
    pair = _begun(op, context) or _new(op, context)
    started = context.start(BUILD, instance, pair=pair.id)
    context.world.table(Pair).put(pair)
    return {**started, "disaster_recovery_id": pair.id}


def _begun(op: CreateDisasterRecovery, context: Context) -> Pair | None:
    """The pair whose second half is to be built: the named one, otherwise that of the instance."""
    world, other = context.world, op.disaster_recovery_instance.id
    pair = world.table(Pair).get(op.id) if op.id else _found(world, op.instance_id)
    if pair is None and op.id is None:
        return None
    if pair is None or pair.roles != {op.instance_id: op.instance_role, other: _OTHER_ROLE[op.instance_role]}:
        raise Refused(NO_PAIR, "id: what the call for the master answered.") if op.id else Refused(STATE, _TAKEN)
    if op.instance_id in pair.built or pair.parted:
        raise Refused(STATE, "This half is built, or the pair is being removed.")
    if pair.digest and not hmac.compare_digest(pair.digest, _digest(pair.id, op.password)):
        raise Refused("DBS.280465", "Both calls send the same password.")
    return pair


def _new(op: CreateDisasterRecovery, context: Context) -> Pair:
    other = op.disaster_recovery_instance.id
    if _found(context.world, other):
        raise Refused(STATE, "The other instance is in a pair.")
    id = context.world.ids.uuid("disaster recovery")
    return Pair(id, op.alias, {op.instance_id: "master", other: "slave"}, _digest(id, op.password))


def _digest(salt: str, password: SecretStr | str) -> str:
    """A digest that compares passwords without storing them."""
    text = password.get_secret_value() if isinstance(password, SecretStr) else password
    return hashlib.pbkdf2_hmac("sha256", text.encode(), salt.encode(), 20_000).hex()


def _addresses(instance: Instance) -> set[str]:
    return {node.private_ip for node in instance.nodes}


def _check_fit(instance: Instance, other: Instance, context: Context) -> None:
    if other.id == instance.id:
        raise Refused("DBS.280404", "An instance cannot be paired with itself.")
    if (other.engine, other.mode) != (instance.engine, instance.mode):
        raise Refused("DBS.280235", "Both halves have one engine and mode.")
    if _half(context.world, instance.id) or _half(context.world, other.id):
        raise Refused(STATE, "One of them is in a dual-active pair.")


@simulates(DeleteDisasterRecovery)
def part(op: DeleteDisasterRecovery, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    return context.start(PART, instance, pair=_pair(context, instance).id)


# --------------------------------------------------------------------------------------------- roles


def _set_roles(end: End) -> None:
    if pair := end.world.table(Pair).get(end.effect["pair"]):
        pair.roles = end.effect["roles"]
        end.world.table(Pair).put(pair)


def _set_flow(end: End) -> None:
    if pair := end.world.table(Pair).get(end.effect["pair"]):
        pair.paused = end.effect["paused"]
        end.world.table(Pair).put(pair)


SWITCH = _work("SwitchOverDisasterRecovery", "SWITCHOVER_DISASTER_RECOVERY", 120, _set_roles)
PROMOTE = register(Work("SwitchToMaster", "SWITCHOVER_MASTER", 60, apply=_set_roles))
DEMOTE = register(Work("SwitchToSlave", "SWITCHOVER_SLAVE", 60, apply=_set_roles))
PAUSE = _work("PauseDataSynchronization", "PAUSE_SYNC", 30, _set_flow)
RESUME = _work("ResumeDataSynchronization", "RESUME_SYNC", 60, _set_flow)


@simulates(ShowInstanceRole)
def show_role(op: ShowInstanceRole, context: Context) -> dict[str, Any]:
    return {"role": _pair(context, context.instance(op.instance_id)).roles[op.instance_id]}


@simulates(SwitchOverDisasterRecovery)
def switch_over(op: SwitchOverDisasterRecovery, context: Context) -> dict[str, Any]:
    instance, pair = _working(context, op.instance_id)
    if pair.paused or not pair.holder("master"):
        raise Refused(STATE, "Data does not flow in the pair.")
    first, second = pair.roles
    roles = {first: pair.roles[second], second: pair.roles[first]}
    return _both(context, SWITCH, instance, context.instance(pair.other(instance.id)), pair=pair.id, roles=roles)


@simulates(SwitchToMaster)
def promote(op: SwitchToMaster, context: Context) -> dict[str, Any]:
    """Make an instance the master. With force the present master counts as lost, and becomes a slave."""
    instance, pair = _working(context, op.instance_id)
    if pair.roles[instance.id] == "master":
        raise Refused(NOT_ALLOWED, "It is the master.")
    if pair.holder("master") and not op.force:
        raise Refused(STATE, "The master takes writes: demote it first, or force this.")
    roles = {pair.other(instance.id): "slave", instance.id: "master"}
    return context.start(PROMOTE, instance, pair=pair.id, roles=roles)


@simulates(SwitchToSlave)
def demote(op: SwitchToSlave, context: Context) -> dict[str, Any]:
    instance, pair = _working(context, op.instance_id)
    if pair.roles[instance.id] == "slave":
        raise Refused(NOT_ALLOWED, "It is a slave.")
    return context.start(DEMOTE, instance, pair=pair.id, roles=dict.fromkeys(pair.roles, "slave"))


# ------------------------------------------------------------------------------------------ the flow


@simulates(PauseResumeDataSynchronization)
def pause_or_resume(op: PauseResumeDataSynchronization, context: Context) -> dict[str, Any]:
    instance, pair = _working(context, op.instance_id)
    pausing = op.action == "pause"
    if pair.paused == pausing:
        raise Refused(STATE, "It is paused." if pausing else "It is not paused.")
    other = context.instance(pair.other(instance.id))
    return _both(context, PAUSE if pausing else RESUME, instance, other, pair=pair.id, paused=pausing)


@simulates(ShowPauseResumeStatus)
def show_flow(op: ShowPauseResumeStatus, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    pair = _found(context.world, instance.id)
    if pair is None:
        return {"status": "NA", "rto_and_rpo_indicators": []}
    status = _flow(pair, instance)
    shown: dict[str, Any] = {
        "master_instance_id": pair.holder("master"),
        "slave_instance_id": pair.holder("slave"),
        "status": status,
        "rto_and_rpo_indicators": [],
    }
    if pair.holder("master") != instance.id:  # documented: only the master shows the rest
        return shown
    flowing = status == "SYNCING"
    cost = 400 + draw(f"{pair.id} cost", 400)
    shown["data_sync_indicators"] = {
        "rsync_ops": 1000 + draw(f"{pair.id} ops", 9000) if flowing else 0,
        "rsync_wal_size": 0 if flowing else 64,
        "rsync_push_cost": cost,
        "rsync_send_cost": cost - 100,
        "rsync_max_push_cost": 5 * cost,
        "rsync_max_send_cost": 4 * cost,
        "rsync_status": int(flowing),
    }
    shown["rto_and_rpo_indicators"] = [
        {"scene": "FAILOVER", "rpo": 1 if flowing else 60, "rto": 30},
        {"scene": "SWITCHOVER", "rpo": 0, "rto": 15},
    ]
    return shown


def _flow(pair: Pair, instance: Instance) -> str:
    if pair.parted or (pair.complete and not pair.holder("master")):
        return "NA"
    if not pair.complete:
        return "NEW"
    going = {PAUSE.action: "SUSPENDING", RESUME.action: "RECOVERYING"}
    doing = [going[action] for action in instance.actions if action in going]
    return doing[0] if doing else "SUSPENDED" if pair.paused else "SYNCING"


@simulates(SetDisasterRecoverySettings)
def set_settings(op: SetDisasterRecoverySettings, context: Context) -> dict[str, Any]:
    """Change the settings of instances with a pair; the answer leaves out the others."""
    changed = []
    for setting in op.disaster_recovery_settings:
        if setting.instance_id in context.world.instances and _found(context.world, setting.instance_id):
            known = context.world.table(HandOver).get(setting.instance_id) or HandOver(setting.instance_id)
            ratio = setting.switchover_ratio or known.switchover_ratio
            delay = known.sync_delay if setting.sync_delay is None else setting.sync_delay
            context.world.table(HandOver).put(HandOver(setting.instance_id, ratio, delay))
            changed.append(setting.instance_id)
    return {"successed_instance_ids": changed}


@simulates(ShowDisasterRecoverySettings)
def list_settings(op: ShowDisasterRecoverySettings, context: Context) -> list[dict[str, Any]]:
    known = context.world.table(HandOver)
    paired = [id for id in context.world.instances if op.instance_id in (None, id) and _found(context.world, id)]
    return [(known.get(id) or HandOver(id)).wire() for id in paired]


# -------------------------------------------------------------------------------------- dual-active


@kept("dual-active pair", ties=True)
@dataclass
class DualActive:
    """A dual-active pair: two instances that both take writes."""

    id: str
    halves: list[str]
    """The instance in the request for the pair, and the other one."""
    tables: list[str]

    def holds(self, instance_id: str) -> bool:
        return instance_id in self.halves

    def other(self, instance_id: str) -> str:
        return next(id for id in self.halves if id != instance_id)

    def shown(self, world: World, instance_id: str) -> dict[str, Any]:
        twin = world.instances[self.other(instance_id)]
        info = {
            "role": "master" if instance_id == self.halves[0] else "slave",
            "status": "normal",
            "destination_instance_id": twin.id,
            "destination_region": twin.region,
            "destination_instance_name": twin.name,
            "destination_instance_node_num": len(twin.nodes),
            "destination_instance_spec_code": twin.spec_code,
        }
        return {"dual_active_info": info}


def _half(world: World, instance_id: str) -> DualActive | None:
    return next((pair for pair in world.table(DualActive).values() if pair.holds(instance_id)), None)


def _joined(end: End) -> None:
    end.world.table(DualActive).put(DualActive(**end.effect))


def _released(end: End) -> None:
    end.world.table(DualActive).drop(end.effect["id"])


JOIN = _work("BuildBiActiveInstance", "BUILD_BIACTIVE", 600, _joined)
RELEASE = _work("ReleaseBiActiveInstance", "RELEASE_BIACTIVE", 180, _released)


@simulates(ShowInstanceBiactiveRegions, "fixed")
def list_regions(op: ShowInstanceBiactiveRegions, context: Context) -> dict[str, Any]:
    context.instance(op.instance_id)
    return {"region_codes": [context.world.region]}


@simulates(ListBiactiveInstanceCandidates)
def list_candidates(op: ListBiactiveInstanceCandidates, context: Context) -> list[dict[str, Any]]:
    instance, world = context.instance(op.instance_id), context.world
    alike = matching(world.instances.newest_first(), engine=instance.engine, mode=instance.mode)
    return [
        _candidate(one, context)
        for one in alike
        if op.target_region_code == world.region
        and one.id != instance.id
        and op.target_instance_name in (None, one.name)
        and not (_half(world, one.id) or _found(world, one.id))
    ]


def _candidate(instance: Instance, context: Context) -> dict[str, Any]:
    flavor = engines.flavor(instance.spec_code)
    return {
        "id": instance.id,
        "name": instance.name,
        "status": instance.status,
        "actions": instance.actions,
        "project_id": context.world.account.project_id,
        "project_name": context.world.account.project,
        "region_code": instance.region,
        "node_num": len(instance.nodes),
        "vcpus": str(flavor.vcpus if flavor else ""),
        "ram": str(flavor.ram if flavor else ""),
        "disk_size": str(instance.size),
        "used_disk_size": instance.used,
        "cidr": context.world.vpcs[instance.vpc_id].cidr,
    }


@simulates(CreateGeminiDbDualActive)
def join(op: CreateGeminiDbDualActive, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    if op.destination_region != context.world.region:
        raise Refused("DBS.200024", f"Both halves are in {context.world.region}.")
    other = context.instance(op.destination_instance_id)
    _check_fit(instance, other, context)
    if _found(context.world, instance.id) or _found(context.world, other.id):
        raise Refused(STATE, "One of them is in a pair.")
    lifecycle.check_idle(instance, lifecycle.USABLE)
    lifecycle.check_idle(other, lifecycle.USABLE)
    id = context.world.ids.uuid("dual active")
    return _both(context, JOIN, instance, other, id=id, halves=[instance.id, other.id], tables=op.tables or [])


@simulates(DeleteGeminiDbDualActive)
def release(op: DeleteGeminiDbDualActive, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    pair = _half(context.world, instance.id)
    if pair is None:
        raise Refused("DBS.03000001")
    return _both(context, RELEASE, instance, context.instance(pair.other(instance.id)), id=pair.id)
