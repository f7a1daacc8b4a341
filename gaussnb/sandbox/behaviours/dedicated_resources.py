"""Dedicated resources: two small pools, one for Cassandra and one for Redis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...operations.dedicated_resources import ListDedicatedResources
from ..world import World
from . import Call, simulates


@dataclass(frozen=True)
class Pool:
    """Hosts of one's own."""

    id: str
    name: str
    engine: str
    zone: str
    architecture: str
    vcpus: int
    ram: int
    volume: int


def pools(world: World) -> dict[str, Pool]:
    """The pools of a world, by id."""
    first, second, _ = world.zones
    made = (
        Pool(world.ids.fixed("pool cassandra"), "pool-cassandra", "cassandra", first, "X86", 128, 512, 20_000),
        Pool(world.ids.fixed("pool redis"), "pool-redis", "redis", second, "ARM", 64, 256, 4_000),
    )
    return {pool.id: pool for pool in made}


@simulates(ListDedicatedResources, "data")
def list_pools(op: ListDedicatedResources, call: Call) -> list[dict[str, Any]]:
    return [
        {
            "id": pool.id,
            "resource_name": pool.name,
            "engine_name": pool.engine,
            "availability_zone": pool.zone,
            "architecture": pool.architecture,
            "capacity": {"vcpus": pool.vcpus, "ram": pool.ram, "volume": pool.volume},
            "status": "NORMAL",
        }
        for pool in pools(call.world).values()
    ]
