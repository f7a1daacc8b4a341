"""The ledger: nothing is sent that is not noted, two processes reserve nothing twice, and no file makes it wait."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import gaussnb as gn
from gaussnb import cli
from gaussnb.client import store
from gaussnb.client.holder import Holder
from gaussnb.client.ledger import Ledger, Wanted
from gaussnb.cloud.regions import place_of
from gaussnb.sandbox import Sandbox

AT = datetime(2026, 1, 2, tzinfo=UTC)

NOTE: dict[str, Any] = {"endpoint": "e", "project_id": "p", "operation": "Op", "name": "n"}


def begin(ledger: Ledger, **more: Any) -> int:
    return ledger.begin(at=AT, **{**NOTE, **more})


def test_an_entry_is_on_disk_before_the_request(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "deep" / "ledger.sqlite")
    key = begin(ledger, there={"b", "a"})
    (entry,) = Ledger(ledger.path).entries("e", "p")
    assert (entry["key"], entry["outcome"], entry["there"], entry["id"]) == (key, "asked", ["a", "b"], None)
    ledger.end(key, "accepted", id="i", job_id="j", request_id="r")
    ledger.end(key, "recovered", id="i")
    (entry,) = Ledger(ledger.path).entries("e", "p")
    assert (entry["outcome"], entry["id"], entry["request_id"]) == ("recovered", "i", "r")
    assert Ledger(ledger.path).entries("e", "other") == [] == Ledger(ledger.path).entries("other", "p")
    ledger.close()
    assert begin(ledger) == key + 1
    ledger.close()


def test_without_a_disk_nothing_is_written_and_nothing_read(tmp_path: Path) -> None:
    kept = Ledger(tmp_path / "ledger.sqlite")
    begin(kept)
    kept.close()
    ledger = Ledger(tmp_path / "ledger.sqlite", on_disk=False)
    assert ledger.entries("e", "p") == []
    begin(ledger)
    assert len(ledger.entries("e", "p")) == 1 and len(Ledger(kept.path).entries("e", "p")) == 1


def test_a_ledger_of_an_earlier_version_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    kept = Ledger(path)
    begin(kept)
    id = kept.id
    kept.close()
    with closing(sqlite3.connect(path)) as connection:
        for name in ("digest", "asked", "since", "gone_at", "holder", "held_at"):
            connection.execute(f"alter table made drop column {name}")
        connection.execute("drop index made_by_name")
        connection.execute("update made set endpoint = 'https://Cloud.example:443/'")
        connection.commit()
    begin(Ledger(path), digest="sha256:0", endpoint="https://cloud.example")
    entries = Ledger(path).entries("https://cloud.example", "p")
    assert [entry["digest"] for entry in entries] == ["sha256:0", None]
    assert [entry["asked"] for entry in entries] == [None, None]
    assert Ledger(path).id == id != Ledger(on_disk=False).id


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledgers = [Ledger(path) for _ in range(4)]

    def write(ledger: Ledger) -> None:
        for _ in range(5):
            ledger.end(begin(ledger), "accepted", id="i")

    threads = [threading.Thread(target=write, args=(ledger,)) for ledger in ledgers for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ledger.durable for ledger in ledgers)
    entries = Ledger(path).entries("e", "p")
    assert len(entries) == 40 and {entry["outcome"] for entry in entries} == {"accepted"}


# ------------------------------------------------------------------------------------- reservations


def reserve(ledger: Ledger, *names: str, **more: Any) -> list[Any]:
    where = {"at": AT, "endpoint": "e", "project_id": "p"}
    return ledger.reserve([Wanted("Op", name, "sha256:0") for name in names], **{**where, **more})


def is_new(answers: list[Any]) -> list[bool]:
    return [answer.standing is None for answer in answers]


def test_what_is_reserved_stands_in_the_way_of_others(tmp_path: Path) -> None:
    one, two = Ledger(tmp_path / "ledger.sqlite"), Ledger(tmp_path / "ledger.sqlite")
    first = reserve(one, "a", "b")
    assert is_new(first) == [True, True] and one.entries("e", "p") == []
    second = reserve(two, "b", "c")
    assert is_new(second) == [False, True]
    assert (second[0].key, second[0].standing["outcome"]) == (first[1].key, "reserved")
    assert is_new(reserve(two, "b", again=True)) == [True]
    assert is_new(reserve(two, "b", project_id="other")) == [True]
    one.release(first[0].key)
    assert is_new(reserve(two, "a")) == [True]
    with pytest.raises(gn.LedgerError, match="void"):
        begin(one, name="a", key=first[0].key)
    assert begin(one, name="b", key=first[1].key) == first[1].key
    one.release(first[1].key)  # it was sent: nothing is dropped
    assert [entry["name"] for entry in one.entries("e", "p")] == ["b"]
    two.close()  # drops what this object reserved
    assert is_new(reserve(one, "c")) == [True]


def test_equal_names_of_one_call_are_reserved_once() -> None:
    assert is_new(reserve(Ledger(on_disk=False), "a", "a")) == [True, False]
    assert is_new(reserve(Ledger(on_disk=False), "a", "a", again=True)) == [True, True]


@pytest.mark.parametrize(
    ("outcome", "stands"), [("asked", True), ("accepted", True), ("recovered", True), ("unknown", True),
                            ("refused", False)]
)  # fmt: skip
def test_what_may_exist_stands_in_the_way(outcome: str, stands: bool) -> None:
    ledger = Ledger(on_disk=False)
    key = begin(ledger)
    if outcome != "asked":
        ledger.end(key, outcome, id="i")
    assert is_new(reserve(ledger, "n")) == [not stands]
    assert is_new(reserve(ledger, "n", besides={key, *(answer.key for answer in reserve(ledger, "n"))})) == [True]


def test_a_thing_that_is_gone_stands_in_nobodys_way() -> None:
    ledger = Ledger(on_disk=False)
    ledger.end(key := begin(ledger), "accepted", id="i")
    ledger.note_gone([key], AT)
    assert ledger.entries("e", "p")[0]["gone_at"] == AT.isoformat()
    (answer,) = reserve(ledger, "n")
    assert answer.standing is None
    ledger.release(answer.key)
    ledger.note_gone([key], None)  # it is listed again
    assert is_new(reserve(ledger, "n")) == [False]


CHILD = """
import sys, time
from datetime import UTC, datetime
from gaussnb.client.ledger import Ledger, Wanted
path, start, end = sys.argv[1], float(sys.argv[2]), sys.argv[3]
ledger = Ledger(path)
ledger.id
time.sleep(max(0, start - time.time()))
names = [Wanted("Op", f"n{number}") for number in range(50)]
answers = ledger.reserve(names, at=datetime.now(UTC), endpoint="e", project_id="p")
print(sum(answer.standing is None for answer in answers), flush=True)
sys.stdin.read()
"""


def start_child(path: Path, start: float) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", CHILD, str(path), str(start), ""]
    environment = {**os.environ, "PYTHONPATH": str(Path(gn.__file__).parents[1])}
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def test_two_processes_reserve_each_name_once_and_a_dead_ones_are_void(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    children = [start_child(path, time.time() + 1) for _ in range(2)]
    try:
        counts = [int(child.stdout.readline()) for child in children if child.stdout]
        ledger = Ledger(path)
        names = [f"n{number}" for number in range(50)]
        assert sum(counts) == 50
        assert is_new(reserve(ledger, *names)) == [False] * 50
    finally:
        for child in children:
            child.kill()
    for child in children:
        child.communicate()
    assert is_new(reserve(ledger, *names)) == [True] * 50


def test_a_process_is_told_from_another_one_that_has_its_id_now() -> None:
    holder = Holder.present()
    assert holder.is_alive(0) and Holder.read(json.loads(json.dumps(holder.write()))) == holder
    if holder.started:
        assert not Holder(**{**holder.write(), "started": "1"}).is_alive(time.time())
    elsewhere = Holder(**{**holder.write(), "host": "other"})
    assert elsewhere.is_alive(time.time()) and not elsewhere.is_alive(time.time() - 3600)
    assert Holder.read(None) is None and Holder.read({"pid": 1}) is None


# ------------------------------------------------------------------------------------- places

SAME = ("https://cloud.example", "HTTPS://Cloud.Example", "https://cloud.example:443/", "https://cloud.example.//")
HERE = ("http://127.0.0.1:8080", "http://localhost:8080/", "http://[::1]:8080", "http://127.0.0.2:8080",
        "http://LOCALHOST.:8080", "http://[0:0:0:0:0:0:0:1]:8080")  # fmt: skip


@pytest.mark.parametrize("names", [SAME, HERE], ids=["cloud", "this machine"])
def test_the_spellings_of_an_endpoint_are_one_place(names: tuple[str, ...]) -> None:
    assert len(set(map(place_of, names))) == 1
    ledger = Ledger(on_disk=False)
    for name in names:
        begin(ledger, endpoint=name)
    assert all(len(ledger.entries(name, "p")) == len(names) for name in names)


def test_other_places_stay_apart() -> None:
    others = ("https://a.example", "https://b.example", "https://a.example:444", "http://localhost:1",
              "http://localhost:2", "https://a.example/x", "no url")  # fmt: skip
    assert len(set(map(place_of, others))) == len(others)


# ------------------------------------------------------------------------------------- the file


def test_the_file_is_for_this_user_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUSSNB_STATE_DIR", str(tmp_path / "named"))
    (tmp_path / "named").mkdir(mode=0o755)
    ledger = Ledger()
    begin(ledger)
    assert ledger.path.stat().st_mode & 0o777 == 0o600 and (tmp_path / "named").stat().st_mode & 0o777 == 0o755
    ledger.close()
    ledger.path.chmod(0o644)  # as an earlier version made it
    begin(Ledger())
    assert ledger.path.stat().st_mode & 0o777 == 0o600
    monkeypatch.delenv("GAUSSNB_STATE_DIR")
    monkeypatch.setattr("gaussnb.client.ledger.user_state_dir", lambda name: str(tmp_path / "own"))
    (tmp_path / "own").mkdir(mode=0o755)
    begin(Ledger())
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700


def test_a_file_that_was_deleted_or_replaced_meanwhile_is_opened_anew(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    begin(ledger)
    ledger.path.unlink()
    begin(ledger)
    assert len(Ledger(ledger.path).entries("e", "p")) == 1


Break = Callable[[Path], Any]


def lock(path: Path) -> sqlite3.Connection:
    Ledger(path).check()
    connection = sqlite3.connect(path)
    connection.execute("begin exclusive")
    return connection


def put_in_the_way(path: Path) -> None:
    path.mkdir(parents=True)


def make_foreign(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as other:
        other.execute("create table made (other text)")
        other.commit()


def make_unrelated(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as other:
        other.execute("create table cookies (other text)")
        other.commit()


def block(path: Path) -> None:
    path.parent.write_text("a file in the place of the directory")


BROKEN: dict[str, tuple[Break, str]] = {
    "locked": (lock, "another program holds it locked"),
    "a directory in the way": (put_in_the_way, "cannot be opened"),
    "a file in the way": (block, "cannot be opened"),
    "another schema": (make_foreign, "of another program"),
    "another program": (make_unrelated, "of another program"),
}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that clients use, with a short deadline."""
    monkeypatch.setattr(store, "DEADLINE", 0.05)
    return tmp_path / "state" / "ledger.sqlite"


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest, path: Path) -> Iterator[str]:
    """A file that cannot be used, and the reason."""
    breaks, reason = BROKEN[request.param]
    held = breaks(path)
    yield reason
    if held is not None:
        held.close()


