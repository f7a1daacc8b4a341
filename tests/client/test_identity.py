"""What a creation made is told from its namesakes; absence is believed late; every way to create is guarded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import gaussnb as gn
from gaussnb import Client, quickstart
from gaussnb.client.likeness import differences, read_asked, rows_of
from gaussnb.client.marks import Mark
from gaussnb.core.paths import clean_path
from gaussnb.core.secrets import reveal
from gaussnb.nosql import engines
from gaussnb.nosql.instance_spec import Created, InstanceSpec
from gaussnb.nosql.service import SERVICE
from gaussnb.sandbox import Sandbox

CREATE = "CreateInstance"
EMPTY = b'{"instances": [], "total_count": 0}'
BODY = quickstart.body("cn-north-4")
REDIS = {
    "datastore": {"type": "redis", "version": "5.0", "storage_engine": "rocksDB"},
    "flavor": [{"num": 3, "size": 16, "storage": "ULTRAHIGH", "spec_code": "geminidb.redis.large.4"}],
}


def there(sandbox: Sandbox) -> list[str]:
    return sorted(one.id for one in sandbox._app.world.instances.values())


def sent(sandbox: Sandbox) -> int:
    return int((sandbox.requests["operation"] == CREATE).sum())


@contextmanager
def meanwhile(gdb: Client, act: Callable[[], object]) -> Iterator[None]:
    """Let something happen between the look before a create and the create."""
    once = gdb.creation.list_ids

    def look(name: str) -> Any:
        before = once(name)
        gdb.creation.list_ids = once  # type: ignore[method-assign]
        act()
        return before

    gdb.creation.list_ids = look  # type: ignore[method-assign]
    yield


# ------------------------------------------------------------------------------------- namesakes

OTHER: dict[str, tuple[dict[str, Any], str]] = {
    "engine": (REDIS, "engine is redis, not cassandra"),
    "mode": ({"mode": "CloudNativeCluster", "flavor": [{**BODY["flavor"][0], "spec_code":
              "geminidb.cassandra-geminifs.xlarge.4"}]}, "mode is CloudNativeCluster"),
    "nodes": ({"flavor": [{**BODY["flavor"][0], "num": 5}]}, "nodes is 5, not 3"),
    "storage": ({"flavor": [{**BODY["flavor"][0], "size": 600}]}, "storage_gb is 600"),
    "backups": ({"backup_strategy": {"start_time": "03:00-04:00", "keep_days": "5"}}, "backup_window is 03:00-04:00"),
    "encryption": ({"ssl_option": "1"}, "ssl is True, not False"),
    "zone": ({"availability_zone": "cn-north-4b"}, "availability_zone is cn-north-4b"),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHER)
def test_a_colleagues_namesake_is_not_recovered(what: str, sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    changes, says = OTHER[what]
    own = spec(ssl_option="0", backup_strategy={"start_time": "08:00-09:00", "keep_days": "8"})
    with sandbox.connect() as colleague:
        sandbox.inject(CREATE, drop="before", after=1)
        theirs = {"ssl_option": "0", "backup_strategy": {"start_time": "08:00-09:00", "keep_days": "8"}, **changes}
        told = pytest.raises(gn.UnknownOutcome, match="0 that may be it were found")
        with meanwhile(gdb, lambda: colleague.instances.create(spec(**theirs))), told as caught:
            gdb.instances.create(own)
    assert says in str(caught.value) and there(sandbox)[0] in str(caught.value)
    assert caught.value.candidates is not None and caught.value.candidates.empty
    assert gdb.made()[["outcome", "id"]].astype(object).fillna("").values.tolist() == [["unknown", ""]]


def test_among_namesakes_the_right_one_is_recovered(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    with sandbox.connect() as colleague:
        sandbox.inject(CREATE, drop="after", after=1)
        with meanwhile(gdb, lambda: colleague.instances.create(spec(**REDIS))):
            created = gdb.instances.create(spec())
    assert created.attrs["recovered"] and created["engine"].item() == "cassandra" and len(there(sandbox)) == 2


def test_an_older_namesake_that_was_listed_late_is_not_recovered(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    with sandbox.connect() as colleague:
        colleague.instances.create(spec())
    sandbox.advance(600)
    sandbox.inject("ListInstances", body=EMPTY)
    sandbox.inject(CREATE, drop="before")
    with pytest.raises(gn.UnknownOutcome, match="created before the request"):
        gdb.instances.create(spec())
    assert gdb.made()["outcome"].tolist() == ["unknown"]


def test_a_namesake_with_the_mark_of_another_request_is_not_recovered(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    assert SERVICE.set_mark is not None
    set_mark = SERVICE.set_mark
    with sandbox.connect() as colleague:

        def create() -> None:
            id = str(colleague.instances.create(spec())["id"].item())
            sandbox.advance(3600)
            colleague.send(set_mark(id, str(Mark("sha256:0123456789abcdef", 7, 1))))

        sandbox.inject(CREATE, drop="before", after=1)
        with meanwhile(gdb, create), pytest.raises(gn.UnknownOutcome, match="mark of another request"):
            gdb.instances.create(spec())
    assert gdb.made()["id"].isna().all()


def test_made_gives_each_unanswered_creation_its_own_thing(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    sandbox.inject(CREATE, drop="after", times=2)
    blind = sandbox.inject("ListInstances", body=EMPTY, times=None)
    for changes in ({}, REDIS):
        with pytest.raises(gn.UnknownOutcome):
            gdb.instances.create(spec(**changes))
    blind.remove()
    made = gdb.made().set_index("id")
    listed = gdb.instances.list().set_index("id")
    assert made["outcome"].tolist() == ["recovered", "recovered"]
    assert listed.loc[made.index, "engine"].tolist() == ["redis", "cassandra"]  # newest first


def test_no_thing_differs_from_its_own_request(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    asked = {}
    for mode in engines.modes():
        spec = InstanceSpec(
            **{
                **BODY,
                "password": canary,
                "datastore": {"type": mode.engine, "version": mode.versions[0], "storage_engine": "rocksDB"},
                "mode": mode.name,
                "flavor": [{"num": str(mode.nodes.low), "size": engines.storage(mode, mode.flavor).low,
                            "storage": "ULTRAHIGH", "spec_code": mode.flavor}],
                "product_type": mode.product_types[0] if mode.product_types else None,
                "backup_strategy": {"start_time": "08:00-09:00", "keep_days": "8"},
                "ssl_option": "1",
            }
        )  # fmt: skip
        asked[gdb.instances.create(spec)["id"].item()] = read_asked(SERVICE, Created, reveal(spec.wire()))
    columns = {"name", "engine", "mode", "nodes", "flavor", "storage_gb", "vpc_id", "subnet_id", "security_group_id",
               "availability_zone", "region", "backup_window", "keep_days", "ssl"}  # fmt: skip
    assert all(columns <= each.keys() for each in asked.values()) and canary not in json.dumps(asked)
    for _ in range(2):  # while they are made, and afterwards
        things = rows_of(gdb.instances.list())
        assert {thing["id"]: differences(SERVICE, asked[thing["id"]], "", thing) for thing in things} == {
            id: {} for id in asked
        }
        sandbox.advance(3600)


SAME = (
    ({"version": "3.11"}, {"version": "3.11.3.2"}),
    ({"version": "3.11.3"}, {"version": "3.11"}),
    ({"storage_gb": "500"}, {"storage_gb": 500}),
    ({"availability_zone": "a,b,c"}, {"availability_zone": "c, a"}),
    ({"nodes": 3}, {"nodes": 0}),
    ({"nodes": 3}, {"nodes": 1, "status": "creating"}),
    ({"port": "6379"}, {"port": None}),
    ({"mode": "Cluster"}, {"mode": "cluster"}),
    ({"version": ""}, {"version": "3.11"}),
)
NOT_SAME = (
    ({"version": "3.1"}, {"version": "3.11"}),
    ({"availability_zone": "a"}, {"availability_zone": "b"}),
    ({"nodes": 3}, {"nodes": 1, "status": "normal"}),
    ({"nodes": 3}, {"nodes": 5, "status": "creating"}),
    ({"port": 6379}, {"port": 6380}),
    ({"flavor": "a.large"}, {"flavor": "a.large.4"}),
)


@pytest.mark.parametrize(("asked", "thing"), SAME)
def test_what_a_service_writes_in_another_way_is_no_difference(asked: Any, thing: Any) -> None:
    assert differences(SERVICE, asked, "", thing) == {}


@pytest.mark.parametrize(("asked", "thing"), NOT_SAME)
def test_what_differs_is_named(asked: Any, thing: Any) -> None:
    assert list(differences(SERVICE, asked, "", thing)) == [next(iter(asked))]


# ------------------------------------------------------------------------------------- absence


@pytest.mark.parametrize("blind", [1, 2])
def test_a_thing_is_not_gone_after_one_empty_listing(blind: int, sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    gdb.instances.create(spec())
    sandbox.inject("ListInstances", body=EMPTY, times=blind)
    assert gdb.made()["status"].tolist() == ["creating"]


def test_a_confirmed_absence_is_noted_and_the_next_call_is_quick(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    ids = [gdb.instances.create(spec(name=name))["id"].item() for name in ("first", "second")]
    sandbox.advance(3600)
    gdb.instances.delete(ids[0])
    sandbox.advance(3600)

    def look() -> tuple[list[str], int, float]:
        began, before = sandbox.clock.time(), len(sandbox.requests)
        return gdb.made()["status"].tolist(), len(sandbox.requests) - before, sandbox.clock.time() - began

    assert look()[0] == ["normal", "gone"]
    status, requests, seconds = look()
    assert status == ["normal", "gone"] and requests == 1 and seconds < 15


def test_absence_takes_the_looks_and_the_seconds_of_the_patience(sandbox: Sandbox, spec: Any) -> None:
    with sandbox.connect(patience=gn.Patience(lag=40, absences=5)) as gdb:
        id = gdb.instances.create(spec())["id"].item()
        sandbox.advance(3600)
        gdb.instances.delete(id)
        sandbox.advance(3600)
        began, before = sandbox.clock.time(), len(sandbox.requests)
        assert gdb.made()["status"].tolist() == ["gone"]
        assert len(sandbox.requests) - before >= 5 and sandbox.clock.time() - began >= 40


def test_a_thing_that_is_listed_again_is_not_gone(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    gdb.instances.create(spec())
    blind = sandbox.inject("ListInstances", body=EMPTY, times=None)
    assert gdb.made()["status"].tolist() == ["gone"]
    blind.remove()
    gdb.instances.create(spec(name="second"))
    assert "gone" not in gdb.made()["status"].tolist()


def test_the_looks_for_a_lost_creation_belong_to_the_patience(sandbox: Sandbox, spec: Any) -> None:
    sandbox.inject(CREATE, drop="before")
    with sandbox.connect(patience=gn.Patience(looks=(1, 1))) as gdb, pytest.raises(gn.UnknownOutcome):
        gdb.instances.create(spec())
    assert int((sandbox.requests["operation"] == "ListInstances").sum()) == 3  # one before, two after


# ------------------------------------------------------------------------------------- requests

PATHS = (
    "/v3/{project_id}/instances",
    "/v3/{project_id}/instance%73",
    "/v3/{project_id}/%69nstances",
    "/v3/{project_id}/instances/",
    "//v3/{project_id}//instances",
    "/v3/./{project_id}/instances",
    "/v3/{project_id}/backups/../instances",
    "/v3/{project_id}/backups/%2e%2E/instances",
    "/v3/{project_id}/instances?x=1",
    "/v3/{project_id}/instances/?x=1&x=2",
)


def test_a_request_is_guarded_like_send(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    sandbox.inject(CREATE, drop="after", times=None)
    ids = [gdb.request("post", path, json=reveal(spec().wire()))["id"].item() for path in PATHS]
    assert sorted(ids) == there(sandbox) and sent(sandbox) == len(PATHS)
    gdb.instances.create(spec())
    made = gdb.made()
    assert made[["name", "outcome"]].values.tolist() == [[spec().name, "recovered"]] * (len(PATHS) + 1)
    assert len(set(made["digest"])) == 1


@pytest.mark.parametrize(
    "path",
    ["/v3/p/instances#a", "/v3/p\\instances", "/v3/p/instances;a=1", "/v3/p/inst\tances", "/v3/../../x", "/v3/p/%zz",
     "/v3/p/x%"],
)  # fmt: skip
def test_an_ambiguous_path_is_refused(path: str, sandbox: Sandbox, gdb: Client) -> None:
    before = len(sandbox.requests)
    with pytest.raises(ValueError, match=r"path"):
        gdb.request("POST", path, json={})
    assert len(sandbox.requests) == before


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("/v3/p/a%20b", "/v3/p/a%20b"),
        ("/v3/%7Eme/%2f", "/v3/~me/%2F"),
        ("/", "/"),
        ("/a/..", "/"),
        ("/%2573", "/%2573"),
    ],
)
def test_a_clean_path_stays_as_it_is(path: str, clean: str) -> None:
    assert clean_path(path) == (clean, ()) and clean_path(clean) == (clean, ())


def test_the_service_judges_a_body_that_breaks_our_rules(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    body = {**reveal(spec().wire()), "unknown_field": 1}
    assert gdb.request("POST", "/v3/{project_id}/instances", json=body)["id"].tolist() == there(sandbox)
    with pytest.raises(gn.ApiError):
        gdb.request("POST", "/v3/{project_id}/instances", json={"name": "wrong"})
    assert gdb.made()["outcome"].tolist() == ["refused", "accepted"]


def test_a_create_in_the_path_of_another_project_is_noted_there(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    sandbox.inject(CREATE, drop="before")
    with pytest.raises(gn.UnknownOutcome, match="could not be looked up"):
        gdb.request("POST", "/v3/other/instances", json=reveal(spec().wire()))
    assert gdb.made().empty and gdb.ledger.entries(gdb.endpoint, "other")[0]["outcome"] == "unknown"


def test_a_path_of_another_service_is_no_operation_of_this_one() -> None:
    with Client.open(
        endpoint="https://gaussdb-nosql.cn-north-4.myhuaweicloud.com", project_id="p", token="t", region="cn-north-4",
        iam_endpoint="https://iam.cn-north-4.myhuaweicloud.com", keep=False,
    ) as gdb:  # fmt: skip
        assert gdb._find("POST", "/v3/p/instances", "rds") is None
        for own in (None, "nosql", "gaussdb-nosql"):
            found = gdb._find("POST", "/v3/p/instances", own)
            assert found is not None and found[0] is InstanceSpec
