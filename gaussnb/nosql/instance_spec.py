"""The create operation: the spec of a new instance, which is validated as a whole before it is sent.

The types of the fields hold the rules for single values (:mod:`gaussnb.nosql.fields`), and
:mod:`gaussnb.nosql.engines` holds what each engine, mode and flavor allows. This module declares the shape of the
request, and the rules between fields. Each rule names one field at fault: the one that a user would change.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from ..core.catalogue import post
from ..core.operation import Model, Operation, Tie, Ties, broken, refuse_all
from ..core.rows import At, Known, Row
from ..core.rules import BAD_VALUE, OneOf, Part, Rule, Titled, Whole, exactly_one, identifier, matches
from . import engines
from .fields import (
    BackupId,
    BackupWindow,
    ConfigurationId,
    EngineName,
    EnterpriseProjectId,
    Gigabytes,
    InstanceId,
    InstanceName,
    KeepDays,
    KeyId,
    ModeName,
    Network,
    NodeCount,
    OnOff01,
    Password,
    Port,
    ProductType,
    SecurityGroupId,
    SpecCode,
    SubnetId,
    TrueFalse,
    VpcId,
)

WRONG_RESTORE = "DBS.301024"


def _either(words: Iterable[str]) -> str:
    """The words as a phrase: ``a, b or c``."""
    *others, last = [word or '""' for word in words]
    return f"{', '.join(others)} or {last}" if others else last


# -------------------------------------------------------------------------------------- nested parts

Zone = Annotated[str, matches(r"[A-Za-z0-9_.-]+", "one availability zone", "DBS.280244")]
Zones = Annotated[
    str,
    matches(
        r"[A-Za-z0-9_.-]+(,[A-Za-z0-9_.-]+)*",
        "an availability zone, or several joined by commas without blanks",
        "DBS.280244",
    ),
]


class Datastore(Model):
    """The database engine and its version."""

    type: Annotated[EngineName, Titled("Engine")]
    """The database engine."""
    version: str
    """The version, like 3.11; an empty text for DynamoDB and HBase."""
    storage_engine: Annotated[Literal["rocksDB"], OneOf("DBS.280122")]
    """The storage engine: rocksDB."""


class Flavor(Model):
    """The size: the number of nodes, their specification and their storage."""

    num: NodeCount
    """The number of nodes."""
    size: Gigabytes
    """The storage of the whole instance in GB."""
    storage: Annotated[Literal["ULTRAHIGH"], OneOf("DBS.280241"), Titled("Disk")]
    """The kind of disk: ULTRAHIGH, which is SSD."""
    spec_code: SpecCode
    """The specification of each node, like geminidb.cassandra.xlarge.4."""


class BackupStrategy(Model):
    """The time of automatic backups, and how long they are kept."""

    start_time: BackupWindow
    """The hour in which a backup starts, UTC."""
    keep_days: KeepDays | None = None
    """The number of days for which backups are kept; 0 means no automatic backups, left out means 7."""


class ChargeInfo(Model):
    """The way in which the instance is paid for."""

    charge_mode: Annotated[Literal["prePaid", "postPaid"], OneOf()]
    """postPaid is pay-per-use, prePaid is yearly or monthly."""
    period_type: Annotated[Literal["month", "year"], OneOf()] | None = None
    """The unit of the prePaid period: month or year."""
    period_num: Annotated[int | str, Whole(1, 9)] | None = None
    """The length of the prePaid period: 1 to 9 months, or 1 to 3 years."""
    is_auto_renew: TrueFalse | None = None
    """True to renew and pay a prePaid period automatically; left out means no."""
    is_auto_pay: TrueFalse | None = None
    """True to pay the first prePaid order automatically; left out, the order waits for your payment."""

    ties: ClassVar[Ties] = (
        Tie(
            ("period_type",),
            BAD_VALUE,
            "prePaid needs month or year",
            lambda charge: charge.charge_mode == "postPaid" or charge.period_type is not None,
        ),
        Tie(
            ("period_num",),
            BAD_VALUE,
            "prePaid needs a number: 1 to 9 months, or 1 to 3 years",
            lambda charge: charge.charge_mode == "postPaid" or charge.period_num is not None,
        ),
        Tie(
            ("period_num",),
            BAD_VALUE,
            "1 to 3 years",
            lambda charge: (
                (charge.charge_mode, charge.period_type) != ("prePaid", "year") or int(charge.period_num or 1) <= 3
            ),
        ),
    )


class RestoreInfo(Model):
    """The data with which the new instance starts: a backup, or another instance at an earlier moment."""

    backup_id: BackupId | None = None
    """The full backup to start from. Give only this, or only the other two fields."""
    source_instance_id: InstanceId | None = None
    """The instance whose earlier data to start from."""
    restore_time: (
        Annotated[
            int,
            Field(strict=True),
            Rule(
                "a moment as 13 digits: milliseconds since 1970, UTC",
                lambda moment: 10**12 <= moment < 10**13,
                WRONG_RESTORE,
            ),
        ]
        | None
    ) = None
    """The moment to go back to."""

    ties: ClassVar[Ties] = (
        Tie(
            ("backup_id",),
            WRONG_RESTORE,
            "a backup alone, or else source_instance_id and restore_time",
            lambda restore: (
                (restore.backup_id is None) != (restore.source_instance_id is None and restore.restore_time is None)
            ),
        ),
        Tie(
            ("source_instance_id",),
            WRONG_RESTORE,
            "required with restore_time: the instance whose earlier data to start from",
            lambda restore: (
                restore.backup_id is not None or restore.restore_time is None or restore.source_instance_id is not None
            ),
        ),
        Tie(
            ("restore_time",),
            WRONG_RESTORE,
            "required with source_instance_id: the moment to go back to",
            lambda restore: (
                restore.backup_id is not None or restore.source_instance_id is None or restore.restore_time is not None
            ),
        ),
    )


class DrInfo(Model):
    """The instance for which the new instance becomes the disaster recovery copy."""

    source_instance_id: InstanceId
    """The Cassandra instance to copy; it must be normal and have no disaster recovery copy yet."""


class AvailabilityZoneDetail(Model):
    """The availability zones of the primary and the standby node."""

    primary_availability_zone: Zone
    """The zone of the primary node."""
    secondary_availability_zone: Zone
    """The zone of the standby node; not the zone of the primary."""

    ties: ClassVar[Ties] = (
        Tie(
            ("secondary_availability_zone",),
            "DBS.280244",
            "another zone than the primary's",
            lambda zones: zones.primary_availability_zone != zones.secondary_availability_zone,
        ),
    )


class IpGroup(Model):
    """One IP address or block of addresses."""

    ip: Network
    """An IPv4 address, or a block like 192.168.0.0/24."""
    description: Annotated[str, Rule("at most 255 characters", lambda text: len(text) <= 255)] | None = None
    """A description."""


class LbAccessControl(Model):
    """The access list of the load balancer."""

    enabled: TrueFalse
    """True to put the list in force."""
    type: Annotated[Literal["blackList", "whiteList"], OneOf(), Titled("Kind of list")]
    """blackList refuses the addresses, whiteList admits only them."""
    ip_groups: Part[list[IpGroup]]
    """The IP addresses and blocks."""


# -------------------------------------------------------------------------------------------- answer


class Created(Row):
    """A new instance that the service has accepted; it exists and is not ready yet."""

    id: str
    """The id of the new instance."""
    name: str
    """The name."""
    status: Annotated[str, Known(("creating",))]
    """creating at first; ``gdb.wait(frame)`` waits until the instance is normal."""
    job_id: str
    """The job that creates the instance, for pay-per-use."""
    order_id: str
    """The order that waits for payment, for yearly and monthly instances."""
    engine: Annotated[str, At("datastore.type")]
    """The database engine: cassandra, mongodb, influxdb, redis, dynamodb or hbase."""
    version: Annotated[str, At("datastore.version")]
    """The version of the engine."""
    mode: str
    """The mode of deployment."""
    nodes: Annotated[int, At("flavor.num")]
    """The number of nodes."""
    flavor: Annotated[str, At("flavor.spec_code")]
    """The specification of the nodes."""
    storage_gb: Annotated[int, At("flavor.size")]
    """The storage in GB."""
    region: str
    """The region."""
    availability_zone: str
    """The availability zones of the nodes."""
    vpc_id: str
    """The virtual private cloud."""
    subnet_id: str
    """The subnet."""
    security_group_id: str
    """The security group."""
    ssl: Annotated[str, At("ssl_option")]
    """1 if connections are encrypted, 0 if not."""
    backup_window: Annotated[str, At("backup_strategy.start_time")]
    """The hour in which automatic backups start, UTC."""
    keep_days: Annotated[int, At("backup_strategy.keep_days")]
    """The number of days for which automatic backups are kept."""
    charge_mode: Annotated[str, At("charge_info.charge_mode")]
    """prePaid for yearly and monthly instances."""
    enterprise_project_id: str
    """The enterprise project, 0 for the default one."""
    dedicated_resource_id: str
    """The dedicated resource pool in which the instance runs, if it runs in one."""
    created: datetime
    """The time of creation, in the service's local time."""


