"""Quotas: so many instances of each engine."""

from __future__ import annotations

from typing import Any

from ...engines import ENGINES
from ...operations.quotas import ShowQuotas
from . import Call, matching, simulates


@simulates(ShowQuotas)
def show_quotas(op: ShowQuotas, call: Call) -> dict[str, Any]:
    world = call.world
    mode = op.mode if op.datastore_type else None  # documented: ignored without the engine
    product = op.product_type if op.datastore_type else None
    used = matching(world.instances.values(), engine=op.datastore_type, mode=mode, product_type=product)
    quota = world.quota if op.datastore_type else world.quota * len(ENGINES)
    return {"quotas": {"resources": [{"type": "instance", "quota": quota, "used": len(used)}]}}
