"""The creation of an instance. Checks against the world what the declaration cannot check."""

from __future__ import annotations

from typing import Any

from ...core.secrets import reveal
from ...nosql import engines
from ...nosql.instance_spec import ChargeInfo, InstanceSpec
from .. import lifecycle
from ..engine.work import Work
from ..lifecycle import End, register
from ..refusals import Refused
from ..world import Instance, create_time
from . import Context, backups, disaster_recovery, instances, matching, simulates
from .configurations import check_template, take_template
from .dedicated_resources import Demand, check_room, pools
from .network import Reach
from .quotas import check_another

_DEFAULT_BACKUP = ("00:00-01:00", 7)


def _created(end: End) -> None:
    instance = end.instance
    backups.restore_data(end)
    if pair := end.effect.get("pair"):
        disaster_recovery.complete(end.world, pair)
    lifecycle.settled(end.world, instance, end.now)
    backups.automatic(end.world, instance, end.now)  # documented: the first one comes at once
    instances.start_aging(end.world, instance, end.now)


def _not_created(end: End) -> None:
    if pair := end.effect.get("pair"):
        disaster_recovery.forget(end.world, pair)


def _creation(job: str) -> Work:
    return register(
        Work(
            job, "CREATE", None, going="creating", done="normal", failed="createfail", apply=_created, undo=_not_created
        )
    )


CREATE, RESTORE_NEW = _creation("CreateInstance"), _creation("RestoreNewInstance")


@simulates(InstanceSpec)
def create(spec: InstanceSpec, context: Context) -> dict[str, Any]:
    for check in _CHECKS:
        check(spec, context)
    instance = _instance(spec, context)
    take_template(context.world, instance, context.now)
    if reach := spec.lb_access_control_settings:
        enabled = str(reach.enabled).lower() == "true"
        context.world.table(Reach).put(Reach(instance.id, reach.type, enabled, reveal(reach.ip_groups)))
    prepaid = instance.prepaid
    task = lifecycle.begin(
        context.world,
        RESTORE_NEW if spec.restore_info else CREATE,
        instance,
        context.now,
        seconds=engines.engine(instance.engine).create_seconds,
        fail=context.fail,
        listed=not prepaid,
        effect=_restored_data(spec, context) | _promised_pair(spec, instance, context),
    )
    accepted = {"order_id": context.order()} if prepaid else {"job_id": task.id}
    return _answer(spec, instance) | accepted


# ----------------------------------------------------------------------------------------- checks


def _check_region(spec: InstanceSpec, context: Context) -> None:
    if spec.region != context.world.region:
        raise Refused("DBS.200024", f"This endpoint serves {context.world.region}.")
    if spec.enterprise_project_id not in (None, *context.world.enterprise_projects):
        raise Refused("DBS.280433")


def _check_zone(spec: InstanceSpec, context: Context) -> None:
    zones = spec.availability_zone.split(",")
    if any(zone not in context.world.zones for zone in zones):
        raise Refused("DBS.200025", f"There are {', '.join(context.world.zones)}.")
    mode = engines.mode(spec.datastore.type, spec.mode)
    counts = (1, 2, 3) if "two zones" in mode.features else (1, 3)
    if len(set(zones)) != len(zones) or len(zones) not in counts:
        raise Refused("DBS.280244", "Give one zone or three different ones.")
    detail = spec.availability_zone_detail
    if detail is None or len(zones) == 1:
        return  # documented: ignored for one zone
    if {detail.primary_availability_zone, detail.secondary_availability_zone} != set(zones):
        raise Refused("DBS.280244", "availability_zone holds both zones of availability_zone_detail.")


def _check_flavor(spec: InstanceSpec, context: Context) -> None:
    code = spec.flavor[0].spec_code
    if engines.flavor(code) is None:
        raise Refused("DBS.280240")
    status = context.world.zone_status(code)
    found = {status[zone] for zone in spec.availability_zone.split(",")}
    if "unsupported" in found:
        raise Refused("DBS.280445")
    if "sellout" in found:
        raise Refused("DBS.280434")


