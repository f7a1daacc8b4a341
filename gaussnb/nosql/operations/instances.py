"""Instances: list, look up, change and delete. :mod:`gaussnb.nosql.instance_spec` declares their creation."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from ...client import Client
from ...client.many import Finding, Record, send_to_each
from ...client.tables import Targets
from ...core.answers import word
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
    """The id of the instance."""
    name: str
    """The name; several instances may have the same."""
    engine: Annotated[str, At("datastore.type")]
    """The database engine: cassandra, mongodb, influxdb, redis, dynamodb or hbase."""
    version: Annotated[str, At("datastore.version")]
    """The version of the engine."""
    mode: str
    """The mode of deployment, like Cluster or ReplicaSet."""
    status: InstanceStatus
    """The status; an instance can be used when it is normal and ``actions`` is empty."""
    actions: Annotated[str, Joined("actions")]
    """The work that is going on, empty when there is none."""
    nodes: Annotated[int, Count("groups.nodes")]
    """The number of nodes."""
    flavor: Annotated[str, At("groups.nodes.spec_code")]
    """The specification of the nodes."""
    storage_gb: Annotated[int, At("groups.volume.size")]
    """The storage in GB."""
    used_gb: Annotated[float, At("groups.volume.used")]
    """The storage in use, in GB."""
    availability_zone: Annotated[str, Joined("groups.nodes.availability_zone")]
    """The availability zones of the nodes."""
    addresses: Annotated[str, Joined("groups.nodes.private_ip")]
    """The private IP addresses of the nodes."""
    port: int
    """The port for connections."""
    lb_address: Annotated[str, At("lb_ip_address")]
    """The IP address of the load balancer, if there is one."""
    user: Annotated[str, At("db_user_name")]
    """The name of the administrator."""
    vpc_id: str
    """The virtual private cloud."""
    subnet_id: str
    """The subnet."""
    security_group_id: str
    """The security group."""
    pay_mode: str
    """0 for pay-per-use, 1 for yearly or monthly."""
    product_type: str
    """The product type of a cloud-native Redis instance."""
    backup_window: Annotated[str, At("backup_strategy.start_time")]
    """The hour in which automatic backups start, UTC."""
    keep_days: Annotated[int, At("backup_strategy.keep_days")]
    """The number of days for which automatic backups are kept."""
    maintenance_window: str
    """The hours in which the service may maintain the instance, UTC."""
    ssl: bool
    """True if connections are encrypted."""
    whole_version: Annotated[str, At("datastore.whole_version")]
    """The version of the engine with its patch."""
    patch_available: Annotated[bool, At("datastore.patch_available")]
    """True if a newer patch can be installed."""
    disk_encryption_id: str
    """The key with which the disks are encrypted, if they are."""
    dr_instance_id: str
    """The other instance of the disaster recovery pair, if there is one."""
    dual_active_role: Annotated[str, At("dual_active_info.role")]
    """The role in the dual-active pair, if there is one."""
    dual_active_with: Annotated[str, At("dual_active_info.destination_instance_id")]
    """The other instance of the dual-active pair."""
    dedicated_resource_id: str
    """The dedicated resource pool in which the instance runs, if it runs in one."""
    enterprise_project_id: str
    """The enterprise project, 0 for the default one."""
    region: str
    """The region."""
    created: datetime
    """The time of creation."""
    updated: datetime
    """The time of the last change."""


class Node(Row, at="instances.groups.nodes"):
    """One node of an instance."""

    id: str
    """The id of the node."""
    name: str
    """The name of the node."""
    instance_id: Annotated[str, Above("instances", "id")]
    """The instance that the node belongs to."""
    instance_name: Annotated[str, Above("instances", "name")]
    """The name of that instance."""
    group_id: Annotated[str, Above("instances.groups", "id")]
    """The group that the node belongs to."""
    status: NodeStatus
    """The status; a node can be used when it is normal."""
    role: str
    """Primary or Secondary, for nodes of MongoDB replica sets."""
    private_ip: str
    """The IP address inside the VPC, empty until the host exists."""
    public_ip: str
    """The elastic IP, if there is one."""
    spec_code: str
    """The specification of the node."""
    availability_zone: str
    """The availability zone of the node."""
    subnet_id: str
    """The subnet of the node."""
    support_reduce: bool
    """True if the node may be removed."""


class Renamed(Done):
    """The receipt of a rename."""

    name: Annotated[str, FromRequest("name")]
    """The new name."""


class Weakness(Row):
    """The service's judgement of a password."""

    weak: bool
    """True if the password is too easy to guess."""


