"""The short form of the killed sandboxes, and an oracle that sees each kind of loss."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from campaign import restarts
from campaign.restarts import Address, Caller, Kept, Lost, look, run
from gaussnb import InstanceSpec
from gaussnb.nosql.operations.instances import ListInstances
from gaussnb.nosql.operations.tags import BatchTagAction, Tag
from gaussnb.quickstart import body, password
from gaussnb.sandbox import Sandbox


def test_no_answered_write_is_lost() -> None:
    restarts, writes = run(size=0.006)
    assert restarts.count == 3 and not restarts.bad, restarts.examples
    assert writes.count >= 3 and not writes.bad, writes.examples


KNOWN = "kept-one"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Caller]:
    with Sandbox(start="2026-02-03T04:05:06", quota=0) as sandbox, sandbox.connect() as gdb:
        token = gdb._access.log_in()
        assert token is not None
        port = int(sandbox.endpoint.rpartition(":")[2])
        with closing(Caller(Address(port, sandbox.project_id, token.value.get_secret_value()))) as made:
            _, answer = made(InstanceSpec(**{**body("cn-north-4"), "name": KNOWN}, password=password()))
            sandbox.advance(3600)
            made(BatchTagAction(instance_id=answer["id"], action="create", tags=[Tag(key="a", value="1")]))
            yield made


@pytest.fixture(scope="module")
def id(cloud: Caller) -> str:
    _, page = cloud(ListInstances())
    return str(page["instances"][0]["id"])


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({}, ""),
        ({"names": {KNOWN, "or-this"}, "tags": {"a": {"1", "2"}, "b": {"", "3"}}}, ""),
        ({"alive": None}, ""),
        ({"names": {"another-one"}}, "is called kept-one"),
        ({"tags": {"a": {"2"}}}, "tag a of"),
        ({"tags": {"b": {"1"}}}, "tag b of"),
        ({"alive": False}, "nothing deletes it"),
        ({"id": "0" * 32 + "in06"}, "is missing"),
        ({"id": "0" * 32 + "in06", "alive": False}, ""),
        ({"id": "0" * 32 + "in06", "alive": None}, ""),
    ],
)
def test_the_oracle_sees_each_kind_of_loss(cloud: Caller, id: str, changes: dict[str, Any], lost: str) -> None:
    found = look(cloud, [Kept(**{"id": id, "names": {KNOWN}, **changes})])
    assert len(found) == bool(lost) and all(lost in one for one in found)


def test_a_sandbox_that_does_not_answer_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def silent(path: Path) -> Iterator[tuple[int, Address]]:
        raise Lost("it did not start")
        yield

    monkeypatch.setattr(restarts, "served", silent)
    ended, writes = run(size=0.002)
    assert ended.bad == 1 and "it did not start" in ended.examples[0] and writes.count == 0
