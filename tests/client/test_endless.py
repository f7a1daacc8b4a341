"""Lists that never end, and values of a service that go into the next request."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
from pydantic import ValidationError

import gaussnb as gn
from gaussnb import Client
from gaussnb.client import pages
from gaussnb.cloud import tokens
from gaussnb.nosql.operations.logs import ListRedisSlowLogs

PLACE = {"endpoint": "http://127.0.0.1:9", "token": "given", "project_id": "0" * 32}
WHEN = {"start_time": "2026-01-01T00:00:00", "end_time": "2026-01-02T00:00:00"}
Answer = Callable[[requests.PreparedRequest], Any]


@pytest.fixture
def answering(script: Any) -> Iterator[Callable[[Answer], Client]]:
    """Makes clients of a service that makes its answers from the requests."""
    made: list[Client] = []

    def make(answer: Answer) -> Client:
        adapter = script((200, {}))
        usual = adapter.send

        def send(request: requests.PreparedRequest, **how: Any) -> requests.Response:
            adapter.steps = [(200, answer(request))]
            response: requests.Response = usual(request, **how)
            return response

        adapter.send = send
        made.append(Client.open(adapter=adapter, patience=gn.Patience(tries=1, busy=0), keep=False, **PLACE))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that are reached soon; one page at a time, as the answers are made from a counter."""
    monkeypatch.setattr(pages, "MOST_PAGES", 20)
    monkeypatch.setattr(pages, "MOST_ITEMS", 3_000)
    monkeypatch.setattr(pages, "AHEAD", 1)


def things(count: int, numbers: Iterator[int]) -> list[dict[str, Any]]:
    return [{"id": f"{next(numbers):032x}in06"} for _ in range(count)]


TOTALS = [None, 10**6, 10**30, -1, "many", "1000000", float("nan"), True, [], {"a": 1}, "-5", 1e300, "١٢"]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("size", [1, 99, 100, 101, 1000])
def test_pages_that_never_end(total: Any, size: int, answering: Callable[[Answer], Client]) -> None:
    """Whatever the service says about the number of items, reading stops, and the frame says that it is cut."""
    numbers, asked = itertools.count(), itertools.count()

    def answer(_: Any) -> Any:
        next(asked)
        return {"instances": things(size, numbers)} | ({} if total is None else {"total_count": total})

    frame = answering(answer).instances.list()
    assert next(asked) <= 64 and len(frame) <= 3_000 + size
    assert frame.attrs["truncated"] is True


@pytest.mark.usefixtures("small")
def test_pages_that_grow_and_pages_that_repeat(answering: Callable[[Answer], Client]) -> None:
    numbers, sizes = itertools.count(), (2**power for power in itertools.count())
    frame = answering(lambda _: {"instances": things(next(sizes), numbers)}).instances.list()
    assert frame.attrs["truncated"] is True and len(frame) < 10_000
    turn = itertools.cycle("abc")
    frame = answering(lambda _: {"instances": [{"id": next(turn)}], "total_count": 10**6}).instances.list()
    assert set(frame["id"]) == {"a", "b", "c"} and frame.attrs["truncated"] is True


