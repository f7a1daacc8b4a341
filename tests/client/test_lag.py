"""Listings that lag: an absence, an older status and an older job are believed only when they are seen again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest

import gaussnb as gn
from gaussnb import Client, Patience
from gaussnb.client.evidence import Evidence
from gaussnb.client.pace import SLOWEST
from gaussnb.client.poller import Poller
from gaussnb.client.progress import UNSEEN
from gaussnb.client.wait import wait_for
from gaussnb.client.watch import Watch
from gaussnb.core.frames import frame_from
from gaussnb.core.operation import Operation
from gaussnb.nosql.operations.backups import BackupJob
from gaussnb.nosql.operations.instances import Instance
from gaussnb.nosql.operations.jobs import Job, ListJobs
from gaussnb.nosql.service import SERVICE
from gaussnb.sandbox import Clock, Sandbox

ID = "a" * 32 + "in06"
JOB = "11111111-1111-1111-1111-111111111111"
LAG, ABSENCES = Patience().lag, Patience().absences

State = str | None | Exception
Follow = Callable[..., "pd.DataFrame | Watch"]


class Replicas:
    """Shows an instance, and a job, in each state in turn, and then in the last state. None is an empty listing."""

    def __init__(self, *states: State, jobs: Sequence[State] = (None,), patience: Patience | None = None) -> None:
        self.states, self.jobs, self.patience = list(states), list(jobs), patience
        self.clock = Clock("2026-02-03T04:05:06", 1e9)
        self.looks: list[tuple[float, State]] = []

    def ask(self, operation: Operation) -> pd.DataFrame:
        of_jobs = isinstance(operation, ListJobs)
        states = self.jobs if of_jobs else self.states
        state = states.pop(0) if len(states) > 1 else states[0]
        if not of_jobs or not self.states:
            self.looks.append((self.clock.monotonic(), state))
        if isinstance(state, Exception):
            raise state
        if of_jobs:
            known = [] if state is None else [{"id": JOB, "name": "work", "status": state, "fail_reason": "no room"}]
            return frame_from(Job, known)
        if state is None:
            return frame_from(Instance, [])
        status, _, actions = state.partition("+")
        return frame_from(Instance, [{"id": ID, "name": "one", "status": status, "actions": actions}])

    def wait(self, targets: Any = ID, **more: Any) -> pd.DataFrame:
        return wait_for(SERVICE, self.ask, self.clock, targets, seed=0, patience=self.patience, **more)

    def watch(self, targets: Any = ID, until: str | None = None) -> Watch:
        watch = Poller(SERVICE, self.ask, self.clock, 0, self.patience).watch(targets, until=until, interval=5)
        assert watch.join(10) and watch.error is None
        return watch

    @property
    def misses(self) -> list[float]:
        """The times of the empty listings at the end."""
        return [time for time, _ in itertools.takewhile(lambda look: look[1] is None, reversed(self.looks))][::-1]


def receipt(operation: str) -> pd.DataFrame:
    frame = pd.DataFrame({"id": [ID], "job_id": [JOB]}, dtype="string")
    frame.attrs["operation"] = operation
    return frame


def shows_absence(times: Sequence[float], patience: Patience) -> bool:
    return len(times) >= patience.absences and times[-1] - times[0] >= patience.lag


# ------------------------------------------------------------------------------------- things


@pytest.mark.parametrize("shown", list(itertools.product(["creating+CREATE", None], repeat=4)))
def test_no_order_of_empty_listings_loses_an_instance(shown: tuple[State, ...]) -> None:
    states = ["creating+CREATE", *shown, "creating+CREATE", *shown, "normal"]
    cloud = Replicas(*states, patience=Patience(absences=5))
    assert cloud.wait()["status"].tolist() == ["creating", "normal"]


@pytest.mark.parametrize("patience", [Patience(), Patience(lag=100, absences=2), Patience(lag=0, absences=7)])
@pytest.mark.parametrize("until", ["ready", "gone"])
def test_an_absence_is_believed_when_it_was_seen_often_and_long_enough(until: str, patience: Patience) -> None:
    cloud = Replicas("normal+REBOOT", None, "normal+REBOOT", None, patience=patience)
    if until == "ready":
        with pytest.raises(gn.WaitFailed, match="it is not there"):
            cloud.wait()
    else:
        assert cloud.wait(until="gone")["status"].tolist() == ["normal", "gone"]
    assert shows_absence(cloud.misses, patience) and not shows_absence(cloud.misses[:-1], patience)


def test_an_absence_is_looked_at_soon_again_however_slow_the_pace_has_become() -> None:
    cloud = Replicas(*["normal+DELETE"] * 30, None)
    cloud.wait(until="gone")
    assert cloud.looks[29][0] - cloud.looks[28][0] > 0.9 * SLOWEST
    assert cloud.misses[-1] - cloud.misses[0] < 2 * LAG


def test_a_wait_for_gone_does_not_believe_the_first_empty_listing() -> None:
    cloud = Replicas(None, "normal+DELETE", None, None, "normal+DELETE", None)
    cloud.wait(until="gone")
    assert cloud.looks[5][1] is None and shows_absence(cloud.misses, Patience())


def test_the_completed_job_of_a_deletion_is_a_witness() -> None:
    cloud = Replicas("normal+DELETE", None, jobs=["Completed"])
    history = cloud.wait(receipt("DeleteInstance"))
    assert len(cloud.looks) == 2 and history["note"].tolist() == ["", "no longer listed"]


def test_a_completed_deletion_of_a_listed_instance_is_waited_for() -> None:
    cloud = Replicas("normal", "normal", None, jobs=["Running", "Completed"])
    assert cloud.wait(receipt("DeleteInstance"))["status"].tolist() == ["normal", "gone"]
    assert len(cloud.looks) == 3


def test_a_missing_instance_whose_deletion_runs_is_waited_for() -> None:
    cloud = Replicas(None, jobs=["Running"] * 20 + ["Completed"])
    cloud.wait(receipt("DeleteInstance"))
    assert len(cloud.looks) == 21


def test_a_completed_creation_is_no_witness_of_an_absence() -> None:
    cloud = Replicas("creating+CREATE", None, "normal", jobs=["Completed"])
    assert cloud.wait(receipt("CreateInstance"))["status"].tolist() == ["creating", "normal"]
    with pytest.raises(gn.WaitFailed, match="it is not there"):
        Replicas("creating+CREATE", None, jobs=["Completed"]).wait(receipt("CreateInstance"))


def test_an_instance_that_is_not_listed_yet_has_more_time() -> None:
    cloud = Replicas(None, jobs=["Completed"])
    with pytest.raises(gn.WaitFailed, match="it is not there"):
        cloud.wait(receipt("CreateInstance"))
    assert cloud.misses[-1] - cloud.misses[0] >= UNSEEN > LAG


def test_a_failed_creation_gives_its_reason_though_the_instance_was_never_listed() -> None:
    with pytest.raises(gn.WaitFailed, match="no room"):
        Replicas(None, jobs=["Running", "Failed"]).wait(receipt("CreateInstance"))


def test_a_look_that_failed_neither_confirms_nor_refutes() -> None:
    outage = gn.Unreachable("no route")
    cloud = Replicas("normal+DELETE", None, *[outage] * 9, None, outage, None)
    cloud.wait(until="gone")
    assert [state for _, state in cloud.looks].count(None) == ABSENCES


# ------------------------------------------------------------------------------------- older states


def test_a_failed_status_after_a_completed_job_may_be_old() -> None:
    cloud = Replicas("abnormal", "abnormal", "normal", jobs=["Completed"])
    assert cloud.wait(receipt("RestartInstance"))["note"].tolist() == ["failed", "ready"]
    cloud = Replicas("abnormal", jobs=["Completed"])
    with pytest.raises(gn.WaitFailed, match="its status is abnormal"):
        cloud.wait(receipt("RestartInstance"))
    assert shows_absence([time for time, _ in cloud.looks], Patience())


def test_a_job_that_is_not_listed_yet_does_not_end_the_wait() -> None:
    cloud = Replicas("normal", "normal", "normal+REBOOT", "normal", jobs=[None, None, "Completed"])
    assert cloud.wait(receipt("RestartInstance"))["actions"].tolist() == ["", "REBOOT", ""]


def test_the_last_frame_of_a_watch_may_be_older_than_its_end() -> None:
    other = "b" * 32 + "in06"
    states = iter([["creating", "creating"], ["normal", "creating"], ["creating", "creating"], ["creating", "normal"]])

    def ask(operation: Operation) -> pd.DataFrame:
        if isinstance(operation, ListJobs):
            return frame_from(Job, [])
        rows = [{"id": id, "name": id[0], "status": status} for id, status in zip((ID, other), next(states))]
        return frame_from(Instance, rows)

    watch = Poller(SERVICE, ask, Clock("2026-02-03T04:05:06", 1e9), 0).watch([ID, other], until=None, interval=5)
    assert watch.join(10) and not watch.failed and watch.error is None
    assert watch.history["status"].tolist() == ["creating", "creating", "normal", "normal"]


# ------------------------------------------------------------------------------------- jobs, watches, clients

BACKUP = frame_from(BackupJob, [{"backup_id": "0f1e", "job_id": JOB}], operation="DeleteBackup")


@pytest.mark.parametrize("follow", [Replicas.wait, Replicas.watch])
def test_a_job_that_a_listing_lacks_is_waited_for(follow: Callable[..., Any]) -> None:
    cloud = Replicas(jobs=["Running"] * 15 + [None, "Running", None, None, "Running", "Completed"])
    ended = follow(cloud, BACKUP)
    history = ended if isinstance(ended, pd.DataFrame) else ended.history
    assert history["note"].tolist() == ["", "done"]


def test_a_job_that_vanishes_has_failed() -> None:
    cloud = Replicas(jobs=["Running"] * 15 + [None])
    with pytest.raises(gn.WaitFailed, match="it is not there"):
        cloud.wait(BACKUP)
    assert shows_absence(cloud.misses, Patience())
    cloud = Replicas(jobs=[None])
    with pytest.raises(gn.WaitFailed, match="it is not there"):
        cloud.wait(BACKUP)
    assert cloud.misses[-1] - cloud.misses[0] >= UNSEEN


def test_a_watch_judges_absences_in_the_same_way() -> None:
    patience = Patience(absences=4, lag=40)
    cloud = Replicas("creating+CREATE", None, "creating+CREATE", None, None, "normal", patience=patience)
    assert cloud.watch().history["status"].tolist() == ["creating", "normal"]
    cloud = Replicas("normal+DELETE", None, "normal+DELETE", None, patience=patience)
    assert cloud.watch(until="gone").history["status"].tolist() == ["normal", "gone"]
    assert shows_absence(cloud.misses, patience)
    cloud = Replicas("normal+REBOOT", None, patience=patience)
    assert cloud.watch().failed == {ID: "it is not there"}


def test_a_client_hands_its_patience_down(sandbox: Sandbox, fill: Any) -> None:
    (id,) = fill(sandbox, 1)
    nothing = json.dumps({"instances": [], "total_count": 0})
    patience = Patience(lag=100, absences=5)
    with sandbox.connect(patience=patience) as gdb:
        sandbox.inject("ListInstances", body=nothing, times=4)
        assert gdb.wait(id)["note"].tolist() == ["ready"]
        before = len(sandbox.requests)
        sandbox.inject("ListInstances", body=nothing, times=None)
        history = gdb.wait(id, until="gone")
        assert history["note"].tolist() == ["not found"] and history["elapsed"].item() >= 100
        assert len(sandbox.requests) - before >= 5


def test_one_empty_listing_of_a_sandbox_ends_neither_wait(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    created = gdb.instances.create(spec())
    nothing = json.dumps({"instances": [], "total_count": 0})
    sandbox.inject("ListInstances", body=nothing, after=1)
    assert gdb.wait(created["id"].item())["status"].tolist() == ["creating", "normal"]
    gdb.instances.delete(created["id"].item())
    sandbox.inject("ListInstances", body=nothing)
    gdb.wait(created["id"].item(), until="gone")
    assert gdb.instances.list().empty


# ------------------------------------------------------------------------------------- the evidence itself


def test_another_sign_begins_anew() -> None:
    evidence = Evidence(Patience(lag=10, absences=2))
    assert not evidence.confirms("id", "missing", 0)
    assert not evidence.confirms("id", "failed", 20)
    assert not evidence.confirms("id", "missing", 40)
    assert evidence.confirms("id", "missing", 60)
    assert not evidence.confirms("other", "missing", 60)


def test_open_signs_say_when_to_look_again() -> None:
    evidence = Evidence(Patience(lag=10, absences=3))
    assert evidence.pause == float("inf")
    evidence.confirms("id", "missing", 0, at_least=60)
    assert evidence.pause == 30
    evidence.confirms("other", "missing", 0)
    assert evidence.pause == 5
    evidence.refute("other")
    assert evidence.pause == 30
    alone = Evidence(Patience(lag=10, absences=1))
    alone.confirms("id", "missing", 0)
    assert alone.pause == 10
