"""Pairs of instances: building from both sides, changes of roles, and removal."""

from __future__ import annotations

from typing import Any

import pytest

import gaussnb as gn

PASSWORD = "Aa1!" * 3
REGION = "cn-north-4"


def refused(code: str) -> Any:
    return pytest.raises(gn.ApiError, match=code.replace(".", r"\."))


class Halves:
    """Two instances, and how one describes the other."""

    def __init__(self, gdb: Any, sandbox: Any, make: Any) -> None:
        self.gdb, self.sandbox = gdb, sandbox
        self.one, self.two = make("redis"), make("redis")

    def half(self, of: str, **changes: Any) -> dict[str, Any]:
        addresses = self.gdb.instances.nodes(of)["private_ip"].tolist()
        whole = {"id": of, "region_code": REGION, "subnet_cidrs": ["192.168.0.0/24"], "node_ips": addresses}
        return {**whole, **changes}

    def master(self, **changes: Any) -> str:
        other = self.half(self.two, **changes)
        built = self.gdb.disaster_recovery.create(self.one, "far", PASSWORD, "master", other)
        self.sandbox.advance(600)
        return str(built["disaster_recovery_id"].item())

    def slave(self, pair: str, password: str = PASSWORD) -> None:
        self.gdb.disaster_recovery.create(self.two, "far", password, "slave", self.half(self.one), id=pair)
        self.sandbox.advance(600)

    def status(self, id: str) -> str:
        return str(self.gdb.disaster_recovery.get_synchronization(id)["status"].item())

    def roles(self) -> list[str]:
        return [str(self.gdb.disaster_recovery.get_role(id)["role"].item()) for id in (self.one, self.two)]


@pytest.fixture
def halves(gdb: Any, sandbox: Any, make: Any) -> Halves:
    return Halves(gdb, sandbox, make)


@pytest.fixture
def pair(halves: Halves) -> Halves:
    halves.slave(halves.master())
    return halves


def test_a_pair_is_built_from_both_sides(halves: Halves) -> None:
    assert halves.status(halves.one) == "NA"
    id = halves.master()
    assert halves.status(halves.one) == "NEW"
    with refused("DBS.200018"):  # half a pair has nothing to switch
        halves.gdb.disaster_recovery.switch_over(halves.one)
    halves.slave(id)
    assert halves.status(halves.one) == halves.status(halves.two) == "SYNCING"
    assert halves.roles() == ["master", "slave"]
    assert len(halves.gdb.disaster_recovery.objectives(halves.one)) == 2
    assert halves.gdb.disaster_recovery.objectives(halves.two).empty


def test_refusals_of_building_a_pair(halves: Halves, make: Any) -> None:
    for code, changes in {
        "DBS.200024": {"region_code": "eu-west-0"},
        "DBS.200091": {"node_ips": ["192.168.0.250"]},
        "DBS.280248": {"subnet_cidrs": ["10.0.0.0/24"]},
        "DBS.200002": {"id": "0" * 32 + "in12"},
        "DBS.280404": {"id": halves.one},
        "DBS.280235": {"id": make("cassandra")},
    }.items():
        with refused(code):
            halves.master(**changes)
    id = halves.master()
    with refused("DBS.280465"):
        halves.slave(id, "Bb2!" * 3)
    with refused("DBS.280016"):
        halves.slave("another")
    with refused("DBS.200018"):
        halves.master()
    halves.slave(id)
    with refused("DBS.200018"):
        halves.slave(id)


def test_a_half_that_failed_is_built_again(halves: Halves) -> None:
    halves.sandbox.inject("CreateDisasterRecovery", fail="no way between the networks")
    first = halves.master()
    second = halves.master()
    assert first != second
    halves.slave(second)
    assert halves.roles() == ["master", "slave"]


def test_a_master_that_failed_is_built_again(halves: Halves) -> None:
    """Also when its twin stands already."""
    halves.sandbox.inject("CreateDisasterRecovery", fail="no way between the networks")
    recovery = halves.gdb.disaster_recovery
    first = recovery.create(halves.one, "far", PASSWORD, "master", halves.half(halves.two))
    id = str(first["disaster_recovery_id"].item())
    halves.slave(id)
    assert halves.status(halves.one) == "NEW"
    assert halves.master() == id
    assert halves.status(halves.one) == halves.status(halves.two) == "SYNCING"


