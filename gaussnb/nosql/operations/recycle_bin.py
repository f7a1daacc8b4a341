"""The recycle bin: deleted instances that can still be restored, and how long they are kept."""

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
    """One deleted instance, of which a backup is kept."""

    id: str
    """The id of the deleted instance."""
    name: str
    """The name of the deleted instance."""
    engine: Annotated[str, At("data_store.type", "datastore.type")]
    """The database engine: cassandra, mongodb, influxdb or redis."""
    version: Annotated[str, At("data_store.version", "datastore.version")]
    """The version of the engine."""
    mode: str
    """The mode of deployment."""
    product_type: str
    """The product type of a cloud-native Redis instance."""
    charge_mode: Annotated[str, At("charge_type", "charge_mode")]
    """prePaid or postPaid."""
    enterprise_project_id: str
    """The enterprise project, 0 for the default one."""
    backup_id: str
    """The backup from which a new instance can be created."""
    created: Annotated[datetime, At("created_at")]
    """The time of creation."""
    deleted: Annotated[datetime, At("deleted_at")]
    """The time of deletion."""
    kept_until: Annotated[datetime, At("retained_until")]
    """The time until which the backup is kept."""


class RecyclePolicy(Row, at="recycle_policy"):
    """The policy of the recycle bin."""

    retention_period_in_days: int
    """The number of days for which deleted instances are kept."""


class RecyclePolicySet(Did):
    """The receipt of a new policy."""

    retention_period_in_days: Annotated[int, FromRequest("retention_period_in_days")]
    """The number of days for which instances are kept that are deleted from now on."""


@get("/v3/{project_id}/recycle-instances", returns=RecycledInstance)
class ListRecycleInstances(Paged):
    """List deleted instances that can be restored."""


@get("/v3/{project_id}/instances/recycle-policy", returns=RecyclePolicy)
class ShowRecyclePolicy(Operation):
    """Show the number of days for which deleted instances are kept."""


@put("/v3/{project_id}/instances/recycle-policy", returns=RecyclePolicySet)
class SetRecyclePolicy(Operation):
    """Set the number of days for which instances are kept that are deleted from now on."""

    retention_period_in_days: Annotated[int, between(1, 7, "days,"), Inside("recycle_policy")] = 7
    """The number of days, 1 to 7."""


class RecycleBin(Group):
    """Deleted instances that can be restored."""

    list = call(ListRecycleInstances)
    get_policy = call(ShowRecyclePolicy)
    set_policy = call(SetRecyclePolicy)
