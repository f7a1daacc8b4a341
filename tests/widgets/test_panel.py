"""The live panel: the output of a notebook while a watch runs, and after its end."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets
import nbformat
import pytest
from nbclient import NotebookClient

from gaussnb import Client
from gaussnb.client.watch import Watch
from gaussnb.quickstart import body, password
from gaussnb.sandbox import Sandbox
from gaussnb.view import output as display
from gaussnb.view.html import PARTS
from gaussnb.widgets.panel import CSS, Panel
from gaussnb.widgets.style import HIDDEN

PATIENCE = 10.0  # real seconds after which the test fails
VIEW = "application/vnd.jupyter.widget-view+json"
LASTING = {"text/plain", "text/html"}


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "this took too long"
        time.sleep(0.005)


def alive() -> int:
    return len(ipywidgets.Widget.get_manager_state()["state"])


class Output:
    """One output of a notebook: its bundles, first to last, and the number of places that show it."""

    def __init__(self) -> None:
        self.bundles: list[dict[str, Any]] = []
        self.places = 0

    def update(self, bundle: dict[str, Any], *, raw: bool) -> None:
        assert raw
        self.bundles.append(bundle)


class Notebook:
    """Replaces the front end."""

    def __init__(self) -> None:
        self.outputs: list[Output] = []

    def publish(self, bundle: dict[str, Any], handle: Output | None = None) -> Output:
        if handle is None:
            handle = Output()
            self.outputs.append(handle)
        handle.places += 1
        handle.update(bundle, raw=True)
        return handle


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    made = Notebook()
    monkeypatch.setattr(display, "_notebook", lambda: made.publish)
    return made


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that is slow enough to follow: a creation takes most of a real second."""
    with Sandbox(port=None, start="2026-01-01T08:00:00", speed=600, quota=0) as made:
        yield made


@pytest.fixture
def gdb(sandbox: Sandbox) -> Iterator[Client]:
    with sandbox.connect() as made:
        yield made


def begin(gdb: Client, until: str = "ready") -> Watch:
    """Begin a watch. With "gone" the watch does not end, because the instance is not deleted."""
    return gdb.watch(gdb.instances.create(**body("cn-north-4"), password=password()), until=until)


def shown(watch: Watch) -> Panel:
    """The panel of a shown watch, without looks in between."""
    watch.pause()
    watch._ipython_display_()
    assert watch._showing is not None
    panel = watch._showing._panel
    assert isinstance(panel, Panel)
    return panel


def ended(output: Output) -> bool:
    return set(output.bundles[-1]) == LASTING


def test_a_live_panel_has_all_views_and_an_ended_one_text_and_html(gdb: Client, notebook: Notebook) -> None:
    before = alive()
    watch = begin(gdb)
    shown(watch)
    assert alive() > before
    watch.resume()
    assert watch.join(PATIENCE)
    (output,) = notebook.outputs
    until(lambda: ended(output) and alive() == before)
    assert set(output.bundles[0]) == {VIEW, *LASTING}
    assert output.bundles[-1] == watch._repr_mimebundle_() and "ready" in output.bundles[-1]["text/plain"]
    assert not watch.followed


def test_an_ended_watch_is_shown_by_ipython(gdb: Client, notebook: Notebook) -> None:
    watch = begin(gdb)
    assert watch.join(PATIENCE)
    with pytest.raises(NotImplementedError):
        watch._ipython_display_()
    assert notebook.outputs == [] and set(watch._repr_mimebundle_()) == LASTING


def test_without_a_notebook_there_is_no_output_to_follow(gdb: Client) -> None:
    before = alive()
    watch = begin(gdb, "gone")
    watch.pause()
    with pytest.raises(NotImplementedError):
        watch._ipython_display_()
    assert not watch.followed and alive() == before
    watch.stop()


def test_a_panel_shown_twice_has_one_state_in_two_outputs(gdb: Client, notebook: Notebook) -> None:
    watch = begin(gdb, "gone")
    panel = shown(watch)
    before = alive()
    assert shown(watch) is panel and alive() == before
    (output,) = notebook.outputs
    assert output.places == 2
    watch.stop()
    assert ended(output)


def test_a_panel_is_redrawn_from_the_thread_of_the_poller(gdb: Client, notebook: Notebook) -> None:
    watch = begin(gdb)
    panel = shown(watch)
    drawn: list[tuple[str, bool]] = []
    here = threading.current_thread()
    panel.parts["things"].observe(
        lambda change: drawn.append((change["new"], threading.current_thread() is here)), "value"
    )
    watch.resume()
    assert watch.join(PATIENCE)
    until(lambda: ended(notebook.outputs[0]))
    assert len(drawn) >= 5 and not drawn[-1][1]
    assert any('role="progressbar"' in html for html, _ in drawn)


def test_the_buttons(sandbox: Sandbox, gdb: Client, notebook: Notebook) -> None:
    watch = begin(gdb, "gone")
    panel = shown(watch)
    assert panel.turn.description == "Resume" and "Paused." in panel.parts["foot"].value
    panel.turn.click()
    assert watch.active and panel.turn.description == "Pause"
    panel.turn.click()
    assert not watch.active and panel.turn.description == "Resume"
    panel.stop.click()
    assert watch.done and ended(notebook.outputs[0])
    assert "No longer watched." in notebook.outputs[0].bundles[-1]["text/plain"]
    assert not sandbox.requests["method"].isin(["DELETE"]).any()


