"""A story: an instance is ordered for a year, grows, and cannot be deleted, because only billing can end it."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("huaweicloudsdkgaussdbfornosql")

from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkgaussdbfornosql import v3

import gaussnb as gn

YEAR = {"charge_mode": "prePaid", "period_type": "year", "period_num": 1, "is_auto_pay": "true"}


@pytest.fixture
def sandbox(build: Any) -> Any:
    return build(port=0)


def test_with_gaussnb(gdb: Any, sandbox: Any, quick_start: dict[str, Any]) -> None:
    receipt = gdb.instances.create(gn.InstanceSpec(**quick_start, charge_info=YEAR)).iloc[0]
    id = receipt["id"]
    assert receipt["charge_mode"] == "prePaid" and receipt["order_id"].startswith("CS")
    sandbox.advance(3600)
    assert gdb.instances.get(id)["status"].item() == "normal" and gdb.jobs.list().empty

    grown = gdb.volumes.extend(id, 600).iloc[0]
    assert grown["order_id"].startswith("CS") and grown[["job_id"]].isna().all()
    assert gdb.instances.get(id)["actions"].item() == "PERIOD_RESOURCE_SPEC_CHG"
    with pytest.raises(gn.ApiError):
        gdb.instances.delete(id)  # not now, and not later
    sandbox.advance(3600)
    assert gdb.instances.get(id)["storage_gb"].item() == 600

    with pytest.raises(gn.ApiError) as refusal:
        gdb.instances.delete(id)
    assert refusal.value.error_code == "DBS.280456" and "billing" in str(refusal.value).lower()
    sandbox.advance(3600)
    assert gdb.instances.get(id)["status"].item() == "normal" and gdb.recycle_bin.list().empty

    alike = gdb.instances.create(gn.InstanceSpec(**{**quick_start, "name": "by-the-hour"}))  # pay-per-use can go
    sandbox.advance(3600)
    gdb.instances.delete(alike["id"].item())
    sandbox.advance(3600)
    assert gdb.instances.list()["id"].tolist() == [id]


def test_with_the_sdk(sdk: Any, official: Any, sandbox: Any, quick_start: dict[str, Any]) -> None:
    body = official("CreateInstanceRequestBody", {**quick_start, "charge_info": YEAR})
    made = sdk.create_instance(v3.CreateInstanceRequest(body=body))
    assert made.order_id.startswith("CS") and made.job_id is None
    sandbox.advance(3600)

    def shown() -> Any:
        (one,) = sdk.list_instances(v3.ListInstancesRequest(id=made.id)).instances
        return one

    assert (shown().status, shown().pay_mode) == ("normal", "1")
    body = v3.ResizeInstanceVolumeRequestBody(size=600)
    grown = sdk.resize_instance_volume(v3.ResizeInstanceVolumeRequest(instance_id=made.id, body=body))
    assert grown.order_id.startswith("CS") and grown.job_id is None
    assert shown().actions == ["PERIOD_RESOURCE_SPEC_CHG"]
    sandbox.advance(3600)
    assert shown().groups[0].volume.size == "600"

    with pytest.raises(ClientRequestException) as refusal:
        sdk.delete_instance(v3.DeleteInstanceRequest(instance_id=made.id))
    assert refusal.value.error_code == "DBS.280456"
    sandbox.advance(3600)
    assert shown().status == "normal"
