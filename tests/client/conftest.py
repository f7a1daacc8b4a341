"""Clients of sandboxes with a standing clock, so that no test waits; and a transport with scripted answers."""

from __future__ import annotations

import copy
import io
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from gaussnb import Client, InstanceSpec, Patience, quickstart
from gaussnb.cloud.transport import Transport
from gaussnb.nosql.error_codes import CODES
from gaussnb.sandbox import Clock, Sandbox

START = "2026-02-03T04:05:06"
FAST = 1e6  # virtual seconds in a real one: sleeping takes no time
CANARY = "-".join(["Canary", "Not", "A", "Real", "1"])
FOREIGN = ("HUAWEICLOUD_", "HW_", "OS_", "GAUSSNB_", "BINDER_")

Step = Exception | tuple[int, Any] | tuple[int, Any, Mapping[str, str]]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the credentials, proxies, tokens and ledgers of the user who runs the tests."""
    for name in os.environ:
        if name.startswith(FOREIGN) or name.lower().endswith(("_proxy", "_ca_bundle")):
            monkeypatch.delenv(name)
    for what in ("CACHE", "STATE"):
        monkeypatch.setenv(f"GAUSSNB_{what}_DIR", str(tmp_path / what.lower()))
    monkeypatch.setenv("GAUSSNB_PROFILES", str(tmp_path / "profiles.toml"))
    monkeypatch.setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def build() -> Iterator[Callable[..., Sandbox]]:
    """Makes sandboxes that are closed after the test."""
    made: list[Sandbox] = []

    def make(**changes: Any) -> Sandbox:
        made.append(Sandbox(**{"port": None, "start": START, "speed": FAST, "quota": 0, **changes}).start())
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()


@pytest.fixture
def sandbox(build: Callable[..., Sandbox]) -> Sandbox:
    """A sandbox without a socket."""
    return build()


@pytest.fixture
def server(build: Callable[..., Sandbox]) -> Sandbox:
    """A sandbox with a socket."""
    return build(port=0)


@pytest.fixture
def gdb(sandbox: Sandbox) -> Iterator[Client]:
    """A client of the sandbox without a socket."""
    with sandbox.connect() as client:
        yield client


@pytest.fixture
def settings() -> Callable[..., dict[str, Any]]:
    """The settings of a user who connects to the sandbox."""

    def of(sandbox: Sandbox, *kinds: str) -> dict[str, Any]:
        known = {name: sandbox.credentials[name] for name in kinds or ("username", "password", "domain")}
        return {"endpoint": sandbox.endpoint, "iam_endpoint": sandbox.iam_endpoint, **known}

    return of


def spec_of(**changes: Any) -> InstanceSpec:
    return InstanceSpec(**{**quickstart.body("cn-north-4"), "password": CANARY, **changes})


@pytest.fixture
def spec() -> Callable[..., InstanceSpec]:
    """Makes valid specs."""
    return spec_of


@pytest.fixture
def canary() -> str:
    """The password in every spec."""
    return CANARY


@pytest.fixture
def fill() -> Callable[..., list[str]]:
    """Puts instances into a sandbox, faster than by requests, and returns their ids, oldest first."""

    def put(sandbox: Sandbox, count: int, name: str = "many") -> list[str]:
        world = sandbox._app.world
        gdb = sandbox.connect()
        first = gdb.instances.create(spec_of(name=f"{name}-0000"))["id"].iloc[0]
        gdb.close()
        sandbox.advance(3600)
        ids = [str(first)]
        for number in range(1, count):
            twin = copy.deepcopy(world.instances[first])
            twin.id, twin.name = f"{number:032x}in06", f"{name}-{number:04}"
            for place, node in enumerate(twin.nodes):
                node.id = f"{number * 10 + place:032x}no06"
            twin.created = twin.updated = world.instances[first].created + number
            world.instances.put(twin)
            ids.append(twin.id)
        return ids

    return put


class Script(BaseAdapter):
    """Answers with the scripted answers in their order; the last answer is repeated."""

    def __init__(self, *steps: Step) -> None:
        super().__init__()
        self.steps = list(steps)
        self.sent: list[requests.PreparedRequest] = []
        self.how: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:  # type: ignore[override]
        with self._lock:
            step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
            self.sent.append(request.copy())
            self.how.append(how)
        if isinstance(step, Exception):
            raise step
        status, body, headers = (*step, {})[:3]
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = requests.Response()
        response.status_code = status
        response.headers = CaseInsensitiveDict(headers)
        response.raw = HTTPResponse(io.BytesIO(body), headers=dict(headers), status=status, preload_content=False)
        response.url, response.request = str(request.url), request
        return response

    def close(self) -> None:
        pass


@pytest.fixture
def script() -> type[Script]:
    """Makes adapters with scripted answers."""
    return Script


@pytest.fixture
def transport() -> Iterator[Callable[..., Transport]]:
    """Makes transports with scripted answers, on a standing clock."""
    made: list[Transport] = []

    def make(adapter: BaseAdapter | None, **patience: Any) -> Transport:
        made.append(Transport(Clock(START, FAST), Patience(**patience), adapter, seed=0, codes=CODES))
        return made[-1]

    yield make
    for each in made:
        each.close()
