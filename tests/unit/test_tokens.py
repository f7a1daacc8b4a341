"""The token cache: one login for all threads and processes, refused tokens, and broken files."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from gaussnb.cloud.tokens import Token, TokenCache, cache_key

CANARY = "Can4ry" + "-" + "token" * 3


class Issuer:
    """Counts logins. Each login takes ``delay`` seconds, so that other threads arrive meanwhile."""

    def __init__(self, clock: Callable[[], float] = time.time, life: float = 86_400, delay: float = 0.0) -> None:
        self.count = 0
        self.clock, self.life, self.delay = clock, life, delay

    def __call__(self) -> Token:
        self.count += 1
        number = self.count
        time.sleep(self.delay)
        return Token(SecretStr(f"{CANARY}-{number}"), self.clock() + self.life, "p")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "tokens.json"


def test_memory_and_disk(path: Path) -> None:
    issue = Issuer()
    cache = TokenCache(path)
    first = cache.get_or_issue("a", issue)
    assert cache.get_or_issue("a", issue) == first
    assert TokenCache(path).get_or_issue("a", issue) == first
    assert issue.count == 1
    cache.get_or_issue("b", issue)
    assert issue.count == 2
    assert TokenCache(path).get_or_issue("a", issue) == first


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_only_the_user_can_read_the_file(path: Path) -> None:
    TokenCache(path).get_or_issue("a", Issuer())
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {each.name for each in path.parent.iterdir()} <= {"tokens.json", "tokens.json.lock"}


def test_a_variable_moves_the_default_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUSSNB_CACHE_DIR", str(tmp_path / "here"))
    TokenCache().get_or_issue("a", Issuer())
    assert (tmp_path / "here" / "tokens.json").exists()


def test_expiry_with_a_margin(path: Path) -> None:
    now = [1000.0]
    issue = Issuer(clock=lambda: now[0], life=3600)
    cache = TokenCache(path, clock=lambda: now[0])
    cache.get_or_issue("a", issue)
    now[0] += 3299
    cache.get_or_issue("a", issue)
    assert issue.count == 1
    now[0] += 2
    cache.get_or_issue("a", issue)
    assert issue.count == 2


def test_expired_tokens_leave_the_file(path: Path) -> None:
    now = [0.0]
    issue = Issuer(clock=lambda: now[0], life=3600)
    cache = TokenCache(path, clock=lambda: now[0])
    cache.get_or_issue("old", issue)
    now[0] = 10_000.0
    cache.get_or_issue("new", issue)
    assert json.loads(path.read_text())["tokens"].keys() == {"new"}


def test_twenty_threads_log_in_once(path: Path) -> None:
    issue = Issuer(delay=0.05)
    cache = TokenCache(path)
    gate = threading.Barrier(20)

    def client(_: int) -> Token:
        gate.wait()
        return cache.get_or_issue("a", issue)

    with ThreadPoolExecutor(20) as pool:
        tokens = set(pool.map(client, range(20)))
    assert issue.count == 1
    assert len(tokens) == 1


PROCESS = """
import sys, threading, time
from pathlib import Path
from pydantic import SecretStr
from gaussnb.cloud.tokens import Token, TokenCache

def issue():
    with open(sys.argv[2], "a") as log:
        log.write("asked\\n")
    time.sleep(0.1)
    return Token(SecretStr("shared"), time.time() + 3600)

