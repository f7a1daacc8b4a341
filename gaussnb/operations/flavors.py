"""Flavors and datastores: what can be bought, where, and in which version."""

from __future__ import annotations

from typing import Annotated

from ..binding import Group, call
from ..fields import EngineName, ModeName, ProductType
from ..spec import Asked, At, Keys, Operation, Paged, Row, get


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


class DatastoreVersion(Row, at="versions"):
    """One version of an engine."""

    datastore_name: Annotated[str, Asked("datastore_name")]
    """The engine."""
    version: Annotated[str, At("")]
    """The version that goes into a create request."""


@get("/v3.1/{project_id}/flavors", returns=Flavor)
class ListFlavorInfos(Paged):
    """List the specifications a node can have, with the availability zones that offer them."""

    engine_name: EngineName | None = None
    """Only this engine; without it, Cassandra."""
    mode: ModeName | None = None
    """Leave out for classic storage; CloudNativeCluster, or EnhancedCluster for InfluxDB."""
    product_type: ProductType | None = None
    """Needed for Redis in mode CloudNativeCluster."""


@get("/v3/{project_id}/datastores/{datastore_name}/versions", returns=DatastoreVersion)
class ListDatastores(Operation):
    """List the versions of an engine that can be created."""

    datastore_name: EngineName
    """The engine."""


class Flavors(Group):
    """Specifications of nodes."""

    list = call(ListFlavorInfos)


class Datastores(Group):
    """Engines and their versions."""

    list = call(ListDatastores)
