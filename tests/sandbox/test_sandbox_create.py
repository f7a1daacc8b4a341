"""Every refusal of a creation, by the service's code."""

from __future__ import annotations

import copy
from typing import Any

import pytest

Cloud = Any
ABSENT = ...
CASSANDRA = {"type": "cassandra", "version": "3.11", "storage_engine": "rocksDB"}
SIZE = {"num": 3, "size": 500, "storage": "ULTRAHIGH", "spec_code": "geminidb.cassandra.4xlarge.4"}
OTHER = "00000000-0000-4000-8000-000000000000"


def datastore(**changes: Any) -> dict[str, Any]:
    return {"datastore": {**CASSANDRA, **changes}}


def size(**changes: Any) -> dict[str, Any]:
    return {"flavor": [{**SIZE, **changes}]}


def charge(**fields: Any) -> dict[str, Any]:
    return {"charge_info": {"charge_mode": "prePaid", **fields}}


def backup(**fields: Any) -> dict[str, Any]:
    return {"backup_strategy": {"start_time": "01:00-02:00", **fields}}


def password(text: str) -> dict[str, Any]:
    return {"password": text}


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"name": 5}, 400, "DBS.280001"),
    ({"flavor": {"num": 3}}, 400, "DBS.280001"),
    ({"datastore": "cassandra"}, 400, "DBS.280001"),
    ({"name": ABSENT}, 400, "DBS.280040"),
    ({"name": None}, 400, "DBS.280040"),
    ({"password": ABSENT}, 400, "DBS.280040"),
    ({"flavor": [{"num": 3, "size": 500, "storage": "ULTRAHIGH"}]}, 400, "DBS.280040"),
    ({"datastore": ABSENT}, 400, "DBS.280446"),
    ({"datastore": None}, 400, "DBS.280446"),
    ({"name": "x"}, 400, "DBS.280234"),
    ({"name": "1-digit-first"}, 400, "DBS.280234"),
    (datastore(type="oracle"), 400, "DBS.280235"),
    (datastore(version="9.9"), 400, "DBS.280236"),
    (datastore(storage_engine="wiredTiger"), 400, "DBS.280122"),
    ({"mode": "Sharding"}, 400, "DBS.280342"),
    ({"mode": "ReplicaSet"}, 400, "DBS.280342"),
    ({"region": "aaa"}, 400, "DBS.200024"),
    ({"availability_zone": "bbb"}, 400, "DBS.200025"),
    ({"availability_zone": "cn-north-4a,cn-north-4b"}, 400, "DBS.280244"),
    ({"availability_zone": "cn-north-4a, cn-north-4b"}, 400, "DBS.280244"),
    ({**size(spec_code="geminidb.cassandra.15xlarge.8"), "availability_zone": "cn-north-4c"}, 400, "DBS.280445"),
    ({**size(spec_code="geminidb.cassandra.8xlarge.4"), "availability_zone": "cn-north-4b"}, 400, "DBS.280434"),
    ({"vpc_id": "a/b"}, 400, "DBS.280247"),
    ({"subnet_id": "a/b"}, 400, "DBS.280248"),
    ({"security_group_id": "a/b"}, 400, "DBS.280249"),
    ({"vpc_id": OTHER}, 400, "DBS.200503"),
    ({"subnet_id": OTHER}, 400, "DBS.200501"),
    ({"security_group_id": OTHER}, 400, "DBS.200502"),
    (password("Short1!"), 400, "DBS.280465"),
    (password("Blank 1! blank"), 400, "DBS.280200"),
    (password("lowercaseonly"), 400, "DBS.200068"),
    ({"flavor": []}, 400, "DBS.280239"),
    ({"flavor": [SIZE, SIZE]}, 400, "DBS.280239"),
    (size(spec_code="geminidb.redis.large.4"), 400, "DBS.280240"),
    (size(spec_code="geminidb.cassandra.99xlarge.4"), 400, "DBS.280240"),
    (size(num=2), 400, "DBS.280123"),
    (size(num="three"), 400, "DBS.280123"),
    (size(num=201), 400, "DBS.280123"),
    (size(storage="HIGH"), 400, "DBS.280241"),
    (size(size=5), 400, "DBS.280242"),
    (size(size=10**9), 400, "DBS.280242"),
    (backup(start_time="01:00-03:00"), 400, "DBS.280216"),
    (backup(start_time="01:10-02:10"), 400, "DBS.280216"),
    (backup(keep_days=36), 400, "DBS.280214"),
    ({"configuration_id": "0" * 32 + "pr06"}, 404, "DBS.280045"),
    ({"enterprise_project_id": "unknown"}, 403, "DBS.280433"),
    ({"disk_encryption_id": "a/b"}, 400, "DBS.280438"),
    ({"disk_encryption_id": OTHER}, 400, "DBS.200506"),
    ({"port": 80}, 400, "DBS.200059"),
    ({"port": 6379}, 400, "DBS.200060"),
    (charge(), 400, "DBS.280001"),
    (charge(period_type="month", period_num=10), 400, "DBS.280001"),
    (charge(period_type="year", period_num="4"), 400, "DBS.280001"),
    ({"restore_info": {}}, 400, "DBS.301024"),
    ({"restore_info": {"source_instance_id": "0" * 36}}, 400, "DBS.301024"),
    ({"restore_info": {"backup_id": "0" * 36}}, 400, "DBS.201214"),
    ({"restore_info": {"source_instance_id": "0" * 36, "restore_time": 1770091506000}}, 404, "DBS.200002"),
    ({"dr_info": {"source_instance_id": "0" * 36}}, 404, "DBS.200002"),
    (
        {"availability_zone_detail": {
            "primary_availability_zone": "cn-north-4a", "secondary_availability_zone": "cn-north-4b"}},
        400, "DBS.280244",
    ),
    ({"dedicated_resource_id": "pool"}, 400, "DBS.280001"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "status", "code"), REFUSED, ids=lambda value: str(value)[:60])
