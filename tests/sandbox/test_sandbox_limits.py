"""Tags, quotas, flavors, windows, dedicated pools and monitoring by the second."""

from __future__ import annotations

from typing import Any

import pytest

Cloud = Any


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


def tag(cloud: Cloud, id: str, **tags: str) -> None:
    named = [{"key": key, "value": value} for key, value in tags.items()]
    assert cloud("POST", f"v3/instances/{id}/tags/action", {"action": "create", "tags": named}).ok


@pytest.fixture
def tagged(cloud: Cloud) -> Cloud:
    for name, tags in (("one-1", {"team": "red"}), ("two-2", {"team": "blue", "env": ""}), ("three-3", {})):
        tag(cloud, cloud.create(name=name).json()["id"], **tags) if tags else cloud.create(name=name)
    return cloud


def test_tags_of_the_project(tagged: Cloud) -> None:
    answer = tagged("GET", "v3/tags").json()
    assert answer == {
        "tags": [
            {"type": "user", "key": "env", "values": [""]},
            {"type": "user", "key": "team", "values": ["red", "blue"]},
        ],
        "total_count": 2,
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["three-3", "two-2", "one-1"]),
        ({"tags": [{"key": "team", "values": []}]}, ["two-2", "one-1"]),
        ({"tags": [{"key": "team", "values": ["red", "green"]}]}, ["one-1"]),
        ({"tags": [{"key": "team", "values": []}, {"key": "env", "values": [""]}]}, ["two-2"]),
        ({"matches": [{"key": "instance_name", "value": "one-1"}]}, ["one-1"]),
        ({"matches": [{"key": "instance_name", "value": "one"}]}, []),
        ({"offset": "1", "limit": "1"}, ["two-2"]),
    ],
)
@pytest.mark.parametrize("form", ["resource-instances", "resource_instances"])
def test_instances_by_tag(tagged: Cloud, form: str, asked: Any, found: list[str]) -> None:
    answer = tagged("POST", f"v3/instances/{form}/action", {"action": "filter", **asked}).json()
    assert [one["instance_name"] for one in answer["instances"]] == found


def test_instances_by_tag_are_counted(tagged: Cloud) -> None:
    asked = {"action": "count", "tags": [{"key": "team", "values": []}]}
    assert tagged("POST", "v3/instances/resource-instances/action", asked).json()["total_count"] == 2


@pytest.mark.parametrize(
    ("quota", "code"),
    [
        ({"instance": 1}, "DBS.200165"),
        ({"vcpus": 95}, "DBS.200166"),
        ({"ram": 383}, "DBS.200167"),
        ({"instance": 2, "vcpus": 96, "ram": 384}, None),
        ({"instance": 0}, None),
    ],
)
def test_an_enterprise_project_has_its_quota(cloud: Cloud, quota: Any, code: str | None) -> None:
    cloud.made()
    body = {"quotas": [{"enterprise_project_id": "0", "quota": quota}]}
    assert cloud("PUT", "v3/enterprise-projects/quotas", body).status_code == 204
    answer = cloud.create()
    assert answer.status_code == 202 if code is None else refused(answer) == (500, code)


def test_quotas_of_enterprise_projects_are_kept(build: Any, caller: Any, tmp_path: Any) -> None:
    first = build(path=tmp_path / "cloud.db")
    cloud = caller(first)
    cloud.made()

    def change(id: str, **quota: int) -> Any:
        body = {"quotas": [{"enterprise_project_id": id, "quota": quota}]}
        return cloud("PUT", "v3/enterprise-projects/quotas", body)

    assert refused(change("0", vcpus=3)) == (400, "DBS.280001")
    assert refused(change("unknown", vcpus=3)) == (403, "DBS.280433")
    change("0", instance=7)
    first.close()
    answer = caller(build(path=tmp_path / "cloud.db"))("GET", "v3/enterprise-projects/quotas").json()
    assert answer["total_count"] == 2
    mine = answer["quotas"][0]
    assert mine["quota"] == {"instance": 7, "vcpus": 8_000_000, "ram": 16_000_000}
    assert mine["used"] == {"instance": 1, "vcpus": 48, "ram": 192}


def test_addresses_of_a_new_instance(cloud: Cloud) -> None:
    def count(query: str) -> Any:
        return cloud("GET", f"v3/ip-num-requirement?{query}").json()

    assert count("node_num=3&engine_name=cassandra&instance_mode=Cluster") == {"count": 3}
    assert count("node_num=3&engine_name=redis&instance_mode=Cluster") == {"count": 4}
    assert count("node_num=3&engine_name=redis&instance_mode=ReplicaSet")["error_code"] == "DBS.280342"
    assert count(f"node_num=2&instance_id={cloud.made()['id']}") == {"count": 2}
    assert count("node_num=2&instance_id=unknown")["error_code"] == "DBS.200002"


