"""HTTP requests and their answers: time-outs, retries, refused redirects, typed errors.

* A read is repeated after a lost connection, after a time-out, and after an answer that asks to try later.
* A write is repeated only if the service certainly did not execute it: the request did not leave
  (:mod:`gaussnb.cloud.channel`), or the service refused it in its own words (throttled, busy). Everything else about a
  write is a doubt: :class:`AnswerLost` is raised, and the client finds out whether the write was executed. It is not
  sent again.
* A token that the service refused is replaced once, and the request is sent once more.

Errors drop their cause, and tokens are requested outside of the HTTP library: the frames and exceptions of that library
hold headers and bodies, and a traceback may show them. Every secret that is sent is remembered, and cut out of each
answer before anything reads the answer.
"""

from __future__ import annotations

import email.utils
import logging
import math
import os
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import requests
from pydantic import SecretStr
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import default_headers, get_environ_proxies

from ..core.answers import Page, check_receipt, parse, read_page
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
from ..core.process import PerProcess
from ..core.refusals import ErrorCodes, is_own_answer
from ..core.rows import Row
from ..core.secrets import Hidden, KnownSecrets, KnownSecretsFilter
from ..core.wire import Request
from .auth import Auth
from .causes import Reason, reason_of
from .channel import Channel, Sending, causes, sending
from .error_codes import CLOUD_CODES
from .regions import check_endpoint, is_loopback

MAX_ANSWER = 256 * 1024 * 1024
"""Most bytes of one answer; a page of 100 things has 200 kB."""
MAX_RETRY_AFTER = 300.0
"""Most seconds of a ``Retry-After`` header; a longer wait is cut to these."""
SAFE = ("GET", "HEAD", "OPTIONS")
"""The methods that only read."""
_REDIRECT = "a redirect, which is refused: a token goes to no other host"
_CHUNK = 1024 * 1024
_MAX_IDLE_SESSIONS = 8  # kept open for the next call; a client uses no more at the same time
_MAX_BUSY_PAUSE = 10.0  # seconds between two tries while a thing is busy


_LOGS = KnownSecretsFilter()
for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_LOGS)

Adapter = BaseAdapter
"""Carries requests to a server; a sandbox has an adapter that needs no socket."""


class AnswerLost(GaussnbError):
    """A write was sent and its outcome is in doubt: the service may or may not have executed the write.

    Args:
        message: the reason of the doubt.
        status, request_id: of the answer, if one came.
    """

    def __init__(self, message: str = "", *, status: int = 0, request_id: str = "") -> None:
        self.status = status
        self.request_id = request_id
        super().__init__(message)


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

    @property
    def served_at(self) -> str:
        """Time of the answer by the clock of the service, in ISO format; empty if the answer does not say it."""
        moment = _moment(self.headers.get("Date", ""))
        return "" if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()

    def json(self) -> Any:
        """Read the body as JSON; an empty body is an empty object.

        Raises:
            BadAnswer: the body is not JSON.
        """
        try:
            return parse(self.body)
        except (ValueError, RecursionError):
            pass
        raise self.bad("not JSON")

    def page(self, row: type[Row], total: str) -> Page:
        """Read the list of rows in the body; see :func:`gaussnb.core.answers.read_page`.

        Raises:
            BadAnswer: the body is not JSON, or has no such list.
        """
        try:
            return read_page(self.body, row, total)
        except (ValueError, RecursionError) as error:
            problem = str(error)
        raise self.bad(problem)

    def check_receipt(self, row: type[Row] | None) -> None:
        """Check that this answer to a write is what the operation documents; see :func:`.answers.check_receipt`.

        Args:
            row: the row class of the operation; None if no operation is declared.

        Raises:
            AnswerLost: it is not: somebody else may have answered.
        """
        try:
            check_receipt(self.body, row, signed=bool(self.request_id))
        except ValueError as error:
            problem = str(error)
        else:
            return
        raise AnswerLost(str(self.bad(problem)), status=self.status, request_id=self.request_id)

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
    """A try that failed."""

    error: GaussnbError
    repeat: bool
    """True if a repeat may succeed, where a repeat does no harm."""
    doubt: bool
    """True if the service may have executed the request."""
    retry_after: float | None = None
    """The pause that the service asked for."""
    what: str = ""
    """The failure, if no answer came; empty if one came."""
    remedy: str = ""
    """The remedy."""

    foreign: bool = False
    """True if an error answer is not in the service's own words."""

    @property
    def reason(self) -> str:
        """The reason of the doubt, in a sentence."""
        if not isinstance(self.error, ApiError) or not self.foreign:
            return str(self.error)
        return (
            f"{self.error.operation}: an answer came with HTTP {self.error.status} ({self.error.error_msg}), "
            "and not in the service's own words."
        )

    def raised_after(self, tries: int, seconds: float) -> GaussnbError:
        """The error for the caller: a step's time-out is told as the step's, and the whole with its own time."""
        if not self.what or tries == 1:
            return self.error
        return Unreachable(f"{self.what}, tried {tries} times in {seconds:.0f} s{self.remedy}")


