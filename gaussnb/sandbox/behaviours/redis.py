"""What all Redis chapters ask first: is it a Redis instance, and can it do that now?"""

from __future__ import annotations

import hashlib

from .. import lifecycle
from ..messages import Refused
from ..world import Instance, Node
from . import Call

RUNNING = frozenset({"normal", "abnormal", "data_disk_full", "enlargefail"})
"""The statuses in which an instance answers questions about its inside."""
_ONE_DATABASE = "RedisCluster"
_DATABASES = tuple(map(str, range(1000)))


def running(call: Call, instance_id: str) -> Instance:
    """A Redis instance that answers questions.

    Raises:
        Refused: when there is none, it has another engine, or it does not run.
    """
    instance = _redis(call.instance(instance_id))
    lifecycle.check_status(instance, RUNNING)
    return instance


def usable(call: Call, instance_id: str) -> Instance:
    """A Redis instance that can be changed.

    Raises:
        Refused: when there is none, it has another engine, something else is done to it, or it is not as it should be.
    """
    instance = _redis(call.instance(instance_id))
    lifecycle.check_idle(instance, lifecycle.USABLE)
    return instance


def node(call: Call, node_id: str) -> tuple[Instance, Node]:
    """A node of a Redis instance that runs, and the instance."""
    for instance in call.world.instances.values():
        for one in instance.nodes:
            if one.id == node_id:
                lifecycle.check_status(_redis(instance), RUNNING)
                return instance, one
    raise Refused("DBS.200013")


def _redis(instance: Instance) -> Instance:
    if instance.engine != "redis":
        raise Refused("DBS.280235", "This is for Redis instances.")
    return instance


def databases(instance: Instance) -> tuple[str, ...]:
    """The databases of an instance: the protocol of Redis Cluster knows one."""
    return _DATABASES[:1] if instance.mode == _ONE_DATABASE else _DATABASES


def draw(what: str, below: int) -> int:
    """A number from 0 on, always the same for the same words: for what is only there to look at."""
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big") % below
