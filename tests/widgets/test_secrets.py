"""A password that is typed into a form appears only in the request."""

from __future__ import annotations

import io
import json
import logging
import pickle
import sys
import traceback
from typing import Any

import ipywidgets
import nbformat
import pytest
from looking import state
from nbformat.v4 import new_code_cell, new_notebook

import gaussnb as gn
from gaussnb.core.operation import Operation
from gaussnb.nosql.operations.instances import RestartInstance
from gaussnb.widgets import CreateForm, Form

CANARY = "Aa1!" + "canary" * 3


@pytest.fixture
def log() -> Any:
    """The log at its most detailed level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def typed(form: Form) -> Form:
    """Fill in a name and a password like a user."""
    form.fields["name"].value = "orders-01"
    form.fields["password"].value = CANARY
    return form


def everything(form: Form) -> dict[str, str]:
    """All views and exports of a form."""
    return {
        "widget state": state(),
        "repr": repr(form),
        "str": str(form),
        "html": form._repr_html_(),
        "bundle": str(form._repr_mimebundle_()),
        "code": form.to_code(),
        "json": form.to_json(),
        "values": repr(form.values),
        "spec": repr(form.spec) + str(form.spec),
        "errors": form.errors.to_csv(),
        "review": form._card.value,
        "banner": form._banner.value,
        "result": "" if form.result is None else form.result.to_csv() + str(form.result.attrs),
        "outcome": "".join(getattr(child, "value", "") for child in form._outcome.children),
    }


def test_the_password_is_hidden_through_a_whole_creation(
    create: tuple[gn.Sandbox, CreateForm], log: io.StringIO
) -> None:
    sandbox, form = create
    typed(form)
    stages = [everything(form)]
    form._button.click()
    stages.append(everything(form))
    form._button.click()
    assert form.result is not None
    stages.append(everything(form))
    with sandbox.connect() as gdb:
        outside = {"ledger": gdb.made().to_csv(), "requests": sandbox.requests.to_csv(), "log": log.getvalue()}
    for surfaces in (*stages, outside):
        for name, text in surfaces.items():
            assert CANARY not in text, name
    form.close()
    assert CANARY not in state()


def test_the_password_is_hidden_through_every_refusal(create: tuple[gn.Sandbox, CreateForm]) -> None:
    sandbox, form = create
    typed(form)
    for fault in ({"status": 500}, {"code": "DBS.280465"}, {"status": 403, "code": "DBS.280032"}):
        sandbox.inject("CreateInstance", **fault)  # type: ignore[arg-type]
        assert form.submit() is None
        error = form.failure
        assert error is not None
        told = "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))
        for name, text in {**everything(form), "traceback": told}.items():
            assert CANARY not in text, name


def test_the_password_is_not_in_an_error_of_the_spec(form: Form) -> None:
    form.fields["password"].value = f"{CANARY} with a blank"
    with pytest.raises(ValueError) as refused:
        _ = form.spec
    error: Any = refused.value
    told = "".join(traceback.format_exception(error))
    for text in (str(error), repr(error), str(error.errors()), error.json(), told):
        assert "canary" not in text
    assert "canary" not in str(form.errors.to_dict()) + state() + form._repr_html_()


def test_the_password_is_not_in_a_verbose_traceback(form: Form) -> None:
    from IPython.core.ultratb import VerboseTB

    form.fields["password"].value = CANARY
    try:
        form.fill(nam=1)
    except TypeError:
        kind, error, trace = sys.exc_info()
        assert kind is not None and error is not None
        assert CANARY not in VerboseTB().text(kind, error, trace)


def test_the_password_is_not_in_pickles(form: Form) -> None:
    form.fields["password"].value = CANARY
    with pytest.raises(Exception) as refused:
        pickle.dumps(form)
    assert CANARY not in str(refused.value)


def test_the_password_is_not_in_messages_to_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The messages of the kernel do not repeat the password that the page sent."""
    sent: list[str] = []
    form = gn.InstanceSpec.form()
    box = form.fields["password"]
    monkeypatch.setattr(ipywidgets.Widget, "_send", lambda self, msg, buffers=None: sent.append(json.dumps(msg)))
    monkeypatch.setattr(type(box), "comm", property(lambda self: object()), raising=False)
    box.set_state({"value": CANARY})  # as the page does
    assert form.values["password"].get_secret_value() == CANARY
    assert sent and CANARY not in "".join(sent)
    monkeypatch.undo()
    form.close()


CELLS = """
import gaussnb as gn
gdb = gn.connect("sandbox")
form = gdb.instances.create.form()
form
---
form.fields["name"].value = "orders-01"
form.fields["password"].value = "Aa1!" + "canary" * 3
form._button.click()
form.submit()
form.result["status"].item()
---
form.close()
"""


@pytest.mark.parametrize("closed", [False, True])
def test_the_password_is_not_in_a_notebook_saved_with_widget_state(closed: bool) -> None:
    from nbclient import NotebookClient

    cells = [cell.strip() for cell in CELLS.split("---")][: None if closed else 2]
    book = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(book, timeout=120, kernel_name="python3", store_widget_state=True).execute()
    saved = nbformat.writes(book)
    assert "creating" in saved and CANARY not in saved
    assert closed or "PasswordModel" in saved, "the state was saved, and holds the box"


def test_values_that_are_no_secrets_are_not_masked() -> None:
    form = Form(RestartInstance).fill(instance_id="0f1e")
    assert "0f1e" in form.to_code() and isinstance(form.spec, Operation)
    form.close()
