"""Creations: written into the ledger before sending, looked up after a lost answer, and never sent twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import gaussnb as gn
from gaussnb import Client
from gaussnb.client.ledger import Ledger
from gaussnb.sandbox import Sandbox

CREATE = "CreateInstance"


def sent(sandbox: Sandbox) -> int:
    return int((sandbox.requests["operation"] == CREATE).sum())


def there(sandbox: Sandbox) -> list[str]:
    return sorted(one.id for one in sandbox._app.world.instances.values())


def test_a_create_is_one_row_and_one_line_in_the_ledger(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    created = gdb.instances.create(spec())
    assert len(created) == 1 and created["status"].iloc[0] == "creating"
    made = gdb.made()
    assert made[["id", "name", "operation", "outcome", "status", "actions"]].iloc[0].tolist() == [
        created["id"].iloc[0], "test-cassandra-01", CREATE, "accepted", "creating", "CREATE",
    ]  # fmt: skip
    assert made["job_id"].tolist() == created["job_id"].tolist()
    sandbox.advance(3600)
    gdb.instances.delete(created["id"].iloc[0])
    sandbox.advance(3600)
    assert gdb.made()["status"].tolist() == ["gone"]


LOST: dict[str, dict[str, Any]] = {
    "dropped": {"drop": "after"},
    "html": {"body": b"<html>"},
    "cut off": {"body": b'{"id": "0f'},
    "empty": {"body": b""},
    "null": {"body": b"null"},
    "no id": {"body": b'{"name": "x"}'},
    "id of a wrong type": {"body": b'{"id": 7}'},
    "list": {"body": b"[]"},
    "error with 200": {"body": b'{"error_code": "DBS.200001"}'},
}


@pytest.mark.parametrize("how", LOST)
def test_a_creation_whose_answer_was_lost_is_found(how: str, sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    gdb.instances.create(spec())  # another instance of the same name, which is allowed
    struck = sandbox.inject(CREATE, **LOST[how])
    created = gdb.instances.create(spec())
    assert struck.count == 1 and sent(sandbox) == 2
    assert created.attrs["recovered"] is True and created.attrs["operation"] == CREATE
    assert created["id"].iloc[0] in there(sandbox) and created["job_id"].notna().all()
    assert list(created.columns) == list(gdb.instances.create(spec(name="third")).columns)
    made = gdb.made()
    assert made["outcome"].tolist() == ["accepted", "recovered", "accepted"]
    assert sorted(made["id"]) == there(sandbox)
    assert made["job_id"].is_unique
    history = gdb.wait(created)
    assert history["status"].iloc[-1] == "normal"


@pytest.mark.parametrize(
    "fault", [{"drop": "before"}, {"status": 502}, {"status": 500}, {"code": "APIGW.0201", "status": 504}]
)
def test_a_creation_that_did_not_happen_is_unknown_and_not_repeated(
    fault: Any, sandbox: Sandbox, gdb: Client, spec: Any
) -> None:
    sandbox.inject(CREATE, **fault)
    before = sandbox.clock.time()
    with pytest.raises(gn.UnknownOutcome, match="not sent again") as caught:
        gdb.instances.create(spec())
    assert sent(sandbox) == 1 and not there(sandbox)
    error = caught.value
    assert error.name == "test-cassandra-01" and error.operation == CREATE
    assert error.candidates is not None and len(error.candidates) == 0
    assert gdb.made()[["key", "outcome"]].astype(str).iloc[0].tolist() == [error.key, "unknown"]
    assert 25 < sandbox.clock.time() - before < 300


def test_an_instance_that_is_listed_late_is_found_by_a_second_look(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    sandbox.inject(CREATE, drop="after")
    sandbox.inject("ListInstances", status=200, body=b'{"instances": [], "total_count": 0}', times=2)
    assert gdb.instances.create(spec()).attrs["recovered"] is True


def test_an_instance_that_is_listed_too_late_is_found_by_made(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    sandbox.inject(CREATE, drop="after")
    blind = sandbox.inject("ListInstances", body=b'{"instances": [], "total_count": 0}', times=None)
    with pytest.raises(gn.UnknownOutcome):
        gdb.instances.create(spec())
    blind.remove()
    made = gdb.made()
    assert made["outcome"].tolist() == ["recovered"] and made["id"].tolist() == there(sandbox)
    assert gdb.made()["job_id"].notna().all()


def test_two_possible_instances_are_candidates(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    with sandbox.connect() as neighbour:  # like a creation by another machine: it has no entry in the ledger
        sandbox.inject(CREATE, drop="after", after=1)
        once = gdb.creation.list_ids

        def meanwhile(name: str) -> Any:
            before = once(name)
            neighbour.instances.create(spec())
            return before

        gdb.creation.list_ids = meanwhile  # type: ignore[method-assign]
        with pytest.raises(gn.UnknownOutcome, match="2 that may be it") as caught:
            gdb.instances.create(spec())
    assert caught.value.candidates is not None
    assert sorted(caught.value.candidates["id"]) == there(sandbox)
    assert gdb.made()["outcome"].tolist() == ["unknown"] and gdb.made()["id"].isna().all()


def test_a_user_without_the_right_to_list_may_create(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    sandbox.inject("ListInstances", code="DBS.280032", times=None)
    assert len(gdb.instances.create(spec())) == 1
    assert gdb.made()["outcome"].tolist() == ["accepted"] and gdb.made()["status"].isna().all()
    sandbox.inject(CREATE, drop="after")
    with pytest.raises(gn.UnknownOutcome, match="could not be looked up") as caught:
        gdb.instances.create(spec(name="second"))
    assert caught.value.candidates is None


def test_nothing_is_sent_into_an_outage(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    gdb.login()
    sandbox.inject("ListInstances", drop="before", times=None)
    with pytest.raises(gn.Unreachable):
        gdb.instances.create(spec())
    assert sent(sandbox) == 0 and gdb.made().empty


def test_a_refusal_is_noted(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    with pytest.raises(gn.NotFound):
        gdb.instances.create(spec(vpc_id="00000000-0000-0000-0000-000000000000"))
    before = len(sandbox.requests)
    assert gdb.made()["outcome"].tolist() == ["refused"]
    assert len(sandbox.requests) == before  # no look-up is needed


@pytest.mark.parametrize(("code", "kind"), [("DBS.200165", gn.QuotaExceeded), ("SANDBOX.0501", gn.NotSimulated)])
def test_some_answers_with_500_are_refusals(code: str, kind: Any, sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    sandbox.inject(CREATE, code=code)
    with pytest.raises(kind):
        gdb.instances.create(spec())
    assert gdb.made()["outcome"].tolist() == ["refused"]


@pytest.mark.parametrize("code", ["DBS.111205", "DBS.280005", "DBS.200998"])
def test_after_a_server_error_the_instance_may_exist(code: str, sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    sandbox.inject(CREATE, status=500, code=code)
    with pytest.raises(gn.UnknownOutcome):
        gdb.instances.create(spec())
    assert sent(sandbox) == 1


def test_a_throttled_create_is_repeated(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    sandbox.inject(CREATE, status=429, times=2)
    gdb.instances.create(spec())
    assert sent(sandbox) == 3 and len(there(sandbox)) == 1


def test_an_expired_token_is_renewed_and_one_instance_is_created(server: Sandbox, spec: Any, settings: Any) -> None:
    with gn.connect(**settings(server), project_id=server.project_id) as gdb:
        gdb.login()
        server.advance(25 * 3600)
        gdb.instances.create(spec())
    assert len(there(server)) == 1


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "lost"])
def test_ten_threads_create_ten_instances(lost: bool, sandbox: Sandbox, spec: Any) -> None:
    if lost:
        sandbox.inject(CREATE, drop="after", times=None)
    outcomes: Counter[str] = Counter()
    ids: list[str] = []
    with sandbox.connect() as gdb:

        def create(name: str) -> None:
            try:
                ids.append(str(gdb.instances.create(spec(name=name))["id"].iloc[0]))
                outcomes["made"] += 1
            except gn.UnknownOutcome:
                outcomes["unknown"] += 1

        for names in ([f"name-{number}" for number in range(10)], ["equal"] * 10):
            threads = [threading.Thread(target=create, args=(name,)) for name in names]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert sent(sandbox) == 20 and len(there(sandbox)) == 20
        assert outcomes.total() == 20 and outcomes["made"] >= 10
        assert len(set(ids)) == len(ids) and set(ids) <= set(
            there(sandbox)
        )  # no thread got the instance of another thread
        made = gdb.made()
        assert len(made) == 20 and made["key"].is_unique
        assert made["id"].dropna().is_unique
        if not lost:
            assert outcomes["made"] == 20


# ------------------------------------------------------------------------------------- the ledger

KILLED = """
import json, os, sys
import gaussnb as gn
from gaussnb.cloud.transport import Transport
given = json.loads(sys.stdin.read())
exchange = Transport.exchange
def killed(self, endpoint, request, *, operation, **more):
    reply = exchange(self, endpoint, request, operation=operation, **more)
    if operation == "CreateInstance":
        os._exit(9)
    return reply
