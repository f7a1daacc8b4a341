"""Lists: paging, filters, order, and their speed."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from gaussnb.sandbox.world import Instance, World

Cloud = Any


def names(answer: Any) -> list[str]:
    return [one["name"] for one in answer.json()["instances"]]


@pytest.fixture
def many(cloud: Cloud, redis: dict[str, Any]) -> Cloud:
    for number in range(5):
        cloud.create(name=f"cass-{number}")
        cloud.sandbox.advance(1)
    cloud.create(name="the-redis", **redis)
    return cloud


def test_newest_first_and_paged(many: Cloud) -> None:
    everything = many("GET", "v3/instances")
    assert names(everything) == ["the-redis", "cass-4", "cass-3", "cass-2", "cass-1", "cass-0"]
    page = many("GET", "v3/instances?offset=1&limit=2")
    assert (names(page), page.json()["total_count"]) == (["cass-4", "cass-3"], 6)
    assert names(many("GET", "v3/instances?offset=99")) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name=cass-1", ["cass-1"]),
        ("name=cass", []),
        ("name=*ass-1", ["cass-1"]),
        ("name=%2Aredi", ["the-redis"]),
        ("datastore_type=redis", ["the-redis"]),
        ("datastore_type=redis&mode=Cluster", []),
        ("mode=ReplicaSet&name=cass-1", ["cass-1"]),
        ("vpc_id=674e9b42-cd8d-4d25-a2e6-5abcc565b961&name=cass-2", ["cass-2"]),
        ("vpc_id=unknown", []),
        ("subnet_id=unknown", []),
        ("id=unknown", []),
        ("unknown=filter&name=cass-3", ["cass-3"]),
    ],
)
def test_filters(many: Cloud, query: str, found: list[str]) -> None:
    assert names(many("GET", f"v3/instances?{query}")) == found


def test_by_id(many: Cloud) -> None:
    one = many("GET", "v3/instances?name=cass-2").json()["instances"][0]["id"]
    assert names(many("GET", f"v3/instances?id={one}")) == ["cass-2"]
    assert names(many("GET", f"v3/instances?id=*{one[3:20]}")) == ["cass-2"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("v3/instances?limit=0", "DBS.280439"),
        ("v3/instances?limit=101", "DBS.280439"),
        ("v3/instances?limit=ten", "DBS.280439"),
        ("v3/instances?offset=-1", "DBS.280440"),
        ("v3/instances?offset=x", "DBS.280440"),
        ("v3/instances?datastore_type=oracle", "DBS.280235"),
        ("v3/instances?mode=Sharding", "DBS.280342"),
        ("v3/jobs?limit=11", "DBS.280439"),
        ("v3/jobs?status=Pending", "DBS.280001"),
        ("v3/jobs?start_time=yesterday", "DBS.280001"),
        ("v3.1/flavors?engine_name=oracle", "DBS.280235"),
    ],
)
def test_bad_queries(cloud: Cloud, path: str, code: str) -> None:
    answer = cloud("GET", path)
    assert (answer.status_code, answer.json()["error_code"]) == (400, code)


def test_ten_thousand_instances_cost_their_number(build: Any, caller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = build(quota=0)
    cloud = caller(sandbox)
    cloud.create()
    world: World = sandbox._app.world
    (model,) = world.instances.values()
    for number in range(9_999):
        twin = dataclasses.replace(copy.copy(model), id=f"{number:032x}in06", name=f"twin-{number}")
        world.touch(twin, world.instances[model.id].created)

    written: list[str] = []
    wire = Instance.wire
    monkeypatch.setattr(Instance, "wire", lambda one: written.append(one.id) or wire(one))
    for _ in range(2):
        seen = [
            one["id"]
            for offset in range(0, 10_000, 100)
            for one in cloud("GET", f"v3/instances?offset={offset}").json()["instances"]
        ]
        assert len(set(seen)) == 10_000
    assert len(written) == 10_000  # each was written once, however often it was listed
    cloud("PUT", f"v3/instances/{0:032x}in06/tags", {})
    sandbox.advance(3600)
    cloud("GET", "v3/instances?offset=9900")
    assert len(written) == 10_001  # and again when it had changed


def test_jobs(many: Cloud) -> None:
    jobs = many("GET", "v3/jobs?limit=10").json()
    assert jobs["total_count"] == 6
    newest = jobs["jobs"][0]
    assert (newest["name"], newest["status"], newest["fail_reason"]) == ("CreateInstance", "Running", "")
    assert newest["start_time"] == "2026-02-03T04:05:11+0000"
    assert newest["instance"]["name"] == "the-redis"
    many.sandbox.advance(150)
    assert many("GET", f"v3/jobs?id={newest['id']}").json()["jobs"][0]["progress"] == "50%"
    many.sandbox.advance(300)
    done = many("GET", f"v3/jobs?id={newest['id']}").json()["jobs"][0]
    assert (done["status"], done["progress"], done["end_time"]) == ("Completed", "", "2026-02-03T04:10:11+0000")
    assert many("GET", "v3/jobs?status=Running").json()["total_count"] == 0
    assert many("GET", "v3/jobs?name=DeleteInstance").json()["total_count"] == 0
    assert many("GET", "v3/jobs?id=unknown").json() == {"jobs": [], "total_count": 0}


def test_the_window_of_jobs(many: Cloud) -> None:
    window = "v3/jobs?start_time={}&end_time={}"

    def between(start: str, end: str) -> Any:
        return many("GET", window.format(start.replace("+", "%2B"), end.replace("+", "%2B")))

    assert between("2026-02-03T04:05:07+0000", "2026-02-03T04:05:09+0000").json()["total_count"] == 3
    assert between("2026-02-03T00:00:00+0000", "2026-02-02T00:00:00+0000").json()["error_code"] == "DBS.280001"
    assert between("2026-01-01T00:00:00+0000", "2026-02-02T00:00:00+0000").json()["error_code"] == "DBS.280001"
    many.sandbox.advance(31 * 24 * 3600)
    many.login()
    assert many("GET", "v3/jobs").json()["total_count"] == 0


def test_jobs_are_found_by_the_second_they_show(cloud: Cloud) -> None:
    cloud.sandbox.advance(0.5)
    cloud.create()
    second = "2026-02-03T04:05:06%2B0000"
    assert cloud("GET", f"v3/jobs?start_time={second}&end_time={second}").json()["total_count"] == 1


def test_a_repeated_get_moves_a_standing_clock(cloud: Cloud) -> None:
    created = cloud.create().json()
    looks = 0
    while cloud("GET", f"v3/jobs?id={created['job_id']}").json()["jobs"][0]["status"] == "Running":
        looks += 1
    assert looks == 420 / 30
    assert cloud.sandbox.clock.now().isoformat() == "2026-02-03T04:12:06+00:00"


def test_tags(cloud: Cloud) -> None:
    path = f"v3/instances/{cloud.create().json()['id']}/tags"

    def act(action: str, *tags: tuple[str, str | None]) -> Any:
        shown = [{"key": key} | ({} if value is None else {"value": value}) for key, value in tags]
        return cloud("POST", f"{path}/action", {"action": action, "tags": shown})

    answer = act("create", ("team", "blue"), ("empty", ""))
    assert (answer.status_code, answer.json()) == (200, {})
    act("create", ("team", "green"))
    assert cloud("GET", path).json() == {"tags": [{"key": "team", "value": "green"}, {"key": "empty", "value": ""}]}
    act("delete", ("missing", None), ("team", "another-value"), ("empty", None))
    assert cloud("GET", path).json() == {"tags": [{"key": "team", "value": "green"}]}
    assert act("create", *((f"key-{number}", "") for number in range(19))).status_code == 200
    assert act("create", ("one-more", "")).json()["error_code"] == "DBS.280441"
    assert act("create", ("twice", ""), ("twice", "")).json()["error_code"] == "DBS.280441"
    assert act("create", ("valueless", None)).json()["error_code"] == "DBS.280444"
    assert act("explode", ("team", "x")).json()["error_code"] == "DBS.280391"
    assert cloud("GET", "v3/instances/unknown/tags").json()["error_code"] == "DBS.200002"


def test_restarting_one_node(cloud: Cloud, redis: dict[str, Any]) -> None:
    cassandra, fast = cloud.made(), cloud.made(**redis)

    def restart(instance: dict[str, Any], node: str) -> Any:
        return cloud("POST", f"v3/instances/{instance['id']}/restart", {"node_id": node, "restart": {}})

    assert restart(cassandra, cassandra["groups"][0]["nodes"][0]["id"]).json()["error_code"] == "DBS.216029"
    assert restart(fast, "0" * 36).json()["error_code"] == "DBS.200013"
    job = restart(fast, fast["groups"][0]["nodes"][0]["id"]).json()["job_id"]
    assert cloud("GET", f"v3/jobs?id={job}").json()["jobs"][0]["name"] == "RestartNode"


def test_flavors(cloud: Cloud) -> None:
    default = cloud("GET", "v3.1/flavors").json()
    assert {one["engine_name"] for one in default["flavors"]} == {"cassandra"}
    assert not [one for one in default["flavors"] if "geminifs" in one["spec_code"]]
    one = next(one for one in default["flavors"] if one["spec_code"] == "geminidb.cassandra.4xlarge.4")
    assert (one["vcpus"], one["ram"], one["engine_version"]) == ("16", "64", "3.11")
    assert one["az_status"]["cn-north-4a,cn-north-4b,cn-north-4c"] == "normal"

    native = cloud("GET", "v3.1/flavors?mode=CloudNativeCluster").json()["flavors"]
    assert native and all("geminifs" in one["spec_code"] for one in native)
    path = "v3.1/flavors?engine_name=redis&mode=CloudNativeCluster"
    assert cloud("GET", path).json()["error_code"] == "DBS.280001"
    assert cloud("GET", f"{path}&product_type=Capacity").json()["total_count"] > 0
    page = cloud("GET", "v3.1/flavors?limit=1&offset=1").json()
    assert (page["flavors"], page["total_count"]) == ([default["flavors"][1]], default["total_count"])


def test_datastores(cloud: Cloud) -> None:
    assert cloud("GET", "v3/datastores/cassandra/versions").json()["versions"][0] == "3.11"
    assert cloud("GET", "v3/datastores/oracle/versions").json()["error_code"] == "DBS.280235"


def test_networks(cloud: Cloud) -> None:
    vpcs = cloud("GET", "v1/vpcs").json()["vpcs"]
    assert vpcs[0]["id"] == "674e9b42-cd8d-4d25-a2e6-5abcc565b961"
    inside = cloud("GET", f"v1/subnets?vpc_id={vpcs[0]['id']}").json()["subnets"]
    assert inside[0]["id"] == "f1df08c5-71d1-406a-aff0-de435a51007b"
    assert {subnet["vpc_id"] for subnet in inside} == {vpcs[0]["id"]}
    first = cloud("GET", "v1/security-groups?limit=1").json()["security_groups"]
    assert [group["id"] for group in first] == ["7aa51dbf-5b63-40db-9724-dad3c4828b58"]
    rest = cloud("GET", f"v1/security-groups?marker={first[0]['id']}").json()["security_groups"]
    assert first[0] not in rest and rest
    lab = next(vpc for vpc in vpcs if vpc["name"] == "vpc-lab")
    assert cloud.create(vpc_id=lab["id"]).json()["error_code"] == "DBS.280248"
