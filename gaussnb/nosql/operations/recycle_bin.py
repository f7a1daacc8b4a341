"""The recycle bin: deleted instances that can still be had back, and for how long."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ...core.catalogue import get, put
from ...core.methods import Group, call
from ...core.operation import Inside, Operation
from ...core.rows import At, FromRequest, Row
from ...core.rules import between
from .bases import Paged
from .rows import Did


class RecycledInstance(Row, at="instances"):
    """One deleted instance, kept as a backup."""

    id: str
    """The instance as it was."""
    name: str
    """Its name."""
    engine: Annotated[str, At("data_store.type", "datastore.type")]
    """cassandra, mongodb, influxdb or redis."""
    version: Annotated[str, At("data_store.version", "datastore.version")]
    """The engine's version."""
    mode: str
    """The kind of cluster."""
    product_type: str
    """For cloud-native Redis."""
    charge_mode: Annotated[str, At("charge_type", "charge_mode")]
    """prePaid or postPaid."""
    enterprise_project_id: str
    """Its enterprise project, 0 for the default one."""
    backup_id: str
    """The backup a new instance can start from."""
    created: Annotated[datetime, At("created_at")]
    """When it was created."""
    deleted: Annotated[datetime, At("deleted_at")]
    """When it was deleted."""
    kept_until: Annotated[datetime, At("retained_until")]
    """Until when its backup is kept."""


class RecyclePolicy(Row, at="recycle_policy"):
    """How long deleted instances are kept."""

    retention_period_in_days: int
    """For how many days."""


class RecyclePolicySet(Did):
    """The receipt of a new policy."""

    retention_period_in_days: Annotated[int, FromRequest("retention_period_in_days")]
    """For how many days instances are kept that are deleted from now on."""


@get("/v3/{project_id}/recycle-instances", returns=RecycledInstance)
class ListRecycleInstances(Paged):
    """List deleted instances that can still be had back."""


@get("/v3/{project_id}/instances/recycle-policy", returns=RecyclePolicy)
class ShowRecyclePolicy(Operation):
    """Show how long deleted instances are kept."""


@put("/v3/{project_id}/instances/recycle-policy", returns=RecyclePolicySet)
class SetRecyclePolicy(Operation):
    """Set how long instances are kept that are deleted from now on."""

    retention_period_in_days: Annotated[int, between(1, 7, "days,"), Inside("recycle_policy")] = 7
    """For how many days, 1 to 7."""


class RecycleBin(Group):
    """Deleted instances that can still be had back."""

    list = call(ListRecycleInstances)
    get_policy = call(ShowRecyclePolicy)
    set_policy = call(SetRecyclePolicy)
