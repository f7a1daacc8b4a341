"""What all Redis chapters ask first: can the instance do that now?"""

from __future__ import annotations

import hashlib
from functools import cache

from ...nosql import engines
from .. import lifecycle
from ..world import Instance, Node
from . import Context

RUNNING = frozenset({"normal", "abnormal", "data_disk_full", "enlargefail"})
"""The statuses in which an instance answers questions about its inside."""


def running(context: Context, instance_id: str) -> Instance:
    """An instance that answers questions.

    Raises:
        Refused: when there is none, or it does not run.
    """
    instance = context.instance(instance_id)
    lifecycle.check_status(instance, RUNNING)
    return instance


def usable(context: Context, instance_id: str) -> Instance:
    """An instance that can be changed.

    Raises:
        Refused: when there is none, something else is done to it, or it is not as it should be.
    """
    instance = context.instance(instance_id)
    lifecycle.check_idle(instance, lifecycle.USABLE)
    return instance


def node(context: Context, node_id: str) -> tuple[Instance, Node]:
    """A node of an instance that runs, and the instance."""
    instance, one = context.node(node_id)
    lifecycle.check_status(instance, RUNNING)
    return instance, one


def databases(instance: Instance) -> tuple[str, ...]:
    """The numbers of the databases of an instance."""
    return _numbers(engines.mode(instance.engine, instance.mode).databases)


@cache
def _numbers(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


def draw(what: str, below: int) -> int:
    """A number from 0 on, always the same for the same words: for what is only there to look at."""
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big") % below
