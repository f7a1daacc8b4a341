"""Every value of an answer the official SDK knows, and the columns that show it.

The sandbox leaves many fields of its answers empty. So an answer is made from the SDK's own model, with a value in
every field. The SDK gets the answer from the sandbox and parses it, our rows read it, and both must agree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

pytest.importorskip("huaweicloudsdkgaussdbfornosql")

import pandas as pd
from making import CALLS, asked, example, made
from official import by_sdk, item_of, model, sdk_plain
from shapes import DECLARED, DESCRIBED, described, resolved

from gaussnb.core.answers import Columns
from gaussnb.core.frames import frame_of
from gaussnb.core.operation import Operation
from gaussnb.core.rows import Each, FromRequest, Row, columns
from gaussnb.sandbox import Sandbox

UNKNOWN = {
    # Its items have no fields in the SDK; ours are those Terraform reads.
    "ListNosqlTaskList",
}
FREE: dict[str, Any] = {"dict(str, str)": {"zone-1": "normal", "zone-2": "sellout"}}
FREE["object"] = FREE["dict(str, str)"]
MOMENT = "2026-01-02T03:04:05+00:00"
SAMPLES: dict[str, list[Any]] = {
    "str": ["word", MOMENT, "7", "true"], "int": [7, 1], "float": [1.5], "bool": [True], "datetime": [MOMENT[:19]],
    **{kind: [value] for kind, value in FREE.items()},
}  # fmt: skip
"""By the SDK's type: what such a value may look like."""

LEFT_OUT: dict[str, dict[str, str]] = {
    "ShowRedisDisabledCommands": {"disabled_type": "what was asked for"},
    "CreateInstance": {
        "charge_info.is_auto_pay": "as it was asked for",
        "charge_info.is_auto_renew": "as it was asked for",
        "charge_info.period_num": "as it was asked for",
        "charge_info.period_type": "as it was asked for",
        "datastore.storage_engine": "always rocksDB",
        "flavor[].storage": "always ULTRAHIGH",
    },
    "ListApiVersion": {"versions[].links[].rel": "always self"},
    "ShowApiVersion": {"version.links[].rel": "always self"},
    "ListFlavorInfos": {"flavors[].availability_zone[]": "obsolete: az_status says it, and more"},
    "ListInstances": {
        "instances[].availability_zone": "the zones of the nodes say it",
        "instances[].backup_space_usage.backup_usage": "not in the service's own documents",
        "instances[].ccm_cert_info.cert_id": "of a service that this library does not know",
        "instances[].ccm_cert_info.cert_type": "of a service that this library does not know",
        "instances[].dual_active_info.destination_instance_name": "the row of that instance says it",
        "instances[].dual_active_info.destination_instance_node_num": "the row of that instance says it",
        "instances[].dual_active_info.destination_instance_spec_code": "the row of that instance says it",
        "instances[].dual_active_info.destination_region": "the row of that instance says it",
        "instances[].dual_active_info.status": "the status of the instances says it",
        "instances[].engine": "always rocksDB",
        "instances[].groups[].status": "follows the instance's",
        "instances[].groups[].volume.gift_size": "not in the service's own documents",
        "instances[].lb_port": "the port, again",
        "instances[].time_zone": "empty in every example",
    },
    "ListFlavors": {"flavors[].availability_zone[]": "obsolete: az_status says it, and more"},
}
"""By operation: the values no column shows, and why."""

UNFILLED = {"order_id": "all work that is accepted has one receipt, also work that is never ordered"}
"""Columns for values the SDK does not know of every operation, and why they are there."""

ASKED = sorted(DECLARED)
every_operation = pytest.mark.parametrize("id", ASKED)


def views(operation: type[Operation]) -> list[type[Row]]:
    """The rows an answer is read as; that of an older form as those of the newer one, too, with ``gdb.send``."""
    route = operation.route
    others = [call.returns for call in CALLS.values() if call.operation.route.id in (route.id, route.superseded)]
    return list(dict.fromkeys([route.returns, *others]))


def leaves(type_: str, path: str = "") -> Iterator[tuple[str, str]]:
    """Place and type of every value of an answer."""
    if item := item_of(type_):
        yield from leaves(item, f"{path}[]")
    elif kind := model(type_):
        for attribute, wire in kind.attribute_map.items():
            yield from leaves(kind.openapi_types[attribute], f"{path}.{wire}" if path else wire)
    else:
        yield path, type_


def answer(type_: str, values: dict[str, Any], path: str = "") -> Any:
    """An answer with these values at their places, and nothing elsewhere."""
    if item := item_of(type_):
        one = answer(item, values, f"{path}[]")
        return [] if one is None else [one]
    if kind := model(type_):
        below = {
            wire: answer(kind.openapi_types[attribute], values, f"{path}.{wire}" if path else wire)
            for attribute, wire in kind.attribute_map.items()
        }
        return {wire: value for wire, value in below.items() if value is not None}
    return values.get(path)


