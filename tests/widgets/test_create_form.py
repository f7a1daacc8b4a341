"""The form of a new instance, on a sandbox."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from looking import alerts

import gaussnb as gn
from gaussnb.nosql import engines
from gaussnb.quickstart import password
from gaussnb.widgets import CreateForm
from gaussnb.widgets.control import NOTHING, Control
from gaussnb.widgets.create import OTHER

Pair = tuple[gn.Sandbox, CreateForm]


def control(form: CreateForm, dotted: str) -> Control:
    return next(one for path, one in form.walk() if ".".join(map(str, path)) == dotted)


def hidden(form: CreateForm, dotted: str) -> bool:
    return "gnb-hidden" in control(form, dotted).widget._dom_classes


def reads(sandbox: gn.Sandbox) -> list[str]:
    asked = sandbox.requests
    return asked[asked["method"] == "GET"]["path"].tolist()


def test_the_defaults_lack_only_name_and_password(create: Pair) -> None:
    _, form = create
    assert form.errors["field"].tolist() == ["name", "password"]
    assert alerts(form) == {}, "nobody has done anything wrong yet"


def test_the_form_creates_an_instance_and_follows_it(create: Pair) -> None:
    sandbox, form = create
    form.fill(name="orders-01", password=password())
    frame = form.submit()
    assert frame is not None and frame["status"].item() == "creating"
    asked = sandbox.requests
    assert len(asked[asked["operation"] == "CreateInstance"]) == 1
    assert "Accepted" in form._banner.value
    assert form.panel is not None and len(form._outcome.children) == 2


@pytest.mark.parametrize("mode", engines.modes(), ids=lambda mode: f"{mode.engine} {mode.name}")
def test_use_what_fits_replaces_every_wrong_choice(create: Pair, mode: engines.Mode) -> None:
    sandbox, form = create
    form.fill(name="orders-01", password=password())
    form.fields["datastore.type"].value = mode.engine
    form.fields["mode"].value = mode.name
    form._fit.click()
    assert form.errors.empty, form.errors.to_dict("records")
    assert (form.spec.datastore.type, form.spec.mode) == (mode.engine, mode.name)
    assert form.submit() is not None, form._banner.value
    assert len(sandbox.requests.query("operation == 'CreateInstance' and status == 202")) == 1


def test_a_choice_that_is_not_offered_is_marked_and_kept(create: Pair) -> None:
    _, form = create
    form.fields["datastore.type"].value = "redis"
    assert form.fields["datastore.version"].value == "3.11"
    assert "not offered" in alerts(form)["datastore.version"]
    assert form.fields["mode"].value == "Cluster", "what is still offered stays"
    assert "gnb-hidden" not in form._fit._dom_classes
    form.fields["datastore.type"].value = "cassandra"
    assert alerts(form) == {} and "gnb-hidden" in form._fit._dom_classes


def test_a_change_affects_only_dependent_fields(create: Pair) -> None:
    _, form = create
    events: list[tuple[str, object, object]] = []

    def noting(name: str) -> Callable[[dict[str, object]], None]:
        return lambda change: events.append((name, change["old"], change["new"]))

    for name in ("mode", "availability_zone", "vpc_id", "subnet_id", "security_group_id"):
        form.fields[name].observe(noting(name), "value")
    form.fields["flavor.0.spec_code"].value = control(form, "flavor.0.spec_code").offered[-1]
    final = {name: (old, new) for name, old, new in events}
    assert set(final) <= {"availability_zone"}


def test_subnets_follow_the_vpc(create: Pair) -> None:
    _, form = create
    vpcs = control(form, "vpc_id").offered
    assert len(vpcs) > 1
    first, subnet = form.fields["vpc_id"].value, form.fields["subnet_id"].value
    other = next(vpc for vpc in vpcs if vpc != first)
    form.fields["vpc_id"].value = other
    assert form.fields["subnet_id"].value == subnet and "not offered" in alerts(form)["subnet_id"]
    assert subnet not in control(form, "subnet_id").offered
    form.fields["vpc_id"].value = first
    assert "subnet_id" not in alerts(form)


def test_each_list_is_loaded_once(create: Pair) -> None:
    sandbox, form = create
    for engine in ("redis", "cassandra", "redis", "mongodb", "cassandra"):
        form.fields["datastore.type"].value = engine
    for vpc in (*control(form, "vpc_id").offered, *control(form, "vpc_id").offered):
        form.fields["vpc_id"].value = vpc
    asked = reads(sandbox)
    assert len(asked) == len(set(asked))
    form.fields["flavor.0.num"].value = "4"
    form.fields["name"].value = "orders-01"
    assert reads(sandbox) == asked, "what does not change the choices asks for nothing"


def test_one_change_loads_one_list(create: Pair) -> None:
    sandbox, form = create
    before = len(reads(sandbox))
    form.fields["datastore.type"].value = "mongodb"
    form.fields["mode"].value = "ReplicaSet"
    assert len(reads(sandbox)) == before + 1
    other = next(vpc for vpc in control(form, "vpc_id").offered if vpc != form.fields["vpc_id"].value)
    form.fields["vpc_id"].value = other
    assert len(reads(sandbox)) == before + 2


def test_limits_stand_beside_the_fields(create: Pair) -> None:
    _, form = create
    assert "3 to 200 nodes; recommended: 3 to 12." in control(form, "flavor.0.num").note.value
    assert "GB; recommended: 100 to 24000 in steps of 10." in control(form, "flavor.0.size").note.value
    form.fields["datastore.type"].value = "mongodb"
    form.fields["mode"].value = "ReplicaSet"
    assert "Exactly 3 nodes." in control(form, "flavor.0.num").note.value
    form.fill(backup_strategy={"start_time": "01:00-02:00"})
    assert "01:00-02:00" in control(form, "backup_strategy.start_time").note.value
    assert "0 to 35" in control(form, "backup_strategy.keep_days").note.value


def test_a_list_that_fails_to_load_is_shown_and_can_be_loaded_again(create: Pair) -> None:
    sandbox, form = create
    sandbox.inject("ListFlavorInfos", status=403, code="DBS.280032", times=1)
    form.fields["datastore.type"].value = "mongodb"
    form.fields["mode"].value = "ReplicaSet"
    note = control(form, "flavor.0.spec_code").note
    assert "could not be loaded" in note.value and "DBS.280032" in note.value
    form._reload.click()
    assert "could not be loaded" not in note.value
    assert control(form, "flavor.0.spec_code").offered


def test_a_value_can_be_typed_if_its_list_cannot_be_loaded() -> None:
    with gn.Sandbox(port=None, start="2026-01-01T08:00:00") as sandbox, sandbox.connect() as gdb:
        for operation in ("ListVpcs", "ListSubnets", "ListSecurityGroups"):
            sandbox.inject(operation, status=403, code="DBS.280032", times=None)
        form = gdb.instances.create.form(name="orders-01", password=password())
        assert form.fields["vpc_id"].value is OTHER and control(form, "vpc_id").value is NOTHING
        typed = {
            "vpc_id": "674e9b42-cd8d-4d25-a2e6-5abcc565b961",
            "subnet_id": "f1df08c5-71d1-406a-aff0-de435a51007b",
            "security_group_id": "7aa51dbf-5b63-40db-9724-dad3c4828b58",
        }
        for name, value in typed.items():
            box = control(form, name)
            form.fields[name].value = OTHER
            assert "gnb-hidden" not in box._other._dom_classes  # type: ignore[attr-defined]
            box._other.value = value  # type: ignore[attr-defined]
        assert form.errors.empty, form.errors.to_dict("records")
        assert form.submit() is not None
        form.close()


def test_a_refused_list_is_loaded_again_only_by_the_button(create: Pair) -> None:
    sandbox, form = create
    sandbox.inject("ListFlavorInfos", status=403, code="DBS.280032", times=None)
    form.fields["datastore.type"].value = "mongodb"
    form.fields["mode"].value = "ReplicaSet"
    asked = len(reads(sandbox))
    form.fields["flavor.0.num"].value = "5"
    form.fields["flavor.0.num"].value = "3"
    assert len(reads(sandbox)) == asked
    form._reload.click()
    assert len(reads(sandbox)) > asked


def test_a_subnet_that_cannot_be_checked_is_doubtful(create: Pair) -> None:
    sandbox, form = create
    form.fill(name="orders-01", password=password())
    sandbox.inject("ListSubnets", status=403, code="DBS.280032", times=None)
    first = form.fields["vpc_id"].value
    form.fields["vpc_id"].value = next(vpc for vpc in control(form, "vpc_id").offered if vpc != first)
    assert "not offered" in alerts(form)["subnet_id"]
    form._button.click()
    assert "Doubtful" in form._card.value and "Subnet" in form._card.value
    form.fields["vpc_id"].value = first
    assert "subnet_id" not in alerts(form) and "could not be loaded" not in control(form, "subnet_id").note.value


def test_loading_is_shown_while_it_lasts(create: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    _, form = create
    seen: list[str] = []
    real = form._cloud.flavors.list

    class Slow:
        def list(self, **asked: object) -> object:
            seen.append(control(form, "flavor.0.spec_code").note.value)
            return real(**asked)

    monkeypatch.setattr(form._cloud, "flavors", Slow())
    form._load_again()
    assert seen and "Loading" in seen[0]
    assert "Loading" not in control(form, "flavor.0.spec_code").note.value


def test_the_product_type_is_shown_only_for_modes_that_have_one(create: Pair) -> None:
    _, form = create
    assert hidden(form, "product_type")
    form.fields["datastore.type"].value = "redis"
    form.fields["mode"].value = "CloudNativeCluster"
    assert not hidden(form, "product_type")
    form._fit.click()
    assert control(form, "product_type").value == "Capacity"
    form.fields["product_type"].value = NOTHING
    assert "needs Capacity" in alerts(form)["product_type"]


def test_more_settings_are_folded_until_opened_or_wrong(create: Pair) -> None:
    _, form = create
    assert "gnb-hidden" in form._rest._dom_classes
    form._fold.click()
    assert "gnb-hidden" not in form._rest._dom_classes and form._fold.description == "Fewer settings"
    form._fold.click()
    assert "gnb-hidden" in form._rest._dom_classes
    form.fill(port=99)
    assert "gnb-hidden" not in form._rest._dom_classes


@settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(st.tuples(st.sampled_from(["datastore.type", "mode", "product_type"]), st.integers(0, 7))))
def test_a_form_can_be_corrected_after_any_order_of_choices(create: Pair, changes: list[tuple[str, int]]) -> None:
    _, form = create
    form.fill(name="orders-01", password=password())
    for name, number in changes:
        options = [value for _, value in form.fields[name].options]
        form.fields[name].value = options[number % len(options)]
    form._fit_all()
    assert form.errors.empty, form.errors.to_dict("records")
