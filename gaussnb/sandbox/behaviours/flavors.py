"""Flavors and datastores, from the table of engines."""

from __future__ import annotations

from typing import Any

from ...nosql import engines
from ...nosql.operations.flavors import (
    ListAvailableFlavorInfos,
    ListDatastores,
    ListFlavorInfos,
    ListFlavors,
    ShowIpNumRequirement,
)
from ..refusals import Refused
from ..world import Instance
from . import Context, Page, simulates


@simulates(ListFlavorInfos, "data")
def list_flavors(op: ListFlavorInfos, context: Context) -> list[dict[str, Any]]:
    engine = engines.engine(op.engine_name or "cassandra")
    asked = engine.modes.get(op.mode or "")
    if asked and asked.product_types and op.product_type is None:
        raise Refused("DBS.280001", "product_type: needed for Redis in this mode.")
    found: dict[str, dict[str, Any]] = {}
    for mode in engine.modes.values():
        if mode.name == op.mode or (op.mode is None and mode.classic):
            for flavor in engines.flavors(engine.name, mode.name):
                found.setdefault(flavor.spec_code, _shown(engine.name, mode.versions[0], flavor, context))
    return list(found.values())


def _shown(engine: str, version: str, flavor: engines.Flavor, context: Context) -> dict[str, Any]:
    status = context.world.zone_status(flavor.spec_code)
    return {
        "engine_name": engine,
        "engine_version": version,
        "vcpus": str(flavor.vcpus),
        "ram": str(flavor.ram),
        "spec_code": flavor.spec_code,
        "availability_zone": [zone for zone in context.world.zones if status[zone] == "normal"],
        "az_status": status,
    }


@simulates(ListDatastores, "data")
def list_datastores(op: ListDatastores, context: Context) -> dict[str, Any]:
    return {"versions": list(engines.engine(op.datastore_name).versions)}


@simulates(ListFlavors, "data")
def list_classic_flavors(op: ListFlavors, context: Context) -> Page:
    found = list_flavors(ListFlavorInfos(engine_name=op.engine_name), context)
    return Page(found if op.region in (None, context.world.region) else [], limit=len(found))


@simulates(ShowIpNumRequirement, "data")
def count_addresses(op: ShowIpNumRequirement, context: Context) -> dict[str, Any]:
    if op.instance_id is not None:
        context.instance(op.instance_id)
        return {"count": op.node_num}
    modes = engines.engine(op.engine_name or "").modes
    if (mode := modes.get(op.instance_mode or "")) is None:
        raise Refused("DBS.280342", "The engine has no such mode.")
    return {"count": op.node_num + mode.balanced}


@simulates(ListAvailableFlavorInfos, "data")
def available_flavors(op: ListAvailableFlavorInfos, context: Context) -> dict[str, Any]:
    instance = context.instance(op.instance_id)
    found = engines.flavors(instance.engine, instance.mode)
    targets = [flavor for flavor in found if flavor.spec_code != instance.spec_code and holds(flavor, instance)]
    start, most = op.offset or 0, op.limit or op.route.page_size
    present = engines.FLAVORS[instance.spec_code]
    return {
        "instance_id": instance.id,
        "instance_name": instance.name,
        "current_flavor": _flavor(present, context),
        "optional_flavors": {
            "list": [_flavor(flavor, context) for flavor in targets[start : start + most]],
            "total_count": len(targets),
        },
    }


def _flavor(flavor: engines.Flavor, context: Context) -> dict[str, Any]:
    return {
        "vcpus": str(flavor.vcpus),
        "ram": str(flavor.ram),
        "spec_code": flavor.spec_code,
        "az_status": context.world.zone_status(flavor.spec_code),
        "region_status": "normal",
    }


def holds(flavor: engines.Flavor, instance: Instance) -> bool:
    """True if the storage of an instance is within the limits of a flavor."""
    return flavor.storage is None or instance.size in flavor.storage
