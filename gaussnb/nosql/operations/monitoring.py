"""Monitoring of instances every five seconds."""

from __future__ import annotations

from ...core.catalogue import get, put
from ...core.methods import Group, call
from .bases import OfInstance
from .rows import AboutInstance, Done


class SecondsMonitoring(AboutInstance):
    """The state of the five-second monitoring of an instance."""

    enabled: bool
    """True if the instance is measured every five seconds."""


@get("/v3/{project_id}/instances/{instance_id}/monitoring-by-seconds/switch", returns=SecondsMonitoring)
class ShowSecondLevelMonitoringStatus(OfInstance):
    """Show whether an instance is measured every five seconds."""


@put(
    "/v3/{project_id}/instances/{instance_id}/monitoring-by-seconds/switch",
    returns=Done,
    only=("redis Cluster", "redis CloudNativeCluster"),
)
class SwitchSecondLevelMonitoring(OfInstance):
    """Switch five-second monitoring of a Redis proxy cluster with at least 4 vCPUs on or off."""

    enabled: bool
    """True to measure the instance every five seconds."""


class Monitoring(Group):
    """Monitoring of instances every five seconds."""

    get = call(ShowSecondLevelMonitoringStatus)
    set = call(SwitchSecondLevelMonitoring)
