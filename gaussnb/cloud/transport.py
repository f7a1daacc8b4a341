"""One HTTP exchange, done with care: time-outs, retries, redirects refused, errors typed.

What is repeated, and when:

* A read is repeated after a lost connection, a time-out, or an answer that says "later".
* A write is repeated only when it certainly was not done: the connection could not be opened, or the
  service itself refused it (throttled, busy). When the answer to a write is lost, :class:`AnswerLost`
  says so and the client looks what became of it; it is never sent again blindly.
* A refused token is replaced once, and the request sent once more.

Errors leave out what caused them, and tokens are asked for outside of the HTTP library: its frames and
exceptions hold headers and bodies, and a traceback may show them.
"""

from __future__ import annotations

import email.utils
import math
import os
import random
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.utils import default_headers, get_environ_proxies
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from ..core.answers import parse
from ..core.clock import Clock, RealClock
from ..core.errors import (
    ApiError,
    BadAnswer,
    Busy,
    GaussnbError,
    NotSimulated,
    ServerError,
    Unreachable,
)
from ..core.refusals import ErrorCodes
from ..core.wire import Request
from .auth import Auth
from .error_codes import CLOUD_CODES
from .regions import check_endpoint, is_loopback

LARGEST = 256 * 1024 * 1024  # bytes of one answer; a page of 100 instances has 200 kB
LONGEST = 300.0
"""Seconds a ``Retry-After`` may ask for; who asks for more is asked again after these."""
_CHUNK = 1024 * 1024
_IDLE = 8  # connections kept open for the next call, as many as a client uses at once
_BUSY = 10.0  # seconds between tries while an instance is busy, at the most


class AnswerLost(GaussnbError):
    """A write was sent and its answer was lost: whether it was done is not known yet."""


@dataclass(frozen=True)
class Reply:
    """One answer that is not an error."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    operation: str

    @property
    def request_id(self) -> str:
        """What the vendor's support asks for."""
        return self.headers.get("X-Request-Id") or self.headers.get("X-IAM-Trace-Id") or ""

    def json(self) -> Any:
        """The JSON value of the body; an empty body is an empty object.

        Raises:
            BadAnswer: when it is not JSON.
        """
        try:
            return parse(self.body)
        except ValueError:
            pass
        raise self.bad("not JSON")

    def bad(self, reason: str) -> BadAnswer:
        """The error that says why this answer cannot be used."""
        return BadAnswer(
            reason,
            operation=self.operation,
            status=self.status,
            request_id=self.request_id,
            excerpt=self.body[:200],
        )


@dataclass(frozen=True)
class Patience:
    """How long to wait, and how often to try again. All in seconds.

    Args:
        connect: for a connection.
        read: for an answer.
        tries: at the most, for one exchange.
        busy: for an instance that is busy with something else; after it, :class:`gaussnb.Busy`.
    """

    connect: float = 10
    read: float = 60
    tries: int = 4
    busy: float = 30