def test_flavors_in_the_older_form(cloud: Cloud) -> None:
    old, new = cloud("GET", "v3/flavors").json(), cloud("GET", "v3.1/flavors").json()
    assert old == new and old["total_count"] > 10
    assert cloud("GET", "v3/flavors?region=elsewhere").json()["flavors"] == []


def test_the_maintenance_window(cloud: Cloud) -> None:
    one = cloud.made()["id"]
    assert cloud("GET", f"v3/instances/{one}/ops-window").json() == {"maintenance_window": "02:00-06:00"}
    assert cloud("PUT", f"v3/instances/{one}/maintenance-window", {"start_time": "22:00"}).status_code == 204
    assert cloud.instance(one)["maintenance_window"] == "22:00-02:00"
    assert refused(cloud("GET", "v3/instances/unknown/ops-window")) == (404, "DBS.200002")


def test_a_dedicated_pool_takes_its_engine(cloud: Cloud, redis: dict[str, Any]) -> None:
    pools = cloud("GET", "v3/dedicated-resources").json()["resources"]
    pool = next(pool["id"] for pool in pools if pool["engine_name"] == "cassandra")
    assert cloud.made(dedicated_resource_id=pool)["dedicated_resource_id"] == pool
    assert refused(cloud.create(dedicated_resource_id=pool, **redis)) == (400, "DBS.280001")
    assert refused(cloud.create(dedicated_resource_id="unknown")) == (400, "DBS.280001")


def test_a_dedicated_pool_is_used_up(cloud: Cloud) -> None:
    def left() -> dict[str, int]:
        return dict(cloud("GET", "v3/dedicated-resources").json()["resources"][0]["capacity"])

    assert left() == {"vcpus": 128, "ram": 512, "volume": 20_000}
    pool = cloud("GET", "v3/dedicated-resources").json()["resources"][0]["id"]
    made = cloud.create(dedicated_resource_id=pool).json()
    assert made["dedicated_resource_id"] == pool
    assert left() == {"vcpus": 80, "ram": 320, "volume": 19_500}
    cloud.made(dedicated_resource_id=pool)
    assert refused(cloud.create(dedicated_resource_id=pool)) == (400, "DBS.280453")
    path = f"v3/instances/{made['id']}/"
    assert refused(cloud("POST", path + "enlarge-node", {"num": 3})) == (400, "DBS.280453")
    resized = {"resize": {"target_spec_code": "geminidb.cassandra.8xlarge.4"}}
    assert refused(cloud("PUT", path + "resize", resized)) == (400, "DBS.280453")
    assert refused(cloud("POST", path + "extend-volume", {"size": 19_501})) == (400, "DBS.280453")
    assert cloud("POST", path + "extend-volume", {"size": 19_500}).ok
    assert left() == {"vcpus": 32, "ram": 128, "volume": 0}
    cloud.sandbox.advance(600)
    policy = {"instance_ids": [made["id"]], "switch_option": "on"}
    assert cloud("PUT", "v3/instances/disk-auto-expansion", policy).ok
    cloud.sandbox.fill(made["id"], 95)
    assert cloud.instance(made["id"])["actions"] == []  # storage does not grow by itself either
    cloud("DELETE", path.rstrip("/"))
    cloud.sandbox.advance(600)
    assert left() == {"vcpus": 80, "ram": 320, "volume": 19_500}


def test_monitoring_by_the_second(build: Any, caller: Any, tmp_path: Any, redis: dict[str, Any]) -> None:
    first = build(path=tmp_path / "cloud.db")
    cloud = caller(first)
    small = cloud.made(**redis)["id"]
    redis["flavor"][0]["spec_code"] = "geminidb.redis.xlarge.4"
    large = cloud.made(**redis)["id"]
    path = "v3/instances/{}/monitoring-by-seconds/switch"
    assert refused(cloud("PUT", path.format(small), {"enabled": True})) == (400, "DBS.216029")
    cloud("PUT", path.format(large), {"enabled": True})
    first.close()
    cloud = caller(build(path=tmp_path / "cloud.db"))
    assert cloud("GET", path.format(large)).json() == {"enabled": True}
    cloud("PUT", path.format(large), {"enabled": False})
    assert cloud("GET", path.format(large)).json() == {"enabled": False}