answers = []
def ask(): answers.append(TokenCache(Path(sys.argv[1])).get_or_issue("a", issue))
clients = [threading.Thread(target=ask) for _ in range(10)]
for client in clients: client.start()
for client in clients: client.join()
assert [token.value.get_secret_value() for token in answers] == ["shared"] * 10
"""


def test_five_processes_with_ten_clients_log_in_once(path: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", PROCESS, str(path), str(log)]
    processes = [subprocess.Popen(command, env=environment) for _ in range(5)]
    assert [process.wait(60) for process in processes] == [0] * 5
    assert log.read_text() == "asked\n"


def test_a_refused_token_is_replaced_once(path: Path) -> None:
    issue = Issuer(delay=0.02)
    cache = TokenCache(path)
    bad = cache.get_or_issue("a", issue).value

    with ThreadPoolExecutor(10) as pool:
        tokens = set(
            pool.map(lambda _: cache.get_or_issue("a", issue, refused=bad).value.get_secret_value(), range(10))
        )
    assert issue.count == 2
    assert tokens == {f"{CANARY}-2"}
    assert TokenCache(path).get_or_issue("a", issue).value.get_secret_value() == f"{CANARY}-2"


def test_a_token_that_another_cache_replaced_is_used(path: Path) -> None:
    issue = Issuer()
    mine, theirs = TokenCache(path), TokenCache(path)
    bad = mine.get_or_issue("a", issue).value
    good = theirs.get_or_issue("a", issue, refused=bad)
    assert mine.get_or_issue("a", issue, refused=bad) == good
    assert issue.count == 2


def test_a_late_report_about_an_older_token_changes_nothing(path: Path) -> None:
    issue = Issuer()
    cache = TokenCache(path)
    bad = cache.get_or_issue("a", issue).value
    good = cache.get_or_issue("a", issue, refused=bad)
    assert cache.get_or_issue("a", issue, refused=bad) == good
    assert issue.count == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b"null", b"{}",
     b'{"tokens": []}', b'{"tokens": {"a": 1}}', b'{"tokens": {"a": {}}}',
     b'{"tokens": {"a": {"value": 1, "valid_until": 9e9}}}',
     b'{"tokens": {"a": {"value": "x", "valid_until": "later"}}}', b"[" * 9999],
)  # fmt: skip
def test_a_broken_file_is_replaced(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    issue = Issuer()
    token = TokenCache(path).get_or_issue("a", issue)
    assert TokenCache(path).get_or_issue("a", issue) == token
    assert issue.count == 1


def test_without_a_directory_the_cache_works_from_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    issue = Issuer()
    cache = TokenCache(tmp_path / "file" / "tokens.json")
    assert cache.get_or_issue("a", issue) == cache.get_or_issue("a", issue)
    assert issue.count == 1


def test_a_directory_instead_of_the_file_is_ignored(path: Path) -> None:
    path.mkdir(parents=True)
    issue = Issuer()
    cache = TokenCache(path)
    assert cache.get_or_issue("a", issue) == cache.get_or_issue("a", issue)
    assert issue.count == 1


def test_waiting_threads_do_not_repeat_a_failed_login(path: Path) -> None:
    cache = TokenCache(path)
    gate = threading.Barrier(8)
    asked = []

    def issue() -> Token:
        asked.append(1)
        time.sleep(0.2)
        raise PermissionError("wrong password")

    def client(_: int) -> str:
        gate.wait()
        with pytest.raises(PermissionError):
            cache.get_or_issue("a", issue)
        return "refused"

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(client, range(8))) == ["refused"] * 8
    assert len(asked) == 1
    # A later call may log in again.
    assert cache.get_or_issue("a", Issuer()).project_id == "p"


def test_validity_is_a_duration(path: Path) -> None:
    token = Token.from_answer(
        SecretStr("x"), "2099-02-03T05:06:07.701000Z", "2099-02-04T05:06:07.701000Z", received=50.0, project_id="p"
    )
    assert (token.valid_until, token.project_id) == (86_450.0, "p")
    assert (
        Token.from_answer(SecretStr("x"), "2026-02-03T05:06:07", "2026-02-03T06:06:07+00:00", received=0).valid_until
        == 3600
    )


@pytest.mark.parametrize(
    ("issued", "expires"), [("2026-02-03T00:00:00Z", "2026-02-03T00:00:00Z"), ("", ""), ("soon", "later")]
)
def test_invalid_times_are_refused(issued: str, expires: str) -> None:
    with pytest.raises(ValueError) as caught:
        Token.from_answer(SecretStr(CANARY), issued, expires, received=0)
    assert CANARY not in str(caught.value)


def test_different_logins_have_different_keys() -> None:
    def key(password: str = CANARY, **changes: str | None) -> str:
        return cache_key(
            **{"iam_endpoint": "https://iam", "user": "u", "domain": "d", **changes}, password=SecretStr(password)
        )

    keys = {
        key(),
        key("other"),
        key(user="v"),
        key(domain="e"),
        key(project="p"),
        key(iam_endpoint="https://x"),
        key(domain=None),
    }
    assert len(keys) == 7
    assert key() == key(project=None)
    assert all(len(each) == 64 and CANARY not in each for each in keys)


def test_reprs_and_logs_hold_no_token(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    cache = TokenCache(path)
    token = cache.get_or_issue("a", Issuer())
    for shown in (repr(token), str(token), repr(cache), str(cache), caplog.text):
        assert CANARY not in shown
    assert pickle.loads(pickle.dumps(token)) == token
