"""Waiting for a job whose work is about no instance, like the deletion of a backup."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import gaussnb as gn
from gaussnb.client.poller import Poller
from gaussnb.client.wait import wait_for
from gaussnb.core.frames import frame_from
from gaussnb.core.operation import Operation
from gaussnb.nosql.operations.backups import BackupJob
from gaussnb.nosql.operations.jobs import Job, ListJobs
from gaussnb.nosql.service import SERVICE
from gaussnb.sandbox import Clock

JOB = "11111111-1111-1111-1111-111111111111"
States = list[tuple[str, str] | Exception | None]


class Cloud:
    """Shows a job in each state in turn, and then in the last state."""

    def __init__(self, *states: tuple[str, str] | Exception | None) -> None:
        self.states: States = list(states)
        self.clock = Clock("2026-02-03T04:05:06", 1e9)
        self.asked: list[tuple[str, ...]] = []

    def ask(self, operation: Operation) -> pd.DataFrame:
        assert isinstance(operation, ListJobs), "no instance is looked at"
        self.asked.append((operation.id or "",))
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        if state is None:
            return frame_from(Job, [])
        status, reason = state
        return frame_from(Job, [{"id": JOB, "name": "DeleteBackup", "status": status, "fail_reason": reason}])

    def wait(self, target: Any = None, **more: Any) -> pd.DataFrame:
        return wait_for(SERVICE, self.ask, self.clock, receipt() if target is None else target, **more)

    def watch(self) -> Any:
        poller = Poller(SERVICE, self.ask, self.clock, 0)
        return poller.watch(receipt(), until=None, interval=5)


def receipt() -> pd.DataFrame:
    """The frame that ``gdb.backups.delete`` returns."""
    return frame_from(BackupJob, [{"backup_id": "0f1e", "job_id": JOB}], operation="DeleteBackup")


def test_the_wait_ends_with_the_job() -> None:
    cloud = Cloud(None, ("Running", ""), ("Running", ""), ("Completed", ""))
    history = cloud.wait()
    assert history["status"].tolist() == ["Running", "Completed"]
    assert history["note"].tolist() == ["", "done"]
    assert set(history["id"]) == {JOB} and set(history["name"]) == {"DeleteBackup"}
    assert cloud.asked == [(JOB,)] * 4


def test_the_id_of_a_job_can_be_waited_for() -> None:
    assert Cloud(("Completed", "")).wait(JOB, until="done")["note"].tolist() == ["done"]


def test_the_wait_fails_with_the_job() -> None:
    with pytest.raises(gn.WaitFailed, match="the backup is in use") as failed:
        Cloud(("Running", ""), ("Failed", "the backup is in use")).wait()
    assert failed.value.history["note"].tolist() == ["", "failed: the backup is in use"]


def test_a_job_that_is_never_listed() -> None:
    with pytest.raises(gn.WaitFailed, match="it is not there"):
        Cloud(None).wait()


def test_an_unknown_state_is_still_going() -> None:
    history = Cloud(("Pausing", ""), ("Completed", "")).wait()
    assert "does not know" in history["note"].iloc[0]


def test_an_outage_is_tolerated_and_the_time_out_holds() -> None:
    cloud = Cloud(gn.Unreachable("no route"), ("Running", ""))
    with pytest.raises(gn.WaitTimeout, match=f"gdb.wait\\('{JOB}', until='done'\\)"):
        cloud.wait(timeout=60)


@pytest.mark.parametrize(("end", "word"), [(("Completed", ""), "done"), (("Failed", "in use"), "failed")])
def test_a_job_can_be_watched(end: tuple[str, str], word: str) -> None:
    watch = Cloud(("Running", ""), end).watch()
    assert list(watch.frame.columns) == list(frame_from(Job, []).columns)
    assert watch.join(10)
    assert word in str(watch) and "DeleteBackup" in str(watch)
    assert watch.frame["status"].item() == end[0]
    assert watch.failed == ({JOB: "in use"} if word == "failed" else {})
