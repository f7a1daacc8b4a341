"""Redis instances: accounts, sessions, commands, keys, and point-in-time recovery."""

from __future__ import annotations

from typing import Any

import pytest

import gaussnb as gn
from gaussnb.sandbox.behaviours.redis_recovery import Pitr

PASSWORD = "Aa1!" * 3
GUEST: dict[str, Any] = {"name": "guest", "password": PASSWORD, "databases": ["0", "7"], "privilege": "ReadOnly"}


@pytest.fixture
def redis_id(make: Any) -> str:
    return str(make("redis"))


def refused(code: str) -> Any:
    return pytest.raises(gn.ApiError, match=code.replace(".", r"\."))


# ------------------------------------------------------------------------------------------- the engine


CALLS: dict[str, Any] = {
    "redis_accounts.list": lambda gdb, id: gdb.redis_accounts.list(id),
    "redis_accounts.create": lambda gdb, id: gdb.redis_accounts.create(id, [GUEST]),
    "redis_accounts.set_passwordless": lambda gdb, id: gdb.redis_accounts.set_passwordless(id, []),
    "redis_commands.list": lambda gdb, id: gdb.redis_commands.list(id),
    "redis_commands.disable": lambda gdb, id: gdb.redis_commands.disable(id, "command", ["keys"]),
    "redis_sessions.list": lambda gdb, id: gdb.redis_sessions.list(id),
    "redis_data.databases": lambda gdb, id: gdb.redis_data.databases(id),
    "redis_data.big_keys": lambda gdb, id: gdb.redis_data.big_keys(id),
    "redis_recovery.set_policy": lambda gdb, id: gdb.redis_recovery.set_policy(id, True),
}


@pytest.mark.parametrize("name", CALLS)
def test_other_engines_are_refused(gdb: Any, make: Any, name: str) -> None:
    with refused("DBS.216029"):
        CALLS[name](gdb, make("cassandra"))


@pytest.mark.parametrize("name", CALLS)
def test_missing_instances_are_refused(gdb: Any, name: str) -> None:
    with refused("DBS.200002"):
        CALLS[name](gdb, "0" * 32 + "in12")


def test_nodes_of_other_engines_are_refused(gdb: Any, make: Any) -> None:
    node = gdb.instances.nodes(make("cassandra"))["id"].iloc[0]
    with refused("DBS.216029"):
        gdb.redis_sessions.list_of_node(node)
    with refused("DBS.200013"):
        gdb.redis_sessions.list_of_node("0" * 32 + "no12")


def test_an_instance_that_is_being_created_answers_no_questions(gdb: Any, cloud: Any, redis: dict[str, Any]) -> None:
    created = cloud.create(**redis).json()["id"]
    with refused("DBS.200019"):
        gdb.redis_sessions.list(created)


# --------------------------------------------------------------------------------------------- accounts


def test_the_life_of_an_account(gdb: Any, sandbox: Any, redis_id: str) -> None:
    accounts = gdb.redis_accounts
    accounts.create(redis_id, [GUEST])
    assert gdb.instances.get(redis_id)["actions"].item() == "CREATE_DB_USER"
    assert accounts.list(redis_id)["name"].tolist() == ["rwuser"]  # not before the job is done
    with refused("DBS.200019"):
        accounts.delete(redis_id, ["guest"])
    sandbox.advance(60)
    guest = accounts.list(redis_id, name="guest").iloc[0]
    assert (guest["type"], guest["privilege"], guest["databases"]) == ("acluser", "ReadOnly", "0, 7")

    accounts.set_privileges(redis_id, [{"name": "guest", "privilege": "ReadWrite"}])
    sandbox.advance(60)
    guest = accounts.list(redis_id, name="guest").iloc[0]
    assert (guest["privilege"], guest["databases"]) == ("ReadWrite", "0, 7")
    assert accounts.reset_password(redis_id, "guest", PASSWORD)["operation"].item() == "ResetDbUserPassword"

    accounts.delete(redis_id, ["guest"])
    sandbox.advance(60)
    assert accounts.list(redis_id)["type"].tolist() == ["rwuser"]


def test_work_that_fails_changes_nothing(gdb: Any, sandbox: Any, redis_id: str) -> None:
    sandbox.inject("CreateDbUser", fail="no space for another account")
    job = gdb.redis_accounts.create(redis_id, [GUEST])["job_id"].item()
    sandbox.advance(60)
    assert gdb.jobs.list(id=job)["status"].tolist() == ["Failed"]
    assert gdb.redis_accounts.list(redis_id)["name"].tolist() == ["rwuser"]


