"""A sandbox that stands at one moment, reached through a socket or without one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from gaussnb.nosql.engines import ENGINES
from gaussnb.nosql.instance_spec import InstanceSpec
from gaussnb.sandbox import Sandbox

START = "2026-02-03T04:05:06"
FAKE_PASSWORD = "-".join(["Not", "A", "Real", "1"])

QUICK_START: dict[str, Any] = {
    "name": "test-cassandra-01",
    "datastore": {"type": "cassandra", "version": "3.11", "storage_engine": "rocksDB"},
    "region": "cn-north-4",
    "availability_zone": "cn-north-4a",
    "vpc_id": "674e9b42-cd8d-4d25-a2e6-5abcc565b961",
    "subnet_id": "f1df08c5-71d1-406a-aff0-de435a51007b",
    "security_group_id": "7aa51dbf-5b63-40db-9724-dad3c4828b58",
    "password": FAKE_PASSWORD,
    "mode": "Cluster",
    "flavor": [{"num": 3, "size": 500, "storage": "ULTRAHIGH", "spec_code": "geminidb.cassandra.4xlarge.4"}],
    "backup_strategy": {"start_time": "08:00-09:00", "keep_days": "8"},
    "enterprise_project_id": "0",
}
REDIS: dict[str, Any] = {
    "datastore": {"type": "redis", "version": "5.0", "storage_engine": "rocksDB"},
    "mode": "CloudNativeCluster",
    "product_type": "Capacity",
    "flavor": [{"num": "3", "size": "24", "storage": "ULTRAHIGH", "spec_code": "geminidb.redis.large.4"}],
}


class Caller:
    """Speaks raw HTTP to a sandbox, with a token."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        if sandbox.endpoint == "http://sandbox.localhost":
            sandbox.mount(self.session)

    def login(self, **scope: Any) -> requests.Response:
        """Ask for a token, and keep it."""
        known = self.sandbox.credentials
        user = {
            "name": known["username"],
            "password": known["password"].get_secret_value(),
            "domain": {"name": known["domain"]},
        }
        auth: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": user}}}
        auth["scope"] = scope or {"project": {"id": self.sandbox.project_id}}
        answer = self.raw("POST", "/v3/auth/tokens", json={"auth": auth})
        if answer.ok:
            self.session.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
        return answer

    def raw(self, method: str, path: str, **more: Any) -> requests.Response:
        """Any request."""
        more.setdefault("timeout", 10)
        return self.session.request(method, self.sandbox.endpoint + path, **more)

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """A request of the project; logs in first."""
        if "X-Auth-Token" not in self.session.headers:
            self.login()
        version, _, rest = path.partition("/")
        return self.raw(method, f"/{version}/{self.sandbox.project_id}/{rest}", json=body, **more)

    def create(self, **changes: Any) -> requests.Response:
        """Create an instance like the Quick Start's, with changes."""
        body = {**copy.deepcopy(QUICK_START), **changes}
        return self("POST", "v3/instances", {name: value for name, value in body.items() if value is not ...})

    def made(self, **changes: Any) -> dict[str, Any]:
        """An instance that is ready."""
        answer = self.create(**changes)
        assert answer.status_code == 202, answer.text
        self.sandbox.advance(3600)
        return self.instance(answer.json()["id"])

    def instance(self, instance_id: str) -> dict[str, Any]:
        """An instance as the list shows it."""
        (one,) = self("GET", f"v3/instances?id={instance_id}").json()["instances"]
        return dict(one)


@pytest.fixture(autouse=True)
def _unproxied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def build() -> Iterator[Callable[..., Sandbox]]:
    """Makes sandboxes that are closed after the test."""
    made: list[Sandbox] = []

    def make(**changes: Any) -> Sandbox:
        sandbox = Sandbox(**{"port": None, "start": START, **changes}).start()
        made.append(sandbox)
        return sandbox

    yield make
    for sandbox in made:
        sandbox.close()


@pytest.fixture
def sandbox(build: Callable[..., Sandbox]) -> Sandbox:
    """Without a socket."""
    return build()


@pytest.fixture
def caller() -> Iterator[Callable[[Sandbox], Caller]]:
    """Makes callers whose connections are closed after the test."""
    made: list[Caller] = []

    def make(sandbox: Sandbox) -> Caller:
        made.append(Caller(sandbox))
        return made[-1]

    yield make
    for one in made:
        one.session.close()


@pytest.fixture
def cloud(sandbox: Sandbox, caller: Callable[[Sandbox], Caller]) -> Caller:
    """Calls the sandbox without a socket."""
    return caller(sandbox)


@pytest.fixture(params=["server", "adapter"])
def either(
    request: pytest.FixtureRequest, build: Callable[..., Sandbox], caller: Callable[[Sandbox], Caller]
) -> Caller:
    """Calls a sandbox through a socket, and another one without: both must behave alike."""
    return caller(build(port=0 if request.param == "server" else None))


@pytest.fixture
def quick_start() -> dict[str, Any]:
    """The body of the service's own Quick Start, in this sandbox's region."""
    return copy.deepcopy(QUICK_START)


@pytest.fixture
def redis() -> dict[str, Any]:
    """The changes that turn the body of the Quick Start into one of a cloud-native Redis."""
    return copy.deepcopy(REDIS)


@pytest.fixture
def gdb(sandbox: Sandbox) -> Iterator[Any]:
    """A client of the sandbox without a socket."""
    with sandbox.connect() as client:
        yield client


@pytest.fixture
def sdk(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The official client, logged in; the sandbox must be on a socket."""
    v3 = pytest.importorskip("huaweicloudsdkgaussdbfornosql.v3")
    from huaweicloudsdkcore.auth.credentials import BasicCredentials

    monkeypatch.setenv("HOME", str(tmp_path))  # it keeps a file there
    known = sandbox.credentials
    keys = BasicCredentials(known["ak"], known["sk"].get_secret_value(), sandbox.project_id)
    return v3.GaussDBforNoSQLClient.new_builder().with_credentials(keys).with_endpoint(sandbox.endpoint).build()


@pytest.fixture
def official() -> Callable[[str, Any], Any]:
    """Makes objects of the official client: the model of a name with the given members, models among them."""
    v3 = pytest.importorskip("huaweicloudsdkgaussdbfornosql.v3")

    def made(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [made(name, item) for item in value]
        if not (isinstance(value, dict) and (kind := getattr(v3, name, None))):
            return value
        return kind(**{
            key: made(kind.openapi_types[key].removeprefix("list[").removesuffix("]"), item)
            for key, item in value.items()
        })  # fmt: skip

    return made


@pytest.fixture
def make(gdb: Any, sandbox: Sandbox) -> Callable[..., str]:
    """Makes instances that are ready, of an engine and a mode (by default the first one), and returns their ids."""

    def made(engine: str = "cassandra", mode: str | None = None, **changes: Any) -> str:
        kind = ENGINES[engine].modes[mode] if mode else next(iter(ENGINES[engine].modes.values()))
        flavor = {"num": kind.nodes.usual, "size": kind.storage.usual, "storage": "ULTRAHIGH", "spec_code": kind.flavor}
        body = {
            **QUICK_START,
            "datastore": {"type": engine, "version": kind.versions[0], "storage_engine": "rocksDB"},
            "mode": kind.name,
            "flavor": [flavor],
            **({"product_type": kind.product_types[0]} if kind.product_types else {}),
            **changes,
        }
        receipt = gdb.instances.create(InstanceSpec(**copy.deepcopy(body)))
        sandbox.advance(3600)
        return str(receipt["id"].iloc[0])

    return made