def test_a_failure_is_an_alert(sandbox: Sandbox, gdb: Client, notebook: Notebook) -> None:
    sandbox.inject("CreateInstance", fail="<b>no disks</b>")
    watch = begin(gdb)
    panel = shown(watch)
    assert panel.parts["alert"].value == "" and HIDDEN in panel.parts["alert"]._dom_classes
    assert f".gaussnb-watch .{HIDDEN} " in CSS, "it is hidden also where there is no form"
    watch.resume()
    assert watch.join(PATIENCE)
    until(lambda: ended(notebook.outputs[0]))
    html = notebook.outputs[0].bundles[-1]["text/html"]
    assert 'role="alert"' in html and "&lt;b&gt;no disks" in html and "<b>no" not in html


def test_only_core_widgets_with_names(gdb: Client, notebook: Notebook) -> None:
    before = set(ipywidgets.Widget.get_manager_state()["state"])
    watch = begin(gdb, "gone")
    shown(watch)
    models = [model for id, model in ipywidgets.Widget.get_manager_state()["state"].items() if id not in before]
    assert {model["model_module"] for model in models} == {"@jupyter-widgets/base", "@jupyter-widgets/controls"}
    assert not any(model["state"].get("tooltip", "") is None for model in models if "description" in model["state"])
    buttons = [model["state"] for model in models if model["model_name"] == "ButtonModel"]
    assert sorted(button["description"] for button in buttons) == ["Resume", "Stop watching"]
    watch.stop()


def test_a_panel_is_made_of_the_parts_of_the_html(gdb: Client, notebook: Notebook) -> None:
    watch = begin(gdb, "gone")
    panel = shown(watch)
    html = "".join(panel.parts[name].value for name in PARTS)
    assert html and html in notebook.outputs[0].bundles[-1]["text/html"]
    watch.stop()


def test_without_ipywidgets_html_is_replaced(gdb: Client, notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gaussnb.widgets.panel", None)  # importing it fails
    before = alive()
    watch = begin(gdb)
    watch.pause()
    watch._ipython_display_()
    watch.resume()
    assert watch.join(PATIENCE)
    (output,) = notebook.outputs
    until(lambda: "ready" in output.bundles[-1]["text/plain"])
    assert all(set(bundle) == LASTING for bundle in output.bundles) and alive() == before
    assert len({bundle["text/html"] for bundle in output.bundles}) >= 5


def test_an_error_of_drawing_is_in_problems(gdb: Client, notebook: Notebook) -> None:
    watch = begin(gdb)
    panel = shown(watch)

    def broken(snapshot: Any) -> dict[str, Any]:
        raise OSError("the front end is gone")

    panel.draw = broken  # type: ignore[method-assign]
    watch.resume()
    assert watch.join(PATIENCE) and watch.error is None
    assert "OSError: the front end is gone" in str(watch)
    panel.close()


def test_handlers_may_run_on_any_thread_at_any_time(gdb: Client, notebook: Notebook) -> None:
    before = alive()
    watch = begin(gdb, "gone")
    panel = shown(watch)
    failures: list[BaseException] = []
    ready = threading.Barrier(8)

    def press(number: int) -> None:
        try:
            ready.wait(PATIENCE)
            for _ in range(20):
                panel.turn.click()
            if number == 0:
                panel.stop.click()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=press, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert failures == [] and not any(thread.is_alive() for thread in threads)
    assert watch.done and watch.problems == [] and ended(notebook.outputs[0]) and alive() == before


def test_closing_the_client_leaves_text_and_html(sandbox: Sandbox, notebook: Notebook) -> None:
    before = alive()
    gdb = sandbox.connect()
    shown(begin(gdb, "gone"))
    gdb.close()
    assert ended(notebook.outputs[0]) and alive() == before


def test_fifty_rounds_leave_nothing_behind(gdb: Client, notebook: Notebook) -> None:
    created = gdb.instances.create(**body("cn-north-4"), password=password())
    widgets, threads = alive(), threading.active_count()
    for _ in range(50):
        watch = gdb.watch(created, until="gone")
        watch._ipython_display_()
        watch.stop()
        assert not watch.followed
    assert len(notebook.outputs) == 50 and all(map(ended, notebook.outputs))
    assert alive() == widgets
    until(lambda: threading.active_count() == threads and gdb._poller._watches == [])


def test_in_a_real_kernel_the_saved_notebook_keeps_the_end() -> None:
    cells = [
        "from gaussnb.quickstart import body, password\n"
        "from gaussnb.sandbox import Sandbox\n"
        "sandbox = Sandbox(port=None, start='2026-01-01T08:00:00', speed=3600).start()\n"
        "gdb = sandbox.connect()",
        "live = gdb.watch(gdb.instances.create(**body('cn-north-4'), password=password()))\nlive.pause()\nlive",
        "live.resume()\n"
        "live.join()\n"
        "import threading\n"
        "for thread in threading.enumerate():  # what is shown last comes from the poller's\n"
        "    if thread.name == 'gaussnb-poller': thread.join()",
        "live",
        "other = gdb.watch(live.frame)\nother.pause()\nother",
    ]
    saved = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(saved, kernel_name="python3", timeout=60).execute()
    outputs = [[(output["output_type"], output["data"]) for output in cell["outputs"]] for cell in saved.cells]
    ((kind, live),), ((again, ended),), ((_, going),) = outputs[1], outputs[3], outputs[4]
    assert (kind, again) == ("display_data", "execute_result")
    assert live == ended and set(live) == LASTING and live["text/plain"].splitlines()[0].split()[1] == "ready"
    assert set(going) == {VIEW, *LASTING}
