"""Flavors and datastores: what can be bought, where, and in which version."""

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
    """One specification a node can have."""

    spec_code: str
    """The code that goes into a create request."""
    engine_name: str
    """The engine it is for."""
    engine_version: str
    """The version it is for."""
    vcpus: int
    """Virtual CPUs of a node."""
    ram: int
    """Memory of a node in GB."""
    available_in: Annotated[str, Keys("az_status", "normal")]
    """Availability zones where it can be had."""
    sold_out_in: Annotated[str, Keys("az_status", "sellout")]
    """Availability zones where it is sold out."""


class FlavorZone(Row, at="flavors.az_status.*"):
    """One specification in one availability zone."""

    spec_code: Annotated[str, Above("flavors", "spec_code")]
    """The specification."""
    engine_name: Annotated[str, Above("flavors", "engine_name")]
    """The engine it is for."""
    engine_version: Annotated[str, Above("flavors", "engine_version")]
    """The version it is for."""
    availability_zone: Annotated[str, At("key")]
    """The zone; several joined by commas where nodes stand in all of them."""
    status: Annotated[str, At("value")]
    """normal where it can be had, sellout where it is sold out, unsupported where there is none."""


class OtherFlavor(Row, at="optional_flavors.list"):
    """One specification an instance can be changed to."""

    instance_id: Annotated[str, Above("", "instance_id")]
    """The instance."""
    instance_name: Annotated[str, Above("", "instance_name")]
    """Its name."""
    spec_code: str
    """The code that goes into a resize."""
    vcpus: int
    """Virtual CPUs of a node."""
    ram: int
    """Memory of a node in GB."""
    available_in: Annotated[str, Keys("az_status", "normal")]
    """Availability zones where it can be had."""
    sold_out_in: Annotated[str, Keys("az_status", "sellout")]
    """Availability zones where it is sold out."""
    region_status: str
    """Whether the region has it, where the service says so."""


class PresentFlavor(OtherFlavor, at="current_flavor"):
    """The specification an instance has."""


class DatastoreVersion(Row, at="versions"):
    """One version of an engine."""

    datastore_name: Annotated[str, FromRequest("datastore_name")]
    """The engine."""
    version: Annotated[str, At("")]
    """The version that goes into a create request."""


class Addresses(Row):
    """How many addresses are needed."""

    count: int
    """Free addresses the subnet must have."""


@get("/v3.1/{project_id}/flavors", returns=Flavor)
class ListFlavorInfos(Paged):
    """List the specifications a node can have, with the availability zones that offer them."""

    engine_name: EngineName | None = None
    """Only this engine; without it, Cassandra."""
    mode: ModeName | None = None
    """Leave out for classic storage; CloudNativeCluster, or EnhancedCluster for InfluxDB."""
    product_type: ProductType | None = None
    """Needed for Redis in mode CloudNativeCluster."""


@get("/v3/{project_id}/flavors", returns=Flavor, deprecated=True, superseded="ListFlavorInfos")
class ListFlavors(Operation):
    """List the specifications a node of classic storage can have, in the form that is going away."""

    region: str | None = None
    """Only this region."""
    engine_name: EngineName | None = None
    """Only this engine; without it, Cassandra."""


@get(
    "/v3/{project_id}/instances/{instance_id}/available-flavors",
    returns=OtherFlavor,
    total="optional_flavors.total_count",
)
class ListAvailableFlavorInfos(OfInstance, Paged):
    """List the specifications an instance can be changed to."""


@get("/v3/{project_id}/datastores/{datastore_name}/versions", returns=DatastoreVersion)
class ListDatastores(Operation):
    """List the versions of an engine that can be created."""

    datastore_name: EngineName
    """The engine."""


@get("/v3/{project_id}/ip-num-requirement", returns=Addresses)
class ShowIpNumRequirement(Operation):
    """Show how many addresses of the subnet a new instance, or new nodes of one, would take."""

    node_num: Annotated[int, between(1, 200, "nodes,", "DBS.280123")]
    """How many nodes are to be made, at most 200."""
    engine_name: EngineName | None = None
    """The engine of a new instance."""
    instance_mode: ModeName | None = None
    """The mode of a new instance."""
    instance_id: InstanceId | None = None
    """The instance that gets the nodes; without it, engine and mode are needed."""

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
