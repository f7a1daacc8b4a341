"""Laws of the whole sandbox: determinism, and answers that outside documents accept."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from gaussnb.core.refusals import NOT_SIMULATED
from gaussnb.nosql.error_codes import CODES
from gaussnb.nosql.service import OPERATIONS
from gaussnb.sandbox import simulated
from gaussnb.sandbox.behaviours import BEHAVIOURS
from gaussnb.sandbox.engine.iam import IAM
from gaussnb.sandbox.lifecycle import WORKS

Cloud = Any


def play(cloud: Cloud, redis: dict[str, Any]) -> list[tuple[int, dict[str, str], bytes]]:
    """A scene with many kinds of requests."""
    seen = []

    def note(answer: Any) -> Any:
        seen.append((answer.status_code, dict(answer.headers), answer.content))
        return answer

    note(cloud.login())
    one = note(cloud.create()).json()["id"]
    note(cloud.create(**redis))
    note(cloud.create(name="x"))
    for _ in range(20):
        note(cloud("GET", "v3/instances"))
    note(cloud("PUT", f"v3/instances/{one}/name", {"name": "renamed"}))
    note(cloud("DELETE", f"v3/instances/{one}"))
    cloud.sandbox.advance(600)
    note(cloud("GET", "v3/jobs"))
    note(cloud("GET", "v3.1/flavors"))
    note(cloud.raw("GET", "/"))
    return seen


def test_the_same_seed_and_start_give_the_same_bytes(build: Any, caller: Any, redis: dict[str, Any]) -> None:
    first, second, other = (play(caller(build(seed=seed)), redis) for seed in (5, 5, 6))
    assert first == second != other


def test_every_behaviour_is_in_the_module_of_its_chapter() -> None:
    BEHAVIOURS.load()
    for known in (BEHAVIOURS, IAM):
        for operation, behaviour in known.functions.items():
            assert behaviour.__module__.rpartition(".")[2] == operation.__module__.rpartition(".")[2], operation
            assert known.find(operation) is behaviour


def test_only_the_chapters_of_requests_are_imported() -> None:
    code = """
import sys
from gaussnb import Sandbox
with Sandbox() as sandbox:
    gdb = sandbox.connect()
    gdb.instances.list()
    chapters = ("instances", "disaster_recovery")
    print(*(f"gaussnb.nosql.operations.{chapter}" in sys.modules for chapter in chapters))
    gdb.disaster_recovery.get_role("none")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["True", "False"], done.stderr
    assert "DBS.200002" in done.stderr  # found, and read, when it was asked for


def test_every_behaviour_has_a_declaration() -> None:
    acted = {*BEHAVIOURS.functions, *IAM.functions}
    assert acted <= set(OPERATIONS.values())
    assert set(simulated()) == acted
    assert set(simulated().values()) <= {"state", "data", "fixed"}
    fixed = [one for one, depth in simulated().items() if depth == "fixed"]
    assert len(fixed) <= 5, "a fixed answer is rare"


def test_every_known_operation_without_a_behaviour_says_so(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(BEHAVIOURS.functions, OPERATIONS["ShowQuotas"])
    answer = cloud("GET", "v3/quotas")
    assert answer.status_code == 501
    assert answer.json() == {"error_code": NOT_SIMULATED, "error_msg": CODES[NOT_SIMULATED].text}


def test_an_error_in_a_behaviour_is_a_server_error(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.login()
    monkeypatch.setitem(BEHAVIOURS.functions, OPERATIONS["ShowQuotas"], lambda op, context: 1 / 0)
    answer = cloud("GET", "v3/quotas")
    assert (answer.status_code, answer.json()["error_code"]) == (500, "DBS.280005")


def test_an_error_at_the_end_of_a_job_lets_the_job_fail(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    one = cloud.create().json()["id"]
    cloud.sandbox.advance(3600)
    resize = {"resize": {"target_spec_code": "geminidb.cassandra.2xlarge.4"}}
    assert cloud("PUT", f"v3/instances/{one}/resize", resize).ok
    monkeypatch.setitem(WORKS, "ResizeInstance", replace(WORKS["ResizeInstance"], apply=lambda end: 1 / 0))
    cloud.sandbox.advance(3600)
    job = cloud("GET", "v3/jobs").json()["jobs"][0]
    assert (job["name"], job["status"]) == ("ResizeInstance", "Failed") and "mistake" in job["fail_reason"]
    shown = cloud("GET", "v3/instances").json()["instances"][0]
    assert (shown["status"], shown["actions"]) == ("normal", [])
    assert cloud("POST", f"v3/instances/{one}/restart", {}).ok


def test_works_are_registered_by_their_job() -> None:
    BEHAVIOURS.load()
    assert all(name == work.job for name, work in WORKS.items())


def test_importing_it_loads_nothing_heavy() -> None:
    text = "import sys, gaussnb.sandbox; print(*{'pandas', 'ipywidgets', 'http.server'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ""
