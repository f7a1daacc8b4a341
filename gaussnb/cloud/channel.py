"""The way of one request to the network: the moment at which it leaves, and the end of the time for its answer.

An exception of the HTTP library does not say if the request was sent: two Content-Lengths in an answer raise the same
class as a wrong header of the request. Therefore the moment decides, not the class. The connections of a
:class:`Channel` call :func:`mark_sent` before the first byte of a request leaves: after name resolution, connection,
TLS and the CONNECT of a proxy. What fails before that call was certainly not sent; all else may have been executed.

Another adapter (a sandbox without a socket, a simulated network) takes part like this::

    class MyAdapter(BaseAdapter):
        marks_sent = True

        def send(self, request, **how):
            ...                 # an exception here: nothing was sent
            mark_sent()
            ...                 # an exception here: the service may have executed the request

Without ``marks_sent = True`` every exception counts as one after the sending, except those that only the opening of a
connection raises (:data:`OPENING`). A call of :func:`mark_sent` counts in any adapter.

A :class:`Channel` also keeps the end of an answer: every read from the socket waits for the rest of the time at most,
in the head and in the body, so an answer that drips has an end. Sockets know real seconds only, whatever the clock of
the client.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

OPENING = (
    requests.ConnectTimeout,
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ssl.SSLCertVerificationError,
)
"""The exceptions that only the opening of a connection raises."""


@dataclass
class Sending:
    """One request on its way.

    Args:
        seconds: the time for the whole answer, in real seconds.
    """

    seconds: float
    sent: bool = False
    """True if the first byte of the request may have left."""
    overdue: bool = False
    """True if the answer was cut off because its time was over."""
    ends: float = field(init=False)
    """The monotonic moment at which the answer must be complete."""

    def __post_init__(self) -> None:
        self.ends = time.monotonic() + self.seconds

    def left(self) -> float:
        """Seconds until the answer must be complete.

        Raises:
            TimeoutError: the time is over.
        """
        left = self.ends - time.monotonic()
        if left <= 0:
            self.overdue = True
            raise TimeoutError(f"the answer timed out: it was not complete within {self.seconds:g} s")
        return left

    def may_be_executed(self, error: BaseException, adapter: BaseAdapter) -> bool:
        """True if the request may have been executed, although its sending failed.

        Args:
            error: the exception that ended the sending.
            adapter: the adapter that was used.
        """
        if self.sent or getattr(adapter, "marks_sent", False):
            return self.sent
        return not any(isinstance(cause, OPENING) for cause in causes(error))


_SENDING: ContextVar[Sending | None] = ContextVar("gaussnb_sending", default=None)


@contextmanager
def sending(seconds: float) -> Iterator[Sending]:
    """Make a request the current one of this thread.

    Args:
        seconds: the time for the whole answer, in real seconds.
    """
    token = _SENDING.set(Sending(seconds))
    try:
        current = _SENDING.get()
        assert current is not None
        yield current
    finally:
        _SENDING.reset(token)


def mark_sent() -> None:
    """Mark the current request as sent: from now on the service may execute it. An adapter calls this function."""
    current = _SENDING.get()
    if current is not None and not current.sent:
        current.sent = True
        current.ends = time.monotonic() + current.seconds


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and the errors inside it, which libraries put into arguments, ``reason`` or the context."""
    for _ in range(8):
        if error is None:
            return
        yield error
        inside = [getattr(error, "reason", None), *error.args]
        nested = next((each for each in inside if isinstance(each, BaseException)), None)
        error = nested or error.__cause__ or error.__context__


