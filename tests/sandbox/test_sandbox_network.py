"""Ports, addresses, security groups, access lists and SSL."""

from __future__ import annotations

from typing import Any

import pytest

Cloud = Any

MONGODB = {
    "datastore": {"type": "mongodb", "version": "4.0", "storage_engine": "rocksDB"},
    "mode": "ReplicaSet",
    "flavor": [{"num": 3, "size": 100, "storage": "ULTRAHIGH", "spec_code": "geminidb.mongodb.repset.xlarge.4"}],
}


def refused(answer: Any) -> str:
    return str(answer.json()["error_code"])


def test_a_port_is_changed_in_time(cloud: Cloud, redis: dict[str, Any]) -> None:
    one = cloud.made(**redis)["id"]
    answer = cloud("PUT", f"v3/instances/{one}/port", {"port": 7000})
    assert answer.status_code == 202
    shown = cloud.instance(one)
    assert (shown["status"], shown["actions"], shown["port"]) == ("normal", ["MODIFY_PORT"], "6379")
    assert refused(cloud("POST", f"v3/instances/{one}/ssl-option", {"ssl_option": "on"})) == "DBS.200019"
    cloud.sandbox.advance(600)
    assert (cloud.instance(one)["port"], cloud.instance(one)["lb_port"]) == ("7000", "7000")
    (job,) = cloud("GET", f"v3/jobs?id={answer.json()['job_id']}").json()["jobs"]
    assert (job["name"], job["status"]) == ("ModifyPort", "Completed")
    assert refused(cloud("PUT", f"v3/instances/{one}/port", {"port": 7000})) == "DBS.200462"
    assert refused(cloud("PUT", f"v3/instances/{one}/port", {"port": 8018})) == "DBS.200060"


def test_a_failed_change_changes_nothing(cloud: Cloud) -> None:
    one = cloud.made()["id"]
    assert refused(cloud("PUT", f"v3/instances/{one}/port", {"port": 1025})) == "DBS.200059"
    cloud.sandbox.inject("ModifyPort", fail="No free port.")
    cloud("PUT", f"v3/instances/{one}/port", {"port": 9042})
    cloud.sandbox.advance(600)
    assert (cloud.instance(one)["port"], cloud.instance(one)["actions"]) == ("8635", [])


def test_an_elastic_ip_is_bound_and_unbound(cloud: Cloud) -> None:
    shown = cloud.made()
    first, second, _ = shown["groups"][0]["nodes"]

    def bind(node: Any, action: str, **more: str) -> Any:
        return cloud("POST", f"v3/instances/{shown['id']}/nodes/{node['id']}/public-ip", {"action": action, **more})

    assert refused(bind(first, "UNBIND")) == "DBS.238009"
    assert refused(bind(first, "BIND")) == "DBS.280421"
    assert refused(bind({"id": "other"}, "BIND", public_ip="203.0.113.1")) == "DBS.200013"
    assert bind(first, "BIND", public_ip="203.0.113.1").status_code == 202
    assert cloud.instance(shown["id"])["actions"] == ["BIND_EIP"]
    cloud.sandbox.advance(600)
    assert cloud.instance(shown["id"])["groups"][0]["nodes"][0]["public_ip"] == "203.0.113.1"
    assert refused(bind(second, "BIND", public_ip="203.0.113.1")) == "DBS.200701"
    bind(first, "UNBIND")
    cloud.sandbox.advance(600)
    assert cloud.instance(shown["id"])["groups"][0]["nodes"][0]["public_ip"] == ""


def test_a_security_group_is_changed(cloud: Cloud) -> None:
    shown = cloud.made()
    groups = cloud("GET", "v1/security-groups").json()["security_groups"]
    other = next(group["id"] for group in groups if group["id"] != shown["security_group_id"])
    path = f"v3/instances/{shown['id']}/security-group"
    assert refused(cloud("PUT", path, {"security_group_id": shown["security_group_id"]})) == "DBS.301040"
    assert refused(cloud("PUT", path, {"security_group_id": "unknown"})) == "DBS.200502"
    assert cloud("PUT", path, {"security_group_id": other}).status_code == 200
    cloud.sandbox.advance(600)
    assert cloud.instance(shown["id"])["security_group_id"] == other


def test_ssl_is_switched(cloud: Cloud) -> None:
    one = cloud.made()["id"]
    cloud("POST", f"v3/instances/{one}/ssl-option", {"ssl_option": "on"})
    assert cloud.instance(one)["actions"] == ["SWITCH_SSL"]
    cloud.sandbox.advance(600)
    assert cloud.instance(one)["ssl"] == "1"
    (cert,) = cloud("GET", f"v3/instances/{one}/ssl-cert/download-link").json()["certs"]
    assert cert["category"] == "international"


