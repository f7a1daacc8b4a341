"""The live panel in a browser: beside a busy kernel, paused, ended, and in a notebook whose kernel is dead."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from lab import LOADED, Notebook

CONNECT = """import gaussnb as gn
from gaussnb.quickstart import body, password
sandbox = gn.Sandbox(speed={speed}).start()
gdb = sandbox.connect()
spec = gn.InstanceSpec(**body(gdb.region), password=password())"""
CREATE = "created = gdb.instances.create(spec)\npanel = gdb.watch(created)\npanel"
NEWEST = "ipykernel, the installed one"


def opened(open_cells: Callable[..., Notebook], speed: float, *more: str, kernel: str = "python3") -> Any:
    """A notebook that shows a panel; the panel's output."""
    notebook = open_cells(CONNECT.format(speed=speed), CREATE, *more, kernel=kernel)
    notebook.run(0)
    panel = notebook.run(1)
    panel.get_by_role("status").filter(has_text="test-cassandra-01").wait_for()
    return notebook, panel


@pytest.mark.parametrize("kernel", [NEWEST, "ipykernel-6.31.0", "ipykernel-7.3.0"])
def test_a_panel_is_redrawn_while_a_cell_blocks(
    open_cells: Any, page: Any, overlays: Any, shot: Any, picture: Any, kernel: str
) -> None:
    if kernel != NEWEST and kernel not in overlays:
        pytest.skip(f"{kernel} is not in tests/browser/kernels")
    name = "python3" if kernel == NEWEST else kernel
    block = "import time, ipykernel\ntime.sleep(6)\nipykernel.__version__"
    notebook, panel = opened(open_cells, 20, block, "panel.stop()", kernel=name)
    notebook.start(2)
    busy = notebook.cell(2).locator(".jp-InputPrompt").get_by_text("[*]")
    busy.wait_for()
    seen, pressed, began = [panel.inner_text()], False, time.monotonic()
    while busy.is_visible() and time.monotonic() - began < 30:
        text = panel.inner_text()
        if text != seen[-1]:
            seen.append(text)
        if not pressed and len(seen) > 5:
            panel.get_by_role("button", name="Pause").click()  # while it is busy: handled now or afterwards
            pressed = True
        page.wait_for_timeout(50)
    assert len(seen) > 5, "at least five updates while the kernel was busy"
    version = notebook.output(2).inner_text()
    assert kernel == NEWEST or kernel.removeprefix("ipykernel-") in version
    panel.get_by_role("button", name="Resume").wait_for()
    panel.get_by_text("Paused.").wait_for()
    panel.get_by_role("button", name="Resume").click()
    panel.get_by_text("Watching.").wait_for()
    shot(panel, f"panel-{name}")
    if kernel == NEWEST:
        picture(panel.locator(".gaussnb-watch"), "panel")
    notebook.run(3)
    panel.get_by_text("No longer watched. The cloud's work goes on.").wait_for()
    assert panel.get_by_role("button").count() == 0


def test_the_final_view_stays_without_a_kernel(lab: Any, open_cells: Any, page: Any, shot: Any) -> None:
    read = "panel.frame[['name', 'status']]"
    notebook, panel = opened(open_cells, 200, read, "panel.history[['status', 'note']]")
    shot(panel, "panel-live")
    panel.get_by_text("Done: nothing is left to watch.").wait_for()
    assert "normal" in notebook.run(2).inner_text() and "ready" in notebook.run(3).inner_text()
    shot(panel, "panel-ready")
    notebook.command("docmanager:save")
    path = lab.notebooks / notebook.name
    for _ in range(100):
        saved = nbformat.read(path, as_version=4)
        if saved.cells[3].outputs:
            break
        page.wait_for_timeout(100)
    (output,) = saved.cells[1].outputs
    assert set(output.data) == {"text/plain", "text/html"}
    assert "ready" in output.data["text/plain"] and "Done" in output.data["text/plain"]

    page.evaluate("() => fetch('/api/kernels').then(r => r.json()).then(ks => Promise.all("
                  "ks.map(k => fetch('/api/kernels/' + k.id, {method: 'DELETE'}))))")  # fmt: skip
    page.goto("about:blank")
    page.goto(f"{lab.url}/lab/tree/{notebook.name}?reset", timeout=LOADED)
    page.locator(".jp-Notebook .jp-Cell").nth(1).get_by_text("test-cassandra-01").first.wait_for(timeout=LOADED)
    again = page.locator(".jp-Notebook .jp-Cell").nth(1).locator(".jp-OutputArea").first
    assert "Done: nothing is left to watch." in again.inner_text()
    assert "model not found" not in page.locator(".jp-Notebook").inner_text()
    shot(again, "panel-reopened")


def test_a_failure_is_an_alert_with_its_reason(open_cells: Any, shot: Any) -> None:
    fail = "sandbox.inject('CreateInstance', fail='no host has room')"
    notebook = open_cells(CONNECT.format(speed=200), fail, CREATE)
    notebook.run(0)
    notebook.run(1)
    panel = notebook.run(2)
    panel.get_by_role("alert").get_by_text("no host has room").wait_for()
    panel.get_by_text("Done").wait_for()
    shot(panel, "panel-failed")


def test_several_instances_in_the_dark_theme(open_cells: Any, page: Any, shot: Any) -> None:
    many = """made = [gdb.instances.create(spec.replace(name=f"orders-0{n}"))["id"].item() for n in (1, 2, 3)]
panel = gdb.watch(made)
panel"""
    notebook = open_cells(CONNECT.format(speed=60), many)
    notebook.theme("JupyterLab Dark")
    notebook.run(0)
    panel = notebook.run(1)
    panel.get_by_text("3 instances: 3 creating").wait_for()
    for name in ("orders-01", "orders-02", "orders-03"):
        panel.get_by_role("row").filter(has_text=name).first.wait_for()
    shot(panel, "panel-several-dark")
    panel.get_by_role("button", name="Stop watching").click()
    panel.get_by_text("No longer watched").wait_for()


def test_a_panel_shown_twice_has_one_state_in_two_outputs(open_cells: Any) -> None:
    notebook, panel = opened(open_cells, 100, "panel")
    second = notebook.run(2)
    second.get_by_role("status").filter(has_text="test-cassandra-01").wait_for()
    for place in (panel, second):
        place.get_by_text("Done: nothing is left to watch.").wait_for()


def test_a_run_notebook_is_valid(lab: Any) -> None:
    """Every notebook that these tests wrote is valid for other tools."""
    for path in lab.notebooks.glob("*.ipynb"):
        nbformat.validate(nbformat.reads(path.read_text(), as_version=4))
        assert "widgets" not in json.loads(path.read_text())["metadata"]
