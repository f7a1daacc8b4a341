"""The stored notebooks: nbval runs them; these tests check the content of the files."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CORE_WIDGET = r"$|[A-Z]\w*\((\w+=|\))"
"""The text that ipywidgets puts beside a view: nothing, or a repr that is no help to a reader."""
NOT_IN_TEXT = {
    "a path of somebody's machine": r"(?<![\w.])/(home|Users|root|tmp|work|private|var/folders)/|[A-Z]:\\+Users\b",
    "a memory address": r"\b0x[0-9a-fA-F]{6,}",
    "a secret": r"(?x)"
    r"(password|passwd|secret|token|\bsk)['\"]?\s*[=:]\s*['\"](?!\*+['\"])[^'\"{}\s]{6,}['\"]"  # sk = "…"
    r"|Aa1![0-9a-f]{8} | Sandbox-[0-9a-f]{8}"  # what the quick start and the sandbox make
    r"|\bMII[A-Za-z0-9+/-]{20} | \beyJ[\w-]{10,}\. | -----BEGIN | \bgAAAA[\w-]{10}",  # tokens and keys
}


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        yield from texts("".join(value)) if all(isinstance(item, str) for item in value) else ()
        for item in value:
            yield from texts(item) if not isinstance(item, str) else ()


def faults(notebook: Any) -> Iterator[str]:
    """Yield each thing that must not be in a stored notebook."""
    ids = [cell.get("id", "") for cell in notebook["cells"]]
    if len(set(ids)) < len(ids) or any(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]+)?|", one) for one in ids):
        yield "a random, missing or repeated cell id"
        return  # the validation would put in others
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        yield f"not valid: {error}"
        return
    if "widgets" in notebook["metadata"]:
        yield "widget state"
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    # Without counts nbval compares nothing; out of order they show that not all was run from the top.
    if [cell["execution_count"] for cell in code] != list(range(1, len(code) + 1)):
        yield "execution counts are not 1, 2, 3, …"
    for cell in code:
        # A magic that does not exist ends its cell silently, and the test passes.
        if re.search(r"^\s*[%!]", "".join(cell["source"]), re.MULTILINE):
            yield "a magic or a shell command"
        for output in cell["outputs"]:
            kinds = output.get("data", {}).keys()
            if output["output_type"] == "error":
                yield "an error"
            if output.get("name") == "stderr":
                yield "something on stderr"
            if output.get("execution_count", cell["execution_count"]) != cell["execution_count"]:
                yield "an output of another run"
            if any("widget-state" in kind for kind in kinds):
                yield "widget state"
            plain = "".join(output.get("data", {}).get("text/plain", ""))
            if WIDGET_VIEW in kinds and "text/html" not in kinds and re.match(CORE_WIDGET, plain):
                yield "a widget that nobody without a kernel sees"
    for text in texts(notebook["cells"]):
        for what, pattern in NOT_IN_TEXT.items():
            if found := re.search(pattern, text):
                yield f"{what}: {found[0]}"


def test_there_are_stored_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_notebook_has_no_fault(path: Path) -> None:
    notebook = nbformat.reads(path.read_text("utf-8"), as_version=nbformat.NO_CONVERT)
    assert notebook["nbformat"] == 4
    assert list(faults(notebook)) == []


def on_page(notebook: Any) -> list[str]:
    """Return each thing in the HTML for readers without a kernel that must not be there; styles and scripts aside."""
    html, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    return re.findall(r"\b0x[0-9a-fA-F]{6,}|\b[HV]Box\(|(?i:model not found)", str(html))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_page_without_a_kernel(path: Path) -> None:
    assert on_page(nbformat.reads(path.read_text("utf-8"), as_version=4)) == []


# ------------------------------------------------------------------------- does the lint see anything?

GOOD: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {"cell_type": "markdown", "id": "cell-00", "metadata": {}, "source": ["# Title"]},
        {
            "cell_type": "code",
            "id": "cell-01",
            "metadata": {},
            "execution_count": 1,
            "source": ["password = ask()\n", "spec = Spec(password='**********', token=None)"],
            "outputs": [
                {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": ["1"]}}
            ],
        },
    ],
}


def broken(*path: Any, value: Any) -> Callable[[], Any]:
    """A copy of the good notebook with one value changed."""

    def make() -> Any:
        notebook = copy.deepcopy(GOOD)
        place: Any = notebook
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        return nbformat.from_dict(notebook)

    return make


CODE = ("cells", 1)
OUTPUT = (*CODE, "outputs", 0)
STREAM = {"output_type": "stream", "name": "stdout"}


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (broken("cells", 0, "cell_type", value="prose"), "not valid"),
        (broken("metadata", "widgets", value={}), "widget state"),
        (broken("cells", 0, "id", value="cell-01"), "cell id"),
        (broken("cells", 0, "id", value="3f2a9c01"), "cell id"),
        (broken(*CODE, "execution_count", value=None), "execution counts"),
        (broken(*CODE, "execution_count", value=2), "execution counts"),
        (broken(*CODE, "source", value="%matplotlib inline"), "magic"),
        (broken(*CODE, "source", value="1\n  !ls"), "magic"),
        (broken(*OUTPUT, "execution_count", value=7), "another run"),
        (broken(*OUTPUT, "data", value={WIDGET_VIEW: {}}), "nobody without a kernel"),
        (broken(*OUTPUT, "data", value={WIDGET_VIEW: {}, "text/plain": "VBox(children=())"}), "nobody without"),
        (broken(*OUTPUT, "data", value={WIDGET_VIEW: {}, "text/plain": ["HTML(value='1')"]}), "nobody without"),
        (broken(*OUTPUT, value={"output_type": "error", "ename": "E", "evalue": "", "traceback": []}), "an error"),
        (broken(*OUTPUT, value={**STREAM, "name": "stderr", "text": "careful"}), "stderr"),
        (broken(*OUTPUT, value={**STREAM, "text": ["in /home/ann", "/x"]}), "somebody's machine: /home/"),
        (broken(*OUTPUT, value={**STREAM, "text": r"in C:\Users\ann"}), "somebody's machine"),
        (broken(*OUTPUT, value={**STREAM, "text": "in /tmp/ipykernel_1/2.py"}), "somebody's machine"),
        (broken(*OUTPUT, "data", value={"text/plain": "<X at 0x7f1234567890>"}), "memory address"),
        (broken(*CODE, "source", value='connect(sk="' + "S" * 12 + '")'), "a secret"),
        (broken(*OUTPUT, "data", value={"text/html": "Aa1!" + "0f" * 12}), "a secret"),
        (broken(*OUTPUT, value={**STREAM, "text": "MII" + "C" * 30}), "a secret"),
    ],
)
def test_the_lint_finds_each_fault(make: Callable[[], Any], fault: str) -> None:
    found = list(faults(make()))
    assert found and re.search(fault, found[0]), found


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"text/plain": "VBox(children=())"}, ["VBox("]),
        ({"text/plain": "<X at 0x7f1234567890>"}, ["0x7f1234567890"]),
        ({"text/html": "<p>Error displaying widget: model not found</p>"}, ["model not found"]),
        ({"text/html": "<p>0xab</p>", "text/plain": "VBox(children=())", WIDGET_VIEW: {"model_id": "1"}}, []),
    ],
)
def test_the_view_that_a_browser_shows(data: dict[str, Any], found: list[str]) -> None:
    """The check reads the best view of an output, as a browser does; a widget without a kernel does not count."""
    notebook = nbformat.reads(json.dumps(broken(*OUTPUT, "data", value=data)()), as_version=4)
    assert on_page(notebook) == found


@pytest.mark.parametrize("face", [{}, {"text/html": "<p>orders-01 is ready</p>"}, {"text/plain": "orders-01 is ready"}])
def test_the_lint_accepts_a_good_notebook(face: dict[str, str]) -> None:
    make = broken(*OUTPUT, "data", value={WIDGET_VIEW: {}, **face} if face else {"text/plain": "1"})
    assert list(faults(make())) == []
