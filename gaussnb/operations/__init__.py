"""The declarations: one module a chapter, each ending with its groups. :mod:`gaussnb.groups` has the table of those."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # read on first use
    from . import (
        backups,
        configurations,
        dbcache,
        dedicated_resources,
        disaster_recovery,
        flavors,
        instances,
        jobs,
        logs,
        maintenance,
        network,
        nodes,
        quotas,
        recycle_bin,
        redis_accounts,
        redis_commands,
        redis_data,
        redis_recovery,
        redis_sessions,
        tags,
        versions,
        volumes,
    )

    __all__ = [
        "backups",
        "configurations",
        "dbcache",
        "dedicated_resources",
        "disaster_recovery",
        "flavors",
        "instances",
        "jobs",
        "logs",
        "maintenance",
        "network",
        "nodes",
        "quotas",
        "recycle_bin",
        "redis_accounts",
        "redis_commands",
        "redis_data",
        "redis_recovery",
        "redis_sessions",
        "tags",
        "versions",
        "volumes",
    ]
