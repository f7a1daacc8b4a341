"""Monitoring: instances that are measured every five seconds."""

from __future__ import annotations

from ...core.catalogue import get, put
from ...core.methods import Group, call
from .bases import OfInstance
from .rows import AboutInstance, Done


class SecondsMonitoring(AboutInstance):
    """Whether an instance is measured every five seconds."""

    enabled: bool
    """Whether it is."""


@get("/v3/{project_id}/instances/{instance_id}/monitoring-by-seconds/switch", returns=SecondsMonitoring)
class ShowSecondLevelMonitoringStatus(OfInstance):
    """Show whether an instance is measured every five seconds."""


@put(
    "/v3/{project_id}/instances/{instance_id}/monitoring-by-seconds/switch",
    returns=Done,
    only=("redis Cluster", "redis CloudNativeCluster"),
)
class SwitchSecondLevelMonitoring(OfInstance):
    """Set whether an instance is measured every five seconds; Redis proxy clusters with at least 4 vCPUs."""

    enabled: bool
    """Whether it is."""


class Monitoring(Group):
    """Measuring instances every five seconds."""

    get = call(ShowSecondLevelMonitoringStatus)
    set = call(SwitchSecondLevelMonitoring)
