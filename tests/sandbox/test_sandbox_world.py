"""A world from a file, and back into one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gaussnb.sandbox import Sandbox

LESSON = """
clock: 2026-01-01T09:00:00
quota: 3
instances:
  - name: orders
    tags: {team: blue}
  - name: metrics
    status: createfail
  - name: coming
    status: creating
faults:
  - where: RestartInstance
    code: DBS.200019
    times: 2
"""


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    path = tmp_path / "training.yaml"
    path.write_text(LESSON)
    return path


def test_a_lesson_begins_where_its_file_says(build: Any, caller: Any, lesson: Path) -> None:
    sandbox = build(world=lesson)
    cloud = caller(sandbox)
    assert repr(sandbox.clock) == "<clock 2026-01-01T09:00:00Z, standing>"
    shown = {one["name"]: one for one in cloud("GET", "v3/instances").json()["instances"]}
    assert {name: one["status"] for name, one in shown.items()} == {
        "orders": "normal", "metrics": "createfail", "coming": "creating",
    }  # fmt: skip
    assert shown["coming"]["actions"] == ["CREATE"] and shown["orders"]["actions"] == []
    assert all(node["private_ip"] for node in shown["orders"]["groups"][0]["nodes"])
    assert cloud("GET", f"v3/instances/{shown['orders']['id']}/tags").json()["tags"] == [
        {"key": "team", "value": "blue"}
    ]
    restart = f"v3/instances/{shown['orders']['id']}/restart"
    assert [cloud("POST", restart).status_code for _ in range(3)] == [403, 403, 202]
    assert cloud.create().json()["error_code"] == "DBS.280280"  # the quota of three is used up
    sandbox.advance(3600)
    assert cloud.instance(shown["coming"]["id"])["status"] == "normal"


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_a_world_goes_on_from_its_export(kind: str, build: Any, caller: Any, tmp_path: Path, redis: Any) -> None:
    def on(sandbox: Any) -> list[Any]:
        cloud = caller(sandbox)
        seen = [cloud("GET", path).json() for path in ("v3/instances", "v3/jobs", "v3/quotas")]
        sandbox.advance(100)
        seen.append(cloud("POST", f"v3/instances/{seen[0]['instances'][1]['id']}/restart").json())
        seen += [cloud.create(name="later").json() for _ in range(3)]
        sandbox.advance(5000)
        return [*seen, cloud("GET", "v3/instances").json(), cloud("GET", "v3/jobs").json(), cloud.raw("GET", "/").text]

    first = build(seed=7, quota=9)
    cloud = caller(first)
    cloud.made(name="ready-1")
    cloud.create(**redis)
    one = cloud.made(name="ready-2")["id"]
    cloud("DELETE", f"v3/instances/{one}")
    first.inject("CreateInstance", code="DBS.280001", times=2, after=2)
    first.inject("ShowQuotas", body=b"\xff\x00 any", headers={"X-Odd": "1"}, times=None)
    first.inject("ListJobs", status=500).remove()
    cloud.create(name="on-its-way")  # the fault counts it
    path = tmp_path / f"world.{kind}"
    first.export(path)
    first._app.faults._faults.pop(1), first.inject("ShowQuotas", status=418, times=None)
    second = build(world=path)
    quotas = caller(second)("GET", "v3/quotas")
    assert (quotas.content, quotas.headers["X-Odd"]) == (b"\xff\x00 any", "1")
    second._app.faults._faults.pop(1), second.inject("ShowQuotas", status=418, times=None)
    assert repr(second.clock) == repr(first.clock) and (second.seed, second.region) == (7, first.region)
    assert on(second) == on(first)


def test_what_goes_on_in_a_running_world_has_as_long_to_go(build: Any, caller: Any, tmp_path: Path) -> None:
    first = build(start=None, speed=1)
    made = caller(first).create().json()["id"]
    first.advance(400)  # of 420
    first.export(tmp_path / "world.json")
    told = json.loads((tmp_path / "world.json").read_text())
    second = build(start=None, speed=5, world=tmp_path / "world.json")
    assert not second.clock.standing and second.clock.speed == 1 and "clock" not in told
    cloud = caller(second)
    (job,) = second._app.world.jobs.values()
    left = told["jobs"][0]["end"] - first._app.world.jobs[job.id].end
    assert left == 0 and abs(job.end - second.clock.time() - 20) < 15
    assert cloud.instance(made)["status"] == "creating"
    second.advance(60)
    assert cloud.instance(made)["status"] == "normal"


def test_no_secret_is_in_it(build: Any, caller: Any, tmp_path: Path, quick_start: Any) -> None:
    sandbox = build()
    cloud = caller(sandbox)
    cloud.made()
    sandbox.export(tmp_path / "world.yaml")
    text = (tmp_path / "world.yaml").read_text()
    known = sandbox.credentials
    secrets = [quick_start["password"], cloud.session.headers["X-Auth-Token"], known["ak"]]
    secrets += [known[name].get_secret_value() for name in ("password", "sk")]
    assert not [secret for secret in secrets if secret in text] and "passw" not in text.lower()
    assert yaml.safe_load(text)["instances"][0]["name"] == "test-cassandra-01"


def test_a_file_that_keeps_goes_before_one_that_begins(build: Any, caller: Any, lesson: Path, tmp_path: Path) -> None:
    for expected in (3, 2):
        with Sandbox(path=tmp_path / "kept.db", port=None, world=lesson) as sandbox:
            cloud = caller(sandbox)
            instances = cloud("GET", "v3/instances").json()["instances"]
            assert len(instances) == expected
            gone = next(one["id"] for one in instances if one["name"] in ("orders", "metrics"))
            cloud("DELETE", f"v3/instances/{gone}")
            sandbox.advance(600)


WRONG = {
    "- a list": "WorldFile",
    "instances: [{name: ok-name, status: normal, flavour: 3}]": r"instance 0 \(ok-name\): flavour",
    "instances: [{name: '1'}]": r"instance 0 \(1\): name: 4 to 64",
    "instances: [{name: nowhere, vpc_id: none}]": r"nowhere\): .*VPC",
    "instances: [{nodes: []}]": "instance 0",
    "instances: [{name: tagged, tags: [team]}]": r"tagged\)",
    "jobs: [{id: x}]": "a job: ",
    "faults: [{where: CreateInstance, often: 3}]": "no often",
    "faults: [{where: Nothing}]": "Nothing",
    "faults: [{times: many}]": "a fault: times",
    "weather: fine": "weather",
    "clock: noon": "clock",
    "clock: [": "cannot be read",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said(text: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=WRONG[text]):
        Sandbox(port=None, world=path, path=tmp_path / "kept.db")
    Sandbox(port=None, path=tmp_path / "kept.db").close()  # nobody holds it
