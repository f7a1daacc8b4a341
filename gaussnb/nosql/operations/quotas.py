"""Quotas: how much may be had, and how much of it is used."""

from __future__ import annotations

from typing import Annotated

from ...core.catalogue import get, put
from ...core.methods import Group, call
from ...core.operation import Model, Operation
from ...core.rows import At, Each, Row
from ...core.rules import Part, at_most, between
from ..fields import EngineName, EnterpriseProjectId, ModeName, ProductType
from .bases import Paged
from .rows import Did


class Quota(Row, at="quotas.resources"):
    """One limited resource."""

    type: str
    """What is limited: instance."""
    quota: int
    """How many are allowed; 0 means no limit."""
    used: int
    """How many there are."""


class EnterpriseQuota(Row, at="quotas"):
    """What an enterprise project may have, and what it has."""

    enterprise_project_id: str
    """The enterprise project, 0 for the default one."""
    enterprise_project_name: str
    """Its name."""
    instances: Annotated[int, At("quota.instance")]
    """How many instances it may have."""
    vcpus: Annotated[int, At("quota.vcpus")]
    """How many virtual CPUs it may have."""
    ram: Annotated[int, At("quota.ram")]
    """How much memory it may have, in GB."""
    used_instances: Annotated[int, At("used.instance")]
    """How many instances it has."""
    used_vcpus: Annotated[int, At("used.vcpus")]
    """How many virtual CPUs it has."""
    used_ram: Annotated[int, At("used.ram")]
    """How much memory it has, in GB."""


class EnterpriseQuotaSet(Did):
    """The receipt of a new quota."""

    enterprise_project_id: Annotated[str, Each("quotas.enterprise_project_id")]
    """To which enterprise project."""


class Amounts(Model):
    """How much an enterprise project may have; what is left out stays."""

    instance: Annotated[int, between(0, 5000, "instances,")] | None = None
    """How many instances, at most 5000."""
    vcpus: Annotated[int, between(0, 8_000_000, "virtual CPUs,")] | None = None
    """How many virtual CPUs, at most 8000000."""
    ram: Annotated[int, between(0, 16_000_000, "GB,")] | None = None
    """How much memory in GB, at most 16000000."""


class QuotaOf(Model):
    """A quota of an enterprise project."""

    enterprise_project_id: EnterpriseProjectId
    """The enterprise project, 0 for the default one."""
    quota: Part[Amounts]
    """How much it may have."""


@get("/v3/{project_id}/quotas", returns=Quota)
class ShowQuotas(Operation):
    """Show how many instances are allowed and how many there are."""

    datastore_type: EngineName | None = None
    """Of this engine."""
    mode: ModeName | None = None
    """Of this mode; the service ignores it unless ``datastore_type`` is given."""
    product_type: ProductType | None = None
    """Of this product type, for cloud-native Redis."""


@get("/v3/{project_id}/enterprise-projects/quotas", returns=EnterpriseQuota)
class ListEpsQuotas(Paged):
    """List what enterprise projects may have, and what they have."""

    enterprise_project_name: str | None = None
    """Only enterprise projects with this in their name."""


@put("/v3/{project_id}/enterprise-projects/quotas", returns=EnterpriseQuotaSet, success=204)
class ModifyEpsQuotas(Operation):
    """Say what enterprise projects may have."""

    quotas: Annotated[Part[list[QuotaOf]], at_most(100, "enterprise projects")]
    """The enterprise projects and how much each may have."""


class Quotas(Group):
    """What is limited."""

    list = call(ShowQuotas)


class EnterpriseQuotas(Group):
    """What is limited in an enterprise project."""

    list = call(ListEpsQuotas)
    update = call(ModifyEpsQuotas)
