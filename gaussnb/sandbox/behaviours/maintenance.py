"""The maintenance window: four hours that begin at a full hour."""

from __future__ import annotations

from typing import Any

from ...nosql.operations.maintenance import ListInstanceMaintenanceWindow, ModifyInstanceMaintenanceWindow
from . import Context, simulates

_HOURS = 4


@simulates(ListInstanceMaintenanceWindow)
def show_window(op: ListInstanceMaintenanceWindow, context: Context) -> dict[str, Any]:
    return {"maintenance_window": context.instance(op.instance_id).maintenance_window}


@simulates(ModifyInstanceMaintenanceWindow)
def set_window(op: ModifyInstanceMaintenanceWindow, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    hour = int(op.start_time[:2])
    instance.maintenance_window = f"{hour:02}:00-{(hour + _HOURS) % 24:02}:00"
    context.world.touch(instance, context.now)
    return {}
