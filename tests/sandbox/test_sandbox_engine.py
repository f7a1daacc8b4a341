"""The engine of the sandbox plays a service that has nothing to do with databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from gaussnb.cloud.error_codes import CLOUD_CODES
from gaussnb.core.catalogue import Catalogue, get, post
from gaussnb.core.operation import Operation
from gaussnb.core.rows import Row
from gaussnb.core.service import Lifecycle, Service, Status, by_name
from gaussnb.sandbox.engine.behaviours import Behaviours, Context
from gaussnb.sandbox.engine.messages import Refused
from gaussnb.sandbox.engine.sandbox import Sandbox
from gaussnb.sandbox.engine.service import SandboxService
from gaussnb.sandbox.engine.tables import Kinds, State
from gaussnb.sandbox.engine.work import Work, Works


class KettleRow(Row):
    """A kettle."""

    id: str
    status: str


@get("/v1/{project_id}/kettles", returns=KettleRow)
class ListKettles(Operation):
    """List kettles."""


@post("/v1/{project_id}/kettles", returns=KettleRow, success=201)
class CreateKettle(Operation):
    """Create a kettle."""

    name: str


@post("/v1/{project_id}/kettles/{kettle_id}/boil", returns=KettleRow, success=202)
class BoilKettle(Operation):
    """Boil a kettle."""

    kettle_id: str


KINDS = Kinds()
WORKS = Works(usable=frozenset({"cold"}), busy="KET.0001", wrong_state="KET.0002")
BEHAVIOURS = Behaviours()
BOIL = WORKS.register(Work("BoilKettle", "BOIL", 60, going="heating", done="hot"))


@KINDS.keep("kettle")
@dataclass
class Kettle:
    id: str
    name: str
    status: str = "cold"
    actions: list[str] = field(default_factory=list)
    prepaid: bool = False


class Kitchen(State):
    kinds = KINDS

    @property
    def things(self) -> dict[str, Any]:
        return self.table(Kettle)


@BEHAVIOURS.simulates(ListKettles)
def list_kettles(op: ListKettles, context: Context) -> dict[str, Any]:
    return {"kettles": [{"id": one.id, "status": one.status} for one in context.world.things.values()]}


@BEHAVIOURS.simulates(CreateKettle)
def create(op: CreateKettle, context: Context) -> dict[str, Any]:
    kettle = context.world.table(Kettle).put(Kettle(context.world.ids.hex("kettle"), op.name))
    return {"id": kettle.id, "status": kettle.status}


@BEHAVIOURS.simulates(BoilKettle)
def boil(op: BoilKettle, context: Context) -> dict[str, Any]:
    if op.kettle_id not in context.world.things:
        raise Refused("KET.0003", "There is no such kettle.", status=404)
    return context.start(BOIL, context.world.things[op.kettle_id])


KETTLES = Service(
    name="kettles",
    title="Kettles",
    host="kettles",
    catalogue=Catalogue(["gaussnb.cloud.iam", __name__]),
    lifecycle=Lifecycle(by_name([Status("cold", "ready"), Status("heating", "going"), Status("hot", "ready")])),
    codes=CLOUD_CODES,
    list_things=lambda ids: ListKettles(),
    list_named=lambda name: ListKettles(),
)


class KettleSandbox(Sandbox):
    service = SandboxService(KETTLES, behaviours=BEHAVIOURS, works=WORKS, world=Kitchen, version="v1")


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
        url = f"{self.sandbox.endpoint}/v1/{self.sandbox.project_id}/kettles{path}"
        return self.http.request(method, url, json=body)


@pytest.fixture
def kettles(tmp_path: Any) -> Any:
    with KettleSandbox(tmp_path / "kitchen.sqlite", port=None, start="2026-01-01T00:00:00") as sandbox:
        session = Session(sandbox)
        yield session
        session.http.close()


def test_work_begins_and_ends(kettles: Any) -> None:
    id = kettles("POST", "", {"name": "red"}).json()["id"]
    started = kettles("POST", f"/{id}/boil", {})
    assert started.status_code == 202 and started.json()["job_id"]
    assert kettles("POST", f"/{id}/boil", {}).json()["error_code"] == "KET.0001"
    assert kettles("GET", "").json() == {"kettles": [{"id": id, "status": "heating"}]}
    kettles.sandbox.advance(60)
    assert kettles("GET", "").json() == {"kettles": [{"id": id, "status": "hot"}]}
    assert kettles("POST", f"/{id}/boil", {}).json()["error_code"] == "KET.0002"


def test_errors_and_faults(kettles: Any) -> None:
    missing = kettles("POST", "/none/boil", {})
    assert (missing.status_code, missing.json()["error_msg"]) == (404, "There is no such kettle.")
    assert kettles("POST", "", {}).status_code == 400
    fault = kettles.sandbox.inject(CreateKettle, status=503)
    assert kettles("POST", "", {"name": "red"}).status_code == 503 and fault.count == 1
    assert list(kettles.sandbox.requests["operation"])[-1] == "CreateKettle"


def test_the_state_file_restores_the_world(kettles: Any, tmp_path: Any) -> None:
    id = kettles("POST", "", {"name": "red"}).json()["id"]
    kettles("POST", f"/{id}/boil", {})
    kettles.sandbox.close()
    with KettleSandbox(tmp_path / "kitchen.sqlite", port=None, start="2026-01-01T00:00:00") as again:
        again.advance(60)
        session = Session(again)
        assert session("GET", "").json() == {"kettles": [{"id": id, "status": "hot"}]}
        session.http.close()


def test_the_openapi_document_describes_the_service(kettles: Any) -> None:
    document = kettles.http.get(f"{kettles.sandbox.endpoint}/openapi.json").json()
    assert document["info"]["title"] == "Kettles, as gaussnb declares it" and len(document["paths"]) == 2


def test_the_sandbox_listens_on_a_socket() -> None:
    with KettleSandbox() as sandbox:
        assert requests.get(f"{sandbox.endpoint}/v1/x/kettles", timeout=10).status_code == 401
