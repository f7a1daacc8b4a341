"""World files: reading and writing."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml

from gaussnb.sandbox import Sandbox
from gaussnb.sandbox.behaviours import BEHAVIOURS
from gaussnb.sandbox.engine.tables import Task
from gaussnb.sandbox.world import KINDS, Instance

PASSWORD = "-".join(["Not", "A", "Real", "1"])
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
def test_a_world_continues_from_its_export(kind: str, build: Any, caller: Any, tmp_path: Path, redis: Any) -> None:
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


def test_running_work_keeps_its_remaining_time(build: Any, caller: Any, tmp_path: Path) -> None:
    first = build(start=None, speed=1)
    made = caller(first).create().json()["id"]
    first.advance(400)  # of 420
    first.export(tmp_path / "world.json")
    told = json.loads((tmp_path / "world.json").read_text())
    second = build(start=None, speed=5, world=tmp_path / "world.json")
    assert not second.clock.standing and second.clock.speed == 1 and "clock" not in told
    cloud = caller(second)
    (job,) = second._app.world.tasks.values()
    left = told["things"]["job"][0]["end"] - first._app.world.tasks[job.id].end
    assert left == 0 and abs(job.end - second.clock.time() - 20) < 15
    assert cloud.instance(made)["status"] == "creating"
    second.advance(60)
    assert cloud.instance(made)["status"] == "normal"


BACKED_UP = """
clock: 2026-01-01T09:00:00
instances: [{name: orders}, {name: full-up, status: data_disk_full}]
backups:
  - {name: yesterday, instance: orders, begin: 2025-12-31T08:00:00}
  - {name: just-now, instance: full-up, description: the last}
