"""The recycle bin: the data of a deleted instance is kept as a backup for some days, for a new instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...nosql.operations.recycle_bin import ListRecycleInstances, SetRecyclePolicy, ShowRecyclePolicy
from ..engine.messages import encode
from ..engine.tables import job_time
from ..engine.work import Work
from ..lifecycle import End, later, register
from ..world import Instance, World, kept
from . import Context, Page, backups, simulates
from .backups import Backup, backup_of

_DAY = 24 * 3600
_USUAL = 7


@kept("recycled")
@dataclass
class Recycled:
    """One deleted instance."""

    id: str
    name: str
    engine: str
    version: str
    mode: str
    product_type: str
    enterprise_project_id: str
    backup_id: str
    created: float
    deleted: float
    until: float

    def wire(self) -> dict[str, Any]:
        # Sources disagree on two names: both are sent.
        datastore, charge = {"type": self.engine, "version": self.version}, "postPaid"
        return {
            "id": self.id,
            "name": self.name,
            "mode": self.mode,
            "product_type": self.product_type,
            "data_store": datastore,
            "datastore": datastore,
            "charge_type": charge,
            "charge_mode": charge,
            "enterprise_project_id": self.enterprise_project_id,
            "backup_id": self.backup_id,
            "created_at": job_time(self.created),
            "deleted_at": job_time(self.deleted),
            "retained_until": job_time(self.until),
        }


@kept("recycle_policy")
@dataclass
class Policy:
    """The number of days for which deleted instances are kept."""

    id: str
    days: int


def _days(world: World) -> int:
    policy = world.table(Policy).get("policy")
    return policy.days if policy else _USUAL


def recycle(world: World, instance: Instance, now: float) -> None:
    """Keep the data of an instance as a backup, before the instance and its automatic backups are deleted."""
    backups.delete_automatic(world, instance)
    if instance.status == "createfail":
        return
    backup = backup_of(world, instance, now, name=f"recycle-{instance.id[:8]}", type="Auto", recycled=True)
    backup.status, backup.end = "COMPLETED", now
    until = now + _days(world) * _DAY
    world.table(Recycled).put(
        Recycled(
            id=instance.id,
            name=instance.name,
            engine=instance.engine,
            version=instance.version,
            mode=instance.mode,
            product_type=instance.product_type,
            enterprise_project_id=instance.enterprise_project_id,
            backup_id=backup.id,
            created=instance.created,
            deleted=now,
            until=until,
        )
    )
    later(world, _EMPTY, None, until, instance_id=instance.id, backup_id=backup.id)


def _forget(end: End) -> None:
    end.world.table(Recycled).drop(end.effect["instance_id"])
    end.world.table(Backup).drop(end.effect["backup_id"])


_EMPTY = register(Work("EmptyRecycleBin", "", 0, apply=_forget))


@simulates(ListRecycleInstances)
def list_recycled(op: ListRecycleInstances, context: Context) -> Page:
    return Page(list(context.world.table(Recycled).newest_first()), lambda one: encode(one.wire()))


@simulates(ShowRecyclePolicy)
def show_policy(op: ShowRecyclePolicy, context: Context) -> dict[str, Any]:
    return {"recycle_policy": {"retention_period_in_days": _days(context.world)}}


@simulates(SetRecyclePolicy)
def set_policy(op: SetRecyclePolicy, context: Context) -> dict[str, Any]:
    context.world.table(Policy).put(Policy("policy", op.retention_period_in_days))
    return {}
