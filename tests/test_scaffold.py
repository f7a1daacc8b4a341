"""``python -m tests.scaffold``: the skeleton of an operation passes the laws, in a copy of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and its tests."""
    skip = shutil.ignore_patterns("__pycache__", "kernels", "screenshots")
    for folder in ("gaussnb", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(copy: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


SKELETONS = {
    "RestartThing": [
        "POST",
        "/v3/{project_id}/instances/{instance_id}/things/{thing_id}",
        "instances",
        "restart_thing",
    ],
    "ListThings": ["GET", "/v3/{project_id}/things", "flavors", "list_things"],
}
"""Method, path, chapter and call of two new operations: a change and a list."""


def test_skeletons_pass_the_laws(copy: Path) -> None:
    written: list[str] = []
    for name, (method, path, chapter, call) in SKELETONS.items():
        where = ["--method", method, "--path", path, "--chapter", chapter, "--call", call]
        written += run(copy, "tests.scaffold", name, *where).split()
    assert len(written) == 8 and all((copy / file).exists() for file in written)
    run(copy, "ruff", "check", "--no-cache", *written)
    run(copy, "ruff", "format", "--no-cache", "--check", *written)
    tests = [file for file in written if "test_sandbox" in file]
    chosen = " or ".join([*SKELETONS, "restart_thing", "list_things"])
    shown = run(copy, "pytest", "-n", "0", "-q", "tests/laws", *tests, "-k", chosen)
    assert " passed" in shown


def test_an_operation_is_not_written_twice(copy: Path) -> None:
    where = ["--method", "POST", "--path", "/v3/{project_id}/x", "--chapter", "instances", "--call", "restart"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.scaffold", "RestartInstance", *where], cwd=copy, capture_output=True, text=True
    )
    assert done.returncode == 1 and "is there already" in done.stderr
