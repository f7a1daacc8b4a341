"""Changes of nodes, storage, flavors and versions of an instance, and their refusals."""

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


@pytest.fixture
def shown(gdb: Any) -> Any:
    """Shows an instance as the list does."""

    def show(instance_id: str) -> Any:
        return gdb.instances.list(id=instance_id).iloc[0]

    return show


@pytest.fixture
def nodes(gdb: Any) -> Any:
    """Lists the nodes of an instance."""

    def list(instance_id: str) -> Any:
        return gdb.instances.nodes(id=instance_id)

    return list


# ------------------------------------------------------------------------------------------- nodes


def test_nodes_are_added_and_removed(sandbox: Any, gdb: Any, make: Make, nodes: Any, shown: Any) -> None:
    id = make()
    job = gdb.nodes.add(id, 2)["job_id"].iloc[0]
    assert (shown(id)["status"], shown(id)["actions"]) == ("normal", "GROWING")
    assert nodes(id)["status"].tolist() == ["normal"] * 3 + ["creating"] * 2
    assert nodes(id)["private_ip"].isna().tolist() == [False] * 3 + [True] * 2 or nodes(id)["private_ip"].iloc[4] == ""
    sandbox.advance(HOUR)
    assert gdb.jobs.list(id=job)[["name", "status"]].iloc[0].tolist() == ["EnlargeInstance", "Completed"]
    assert set(nodes(id)["status"]) == {"normal"} and nodes(id)["private_ip"].nunique() == 5
    assert shown(id)["actions"] == "" and nodes(id)["support_reduce"].all()

    second = nodes(id)["id"].iloc[1]
    gdb.nodes.remove(id, node_list=[second])
    sandbox.advance(HOUR)
    assert len(nodes(id)) == 4 and second not in set(nodes(id)["id"])
    gdb.nodes.add(id, 1)
    sandbox.advance(HOUR)
    assert nodes(id)["name"].is_unique


def test_nodes_that_could_not_be_added(sandbox: Any, gdb: Any, make: Make, nodes: Any, shown: Any) -> None:
    id = make()
    sandbox.inject("ExpandInstanceNode", fail="no host is left")
    gdb.nodes.add(id, 2)
    sandbox.advance(HOUR)
    assert shown(id)["status"] == "enlargefail"
    bad = nodes(id).query("status == 'enlargefail'")["id"].tolist()
    assert len(bad) == 2
    assert refused(gdb.nodes.add, id, 1) == "DBS.200011"
    assert refused(gdb.nodes.remove_failed, id, nodes(id)["id"].iloc[0]) == "DBS.239012"
    assert refused(gdb.nodes.remove_failed, id, "0" * 32 + "no06") == "DBS.200013"
    for node in bad:
        gdb.nodes.remove_failed(id, node)
        sandbox.advance(HOUR)
    assert shown(id)["status"] == "normal" and len(nodes(id)) == 3


def test_refusals_of_node_changes(sandbox: Any, gdb: Any, make: Make, nodes: Any) -> None:
    id, fixed, redis = make(), make("mongodb"), make("redis")
    assert refused(gdb.nodes.add, id, 198) == "DBS.240012"
    assert refused(gdb.nodes.add, fixed, 1) == "DBS.240002"
    assert refused(gdb.nodes.remove, fixed, 1) == "DBS.240009"
    assert refused(gdb.nodes.remove, id, 1) == "DBS.239014"
    assert refused(gdb.nodes.remove, id, node_list=["0" * 32 + "no06"]) == "DBS.239012"
    assert refused(gdb.nodes.add, id, 1, subnet_id="0" * 36) == "DBS.200501"
    assert refused(gdb.nodes.add, redis, 1, subnet_id="0" * 36) == "DBS.216029"
    gdb.nodes.add(redis, 2)
    assert refused(gdb.nodes.add, redis, 1) == "DBS.200019"
    sandbox.advance(HOUR)
    assert refused(gdb.nodes.remove, redis, 2) == "DBS.239011"
    assert refused(gdb.nodes.add, "0" * 32 + "in06", 1) == "DBS.200002"


def test_nodes_are_shut_down(sandbox: Any, gdb: Any, make: Make, nodes: Any) -> None:
    id = make("redis")
    first, *others = nodes(id)["id"]
    gdb.nodes.set_power(id, "shutdown", [first])
    sandbox.advance(HOUR)
    assert nodes(id)["status"].tolist() == ["abnormal"] + ["normal"] * len(others)
    assert refused(gdb.nodes.set_power, id, "shutdown", others) == "DBS.212003"
    gdb.nodes.set_power(id, "startup", [first])
    sandbox.advance(HOUR)
    assert set(nodes(id)["status"]) == {"normal"}
    assert refused(gdb.nodes.set_power, make(), "startup", [first]) == "DBS.216029"


