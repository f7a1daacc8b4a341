"""Quotas: the number of instances of each engine, and the limits of each enterprise project."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...nosql import engines
from ...nosql.engines import ENGINES
from ...nosql.operations.quotas import ListEpsQuotas, ModifyEpsQuotas, ShowQuotas
from ..refusals import Refused
from ..world import Instance, World, kept
from . import Context, matching, simulates

_REFUSALS = {"instance": "DBS.200165", "vcpus": "DBS.200166", "ram": "DBS.200167"}


@kept("enterprise quota")
@dataclass
class Allowance:
    """The limits of an enterprise project; 0 for no limit."""

    id: str
    instance: int = 5000
    vcpus: int = 8_000_000
    ram: int = 16_000_000

    def amounts(self) -> dict[str, int]:
        return {name: amount for name, amount in asdict(self).items() if name != "id"}


@simulates(ShowQuotas)
def show_quotas(op: ShowQuotas, context: Context) -> dict[str, Any]:
    world = context.world
    mode = op.mode if op.datastore_type else None  # documented: ignored without the engine
    product = op.product_type if op.datastore_type else None
    used = matching(world.instances.values(), engine=op.datastore_type, mode=mode, product_type=product)
    quota = world.quota if op.datastore_type else world.quota * len(ENGINES)
    return {"quotas": {"resources": [{"type": "instance", "quota": quota, "used": len(used)}]}}


@simulates(ListEpsQuotas)
def list_enterprise_quotas(op: ListEpsQuotas, context: Context) -> list[dict[str, Any]]:
    return [
        {
            "enterprise_project_id": id,
            "enterprise_project_name": name,
            "quota": _allowance(context.world, id).amounts(),
            "used": _used(context.world, id),
        }
        for id, name in context.world.enterprise_projects.items()
        if (op.enterprise_project_name or "") in name
    ]


@simulates(ModifyEpsQuotas)
def set_enterprise_quotas(op: ModifyEpsQuotas, context: Context) -> dict[str, Any]:
    changed = []
    for one in op.quotas:
        id = one.enterprise_project_id
        if id not in context.world.enterprise_projects:
            raise Refused("DBS.280433")
        given = {name: amount for name, amount in one.quota if amount is not None}
        used = _used(context.world, id)
        if less := next((name for name, amount in given.items() if 0 < amount < used[name]), None):
            raise Refused("DBS.280001", f"quota.{less}: more than that is in use, {used[less]}.")
        changed.append(Allowance(id, **{**_allowance(context.world, id).amounts(), **given}))
    for allowance in changed:
        context.world.table(Allowance).put(allowance)
    return {}


def check_another(world: World, id: str, spec_code: str, nodes: int) -> None:
    """Refuse another instance of an enterprise project that has reached a limit."""
    _check(world, id, {"instance": 1, **_size(spec_code, nodes)})


def check_larger(world: World, instance: Instance, spec_code: str, nodes: int) -> None:
    """Refuse a growth of an instance beyond a limit of its enterprise project."""
    before, after = _size(instance.spec_code, len(instance.nodes)), _size(spec_code, nodes)
    _check(world, instance.enterprise_project_id, {name: after[name] - before[name] for name in after})


def _check(world: World, id: str, more: dict[str, int]) -> None:
    allowed = _allowance(world, id).amounts()
    if not any(allowed.values()):
        return  # saves counting what is in use
    used = _used(world, id)
    for name, wanted in more.items():
        if wanted > 0 and 0 < allowed[name] < used[name] + wanted:
            raise Refused(_REFUSALS[name])


def _allowance(world: World, id: str) -> Allowance:
    usual = Allowance(id) if world.quota else Allowance(id, 0, 0, 0)
    return world.table(Allowance).get(id) or usual


def _used(world: World, id: str) -> dict[str, int]:
    mine = matching(world.instances.values(), enterprise_project_id=id)
    sizes = [_size(instance.spec_code, len(instance.nodes)) for instance in mine]
    return {"instance": len(mine), **{name: sum(size[name] for size in sizes) for name in ("vcpus", "ram")}}


def _size(spec_code: str, nodes: int) -> dict[str, int]:
    flavor = engines.flavor(spec_code)
    return {"vcpus": flavor.vcpus * nodes, "ram": flavor.ram * nodes} if flavor else {"vcpus": 0, "ram": 0}
