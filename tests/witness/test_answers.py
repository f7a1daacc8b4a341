"""Every answer of the sandbox is validated by the vendor's OpenAPI document and read by the official SDK."""

from __future__ import annotations

import copy
import json
import re
from functools import cache
from typing import Any

import pytest

jsonschema = pytest.importorskip("jsonschema")
pytest.importorskip("huaweicloudsdkgaussdbfornosql")

import pandas as pd
from official import by_sdk, sdk_plain
from samples import SAMPLES, scene
from shapes import DECLARED, DESCRIBED, described, document

from gaussnb.core.answers import Columns, parse
from gaussnb.core.frames import frame_of
from gaussnb.core.operation import Operation, fields_of
from gaussnb.core.wire import request_of
from gaussnb.sandbox import NOSQL, Sandbox, simulated
from gaussnb.sandbox.engine.messages import Request
from gaussnb.sandbox.engine.openapi import document as ours

ACTED = sorted(id for id, operation in DECLARED.items() if operation in simulated())
every_operation = pytest.mark.parametrize("id", ACTED)
every_described = pytest.mark.parametrize("id", [id for id in ACTED if id in DESCRIBED])


def test_every_operation_has_a_sample() -> None:
    assert sorted(SAMPLES) == ACTED


# ----------------------------------------------------------------------------- the vendor's document

UNDESCRIBED = {"storage", "enbaled", "jobId", "restorable_instance"}
"""Names that the document requires and does not describe. The meaning of ``storage`` of listed instances is unknown;
the others are misspellings of ``enabled``, ``job_id`` and ``restorable_instances``, which are described."""


def judge(schema: dict[str, Any]) -> Any:
    """A validator of answers, with every reference into the document resolved."""
    components = copy.deepcopy(document()["components"])
    for one in components["schemas"].values():
        if {"required", "properties"} <= one.keys():
            one["required"] = [n for n in one["required"] if n in one["properties"] or n not in UNDESCRIBED]
            if not one["required"]:
                del one["required"]
        _explained(one)
    return jsonschema.Draft4Validator({**schema, "components": components})


def _explained(schema: Any) -> None:
    """Let values go without the words that explain them: some stand there as ``"FAILED:it failed"``."""
    for name, below in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if name == "enum":
            words = [re.split(r"[:\s]", str(value))[0] for value in below]
            schema[name] = [*words, *(int(word) for word in words if word.isdigit())]
        elif isinstance(below, (dict, list)):
            _explained(below)


@cache
def answer_to(id: str) -> tuple[int, bytes]:
    """The sandbox's answer to the sample of an operation; both documents judge this one."""
    with Sandbox(port=0, start="2026-02-03T04:05:06") as sandbox:
        return asked(sandbox, SAMPLES[id](scene(sandbox, id)))


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


@every_described
def test_the_document_accepts_the_answer(id: str) -> None:
    status, body = answer_to(id)
    (code,) = (code for code in described(id)[2]["responses"] if code.startswith("2"))
    assert str(status) == code
    content = described(id)[2]["responses"][code].get("content")
    if content is None:  # nothing is described, an empty object is sent
        assert parse(body) == {}
        return
    judge(content["application/json"]["schema"]).validate(parse(body))


@every_operation
def test_our_own_document_accepts_the_answer(id: str) -> None:
    status, body = answer_to(id)
    described = next(
        one for path in ours(NOSQL)["paths"].values() for one in path.values() if one["operationId"] == id
    )["responses"]  # fmt: skip
    told = described.get(str(status), {}).get("content")
    assert str(status) in described and (told is None) == (not body)
    if told is None:
        return
    schema = told["application/json"]["schema"]
    judge_ours = jsonschema.Draft202012Validator({**schema, "components": ours(NOSQL)["components"]})
    judge_ours.validate(parse(body))
    assert not judge_ours.is_valid([]) and not judge_ours.is_valid("word")


def test_the_document_accepts_a_refusal(build: Any) -> None:
    """One function writes every refusal, so one is held against what each operation describes.

    Four operations describe no refusal, and not all others say how it looks.
    """
    sandbox = build()
    sandbox.inject("ListInstances", code="DBS.280005")
    status, body = asked(sandbox, SAMPLES["ListInstances"]("0" * 36))
    assert status == 500
    judge({"$ref": "#/components/schemas/ErrorResponseBody"}).validate(parse(body))
    schemas = {
        json.dumps(content["schema"], sort_keys=True)
        for id in ACTED
        if id in DESCRIBED
        for content in described(id)[2]["responses"].get("default", {}).get("content", {}).values()
    }
    assert schemas
    for schema in schemas:
        judge(json.loads(schema)).validate(parse(body))


# -------------------------------------------------------------------------------------- the SDK


BARE = {"ListNosqlTaskList"}
"""Its items have no fields in the SDK: it can only count them."""


@pytest.mark.filterwarnings("ignore:Method .* is deprecated:DeprecationWarning")
@every_operation
def test_the_sdk_and_our_frame_say_the_same(build: Any, id: str) -> None:
    """Two sandboxes of one seed: one is asked by the SDK, the other by us."""
    theirs, mine = build(), build()
    instance_id = scene(theirs, id)
    assert scene(mine, id) == instance_id
    operation = SAMPLES[id](instance_id)
    read = by_sdk(theirs, operation)
    assert read.status_code == operation.route.success

    with mine.connect() as gdb:
        frame = gdb.send(operation)
    columns = Columns(operation.route.returns, {**fields_of(operation), "operation": id})
    columns.add(json.loads(json.dumps(sdk_plain(read)).replace(theirs.endpoint, mine.endpoint)))
    read_by_sdk = frame_of(columns, frame.attrs)
    if id in BARE:
        assert len(frame) == len(read_by_sdk)
    else:
        pd.testing.assert_frame_equal(frame, read_by_sdk)
    assert len(frame)


LISTS = {
    "ListInstances": ("instances", "id", "id"),
    "ListJobs": ("jobs", "id", "id"),
    "ListFlavorInfos": ("flavors", "spec_code", "spec_code"),
    "ListProjectTags": ("tags", "key", "key"),
    "ListInstancesByResourceTags": ("instances", "instance_id", "instance_id"),
    "ListEpsQuotas": ("quotas", "enterprise_project_id", "enterprise_project_id"),
    "ListDedicatedResources": ("resources", "id", "id"),
    "ListConfigurationTemplates": ("configurations", "id", "id"),
    "ShowApplicableInstances": ("instances", "id", "id"),
    "ShowModifyHistory": ("histories", "parameter_name", "parameter_name"),
    "ListMongodbSlowLogs": ("slow_logs", "line_num", "line_num"),
    "ListBackups": ("backups", "id", "id"),
    "ListRecycleInstances": ("instances", "id", "id"),
    "ListInstanceTags": ("tags", "key", "key"),
    "ListApiVersion": ("versions", "id", "id"),
}
"""By operation: the attribute in which the SDK keeps the list, and the attribute and column that identify its items."""


@pytest.mark.parametrize("id", LISTS)
def test_lists_have_the_same_items_in_the_same_order(build: Any, id: str) -> None:
    sandbox = build()
    operation = SAMPLES[id](scene(sandbox, id))
    attribute, key, column = LISTS[id]
    items = getattr(by_sdk(sandbox, operation), attribute)
    with sandbox.connect() as gdb:
        frame = gdb.send(operation)
    assert frame[column].tolist() == [getattr(item, key) for item in items]
    assert len(items) > 0
