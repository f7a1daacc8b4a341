"""Monitoring by the second: for Redis with a load balancer, on nodes with at least four virtual CPUs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...nosql import engines
from ...nosql.operations.monitoring import ShowSecondLevelMonitoringStatus, SwitchSecondLevelMonitoring
from .. import lifecycle
from ..refusals import Refused
from ..world import kept
from . import UNSUPPORTED, Context, simulates

_VCPUS = 4


@kept("seconds monitoring", ends_with_instance=True)
@dataclass
class Measured:
    """An instance with monitoring by the second."""

    id: str


@simulates(ShowSecondLevelMonitoringStatus)
def show_seconds(op: ShowSecondLevelMonitoringStatus, context: Context) -> dict[str, Any]:
    return {"enabled": context.instance(op.instance_id).id in context.world.table(Measured)}


@simulates(SwitchSecondLevelMonitoring)
def set_seconds(op: SwitchSecondLevelMonitoring, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    flavor = engines.flavor(instance.spec_code)
    if op.enabled and (flavor is None or flavor.vcpus < _VCPUS):
        raise Refused(UNSUPPORTED, f"On nodes of at least {_VCPUS} vCPUs.")
    lifecycle.check_idle(instance, lifecycle.USABLE)
    measured = context.world.table(Measured)
    if op.enabled:
        measured.put(Measured(instance.id))
    elif instance.id in measured:
        measured.drop(instance.id)
    return {}
