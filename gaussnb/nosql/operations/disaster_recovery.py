"""Disaster recovery: an instance and its twin elsewhere, and pairs of instances that both take writes."""

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
    """The pair; the call for the other half needs it."""


class InstanceRole(AboutInstance):
    """Which half of a pair an instance is."""

    role: Annotated[str, Known(("master", "slave"))]
    """master takes writes, slave follows it."""


class Synchronization(AboutInstance):
    """How the data of a pair is kept equal."""

    status: Annotated[str, Known(("NA", "NEW", "SYNCING", "SUSPENDING", "SUSPENDED", "RECOVERYING"))]
    """SYNCING while data flows, SUSPENDED while it is paused."""
    master_instance_id: str
    """The instance that takes writes."""
    slave_instance_id: str
    """The instance that follows it."""
    syncing: Annotated[bool, At("data_sync_indicators.rsync_status")]
    """Whether data flows now."""
    commands_per_second: Annotated[int, At("data_sync_indicators.rsync_ops")]
    """How many commands are passed on in a second."""
    waiting_mb: Annotated[int, At("data_sync_indicators.rsync_wal_size")]
    """How much waits to be passed on, in MB."""
    push_us: Annotated[int, At("data_sync_indicators.rsync_push_cost")]
    """Microseconds from a change's entry into the queue to its receipt, on average."""
    send_us: Annotated[int, At("data_sync_indicators.rsync_send_cost")]
    """Microseconds from a change's leaving the queue to its receipt, on average."""
    max_push_us: Annotated[int, At("data_sync_indicators.rsync_max_push_cost")]
    """The longest way from the entry into the queue, in microseconds."""
    max_send_us: Annotated[int, At("data_sync_indicators.rsync_max_send_cost")]
    """The longest way from leaving the queue, in microseconds."""


class Objective(AboutInstance, at="rto_and_rpo_indicators"):
    """What a switch-over or a failure would cost; known to the master."""

    scene: Annotated[str, Known(("FAILOVER", "SWITCHOVER"))]
    """FAILOVER when the master fails, SWITCHOVER when roles are changed."""
    rpo: int
    """Seconds of data that would be lost."""
    rto: int
    """Seconds until writes are taken again."""


class Settings(Row, at="disaster_recovery_settings"):
    """When an instance hands over to its twin."""

    instance_id: str
    """The instance."""
    switchover_ratio: int
    """Percentage of its nodes that must have failed."""
    sync_delay: int
    """Seconds its twin may lag behind for that; missing when it does not matter."""


class SettingsSet(Row, at="successed_instance_ids"):
    """The receipt of one instance whose settings were changed."""

    instance_id: Annotated[str, At("")]
    """The instance."""


class OtherInstance(Model):
    """The other half of a pair, for a check."""

    vpc_cidr: AnyNetwork
    """The addresses of its virtual private cloud."""
    spec_code: Annotated[str, identifier("DBS.280240")]
    """The specification of its nodes."""
    node_ips: Nodes
    """The addresses of its nodes."""


class OtherHalf(Model):
    """The other half of a pair."""

    id: InstanceId
    """The other instance."""
    region_code: RegionId
    """Its region."""
    subnet_cidrs: Annotated[list[AnyNetwork], some("block")]
    """The addresses of its subnet."""
    node_ips: Nodes
    """The addresses of all its nodes."""


class InstanceSettings(Model):
    """When an instance hands over to its twin."""

    instance_id: InstanceId
    """The instance."""
    switchover_ratio: Annotated[Literal[50, 60, 70, 80, 90, 100], OneOf()] | None = None
    """Percentage of its nodes that must have failed, 50 to 100 in tens; left out means 100."""
    sync_delay: Annotated[int, at_least(10)] | None = None
    """Seconds its twin may lag behind for that, at least 10; left out, it does not matter."""


@post("/v3/{project_id}/instances/{instance_id}/disaster-recovery/precheck", returns=Done, success=204, asks=True)
class CheckDisasterRecoveryOperation(OfInstance):
    """Check whether two instances can become a pair, or part. It answers when they can, and refuses when not."""

    operation: Annotated[str, identifier("DBS.301073")]
    """What is to be done; the service does not list the words it knows."""
    disaster_recovery_instance: Part[OtherInstance] | None = None
    """The other instance."""


