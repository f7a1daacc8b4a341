"""A client in forked, spawned and other workers: each gets its own answers, and nothing of the parent is harmed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gaussnb as gn

pytest.importorskip("joblib")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")

SCRIPT = Path(__file__).with_name("workers.py")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The facts that the script found out. No state of the user who runs the tests is read or written."""
    folder = tmp_path_factory.mktemp("workers")
    foreign = ("HUAWEICLOUD_", "HW_", "OS_", "GAUSSNB_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
        "GAUSSNB_CACHE_DIR": str(folder / "cache"),
        "GAUSSNB_STATE_DIR": str(folder / "state"),
        "JOBLIB_TEMP_FOLDER": str(folder),
        "PYTHONPATH": str(Path(gn.__file__).parents[1]),
        "PYTHONWARNINGS": "ignore",  # later Pythons warn of a fork beside threads
    }
    command = [sys.executable, str(SCRIPT)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def children(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The facts of the forked children. The last one was forked while a thread held every lock."""
    assert [state for _, state in facts["children"]] == [0] * 4
    assert all(isinstance(found, dict) for found, _ in facts["children"]), facts["children"]
    return [found for found, _ in facts["children"]]


def test_each_of_200_calls_in_4_children_gets_its_own_answer(children: list[dict[str, Any]]) -> None:
    assert [child["own answers"] for child in children] == [50] * 4
    assert len({id for child in children for id in child["request ids"]}) == 200


def test_each_creation_has_its_own_thing_and_its_own_entry(children: list[dict[str, Any]]) -> None:
    assert len({child["id"] for child in children}) == 4
    assert len({child["key"] for child in children}) == 4


def test_a_watch_of_a_child_looks(children: list[dict[str, Any]]) -> None:
    assert [child["watch"] for child in children] == [[True, None, ["normal"]]] * 4


def test_a_watch_of_the_parent_has_ended_in_a_child(children: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    for child in children:
        ended, says, rows = child["watch of the parent"]
        assert ended and "goes on in the process that started it" in says and rows <= 1
    assert not facts["the parent goes on"][0]


def test_no_two_processes_have_the_same_jitter(children: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    assert len({facts["jitter"], *(child["jitter"] for child in children)}) == 5


def test_a_child_has_an_embedded_sandbox_of_its_own(children: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    assert len({facts["embedded"], *(child["embedded"] for child in children)}) == 5
    for child in children:
        assert child["the parent's embedded sandbox"] == ["everybody"]  # reached by its port


@pytest.mark.parametrize("use", ["socketless", "advance", "start"])
def test_a_copy_of_a_sandbox_does_nothing(use: str, children: list[dict[str, Any]]) -> None:
    for child in children:
        assert child[use].startswith("Unreachable: This sandbox lives in process ") and "connect(" in child[use]


def test_the_parent_goes_on_after_its_children_ended(facts: dict[str, Any]) -> None:
    everything = ["child-0", "child-1", "child-2", "child-3", "parent"]
    assert facts["the parent goes on"][1:] == [everything, everything, ["everybody"], 0]


def test_a_copy_is_refused(facts: dict[str, Any]) -> None:
    assert len(facts["copies"]) == 18
    for says in facts["copies"].values():
        assert says.startswith("TypeError: a ") and "stays in its process" in says
        assert "call gaussnb.connect()" in says and "in the worker" in says


@pytest.mark.parametrize("kind", ["fork", "spawn", "forkserver", "joblib"])
def test_a_worker_connects_and_is_not_sent_a_client(kind: str, facts: dict[str, Any]) -> None:
    found, says = facts["workers"][kind]
    assert found == ["parent"]
    assert "a client stays in its process" in says