# -------------------------------------------------------------------------------------- the operation


@post(
    "/v3/{project_id}/instances",
    returns=Created,
    success=202,
    creates=True,
    ends="ready",
    id="CreateInstance",
)
class InstanceSpec(Operation):
    """Create an instance, empty or from a backup.

    Give the fields by name, or the ten required ones in their order, and nested parts as objects or as plain dicts.
    Numbers may be given as numbers or as text, and are sent as they were given. Fields that are left out are not sent;
    the service uses its defaults for them.

    Raises:
        pydantic.ValidationError: a field is wrong. The error names each such field and its allowed values, never the
            value that was given.

    >>> spec = InstanceSpec(
    ...     name="test-cassandra-01",
    ...     datastore={"type": "cassandra", "version": "3.11", "storage_engine": "rocksDB"},
    ...     region="cn-north-4",
    ...     availability_zone="cn-north-4a",
    ...     vpc_id="674e9b42-cd8d-4d25-a2e6-5abcc565b961",
    ...     subnet_id="f1df08c5-71d1-406a-aff0-de435a51007b",
    ...     security_group_id="7aa51dbf-5b63-40db-9724-dad3c4828b58",
    ...     password="Aa1!" * 3,
    ...     mode="Cluster",
    ...     flavor=[{"num": 3, "size": 500, "storage": "ULTRAHIGH",
    ...              "spec_code": "geminidb.cassandra.4xlarge.4"}],
    ...     backup_strategy={"start_time": "08:00-09:00", "keep_days": "8"},
    ... )
    >>> spec
    InstanceSpec(name='test-cassandra-01', engine='cassandra 3.11', mode='Cluster', nodes=3, storage=500)
    >>> spec.wire()["backup_strategy"]
    {'start_time': '08:00-09:00', 'keep_days': '8'}
    """

    name: InstanceName
    """The name of the instance; other instances may have the same."""
    datastore: Part[Datastore]
    """The database engine and its version."""
    region: Annotated[str, identifier("DBS.200024")]
    """The region, like cn-north-4."""
    availability_zone: Zones
    """The availability zone of the nodes, or three zones joined by commas."""
    vpc_id: VpcId
    """The virtual private cloud."""
    subnet_id: SubnetId
    """The subnet of that VPC, by its network id."""
    security_group_id: SecurityGroupId
    """The security group, whose rules admit connections."""
    password: Password
    """The password of the administrator, rwuser."""
    mode: ModeName
    """The mode of deployment, like Cluster or CloudNativeCluster; each engine has its own modes."""
    flavor: Annotated[
        Part[list[Flavor]],
        exactly_one("specification", "DBS.280239"),
    ]
    """The nodes and their storage, as a list with one item."""
    product_type: ProductType | None = None
    """The product line of a cloud-native Redis: Capacity, Standard or Performance."""
    configuration_id: ConfigurationId | None = None
    """The parameter template to start with; left out, the defaults of the engine."""
    backup_strategy: Part[BackupStrategy] | None = None
    """The time of automatic backups, and how long they are kept; left out, daily for 7 days."""
    enterprise_project_id: EnterpriseProjectId | None = None
    """The enterprise project that the instance belongs to, 0 for the default one."""
    dedicated_resource_id: Annotated[str, identifier(BAD_VALUE)] | None = None
    """The dedicated resource pool in which the instance runs, if you own one."""
    disk_encryption_id: KeyId | None = None
    """The key with which the disks are encrypted."""
    ssl_option: OnOff01 | None = None
    """1 to encrypt connections, 0 not to; left out means 0."""
    charge_info: Part[ChargeInfo] | None = None
    """The way in which the instance is paid for; left out, pay-per-use."""
    restore_info: Part[RestoreInfo] | None = None
    """The backup or the moment to start from; left out, the instance starts empty."""
    dr_info: Part[DrInfo] | None = None
    """The instance for which this one becomes the disaster recovery copy; Cassandra only."""
    port: Port | None = None
    """The port for connections; Redis only, left out means 6379."""
    availability_zone_detail: Part[AvailabilityZoneDetail] | None = None
    """The zones of the primary and the standby node of a Redis instance in two zones."""
    lb_access_control_settings: Part[LbAccessControl] | None = None
    """The access list of the load balancer."""

    @model_validator(mode="after")
    def _ties(self) -> Self:
        engine = engines.engine(self.datastore.type)
        mode = engine.modes.get(self.mode)
        wrong = broken(_Chosen(self, engine), _ENGINE_TIES)
        if mode is not None:  # without a mode, the limits of the other fields are unknown
            wrong += broken(_Deployed(self, mode), _MODE_TIES)
        refuse_all("InstanceSpec", wrong)
        return self

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        yield "name", self.name
        yield "engine", f"{self.datastore.type} {self.datastore.version}".strip()
        yield "mode", self.mode
        yield "nodes", int(self.flavor[0].num)
        yield "storage", int(self.flavor[0].size)


