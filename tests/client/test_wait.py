"""Waiting: its ends, outages, the requests in between, and the calls of callbacks."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

import gaussnb as gn
from gaussnb import Client
from gaussnb.client import progress as progress_module
from gaussnb.client.pace import SLOWEST, Pace
from gaussnb.client.progress import begin
from gaussnb.client.wait import wait_for
from gaussnb.core.clock import Moment, RealClock
from gaussnb.core.frames import frame_from
from gaussnb.core.operation import Operation
from gaussnb.nosql.operations.instances import Instance, ListInstances
from gaussnb.nosql.operations.jobs import Job, ListJobs
from gaussnb.nosql.service import SERVICE
from gaussnb.sandbox import Clock, Sandbox

ID = "a" * 32 + "in06"
OTHER = "b" * 32 + "in06"
JOB = "11111111-1111-1111-1111-111111111111"
START = Moment(0.0, 0.0)
SCHEMA = {
    "time": "datetime64[us, UTC]", "elapsed": "Float64", "id": "string", "name": "string", "status": "category",
    "actions": "string", "note": "string",
}  # fmt: skip

State = str | None | Exception
FAILED = {status.name for status in SERVICE.lifecycle.statuses.values() if status.phase == "failed"}


class Cloud:
    """Shows an instance in each state in turn, and then in the last state, on a separate clock."""

    def __init__(self, *states: State, jobs: tuple[tuple[str, str], ...] = ()) -> None:
        self.states, self.jobs = list(states), list(jobs)
        self.clock = Clock("2026-02-03T04:05:06", 1e9)
        self.looks: list[float] = []
        self.asked: list[tuple[str, ...]] = []

    def ask(self, operation: Operation) -> pd.DataFrame:
        if isinstance(operation, ListJobs):
            return self.list_jobs(operation)
        assert isinstance(operation, ListInstances)
        self.looks.append(self.clock.time())
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        if state is None:
            return frame_from(Instance, [])
        status, _, actions = state.partition("+")
        return frame_from(Instance, [{"id": ID, "name": "one", "status": status or None, "actions": actions}])

    def list_jobs(self, operation: ListJobs) -> pd.DataFrame:
        self.asked.append((operation.id or "",))
        if not self.jobs:
            return frame_from(Job, [])
        status, reason = self.jobs.pop(0) if len(self.jobs) > 1 else self.jobs[0]
        return frame_from(Job, [{"id": JOB, "status": status, "fail_reason": reason}])

    def wait(self, targets: Any = ID, **more: Any) -> pd.DataFrame:
        return wait_for(SERVICE, self.ask, self.clock, targets, seed=0, **more)


def receipt(operation: str = "CreateInstance") -> pd.DataFrame:
    frame = pd.DataFrame({"id": [ID], "job_id": [JOB]}, dtype="string")
    frame.attrs["operation"] = operation
    return frame


# ------------------------------------------------------------------------------------- states


@pytest.mark.parametrize("status", sorted(FAILED))
def test_a_failed_state_ends_the_wait_at_once(status: str) -> None:
    cloud = Cloud("creating+CREATE", status)
    with pytest.raises(gn.WaitFailed, match=rf"one \({ID}\): its status is {status}") as caught:
        cloud.wait()
    assert len(cloud.looks) == 2
    assert caught.value.history is not None and caught.value.history["note"].iloc[-1] == "failed"
    assert caught.value.frame is not None and caught.value.frame["status"].tolist() == [status]


@pytest.mark.parametrize("status", sorted(FAILED - {"createfail"}))
def test_a_failed_instance_with_running_work_may_recover(status: str) -> None:
    history = Cloud(f"{status}+REBOOT", f"{status}+REBOOT", "normal").wait()
    assert history["status"].tolist() == [status, "normal"] and history["note"].tolist() == ["", "ready"]


def test_a_failed_creation_does_not_recover() -> None:
    with pytest.raises(gn.WaitFailed):
        Cloud("createfail+CREATE").wait()


@pytest.mark.parametrize("status", ["BACKUP", "mending", ""])
def test_an_unknown_state_is_noted_and_waited_for(status: str) -> None:
    history = Cloud("creating+CREATE", status, status, "normal").wait()
    assert history["note"].tolist() == ["", "a status this library does not know; still going", "ready"]


def test_ready_is_normal_and_idle() -> None:
    history = Cloud("creating+CREATE", "normal+CREATE", "normal").wait()
    assert history["actions"].tolist() == ["CREATE", "CREATE", ""]
    assert history["elapsed"].is_monotonic_increasing and history["time"].is_monotonic_increasing


def test_an_instance_that_disappears_has_failed() -> None:
    with pytest.raises(gn.WaitFailed, match="it is not there") as caught:
        Cloud("creating+CREATE", None).wait()
    assert caught.value.history is not None
    assert caught.value.history["status"].tolist() == ["creating", "gone"]


def test_an_instance_that_is_never_listed_has_failed_after_a_while() -> None:
    cloud = Cloud(None)
    with pytest.raises(gn.WaitFailed, match="it is not there") as caught:
        cloud.wait()
    assert caught.value.history is not None and caught.value.history["note"].tolist() == ["not found"]
    assert progress_module.UNSEEN <= cloud.looks[-1] - cloud.looks[0] < 2 * progress_module.UNSEEN


def test_a_list_that_lags_behind_is_waited_for() -> None:
    assert Cloud(None, None, "creating+CREATE", "normal").wait()["status"].tolist() == ["creating", "normal"]


def test_a_delete_ends_with_gone() -> None:
    history = Cloud("normal+DELETE", None, jobs=(("Completed", ""),)).wait(receipt("DeleteInstance"))
    assert history["status"].tolist() == ["normal", "gone"] and history["note"].tolist() == ["", "no longer listed"]
    assert len(Cloud(None).wait(until="gone")) == 1
    assert Cloud("createfail", "createfail+DELETE", None).wait(until="gone")["status"].iloc[-1] == "gone"


# ------------------------------------------------------------------------------------- jobs


def test_a_failed_job_gives_the_reason() -> None:
    with pytest.raises(gn.WaitFailed, match="no resources") as caught:
        Cloud("creating+CREATE", "createfail", jobs=(("Failed", "no resources"),)).wait(receipt())
    assert caught.value.history is not None
    assert caught.value.history["note"].iloc[-1] == "the job failed: no resources"


def test_a_delete_whose_job_fails_has_failed() -> None:
    with pytest.raises(gn.WaitFailed, match="in use"):
        Cloud("normal+DELETE", "normal", jobs=(("Failed", "in use"),)).wait(receipt("DeleteInstance"))


def test_work_that_has_not_begun_does_not_count_as_done() -> None:
    cloud = Cloud("normal", "normal+REBOOT", "normal", jobs=(("Running", ""), ("Completed", "")))
    assert len(cloud.wait(receipt("RestartInstance"))) == 3
    assert cloud.asked == [(JOB,), (JOB,)]


def test_an_unknown_job_state_is_noted_and_waited_for() -> None:
    cloud = Cloud("normal", jobs=(("Pending", ""), ("Pending", ""), ("Completed", "")))
    notes = cloud.wait(receipt())["note"].tolist()
    assert notes == ["ready", "its job is Pending, a state this library does not know; still going"]


def test_a_job_that_is_not_listed_decides_nothing() -> None:
    assert Cloud("normal").wait(receipt())["status"].tolist() == ["normal"]
    with pytest.raises(gn.WaitFailed, match="createfail"):
        Cloud("createfail").wait(receipt())


def test_waiting_works_without_the_right_to_list_jobs() -> None:
    cloud = Cloud("normal")
    refused = gn.PermissionDenied(status=403)

    def list_jobs(operation: ListJobs) -> pd.DataFrame:
        raise refused

    cloud.list_jobs = list_jobs  # type: ignore[method-assign]
    assert len(cloud.wait(receipt())) == 1


def test_the_failed_job_of_the_creation_does_not_stop_the_deletion() -> None:
    cloud = Cloud("createfail", "createfail+DELETE", None, jobs=(("Failed", "no resources"),))
    assert cloud.wait(receipt(), until="gone")["status"].iloc[-1] == "gone"
    assert not cloud.asked


# ------------------------------------------------------------------------------------- outages and ends

OUTAGES = [gn.Unreachable("x"), gn.Throttled(status=429), gn.ServerError(status=502), gn.BadAnswer("not JSON")]


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda error: type(error).__name__)
def test_a_short_outage_is_noted_once_and_tolerated(outage: Exception) -> None:
    history = Cloud("creating+CREATE", outage, outage, outage, "normal").wait()
    assert history["note"].tolist() == ["", f"could not look ({type(outage).__name__}); trying on", "ready"]


def test_a_long_outage_ends_the_wait_and_says_how_to_continue() -> None:
    cloud = Cloud("creating+CREATE", gn.Unreachable("no network"))
    with pytest.raises(gn.WaitFailed, match=rf"no network.*gdb\.wait\('{ID}'\)") as caught:
        cloud.wait()
    assert caught.value.history is not None and len(caught.value.history) == 2
    assert 300 <= cloud.looks[-1] - cloud.looks[1] < 340


def test_outages_do_not_add_up() -> None:
    states: list[State] = []
    for _ in range(30):
        states += [gn.Unreachable("x"), gn.Unreachable("x"), "creating+CREATE"]
    assert Cloud(*states, "normal").wait()["status"].iloc[-1] == "normal"


def test_an_error_that_is_no_outage_ends_the_wait_with_a_note() -> None:
    with pytest.raises(gn.AuthenticationError) as caught:
        Cloud("creating+CREATE", gn.AuthenticationError(status=401)).wait()
    assert f"gdb.wait({ID!r})" in caught.value.__notes__[0]


def test_retry_after_delays_the_next_look() -> None:
    throttled = gn.Throttled(status=429)
    throttled.retry_after = 120.0
    cloud = Cloud("creating+CREATE", throttled, "normal")
    cloud.wait()
    assert cloud.looks[2] - cloud.looks[1] == pytest.approx(120, abs=0.01)
    throttled.retry_after = 300.0
    cloud = Cloud(throttled)
    with pytest.raises(gn.WaitTimeout):
        cloud.wait(timeout=100)
    assert cloud.looks[-1] - cloud.looks[0] == pytest.approx(100, abs=0.01)


def test_a_look_is_one_try_and_retry_after_comes_through(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    created = gdb.instances.create(spec())
    before = len(sandbox.requests)
    sandbox.inject("ListInstances", status=429, headers={"Retry-After": "90"}, times=3)
    history = gdb.wait(created)
    times = sandbox.requests["time"].iloc[before : before + 4]
    assert times.diff().dropna().dt.total_seconds().round().tolist() == [90, 90, 90]
    assert history["note"].str.contains("Throttled").sum() == 1


def test_a_time_out_names_the_state_and_how_to_continue() -> None:
    cloud = Cloud("creating+CREATE")
    with pytest.raises(gn.WaitTimeout, match="Not ready after 60 s: one is creating CREATE") as caught:
        cloud.wait(timeout=60)
    assert f"gdb.wait('{ID}')" in str(caught.value) and isinstance(caught.value, TimeoutError)
    assert caught.value.history is not None and len(caught.value.history) == 1
    assert cloud.looks[-1] - cloud.looks[0] == pytest.approx(60, abs=0.01)
    with pytest.raises(gn.WaitTimeout, match=r"until='gone'"):
        Cloud("normal").wait(timeout=1, until="gone")
    with pytest.raises(gn.WaitTimeout, match="not seen"):
        Cloud(None).wait(timeout=0)
    assert Cloud("normal").wait(timeout=0)["note"].tolist() == ["ready"]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Enable interrupts: a shell that runs the tests in the background disables them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_the_wait_soon_and_the_work_continues(sandbox: Sandbox, spec: Any) -> None:
    with sandbox.connect(clock=RealClock()) as gdb:
        created = gdb.instances.create(spec())
        before = len(sandbox.requests)
        threading.Timer(0.1, signal.raise_signal, (signal.SIGINT,)).start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt) as caught:
            gdb.wait(created)
        assert time.monotonic() - began < 1
        assert f"gdb.wait({created['id'].iloc[0]!r})" in caught.value.__notes__[0]
        time.sleep(0.1)
        asked = sandbox.requests["method"].iloc[before:]
        assert asked.tolist() == ["GET"] and gdb.instances.list()["status"].tolist() == ["creating"]


# ------------------------------------------------------------------------------------- pace


def test_pauses_grow_up_to_a_limit_and_have_a_jitter() -> None:
    cloud = Cloud("creating+CREATE")
    with pytest.raises(gn.WaitTimeout):
        cloud.wait(timeout=600)
    pauses = [later - earlier for earlier, later in itertools.pairwise(cloud.looks)][:-1]
    assert 4.5 <= pauses[0] <= 5.5 and max(pauses) <= SLOWEST * 1.1
    assert all(27 <= pause <= 33 for pause in pauses[6:])
    assert len({round(pause, 3) for pause in pauses}) == len(pauses)


def test_the_jitter_follows_the_seed() -> None:
    one, same, other = ([pace.next() for _ in range(5)] for pace in (Pace(5, 0), Pace(5, 0), Pace(5, 1)))
    assert one == same != other
    assert 81 <= Pace(90, 0).next() <= 99


@pytest.mark.parametrize("interval", [0, -1, float("nan")])
def test_an_interval_of_0_is_refused(interval: float, gdb: Client) -> None:
    for call in (gdb.wait, gdb.watch):
        with pytest.raises(ValueError, match="seconds"):
            call(ID, interval=interval)  # type: ignore[operator]


@pytest.mark.parametrize("empty", [None, float("nan"), pd.NA, pd.NaT], ids=repr)
@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_an_empty_id_in_a_list_is_refused(empty: Any, first: bool, gdb: Client) -> None:
    """Also in a series, which some versions of pandas fill with another missing value than the one given."""
    ids = [empty, ID] if first else [ID, empty]
    series = [pd.Series(ids), pd.Series(ids, dtype="object"), pd.Series([pd.NA if id is empty else id for id in ids])]
    for targets in (ids, tuple(ids), pd.Index(ids), *series, pd.Series(ids, dtype="string")):
        for call in (gdb.wait, gdb.watch):
            with pytest.raises(ValueError, match="named by its id"):
                call(targets)  # type: ignore[operator]


def test_an_empty_id_in_a_frame_is_a_row_that_failed() -> None:
    """A frame of create_many has rows without an id."""
    targets = pd.DataFrame({"id": [None, ID], "status": ["failed", "created"]})
    progress = progress_module.begin(SERVICE, targets, None, START)
    assert progress.ids == (ID,)


def test_two_hundred_instances_are_one_list_call_a_tick(sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    ids = fill(sandbox, 200)
    for instance in sandbox._app.world.instances.values():
        instance.actions = ["REBOOT"]

    looks: list[Moment] = []

    def on_look(progress: progress_module.Progress) -> None:
        looks.append(progress.began)
        if len(looks) == 3:
            for instance in sandbox._app.world.instances.values():
                instance.actions = []
                sandbox._app.world.touch(instance, sandbox.clock.time())

    for instance in sandbox._app.world.instances.values():
        sandbox._app.world.touch(instance, sandbox.clock.time())
    gdb.login()
    before = len(sandbox.requests)
    history = gdb.wait(ids, on_look=on_look)
    assert len(looks) == 4 and len(sandbox.requests) - before == 4 * 2  # two pages each
    assert len(history) == 400


# ------------------------------------------------------------------------------------- callbacks and history


def test_callbacks_get_changes_and_looks() -> None:
    told: list[Any] = []
    looks: list[bool] = []
    cloud = Cloud("creating+CREATE", "creating+CREATE", "normal")
    history = cloud.wait(on_change=told.append, on_look=lambda progress: looks.append(progress.done))
    assert [line["status"] for line in told] == history["status"].tolist() == ["creating", "normal"]
    assert looks == [False, False, True] and set(told[0]) == set(SCHEMA)


def test_the_callback_gets_the_last_change_before_the_error() -> None:
    told: list[Any] = []
    with pytest.raises(gn.WaitFailed):
        Cloud("createfail").wait(on_change=told.append)
    assert [line["note"] for line in told] == ["failed"]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_a_history_has_one_schema(count: int) -> None:
    progress = begin(SERVICE, ID, None, START)
    for number in range(count):
        progress.note(Moment(number, number), ID, "")
    assert {name: str(dtype) for name, dtype in progress.history().dtypes.items()} == SCHEMA
    assert len(progress.history()) == count


def test_a_history_keeps_unknown_states() -> None:
    history = Cloud("BACKUP", "normal").wait()
    assert history["status"].tolist() == ["BACKUP", "normal"]
    assert {name: str(dtype) for name, dtype in history.dtypes.items()} == SCHEMA


# ------------------------------------------------------------------------------------- targets

FRAME = pd.DataFrame({"id": [ID, OTHER, ID, None], "job_id": [JOB, None, JOB, None]}, dtype="string")
TARGETS: dict[str, tuple[Callable[[], Any], tuple[str, ...], dict[str, str]]] = {
    "an id": (lambda: ID, (ID,), {}),
    "ids": (lambda: [ID, OTHER, ID], (ID, OTHER), {}),
    "a tuple": (lambda: (ID,), (ID,), {}),
    "a generator": (lambda: (id for id in (ID, OTHER)), (ID, OTHER), {}),
    "a column": (lambda: FRAME["id"].dropna(), (ID, OTHER), {}),
    "a frame": (lambda: FRAME, (ID, OTHER), {ID: JOB}),
    "a row": (lambda: FRAME.iloc[0], (ID,), {ID: JOB}),
    "a dict": (lambda: {"id": ID, "job_id": JOB}, (ID,), {ID: JOB}),
    "nodes": (lambda: pd.DataFrame({"id": ["n1", "n2"], "instance_id": [ID, ID]}), (ID,), {}),
}


@pytest.mark.parametrize("what", TARGETS)
def test_accepted_kinds_of_targets(what: str) -> None:
    make, ids, jobs = TARGETS[what]
    progress = begin(SERVICE, make(), None, START)
    assert (progress.ids, progress.jobs, progress.until) == (ids, jobs, "ready")


BAD: list[Any] = [
    "", [], (), [""], None, 7, b"id", [7], [None], [[ID]], {"name": "x"}, pd.DataFrame(), pd.DataFrame({"name": ["x"]}),
    pd.DataFrame({"id": [None]}), pd.Series([1, 2]), pd.Series([None, ID]), [None, ID], [ID, float("nan")], [ID, pd.NA],
]  # fmt: skip


@pytest.mark.parametrize("targets", BAD, ids=range(len(BAD)))
def test_no_targets_are_an_error(targets: Any, gdb: Client, sandbox: Sandbox) -> None:
    for call in (gdb.wait, gdb.watch):
        with pytest.raises(ValueError):
            call(targets)  # type: ignore[operator]
    assert len(sandbox.requests) == 0


def test_the_argument_until_is_checked(gdb: Client) -> None:
    with pytest.raises(ValueError, match="'ready', 'gone' or 'done'"):
        gdb.wait(ID, until="finished")


# ------------------------------------------------------------------------------------- with a sandbox


def test_from_create_to_gone(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    created = gdb.instances.create(spec())
    history = gdb.wait(created)
    assert history[["status", "actions", "note"]].astype(str).to_numpy().tolist() == [
        ["creating", "CREATE", ""], ["normal", "", "ready"],
    ]  # fmt: skip
    assert gdb.wait(gdb.instances.restart(created["id"].iloc[0]))["status"].tolist() == ["normal", "normal"]
    history = gdb.wait(gdb.instances.delete(created["id"].iloc[0]))
    assert history["status"].iloc[-1] == "gone"
    with pytest.raises(gn.NotFound):
        gdb.instances.get(created["id"].iloc[0])


def test_a_failed_create_gives_the_reason(sandbox: Sandbox, gdb: Client, spec: Any) -> None:
    sandbox.inject("CreateInstance", fail="The zone has run out of disks.")
    with pytest.raises(gn.WaitFailed, match="run out of disks") as caught:
        gdb.wait(gdb.instances.create(spec()))
    assert caught.value.history is not None and caught.value.history["status"].iloc[-1] == "createfail"


def test_a_failed_delete_gives_the_reason(sandbox: Sandbox, gdb: Client, fill: Any) -> None:
    (id,) = fill(sandbox, 1)
    sandbox.inject("DeleteInstance", fail="It is locked.")
    with pytest.raises(gn.WaitFailed, match="It is locked"):
        gdb.wait(gdb.instances.delete(id))
    assert len(gdb.instances.list()) == 1


@pytest.mark.parametrize("follow", ["wait", "watch"])
def test_a_refused_target_is_not_shown(gdb: Client, follow: str) -> None:
    """A list may hold dicts with passwords: the error names the type only."""
    canary = "-".join(["not", "a", "password"])
    with pytest.raises(ValueError, match="not by dict") as refused:
        getattr(gdb, follow)([{"name": "x", "password": canary}])
    assert canary not in str(refused.value)