Transport.exchange = killed
gdb = gn.connect(**given["settings"])
gdb.instances.create(gn.InstanceSpec(**given["spec"]))
"""


def test_the_ledger_of_a_killed_kernel_leads_to_the_instance(server: Sandbox, settings: Any, spec: Any) -> None:
    plain = {name: getattr(value, "get_secret_value", lambda v=value: v)() for name, value in settings(server).items()}
    plain["project_id"] = server.project_id
    ended = subprocess.run(
        [sys.executable, "-c", KILLED],
        input=json.dumps({"settings": plain, "spec": spec().wire()}),
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(gn.__file__).parents[1])},
        timeout=60,
    )
    assert ended.returncode == 9
    with gn.connect(**plain) as gdb:
        assert Ledger().entries(server.endpoint, server.project_id)[0]["outcome"] == "asked"
        made = gdb.made()
        assert made["outcome"].tolist() == ["recovered"] and made["id"].tolist() == there(server)
        assert gdb.watch(made).ids == tuple(made["id"])


def test_an_interrupted_create_names_the_ledger(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    exchange = gdb._exchange

    def interrupted(message: Any, patience: Any = None) -> Any:
        reply = exchange(message, patience)
        if message.route.creates:
            raise KeyboardInterrupt
        return reply

    gdb._exchange = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt) as caught:
        gdb.instances.create(spec())
    assert "gdb.made()" in caught.value.__notes__[0]
    assert gdb.made()["id"].tolist() == there(sandbox)


def test_no_secret_is_in_the_ledger(sandbox: Sandbox, spec: Any, canary: str, tmp_path: Path) -> None:
    with sandbox.connect(keep=True) as gdb:
        gdb.instances.create(spec())
    assert canary.encode() not in (tmp_path / "state" / "ledger.sqlite").read_bytes()