@dataclass
class Transport:
    """Sends requests, each to the endpoint it is given. Safe to share between threads.

    Args:
        clock: what to sleep on between tries.
        patience: time-outs and tries.
        adapter: reaches a sandbox without a socket.
        seed: makes the jitter between tries repeatable.
        codes: the error codes of the service.
    """

    clock: Clock = field(default_factory=RealClock)
    patience: Patience = field(default_factory=Patience)
    adapter: BaseAdapter | None = None
    seed: int | None = None
    codes: ErrorCodes = field(default_factory=lambda: CLOUD_CODES, repr=False)

    def __post_init__(self) -> None:
        # requests' sessions are not safe to share between threads: each exchange borrows one.
        self._idle: list[requests.Session] = []
        self._proxies: dict[str, dict[str, str]] = {}
        self._closed = False
        self._lock = threading.Lock()
        self._random = random.Random(self.seed)
        self._verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True

    def close(self) -> None:
        """Close every connection, those in use as soon as they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()

    def exchange(
        self,
        endpoint: str,
        request: Request,
        *,
        operation: str,
        auth: Auth | None = None,
        safe: bool | None = None,
        creates: bool = False,
        patience: Patience | None = None,
    ) -> Reply:
        """Send one request and read its answer.

        Args:
            endpoint: scheme and host, https or loopback.
            request: the parts.
            operation: its name, for errors.
            auth: how to prove who asks.
            safe: whether it may be repeated freely; by default, whether it is a GET.
            creates: whether a repeat could make a second thing, so that no failure of the server counts
                as a refusal.
            patience: other than usual.

        Raises:
            ApiError: the service refused, after all tries.
            BadAnswer: the answer is a redirect or too large.
            Unreachable: there is no connection; nothing was done.
            AnswerLost: a write was sent, and its answer was lost.
        """
        check_endpoint(endpoint)
        patience = patience or self.patience
        safe = request.method == "GET" if safe is None else safe
        tries, renewed, busy_until, nap = 1, False, None, 2.0
        while True:
            prepared = self._prepared(endpoint, request, auth, operation)
            failure, again, asked = self._try(prepared, endpoint, operation, safe, patience)
            if isinstance(failure, Reply):
                return failure
            retry = failure.retry if isinstance(failure, ApiError) else ""
            if retry == "token" and not renewed and auth is not None and auth.renew(prepared):
                renewed = True
                continue
            if not safe and _says_nothing(failure, creates):
                failure = AnswerLost(str(failure))
            elif retry == "busy":
                now = self.clock.time()
                busy_until = now + patience.busy if busy_until is None else busy_until
                if now < busy_until:
                    self.clock.sleep(min(max(self._pause(nap, asked), 1.0), busy_until - now))
                    nap = min(2 * nap, _BUSY)
                    continue
            if not again or tries >= patience.tries:
                raise failure
            self.clock.sleep(self._pause(2.0 ** (tries - 2), asked))
            tries += 1

    # -- one try

    def _prepared(self, endpoint: str, request: Request, auth: Auth | None, operation: str) -> requests.PreparedRequest:
        headers = {"Content-Type": "application/json", "X-Language": "en-us", "User-Agent": _user_agent()}
        url = endpoint.rstrip("/") + request.target
        try:
            prepared = requests.Request(
                request.method, url, data=request.body, headers={**default_headers(), **headers}
            ).prepare()
        except requests.RequestException:
            prepared = None
        if prepared is None:
            raise Unreachable(f"{operation}: this cannot be sent, its path makes no URL.")
        return auth(prepared) if auth is not None else prepared

    def _try(
        self, prepared: requests.PreparedRequest, endpoint: str, operation: str, safe: bool, patience: Patience
    ) -> tuple[Reply | GaussnbError, bool, float | None]:
        """Send it once: the reply, or what went wrong; whether to try again; and after how many seconds."""
        try:
            with self._session() as session:
                response = session.send(
                    prepared,
                    timeout=(patience.connect, patience.read),
                    allow_redirects=False,
                    stream=True,
                    verify=self._verify,
                    proxies=self._proxies_for(endpoint),
                )
                reply = _read(response, operation)
        except requests.RequestException as error:
            return *_failure(error, operation, endpoint, safe), None
        except KeyboardInterrupt:
            pass
        else:
            if reply.status < 300:
                return reply, False, None
            refusal = _refusal(reply, self.codes)
            again = refusal.retry == "throttle" or (refusal.retry == "server" and safe)
            refusal.retry_after = _retry_after(reply.headers, self.clock.time())
            return refusal, again, refusal.retry_after
        raise KeyboardInterrupt  # anew, without the frames of the HTTP library

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        with self._lock:
            session = self._idle.pop() if self._idle else None
        if session is None:
            session = requests.Session()
            session.trust_env = False  # looking the environment up in each call would take a sixth of it
            if self.adapter is not None:
                session.mount("http://", self.adapter)
        try:
            yield session
        finally:
            with self._lock:
                if kept := not self._closed and len(self._idle) < _IDLE:
                    self._idle.append(session)
            if not kept:
                session.close()

    def _proxies_for(self, endpoint: str) -> dict[str, str]:
        """What the environment says, looked up once for each endpoint; this machine needs no proxy."""
        if endpoint not in self._proxies:
            self._proxies[endpoint] = {} if is_loopback(endpoint) else get_environ_proxies(endpoint)
        return self._proxies[endpoint]

    def _pause(self, seconds: float, asked: float | None) -> float:
        return asked if asked is not None else seconds * self._random.uniform(0.9, 1.1)


def _read(response: requests.Response, operation: str) -> Reply:
    body = bytearray()
    with response:
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > LARGEST:
                raise BadAnswer(
                    f"larger than {LARGEST // 1024**2} MiB",
                    operation=operation,
                    status=response.status_code,
                    excerpt=bytes(body[:200]),
                )
    return Reply(response.status_code, response.headers, bytes(body), operation)


def _refusal(reply: Reply, codes: ErrorCodes) -> ApiError:
    if reply.status < 400:
        raise reply.bad("a redirect, which is refused: a token goes to no other host")
    return codes.error_from_answer(reply.status, reply.headers, reply.body, reply.operation)


def _says_nothing(failure: GaussnbError, creates: bool) -> bool:
    """Whether a write may have been done all the same.

    Who gave up waiting says nothing about what happened behind it. A server that is too busy has refused;
    but where a repeat would make a second thing, it is not taken at its word.
    """
    if not isinstance(failure, ApiError) or failure.status < 500 or isinstance(failure, NotSimulated):
        return False
    return isinstance(failure, (ServerError, Busy)) if creates else failure.retry == "server"


def _failure(error: requests.RequestException, operation: str, endpoint: str, safe: bool) -> tuple[GaussnbError, bool]:
    """What a failed try means, and whether to try again.

    The original is dropped: it carries the request, with password and token in it.
    """
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Unreachable(
            f"{operation}: the certificate of {endpoint} is not trusted; nothing was sent. "
            "A company's own certificates go into REQUESTS_CA_BUNDLE."
        ), False
    if isinstance(error, ValueError):  # how requests marks what it does not even try to send
        return Unreachable(f"{operation}: {endpoint} or its proxy is no usable address; nothing was sent."), False
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)) or any(
        isinstance(cause, (NewConnectionError, NameResolutionError, ConnectTimeoutError)) for cause in causes
    ):
        return Unreachable(
            f"{operation}: no connection to {endpoint}; nothing was sent. "
            "Check the endpoint, the network and the proxy."
        ), True
    what = "timed out" if isinstance(error, requests.Timeout) or "timed out" in str(error) else "failed"
    says = f"{operation}: the connection to {endpoint} {what} before the answer came."
    return (Unreachable(says), True) if safe else (AnswerLost(says), False)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it wraps; libraries put that into arguments, ``reason`` or the context."""
    for _ in range(8):
        if error is None:
            return
        yield error
        inside = [getattr(error, "reason", None), *error.args]
        error = next((each for each in inside if isinstance(each, BaseException)), error.__context__)


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds named by a ``Retry-After`` header, as a number or a date."""
    text = headers.get("Retry-After", "")
    try:
        seconds = float(text)
    except ValueError:
        until = _moment(text)
        if until is None:
            return None
        # A date is told by the clock of who sent it.
        told = _moment(headers.get("Date", ""))
        seconds = until - (now if told is None else told)
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST)


def _moment(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


@cache
def _user_agent() -> str:
    try:
        return f"gaussnb/{version('gaussnb')}"
    except PackageNotFoundError:
        return "gaussnb"