def _check_network(spec: InstanceSpec, context: Context) -> None:
    world = context.world
    if spec.vpc_id not in world.vpcs:
        raise Refused("DBS.200503")
    if spec.subnet_id not in world.subnets:
        raise Refused("DBS.200501")
    if world.subnets[spec.subnet_id].vpc_id != spec.vpc_id:
        raise Refused("DBS.280248", "The subnet belongs to another VPC.")
    if spec.security_group_id not in world.security_groups:
        raise Refused("DBS.200502")
    more = int(spec.flavor[0].num) + engines.mode(spec.datastore.type, spec.mode).balanced
    lifecycle.check_addresses(world, spec.subnet_id, more)


def _check_belongings(spec: InstanceSpec, context: Context) -> None:
    world = context.world
    if spec.configuration_id is not None:
        check_template(world, spec.configuration_id, spec.datastore.type, spec.datastore.version, spec.mode)
    if spec.disk_encryption_id not in (None, *world.keys):
        raise Refused("DBS.200506")
    if spec.dedicated_resource_id is not None:
        pool = pools(world).get(spec.dedicated_resource_id)
        if pool is None:
            raise Refused("DBS.280001", "dedicated_resource_id: there is no such pool.")
        if (pool.engine, pool.zone) != (spec.datastore.type, spec.availability_zone):
            raise Refused("DBS.280001", f"dedicated_resource_id: the pool is for {pool.engine} in {pool.zone}.")
        flavor = spec.flavor[0]
        check_room(world, pool.id, Demand.of(int(flavor.num), flavor.spec_code, int(flavor.size)))


def _check_restore(spec: InstanceSpec, context: Context) -> None:
    if spec.restore_info is None:
        return
    restore, moment = spec.restore_info, spec.restore_info.restore_time
    source: Any
    if restore.backup_id is not None:
        source = backups.complete(context.world, restore.backup_id)
        backups.check_fit(source, spec.datastore.type, spec.datastore.version)
        nodes = source.nodes
    else:
        source = context.instance(restore.source_instance_id or "")
        if (source.engine, source.version) != (spec.datastore.type, spec.datastore.version):
            raise Refused("DBS.301024", "Engine and version are those of the source.")
        if source.status not in lifecycle.FILLED:
            raise Refused(lifecycle.WORKS.wrong_state)
        if moment not in [1000 * at for at in backups.moments_of(context.world, source)]:
            raise Refused("DBS.301024", "restore_time: one of the moments the source offers.")
        nodes = len(source.nodes)
    if int(spec.flavor[0].num) < nodes:
        raise Refused("DBS.280123", f"The source has {nodes} nodes.")
    if int(spec.flavor[0].size) < source.size:
        raise Refused("DBS.280242", f"The source has {source.size} GB.")


def _restored_data(spec: InstanceSpec, context: Context) -> dict[str, Any]:
    """The effect that restores data into a new instance; empty for a new instance without data."""
    if spec.restore_info is None:
        return {}
    if spec.restore_info.backup_id is not None:
        backup = context.world.table(backups.Backup)[spec.restore_info.backup_id]
        return {"backup_id": backup.id, **backup.past}
    source = context.instance(spec.restore_info.source_instance_id or "")
    return {"of": source.id, "back": (spec.restore_info.restore_time or 0) / 1000, "used": source.used}


def _promised_pair(spec: InstanceSpec, instance: Instance, context: Context) -> dict[str, Any]:
    """The effect that makes a new instance the half of a recovery pair; empty for none."""
    if spec.dr_info is None:
        return {}
    source = context.instance(spec.dr_info.source_instance_id)
    return {"pair": disaster_recovery.promise(context.world, source, instance).id}


