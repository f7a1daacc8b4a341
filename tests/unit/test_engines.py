"""The table of engines: complete, and consistent with the vocabulary and with itself."""

from __future__ import annotations

from typing import get_args

import pytest

from gaussnb.core.rules import unwrap
from gaussnb.nosql import engines
from gaussnb.nosql.fields import EngineName, ModeName, ProductType
from gaussnb.nosql.service import OPERATIONS

MODES = engines.modes()


def title(mode: engines.Mode) -> str:
    return f"{mode.engine} {mode.name}"


def test_every_word_of_the_vocabulary_is_in_the_table_and_no_other():
    assert set(engines.ENGINES) == set(get_args(unwrap(EngineName)))
    assert {mode.name for mode in MODES} == set(get_args(unwrap(ModeName)))
    assert {p for mode in MODES for p in mode.product_types} == set(get_args(unwrap(ProductType)))
    assert {f for mode in MODES for f in mode.features} == set(get_args(engines.Feature))


def test_unknown_names_are_key_errors():
    with pytest.raises(KeyError):
        engines.engine("Cassandra")
    with pytest.raises(KeyError):
        engines.mode("cassandra", "ReplicaSet")


@pytest.mark.parametrize("mode", MODES, ids=title)
def test_recommended_numbers_are_within_the_limits(mode):
    spans = [mode.nodes, mode.storage]
    spans += [flavor.storage for flavor in engines.flavors(mode.engine, mode.name) if flavor.storage]
    for span in spans:
        assert span.low <= span.safe_low <= span.usual
        assert span.usual in span
        assert span.usual % span.step == 0
        if span.high is not None:
            assert span.safe_high is not None
            assert span.usual <= span.safe_high <= span.high


@pytest.mark.parametrize("mode", MODES, ids=title)
def test_the_recommended_flavor_is_one_of_the_mode(mode):
    assert engines.flavor(mode.flavor) in engines.flavors(mode.engine, mode.name)
    assert engines.family(mode.flavor) == mode.family
    assert mode.storage.usual in engines.storage(mode, mode.flavor)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode.engine == "redis"], ids=title)
def test_recommended_redis_is_a_fast_configuration(mode):
    advice = engines.Combination(mode.storage.usual, mode.nodes.usual, mode.flavor)
    assert advice in engines.REDIS_COMBINATIONS


def test_fast_configurations_are_allowed_and_documented():
    nodes = engines.mode("redis", "Cluster").nodes
    for one in engines.REDIS_COMBINATIONS:
        assert one.nodes in nodes
        assert engines.flavor(one.spec_code)


@pytest.mark.parametrize(
    ("spec_code", "vcpus", "ram", "low", "high"),
    [
        ("geminidb.cassandra.large.4", 2, 8, 10, 96_000),
        ("geminidb.cassandra.large.8", 2, 16, 100, 12_000),
        ("geminidb.cassandra.6xlarge.8", 24, 192, 100, 144_000),
        ("geminidb.cassandra.15xlarge.8", 60, 480, 10, 384_000),
        ("geminidb.cassandra-geminifs.8xlarge.4", 32, 128, 10, 64_000),
        ("geminidb.mongodb.repset.large.4", 2, 8, 100, 600),
        ("geminidb.mongodb.repset.8xlarge.8", 32, 256, 100, 9_600),
        ("geminidb.influxdb.8xlarge.4", 32, 128, 100, 192_000),
        ("geminidb.influxdb.large.8", 2, 16, 100, 12_000),
        ("geminidb.influxdb-geminifs.large.4", 2, 8, 100, 64_000),
        ("geminidb.influxdb.single.4xlarge.2", 16, 32, 100, 4_000),
    ],
)
def test_flavors_as_documented(spec_code, vcpus, ram, low, high):
    flavor = engines.flavor(spec_code)
    assert (flavor.vcpus, flavor.ram) == (vcpus, ram)
    assert (flavor.storage.low, flavor.storage.high) == (low, high)


def test_flavors_of_an_engine_are_those_of_its_modes():
    for engine in engines.ENGINES.values():
        of_modes = {f for m in engine.modes for f in engines.flavors(engine.name, m)}
        assert set(engines.flavors(engine.name)) == of_modes != set()
    assert set(engines.flavors()) == set(engines.FLAVORS.values())


def test_dynamodb_and_hbase_stand_on_cassandra_flavors():
    for mode in ("Cluster", "CloudNativeCluster"):
        cassandra = engines.flavors("cassandra", mode)
        assert engines.flavors("dynamodb", mode) == engines.flavors("hbase", mode) == cassandra


def test_product_types_narrow_the_flavors():
    assert engines.flavors("redis", "CloudNativeCluster", "Capacity")
    assert not engines.flavors("mongodb", product_type="Capacity")