def test_the_policy_of_nodes(gdb: Any, make: Make) -> None:
    id = make()
    assert not gdb.nodes.get_policy(id)["switch_option"].iloc[0]
    gdb.nodes.set_policy(id, True, step=2)
    policy = gdb.nodes.get_policy(id).iloc[0]
    assert (policy["switch_option"], policy["step"], policy["cpu_threshold"]) == (True, 2, 80)
    assert refused(gdb.nodes.get_policy, make("redis")) == "DBS.216029"


# ------------------------------------------------------------------------------------------ storage


def test_a_full_disk_needs_more_storage(sandbox: Any, gdb: Any, make: Make, shown: Any) -> None:
    id = make()
    sandbox.fill(id, 96)
    assert (shown(id)["status"], shown(id)["used_gb"]) == ("normal", 96.0)
    sandbox.fill(id, 97)
    assert shown(id)["status"] == "data_disk_full"
    assert refused(gdb.instances.resize, id, "geminidb.cassandra.2xlarge.4") == "DBS.200011"
    gdb.volumes.extend(id, 200)
    assert (shown(id)["status"], shown(id)["actions"]) == ("data_disk_full", "RESIZE_VOLUME")
    sandbox.advance(HOUR)
    assert (shown(id)["status"], shown(id)["storage_gb"], shown(id)["used_gb"]) == ("normal", 200, 97.0)
    with pytest.raises(ValueError, match="percent"):
        sandbox.fill(id, 101)
    with pytest.raises(KeyError):
        sandbox.fill("nobody", 10)


def test_refusals_of_storage_changes(sandbox: Any, gdb: Any, make: Make, shown: Any) -> None:
    id = make()
    sandbox.fill(id, 40)
    assert refused(gdb.volumes.extend, id, 100) == "DBS.200302"
    assert refused(gdb.volumes.extend, id, 1_000_000) == "DBS.200028"
    assert refused(gdb.volumes.resize, id, 50) == "DBS.200306"  # 125 percent of 40 GB is too little
    assert refused(gdb.volumes.resize, make("influxdb"), 200) == "DBS.216029"
    gdb.volumes.resize(id, 51)
    assert refused(gdb.volumes.extend, id, 200) == "DBS.200019"
    sandbox.advance(HOUR)
    assert shown(id)["storage_gb"] == 51
    sandbox.inject("ResizeInstanceVolume", fail="no disk is left")
    gdb.volumes.extend(id, 100)
    sandbox.advance(HOUR)
    assert (shown(id)["storage_gb"], shown(id)["status"]) == (51, "normal")


def test_automatic_storage_expansion(sandbox: Any, gdb: Any, make: Make, shown: Any) -> None:
    id = make()
    for policy, why in (({"threshold": 60}, "80, 85 or 90"), ({"size": 110}, "100 GB more")):
        assert why in gdb.volumes.set_policy([id], policy=policy)["error_message"].iloc[0]
    assert gdb.volumes.get_policy(id)["threshold"].isna().all()
    gdb.volumes.set_policy([id], policy={"threshold": 80, "step": 20})
    assert gdb.volumes.get_policy(id)["threshold"].iloc[0] == 80
    sandbox.fill(id, 79)
    assert shown(id)["actions"] == ""
    sandbox.fill(id, 80)
    assert shown(id)["actions"] == "RESIZE_VOLUME"
    sandbox.advance(HOUR)
    assert shown(id)["storage_gb"] == 200  # Cassandra grows by 100 GB at least
    gdb.volumes.set_policy([id], switch_option="off")
    sandbox.fill(id, 95)
    assert shown(id)["actions"] == ""


def test_cold_storage(sandbox: Any, gdb: Any, make: Make) -> None:
    id = make("influxdb", "InfluxdbSingle")
    assert refused(gdb.volumes.extend_cold, id, 600) == "DBS.212003"
    gdb.volumes.create_cold(id, 500)
    sandbox.advance(HOUR)
    assert refused(gdb.volumes.create_cold, id, 500) == "DBS.212003"
    assert refused(gdb.volumes.extend_cold, id, 500) == "DBS.200302"
    gdb.volumes.extend_cold(id, 600)
    assert refused(gdb.volumes.create_cold, make(), 500) == "DBS.216029"


# ------------------------------------------------------------------------------ flavor, version, rest


