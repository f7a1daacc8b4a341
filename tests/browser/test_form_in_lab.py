"""The create form in a browser: filled with mouse and keyboard, in light and dark themes, in narrow and wide panes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from lab import Notebook

from gaussnb.widgets.form import BURST

CONNECT = 'import gaussnb as gn\ngdb = gn.connect("sandbox")'
FORM = "form = gdb.instances.create.form()\nform"
MADE = """from gaussnb.quickstart import body, password
made = gdb.instances.create(**body(gdb.region), password=password())
gdb.wait(made)[["status"]]"""
PASSWORD = "Aa1!" * 3


def opened(open_cells: Callable[..., Notebook], *more: str) -> tuple[Notebook, Any]:
    """A notebook that shows the form; the form's output."""
    notebook = open_cells(CONNECT, FORM, *more)
    notebook.run(0)
    form = notebook.run(1)
    form.get_by_label("Name *").wait_for()
    return notebook, form


def read(page: Any) -> None:
    """Wait like a reader: the form ignores a press right after a change as part of a double click."""
    page.wait_for_timeout(1000 * BURST + 200)


def commit(form: Any, label: str, value: str) -> None:
    """Type into a field and leave it."""
    field = form.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Tab")


def test_wrong_then_right_then_ready(open_cells: Any, page: Any, shot: Any, picture: Any, golden: Any) -> None:
    table = 'form.panel.frame[["name", "engine", "status", "nodes"]]'
    notebook, form = opened(open_cells, table, "form.panel.history[['status', 'note']]")
    golden("create-form.yaml", form.locator(".gaussnb").aria_snapshot())
    shot(form, "form")

    commit(form, "Name *", "1st")
    form.get_by_role("alert").get_by_text("4 to 64 characters").wait_for()
    commit(form, "Nodes *", "2")
    form.get_by_role("alert").get_by_text("3 to 200 nodes").wait_for()
    assert form.get_by_label("Nodes *", exact=True).input_value() == "2"
    form.get_by_role("button", name="Review").click()
    form.get_by_role("alert").get_by_text("Not ready to send. To mend: Name, Password, Nodes.").wait_for()
    shot(form, "form-wrong")
    picture(form.locator(".gaussnb"), "form")

    commit(form, "Name *", "orders-01")
    commit(form, "Nodes *", "3")
    commit(form, "Password *", PASSWORD)
    held = form.get_by_label("Password *", exact=True)
    held.and_(page.get_by_placeholder("held in memory")).wait_for()
    assert held.input_value() == "", "what was typed has left the page"
    page.wait_for_function("!document.querySelector('.jp-OutputArea .gaussnb [role=alert]')")

    form.get_by_role("button", name="Review").click()
    card = form.get_by_role("status").filter(has_text="Review before sending")
    card.get_by_text("••••").wait_for()
    assert PASSWORD not in page.content()
    shot(form, "form-review")
    read(page)
    form.get_by_role("button", name="Create", exact=True).click()
    form.get_by_text("Accepted").wait_for()
    form.get_by_role("status").filter(has_text="creating").wait_for()
    shot(form, "form-panel-live")
    form.get_by_text("Done: nothing is left to watch.").wait_for(timeout=60_000)
    shot(form, "form-panel-ready")
    shown = notebook.run(2)
    assert shown.get_by_role("row").filter(has_text="orders-01").filter(has_text="normal").count() == 1
    assert "ready" in notebook.run(3).inner_text()


def test_a_creation_with_the_keyboard_alone(open_cells: Any, page: Any, shot: Any) -> None:
    """From the first field to the running creation with Tab, arrows, letters and Enter."""
    notebook, form = opened(open_cells, 'form.result["name"].item()')
    form.get_by_label("Name *").focus()  # the place that Tab leads to from the cell above
    reached = []
    page.keyboard.type("keys-01")
    for _ in range(40):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "() => { const here = document.activeElement;"
            " return here.labels && here.labels.length ? here.labels[0].textContent : here.textContent.trim(); }"
        )
        reached.append(name)
        if name == "Engine *":
            # Space opens the list; with the list closed, JupyterLab takes arrows and letters for itself.
            for key in ("Space", "ArrowDown", "Enter", "Space", "ArrowUp", "Enter"):
                page.keyboard.press(key)
        elif name == "Password *":
            page.keyboard.type(PASSWORD)
        elif name == "Nodes *":
            page.keyboard.press("Control+A")
            page.keyboard.type("4")
        elif name == "Review":
            break
    assert reached[:3] == ["Engine *", "Version *", "Mode *"], reached
    page.wait_for_function("!document.querySelector('.jp-OutputArea .gaussnb [role=alert]')")
    page.keyboard.press("Enter")
    form.get_by_text("Review before sending").wait_for()
    page.wait_for_function("document.activeElement.textContent.trim() === 'Create'")
    shot(form, "form-keyboard")
    read(page)
    page.keyboard.press("Enter")
    form.get_by_text("Accepted").wait_for()
    assert "keys-01" in notebook.run(2).inner_text()


