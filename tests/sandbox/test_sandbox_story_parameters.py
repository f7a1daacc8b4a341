"""A story: a parameter template is rolled out to five instances, and one of them fails."""

from __future__ import annotations

import copy
from typing import Any

import pytest

pytest.importorskip("huaweicloudsdkgaussdbfornosql")

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkgaussdbfornosql import v3

import gaussnb as gn

NAMES = [f"fleet-{number}" for number in range(1, 6)]
VALUES = {"concurrent_reads": "100", "read_request_timeout_in_ms": "7000"}
BUSY = "Another operation is being performed on the DB instance."


@pytest.fixture
def sandbox(build: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HOME", str(tmp_path))  # the SDK keeps a file there
    return build(port=0)


@pytest.fixture
def fleet(sandbox: Any, quick_start: dict[str, Any]) -> list[str]:
    """Five instances that are ready, by id."""
    with sandbox.connect() as gdb:
        specs = [gn.InstanceSpec(**{**copy.deepcopy(quick_start), "name": name}) for name in NAMES]
        made = [str(gdb.instances.create(spec)["id"].iloc[0]) for spec in specs]
    sandbox.advance(3600)
    return made


def test_by_gaussnb(sandbox: Any, fleet: list[str]) -> None:
    with sandbox.connect() as gdb:
        store = {"type": "cassandra", "version": "3.11", "mode": "Cluster"}
        template = gdb.configurations.create("fast-reads", datastore=store, values=VALUES)["id"].iloc[0]
        assert gdb.configurations.applicable_instances(template)["id"].tolist() == fleet[::-1]

        gdb.network.set_ssl(fleet[4], "on")  # keeps the last one busy
        receipt = gdb.configurations.apply(template, fleet)
        assert receipt["instance_id"].tolist() == fleet
        (job,) = set(receipt["job_id"])
        sandbox.advance(600)

        shown = gdb.jobs.get(job).to_dict("records")[0]
        assert (shown["status"], shown["fail_reason"]) == ("Failed", f"1 of 5 instances failed: fleet-5: {BUSY}")
        with pytest.raises(gn.WaitFailed, match="1 of 5"):
            gdb.wait(receipt, timeout=600)
        history = gdb.configurations.history(template).set_index("instance_id")
        assert history["apply_result"].to_dict() == {**dict.fromkeys(fleet[:4], "SUCCESS"), fleet[4]: "FAILED"}
        assert history.loc[fleet[4], "failure_reason"] == BUSY

        again = gdb.configurations.apply(template, fleet[4:])
        sandbox.advance(600)
        gdb.wait(again, timeout=600)
        assert set(gdb.configurations.history(template)["apply_result"][:1]) == {"SUCCESS"}
        for one in fleet:
            assert gdb.parameters.template(one)["id"].tolist() == [template]
            changes = gdb.parameters.history(one).set_index("parameter_name")["applied"].to_dict()
            assert changes == {"concurrent_reads": False, "read_request_timeout_in_ms": True}
            gdb.instances.restart(one)
        sandbox.advance(600)
        assert all(gdb.parameters.history(one)["applied"].all() for one in fleet)


def test_by_the_sdk(sandbox: Any, fleet: list[str]) -> None:
    known = sandbox.credentials
    keys = BasicCredentials(known["ak"], known["sk"].get_secret_value(), sandbox.project_id)
    sdk = v3.GaussDBforNoSQLClient.new_builder().with_credentials(keys).with_endpoint(sandbox.endpoint).build()
    body = v3.CreateConfigurationRequestBody(
        name="fast-reads",
        datastore=getattr(v3, v3.CreateConfigurationRequestBody.openapi_types["datastore"])(
            type="cassandra", version="3.11", mode="Cluster"
        ),
        values=VALUES,
    )
    template = sdk.create_configuration(v3.CreateConfigurationRequest(body=body)).configuration.id

    ssl = v3.SwitchSslRequest(instance_id=fleet[4], body=_body("SwitchSslRequest", ssl_option="on"))
    sdk.switch_ssl(ssl)
    kind = "ApplyConfigurationToInstancesRequest"
    apply = v3.ApplyConfigurationToInstancesRequest(config_id=template, body=_body(kind, instance_ids=fleet))
    answer = sdk.apply_configuration_to_instances(apply)
    assert answer.success is True
    alone = v3.ApplyConfigurationToInstancesRequest(config_id=template, body=_body(kind, instance_ids=fleet[4:]))
    with pytest.raises(ClientRequestException) as refusal:
        sdk.apply_configuration_to_instances(alone)
    assert refusal.value.error_code == "DBS.200019"

    sandbox.advance(600)
    (job,) = sdk.list_jobs(v3.ListJobsRequest(id=answer.job_id)).jobs
    assert (job.status, job.fail_reason) == ("Failed", f"1 of 5 instances failed: fleet-5: {BUSY}")
    sdk.apply_configuration_to_instances(alone)
    sandbox.advance(600)
    history = sdk.show_apply_history(v3.ShowApplyHistoryRequest(config_id=template)).histories
    results = [(one.instance_name, one.apply_result) for one in history]
    assert sorted(results) == sorted([*((name, "SUCCESS") for name in NAMES), ("fleet-5", "FAILED")])
    for one in fleet:
        shown = sdk.show_instance_configuration(v3.ShowInstanceConfigurationRequest(instance_id=one))
        values = {parameter.name: parameter.value for parameter in shown.configuration_parameters}
        assert shown.id == template and VALUES.items() <= values.items()


def _body(request: str, **fields: Any) -> Any:
    """The body of one of the SDK's requests."""
    return getattr(v3, getattr(v3, request).openapi_types["body"])(**fields)