class Upgraded(Row, at="upgrade_results"):
    """The result of one of several upgrades. ``gdb.wait(frame)`` follows those that were accepted."""

    instance_id: str
    """The instance."""
    job_id: str
    """The job, if the upgrade was accepted."""
    error_code: str
    """The code of the refusal, if the upgrade was refused."""
    error_message: str
    """The reason of the refusal."""


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
    """The new name; other instances may have the same."""


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
    """Restart only this node; for cloud-native Redis."""


@put("/v3/{project_id}/instances/{instance_id}/password", returns=Done)
class ResetPassword(Operation):
    """Give the administrator, rwuser, a new password."""

    instance_id: InstanceId
    """The instance; it must not be abnormal."""
    password: Password
    """The new password."""


@post("/v3/{project_id}/weak-password-verification", returns=Weakness, success=202, asks=True)
class CheckWeekPassword(Operation):
    """Ask whether a password is too easy to guess. Nothing is changed."""

    password: Secret
    """The password to check."""


@put("/v3/{project_id}/instances/{instance_id}/resize", returns=JobStarted, ends="ready")
class ResizeInstance(Operation):
    """Change the specification of all nodes of an instance, up or down; connections are lost for 5 to 10 minutes."""

    instance_id: InstanceId
    """The instance; it must be normal and idle."""
    target_spec_code: Annotated[SpecCode, Inside("resize")]
    """The new specification, one of ``flavors.targets`` and not the present one."""
    is_auto_pay: TrueFalse | None = None
    """True to pay the order of a prePaid instance automatically; left out, the order waits for your payment."""


@post("/v3/{project_id}/instances/{instance_id}/db-upgrade", returns=JobStarted, success=202, ends="ready")
class UpgradeDbVersion(OfInstance):
    """Install the newest patch of the engine, if the list of instances shows that there is one."""


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
    """Make the standby node of a Redis instance the primary node."""


@put("/v3/{project_id}/instances/{instance_id}/data-dump", returns=Done, only=("influxdb EnhancedCluster",))
class SetInstanceDataDump(Operation):
    """Switch the export of an InfluxDB instance to object storage on or off."""

    instance_id: InstanceId
    """The instance, of mode EnhancedCluster."""
    bucket_name: str
    """The bucket in the object storage."""
    action: Annotated[Literal["open", "close"], OneOf("DBS.280391")]
    """open starts the export, close ends it."""


def delete_many(
    gdb: Client,
    targets: Targets,
    *,
    workers: int = 4,
    resume: pd.DataFrame | None = None,
    existing: bool = False,
) -> pd.DataFrame:
    """Delete every instance of a list or a frame.

    Of a frame of ``create_many``, only what this call of it created is deleted: rows with the outcome ``exists``
    are skipped unless ``existing`` is True.

    Args:
        targets: ids in a list, or a frame with a column ``instance_id`` or ``id``; a row without an id is skipped.
        workers: the number of deletions at the same time.
        resume: an earlier answer to the same targets: only instances that were not accepted are sent.
        existing: True to delete also the instances of a ``create_many`` frame that existed before that call.

    Returns:
        A DataFrame with one row per target, in their order, with the columns of :class:`gaussnb.client.many.Outcome`.
        ``gdb.wait(frame)`` waits until they are gone.

    Raises:
        InvalidRows: an id breaks a rule; nothing was sent, and ``errors`` has a row for each problem.
        ValueError: the frame is not of instances, or ``resume`` is the answer to another call.
    """

    def look(operation: Operation, record: Record) -> Finding:
        found = gdb.send(ListInstances(id=record["id"]))
        if not len(found):
            return "absent"
        actions = word(found["actions"].iloc[0])
        if gdb.service.lifecycle.is_ending(actions):
            return "done"
        return "unclear" if actions else "not done"

    def make(id: str) -> Operation:
        return DeleteInstance(instance_id=id)

    return send_to_each(gdb, DeleteInstance, targets, make, look, workers, resume, existing)


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