def test_a_half_cannot_be_deleted(pair: Halves) -> None:
    for id in (pair.one, pair.two):
        with refused("DBS.280406"):
            pair.gdb.instances.delete(id)
    pair.gdb.disaster_recovery.delete(pair.one)
    pair.sandbox.advance(600)
    pair.gdb.instances.delete(pair.one)
    with refused("DBS.280406"):
        pair.gdb.instances.delete(pair.two)


def test_the_other_half_cannot_be_deleted(halves: Halves) -> None:
    halves.gdb.instances.delete(halves.two)
    with refused("DBS.200019"):
        halves.master()


def test_an_instance_is_created_as_half_of_a_pair(cloud: Any, gdb: Any, sandbox: Any) -> None:
    source = cloud.made()["id"]
    sandbox.inject("CreateInstance", fail="no host")
    failed = cloud.made(dr_info={"source_instance_id": source})
    assert failed["status"] == "createfail"
    gdb.instances.delete(failed["id"])
    twin = cloud.create(dr_info={"source_instance_id": source}).json()["id"]
    with refused("DBS.280406"):
        gdb.instances.delete(source)
    assert "dr_instance_id" not in cloud.instance(source)
    sandbox.advance(3600)
    assert cloud.instance(source)["dr_instance_id"] == twin
    assert cloud.instance(twin)["dr_instance_id"] == source
    assert gdb.disaster_recovery.get_synchronization(source)["status"].item() == "SYNCING"
    gdb.disaster_recovery.switch_over(twin)


def test_roles_are_exchanged(pair: Halves) -> None:
    pair.gdb.disaster_recovery.switch_over(pair.two)
    assert pair.gdb.instances.list()["actions"].tolist() == ["SWITCHOVER_DISASTER_RECOVERY"] * 2
    with refused("DBS.200019"):
        pair.gdb.disaster_recovery.switch_over(pair.one)
    pair.sandbox.advance(600)
    assert pair.roles() == ["slave", "master"]
    names = pair.gdb.jobs.list()["name"].tolist()
    assert names.count("SwitchOverDisasterRecovery") == 1 and not any("half" in name for name in names)


def test_roles_are_changed_one_by_one(pair: Halves) -> None:
    recovery = pair.gdb.disaster_recovery
    with refused("DBS.200018"):
        recovery.promote(pair.two)
    with refused("DBS.212003"):
        recovery.demote(pair.two)
    recovery.demote(pair.one)
    pair.sandbox.advance(600)
    assert pair.roles() == ["slave", "slave"] and pair.status(pair.one) == "NA"
    recovery.promote(pair.two)
    pair.sandbox.advance(600)
    assert pair.roles() == ["slave", "master"] and pair.status(pair.one) == "SYNCING"
    recovery.promote(pair.one, force=True)
    pair.sandbox.advance(600)
    assert pair.roles() == ["master", "slave"]
    with refused("DBS.212003"):
        recovery.promote(pair.one)


def test_the_flow_is_paused(pair: Halves) -> None:
    recovery = pair.gdb.disaster_recovery
    recovery.set_synchronization(pair.one, "pause")
    assert pair.status(pair.one) == "SUSPENDING"
    pair.sandbox.advance(600)
    shown = recovery.get_synchronization(pair.one).iloc[0]
    assert (shown["status"], shown["syncing"]) == ("SUSPENDED", False)
    for call in (lambda: recovery.set_synchronization(pair.one, "pause"), lambda: recovery.switch_over(pair.one)):
        with refused("DBS.200018"):
            call()
    recovery.set_synchronization(pair.two, "resume")
    assert pair.status(pair.one) == "RECOVERYING"
    pair.sandbox.advance(600)
    assert pair.status(pair.one) == "SYNCING"


def test_a_pair_is_removed_from_both_sides(pair: Halves) -> None:
    recovery = pair.gdb.disaster_recovery
    recovery.delete(pair.one)
    pair.sandbox.advance(600)
    with refused("DBS.280016"):
        recovery.get_role(pair.one)
    with refused("DBS.200018"):
        recovery.switch_over(pair.two)
    recovery.delete(pair.two)
    pair.sandbox.advance(600)
    with refused("DBS.280016"):
        recovery.delete(pair.two)
    pair.slave(pair.master())  # and together again
    assert pair.roles() == ["master", "slave"]


