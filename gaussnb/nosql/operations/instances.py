"""Instances: list and look up, change, delete. Creating one is :mod:`gaussnb.nosql.instance_spec`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from ...client import Client
from ...client.many import Record, send_to_each
from ...client.tables import Targets
from ...core.catalogue import delete, get, post, put
from ...core.methods import Group, call, many, one
from ...core.operation import Inside, Operation
from ...core.rows import Above, At, Count, FromRequest, Joined, Known, Row
from ...core.rules import OneOf, Secret, at_most
from .. import states
from ..fields import (
    EngineName,
    InstanceId,
    InstanceName,
    ModeName,
    NodeId,
    Password,
    SpecCode,
    SubnetId,
    TrueFalse,
    VpcId,
)
from ..instance_spec import InstanceSpec
from ..many import create_many
from .bases import OfInstance, Paged
from .rows import Done, JobStarted

if TYPE_CHECKING:
    import pandas as pd

InstanceStatus = Annotated[str, Known(tuple(states.INSTANCE))]
NodeStatus = Annotated[str, Known(tuple(states.NODE))]


class Instance(Row, at="instances"):
    """One instance."""

    id: str
    """The instance."""
    name: str
    """Its name; several instances may share one."""
    engine: Annotated[str, At("datastore.type")]
    """cassandra, mongodb, influxdb, redis, dynamodb or hbase."""
    version: Annotated[str, At("datastore.version")]
    """The engine's version."""
    mode: str
    """The kind of cluster."""
    status: InstanceStatus
    """normal when it can be used and ``actions`` is empty."""
    actions: Annotated[str, Joined("actions")]
    """What is being done to it now, empty when idle."""
    nodes: Annotated[int, Count("groups.nodes")]
    """How many nodes it has."""
    flavor: Annotated[str, At("groups.nodes.spec_code")]
    """The specification of its nodes."""
    storage_gb: Annotated[int, At("groups.volume.size")]
    """Its storage in GB."""
    used_gb: Annotated[float, At("groups.volume.used")]
    """How much of the storage is used, in GB."""
    availability_zone: Annotated[str, Joined("groups.nodes.availability_zone")]
    """The zones its nodes stand in."""
    addresses: Annotated[str, Joined("groups.nodes.private_ip")]
    """The private addresses of its nodes."""
    port: int
    """The port it listens on."""
    lb_address: Annotated[str, At("lb_ip_address")]
    """The load balancer's address, where it has one."""
    user: Annotated[str, At("db_user_name")]
    """The administrator's name."""
    vpc_id: str
    """Its virtual private cloud."""
    subnet_id: str
    """Its subnet."""
    security_group_id: str
    """Its security group."""
    pay_mode: str
    """0 pay-per-use, 1 yearly or monthly."""
    product_type: str
    """For cloud-native Redis."""
    backup_window: Annotated[str, At("backup_strategy.start_time")]
    """When automatic backups start, UTC."""
    keep_days: Annotated[int, At("backup_strategy.keep_days")]
    """How many days backups are kept."""
    maintenance_window: str
    """When the service may maintain it, UTC."""
    ssl: bool
    """Whether connections are encrypted."""
    whole_version: Annotated[str, At("datastore.whole_version")]
    """The version to the patch."""
    patch_available: Annotated[bool, At("datastore.patch_available")]
    """Whether a newer patch can be installed."""
    disk_encryption_id: str
    """The key its disks are encrypted with, if they are."""
    dr_instance_id: str
    """The other half of its disaster-recovery pair, if it has one."""
    dual_active_role: Annotated[str, At("dual_active_info.role")]
    """What it is in its dual-active pair, if it has one."""
    dual_active_with: Annotated[str, At("dual_active_info.destination_instance_id")]
    """The other half of that pair."""
    dedicated_resource_id: str
    """The dedicated pool it stands in, if any."""
    enterprise_project_id: str
    """Its enterprise project, 0 for the default one."""
    region: str
    """Its region."""
    created: datetime
    """When it was created."""
    updated: datetime
    """When it was last changed."""


class Node(Row, at="instances.groups.nodes"):
    """One node of an instance."""

    id: str
    """The node."""
    name: str
    """Its name."""
    instance_id: Annotated[str, Above("instances", "id")]
    """The instance it belongs to."""
    instance_name: Annotated[str, Above("instances", "name")]
    """That instance's name."""
    group_id: Annotated[str, Above("instances.groups", "id")]
    """The group it belongs to."""
    status: NodeStatus
    """normal when it can be used."""
    role: str
    """Primary or Secondary, for MongoDB replica sets."""
    private_ip: str
    """Its address inside the VPC, empty until the host exists."""
    public_ip: str
    """Its elastic IP, where it has one."""
    spec_code: str
    """Its specification."""
    availability_zone: str
    """The zone it stands in."""
    subnet_id: str
    """The subnet it stands in."""
    support_reduce: bool
    """Whether it may be removed."""


class Renamed(Done):
    """The receipt of a rename."""

    name: Annotated[str, FromRequest("name")]
    """The new name."""


class Weakness(Row):
    """What the service thinks of a password."""

    weak: bool
    """Whether it is too easily guessed."""


class Upgraded(Row, at="upgrade_results"):
    """What became of one of several upgrades. ``gdb.wait(frame)`` follows those that were accepted."""

    instance_id: str
    """The instance."""
    job_id: str
    """The job, where the upgrade was accepted."""
    error_code: str
    """The code of the refusal, where it was not."""
    error_message: str
    """Why it was refused."""


