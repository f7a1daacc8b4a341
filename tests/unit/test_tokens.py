"""The token cache: one login for all threads and processes, refused tokens, and broken files."""

from __future__ import annotations

import errno
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
from typing import Any

import pytest
from filelock import FileLock
from pydantic import SecretStr

from gaussnb.cloud import tokens
from gaussnb.cloud.tokens import Token, TokenCache, cache_key
from gaussnb.core.clock import RealClock
from gaussnb.core.errors import ApiError, AuthenticationError, PermissionDenied, ServerError, Unreachable

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


# ------------------------------------------------------------------------------------------------ refused logins


class Refuser:
    """Counts logins that IAM refuses."""

    def __init__(self, **facts: Any) -> None:
        self.count = 0
        self.facts: dict[str, Any] = {"status": 401, "error_msg": "The username or password is wrong.", **facts}
        self.own = True

    def __call__(self) -> Token:
        self.count += 1
        error = AuthenticationError(**self.facts)
        error.own = self.own
        raise error


def test_a_refused_login_is_asked_once_by_threads_clients_and_processes(path: Path) -> None:
    refuse = Refuser()
    caches = [TokenCache(path) for _ in range(4)]

    def client(number: int) -> str:
        with pytest.raises(AuthenticationError) as caught:
            caches[number % 4].get_or_issue("a", refuse)
        return str(caught.value)

    with ThreadPoolExecutor(16) as pool:
        says = set(pool.map(client, range(16)))
    tokens._files.clear()  # another process has only the file
    says.add(client(0))
    caches[0] = TokenCache(path)
    says.add(client(0))
    assert refuse.count == 1
    assert all("The username or password is wrong" in text for text in says)
    later = client(0)
    assert "IAM said so at" in later and "gdb.login()" in later
    assert TokenCache(path).get_or_issue("another password", Issuer()).project_id == "p"


def test_a_refusal_has_a_short_life(path: Path) -> None:
    now, refuse = [1000.0], Refuser()

    def ask(*, insist: bool = False) -> int:
        with pytest.raises(AuthenticationError):
            TokenCache(path, clock=lambda: now[0]).get_or_issue("a", refuse, insist=insist)
        return refuse.count

    assert [ask(), ask(insist=True)] == [1, 1]
    now[0] += tokens.AGAIN + 1
    assert [ask(), ask(insist=True), ask(insist=True)] == [1, 2, 2]  # a person may ask again, once
    now[0] += tokens.REFUSED_FOR - 1
    assert ask() == 2
    now[0] += 2
    assert ask() == 3
    now[0] -= 5000  # the clock was set back: a refusal of the future is none
    assert ask() == 4


def test_a_login_that_succeeds_ends_the_refusal(path: Path) -> None:
    now = [1000.0]
    cache = TokenCache(path, clock=lambda: now[0])
    with pytest.raises(AuthenticationError):
        cache.get_or_issue("a", Refuser())
    now[0] += tokens.AGAIN + 1
    token = cache.get_or_issue("a", Issuer(clock=lambda: now[0]), insist=True)
    assert TokenCache(path, clock=lambda: now[0]).get_or_issue("a", Refuser()) == token
    assert json.loads(path.read_text())["refusals"] == {}


@pytest.mark.parametrize("outage", ["the words of a proxy", "Unreachable", "PermissionDenied", "ServerError"])
def test_only_a_refusal_in_the_words_of_iam_is_remembered(path: Path, outage: str) -> None:
    asked = []

    def issue() -> Token:
        asked.append(1)
        if outage == "Unreachable":
            raise Unreachable("no connection")
        kind = {"PermissionDenied": PermissionDenied, "ServerError": ServerError}.get(outage, AuthenticationError)
        error = kind(status=401)
        error.own = kind is not AuthenticationError
        raise error

    for _ in range(2):
        with pytest.raises((ApiError, Unreachable)):
            TokenCache(path).get_or_issue("a", issue)
    assert len(asked) == 2