def test_client_networks_are_for_replica_sets(cloud: Cloud) -> None:
    other, one = cloud.made()["id"], cloud.made(**MONGODB)["id"]
    body = {"client_network_ranges": ["10.1.0.0/16"]}
    assert refused(cloud("POST", f"v3/instances/{other}/client-network", body)) == "DBS.216029"
    assert cloud("POST", f"v3/instances/{one}/client-network", body).status_code == 202


def test_a_load_balancer_gets_another_address(cloud: Cloud, redis: dict[str, Any]) -> None:
    shown, other = cloud.made(**redis), cloud.made()["id"]
    path = f"v3/instances/{shown['id']}/lb"
    assert refused(cloud("PUT", f"v3/instances/{other}/lb", {"ip": "192.168.0.99"})) == "DBS.216029"
    assert refused(cloud("PUT", path, {"ip": "10.9.9.9"})) == "DBS.200091"
    assert refused(cloud("PUT", path, {"ip": shown["groups"][0]["nodes"][0]["private_ip"]})) == "DBS.200092"
    assert cloud("PUT", path, {"ip": "192.168.0.99"}).status_code == 202
    cloud.sandbox.advance(600)
    assert cloud.instance(shown["id"])["lb_ip_address"] == "192.168.0.99"


def test_addresses_of_running_work_are_in_use(cloud: Cloud, redis: dict[str, Any]) -> None:
    one, two = cloud.made(**redis), cloud.made(**redis)
    for code, method, path, body in (
        ("DBS.200092", "PUT", "lb", {"ip": "192.168.0.99"}),
        ("DBS.200701", "POST", "nodes/{}/public-ip", {"action": "BIND", "public_ip": "203.0.113.9"}),
    ):
        first, second = (
            f"v3/instances/{shown['id']}/" + path.format(shown["groups"][0]["nodes"][0]["id"]) for shown in (one, two)
        )
        assert cloud(method, first, body).ok
        assert refused(cloud(method, second, body)) == code
        cloud.sandbox.advance(600)
    for _ in range(30):
        cloud.create()
    cloud.sandbox.advance(3600)
    shown = cloud("GET", "v3/instances").json()["instances"]
    balancers = [instance["lb_ip_address"] for instance in shown if "lb_ip_address" in instance]
    given = [node["private_ip"] for instance in shown for node in instance["groups"][0]["nodes"]] + balancers
    assert len(set(given)) == len(given) == 98


def test_a_full_subnet_refuses_more_addresses(cloud: Cloud) -> None:
    many = [{"num": 118, "size": 500, "storage": "ULTRAHIGH", "spec_code": "geminidb.cassandra.4xlarge.4"}]
    one, _ = cloud.made(flavor=many), cloud.create(flavor=many)
    assert refused(cloud.create()) == "DBS.200092"
    path = f"v3/instances/{one['id']}/"
    assert refused(cloud("POST", path + "enlarge-node", {"num": 1})) == "DBS.200092"
    cloud("DELETE", path.rstrip("/"))
    cloud.sandbox.advance(600)
    made = cloud.made(flavor=many)
    shown = cloud("GET", "v3/instances").json()["instances"]
    given = {node["private_ip"] for instance in shown for node in instance["groups"][0]["nodes"]}
    assert len(given) == 236 and made["id"] in {instance["id"] for instance in shown}


def test_an_access_list_is_kept(build: Any, caller: Any, tmp_path: Any, redis: dict[str, Any]) -> None:
    first = build(path=tmp_path / "cloud.db")
    cloud = caller(first)
    path = f"v3/instances/{cloud.made(**redis)['id']}/lb/access-control"
    assert cloud("GET", path).json() == {"type": "blackList", "enabled": False, "ip_groups": []}
    wanted = {"type": "whiteList", "enabled": True, "ip_groups": [{"ip": "10.0.0.0/8", "description": "ours"}]}
    assert cloud("PUT", path, wanted).json() == {}
    first.close()
    assert caller(build(path=tmp_path / "cloud.db"))("GET", path).json() == wanted


@pytest.mark.parametrize(("path", "body"), [("port", {"port": 7000}), ("lb", {"ip": "192.168.0.99"})])
def test_a_missing_instance_is_refused(cloud: Cloud, path: str, body: Any) -> None:
    assert refused(cloud("PUT", f"v3/instances/unknown/{path}", body)) == "DBS.200002"
