"""A user's program, read by mypy and pyright and never run.

Both must refuse a line that ends in ``# error: CODE``, mypy with this code.
"""

from __future__ import annotations

from typing import assert_type

import pandas as pd

import gaussnb as gn
from gaussnb.core.catalogue import post
from gaussnb.core.operation import Operation
from gaussnb.core.rows import Row
from gaussnb.nosql.operations.instances import ListInstances, RestartInstance


def program() -> None:
    gdb = gn.connect("sandbox")
    assert_type(gdb, gn.Client)
    assert_type(gdb.region, str)

    # the settings of a connection
    gn.connect(region="cn-north-4", ak="AK", sk="-".join(["not", "real"]), patience=gn.Patience(read=5))
    gn.connect("my-profile", project_id=None)
    gn.connect(regoin="cn-north-4")  # error: call-arg
    gn.connect(region=5)  # error: arg-type

    # names and positions, as declared
    assert_type(gdb.instances.restart("0f1e"), pd.DataFrame)
    gdb.instances.restart("0f1e", "n1")
    gdb.instances.restart(instance_id="0f1e", node_id=None)
    gdb.instances.list(datastore_type="redis", limit=10)
    gdb.instances.get("0f1e")
    gdb.instances.rename("0f1e", name="renamed")
    gdb.flavors.list(engine_name="cassandra")
    gdb.tags.update("0f1e", "create", [{"key": "team", "value": "blue"}])
    gdb.jobs.list()
    assert_type(gdb.nodes.add("0f1e", 2, is_auto_pay="true"), pd.DataFrame)
    gdb.backups.create("0f1e", name="nightly", database_tables=[{"database_name": "d"}])
    gdb.parameters.update("0f1e", values={"max_connections": "10"})
    gdb.tags.find(tags=[{"key": "team", "values": []}], limit=10)
    gdb.send(ListInstances(name="*test"))
    gdb.instances.restart(RestartInstance("0f1e"))
    assert_type(gdb.instances.nodes(ListInstances()), pd.DataFrame)
    assert_type({RestartInstance("0f1e"): 1}, dict[RestartInstance, int])

    gdb.instances.restart(ListInstances())  # error: call-overload
    gdb.instances.get(ListInstances())  # error: call-overload
    RestartInstance("0f1e").node_id = "n1"  # error: misc
    gdb.instances.restart()  # error: call-overload
    gdb.instances.restart(id="0f1e")  # error: call-overload
    gdb.instances.restart("0f1e", "n1", "more")  # error: call-overload
    gdb.instances.restart(5)  # error: call-overload
    gdb.instances.list(limit="many")  # error: call-overload
    gdb.instances.list("0f1e", None, None, None, None, None, 5)  # error: call-overload
    gdb.instances.list(datastore_type="oracle")  # error: call-overload
    gdb.instances.get()  # error: call-overload
    gdb.instances.reboot("0f1e")  # error: attr-defined
    gdb.flavours.list()  # error: attr-defined
    gdb.nodes.add("0f1e")  # error: call-overload
    gdb.nodes.set_power("0f1e", "off", ["n1"])  # error: call-overload
    gdb.parameters.update("0f1e", values={"max_connections": 10})  # error: dict-item
    ListInstances(nmae="x")  # error: call-arg

    # a password is given as text, nested parts as dicts
    plain = "-".join(["Not", "A", "Real", "1"])
    spec = gn.InstanceSpec(
        name="test-cassandra-01",
        datastore={"type": "cassandra", "version": "3.11", "storage_engine": "rocksDB"},
        region="cn-north-4",
        availability_zone="cn-north-4a",
        vpc_id="674e9b42-cd8d-4d25-a2e6-5abcc565b961",
        subnet_id="f1df08c5-71d1-406a-aff0-de435a51007b",
        security_group_id="7aa51dbf-5b63-40db-9724-dad3c4828b58",
        password=plain,
        mode="Cluster",
        flavor=[{"num": 3, "size": "500", "storage": "ULTRAHIGH", "spec_code": "geminidb.cassandra.4xlarge.4"}],
        backup_strategy={"start_time": "08:00-09:00", "keep_days": "8"},
    )
    assert_type(gdb.instances.create(spec), pd.DataFrame)
    assert_type(spec.replace(name="other-name"), gn.InstanceSpec)
    spec.datastore.type.upper()
    spec.wire()["name"]
    gn.InstanceSpec(name="test")  # error: call-arg
    gdb.instances.create(name="test")  # error: call-overload


@post("/v3/{project_id}/things", returns=Row, success=202)
class CreateThing(Operation):
    """Create a thing."""


@post("/v3/{project_id}/things", returns=Row, sucess=202)  # error: call-arg
class MistypedThing(Operation):
    """A fact of its route is mistyped."""


@post("/v3/{project_id}/things", returns=Row, success="202")  # error: arg-type
class UnreadableThing(Operation):
    """A fact of its route has another type."""
