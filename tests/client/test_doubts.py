"""Writes in doubt: only the service's own words are a refusal, and only what an operation documents is a success."""

from __future__ import annotations

import json
from typing import Any

import pytest
from making import example, full, made

import gaussnb as gn
from gaussnb import Client
from gaussnb.core.answers import check_receipt, receipt_of
from gaussnb.core.operation import Operation
from gaussnb.core.refusals import is_own_answer
from gaussnb.nosql.service import OPERATIONS
from gaussnb.sandbox import Sandbox

PROJECT = "0" * 32
WRITES = {id: kind for id, kind in OPERATIONS.items() if not kind.route.reads and kind.route.signed}
"""Every declared write."""
SIGNED = {"X-Request-Id": "r" * 32}
ID = "a" * 32 + "in06"


def ask(step: Any, script: Any, **patience: Any) -> tuple[Client, Any]:
    adapter = script(step)
    place = {
        "endpoint": "http://127.0.0.1:9",
        "iam_endpoint": "http://127.0.0.1:9",
        "token": "t",
        "project_id": PROJECT,
    }
    return Client.open(adapter=adapter, patience=gn.Patience(tries=2, busy=0, **patience), keep=False, **place), adapter


# ------------------------------------------------------------------------------------- success

NO_SUCCESS = {
    "HTML": b"<html><title>Welcome to the hotel</title></html>",
    "text": b"OK",
    "cut off": b'{"job_id": "0a',
    "list": b"[]",
    "list of nothing": b"[null]",
    "number": b"7",
    "an error": b'{"error_code": "DBS.200001", "error_msg": "Parameter error."}',
    "an error inside": b'{"error": {"error_code": "DBS.200001", "error_msg": "Parameter error."}}',
}
EMPTY = [b"", b" ", b"{}"]
PORTAL = b'{"login": "http://portal.example/", "result": 0}'


def test_a_success_is_what_the_operation_documents() -> None:
    for id, kind in WRITES.items():
        row = kind.route.returns
        documents_a_body = bool(row.at or receipt_of(row))

        def fits(body: bytes, row: Any = row, **how: Any) -> bool:
            try:
                check_receipt(body, row, **how)
            except ValueError:
                return False
            return True

        answer = full(row)
        assert fits(json.dumps(answer).encode(), signed=True), id
        assert fits(json.dumps({**answer, "novel": {"thing": 1}}).encode(), signed=True), id
        assert [what for what, body in NO_SUCCESS.items() if fits(body, signed=True)] == [], id
        assert not fits(PORTAL), id
        assert [fits(body) for body in EMPTY] == [not documents_a_body] * len(EMPTY), id
        assert fits(PORTAL, signed=True) is not documents_a_body, id
        for name in receipt_of(row):
            for nothing in (None, "", 7, [], {}):
                assert not fits(json.dumps({name: nothing}).encode(), signed=True), (id, name, nothing)


@pytest.mark.parametrize("step", [(200, {}), (202, b"null"), (200, b"[]"), (200, PORTAL), (204, b""), (200, b"<html>")])
def test_nodes_that_nobody_confirms_are_in_doubt(step: Any, script: Any) -> None:
    gdb, adapter = ask((*step, SIGNED), script)
    with pytest.raises(gn.UnknownOutcome, match="may have been done: look") as caught:
        gdb.nodes.add(ID, 2)
    error = caught.value
    assert (error.operation, error.name, error.status) == ("ExpandInstanceNode", ID, step[0])
    assert error.request_id == SIGNED["X-Request-Id"] and error.reason in str(error)
    assert len(adapter.sent) == 1 and error.__context__ is None and error.__cause__ is None


def test_an_undeclared_write_needs_json_of_somebody(script: Any) -> None:
    for body, fine in ((b'{"a": 1}', True), (b"", True), (b"[]", True), (b"<html>", False), (b"7", False)):
        gdb, _ = ask((200, body), script)
        if fine:
            assert gdb.request("POST", "/v3/{project_id}/undeclared", json={}).attrs["operation"]
        else:
            with pytest.raises(gn.UnknownOutcome):
                gdb.request("POST", "/v3/{project_id}/undeclared", json={})


# ------------------------------------------------------------------------------------- refusal

FOREIGN: list[Any] = [
    *((status, b"") for status in (300, 301, 304, 307, 400, 401, 402, 403, 404, 405, 407, 408, 409, 410, 413, 418)),
    *((status, b"") for status in (421, 423, 425, 429, 431, 451, 500, 501, 502, 503, 504, 511, 520, 599)),
    (100, b""), (101, b""), (103, b""),
    (403, b"<html><h1>Blocked by policy</h1></html>"), (429, "slow down"), (401, {"message": "no"}),
    (403, {"code": 403, "message": "no"}), (403, {"code": "Forbidden", "message": "no"}),
    (429, {"error": "rate_limited", "error_description": "x"}), (401, {"error": {"code": 401, "message": "x"}}),
    (401, {"error": {"code": 403, "title": "Unauthorized", "message": "x"}}),
    (403, {"errors": [{"error_code": "DBS.200019", "error_msg": "quoted"}]}),
    (400, b'{"error_code": "DBS.200001", "error_m'), (409, b"\xff\xfe"), (404, b"[" * 5000),
]  # fmt: skip
OWN: list[Any] = [
    (400, {"error_code": "DBS.200001", "error_msg": "x"}), (403, {"error_code": "APIGW.0302", "error_msg": "x"}),
    (403, {"errCode": "DBS.280032", "errMsg": "x"}), (403, {"error": {"error_code": "IAM.0002", "error_msg": "x"}}),
    (404, {"code": "VPC.0202", "message": "x"}), (400, {"error_code": "CBC.0101", "error_msg": "x"}),
    (404, {"error": {"code": 404, "title": "Not Found", "message": "x"}}),
]  # fmt: skip


