"""Many operations at once: checked as a whole, one row of outcome each, resumed, and never sent twice."""

from __future__ import annotations

import builtins
import inspect
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import gaussnb as gn
from gaussnb import Client, InstanceSpec, quickstart
from gaussnb.client.many import Outcome
from gaussnb.client.tables import _as_declared
from gaussnb.core.errors import InvalidRows
from gaussnb.core.rows import columns
from gaussnb.sandbox import Sandbox

CREATE = "CreateInstance"
COLUMNS = [column.name for column in columns(Outcome)]
FLAT = {
    "region": "cn-north-4", "availability_zone": "cn-north-4a", "mode": "Cluster",
    "vpc_id": quickstart.body("cn-north-4")["vpc_id"], "subnet_id": quickstart.body("cn-north-4")["subnet_id"],
    "security_group_id": quickstart.body("cn-north-4")["security_group_id"],
    "datastore.type": "cassandra", "datastore.version": "3.11", "datastore.storage_engine": "rocksDB",
    "flavor.num": 3, "flavor.size": 500, "flavor.storage": "ULTRAHIGH",
    "flavor.spec_code": "geminidb.cassandra.4xlarge.4",
}  # fmt: skip


def table(count: int = 3, **changes: Any) -> pd.DataFrame:
    return pd.DataFrame([{"name": f"many-{number}", **FLAT, **changes} for number in range(count)])


def sent(sandbox: Sandbox, operation: str = CREATE) -> int:
    return int((sandbox.requests["operation"] == operation).sum())


def there(sandbox: Sandbox) -> list[str]:
    return sorted(one.id for one in sandbox._app.world.instances.values())


# ---------------------------------------------------------------------------------------------------- input