def test_deleting_by_keyboard_asks_for_the_name(open_cells: Any, page: Any, shot: Any) -> None:
    notebook = open_cells(CONNECT, MADE, "gdb.instances.delete.form(instance_id=made['id'].item())")
    notebook.run(0)
    notebook.run(1)
    form = notebook.run(2)
    form.get_by_role("button", name="Review").focus()
    page.keyboard.press("Enter")
    asked = form.get_by_label("Type test-cassandra-01 to go on")
    asked.wait_for()
    delete = form.get_by_role("button", name="Delete", exact=True)
    assert delete.is_disabled()
    page.wait_for_function("document.activeElement.tagName === 'INPUT'")
    page.keyboard.type("test-cassandra-01")
    page.wait_for_function(
        "[...document.querySelectorAll('.gaussnb button')].some(b => b.textContent.trim() === 'Delete' && !b.disabled)"
    )
    shot(form, "form-delete")
    read(page)
    delete.focus()
    page.keyboard.press("Enter")
    form.get_by_text("Accepted").wait_for()


# ------------------------------------------------------------------------------------------- looks

CONTRAST = r"""
() => {
  const channel = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const parse = text => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = '#000'; canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const over = (top, below) => top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3]));
  const ground = element => {
    const chain = [];
    for (let one = element; one; one = one.parentElement) chain.unshift(parse(getComputedStyle(one).backgroundColor));
    return chain.reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const found = [];
  for (const element of document.querySelectorAll('.jp-OutputArea .gaussnb *, .jp-OutputArea .gaussnb-watch *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    const typed = element.matches('input, select, textarea');
    if (!(own || typed) || !element.getClientRects().length || element.matches('style, option, :disabled')) continue;
    let opacity = 1;
    for (let one = element; one; one = one.parentElement) opacity *= +getComputedStyle(one).opacity;
    const below = ground(element), color = parse(getComputedStyle(element).color);
    const seen = over([...color.slice(0, 3), color[3] * opacity], below);
    const [a, b] = [light(seen), light(below)].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), element.textContent.trim().slice(0, 40) || element.tagName]);
  }
  return found;
}
"""
TRUNCATED = """
() => [...document.querySelectorAll('.jp-OutputArea .gaussnb .widget-label, .jp-OutputArea .gaussnb button')]
  .filter(one => one.getClientRects().length && (one.scrollWidth > one.clientWidth + 1))
  .map(one => one.textContent)
"""


def looks(page: Any) -> None:
    """Check that everything can be read: contrast, labels, no titles made by the page."""
    measured = page.evaluate(CONTRAST)
    assert len(measured) > 30
    weak = sorted([round(ratio, 2), text] for ratio, text in measured if ratio < 4.5)
    assert weak == []
    assert page.evaluate(TRUNCATED) == []
    assert 'title="null"' not in page.content()
    assert not re.search(r"0x[0-9a-f]{6,}", page.locator(".jp-Notebook").inner_text())


@pytest.mark.parametrize(
    ("theme", "width"),
    [("JupyterLab Light", 1280), ("JupyterLab Dark", 1280), ("JupyterLab Light", 560), ("JupyterLab Dark", 900)],
)
def test_contrast_and_labels(open_cells: Any, page: Any, shot: Any, theme: str, width: int) -> None:
    notebook, form = opened(open_cells)
    notebook.theme(theme)
    page.set_viewport_size({"width": width, "height": 2800})
    form.get_by_role("button", name=re.compile("^More settings")).click()
    form.get_by_label("Charge info").check()
    commit(form, "Name *", "1st")
    form.get_by_label("Engine *", exact=True).select_option(index=4)
    form.get_by_role("button", name="Review").click()
    form.get_by_role("alert").get_by_text("Not ready").wait_for()
    word = theme.split()[-1].lower()
    shot(form, f"form-{word}-{width}-wrong")
    looks(page)
    form.get_by_role("button", name="Use what fits").click()
    form.get_by_label("Charge info").uncheck()
    form.get_by_role("button", name="Fewer settings").click()
    commit(form, "Name *", "orders-01")
    commit(form, "Password *", PASSWORD)
    form.get_by_role("button", name="Review").click()
    form.get_by_text("Review before sending").wait_for()
    shot(form, f"form-{word}-{width}-review")
    looks(page)
    read(page)
    form.get_by_role("button", name="Create", exact=True).click()
    form.get_by_text("Accepted").wait_for()
    page.wait_for_timeout(500)
    shot(form, f"form-{word}-{width}-created")
    looks(page)


def test_a_saved_notebook_holds_no_secret(lab: Any, open_cells: Any, page: Any) -> None:
    """With "Save Widget State Automatically" on, the saved notebook has the box and not what was typed."""
    place = lab.folder / "settings" / "@jupyter-widgets" / "jupyterlab-manager"
    place.mkdir(parents=True, exist_ok=True)
    (place / "plugin.jupyterlab-settings").write_text(json.dumps({"saveState": True}))
    notebook, form = opened(open_cells)
    commit(form, "Password *", PASSWORD)
    page.get_by_placeholder("held in memory").wait_for()
    notebook.command("docmanager:save")
    path = lab.notebooks / notebook.name
    page.wait_for_function("!document.querySelector('.jp-mod-dirty')")
    for _ in range(100):
        saved = path.read_text()
        if "PasswordModel" in saved:
            break
        page.wait_for_timeout(100)
    assert "PasswordModel" in saved and PASSWORD not in saved
