"""One HTTP exchange, done with care: time-outs, retries, redirects refused, errors typed.

What is repeated, and when:

* A read is repeated after a lost connection, a time-out, or an answer that says "later".
* A write is repeated only when it certainly was not done: the connection could not be opened, or the
  service itself refused it (throttled, busy). When the answer to a write is lost, :class:`AnswerLost`
  says so and the client looks what became of it; it is never sent again blindly.
* A refused token is replaced once, and the request sent once more.
"""

from __future__ import annotations

import email.utils
import os
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from .auth import Auth
from .clock import Clock, RealClock
from .errors import ApiError, BadAnswer, GaussnbError, Unreachable, error_from_answer
from .regions import check_endpoint, is_loopback
from .wire import Request, parse

LARGEST = 256 * 1024 * 1024  # bytes of one answer; a page of 100 instances has 200 kB
_CHUNK = 1024 * 1024


class AnswerLost(GaussnbError):
    """A write was sent and its answer was lost: whether it was done is not known yet."""


@dataclass(frozen=True)
class Reply:
    """One answer that is not an error."""

    status: int
    headers: Mapping[str, str]
    body: bytes
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
        raise BadAnswer(
            "not JSON",
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
    """Sends requests to one endpoint at a time. Safe to share between threads.

    Args:
        clock: what to sleep on between tries.
        patience: time-outs and tries.
        adapter: reaches a sandbox without a socket.
        seed: makes the jitter between tries repeatable.
    """

    clock: Clock = field(default_factory=RealClock)
    patience: Patience = field(default_factory=Patience)
    adapter: BaseAdapter | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        # requests' sessions are not safe to share between threads, so each thread has its own.
        self._sessions: dict[int, requests.Session] = {}
        self._lock = threading.Lock()
        self._random = random.Random(self.seed)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            session.close()

    def exchange(
        self,
        endpoint: str,
        request: Request,
        *,
        operation: str,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request and read its answer.

        Args:
            endpoint: scheme and host, https or loopback.
            request: the parts.
            operation: its name, for errors.
            auth: how to prove who asks.
            headers: further headers.

        Raises:
            ApiError: the service refused, after all tries.
            BadAnswer: the answer is a redirect or too large.
            Unreachable: there is no connection; nothing was done.
            AnswerLost: a write was sent, and its answer was lost.
        """
        check_endpoint(endpoint)
        reads = request.method == "GET"
        tries, waited, renewed = 0, 0.0, False
        while True:
            tries += 1
            try:
                response = self._send(endpoint, request, auth, headers or {})
                reply = self._read(response, operation)
            except requests.RequestException as error:
                failure, again = _failure(error, operation, endpoint, reads)
                asked: Mapping[str, str] = {}
            else:
                if reply.status < 300:
                    return reply
                refusal = _refusal(reply)
                if refusal.retry == "token" and not renewed and auth and auth.renew(response.request):
                    renewed = True
                    continue
                if refusal.retry == "busy" and waited < self.patience.busy:
                    waited += self._pause(min(10.0, self.patience.busy), reply.headers)
                    continue
                failure, asked = refusal, reply.headers
                again = refusal.retry == "throttle" or (refusal.retry == "server" and reads)
                if refusal.retry == "server" and not reads:
                    # A gateway that gave up waiting says nothing about what happened behind it.
                    failure = AnswerLost(str(refusal))
            if not again or tries >= self.patience.tries:
                raise failure
            self._pause(2.0 ** (tries - 2), asked)

    # -- one try

    def _send(
        self, endpoint: str, request: Request, auth: Auth | None, headers: Mapping[str, str]
    ) -> requests.Response:
        return self._session(endpoint).request(
            request.method,
            endpoint.rstrip("/") + request.target,
            data=request.body,
            headers={"Content-Type": "application/json", "X-Language": "en-us", **headers},
            auth=auth,
            timeout=(self.patience.connect, self.patience.read),
            allow_redirects=False,
            stream=True,
        )

    def _read(self, response: requests.Response, operation: str) -> Reply:
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

    def _session(self, endpoint: str) -> requests.Session:
        me = threading.get_ident()
        session = self._sessions.get(me)
        if session is None:
            session = requests.Session()
            # The environment is looked up here, once: looking it up in each call takes a sixth of it.
            session.trust_env = False
            if not is_loopback(endpoint):
                session.proxies.update(get_environ_proxies(endpoint))
            session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
            session.headers["User-Agent"] = _user_agent()
            if self.adapter is not None:
                session.mount("http://", self.adapter)
            with self._lock:
                self._sessions[me] = session
        return session

    def _pause(self, seconds: float, headers: Mapping[str, str]) -> float:
        asked = _retry_after(headers.get("Retry-After", ""), self.clock.time())
        pause = asked if asked is not None else seconds * self._random.uniform(0.9, 1.1)
        self.clock.sleep(pause)
        return pause


def _refusal(reply: Reply) -> ApiError:
    if reply.status < 400:
        raise BadAnswer(
            "a redirect, which is refused: a token goes to no other host",
            operation=reply.operation,
            status=reply.status,
            request_id=reply.request_id,
        )
    return error_from_answer(reply.status, reply.headers, reply.body, reply.operation)


def _failure(
    error: requests.RequestException, operation: str, endpoint: str, reads: bool
) -> tuple[GaussnbError, bool]:
    """What a failed try means, and whether to try again.

    The original is dropped: it carries the request, with password and token in it.
    """
    if _never_sent(error):
        return Unreachable(
            f"{operation}: no connection to {endpoint}; nothing was sent. "
            "Check the endpoint, the network and the proxy."
        ), True
    what = "timed out" if isinstance(error, requests.Timeout) else "failed"
    says = f"{operation}: the connection to {endpoint} {what} before the answer came."
    return (Unreachable(says), True) if reads else (AnswerLost(says), False)


def _never_sent(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause: Any = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    return isinstance(reason, (NewConnectionError, NameResolutionError, ConnectTimeoutError))


def _retry_after(text: str, now: float) -> float | None:
    """Seconds named by a ``Retry-After`` header, at most five minutes."""
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - now
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), 300.0)


def _user_agent() -> str:
    try:
        return f"gaussnb/{version('gaussnb')}"
    except PackageNotFoundError:
        return "gaussnb"
