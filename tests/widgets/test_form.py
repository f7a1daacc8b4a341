"""The generic form: any operation, filled, judged, exported and sent."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import ipywidgets
import pandas as pd
import pytest
from pydantic import SecretStr, ValidationError

import gaussnb as gn
from gaussnb.operations.instances import DeleteInstance, ListInstances, RestartInstance, UpdateInstanceName
from gaussnb.operations.tags import BatchTagAction
from gaussnb.quickstart import body, password
from gaussnb.spec import OPERATIONS, Operation
from gaussnb.widgets import CreateForm, Form, form_of


def state() -> str:
    return str(ipywidgets.Widget.get_manager_state())


@pytest.fixture
def form() -> Iterator[Form]:
    made = gn.InstanceSpec.form()
    yield made
    made.close()


def filled(form: Form) -> Form:
    return form.fill(**body("cn-north-4"), password=password())


def alerts(form: Form) -> dict[str, str]:
    return {".".join(map(str, path)): control.message for path, control in form._walk() if control.message}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_operation_has_a_form_with_every_field(operation: type[Operation]) -> None:
    form = Form(operation)
    try:
        assert set(operation.model_fields) <= set(form.fields)
        assert list(form.controls) == list(operation.model_fields)
        assert "0x" not in repr(form)
    finally:
        form.close()


def test_spec_to_form_to_spec(form: Form) -> None:
    spec = filled(form).spec
    assert spec.wire() == {**body("cn-north-4"), "password": spec.password.get_secret_value()}
    again = gn.InstanceSpec.form(spec)
    assert again.spec == spec
    again.close()


def test_numbers_and_texts_stay_what_they_were(form: Form) -> None:
    filled(form).fill(backup_strategy={"start_time": "08:00-09:00", "keep_days": 8}, ssl_option=1)
    assert form.spec.wire()["backup_strategy"]["keep_days"] == 8
    assert form.spec.wire()["ssl_option"] == 1
    form.fill(backup_strategy={"start_time": "08:00-09:00", "keep_days": "8"}, ssl_option="1")
    assert form.spec.wire()["backup_strategy"]["keep_days"] == "8"
    assert form.spec.wire()["ssl_option"] == "1"


def test_a_wrong_number_stays_on_the_screen_beside_its_error(form: Form) -> None:
    filled(form).fields["flavor.0.num"].value = "999"
    assert form.fields["flavor.0.num"].value == "999"
    assert list(alerts(form)) == ["flavor.0.num"]
    assert form.errors["field"].tolist() == ["flavor.0.num"]
    form.fields["flavor.0.num"].value = "5"
    assert alerts(form) == {}
    assert form.spec.flavor[0].num == 5


def test_only_where_a_person_has_been(form: Form) -> None:
    form.fields["name"].value = "1x"
    assert list(alerts(form)) == ["name"]
    form.submit()
    assert {"name", "password", "vpc_id"} <= set(alerts(form))
    assert 'role="alert"' in form._banner.value


def test_errors_are_a_frame(form: Form) -> None:
    assert list(form.errors.columns) == ["field", "message"]
    assert filled(form).errors.empty
    assert form.errors.dtypes.astype(str).tolist() == ["string", "string"]


def test_a_secret_is_held_and_shown_nowhere() -> None:
    canary = f"Aa1!{'canary' * 3}"
    form = filled(gn.InstanceSpec.form())
    box = form.fields["password"]
    box.value = canary
    assert box.value == ""
    assert form.spec.password == SecretStr(canary)
    form.submit()
    for surface in (state(), repr(form), form.to_json(), form.to_code(), str(form.values), form._review_text.value):
        assert canary not in surface
    form.close()
    assert canary not in state()


def test_exported_code_runs_and_is_equal(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = filled(form).spec
    monkeypatch.setenv("GAUSSNB_PASSWORD", spec.password.get_secret_value())
    found: dict[str, object] = {}
    exec(form.to_code(), found)
    assert found["spec"] == spec
    restart = Form(RestartInstance).fill(instance_id="0f1e")
    exec(restart.to_code(), found)
    assert found["spec"] == RestartInstance("0f1e")
    restart.close()


def test_unknown_fields_are_named(form: Form) -> None:
    with pytest.raises(TypeError, match="no field 'nam'"):
        form.fill(nam="x")


def test_rows_are_added_and_removed() -> None:
    form = Form(BatchTagAction).fill(instance_id="0f1e", action="create", tags=[{"key": "a", "value": ""}])
    rows = form.controls["tags"]
    assert form.spec.tags[0].value == ""
    rows._add.click()
    form.fields["tags.1.key"].value = "b"
    form.fields["tags.1.value"].value = "2"
    assert [tag.key for tag in form.spec.tags] == ["a", "b"]
    rows._list.children[0].children[-1].click()
    assert [tag.key for tag in form.spec.tags] == ["b"]
    form.close()


def test_the_spec_raises_what_pydantic_raises(form: Form) -> None:
    with pytest.raises(ValidationError):
        _ = form.spec


# ------------------------------------------------------------------------------------------- sending


class Cloud:
    """Stands for a client: counts what it is asked to send."""

    def __init__(self) -> None:
        self.sent: list[Operation] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None

    def send(self, operation: Operation) -> pd.DataFrame:
        self.sent.append(operation)
        self.gate.wait(5)
        if self.error:
            raise self.error
        return pd.DataFrame({"id": ["0f1e"]})

    def review(self, operation: Operation) -> dict[str, str]:
        return {"endpoint": "http://127.0.0.1", "name": "orders-01"}


def rename(cloud: Cloud) -> Form:
    return form_of(UpdateInstanceName, cloud).fill(instance_id="0f1e", name="orders-01")


def test_a_change_is_reviewed_before_it_is_sent() -> None:
    cloud = Cloud()
    form = rename(cloud)
    form._button.click()
    assert cloud.sent == []
    assert "orders-01" in form._review_text.value and "127.0.0.1" in form._review_text.value
    form._button.click()
    assert cloud.sent == [UpdateInstanceName("0f1e", "orders-01")]
    assert form.result is not None and form._review_text.value == ""
    form.close()


def test_what_was_reviewed_is_what_is_sent() -> None:
    cloud = Cloud()
    form = rename(cloud)
    form._button.click()
    form.fields["name"].value = "other-01"
    form._button.click()
    assert cloud.sent == [], "a change after the review asks for a new review"
    form._button.click()
    assert [spec.name for spec in cloud.sent] == ["other-01"]  # type: ignore[attr-defined]
    form.close()


def test_a_read_is_sent_at_once() -> None:
    cloud = Cloud()
    form = form_of(ListInstances, cloud)
    form._button.click()
    assert len(cloud.sent) == 1
    form.close()


def test_ten_presses_from_ten_threads_send_once() -> None:
    cloud = Cloud()
    form = rename(cloud)
    form._button.click()
    cloud.gate.clear()
    threads = [threading.Thread(target=form._button.click) for _ in range(10)]
    for thread in threads:
        thread.start()
    cloud.gate.set()
    for thread in threads:
        thread.join()
    assert len(cloud.sent) == 1
    form.close()


def test_deleting_asks_for_the_name() -> None:
    cloud = Cloud()
    form = form_of(DeleteInstance, cloud).fill(instance_id="0f1e")
    form._button.click()
    assert form._button.disabled
    form._button.click()
    assert cloud.sent == []
    form._confirm.value = "orders-01"
    assert not form._button.disabled
    form._button.click()
    assert len(cloud.sent) == 1
    form.close()


def test_a_refusal_is_shown_in_the_form() -> None:
    cloud = Cloud()
    cloud.error = gn.Busy(status=403, error_code="DBS.200019", error_msg="busy", request_id="r-1")
    form = rename(cloud)
    assert form.submit() is None
    for word in ("HTTP 403", "DBS.200019", "r-1", 'role="alert"'):
        assert word in form._banner.value
    assert form.failure is cloud.error
    form.close()


def test_server_text_is_escaped() -> None:
    cloud = Cloud()
    cloud.error = gn.ApiError(status=400, error_msg="<img src=x onerror=alert(1)>")
    form = rename(cloud)
    form.submit()
    assert "<img" not in form._banner.value
    form.close()


def test_nothing_is_left_behind() -> None:
    before = len(ipywidgets.Widget.get_manager_state()["state"])
    for _ in range(3):
        form = filled(gn.InstanceSpec.form())
        form.submit()
        form.close()
    assert len(ipywidgets.Widget.get_manager_state()["state"]) == before


# ---------------------------------------------------------------------------------- the create form


@pytest.fixture
def create() -> Iterator[tuple[gn.Sandbox, CreateForm]]:
    with gn.Sandbox(port=None, start="2026-01-01T08:00:00") as sandbox, sandbox.connect() as gdb:
        form = gdb.instances.create.form()
        assert isinstance(form, CreateForm)
        yield sandbox, form
        form.close()


def test_its_defaults_lack_only_name_and_password(create: tuple[gn.Sandbox, CreateForm]) -> None:
    _, form = create
    assert form.errors["field"].tolist() == ["name", "password"]


def test_it_creates(create: tuple[gn.Sandbox, CreateForm]) -> None:
    sandbox, form = create
    form.fill(name="orders-01", password=password())
    frame = form.submit()
    assert frame is not None and frame["status"].item() == "creating"
    asked = sandbox.requests
    assert len(asked[asked["operation"] == "CreateInstance"]) == 1


def test_a_choice_that_is_not_offered_is_named_and_kept(create: tuple[gn.Sandbox, CreateForm]) -> None:
    _, form = create
    form.fields["datastore.type"].value = "redis"
    assert form.fields["datastore.version"].value == "3.11"
    assert "not offered" in alerts(form)["datastore.version"]
    assert form.fields["mode"].value == "Cluster", "what is still offered stays"
    form.fields["datastore.type"].value = "cassandra"
    assert alerts(form) == {}


def test_each_question_is_asked_once(create: tuple[gn.Sandbox, CreateForm]) -> None:
    sandbox, form = create
    for engine in ("redis", "cassandra", "redis", "mongodb", "cassandra"):
        form.fields["datastore.type"].value = engine
    asked = sandbox.requests
    reads = asked[asked["method"] == "GET"]["path"]
    assert not reads.duplicated().any()


def test_limits_stand_beside_the_fields(create: tuple[gn.Sandbox, CreateForm]) -> None:
    _, form = create
    help_ = next(c for path, c in form._walk() if path == ("flavor", 0, "num"))._help_box.value
    assert re.search(r"3 to 200.*safe: 3 to 12", help_)


def test_a_failure_to_load_is_shown(create: tuple[gn.Sandbox, CreateForm]) -> None:
    sandbox, form = create
    sandbox.inject("ListFlavorInfos", status=403, code="DBS.280032", times=None)
    form.fields["datastore.type"].value = "mongodb"
    form.fields["mode"].value = "ReplicaSet"
    help_ = next(c for path, c in form._walk() if path == ("flavor", 0, "spec_code"))._help_box.value
    assert "could not be loaded" in help_
