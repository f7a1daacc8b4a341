"""Run the command line in a process of its own, with an empty home directory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables without credentials, with an empty home."""
    ours = ("HW_", "OS_", "HUAWEICLOUD_", "GAUSSNB_", "XDG_", "BINDER_")
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(ours)}
    home = tmp_path / "home"
    home.mkdir()
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), "NO_PROXY": "*", "PYTHONUTF8": "1"}


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts ``gaussnb WORDS``; processes that still run after the test are killed."""
    running: list[subprocess.Popen[str]] = []

    def begin(*words: str, python: tuple[str, ...] = ("-m", "gaussnb"), **more: Any) -> subprocess.Popen[str]:
        env = {**environment, **more.pop("env", {})}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        process = subprocess.Popen(
            [sys.executable, *python, *words], env=env, cwd=tmp_path, text=True, encoding="utf-8", **pipes
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def run(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``gaussnb WORDS`` to its end."""

    def end(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        process = start(*words, **more)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    return end


class Running:
    """A sandbox process and its output."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.text = ""
        assert process.stdout is not None
        while "OS_USER_DOMAIN_NAME" not in self.text:
            line = process.stdout.readline()
            if not line:
                raise AssertionError(f"the sandbox ended: {self.text} {process.communicate()[1]}")
            self.text += line

    def __getitem__(self, name: str) -> str:
        found = re.search(rf"^  {name}  +(\S+)$", self.text, re.MULTILINE)
        assert found, name
        return found[1]

    @property
    def exports(self) -> dict[str, str]:
        """The environment variables that the sandbox prints."""
        lines = (line.removeprefix("  export ") for line in self.text.splitlines() if line.startswith("  export "))
        pairs = (word.partition("=") for line in lines for word in line.split(" "))
        return {name: value.strip("'") for name, _, value in pairs}


@pytest.fixture
def sandbox(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., Running]:
    """Starts ``gaussnb sandbox --port 0 WORDS`` and waits until its addresses are printed."""
    return lambda *words: Running(start("sandbox", "--port", "0", *words))