def test_refused(cloud: Cloud, changes: dict[str, Any], status: int, code: str) -> None:
    answer = cloud.create(**changes)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code), answer.text
    assert cloud("GET", "v3/instances").json()["total_count"] == 0


def test_a_refusal_names_the_field_and_never_the_secret(cloud: Cloud) -> None:
    answer = cloud.create(name="x", password="has a blank in it 1!")
    assert "name:" in answer.json()["error_msg"]
    answer = cloud.create(password="has a blank in it 1!")
    assert answer.json()["error_msg"].startswith("The password") or "password:" in answer.json()["error_msg"]
    assert "has a blank" not in answer.text


def test_missing_goes_before_wrong(cloud: Cloud) -> None:
    assert cloud.create(name="x", mode=ABSENT).json()["error_code"] == "DBS.280040"


def test_the_product_type_of_redis(cloud: Cloud, redis: dict[str, Any]) -> None:
    assert cloud.create(**{**redis, "product_type": ABSENT}).json()["error_code"] == "DBS.280001"
    shown = cloud.made(**redis)
    assert (shown["product_type"], shown["port"], shown["lb_port"]) == ("Capacity", "6379", "6379")
    assert shown["id"].endswith("in12") and shown["lb_ip_address"]


def test_a_product_type_means_nothing_elsewhere(cloud: Cloud) -> None:
    assert "product_type" not in cloud.made(product_type="Capacity")


def test_numbers_come_back_as_they_were_given(cloud: Cloud) -> None:
    as_text = cloud.create(**size(num="3", size="500")).json()
    assert as_text["flavor"] == [{**SIZE, "num": "3", "size": "500"}]
    assert cloud.create().json()["flavor"] == [SIZE]


def test_the_list_has_its_own_types(cloud: Cloud) -> None:
    shown = cloud.made()
    assert shown["backup_strategy"] == {"start_time": "08:00-09:00", "keep_days": 8}
    assert (shown["port"], shown["pay_mode"], shown["ssl"]) == ("8635", "0", "0")
    assert shown["groups"][0]["volume"] == {"size": "500", "used": "0.003"}
    assert (shown["engine"], shown["db_user_name"]) == ("rocksDB", "rwuser")
    assert "storage_engine" not in shown["datastore"]
    assert shown["created"] == "2026-02-03T04:05:06" and shown["updated"] == "2026-02-03T04:12:06"
    assert "password" not in str(shown)


def test_without_a_backup_strategy(cloud: Cloud) -> None:
    created = cloud.create(backup_strategy=ABSENT).json()
    assert created["backup_strategy"] == {"start_time": "00:00-01:00", "keep_days": "7"}


def test_three_zones_share_the_nodes(cloud: Cloud) -> None:
    shown = cloud.made(availability_zone="cn-north-4a,cn-north-4b,cn-north-4c")
    zones = [node["availability_zone"] for node in shown["groups"][0]["nodes"]]
    assert zones == ["cn-north-4a", "cn-north-4b", "cn-north-4c"]


def test_a_redis_pair_in_two_zones(cloud: Cloud, redis: dict[str, Any]) -> None:
    pair = {
        **redis,
        "mode": "Replication",
        "product_type": ABSENT,
        "availability_zone": "cn-north-4a,cn-north-4b",
        "flavor": [{**redis["flavor"][0], "num": 2, "size": 16}],
    }
    detail = {"primary_availability_zone": "cn-north-4a", "secondary_availability_zone": "cn-north-4c"}
    assert cloud.create(**pair, availability_zone_detail=detail).json()["error_code"] == "DBS.280244"
    detail["secondary_availability_zone"] = "cn-north-4b"
    assert cloud.create(**pair, availability_zone_detail=detail).status_code == 202


