"""The declarations: one module a chapter, each ending with its group.

Importing this package fills the catalogue, :data:`gaussnb.spec.OPERATIONS`.
"""

from . import flavors, instances, jobs, quotas, tags, versions

__all__ = ["flavors", "instances", "jobs", "quotas", "tags", "versions"]