class Channel(HTTPAdapter):
    """The adapter for real connections: they mark the moment of the sending, and their answers have an end."""

    marks_sent = True

    def init_poolmanager(self, *args: Any, **how: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **how)
        _use_own_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **how: Any) -> Any:
        """Make the pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **how)
        _use_own_connections(manager)
        return manager


def _use_own_connections(manager: Any) -> None:
    pools: dict[str, Any] = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _own_pool(pool) for scheme, pool in pools.items()}


@cache
def _own_pool(pool: Any) -> Any:
    """Derive a pool whose connections mark the moment: of direct connections, and of those through any proxy."""
    if issubclass(pool.ConnectionCls, _Marking):
        return pool
    connection = type(pool.ConnectionCls.__name__, (_Marking, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Answer(http.client.HTTPResponse):
    """An answer with an end. Interim answers (status 1xx) are skipped, and what follows an answer is never read."""

    def __init__(self, sock: Any, *args: Any, **how: Any) -> None:
        self._source = _Source(sock)
        super().__init__(self._source, *args, **how)  # type: ignore[arg-type]  # it is only asked for a file

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 <= status < 200 or status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                return version, status, reason
            http.client.parse_headers(self.fp)

    def begin(self) -> None:
        """Read the head, and refuse a damaged one: without a sure length, nobody can tell that the body is whole.

        Raises:
            http.client.HTTPException: the head is damaged, or the answer ends with it and has no length.
        """
        super().begin()
        for length in self.headers.get_all("Content-Length", []):
            if not re.fullmatch(r"[0-9]+(?:\s*,\s*[0-9]+)*", length.strip()):
                raise http.client.HTTPException("a length that is no number")
        if not self.chunked and self.headers.get("Transfer-Encoding") is not None:
            raise http.client.HTTPException("an unknown transfer encoding")
        if self.headers.defects and str(self.headers.get_payload()).strip():
            raise http.client.HTTPException("a line of the head that is no header")
        # An answer may end with its connection. Cut off after the head, it looks like a success without content.
        if self.length is None and not self.chunked and not self.fp.peek(1):
            raise http.client.HTTPException("neither a length nor a body")

    def _close_conn(self) -> None:
        # Bytes after the end of an answer would be taken for the answer to the next request.
        if self._source.has_more(self.fp):
            self._source.shut()
        super()._close_conn()  # type: ignore[misc]


class _Marking(http.client.HTTPConnection):
    """Mixed into a connection of urllib3: marks the moment at which a request leaves."""

    response_class = _Answer
    _opening = False

    def connect(self) -> None:
        """Connect; what a proxy is sent meanwhile is not the request."""
        self._opening = True
        try:
            super().connect()
        finally:
            self._opening = False

    def send(self, data: Any) -> None:
        """Send a part of a request; the first part opens the connection."""
        if not self._opening:
            if self.sock is None and self.auto_open:
                self.connect()
            mark_sent()
        super().send(data)


class _Source:
    """Stands in for a socket where an answer asks for a file to read from."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._reader: _Reader | None = None

    def makefile(self, mode: str, *args: Any, **how: Any) -> io.BufferedReader:
        """Open the file of the answer."""
        self._reader = _Reader(self._sock)
        return io.BufferedReader(self._reader)

    def has_more(self, file: Any) -> bool:
        """True if bytes came after the end of the answer."""
        if file is None or self._reader is None or self._reader.closed:
            return False
        self._reader.ended = True
        pending = getattr(self._sock, "pending", lambda: 0)
        with suppress(OSError, ValueError):
            return bool(file.peek(1)) or pending() > 0
        return False

    def shut(self) -> None:
        """End the connection, so that its pool drops it."""
        with suppress(OSError, AttributeError):
            self._sock.shutdown(socket.SHUT_RDWR)


class _Reader(io.RawIOBase):
    """Reads from a socket until the time for the whole answer is over."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._sending = _SENDING.get()
        self._step: float | None = sock.gettimeout()
        self.ended = False
        """True after the end of the answer: nothing more is read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.ended:
            return None
        if self._sending is not None:
            left = self._sending.left()
            self._sock.settimeout(left if self._step is None else min(self._step, left))
        try:
            return self._raw.readinto(buffer)  # type: ignore[no-any-return]
        except TimeoutError:
            if self._sending is not None:
                self._sending.left()  # tells whether the whole time is over, or only that of this step
            raise

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
