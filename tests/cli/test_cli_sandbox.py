"""``gaussnb sandbox``: a sandbox in a process of its own, for any tool on this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import gaussnb
from gaussnb import Client, quickstart

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SDK = """
from huaweicloudsdkgaussdbfornosql.v3 import GaussDBforNoSQLClient, ListInstancesRequest
from huaweicloudsdkgaussdbfornosql.v3.region.gaussdbfornosql_region import GaussDBforNoSQLRegion
sdk = GaussDBforNoSQLClient.new_builder().with_region(GaussDBforNoSQLRegion.value_of("cn-north-4")).build()
print([instance.name for instance in sdk.list_instances(ListInstancesRequest()).instances])
"""


def client(running: Any) -> Client:
    return Client.open(
        endpoint=running["endpoint"],
        iam_endpoint=running["IAM endpoint"],
        region=running["region"],
        project_id=running["project id"],
        username=running["username"],
        password=SecretStr(running["password"]),
        domain=running["domain"],
        keep=False,
    )


def create(running: Any, name: str) -> str:
    spec = gaussnb.InstanceSpec(**{**quickstart.body("cn-north-4"), "name": name}, password=quickstart.password())
    with client(running) as gdb:
        return str(gdb.instances.create(spec)["id"].item())


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


def test_the_official_sdk_works_with_the_printed_variables(
    sandbox: Callable[..., Any], environment: dict[str, str]
) -> None:
    pytest.importorskip("huaweicloudsdkgaussdbfornosql")
    running = sandbox("--seed", "5")
    create(running, "for-the-sdk")
    env = {**environment, **running.exports}
    out = subprocess.run([sys.executable, "-c", SDK], env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert out.strip() == "['for-the-sdk']"


def test_openstack_works_with_the_printed_variables(sandbox: Callable[..., Any]) -> None:
    identity = pytest.importorskip("keystoneauth1.identity")
    session = pytest.importorskip("keystoneauth1.session")
    running = sandbox()
    variables = {name: value for name, value in running.exports.items() if name.startswith("OS_")}
    assert variables.pop("OS_IDENTITY_API_VERSION") == "3"
    login = identity.V3Password(**{name.removeprefix("OS_").lower(): value for name, value in variables.items()})
    found = session.Session(auth=login)
    assert found.get_project_id() == running["project id"]
    assert running["endpoint"] in found.get_endpoint(service_type="gaussdb-nosql", region_name=running["region"])


def test_gaussnb_works_with_the_printed_variable(sandbox: Callable[..., Any], run: Run) -> None:
    running = sandbox("--seed", "5")
    create(running, "seen-by-doctor")
    done = run("doctor", "sandbox", env=running.exports)
    assert done.returncode == 0, done.stdout
    assert running["endpoint"] in done.stdout and "1 in this project" in done.stdout


def test_the_region_of_a_file_is_printed_too(sandbox: Callable[..., Any], run: Run, tmp_path: Path) -> None:
    gaussnb.Sandbox(path=tmp_path / "kept.sqlite", region="ap-southeast-3").close()
    running = sandbox("--state", "kept.sqlite")
    assert running["region"] == "ap-southeast-3"
    assert run("doctor", "sandbox", env=running.exports).returncode == 0


def test_the_state_survives_a_kill(sandbox: Callable[..., Any], tmp_path: Path) -> None:
    first = sandbox("--state", "kept.sqlite", "--seed", "9")
    made = create(first, "survivor")
    first.process.kill()
    first.process.wait()
    second = sandbox("--state", "kept.sqlite")
    assert second["project id"] == first["project id"]  # the seed is kept too
    with client(second) as gdb:
        assert gdb.instances.list()[["id", "name"]].to_numpy().tolist() == [[made, "survivor"]]
    assert (tmp_path / "kept.sqlite").exists()


def test_a_world_file_sets_the_initial_state(sandbox: Callable[..., Any], tmp_path: Path) -> None:
    world = {"seed": 4, "instances": [{"name": "orders"}], "backups": [{"name": "saved", "instance": "orders"}]}
    (tmp_path / "training.json").write_text(json.dumps(world))
    running = sandbox("--world", "training.json", "--quota", "1")
    assert "?seed=4" in running.exports["GAUSSNB_SANDBOX"]
    with client(running) as gdb:
        assert gdb.instances.list()["name"].to_list() == ["orders"]
        assert "saved" in set(gdb.backups.list()["name"])
    with pytest.raises(gaussnb.ApiError, match=r"DBS\.280280"):
        create(running, "one-too-many")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "No such file or directory: 'training.json'"),
        ("{", "training.json cannot be read: line 1: "),
        ('{"instances": [{"name": "orders", "status": "happy"}]}', "training.json: instances.0.status: "),
    ],
)
def test_an_invalid_world_file(run: Run, tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "training.json").write_text(text)
    done = run("sandbox", "--port", "0", "--world", "training.json", "--state", "kept.sqlite")
    assert (done.returncode, done.stdout) == (1, "") and says in done.stderr


def test_a_speed(sandbox: Callable[..., Any]) -> None:
    running = sandbox("--speed", "100000")
    made = create(running, "quick")
    with client(running) as gdb:
        gdb.wait(made, timeout=30, interval=0.1)


def test_a_port_in_use(sandbox: Callable[..., Any], run: Run) -> None:
    port = sandbox()["endpoint"].rpartition(":")[2]
    done = run("sandbox", "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"port {port} is in use" in done.stderr and "--port 0" in done.stderr


def test_a_file_in_use(sandbox: Callable[..., Any], run: Run) -> None:
    sandbox("--state", "kept.sqlite")
    done = run("sandbox", "--port", "0", "--state", "kept.sqlite")
    assert (done.returncode, done.stdout) == (1, "") and "another sandbox has kept.sqlite open" in done.stderr


def test_a_state_file_of_another_program(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear reader, " * 100)
    done = run("sandbox", "--port", "0", "--state", "letter.txt")
    assert done.returncode == 1 and "letter.txt is not the file of a sandbox" in done.stderr
    assert (tmp_path / "letter.txt").read_text().startswith("Dear reader")


def test_a_state_file_in_a_missing_folder(run: Run) -> None:
    done = run("sandbox", "--port", "0", "--state", os.path.join("no", "such", "folder.sqlite"))
    assert done.returncode == 1 and "folder.sqlite: unable to open" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--port", "65536"), "0 to 65535"),
        (("--port", "-1"), "0 to 65535"),
        (("--port", "http"), "0 to 65535"),
        (("--speed", "0"), "above 0"),
        (("--speed", "quick"), "above 0"),
        (("--speed", "nan"), "above 0"),
        (("--seed", "x"), "invalid int"),
        (("--quota", "-1"), "0 or more"),
        (("--quota", "few"), "0 or more"),
    ],
)
def test_invalid_numbers(run: Run, words: tuple[str, ...], says: str) -> None:
    done = run("sandbox", *words)
    assert done.returncode == 2 and says in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_sandbox_cleanly(sandbox: Callable[..., Any], tmp_path: Path, number: int) -> None:
    running = sandbox("--state", "kept.sqlite")
    running.process.send_signal(number)
    _, err = running.process.communicate(timeout=20)
    assert (running.process.returncode, err) == (0, "")
    assert [path.name for path in tmp_path.glob("kept*")] == ["kept.sqlite"]  # no journal left open
