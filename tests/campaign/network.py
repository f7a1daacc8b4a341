"""A simulated network between clients and a sandbox. It loses, cuts, delays, repeats and lies, all drawn from one seed.

The network is an adapter for `requests` in front of the sandbox's handler without a socket. Reordering needs no fate of
its own: several processes take turns while their requests are on the way, and a request may arrive after its client
gave up. An answer in the service's own words is always true; only an intermediary lies, and a listing may be late.
"""

from __future__ import annotations

import errno
import http.client
import io
import json
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse
from urllib3.exceptions import NameResolutionError, NewConnectionError, ProtocolError

from gaussnb.sandbox import Sandbox
from gaussnb.sandbox.engine.messages import Request, Response

from .turns import Turns

LONGEST_DELAY = 600.0
"""Most seconds after its client gave up at which a request still arrives."""
LAG = 14.0
"""Most seconds for which listings are late; less than ``Patience.lag``."""


@dataclass(frozen=True)
class Served:
    """A write that the sandbox carried out."""

    operation: str
    """The id of the operation."""
    thing: str
    """The id that the answer has: that of the new thing for a creation; else the id in the path."""
    name: str
    """The name in the request."""
    moment: float
    copied: bool
    """True for the second arrival of one request, which no client can prevent."""


class Call(Protocol):
    """A call of a client, to which the requests on its way belong."""

    served: list[Served]
    receipt: bool
    """True if the answer of its operation is never empty."""


class Sender(Protocol):
    """The process that sends, as the network sees it."""

    call: Call

    def pause(self, seconds: float) -> None:
        """Let seconds pass."""
        ...

    def strike(self) -> None:
        """Let the process die, stand still or be interrupted, if that is its fate at this point."""
        ...


Exchange = tuple[requests.PreparedRequest, Request, Call, Sender, float, bool]
"""A request as the client made it and as the sandbox reads it, its call and process, the client's time-out, and True
for a write."""

_BARE = (401, 403, 408, 409, 413, 425, 429, 500, 502, 503, 504)
_FOREIGN = (b"", b"<html><body><h1>Not now</h1></body></html>", b'{"message":"Forbidden"}', b'{"error":"denied"}',
            b"null", b"denied by policy")  # fmt: skip
_PORTALS = ((200, b"<html><title>Welcome</title><body>Please log in.</body></html>"), (302, b""), (200, b"OK"),
            (200, b'{"instances":[{"id"'))  # fmt: skip
_EMPTY = ((200, b"{}"), (200, b"null"), (200, b""), (204, b""), (200, b"[]"), (202, b"{}"))
_REFUSALS = ((429, "APIGW.0308", "Throttled."), (429, "DBS.280443", "Too many requests."),
             (403, "DBS.200019", "Another operation is running."), (401, "APIGW.0307", "The token must be updated."),
             (400, "DBS.280001", "Invalid parameter."))  # fmt: skip
_FAILURES = ((504, "APIGW.0201", "Backend timeout."), (500, "APIGW.0601", "Internal error."),
             (500, "DBS.111205", "The service timed out."), (502, "APIGW.0201", "Backend unavailable."))  # fmt: skip

_WEIGHTS: Mapping[str, float] = {
    "refuse": 2, "lose": 3, "cut": 4, "break_off": 1, "delay": 3, "slow": 1, "repeat": 1, "bare": 5, "portal": 2,
    "empty": 2, "refusal": 2, "failure": 3,
}  # fmt: skip
_FATES, _CUMULATED = tuple(_WEIGHTS), [sum(list(_WEIGHTS.values())[: number + 1]) for number in range(len(_WEIGHTS))]