class _Chosen(NamedTuple):
    """A spec with the engine that it names."""

    spec: InstanceSpec
    engine: engines.Engine


class _Deployed(NamedTuple):
    """A spec with the mode that it names."""

    spec: InstanceSpec
    mode: engines.Mode

    @property
    def storage(self) -> engines.Span:
        return engines.storage(self.mode, self.spec.flavor[0].spec_code)

    @property
    def where(self) -> str:
        return f"{self.mode.engine} {self.mode.name}"

    def may(self, feature: engines.Feature) -> bool:
        return feature in self.mode.features


def _only(feature: engines.Feature) -> str:
    """The modes that have a feature, as a phrase."""
    able = [f"{mode.engine} {mode.name}" for mode in engines.modes() if feature in mode.features]
    return f"only for {_either(able)}"


_ENGINE_TIES: tuple[Tie[_Chosen], ...] = (
    Tie(
        ("mode",),
        "DBS.280342",
        lambda case: f"for {case.engine.name}: {_either(case.engine.modes)}",
        lambda case: case.spec.mode in case.engine.modes,
    ),
    Tie(
        ("datastore", "version"),
        "DBS.280236",
        lambda case: f"for {case.engine.name}: {_either(case.engine.versions)}",
        lambda case: case.spec.datastore.version in case.engine.versions,
    ),
    Tie(
        ("port",),
        "DBS.200060",
        lambda case: f"for {case.engine.name}: {case.engine.ports_say}",
        lambda case: case.spec.port is None or case.engine.takes_port(int(case.spec.port)),
    ),
)