@post(
    "/v3/{project_id}/instances/{instance_id}/disaster-recovery/construction",
    returns=PairStarted,
    success=202,
    ends="ready",
)
class CreateDisasterRecovery(OfInstance):
    """Make an instance one half of a pair. Call it for the master first, then for the slave with the pair's id."""

    alias: str
    """A name for the pair."""
    password: Annotated[Secret, Rule("not empty", bool, "DBS.280465")]
    """The password the halves tell each other, the same in both calls. Nobody logs in with it."""
    instance_role: Annotated[Literal["master", "slave"], OneOf("DBS.200075")]
    """Which half it becomes: master takes writes, slave follows it."""
    disaster_recovery_instance: Part[OtherHalf]
    """The other half."""
    id: Annotated[str, identifier("DBS.280001")] | None = None
    """The pair, as the call for the master answered; only for the slave."""

    ties: ClassVar[Ties] = (
        Tie(
            ("id",),
            "DBS.280001",
            "for the slave the id the master's call answered, for the master none",
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
    """Part an instance from its pair. Call it for both halves."""


@get("/v3/{project_id}/instances/{instance_id}/instance-role", returns=InstanceRole)
class ShowInstanceRole(OfInstance):
    """Show which half of its pair an instance is."""


@post("/v3/{project_id}/instances/{instance_id}/switchover-master", returns=JobStarted, success=202, ends="ready")
class SwitchToMaster(OfInstance):
    """Make the slave of a pair a master."""

    force: bool | None = None
    """Whether it takes writes on its own though the master is out of reach; left out means no."""


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
    """Change the roles of a pair."""


@post(
    "/v3/{project_id}/instances/{instance_id}/disaster-recovery/data-synchronization",
    returns=JobStarted,
    success=202,
    ends="ready",
)
class PauseResumeDataSynchronization(OfInstance):
    """Pause or resume the flow of data in a pair."""

    action: Annotated[Literal["pause", "resume"], OneOf("DBS.280391")]
    """pause or resume."""


@get(
    "/v3/{project_id}/instances/{instance_id}/disaster-recovery/data-synchronization",
    returns=Synchronization,
    id="ShowPauseResumeStutus",
)
class ShowPauseResumeStatus(OfInstance):
    """Show how data flows in a pair."""


@put("/v3/{project_id}/instances/disaster-recovery/settings", returns=SettingsSet)
class SetDisasterRecoverySettings(Operation):
    """Set when instances hand over to their twins. The answer names those that were changed."""

    disaster_recovery_settings: Annotated[Part[list[InstanceSettings]], some("instance")]
    """The instances with their settings."""


@get("/v3/{project_id}/instances/disaster-recovery/settings", returns=Settings, page_size=50)
class ShowDisasterRecoverySettings(SmallPages):
    """List when instances hand over to their twins."""

    instance_id: InstanceId | None = None
    """Only this instance."""


class DisasterRecovery(Group):
    """Pairs of instances, one of which stands in for the other when disaster strikes."""

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
    """One region where the other half can stand."""

    region_code: Annotated[str, At("")]
    """The region."""


class Candidate(Row, at="instances"):
    """One instance that can become the other half."""

    id: str
    """The instance."""
    name: str
    """Its name."""
    status: str
    """normal when it can be used."""
    actions: Annotated[str, Joined("actions")]
    """What is being done to it."""
    project_id: str
    """Its project."""
    project_name: str
    """That project's name."""
    region_code: str
    """Its region."""
    nodes: Annotated[int, At("node_num")]
    """How many nodes it has."""
    vcpus: int
    """Virtual CPUs of a node."""
    ram: int
    """Memory of a node in GB."""
    storage_gb: Annotated[int, At("disk_size")]
    """Its storage in GB."""
    used_gb: Annotated[float, At("used_disk_size")]
    """How much of the storage is used, in GB."""
    cidr: str
    """The addresses of its virtual private cloud."""


@get("/v3/{project_id}/instances/{instance_id}/disaster-recovery/regions", returns=DualActiveRegion)
class ShowInstanceBiactiveRegions(OfInstance):
    """List the regions where the other half of a dual-active pair can stand."""


@get(
    "/v3/{project_id}/instances/{instance_id}/disaster-recovery/biactive-instance-candidates",
    returns=Candidate,
)
class ListBiactiveInstanceCandidates(OfInstance, Paged):
    """List the instances that can become the other half of a dual-active pair."""

    target_region_code: RegionId
    """The region to look in."""
    target_instance_name: str | None = None
    """Only instances of this name."""
    data_sync_mode: Annotated[Literal["TABLE"], OneOf()] | None = None
    """TABLE for pairs that share single tables; left out, for pairs that share everything."""


@post(
    "/v3/{project_id}/instances/{instance_id}/dual-active-relationship",
    returns=JobStarted,
    success=202,
    ends="ready",
)
class CreateGeminiDbDualActive(OfInstance):
    """Make two instances a dual-active pair: both take writes."""

    destination_region: RegionId
    """The region of the other one."""
    destination_instance_id: InstanceId
    """The other one."""
    tables: list[str] | None = None
    """The tables they share; left out, everything."""


@delete(
    "/v3/{project_id}/instances/{instance_id}/dual-active-relationship",
    returns=JobStarted,
    success=202,
    ends="ready",
)
class DeleteGeminiDbDualActive(OfInstance):
    """Part the instances of a dual-active pair."""


class DualActive(Group):
    """Pairs of instances in two regions that both take writes."""

    regions = call(ShowInstanceBiactiveRegions)
    candidates = call(ListBiactiveInstanceCandidates)
    create = call(CreateGeminiDbDualActive)
    delete = call(DeleteGeminiDbDualActive)
