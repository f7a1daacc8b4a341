"""The statuses of instances, nodes and jobs, and the actions on an instance: the one table of both.

A new status or action is one line here. Client, panel, sandbox, and the categories of frames read this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..core.service import Status, by_name
from . import engines

INSTANCE = by_name(
    (
        Status("creating", "going"),
        Status("normal", "ready", words="usable, if no action goes on"),
        Status("abnormal", "failed", words="not usable"),
        Status("createfail", "failed", final=True, words="could not be created"),
        Status("enlargefail", "failed", words="nodes or storage could not be added"),
        Status("data_disk_full", "failed", words="read-only, because the disk is full"),
        Status("frozen", "failed", words="suspended, because the account has no money or was locked"),
    )
)
"""The statuses of an instance."""

NODE = by_name(
    (
        Status("creating", "going"),
        Status("normal", "ready"),
        Status("abnormal", "failed"),
        Status("createfail", "failed", final=True),
        Status("deleted", "failed", final=True),
        Status("resizefailed", "failed"),
        Status("enlargefail", "failed"),
    )
)
"""The statuses of a node."""

JOB = by_name(
    (
        Status("Running", "going"),
        Status("Completed", "ready", final=True),
        Status("Failed", "failed", final=True),
    )
)
"""The statuses of a job."""

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "CREATE": "creating",
        "DELETE": "deleting",
        "REBOOT": "restarting",
        "RESTORE": "restoring",
        "GROWING": "adding nodes",
        "REDUCING": "removing nodes",
        "RESIZE_VOLUME": "changing storage",
        "RESIZE_FLAVOR": "changing flavor",
        "MODIFY_SECURITYGROUP": "changing security group",
        "SWITCH_SSL": "switching SSL",
        "SET_CONFIGURATION": "applying parameters",
        "BIND_EIP": "binding address",
        "UNBIND_EIP": "unbinding address",
    }
)
"""The service's words for work on an instance, each in English. Other actions are shown in small letters."""

USABLE = frozenset(status.name for status in INSTANCE.values() if status.phase == "ready")
"""The statuses of an instance that takes work."""
CREATED = frozenset(status.name for status in INSTANCE.values() if status.phase != "going" and not status.final)
"""The statuses of an instance that was created, usable or not."""
SETTLED = frozenset(status.name for status in INSTANCE.values() if status.phase != "going")
"""The statuses of an instance whose creation has ended."""


def create_seconds(engine: str) -> float | None:
    """Seconds that the creation of an instance usually takes; None for an unknown engine."""
    return engines.ENGINES[engine].create_seconds if engine in engines.ENGINES else None