def sent(sandbox: Sandbox) -> int:
    return int((sandbox.requests["operation"] == "CreateInstance").sum())


def test_a_create_that_cannot_be_noted_is_refused(broken: str, path: Path, sandbox: Sandbox, spec: Any) -> None:
    with sandbox.connect(keep=True) as gdb:
        with pytest.warns(RuntimeWarning, match=broken), pytest.raises(gn.LedgerError, match=broken) as caught:
            gdb.instances.create(spec())
        assert caught.value.path == str(path) and "unguarded=True" in str(caught.value)
        assert isinstance(caught.value, OSError) and isinstance(caught.value, gn.GaussnbError)
        assert sent(sandbox) == 0 and any(broken in warning for warning in gdb.warnings)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(gn.LedgerError, match=broken):  # a filter for warnings hides no error
                gdb.made()
        assert len(gdb.warnings) == 1  # it is told once


def test_without_the_guard_creates_go_on_in_memory(broken: str, sandbox: Sandbox, spec: Any) -> None:
    with sandbox.connect(keep=True, unguarded=True) as gdb:
        with pytest.warns(RuntimeWarning, match="unguarded") as told:
            gdb.instances.create(spec())
            gdb.instances.create(spec(name="second"))
        assert len([each for each in told if each.category is RuntimeWarning]) == 1
        assert gdb.made()["outcome"].tolist() == ["accepted", "accepted"]
        assert len(gdb.warnings) == 1 and gdb.ledger.durable is False


