"""IAM: tokens, projects, and the clients that look for them."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from gaussnb.cloud.auth import SignatureAuth

Cloud = Any


def test_a_token(either: Cloud) -> None:
    answer = either.login()
    token = answer.json()["token"]
    assert answer.status_code == 201 and len(answer.headers["X-Subject-Token"]) > 500
    assert (token["issued_at"], token["expires_at"]) == ("2026-02-03T04:05:06.000000Z", "2026-02-04T04:05:06.000000Z")
    assert token["project"]["id"] == either.sandbox.project_id and token["user"]["name"] == "explorer"
    urls = {service["type"]: service["endpoints"][0]["url"] for service in token["catalog"]}
    assert {"geminidb", "gaussdb-nosql", "nosql", "vpc", "identity"} <= urls.keys()
    assert urls["geminidb"] == f"{either.sandbox.endpoint}/v3/{either.sandbox.project_id}"


def test_links_name_the_host_of_the_request(either: Cloud) -> None:
    either.login()
    answer = either.raw("GET", "/v3", headers={"Host": "localhost:8080"})
    assert answer.json()["version"]["links"][0]["href"] == "http://localhost:8080/v3/"


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ({"project": {"name": "cn-north-4"}}, 201),
        ({"project": {"name": "cn-north-4"}, "domain": {"name": "nobody"}}, 201),
        ({"project": {"name": "cn-north-9"}}, 404),
        ({"project": {"id": "0" * 32}}, 404),
        ({"project": "text"}, 404),
        ({"domain": {"name": "sandbox"}}, 201),
        ({"domain": {"name": "nobody"}}, 404),
    ],
)
def test_scopes(cloud: Cloud, scope: dict[str, Any], status: int) -> None:
    assert cloud.login(**scope).status_code == status


def user(cloud: Cloud, **changes: Any) -> dict[str, Any]:
    known = cloud.sandbox.credentials
    right = {"name": "explorer", "password": known["password"].get_secret_value(), "domain": {"name": "sandbox"}}
    return {"methods": ["password"], "password": {"user": {**right, **changes}}}


@pytest.mark.parametrize(
    "changes",
    [{"password": "wrong"}, {"password": 5}, {"name": "nobody"}, {"domain": {}}, {"id": "x"}],
)
def test_wrong_logins(cloud: Cloud, changes: dict[str, Any]) -> None:
    answer = cloud.raw("POST", "/v3/auth/tokens", json={"auth": {"identity": user(cloud, **changes)}})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == 401 and answer.json()["error"]["title"] == "Unauthorized"


@pytest.mark.parametrize(
    "body", [{}, {"auth": {}}, {"auth": {"identity": {}}}, {"auth": {"identity": "x"}}, {"auth": 1}]
)
def test_malformed_logins(cloud: Cloud, body: dict[str, Any]) -> None:
    answer = cloud.raw("POST", "/v3/auth/tokens", json=body)
    assert answer.status_code == 400 and answer.json()["error_code"].startswith("IAM.00")
    assert cloud.raw("POST", "/v3/auth/tokens", data=b"{").json()["error_code"] == "IAM.0007"


def test_without_a_catalog(cloud: Cloud) -> None:
    answer = cloud.raw("POST", "/v3/auth/tokens?nocatalog=1", json={"auth": {"identity": user(cloud)}})
    assert answer.json()["token"]["catalog"] == []
    assert "project" not in answer.json()["token"] and answer.json()["token"]["domain"]["name"] == "sandbox"


def test_a_token_for_a_token(cloud: Cloud) -> None:
    cloud.login()
    identity = {"methods": ["token"], "token": {"id": cloud.session.headers["X-Auth-Token"]}}
    answer = cloud.raw("POST", "/v3/auth/tokens", json={"auth": {"identity": identity}})
    assert answer.status_code == 201
    assert cloud.session.headers["X-Auth-Token"] not in cloud.sandbox.requests.to_csv()
    cloud.sandbox.advance(24 * 3600)
    answer = cloud.raw("POST", "/v3/auth/tokens", json={"auth": {"identity": identity}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 401)


def test_showing_a_token(cloud: Cloud) -> None:
    cloud.login()
    token = cloud.session.headers["X-Auth-Token"]
    seen = cloud.raw("GET", "/v3/auth/tokens", headers={"X-Subject-Token": token})
    assert seen.json()["token"]["project"]["id"] == cloud.sandbox.project_id
    assert cloud.raw("GET", "/v3/auth/tokens", headers={"X-Subject-Token": token[:-1]}).status_code == 404


def test_two_tokens_of_one_moment_differ_and_both_are_valid(cloud: Cloud) -> None:
    first, second = (cloud.login().headers["X-Subject-Token"] for _ in range(2))
    assert first != second
    for token in (first, second):
        assert cloud("GET", "v3/instances", headers={"X-Auth-Token": token}).status_code == 200


def test_tokens_of_another_seed_are_refused(build: Any, caller: Any, cloud: Cloud) -> None:
    stranger = caller(build(seed=1))
    token = stranger.login().headers["X-Subject-Token"]
    cloud.login()
    answer = cloud("GET", "v3/instances", headers={"X-Auth-Token": token})
    assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")


def test_projects_and_domains(cloud: Cloud) -> None:
    assert cloud.raw("GET", "/v3/auth/projects").status_code == 401
    cloud.login()
    (project,) = cloud.raw("GET", "/v3/projects?name=cn-north-4").json()["projects"]
    assert project["id"] == cloud.sandbox.project_id
    assert cloud.raw("GET", "/v3/projects?name=other").json()["projects"] == []
    assert [one["id"] for one in cloud.raw("GET", "/v3/auth/projects").json()["projects"]] == [project["id"]]
    (domain,) = cloud.raw("GET", "/v3/auth/domains").json()["domains"]
    assert domain["name"] == "sandbox"


@pytest.mark.parametrize("root", ["", "/v3"])
def test_keystoneauth_finds_its_way(build: Any, root: str) -> None:
    identity = pytest.importorskip("keystoneauth1.identity")
    session_module = pytest.importorskip("keystoneauth1.session")
    sandbox = build(port=0, start=None)
    known = sandbox.credentials
    plugin = identity.Password(
        auth_url=sandbox.iam_endpoint + root,
        username=known["username"],
        password=known["password"].get_secret_value(),
        user_domain_name=known["domain"],
        project_name=sandbox.region,
        project_domain_name=known["domain"],
    )
    session = session_module.Session(auth=plugin)
    assert session.get_project_id() == sandbox.project_id
    for service in ("geminidb", "gaussdb-nosql", "nosql"):
        where = {"service_type": service, "region_name": sandbox.region}
        assert session.get("/instances", endpoint_filter=where).json() == {"instances": [], "total_count": 0}
    asked = sandbox.requests["operation"].tolist()
    assert asked.count("KeystoneCreateUserTokenByPassword") == 1


def signed(cloud: Cloud, **changes: Any) -> requests.Response:
    known = cloud.sandbox.credentials
    given = {"ak": known["ak"], "sk": known["sk"], "project_id": cloud.sandbox.project_id, **changes}
    path = f"/v3/{cloud.sandbox.project_id}/instances?name=%2Aa+b%20c&limit=10"
    return cloud.raw("GET", path, auth=SignatureAuth(**given))


def test_signatures(either: Cloud) -> None:
    assert signed(either).status_code == 200
    assert signed(either, security_token=SecretStr("temporary")).status_code == 200
    assert signed(either, clock=either.sandbox.clock.time).status_code == 200
    for wrong in (
        {"ak": "0" * 20},
        {"sk": SecretStr("wrong")},
        {"clock": lambda: time.time() - 3600},
    ):
        answer = signed(either, **wrong)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")
        assert answer.json()["error_msg"].startswith("Incorrect IAM authentication information")
