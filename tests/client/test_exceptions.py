"""Only documented errors leave the public face: exceptions of the libraries below, raised at every boundary.

A boundary is a function of a library that the package calls: to send, read, parse, write files and make frames.
For each boundary the exceptions that its library raises are raised there during every public call.
"""

from __future__ import annotations

import configparser
import errno
import http.client
import itertools
import json
import os
import pathlib
import sqlite3
import ssl
import tempfile
import threading
import tomllib
import types
from collections.abc import Callable, Iterator
from typing import Any

import filelock
import pandas as pd
import pytest
import requests
import urllib3

import gaussnb as gn
from gaussnb import Client
from gaussnb.client import pages, store
from gaussnb.cloud import tokens, transport
from gaussnb.sandbox import Sandbox
from gaussnb.sandbox.engine.adapter import SandboxAdapter

OF_FILES: list[BaseException] = [
    PermissionError(errno.EACCES, "denied"),
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    OSError(errno.EROFS, os.strerror(errno.EROFS)),
    OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
    InterruptedError(),
    NotADirectoryError(errno.ENOTDIR, "file"),
]
OF_TEXTS: list[BaseException] = [
    ValueError("bad"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    json.JSONDecodeError("bad", "x", 0),
    RecursionError("too deep"),
]
OF_NETWORKS: list[BaseException] = [
    requests.ConnectionError("refused"),
    requests.ReadTimeout("late"),
    requests.exceptions.ChunkedEncodingError("cut"),
    requests.exceptions.ContentDecodingError("gzip"),
    requests.exceptions.InvalidHeader("header"),
    requests.exceptions.InvalidURL("url"),
    requests.exceptions.SSLError("ssl"),
    requests.TooManyRedirects("many"),
    urllib3.exceptions.ProtocolError("broken"),
    urllib3.exceptions.LocationParseError("place"),
    urllib3.exceptions.MaxRetryError(None, "/"),  # type: ignore[arg-type]
    ssl.SSLCertVerificationError("certificate"),
    ssl.SSLError("bad"),
    http.client.IncompleteRead(b""),
    http.client.BadStatusLine("x"),
    http.client.LineTooLong("header"),
    OSError("Could not find a suitable TLS CA certificate bundle, invalid path: /nowhere"),
    ConnectionResetError(errno.ECONNRESET, "reset"),
    TimeoutError("late"),
    UnicodeError("label too long"),
    ValueError("Invalid header value"),
    AttributeError("read"),
    RuntimeError("closed"),
    RecursionError("too deep"),
]
OF_DATABASES: list[BaseException] = [
    sqlite3.OperationalError("database is locked"),
    sqlite3.OperationalError("disk I/O error"),
    sqlite3.DatabaseError("file is not a database"),
    sqlite3.ProgrammingError("closed"),
    sqlite3.IntegrityError("constraint"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a text of a damaged file"),
]
OF_FRAMES: list[BaseException] = [
    ValueError("bad"),
    KeyError("x"),
    TypeError("bad"),
    OverflowError(),
    RecursionError(),
    AttributeError("x"),
]

BOUNDARIES: dict[str, tuple[Any, str, list[BaseException]]] = {
    "sending": (SandboxAdapter, "send", OF_NETWORKS),
    "the body of an answer": (requests.Response, "iter_content", OF_NETWORKS),
    "preparing": (requests.Request, "prepare", [requests.exceptions.InvalidURL("url"), UnicodeError("label too long")]),
    "parsing a list": (transport, "read_page", OF_TEXTS),
    "parsing": (transport, "parse", OF_TEXTS),
    "collecting": (pages, "Columns", OF_FRAMES),
    "making a frame": (pd, "DataFrame", OF_FRAMES),
    "making an array": (pd, "array", OF_FRAMES),
    "opening a database": (sqlite3, "connect", [*OF_DATABASES, *OF_FILES]),
    "making a directory": (pathlib.Path, "mkdir", OF_FILES),
    "the mode of a file": (pathlib.Path, "chmod", OF_FILES),
    "the state of a file": (pathlib.Path, "stat", OF_FILES),
    "reading a file": (pathlib.Path, "read_bytes", [*OF_FILES, *OF_TEXTS]),
    "opening a file": (pathlib.Path, "open", OF_FILES),
    "a temporary file": (tempfile, "mkstemp", OF_FILES),
    "replacing a file": (os, "replace", OF_FILES),
    "locking a file": (
        filelock.FileLock,
        "acquire",
        [filelock.Timeout("lock"), NotImplementedError("flock"), *OF_FILES[:3]],
    ),
}
"""By name: the object, the function of it that raises, and what it raises."""


Calls = Iterator[tuple[str, Callable[[], Any]]]
NAME, SOME = "demo", "a" * 32 + "in06"


def calls(gdb: Client, spec: Callable[..., Any]) -> Calls:
    """The public calls, each right in itself; the first three touch every layer."""
    yield "login", gdb.login
    yield "create", lambda: gdb.instances.create(spec(name=NAME))
    yield "list", gdb.instances.list
    yield "delete", lambda: gdb.instances.delete(SOME)
    yield "made", gdb.made
    yield "request", lambda: gdb.request("GET", "/v3/{project_id}/instances")
    yield "undeclared", lambda: gdb.request("GET", "/v3/nothing")
    yield "review", lambda: gdb.review(spec())
    yield "another service", gdb.vpcs.list
    yield "form", lambda: gdb.instances.nodes.form(id=SOME).submit()
    yield "create_many", lambda: gdb.instances.create_many([{**spec(name=NAME).wire(), "password": "x"}])
    yield "wait", lambda: gdb.wait(SOME, timeout=60)
    yield "watch", lambda: watched(gdb)


def watched(gdb: Client) -> Any:
    watch = gdb.watch(SOME)
    while not watch.done:
        watch.stop()
    return watch.frame, watch.history, repr(watch), str(watch)


def untyped(call: Callable[[], Any]) -> str:
    """Describe the undocumented error of a call; empty if there is none."""
    try:
        call()
    except gn.GaussnbError:
        return ""
    except Exception as error:
        return repr(error)
    return ""


@pytest.fixture
def threads_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails if a thread ends by an exception."""
    ended: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", ended.append)
    yield
    assert ended == []


@pytest.fixture
def connected(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> Callable[[], Client]:
    """Makes clients with a password, which keep their tokens and ledgers on disk."""
    monkeypatch.setattr(tokens, "_ROUNDS", 1)
    monkeypatch.setattr(tokens, "user_cache_dir", lambda _: str(tmp_path / "tokens"))
    monkeypatch.delenv("GAUSSNB_CACHE_DIR")
    ticks = types.SimpleNamespace(monotonic=itertools.count().__next__, sleep=lambda seconds: None)
    monkeypatch.setattr(store, "time", ticks)  # a locked ledger is waited for
    return lambda: Client.open(
        **sandbox.settings(), keep=True, patience=gn.Patience(tries=1, busy=0, looks=(0,), lag=0, absences=1)
    )


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_only_documented_errors_leave_the_calls(
    boundary: str, connected: Callable[[], Client], spec: Callable[..., Any], threads_end: None
) -> None:
    place, name, raised = BOUNDARIES[boundary]
    faults, reached = [], 0
    for number, error in enumerate(raised):

        def fail(*_: Any, error: BaseException = error, **__: Any) -> Any:
            nonlocal reached
            reached += 1
            raise error

        with connected() as gdb, pytest.MonkeyPatch.context() as patch:
            patch.setattr(place, name, fail)
            for what, call in itertools.islice(calls(gdb, spec), None if number == 0 else 3):
                if told := untyped(call):
                    faults.append(f"{error!r} in {what}: {told}")
    assert faults == []
    assert reached


@pytest.mark.parametrize("boundary", ["sending", "the body of an answer", "parsing a list", "making a frame"])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
def test_an_interrupt_and_the_end_of_memory_pass(
    boundary: str, kind: type[BaseException], connected: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, name, _ = BOUNDARIES[boundary]

    def fail(*_: Any, **__: Any) -> Any:
        raise kind

    with connected() as gdb:
        gdb.instances.list()
        monkeypatch.setattr(place, name, fail)
        with pytest.raises(kind):
            gdb.instances.list()


@pytest.mark.parametrize(
    ("place", "name", "raised"),
    [
        (pathlib.Path, "stat", OF_FILES),
        (pathlib.Path, "open", OF_FILES),
        (tomllib, "loads", [*OF_TEXTS, tomllib.TOMLDecodeError("bad")]),
        (configparser.ConfigParser, "read_string", [*OF_TEXTS, configparser.ParsingError("file")]),
    ],
)
def test_connecting_ends_with_a_typed_error(
    place: Any, name: str, raised: list[BaseException], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "profiles.toml").write_text("[work]\n")
    (tmp_path / "credentials").write_text("[basic]\n")
    for error in raised:

        def fail(*_: Any, error: BaseException = error, **__: Any) -> Any:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(place, name, fail)
            for profile in (None, "work"):
                with pytest.raises(gn.CredentialsError):
                    gn.connect(profile)


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_what_the_client_writes_is_for_its_user_only(
    connected: Callable[[], Client], spec: Callable[..., Any], tmp_path: pathlib.Path
) -> None:
    """Tokens, the ledger and their locks, whatever the umask is."""
    before = os.umask(0)
    try:
        with connected() as gdb:
            gdb.instances.create(spec())
            gdb.made()
        modes = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    finally:
        os.umask(before)
    assert {"tokens/tokens.json", "state/ledger.sqlite"} <= modes.keys()
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