"""


def test_a_lesson_has_backups(build: Any, tmp_path: Path) -> None:
    path = tmp_path / "training.yaml"
    path.write_text(BACKED_UP)
    with build(world=path).connect() as gdb:
        shown = gdb.backups.list(backup_type="Manual").set_index("name")
        assert shown["instance_name"].to_dict() == {"just-now": "full-up", "yesterday": "orders"}
        assert set(shown["status"]) == {"COMPLETED"} and shown["description"]["just-now"] == "the last"
        assert str(shown["begin_time"]["yesterday"]) == "2025-12-31 08:00:00+00:00"
        assert gdb.instances.list().set_index("name")["status"]["full-up"] == "data_disk_full"
        (id,) = gdb.instances.list(name="orders")["id"]
        gdb.wait(gdb.backups.restore(id, backup_id=shown["id"]["yesterday"]))
        assert "RestoreInstance" in set(gdb.jobs.list()["name"])


def things(sandbox: Sandbox) -> dict[str, list[Any]]:
    world = sandbox._app.world
    return {table.name: list(table.values()) for table in world.tables.values() if table}


def example(kind: type[Any], instance_id: str) -> Any:
    """One thing of a kind, every field with some value."""
    hints = get_type_hints(kind)
    made: dict[str, Any] = {}
    for one in fields(kind):
        if one.name == "instance_id" or (one.name == "id" and "instance_id" not in hints):
            made[one.name] = instance_id
        elif one.default is MISSING and one.default_factory is MISSING:
            made[one.name] = VALUES[str(hints[one.name])]
    return kind(**made)


VALUES: dict[str, Any] = {
    str(str): "word", str(float): 1.5e9, str(int): 7, str(list[str]): ["a", "b"], str(dict[str, str]): {"a": "b"},
    str(bool): True, str(int | None): None,
}  # fmt: skip


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_every_kind_of_thing_survives(kind: str, build: Any, make: Any, sandbox: Any, tmp_path: Path) -> None:
    BEHAVIOURS.load()
    id = make("redis")
    for thing in set(KINDS.values()) - {Instance, Task}:
        sandbox._app.world.table(thing).put(example(thing, id))
    sandbox._app.world.table(KINDS["redis clients"]).put(KINDS["redis clients"]("node", id, {1: 2}, {1: 1.5e9}))
    sandbox.export(tmp_path / f"world.{kind}")
    again = build(world=tmp_path / f"world.{kind}")
    assert things(again) == things(sandbox) and things(again).keys() == KINDS.keys()


def test_a_restored_world_continues_like_before(build: Any, gdb: Any, sandbox: Any, make: Any, tmp_path: Path) -> None:
    """Backups, templates, policies, accounts and the recycle bin, with work going on."""
    redis, doomed, busy = make("redis", "CloudNativeCluster"), make(name="doomed"), make(name="busy")
    gdb.backups.create(busy, name="by-hand", description="kept")
    gdb.configurations.create("mine", datastore={"type": "cassandra", "version": "3.11"}, values={})
    guest = {"name": "guest", "password": PASSWORD, "databases": ["0"], "privilege": "ReadOnly"}
    gdb.redis_accounts.create(redis, [guest])
    sandbox.advance(60)
    gdb.recycle_bin.set_policy(3)
    gdb.instances.delete(doomed)
    sandbox.advance(500)
    gdb.instances.restart(busy)
    sandbox.inject("DeleteInstance", fail="no")
    gdb.instances.delete(redis)
    assert {"backup", "template", "recycled", "recycle_policy", "redis account", "job"} <= things(sandbox).keys()
    sandbox.export(tmp_path / "world.json")
    again = build(world=tmp_path / "world.json")
    for one in (sandbox, again):
        one.advance(4 * 86_400)
    assert things(again) == things(sandbox)


def test_references_are_checked(build: Any, make: Any, sandbox: Any, tmp_path: Path) -> None:
    make("redis")
    path = tmp_path / "world.json"
    sandbox.export(path)
    told = path.read_text()
    for change, says in (
        (lambda things: things["instance"][0].update(vpc_id="no"), "things.instance.0.vpc_id: .*; there are "),
        (lambda things: things["instance"][0].update(subnet_id="no"), "things.instance.0.subnet_id"),
        (lambda things: things["instance"][0]["nodes"][1].update(subnet_id="no"), "instance.0.nodes.1.subnet_id"),
        (lambda things: things["instance"][0]["nodes"][1].update(odd="no"), "instance.0.nodes.1.odd: there is no such"),
        (lambda things: things["instance"][0].update(spec_code="no"), "things.instance.0.spec_code"),
        (lambda things: things["instance"][0].update(status="happy"), "instance.0.status: .*createfail"),
        (lambda things: things["instance"][0].update(mode="no"), "things.instance.0.mode: .*CloudNativeCluster"),
        (lambda things: things["instance"][0].update(size=-5), "things.instance.0.size: "),
        (lambda things: things["instance"][0].update(used="much"), "things.instance.0.used: "),
        (lambda things: things["instance"][0].update(tags=["no"]), "things.instance.0.tags: "),
        (lambda things: things["instance"][0].update(hue="red"), "things.instance.0.hue: there is no such field"),
        (lambda things: things["instance"].append(things["instance"][0]), "things.instance.1.id: there are two"),
        (lambda things: things["job"][0].update(work="Play"), "things.job.0.work"),
        (lambda things: things["job"][0].update(status="Happy"), "things.job.0.status"),
        (lambda things: things["job"][0].update(status="Running", instance_id="no"), "things.job.0.instance_id"),
        (lambda things: things["job"].append({"id": "x"}), "things.job.*: "),
        (lambda things: things.update({"seconds monitoring": [{"id": "no"}]}), "things.seconds monitoring.0.id"),
    ):
        wrong = json.loads(told)
        change(wrong["things"])
        path.write_text(json.dumps(wrong))
        with pytest.raises(ValueError, match=f"world.json: .*{says}"):
            build(world=path)


def test_no_secret_is_in_a_world_file(build: Any, caller: Any, tmp_path: Path, quick_start: Any) -> None:
    sandbox = build()
    cloud = caller(sandbox)
    cloud.made()
    sandbox.export(tmp_path / "world.yaml")
    text = (tmp_path / "world.yaml").read_text()
    known = sandbox.credentials
    secrets = [quick_start["password"], cloud.session.headers["X-Auth-Token"], known["ak"]]
    secrets += [known[name].get_secret_value() for name in ("password", "sk")]
    assert not [secret for secret in secrets if secret in text] and "passw" not in text.lower()
    assert yaml.safe_load(text)["things"]["instance"][0]["name"] == "test-cassandra-01"


def test_a_state_file_goes_before_a_world_file(build: Any, caller: Any, lesson: Path, tmp_path: Path) -> None:
    for expected in (3, 2):
        with Sandbox(path=tmp_path / "kept.db", port=None, world=lesson) as sandbox:
            cloud = caller(sandbox)
            instances = cloud("GET", "v3/instances").json()["instances"]
            assert len(instances) == expected
            gone = next(one["id"] for one in instances if one["name"] in ("orders", "metrics"))
            cloud("DELETE", f"v3/instances/{gone}")
            sandbox.advance(600)


WRONG = {
    "- a list": "wrong.yaml: ",
    "instances: [{name: ok-name, status: normal, flavour: 3}]": "instances.0.flavour: there is no such field",
    "instances: [{name: '1'}]": "instances.0.name: 4 to 64",
    "instances: [{name: nowhere, vpc_id: none}]": "instances.0: .*VPC",
    "instances: [{name: happy, status: happy}]": "instances.0.status: .*'normal', 'creating'",
    "instances: [{name: tagged, tags: [team]}]": "instances.0.tags: .*dictionary",
    "instances: [{name: tagged, tags: {team: [blue]}}]": "instances.0.tags.team: .*string",
    "instances: [orders]": "instances.0: ",
    "backups: [{name: saved, instance: nobody}]": "backups.0.instance: there is no such",
    "instances: [{name: twin}, {name: twin}]\nbackups: [{name: saved, instance: twin}]": "backups.0.instance: .*an id",
    "instances: [{name: orders}]\nbackups: [{name: '1', instance: orders}]": "backups.0.name: 4 to 64",
    "instances: [{name: orders}]\nbackups: [{name: saved, instance: orders, begin: 2999-01-01}]": "backups.0.begin: ",
    "instances: [{name: orders, status: createfail}]\nbackups: [{name: saved, instance: orders}]": "createfail",
    "backups: [{name: saved}]": "backups.0.instance: this field is required",
    "things: {weather: []}\nquota: few": "quota",
    "things: {weather: [{}]}": "things.weather.0: .*backup, ",
    "faults: [{where: CreateInstance}, {where: CreateInstance, often: 3}]": "faults.1.often: there is no such field",
    "faults: [{where: CreateInstance}, {where: Nothing}]": "faults.1: .*Nothing",
    "faults: [{times: many}]": "faults.0.times",
    "faults: [{times: true}]": "faults.0.times",
    "weather: fine": "weather: there is no such field",
    "clock: noon": "clock",
    "speed: 0": "speed: .*greater than 0",
    "speed: -3": "speed: .*greater than 0",
    "quota: -1": "quota: .*greater than or equal to 0",
    "clock: [": "cannot be read: line 1: ",
    "clock: 2026-13-45": "cannot be read: ",
    "seed: 1\nclock: {a: 1\n\nhush: hush\tx: %": "cannot be read: line 4: ",
    "clock: *hush": "cannot be read: line 1: .*undefined alias$",
}


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "world.yaml").write_bytes(b"instances: [{name: caf\xe9}]")
    with pytest.raises(ValueError, match="cannot be read: byte 22 is no UTF-8"):
        Sandbox(port=None, world=tmp_path / "world.yaml")


@pytest.mark.parametrize(
    ("arguments", "says"), [({"quota": -1}, "quota"), ({"port": 70_000}, "port"), ({"speed": 0}, "speed")]
)
def test_impossible_arguments(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Sandbox(**{"port": None, **arguments})


def test_the_speed_of_a_standing_clock_is_kept(build: Any, tmp_path: Path) -> None:
    build(speed=7).export(tmp_path / "world.json")
    assert build(world=tmp_path / "world.json").clock.speed == 7


def test_a_state_file_keeps_quota_speed_and_faults(caller: Any, lesson: Path, tmp_path: Path) -> None:
    def calls(sandbox: Sandbox, count: int) -> list[int]:
        cloud = caller(sandbox)
        return [cloud("GET", "v3/quotas").status_code for _ in range(count)]

    kept = {"path": tmp_path / "kept.db", "port": None}
    with Sandbox(**kept, quota=4, speed=9, world=lesson) as sandbox:  # type: ignore[arg-type]
        assert sandbox._app.world.quota == 3  # the lesson's
        sandbox.inject("ShowQuotas", body=b"\xff", headers={"X-Odd": "1"}, status=500, times=3)
        assert calls(sandbox, 2) == [500, 500]
    for more, (quota, speed) in (
        ({}, (3, 9)), ({"world": lesson}, (3, 9)), ({"quota": 5, "speed": 2}, (5, 2)), ({}, (5, 2)),
    ):  # fmt: skip
        with Sandbox(**kept, **more) as sandbox:  # type: ignore[arg-type]
            assert (sandbox._app.world.quota, sandbox.clock.speed) == (quota, speed)
            assert [fault.where for fault in sandbox._app.faults.left()] == ["RestartInstance", "ShowQuotas"]
    with Sandbox(**kept) as sandbox:  # type: ignore[arg-type]
        assert calls(sandbox, 2) == [500, 200]


@pytest.mark.parametrize("text", WRONG)
def test_errors_name_the_place_in_the_file(text: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=WRONG[text]) as refused:
        Sandbox(port=None, world=path, path=tmp_path / "kept.db")
    assert "wrong.yaml" in str(refused.value) and "hush" not in str(refused.value)
    Sandbox(port=None, path=tmp_path / "kept.db").close()  # nobody holds it
