"""Flavors and datastores: the specifications of nodes, their availability zones, and the versions of engines."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ...core.catalogue import get
from ...core.methods import Group, call
from ...core.operation import Operation, Tie, Ties
from ...core.rows import Above, At, FromRequest, Keys, Row
from ...core.rules import MISSING, between
from ..fields import EngineName, InstanceId, ModeName, ProductType
from .bases import OfInstance, Paged


class Flavor(Row, at="flavors"):
    """One specification of nodes."""

    spec_code: str
    """The code of the specification, as a create request takes it."""
    engine_name: str
    """The engine that the specification is for."""
    engine_version: str
    """The version of the engine."""
    vcpus: int
    """The number of virtual CPUs of a node."""
    ram: int
    """The memory of a node in GB."""
    available_in: Annotated[str, Keys("az_status", "normal")]
    """The availability zones that offer the specification."""
    sold_out_in: Annotated[str, Keys("az_status", "sellout")]
    """The availability zones in which the specification is sold out."""


class FlavorZone(Row, at="flavors.az_status.*"):
    """One specification in one availability zone."""

    spec_code: Annotated[str, Above("flavors", "spec_code")]
    """The specification."""
    engine_name: Annotated[str, Above("flavors", "engine_name")]
    """The engine that the specification is for."""
    engine_version: Annotated[str, Above("flavors", "engine_version")]
    """The version of the engine."""
    availability_zone: Annotated[str, At("key")]
    """The availability zone; several joined by commas if the nodes are in all of them."""
    status: Annotated[str, At("value")]
    """normal if available, sellout if sold out, unsupported if the zone does not offer it."""


class OtherFlavor(Row, at="optional_flavors.list"):
    """One specification to which an instance can be changed."""

    instance_id: Annotated[str, Above("", "instance_id")]
    """The instance."""
    instance_name: Annotated[str, Above("", "instance_name")]
    """The name of the instance."""
    spec_code: str
    """The code of the specification, as a resize request takes it."""
    vcpus: int
    """The number of virtual CPUs of a node."""
    ram: int
    """The memory of a node in GB."""
    available_in: Annotated[str, Keys("az_status", "normal")]
    """The availability zones that offer the specification."""
    sold_out_in: Annotated[str, Keys("az_status", "sellout")]
    """The availability zones in which the specification is sold out."""
    region_status: str
    """The status of the specification in the region, if the service reports it."""


class PresentFlavor(OtherFlavor, at="current_flavor"):
    """The present specification of an instance."""


class DatastoreVersion(Row, at="versions"):
    """One version of an engine."""

    datastore_name: Annotated[str, FromRequest("datastore_name")]
    """The engine."""
    version: Annotated[str, At("")]
    """The version, as a create request takes it."""


class Addresses(Row):
    """The number of IP addresses that are needed."""

    count: int
    """The number of free addresses that the subnet must have."""


@get("/v3.1/{project_id}/flavors", returns=Flavor)
class ListFlavorInfos(Paged):
    """List the specifications of nodes, with the availability zones that offer them."""

    engine_name: EngineName | None = None
    """Only this engine; left out, Cassandra."""
    mode: ModeName | None = None
    """Left out for classic storage; CloudNativeCluster, or EnhancedCluster for InfluxDB."""
    product_type: ProductType | None = None
    """The product type; required for Redis in the mode CloudNativeCluster."""


@get("/v3/{project_id}/flavors", returns=Flavor, deprecated=True, superseded="ListFlavorInfos")
class ListFlavors(Operation):
    """List the specifications of nodes with classic storage, in a deprecated form."""

    region: str | None = None
    """Only this region."""
    engine_name: EngineName | None = None
    """Only this engine; left out, Cassandra."""


@get(
    "/v3/{project_id}/instances/{instance_id}/available-flavors",
    returns=OtherFlavor,
    total="optional_flavors.total_count",
)
class ListAvailableFlavorInfos(OfInstance, Paged):
    """List the specifications to which an instance can be changed."""


@get("/v3/{project_id}/datastores/{datastore_name}/versions", returns=DatastoreVersion)
class ListDatastores(Operation):
    """List the versions of an engine in which an instance can be created."""

    datastore_name: EngineName
    """The engine."""


@get("/v3/{project_id}/ip-num-requirement", returns=Addresses)
class ShowIpNumRequirement(Operation):
    """Show the number of addresses that a new instance, or new nodes of an instance, would take from the subnet."""

    node_num: Annotated[int, between(1, 200, "nodes,", "DBS.280123")]
    """The number of new nodes, at most 200."""
    engine_name: EngineName | None = None
    """The engine of a new instance."""
    instance_mode: ModeName | None = None
    """The mode of a new instance."""
    instance_id: InstanceId | None = None
    """The instance that gets the nodes; left out, engine and mode are required."""

    ties: ClassVar[Ties] = (
        Tie(
            ("engine_name",),
            MISSING,
            "the engine of the new instance, or else instance_id",
            lambda ask: ask.instance_id or ask.engine_name,
        ),
        Tie(
            ("instance_mode",),
            MISSING,
            "the mode of the new instance, or else instance_id",
            lambda ask: ask.instance_id or ask.instance_mode,
        ),
    )


class Flavors(Group):
    """Specifications of nodes."""

    list = call(ListFlavorInfos)
    zones = call(ListFlavorInfos, returns=FlavorZone)
    targets = call(ListAvailableFlavorInfos)
    current = call(ListAvailableFlavorInfos, returns=PresentFlavor)
    addresses = call(ShowIpNumRequirement)


class Datastores(Group):
    """Engines and their versions."""

    list = call(ListDatastores)
