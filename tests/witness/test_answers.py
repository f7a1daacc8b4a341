"""Every answer of the sandbox, held against the vendor's OpenAPI document and read by the official SDK."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

jsonschema = pytest.importorskip("jsonschema")
pytest.importorskip("huaweicloudsdkgaussdbfornosql")

import pandas as pd
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkgaussdbfornosql import v3
from samples import SAMPLES, scene
from shapes import DECLARED, described, document, snake

from gaussnb.frame import frame_of
from gaussnb.sandbox import Sandbox, simulated
from gaussnb.sandbox.messages import Request
from gaussnb.spec import Operation, fields_of
from gaussnb.wire import Columns, parse, request_of

every_operation = pytest.mark.parametrize("id", DECLARED)


def test_every_operation_has_a_sample() -> None:
    assert list(sorted(SAMPLES)) == sorted(DECLARED)
    assert set(DECLARED.values()) <= simulated()


# ----------------------------------------------------------------------------- the vendor's document

UNDESCRIBED = {"storage"}
"""Required of every listed instance, and described nowhere: what it is cannot be known."""


def judge(schema: dict[str, Any]) -> Any:
    """A validator of answers, with every reference into the document resolved."""
    components = copy.deepcopy(document()["components"])
    for one in components["schemas"].values():
        if {"required", "properties"} <= one.keys():
            one["required"] = [n for n in one["required"] if n in one["properties"] or n not in UNDESCRIBED]
            if not one["required"]:
                del one["required"]
    return jsonschema.Draft4Validator({**schema, "components": components})


def asked(sandbox: Sandbox, operation: Operation) -> tuple[int, bytes]:
    """Status and body of a call, as bytes."""
    from requests import Session

    session = Session()
    session.trust_env = False
    known = sandbox.credentials
    password = known["password"].get_secret_value()  # type: ignore[union-attr]
    user = {"name": known["username"], "password": password, "domain": {"name": known["domain"]}}
    identity = {"methods": ["password"], "password": {"user": user}}
    auth = {"identity": identity, "scope": {"project": {"id": sandbox.project_id}}}
    with session:
        answered = session.post(f"{sandbox.iam_endpoint}/v3/auth/tokens", json={"auth": auth})
    token = answered.headers["X-Subject-Token"]
    one = request_of(operation, sandbox.project_id)
    headers = {"x-auth-token": token}
    answer = sandbox.handle(Request(one.method, one.target, headers, one.body or b""))
    return answer.status, answer.body


@every_operation
def test_the_document_accepts_the_answer(build: Any, id: str) -> None:
    sandbox = build()
    status, body = asked(sandbox, SAMPLES[id](scene(sandbox)))
    (code,) = (code for code in described(id)[2]["responses"] if code.startswith("2"))
    assert str(status) == code
    content = described(id)[2]["responses"][code].get("content")
    if content is None:  # nothing is described, an empty object is sent
        assert parse(body) == {}
        return
    judge(content["application/json"]["schema"]).validate(parse(body))


@every_operation
def test_the_document_accepts_the_refusal(build: Any, id: str) -> None:
    """Four operations describe no refusal; it looks like everybody's."""
    sandbox = build()
    sandbox.inject(id, code="DBS.280005")
    status, body = asked(sandbox, SAMPLES[id]("0" * 36))
    assert status == 500
    judge({"$ref": "#/components/schemas/ErrorResponseBody"}).validate(parse(body))
    if default := described(id)[2]["responses"].get("default"):
        judge(default["content"]["application/json"]["schema"]).validate(parse(body))


# -------------------------------------------------------------------------------------- the SDK


def client(sandbox: Sandbox) -> Any:
    """The official client, signing with the sandbox's access key."""
    known = sandbox.credentials
    keys = BasicCredentials(known["ak"], known["sk"].get_secret_value(), sandbox.project_id)  # type: ignore[union-attr]
    return v3.GaussDBforNoSQLClient.new_builder().with_credentials(keys).with_endpoint(sandbox.endpoint).build()


def sdk_object(type_: str, value: Any) -> Any:
    """A JSON value as an object of the SDK's."""
    if found := re.fullmatch(r"list\[(.*)\]", type_):
        return [sdk_object(found[1], item) for item in value]
    kind = getattr(v3, type_, None)
    if kind is None or not hasattr(kind, "attribute_map"):
        return value
    names = {wire: attribute for attribute, wire in kind.attribute_map.items()}
    return kind(**{names[wire]: sdk_object(kind.openapi_types[names[wire]], item) for wire, item in value.items()})


def sdk_plain(value: Any) -> Any:
    """What an object of the SDK's holds, as JSON; its own ``to_json_object`` would give back the raw answer."""
    if isinstance(value, list):
        return [sdk_plain(item) for item in value]
    if not hasattr(value, "attribute_map"):
        return value
    return {wire: sdk_plain(getattr(value, attribute)) for attribute, wire in value.attribute_map.items()}


def by_sdk(sandbox: Sandbox, operation: Operation) -> Any:
    """Send one of our operations with the SDK; its own parsing of the answer."""
    id = operation.route.id
    kind = getattr(v3, f"{id}Request")
    given = {name: value for name, value in operation if value is not None and operation.place(name) != "body"}
    if "body" in kind.openapi_types:
        given["body"] = sdk_object(kind.openapi_types["body"], operation.wire())
    return getattr(client(sandbox), snake(id))(kind(**given))


@every_operation
def test_the_sdk_and_our_frame_say_the_same(build: Any, id: str) -> None:
    """Two sandboxes of one seed: one is asked by the SDK, the other by us."""
    theirs, mine = build(), build()
    instance_id = scene(theirs)
    assert scene(mine) == instance_id
    operation = SAMPLES[id](instance_id)
    read = by_sdk(theirs, operation)
    assert read.status_code == operation.route.success

    with mine.connect() as gdb:
        frame = gdb.send(operation)
    columns = Columns(operation.route.returns, {**fields_of(operation), "operation": id})
    columns.add(json.loads(json.dumps(sdk_plain(read)).replace(theirs.endpoint, mine.endpoint)))
    pd.testing.assert_frame_equal(frame, frame_of(columns, frame.attrs))
    assert len(frame)


LISTS = {
    "ListInstances": ("instances", "id", "id"),
    "ListJobs": ("jobs", "id", "id"),
    "ListFlavorInfos": ("flavors", "spec_code", "spec_code"),
    "ListInstanceTags": ("tags", "key", "key"),
    "ListApiVersion": ("versions", "id", "id"),
}
"""Where the SDK keeps a list, and by which attribute and column its items are known."""


@pytest.mark.parametrize("id", LISTS)
def test_lists_have_the_same_items_in_the_same_order(build: Any, id: str) -> None:
    sandbox = build()
    operation = SAMPLES[id](scene(sandbox))
    attribute, key, column = LISTS[id]
    items = getattr(by_sdk(sandbox, operation), attribute)
    with sandbox.connect() as gdb:
        frame = gdb.send(operation)
    assert frame[column].tolist() == [getattr(item, key) for item in items]
    assert len(items) > 0
