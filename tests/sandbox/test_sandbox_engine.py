"""The engine of the sandbox plays a service that has nothing to do with databases."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from toy.operations import BuyKettle
from toy.sandbox import KettleSandbox

from gaussnb.sandbox.engine.sandbox import Sandbox


class Session:
    """Calls the sandbox with a token."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = sandbox.mount(requests.Session())
        settings = sandbox.settings()
        domain = {"name": settings["domain"]}
        user = {"name": settings["username"], "password": settings["password"].get_secret_value(), "domain": domain}
        auth = {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"id": settings["project_id"]}},
        }
        answer = self.http.post(f"{sandbox.endpoint}/v3/auth/tokens", json={"auth": auth})
        self.http.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]

    def __call__(self, method: str, path: str, body: Any = None) -> requests.Response:
        url = f"{self.sandbox.endpoint}/v9/{self.sandbox.project_id}/kettles{path}"
        return self.http.request(method, url, json=body)


@pytest.fixture
def kettles(tmp_path: Any) -> Any:
    with KettleSandbox(tmp_path / "kitchen.sqlite", port=None, start="2026-01-01T00:00:00") as sandbox:
        session = Session(sandbox)
        yield session
        session.http.close()


def buy(kettles: Any, name: str = "red") -> str:
    return str(kettles("POST", "", {"name": name}).json()["id"])


def statuses(kettles: Any) -> list[str]:
    return [kettle["status"] for kettle in kettles("GET", "").json()["kettles"]]


def test_work_begins_and_ends(kettles: Any) -> None:
    bought = kettles("POST", "", {"name": "red"})
    assert bought.status_code == 202 and bought.json()["job_id"]
    id = bought.json()["id"]
    refused = kettles("DELETE", f"/{id}")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "TOY.0409")
    assert statuses(kettles) == ["filling"]
    kettles.sandbox.advance(90)
    assert statuses(kettles) == ["boiling"]
    assert kettles("DELETE", f"/{id}").status_code == 202
    kettles.sandbox.advance(20)
    assert statuses(kettles) == []


def test_work_fails(kettles: Any) -> None:
    kettles.sandbox.inject(BuyKettle, fail="no water")
    buy(kettles)
    kettles.sandbox.advance(90)
    assert statuses(kettles) == ["burnt"]


def test_errors_and_faults(kettles: Any) -> None:
    missing = kettles("DELETE", "/none")
    assert (missing.status_code, missing.json()["error_msg"]) == (404, "There is no such kettle.")
    assert kettles("POST", "", {}).json()["error_code"] == "TOY.0004"
    assert kettles("POST", "", {"name": "R"}).json()["error_code"] == "TOY.0001"
    assert kettles("POST", "", {"name": 5}).json()["error_code"] == "TOY.0003"
    fault = kettles.sandbox.inject(BuyKettle, status=503)
    assert kettles("POST", "", {"name": "red"}).status_code == 503 and fault.count == 1
    assert list(kettles.sandbox.requests["operation"])[-1] == "BuyKettle"


def test_the_state_file_restores_the_world(kettles: Any, tmp_path: Any) -> None:
    buy(kettles)
    kettles.sandbox.close()
    with KettleSandbox(tmp_path / "kitchen.sqlite", port=None, start="2026-01-01T00:00:00") as again:
        again.advance(90)
        session = Session(again)
        assert statuses(session) == ["boiling"]
        session.http.close()


def test_the_openapi_document_describes_the_service(kettles: Any) -> None:
    document = kettles.http.get(f"{kettles.sandbox.endpoint}/openapi.json").json()
    assert document["info"]["title"] == "Toy Kettles, as gaussnb declares it" and len(document["paths"]) == 2
    assert [tag["name"] for tag in document["tags"]] == ["kettles"]


def test_it_listens_on_a_socket() -> None:
    with KettleSandbox() as sandbox:
        assert requests.get(f"{sandbox.endpoint}/v9/x/kettles", timeout=10).status_code == 401
