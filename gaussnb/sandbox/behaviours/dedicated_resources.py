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
    """A pool of hosts that belong to one account."""

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
class Demand:
    """The resources of a pool that instances take."""

    vcpus: int = 0
    ram: int = 0
    volume: int = 0

    @classmethod
    def of(cls, nodes: int, spec_code: str, size: int) -> Demand:
        """The demand of some nodes of a specification, with their storage in GB."""
        flavor = FLAVORS[spec_code]
        return cls(nodes * flavor.vcpus, nodes * flavor.ram, size)

    def __add__(self, other: Demand) -> Demand:
        return Demand(self.vcpus + other.vcpus, self.ram + other.ram, self.volume + other.volume)


def check_room(world: World, pool_id: str, more: Demand, *, but: str = "") -> None:
    """Refuse when a pool has not enough resources left.

    Args:
        more: the new demand.
        but: the instance whose present demand the new one replaces.
    """
    pool = pools(world)[pool_id]
    wanted = _sum(world, pool, but) + more
    if wanted.vcpus > pool.vcpus or wanted.ram > pool.ram or wanted.volume > pool.volume:
        raise Refused("DBS.280453", "The dedicated pool has not enough left: ask for less, or delete what it holds.")


def _sum(world: World, pool: Pool, but: str = "") -> Demand:
    """The demand of all instances of a pool but one."""
    within = matching(world.instances.values(), dedicated_resource_id=pool.id)
    return sum((_taken(world, one) for one in within if one.id != but), Demand())


def _taken(world: World, instance: Instance) -> Demand:
    """The demand of an instance, after its running tasks if that is more."""
    tasks = matching(world.running(), instance_id=instance.id) if instance.actions else []
    soon: dict[str, Any] = {name: value for task in tasks for name, value in task.effect.items()}
    now = Demand.of(len(instance.nodes), instance.spec_code, instance.size)
    then = Demand.of(
        len(instance.nodes), soon.get("spec_code", instance.spec_code), int(soon.get("size", instance.size))
    )
    return Demand(*(max(getattr(now, name), getattr(then, name)) for name in ("vcpus", "ram", "volume")))


def check_growth(
    world: World, instance: Instance, *, nodes: int = 0, spec_code: str | None = None, size: int | None = None
) -> None:
    """Refuse a growth of an instance for which its pool has not enough resources left.

    Args:
        nodes: the number of additional nodes.
        spec_code: the new specification of all nodes.
        size: the new storage, in GB.
    """
    if instance.dedicated_resource_id:
        more = Demand.of(len(instance.nodes) + nodes, spec_code or instance.spec_code, size or instance.size)
        check_room(world, instance.dedicated_resource_id, more, but=instance.id)


def has_room(world: World, instance: Instance, size: int) -> bool:
    """True if the storage of an instance may grow to ``size`` GB: it has no pool, or its pool has enough left."""
    try:
        check_growth(world, instance, size=size)
    except Refused:
        return False
    return True


@simulates(ListDedicatedResources)
def list_pools(op: ListDedicatedResources, context: Context) -> list[dict[str, Any]]:
    world = context.world
    return [_shown(pool, _sum(world, pool)) for pool in pools(world).values()]


def _shown(pool: Pool, taken: Demand) -> dict[str, Any]:
    return {
        "id": pool.id,
        "resource_name": pool.name,
        "engine_name": pool.engine,
        "availability_zone": pool.zone,
        "architecture": pool.architecture,
        "capacity": {name: getattr(pool, name) - taking for name, taking in asdict(taken).items()},
        "status": "NORMAL",
    }
