"""The maintenance window: the hours in which the service may maintain an instance."""

from __future__ import annotations

from typing import Annotated

from ...core.catalogue import get, put
from ...core.methods import Group, call
from ...core.rules import matches
from .bases import OfInstance
from .rows import AboutInstance, Done


class MaintenanceWindow(AboutInstance):
    """The hours in which the service may maintain an instance."""

    maintenance_window: str
    """A period of four hours, UTC, like 02:00-06:00."""


@get("/v3/{project_id}/instances/{instance_id}/ops-window", returns=MaintenanceWindow)
class ListInstanceMaintenanceWindow(OfInstance):
    """Show the hours in which the service may maintain an instance."""


@put("/v3/{project_id}/instances/{instance_id}/maintenance-window", returns=Done, success=204)
class ModifyInstanceMaintenanceWindow(OfInstance):
    """Set the hours in which the service may maintain an instance: four hours, beginning with a full hour."""

    start_time: Annotated[str, matches(r"([01]\d|2[0-3]):00", "a full hour in UTC as hh:00, like 02:00")]
    """The full hour with which the window begins, UTC, like 02:00."""


class Maintenance(Group):
    """The maintenance window: the hours in which the service may maintain an instance."""

    get = call(ListInstanceMaintenanceWindow)
    set = call(ModifyInstanceMaintenanceWindow)