@get("/v3/{project_id}/instances", returns=Instance)
class ListInstances(Paged):
    """List instances, newest first."""

    id: str | None = None
    """Only this instance; with a leading *, every id that contains the rest."""
    name: str | None = None
    """Only this name; with a leading *, every name that contains the rest."""
    datastore_type: EngineName | None = None
    """Only this engine."""
    mode: ModeName | None = None
    """Only this mode; the service ignores it unless ``datastore_type`` is given."""
    vpc_id: VpcId | None = None
    """Only instances in this VPC."""
    subnet_id: SubnetId | None = None
    """Only instances in this subnet."""


@delete("/v3/{project_id}/instances/{instance_id}", returns=JobStarted, ends="gone", takes=120)
class DeleteInstance(OfInstance):
    """Delete a pay-per-use instance with its automatic backups."""


@put("/v3/{project_id}/instances/{instance_id}/name", returns=Renamed)
class UpdateInstanceName(OfInstance):
    """Rename an instance."""

    name: InstanceName
    """The new name; it may equal another instance's."""


@post(
    "/v3/{project_id}/instances/{instance_id}/restart",
    returns=JobStarted,
    success=202,
    ends="ready",
    takes=180,
)
class RestartInstance(OfInstance):
    """Restart an instance or one of its nodes."""

    node_id: NodeId | None = None
    """Restart this node only; cloud-native Redis."""


@put("/v3/{project_id}/instances/{instance_id}/password", returns=Done)
class ResetPassword(Operation):
    """Give the administrator, rwuser, a new password."""

    instance_id: InstanceId
    """The instance; it must not be abnormal."""
    password: Password
    """The new password."""


@post("/v3/{project_id}/weak-password-verification", returns=Weakness, success=202, asks=True)
class CheckWeekPassword(Operation):
    """Ask whether a password is too easily guessed. Nothing is changed."""

    password: Secret
    """The password to judge."""


@put("/v3/{project_id}/instances/{instance_id}/resize", returns=JobStarted, ends="ready")
class ResizeInstance(Operation):
    """Change the specification of all nodes of an instance, up or down; it is away for 5 to 10 minutes."""

    instance_id: InstanceId
    """The instance; it must be normal and idle."""
    target_spec_code: Annotated[SpecCode, Inside("resize")]
    """The new specification, one of ``flavors.targets``; another than the present one."""
    is_auto_pay: TrueFalse | None = None
    """Whether the order of a prePaid instance is paid by itself; left out means that it waits for you."""


@post("/v3/{project_id}/instances/{instance_id}/db-upgrade", returns=JobStarted, success=202, ends="ready")
class UpgradeDbVersion(OfInstance):
    """Install the newest patch of the engine, where the list of instances says that there is one."""


@post("/v3/{project_id}/instances/db-upgrade", returns=Upgraded, success=202, ends="ready")
class BatchUpgradeDatabaseVersion(Operation):
    """Install the newest patch on several instances of one engine."""

    instance_ids: Annotated[list[InstanceId], at_most(10, "instances")]
    """The instances, at most 10."""


@put(
    "/v3/{project_id}/instance/{instance_id}/switchover",
    returns=JobStarted,
    success=202,
    ends="ready",
    only=("redis Replication",),
)
class SwitchOver(OfInstance):
    """Let the standby node of a Redis pair take over."""


@put("/v3/{project_id}/instances/{instance_id}/data-dump", returns=Done, only=("influxdb EnhancedCluster",))
class SetInstanceDataDump(Operation):
    """Switch the export of an InfluxDB instance to object storage on or off."""

    instance_id: InstanceId
    """The instance, of mode EnhancedCluster."""
    bucket_name: str
    """The bucket of the object storage."""
    action: Annotated[Literal["open", "close"], OneOf("DBS.280391")]
    """open begins the export, close ends it."""


def delete_many(gdb: Client, targets: Targets, *, workers: int = 4, resume: pd.DataFrame | None = None) -> pd.DataFrame:
    """Delete every instance of a list or a frame.

    Args:
        targets: ids in a list, or a frame with a column ``instance_id`` or ``id``; a row without an id is skipped.
        workers: the number of deletions at the same time.
        resume: an earlier answer to the same targets: only instances that were not accepted are sent.

    Returns:
        A DataFrame with one row per target, in their order, with the columns of :class:`gaussnb.client.many.Outcome`.
        ``gdb.wait(frame)`` waits until they are gone.

    Raises:
        InvalidRows: an id breaks a rule; nothing was sent, and ``errors`` has a row for each problem.
        ValueError: the frame is not of instances, or ``resume`` is the answer to another call.
    """

    def is_deleted(operation: Operation, record: Record) -> bool | None:
        found = gdb.send(ListInstances(id=record["id"]))
        actions = found["actions"].iloc[0] if len(found) else "DELETE"
        return True if "DELETE" in actions else None if actions else False

    def make(id: str) -> Operation:
        return DeleteInstance(instance_id=id)

    return send_to_each(gdb, DeleteInstance, targets, make, is_deleted, workers, resume)


class Instances(Group):
    """GaussDB NoSQL instances, from creation to deletion."""

    create = call(InstanceSpec)
    list = call(ListInstances)
    get = one(ListInstances, "id", "DBS.200002")
    nodes = call(ListInstances, returns=Node)
    rename = call(UpdateInstanceName)
    restart = call(RestartInstance)
    resize = call(ResizeInstance)
    upgrade = call(UpgradeDbVersion)
    upgrade_many = call(BatchUpgradeDatabaseVersion)
    switch_over = call(SwitchOver)
    reset_password = call(ResetPassword)
    check_password = call(CheckWeekPassword)
    set_data_dump = call(SetInstanceDataDump)
    delete = call(DeleteInstance)
    create_many = many(create_many)
    delete_many = many(delete_many)
