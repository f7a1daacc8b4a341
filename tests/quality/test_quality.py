"""The tools of the ``test`` extra find nothing: lint, format, types and layers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from scaffold import Skeleton

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sysconfig.get_path("scripts"))
FACE = "tests/typing/face.py"
"""A user's program: every line with the comment ``# error: CODE`` must be refused, every other accepted."""


def run(*command: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment in the root of the project, or of a copy of it."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(root),
        "MYPYPATH": "",
        "NO_COLOR": "1",
        "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
    }
    return subprocess.run(
        [str(SCRIPTS / command[0]), *command[1:]],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def refused_lines() -> dict[int, str]:
    """Return the lines of the user's program that a type checker must refuse, with the code of mypy."""
    lines = (ROOT / FACE).read_text("utf-8").splitlines()
    marks = ((number, re.search(r"# error: ([a-z-]+)$", line)) for number, line in enumerate(lines, 1))
    return {number: mark[1] for number, mark in marks if mark}


@pytest.mark.parametrize("command", ["ruff check --no-cache", "ruff format --no-cache --check"])
def test_ruff_finds_nothing(command: str) -> None:
    done = run(*command.split(), "gaussnb", "tests")
    assert done.returncode == 0, done.stdout + done.stderr


def test_import_linter_finds_every_module_in_its_layer() -> None:
    done = run("lint-imports", "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


CHAPTERS = sorted(
    path.stem
    for path in (ROOT / "gaussnb/nosql/operations").glob("*.py")
    if (ROOT / "gaussnb/sandbox/behaviours" / path.name).exists() and path.stem != "__init__"
)


def test_mypy_accepts_the_package_and_a_skeleton_in_every_chapter_and_refuses_the_marked_lines(tmp_path: Path) -> None:
    """One run for all of it, in a copy of the project: reading the package takes most of the time."""
    skip = shutil.ignore_patterns("__pycache__", "kernels", "screenshots")
    for folder in ("gaussnb", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    written: list[Path] = []
    for number, chapter in enumerate(CHAPTERS):
        name, call = f"ShowSkeleton{number}", f"show_skeleton_{number}"
        method = ("GET", "POST", "PUT", "DELETE")[number % 4]
        path = ("/v3/{project_id}/skeletons", "/v3/{project_id}/instances/{instance_id}/skeletons/{node_id}")[
            number % 2
        ]
        written += Skeleton(name, method, f"{path}/{number}", chapter, call, root=tmp_path).write()
    assert len(written) == 4 * len(CHAPTERS)
    options = ["--strict", "--show-error-codes", "--no-pretty", "--no-error-summary"]
    # The folder, not ``-p gaussnb``: mypy takes either packages or files.
    done = run("mypy", *options, "--cache-dir", str(tmp_path / "cache"), "gaussnb", FACE, root=tmp_path)
    assert not done.stderr, done.stderr
    in_face = rf"^{re.escape(FACE)}:(\d+): error: .*\[([\w-]+)\]$"
    assert dict(re.findall(in_face, done.stdout, re.MULTILINE)) == {
        str(number): code for number, code in refused_lines().items()
    }, done.stdout
    others = [line for line in done.stdout.splitlines() if not line.startswith(FACE)]
    assert not others, "\n".join(others)


def test_pyright_accepts_the_package_and_refuses_the_marked_lines() -> None:
    done = run("pyright", "--outputjson", "--pythonpath", sys.executable, "gaussnb", FACE)
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    found = [one for one in json.loads(done.stdout)["generalDiagnostics"] if one["severity"] == "error"]
    texts = {f"{Path(one['file']).name}:{one['range']['start']['line'] + 1}: {one['message']}" for one in found}
    in_face = {one["range"]["start"]["line"] + 1 for one in found if Path(one["file"]) == ROOT / FACE}
    assert in_face == set(refused_lines()), "\n".join(sorted(texts))
    others = [one for one in found if Path(one["file"]) != ROOT / FACE]
    assert not others, "\n".join(sorted(texts))
