"""Manual and automatic backups, restores, and the recycle bin."""

from __future__ import annotations

from typing import Any

import pytest

from gaussnb.core.errors import ApiError

HOUR = 3600
DAY = 24 * HOUR
Make = Any


def refused(call: Any, *args: Any, **more: Any) -> str:
    """The code of a refusal."""
    with pytest.raises(ApiError) as refusal:
        call(*args, **more)
    return refusal.value.error_code


def used(gdb: Any, instance_id: str) -> float:
    return float(gdb.instances.list(id=instance_id)["used_gb"].iloc[0])


# ---------------------------------------------------------------------------------- automatic


def test_the_first_backup_follows_the_creation(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make()
    backup = gdb.backups.list(instance_id=id).iloc[0]
    assert (backup["type"], backup["status"], backup["engine"]) == ("Auto", "COMPLETED", "cassandra")
    assert "BackupInstance" not in gdb.jobs.list()["name"].tolist()
    assert gdb.backups.list(instance_id=make(backup_strategy={"start_time": "08:00-09:00", "keep_days": "0"})).empty


def test_later_backups_follow_the_policy(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make(backup_strategy={"start_time": "08:00-09:00", "keep_days": "3"})
    assert gdb.backups.get_policy(id)[["keep_days", "period"]].iloc[0].tolist() == [3, "1,2,3,4,5,6,7"]
    sandbox.advance(2 * DAY)
    begun = gdb.backups.list(instance_id=id)["begin_time"]
    assert begun.dt.strftime("%d %H:%M").tolist() == ["04 08:00", "03 08:00", "03 04:12"]
    sandbox.advance(10 * DAY)
    assert len(gdb.backups.list(instance_id=id)) <= 4

    gdb.backups.set_policy(id, 14, "22:30-23:30", "1,4")  # Monday and Thursday
    sandbox.advance(7 * DAY)
    newest = gdb.backups.list(instance_id=id)["begin_time"].head(2)
    assert newest.dt.strftime("%a %H:%M").tolist() == ["Thu 22:30", "Mon 22:30"]

    count = len(gdb.backups.list(instance_id=id))
    gdb.backups.set_policy(id, 0)
    sandbox.advance(7 * DAY)
    assert len(gdb.backups.list(instance_id=id)) == count
    assert gdb.backups.get_policy(id)["keep_days"].iloc[0] == 0


# ---------------------------------------------------------------------------------------- manual


def test_a_manual_backup(sandbox: Any, gdb: Any, cloud: Any, make: Make) -> None:
    id = make()
    receipt = gdb.backups.create(id, "by-hand", "to be safe").iloc[0]
    assert gdb.instances.list(id=id)["actions"].iloc[0] == "BACKUP"
    building = gdb.backups.get(receipt["backup_id"]).iloc[0]
    assert (building["status"], building["type"], building["description"]) == ("BUILDING", "Manual", "to be safe")
    assert refused(gdb.backups.delete, receipt["backup_id"]) == "DBS.201202"
    assert refused(gdb.backups.create, id, "another") == "DBS.200019"
    sandbox.advance(HOUR)
    assert gdb.jobs.list(id=receipt["job_id"])["status"].iloc[0] == "Completed"
    assert gdb.backups.list(backup_type="Manual", datastore_type="cassandra")["status"].tolist() == ["COMPLETED"]
    assert refused(gdb.backups.stop, receipt["backup_id"]) == "DBS.201202"
    gdb.backups.delete(receipt["backup_id"])
    assert cloud("DELETE", f"v3/backups/{receipt['backup_id']}").json()["error_code"] == "DBS.201202"
    sandbox.advance(HOUR)
    assert gdb.backups.list(backup_id=receipt["backup_id"]).empty
    assert refused(gdb.backups.delete, receipt["backup_id"]) == "DBS.201214"


def test_a_backup_is_stopped(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make()
    receipt = gdb.backups.create(id, "by-hand", "to be safe").iloc[0]
    gdb.backups.stop(receipt["backup_id"])
    sandbox.advance(60)
    stopped = gdb.backups.get(receipt["backup_id"]).iloc[0]
    assert (stopped["status"], float(stopped["size_kb"])) == ("FAILED", 0)
    job = gdb.jobs.list(id=receipt["job_id"]).iloc[0]
    assert job["status"] == "Failed" and "stopped" in job["fail_reason"]
    assert gdb.instances.list(id=id)["actions"].iloc[0] == ""


def test_a_backup_fails(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make()
    sandbox.inject("CreateBack", fail="the storage is away")
    backup = gdb.backups.create(id, "by-hand")["backup_id"].iloc[0]
    sandbox.advance(HOUR)
    assert gdb.backups.get(backup)["status"].iloc[0] == "FAILED"
    assert refused(gdb.backups.restore, id, backup) == "DBS.201214"


def test_several_backups_are_deleted_or_none(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make()
    automatic = gdb.backups.list(instance_id=id)["id"].iloc[0]
    ids = []
    for name in ("first", "second"):
        ids += gdb.backups.create(id, name)["backup_id"].tolist()
        sandbox.advance(HOUR)
    assert refused(gdb.backups.delete_many, [*ids, automatic]) == "DBS.212003"
    assert len(gdb.backups.list()) == 3
    gdb.backups.delete_many(ids)
    assert gdb.backups.list()["id"].tolist() == [automatic]


def test_single_tables(sandbox: Any, gdb: Any, make: Make) -> None:
    id, other = make(), make("redis")
    tables = [{"database_name": "shop", "table_names": ["orders"]}]
    assert refused(gdb.backups.create, other, "tables", database_tables=tables) == "DBS.216029"
    nowhere = [{"database_name": "nowhere"}]
    assert refused(gdb.backups.create, id, "tables", database_tables=nowhere) == "DBS.200823"
    backup = gdb.backups.create(id, "tables", database_tables=tables)["backup_id"].iloc[0]
    sandbox.advance(HOUR)
    assert gdb.backups.list(type="DatabaseTable")["id"].tolist() == [backup]
    assert backup not in gdb.backups.list()["id"].tolist()
    assert gdb.backups.tables(type="DatabaseTable")["table_name"].tolist() == ["orders"]
    assert refused(gdb.backups.restore, id, backup) == "DBS.301024"


def test_the_oldest_list_counts_pages(sandbox: Any, gdb: Any, cloud: Any, make: Make) -> None:
    id = make()
    sandbox.advance(3 * DAY)
    whole = gdb.backups.list(instance_id=id)["id"].tolist()
    page = cloud("GET", f"v3/backups?instance_id={id}&offset=1&limit=2").json()
    assert ([one["id"] for one in page["backups"]], page["total_count"]) == (whole[2:4], len(whole))
    assert page["backups"][0]["begin_time"] == "2026-02-03 08:00:00"


# --------------------------------------------------------------------------------------- restoring


def test_a_restore_brings_data_back(sandbox: Any, gdb: Any, cloud: Any, make: Make) -> None:
    id, other = make(), make("redis")
    sandbox.fill(id, 50)
    backup = gdb.backups.create(id, "half-full")["backup_id"].iloc[0]
    sandbox.advance(HOUR)
    sandbox.fill(id, 98)
    assert gdb.backups.restorable_instances(backup)["instance_id"].tolist() == [id]
    assert refused(gdb.backups.restore, other, backup) == "DBS.301024"
    gdb.backups.restore(id, backup)
    assert gdb.instances.list(id=id)["actions"].iloc[0] == "RESTORE"
    assert cloud("DELETE", f"v3/backups/{backup}").json()["error_code"] == "DBS.201319"
    sandbox.advance(HOUR)
    assert used(gdb, id) == 50 and gdb.instances.list(id=id)["status"].iloc[0] == "normal"

    restored = make(restore_info={"backup_id": backup})
    assert used(gdb, restored) == 50
    assert "RestoreNewInstance" in gdb.jobs.list()["name"].tolist()
    small = {"num": 3, "size": 50, "storage": "ULTRAHIGH", "spec_code": "geminidb.cassandra.xlarge.4"}
    assert refused(make, restore_info={"backup_id": backup}, flavor=[small]) == "DBS.280242"
    assert refused(make, "redis", restore_info={"backup_id": backup}) == "DBS.301024"


def test_backups_that_can_be_restored(sandbox: Any, gdb: Any, make: Make) -> None:
    id, other = make(), make("redis")
    begun = gdb.backups.restorable_times(id)
    assert len(begun) == 1 and (begun["start_time"] == begun["end_time"]).all()
    assert gdb.backups.restorable_times(other).empty
    assert gdb.backups.restorable_databases(id)["database_name"].tolist() == ["shop", "sensors"]
    assert gdb.backups.restorable_tables(id, "sensors")["table_name"].tolist() == ["devices", "readings"]
    assert refused(gdb.backups.restorable_tables, id, "nowhere") == "DBS.200823"


# --------------------------------------------------------------------------------------- recycle bin


def test_deleted_instances_are_kept_for_some_days(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make()
    sandbox.fill(id, 30)
    mine = gdb.backups.create(id, "by-hand")["backup_id"].iloc[0]
    sandbox.advance(HOUR)
    assert gdb.recycle_bin.get_policy()["retention_period_in_days"].iloc[0] == 7
    gdb.recycle_bin.set_policy(2)
    gdb.instances.delete(id)
    sandbox.advance(HOUR)
    (kept,) = gdb.recycle_bin.list().to_dict("records")
    assert (kept["id"], kept["engine"], kept["charge_mode"]) == (id, "cassandra", "postPaid")
    assert (kept["kept_until"] - kept["deleted"]).days == 2
    assert gdb.backups.list()["id"].tolist() == [mine]  # the automatic ones went, the bin's own is none of the list
    assert refused(gdb.backups.delete, kept["backup_id"]) == "DBS.201214"

    back = make(restore_info={"backup_id": kept["backup_id"]})
    assert used(gdb, back) == 30
    sandbox.advance(2 * DAY)
    assert gdb.recycle_bin.list().empty
    gdb.backups.delete(mine)  # its instance is gone
    sandbox.advance(HOUR)
    assert mine not in gdb.backups.list()["id"].tolist()


def test_an_instance_that_failed_to_be_created_is_not_recycled(sandbox: Any, gdb: Any, make: Make) -> None:
    sandbox.inject("CreateInstance", fail="no host is left")
    gdb.instances.delete(make())
    sandbox.advance(HOUR)
    assert gdb.recycle_bin.list().empty


def test_the_state_file_keeps_everything(build: Any, quick_start: Any, tmp_path: Any) -> None:
    from gaussnb.nosql.instance_spec import InstanceSpec

    file = tmp_path / "cloud.db"
    first = build(path=file)
    with first.connect() as gdb:
        one, two = (gdb.instances.create(InstanceSpec(**quick_start))["id"].iloc[0] for _ in range(2))
        first.advance(HOUR)
        gdb.instances.delete(one)
        gdb.recycle_bin.set_policy(3)
        first.advance(HOUR)
        gdb.backups.create(two, "going-on")
        before = gdb.backups.list()["id"].tolist()
        first.close()
    second = build(path=file)
    with second.connect() as gdb:
        assert gdb.backups.list()["id"].tolist() == before
        assert gdb.recycle_bin.list()["id"].tolist() == [one]
        second.advance(DAY)
        assert set(gdb.backups.list()["status"]) == {"COMPLETED"}
        assert len(gdb.backups.list()) == len(before) + 1  # the daily one
        second.advance(7 * DAY)
        assert gdb.recycle_bin.list().empty
        assert gdb.recycle_bin.get_policy()["retention_period_in_days"].iloc[0] == 3
