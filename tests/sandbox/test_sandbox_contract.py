"""The contract with every caller, through a socket and without one."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests

Cloud = Any


def code(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) >= {"error_code", "error_msg"} and body["error_msg"]
    return answer.status_code, body["error_code"]


def test_every_answer_has_an_id_and_a_type(either: Cloud) -> None:
    answers = [either.raw("GET", "/"), either.raw("GET", "/v9/x/y"), either.login(), either("GET", "v3/quotas")]
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 4
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/json"}


def test_unknown_paths(either: Cloud) -> None:
    answer = either("GET", "v3/nonsense/of/mine")
    assert code(answer) == (404, "APIGW.0101")
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


def test_unknown_methods(either: Cloud) -> None:
    answer = either("PATCH", "v3/instances")
    assert code(answer) == (405, "APIGW.0101")
    assert answer.headers["Allow"] == "GET, POST"
    assert either("HEAD", "v3/instances").content == b""


def test_an_unfilled_project(either: Cloud) -> None:
    either.login()
    answer = either.raw("GET", "/v3/%7Bproject_id%7D/instances")
    assert code(answer) == (404, "APIGW.0101")
    assert "project_id" in answer.json()["error_msg"]


def test_a_request_without_authentication_is_refused(either: Cloud) -> None:
    path = f"/v3/{either.sandbox.project_id}/instances"
    assert code(either.raw("GET", path)) == (401, "APIGW.0301")
    assert code(either.raw("GET", path, headers={"X-Auth-Token": "MIInonsense"})) == (401, "APIGW.0301")
    assert code(either.raw("GET", path, headers={"Authorization": "Basic Zm9vOmJhcg=="})) == (401, "APIGW.0301")


def test_tokens_end_after_a_day(either: Cloud) -> None:
    assert either("GET", "v3/instances").status_code == 200
    either.sandbox.advance(24 * 3600)
    answer = either("GET", "v3/instances")
    assert code(answer) == (401, "APIGW.0307")
    assert "The token must be updated" in answer.json()["error_msg"]
    either.login()
    assert either("GET", "v3/instances").status_code == 200


def test_another_project(either: Cloud) -> None:
    either.login()
    assert code(either.raw("GET", f"/v3/{'0' * 32}/instances")) == (400, "DBS.280408")
    either.login(domain={"name": "sandbox"})
    assert code(either("GET", "v3/instances")) == (403, "APIGW.0310")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_bodies_that_are_no_json_object(either: Cloud, body: bytes) -> None:
    either.login()
    path = f"/v3/{either.sandbox.project_id}/instances"
    assert code(either.raw("POST", path, data=body)) == (400, "DBS.280001")


def test_the_life_of_an_instance(either: Cloud) -> None:
    created = either.create()
    assert created.status_code == 202
    id = created.json()["id"]
    assert created.json() == {
        "id": id,
        "name": "test-cassandra-01",
        "datastore": {"type": "cassandra", "version": "3.11", "storage_engine": "rocksDB"},
        "created": "2026-02-03 04:05:06",
        "status": "creating",
        "region": "cn-north-4",
        "availability_zone": "cn-north-4a",
        "vpc_id": "674e9b42-cd8d-4d25-a2e6-5abcc565b961",
        "subnet_id": "f1df08c5-71d1-406a-aff0-de435a51007b",
        "security_group_id": "7aa51dbf-5b63-40db-9724-dad3c4828b58",
        "mode": "Cluster",
        "flavor": [{"num": 3, "size": 500, "storage": "ULTRAHIGH", "spec_code": "geminidb.cassandra.4xlarge.4"}],
        "backup_strategy": {"start_time": "08:00-09:00", "keep_days": "8"},
        "enterprise_project_id": "0",
        "ssl_option": "0",
        "job_id": created.json()["job_id"],
    }
    assert len(id) == 36 and id.endswith("in06")

    shown = either.instance(id)
    nodes = shown["groups"][0]["nodes"]
    assert (shown["status"], shown["actions"]) == ("creating", ["CREATE"])
    assert [(node["status"], node["private_ip"]) for node in nodes] == [("creating", "")] * 3
    assert code(either("DELETE", f"v3/instances/{id}")) == (403, "DBS.200019")

    either.sandbox.advance(3600)
    shown = either.instance(id)
    nodes = shown["groups"][0]["nodes"]
    assert (shown["status"], shown["actions"]) == ("normal", [])
    assert len({node["private_ip"] for node in nodes} - {""}) == 3

    renamed = either("PUT", f"v3/instances/{id}/name", {"name": "another-name"})
    assert (renamed.status_code, renamed.json()) == (200, {})
    assert either.instance(id)["name"] == "another-name"

    restarted = either("POST", f"v3/instances/{id}/restart", {})
    assert restarted.status_code == 202
    shown = either.instance(id)
    assert (shown["status"], shown["actions"]) == ("normal", ["REBOOT"])
    assert code(either("POST", f"v3/instances/{id}/restart")) == (403, "DBS.200019")
    either.sandbox.advance(3600)

    gone = either("DELETE", f"v3/instances/{id}")
    assert set(gone.json()) == {"job_id"}
    either.sandbox.advance(3600)
    assert either("GET", f"v3/instances?id={id}").json() == {"instances": [], "total_count": 0}
    assert code(either("DELETE", f"v3/instances/{id}")) == (404, "DBS.200002")

    jobs = either("GET", "v3/jobs").json()["jobs"]
    assert [job["name"] for job in jobs] == ["DeleteInstance", "RestartInstance", "CreateInstance"]
    assert {job["status"] for job in jobs} == {"Completed"}


def test_faults(either: Cloud) -> None:
    either.login()
    inject, get = either.sandbox.inject, lambda: either("GET", "v3/instances")

    fault = inject(code="DBS.280443", headers={"Retry-After": "1"}, times=2, after=1)
    assert [get().status_code for _ in range(4)] == [200, 429, 429, 200]
    assert fault.count == 2

    inject("ListInstances", status=502, code="APIGW.0201", message="Backend timeout.")
    answer = get()
    assert (answer.status_code, answer.json()["error_msg"]) == (502, "Backend timeout.")

    inject(
        "GET /v3/{project_id}/instances", status=503, body=b"<html>busy</html>", headers={"Content-Type": "text/html"}
    )
    answer = get()
    assert (answer.content, answer.headers["Content-Type"]) == (b"<html>busy</html>", "text/html")

    inject("ListInstances", redirect="http://elsewhere.example/")
    answer = either("GET", "v3/instances", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (307, "http://elsewhere.example/")

    inject("ListInstances", body=b'{"instances": [')
    answer = get()
    assert (answer.status_code, answer.content) == (200, b'{"instances": [')

    forever = inject(status=500, times=None)
    assert {get().status_code for _ in range(3)} == {500}
    forever.remove()
    assert get().status_code == 200
    with pytest.raises(ValueError):
        inject("NoSuchOperation")


@pytest.mark.parametrize(("drop", "made"), [("before", 0), ("after", 1)])
def test_lost_answers(either: Cloud, drop: str, made: int) -> None:
    either.login()
    either.sandbox.inject("CreateInstance", drop=drop)
    with pytest.raises(requests.ConnectionError):
        either.create()
    assert either("GET", "v3/instances").json()["total_count"] == made


def test_late_answers(either: Cloud) -> None:
    either.login()
    either.sandbox.inject("CreateInstance", delay=0.3)
    with pytest.raises(requests.ReadTimeout):
        either("POST", "v3/instances", {}, timeout=0.05)
    either.sandbox.inject(delay=0.05)
    began = time.perf_counter()
    assert either("GET", "v3/instances").status_code == 200
    assert time.perf_counter() - began >= 0.05


def test_work_that_fails(either: Cloud) -> None:
    either.login()
    either.sandbox.inject("CreateInstance", fail="There is no host left.")
    created = either.create().json()
    either.sandbox.advance(3600)
    (job,) = either("GET", f"v3/jobs?id={created['job_id']}").json()["jobs"]
    assert (job["status"], job["fail_reason"]) == ("Failed", "There is no host left.")
    shown = either.instance(created["id"])
    assert (shown["status"], shown["actions"]) == ("createfail", [])
    assert code(either("PUT", f"v3/instances/{created['id']}/name", {"name": "other"})) == (403, "DBS.200011")
    assert code(either("POST", f"v3/instances/{created['id']}/restart")) == (403, "DBS.200011")
    assert either("DELETE", f"v3/instances/{created['id']}").status_code == 200


def test_the_journal_keeps_no_secret(either: Cloud, quick_start: dict[str, Any]) -> None:
    either.create()
    either.raw("POST", "/v3/auth/tokens", data=b'{"password": "not json')
    frame = either.sandbox.requests
    text = frame.to_csv()
    for secret in (
        quick_start["password"],
        either.sandbox.credentials["password"].get_secret_value(),
        either.session.headers["X-Auth-Token"],
        "not json",
    ):
        assert secret not in text
    created = frame[frame["operation"] == "CreateInstance"].iloc[0]
    assert json.loads(created["body"])["password"] == "***"
    assert created["status"] == 202 and created["path"].endswith("/instances")
    assert list(frame.columns) == [
        "time", "method", "path", "operation", "status", "error_code", "request_id", "seconds", "body",
    ]  # fmt: skip
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'"hush-hush"', ""),
        (b'["hush-hush"]', ""),
        (b'{"password": {"value": "hush-hush"}}', '{"password": "***"}'),
        (b'{"a": [{"sk": "hush-hush", "b": 1}]}', '{"a": [{"sk": "***", "b": 1}]}'),
        (b'{"a": "' + b"hush-hush" * 10_000 + b'"}', ""),
        (b'{"auth": {"password": {"user": {"password": "hush-hush"}}}}',
         '{"auth": {"password": {"user": {"password": "***"}}}}'),
    ],
    ids=["text", "list", "wrong type", "nested", "long", "login"],
)  # fmt: skip
def test_the_part_of_a_body_that_the_journal_keeps(cloud: Cloud, body: bytes, kept: str) -> None:
    cloud.raw("POST", "/v3/auth/tokens?password=hush-hush", data=body)
    (one,) = cloud.sandbox.requests.to_dict("records")
    assert one["body"] == kept
    assert one["path"] == "/v3/auth/tokens?password=***"


def test_neither_repr_nor_credentials_show_a_secret(either: Cloud) -> None:
    sandbox = either.sandbox
    assert repr(sandbox) == "<sandbox cn-north-4, seed 0>"
    shown = repr(dict(sandbox.credentials)) + str(sandbox.credentials)
    for name in ("password", "sk"):
        assert sandbox.credentials[name].get_secret_value() not in shown


def test_a_closed_sandbox_does_not_answer(either: Cloud) -> None:
    either.login()
    either.sandbox.close()
    with pytest.raises(requests.ConnectionError):
        either.raw("GET", "/")
    assert repr(either.sandbox).endswith("closed>")
