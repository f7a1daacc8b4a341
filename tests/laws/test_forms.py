"""Laws about the form of every operation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from making import ALL, by_name, made
from pydantic import BaseModel
from specs import specs

from gaussnb.core.frames import frame_from
from gaussnb.core.operation import Operation, fields_of
from gaussnb.core.rules import is_secret
from gaussnb.nosql.instance_spec import InstanceSpec
from gaussnb.widgets import Form
from gaussnb.widgets.inputs import SecretControl

FORMED = [operation for operation in ALL if operation.route.signed or operation.route.reads]
every_operation = pytest.mark.parametrize("operation", FORMED, ids=by_name)
some = settings(
    max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
many = settings(some, max_examples=500)


@pytest.fixture(scope="module")
def forms() -> Any:
    """One form of each operation, made when it is first asked for."""
    known: dict[type[Operation], Form] = {}

    def form_of(operation: type[Operation]) -> Form:
        if operation not in known:
            known[operation] = Form(operation)
        return known[operation]

    yield form_of
    for form in known.values():
        form.close()


def same(form: Form, spec: Operation) -> None:
    """Check that the form returns the values it was filled with, with equal values and types."""
    empty = {name: None for name in type(spec).model_fields}
    again = form.fill({**empty, **fields_of(spec)}).spec
    assert again == spec
    assert json.dumps(again.wire()) == json.dumps(spec.wire())


def test_every_operation_but_a_login_has_a_form() -> None:
    (login,) = set(ALL) - set(FORMED)
    with pytest.raises(TypeError, match="is a login and has no form"):
        Form(login)


@every_operation
def test_a_form_shows_every_field_in_declared_order(forms: Any, operation: type[Operation]) -> None:
    form = forms(operation)
    assert list(form.controls) == list(operation.model_fields)
    for path, control in form.walk():
        assert control.title and control.title == control.title.strip(), path
        assert isinstance(control, SecretControl) == is_secret(control.info.annotation)
    assert "0x" not in repr(form) and "0x" not in form._repr_html_()
    lead = form._title()
    assert ("For: " in lead) is bool(operation.route.only)
    assert all(name in lead for name in operation.route.only)


def test_the_create_form_returns_five_hundred_specs_unchanged(forms: Any) -> None:
    @many
    @given(specs())
    def check(spec: InstanceSpec) -> None:
        same(forms(InstanceSpec), spec)

    check()


@every_operation
def test_a_form_returns_the_spec_it_was_filled_with_and_code_that_builds_it(
    forms: Any, operation: type[Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    @settings(some, max_examples=15)
    @given(made(operation))
    def check(spec: Any) -> None:
        form = forms(operation)
        same(form, spec)
        for way, secret in secrets_in((), spec):
            monkeypatch.setenv("_".join(("GAUSSNB", *way)).upper(), secret)
            if len(secret) >= 8:  # a shorter text may be in the source for another reason
                for text in (form.to_code(), form.to_json()):
                    assert text.count(secret) <= public(spec).count(secret)
        found: dict[str, Any] = {}
        exec(form.to_code(), found)
        assert found["spec"] == spec
        json.loads(form.to_json())

    check()


@every_operation
def test_a_form_reviews_and_sends_the_spec_it_was_filled_with(
    operation: type[Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gaussnb.widgets.form.BURST", 0)
    sent: list[Operation] = []
    answer = frame_from(operation.route.returns, [{}])

    def send(spec: Operation) -> Any:
        sent.append(spec)
        return answer

    form = Form(operation, send, lambda spec: {"endpoint": "https://cloud", "project": "p1"})

    @settings(some, max_examples=2)
    @given(made(operation))
    def check(spec: Any) -> None:
        sent.clear()
        same(form, spec)
        form._button.click()
        if not operation.route.reads:
            assert sent == [] and "Review before sending" in form._card.value
            assert operation.route.method in form._card.value
            form._confirm.value = form._needed
            form._button.click()
        assert sent == [spec] and form.result is answer, form._banner.value

    check()
    form.close()


def public(value: Any) -> str:
    """The parts of a value that are no secrets, as text."""
    if isinstance(value, BaseModel):
        value = fields_of(value)
    if isinstance(value, dict):
        return " ".join(f"{name} {public(item)}" for name, item in value.items())
    return " ".join(map(public, value)) if isinstance(value, list) else f"{value!r} {value!s}"


def secrets_in(way: tuple[str, ...], value: Any) -> Any:
    """Every secret in a value, with its path."""
    if hasattr(value, "get_secret_value"):
        yield way, value.get_secret_value()
    elif isinstance(value, (dict, BaseModel)):
        for name, item in (fields_of(value) if isinstance(value, BaseModel) else value).items():
            yield from secrets_in((*way, str(name)), item)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from secrets_in((*way, str(number)), item)


@every_operation
def test_typed_text_is_never_lost(forms: Any, operation: type[Operation]) -> None:
    """Text that is typed into a box stays there, valid or not."""
    form = forms(operation)
    form.fill({name: None for name in operation.model_fields})
    for path, control in form.walk():
        if type(control.input).__name__ == "Text":
            control.input.value = "999999999999999999999x"
            assert control.input.value == "999999999999999999999x", path
