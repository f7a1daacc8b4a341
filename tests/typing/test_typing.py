"""The typed face: exact names, positions and types for mypy and pyright, without a stub file."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

api = pytest.importorskip("mypy.api")

HERE = Path(__file__).parent
FACE = HERE / "face.py"


def checked(tmp_path: Path, *what: str) -> str:
    """The errors of mypy, one a line."""
    text, errors, _ = api.run(
        ["--strict", "--cache-dir", str(tmp_path), "--show-error-codes", "--no-error-summary", "--no-pretty", *what]
    )
    assert not errors, errors
    return str(text)


def refused_by_pyright(*what: str) -> list[tuple[str, int]]:
    """File and line of each error of pyright."""
    pytest.importorskip("pyright")
    if shutil.which("node") is None:
        pytest.skip("pyright needs node")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, *what]
    ran = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=HERE.parents[1],
        env={**os.environ, "PYRIGHT_PYTHON_GLOBAL_NODE": "1"},
    )
    found = json.loads(ran.stdout)["generalDiagnostics"]
    return [(Path(line["file"]).name, line["range"]["start"]["line"] + 1) for line in found]


def lines_to_refuse() -> dict[int, str]:
    """The code after each line of the face that must be refused, by the number of the line."""
    text = FACE.read_text(encoding="utf-8").split("def program", 1)
    before, lines = text[0].count("\n"), text[1].splitlines()
    return {before + at: line.partition("# error: ")[2] for at, line in enumerate(lines, 1) if "# error: " in line}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def test_mypy_reads_a_users_program(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYPYPATH", str(HERE.parents[1]))
    shown = checked(cache, "--follow-imports=silent", str(FACE))
    found = {int(line): code for line, code in re.findall(r"face\.py:(\d+): error: .*\[([\w-]+)\]$", shown, re.M)}
    assert found == lines_to_refuse(), shown


def test_pyright_reads_a_users_program() -> None:
    assert {line for _, line in refused_by_pyright(str(FACE))} == set(lines_to_refuse())


def test_mypy_reads_the_package(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE.parents[1])
    assert checked(cache, "-p", "gaussnb") == ""


def test_pyright_reads_the_core() -> None:
    assert refused_by_pyright("gaussnb/core", "gaussnb/doors.py") == []
