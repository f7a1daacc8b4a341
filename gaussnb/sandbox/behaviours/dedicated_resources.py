"""Dedicated resources: two small pools, one for Cassandra and one for Redis."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...nosql.engines import FLAVORS
from ...nosql.operations.dedicated_resources import ListDedicatedResources
from ..refusals import Refused
from ..world import Instance, World
from . import Context, matching, simulates


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


@dataclass(frozen=True)
class Load:
    """What instances take of a pool."""

    vcpus: int = 0
    ram: int = 0
    volume: int = 0

    @classmethod
    def of(cls, nodes: int, spec_code: str, size: int) -> Load:
        """What so many nodes of a specification take, with so many GB of storage."""
        flavor = FLAVORS[spec_code]
        return cls(nodes * flavor.vcpus, nodes * flavor.ram, size)

    def __add__(self, other: Load) -> Load:
        return Load(self.vcpus + other.vcpus, self.ram + other.ram, self.volume + other.volume)


def check_room(world: World, pool_id: str, more: Load, *, but: str = "") -> None:
    """Refuse when a pool has not enough left.

    Args:
        more: what is asked for.
        but: the instance that asks for it in place of what it takes.
    """
    pool = pools(world)[pool_id]
    wanted = _sum(world, pool, but) + more
    if wanted.vcpus > pool.vcpus or wanted.ram > pool.ram or wanted.volume > pool.volume:
        raise Refused("DBS.280453", "The dedicated pool has not enough left: ask for less, or delete what it holds.")


def _sum(world: World, pool: Pool, but: str = "") -> Load:
    """What the instances of a pool take, without one of them."""
    within = matching(world.instances.values(), dedicated_resource_id=pool.id)
    return sum((_taken(world, one) for one in within if one.id != but), Load())


def _taken(world: World, instance: Instance) -> Load:
    """What an instance takes, and what running jobs are going to give it."""
    tasks = matching(world.running(), instance_id=instance.id) if instance.actions else []
    soon: dict[str, Any] = {name: value for task in tasks for name, value in task.effect.items()}
    now = Load.of(len(instance.nodes), instance.spec_code, instance.size)
    then = Load.of(len(instance.nodes), soon.get("spec_code", instance.spec_code), int(soon.get("size", instance.size)))
    return Load(*(max(getattr(now, name), getattr(then, name)) for name in ("vcpus", "ram", "volume")))


def check_growth(
    world: World, instance: Instance, *, nodes: int = 0, spec_code: str | None = None, size: int | None = None
) -> None:
    """Refuse when the pool of an instance has not enough left for what it is to become.

    Args:
        nodes: how many more.
        spec_code: their new specification.
        size: its new storage, in GB.
    """
    if instance.dedicated_resource_id:
        more = Load.of(len(instance.nodes) + nodes, spec_code or instance.spec_code, size or instance.size)
        check_room(world, instance.dedicated_resource_id, more, but=instance.id)


def has_room(world: World, instance: Instance, size: int) -> bool:
    """Whether the pool of an instance, where it has one, lets its storage grow to so many GB."""
    try:
        check_growth(world, instance, size=size)
    except Refused:
        return False
    return True


@simulates(ListDedicatedResources)
def list_pools(op: ListDedicatedResources, context: Context) -> list[dict[str, Any]]:
    world = context.world
    return [_shown(pool, _sum(world, pool)) for pool in pools(world).values()]


def _shown(pool: Pool, taken: Load) -> dict[str, Any]:
    return {
        "id": pool.id,
        "resource_name": pool.name,
        "engine_name": pool.engine,
        "availability_zone": pool.zone,
        "architecture": pool.architecture,
        "capacity": {name: getattr(pool, name) - taking for name, taking in asdict(taken).items()},
        "status": "NORMAL",
    }
