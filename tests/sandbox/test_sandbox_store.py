"""The state file: every answered change is kept, also when the process is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gaussnb.sandbox import Sandbox

_SERVE = """
import sys, time
from gaussnb.sandbox import Sandbox
sandbox = Sandbox(sys.argv[1], seed=7, start="2026-02-03T04:05:06").start()
print(sandbox.endpoint, flush=True)
time.sleep(60)
"""


def test_the_file_restores_everything(build: Any, caller: Any, tmp_path: Path) -> None:
    file = tmp_path / "cloud.db"
    first = build(path=file, seed=3)
    cloud = caller(first)
    ready, gone, going = cloud.made(), cloud.made(), cloud.create(name="going-on").json()
    cloud("DELETE", f"v3/instances/{gone['id']}")
    first.advance(200)
    before = cloud("GET", "v3/instances").content
    token, time, login = cloud.session.headers["X-Auth-Token"], first.clock.time(), first.credentials
    first.close()

    second = build(path=file)  # the seed stands in the file
    assert second.clock.time() == time and dict(second.credentials) == dict(login)
    cloud = caller(second)
    cloud.session.headers["X-Auth-Token"] = token
    assert cloud("GET", "v3/instances").content == before
    assert cloud.instance(going["id"])["status"] == "creating"
    second.advance(3600)
    assert cloud.instance(going["id"])["status"] == "normal"
    assert cloud.create().json()["id"] not in (ready["id"], gone["id"], going["id"])
    assert {job["name"] for job in cloud("GET", "v3/jobs").json()["jobs"]} == {"CreateInstance", "DeleteInstance"}


def test_request_ids_do_not_repeat(build: Any, caller: Any, tmp_path: Path) -> None:
    seen = set()
    for _ in range(3):
        sandbox = build(path=tmp_path / "cloud.db")
        seen.add(caller(sandbox).raw("GET", "/").headers["X-Request-Id"])
        sandbox.close()
    assert len(seen) == 3


def test_a_killed_process_loses_nothing_it_answered(caller: Any, tmp_path: Path) -> None:
    file = tmp_path / "cloud.db"
    child = subprocess.Popen([sys.executable, "-c", _SERVE, str(file)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    endpoint = child.stdout.readline().strip()
    twin = Sandbox(port=None, seed=7)  # the same seed: the same login
    cloud = caller(twin)
    cloud.session.adapters.clear()
    import requests.adapters

    cloud.session.mount("http://", requests.adapters.HTTPAdapter())
    cloud.sandbox = _Remote(twin, endpoint)
    ids = [cloud.create().json()["id"] for _ in range(5)]
    with pytest.raises(RuntimeError, match="another sandbox"):
        Sandbox(file)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()

    with Sandbox(file, port=None, start="2026-02-03T04:05:06") as again:
        kept = caller(again)("GET", "v3/instances").json()["instances"]
    assert [one["id"] for one in kept] == ids[::-1]


class _Remote:
    """A sandbox in another process, recognised by its seed."""

    def __init__(self, twin: Sandbox, endpoint: str) -> None:
        self.endpoint, self.project_id, self.credentials = endpoint, twin.project_id, twin.credentials


def test_one_file_one_sandbox(build: Any, tmp_path: Path) -> None:
    file = tmp_path / "cloud.db"
    first = build(path=file)
    with pytest.raises(RuntimeError, match="another sandbox"):
        Sandbox(file)
    first.close()
    build(path=file)


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("These are my notes, and they are longer than the header of a database would be. " * 20)
    before = file.read_bytes()
    with pytest.raises(ValueError, match="not the file of a sandbox"):
        Sandbox(file)
    assert file.read_bytes() == before


def test_databases_of_others_are_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine.db"
    with closing(sqlite3.connect(file)) as mine:
        mine.execute("CREATE TABLE facts (name TEXT, json TEXT)")
    before = file.read_bytes()
    with pytest.raises(ValueError, match="belongs to another program"):
        Sandbox(file)
    assert file.read_bytes() == before


def test_a_damaged_file_is_an_error_and_is_closed(build: Any, tmp_path: Path) -> None:
    file = tmp_path / "cloud.db"
    build(path=file).close()
    with closing(sqlite3.connect(file)) as damage:
        damage.execute("INSERT INTO things VALUES ('instance', 'x', '{}')")
        damage.commit()
    with pytest.raises(ValueError, match="is damaged"):
        Sandbox(file)
    with closing(sqlite3.connect(file)) as mended:
        mended.execute("DELETE FROM things")
        mended.commit()
    build(path=file)


def test_a_path_where_no_file_can_be(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        Sandbox(tmp_path / "nowhere" / "cloud.db")


def test_no_secret_in_the_file(build: Any, caller: Any, quick_start: dict[str, Any], tmp_path: Path) -> None:
    sandbox = build(path=tmp_path / "cloud.db")
    cloud = caller(sandbox)
    cloud.made()
    token = cloud.session.headers["X-Auth-Token"]
    known = sandbox.credentials
    secrets = [quick_start["password"], token, known["password"].get_secret_value(), known["sk"].get_secret_value()]
    for after in (False, True):
        kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert b"test-cassandra-01" in kept
        assert not [secret for secret in secrets if secret.encode() in kept]
        if not after:
            sandbox.close()


def test_a_full_disk_is_an_error(build: Any, caller: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = build(path=tmp_path / "cloud.db")
    cloud = caller(sandbox)
    cloud.login()

    def full(*args: Any, **more: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(sandbox._app.store, "_write", full)
    answer = cloud.create()
    assert (answer.status_code, answer.json()["error_code"]) == (500, "DBS.280005")
    monkeypatch.undo()
    kept = cloud("GET", "v3/instances").content  # there is room again: now all is written
    sandbox.close()
    assert caller(build(path=tmp_path / "cloud.db"))("GET", "v3/instances").content == kept