def test_settings(pair: Halves, make: Any) -> None:
    recovery, alone = pair.gdb.disaster_recovery, make("redis")
    told = [{"instance_id": id, "switchover_ratio": 60, "sync_delay": 20} for id in (pair.one, alone)]
    assert recovery.set_settings(told)["instance_id"].tolist() == [pair.one]
    shown = recovery.list_settings().set_index("instance_id")
    assert shown["switchover_ratio"].to_dict() == {pair.one: 60, pair.two: 100}
    assert shown["sync_delay"][pair.one] == 20
    recovery.set_settings([{"instance_id": pair.one, "sync_delay": 30}])
    kept = recovery.list_settings().set_index("instance_id").loc[pair.one]
    assert (kept["switchover_ratio"], kept["sync_delay"]) == (60, 30)


def test_the_check_before_an_operation(halves: Halves) -> None:
    recovery = halves.gdb.disaster_recovery
    addresses = halves.half(halves.two)["node_ips"]
    other = {"vpc_cidr": "192.168.0.0/16", "spec_code": "geminidb.redis.large.4", "node_ips": addresses}
    recovery.check(halves.one, "construction", other)
    with refused("DBS.280240"):
        recovery.check(halves.one, "construction", {**other, "spec_code": "geminidb.redis.xlarge.4"})
    with refused("DBS.200091"):
        recovery.check(halves.one, "construction", {**other, "node_ips": ["192.168.0.250"]})
    with refused("DBS.280016"):
        recovery.check(halves.one, "deconstruction")
    halves.slave(halves.master())
    recovery.check(halves.one, "deconstruction")
    with refused("DBS.200018"):
        recovery.check(halves.one, "construction", other)


def test_a_dual_active_pair(halves: Halves, cloud: Any, make: Any) -> None:
    dual = halves.gdb.dual_active
    make("cassandra")
    assert dual.regions(halves.one)["region_code"].tolist() == [REGION]
    assert dual.candidates(halves.one, REGION)["id"].tolist() == [halves.two]
    assert dual.candidates(halves.one, "eu-west-0").empty
    with refused("DBS.03000001"):
        dual.delete(halves.one)
    with refused("DBS.200024"):
        dual.create(halves.one, "eu-west-0", halves.two)
    dual.create(halves.one, REGION, halves.two)
    with refused("DBS.200019"):
        halves.gdb.instances.restart(halves.two)
    halves.sandbox.advance(3600)
    info = cloud.instance(halves.two)["dual_active_info"]
    assert (info["role"], info["status"], info["destination_instance_id"]) == ("slave", "normal", halves.one)
    halves.gdb.instances.rename(halves.one, "renamed")
    halves.gdb.nodes.add(halves.one, 1)
    halves.sandbox.advance(3600)
    info = cloud.instance(halves.two)["dual_active_info"]
    assert (info["destination_instance_name"], info["destination_instance_node_num"]) == ("renamed", 4)
    with refused("DBS.280406"):
        halves.gdb.instances.delete(halves.two)
    assert dual.candidates(halves.one, REGION).empty
    with refused("DBS.200018"):
        dual.create(halves.one, REGION, halves.two)
    dual.delete(halves.two)
    halves.sandbox.advance(3600)
    assert "dual_active_info" not in cloud.instance(halves.one)


def test_the_file_keeps_pairs(build: Any, tmp_path: Any, quick_start: dict[str, Any], redis: dict[str, Any]) -> None:
    file = tmp_path / "cloud.db"
    first = build(path=file)

    def create(engine: str) -> str:
        created = gdb.instances.create(gn.InstanceSpec(**{**quick_start, **redis}))
        first.advance(3600)
        return str(created["id"].item())

    with first.connect() as gdb:
        halves = Halves(gdb, first, create)
        id = halves.master()
        gdb.disaster_recovery.set_settings([{"instance_id": halves.one, "switchover_ratio": 60}])
    first.close()
    kept = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert PASSWORD.encode() not in kept and b"digest" not in kept

    second = build(path=file)
    with second.connect() as gdb:
        halves.gdb, halves.sandbox = gdb, second
        halves.slave(id)
        assert halves.roles() == ["master", "slave"]
        assert gdb.disaster_recovery.list_settings()["switchover_ratio"].tolist() == [60, 100]
