"""The create spec: what it accepts, what it refuses at which field, and that errors never contain the password."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gaussnb.core import wire
from gaussnb.core.answers import Columns
from gaussnb.core.operation import documented
from gaussnb.core.rows import columns
from gaussnb.nosql import engines
from gaussnb.nosql.error_codes import BAD_VALUE_CODE
from gaussnb.nosql.instance_spec import Created, Datastore, Flavor, InstanceSpec, RestoreInfo
from gaussnb.nosql.service import OPERATIONS

DATA = Path(__file__).parents[1] / "data" / "specs"
CANARY = "Aa1!" * 3
GONE = object()


def read(name: str) -> dict:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def with_password(body: dict) -> dict:
    """The stored body with a password where the file has null, so that no file holds one."""
    return {**body, "password": CANARY}


QUICK_START = with_password(read("quick-start"))
BODIES = {
    f"{engine} {mode} {kind}": with_password(body)
    for engine in engines.ENGINES
    for mode, kinds in read(engine).items()
    for kind, body in kinds.items()
}


def changed(base: dict, **changes) -> dict:
    """A deep copy with values put at dotted paths (dots written ``__``), or taken away by GONE."""
    body = copy.deepcopy(base)
    for path, value in changes.items():
        *above, last = path.split("__")
        at = body
        for key in above:
            at = at[int(key)] if isinstance(at, list) else at.setdefault(key, {})
        if value is GONE:
            del at[last]
        else:
            at[int(last) if isinstance(at, list) else last] = value
    return body


def refusal(make, *args, **kwargs) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        make(*args, **kwargs)
    return caught.value


# --------------------------------------------------------------------------------------- accepted


def test_the_quick_start_travels_to_the_letter():
    spec = InstanceSpec(**QUICK_START)
    assert json.dumps(spec.wire()) == json.dumps(QUICK_START)


def test_the_first_ten_fields_go_by_position():
    ten = list(QUICK_START.items())[:10]
    assert [name for name, _ in ten] == list(InstanceSpec.model_fields)[:10]
    spec = InstanceSpec(*(value for _, value in ten))
    assert spec.wire() == dict(ten)


def test_parts_are_objects_or_dicts():
    spec = InstanceSpec(
        **{
            **QUICK_START,
            "datastore": Datastore(**QUICK_START["datastore"]),
            "flavor": [Flavor(**QUICK_START["flavor"][0])],
        }
    )
    assert spec == InstanceSpec(**QUICK_START)


def test_the_data_has_every_mode():
    assert len(BODIES) == 2 * len(engines.modes())
    for mode in engines.modes():
        assert f"{mode.engine} {mode.name} minimal" in BODIES


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_every_engine_and_mode_travels_to_the_letter(body):
    spec = InstanceSpec(**body)
    assert json.dumps(spec.wire()) == json.dumps(body)
    assert wire.operation_of(InstanceSpec, {}, (), body) == spec
    request = wire.request_of(spec, "p1")
    assert (request.method, request.path) == ("POST", "/v3/p1/instances")
    assert json.loads(request.body) == body


REDIS = BODIES["redis Cluster minimal"]
PAIR = BODIES["redis Replication maximal"]
CLOUD_REDIS = BODIES["redis CloudNativeCluster minimal"]
MONGO = BODIES["mongodb ReplicaSet minimal"]
INFLUX = BODIES["influxdb Cluster minimal"]
SINGLE = BODIES["influxdb InfluxdbSingle minimal"]
ENHANCED = BODIES["influxdb EnhancedCluster minimal"]
CLOUD_INFLUX = BODIES["influxdb CloudNativeCluster minimal"]
CASSANDRA = BODIES["cassandra Cluster minimal"]
CLOUD_CASSANDRA = BODIES["cassandra CloudNativeCluster minimal"]
DYNAMO = BODIES["dynamodb Cluster minimal"]
HBASE = BODIES["hbase Cluster minimal"]
KEY = "9f6a1c52-0b1d-4c0e-8c1b-0d3a4f5e6b7c"
PAST = {"source_instance_id": "0123in06", "restore_time": 1607731200000}
PREPAID = {"charge_mode": "prePaid", "period_type": "month", "period_num": "1"}

TOLERATED = {
    "a flavor only the service knows": changed(
        CASSANDRA, flavor__0__spec_code="geminidb.cassandra.16xlarge.4", flavor__0__size=10**6
    ),
    "200 nodes, as one document says": changed(CASSANDRA, flavor__0__num=200),
    "10 GB, as one document says": changed(CASSANDRA, flavor__0__size=10),
    "storage off the tens": changed(CASSANDRA, flavor__0__size=101),
    "Cassandra 4.0": changed(CASSANDRA, datastore__version="4.0"),
    "Cassandra at 9042": changed(CASSANDRA, port="9042"),
    "Cassandra at its own port": changed(CASSANDRA, port=8635),
    "two nodes of Redis": changed(REDIS, flavor__0__num=2),
    "22 nodes of Redis": changed(REDIS, flavor__0__num=22),
    "a Redis port only one document reserves": changed(REDIS, port=9867),
    "a backup at a quarter": changed(CASSANDRA, backup_strategy={"start_time": "23:15-00:15"}),
    "two kinds of characters": changed(CASSANDRA, password="abcd" + "1234"),
    "pay-per-use with a period that means nothing": changed(
        CASSANDRA, charge_info={"charge_mode": "postPaid", "period_type": "year", "period_num": 9}
    ),
    "an address without description": changed(
        REDIS,
        lb_access_control_settings={
            "enabled": False,
            "type": "blackList",
            "ip_groups": [{"ip": "10.0.0.1"}],
        },
    ),
}


@pytest.mark.parametrize("body", TOLERATED.values(), ids=TOLERATED)
def test_a_spec_that_one_document_accepts_is_not_refused(body):
    assert InstanceSpec(**body).wire() == body


def test_integers_of_numpy_become_numbers():
    spec = InstanceSpec(**changed(QUICK_START, flavor__0__num=numpy.int64(3)))
    assert type(spec.wire()["flavor"][0]["num"]) is int


def test_replace_validates_the_whole_spec_again():
    spec = InstanceSpec(**QUICK_START)
    assert spec.replace(name="other-one").name == "other-one"
    error = refusal(spec.replace, mode="ReplicaSet")
    assert [line["loc"] for line in error.errors()] == [("mode",)]


# ---------------------------------------------------------------------------------------- refused

MISSING = None  # refused by the type; the code is whatever a missing or mistyped field gets

# fmt: off
WRONG = [
    # base, changes, the one place that is blamed, the code
    *(
        (QUICK_START, {name: GONE}, (name,), MISSING)
        for name in list(QUICK_START)[:10]
    ),
    *(
        (QUICK_START, {f"datastore__{name}": GONE}, ("datastore", name), MISSING)
        for name in ("type", "version", "storage_engine")
    ),
    *(
        (QUICK_START, {f"flavor__0__{name}": GONE}, ("flavor", 0, name), MISSING)
        for name in ("num", "size", "storage", "spec_code")
    ),
    (QUICK_START, {"tags": []}, ("tags",), MISSING),
    (QUICK_START, {"datastore__engine": "x"}, ("datastore", "engine"), MISSING),
    (QUICK_START, {"name": 5}, ("name",), MISSING),
    (QUICK_START, {"flavor": "x"}, ("flavor",), MISSING),
    (QUICK_START, {"datastore": "cassandra"}, ("datastore",), MISSING),
    (QUICK_START, {"backup_strategy": {}}, ("backup_strategy", "start_time"), MISSING),
    # alone
    (QUICK_START, {"name": "abc"}, ("name",), "DBS.280234"),
    (QUICK_START, {"name": "1abc"}, ("name",), "DBS.280234"),
    (QUICK_START, {"name": "a" * 65}, ("name",), "DBS.280234"),
    (QUICK_START, {"name": "abcd\n"}, ("name",), "DBS.280234"),
    (QUICK_START, {"name": "änne"}, ("name",), "DBS.280234"),
    (QUICK_START, {"datastore__type": "Cassandra"}, ("datastore", "type"), "DBS.280235"),
    (QUICK_START, {"datastore__storage_engine": "RocksDB"}, ("datastore", "storage_engine"), "DBS.280122"),
    (QUICK_START, {"region": ""}, ("region",), "DBS.200024"),
    (QUICK_START, {"availability_zone": ""}, ("availability_zone",), "DBS.280244"),
    (QUICK_START, {"availability_zone": "a, b"}, ("availability_zone",), "DBS.280244"),
    (QUICK_START, {"availability_zone": "a,"}, ("availability_zone",), "DBS.280244"),
    (QUICK_START, {"vpc_id": ""}, ("vpc_id",), "DBS.280247"),
    (QUICK_START, {"subnet_id": "a b"}, ("subnet_id",), "DBS.280248"),
    (QUICK_START, {"security_group_id": "a/b"}, ("security_group_id",), "DBS.280249"),
    (QUICK_START, {"password": "Aa1!Aa1"}, ("password",), "DBS.280465"),
    (QUICK_START, {"password": "Aa1!" * 8 + "x"}, ("password",), "DBS.280465"),
    (QUICK_START, {"password": "Aa1$" * 3}, ("password",), "DBS.280200"),
    (QUICK_START, {"password": "aaaa" * 3}, ("password",), "DBS.200068"),
    (QUICK_START, {"mode": "Sharding"}, ("mode",), "DBS.280342"),
    (QUICK_START, {"flavor": []}, ("flavor",), "DBS.280239"),
    (QUICK_START, {"flavor": QUICK_START["flavor"] * 2}, ("flavor",), "DBS.280239"),
    (QUICK_START, {"flavor__0__num": "three"}, ("flavor", 0, "num"), "DBS.280123"),
    (QUICK_START, {"flavor__0__num": "٣"}, ("flavor", 0, "num"), "DBS.280123"),
    (QUICK_START, {"flavor__0__num": True}, ("flavor", 0, "num"), "DBS.280123"),
    (QUICK_START, {"flavor__0__num": 3.0}, ("flavor", 0, "num"), "DBS.280123"),
    (QUICK_START, {"flavor__0__size": "abc"}, ("flavor", 0, "size"), "DBS.280242"),
    (QUICK_START, {"flavor__0__size": "-500"}, ("flavor", 0, "size"), "DBS.280242"),
    (QUICK_START, {"flavor__0__storage": "HIGH"}, ("flavor", 0, "storage"), "DBS.280241"),
    (QUICK_START, {"flavor__0__spec_code": ""}, ("flavor", 0, "spec_code"), "DBS.280240"),
    (QUICK_START, {"backup_strategy__start_time": "08:00-10:00"}, ("backup_strategy", "start_time"), "DBS.280216"),
    (QUICK_START, {"backup_strategy__start_time": "08:10-09:10"}, ("backup_strategy", "start_time"), "DBS.280216"),
    (QUICK_START, {"backup_strategy__keep_days": 36}, ("backup_strategy", "keep_days"), "DBS.280214"),
    (QUICK_START, {"ssl_option": "on"}, ("ssl_option",), "DBS.280001"),
    (QUICK_START, {"charge_info": {"charge_mode": "free"}}, ("charge_info", "charge_mode"), "DBS.280001"),
    (REDIS, {"port": 1023}, ("port",), "DBS.200059"),
    (REDIS, {"port": "65536"}, ("port",), "DBS.200059"),
    # engine and mode
    (QUICK_START, {"mode": "ReplicaSet"}, ("mode",), "DBS.280342"),
    (QUICK_START, {"mode": "RedisCluster"}, ("mode",), "DBS.280342"),
    (MONGO, {"mode": "Cluster"}, ("mode",), "DBS.280342"),
    (REDIS, {"mode": "EnhancedCluster"}, ("mode",), "DBS.280342"),
    (HBASE, {"mode": "InfluxdbSingle"}, ("mode",), "DBS.280342"),
    # version
    (QUICK_START, {"datastore__version": "3.10"}, ("datastore", "version"), "DBS.280236"),
    (QUICK_START, {"datastore__version": ""}, ("datastore", "version"), "DBS.280236"),
    (INFLUX, {"datastore__version": "1.7"}, ("datastore", "version"), "DBS.280236"),
    (CLOUD_INFLUX, {"datastore__version": "1.8"}, ("datastore", "version"), "DBS.280236"),
    (REDIS, {"datastore__version": "6.2"}, ("datastore", "version"), "DBS.280236"),
    (DYNAMO, {"datastore__version": "3.11"}, ("datastore", "version"), "DBS.280236"),
    # nodes
    (QUICK_START, {"flavor__0__num": 2}, ("flavor", 0, "num"), "DBS.280123"),
    (QUICK_START, {"flavor__0__num": "201"}, ("flavor", 0, "num"), "DBS.280123"),
    (MONGO, {"flavor__0__num": 5}, ("flavor", 0, "num"), "DBS.280123"),
    (INFLUX, {"flavor__0__num": 17}, ("flavor", 0, "num"), "DBS.280123"),
    (SINGLE, {"flavor__0__num": "3"}, ("flavor", 0, "num"), "DBS.280123"),
    (ENHANCED, {"flavor__0__num": 1}, ("flavor", 0, "num"), "DBS.280123"),
    (REDIS, {"flavor__0__num": 1}, ("flavor", 0, "num"), "DBS.280123"),
    (REDIS, {"flavor__0__num": 23}, ("flavor", 0, "num"), "DBS.280123"),
    # storage
    (QUICK_START, {"flavor__0__size": 9}, ("flavor", 0, "size"), "DBS.280242"),
    (QUICK_START, {"flavor__0__size": 96_001}, ("flavor", 0, "size"), "DBS.280242"),
    (CLOUD_CASSANDRA, {"flavor__0__size": "64001"}, ("flavor", 0, "size"), "DBS.280242"),
    (MONGO, {"flavor__0__size": 99}, ("flavor", 0, "size"), "DBS.280242"),
    (MONGO, {"flavor__0__size": "601"}, ("flavor", 0, "size"), "DBS.280242"),
    (SINGLE, {"flavor__0__size": 1001}, ("flavor", 0, "size"), "DBS.280242"),
    (REDIS, {"flavor__0__size": 1}, ("flavor", 0, "size"), "DBS.280242"),
    # flavor family
    (QUICK_START, {"flavor__0__spec_code": "geminidb.redis.large.4"}, ("flavor", 0, "spec_code"), "DBS.280240"),
    (QUICK_START, {"flavor__0__spec_code": "geminidb.cassandra-geminifs.large.4"},
     ("flavor", 0, "spec_code"), "DBS.280240"),
    (INFLUX, {"flavor__0__spec_code": "geminidb.influxdb.single.xlarge.2"}, ("flavor", 0, "spec_code"), "DBS.280240"),
    (ENHANCED, {"flavor__0__spec_code": "geminidb.influxdb.large.4"}, ("flavor", 0, "spec_code"), "DBS.280240"),
    (HBASE, {"flavor__0__spec_code": "geminidb.hbase.xlarge.4"}, ("flavor", 0, "spec_code"), "DBS.280240"),
    # product type
    (CLOUD_REDIS, {"product_type": GONE}, ("product_type",), "DBS.280001"),
    (CLOUD_REDIS, {"product_type": "capacity"}, ("product_type",), "DBS.280001"),
    # port
    (REDIS, {"port": 2180}, ("port",), "DBS.200060"),
    (REDIS, {"port": "50069"}, ("port",), "DBS.200060"),
    (QUICK_START, {"port": "6379"}, ("port",), "DBS.200060"),
    (MONGO, {"port": 9042}, ("port",), "DBS.200060"),
    # encryption
    (MONGO, {"disk_encryption_id": KEY}, ("disk_encryption_id",), "DBS.200507"),
    (INFLUX, {"disk_encryption_id": KEY}, ("disk_encryption_id",), "DBS.200507"),
    (CLOUD_CASSANDRA, {"disk_encryption_id": KEY}, ("disk_encryption_id",), "DBS.200507"),
    (CASSANDRA, {"disk_encryption_id": KEY, "restore_info": PAST}, ("disk_encryption_id",), "DBS.200507"),
    # charging
    (MONGO, {"charge_info": {"charge_mode": "prePaid", "period_num": 1}}, ("charge_info", "period_type"), "DBS.280001"),
    (MONGO, {"charge_info": {"charge_mode": "prePaid", "period_type": "year"}},
     ("charge_info", "period_num"), "DBS.280001"),
    (MONGO, {"charge_info": {**PREPAID, "period_num": 10}}, ("charge_info", "period_num"), "DBS.280001"),
    (MONGO, {"charge_info": {**PREPAID, "period_num": "0"}}, ("charge_info", "period_num"), "DBS.280001"),
    (MONGO, {"charge_info": {**PREPAID, "period_type": "year", "period_num": "4"}},
     ("charge_info", "period_num"), "DBS.280001"),
    (MONGO, {"charge_info": {**PREPAID, "period_type": "week"}}, ("charge_info", "period_type"), "DBS.280001"),
    (MONGO, {"charge_info": {**PREPAID, "is_auto_pay": "yes"}}, ("charge_info", "is_auto_pay"), "DBS.280001"),
    # restoring
    (CASSANDRA, {"restore_info": {}}, ("restore_info", "backup_id"), "DBS.301024"),
    (CASSANDRA, {"restore_info": {"backup_id": "b1", **PAST}}, ("restore_info", "backup_id"), "DBS.301024"),
    (CASSANDRA, {"restore_info": {"backup_id": "b1", "restore_time": 1607731200000}},
     ("restore_info", "backup_id"), "DBS.301024"),
    (CASSANDRA, {"restore_info": {"source_instance_id": "i1"}}, ("restore_info", "restore_time"), "DBS.301024"),
    (CASSANDRA, {"restore_info": {"restore_time": 1607731200000}},
     ("restore_info", "source_instance_id"), "DBS.301024"),
    (CASSANDRA, {"restore_info": {**PAST, "restore_time": 1607731200}}, ("restore_info", "restore_time"), "DBS.301024"),
    (CASSANDRA, {"restore_info": {**PAST, "restore_time": "1607731200000"}}, ("restore_info", "restore_time"), MISSING),
    (CASSANDRA, {"restore_info": {"backup_id": ""}}, ("restore_info", "backup_id"), "DBS.280124"),
    (MONGO, {"restore_info": PAST}, ("restore_info", "restore_time"), "DBS.301024"),
    (SINGLE, {"restore_info": PAST}, ("restore_info", "restore_time"), "DBS.301024"),
    (REDIS, {"restore_info": PAST}, ("restore_info", "restore_time"), "DBS.301024"),
    # disaster recovery, zones, load balancer
    (REDIS, {"dr_info": {"source_instance_id": "i1"}}, ("dr_info",), "DBS.280001"),
    (DYNAMO, {"dr_info": {"source_instance_id": "i1"}}, ("dr_info",), "DBS.280001"),
    (CASSANDRA, {"dr_info": {}}, ("dr_info", "source_instance_id"), MISSING),
    (REDIS, {"availability_zone_detail": PAIR["availability_zone_detail"]},
     ("availability_zone_detail",), "DBS.280244"),
    (PAIR, {"availability_zone_detail__secondary_availability_zone": "cn-north-4a"},
     ("availability_zone_detail", "secondary_availability_zone"), "DBS.280244"),
    (PAIR, {"availability_zone_detail__primary_availability_zone": "a,b"},
     ("availability_zone_detail", "primary_availability_zone"), "DBS.280244"),
    (PAIR, {"availability_zone_detail__secondary_availability_zone": GONE},
     ("availability_zone_detail", "secondary_availability_zone"), MISSING),
    *(
        (BODIES["redis Cluster maximal"], {f"lb_access_control_settings__{path}": value},
         ("lb_access_control_settings", *place), code)
        for path, value, place, code in [
            ("enabled", "yes", ("enabled",), "DBS.280001"),
            ("type", "greyList", ("type",), "DBS.280001"),
            ("ip_groups__0__ip", "10.0.0.256", ("ip_groups", 0, "ip"), "DBS.200091"),
            ("ip_groups__0__ip", "10.0.0.0/33", ("ip_groups", 0, "ip"), "DBS.200091"),
            ("ip_groups__0__description", "x" * 256, ("ip_groups", 0, "description"), "DBS.280001"),
            ("ip_groups__0__ip", GONE, ("ip_groups", 0, "ip"), MISSING),
        ]
    ),
]
# fmt: on


def wrong_id(row) -> str:
    base, changes, *_ = row
    what = ", ".join(f"{k.replace('__', '.')}={'gone' if v is GONE else v!r:.30}" for k, v in changes.items())
    return f"{base['datastore']['type']} {base['mode']}: {what}"


@pytest.mark.parametrize(("base", "changes", "blames", "code"), WRONG, ids=map(wrong_id, WRONG))
def test_a_wrong_spec_has_an_error_at_one_field(base, changes, blames, code):
    body = changed(base, **changes)
    error = refusal(InstanceSpec, **body)
    (line,) = error.errors()
    assert line["loc"] == blames
    assert line["msg"]
    if code is not MISSING:
        assert (line["ctx"]["code"] or BAD_VALUE_CODE) == code
    for secret in {CANARY, str(body.get("password", CANARY))}:
        for text in (str(error), repr(error), repr(error.errors()), error.json()):
            assert secret not in text


def test_every_broken_tie_is_reported_at_once():
    body = changed(
        QUICK_START,
        datastore__version="9",
        flavor__0__num=1,
        flavor__0__size=1,
        flavor__0__spec_code="geminidb.redis.large.4",
        port=1024,
    )
    assert {line["loc"] for line in refusal(InstanceSpec, **body).errors()} == {
        ("datastore", "version"),
        ("port",),
        ("flavor", 0, "num"),
        ("flavor", 0, "size"),
        ("flavor", 0, "spec_code"),
    }


def test_errors_name_the_allowed_values():
    def says(base, **changes):
        return refusal(InstanceSpec, **changed(base, **changes)).errors()[0]["msg"]

    assert says(MONGO, mode="Cluster") == "for mongodb: ReplicaSet"
    assert says(QUICK_START, flavor__0__num=1) == "for cassandra Cluster: 3 to 200 nodes"
    assert "10 to 96000 GB" in says(QUICK_START, flavor__0__size=1)
    assert says(CLOUD_REDIS, product_type=GONE).endswith("Capacity, Standard or Performance")
    assert "dynamodb Cluster" in says(MONGO, disk_encryption_id=KEY)
    assert says(DYNAMO, datastore__version="1") == 'for dynamodb: ""'


def test_a_nested_part_alone_is_validated_too():
    error = refusal(RestoreInfo, source_instance_id="i1")
    assert [line["loc"] for line in error.errors()] == [("restore_time",)]


# ------------------------------------------------------------------------------------- on the wire


def test_reading_a_body_is_more_tolerant_than_building_a_spec():
    body = changed(QUICK_START, tags=[], datastore__patch=None, flavor__0__ha="x", port=None)
    assert wire.operation_of(InstanceSpec, {}, (), body) == InstanceSpec(**QUICK_START)
    error = refusal(InstanceSpec, **changed(QUICK_START, tags=[], flavor__0__ha="x"))
    assert {line["loc"] for line in error.errors()} == {("tags",), ("flavor", 0, "ha")}


@pytest.mark.parametrize("body", [None, [], "x", 5, {}])
def test_an_empty_body_lacks_every_required_field(body):
    error = refusal(wire.operation_of, InstanceSpec, {}, (), body)
    assert [line["loc"] for line in error.errors()] == [(name,) for name in list(QUICK_START)[:10]]


def test_the_route():
    route = InstanceSpec.route
    assert OPERATIONS["CreateInstance"] is InstanceSpec
    assert (route.success, route.creates, route.ends, route.returns) == (202, True, "ready", Created)


def test_repr_is_short_and_keeps_the_secret():
    spec = InstanceSpec(**QUICK_START)
    assert repr(spec) == (
        "InstanceSpec(name='test-cassandra-01', engine='cassandra 3.11', mode='Cluster', nodes=3, storage=500)"
    )
    assert "engine='dynamodb'," in repr(InstanceSpec(**DYNAMO))
    assert CANARY not in str(spec)


def test_every_field_has_a_description_and_a_schema():
    assert all(info.description for info in documented(InstanceSpec).values())
    for name, part in InstanceSpec.model_json_schema()["$defs"].items():
        assert part["description"], name
        assert all(field["description"] for field in part["properties"].values()), name


def test_the_answer_has_its_columns():
    names = [column.name for column in columns(Created)]
    assert names[:4] == ["id", "name", "status", "job_id"]
    answer = {
        "id": "0f1ein06",
        "status": "creating",
        "created": "2019-10-28 14:10:54",
        **{key: value for key, value in QUICK_START.items() if key != "password"},
    }
    collected = Columns(Created)
    assert collected.add(answer) == 1
    row = dict(zip(names, (values[0] for values in collected.values), strict=True))
    assert (row["engine"], row["nodes"], row["storage_gb"]) == ("cassandra", 3, 500)
    assert (row["keep_days"], row["backup_window"], row["job_id"]) == ("8", "08:00-09:00", None)


# -------------------------------------------------------------------------------------- for any spec


def either_way(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[int | str]:
    return numbers.flatmap(lambda number: st.sampled_from([number, str(number)]))


def within(span: engines.Span) -> st.SearchStrategy[int | str]:
    return either_way(st.integers(span.low, span.high or 10**6))


IDS = st.from_regex(r"[A-Za-z0-9_-]{1,36}", fullmatch=True)
HOURS = st.builds(
    lambda hour, minute: f"{hour:02}:{minute}-{(hour + 1) % 24:02}:{minute}",
    st.integers(0, 23),
    st.sampled_from(["00", "15", "30", "45"]),
)


@st.composite
def bodies(draw: st.DrawFn) -> dict:
    """Any valid body of any engine and mode, numbers as numbers or as text."""
    mode = draw(st.sampled_from(engines.modes()))
    code = draw(st.sampled_from(engines.flavors(mode.engine, mode.name))).spec_code
    body = {
        "name": draw(st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{3,63}", fullmatch=True)),
        "datastore": {
            "type": mode.engine,
            "version": draw(st.sampled_from(mode.versions)),
            "storage_engine": engines.STORAGE_ENGINE,
        },
        "region": draw(IDS),
        "availability_zone": ",".join(draw(st.lists(IDS, min_size=1, max_size=3))),
        "vpc_id": draw(IDS),
        "subnet_id": draw(IDS),
        "security_group_id": draw(IDS),
        "password": draw(st.text("ABC~!@#%^*-_=+?", max_size=20)) + CANARY,
        "mode": mode.name,
        "flavor": [
            {
                "num": draw(within(mode.nodes)),
                "size": draw(within(engines.storage(mode, code))),
                "storage": engines.STORAGE_TYPE,
                "spec_code": code,
            }
        ],
    }
    optional = {
        "backup_strategy": st.fixed_dictionaries(
            {"start_time": HOURS}, optional={"keep_days": either_way(st.integers(0, 35))}
        ),
        "enterprise_project_id": IDS,
        "ssl_option": st.sampled_from(["0", "1", 0, 1]),
        "charge_info": st.fixed_dictionaries(
            {
                "charge_mode": st.just("prePaid"),
                "period_type": st.sampled_from(["month", "year"]),
                "period_num": either_way(st.integers(1, 3)),
            },
            optional={"is_auto_pay": st.sampled_from(["true", "false", True, False])},
        ),
        "restore_info": st.fixed_dictionaries({"backup_id": IDS}),
    }
    if mode.engine == "redis":
        optional["port"] = either_way(st.integers(1024, 65535).filter(engines.engine("redis").takes_port))
    if mode.product_types:
        body["product_type"] = draw(st.sampled_from(mode.product_types))
    return body | draw(st.fixed_dictionaries({}, optional=optional))


@settings(max_examples=150, deadline=None)
@given(bodies())
def test_a_body_can_be_read_back_unchanged(body):
    once = InstanceSpec.model_validate(body).wire()
    assert once == body
    again = InstanceSpec.model_validate(once)
    assert json.dumps(again.wire()) == json.dumps(once)
    assert wire.operation_of(InstanceSpec, {}, (), once) == again


@settings(max_examples=150, deadline=None)
@given(bodies(), st.data())
def test_the_error_of_a_wrong_spec_does_not_contain_its_password(body, data):
    name = data.draw(st.sampled_from(sorted(set(body) - {"password"})))
    body[name] = data.draw(st.sampled_from([None, 0, "", [], {}, "?", [CANARY], {CANARY: CANARY}]))
    try:
        InstanceSpec.model_validate(body)
    except ValidationError as error:
        told = str(error) + repr(error.errors()) + error.json()
        if not isinstance(body[name], dict):  # in a dict the canary is a name of a field, and errors show names
            assert CANARY not in told
