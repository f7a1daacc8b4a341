"""Fixtures: forms that are closed after the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from looking import Cloud

import gaussnb as gn
from gaussnb.widgets import CreateForm, Form
from gaussnb.widgets import form as form_module


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture(autouse=True)
def _no_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow fast presses, because tests press faster than people. Another test checks a burst of presses."""
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