def raw(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def test_own_answers_are_told_from_foreign_ones() -> None:
    assert [step for step in FOREIGN if is_own_answer(step[0], {}, raw(step[1]))] == []
    assert [step for step in OWN if not is_own_answer(step[0], {}, raw(step[1]))] == []
    assert not is_own_answer(200, {}, raw(OWN[0][1]))


def test_every_write_with_a_foreign_answer_is_in_doubt_and_not_sent_again(script: Any) -> None:
    for number, kind in enumerate(kind for kind in WRITES.values() if not kind.route.creates):
        operation: Operation = example(made(kind))
        for step in FOREIGN[number % 4 :: 4]:
            gdb, adapter = ask(step, script)
            with pytest.raises(gn.UnknownOutcome) as caught:
                gdb.send(operation)
            assert caught.value.operation == kind.route.id and caught.value.status == step[0]
            assert len(adapter.sent) == 1
            gdb.close()


@pytest.mark.parametrize("step", OWN)
def test_the_words_of_the_service_are_a_refusal(step: Any, script: Any) -> None:
    gdb, adapter = ask(step, script)
    with pytest.raises(gn.ApiError):
        gdb.instances.delete(ID)
    assert len(adapter.sent) == 1


@pytest.mark.parametrize("status", [401, 408, 425, 429, 503])
def test_a_create_with_a_foreign_answer_is_looked_up_and_made_once(status: int, gdb: Client, spec: Any) -> None:
    gdb.login()
    adapter: Any = gdb._transport.adapter
    send, served = adapter.send, []

    def lie(request: Any, **how: Any) -> Any:
        response = send(request, **how)
        if request.method == "POST" and request.url.endswith("/instances"):
            served.append(response.status_code)
            response.status_code, response._content = status, b""
        return response

    adapter.send = lie
    frame = gdb.instances.create(spec())
    assert served == [202] and frame.attrs["recovered"] is True
    assert frame["id"].tolist() == gdb.instances.list()["id"].tolist()


def test_a_login_may_be_repeated(script: Any, sandbox: Sandbox) -> None:
    gdb = sandbox.connect()
    sandbox.inject("KeystoneCreateUserTokenByPassword", status=503, body=b"", times=1)
    assert len(gdb.login()) == 1
    gdb.close()


def test_the_answer_of_a_delete_that_cannot_be_read_is_in_doubt(gdb: Client, sandbox: Sandbox, fill: Any) -> None:
    (id,) = fill(sandbox, 1)
    sandbox.inject("DeleteInstance", body=b"<html>done?</html>")
    with pytest.raises(gn.UnknownOutcome, match="look before") as caught:
        gdb.instances.delete(id)
    assert caught.value.name == id and caught.value.status == 200 and caught.value.request_id


# ------------------------------------------------------------------------------------- texts

HALF = "caf\ud800"


def test_half_a_surrogate_pair_is_refused_before_the_sending(script: Any, canary: str) -> None:
    gdb, adapter = ask((200, {}), script)
    calls = [
        lambda: gdb.request("POST", "/v3/{project_id}/x", json={"password": canary, "name": [HALF]}),
        lambda: gdb.request("POST", "/v3/{project_id}/x", json={"password": canary, HALF: 1}),
        lambda: gdb.request("POST", "/v3/{project_id}/x", json=[HALF, canary]),
        lambda: gdb.request("GET", "/v3/{project_id}/x", params={"name": HALF, "password": canary}),
        lambda: gdb.request("GET", f"/v3/{{project_id}}/{HALF}"),
        lambda: gdb.instances.list(name=HALF),
        lambda: gdb.jobs.get(HALF),
    ]
    for call in calls:
        with pytest.raises((gn.GaussnbError, ValueError)) as caught:
            call()
        assert not isinstance(caught.value, UnicodeError) and canary not in str(caught.value)
        assert caught.value.__context__ is None or not isinstance(caught.value.__context__, UnicodeError)
    assert not adapter.sent
    with pytest.raises(gn.InvalidRequest, match=r"^POST .*: name is no Unicode text.*Nothing was sent"):
        calls[0]()


def test_fields_that_take_any_text_refuse_half_a_pair(script: Any) -> None:
    gdb, adapter = ask((200, {}), script)
    for kind in list(OPERATIONS.values())[::5]:
        whole = example(made(kind))
        for name in kind.model_fields:
            if not isinstance(getattr(whole, name), str):
                continue
            with pytest.raises((gn.GaussnbError, ValueError)) as caught:
                gdb.send(whole.replace(**{name: HALF}))
            assert not isinstance(caught.value, UnicodeError), (kind, name)
    assert not adapter.sent


def test_a_create_that_no_look_explains_carries_the_facts_of_its_answer(
    sandbox: Sandbox, gdb: Client, spec: Any
) -> None:
    sandbox.inject("CreateInstance", status=502, body=b"<html>bad gateway</html>")
    with pytest.raises(gn.UnknownOutcome, match="may have been done: it was looked for") as caught:
        gdb.instances.create(spec())
    error = caught.value
    assert (error.status, error.operation, error.name) == (502, "CreateInstance", spec().name)
    assert error.request_id and "not in the service's own words" in error.reason
