"""Memory acceleration: mappings from MySQL to Redis, and their rules."""

from __future__ import annotations

from typing import Any

import pytest

import gaussnb as gn

MYSQL = "0f" * 16 + "in01"


def refused(code: str) -> Any:
    return pytest.raises(gn.ApiError, match=code.replace(".", r"\."))


@pytest.fixture
def target(make: Any) -> str:
    return str(make("redis", "Replication"))


@pytest.fixture
def mapping(gdb: Any, sandbox: Any, target: str) -> str:
    gdb.dbcache_mappings.create(MYSQL, target)
    sandbox.advance(600)
    return str(gdb.dbcache_mappings.list()["id"].item())


def table(mapping: str, **changes: Any) -> dict[str, Any]:
    rule = {
        "dbcache_mapping_id": mapping, "name": "orders", "source_db_schema": "shop", "source_db_table": "orders",
        "target_database": 1, "key_columns": ["id"], "value_columns": ["state", "total"],
        "key_separator": ":", "key_prefix": "orders:",
    }  # fmt: skip
    return {**rule, **changes}


def test_the_life_of_a_mapping(gdb: Any, sandbox: Any, target: str) -> None:
    gdb.dbcache_mappings.create(MYSQL, target)
    (one,) = gdb.dbcache_mappings.list(source_instance_id=MYSQL).to_dict("records")
    assert (one["status"], one["rule_count"], one["target_instance_id"]) == ("creating", 0, target)
    with refused("DBS.200018"):
        gdb.dbcache_rules.create(**table(one["id"]))
    sandbox.advance(600)
    assert gdb.dbcache_mappings.get(one["id"])["status"].item() == "normal"
    assert gdb.dbcache_mappings.list(name="*0f0f")["id"].tolist() == [one["id"]]
    gdb.dbcache_mappings.delete(one["id"])
    assert gdb.dbcache_mappings.get(one["id"])["status"].item() == "deleting"
    sandbox.advance(600)
    assert gdb.dbcache_mappings.list().empty
    with refused("DBS.03050010"):
        gdb.dbcache_mappings.delete(one["id"])


def test_a_mapping_that_failed(gdb: Any, sandbox: Any, target: str) -> None:
    sandbox.inject("CreateDbCacheMapping", fail="the source keeps no binary log")
    gdb.dbcache_mappings.create(MYSQL, target)
    sandbox.advance(600)
    assert gdb.dbcache_mappings.list()["status"].tolist() == ["createfail"]
    gdb.dbcache_mappings.create(MYSQL, target)  # can be tried again
    sandbox.advance(600)
    assert gdb.dbcache_mappings.list()["status"].tolist() == ["normal", "createfail"]


def test_refusals_of_a_mapping(gdb: Any, make: Any, mapping: str, target: str) -> None:
    cluster, cassandra = make("redis"), make("cassandra")
    for code, source, other in (
        ("DBS.212003", MYSQL, target),
        ("DBS.280341", MYSQL, cluster),
        ("DBS.280235", MYSQL, cassandra),
        ("DBS.280235", cassandra, target),
        ("DBS.200002", "nothing", target),
    ):
        with refused(code):
            gdb.dbcache_mappings.create(source, other)


def test_rules(gdb: Any, sandbox: Any, mapping: str) -> None:
    rules = gdb.dbcache_rules
    rule = rules.create(**table(mapping))["id"].item()
    with refused("DBS.280001"):
        rules.create(**table(mapping, key_prefix="other:"))
    with refused("DBS.280001"):
        rules.create(**table(mapping, name="other"))
    rules.create(**table(mapping, name="other", target_database=2))
    (shown,) = rules.list(mapping, rule_name="orders").to_dict("records")
    assert (shown["ttl"], shown["value_columns"], shown["target_database"]) == (30 * 24 * 3600_000, "state, total", 1)
    sandbox.advance(60)
    rules.update(rule, ["state"], ttl=5000)
    (shown,) = rules.list(mapping, rule_id=rule).to_dict("records")
    assert (shown["ttl"], shown["value_columns"]) == (5000, "state")
    (one,) = gdb.dbcache_mappings.list().to_dict("records")
    assert one["rule_count"] == 2 and one["updated"] > one["created"]
    rules.delete(rule)
    assert rules.list(mapping)["name"].tolist() == ["other"]
    for call in (lambda: rules.delete(rule), lambda: rules.update(rule, ["state"])):
        with refused("DBS.280016"):
            call()
    with refused("DBS.03050010"):
        rules.list("nothing")


def test_a_mapping_is_deleted_with_its_redis_instance(gdb: Any, sandbox: Any, mapping: str, target: str) -> None:
    rule = gdb.dbcache_rules.create(**table(mapping))["id"].item()
    gdb.instances.delete(target)
    sandbox.advance(600)
    assert gdb.dbcache_mappings.list().empty
    with refused("DBS.280016"):
        gdb.dbcache_rules.delete(rule)


def test_the_state_file_keeps_mappings(build: Any, tmp_path: Any, quick_start: dict[str, Any]) -> None:
    pair = {
        "datastore": {"type": "redis", "version": "5.0", "storage_engine": "rocksDB"},
        "mode": "Replication",
        "flavor": [{"num": 2, "size": 16, "storage": "ULTRAHIGH", "spec_code": "geminidb.redis.large.4"}],
    }
    first = build(path=tmp_path / "cloud.db")
    with first.connect() as gdb:
        target = gdb.instances.create(gn.InstanceSpec(**{**quick_start, **pair}))["id"].item()
        first.advance(3600)
        gdb.dbcache_mappings.create(MYSQL, target)
        first.advance(600)
        mapping = gdb.dbcache_mappings.list()["id"].item()
        gdb.dbcache_rules.create(**table(mapping))
    first.close()
    with build(path=tmp_path / "cloud.db").connect() as gdb:
        assert gdb.dbcache_mappings.get(mapping)["status"].item() == "normal"
        assert gdb.dbcache_rules.list(mapping)["name"].tolist() == ["orders"]