def test_accounts_that_are_refused(gdb: Any, sandbox: Any, redis_id: str) -> None:
    accounts = gdb.redis_accounts
    accounts.create(redis_id, [GUEST])
    sandbox.advance(60)
    for users in ([GUEST], [{**GUEST, "name": "rwuser"}], [{**GUEST, "name": "new"}] * 2):
        with refused("DBS.200827"):
            accounts.create(redis_id, users)
    with refused("DBS.200823"):
        accounts.create(redis_id, [{**GUEST, "name": "new", "databases": ["1000"]}])
    for call in (
        lambda name: accounts.delete(redis_id, [name]),
        lambda name: accounts.set_privileges(redis_id, [{"name": name, "privilege": "ReadOnly"}]),
    ):
        with refused("DBS.03280008"):
            call("nobody")
        with refused("DBS.200828"):
            call("rwuser")
    with refused("DBS.03280008"):
        accounts.reset_password(redis_id, "nobody", PASSWORD)


def test_addresses_without_a_password(gdb: Any, redis_id: str) -> None:
    accounts = gdb.redis_accounts
    assert accounts.list_passwordless(redis_id).empty
    accounts.set_passwordless(redis_id, ["192.168.0.5", "10.0.0.0/24"])
    assert accounts.list_passwordless(redis_id)["address"].tolist() == ["192.168.0.5", "10.0.0.0/24"]
    accounts.set_passwordless(redis_id, [])
    assert accounts.list_passwordless(redis_id).empty


# --------------------------------------------------------------------------------------------- commands


def test_commands_are_renamed_and_disabled(gdb: Any, redis_id: str) -> None:
    commands = gdb.redis_commands
    commands.rename(redis_id, [{"origin_name": "keys", "name": "all_keys"}, {"origin_name": "flushall", "name": ""}])
    names = commands.list(redis_id).set_index("origin_name")["name"]
    assert (names["keys"], names["flushall"], names["flushdb"]) == ("all_keys", "", "flushdb")
    with refused("DBS.280001"):
        commands.rename(redis_id, [{"origin_name": "hkeys", "name": "All_Keys"}])

    commands.disable(redis_id, "command", ["keys", "hvals"])
    commands.enable(redis_id, "command", ["keys", "hgetall"])
    assert commands.list_disabled(redis_id, "command")["command"].tolist() == ["hvals"]

    cart = {"db_id": 0, "key": "cart of all", "commands": ["hgetall", "hkeys"]}
    commands.disable(redis_id, "key", keys=[cart])
    commands.enable(redis_id, "key", keys=[{**cart, "commands": ["hkeys"]}])
    (shown,) = commands.list_disabled(redis_id, "key").to_dict("records")
    assert (shown["db_id"], shown["key"], shown["command"]) == (0, "cart of all", "hgetall")
    commands.enable(redis_id, "key", keys=[cart])
    assert commands.list_disabled(redis_id, "key").empty


def test_no_more_than_twenty_keys(gdb: Any, redis_id: str) -> None:
    keys = [{"db_id": 0, "key": f"key-{number}", "commands": ["hkeys"]} for number in range(20)]
    gdb.redis_commands.disable(redis_id, "key", keys=keys)
    with refused("DBS.280001"):
        gdb.redis_commands.disable(redis_id, "key", keys=[{"db_id": 1, "key": "more", "commands": ["hkeys"]}])
    assert len(gdb.redis_commands.list_disabled(redis_id, "key")) == 20
    with refused("DBS.200823"):
        gdb.redis_commands.disable(redis_id, "key", keys=[{"db_id": 1000, "key": "far", "commands": ["hkeys"]}])


# --------------------------------------------------------------------------------------------- sessions


def test_sessions_are_closed_and_come_back(gdb: Any, sandbox: Any, redis_id: str) -> None:
    sessions = gdb.redis_sessions
    everybody = sessions.list(redis_id)
    node = everybody["node_id"].iloc[0]
    before = sessions.list_of_node(node)
    assert set(before["id"]) == set(everybody.loc[everybody["node_id"] == node, "id"])
    assert before["age"].is_monotonic_increasing  # the newest first

    sessions.delete_of_node(node, False, [before["id"].iloc[0]])
    assert sessions.list_of_node(node)["id"].tolist() == before["id"].tolist()[1:]
    with refused("DBS.301071"):
        sessions.delete_of_node(node, False, [before["id"].iloc[0]])

    sessions.clear(redis_id, node_id=node)
    assert sessions.list_of_node(node).empty
    assert sessions.statistics(node)["total_connection_count"].item() == 0
    sandbox.advance(60)
    after = sessions.list_of_node(node)
    assert len(after) == len(before) and not set(after["id"]) & set(before["id"])
    assert sessions.top_addresses(node)["connection_count"].sum() == len(after)
    with refused("DBS.200013"):
        sessions.clear(redis_id, node_id="0" * 32 + "no12")


def test_sessions_by_address(gdb: Any, redis_id: str) -> None:
    node = gdb.instances.nodes(redis_id)["id"].iloc[0]
    address = gdb.redis_sessions.list_of_node(node)["addr"].iloc[0]
    assert gdb.redis_sessions.list_of_node(node, addr_prefix=address)["addr"].tolist() == [address]


