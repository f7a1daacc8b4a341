"""Opening, filling, sending and closing forms leaves no widgets, comms, threads or sockets behind."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import comm
import psutil
import pytest
from looking import live

import gaussnb as gn
from gaussnb.nosql.operations.instances import ListInstances
from gaussnb.quickstart import password
from gaussnb.widgets import Form, life


def open_sockets() -> int:
    return len(psutil.Process().net_connections())


def standing() -> dict[str, int]:
    """The present widgets, comms, threads and sockets."""
    gc.collect()
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("gaussnb")]
    return {
        "widgets": live(),
        "comms": len(comm.get_comm_manager().comms),
        "threads": len(threads),
        "sockets": open_sockets(),
    }


def settled() -> dict[str, int]:
    """Count what stands, after the poller and the server had time to end."""
    until = time.monotonic() + 10
    while (now := standing()) != BASE and time.monotonic() < until:
        time.sleep(0.02)
    return now


BASE: dict[str, int] = {}


def test_fifty_forms_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    with gn.Sandbox(port=0, start="2026-01-01T08:00:00") as sandbox:
        BASE.update(standing())
        with sandbox.connect() as gdb:
            for _ in range(50):
                form = gdb.instances.create.form(name="orders-01", password=password())
                form._repr_mimebundle_()
                assert form.submit() is not None
                assert form.panel is not None and form.result is not None
                sandbox.advance(3600)
                form.panel.stop()
                form.close()
                gdb.instances.delete(form.result["id"].item())
                sandbox.advance(3600)
            assert live() == BASE["widgets"]
            assert open_sockets() - BASE["sockets"] <= 2 * 2, "one connection for the cells, one for the poller"
        assert settled() == BASE


class Shell:
    """Replaces a kernel that runs cells."""

    def __init__(self) -> None:
        self.cell, self.run = "", 0
        self.kernel = SimpleNamespace(get_parent=self.parent)

    def parent(self, channel: str) -> dict[str, Any]:
        return {"metadata": {"cellId": self.cell}, "header": {"msg_id": f"run-{self.run}"}}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a cell that shows something."""
    shell = Shell()
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    monkeypatch.setattr(life, "_shown", {})

    def show(cell: str, *views: Any) -> None:
        shell.cell, shell.run = cell, shell.run + 1
        for view in views:
            view._repr_mimebundle_()

    return show


def closed(form: Form) -> bool:
    return form.widget.comm is None


def test_a_cell_that_is_run_again_releases_its_forms(run: Callable[..., None]) -> None:
    before = live()
    forms = [Form(ListInstances) for _ in range(50)]
    one = (live() - before) // 50
    for form in forms:
        run("a", form)
    assert [closed(form) for form in forms] == [True] * 49 + [False]
    assert live() == before + one
    run("a")
    forms[-1].close()
    assert live() == before


def test_a_released_form_is_made_again_with_its_values(run: Callable[..., None]) -> None:
    form = gn.InstanceSpec.form().fill(name="orders-01", password="Aa1!" * 3)
    run("a", form)
    run("a")
    other = Form(ListInstances)
    run("a", other)
    assert form._controls is None
    run("b", form)
    assert form.values["name"] == "orders-01" and form.values["password"].get_secret_value() == "Aa1!" * 3
    assert not closed(form)
    for one in (form, other):
        one.close()


def test_a_form_that_another_cell_shows_is_not_released(run: Callable[..., None]) -> None:
    first, second = Form(ListInstances), Form(ListInstances)
    run("a", first)
    run("b", first)
    run("a", second)
    assert not closed(first), "cell b shows it"
    run("b", second)
    assert closed(first) and not closed(second)
    second.close()


def test_a_form_that_is_shown_again_is_not_released(run: Callable[..., None]) -> None:
    first, second = Form(ListInstances), Form(ListInstances)
    run("a", first, second)
    run("a", first)
    assert not closed(first) and closed(second)
    first.close()


def test_without_a_notebook_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "_shown", {})
    form = Form(ListInstances)
    form._repr_mimebundle_()
    assert life._shown == {} and not closed(form)
    form.close()