def _check_recovery(spec: InstanceSpec, context: Context) -> None:
    if spec.dr_info is None:
        return
    source = context.instance(spec.dr_info.source_instance_id)
    if source.engine != spec.datastore.type:
        raise Refused("DBS.280235", "The source has another engine.")
    lifecycle.check_idle(source, lifecycle.USABLE)
    if context.world.ties(source.id):
        raise Refused("DBS.200018", "The source is in a pair already.")


def _check_quota(spec: InstanceSpec, context: Context) -> None:
    quota = context.world.quota
    if quota and len(matching(context.world.instances.values(), engine=spec.datastore.type)) >= quota:
        raise Refused("DBS.280280")
    flavor = spec.flavor[0]
    check_another(context.world, spec.enterprise_project_id or "0", flavor.spec_code, int(flavor.num))


_CHECKS = (
    _check_region,
    _check_zone,
    _check_flavor,
    _check_network,
    _check_belongings,
    _check_restore,
    _check_recovery,
    _check_quota,
)

# --------------------------------------------------------------------------------- thing and answer


def _instance(spec: InstanceSpec, context: Context) -> Instance:
    ids, engine, flavor = context.world.ids, spec.datastore.type, spec.flavor[0]
    start, days = _DEFAULT_BACKUP
    if spec.backup_strategy:
        start = spec.backup_strategy.start_time
        days = int(days if spec.backup_strategy.keep_days is None else spec.backup_strategy.keep_days)
    digits = engines.engine(engine).id_suffix
    instance = Instance(
        id=f"{ids.hex('instance')}in{digits}",
        name=spec.name,
        engine=engine,
        version=spec.datastore.version,
        storage_engine=spec.datastore.storage_engine,
        mode=spec.mode,
        product_type=spec.product_type or "" if engines.mode(engine, spec.mode).product_types else "",
        region=spec.region,
        availability_zone=spec.availability_zone,
        vpc_id=spec.vpc_id,
        subnet_id=spec.subnet_id,
        security_group_id=spec.security_group_id,
        spec_code=flavor.spec_code,
        size=int(flavor.size),
        port=int(spec.port or engines.engine(engine).port),
        created=context.now,
        updated=context.now,
        group_id=f"{ids.hex('group')}gr{digits}",
        nodes=[],
        status="creating",
        group_status="creating",
        backup_start=start,
        keep_days=days,
        prepaid=spec.charge_info is not None and spec.charge_info.charge_mode == "prePaid",
        ssl=str(spec.ssl_option or 0),
        enterprise_project_id=spec.enterprise_project_id or "0",
        dedicated_resource_id=spec.dedicated_resource_id or "",
        disk_encryption_id=spec.disk_encryption_id or "",
        configuration_id=spec.configuration_id or "",
    )
    if spec.availability_zone_detail and "," in spec.availability_zone:  # documented: ignored for one zone
        instance.availability_zone_detail = reveal(spec.availability_zone_detail)
    instance.nodes = [lifecycle.new_node(context.world, instance, 1 + number) for number in range(int(flavor.num))]
    return instance


def _answer(spec: InstanceSpec, instance: Instance) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": instance.id,
        "name": instance.name,
        "datastore": reveal(spec.datastore),
        "created": create_time(instance.created),
        "status": "creating",
        "region": instance.region,
        "availability_zone": instance.availability_zone,
        "vpc_id": instance.vpc_id,
        "subnet_id": instance.subnet_id,
        "security_group_id": instance.security_group_id,
        "mode": instance.mode,
        "flavor": reveal(spec.flavor),  # numbers as they were given: sources show both kinds
        "backup_strategy": {"start_time": instance.backup_start, "keep_days": str(instance.keep_days)},
        "enterprise_project_id": instance.enterprise_project_id,
        "ssl_option": instance.ssl,
    }
    if instance.dedicated_resource_id:
        answer["dedicated_resource_id"] = instance.dedicated_resource_id
    return answer | ({"charge_info": _charge(spec.charge_info)} if spec.charge_info else {})


def _charge(charge: ChargeInfo) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in reveal(charge).items()
    }
