"""Quotas: how much may be had, and how much of it is used."""

from __future__ import annotations

from ..binding import Group, call
from ..fields import EngineName, ModeName, ProductType
from ..spec import Operation, Row, get


class Quota(Row, at="quotas.resources"):
    """One limited resource."""

    type: str
    """What is limited: instance."""
    quota: int
    """How many are allowed; 0 means no limit."""
    used: int
    """How many there are."""


@get("/v3/{project_id}/quotas", returns=Quota)
class ShowQuotas(Operation):
    """Show how many instances are allowed and how many there are."""

    datastore_type: EngineName | None = None
    """Of this engine."""
    mode: ModeName | None = None
    """Of this mode; the service ignores it unless ``datastore_type`` is given."""
    product_type: ProductType | None = None
    """Of this product type, for cloud-native Redis."""


class Quotas(Group):
    """What is limited."""

    list = call(ShowQuotas)
