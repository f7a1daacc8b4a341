"""Checks that several chapters share: can the instance answer a question, or be changed, now?"""

from __future__ import annotations

import hashlib
from functools import cache

from ...nosql import engines
from .. import lifecycle
from ..world import Instance, Node
from . import Context

RUNNING = frozenset({"normal", "abnormal", "data_disk_full", "enlargefail"})
"""The statuses in which an instance answers questions about its data and its clients."""


def running(context: Context, instance_id: str, statuses: frozenset[str] = RUNNING) -> Instance:
    """The instance with this id, if it answers questions.

    Args:
        statuses: the statuses in which it does.

    Raises:
        Refused: when there is none, or its status is another one.
    """
    instance = context.instance(instance_id)
    lifecycle.check_status(instance, statuses)
    return instance


def usable(context: Context, instance_id: str) -> Instance:
    """The instance with this id, if it can be changed.

    Raises:
        Refused: when there is none, other work goes on, or its status does not allow a change.
    """
    instance = context.instance(instance_id)
    lifecycle.check_idle(instance, lifecycle.USABLE)
    return instance


def node(context: Context, node_id: str) -> tuple[Instance, Node]:
    """The instance of a node, if it answers questions, and the node."""
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
    """A number from 0 to ``below`` - 1 that follows from a text: for plausible data."""
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big") % below
