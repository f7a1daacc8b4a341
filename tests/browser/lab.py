"""A separate JupyterLab, and helpers that drive a notebook in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
"""Chromium as root, without a screen, and without looking for its maker's hosts."""
IDLE = re.compile(r"\| Idle")
LOADED = 90_000
"""Milliseconds a page may take to load on a busy machine."""

SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "doNotDisturbMode": True},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}
"""Settings without news, which would cover a button, and with every cell in the page, also outside of the view."""


class Lab:
    """A Jupyter server without stored data of another server, on a free port of this machine.

    Args:
        folder: where its notebooks, settings and logs are.
        kernels: folders put before the packages of a kernel, by the kernel's name.
        settings: JupyterLab settings by plugin, beside :data:`SETTINGS`.
    """

    def __init__(
        self,
        folder: Path,
        kernels: dict[str, Path] | None = None,
        settings: dict[str, dict[str, Any]] | None = None,
        app: str = "lab",
    ) -> None:
        self.folder = folder
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir(parents=True, exist_ok=True)
        for plugin, values in {**SETTINGS, **(settings or {})}.items():
            package, _, name = plugin.rpartition("/")
            place = folder / "settings" / package
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{name}.jupyterlab-settings").write_text(json.dumps(values))
        for name, overlay in (kernels or {}).items():
            self._kernel(name, overlay)
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        own = {f"JUPYTER_{what}_DIR": str(folder / what.lower()) for what in ("CONFIG", "DATA", "RUNTIME")}
        own |= {f"JUPYTERLAB_{what}_DIR": str(folder / what.lower()) for what in ("SETTINGS", "WORKSPACES")}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "GAUSSNB_"))}
        home = folder / "home"
        home.mkdir(exist_ok=True)
        self._log = (folder / "server.log").open("w")
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyter", app, "--no-browser", "--ip=127.0.0.1", f"--port={self.port}",
                "--ServerApp.port_retries=0", "--expose-app-in-browser", "--allow-root",
                "--IdentityProvider.token=", "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True",
                f"--ServerApp.root_dir={self.notebooks}",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            ],
            env={**kept, **own, "HOME": str(home), "PYTHONPATH": str(ROOT), "NO_PROXY": "*", "PYTHONUTF8": "1"},
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )  # fmt: skip
        self._await()

    def _kernel(self, name: str, overlay: Path) -> None:
        """A kernel of this Python with the packages in ``overlay`` before its own."""
        spec = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": name,
            "language": "python",
            "env": {"PYTHONPATH": os.pathsep.join([str(overlay), str(ROOT)])},
        }
        place = self.folder / "data" / "kernels" / name
        place.mkdir(parents=True)
        (place / "kernel.json").write_text(json.dumps(spec))

    def _await(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.url}/api/status", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
        raise AssertionError(f"Jupyter did not start:\n{(self.folder / 'server.log').read_text()[-3000:]}")

    def write(self, name: str, cells: Sequence[str], kernel: str = "python3") -> Path:
        """Put a notebook of code cells into its folder."""
        book = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        book.metadata["kernelspec"] = {"name": kernel, "display_name": kernel, "language": "python"}
        path = self.notebooks / name
        nbformat.write(book, path)
        return path

    def close(self) -> None:
        """End the server and its kernels."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()


class Notebook:
    """An open notebook in a page."""

    def __init__(self, lab: Lab, page: Any, name: str, app: str = "lab") -> None:
        self.lab, self.page, self.name = lab, page, name
        where = "lab/tree" if app == "lab" else "notebooks"
        page.goto(f"{lab.url}/{where}/{name}?reset", timeout=LOADED)
        if app == "lab":
            page.locator("#jp-main-statusbar").get_by_text(IDLE).wait_for(timeout=LOADED)
        else:
            page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=LOADED)
            page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=LOADED)

    def command(self, name: str, args: dict[str, Any] | None = None) -> None:
        """Run a command of JupyterLab, without waiting for its effect."""
        script = "([name, args]) => { window.jupyterapp.commands.execute(name, args || {}); }"
        self.page.evaluate(script, [name, args])

    def cell(self, number: int) -> Any:
        """The cell with this number, from 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def output(self, number: int) -> Any:
        """The output of a cell."""
        return self.cell(number).locator(".jp-OutputArea").first

    def start(self, number: int) -> None:
        """Start a cell; the kernel may still run it afterwards."""
        prompt = self.cell(number).locator(".jp-InputPrompt")
        for _ in range(10):
            self.cell(number).locator(".jp-InputArea-editor").click()
            self.page.keyboard.press("Control+Enter")
            try:
                prompt.get_by_text(re.compile(r"\[[*\d]+\]")).wait_for(timeout=5_000)
                return
            except Exception:  # a page that is ready by its own report may still lose the first run without an error
                self.page.wait_for_timeout(500)
        raise AssertionError(f"cell {number} does not run: {prompt.inner_text()}")

    def run(self, number: int, timeout: float = 60_000) -> Any:
        """Run a cell to its end, and return its output."""
        self.start(number)
        prompt = self.cell(number).locator(".jp-InputPrompt")
        prompt.get_by_text(re.compile(r"\[\d+\]")).wait_for(timeout=timeout)
        return self.output(number)

    def theme(self, name: str) -> None:
        """``JupyterLab Dark`` or ``JupyterLab Light``."""
        self.command("apputils:change-theme", {"theme": name})
        light = str("Light" in name).lower()
        self.page.locator(f"body[data-jp-theme-light={light}]").wait_for(state="attached")
        self.page.wait_for_timeout(500)  # the style sheets of the theme come after its name


def chromium() -> str | None:
    """The path of Debian's Chromium, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")
