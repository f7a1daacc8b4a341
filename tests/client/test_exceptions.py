"""Only documented errors leave the public face: exceptions of the libraries below, raised at every boundary.

A boundary is a function of a library that the package calls: to send, to read, to parse, to write files, to make frames.
For each boundary the exceptions that its library raises are raised there during every public call.
"""

from __future__ import annotations

import errno
import http.client
import json
import os
import pathlib
import sqlite3
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

import filelock
import pandas as pd
import pytest
import requests
import urllib3

import gaussnb as gn
from gaussnb import Client
from gaussnb.core import answers
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
    "parsing": (answers, "from_json", [*OF_TEXTS]),
    "collecting": (answers.Columns, "add", OF_FRAMES),
    "making a frame": (pd, "DataFrame", OF_FRAMES),
    "making an array": (pd, "array", OF_FRAMES),
    "opening a database": (sqlite3, "connect", [*OF_DATABASES, *OF_FILES]),
    "making a directory": (pathlib.Path, "mkdir", OF_FILES),
    "the mode of a file": (pathlib.Path, "chmod", OF_FILES),
    "the state of a file": (pathlib.Path, "stat", OF_FILES),
    "reading a file": (pathlib.Path, "read_bytes", [*OF_FILES, *OF_TEXTS]),
    "opening a file": (pathlib.Path, "open", [*OF_FILES, *OF_TEXTS]),
    "a temporary file": (tempfile, "mkstemp", OF_FILES),
    "replacing a file": (os, "replace", OF_FILES),
    "locking a file": (
        filelock.FileLock,
        "acquire",
        [filelock.Timeout("lock"), NotImplementedError("flock"), *OF_FILES[:3]],
    ),
}
"""By name: the object, the function of it that raises, and what it raises."""


def calls(gdb: Client, sandbox: Sandbox, spec: Callable[..., Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The public calls, each right in itself."""
    yield "login", gdb.login
    yield "list", gdb.instances.list
    yield "create", lambda: gdb.instances.create(spec())
    yield "delete", lambda: gdb.instances.delete("a" * 32 + "in06")
    yield "made", gdb.made
    yield "request", lambda: gdb.request("GET", "/v3/{project_id}/instances")
    yield "undeclared", lambda: gdb.request("GET", "/v3/nothing")
    yield "review", lambda: gdb.review(spec())


def waits(gdb: Client, sandbox: Sandbox, spec: Callable[..., Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The public calls that take longer."""
    yield "wait", lambda: gdb.wait("a" * 32 + "in06", timeout=60)
    yield "create_many", lambda: gdb.instances.create_many([{**spec().wire(), "name": "one"}])
    yield "form", lambda: gdb.instances.nodes.form(instance_id="a" * 32 + "in06").submit()


def untyped(name: str, call: Callable[[], Any]) -> str:
    """What a call raises that is not documented; empty if there is nothing."""
    try:
        call()
    except gn.GaussnbError:
        return ""
    except Exception as error:
        return f"{name}: {error!r}"
    return ""


@pytest.fixture
def threads_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails if a thread ends by an exception."""
    ended: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", ended.append)
    yield
    assert ended == []


def connected(sandbox: Sandbox) -> Client:
    token = sandbox.connect(keep=False)._access.iam_auth.token.value  # type: ignore[attr-defined]
    adapter = SandboxAdapter(sandbox._app.handle)
    return Client.open(
        token=token,
        region=sandbox.region,
        project_id=sandbox.project_id,
        endpoint=sandbox.endpoint,
        iam_endpoint=sandbox.iam_endpoint,
        adapter=adapter,
        clock=sandbox.clock,
        patience=gn.Patience(tries=1, busy=0, looks=(0,)),
    )


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_only_documented_errors_leave_the_calls(
    boundary: str, sandbox: Sandbox, spec: Callable[..., Any], threads_end: None
) -> None:
    place, name, raised = BOUNDARIES[boundary]
    faults = []
    for number, error in enumerate(raised):
        with pytest.MonkeyPatch.context() as patch, connected(sandbox) as gdb:

            def fail(*_: Any, error: BaseException = error, **__: Any) -> Any:
                raise error

            patch.setattr(place, name, fail)
            for each in [calls, waits] if number == 0 else [calls]:
                faults += [
                    f"{error!r} → {told}" for what, call in each(gdb, sandbox, spec) if (told := untyped(what, call))
                ]
    assert faults == []
