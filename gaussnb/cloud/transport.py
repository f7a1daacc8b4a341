"""HTTP requests and their answers: time-outs, retries, refused redirects, typed errors.

* A read is repeated after a lost connection, after a time-out, and after an answer that asks to try later.
* A write is repeated only if the service certainly did not execute it: the connection could not be opened, or the
  service refused the request (throttled, busy). If the answer to a write is lost, :class:`AnswerLost` is raised, and
  the client finds out whether the write was executed. The write is not sent again.
* A refused token is replaced once, and the request is sent once more.

Errors drop their cause, and tokens are requested outside of the HTTP library: the frames and exceptions of that library
hold headers and bodies, and a traceback may show them. Every secret that is sent is remembered, and cut out of each
answer before anything reads the answer.
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
from pydantic import SecretStr
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import default_headers, get_environ_proxies
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from ..core.answers import Page, parse, read_page
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
from ..core.rows import Row
from ..core.secrets import Hidden, KnownSecrets
from ..core.wire import Request
from .auth import Auth
from .error_codes import CLOUD_CODES
from .regions import check_endpoint, is_loopback

MAX_ANSWER = 256 * 1024 * 1024
"""Most bytes of one answer; a page of 100 things has 200 kB."""
MAX_RETRY_AFTER = 300.0
"""Most seconds of a ``Retry-After`` header; a longer wait is cut to these."""
_CHUNK = 1024 * 1024
_MAX_IDLE_SESSIONS = 8  # kept open for the next call; a client uses no more at the same time
_MAX_BUSY_PAUSE = 10.0  # seconds between two tries while a thing is busy


Adapter = BaseAdapter
"""Carries requests to a server; a sandbox has an adapter that needs no socket."""


class AnswerLost(GaussnbError):
    """A write was sent and its answer was lost: the service may or may not have executed the write."""


@dataclass(frozen=True)
class Reply:
    """An answer with a status below 300."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    operation: str
    issued: SecretStr = field(default=SecretStr(""), repr=False)
    """The token that IAM issued with this answer."""

    @property
    def request_id(self) -> str:
        """Id of the request, for the vendor's support."""
        return self.headers.get("X-Request-Id") or self.headers.get("X-IAM-Trace-Id") or ""

    def json(self) -> Any:
        """Read the body as JSON; an empty body is an empty object.

        Raises:
            BadAnswer: the body is not JSON.
        """
        try:
            return parse(self.body)
        except ValueError:
            pass
        raise self.bad("not JSON")

    def page(self, row: type[Row], total: str) -> Page:
        """Read the list of rows in the body; see :func:`gaussnb.core.answers.read_page`.

        Raises:
            BadAnswer: the body is not JSON, or has no such list.
        """
        try:
            return read_page(self.body, row, total)
        except ValueError as error:
            problem = str(error)
        raise self.bad(problem)

    def bad(self, reason: str) -> BadAnswer:
        """Make the error that gives the reason why this answer cannot be used."""
        return BadAnswer(
            reason,
            operation=self.operation,
            status=self.status,
            request_id=self.request_id,
            excerpt=self.body[:200],
        )


@dataclass(frozen=True)
class Patience:
    """Time-outs, the number of tries of a request, and how often something is looked for before it counts as absent.

    Args:
        connect: seconds to wait for a connection.
        read: seconds to wait for the next part of an answer.
        answer: seconds to wait for a whole answer, from the request to its last byte.
        tries: how often one request is sent at most.
        busy: seconds to wait for a thing that is busy with other work, before :class:`gaussnb.Busy` is raised.
        looks: seconds before each look for the thing of a creation whose answer was lost.
        lag: seconds that a listing may be late. A thing counts as absent only if it was missing in ``absences`` looks
            in a row, the first and the last of them at least this time apart.
        absences: the number of those looks.
    """

    connect: float = 10
    read: float = 60
    answer: float = 300
    tries: int = 4
    busy: float = 30
    looks: tuple[float, ...] = (0, 2, 4, 8, 16)
    lag: float = 15
    absences: int = 3


@dataclass(frozen=True)
class _Failure:
    """A try that failed: its error, whether to repeat the request, and the pause that the service asked for."""

    error: GaussnbError
    repeat: bool
    retry_after: float | None = None


