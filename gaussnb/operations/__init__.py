"""The declarations: one module a chapter, each ending with its groups. :mod:`gaussnb.groups` has the table of those."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # read on first use
    from . import (
        backups,
        configurations,
        dedicated_resources,
        flavors,
        instances,
        jobs,
        nodes,
        quotas,
        tags,
        versions,
        volumes,
    )

    __all__ = [
        "backups",
        "configurations",
        "dedicated_resources",
        "flavors",
        "instances",
        "jobs",
        "nodes",
        "quotas",
        "tags",
        "versions",
        "volumes",
    ]
