"""Disaster recovery and dual-active: pairs of instances, where one stands by, or both take writes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from ...core.catalogue import delete, get, post, put
from ...core.methods import Group, call
from ...core.operation import Model, Operation, Tie, Ties
from ...core.rows import At, Joined, Known, Row
from ...core.rules import OneOf, Part, Rule, Secret, at_least, identifier, some
from ..fields import AnyAddress, AnyNetwork, InstanceId, RegionId
from .bases import OfInstance, Paged, SmallPages
from .rows import AboutInstance, Done, JobStarted

Nodes = Annotated[list[AnyAddress], some("address")]


class PairStarted(JobStarted):
    """The receipt of one half of a pair."""

    disaster_recovery_id: str
    """The id of the pair; the call for the other half needs it."""


class InstanceRole(AboutInstance):
    """The role of an instance in its pair."""

    role: Annotated[str, Known(("master", "slave"))]
    """master takes writes, slave follows the master."""


class Synchronization(AboutInstance):
    """The state of the data synchronization of a pair."""

    status: Annotated[str, Known(("NA", "NEW", "SYNCING", "SUSPENDING", "SUSPENDED", "RECOVERYING"))]
    """SYNCING while data is transferred, SUSPENDED while the transfer is paused."""
    master_instance_id: str
    """The instance that takes writes."""
    slave_instance_id: str
    """The instance that follows the master."""
    syncing: Annotated[bool, At("data_sync_indicators.rsync_status")]
    """True if data is transferred now."""
    commands_per_second: Annotated[int, At("data_sync_indicators.rsync_ops")]
    """The number of commands that are transferred in a second."""
    waiting_mb: Annotated[int, At("data_sync_indicators.rsync_wal_size")]
    """The amount of data that waits for its transfer, in MB."""
    push_us: Annotated[int, At("data_sync_indicators.rsync_push_cost")]
    """The average time from the entry of a change into the queue to its receipt, in microseconds."""
    send_us: Annotated[int, At("data_sync_indicators.rsync_send_cost")]
    """The average time from the exit of a change from the queue to its receipt, in microseconds."""
    max_push_us: Annotated[int, At("data_sync_indicators.rsync_max_push_cost")]
    """The longest time from the entry of a change into the queue to its receipt, in microseconds."""
    max_send_us: Annotated[int, At("data_sync_indicators.rsync_max_send_cost")]
    """The longest time from the exit of a change from the queue to its receipt, in microseconds."""


class Objective(AboutInstance, at="rto_and_rpo_indicators"):
    """The expected loss of data and time at a switch-over or a failure; only the master reports it."""

    scene: Annotated[str, Known(("FAILOVER", "SWITCHOVER"))]
    """FAILOVER for a failure of the master, SWITCHOVER for a change of roles."""
    rpo: int
    """The seconds of data that would be lost."""
    rto: int
    """The seconds until writes are accepted again."""


class Settings(Row, at="disaster_recovery_settings"):
    """The conditions under which an instance hands over to the other half of its pair."""

    instance_id: str
    """The instance."""
    switchover_ratio: int
    """The percentage of nodes that must have failed."""
    sync_delay: int
    """The delay in seconds that the other half may have at most; missing when any delay is accepted."""


class SettingsSet(Row, at="successed_instance_ids"):
    """The receipt of one instance whose settings were changed."""

    instance_id: Annotated[str, At("")]
    """The instance that was changed."""


class OtherInstance(Model):
    """The other half of a pair, for a check."""

    vpc_cidr: AnyNetwork
    """The address block of the virtual private cloud."""
    spec_code: Annotated[str, identifier("DBS.280240")]
    """The specification of the nodes."""
    node_ips: Nodes
    """The IP addresses of the nodes."""


class OtherHalf(Model):
    """The other half of a pair."""

    id: InstanceId
    """The id of the other instance."""
    region_code: RegionId
    """The region of the other instance."""
    subnet_cidrs: Annotated[list[AnyNetwork], some("block")]
    """The address blocks of its subnet."""
    node_ips: Nodes
    """The IP addresses of all its nodes."""


class InstanceSettings(Model):
    """The conditions under which an instance hands over to the other half of its pair."""

    instance_id: InstanceId
    """The instance."""
    switchover_ratio: Annotated[Literal[50, 60, 70, 80, 90, 100], OneOf()] | None = None
    """The percentage of nodes that must have failed, 50 to 100 in tens; left out means 100."""
    sync_delay: Annotated[int, at_least(10)] | None = None
    """The delay in seconds that the other half may have, at least 10; left out, any delay is accepted."""


@post("/v3/{project_id}/instances/{instance_id}/disaster-recovery/precheck", returns=Done, success=204, asks=True)
class CheckDisasterRecoveryOperation(OfInstance):
    """Check whether two instances can become a pair or leave one. The service refuses if they cannot."""

    operation: Annotated[str, identifier("DBS.301073")]
    """The operation to check; the service does not document the allowed words."""
    disaster_recovery_instance: Part[OtherInstance] | None = None
    """The other instance."""


@post(
    "/v3/{project_id}/instances/{instance_id}/disaster-recovery/construction",
    returns=PairStarted,
    success=202,
    ends="ready",
)
class CreateDisasterRecovery(OfInstance):
    """Make an instance one half of a pair. Call it for the master first, then for the slave with the id of the pair."""

    alias: str
    """A name for the pair."""
    password: Annotated[Secret, Rule("not empty", bool, "DBS.280465")]
    """The password between the two halves, the same in both calls. No user logs in with it."""
    instance_role: Annotated[Literal["master", "slave"], OneOf("DBS.200075")]
    """The role of this instance: master takes writes, slave follows the master."""
    disaster_recovery_instance: Part[OtherHalf]
    """The other half."""
    id: Annotated[str, identifier("DBS.280001")] | None = None
    """The id of the pair, from the answer to the call for the master; only for the slave."""

    ties: ClassVar[Ties] = (
        Tie(
            ("id",),
            "DBS.280001",
            "only for the slave: the id from the answer to the call for the master",
            lambda asked: (asked.instance_role == "slave") == (asked.id is not None),
        ),
    )


@post(
    "/v3/{project_id}/instances/{instance_id}/disaster-recovery/deconstruction",
    returns=JobStarted,
    success=202,
    ends="ready",
)
class DeleteDisasterRecovery(OfInstance):
    """Take an instance out of its pair. Call it for both halves."""


@get("/v3/{project_id}/instances/{instance_id}/instance-role", returns=InstanceRole)
class ShowInstanceRole(OfInstance):
    """Show the role of an instance in its pair."""


@post("/v3/{project_id}/instances/{instance_id}/switchover-master", returns=JobStarted, success=202, ends="ready")
class SwitchToMaster(OfInstance):
    """Make the slave of a pair a master."""

    force: bool | None = None
    """True to take writes even if the master cannot be reached; left out means no."""


@post("/v3/{project_id}/instances/{instance_id}/switchover-slave", returns=JobStarted, success=202, ends="ready")
class SwitchToSlave(OfInstance):
    """Make the master of a pair a slave."""


@put(
    "/v3/{project_id}/instances/{instance_id}/disaster-recovery/switchover",
    returns=JobStarted,
    success=202,
    ends="ready",
)
class SwitchOverDisasterRecovery(OfInstance):
    """Exchange the roles of the two instances of a pair."""


@post(
    "/v3/{project_id}/instances/{instance_id}/disaster-recovery/data-synchronization",
    returns=JobStarted,
    success=202,
    ends="ready",
)
class PauseResumeDataSynchronization(OfInstance):
    """Pause or resume the data synchronization of a pair."""

    action: Annotated[Literal["pause", "resume"], OneOf("DBS.280391")]
    """pause or resume."""


@get(
    "/v3/{project_id}/instances/{instance_id}/disaster-recovery/data-synchronization",
    returns=Synchronization,
    id="ShowPauseResumeStutus",
)
class ShowPauseResumeStatus(OfInstance):
    """Show the state of the data synchronization of a pair."""


@put("/v3/{project_id}/instances/disaster-recovery/settings", returns=SettingsSet)
class SetDisasterRecoverySettings(Operation):
    """Set the conditions under which instances hand over to their pairs. The answer names those that were changed."""

    disaster_recovery_settings: Annotated[Part[list[InstanceSettings]], some("instance")]
    """The instances with their settings."""


@get("/v3/{project_id}/instances/disaster-recovery/settings", returns=Settings, page_size=50)
class ShowDisasterRecoverySettings(SmallPages):
    """List the conditions under which instances hand over to the other halves of their pairs."""

    instance_id: InstanceId | None = None
    """Only this instance."""


class DisasterRecovery(Group):
    """Pairs of instances: if one fails, the other takes over."""

    check = call(CheckDisasterRecoveryOperation)
    create = call(CreateDisasterRecovery)
    delete = call(DeleteDisasterRecovery)
    get_role = call(ShowInstanceRole)
    promote = call(SwitchToMaster)
    demote = call(SwitchToSlave)
    switch_over = call(SwitchOverDisasterRecovery)
    get_synchronization = call(ShowPauseResumeStatus)
    objectives = call(ShowPauseResumeStatus, returns=Objective)
    set_synchronization = call(PauseResumeDataSynchronization)
    list_settings = call(ShowDisasterRecoverySettings)
    set_settings = call(SetDisasterRecoverySettings)


# ------------------------------------------------------------------------------------- dual-active


class DualActiveRegion(AboutInstance, at="region_codes"):
    """One region in which the other half of a pair can run."""

    region_code: Annotated[str, At("")]
    """The region."""


class Candidate(Row, at="instances"):
    """One instance that can become the other half of a pair."""

    id: str
    """The id of the instance."""
    name: str
    """The name of the instance."""
    status: str
    """The status; an instance can be used when it is normal."""
    actions: Annotated[str, Joined("actions")]
    """The work that is going on."""
    project_id: str
    """The project of the instance."""
    project_name: str
    """The name of that project."""
    region_code: str
    """The region of the instance."""
    nodes: Annotated[int, At("node_num")]
    """The number of nodes."""
    vcpus: int
    """The number of virtual CPUs of a node."""
    ram: int
    """The memory of a node in GB."""
    storage_gb: Annotated[int, At("disk_size")]
    """The storage in GB."""
    used_gb: Annotated[float, At("used_disk_size")]
    """The storage in use, in GB."""
    cidr: str
    """The address block of the virtual private cloud."""


@get("/v3/{project_id}/instances/{instance_id}/disaster-recovery/regions", returns=DualActiveRegion)
class ShowInstanceBiactiveRegions(OfInstance):
    """List the regions in which the other half of a dual-active pair can run."""


@get(
    "/v3/{project_id}/instances/{instance_id}/disaster-recovery/biactive-instance-candidates",
    returns=Candidate,
)
class ListBiactiveInstanceCandidates(OfInstance, Paged):
    """List the instances that can become the other half of a dual-active pair."""

    target_region_code: RegionId
    """The region to search."""
    target_instance_name: str | None = None
    """Only instances with this name."""
    data_sync_mode: Annotated[Literal["TABLE"], OneOf()] | None = None
    """TABLE for pairs that share single tables; left out, for pairs that share all data."""


@post(
    "/v3/{project_id}/instances/{instance_id}/dual-active-relationship",
    returns=JobStarted,
    success=202,
    ends="ready",
)
class CreateGeminiDbDualActive(OfInstance):
    """Make two instances a dual-active pair: both take writes."""

    destination_region: RegionId
    """The region of the other instance."""
    destination_instance_id: InstanceId
    """The other instance."""
    tables: list[str] | None = None
    """The tables to share; left out, all data is shared."""


@delete(
    "/v3/{project_id}/instances/{instance_id}/dual-active-relationship",
    returns=JobStarted,
    success=202,
    ends="ready",
)
class DeleteGeminiDbDualActive(OfInstance):
    """Separate the two instances of a dual-active pair."""


class DualActive(Group):
    """Pairs of instances in two regions that both take writes."""

    regions = call(ShowInstanceBiactiveRegions)
    candidates = call(ListBiactiveInstanceCandidates)
    create = call(CreateGeminiDbDualActive)
    delete = call(DeleteGeminiDbDualActive)
