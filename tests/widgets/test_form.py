"""The form of any operation: filling, validation, export, review and sending."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import ipywidgets
import pandas as pd
import pytest
from looking import Cloud, alerts, filled, live
from pydantic import ValidationError

import gaussnb as gn
from gaussnb.nosql.operations.instances import (
    DeleteInstance,
    ListInstances,
    ResizeInstance,
    RestartInstance,
    UpdateInstanceName,
)
from gaussnb.nosql.operations.redis_sessions import ClearInstanceSessions
from gaussnb.nosql.operations.tags import BatchTagAction
from gaussnb.quickstart import body
from gaussnb.widgets import Form, form_of
from gaussnb.widgets import form as form_module

BASE = {**body("cn-north-4"), "password": "Aa1!" * 3}
FLAVOR = BASE["flavor"][0]

# ------------------------------------------------------------------------------------------- judging

WRONG: list[tuple[dict[str, Any], set[str]]] = [
    ({"name": "1st"}, {"name"}),
    ({"name": "abc"}, {"name"}),
    ({"name": None}, {"name"}),
    ({"datastore": {**BASE["datastore"], "version": "9"}}, {"datastore.version"}),
    ({"datastore": {"type": "cassandra"}}, {"datastore.version"}),
    ({"region": "a b"}, {"region"}),
    ({"availability_zone": "a, b"}, {"availability_zone"}),
    ({"vpc_id": "a/b"}, {"vpc_id"}),
    ({"subnet_id": ""}, {"subnet_id"}),
    ({"security_group_id": None}, {"security_group_id"}),
    ({"password": "short1!"}, {"password"}),
    ({"password": "lowercaseonly"}, {"password"}),
    ({"mode": "ReplicaSet"}, {"mode"}),
    ({"flavor": [{**FLAVOR, "num": 2}]}, {"flavor.0.num"}),
    ({"flavor": [{**FLAVOR, "num": 2, "size": 5}]}, {"flavor.0.num", "flavor.0.size"}),
    ({"flavor": [{**FLAVOR, "spec_code": "geminidb.redis.large.4"}]}, {"flavor.0.spec_code"}),
    ({"flavor": [FLAVOR, FLAVOR]}, {"flavor"}),
    ({"flavor": []}, {"flavor"}),
    ({"backup_strategy": {"start_time": "08:00-10:00"}}, {"backup_strategy.start_time"}),
    ({"backup_strategy": {"keep_days": 99}}, {"backup_strategy.start_time", "backup_strategy.keep_days"}),
    ({"charge_info": {"charge_mode": "prePaid"}}, {"charge_info.period_type", "charge_info.period_num"}),
    ({"restore_info": {}}, {"restore_info.backup_id"}),
    ({"restore_info": {"source_instance_id": "0f1e"}}, {"restore_info.restore_time"}),
    ({"port": 99}, {"port"}),
    ({"port": 6379}, {"port"}),
    ({"lb_access_control_settings": {"enabled": True, "type": "whiteList", "ip_groups": [{"ip": "x"}]}},
     {"lb_access_control_settings.ip_groups.0.ip"}),
    ({"availability_zone_detail": {"primary_availability_zone": "a", "secondary_availability_zone": "a"}},
     {"availability_zone_detail.secondary_availability_zone"}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "slots"), WRONG, ids=[", ".join(sorted(slots)) for _, slots in WRONG])
def test_each_error_stands_at_its_field_and_nowhere_else(form: Form, changes: dict[str, Any], slots: set[str]) -> None:
    form.fill({**BASE, **changes})
    found = alerts(form)
    assert set(found) == slots
    assert set(form.errors["field"]) == slots
    for path, control in form.walk():
        dotted = ".".join(map(str, path))
        assert ('role="alert"' in control.note.value) == (dotted in slots)
    assert "input_value" not in str(found)


def test_cross_field_errors_of_the_whole_stand_in_the_banner() -> None:
    form = Form(BatchTagAction)
    form.fill(instance_id="0f1e", action="create", tags=[{"key": "a", "value": "1"}, {"key": "a", "value": "2"}])
    where = set(form.errors["field"])
    assert where <= {"", "tags"} and where
    assert "each key once" in (form._banner.value if where == {""} else str(alerts(form)))
    assert 'role="alert"' in form._banner.value or alerts(form)
    form.close()


def test_a_wrong_number_stays_on_the_screen_beside_its_error(form: Form) -> None:
    filled(form).fields["flavor.0.num"].value = "999"
    assert form.fields["flavor.0.num"].value == "999"
    assert list(alerts(form)) == ["flavor.0.num"]
    form.fields["flavor.0.num"].value = "5"
    assert alerts(form) == {}
    assert form.spec.flavor[0].num == 5


def test_errors_are_shown_at_edited_fields_and_everywhere_after_a_press(form: Form) -> None:
    form.fields["name"].value = "1x"
    assert list(alerts(form)) == ["name"]
    assert form.submit() is None
    assert {"name", "password", "vpc_id"} <= set(alerts(form))
    assert "To mend: Name, " in form._banner.value and "Password" in form._banner.value


def test_a_new_row_shows_no_errors_yet() -> None:
    form = Form(BatchTagAction)
    form.controls["tags"].input.click()
    assert alerts(form) == {}
    form.fields["tags.1.key"].value = "a b"
    assert set(alerts(form)) == {"tags.1.key"}
    form.fill(tags=[{"value": "x"}])
    assert set(alerts(form)) == {"tags.0.key"}, "what is filled by code is judged as a whole"
    form.close()


def test_errors_are_a_frame(form: Form) -> None:
    assert list(form.errors.columns) == ["field", "message"]
    assert filled(form).errors.empty
    assert form.errors.dtypes.astype(str).tolist() == ["string", "string"]


def test_the_spec_raises_what_pydantic_raises(form: Form) -> None:
    with pytest.raises(ValidationError):
        _ = form.spec


def test_unknown_fields_are_named_and_nothing_is_changed(form: Form) -> None:
    with pytest.raises(TypeError, match="no field 'nam'"):
        form.fill(region="cn-north-4", nam="x")
    assert "region" not in form.values


def test_wire_of_the_form_is_the_quick_start_to_the_letter(form: Form) -> None:
    spec = filled(form).spec
    assert spec.wire() == {**body("cn-north-4"), "password": spec.password.get_secret_value()}
    again = gn.InstanceSpec.form(spec)
    assert again.spec == spec
    again.close()


# ------------------------------------------------------------------------------------------- faces


def test_the_texts_of_a_form(form: Form) -> None:
    assert repr(form).startswith("<form CreateInstance: ")
    bundle = filled(form)._repr_mimebundle_()
    assert set(bundle) >= {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert "test-cassandra-01" in bundle["text/html"]
    form.fill(name="<img src=x>")
    assert "<img" not in form._repr_html_() and "&lt;img" in form._repr_html_()


def test_core_widgets_only_and_no_null_titles(form: Form) -> None:
    states = ipywidgets.Widget.get_manager_state()["state"].values()
    assert {one["model_module"] for one in states} <= {"@jupyter-widgets/base", "@jupyter-widgets/controls"}
    for one in states:
        if "Box" not in one["model_name"]:
            assert one["state"].get("tooltip", "") == ""


# ------------------------------------------------------------------------------------------- sending


def rename(cloud: Cloud) -> Form:
    return form_of(UpdateInstanceName, cloud).fill(instance_id="0f1e", name="orders-01")


@pytest.fixture
def renaming(cloud: Cloud) -> Iterator[Form]:
    form = rename(cloud)
    yield form
    form.close()


def test_a_change_is_reviewed_before_it_is_sent(cloud: Cloud, renaming: Form) -> None:
    form = renaming
    assert form._button.description == "Review"
    form._button.click()
    assert cloud.sent == []
    for word in ("PUT /v3/p1/instances/0f1e/name", "orders-01", "127.0.0.1", "p1"):
        assert word in form._card.value
    assert form._button.description == "Rename"
    form._button.click()
    assert cloud.sent == [UpdateInstanceName("0f1e", "orders-01")]
    assert form.result is cloud.answer and form._card.value == ""
    assert "Done" in form._banner.value and "0f1e" in form._outcome.children[-1].value


def test_the_review_shows_no_secret(cloud: Cloud) -> None:
    form = Form(gn.InstanceSpec, cloud.send, cloud.review).fill(BASE)
    form._button.click()
    assert "••••" in form._card.value and "Aa1!" not in form._card.value
    form.close()


def test_a_dry_run_returns_the_review_and_sends_nothing(cloud: Cloud) -> None:
    form = Form(gn.InstanceSpec, cloud.send, cloud.review).fill({**BASE, "name": "1st"})
    assert form.submit(dry_run=True) is None and "name" in alerts(form)
    told = form.fill(BASE).submit(dry_run=True)
    assert told is not None and cloud.sent == []
    facts = dict(zip(told["what"], told["value"]))
    assert facts["request"] == "POST /v3/p1/instances" and facts["endpoint"] == "http://127.0.0.1"
    assert '"password": "••••••••"' in facts["body"] and "Aa1!" not in told.to_csv()
    form.close()


def test_the_review_can_be_left(cloud: Cloud, renaming: Form) -> None:
    renaming._button.click()
    renaming._back.click()
    assert renaming._card.value == "" and renaming._button.description == "Review"
    renaming._button.click()
    assert cloud.sent == []


def test_the_reviewed_spec_is_the_one_that_is_sent(cloud: Cloud, renaming: Form) -> None:
    renaming._button.click()
    renaming.fields["name"].value = "other-01"
    renaming._button.click()
    assert cloud.sent == [], "a change after the review asks for a new review"
    renaming._button.click()
    assert [spec.name for spec in cloud.sent] == ["other-01"]  # type: ignore[attr-defined]


def test_a_review_that_fails_is_shown(cloud: Cloud) -> None:
    def review(operation: Any) -> Any:
        raise gn.NotFound(status=404, error_code="DBS.200002", error_msg="no such instance", request_id="r-9")

    form = Form(UpdateInstanceName, cloud.send, review).fill(instance_id="0f1e", name="orders-01")
    form._button.click()
    form._button.click()
    assert cloud.sent == [] and "DBS.200002" in form._banner.value and "r-9" in form._banner.value
    form.close()


def test_a_read_is_sent_at_once(cloud: Cloud) -> None:
    cloud.answer = pd.DataFrame({"name": [f"n{number}" for number in range(30)]})
    form = form_of(ListInstances, cloud)
    assert form._button.description == "Ask"
    form._button.click()
    assert len(cloud.sent) == 1
    shown = form._outcome.children[-1].value
    assert "n19" in shown and "n20" not in shown and "first 20 of 30" in shown
    form.close()


@pytest.mark.parametrize("fails", [False, True])
def test_ten_presses_from_ten_threads_send_once(
    cloud: Cloud, renaming: Form, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form_module, "BURST", 60)
    cloud.error = gn.ServerError(status=500) if fails else None
    renaming._button.click()
    renaming._button.click()
    assert cloud.sent == [], "a double click on Review is no review"
    renaming._shown_at = float("-inf")
    barrier = threading.Barrier(10)

    def press() -> None:
        barrier.wait(10)
        renaming._button.click()

    threads = [threading.Thread(target=press) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cloud.sent) == 1
    renaming._button.click()
    assert len(cloud.sent) == 1, "what comes right behind belongs to the same burst"
    renaming._shown_at = float("-inf")
    renaming._button.click()
    assert len(cloud.sent) == 1 and renaming._card.value, "later, a press is a new review"


def test_ten_presses_on_an_unreviewed_form_send_nothing(
    cloud: Cloud, renaming: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form_module, "BURST", 60)
    barrier = threading.Barrier(10)

    def press() -> None:
        barrier.wait(10)
        renaming._button.click()

    threads = [threading.Thread(target=press) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cloud.sent == [] and renaming._reviewed is not None


def test_a_change_during_the_review_needs_a_new_review(cloud: Cloud) -> None:
    def review(operation: Any) -> dict[str, str]:
        form.fields["name"].value = "orders-99"
        return {"project": "p1"}

    form = Form(UpdateInstanceName, cloud.send, review).fill(instance_id="0f1e", name="orders-01")
    form._button.click()
    assert form._reviewed is None and form._card.value == ""
    form.close()


def test_the_answer_is_shown_even_if_the_work_cannot_be_watched(cloud: Cloud) -> None:
    def watch(frame: Any) -> Any:
        raise gn.GaussnbError("This client is closed.")

    form = Form(RestartInstance, cloud.send, cloud.review, watch).fill(instance_id="0f1e")
    assert form.submit() is cloud.answer and form.failure is None
    assert "0f1e" in form._outcome.children[-1].value and "client is closed" in form._outcome.children[-1].value
    form.close()


def test_the_review_shows_the_request_as_it_goes_out(cloud: Cloud) -> None:
    form = Form(ResizeInstance, cloud.send, cloud.review).fill(instance_id="0f1e", target_spec_code="a.large.4")
    told = form.submit(dry_run=True)
    assert told is not None and '"resize": {' in dict(zip(told["what"], told["value"]))["body"]
    form.close()
    form = Form(ClearInstanceSessions, cloud.send, cloud.review).fill(instance_id="0f1e", node_id="node1")
    told = form.submit(dry_run=True)
    assert told is not None and "/sessions?node_id=node1" in told["value"].iloc[0]
    form.close()


def test_a_view_of_an_answer_has_a_form_of_its_own() -> None:
    with gn.Sandbox(port=None, start="2026-01-01T08:00:00") as sandbox, sandbox.connect() as gdb:
        form = gdb.instances.nodes.form()
        frame = form.submit()
        assert frame is not None and "instance_name" in frame.columns
        form.close()
        form = gdb.instances.get.form(id="0f1e")
        assert form.submit() is None and isinstance(form.failure, gn.NotFound)
        form.close()


def test_without_the_right_to_list_instances_they_can_be_changed() -> None:
    with gn.Sandbox(port=None, start="2026-01-01T08:00:00") as sandbox, sandbox.connect() as gdb:
        made = gdb.instances.create(**BASE)["id"].item()
        sandbox.advance(3600)
        sandbox.inject("ListInstances", status=403, code="DBS.280032", times=1)
        form = gdb.instances.delete.form(instance_id=made)
        form._button.click()
        assert "nothing more is known" in form._card.value and form._needed == made
        form.close()


def test_presses_during_a_running_request_are_ignored(cloud: Cloud, renaming: Form) -> None:
    renaming._button.click()
    cloud.gate.clear()
    thread = threading.Thread(target=renaming._button.click)
    thread.start()
    while not cloud.sent:
        pass
    assert renaming._button.disabled and "Sending" in renaming._banner.value
    for _ in range(3):
        renaming._button.click()
    assert renaming.submit() is None
    cloud.gate.set()
    thread.join()
    assert len(cloud.sent) == 1 and not renaming._button.disabled


def test_a_delete_needs_the_typed_name(cloud: Cloud) -> None:
    form = form_of(DeleteInstance, cloud).fill(instance_id="0f1e")
    form._button.click()
    assert form._button.disabled and form._button.button_style == "danger"
    assert form._confirm.description == "Type orders-01 to go on"
    form._button.click()
    form._confirm.value = "orders-0"
    form._button.click()
    assert cloud.sent == []
    form._confirm.value = "orders-01"
    assert not form._button.disabled
    form._button.click()
    assert len(cloud.sent) == 1
    form.close()


@pytest.mark.parametrize(
    "error",
    [
        gn.InvalidRequest(status=400, error_code="DBS.280248", error_msg="Invalid subnet.", request_id="r-1"),
        gn.AuthenticationError(status=401, error_code="APIGW.0301", error_msg="Incorrect token", request_id="r-1"),
        gn.PermissionDenied(status=403, error_code="DBS.280032", error_msg="No permission", request_id="r-1"),
        gn.QuotaExceeded(status=403, error_code="DBS.280444", error_msg="Quota", request_id="r-1"),
        gn.Busy(status=403, error_code="DBS.200019", error_msg="busy", request_id="r-1"),
        gn.NotFound(status=404, error_code="DBS.200002", error_msg="gone", request_id="r-1"),
        gn.ApiError(status=409, error_code="DBS.1", error_msg="conflict", request_id="r-1"),
        gn.Throttled(status=429, error_code="APIGW.0308", error_msg="slow down", request_id="r-1"),
        gn.ServerError(status=500, error_code="DBS.280005", error_msg="oops", request_id="r-1"),
    ],
    ids=lambda error: f"{error.status} {error.error_code}",
)
def test_a_refusal_is_shown_in_full(cloud: Cloud, renaming: Form, error: gn.ApiError) -> None:
    cloud.error = error
    assert renaming.submit() is None
    for word in (f"HTTP {error.status}", error.error_code, "r-1", 'role="alert"'):
        assert word in renaming._banner.value
    assert not error.hint or error.hint.split(".")[0].split("'")[0] in renaming._banner.value.replace("&#x27;", "'")
    assert renaming.failure is error and renaming.result is None
    assert renaming.fields["name"].value == "orders-01", "nothing typed is lost"
    cloud.error = None
    assert renaming.submit() is not None and renaming.failure is None


@pytest.mark.parametrize("error", [TimeoutError("slow"), ValueError("<script>"), RuntimeError("x")])
def test_an_error_in_a_callback_is_shown(cloud: Cloud, renaming: Form, error: Exception) -> None:
    cloud.error = error
    renaming.submit()
    assert type(error).__name__ in renaming._banner.value and "<script>" not in renaming._banner.value


def test_text_of_the_server_is_escaped(cloud: Cloud, renaming: Form) -> None:
    cloud.answer = pd.DataFrame({"<b>": ["<img src=x onerror=alert(1)>"]})
    renaming.submit()
    one = renaming._outcome.children[0].value
    cloud.answer = pd.concat([cloud.answer] * 2)
    renaming.submit()
    for text in (one, renaming._outcome.children[0].value):
        assert "<img" not in text and "&lt;img" in text and "<b>" not in text


# ------------------------------------------------------------------------------------------- life


def test_answers_and_refusals_leave_no_widgets_behind(cloud: Cloud, renaming: Form) -> None:
    renaming.submit()
    before = live()
    for _ in range(5):
        renaming.submit()
        cloud.error = None if cloud.error else gn.ServerError(status=500)
    renaming._leave_outcome()
    assert live() <= before


def test_the_exported_code_runs_alone(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    code = filled(form).to_code()
    assert code.startswith("import os\n\nimport gaussnb as gn\n\nspec = gn.InstanceSpec(\n")
    assert re.search(r'password=os\.environ\["GAUSSNB_PASSWORD"\]', code)
    restart = Form(RestartInstance).fill(instance_id="0f1e")
    assert restart.to_code() == (
        "from gaussnb.nosql.operations.instances import RestartInstance\n\nspec = RestartInstance(\n"
        "    instance_id='0f1e',\n)"
    )
    restart.close()
