"""The client: send and request, pages, answers of any shape, endpoints and projects."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from making import example, made

import gaussnb as gn
from gaussnb import Client
from gaussnb.client import pages as paging
from gaussnb.client.progress import Seen
from gaussnb.core.rows import columns
from gaussnb.nosql.operations.instances import Instance, ListInstances, Node
from gaussnb.nosql.operations.jobs import ListJobs
from gaussnb.nosql.service import OPERATIONS
from gaussnb.sandbox import Sandbox

PROJECT = "0" * 32
PLACE = {"endpoint": "http://127.0.0.1:9", "token": "given", "project_id": PROJECT}


@pytest.fixture
def scripted(script: Any) -> Callable[..., tuple[Client, Any]]:
    """A client with scripted answers, and the requests that it sends."""

    def make(*steps: Any, **changes: Any) -> tuple[Client, Any]:
        adapter = script(*steps)
        patience = gn.Patience(tries=1, busy=0)
        return Client.open(adapter=adapter, patience=patience, keep=False, **{**PLACE, **changes}), adapter

    return make


def page(ids: range | list[int], total: int | None = None) -> tuple[int, Any]:
    instances = [{"id": f"{number:032x}in06", "name": f"n{number}", "status": "normal"} for number in ids]
    return 200, {"instances": instances} | ({} if total is None else {"total_count": total})


def offsets(adapter: Any) -> list[str]:
    return [sent.url.partition("?")[2] for sent in adapter.sent]


# ------------------------------------------------------------------------------------- all pages


@pytest.mark.parametrize("count", [1, 100, 101, 251, 1000])
def test_all_pages_are_read(count: int, server: Sandbox, fill: Any) -> None:
    ids = fill(server, count)
    with server.connect() as gdb:
        before = len(server.requests)
        frame = gdb.instances.list()
        asked = len(server.requests) - before - 1  # the login
    assert frame["id"].tolist() == ids[::-1]
    assert frame.attrs["total_count"] == count and frame.attrs["truncated"] is False
    assert asked == max(1, -(-count // 100))


def test_pages_are_fetched_at_the_same_time(server: Sandbox, fill: Any) -> None:
    fill(server, 251)
    at_once, most, lock = 0, 0, threading.Lock()
    with server.connect() as gdb:
        exchange = gdb._exchange

        def counted(*args: Any) -> Any:
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            try:
                threading.Event().wait(0.02)
                return exchange(*args)
            finally:
                with lock:
                    at_once -= 1

        gdb._exchange = counted  # type: ignore[method-assign]
        assert len(gdb.instances.list()) == 251
    assert most == 2


def test_one_page_is_one_page(sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    ids = fill(sandbox, 30)[::-1]
    frame = gdb.instances.list(limit=10)
    assert frame["id"].tolist() == ids[:10] and frame.attrs["truncated"] is True
    frame = gdb.instances.list(offset=25)
    assert frame["id"].tolist() == ids[25:] and frame.attrs["truncated"] is True
    frame = gdb.instances.list(offset=0, limit=30)
    assert frame["id"].tolist() == ids and frame.attrs["truncated"] is False
    assert frame.attrs["total_count"] == 30


def test_pages_are_read_without_a_total(scripted: Any) -> None:
    gdb, adapter = scripted(page(range(100)), page(range(100, 150)), page([]))
    frame = gdb.instances.list()
    assert len(frame) == 150
    assert offsets(adapter) == ["", "offset=100&limit=100", "offset=150&limit=100"]
    assert "total_count" not in frame.attrs and frame.attrs["truncated"] is False


@pytest.mark.parametrize("total", [None, 251, "251", 10**15, "many", -1, 2.5, True])
def test_reading_ends_if_the_service_ignores_offsets(total: Any, scripted: Any) -> None:
    gdb, adapter = scripted(page(range(100), total))
    frame = gdb.instances.list()
    assert frame["id"].nunique() == len(frame) == 100
    assert len(adapter.sent) <= 2 + paging.AHEAD
    assert frame.attrs["truncated"] is (total in (251, "251", 10**15))


def test_a_service_with_smaller_pages_than_requested(scripted: Any) -> None:
    gdb, adapter = scripted(page([]))

    def answer(request: Any, **how: Any) -> Any:
        query = dict(part.split("=") for part in request.url.partition("?")[2].split("&") if part)
        offset = int(query.get("offset", 0))
        adapter.steps = [page(range(offset, min(offset + 20, 130)), 130)]
        return type(adapter).send(adapter, request, **how)

    lock = threading.Lock()

    def one_by_one(request: Any, **how: Any) -> Any:
        with lock:
            return answer(request, **how)

    gdb._transport.adapter.send = one_by_one
    frame = gdb.instances.list()
    assert sorted(frame["name"]) == sorted(f"n{number}" for number in range(130))
    assert frame.attrs["truncated"] is False


def test_a_list_that_grows_meanwhile_loses_nothing(scripted: Any) -> None:
    # After 100 of 200 instances were read, a new one was added before them.
    gdb, adapter = scripted(page(range(100), 200), page(range(99, 199), 201), page([199], 201))
    frame = gdb.instances.list()
    assert frame["name"].tolist() == [f"n{number}" for number in range(200)]
    assert frame.attrs["total_count"] == 201 and frame.attrs["truncated"] is True
    assert offsets(adapter)[-1] == "offset=200&limit=100"


def test_a_list_that_shrinks_meanwhile_is_read_again(scripted: Any) -> None:
    # An instance of the first page was deleted, so number 100 moved from the second page to the first.
    gdb, _ = scripted(
        page(range(100), 150), page(range(101, 150), 149), page(range(1, 101), 149), page(range(101, 150), 149)
    )
    frame = gdb.instances.list()
    assert frame["name"].tolist() == [f"n{number}" for number in range(1, 150)]
    assert frame.attrs["truncated"] is False


def test_a_list_that_changes_at_each_reading_is_noted(scripted: Any) -> None:
    steps = [step for _ in range(3) for step in (page(range(100), 150), page(range(101, 149), 149))]
    frame = scripted(*steps)[0].instances.list()
    assert frame.attrs["truncated"] is True and frame["id"].is_unique


def test_paging_by_marker(scripted: Any) -> None:
    def vpcs(first: int, count: int) -> tuple[int, Any]:
        return 200, {"vpcs": [{"id": f"vpc-{number}", "name": "v"} for number in range(first, first + count)]}

    gdb, adapter = scripted(vpcs(0, 2000), vpcs(2000, 2000), vpcs(4000, 1))
    frame = gdb.vpcs.list()
    assert len(frame) == 4001 and frame.attrs["truncated"] is False
    assert offsets(adapter) == ["", "marker=vpc-1999", "marker=vpc-3999"]
    gdb, adapter = scripted(vpcs(0, 2000))  # ignores markers
    assert len(gdb.vpcs.list()) == 2000 and len(adapter.sent) == 2
    gdb, adapter = scripted(vpcs(0, 5))
    assert gdb.vpcs.list(limit=5).attrs["truncated"] is True and len(adapter.sent) == 1


def test_nodes_are_counted_by_their_instances(sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    fill(sandbox, 101)
    frame = gdb.instances.nodes()
    assert len(frame) == 303 and frame["id"].is_unique
    assert frame.attrs["total_count"] == 101 and frame.attrs["truncated"] is False


def test_an_error_on_a_later_page_is_an_error(server: Sandbox, fill: Any) -> None:
    fill(server, 301)
    server.inject("ListInstances", code="DBS.200001", after=2)
    with server.connect() as gdb, pytest.raises(gn.InvalidRequest):
        gdb.instances.list()


# ------------------------------------------------------------------------------------- whatever is answered

GARBAGE: dict[str, bytes] = {
    "html": b"<html><title>Welcome</title></html>",
    "cut off": b'{"instances": [{"id": "0a',
    "empty": b"",
    "null": b"null",
    "number": b"7",
    "text": b'"text"',
    "list": b"[]",
    "list of lists": b"[[[]]]",
    "no list": b'{"fine": true}',
    "list of numbers": b'{"instances": [1, 2], "jobs": [1], "flavors": [1], "vpcs": [1], "projects": [1], "tags": [1]}',
    "text for a list": b'{"instances": "no", "jobs": "no", "flavors": "no", "vpcs": "no"}',
    "number for a list": b'{"instances": 3, "jobs": 3, "flavors": 3, "vpcs": 3, "versions": 3}',
    "null for a list": b'{"instances": null, "jobs": null, "flavors": null, "vpcs": null, "projects": null}',
    "error with 200": b'{"error_code": "DBS.200001", "error_msg": "Parameter error."}',
    "deep": b'{"instances": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "not utf-8": b'{"instances": [{"id": "\xff\xfe"}]}',
    "surrogate": b'{"instances": [{"id": "\\ud800"}]}',
    "nan": b'{"instances": [{"id": NaN, "port": Infinity}], "total_count": NaN}',
}
WRONG: list[Any] = [
    None, True, 0, -1, 1.5, 1e308, 10**30, "", "x", "-", "NaN", "²", "9" * 400, [], {}, [[]], [None], {"a": {"b": []}},
    ["x", 1, None], [{"id": 1}], "2019-01-17T07:05:52", "2019-99-99T00:00:00", 8e15, -8e15, 10**18,
]  # fmt: skip


READS = [example(made(operation)) for operation in OPERATIONS.values() if operation.route.reads]


@pytest.mark.parametrize("what", GARBAGE)
def test_every_read_ends_in_bad_answer_or_a_frame(what: str, scripted: Any) -> None:
    for read in READS:
        operation = type(read)
        gdb, _ = scripted((200, GARBAGE[what]), iam_endpoint=PLACE["endpoint"])
        try:
            frame = gdb.send(read)
        except gn.BadAnswer as error:
            assert error.operation == operation.route.id and error.status == 200
        else:
            assert list(frame.columns) == [column.name for column in columns(operation.route.returns)]


@pytest.mark.parametrize("what", ["html", "cut off", "empty", "null", "no list", "text for a list", "error with 200"])
def test_an_answer_without_a_list_is_not_an_empty_list(what: str, scripted: Any) -> None:
    with pytest.raises(gn.BadAnswer):
        scripted((200, GARBAGE[what]))[0].instances.list()


def test_an_answer_without_a_list_and_with_total_0_is_empty(scripted: Any) -> None:
    assert len(scripted((200, {"total_count": 0}))[0].instances.list()) == 0
    assert len(scripted((200, {"instances": None, "total_count": 0}))[0].instances.list()) == 0


@pytest.mark.parametrize("row", [Instance, Node])
def test_no_wrong_type_anywhere_breaks_a_frame(row: Any, scripted: Any) -> None:
    want = scripted((200, {"instances": [], "total_count": 0}))[0].send(ListInstances(), row)
    plain = [name for name in want if want[name].dtype != "category"]
    for field in (
        "id",
        "name",
        "status",
        "actions",
        "port",
        "created",
        "ssl",
        "datastore",
        "groups",
        "backup_strategy",
    ):
        good = {"id": "i", "name": "n", "groups": [{"id": "g", "nodes": [{"id": "k"}]}]}
        gdb, _ = scripted((200, {"instances": [{**good, field: wrong} for wrong in WRONG], "total_count": 1}))
        frame = gdb.send(ListInstances(limit=100), row)
        assert list(frame.columns) == list(want.columns)
        assert (frame[plain].dtypes == want[plain].dtypes).all()


def test_unknown_fields_are_left_out(scripted: Any) -> None:
    item = {"id": "i", "name": "n", "status": "normal", "novel": {"thing": 1}}
    frame = scripted((200, {"instances": [item], "total_count": 1, "more": []}))[0].instances.list()
    assert frame["id"].tolist() == ["i"] and "novel" not in frame


def test_rows_without_ids_are_not_taken_for_repeats(scripted: Any) -> None:
    frame = scripted((200, {"instances": [{"name": "a"}, {"name": "b"}], "total_count": 2}))[0].instances.list()
    assert frame["name"].tolist() == ["a", "b"]


def test_thirty_megabytes_are_read(scripted: Any) -> None:
    big = {"id": "i", "name": "n" * 30_000_000}
    frame = scripted((200, {"instances": [big], "total_count": 1}))[0].instances.list()
    assert len(frame["name"].iloc[0]) == 30_000_000


def test_a_receipt_is_one_row_with_what_was_asked(scripted: Any) -> None:
    for body in (b'{"job_id": "j"}', b'{"order_id": "o"}', b'{"job_id": "j", "novel": [1]}'):
        gdb, _ = scripted((202, body))
        receipt = gdb.instances.restart("a" * 32 + "in06")
        assert len(receipt) == 1 and receipt["instance_id"].iloc[0] == "a" * 32 + "in06"


def test_a_write_with_a_lost_answer_has_an_unknown_outcome(sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    (id,) = fill(sandbox, 1)
    sandbox.inject("RestartInstance", drop="after")
    with pytest.raises(gn.UnknownOutcome, match="look before"):
        gdb.instances.restart(id)
    assert (sandbox.requests["operation"] == "RestartInstance").sum() == 1


def test_an_instance_that_gets_free_meanwhile_is_restarted(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    created = gdb.instances.create(spec())
    sandbox.advance(3600)
    gdb.instances.restart(created["id"].iloc[0])
    sandbox.advance(180 - 25)
    assert len(gdb.instances.restart(created["id"].iloc[0])) == 1


def test_an_instance_that_stays_busy_is_busy(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    created = gdb.instances.create(spec())
    before = sandbox.clock.time()
    with pytest.raises(gn.Busy):
        gdb.instances.restart(created["id"].iloc[0])
    assert sandbox.clock.time() - before == pytest.approx(30, abs=1)


# ------------------------------------------------------------------------------------- attrs


def test_attrs_are_plain_and_survive_parquet(gdb: Client, tmp_path: Path) -> None:
    for frame in (gdb.instances.list(), gdb.flavors.list(engine_name="cassandra"), gdb.vpcs.list(), gdb.login()):
        assert all(value is None or isinstance(value, (str, int, float, bool)) for value in frame.attrs.values())
        assert json.loads(json.dumps(frame.attrs)) == frame.attrs
        frame.to_parquet(tmp_path / "frame.parquet")
        back = pd.read_parquet(tmp_path / "frame.parquet")
        assert back.attrs == frame.attrs and list(back.columns) == list(frame.columns)


def test_attrs_name_the_call(gdb: Client, sandbox: Sandbox) -> None:
    frame = gdb.instances.list()
    assert frame.attrs["operation"] == "ListInstances" and frame.attrs["endpoint"] == sandbox.endpoint
    assert frame.attrs["request_id"] == sandbox.requests["request_id"].iloc[-1]
    assert pd.Timestamp(frame.attrs["fetched_at"]).tzinfo is not None


# ------------------------------------------------------------------------------------- request()


def test_request_recognises_declared_operations(sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    fill(sandbox, 3)
    frame = gdb.request("get", "/v3/{project_id}/instances", params={"limit": 2, "name": None})
    assert list(frame.columns) == list(gdb.instances.list().columns) and len(frame) == 2
    assert sandbox.requests["path"].iloc[-2].endswith("/instances?limit=2")
    renamed = gdb.request("PUT", f"/v3/{{project_id}}/instances/{frame['id'].iloc[0]}/name", json={"name": "other"})
    assert renamed[["operation", "instance_id", "name"]].iloc[0].tolist() == [
        "UpdateInstanceName", frame["id"].iloc[0], "other",
    ]  # fmt: skip
    vpcs = gdb.request("GET", "/v1/{project_id}/vpcs")
    assert vpcs.attrs["operation"] == "ListVpcs" and len(vpcs)


@pytest.mark.parametrize("what", [name for name in GARBAGE if name not in ("html", "cut off", "deep", "not utf-8")])
def test_undeclared_answers_become_a_frame(what: str, scripted: Any) -> None:
    try:
        frame = scripted((200, GARBAGE[what]))[0].request("GET", "/v3/{project_id}/novel")
    except gn.BadAnswer:
        return
    assert isinstance(frame, pd.DataFrame) and frame.attrs["operation"] == f"GET /v3/{PROJECT}/novel"


def test_an_undeclared_list_is_one_row_per_record(scripted: Any) -> None:
    gdb, adapter = scripted((200, {"total": 2, "things": [{"id": 1, "of": {"name": "a"}}, {"id": 2}]}))
    frame = gdb.request("POST", "/v3/{project_id}/things", params={"flag": True, "tag": ["x", "y"]}, json={"a": 1})
    assert frame["id"].tolist() == [1, 2] and frame["of.name"].iloc[0] == "a"
    assert adapter.sent[0].url.endswith("/things?flag=true&tag=x&tag=y") and adapter.sent[0].body == b'{"a": 1}'


def test_a_lost_answer_to_a_raw_write_is_unknown(scripted: Any) -> None:
    with pytest.raises(gn.UnknownOutcome):
        scripted((502, b""))[0].request("POST", "/v3/{project_id}/novel", json={})


def test_a_raw_create_is_as_careful_as_any(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    sandbox.inject("CreateInstance", drop="after")
    created = gdb.request("POST", "/v3/{project_id}/instances", json=spec().wire())
    assert created.attrs["recovered"] is True
    assert gdb.made()["id"].tolist() == created["id"].tolist() == gdb.instances.list()["id"].tolist()


@pytest.mark.parametrize("path", ["", ".evil.example/x", "@evil.example/", "v3/x", ":443/x"])
def test_no_path_leads_to_another_host(path: str, scripted: Any) -> None:
    gdb, adapter = scripted((200, {}))
    with pytest.raises(ValueError, match="begins with /"):
        gdb.request("GET", path)
    assert not adapter.sent


@pytest.mark.parametrize("service", ["evil.example/", "", "a@b", "VPC", "vpc.x"])
def test_no_service_is_another_host(service: str, scripted: Any) -> None:
    gdb, adapter = scripted((200, {}))
    with pytest.raises(ValueError, match="service"):
        gdb.request("GET", "/v1/x", service=service)
    assert not adapter.sent


# ------------------------------------------------------------------------------------- where


@pytest.mark.parametrize(
    ("place", "vpc"),
    [
        ({"region": "cn-north-4"}, "https://vpc.cn-north-4.myhuaweicloud.com"),
        ({"region": "eu-west-101"}, "https://vpc.eu-west-101.myhuaweicloud.eu"),
        ({"endpoint": "https://gaussdb-nosql.new-1.example.org:8443"}, "https://vpc.new-1.example.org:8443"),
        ({"endpoint": "https://gateway.example.org", "region": "cn-north-4"}, "https://gateway.example.org"),
        ({"endpoint": "http://127.0.0.1:8080", "region": "cn-north-4"}, "http://127.0.0.1:8080"),
        ({"endpoint": "http://gaussdb-nosql.localhost:8080"}, "http://gaussdb-nosql.localhost:8080"),
    ],
)
def test_endpoints_of_other_services(place: dict[str, str], vpc: str) -> None:
    with Client.open(token="t", project_id=PROJECT, keep=False, **place) as gdb:
        assert gdb._access.endpoint_of("vpc") == vpc
        assert gdb._access.endpoint_of("nosql") == gdb.endpoint


def test_iam_has_an_address_of_its_own() -> None:
    with Client.open(token="t", region="cn-north-4", keep=False) as gdb:
        assert gdb._access.endpoint_of("iam") == "https://iam.cn-north-4.myhuaweicloud.com"
    with Client.open(**PLACE, keep=False) as gdb, pytest.raises(gn.CredentialsError, match="iam_endpoint"):
        gdb.projects.list()


def test_repr_and_attributes(gdb: Client, sandbox: Sandbox) -> None:
    assert repr(gdb) == "<gaussnb cn-north-4 at sandbox>"
    text = gdb._repr_markdown_()
    assert text.startswith("**gaussnb cn-north-4 at sandbox**") and "`gdb.instances`" in text and "`create`" in text
    with Client.open(token="t", region="cn-north-4", project_id=PROJECT, keep=False) as real:
        assert repr(real) == "<gaussnb cn-north-4 at gaussdb-nosql.cn-north-4.myhuaweicloud.com>"
    assert gdb.region == "cn-north-4" and gdb.project_id == sandbox.project_id


def test_a_closed_client_watches_nothing(gdb: Client) -> None:
    gdb.close()
    gdb.close()
    with pytest.raises(gn.GaussnbError, match="closed"):
        gdb.watch("x")


def test_histories_and_rows_have_one_schema_whatever_is_in_them() -> None:
    from gaussnb.core.frames import frame_from

    for row in (Seen, Instance):
        empty = frame_from(row, [])
        assert (frame_from(row, [{}, {}]).dtypes == empty.dtypes).all()


def test_jobs_are_read_by_the_pages_they_come_in(scripted: Any) -> None:
    def jobs(first: int, count: int) -> tuple[int, Any]:
        return 200, {"jobs": [{"id": f"j{number}"} for number in range(first, first + count)], "total_count": 70}

    gdb, adapter = scripted(jobs(0, 50), jobs(50, 20))
    assert len(gdb.send(ListJobs())) == 70 and offsets(adapter) == ["", "offset=50&limit=50"]
