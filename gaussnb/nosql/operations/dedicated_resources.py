"""Dedicated resources: pools of hosts of one's own."""

from __future__ import annotations

from typing import Annotated

from ...core.catalogue import get
from ...core.methods import Group, call
from ...core.rows import At, Row
from .bases import Paged


class DedicatedResource(Row, at="resources"):
    """One pool."""

    id: str
    """The pool, as it goes into a create request."""
    resource_name: str
    """Its name."""
    engine_name: str
    """The engine it is for."""
    availability_zone: str
    """The zone it stands in."""
    architecture: str
    """X86 or ARM."""
    vcpus: Annotated[int, At("capacity.vcpus")]
    """Virtual CPUs it has."""
    ram: Annotated[int, At("capacity.ram")]
    """Memory it has, in GB."""
    volume: Annotated[int, At("capacity.volume")]
    """Storage it has, in GB."""
    status: str
    """Its status."""


@get("/v3/{project_id}/dedicated-resources", returns=DedicatedResource)
class ListDedicatedResources(Paged):
    """List the dedicated resource pools."""


class DedicatedResources(Group):
    """Pools of hosts of one's own."""

    list = call(ListDedicatedResources)