@dataclass
class Transport:
    """Sends requests to the endpoints that the caller names. Safe to share between threads.

    Args:
        clock: the clock that sleeps between tries.
        patience: time-outs and tries.
        adapter: reaches a sandbox without a socket.
        seed: makes the jitter between tries repeatable.
        codes: the error codes of the service.
        secrets: the secrets that were sent or received.
    """

    clock: Clock = field(default_factory=RealClock)
    patience: Patience = field(default_factory=Patience)
    adapter: BaseAdapter | None = None
    seed: int | None = None
    codes: ErrorCodes = field(default_factory=lambda: CLOUD_CODES, repr=False)
    secrets: KnownSecrets = field(default_factory=KnownSecrets, repr=False)

    def __post_init__(self) -> None:
        # A session of `requests` is not safe to share between threads: each exchange borrows one.
        self._idle: list[requests.Session] = []
        self._proxies: dict[str, Hidden[dict[str, str]]] = {}  # an address of a proxy may hold a password
        self._closed = False
        self._lock = threading.Lock()
        self._random = random.Random(self.seed)
        self._verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True

    def close(self) -> None:
        """Close every connection; a connection in use is closed after its exchange."""
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
            request: the request without its host.
            operation: name of the operation, for errors.
            auth: adds the token or the signature.
            safe: True if the request may be repeated like a read; by default True for GET.
            creates: True if a repeat could create a second resource. Then an error of the server does not count as
                a refusal.
            patience: other time-outs and tries than usual.

        Raises:
            ApiError: the service refused the request, after all tries.
            BadAnswer: the answer is a redirect or too large.
            Unreachable: there is no connection; nothing was done.
            AnswerLost: a write was sent, and its answer was lost.
        """
        check_endpoint(endpoint)
        self.secrets.add(*request.secrets)
        patience = patience or self.patience
        safe = request.method == "GET" if safe is None else safe
        tries, renewed = 1, False
        busy_until, busy_pause = None, 2.0
        while True:
            prepared = Hidden(self._prepare(endpoint, request, auth, operation))
            outcome = self._try(prepared, endpoint, operation, safe, patience)
            if isinstance(outcome, Reply):
                return outcome
            error = outcome.error
            retry = error.retry if isinstance(error, ApiError) else ""
            if retry == "token" and not renewed and auth is not None and auth.renew(prepared.open()):
                renewed = True
                continue
            if not safe and _may_be_executed(error, creates):
                raise AnswerLost(str(error))
            if retry == "busy":
                now = self.clock.time()
                busy_until = now + patience.busy if busy_until is None else busy_until
                if now < busy_until:
                    self.clock.sleep(min(max(self._pause(busy_pause, outcome.retry_after), 1.0), busy_until - now))
                    busy_pause = min(2 * busy_pause, _MAX_BUSY_PAUSE)
                    continue
            if not outcome.repeat or tries >= patience.tries:
                raise error
            self.clock.sleep(self._pause(2.0 ** (tries - 2), outcome.retry_after))
            tries += 1

    # -- one try

    def _prepare(self, endpoint: str, request: Request, auth: Auth | None, operation: str) -> requests.PreparedRequest:
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
        if auth is None:
            return prepared
        proven = auth(prepared)
        self.secrets.add(*(proven.headers.get(name) for name in auth.secret_headers))
        return proven

    def _try(
        self, prepared: Hidden[requests.PreparedRequest], endpoint: str, operation: str, safe: bool, patience: Patience
    ) -> Reply | _Failure:
        """Send a prepared request once."""
        try:
            with self._session() as session:
                response = session.send(
                    prepared.open(),
                    timeout=(patience.connect, patience.read),
                    allow_redirects=False,
                    stream=True,
                    verify=self._verify,
                    proxies=self._proxies_for(endpoint),
                )
                reply = self._read(response, operation)
        except requests.RequestException as error:
            return _failure(error, operation, endpoint, safe)
        except KeyboardInterrupt:
            pass
        else:
            if reply.status < 300:
                return reply
            refusal = _refusal(reply, self.codes)
            repeat = refusal.retry == "throttle" or (refusal.retry == "server" and safe)
            refusal.retry_after = _retry_after(reply.headers, self.clock.time())
            return _Failure(refusal, repeat, refusal.retry_after)
        raise KeyboardInterrupt  # a new exception, without the frames of the HTTP library

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        with self._lock:
            session = self._idle.pop() if self._idle else None
        if session is None:
            session = requests.Session()
            session.trust_env = False  # reading the environment takes a sixth of the time of each call
            if self.adapter is not None:
                session.mount("http://", self.adapter)
        try:
            yield session
        finally:
            with self._lock:
                if kept := not self._closed and len(self._idle) < _MAX_IDLE_SESSIONS:
                    self._idle.append(session)
            if not kept:
                session.close()

    def _proxies_for(self, endpoint: str) -> dict[str, str]:
        """Read the proxies from the environment once for each endpoint; endpoints on this machine need none."""
        if endpoint not in self._proxies:
            self._proxies[endpoint] = Hidden({} if is_loopback(endpoint) else get_environ_proxies(endpoint))
        return self._proxies[endpoint].open()

    def _read(self, response: requests.Response, operation: str) -> Reply:
        """Read an answer, and cut every known secret out of it."""
        body = bytearray()
        issued = SecretStr(response.headers.pop("X-Subject-Token", ""))
        self.secrets.add(issued)
        with response:
            for chunk in response.iter_content(_CHUNK):
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise BadAnswer(
                        f"larger than {MAX_ANSWER // 1024**2} MiB",
                        operation=operation,
                        status=response.status_code,
                        excerpt=self.secrets.mask_bytes(bytes(body[:4_000])),
                    )
        return Reply(
            response.status_code,
            self._masked(response.headers),
            self.secrets.mask_bytes(bytes(body)),
            operation,
            issued,
        )

    def _masked(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        text = "\n".join(headers.values())
        if self.secrets.mask(text) == text:  # the usual case
            return headers
        return CaseInsensitiveDict({name: self.secrets.mask(value) for name, value in headers.items()})

    def _pause(self, seconds: float, retry_after: float | None) -> float:
        return retry_after if retry_after is not None else seconds * self._random.uniform(0.9, 1.1)


def _refusal(reply: Reply, codes: ErrorCodes) -> ApiError:
    if reply.status < 400:
        raise reply.bad("a redirect, which is refused: a token goes to no other host")
    return codes.error_from_answer(reply.status, reply.headers, reply.body, reply.operation)


def _may_be_executed(error: GaussnbError, creates: bool) -> bool:
    """True if the service may have executed a write in spite of its error.

    A gateway that gave up waiting does not know what the service behind it did. A server that is too busy has refused
    the request; but a create, whose repeat would create a second resource, is not repeated on the word of that server.
    """
    if not isinstance(error, ApiError) or error.status < 500 or isinstance(error, NotSimulated):
        return False
    return isinstance(error, (ServerError, Busy)) if creates else error.retry == "server"


def _failure(error: requests.RequestException, operation: str, endpoint: str, safe: bool) -> _Failure:
    """Turn an exception of the HTTP library into an error of ours.

    The original is dropped, because it carries the request with password and token.
    """
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        message = (
            f"{operation}: the certificate of {endpoint} is not trusted; nothing was sent. "
            "A company's own certificates go into REQUESTS_CA_BUNDLE."
        )
        return _Failure(Unreachable(message), repeat=False)
    if isinstance(error, ValueError):  # `requests` marks a request like this if it cannot be sent at all
        message = f"{operation}: {endpoint} or its proxy is no usable address; nothing was sent."
        return _Failure(Unreachable(message), repeat=False)
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)) or any(
        isinstance(cause, (NewConnectionError, NameResolutionError, ConnectTimeoutError)) for cause in causes
    ):
        message = (
            f"{operation}: no connection to {endpoint}; nothing was sent. "
            "Check the endpoint, the network and the proxy."
        )
        return _Failure(Unreachable(message), repeat=True)
    verb = "timed out" if isinstance(error, requests.Timeout) or "timed out" in str(error) else "failed"
    message = f"{operation}: the connection to {endpoint} {verb} before the answer came."
    return _Failure(Unreachable(message), repeat=True) if safe else _Failure(AnswerLost(message), repeat=False)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and the errors inside it, which libraries put into arguments, ``reason`` or the context."""
    for _ in range(8):
        if error is None:
            return
        yield error
        inside = [getattr(error, "reason", None), *error.args]
        error = next((each for each in inside if isinstance(each, BaseException)), error.__context__)


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Read the seconds of a ``Retry-After`` header, which holds a number or a date."""
    text = headers.get("Retry-After", "")
    try:
        seconds = float(text)
    except ValueError:
        until = _moment(text)
        if until is None:
            return None
        sent = _moment(headers.get("Date", ""))  # the date is by the clock of the service, if the service sent its time
        seconds = until - (now if sent is None else sent)
    return None if math.isnan(seconds) else min(max(seconds, 0.0), MAX_RETRY_AFTER)


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
