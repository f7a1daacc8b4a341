"""The form and the panel in Notebook 7, which is built from parts of JupyterLab but behaves differently in places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from lab import Lab, Notebook

from gaussnb.widgets.form import BURST


@pytest.fixture
def notebook7(tmp_path: Any) -> Iterator[Lab]:
    pytest.importorskip("notebook")
    server = Lab(tmp_path, app="notebook")
    yield server
    server.close()


def test_a_creation(notebook7: Lab, page: Any, shot: Any) -> None:
    cells = ['import gaussnb as gn\ngdb = gn.connect("sandbox")', "form = gdb.instances.create.form()\nform"]
    notebook7.write("create.ipynb", cells)
    notebook = Notebook(notebook7, page, "create.ipynb", app="notebook")
    notebook.run(0)
    form = notebook.run(1)
    for label, value in (("Name *", "orders-07"), ("Password *", "Aa1!" * 3)):
        form.get_by_label(label, exact=True).fill(value)
        form.get_by_label(label, exact=True).press("Tab")
    page.get_by_placeholder("held in memory").wait_for()
    form.get_by_role("button", name="Review").click()
    form.get_by_text("Review before sending").wait_for()
    shot(page, "notebook7-review")
    page.wait_for_timeout(1000 * BURST + 200)  # a press right behind the review counts as a double click
    form.get_by_role("button", name="Create", exact=True).click()
    form.get_by_text("Done: nothing is left to watch.").wait_for()
    shot(page, "notebook7-ready")
