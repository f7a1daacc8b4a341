"""Usage errors, help, version and broken pipes of the command line."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


SCRIPT = "import sys; from gaussnb.cli import main; sys.exit(main())"  # as pip installs it


@pytest.mark.parametrize("python", [("-m", "gaussnb"), ("-c", SCRIPT)])
@pytest.mark.parametrize("words", [("provision",), (), ("doctor", "sandbox", "--loud"), ("sandbox", "8080")])
def test_unknown_commands_and_options(run: Run, python: tuple[str, ...], words: tuple[str, ...]) -> None:
    done = run(*words, python=python)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: gaussnb")


def test_help_names_every_command(run: Run) -> None:
    done = run("--help")
    assert done.returncode == 0
    assert re.findall(r"^    (\w+)\s+\w", done.stdout, re.MULTILINE) == ["quickstart", "lab", "sandbox", "doctor"]


def test_the_version(run: Run) -> None:
    try:
        version = importlib.metadata.version("gaussnb")
    except importlib.metadata.PackageNotFoundError:
        version = "not installed"
    assert run("--version").stdout == f"gaussnb {version}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no such pipes")
@pytest.mark.parametrize("words", [("doctor", "sandbox"), ("quickstart", "--speed", "3600")])
def test_a_reader_that_leaves_early(start: Callable[..., Any], words: tuple[str, ...]) -> None:
    process = start(*words)
    head = subprocess.run(["head", "-1"], stdin=process.stdout, stdout=subprocess.PIPE, text=True, check=True)
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert (head.stdout.count("\n"), err) == (1, "")
    assert process.returncode in (0, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="no such pipes")
def test_a_pipe_without_a_reader(start: Callable[..., Any]) -> None:
    import os

    read, write = os.pipe()
    os.close(read)
    process = start("doctor", "sandbox", stdout=write)
    os.close(write)
    assert (process.communicate(timeout=60)[1], process.returncode) == ("", 1)
