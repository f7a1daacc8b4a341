"""A lying TCP proxy between clients and a sandbox: it loses, cuts, delays, repeats, drips, resets and lies.

A write has a fate, which is planned by its key or drawn from a seed. The threads of the connections take turns as the
system wants, so a run cannot be repeated exactly. An answer in the service's own words is always true: only an
intermediary lies.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from .network import Served

_T = TypeVar("_T")

READ = 0.4
"""Seconds that a client waits for the next bytes of an answer; a late answer comes later than this."""
ANSWER = 1.0
"""Seconds that a client waits for a whole answer."""
_BARE = (401, 403, 404, 408, 409, 413, 425, 429, 500, 502, 503, 504)
_BODIES = (b"", b"<html><h1>Not now</h1></html>", b'{"message":"Forbidden"}', b"null", b"denied by policy")
_RECEIPTS = ((200, b"{}"), (200, b"null"), (200, b""), (202, b"[]"), (204, b""))
_RESET = struct.pack("ii", 1, 0)  # close with a reset instead of an orderly end


@dataclass(frozen=True)
class _Asked:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.target).path

    @property
    def writes(self) -> bool:
        """True for a write, which a login is not."""
        return self.method != "GET" and not self.path.startswith("/v3/auth")

    @property
    def key(self) -> str:
        """The key of a write: the name in its body, with the size of its storage; or else the id in its path."""
        asked = json.loads(self.body or b"{}")
        if "flavor" in asked:
            return key_of(asked["name"], asked["flavor"][0]["size"])
        return str(asked.get("name") or self.path.rpartition("/instances/")[2].partition("/")[0])


def key_of(name: str, size: Any) -> str:
    """The key of a creation. Two things of one name have two sizes, so that each has a key of its own."""
    return f"{name} {size}"


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def bytes(self) -> bytes:
        """The answer as it goes over the wire."""
        return self.head() + self.body

    def head(self) -> bytes:
        """The head of the answer."""
        reason = http.client.responses.get(self.status, "Unknown")
        lines = [f"HTTP/1.1 {self.status} {reason}", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Over(Exception):
    """The connection to the client is at its end."""


def lie(status: int, body: bytes, kind: str = "text/html") -> _Answer:
    """The answer of an intermediary."""
    return _Answer(status, (("Content-Type", kind), ("Content-Length", str(len(body)))), body)


class Proxy:
    """Stands between clients and a sandbox.

    Args:
        upstream: the endpoint of the sandbox.
        seed: makes the fates.
        trouble: the share of writes with a fate other than to be delivered.
    """

    def __init__(self, upstream: str, seed: int, trouble: float) -> None:
        self.trouble = trouble
        self.served: dict[str, list[Served]] = {}
        """The writes that the sandbox carried out, by their keys."""
        self.plan: dict[str, str] = {}
        """The fate of the next write with a key; the others are drawn."""
        self._upstream = str(urlsplit(upstream).netloc)
        self._draw, self._guard, self._open = random.Random(seed), threading.Lock(), True
        self._busy = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        threading.Thread(target=self._accept, daemon=True, name="campaign-proxy").start()

    @property
    def endpoint(self) -> str:
        """The address for clients."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def settle(self) -> None:
        """Wait until no request is on its way, so that late ones have arrived; from now on everything is delivered."""
        self.trouble = 0.0
        end = time.monotonic() + 30
        while self._busy and time.monotonic() < end:
            time.sleep(0.02)

    def close(self) -> None:
        """Accept no more connections."""
        self._open = False
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    # -- connections

    def _accept(self) -> None:
        while self._open:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True, name="campaign-connection")
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = client.makefile("rb")
            with suppress(Over, OSError, ValueError, http.client.HTTPException):
                while (asked := _read_request(reader)) is not None:
                    with self._guard:
                        self._busy += 1
                    try:
                        self._fate(asked)(client, asked)
                    finally:
                        with self._guard:
                            self._busy -= 1

    def _fate(self, asked: _Asked) -> Callable[[socket.socket, _Asked], None]:
        with self._guard:
            if asked.writes and (planned := self.plan.pop(asked.key, "")):
                return FATES[planned].__get__(self)
            if self._draw.random() < (self.trouble if asked.writes else self.trouble / 8):
                return self._draw.choice(list(FATES.values())).__get__(self)
        return self._deliver

    def _pass(self, asked: _Asked, copied: bool = False) -> _Answer:
        """Let the sandbox answer, and note what it did."""
        upstream = http.client.HTTPConnection(self._upstream, timeout=30)
        try:
            headers = {name: value for name, value in asked.headers.items() if name.lower() != "connection"}
            upstream.request(asked.method, asked.target, asked.body or None, headers)
            answer = upstream.getresponse()
            body = answer.read()
        finally:
            upstream.close()
        if asked.writes and answer.status < 300:
            told = json.loads(body or b"{}")
            thing = str(told.get("id") or asked.path.rpartition("/instances/")[2].partition("/")[0])
            kind = "DeleteInstance" if asked.method == "DELETE" else asked.method
            with self._guard:
                one = Served(kind, thing, asked.key, time.time(), copied)
                self.served.setdefault(asked.key, []).append(one)
        kept = tuple((name, value) for name, value in answer.getheaders() if name.lower() != "connection")
        return _Answer(answer.status, kept, body)

    def _maybe_pass(self, asked: _Asked) -> None:
        """Pass a request on, or lose it; nobody will see the answer of the sandbox."""
        if self._chance(0.6):
            self._pass(asked)

    def _chance(self, share: float) -> bool:
        with self._guard:
            return self._draw.random() < share

    def _choose(self, among: tuple[_T, ...]) -> _T:
        with self._guard:
            return self._draw.choice(among)

    # -- fates

    def _deliver(self, client: socket.socket, asked: _Asked) -> None:
        client.sendall(self._pass(asked).bytes())

    def _fate_close_before(self, client: socket.socket, asked: _Asked) -> None:
        """The request is lost, and the connection ends."""
        raise Over

    def _fate_close_after(self, client: socket.socket, asked: _Asked) -> None:
        """The answer is lost, and the connection ends."""
        self._pass(asked)
        raise Over

    def _fate_reset(self, client: socket.socket, asked: _Asked) -> None:
        """The connection is reset, perhaps after the service carried the request out."""
        self._maybe_pass(asked)
        _reset(client)

    def _fate_reset_in_head(self, client: socket.socket, asked: _Asked) -> None:
        """The connection is reset in the middle of the head."""
        head = self._pass(asked).head()
        client.sendall(head[: len(head) // 2])
        _reset(client)

    def _fate_cut_in_head(self, client: socket.socket, asked: _Asked) -> None:
        """The connection ends in the middle of the head."""
        head = self._pass(asked).head()
        client.sendall(head[: self._choose((1, 8, 12, 20, len(head) - 2))])
        raise Over

    def _fate_cut_in_body(self, client: socket.socket, asked: _Asked) -> None:
        """The connection ends in the middle of the body."""
        whole = self._pass(asked)
        client.sendall(whole.bytes()[: len(whole.head()) + len(whole.body) // 2])
        raise Over

    def _fate_answer_late(self, client: socket.socket, asked: _Asked) -> None:
        """The answer comes after the client gave up."""
        answer = self._pass(asked)
        time.sleep(READ * 1.5)
        client.sendall(answer.bytes())

    def _fate_arrive_late(self, client: socket.socket, asked: _Asked) -> None:
        """The request arrives after the client gave up."""
        time.sleep(READ * self._choose((1.2, 2, 4)))
        self._pass(asked)
        raise Over

    def _fate_drip(self, client: socket.socket, asked: _Asked) -> None:
        """The answer comes byte by byte, and would take longer than a whole answer may take."""
        end = time.monotonic() + 3 * ANSWER
        for byte in self._pass(asked).bytes():
            if time.monotonic() > end:
                break
            client.sendall(bytes((byte,)))
            time.sleep(READ / 8)
        raise Over

    def _fate_trickle(self, client: socket.socket, asked: _Asked) -> None:
        """The answer comes in many small parts, and in time."""
        whole = self._pass(asked).bytes()
        for start in range(0, len(whole), 64):
            client.sendall(whole[start : start + 64])

    def _fate_duplicate(self, client: socket.socket, asked: _Asked) -> None:
        """The request arrives twice; the client sees one of the answers, though never the refusal of the copy."""
        first = self._pass(asked)
        second = self._pass(asked, copied=True)
        client.sendall(self._choose((first, second if second.status < 300 else first)).bytes())

    def _fate_two_lengths(self, client: socket.socket, asked: _Asked) -> None:
        """The head has two different lengths."""
        answer = self._pass(asked)
        client.sendall(answer.head()[:-2] + b"Content-Length: 7\r\n\r\n" + answer.body)
        raise Over

    def _fate_two_heads(self, client: socket.socket, asked: _Asked) -> None:
        """The head of another answer comes before the right one."""
        foreign = self._choose((b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"))
        client.sendall(foreign + self._pass(asked).bytes())

    def _fate_two_answers(self, client: socket.socket, asked: _Asked) -> None:
        """A second answer follows the right one, and must not be taken for the answer to the next request."""
        client.sendall(self._pass(asked).bytes() + lie(200, b'{"id":"0","job_id":"0"}', "application/json").bytes())

    def _fate_interim(self, client: socket.socket, asked: _Asked) -> None:
        """An interim answer comes first, or alone."""
        answer = self._pass(asked)
        client.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" + (answer.bytes() if self._chance(0.5) else b""))
        raise Over

    def _fate_garbage(self, client: socket.socket, asked: _Asked) -> None:
        """The answer is no HTTP, or says that it is compressed or in chunks, which it is not."""
        self._maybe_pass(asked)
        start = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        client.sendall(
            self._choose(
                (
                    b"\x16\x03\x01\x02\x00\x01\x00",
                    b"SSH-2.0-OpenSSH_9.6\r\n",
                    b"HTTP/1.1 2OO OK\r\n\r\n{}",
                    start + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
                    start + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
                    start + b"Content-Length: -5\r\n\r\n{}",
                )
            )
        )
        raise Over

    def _fate_bare_status(self, client: socket.socket, asked: _Asked) -> None:
        """An intermediary answers with an error of its own, perhaps after the service carried the request out."""
        self._maybe_pass(asked)
        client.sendall(lie(self._choose(_BARE), self._choose(_BODIES)).bytes())

    def _fate_portal(self, client: socket.socket, asked: _Asked) -> None:
        """A portal answers in the place of the service."""
        self._maybe_pass(asked)
        client.sendall(lie(self._choose((200, 302, 511)), b"<html><title>Welcome</title>Please log in.</html>").bytes())

    def _fate_empty_receipt(self, client: socket.socket, asked: _Asked) -> None:
        """An intermediary answers with a success that says nothing."""
        if asked.path.endswith("/name"):  # its answer is always empty, and nobody can tell it from a lie
            self._pass(asked)
        else:
            self._maybe_pass(asked)
        status, body = self._choose(_RECEIPTS)
        client.sendall(lie(status, body, "application/json").bytes())

    def _fate_close_idle(self, client: socket.socket, asked: _Asked) -> None:
        """The connection ends after the right answer, and nobody tells the client."""
        client.sendall(self._pass(asked).bytes())
        raise Over


FATES: Mapping[str, Any] = {
    name.removeprefix("_fate_").replace("_", " "): fate
    for name, fate in vars(Proxy).items()
    if name.startswith("_fate_")
}
"""The fates of a write by name, each a method of :class:`Proxy` whose docstring says what happens."""


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    client.close()
    raise Over


def _read_request(reader: Any) -> _Asked | None:
    line = reader.readline(65_537).decode("latin-1").split()
    if len(line) != 3:
        return None
    headers = http.client.parse_headers(reader)
    length = int(headers.get("Content-Length", 0))
    return _Asked(line[0], line[1], dict(headers.items()), reader.read(length) if length else b"")