def test_a_refusal_is_remembered_without_a_usable_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    refuse = Refuser()
    for _ in range(3):
        with pytest.raises(AuthenticationError):
            TokenCache(tmp_path / "file" / "tokens.json").get_or_issue("a", refuse)
    assert refuse.count == 1


def test_caches_without_a_file_share_refusals_if_they_share_a_clock() -> None:
    refuse, clock = Refuser(), RealClock()
    caches = [TokenCache(clock=clock.time, on_disk=False) for _ in range(3)]
    for cache in caches:
        with pytest.raises(AuthenticationError):
            cache.get_or_issue("a", refuse)
    assert refuse.count == 1
    with pytest.raises(AuthenticationError):
        TokenCache(clock=RealClock().time, on_disk=False).get_or_issue("a", refuse)
    assert refuse.count == 2


@pytest.mark.parametrize("error", [None, 7, {}, {"status": 401, "surprise": 1}, {"error_msg": 1}])
def test_a_damaged_refusal_is_no_refusal(path: Path, error: Any) -> None:
    path.parent.mkdir()
    refusal = {"at": time.time(), "error": error}
    path.write_text(json.dumps({"tokens": {}, "refusals": {"a": refusal}}))
    assert TokenCache(path).get_or_issue("a", Issuer()).project_id == "p"


# ------------------------------------------------------------------------------------------------ files and clocks


@pytest.mark.skipif(os.name != "posix", reason="POSIX locks")
def test_a_locked_file_is_waited_for_once_and_not_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "LOCK_SECONDS", 0.05)
    path.parent.mkdir()
    with FileLock(path.with_name("tokens.json.lock")):
        cache = TokenCache(path)
        assert cache.get_or_issue("a", Issuer()).project_id == "p"
        assert cache._shared.patience == 0  # the next login does not wait
    cache.get_or_issue("b", Issuer())
    assert cache._shared.patience == tokens.LOCK_SECONDS


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_pipe_instead_of_the_file_is_not_read(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    assert TokenCache(path).get_or_issue("a", Issuer()).project_id == "p"


def test_a_full_disk_does_not_prevent_a_login(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tokens.json, "dump", full)
    assert TokenCache(path).get_or_issue("a", Issuer()).project_id == "p"
    assert {each.name for each in path.parent.iterdir()} <= {"tokens.json.lock"}


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_a_file_that_others_can_read_is_closed_to_them(path: Path) -> None:
    TokenCache(path).get_or_issue("a", Issuer())
    path.chmod(0o644)
    TokenCache(path).get_or_issue("a", Issuer())
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kept", ["memory", "file"])
def test_a_clock_that_is_set_back_makes_no_token_valid_for_longer(path: Path, kept: str) -> None:
    wall, monotonic = [100_000.0], [50.0]
    issue = Issuer(clock=lambda: wall[0], life=3600)

    def cache() -> TokenCache:
        return TokenCache(path, clock=lambda: wall[0], monotonic=lambda: monotonic[0])

    first = cache()
    first.get_or_issue("a", issue)
    used = first if kept == "memory" else cache()
    wall[0] -= 1800  # an hour passes, and the clock is set back by an hour and a half
    monotonic[0] += 3600
    assert used.get_or_issue("a", issue).value.get_secret_value() == f"{CANARY}-2"
    assert issue.count == 2


def test_a_token_of_the_future_is_not_used_after_a_restart(path: Path) -> None:
    wall, monotonic = [100_000.0], [50_000.0]
    issue = Issuer(clock=lambda: wall[0], life=3600)
    for _ in range(2):
        TokenCache(path, clock=lambda: wall[0], monotonic=lambda: monotonic[0]).get_or_issue("a", issue)
        wall[0], monotonic[0] = wall[0] - 600, 10.0
    assert issue.count == 2
