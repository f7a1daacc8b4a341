"""A story: an instance gets a twin, hands over to it, and they part."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("huaweicloudsdkgaussdbfornosql")

from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkgaussdbfornosql import v3

import gaussnb as gn

PASSWORD = "Aa1!" * 3


@pytest.fixture
def sandbox(build: Any) -> Any:
    return build(port=0)


def half(gdb: Any, id: str) -> dict[str, Any]:
    """An instance, as the other one is told of it."""
    addresses = gdb.instances.nodes(id)["private_ip"].tolist()
    return {"id": id, "region_code": "cn-north-4", "subnet_cidrs": ["192.168.0.0/24"], "node_ips": addresses}


def test_with_gaussnb(gdb: Any, sandbox: Any, make: Any) -> None:
    near, far = make("redis"), make("redis")
    recovery = gdb.disaster_recovery
    pair = recovery.create(near, "orders", PASSWORD, "master", half(gdb, far))["disaster_recovery_id"].item()
    recovery.create(far, "orders", PASSWORD, "slave", half(gdb, near), id=pair)
    sandbox.advance(600)
    assert recovery.get_synchronization(near)["status"].tolist() == ["SYNCING"]
    assert recovery.objectives(near)["scene"].tolist() == ["FAILOVER", "SWITCHOVER"]

    recovery.switch_over(near)
    with pytest.raises(gn.Busy):
        recovery.set_synchronization(far, "pause")
    sandbox.advance(600)
    assert recovery.get_role(near)["role"].tolist() == ["slave"]
    assert recovery.get_role(far)["role"].tolist() == ["master"]

    for id in (near, far):
        recovery.delete(id)
        sandbox.advance(600)
    with pytest.raises(gn.ApiError):
        recovery.get_role(near)


def test_with_the_sdk(sdk: Any, gdb: Any, sandbox: Any, make: Any) -> None:
    near, far = make("redis"), make("redis")
    body: Any = getattr(v3, v3.CreateDisasterRecoveryRequest.openapi_types["body"])
    other: Any = getattr(v3, body.openapi_types["disaster_recovery_instance"])

    def build(half_id: str, role: str, twin: str, **pair: str) -> Any:
        told = body(
            alias="orders", password=PASSWORD, instance_role=role,
            disaster_recovery_instance=other(**half(gdb, twin)), **pair,
        )  # fmt: skip
        return sdk.create_disaster_recovery(v3.CreateDisasterRecoveryRequest(instance_id=half_id, body=told))

    built = build(near, "master", far)
    assert built.status_code == 202 and built.job_id
    build(far, "slave", near, id=built.disaster_recovery_id)
    sandbox.advance(600)
    flow = sdk.show_pause_resume_stutus(v3.ShowPauseResumeStutusRequest(instance_id=near))
    assert (flow.status, flow.master_instance_id, flow.data_sync_indicators.rsync_status) == ("SYNCING", near, 1)

    switch = v3.SwitchOverDisasterRecoveryRequest(instance_id=near)
    assert sdk.switch_over_disaster_recovery(switch).job_id
    with pytest.raises(ClientRequestException) as refusal:
        sdk.switch_over_disaster_recovery(switch)
    assert (refusal.value.status_code, refusal.value.error_code) == (403, "DBS.200019")
    sandbox.advance(600)
    roles = [sdk.show_instance_role(v3.ShowInstanceRoleRequest(instance_id=id)).role for id in (near, far)]
    assert roles == ["slave", "master"]

    for id in (near, far):
        sdk.delete_disaster_recovery(v3.DeleteDisasterRecoveryRequest(instance_id=id))
        sandbox.advance(600)
    with pytest.raises(ClientRequestException) as refusal:
        sdk.show_instance_role(v3.ShowInstanceRoleRequest(instance_id=near))
    assert refusal.value.error_code == "DBS.280016"