def frames(operation: type[Operation], answered: dict[str, Any]) -> Iterator[tuple[type[Row], pd.DataFrame]]:
    """The answer as every view of it; where rows stand at one of several places, at each of them in turn."""
    for row in views(operation):
        ways = {way.partition(".")[0] for way in row.at.split("|")}
        for way in ways:
            collected = Columns(row, asked(row))
            collected.add({key: value for key, value in answered.items() if key == way or key not in ways})
            yield row, frame_of(collected)


def full(operation: type[Operation]) -> dict[str, Any]:
    """A value for every place, one that the columns showing it can read."""
    type_ = f"{operation.route.id}Response"
    kinds = dict(leaves(type_))
    values = {place: SAMPLES[kind][0] for place, kind in kinds.items()}

    def unread(place: str, value: Any) -> int:
        tried = frames(operation, answer(type_, {**values, place: value}))
        return sum(len(frame.attrs.get("unreadable", "").split()) for _, frame in tried)

    for place, kind in kinds.items():
        values[place] = min(SAMPLES[kind], key=lambda value: unread(place, value))
    assert all("unreadable" not in frame.attrs for _, frame in frames(operation, answer(type_, values)))
    return values


def test_every_operation_of_the_sdk_is_declared() -> None:
    from huaweicloudsdkgaussdbfornosql import v3
    from shapes import snake

    methods = {name.removesuffix("_invoker") for name in dir(v3.GaussDBforNoSQLClient) if name.endswith("_invoker")}
    assert {snake(id) for id in DECLARED} == methods
    assert len(DECLARED) == 153


@every_operation
def test_every_value_has_a_column(id: str) -> None:
    operation, type_ = DECLARED[id], f"{id}Response"
    values = full(operation)
    whole = [frame for _, frame in frames(operation, answer(type_, values))]
    hidden = set()
    for place in values:
        rest = answer(type_, {other: value for other, value in values.items() if other != place})
        if all(one.equals(other) for one, (_, other) in zip(whole, frames(operation, rest))):
            hidden.add(place)
    if operation.route.returns.at:
        hidden.discard(operation.route.total)  # how many rows there are; of pages, in attrs
    assert hidden == set(LEFT_OUT.get(id, {}))


def described_leaves(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The place of every value of an answer, as the vendor's document describes it."""
    schema = resolved(schema)
    if schema.get("type") == "array":
        yield from described_leaves(schema["items"], f"{path}[]")
    elif properties := schema.get("properties"):
        for name, below in properties.items():
            yield from described_leaves(below, f"{path}.{name}" if path else name)
    else:
        yield path


@pytest.mark.parametrize("id", [id for id in ASKED if id in DESCRIBED and id not in UNKNOWN])
def test_the_document_describes_the_same_values(id: str) -> None:
    """A value that the document names differently is read under that name, too."""
    (code,) = (code for code in described(id)[2]["responses"] if code.startswith("2"))
    content = described(id)[2]["responses"][code].get("content", {})
    places = {place for media in content.values() for place in described_leaves(media["schema"])}
    known = {place for place, _ in leaves(f"{id}Response")}
    for place in places - known:
        item, _, name = place.rpartition("[].")
        *way, last = name.split(".")
        holder = {last: "word"}
        for key in reversed(way):
            holder = {key: holder}  # type: ignore[dict-item]
        shown = (dict(frames(DECLARED[id], {item: [one]})) for one in (holder, {}))
        assert not all(one.equals(other) for one, other in zip(*(frames.values() for frames in shown))), place


@every_operation
def test_every_column_is_filled(id: str) -> None:
    if id in UNKNOWN:
        return
    route = DECLARED[id].route
    whole = answer(f"{id}Response", full(DECLARED[id]))
    filled = {
        (row, column)
        for row, frame in frames(DECLARED[id], whole)
        for column in columns(row)
        if isinstance(column.source, (FromRequest, Each)) or (len(frame) and frame[column.name].notna().all())
    }
    own = {route.returns, *(call.returns for call in CALLS.values() if call.operation.route is route)}
    empty = {column.name for row in own for column in columns(row) if (row, column) not in filled}
    assert empty <= UNFILLED.keys()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, start="2026-02-03T04:05:06") as sandbox:
        yield sandbox


@pytest.mark.filterwarnings("ignore:Method .* is deprecated:DeprecationWarning")
@every_operation
def test_the_sdk_and_our_frames_say_the_same(sandbox: Sandbox, id: str) -> None:
    whole = answer(f"{id}Response", full(DECLARED[id]))
    with_body = sandbox.inject(id, status=200, body=json.dumps(whole).encode())
    read = sdk_plain(by_sdk(sandbox, example(made(DECLARED[id]))))
    assert with_body.count == 1
    for (_, theirs), (_, mine) in zip(frames(DECLARED[id], read), frames(DECLARED[id], whole)):
        pd.testing.assert_frame_equal(theirs, mine)
