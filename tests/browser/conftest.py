"""JupyterLab and Chromium, started once for each file of tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import FLAGS, ROOT, Lab, Notebook, chromium

KERNELS = Path(__file__).with_name("kernels")
SHOTS = ROOT / "tests" / "screenshots"
GOLDEN = Path(__file__).with_name("golden")
PICTURES = ROOT / "notebooks" / "pictures"
UPDATE = "GAUSSNB_UPDATE_GOLDEN"
"""The variable that makes the tests write golden files instead of comparing them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests with a reason if there is no browser."""
    if why := _lacking():
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=why))


def _lacking() -> str:
    if chromium() is None:
        return "no chromium: apt-get install chromium"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "no playwright: pip install playwright"
    return ""


@pytest.fixture(scope="session")
def overlays() -> dict[str, Path]:
    """Other versions of ipykernel, as folders that come before the installed one."""
    return {f"ipykernel-{folder.name}": folder for folder in sorted(KERNELS.glob("[0-9]*"))}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, overlays: dict[str, Path]) -> Iterator[Lab]:
    """A JupyterLab of its own."""
    server = Lab(tmp_path_factory.mktemp("lab"), kernels=overlays)
    yield server
    server.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """An empty page without stored data, wide enough for JupyterLab."""
    context = browser.new_context(viewport={"width": 1280, "height": 1500})
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    context.close()


@pytest.fixture
def open_cells(lab: Lab, page: Any, request: pytest.FixtureRequest) -> Callable[..., Notebook]:
    """Opens a notebook of these cells in JupyterLab."""

    def start(*cells: str, kernel: str = "python3") -> Notebook:
        name = f"{request.node.name}.ipynb".replace("[", "-").replace("]", "")
        lab.write(name, cells, kernel)
        return Notebook(lab, page, name)

    return start


@pytest.fixture(scope="session")
def shot() -> Callable[[Any, str], Path]:
    """Takes a picture of a page or a part of it, into a folder that git does not keep."""
    SHOTS.mkdir(exist_ok=True)

    def take(what: Any, name: str) -> Path:
        path = SHOTS / f"{name}.png"
        what.screenshot(path=path)
        return path

    return take


@pytest.fixture
def picture() -> Callable[[Any, str], None]:
    """Takes a picture for the README, when golden files are written anew; fails if there is none."""

    def take(what: Any, name: str) -> None:
        path = PICTURES / f"{name}.png"
        if os.environ.get(UPDATE):
            PICTURES.mkdir(exist_ok=True)
            what.screenshot(path=path)
        assert path.is_file(), f"set {UPDATE}=1 to take it"

    return take


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with the stored text."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get(UPDATE):
            GOLDEN.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"set {UPDATE}=1 to accept what is new in {name}"

    return compare
