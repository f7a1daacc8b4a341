"""Volumes: more or less storage, cold storage, and automatic storage expansion."""

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
    """The policy by which the service adds storage to an instance automatically; empty where there is none."""

    threshold: Annotated[int, At("policy.threshold")]
    """The percentage of storage in use from which storage is added."""
    step: Annotated[int, At("policy.step")]
    """The percentage by which storage grows."""
    size: Annotated[int, At("policy.size")]
    """The largest size that automatic expansion reaches, in GB."""


class VolumePolicySet(Row):
    """The receipt of a policy for one of several instances."""

    instance_id: Annotated[str, Each("instance_ids")]
    """The instance."""
    refused: Annotated[str, Joined("error_results.instance_id")]
    """All instances of this request that did not get the policy."""
    error_message: Annotated[str, Joined("error_results.error_message")]
    """The reasons why they did not get the policy."""


@post("/v3/{project_id}/instances/{instance_id}/extend-volume", returns=JobStarted, ends="ready")
class ResizeInstanceVolume(Orders):
    """Give an instance more storage."""

    size: VolumeSize
    """The new total size in GB, larger than the present one."""


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
    """The new total size in GB. A smaller one must be over 125 percent of the storage in use."""
    is_auto_pay: bool | None = None
    """True to pay the order of a prePaid instance automatically; left out, the order waits for your payment."""


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
    """The new total size in GB, larger than the present one and at most 100000."""


class EnlargePolicy(Model):
    """The conditions of automatic storage expansion: when storage is added, how much, and up to which size."""

    threshold: (
        Annotated[
            int,
            Rule("60 to 90 percent in steps of 5", lambda number: number in range(60, 91, 5), "DBS.03000002"),
        ]
        | None
    ) = None
    """The percentage in use from which storage is added: 80, 85, 90 (Cassandra), 60 to 90 (Redis); default 90 or 80."""
    step: Annotated[int, Rule("10, 15 or 20 percent", lambda number: number in (10, 15, 20), "DBS.03000003")] | None = (
        None
    )
    """The percentage by which storage grows: 10, 15 or 20; left out, 10 for Cassandra and 20 for Redis."""
    size: VolumeSize | None = None
    """The largest size in GB to expand to; left out, the largest that the instance may have."""


@put("/v3/{project_id}/instances/disk-auto-expansion", returns=VolumePolicySet, success=204)
class SetAutoEnlargePolicy(Operation):
    """Set automatic storage expansion for Cassandra or Redis instances."""

    instance_ids: Annotated[list[InstanceId], at_most(50, "instances")]
    """The instances, at most 50."""
    switch_option: Annotated[Literal["on", "off"], OneOf("DBS.03000004")] | None = None
    """on or off; left out means on."""
    policy: Part[EnlargePolicy] | None = None
    """The conditions under which storage is added."""

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
    """Show the policy of automatic storage expansion of an instance."""


class Volumes(Group):
    """Storage of an instance."""

    extend = call(ResizeInstanceVolume)
    resize = call(ModifyVolume)
    create_cold = call(CreateColdVolume)
    extend_cold = call(ResizeColdVolume)
    get_policy = call(ShowAutoEnlargePolicy)
    set_policy = call(SetAutoEnlargePolicy)
