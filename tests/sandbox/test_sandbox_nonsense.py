"""Malformed requests: the sandbox refuses them with the service's codes and never fails."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest

Cloud = Any

VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, 1e300, "", " ", "x", "*", "\x00", "\ud800", "名" * 300, "٣",
    [], [[]], {}, {"": {}}, [None], [{}], "4294967296", "../..", "%2F", "a,b,,c", "24:00-25:00",
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    body = copy.deepcopy(body)
    holder = body
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return body


FULL: dict[str, Any] = {
    "product_type": "Capacity",
    "configuration_id": "0" * 32 + "pr06",
    "disk_encryption_id": "key",
    "dedicated_resource_id": "pool",
    "ssl_option": "1",
    "charge_info": {"charge_mode": "postPaid", "period_type": "month", "period_num": 1, "is_auto_pay": "true"},
    "restore_info": {"backup_id": "b", "source_instance_id": "s", "restore_time": 1770091506000},
    "dr_info": {"source_instance_id": "s"},
    "port": "8635",
    "availability_zone_detail": {"primary_availability_zone": "a", "secondary_availability_zone": "b"},
    "lb_access_control_settings": {
        "enabled": True, "type": "blackList", "ip_groups": [{"ip": "10.0.0.1", "description": "x"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_create(cloud: Cloud, quick_start: dict[str, Any], seed: int) -> None:
    chance = random.Random(seed)
    everything = {**quick_start, **FULL}
    for path in places(everything):
        whole = everything if chance.random() < 0.5 else {**quick_start, path[0]: everything[path[0]]}
        body = changed(whole, path, chance.choice(VALUES))
        answer = cloud("POST", "v3/instances", body)
        assert answer.status_code in (202, 400, 403, 404), (path, body, answer.text)
        assert answer.ok or answer.json()["error_code"].startswith("DBS."), answer.text
    assert cloud("GET", "v3/instances").status_code == 200


def test_login(cloud: Cloud) -> None:
    known = cloud.sandbox.credentials
    user = {"name": "explorer", "password": known["password"].get_secret_value(), "domain": {"name": "sandbox"}}
    identity = {"methods": ["password"], "password": {"user": user}}
    body = {"auth": {"identity": identity, "scope": {"project": {"name": "cn-north-4", "domain": {"name": "sandbox"}}}}}
    for path in places(body):
        for value in VALUES:
            answer = cloud.raw("POST", "/v3/auth/tokens", json=changed(body, path, value))
            assert answer.status_code in (201, 400, 401, 404), (path, value, answer.text)


@pytest.mark.parametrize("depth", [100, 300, 450, 600, 900, 5000, 100_000])
@pytest.mark.parametrize(("open_", "close"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_deep_bodies(cloud: Cloud, depth: int, open_: str, close: str) -> None:
    cloud.login()
    deep = open_ * depth + "1" + close * depth
    for path, body in (
        (f"/v3/{cloud.sandbox.project_id}/instances", f'{{"name": {deep}}}'),
        ("/v3/auth/tokens", f'{{"auth": {{"identity": {deep}}}}}'),
    ):
        answer = cloud.raw("POST", path, data=body)
        assert answer.status_code == 400, answer.text
    assert len(cloud.sandbox.requests) == 3


def test_half_a_surrogate_is_no_text(cloud: Cloud) -> None:
    cloud.login()
    path = f"/v3/{cloud.sandbox.project_id}/configurations"
    store = '"datastore": {"type": "cassandra", "version": "3.11"}'
    answer = cloud.raw("POST", path, data=f'{{"name": "t1", "description": "\\ud800", {store}}}')
    assert (answer.status_code, answer.json()["error_code"]) == (400, "DBS.280001")
    assert cloud("GET", "v3/configurations").status_code == 200


QUERIES = ["", "%", "%zz", "%00", "%ff", "%F0%9F%92%A9", "a" * 500, "-1", "1e9", "9" * 5000, "*", "**"]


@pytest.mark.parametrize("value", QUERIES)
def test_queries_and_paths(cloud: Cloud, value: str) -> None:
    cloud.login()
    project = cloud.sandbox.project_id
    for path in (
        *(f"/v3/{project}/instances?{name}={value}" for name in ("id", "name", "mode", "vpc_id", "offset", "limit")),
        *(f"/v3/{project}/jobs?{name}={value}" for name in ("id", "name", "status", "start_time", "end_time")),
        *(f"/v1/{project}/subnets?{name}={value}" for name in ("limit", "marker", "vpc_id")),
        f"/v3/{project}/instances/{value}/tags",
        f"/v3/{value}/instances",
        f"/{value}",
        f"//{value}//",
    ):
        answer = cloud.raw("GET", path)
        assert answer.status_code < 500, (path, answer.text)


@pytest.mark.parametrize("token", ["", "M", "MII", "x" * 64, "é" * 80, "MII" + "A" * 70])
def test_tokens(cloud: Cloud, token: str) -> None:
    answer = cloud("GET", "v3/instances", headers={"X-Auth-Token": token.encode()})
    assert answer.status_code == 401
    assert cloud.raw("GET", "/v3/auth/tokens", headers={"X-Subject-Token": token.encode()}).status_code == 404


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"drop": "befor"}, "'before' or 'after'"),
        ({"times": "3"}, "times"),
        ({"times": 0}, "times"),
        ({"after": -1}, "after"),
        ({"status": "500"}, "status"),
        ({"status": 100}, "status"),
        ({"status": 600}, "status"),
        ({"delay": -1}, "delay"),
        ({"delay": float("nan")}, "delay"),
        ({"body": 3}, "body"),
        ({"headers": {"X-Odd": "1\r\nSet-Cookie: 2"}}, "X-Odd.*\n.*one line"),
        ({"headers": {"X Odd": "1"}}, "no spaces"),
        ({"headers": {"X-Odd": "名"}}, "Latin-1"),
        ({"redirect": "http://x\nX-Odd: 1"}, "redirect"),
        ({"fail": 3}, "fail"),
    ],
)
def test_faults(cloud: Cloud, fault: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){says}"):
        cloud.sandbox.inject(**fault)
    assert cloud("GET", "v3/instances").status_code == 200  # none was taken in


def test_a_text_is_a_body_too(cloud: Cloud) -> None:
    cloud("GET", "v3/quotas")
    cloud.sandbox.inject("ShowQuotas", body="no JSON, é")
    assert cloud("GET", "v3/quotas").content == "no JSON, é".encode()