_MODE_TIES: tuple[Tie[_Deployed], ...] = (
    Tie(
        ("datastore", "version"),
        "DBS.280236",
        lambda case: f"for {case.where}: {_either(case.mode.versions)}",
        lambda case: (
            case.spec.datastore.version in case.mode.versions
            # a version of no mode at all is reported by the rule for the engine
            or case.spec.datastore.version not in engines.engine(case.mode.engine).versions
        ),
    ),
    Tie(
        ("flavor", 0, "num"),
        "DBS.280123",
        lambda case: f"for {case.where}: {case.mode.nodes.says} nodes",
        lambda case: int(case.spec.flavor[0].num) in case.mode.nodes,
    ),
    Tie(
        ("flavor", 0, "size"),
        "DBS.280242",
        lambda case: f"for {case.where} with this specification: {case.storage.says} GB",
        lambda case: int(case.spec.flavor[0].size) in case.storage,
    ),
    Tie(
        ("flavor", 0, "spec_code"),
        "DBS.280240",
        lambda case: f"for {case.where}: {case.mode.family}.<size>.<ratio>",
        lambda case: engines.family(case.spec.flavor[0].spec_code) == case.mode.family,
    ),
    Tie(
        ("product_type",),
        BAD_VALUE,
        lambda case: f"{case.where} needs {_either(case.mode.product_types)}",
        lambda case: not case.mode.product_types or case.spec.product_type is not None,
    ),
    Tie(
        ("disk_encryption_id",),
        "DBS.200507",
        lambda case: _only("disk encryption"),
        lambda case: case.spec.disk_encryption_id is None or case.may("disk encryption"),
    ),
    Tie(
        ("disk_encryption_id",),
        "DBS.200507",
        lambda case: "not together with restore_info: a restored instance keeps the key of its source",
        lambda case: (
            case.spec.disk_encryption_id is None or case.spec.restore_info is None or not case.may("disk encryption")
        ),
    ),
    Tie(
        ("restore_info", "restore_time"),
        WRONG_RESTORE,
        lambda case: _only("point-in-time restore"),
        lambda case: (
            case.spec.restore_info is None
            or case.spec.restore_info.restore_time is None
            or case.may("point-in-time restore")
        ),
    ),
    Tie(
        ("dr_info",),
        BAD_VALUE,
        lambda case: _only("disaster recovery"),
        lambda case: case.spec.dr_info is None or case.may("disaster recovery"),
    ),
    Tie(
        ("availability_zone_detail",),
        "DBS.280244",
        lambda case: _only("two zones"),
        lambda case: case.spec.availability_zone_detail is None or case.may("two zones"),
    ),
)
