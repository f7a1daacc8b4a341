"""The request of the service's Quick Start, with ids of a network that exists in the sandbox."""

from __future__ import annotations

import secrets
from typing import Any


def body(region: str, availability_zone: str | None = None) -> dict[str, Any]:
    """The body of the Quick Start's request, without a password.

    Args:
        region: the region of the instance.
        availability_zone: the availability zone; by default the first one of the region.
    """
    return {
        "name": "test-cassandra-01",
        "datastore": {"type": "cassandra", "version": "3.11", "storage_engine": "rocksDB"},
        "region": region,
        "availability_zone": availability_zone or f"{region}a",
        "vpc_id": "674e9b42-cd8d-4d25-a2e6-5abcc565b961",
        "subnet_id": "f1df08c5-71d1-406a-aff0-de435a51007b",
        "security_group_id": "7aa51dbf-5b63-40db-9724-dad3c4828b58",
        "mode": "Cluster",
        "flavor": [{"num": 3, "size": 500, "storage": "ULTRAHIGH", "spec_code": "geminidb.cassandra.4xlarge.4"}],
        "backup_strategy": {"start_time": "08:00-09:00", "keep_days": "8"},
        "enterprise_project_id": "0",
    }


def password() -> str:
    """A new random password that meets the rules of every source."""
    return f"Aa1!{secrets.token_hex(12)}"
