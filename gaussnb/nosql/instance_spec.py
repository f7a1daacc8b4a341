"""The create call: a new instance as data, judged as a whole before anything is sent.

What one field may hold stands on its type (:mod:`gaussnb.nosql.fields`), what engines, modes and flavors
allow stands in :mod:`gaussnb.nosql.engines`. Here stand the shape of the request and the rules that tie
fields together: one line each, as data, and each blames the one field a person would change.
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
    """``a, b or c``"""
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
    """The database: which engine, in which version."""

    type: Annotated[EngineName, Titled("Engine")]
    """The database engine."""
    version: str
    """Its version, like 3.11; empty text for DynamoDB and HBase."""
    storage_engine: Annotated[Literal["rocksDB"], OneOf("DBS.280122")]
    """How data is kept on disk: rocksDB."""


class Flavor(Model):
    """The size: how many nodes of which specification, with how much storage."""

    num: NodeCount
    """How many nodes."""
    size: Gigabytes
    """Storage of the whole instance in GB."""
    storage: Annotated[Literal["ULTRAHIGH"], OneOf("DBS.280241"), Titled("Disk")]
    """The kind of disk: ULTRAHIGH, which is SSD."""
    spec_code: SpecCode
    """The specification of each node, like geminidb.cassandra.xlarge.4."""


class BackupStrategy(Model):
    """When automatic backups are made and how long they are kept."""

    start_time: BackupWindow
    """The hour in which a backup starts."""
    keep_days: KeepDays | None = None
    """For how many days backups are kept; 0 makes none, left out means 7."""


class ChargeInfo(Model):
    """How the instance is paid for."""

    charge_mode: Annotated[Literal["prePaid", "postPaid"], OneOf()]
    """postPaid is pay-per-use, prePaid is yearly or monthly."""
    period_type: Annotated[Literal["month", "year"], OneOf()] | None = None
    """Whether prePaid counts months or years."""
    period_num: Annotated[int | str, Whole(1, 9)] | None = None
    """For how many months, or up to 3 years, prePaid is ordered."""
    is_auto_renew: TrueFalse | None = None
    """Whether a prePaid period is renewed, and paid, by itself; left out means no."""
    is_auto_pay: TrueFalse | None = None
    """Whether the first prePaid order is paid by itself; left out means that it waits for you."""

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
    """What the new instance starts with: a backup, or another instance at a moment of the past."""

    backup_id: BackupId | None = None
    """The full backup to start from. Give this alone, or the other two."""
    source_instance_id: InstanceId | None = None
    """The instance whose past to start from."""
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
            "restore_time needs the instance whose past is meant",
            lambda restore: (
                restore.backup_id is not None or restore.restore_time is None or restore.source_instance_id is not None
            ),
        ),
        Tie(
            ("restore_time",),
            WRONG_RESTORE,
            "source_instance_id needs the moment to go back to",
            lambda restore: (
                restore.backup_id is not None or restore.source_instance_id is None or restore.restore_time is not None
            ),
        ),
    )


class DrInfo(Model):
    """Makes the new instance the disaster recovery twin of another one."""

    source_instance_id: InstanceId
    """The Cassandra instance to stand in for; it must be normal and have no twin yet."""


class AvailabilityZoneDetail(Model):
    """Which zone the primary stands in, and which the standby."""

    primary_availability_zone: Zone
    """The zone of the primary node."""
    secondary_availability_zone: Zone
    """The zone of the standby node, another one."""

    ties: ClassVar[Ties] = (
        Tie(
            ("secondary_availability_zone",),
            "DBS.280244",
            "another zone than the primary's",
            lambda zones: zones.primary_availability_zone != zones.secondary_availability_zone,
        ),
    )


class IpGroup(Model):
    """One address or block of addresses."""

    ip: Network
    """An IPv4 address, or a block like 192.168.0.0/24."""
    description: Annotated[str, Rule("at most 255 characters", lambda text: len(text) <= 255)] | None = None
    """What it is."""


class LbAccessControl(Model):
    """Who may reach the load balancer."""

    enabled: TrueFalse
    """Whether the list is in force."""
    type: Annotated[Literal["blackList", "whiteList"], OneOf(), Titled("Kind of list")]
    """blackList bars the addresses, whiteList admits only them."""
    ip_groups: Part[list[IpGroup]]
    """The addresses and blocks."""


# -------------------------------------------------------------------------------------------- answer


class Created(Row):
    """What the service accepted: the instance exists now, and is not ready yet."""

    id: str
    """The new instance."""
    name: str
    """Its name."""
    status: Annotated[str, Known(("creating",))]
    """creating: watch it until it is normal."""
    job_id: str
    """The job that creates it, for pay-per-use."""
    order_id: str
    """The order that waits for payment, for yearly and monthly."""
    engine: Annotated[str, At("datastore.type")]
    """cassandra, mongodb, influxdb, redis, dynamodb or hbase."""
    version: Annotated[str, At("datastore.version")]
    """The engine's version."""
    mode: str
    """The kind of cluster."""
    nodes: Annotated[int, At("flavor.num")]
    """How many nodes it gets."""
    flavor: Annotated[str, At("flavor.spec_code")]
    """The specification of its nodes."""
    storage_gb: Annotated[int, At("flavor.size")]
    """Its storage in GB."""
    region: str
    """Its region."""
    availability_zone: str
    """The zones its nodes stand in."""
    vpc_id: str
    """Its virtual private cloud."""
    subnet_id: str
    """Its subnet."""
    security_group_id: str
    """Its security group."""
    ssl: Annotated[str, At("ssl_option")]
    """1 when connections are encrypted, 0 when not."""
    backup_window: Annotated[str, At("backup_strategy.start_time")]
    """When automatic backups start, UTC."""
    keep_days: Annotated[int, At("backup_strategy.keep_days")]
    """How many days backups are kept."""
    charge_mode: Annotated[str, At("charge_info.charge_mode")]
    """prePaid for yearly and monthly."""
    enterprise_project_id: str
    """Its enterprise project, 0 for the default one."""
    dedicated_resource_id: str
    """The dedicated pool it stands in, if any."""
    created: datetime
    """When it was created, in the service's local time."""


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
    """Create an instance, empty or from a backup: everything the service has to know, checked.

    Give the fields by name, or the ten mandatory ones in their order; nested parts as objects or as
    plain dicts. Numbers may be numbers or text and travel the way they were given. Fields left out
    are not sent, and the service decides.

    Raises:
        pydantic.ValidationError: naming each field at fault and what it may hold; never its value.

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
    """The instance's name; it need not be unique."""
    datastore: Part[Datastore]
    """The database engine and its version."""
    region: Annotated[str, identifier("DBS.200024")]
    """The region to create it in, like cn-north-4."""
    availability_zone: Zones
    """The zone its nodes stand in, or three zones joined by commas."""
    vpc_id: VpcId
    """The virtual private cloud it belongs to."""
    subnet_id: SubnetId
    """The subnet of that VPC, by its network id."""
    security_group_id: SecurityGroupId
    """The security group that guards it."""
    password: Password
    """The password of the administrator, rwuser."""
    mode: ModeName
    """How it is deployed: Cluster, CloudNativeCluster and others, depending on the engine."""
    flavor: Annotated[
        Part[list[Flavor]],
        exactly_one("specification", "DBS.280239"),
    ]
    """The nodes and their storage, as a list of one."""
    product_type: ProductType | None = None
    """The product line of a cloud-native Redis: Capacity, Standard or Performance."""
    configuration_id: ConfigurationId | None = None
    """The parameter template to start with; left out, the engine's default."""
    backup_strategy: Part[BackupStrategy] | None = None
    """When backups are made and how long they are kept; left out, daily for 7 days."""
    enterprise_project_id: EnterpriseProjectId | None = None
    """The enterprise project it is counted in, 0 for the default one."""
    dedicated_resource_id: Annotated[str, identifier(BAD_VALUE)] | None = None
    """The dedicated resource pool to stand in, if you own one."""
    disk_encryption_id: KeyId | None = None
    """The key its disks are encrypted with."""
    ssl_option: OnOff01 | None = None
    """Whether connections are encrypted: 1 yes, 0 no; left out means no."""
    charge_info: Part[ChargeInfo] | None = None
    """How it is paid for; left out, pay-per-use."""
    restore_info: Part[RestoreInfo] | None = None
    """The backup or the moment to start from; left out, it starts empty."""
    dr_info: Part[DrInfo] | None = None
    """The instance it stands in for when disaster strikes; Cassandra only."""
    port: Port | None = None
    """The port it listens on; Redis only, left out means 6379."""
    availability_zone_detail: Part[AvailabilityZoneDetail] | None = None
    """Where primary and standby of a Redis pair stand when that is in two zones."""
    lb_access_control_settings: Part[LbAccessControl] | None = None
    """Who may reach its load balancer."""

    @model_validator(mode="after")
    def _ties(self) -> Self:
        engine = engines.engine(self.datastore.type)
        mode = engine.modes.get(self.mode)
        wrong = broken(_Chosen(self, engine), _ENGINE_TIES)
        if mode is not None:  # else there is no telling what the rest should be
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
    """A spec beside the engine it names."""

    spec: InstanceSpec
    engine: engines.Engine


class _Deployed(NamedTuple):
    """A spec beside the mode it names."""

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
    """Which modes have a feature, as a sentence."""
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
            # a version of no mode at all was blamed already
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
        lambda case: "not together with restore_info: a restored instance keeps its source's key",
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