@pytest.mark.parametrize(
    ("spec_code", "family"),
    [
        ("geminidb.influxdb.single.xlarge.2", "geminidb.influxdb.single"),
        ("geminidb.influxdb.16xlarge.4", "geminidb.influxdb"),
        ("geminidb.cassandra-geminifs.large.4", "geminidb.cassandra-geminifs"),
        ("geminidb.mongodb.shard.large.4", None),
        ("geminidb.cassandra", None),
        ("", None),
    ],
)
def test_family_is_the_longest_that_fits(spec_code, family):
    assert engines.family(spec_code) == family


def test_storage_of_an_unknown_or_foreign_flavor_is_the_modes():
    mode = engines.mode("influxdb", "Cluster")
    for code in ("geminidb.influxdb.16xlarge.4", "geminidb.mongodb.repset.large.4"):
        assert engines.storage(mode, code) is mode.storage


def test_ports():
    redis, cassandra, mongo = map(engines.engine, ("redis", "cassandra", "mongodb"))
    assert redis.takes_port(redis.port)
    assert redis.takes_port(engines.DUAL_ACTIVE_PORT)
    assert not any(redis.takes_port(port) for port in engines.RESERVED_PORTS | {1023, 65536})
    assert all(redis.takes_port(port) for port in engines.DOUBTFUL_PORTS)
    assert cassandra.takes_port(9042) and cassandra.takes_port(8635)
    assert mongo.takes_port(8635) and not mongo.takes_port(9042)
    assert mongo.ports_say == "8635"
    assert "2180" in redis.ports_say


def test_a_span_in_words():
    nodes = engines.mode("cassandra", "Cluster").nodes
    assert (nodes.says, nodes.advice) == ("3 to 200", "3 to 12")
    assert engines.mode("mongodb", "ReplicaSet").nodes.says == "exactly 3"
    assert engines.mode("influxdb", "Cluster").storage.advice == "100 or more in steps of 10"
    assert "3" not in nodes


def test_ids_of_engines_end_differently():
    suffixes = [engine.id_suffix for engine in engines.ENGINES.values()]
    assert len(set(suffixes)) == len(suffixes)
    assert all(len(suffix) == 2 and suffix.isdigit() for suffix in suffixes)
    assert engines.engine("cassandra").id_suffix == "06"  # documented: the Quick Start's instance


def test_engines_built_on_another_share_its_flavors():
    assert {name: one.flavors_of for name, one in engines.ENGINES.items() if one.flavors_of != name} == {
        "dynamodb": "cassandra",
        "hbase": "cassandra",
    }
    for engine in engines.ENGINES.values():
        base = engines.engine(engine.flavors_of)
        assert base.built_on is None
        for mode in engine.modes:
            assert engines.flavors(engine.name, mode) == engines.flavors(base.name, mode)


def test_every_engine_has_a_classic_mode():
    assert {engine.classic_mode.name for engine in engines.ENGINES.values()} == {"Cluster", "ReplicaSet"}
    assert {mode.flavor_mode for mode in MODES} == {None, "CloudNativeCluster", "EnhancedCluster"}


def test_two_engines_have_no_versions():
    assert [name for name, one in engines.ENGINES.items() if not one.has_versions] == ["dynamodb", "hbase"]


def test_only_some_modes_have_a_load_balancer_roles_or_restarting_nodes():
    assert [title(mode) for mode in MODES if mode.balanced] == ["redis Cluster", "redis CloudNativeCluster"]
    assert [title(mode) for mode in MODES if mode.node_restart] == ["redis CloudNativeCluster"]
    assert {title(mode): mode.node_roles for mode in MODES if any(mode.node_roles)} == {
        "mongodb ReplicaSet": ("Primary", "Secondary")
    }
    assert {mode.engine for mode in MODES if mode.databases} == {"redis"}


def test_a_port_can_be_changed_to_one_that_is_not_kept():
    assert [name for name, one in engines.ENGINES.items() if one.new_ports] == ["cassandra", "mongodb", "redis"]
    for engine in engines.ENGINES.values():
        assert engine.port not in engine.kept_ports
        assert not engine.new_ports or engine.port in engine.new_ports


def test_modes_for_names_of_engines_and_modes():
    assert engines.modes_for(()) == frozenset(MODES)
    assert engines.modes_for(("redis Replication",)) == {engines.mode("redis", "Replication")}
    assert engines.modes_for(("influxdb", "redis Cluster")) == {
        *engines.engine("influxdb").modes.values(),
        engines.mode("redis", "Cluster"),
    }
    with pytest.raises(ValueError, match="no engine or mode is called Replication, radis"):
        engines.modes_for(("redis", "radis", "Replication"))


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS.values() if each.route.only], ids=lambda each: each.__name__
)
def test_an_operation_is_for_engines_and_modes_of_the_table(operation):
    assert engines.modes_for(operation.route.only) < frozenset(MODES)
