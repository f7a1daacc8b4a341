"""Our declarations against the official SDK and the vendor's OpenAPI document: place, names, mandatory marks.

Where they disagree, the table below says how and why we chose. The client refuses only what every source refuses.
"""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("huaweicloudsdkgaussdbfornosql")

from shapes import DECLARED, DESCRIBED, Shape, described, document, ours, sdk, sdk_call, vendor

every_operation = pytest.mark.parametrize("id", DECLARED)
every_described = pytest.mark.parametrize("id", DESCRIBED)
"""All but eight, which are younger than the document."""

Difference = dict[str, tuple[bool | None, bool | None]]
"""By place: whether it is mandatory to us, and to the witness; None where it does not exist."""

SDK_DIFFERS: dict[str, Difference] = {
    "CreateInstance": {
        # Without it dr_info says nothing; the SDK has no rule here, and no source shows it left out.
        "body.dr_info.source_instance_id": (True, False),
        # The same list is described with an optional description in SwitchIpGroup.
        "body.lb_access_control_settings.ip_groups[].description": (False, True),
    },
    # Terraform, which talks to the real service, leaves it out.
    "CreateBack": {"body.description": (False, True)},
    # Without them the call says nothing; no source shows them left out.
    "CreateDbUser": {"body.users": (True, False)},
    "ModifyDbUserPrivilege": {"body.users": (True, False)},
    "RestoreRedisData": {"body.recovery_info": (True, False)},
    "SetDisasterRecoverySettings": {"body.disaster_recovery_settings": (True, False)},
    # May be left out by the caller: then the documented default is sent.
    "SetRecyclePolicy": {"body.recycle_policy.retention_period_in_days": (True, False)},
}

DOCUMENT_DIFFERS: dict[str, Difference] = {
    "CreateInstance": {
        # Newer than the document; the SDK has it.
        "body.disk_encryption_id": (False, None),
        "body.dr_info": (False, None),
        "body.dr_info.source_instance_id": (True, None),
        "body.lb_access_control_settings": (False, None),
        "body.lb_access_control_settings.enabled": (True, None),
        "body.lb_access_control_settings.type": (True, None),
        "body.lb_access_control_settings.ip_groups": (True, None),
        "body.lb_access_control_settings.ip_groups[].ip": (True, None),
        "body.lb_access_control_settings.ip_groups[].description": (False, None),
    },
    "CreateBack": {
        "body.description": (False, True),  # as above
        # Newer than the document; the SDK has it.
        "body.database_tables": (False, None),
        "body.database_tables[].database_name": (True, None),
        "body.database_tables[].table_names": (False, None),
    },
    "CreateConfiguration": {
        # The SDK knows a second way, from an instance, and since then the engine may be left out.
        "body.datastore": (False, True),
        "body.instance_id": (False, None),
    },
    # Newer than the document; the SDK has it.
    "ShowApplicableInstances": {"query.instance_id": (False, None), "query.instance_name": (False, None)},
    "ShowModifyHistory": {"query.parameter_name": (False, None)},
    "CreateGeminiDbDualActive": {"body.tables": (False, None)},
    # As above.
    "CreateDbUser": {"body.users": (True, False)},
    "ModifyDbUserPrivilege": {"body.users": (True, False)},
    "SetDisasterRecoverySettings": {
        "body.disaster_recovery_settings": (True, False),
        "body.disaster_recovery_settings[].sync_delay": (False, None),  # younger than the document
    },
    "SetRecyclePolicy": {"body.recycle_policy.retention_period_in_days": (True, False)},
}


def difference(mine: Shape, theirs: Shape) -> Difference:
    places = sorted({*mine, *theirs})
    return {place: (mine.get(place), theirs.get(place)) for place in places if mine.get(place) != theirs.get(place)}


@every_operation
def test_the_sdk_sends_the_request_to_the_same_path(id: str) -> None:
    call, route = sdk_call(id), DECLARED[id].route
    assert (call["method"], call["resource_path"]) == (route.method, route.path)
    assert set(call["path_params"]) == set(route.holes) - {"project_id"}


@every_operation
def test_the_sdk_sends_the_same_fields(id: str) -> None:
    assert difference(ours(DECLARED[id]), sdk(id)) == SDK_DIFFERS.get(id, {})


@every_described
def test_the_document_has_the_same_path_and_status(id: str) -> None:
    method, path, call = described(id)
    route = DECLARED[id].route
    assert (method, path) == (route.method, route.path)
    assert [code for code in call["responses"] if code.startswith("2")] == [str(route.success)]


@every_described
def test_the_document_names_the_same_fields(id: str) -> None:
    assert difference(ours(DECLARED[id]), vendor(id)) == DOCUMENT_DIFFERS.get(id, {})


def test_the_document_lacks_only_newer_operations() -> None:
    assert {path.removeprefix("/") for path in document()["paths"]} == set(DESCRIBED)


def test_every_entry_of_the_table_is_a_present_disagreement() -> None:
    assert {*SDK_DIFFERS, *DOCUMENT_DIFFERS} <= set(DECLARED)


def test_every_reference_of_the_document_has_a_target() -> None:
    def refs(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [
                *([value["$ref"]] if "$ref" in value else []),
                *(ref for item in value.values() for ref in refs(item)),
            ]
        return [ref for item in value for ref in refs(item)] if isinstance(value, list) else []

    known = {f"#/components/schemas/{name}" for name in document()["components"]["schemas"]}
    assert set(refs(document()["paths"])) <= known
