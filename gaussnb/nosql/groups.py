"""The groups of a GaussDB NoSQL client, and the module that declares each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.methods import Groups, chapter

if TYPE_CHECKING:  # the module of a group is imported when the group is first used
    from ..cloud.iam import Projects
    from ..neighbours.vpc import SecurityGroups, Subnets, Vpcs
    from .operations.backups import Backups
    from .operations.configurations import Configurations, Parameters
    from .operations.dbcache import DbcacheMappings, DbcacheRules
    from .operations.dedicated_resources import DedicatedResources
    from .operations.disaster_recovery import DisasterRecovery, DualActive
    from .operations.flavors import Datastores, Flavors
    from .operations.instances import Instances
    from .operations.jobs import Jobs
    from .operations.logs import Logs
    from .operations.maintenance import Maintenance
    from .operations.monitoring import Monitoring
    from .operations.network import Network
    from .operations.nodes import Nodes
    from .operations.quotas import EnterpriseQuotas, Quotas
    from .operations.recycle_bin import RecycleBin
    from .operations.redis_accounts import RedisAccounts
    from .operations.redis_commands import RedisCommands
    from .operations.redis_data import RedisData
    from .operations.redis_recovery import RedisRecovery
    from .operations.redis_sessions import RedisSessions
    from .operations.scheduled_jobs import ScheduledJobs
    from .operations.tags import Tags
    from .operations.versions import Versions
    from .operations.volumes import Volumes


class NosqlGroups(Groups):
    """The groups of the service and of its neighbours, as attributes of a client."""

    instances: Instances = chapter("operations.instances")
    flavors: Flavors = chapter("operations.flavors")
    datastores: Datastores = chapter("operations.flavors")
    nodes: Nodes = chapter("operations.nodes")
    volumes: Volumes = chapter("operations.volumes")
    backups: Backups = chapter("operations.backups")
    configurations: Configurations = chapter("operations.configurations")
    parameters: Parameters = chapter("operations.configurations")
    jobs: Jobs = chapter("operations.jobs")
    scheduled_jobs: ScheduledJobs = chapter("operations.scheduled_jobs")
    quotas: Quotas = chapter("operations.quotas")
    enterprise_quotas: EnterpriseQuotas = chapter("operations.quotas")
    dedicated_resources: DedicatedResources = chapter("operations.dedicated_resources")
    tags: Tags = chapter("operations.tags")
    versions: Versions = chapter("operations.versions")
    logs: Logs = chapter("operations.logs")
    monitoring: Monitoring = chapter("operations.monitoring")
    redis_accounts: RedisAccounts = chapter("operations.redis_accounts")
    redis_sessions: RedisSessions = chapter("operations.redis_sessions")
    redis_commands: RedisCommands = chapter("operations.redis_commands")
    redis_data: RedisData = chapter("operations.redis_data")
    redis_recovery: RedisRecovery = chapter("operations.redis_recovery")
    disaster_recovery: DisasterRecovery = chapter("operations.disaster_recovery")
    dual_active: DualActive = chapter("operations.disaster_recovery")
    dbcache_mappings: DbcacheMappings = chapter("operations.dbcache")
    dbcache_rules: DbcacheRules = chapter("operations.dbcache")
    recycle_bin: RecycleBin = chapter("operations.recycle_bin")
    network: Network = chapter("operations.network")
    maintenance: Maintenance = chapter("operations.maintenance")
    projects: Projects = chapter("..cloud.iam")
    vpcs: Vpcs = chapter("..neighbours.vpc")
    subnets: Subnets = chapter("..neighbours.vpc")
    security_groups: SecurityGroups = chapter("..neighbours.vpc")


GROUPS = NosqlGroups.groups()
"""The group classes, by the name of the client's attribute."""
