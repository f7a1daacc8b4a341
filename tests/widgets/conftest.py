"""A cloud that counts, and a look at what the widgets would tell a page."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import ipywidgets
import pandas as pd
import pytest

import gaussnb as gn
from gaussnb.quickstart import body, password
from gaussnb.spec import Operation
from gaussnb.widgets import CreateForm, Form
from gaussnb.widgets import form as form_module


def state() -> str:
    """All that widgets hold, as a notebook would save it."""
    return str(ipywidgets.Widget.get_manager_state())


def live() -> int:
    """How many widgets there are."""
    return len(ipywidgets.Widget.get_manager_state()["state"])


def filled(form: Form) -> Form:
    """The Quick Start in a form."""
    return form.fill(**body("cn-north-4"), password=password())


def alerts(form: Form) -> dict[str, str]:
    """What the form says is wrong, by dotted path."""
    return {".".join(map(str, path)): control.message for path, control in form.walk() if control.message}


class Cloud:
    """Stands for a client: counts what it is asked to send."""

    def __init__(self) -> None:
        self.sent: list[Operation] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.answer = pd.DataFrame({"id": ["0f1e"]})

    def send(self, operation: Operation) -> pd.DataFrame:
        self.sent.append(operation)
        self.gate.wait(5)
        if self.error:
            raise self.error
        return self.answer

    def review(self, operation: Operation) -> dict[str, str]:
        return {"endpoint": "http://127.0.0.1", "project": "p1", "name": "orders-01"}

    def watch(self, frame: pd.DataFrame) -> None:
        raise ValueError("nothing to follow")


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture(autouse=True)
def _no_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests press faster than people; what a burst of presses does has a test of its own."""
    monkeypatch.setattr(form_module, "BURST", 0)


@pytest.fixture
def form() -> Iterator[Form]:
    """The form of a spec, which sends nothing."""
    made = gn.InstanceSpec.form()
    yield made
    made.close()


@pytest.fixture
def create() -> Iterator[tuple[gn.Sandbox, CreateForm]]:
    """The form of a new instance on a fresh sandbox."""
    with gn.Sandbox(port=None, start="2026-01-01T08:00:00") as sandbox, sandbox.connect() as gdb:
        form = gdb.instances.create.form()
        assert isinstance(form, CreateForm)
        yield sandbox, form
        form.close()
