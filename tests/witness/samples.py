"""One call of every operation the sandbox acts out, in a sandbox that stands at one moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gaussnb.instance_spec import InstanceSpec
from gaussnb.operations.flavors import ListDatastores, ListFlavorInfos
from gaussnb.operations.instances import DeleteInstance, ListInstances, RestartInstance, UpdateInstanceName
from gaussnb.operations.jobs import ListJobs
from gaussnb.operations.quotas import ShowQuotas
from gaussnb.operations.tags import BatchTagAction, ListInstanceTags
from gaussnb.operations.versions import ListApiVersion, ShowApiVersion
from gaussnb.sandbox import Sandbox
from gaussnb.spec import Operation

SPEC: dict[str, Any] = {
    "name": "test-redis-01",
    "datastore": {"type": "redis", "version": "5.0", "storage_engine": "rocksDB"},
    "region": "cn-north-4",
    "availability_zone": "cn-north-4a",
    "vpc_id": "674e9b42-cd8d-4d25-a2e6-5abcc565b961",
    "subnet_id": "f1df08c5-71d1-406a-aff0-de435a51007b",
    "security_group_id": "7aa51dbf-5b63-40db-9724-dad3c4828b58",
    "password": "-".join(["Not", "A", "Real", "1"]),
    "mode": "CloudNativeCluster",
    "product_type": "Capacity",
    "flavor": [{"num": "3", "size": "24", "storage": "ULTRAHIGH", "spec_code": "geminidb.redis.large.4"}],
    "backup_strategy": {"start_time": "08:00-09:00", "keep_days": "8"},
    "charge_info": {"charge_mode": "postPaid"},
    "enterprise_project_id": "0",
    "port": "8635",
}

SAMPLES: dict[str, Callable[[str], Operation]] = {
    "CreateInstance": lambda id: InstanceSpec(**SPEC),
    "ListInstances": lambda id: ListInstances(),
    "DeleteInstance": lambda id: DeleteInstance(id),
    "UpdateInstanceName": lambda id: UpdateInstanceName(id, "renamed"),
    "RestartInstance": lambda id: RestartInstance(id),
    "ListJobs": lambda id: ListJobs(limit=50),
    "ShowQuotas": lambda id: ShowQuotas(datastore_type="redis"),
    "ListFlavorInfos": lambda id: ListFlavorInfos(engine_name="cassandra", limit=5, offset=1),
    "ListDatastores": lambda id: ListDatastores("mongodb"),
    "ListInstanceTags": lambda id: ListInstanceTags(id),
    "BatchTagAction": lambda id: BatchTagAction(id, "create", [{"key": "team", "value": "red"}]),
    "ListApiVersion": lambda id: ListApiVersion(),
    "ShowApiVersion": lambda id: ShowApiVersion("v3"),
}
"""By operation id: a call about the instance with an id."""


def scene(sandbox: Sandbox) -> str:
    """Make two instances, one of them tagged and known by the id that is returned."""
    with sandbox.connect() as gdb:
        made = gdb.instances.create(InstanceSpec(**SPEC))
        gdb.instances.create(InstanceSpec(**{**SPEC, "name": "another-01"}))
        sandbox.advance(3600)
        id = str(made["id"].iloc[0])
        gdb.tags.update(id, "create", [{"key": "team", "value": "blue"}])
    return id
