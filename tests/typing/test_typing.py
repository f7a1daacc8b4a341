"""The face as type checkers see it: exact names, positions and types, and no stub file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

api = pytest.importorskip("mypy.api")

HERE = Path(__file__).parent


def checked(tmp_path: Path, *what: str) -> str:
    text, errors, _ = api.run(
        ["--strict", "--cache-dir", str(tmp_path), "--show-error-codes", "--no-error-summary", "--no-pretty", *what]
    )
    assert not errors, errors
    return str(text)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def test_a_users_program(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYPYPATH", str(HERE.parents[1]))
    face = HERE / "face.py"
    shown = checked(cache, "--follow-imports=silent", str(face))
    found = {(int(line), code) for line, code in re.findall(r"face\.py:(\d+): error: .*\[([\w-]+)\]$", shown, re.M)}
    lines = face.read_text(encoding="utf-8").splitlines()
    wanted = {
        (at, line.partition("# error: ")[2]) for at, line in enumerate(lines, 1) if "# error: " in line and at > 1
    }
    assert found == wanted, shown


def test_the_package_itself(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE.parents[1])
    assert checked(cache, "-p", "gaussnb") == ""