def test_a_frame_becomes_instances_in_its_order(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    result = gdb.instances.create_many(table(5), password=canary)
    assert list(result.columns) == COLUMNS and result["row"].tolist() == [0, 1, 2, 3, 4]
    assert result["name"].tolist() == [f"many-{number}" for number in range(5)]
    assert set(result["outcome"]) == {"accepted"} and set(result["status"]) == {"creating"}
    assert sorted(result["id"]) == there(sandbox) and result["job_id"].is_unique and result["message"].isna().all()
    for name, id in zip(result["name"], result["id"]):
        assert gdb.instances.get(id)["name"].item() == name
    gdb.wait(result)
    assert set(gdb.instances.list()["status"]) == {"normal"}


def test_every_shape_sends_the_same_body(sandbox: Sandbox, gdb: Client, spec: Any, tmp_path: Path, canary: str) -> None:
    one = spec(name="many-0", backup_strategy=None, enterprise_project_id=None)
    nested = {name: value for name, value in one.wire().items() if name != "password"}
    gaps = table(2, **{"configuration_id": None, "port": float("nan"), "charge_info.charge_mode": ""})
    gaps.loc[1, "flavor.num"] = None  # a column with a gap holds fractions
    csv, semicolons = tmp_path / "a.csv", tmp_path / "b.CSV"
    gaps[:1].to_csv(csv, index=False, encoding="utf-8-sig")
    gaps[:1].to_csv(semicolons, index=False, sep=";")
    yaml, dotted = tmp_path / "c.yaml", tmp_path / "d.yml"
    yaml.write_text(json.dumps([nested]))
    dotted.write_text("- " + "\n  ".join(f"{name}: {value}" for name, value in {"name": "many-0", **FLAT}.items()))
    shapes: list[Any] = [
        [one], [nested], pd.DataFrame([nested]), table(1), gaps[:1], csv, str(semicolons), yaml, dotted,
    ]  # fmt: skip
    for shape in shapes:
        result = gdb.instances.create_many(shape, password=canary, again=True)
        assert result["outcome"].tolist() == ["accepted"], shape
    asked = sandbox.requests.loc[sandbox.requests["operation"] == CREATE, "body"].map(json.loads)
    assert len(asked) == len(shapes)
    for body, shape in zip(asked, shapes):
        assert body == asked.iloc[0], shape


def test_an_engine_without_a_version_needs_no_empty_text(gdb: Client, canary: str) -> None:
    changes = {"datastore.type": "dynamodb", "datastore.version": None}
    with pytest.raises(InvalidRows) as caught:
        gdb.instances.create_many(table(1, **changes, **{"flavor.num": 1}), password=canary)
    assert "datastore.version" not in set(caught.value.errors["field"])


def test_an_empty_table_sends_nothing(sandbox: Sandbox, gdb: Client, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "empty.yaml").write_text("")
    full = gdb.instances.create_many(table(1), password="Aa1!" * 3)
    for nothing in ([], table(0), tmp_path / "empty.csv", tmp_path / "empty.yaml"):
        result = gdb.instances.create_many(nothing)
        assert len(result) == 0 and list(result.columns) == COLUMNS
        kept = [name for name in COLUMNS if name not in ("status", "outcome")]
        assert result[kept].dtypes.tolist() == full[kept].dtypes.tolist()
    assert sent(sandbox) == 1


def test_without_yaml_the_error_names_the_package_to_install(
    gdb: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yaml").write_text("[]")
    real = builtins.__import__

    def without(name: str, *more: Any, **named: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"gaussnb\[yaml\]"):
        gdb.instances.create_many(tmp_path / "a.yaml")


# ---------------------------------------------------------------------------------------------------- errors


def test_all_rows_are_judged_before_the_first_is_sent(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    specs = table(4)
    specs.loc[1, "flavor.num"] = 999
    specs.loc[3, "name"] = "1"
    specs.loc[3, "mode"] = None
    with pytest.raises(gn.InvalidRows, match="2 of 4 rows are not valid; nothing was sent") as caught:
        gdb.instances.create_many(specs, password=canary)
    errors = caught.value.errors
    assert list(errors.columns) == ["row", "field", "message"]
    assert list(zip(errors["row"], errors["field"])) == [(1, "flavor.num"), (3, "name"), (3, "mode")]
    assert isinstance(caught.value, ValueError) and isinstance(caught.value, gn.GaussnbError)
    assert len(sandbox.requests) == 0


WRONG: dict[str, tuple[str, str]] = {
    "cells.csv": ("name,mode\nmany-0\n", "1 cells"),
    "twice.csv": ("name,name\na,b\n", "two columns"),
    "syntax.yaml": ("- name: [", "not YAML, at line"),
    "mapping.yaml": ("name: many", "no list"),
    "words.yaml": ("- many", "a spec or a dict"),
    "binary.csv": ("name\n\udcff\n", "UTF-8"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_is_no_table_is_refused(name: str, sandbox: Sandbox, gdb: Client, tmp_path: Path) -> None:
    text, says = WRONG[name]
    (tmp_path / name).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InvalidRows, match=says):
        gdb.instances.create_many(tmp_path / name)
    assert len(sandbox.requests) == 0


def test_a_value_that_is_no_table_is_refused(gdb: Client, spec: Any) -> None:
    for wrong in (spec(), {"name": "many"}, 7, None):
        with pytest.raises(TypeError, match="list"):
            gdb.instances.create_many(wrong)
    for wrong in ("specs.txt", "specs"):
        with pytest.raises(ValueError, match="yaml"):
            gdb.instances.create_many(wrong)
    with pytest.raises(InvalidRows, match="given twice"):
        gdb.instances.create_many(pd.DataFrame([{"flavor": [{"num": 3}], "flavor.num": 3}]))
    with pytest.raises(ValueError, match="workers"):
        gdb.instances.create_many([], workers=0)


def test_no_secret_is_in_errors_and_frames(sandbox: Sandbox, gdb: Client, canary: str, tmp_path: Path) -> None:
    shown: list[Any] = []
    headless = tmp_path / "headless.csv"
    headless.write_text(f"many-0,{canary}\nmany-1,{canary}\n")
    torn = tmp_path / "torn.yaml"
    torn.write_text(f"- password: {canary}: [")
    latin = tmp_path / "latin.csv"
    latin.write_bytes(f"name,password\nm\xfcller,{canary}\n".encode("latin-1"))
    for wrong in (headless, torn, latin, table(2, password=canary, mode=canary), table(1, password=f" {canary} ü")):
        with pytest.raises(InvalidRows) as caught:
            gdb.instances.create_many(wrong)
        shown += [caught.value, caught.value.errors.to_string(), vars(caught.value), caught.value.__cause__]
    sandbox.inject(CREATE, status=400, code="DBS.280001", message=f"I do not like {canary}.")
    result = gdb.instances.create_many(table(2, password=canary))
    assert sorted(result["outcome"]) == ["accepted", "refused"]
    shown += [result.to_string(), result.attrs, gdb.made().to_string()]
    assert canary not in " ".join(map(repr, shown)) + " ".join(map(str, shown))


# ------------------------------------------------------------------------------------------- failures while sending


def test_a_refused_row_does_not_stop_the_other_rows(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    specs = table(4)
    specs.loc[2, "vpc_id"] = "00000000-0000-0000-0000-000000000000"
    result = gdb.instances.create_many(specs, password=canary)
    assert result["outcome"].tolist() == ["accepted", "accepted", "refused", "accepted"]
    assert result.loc[2, "error_code"] == "DBS.200503" and "VPC" in result.loc[2, "message"]
    specs.loc[2, "vpc_id"] = FLAT["vpc_id"]
    specs.loc[2, "name"] = "mended"  # a refused row may be changed and sent again
    again = gdb.instances.create_many(specs, password=canary, resume=result)
    assert set(again["outcome"]) == {"accepted"} and again["row"].tolist() == [0, 1, 2, 3]
    assert sent(sandbox) == 5 and sorted(again["id"]) == there(sandbox)
    others = [0, 1, 3]
    assert again.loc[others, "id"].tolist() == result.loc[others, "id"].tolist()
    assert again.loc[others, "job_id"].tolist() == result.loc[others, "job_id"].tolist()


@pytest.mark.parametrize("workers", [1, 4])
def test_a_creation_with_a_lost_answer_is_found_and_not_repeated(
    workers: int, sandbox: Sandbox, gdb: Client, canary: str
) -> None:
    sandbox.inject(CREATE, drop="after", times=3)
    result = gdb.instances.create_many(table(6), password=canary, workers=workers)
    assert set(result["outcome"]) == {"accepted"} and sorted(result["id"]) == there(sandbox)
    assert sent(sandbox) == 6


def test_equal_names_are_told_apart_after_lost_answers(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    sandbox.inject(CREATE, drop="after", times=None)
    result = gdb.instances.create_many(table(4, name="equal"), password=canary, again=True)
    assert result["id"].is_unique and sorted(result["id"]) == there(sandbox)


def test_an_unknown_row_is_looked_up_and_not_sent_again(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    sandbox.inject(CREATE, drop="after", after=1)
    blind = sandbox.inject("ListInstances", body=b'{"instances": [], "total_count": 0}', times=None)
    result = gdb.instances.create_many(table(3), password=canary, workers=1)
    assert result["outcome"].tolist() == ["accepted", "unknown", "accepted"]
    assert result["key"].isna().tolist() == [True, False, True] and "not sent again" in result.loc[1, "message"]
    still = gdb.instances.create_many(table(3), password=canary, resume=result)
    assert still["outcome"].tolist() == ["accepted", "unknown", "accepted"] and sent(sandbox) == 3
    blind.remove()
    found = gdb.instances.create_many(table(3), password=canary, resume=still)
    assert set(found["outcome"]) == {"accepted"} and sorted(found["id"]) == there(sandbox)
    assert sent(sandbox) == 3 and found["message"].isna().all() and found["job_id"].notna().all()


def test_a_request_that_never_arrived_stays_unknown(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    sandbox.inject(CREATE, drop="before")
    result = gdb.instances.create_many(table(1), password=canary)
    again = gdb.instances.create_many(table(1), password=canary, resume=result)
    assert again["outcome"].tolist() == ["unknown"] and sent(sandbox) == 1
    with sandbox.connect() as elsewhere:  # its ledger has no entry of this
        other = elsewhere.instances.create_many(table(1), password=canary, resume=result)
    assert other["outcome"].tolist() == ["unknown"] and sent(sandbox) == 1


def test_after_a_wrong_login_nothing_more_is_tried(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    sandbox.inject(CREATE, code="DBS.280032", times=None)
    result = gdb.instances.create_many(table(5), password=canary, workers=1)
    assert result["outcome"].tolist() == ["refused"] + ["skipped"] * 4 and sent(sandbox) == 1
    sandbox._app.faults._faults.clear()
    again = gdb.instances.create_many(table(5), password=canary, resume=result)
    assert set(again["outcome"]) == {"accepted"} and len(there(sandbox)) == 5


def test_an_outage_in_the_middle_leaves_the_rest_unsent(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    outage = sandbox.inject("ListInstances", drop="before", times=None, after=3)  # one look before the first row
    result = gdb.instances.create_many(table(4), password=canary, workers=1)
    assert result["outcome"].tolist() == ["accepted", "accepted", "skipped", "skipped"] and sent(sandbox) == 2
    outage.remove()
    again = gdb.instances.create_many(table(4), password=canary, resume=result)
    assert sorted(again["id"]) == there(sandbox) and sent(sandbox) == 4


def test_an_interrupt_carries_the_outcomes_so_far(
    sandbox: Sandbox, gdb: Client, canary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, calls = gdb.send, []

    def stopped(operation: Any, returns: Any = None) -> Any:
        if operation.route.creates:
            calls.append(operation)
            if len(calls) == 2:
                raise KeyboardInterrupt
        return send(operation, returns)

    monkeypatch.setattr(gdb, "send", stopped)
    with pytest.raises(KeyboardInterrupt) as caught:
        gdb.instances.create_many(table(4), password=canary, workers=1)
    monkeypatch.undo()
    assert "resume=" in caught.value.__notes__[0]
    result = caught.value.result  # type: ignore[attr-defined]
    assert result["outcome"].tolist()[:2] == ["accepted", "unknown"] and "again=True" in result.loc[1, "message"]
    again = gdb.instances.create_many(table(4), password=canary, resume=result)
    assert again["outcome"].tolist()[:2] == ["accepted", "unknown"]  # the outcome of the second row is unknown


def test_resume_reads_the_ledger_if_the_answer_is_gone(sandbox: Sandbox, canary: str) -> None:
    with sandbox.connect(keep=True) as gdb:
        sandbox.inject(CREATE, code="DBS.280001", after=2)
        first = gdb.instances.create_many(table(3), password=canary, workers=1)
    with sandbox.connect(keep=True) as gdb:  # another kernel
        again = gdb.instances.create_many(table(3), password=canary, resume=True)
        assert set(again["outcome"]) == {"accepted"} and again["id"].tolist()[:2] == first["id"].tolist()[:2]
        assert sorted(again["id"]) == there(sandbox) and sent(sandbox) == 4
        sandbox.advance(3600)
        gdb.wait(gdb.instances.delete_many(again[:1]))
        assert gdb.instances.create_many(table(3), password=canary, resume=True)["outcome"].tolist() == ["accepted"] * 3
        assert sent(sandbox) == 5  # a deleted instance is created again


def test_an_answer_to_another_table_is_not_taken_up(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    result = gdb.instances.create_many(table(2), password=canary)
    for specs, resume in ((table(3), result), (table(2, name="other"), result), (table(2), gdb.instances.list())):
        with pytest.raises(ValueError, match="resume"):
            gdb.instances.create_many(specs, password=canary, resume=resume)
    assert sent(sandbox) == 2


def test_an_answer_survives_a_file(sandbox: Sandbox, gdb: Client, canary: str, tmp_path: Path) -> None:
    sandbox.inject(CREATE, code="DBS.280001")
    gdb.instances.create_many(table(3), password=canary, workers=1).to_csv(tmp_path / "kept.csv", index=False)
    again = gdb.instances.create_many(table(3), password=canary, resume=pd.read_csv(tmp_path / "kept.csv"))
    assert sorted(again["id"]) == there(sandbox) and sent(sandbox) == 4


def test_the_quota_is_checked_before_the_first_row(build: Any, canary: str) -> None:
    sandbox = build(quota=2)
    with sandbox.connect() as gdb:
        with pytest.raises(gn.QuotaExceeded, match="3 cassandra instances are asked for, and 2 of 2 are left"):
            gdb.instances.create_many(table(3), password=canary)
        assert sent(sandbox) == 0
        result = gdb.instances.create_many(table(2), password=canary)
        assert gdb.instances.create_many(table(2), password=canary, resume=result)["id"].tolist() == list(result["id"])
        sandbox.inject("ShowQuotas", code="DBS.280032")
        more = gdb.instances.create_many(table(1, name="more"), password=canary)  # the service itself tells
    assert more["outcome"].tolist() == ["refused"] and more["error_code"].tolist() == ["DBS.280280"]


def test_as_many_rows_as_workers_are_sent_at_the_same_time(
    gdb: Client, canary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, guard, meet = gdb.send, threading.Lock(), threading.Barrier(3)
    now, most = 0, 0

    def counted(operation: Any, returns: Any = None) -> Any:
        nonlocal now, most
        if not operation.route.creates:
            return send(operation, returns)
        with guard:
            now += 1
            most = max(most, now)
        meet.wait(30)  # each request waits until three have arrived
        try:
            return send(operation, returns)
        finally:
            with guard:
                now -= 1

    monkeypatch.setattr(gdb, "send", counted)
    result = gdb.instances.create_many(table(6), password=canary, workers=3)
    assert most == 3 and set(result["outcome"]) == {"accepted"}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("gaussnb-many")]


# ------------------------------------------------------------------------------------------------ deleting and tagging


def test_many_are_deleted(sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    ids = fill(sandbox, 4)
    targets = [ids[2], ids[0], "0" * 32 + "in06", ids[2], ids[1]]
    result = gdb.instances.delete_many(targets)
    assert list(result.columns) == COLUMNS and result["id"].tolist() == targets
    assert result["outcome"].tolist() == ["accepted", "accepted", "refused", "skipped", "accepted"]
    assert "row 0" in result.loc[3, "message"] and result["job_id"].notna().tolist() == [True, True, False, False, True]
    gdb.wait(result[result["outcome"] == "accepted"])
    assert there(sandbox) == [ids[3]]


def test_a_frame_names_what_to_delete(sandbox: Sandbox, gdb: Client, fill: Any, canary: str) -> None:
    ids = fill(sandbox, 2)
    frame = gdb.instances.list()
    frame.loc[0, "id"] = pd.NA
    result = gdb.instances.delete_many(frame)
    assert result["name"].tolist() == frame["name"].tolist()
    assert result["outcome"].tolist() == ["skipped", "accepted"] and result.loc[1, "id"] in ids
    with pytest.raises(InvalidRows) as caught:
        gdb.instances.delete_many([ids[0], "no/id", 7])
    assert list(zip(caught.value.errors["row"], caught.value.errors["field"])) == [
        (1, "instance_id"), (2, "instance_id"),
    ]  # fmt: skip
    for wrong in ({"id": ids[0]}, 7):
        with pytest.raises(TypeError):
            gdb.instances.delete_many(wrong)
    with pytest.raises(ValueError, match="column"):
        gdb.instances.delete_many(pd.DataFrame({"name": ["many"]}))


def test_a_lost_deletion_is_looked_up(sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    ids = fill(sandbox, 3)
    sandbox.inject("DeleteInstance", drop="after", times=1)
    sandbox.inject("DeleteInstance", drop="before", times=1)
    result = gdb.instances.delete_many(ids, workers=1)
    assert result["outcome"].tolist() == ["accepted", "unknown", "accepted"]
    again = gdb.instances.delete_many(ids, resume=result)
    assert again["outcome"].tolist() == ["accepted"] * 3
    gdb.wait(again)
    assert there(sandbox) == [] and sent(sandbox, "DeleteInstance") == 4


def test_many_are_tagged(sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    ids = fill(sandbox, 3)
    sandbox.inject("BatchTagAction", drop="after", times=1)
    sandbox.inject("BatchTagAction", drop="before", times=1)
    tags = [{"key": "team", "value": "blue"}]
    result = gdb.tags.update_many(ids, "create", tags, workers=1)
    assert result["outcome"].tolist() == ["accepted", "unknown", "accepted"]
    again = gdb.tags.update_many(ids, "create", tags, resume=result)
    assert set(again["outcome"]) == {"accepted"} and sent(sandbox, "BatchTagAction") == 4
    assert [gdb.tags.list(id)["value"].tolist() for id in ids] == [["blue"]] * 3
    gone = gdb.tags.update_many(gdb.instances.list(), "delete", [{"key": "team"}])
    assert set(gone["outcome"]) == {"accepted"} and gone["name"].notna().all()
    assert [len(gdb.tags.list(id)) for id in ids] == [0, 0, 0]
    with pytest.raises(InvalidRows, match="nothing was sent"):
        gdb.tags.update_many(ids, "create", [{"key": "team"}])


@pytest.mark.parametrize("gap", [None, float("nan"), pd.NA, pd.NaT, "", " "])
def test_an_empty_item_in_a_list_is_no_id(gap: Any, sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    (id,) = fill(sandbox, 1)
    result = gdb.instances.delete_many([gap, id])
    assert result["outcome"].tolist() == ["skipped", "accepted"] and "no id" in result.loc[0, "message"]
    assert sent(sandbox, "DeleteInstance") == 1


def test_a_frame_of_parts_of_instances_deletes_no_instance(sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    (id,) = fill(sandbox, 1)
    for frame in (gdb.instances.nodes(id), pd.DataFrame({"instance_id": [id, id]})):
        with pytest.raises(ValueError, match="of things that belong to instances"):
            gdb.instances.delete_many(frame)
    assert sent(sandbox, "DeleteInstance") == 0 and there(sandbox) == [id]
    assert gdb.instances.delete_many(pd.DataFrame({"instance_id": [id]}))["outcome"].tolist() == ["accepted"]


def test_an_answer_of_another_operation_is_not_taken_up(
    sandbox: Sandbox, gdb: Client, canary: str, tmp_path: Path
) -> None:
    made = gdb.instances.create_many(table(2), password=canary)
    with pytest.raises(ValueError, match="answer to CreateInstance, and this is DeleteInstance"):
        gdb.instances.delete_many(made, resume=made)
    tags = [{"key": "team", "value": "blue"}]
    tagged = gdb.tags.update_many(made, "create", tags)
    tagged.to_csv(tmp_path / "tagged.csv", index=False)
    kept = pd.read_csv(tmp_path / "tagged.csv")
    for action, others in (("delete", tags), ("create", [{"key": "team", "value": "red"}])):
        with pytest.raises(ValueError, match="row 0 was accepted in resume, when other things"):
            gdb.tags.update_many(made, action, others, resume=kept)
    assert gdb.tags.update_many(made, "create", tags, resume=kept)["outcome"].tolist() == ["accepted"] * 2
    assert sent(sandbox, "BatchTagAction") == 2 + 2 and sent(sandbox, "DeleteInstance") == 0  # two of them are marks
    with pytest.raises(ValueError, match="only what was refused or skipped may change"):
        gdb.instances.create_many(table(2, **{"flavor.size": 600}), password=canary, resume=made)
    backwards = gdb.instances.create_many(table(2), password=canary, resume=made[::-1])
    assert backwards["id"].tolist() == made["id"].tolist() and sent(sandbox) == 2


# -------------------------------------------------------------------------------------------- a cell that is run twice


def test_a_table_that_is_sent_twice_creates_once(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    first = gdb.instances.create_many(table(2), password=canary)
    second = gdb.instances.create_many(table(3), password=canary)
    assert second["outcome"].tolist() == ["exists", "exists", "accepted"] and sent(sandbox) == 3
    assert second["id"].tolist()[:2] == first["id"].tolist() and set(second["status"]) == {"creating"}
    assert second["message"].str.contains("made from this very row, by this machine").tolist()[:2] == [True, True]
    on = gdb.instances.create_many(table(3), password=canary, resume=True)
    assert on["outcome"].tolist() == ["accepted"] * 3 and on["id"].tolist() == second["id"].tolist()
    assert sent(sandbox) == 3
    gdb.instances.create_many(table(1), password=canary, again=True)
    assert sent(sandbox) == 4


def test_a_resume_that_is_run_twice_creates_once(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    sandbox.inject(CREATE, code="DBS.280001")
    result = gdb.instances.create_many(table(2), password=canary, workers=1)
    once = gdb.instances.create_many(table(2), password=canary, resume=result)
    twice = gdb.instances.create_many(table(2), password=canary, resume=result)
    assert twice["outcome"].tolist() == ["exists", "accepted"] and twice["id"].tolist() == once["id"].tolist()
    assert sent(sandbox) == 3 and len(there(sandbox)) == 2


def test_a_deleted_instance_may_be_created_again(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    made = gdb.instances.create_many(table(2), password=canary)
    sandbox.advance(3600)
    gdb.instances.delete_many(made)  # a running deletion is enough
    assert gdb.instances.create_many(table(2), password=canary)["outcome"].tolist() == ["accepted"] * 2


def test_equal_names_in_a_table_are_refused_without_again(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    for resume in (False, True):
        with pytest.raises(InvalidRows, match="the name of row 0 as well; again=True"):
            gdb.instances.create_many(table(2, name="equal"), password=canary, resume=resume)
    assert sent(sandbox) == 0
    sandbox.inject(CREATE, code="DBS.280001", after=1)
    result = gdb.instances.create_many(table(2, name="equal"), password=canary, again=True)
    on = gdb.instances.create_many(table(2, name="equal"), password=canary, resume=result)
    assert on["outcome"].tolist() == ["accepted"] * 2 and sorted(on["id"]) == there(sandbox)


def test_the_ledger_tells_another_spec_of_the_same_name(sandbox: Sandbox, gdb: Client, canary: str) -> None:
    made = gdb.instances.create_many(table(1), password=canary)
    assert gdb.made()["digest"].tolist() == made["digest"].tolist()
    same = gdb.instances.create_many(table(1, **{"flavor.num": "3"}), password="Another-1!", resume=True)
    assert same["outcome"].tolist() == ["accepted"]
    bigger = table(1, **{"flavor.size": 600})
    other = gdb.instances.create_many(bigger, password=canary, resume=True)
    assert other["outcome"].tolist() == ["skipped"] and "another spec" in other.loc[0, "message"]
    assert other["id"].tolist() == made["id"].tolist() and sent(sandbox) == 1
    more = gdb.instances.create_many(bigger, password=canary, resume=True, again=True)
    assert more["outcome"].tolist() == ["accepted"] and sent(sandbox) == 2


@pytest.mark.parametrize("kept", [True, False], ids=["frame", "ledger"])
def test_a_request_that_never_arrived_is_sent_with_again(
    kept: bool, sandbox: Sandbox, gdb: Client, canary: str
) -> None:
    sandbox.inject(CREATE, drop="before")
    result = gdb.instances.create_many(table(1), password=canary)
    assert "resume= and again=True" in result.loc[0, "message"]
    on = gdb.instances.create_many(table(1), password=canary, resume=result if kept else True, again=True)
    assert on["outcome"].tolist() == ["accepted"] and on["id"].tolist() == there(sandbox)


@pytest.mark.parametrize("outcome", ["refused", "accepted"])
def test_another_machines_ledger_says_nothing(outcome: str, sandbox: Sandbox, gdb: Client, canary: str) -> None:
    sandbox.inject(CREATE, drop="before")
    result = gdb.instances.create_many(table(1), password=canary)
    with sandbox.connect() as elsewhere:
        if outcome == "refused":
            sandbox.inject(CREATE, code="DBS.280001")
        assert elsewhere.instances.create_many(table(1), password=canary)["outcome"].tolist() == [outcome]
        assert elsewhere.made()["key"].tolist() == gdb.made()["key"].tolist()  # both ledgers count from 1
        on = elsewhere.instances.create_many(table(1), password=canary, resume=result)
    assert on["outcome"].tolist() == ["unknown"] and sent(sandbox) == 2


def test_a_second_interrupt_still_carries_the_result(
    sandbox: Sandbox, gdb: Client, canary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, shutdown, presses = gdb.send, ThreadPoolExecutor.shutdown, [1, 2, 3]

    def stopped(operation: Any, returns: Any = None) -> Any:
        if operation.route.creates and operation.name == "many-1":
            raise KeyboardInterrupt
        return send(operation, returns)

    def pressed(pool: Any, *args: Any, **named: Any) -> None:
        if presses:
            presses.pop()
            raise KeyboardInterrupt
        shutdown(pool, *args, **named)

    monkeypatch.setattr(gdb, "send", stopped)
    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", pressed)
    with pytest.raises(KeyboardInterrupt) as caught:
        gdb.instances.create_many(table(3), password=canary, workers=1)
    assert not presses and "resume=" in caught.value.__notes__[0]
    result = caught.value.result  # type: ignore[attr-defined]
    assert result["outcome"].tolist()[:2] == ["accepted", "unknown"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("gaussnb-many")]


# ------------------------------------------------------------------------------------------- what tables do to values


def bodies(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [json.loads(body) for body in sandbox.requests.loc[sandbox.requests["operation"] == CREATE, "body"]]


def test_a_file_that_was_written_with_gaps_is_read(sandbox: Sandbox, gdb: Client, canary: str, tmp_path: Path) -> None:
    gaps = table(2, **{"backup_strategy.start_time": "08:00-09:00", "enterprise_project_id": "0"})
    gaps["backup_strategy.keep_days"], gaps["ssl_option"] = [8, None], [1, None]
    gaps["charge_info.charge_mode"], gaps["charge_info.is_auto_renew"] = ["postPaid", None], [True, None]
    gaps["charge_info.period_num"] = [1, None]
    gaps.to_csv(tmp_path / "gaps.csv", index=False)
    assert ",8.0," in (tmp_path / "gaps.csv").read_text()
    gdb.instances.create_many(tmp_path / "gaps.csv", password=canary, workers=1)
    first, second = bodies(sandbox)
    assert first["backup_strategy"]["keep_days"] == 8 and first["enterprise_project_id"] == "0"
    assert first["charge_info"] == {"charge_mode": "postPaid", "is_auto_renew": "true", "period_num": 1}
    assert first["ssl_option"] == "1" and first["datastore"]["version"] == "3.11"
    assert "ssl_option" not in second and "charge_info" not in second
    redis = InstanceSpec.model_fields["port"]
    assert _as_declared(redis.annotation, redis.metadata, "6380.0", True) == 6380


def test_a_version_that_became_a_number_is_not_guessed(gdb: Client, canary: str, tmp_path: Path) -> None:
    whole = table(1, enterprise_project_id="0")
    whole.to_csv(tmp_path / "a.csv", index=False)
    read = pd.read_csv(tmp_path / "a.csv")
    with pytest.raises(InvalidRows, match=r"dtype=str, or give its path") as caught:
        gdb.instances.create_many(read, password=canary)
    assert caught.value.errors["field"].tolist() == ["datastore.version"]  # and not enterprise_project_id
    read = pd.read_csv(tmp_path / "a.csv", dtype=str)
    assert gdb.instances.create_many(read, password=canary)["outcome"].tolist() == ["accepted"]


def test_an_empty_value_in_yaml_is_left_out(sandbox: Sandbox, gdb: Client, canary: str, tmp_path: Path) -> None:
    nothing = {"configuration_id": "null", "dedicated_resource_id": "~", "disk_encryption_id": "NULL",
               "port": "Null", "ssl_option": ""}  # fmt: skip
    lines = {"name": "many-0", **FLAT, **nothing, "enterprise_project_id": '"null"'}
    (tmp_path / "a.yaml").write_text("- " + "\n  ".join(f"{name}: {value}" for name, value in lines.items()))
    gdb.instances.create_many(tmp_path / "a.yaml", password=canary)
    (body,) = bodies(sandbox)
    assert not set(nothing) & set(body) and body["enterprise_project_id"] == "null"  # a text where it is quoted


def test_an_index_and_tabs_do_no_harm(sandbox: Sandbox, gdb: Client, canary: str, tmp_path: Path) -> None:
    table(1).to_csv(tmp_path / "index.csv")
    table(1).to_csv(tmp_path / "tabs.csv", sep="\t")
    read = pd.read_csv(tmp_path / "index.csv", dtype=str)
    for shape in (tmp_path / "index.csv", tmp_path / "tabs.csv", read):
        assert len(gdb.instances.create_many(shape, password=canary, again=True)) == 1
    first, *others = bodies(sandbox)
    assert others == [first, first]


def test_the_error_of_a_name_in_capitals_names_the_field(gdb: Client, canary: str) -> None:
    specs = table(1).rename(columns={"name": "Name", "datastore.type": "datastore.Type"})
    with pytest.raises(InvalidRows) as caught:
        gdb.instances.create_many(specs, password=canary)
    says = dict(zip(caught.value.errors["field"], caught.value.errors["message"]))
    assert says["Name"] == "there is no such field; name is meant"
    assert says["datastore.Type"] == "there is no such field; datastore.type is meant"
    with pytest.raises(InvalidRows, match=r"\*\*\*: there is no such field: it stands in column 15"):
        gdb.instances.create_many(table(1, **{"Colour of it": "red"}), password=canary)


def test_a_missing_head_is_an_error(gdb: Client, tmp_path: Path) -> None:
    one = tmp_path / "one.csv"
    one.write_text("many-0,quite4secret,quite4secret\n")
    for specs in (one, pd.read_csv(one)):
        with pytest.raises(InvalidRows, match="head seems to be missing") as caught:
            gdb.instances.create_many(specs)
        assert "quite4secret" not in str(caught.value) + caught.value.errors.to_string()
    one.write_text("name\n" + "a" * 200_000)
    with pytest.raises(InvalidRows, match="not CSV, at line 2"):
        gdb.instances.create_many(one)


def test_an_empty_row_keeps_its_number(sandbox: Sandbox, gdb: Client, canary: str, tmp_path: Path) -> None:
    table(2).to_csv(tmp_path / "a.csv", index=False)
    head, first, last = (tmp_path / "a.csv").read_text().splitlines()
    (tmp_path / "a.csv").write_text("\n".join([head, first, "," * head.count(","), last]))
    result = gdb.instances.create_many(tmp_path / "a.csv", password=canary)
    assert result["outcome"].tolist() == ["accepted", "skipped", "accepted"]
    assert "nothing in this row" in result.loc[1, "message"] and sent(sandbox) == 2
    on = gdb.instances.create_many(tmp_path / "a.csv", password=canary, resume=result)
    assert on["outcome"].tolist() == ["accepted", "skipped", "accepted"] and sent(sandbox) == 2


# ----------------------------------------------------------------------------------------------------------- views


@pytest.mark.parametrize("name", ["instances.create_many", "instances.delete_many", "tags.update_many"])
def test_methods_over_many_things_are_documented_like_calls(name: str, gdb: Client) -> None:
    group, method = name.split(".")
    many = getattr(getattr(gdb, group), method)
    signature = inspect.signature(many)
    assert "gdb" not in signature.parameters and {"workers", "resume"} <= set(signature.parameters)
    assert repr(many).startswith(f"{name}(") and "0x" not in repr(many) and "\n" not in repr(many)
    text, card = inspect.getdoc(many) or "", many._repr_markdown_()
    for parameter in signature.parameters:
        assert f"    {parameter}: " in text and f"- `{parameter}`: " in card
    assert card.startswith(f"### {name}\n") and "0x" not in card and ":class:" not in card
    assert method in repr(getattr(gdb, group)) and f"`{method}`" in getattr(gdb, group)._repr_markdown_()
    with pytest.raises(TypeError, match="connect"):
        getattr(type(getattr(gdb, group)), method)([])