class Network:
    """Carries requests to a sandbox.

    Args:
        sandbox: the cloud; its clock stands, and the network moves it.
        turns: the simulated time.
        draw: makes every decision.
        trouble: the share of exchanges with a fate.
    """

    def __init__(self, sandbox: Sandbox, turns: Turns, draw: random.Random, trouble: float) -> None:
        self.trouble = trouble
        self.sandbox, self._turns, self._draw = sandbox, turns, draw
        self._born: dict[str, float] = {}
        self._lags = list(_lags(turns.now, draw)) if trouble else []
        self._lag_starts = [begin for begin, _, _ in self._lags]

    def carry(self, prepared: requests.PreparedRequest, process: Sender, patience: float) -> requests.Response:
        """Carry one request there and its answer back."""
        process.strike()
        request = _request(prepared)
        found = self.sandbox._app._find(request.method, request.path).operation
        writes = found is not None and not found.route.reads
        exchange = prepared, request, process.call, process, patience, writes
        process.pause(self._draw.uniform(0.01, 0.5))
        fate = "deliver"
        if self.trouble and self._draw.random() < self.trouble:
            fate = self._draw.choices(_FATES, cum_weights=_CUMULATED)[0]
        answer: requests.Response = getattr(self, f"_{fate}")(exchange)
        process.pause(self._draw.uniform(0.01, 0.5))
        process.strike()
        return answer

    def calm(self) -> None:
        """End every trouble: from now on everything is delivered, and listings are up to date."""
        self.trouble, self._lags, self._lag_starts = 0.0, [], []

    # -- serving

    def serve(self, request: Request, call: Call, writes: bool, copied: bool = False) -> Response:
        """Let the sandbox answer, and note what it did."""
        self.sandbox.clock.move_to(self._turns.now)
        answered = self.sandbox.handle(request)
        if writes and answered.status < 300:
            found = self.sandbox._app._find(request.method, request.path)
            asked = json.loads(request.body or b"{}")
            thing = found.holes.get("instance_id", "")
            if found.operation is not None and found.operation.route.creates:
                thing = json.loads(answered.body)["id"]
                self._born[thing] = self._turns.now
            name = str(asked.get("name", "")) if isinstance(asked, dict) else ""
            call.served.append(Served(found.id, thing, name, self._turns.now, copied))
        return answered

    def _deliver(self, exchange: Exchange, copied: bool = False) -> requests.Response:
        prepared, request, call, _, _, writes = exchange
        answered = self.serve(request, call, writes, copied)
        body = answered.body
        if request.method == "GET" and answered.status == 200 and request.path.endswith("/instances"):
            body = self._late_listing(body)
        return _response(prepared, answered.status, answered.headers, body)

    def _late_listing(self, body: bytes) -> bytes:
        """A listing of a replica that lags, for less than the time that clients allow for."""
        place = bisect_right(self._lag_starts, self._turns.now) - 1
        if place < 0 or self._turns.now >= self._lags[place][1]:
            return body
        begin, _, empty = self._lags[place]
        answer = json.loads(body)
        listed = answer["instances"]
        answer["instances"] = [] if empty else [one for one in listed if self._born.get(one["id"], 0.0) < begin]
        answer["total_count"] = answer.get("total_count", len(listed)) - len(listed) + len(answer["instances"])
        return json.dumps(answer).encode()

    def _maybe_serve(self, exchange: Exchange) -> bool:
        """Serve a request whose answer the client will not see, or lose the request; True if it was served."""
        _, request, call, _, _, writes = exchange
        if self._draw.random() < 0.4:
            return False
        self.serve(request, call, writes)
        return True

    # -- fates

    def _refuse(self, exchange: Exchange) -> requests.Response:
        """There is no connection, so that nothing is sent."""
        host = "sandbox.localhost"
        pool = _Pool(host)
        cause: Exception = self._draw.choice(
            [
                NewConnectionError(pool, "[Errno 111] Connection refused"),  # type: ignore[arg-type]
                NameResolutionError(host, pool, OSError("Name or service not known")),  # type: ignore[arg-type]
            ]
        )
        kind = self._draw.choice([requests.ConnectionError, requests.ConnectTimeout])
        raise kind(cause, request=exchange[0])

    def _lose(self, exchange: Exchange) -> requests.Response:
        """The request is lost on its way, and the connection fails."""
        raise self._failure_of_connection(exchange)

    def _cut(self, exchange: Exchange) -> requests.Response:
        """The request is served, and its answer is lost."""
        self.serve(exchange[1], exchange[2], exchange[5])
        raise self._failure_of_connection(exchange)

    def _failure_of_connection(self, exchange: Exchange) -> Exception:
        process, patience = exchange[3], exchange[4]
        makers: list[Callable[[], Exception]] = [
            lambda: requests.ConnectionError(
                ProtocolError("Connection aborted.", ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
            ),
            lambda: requests.ConnectionError(
                ProtocolError("Connection aborted.", http.client.RemoteDisconnected("Remote end closed connection"))
            ),
            lambda: requests.ReadTimeout(f"Read timed out. (read timeout={patience})"),
            lambda: requests.exceptions.InvalidHeader("Content-Length contained multiple unmatching values"),
            lambda: requests.exceptions.ChunkedEncodingError("Connection broken"),
            lambda: requests.exceptions.ContentDecodingError("failed to decode it"),
            lambda: requests.exceptions.ProxyError("the proxy closed the connection"),
            lambda: requests.exceptions.SSLError("EOF occurred in violation of protocol"),
            lambda: http.client.BadStatusLine("garbage"),
            lambda: OSError(errno.EPIPE, "Broken pipe"),
        ]
        error = self._draw.choice(makers)()
        if isinstance(error, requests.ReadTimeout):
            process.pause(patience)
        return error

    def _break_off(self, exchange: Exchange) -> requests.Response:
        """The request is served, and its answer breaks off."""
        prepared, request, call, _, _, writes = exchange
        answered = self.serve(request, call, writes)
        headers = {**answered.headers, "Content-Length": str(len(answered.body) + 10)}
        return _response(prepared, answered.status, headers, answered.body[: len(answered.body) // 2])

    def _delay(self, exchange: Exchange) -> requests.Response:
        """The client gives up, and the request is served after that."""
        _, request, call, process, patience, writes = exchange
        given_up = self._draw.choice([0.0, patience])
        later = given_up + min(LONGEST_DELAY, self._draw.expovariate(1 / 40))
        self._turns.at(self._turns.now + later, lambda: self.serve(request, call, writes))
        process.pause(given_up)
        if given_up:
            raise requests.ReadTimeout(f"Read timed out. (read timeout={patience})")
        raise requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(errno.ECONNRESET)))

    def _slow(self, exchange: Exchange) -> requests.Response:
        """The answer comes late, and in time."""
        exchange[3].pause(self._draw.uniform(0, 0.9 * exchange[4]))
        return self._deliver(exchange)

    def _repeat(self, exchange: Exchange) -> requests.Response:
        """The request arrives twice. The client gets the first answer."""
        _, request, call, _, _, writes = exchange
        moment = self._turns.now + self._draw.uniform(0, 60)
        self._turns.at(moment, lambda: self.serve(request, call, writes, copied=True))
        return self._deliver(exchange)

    def _bare(self, exchange: Exchange) -> requests.Response:
        """An intermediary answers with an error of its own, before or after the service was asked."""
        self._maybe_serve(exchange)
        status, body = self._draw.choice(_BARE), self._draw.choice(_FOREIGN)
        return _response(exchange[0], status, {"Server": "proxy"}, body)

    def _portal(self, exchange: Exchange) -> requests.Response:
        """An intermediary answers with a page of its own, before or after the service was asked."""
        self._maybe_serve(exchange)
        status, body = self._draw.choice(_PORTALS)
        headers = {"Location": "https://portal.example/login"} if status == 302 else {}
        return _response(exchange[0], status, headers, body)

    def _empty(self, exchange: Exchange) -> requests.Response:
        """An intermediary answers with an empty success. Where the service does so too, the write was carried out."""
        served = self._maybe_serve(exchange)
        if not served and not exchange[2].receipt:
            return self._deliver(exchange)
        status, body = self._draw.choice(_EMPTY)
        return _response(exchange[0], status, {}, body)

    def _refusal(self, exchange: Exchange) -> requests.Response:
        """The service refuses the request, in its own words."""
        return self._words(exchange, *self._draw.choice(_REFUSALS))

    def _failure(self, exchange: Exchange) -> requests.Response:
        """The gateway does not know what the service did, and says so in its own words."""
        self._maybe_serve(exchange)
        return self._words(exchange, *self._draw.choice(_FAILURES))

    def _words(self, exchange: Exchange, status: int, code: str, message: str) -> requests.Response:
        request_id = f"{self._draw.getrandbits(128):032x}"
        body = {"error_code": code, "error_msg": message}
        if code.startswith("APIGW."):
            body["request_id"] = request_id
        headers = {"Content-Type": "application/json", "X-Request-Id": request_id}
        return _response(exchange[0], status, headers, json.dumps(body).encode())


class Wire(BaseAdapter):
    """The adapter of one process.

    Args:
        network: the network.
        process: the process that sends.
    """

    def __init__(self, network: Network, process: Sender) -> None:
        super().__init__()
        self._network, self._process = network, process

    def send(self, request: requests.PreparedRequest, timeout: Any = None, **how: Any) -> requests.Response:  # type: ignore[override]
        """Send one request over the network."""
        return self._network.carry(request, self._process, timeout[1] if isinstance(timeout, tuple) else 60.0)

    def close(self) -> None:
        """Do nothing: the adapter holds no connection."""


class _Pool:
    """The part of a connection pool that errors of urllib3 read."""

    def __init__(self, host: str) -> None:
        self.host = host


def _lags(begin: float, draw: random.Random) -> Iterator[tuple[float, float, bool]]:
    """Times in which listings are late: from, to, and True for empty listings. Two of them are far apart: absence that
    is seen several times over the lag of the list must be true."""
    for _ in range(40):
        begin += 200 + draw.expovariate(1 / 300)
        end = begin + draw.uniform(1, LAG)
        yield begin, end, draw.random() < 0.5
        begin = end


def _request(prepared: requests.PreparedRequest) -> Request:
    url = urlsplit(str(prepared.url))
    headers = {str(name).lower(): str(value) for name, value in prepared.headers.items()}
    headers.setdefault("host", url.netloc)
    body: Any = prepared.body or b""
    target = url.path + (f"?{url.query}" if url.query else "")
    return Request(str(prepared.method), target, headers, body.encode() if isinstance(body, str) else body)


def _response(
    prepared: requests.PreparedRequest, status: int, headers: Mapping[str, str], body: bytes
) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers = CaseInsensitiveDict(headers)
    response.raw = HTTPResponse(io.BytesIO(body), headers=dict(headers), status=status, preload_content=False)
    response.url, response.request = str(prepared.url), prepared
    return response