def test_a_sandbox_needs_no_guard(broken: str, sandbox: Sandbox, spec: Any) -> None:
    with sandbox.connect() as gdb:
        gdb.instances.create(spec())
        assert gdb.warnings == () and len(gdb.made()) == 1


def test_doctor_reports_a_lost_guard(
    broken: str, server: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GAUSSNB_SANDBOX", server.endpoint)
    assert cli.main(["doctor", "sandbox"]) == 1
    says = capsys.readouterr().out
    assert "All is well" not in says and broken in says


def test_doctor_names_the_ledger(
    path: Path, server: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(store, "DEADLINE", 5)
    monkeypatch.setenv("GAUSSNB_SANDBOX", server.endpoint)
    assert cli.main(["doctor", "sandbox"]) == 0
    says = capsys.readouterr().out
    assert "All is well" in says and str(path) in says
    path.write_bytes(b"x" * 4096)
    assert cli.main(["doctor", "sandbox"]) == 1
    says = capsys.readouterr().out
    assert "All is well" not in says and "set aside" in says


class Failing(sqlite3.Connection):
    """A database on a disk without room: every write fails."""

    def execute(self, sql: str, *more: Any) -> Any:
        if sql.startswith(("insert", "update", "pragma user_version =", "create")):
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, *more)

    def executemany(self, sql: str, *more: Any) -> Any:
        raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Fills the disk: databases that are opened from now on cannot be written."""
    connect = sqlite3.connect

    def start() -> None:
        monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "factory": Failing}))

    return start


def test_on_a_full_disk_nothing_is_begun(path: Path, full: Callable[[], None]) -> None:
    begin(Ledger(path))
    full()
    ledger = Ledger(path)
    for call in (lambda: begin(ledger), lambda: reserve(ledger, "m"), ledger.check):
        with suppress(RuntimeWarning), pytest.raises(gn.LedgerError, match="the disk is full"):
            call()
    assert len(ledger.entries("e", "p")) == 1  # reading goes on


def test_an_outcome_that_cannot_be_written_is_kept_and_written_later(
    path: Path, full: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(path)
    key = begin(ledger)
    ledger.close()
    with monkeypatch.context() as patch:
        connect = sqlite3.connect
        patch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "factory": Failing}))
        with pytest.warns(RuntimeWarning, match="could not be noted"):
            ledger.end(key, "accepted", id="i")
        assert [(entry["outcome"], entry["id"]) for entry in ledger.entries("e", "p")] == [("accepted", "i")]
        assert ledger.claimed("e", "p") == {"i"}
        ledger.close()
    assert Ledger(path).entries("e", "p")[0]["outcome"] == "asked"
    begin(ledger)
    assert [entry["outcome"] for entry in Ledger(path).entries("e", "p")] == ["asked", "accepted"]


def test_an_interrupt_ends_the_wait_for_a_locked_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "DEADLINE", 600)
    with closing(lock(path)):

        def interrupted(seconds: float) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(store.time, "sleep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            begin(Ledger(path))


def test_a_read_only_file_refuses_creates_and_can_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(Ledger(path))
    connect = sqlite3.connect

    def read_only(name: Any, **more: Any) -> sqlite3.Connection:
        return connect(f"{Path(name).as_uri()}?mode=ro", uri=True, **more)

    monkeypatch.setattr(sqlite3, "connect", read_only)
    ledger = Ledger(path)
    assert len(ledger.entries("e", "p")) == 1
    with pytest.warns(RuntimeWarning), pytest.raises(gn.LedgerError, match="cannot be written"):
        begin(ledger)


# ------------------------------------------------------------------------------------- a damaged file


def overwrite(path: Path, begin: int, count: int) -> None:
    with path.open("r+b") as file:
        file.seek(begin)
        file.write(b"\xa5" * count)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "no database": lambda path: path.write_bytes(b"x" * 4096),
    "header": lambda path: overwrite(path, 0, 100),
    "a page": lambda path: overwrite(path, 4096 * 3, 4096),
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_set_aside_and_told(how: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "DEADLINE", 5)
    ledger = Ledger(path)
    reserve(ledger, *(f"name-{number}" * 10 for number in range(200)))
    other = Ledger(path)
    before = other.id
    ledger.close()
    other.close()
    DAMAGE[how](path)
    damaged = path.read_bytes()
    again = Ledger(path)
    with pytest.warns(RuntimeWarning, match=r"damaged.*set aside as .*ledger\.sqlite\.damaged-1"):
        begin(again)
    (aside,) = again.set_aside
    assert aside.read_bytes() == damaged and len(again.warnings) == 1
    assert again.durable and len(Ledger(path).entries("e", "p")) == 1
    assert again.id != before  # old keys name no entry of the new file
    assert begin(other) and other.warnings == ()  # another kernel goes on with the new file


def test_readable_entries_of_a_damaged_file_are_taken_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "DEADLINE", 5)
    ledger = Ledger(path)
    reserve(ledger, *(f"{number}-{'x' * 200}" for number in range(100)))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update made set outcome = 'accepted', id = 'i' || key")
        connection.commit()
    ledger.close()
    overwrite(path, path.stat().st_size - 4096, 4096)
    again = Ledger(path)
    with pytest.warns(RuntimeWarning, match="entries that could be read"):
        assert 0 < len(again.entries("e", "p")) <= 100


# ------------------------------------------------------------------------------------- many entries


def test_made_reads_every_entry_once_however_many_there_are(sandbox: Sandbox, gdb: gn.Client, spec: Any) -> None:
    created = gdb.instances.create(spec())["id"].item()
    place, statements = place_of(gdb.endpoint), []

    def many(connection: sqlite3.Connection) -> None:
        rows = [
            (place, gdb.project_id, "CreateInstance", f"n{n}", AT.isoformat(), "unknown" if n % 2 else "refused", "[]")
            for n in range(2000)
        ]
        connection.executemany(
            "insert into made (endpoint, project_id, operation, name, asked_at, outcome, there) "
            "values (?, ?, ?, ?, ?, ?, ?)", rows,
        )  # fmt: skip
        connection.set_trace_callback(statements.append)

    gdb.ledger._store.run(many)
    made = gdb.made()
    assert len(made) == 2001 and made["id"].dropna().tolist() == [created]
    assert len([sql for sql in statements if "made" in sql]) == 1
