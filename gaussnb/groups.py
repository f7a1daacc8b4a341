"""The groups of a client, and where each is declared. A chapter is read when its group is first used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module

# By their full names: ``from . import operations`` could mean the function. And now: read later, the package would
# hide the function of its name.
import gaussnb.neighbours as neighbours
import gaussnb.operations as operations

from .binding import Group


class Groups:
    """The attributes of a client that are groups. Their annotations are the table: they name module and class."""

    instances: operations.instances.Instances
    flavors: operations.flavors.Flavors
    datastores: operations.flavors.Datastores
    nodes: operations.nodes.Nodes
    volumes: operations.volumes.Volumes
    backups: operations.backups.Backups
    configurations: operations.configurations.Configurations
    parameters: operations.configurations.Parameters
    jobs: operations.jobs.Jobs
    scheduled_jobs: operations.scheduled_jobs.ScheduledJobs
    quotas: operations.quotas.Quotas
    enterprise_quotas: operations.quotas.EnterpriseQuotas
    dedicated_resources: operations.dedicated_resources.DedicatedResources
    tags: operations.tags.Tags
    versions: operations.versions.Versions
    logs: operations.logs.Logs
    monitoring: operations.monitoring.Monitoring
    redis_accounts: operations.redis_accounts.RedisAccounts
    redis_sessions: operations.redis_sessions.RedisSessions
    redis_commands: operations.redis_commands.RedisCommands
    redis_data: operations.redis_data.RedisData
    redis_recovery: operations.redis_recovery.RedisRecovery
    disaster_recovery: operations.disaster_recovery.DisasterRecovery
    dual_active: operations.disaster_recovery.DualActive
    dbcache_mappings: operations.dbcache.DbcacheMappings
    dbcache_rules: operations.dbcache.DbcacheRules
    recycle_bin: operations.recycle_bin.RecycleBin
    network: operations.network.Network
    maintenance: operations.maintenance.Maintenance
    projects: neighbours.iam.Projects
    vpcs: neighbours.vpc.Vpcs
    subnets: neighbours.vpc.Subnets
    security_groups: neighbours.vpc.SecurityGroups


class _Table(Mapping[str, type[Group]]):
    """The groups by name; each is imported when it is asked for."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    def __getitem__(self, name: str) -> type[Group]:
        module, _, kind = self._places[name].rpartition(".")
        found: type[Group] = getattr(import_module(f".{module}", __package__), kind)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


GROUPS: Mapping[str, type[Group]] = _Table(Groups.__annotations__)
"""The groups of a client, by the name of its attribute."""


def reading() -> Iterator[type[Group]]:
    """Every group, its chapter read when its turn comes."""
    yield from GROUPS.values()


def _made_on_first_use(name: str) -> cached_property[Group]:
    # No __getattr__: a kernel completes nothing behind one, for fear of what it may do.
    group = cached_property(lambda client: GROUPS[name](client))
    group.__set_name__(Groups, name)
    return group


for _name in GROUPS:
    setattr(Groups, _name, _made_on_first_use(_name))
