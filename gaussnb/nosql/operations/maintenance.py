"""The maintenance window: the hours in which the service may work on an instance."""

from __future__ import annotations

from typing import Annotated

from ...core.catalogue import get, put
from ...core.methods import Group, call
from ...core.rules import matches
from .bases import OfInstance
from .rows import AboutInstance, Done


class MaintenanceWindow(AboutInstance):
    """When an instance may be maintained."""

    maintenance_window: str
    """Four hours in UTC, like 02:00-06:00."""


@get("/v3/{project_id}/instances/{instance_id}/ops-window", returns=MaintenanceWindow)
class ListInstanceMaintenanceWindow(OfInstance):
    """Show when an instance may be maintained."""


@put("/v3/{project_id}/instances/{instance_id}/maintenance-window", returns=Done, success=204)
class ModifyInstanceMaintenanceWindow(OfInstance):
    """Set when an instance may be maintained: four hours from a full hour on."""

    start_time: Annotated[str, matches(r"([01]\d|2[0-3]):00", "a full hour in UTC as hh:00, like 02:00")]
    """The full hour in UTC it begins with, like 02:00."""


class Maintenance(Group):
    """Hours in which the service may work on an instance."""

    get = call(ListInstanceMaintenanceWindow)
    set = call(ModifyInstanceMaintenanceWindow)
