"""``gaussnb lab``: JupyterLab on the shipped notebooks."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gaussnb import cli

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def fake(tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """A fake JupyterLab that prints its command line."""
    folder = tmp_path / "fake"
    folder.mkdir()
    (folder / "jupyterlab.py").write_text("import json, sys\nprint(json.dumps(sys.argv[1:]))\nsys.exit(3)\n")
    return {"PYTHONPATH": f"{folder}:{environment['PYTHONPATH']}"}


def test_the_command_line_of_jupyterlab(run: Run, fake: dict[str, str]) -> None:
    done = run("lab", "--no-browser", "--port", "8999", env=fake)
    assert (done.returncode, done.stderr) == (3, "")  # JupyterLab's own code
    message, command = done.stdout.splitlines()
    folder = ROOT / "notebooks"
    start = str(folder / "01-quickstart.ipynb")
    assert json.loads(command) == [f"--ServerApp.root_dir={folder}", "--no-browser", "--port", "8999", start]
    assert message.startswith("The notebooks are in ") and Path(start).is_file()


def test_without_jupyterlab(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "jupyterlab" else find(name))
    assert cli.main(["lab"]) == 1
    assert 'pip install "gaussnb[lab]"' in capsys.readouterr().err


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package with the notebooks inside; the current directory is empty."""
    package, here = tmp_path / "site-packages" / "gaussnb", tmp_path / "here"
    (package / "notebooks").mkdir(parents=True)
    (package / "notebooks" / "01-quickstart.ipynb").write_text("{}")
    (tmp_path / "site-packages" / "notebooks").mkdir()  # another package's
    here.mkdir()
    monkeypatch.chdir(here)
    yield package


def test_installed_notebooks_are_copied_once(installed: Path) -> None:
    copy = cli._notebooks(installed)
    assert copy == Path.cwd() / "gaussnb-notebooks"
    (copy / "01-quickstart.ipynb").write_text("mine")
    assert cli._notebooks(installed) == copy
    assert (copy / "01-quickstart.ipynb").read_text() == "mine"


def test_a_directory_without_write_access(
    installed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", "gaussnb-notebooks")

    monkeypatch.setattr("shutil.copytree", refuse)
    monkeypatch.setattr(cli, "__file__", str(installed / "cli.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    assert cli.main(["lab"]) == 1
    assert "cannot be copied here" in capsys.readouterr().err


SLOW = """
import signal, sys, time
def asked(*_):
    time.sleep(1)  # shutting kernels down takes a while
    print("ended kindly", flush=True)
    sys.exit(0)
signal.signal(signal.SIGINT, asked)
print("started", flush=True)
time.sleep(30)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups")
def test_ctrl_c_waits_for_jupyterlab(start: Callable[..., Any], fake: dict[str, str], tmp_path: Path) -> None:
    import os
    import signal

    (tmp_path / "fake" / "jupyterlab.py").write_text(SLOW)
    process = start("lab", env=fake, start_new_session=True)
    while "started" not in process.stdout.readline():
        pass
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends the signal to both processes
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "ended kindly\n", "")
