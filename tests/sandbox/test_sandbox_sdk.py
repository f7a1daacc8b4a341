"""The official SDK, as published, drives the sandbox: a check that does not read our declarations."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("huaweicloudsdkgaussdbfornosql")

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkgaussdbfornosql import v3
from huaweicloudsdkgaussdbfornosql.v3.region.gaussdbfornosql_region import GaussDBforNoSQLRegion


@pytest.fixture
def sandbox(build: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HOME", str(tmp_path))  # the SDK keeps a file there
    return build(port=0)


@pytest.fixture
def sdk(sandbox: Any) -> Any:
    known = sandbox.credentials
    keys = BasicCredentials(known["ak"], known["sk"].get_secret_value(), sandbox.project_id)
    return v3.GaussDBforNoSQLClient.new_builder().with_credentials(keys).with_endpoint(sandbox.endpoint).build()


@pytest.fixture
def created(sdk: Any, quick_start: dict[str, Any]) -> Any:
    types = v3.CreateInstanceRequestBody.openapi_types
    simple = {name: value for name, value in quick_start.items() if not isinstance(value, (dict, list))}
    body = v3.CreateInstanceRequestBody(
        **simple,
        datastore=getattr(v3, types["datastore"])(**quick_start["datastore"]),
        flavor=[v3.CreateInstanceFlavorOption(**quick_start["flavor"][0])],
        backup_strategy=getattr(v3, types["backup_strategy"])(**quick_start["backup_strategy"]),
    )
    return sdk.create_instance(v3.CreateInstanceRequest(body=body))


def test_a_life(sandbox: Any, sdk: Any, created: Any) -> None:
    assert (created.status_code, created.status, created.flavor[0].num) == (202, "creating", "3")  # its model says text
    assert created.backup_strategy.keep_days == "8"

    (job,) = sdk.list_jobs(v3.ListJobsRequest(id=created.job_id)).jobs
    assert (job.status, job.progress, job.instance.id) == ("Running", "0%", created.id)

    sandbox.advance(3600)
    (shown,) = sdk.list_instances(v3.ListInstancesRequest(id=created.id)).instances
    assert (shown.status, shown.actions, shown.datastore.patch_available) == ("normal", [], False)
    assert (shown.port, shown.groups[0].volume.size, len(shown.groups[0].nodes)) == ("8635", "500", 3)
    assert sdk.list_instances(v3.ListInstancesRequest(name="*cassandra-01", limit=10, offset=0)).total_count == 1

    name = v3.UpdateInstanceNameRequestBody(name="renamed")
    sdk.update_instance_name(v3.UpdateInstanceNameRequest(instance_id=created.id, body=name))
    restart = v3.RestartInstanceRequest(instance_id=created.id, body=v3.RestartInstanceRequestBody())
    assert sdk.restart_instance(restart).job_id
    with pytest.raises(ClientRequestException) as refusal:
        sdk.delete_instance(v3.DeleteInstanceRequest(instance_id=created.id))
    assert (refusal.value.status_code, refusal.value.error_code) == (403, "DBS.200019")
    assert refusal.value.request_id and refusal.value.error_msg

    sandbox.advance(3600)
    assert sdk.delete_instance(v3.DeleteInstanceRequest(instance_id=created.id)).job_id
    sandbox.advance(3600)
    assert sdk.list_instances(v3.ListInstancesRequest()).total_count == 0
    assert [job.name for job in sdk.list_jobs(v3.ListJobsRequest()).jobs] == [
        "DeleteInstance", "RestartInstance", "CreateInstance",
    ]  # fmt: skip


def test_tags(sdk: Any, created: Any) -> None:
    tag = v3.BatchTagActionRequestBody(action="create", tags=[v3.BatchTagActionTagOption(key="team", value="blue")])
    sdk.batch_tag_action(v3.BatchTagActionRequest(instance_id=created.id, body=tag))
    (seen,) = sdk.list_instance_tags(v3.ListInstanceTagsRequest(instance_id=created.id)).tags
    assert (seen.key, seen.value) == ("team", "blue")


def test_flavors_and_quotas(sandbox: Any, sdk: Any) -> None:
    (quota,) = sdk.show_quotas(v3.ShowQuotasRequest(datastore_type="redis")).quotas.resources
    assert (quota.type, quota.quota, quota.used) == ("instance", 50, 0)
    flavors = sdk.list_flavor_infos(v3.ListFlavorInfosRequest(engine_name="influxdb", limit=2))
    assert len(flavors.flavors) == 2 < flavors.total_count
    assert sdk.list_datastores(v3.ListDatastoresRequest(datastore_name="mongodb")).versions[0] == "4.0"
    assert sdk.list_api_version(v3.ListApiVersionRequest()).versions[0].id == "v3"
    assert sdk.show_api_version(v3.ShowApiVersionRequest(version="v3")).version.status == "CURRENT"


def test_the_sdk_finds_region_and_project_in_the_environment(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.environment().items():
        if not name.endswith("PROJECT_ID"):
            monkeypatch.setenv(name, value)
    known = sandbox.credentials
    keys = BasicCredentials(known["ak"], known["sk"].get_secret_value())
    region = GaussDBforNoSQLRegion.value_of("cn-north-4")
    sdk = v3.GaussDBforNoSQLClient.new_builder().with_credentials(keys).with_region(region).build()
    assert sdk.list_instances(v3.ListInstancesRequest()).total_count == 0
    assert "KeystoneListProjects" in sandbox.requests["operation"].tolist()
