"""The declarations: one module a chapter, each ending with its groups. :mod:`gaussnb.groups` has the table of those."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # read on first use
    from . import flavors, instances, jobs, quotas, tags, versions

    __all__ = ["flavors", "instances", "jobs", "quotas", "tags", "versions"]