def test_the_bytes_of_a_list_are_bounded(
    answering: Callable[[Answer], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_BYTES", 100_000)
    monkeypatch.setattr(pages, "AHEAD", 1)
    numbers = itertools.count()

    def answer(_: Any) -> Any:
        return {"instances": [{**each, "name": "x" * 10_000} for each in things(2, numbers)], "total_count": 10**6}

    frame = answering(answer).instances.list()
    assert len(frame) <= 12 and frame.attrs["truncated"] is True


@pytest.mark.usefixtures("small")
def test_a_marker_that_goes_round_or_on_for_ever(answering: Callable[[Answer], Client]) -> None:
    numbers = itertools.count()
    endless = answering(lambda _: {"slow_logs": [{"line_num": str(next(numbers))} for _ in range(100)]})
    frame = endless.send(ListRedisSlowLogs("i", **WHEN))
    assert len(frame) == 2_000 and frame.attrs["truncated"] is True
    turn = itertools.cycle(range(300))
    loop = answering(lambda _: {"slow_logs": [{"line_num": str(next(turn))} for _ in range(100)]})
    assert len(loop.send(ListRedisSlowLogs("i", **WHEN))) == 400


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "key",
    ["", "x", "-1", "1e9", "9" * 400, "١", "\u0000", " 1", 10**40, -5, 1.5, True, None, [], ["1"], {"a": 1}, "1\n2"],
)
def test_a_marker_that_no_request_can_carry(key: Any, answering: Callable[[Answer], Client]) -> None:
    """A wrong marker is an answer that cannot be read, and not the caller's mistake."""
    numbers = itertools.count()

    def answer(_: Any) -> Any:
        return {"slow_logs": [{"line_num": str(next(numbers))} for _ in range(99)] + [{"line_num": key}]}

    try:
        frame = answering(answer).send(ListRedisSlowLogs("i", **WHEN))
    except gn.BadAnswer as error:
        assert "next page" in str(error) and not isinstance(error, ValidationError)
    else:
        assert len(frame) >= 100


@pytest.mark.parametrize(
    "project",
    [None, 5, "", "a/b", "../x", "a b", "a\nb", "é", "x" * 70, [], {"id": 1}, "{project_id}", "%2e", float("nan")],
)
def test_a_project_that_no_path_can_carry(project: Any, answering: Callable[[Answer], Client]) -> None:
    gdb = answering(lambda _: {"projects": [{"id": project, "name": "cn-north-4"}]})
    login = {"ak": "a", "sk": "s", "region": "cn-north-4", "iam_endpoint": PLACE["endpoint"]}
    adapter = gdb._transport.adapter
    with (
        Client.open(adapter=adapter, keep=False, endpoint=PLACE["endpoint"], **login) as other,
        pytest.raises(gn.BadAnswer, match="no projects"),
    ):
        other.instances.list()


TIMES = [
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "soon",
    None,
    5,
    "2026-02-04T05:06:07+25:00",
    "9999-12-31T23:59:59-23:59",
]


@pytest.mark.parametrize("expires", TIMES)
@pytest.mark.parametrize("issued", TIMES)
@pytest.mark.parametrize("token", ["good", "a b", "é", ""])
def test_a_login_with_odd_values(
    expires: Any, issued: Any, token: str, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token, or an error of the answer; and a frame that shows its end."""
    monkeypatch.setattr(tokens, "_ROUNDS", 1)
    body = {"token": {"issued_at": issued, "expires_at": expires, "project": {"id": "p"}}}
    adapter = script((201, body, {"X-Subject-Token": token}))
    place = {"endpoint": PLACE["endpoint"], "iam_endpoint": PLACE["endpoint"]}
    login = {"user_id": "u", "password": "p", "region": "cn-north-4"}
    with Client.open(adapter=adapter, keep=False, **place, **login) as gdb, suppress(gn.BadAnswer):
        assert len(gdb.login()) == 1


ODD = [
    None,
    True,
    -1,
    10**400,
    1e308,
    float("inf"),
    float("nan"),
    "",
    "x",
    "\u0000",
    "9" * 5000,
    [],
    [[]],
    [None],
    {},
    {"a": {"b": [1]}},
]


@pytest.mark.parametrize("value", ODD, ids=lambda value: str(value)[:12])
def test_every_value_in_every_column(value: Any, answering: Callable[[Answer], Client]) -> None:
    """Values of the wrong kind make missing cells, or an answer that cannot be read; nothing else."""
    row = {"id": "0f1e", "name": "n"}
    names = [
        "id",
        "name",
        "status",
        "port",
        "created",
        "datastore",
        "volume",
        "groups",
        "nodes",
        "actions",
        "tags",
        "backup_strategy",
    ]
    gdb = answering(
        lambda _: json.dumps({"instances": [{**row, **dict.fromkeys(names, value)}], "total_count": 1}).encode()
    )
    for call in (gdb.instances.list, gdb.instances.nodes, lambda: gdb.request("GET", "/v3/undeclared")):
        with suppress(gn.BadAnswer):
            assert isinstance(len(call()), int)
