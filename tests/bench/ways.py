"""The compared ways. Each way runs alone: ``python ways.py WAY ENDPOINT COUNT`` prints one line of JSON.

A way is a generator: the code before its first ``yield`` is preparation (imports, a connection), the code after it is
measured.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Way = Callable[[str, int], Iterator[Any]]
WAYS: dict[str, Way] = {}
PAGE = 100
FAKE_TOKEN = "-".join(["not", "a", "token"])


def way(function: Way) -> Way:
    """Register a way under its name."""
    WAYS[function.__name__] = function
    return function


def address(endpoint: str) -> tuple[str, str]:
    """Endpoint and project id; the stub reads the latency of its answers from the project id."""
    host, _, latency = endpoint.partition("#")
    return host, f"latency-{latency or 0}"


def session(endpoint: str) -> tuple[Any, str]:
    """The code most people would write: a session, a token, a URL."""
    import requests

    host, project = address(endpoint)
    plain = requests.Session()
    plain.headers["X-Auth-Token"] = FAKE_TOKEN
    return plain, f"{host}/v3/{project}/instances"


def client(endpoint: str) -> Any:
    """A client of gaussnb."""
    import gaussnb

    host, project = address(endpoint)
    return gaussnb.connect(endpoint=host, token=FAKE_TOKEN, project_id=project)


def sdk_client(endpoint: str) -> Any:
    """A client of the official SDK."""
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkgaussdbfornosql.v3 import GaussDBforNoSQLClient

    host, project = address(endpoint)
    keys = BasicCredentials("NOTANAK", FAKE_TOKEN, project)
    return GaussDBforNoSQLClient.new_builder().with_credentials(keys).with_endpoint(host).build()


# ------------------------------------------------------------------------------------------ forms


@way
def form_gaussnb(endpoint: str, count: int) -> Iterator[Any]:
    import gaussnb

    forms = [gaussnb.InstanceSpec.form()]
    yield
    forms += [gaussnb.InstanceSpec.form() for _ in range(count)]
    yield forms[0].fields


@way
def form_core(endpoint: str, count: int) -> Iterator[Any]:
    import ipywidgets as widgets

    import gaussnb

    fields = len(gaussnb.InstanceSpec.form().fields)
    boxes = []
    yield
    for _ in range(count * fields):
        boxes.append(widgets.VBox([widgets.Text(description="Name"), widgets.HTML("help")]))
    yield boxes


# ---------------------------------------------------------------------------- all, as a DataFrame


@way
def all_gaussnb(endpoint: str, count: int) -> Iterator[Any]:
    import pandas  # noqa: F401

    gdb = client(endpoint)
    yield
    yield gdb.instances.list()


@way
def all_columns(endpoint: str, count: int) -> Iterator[Any]:
    import pandas

    plain, url = session(endpoint)
    yield
    data: dict[str, list[Any]] = {}
    seen, total = 0, 1
    while seen < total:
        answer = json.loads(plain.get(url, params={"offset": seen, "limit": PAGE}).content)
        total = answer["total_count"]
        for instance in answer["instances"]:
            seen += 1
            for name, value in row(instance).items():
                data.setdefault(name, []).append(value)
    yield pandas.DataFrame(data)


def row(instance: dict[str, Any]) -> dict[str, Any]:
    """The columns of ``gdb.instances.list()``, by hand and as they come: nothing is converted or checked."""
    store, backup, (group,) = instance["datastore"], instance["backup_strategy"], instance["groups"]
    nodes = group["nodes"]
    return {
        **{name: instance.get(name) for name in SAME},
        "engine": store["type"],
        "version": store["version"],
        "whole_version": store["whole_version"],
        "patch_available": store["patch_available"],
        "actions": ", ".join(instance["actions"]),
        "nodes": len(nodes),
        "flavor": nodes[0]["spec_code"],
        "storage_gb": group["volume"]["size"],
        "used_gb": group["volume"]["used"],
        "availability_zone": ", ".join(dict.fromkeys(node["availability_zone"] for node in nodes)),
        "addresses": ", ".join(dict.fromkeys(node["private_ip"] for node in nodes)),
        "lb_address": instance.get("lb_ip_address"),
        "user": instance["db_user_name"],
        "backup_window": backup["start_time"],
        "keep_days": backup["keep_days"],
    }


SAME = (
    "id", "name", "mode", "status", "port", "vpc_id", "subnet_id", "security_group_id", "pay_mode", "product_type",
    "maintenance_window", "ssl", "enterprise_project_id", "region", "created", "updated",
)  # fmt: skip


@way
def all_normalized(endpoint: str, count: int) -> Iterator[Any]:
    import pandas

    plain, url = session(endpoint)
    yield
    found: list[Any] = []
    total = 1
    while len(found) < total:
        answer = json.loads(plain.get(url, params={"offset": len(found), "limit": PAGE}).content)
        total = answer["total_count"]
        found += answer["instances"]
    yield pandas.json_normalize(found)


@way
def all_sdk(endpoint: str, count: int) -> Iterator[Any]:
    import pandas
    from huaweicloudsdkgaussdbfornosql.v3 import ListInstancesRequest

    sdk = sdk_client(endpoint)
    yield
    found: list[Any] = []
    total = 1
    while len(found) < total:
        answer = sdk.list_instances(ListInstancesRequest(offset=len(found), limit=PAGE))
        total = answer.total_count
        found += answer.instances
    yield pandas.DataFrame([instance.to_dict() for instance in found])


# ------------------------------------------------------------------------------------- one, often


def repeated(call: Callable[[], Any], count: int) -> Iterator[Any]:
    """Call ten times to warm up, then ``count`` times to be measured."""
    for _ in range(10):
        call()
    yield
    for _ in range(count):
        call()
    yield


@way
def one_requests(endpoint: str, count: int) -> Iterator[Any]:
    plain, url = session(endpoint)
    return repeated(lambda: json.loads(plain.get(url, params={"limit": 1}).content), count)


@way
def one_requests_frame(endpoint: str, count: int) -> Iterator[Any]:
    import pandas

    plain, url = session(endpoint)
    return repeated(
        lambda: pandas.DataFrame(
            [row(found) for found in json.loads(plain.get(url, params={"limit": 1}).content)["instances"]]
        ),
        count,
    )


@way
def one_gaussnb(endpoint: str, count: int) -> Iterator[Any]:
    gdb = client(endpoint)
    return repeated(lambda: gdb.instances.list(limit=1), count)


@way
def one_sdk(endpoint: str, count: int) -> Iterator[Any]:
    from huaweicloudsdkgaussdbfornosql.v3 import ListInstancesRequest

    sdk = sdk_client(endpoint)
    return repeated(lambda: sdk.list_instances(ListInstancesRequest(limit=1)), count)


# ---------------------------------------------------------------------------------------- sandbox


def login() -> tuple[bytes, str]:
    """The credentials of a sandbox of seed 0, and the id of its project."""
    from gaussnb import Sandbox

    known = Sandbox(port=None)
    user = {
        "name": known.credentials["username"],
        "password": known.credentials["password"].get_secret_value(),
        "domain": {"name": known.credentials["domain"]},
    }
    scope = {"project": {"id": known.project_id}}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    return json.dumps(body).encode(), known.project_id


def raw(endpoint: str) -> tuple[Any, dict[str, str], str]:
    """A connection to a sandbox of seed 0 without any library around it, the headers, the path."""
    import http.client

    body, project = login()
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"))
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/v3/auth/tokens", body, headers)
    answer = connection.getresponse()
    answer.read()
    headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
    return connection, headers, f"/v3/{project}/instances"


def ask(connection: Any, method: str, path: str, headers: dict[str, str], body: bytes | None, status: int) -> None:
    """One request, whose answer must have that status."""
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != status:
        raise SystemExit(f"{answer.status}: {text!r}")


@way
def sandbox_create(endpoint: str, count: int) -> Iterator[Any]:
    from gaussnb import Sandbox, quickstart

    connection, headers, path = raw(endpoint)
    subnets = Sandbox(port=None)._app.world.subnets.values()
    large = next(one.id for one in subnets if one.name == "subnet-large")  # the usual quota would soon be full
    request = {**quickstart.body("cn-north-4"), "password": quickstart.password(), "subnet_id": large}
    yield
    for number in range(count):
        body = json.dumps({**request, "name": f"bench-{number}"}).encode()
        ask(connection, "POST", path, headers, body, 202)
    yield


@way
def sandbox_list(endpoint: str, count: int) -> Iterator[Any]:
    connection, headers, path = raw(endpoint)
    yield
    for _ in range(count):
        ask(connection, "GET", f"{path}?limit={PAGE}", headers, None, 200)
    yield


@way
def sandbox_all(endpoint: str, count: int) -> Iterator[Any]:
    connection, headers, path = raw(endpoint)
    yield
    for offset in range(0, count, PAGE):
        ask(connection, "GET", f"{path}?limit={PAGE}&offset={offset}", headers, None, 200)
    yield


# -------------------------------------------------------------------------------------- measuring


def memory(what: str) -> float:
    """MiB of this process: ``VmRSS`` now, ``VmHWM`` the peak. Other systems than Linux have only the peak."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Measure one way."""
    name, endpoint, count = sys.argv[1:]
    steps = WAYS[name](endpoint, int(count))
    next(steps)
    if os.path.exists("/proc/self/clear_refs"):
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far belongs to the imports
    before, began = memory("VmRSS"), time.perf_counter()
    result = next(steps)
    seconds = time.perf_counter() - began
    rows = -1 if result is None else len(result)
    print(json.dumps({"ms": seconds * 1000, "mib": memory("VmHWM") - before, "rows": rows}))


if __name__ == "__main__":
    main()