def test_yearly_and_monthly(cloud: Cloud) -> None:
    created = cloud.create(**charge(period_type="month", period_num=2, is_auto_pay="true")).json()
    assert created["order_id"].startswith("CS26") and "job_id" not in created
    assert created["charge_info"] == {
        "charge_mode": "prePaid", "period_type": "month", "period_num": "2", "is_auto_pay": "true",
    }  # fmt: skip
    cloud.sandbox.advance(3600)
    assert (cloud.instance(created["id"])["status"], cloud.instance(created["id"])["pay_mode"]) == ("normal", "1")
    assert cloud("GET", "v3/jobs").json()["jobs"] == []
    answer = cloud("DELETE", f"v3/instances/{created['id']}")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "DBS.280456")


def test_names_need_not_be_unique(cloud: Cloud) -> None:
    assert {cloud.create().status_code for _ in range(2)} == {202}
    assert cloud("GET", "v3/instances?name=test-cassandra-01").json()["total_count"] == 2


def test_quotas(build: Any, caller: Any, redis: dict[str, Any]) -> None:
    cloud = caller(build(quota=2))
    assert [cloud.create().status_code for _ in range(2)] == [202, 202]
    answer = cloud.create()
    assert (answer.status_code, answer.json()["error_code"]) == (400, "DBS.280280")
    assert cloud.create(**redis).status_code == 202

    def resource(query: str) -> dict[str, Any]:
        (one,) = cloud("GET", f"v3/quotas{query}").json()["quotas"]["resources"]
        return dict(one)

    assert resource("?datastore_type=cassandra") == {"type": "instance", "quota": 2, "used": 2}
    assert resource("?datastore_type=cassandra&mode=CloudNativeCluster")["used"] == 0
    assert resource("?mode=CloudNativeCluster")["used"] == 3  # ignored without the engine


def test_restore_and_recovery(cloud: Cloud, redis: dict[str, Any]) -> None:
    source = cloud.made(**size(num=5))
    offered = cloud("GET", f"v3/instances/{source['id']}/backups/restorable-time-periods").json()
    moment = offered["restorable_time_periods"][0]["start_time"]
    past = {"restore_info": {"source_instance_id": source["id"], "restore_time": moment}}
    never = {"restore_info": {"source_instance_id": source["id"], "restore_time": moment - 1000}}
    assert cloud.create(**never, **size(num=5)).json()["error_code"] == "DBS.301024"
    assert cloud.create(**past).json()["error_code"] == "DBS.280123"
    assert cloud.create(**past, **size(num=5, size=400)).json()["error_code"] == "DBS.280242"
    assert cloud.create(**past, **size(num=5), **datastore(version="4.0")).json()["error_code"] == "DBS.301024"
    restored = cloud.create(**past, **size(num=5)).json()
    (job,) = cloud("GET", f"v3/jobs?id={restored['job_id']}").json()["jobs"]
    assert job["name"] == "RestoreNewInstance"

    twin = {"dr_info": {"source_instance_id": source["id"]}}
    assert cloud.create(**twin).status_code == 202
    assert cloud.create(**twin).json()["error_code"] == "DBS.200018"


def test_access_control_of_a_new_instance(cloud: Cloud, redis: dict[str, Any]) -> None:
    groups = [{"ip": "10.0.0.0/8", "description": "offices"}]
    for enabled, shown in ((True, True), ("false", False)):
        settings = {"enabled": enabled, "type": "whiteList", "ip_groups": groups}
        made = cloud.made(**redis, lb_access_control_settings=settings)
        kept = cloud("GET", f"v3/instances/{made['id']}/lb/access-control").json()
        assert kept == {**settings, "enabled": shown}


def test_templates_and_keys_of_this_world(cloud: Cloud) -> None:
    world = cloud.sandbox._app.world
    listed = cloud("GET", "v3.1/configurations").json()["configurations"]
    kinds = {(one["datastore_name"], one["datastore_version_name"], one["mode"]): one["id"] for one in listed}
    mine, foreign = kinds["cassandra", "3.11", "Cluster"], kinds["redis", "5.0", "Cluster"]
    (key,) = world.keys
    assert cloud.create(configuration_id=mine, disk_encryption_id=key).status_code == 202
    assert cloud.create(configuration_id=foreign).json()["error_code"] == "DBS.200057"
    assert cloud.create(configuration_id=kinds["cassandra", "4.0", "Cluster"]).json()["error_code"] == "DBS.200057"


def test_unknown_fields_and_nulls_are_tolerated(cloud: Cloud, quick_start: dict[str, Any]) -> None:
    body = copy.deepcopy(quick_start) | {"flavour": 1, "port": None}
    body["datastore"]["colour"] = "blue"
    assert cloud("POST", "v3/instances", body).status_code == 202