# -------------------------------------------------------------------------------------- data and the past


def test_a_restore_brings_flushed_keys_back(gdb: Any, sandbox: Any, redis_id: str) -> None:
    big = gdb.redis_data.big_keys(redis_id)
    gdb.redis_recovery.set_policy(redis_id, True, interval=5)
    sandbox.advance(600)
    gdb.redis_data.flush(redis_id)
    sandbox.advance(600)
    assert gdb.redis_data.big_keys(redis_id).empty and gdb.redis_data.hot_keys(redis_id).empty

    moments = gdb.redis_recovery.moments(redis_id, "2026-02-03T00:00:00", "2026-02-04T00:00:00")["restore_time"]
    assert moments.diff().dropna().dt.total_seconds().unique().tolist() == [300.0]
    gdb.redis_recovery.restore(redis_id, moments.iloc[1])
    sandbox.advance(3600)
    assert gdb.redis_data.big_keys(redis_id).equals(big)


def test_one_database_is_flushed(gdb: Any, sandbox: Any, redis_id: str) -> None:
    dbs = gdb.redis_data.big_keys(redis_id)["db_id"]
    gdb.redis_data.flush(redis_id, int(dbs.iloc[0]))
    sandbox.advance(60)
    assert set(gdb.redis_data.big_keys(redis_id)["db_id"]) == set(dbs) - {dbs.iloc[0]}
    with refused("DBS.200823"):
        gdb.redis_data.flush(redis_id, 1000)


def test_files_are_imported(gdb: Any, sandbox: Any, redis_id: str) -> None:
    gdb.redis_recovery.restore_files(redis_id, "bucket", ["dumps/clients.rdb"])
    sandbox.advance(3600)
    assert "clients" in gdb.redis_data.big_keys(redis_id, key_types=["hash"])["key_name"].tolist()


def test_refusals_of_a_restore(gdb: Any, sandbox: Any, redis_id: str) -> None:
    recovery = gdb.redis_recovery
    assert not recovery.get_policy(redis_id)["enabled"].item()
    with refused("DBS.212003"):
        recovery.restore(redis_id, "2026-02-03T05:05:06")
    recovery.set_policy(redis_id, True)
    shown = recovery.get_policy(redis_id).iloc[0]
    assert (shown["interval"], shown["keep_days"]) == (20, 1)
    with refused("DBS.201215"):
        recovery.restore(redis_id, "2026-02-03T05:05:07")
    with refused("DBS.280001"):
        recovery.moments(redis_id, "2026-02-04T00:00:00", "2026-02-03T00:00:00")
    recovery.set_policy(redis_id, False)
    assert recovery.moments(redis_id, "2026-02-03T00:00:00", "2026-02-04T00:00:00").empty


def test_old_moments_are_deleted() -> None:
    day = 24 * 3600
    assert Pitr("id", 60, 1, 0.0).moments(3 * day + 10) == [2 * day + 3600.0 * n for n in range(1, 25)]
    assert Pitr("id", 60, 1, 0.0).moments(7200.0) == [0.0, 3600.0, 7200.0]


def test_a_redis_cluster_has_one_database(gdb: Any, make: Any) -> None:
    assert gdb.redis_data.databases(make("redis", "RedisCluster"))["database"].tolist() == ["0"]
    assert len(gdb.redis_data.databases(make("redis", "Cluster"))) == 1000


def test_the_file_keeps_redis(build: Any, tmp_path: Any, quick_start: dict[str, Any], redis: dict[str, Any]) -> None:
    file = tmp_path / "cloud.db"
    first = build(path=file)
    with first.connect() as gdb:
        id = gdb.instances.create(gn.InstanceSpec(**{**quick_start, **redis}))["id"].item()
        first.advance(3600)
        gdb.redis_accounts.set_passwordless(id, ["192.168.0.5"])
        gdb.redis_commands.disable(id, "command", ["keys"])
        gdb.redis_recovery.set_policy(id, True)
        gdb.redis_sessions.clear(id)
        gdb.redis_data.flush(id)
        first.advance(60)
        gdb.redis_accounts.create(id, [GUEST])
    first.close()
    assert PASSWORD.encode() not in b"".join(one.read_bytes() for one in tmp_path.iterdir())

    second = build(path=file)
    second.advance(60)  # the account was still on its way
    with second.connect() as gdb:
        assert gdb.redis_accounts.list(id)["name"].tolist() == ["rwuser", "guest"]
        assert gdb.redis_accounts.list_passwordless(id)["address"].tolist() == ["192.168.0.5"]
        assert gdb.redis_commands.list_disabled(id, "command")["command"].tolist() == ["keys"]
        assert gdb.redis_recovery.get_policy(id)["enabled"].item()
        assert (gdb.redis_sessions.list(id)["age"] < 180).all()
        assert gdb.redis_data.big_keys(id).empty