@dataclass
class Transport(PerProcess):
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
        _LOGS.watch(self.secrets)
        self._proxies: dict[str, Hidden[dict[str, str]]] = {}  # an address of a proxy may hold a password
        self._closed = False
        self._own()
        self._verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True

    def _begin(self) -> None:
        # A session of `requests` is not safe to share between threads: each exchange borrows one. A forked child
        # drops the sessions of its parent. That closes its copies of the sockets, and ends no connection.
        self._idle: list[requests.Session] = []
        self._lock = threading.Lock()
        self._random = random.Random(self.seed)

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
            safe: True if the request may be repeated like a read; by default True for a method that only reads.
            creates: True if a repeat could create a second resource. Then an error of the server does not count as
                a refusal.
            patience: other time-outs and tries than usual.

        Raises:
            ApiError: the service refused the request, after all tries.
            BadAnswer: the answer to a read is a redirect, an interim answer or too large.
            Unreachable: there is no connection; nothing was done.
            AnswerLost: a write was sent, and no answer of the service says what became of it.
        """
        check_endpoint(endpoint)
        self.secrets.add(*request.secrets)
        patience = patience or self.patience
        safe = request.method in SAFE if safe is None else safe
        began, tries, renewed = self.clock.monotonic(), 1, False
        busy_until, busy_pause = None, 2.0
        while True:
            prepared = Hidden(self._prepare(endpoint, request, auth, operation))
            outcome = self._try(prepared, endpoint, operation, safe, creates, patience)
            if isinstance(outcome, Reply):
                return outcome
            error = outcome.error
            if outcome.doubt and not safe:
                raise AnswerLost(outcome.reason, **_facts_of(error))
            retry = error.retry if isinstance(error, ApiError) else ""
            if retry == "token" and not renewed and auth is not None and auth.renew(prepared.open()):
                renewed = True
                continue
            now = self.clock.monotonic()
            if retry == "busy":
                busy_until = now + patience.busy if busy_until is None else busy_until
                if now < busy_until:
                    self.clock.sleep(min(max(self._pause(busy_pause, outcome.retry_after), 1.0), busy_until - now))
                    busy_pause = min(2 * busy_pause, _MAX_BUSY_PAUSE)
                    continue
            if not outcome.repeat or tries >= patience.tries:
                raise outcome.raised_after(tries, now - began)
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
        except (requests.RequestException, ValueError):
            prepared = None
        if prepared is None:
            raise Unreachable(f"{operation}: this cannot be sent, its path makes no URL.")
        if auth is None:
            return prepared
        proven = auth(prepared)
        self.secrets.add(*(proven.headers.get(name) for name in auth.secret_headers))
        return proven

    def _try(
        self,
        prepared: Hidden[requests.PreparedRequest],
        endpoint: str,
        operation: str,
        safe: bool,
        creates: bool,
        patience: Patience,
    ) -> Reply | _Failure:
        """Send a prepared request once."""
        proxies = self._proxies_for(endpoint)
        with self._session() as session, sending(patience.answer) as current:
            adapter = session.get_adapter(str(prepared.open().url))
            try:
                # Not session.send(): it follows the address of a redirect, and keeps cookies of whoever answers.
                response = adapter.send(
                    prepared.open(),
                    timeout=(patience.connect, patience.read),
                    stream=True,
                    verify=self._verify,
                    proxies=proxies.open(),
                )
                answer = self._read(response, operation)
            except (GaussnbError, MemoryError):  # an adapter may refuse in our own words
                raise
            except Exception as error:  # the libraries below raise many kinds; only the moment counts
                if current.may_be_executed(error, adapter):
                    return _lost(error, operation, endpoint, current, patience)
                return _unsent(reason_of(error, endpoint, self._verify, patience.connect), operation)
            except KeyboardInterrupt:
                pass
            else:
                return answer if isinstance(answer, _Failure) else self._judge(answer, safe, creates)
        raise KeyboardInterrupt  # a new exception, without the frames of the HTTP library

    def _judge(self, reply: Reply, safe: bool, creates: bool) -> Reply | _Failure:
        """Tell a success from a failure: an error answer, a redirect, an interim answer."""
        if 200 <= reply.status < 300:
            return reply
        if reply.status < 400:
            what = "an interim answer, which is no success" if reply.status < 200 else _REDIRECT
            return _Failure(reply.bad(what), repeat=False, doubt=True)
        error = self.codes.error_from_answer(reply.status, reply.headers, reply.body, reply.operation)
        error.retry_after = _retry_after(reply.headers, self.clock.time())
        own = is_own_answer(reply.status, reply.headers, reply.body)
        return _Failure(
            error,
            repeat=error.retry == "throttle" or (error.retry == "server" and safe),
            doubt=not own or _may_be_executed(error, creates),
            foreign=not own,
            retry_after=error.retry_after,
        )

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        with self._lock:
            session = self._idle.pop() if self._idle else None
        if session is None:
            session = requests.Session()
            session.trust_env = False  # reading the environment takes a sixth of the time of each call
            for scheme in ("http://", "https://"):
                session.mount(scheme, Channel())
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

    def _proxies_for(self, endpoint: str) -> Hidden[dict[str, str]]:
        """Read the proxies from the environment once for each endpoint; endpoints on this machine need none."""
        if endpoint not in self._proxies:
            self._proxies[endpoint] = Hidden({} if is_loopback(endpoint) else get_environ_proxies(endpoint))
        return self._proxies[endpoint]

    def _read(self, response: requests.Response, operation: str) -> Reply | _Failure:
        """Read an answer, and cut every known secret out of it."""
        body = bytearray()
        issued = SecretStr(response.headers.pop("X-Subject-Token", ""))
        self.secrets.add(issued)
        with response:
            for chunk in response.iter_content(_CHUNK):
                body += chunk
                if len(body) > MAX_ANSWER:
                    bad = BadAnswer(
                        f"larger than {MAX_ANSWER // 1024**2} MiB",
                        operation=operation,
                        status=response.status_code,
                        excerpt=self.secrets.mask_bytes(bytes(body[:4_000])),
                    )
                    return _Failure(bad, repeat=False, doubt=True)
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


def _may_be_executed(error: GaussnbError, creates: bool) -> bool:
    """True if the service may have executed a write in spite of its error.

    A gateway that gave up waiting does not know what the service behind it did. A server that is too busy has refused
    the request; but a create, whose repeat would create a second resource, is not repeated on the word of that server.
    """
    if not isinstance(error, ApiError) or error.status < 500 or isinstance(error, NotSimulated):
        return False
    if creates:
        return isinstance(error, (ServerError, Busy))
    return isinstance(error, ServerError) and error.retry != "busy"


def _facts_of(error: GaussnbError) -> dict[str, Any]:
    """The facts about an answer, if one came."""
    return {"status": getattr(error, "status", 0), "request_id": getattr(error, "request_id", "")}


def _unsent(reason: Reason, operation: str) -> _Failure:
    """The failure of a request that did not leave.

    The exception itself is dropped, because it carries the request with password and token.
    """
    what, remedy = f"{operation}: {reason.what}", f"; nothing was sent. {reason.remedy}"
    return _Failure(Unreachable(what + remedy), reason.passes, doubt=False, what=what, remedy=remedy)


def _lost(error: Exception, operation: str, endpoint: str, current: Sending, patience: Patience) -> _Failure:
    """The failure of a request that left, and whose answer did not come. The exception is dropped, as above."""
    if current.overdue:
        why = f"timed out: its answer was not complete within {patience.answer:g} s"
    elif any(isinstance(each, (TimeoutError, requests.Timeout)) for each in causes(error)) or "timed out" in str(error):
        why = f"timed out: nothing came for {patience.read:g} s"
    else:
        why = "failed before the whole answer came"
    what = f"{operation}: the connection to {endpoint} {why}"
    # What the library calls an unusable address stays one.
    repeat = not isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema))
    return _Failure(Unreachable(f"{what}."), repeat, doubt=True, what=what, remedy=".")


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
