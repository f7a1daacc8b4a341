"""Dedicated resources: pools of hosts that belong to one customer."""

from __future__ import annotations

from typing import Annotated

from ...core.catalogue import get
from ...core.methods import Group, call
from ...core.rows import At, Row
from .bases import Paged


class DedicatedResource(Row, at="resources"):
    """One dedicated resource pool."""

    id: str
    """The id of the pool, as a create request takes it."""
    resource_name: str
    """The name of the pool."""
    engine_name: str
    """The engine that the pool is for."""
    availability_zone: str
    """The availability zone of the pool."""
    architecture: str
    """The architecture of the CPUs: X86 or ARM."""
    vcpus: Annotated[int, At("capacity.vcpus")]
    """The number of virtual CPUs."""
    ram: Annotated[int, At("capacity.ram")]
    """The memory in GB."""
    volume: Annotated[int, At("capacity.volume")]
    """The storage in GB."""
    status: str
    """The status of the pool."""


@get("/v3/{project_id}/dedicated-resources", returns=DedicatedResource)
class ListDedicatedResources(Paged):
    """List the dedicated resource pools."""


class DedicatedResources(Group):
    """Pools of hosts that belong to one customer."""

    list = call(ListDedicatedResources)
