"""Quotas: the numbers that are allowed, and their use."""

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
    """The quota of one resource."""

    type: str
    """The resource: instance."""
    quota: int
    """The number that is allowed; 0 means no limit."""
    used: int
    """The number in use."""


class EnterpriseQuota(Row, at="quotas"):
    """The quotas of an enterprise project, and their use."""

    enterprise_project_id: str
    """The enterprise project, 0 for the default one."""
    enterprise_project_name: str
    """The name of the enterprise project."""
    instances: Annotated[int, At("quota.instance")]
    """The number of instances that are allowed."""
    vcpus: Annotated[int, At("quota.vcpus")]
    """The number of virtual CPUs that are allowed."""
    ram: Annotated[int, At("quota.ram")]
    """The memory that is allowed, in GB."""
    used_instances: Annotated[int, At("used.instance")]
    """The number of instances in use."""
    used_vcpus: Annotated[int, At("used.vcpus")]
    """The number of virtual CPUs in use."""
    used_ram: Annotated[int, At("used.ram")]
    """The memory in use, in GB."""


class EnterpriseQuotaSet(Did):
    """The receipt of a new quota."""

    enterprise_project_id: Annotated[str, Each("quotas.enterprise_project_id")]
    """The enterprise project that was changed."""


class Amounts(Model):
    """The limits of an enterprise project; limits that are left out stay as they are."""

    instance: Annotated[int, between(0, 5000, "instances,")] | None = None
    """The number of instances, at most 5000."""
    vcpus: Annotated[int, between(0, 8_000_000, "virtual CPUs,")] | None = None
    """The number of virtual CPUs, at most 8000000."""
    ram: Annotated[int, between(0, 16_000_000, "GB,")] | None = None
    """The memory in GB, at most 16000000."""


class QuotaOf(Model):
    """A quota of an enterprise project."""

    enterprise_project_id: EnterpriseProjectId
    """The enterprise project, 0 for the default one."""
    quota: Part[Amounts]
    """The limits of the enterprise project."""


@get("/v3/{project_id}/quotas", returns=Quota)
class ShowQuotas(Operation):
    """Show how many instances are allowed and how many are in use."""

    datastore_type: EngineName | None = None
    """Only instances of this engine."""
    mode: ModeName | None = None
    """Only instances of this mode; the service ignores it unless ``datastore_type`` is given."""
    product_type: ProductType | None = None
    """Only instances of this product type, for cloud-native Redis."""


@get("/v3/{project_id}/enterprise-projects/quotas", returns=EnterpriseQuota)
class ListEpsQuotas(Paged):
    """List the quotas of enterprise projects, and their use."""

    enterprise_project_name: str | None = None
    """Only enterprise projects whose name contains this."""


@put("/v3/{project_id}/enterprise-projects/quotas", returns=EnterpriseQuotaSet, success=204)
class ModifyEpsQuotas(Operation):
    """Set the quotas of enterprise projects."""

    quotas: Annotated[Part[list[QuotaOf]], at_most(100, "enterprise projects")]
    """The enterprise projects with their limits."""


class Quotas(Group):
    """The quota of instances."""

    list = call(ShowQuotas)


class EnterpriseQuotas(Group):
    """The quotas of enterprise projects."""

    list = call(ListEpsQuotas)
    update = call(ModifyEpsQuotas)
