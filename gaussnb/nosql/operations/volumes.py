"""Volumes: more storage, less storage, cold storage, and when the service adds some by itself."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from ...core.catalogue import get, post, put
from ...core.methods import Group, call
from ...core.operation import Model, Operation, Tie, Ties
from ...core.rows import At, Each, Joined, Row
from ...core.rules import OneOf, Part, Rule, at_most, between
from ..fields import InstanceId, VolumeSize
from .bases import OfInstance, Orders
from .rows import AboutInstance, JobStarted


class VolumePolicy(AboutInstance):
    """When storage is added to an instance by itself; nothing where it is not."""

    threshold: Annotated[int, At("policy.threshold")]
    """From how many percent in use."""
    step: Annotated[int, At("policy.step")]
    """How many percent are added."""
    size: Annotated[int, At("policy.size")]
    """Up to how many GB in all."""


class VolumePolicySet(Row):
    """The receipt of a policy for one of several instances."""

    instance_id: Annotated[str, Each("instance_ids")]
    """The instance."""
    refused: Annotated[str, Joined("error_results.instance_id")]
    """All instances of this call that did not get the policy."""
    error_message: Annotated[str, Joined("error_results.error_message")]
    """Why they did not."""


@post("/v3/{project_id}/instances/{instance_id}/extend-volume", returns=JobStarted, ends="ready")
class ResizeInstanceVolume(Orders):
    """Give an instance more storage."""

    size: VolumeSize
    """The new size in GB, in all; more than now."""


@put(
    "/v3/{project_id}/instances/{instance_id}/volume",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("cassandra", "redis"),
)
class ModifyVolume(OfInstance):
    """Give a Cassandra or Redis instance more or less storage."""

    size: VolumeSize
    """The new size in GB, in all; more than now, or less but over 125 percent of what is in use."""
    is_auto_pay: bool | None = None
    """Whether the order of a prePaid instance is paid by itself; left out means that it waits for you."""


@post(
    "/v3/{project_id}/instances/{instance_id}/cold-volume",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("influxdb InfluxdbSingle",),
)
class CreateColdVolume(Orders):
    """Give a single-node InfluxDB instance storage for data that is seldom read."""

    size: Annotated[int, between(500, 100_000, "GB,", "DBS.280242")]
    """The size in GB, 500 to 100000."""


@put(
    "/v3/{project_id}/instances/{instance_id}/cold-volume",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("influxdb InfluxdbSingle",),
)
class ResizeColdVolume(Orders):
    """Give an instance more storage for data that is seldom read."""

    size: Annotated[int, between(1, 100_000, "GB,", "DBS.280242")]
    """The new size in GB, in all; more than now, at most 100000."""


class EnlargePolicy(Model):
    """When storage is added, how much, and up to where."""

    threshold: (
        Annotated[
            int,
            Rule("60 to 90 percent in steps of 5", lambda number: number in range(60, 91, 5), "DBS.03000002"),
        ]
        | None
    ) = None
    """From how many percent in use: 80, 85 or 90 for Cassandra, 60 to 90 for Redis; left out, 90 or 80."""
    step: Annotated[int, Rule("10, 15 or 20 percent", lambda number: number in (10, 15, 20), "DBS.03000003")] | None = (
        None
    )
    """How many percent are added: 10, 15 or 20; left out, 10 for Cassandra and 20 for Redis."""
    size: VolumeSize | None = None
    """Up to how many GB in all; left out, as many as the instance may have."""


@put("/v3/{project_id}/instances/disk-auto-expansion", returns=VolumePolicySet, success=204)
class SetAutoEnlargePolicy(Operation):
    """Say when storage is added to Cassandra or Redis instances by itself."""

    instance_ids: Annotated[list[InstanceId], at_most(50, "instances")]
    """The instances, at most 50."""
    switch_option: Annotated[Literal["on", "off"], OneOf("DBS.03000004")] | None = None
    """Whether it is; left out means on."""
    policy: Part[EnlargePolicy] | None = None
    """When, and how much."""

    ties: ClassVar[Ties] = (
        Tie(
            ("policy", "size"),
            "DBS.280242",
            "only for a single instance",
            lambda ask: ask.policy is None or ask.policy.size is None or len(ask.instance_ids) == 1,
        ),
    )


@get("/v3/{project_id}/instances/{instance_id}/disk-auto-expansion", returns=VolumePolicy)
class ShowAutoEnlargePolicy(OfInstance):
    """Show when storage is added to an instance by itself."""


class Volumes(Group):
    """Storage of an instance."""

    extend = call(ResizeInstanceVolume)
    resize = call(ModifyVolume)
    create_cold = call(CreateColdVolume)
    extend_cold = call(ResizeColdVolume)
    get_policy = call(ShowAutoEnlargePolicy)
    set_policy = call(SetAutoEnlargePolicy)