def test_the_flavor_is_changed(sandbox: Any, gdb: Any, make: Make, nodes: Any, shown: Any) -> None:
    id = make()
    present = shown(id)["flavor"]
    targets = gdb.flavors.targets(id)["spec_code"].tolist()
    assert present not in targets and gdb.flavors.current(id)["spec_code"].tolist() == [present]
    assert gdb.flavors.targets(id, limit=2, offset=1)["spec_code"].tolist() == targets[1:3]
    assert refused(gdb.instances.resize, id, present) == "DBS.280480"
    assert refused(gdb.instances.resize, id, "geminidb.redis.large.4") == "DBS.239013"
    gdb.instances.resize(id, targets[0])
    assert shown(id)["actions"] == "RESIZE_FLAVOR"
    sandbox.advance(HOUR)
    assert set(nodes(id)["spec_code"]) == {targets[0]} and shown(id)["flavor"] == targets[0]


def test_a_change_of_a_prepaid_instance_is_an_order(sandbox: Any, gdb: Any, make: Make, shown: Any) -> None:
    id = make(charge_info={"charge_mode": "prePaid", "period_type": "month", "period_num": 1})
    receipt = gdb.volumes.extend(id, 200).iloc[0]
    assert receipt["order_id"].startswith("CS") and not isinstance(receipt["job_id"], str)
    assert shown(id)["actions"] == "PERIOD_RESOURCE_SPEC_CHG"
    sandbox.advance(HOUR)
    assert shown(id)["storage_gb"] == 200 and gdb.jobs.list().empty
    assert isinstance(gdb.instances.restart(id)["job_id"].iloc[0], str)  # this costs nothing


def test_a_new_patch(sandbox: Any, gdb: Any, make: Make, shown: Any) -> None:
    id = make()
    before = shown(id)["whole_version"]
    assert refused(gdb.instances.upgrade, id) == "DBS.216029"
    sandbox.advance(30 * DAY)
    assert shown(id)["patch_available"]
    results = gdb.instances.upgrade_many([id, "0" * 32 + "in06", id])
    assert results["error_code"].fillna("").tolist() == ["", "DBS.200002", "DBS.200019"]
    sandbox.advance(HOUR)
    assert shown(id)["whole_version"] > before and not shown(id)["patch_available"]
    assert refused(gdb.instances.upgrade_many, [id, make("redis")]) == "DBS.280235"


def test_operations_for_some_engines_only(sandbox: Any, gdb: Any, make: Make, shown: Any) -> None:
    pair, export, other = make("redis", "Replication"), make("influxdb", "EnhancedCluster"), make()
    gdb.instances.switch_over(pair)
    assert shown(pair)["actions"] == "SWITCHOVER"
    assert refused(gdb.instances.switch_over, other) == "DBS.216029"
    assert refused(gdb.instances.set_data_dump, export, "bucket", "close") == "DBS.212003"
    gdb.instances.set_data_dump(export, "bucket", "open")
    gdb.instances.set_data_dump(export, "bucket", "close")
    assert refused(gdb.instances.set_data_dump, other, "bucket", "open") == "DBS.216029"


def test_passwords(sandbox: Any, gdb: Any, make: Make, shown: Any) -> None:
    id = make()
    gdb.instances.reset_password(id, "Zz9!" * 3)
    sandbox.inject("RestartInstance", fail="it does not come up")
    gdb.instances.restart(id)
    assert refused(gdb.instances.reset_password, id, "Zz9!" * 3) == "DBS.200019"
    weak = [gdb.instances.check_password(text)["weak"].iloc[0] for text in ("Aa1!", "password12!A", "Zz9!" * 3)]
    assert weak == [True, True, False]


def test_the_state_file_keeps_everything(build: Any, quick_start: Any, tmp_path: Any) -> None:
    from gaussnb.nosql.instance_spec import InstanceSpec

    file = tmp_path / "cloud.db"
    first = build(path=file)
    with first.connect() as gdb:
        id = gdb.instances.create(InstanceSpec(**quick_start))["id"].iloc[0]
        first.advance(HOUR)
        gdb.nodes.set_policy(id, True, step=2)
        gdb.volumes.set_policy([id], policy={"threshold": 85})
        gdb.nodes.add(id, 1)
        first.close()
    second = build(path=file)
    second.advance(HOUR)
    with second.connect() as gdb:
        assert gdb.nodes.get_policy(id)["step"].iloc[0] == 2
        assert gdb.volumes.get_policy(id)["threshold"].iloc[0] == 85
        assert gdb.instances.nodes(id=id)["status"].tolist() == ["normal"] * 4
        gdb.instances.delete(id)
        second.advance(HOUR)
        tables = second._app.world.tables
        assert not [kind for kind, table in tables.items() if id in table and kind.__name__.endswith("Policy")]
