"""The moment at which a request leaves, the end of its answer, and the reasons why nothing was sent."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
from pydantic import SecretStr

import gaussnb as gn
from gaussnb.cloud.auth import GivenToken
from gaussnb.cloud.channel import Channel, mark_sent
from gaussnb.cloud.transport import AnswerLost, Patience, Transport
from gaussnb.core.wire import Request
from gaussnb.sandbox import Clock, Sandbox

HERE = "http://127.0.0.1:9"
FAR = "https://gaussdb.example"
READ = Request("GET", "/v3/p/instances")
WRITE = Request("POST", "/v3/p/instances/i/restart", body=b"{}")
DONE = b'HTTP/1.1 202 Accepted\r\nContent-Length: 14\r\n\r\n{"job_id":"1"}'
OTHER = b'HTTP/1.1 202 Accepted\r\nContent-Length: 14\r\n\r\n{"job_id":"2"}'

Serve = Callable[[socket.socket, int], None]
"""Answers one request on a connection; the number counts the requests of all connections."""


@pytest.fixture
def listen() -> Iterator[Callable[[Serve], str]]:
    """Makes servers on raw sockets; each gives its address."""
    stops: list[Callable[[], None]] = []

    def make(serve: Serve) -> str:
        listening = socket.create_server(("127.0.0.1", 0))
        callers: list[socket.socket] = []
        count = iter(range(1000))

        def talk(caller: socket.socket) -> None:
            with caller, suppress(OSError):
                file = caller.makefile("rb")
                while line := file.readline():  # head and body of a request may come in two parts
                    length = 0
                    while line.strip():
                        if found := re.match(rb"(?i)content-length: (\d+)", line):
                            length = int(found[1])
                        line = file.readline()
                    file.read(length)
                    serve(caller, next(count))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    callers.append(listening.accept()[0])
                    threading.Thread(target=talk, args=(callers[-1],), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()

        def stop() -> None:
            for each in (listening, *callers):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            listening.close()
            thread.join(5)

        stops.append(stop)
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield make
    for stop in stops:
        stop()


def answering(*answers: bytes) -> Serve:
    """Serve these answers in their order; the last one again and again."""
    return lambda caller, number: caller.sendall(answers[min(number, len(answers) - 1)])


def dripping(head: bytes, drop: bytes) -> Serve:
    """Send a byte or two from time to time, without end."""

    def serve(caller: socket.socket, number: int) -> None:
        caller.sendall(head)
        while True:
            caller.sendall(drop)
            threading.Event().wait(0.01)

    return serve


# ------------------------------------------------------------------------------------- the moment

BROKEN = {
    "two lengths": b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length of letters": b"HTTP/1.1 202 Accepted\r\nContent-Length: two\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "status of letters": b"HTTP/1.1 OK fine\r\n\r\n",
    "long line": b"HTTP/1.1 200 " + b"x" * 70_000,
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    "wrong gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_answer_to_a_write_leaves_a_doubt(what: str, listen: Any, transport: Any) -> None:
    served: list[int] = []

    def serve(caller: socket.socket, number: int) -> None:
        served.append(number)
        caller.sendall(BROKEN[what])
        caller.shutdown(socket.SHUT_RDWR)

    where = listen(serve)
    with pytest.raises(AnswerLost) as caught:
        transport(None).exchange(where, WRITE, operation="Op")
    assert served == [0] and "nothing was sent" not in str(caught.value)
    with pytest.raises(gn.Unreachable, match=r"failed before the whole answer came, tried 2 times in \d+ s"):
        transport(None, tries=2).exchange(where, READ, operation="Op")
    assert served == [0, 1, 2]


EXCEPTIONS = [
    requests.exceptions.InvalidHeader("x"), requests.exceptions.ProxyError("x"), requests.exceptions.InvalidURL("x"),
    requests.exceptions.ContentDecodingError("x"), OSError("x"), ValueError("x"), KeyError("x"), RuntimeError("x"),
    UnicodeError("x"), TimeoutError("timed out"),
]  # fmt: skip


@pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_moment_that_an_adapter_marks_decides_and_not_the_class(when: str, error: Any, script: Any) -> None:
    class Marking(script):  # type: ignore[misc]
        marks_sent = True

        def send(self, request: Any, **how: Any) -> Any:
            if when == "after":
                mark_sent()
            raise error

    sender = Transport(Clock("2026-01-01T00:00:00", 1e6), Patience(tries=1), Marking((200, {})))
    with pytest.raises(AnswerLost if when == "after" else gn.Unreachable) as caught:
        sender.exchange(HERE, WRITE, operation="Op")
    assert ("nothing was sent" in str(caught.value)) is (when == "before")


def test_a_mark_counts_without_a_promise_to_mark(script: Any, transport: Any) -> None:
    class Late(script):  # type: ignore[misc]
        def send(self, request: Any, **how: Any) -> Any:
            mark_sent()
            raise requests.ConnectTimeout("late")

    with pytest.raises(AnswerLost):
        transport(Late((200, {}))).exchange(HERE, WRITE, operation="Op")


def test_memory_errors_and_interrupts_stay_what_they_are(script: Any, transport: Any) -> None:
    with pytest.raises(MemoryError):
        transport(script(MemoryError())).exchange(HERE, WRITE, operation="Op")


def test_a_token_that_no_header_can_hold_is_not_sent(listen: Any, transport: Any, canary: str) -> None:
    served: list[int] = []
    where = listen(lambda caller, number: served.append(number))
    for odd in ("\u20ac", "\ud800", "\r\nHost: x"):
        with pytest.raises(
            gn.Unreachable, match=r"nothing was sent\. Check the endpoint, the proxy and the token"
        ) as it:
            transport(None).exchange(where, WRITE, operation="Op", auth=GivenToken(SecretStr(f"{canary}{odd}")))
        assert canary not in str(it.value)
    assert not served


# ------------------------------------------------------------------------------------- the end of an answer


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 202 Accepted\r\n", b"a: b\r\n"),
        (b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000000\r\n\r\n", b"{"),
        (b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
    ids=["status line", "head", "body", "chunks", "interim answers"],
)
def test_an_answer_that_drips_has_an_end(head: bytes, drop: bytes, listen: Any, transport: Any) -> None:
    where = listen(dripping(head, drop))
    with pytest.raises(AnswerLost, match=r"its answer was not complete within 0\.3 s|failed before"):
        transport(None, answer=0.3).exchange(where, WRITE, operation="Op")


def test_a_steps_time_out_is_told_as_the_steps_and_the_whole_with_its_own_time(listen: Any, transport: Any) -> None:
    where = listen(lambda caller, number: None)
    says = r"timed out: nothing came for 0\.05 s, tried 3 times in \d+ s\."
    with pytest.raises(gn.Unreachable, match=says):
        transport(None, read=0.05, tries=3).exchange(where, READ, operation="Op")
    with pytest.raises(AnswerLost, match=r"nothing came for 0\.05 s\.$"):
        transport(None, read=0.05, tries=3).exchange(where, WRITE, operation="Op")


def test_interim_answers_are_skipped(listen: Any, transport: Any) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    sender = transport(None)
    where = listen(answering(interim + DONE, interim + OTHER))
    assert sender.exchange(where, WRITE, operation="Op").json() == {"job_id": "1"}
    assert sender.exchange(where, WRITE, operation="Op").json() == {"job_id": "2"}


@pytest.mark.parametrize("more", [DONE, DONE[:30], b"\r\n"], ids=["an answer", "half an answer", "a line"])
def test_what_follows_an_answer_is_not_the_answer_to_the_next_request(more: bytes, listen: Any, transport: Any) -> None:
    sender = transport(None)
    where = listen(answering(DONE + more, OTHER))
    assert sender.exchange(where, WRITE, operation="Op").json() == {"job_id": "1"}
    assert sender.exchange(where, WRITE, operation="Op").json() == {"job_id": "2"}


def test_an_answer_of_usual_form_keeps_its_connection(listen: Any, transport: Any) -> None:
    ports: set[int] = set()

    def serve(caller: socket.socket, number: int) -> None:
        ports.add(caller.getpeername()[1])
        caller.sendall(DONE)

    sender, where = transport(None), listen(serve)
    for _ in range(5):
        sender.exchange(where, WRITE, operation="Op")
    assert len(ports) == 1


class Set(Clock):
    """A clock whose time of day somebody sets back whenever it is asked."""

    def time(self) -> float:
        self._back = getattr(self, "_back", 0.0) + 3600
        return super().time() - self._back

    def monotonic(self) -> float:
        return super().time()

    def sleep(self, seconds: float, wake: threading.Event | None = None) -> None:
        self.advance(seconds)


def test_busy_ends_when_somebody_sets_the_clock_back(script: Any) -> None:
    adapter = script((403, {"error_code": "DBS.200019", "error_msg": "Busy."}))
    with pytest.raises(gn.Busy):
        Transport(Set("2026-01-01T00:00:00", 1e6), adapter=adapter, codes=gn.Client.service.codes).exchange(
            HERE, WRITE, operation="Op"
        )
    assert 3 < len(adapter.sent) < 12


# ------------------------------------------------------------------------------------- why nothing was sent


def unsent(endpoint: str = FAR, request: Request = WRITE, **patience: Any) -> str:
    sender = Transport(Clock("2026-01-01T00:00:00", 1e6), Patience(**{"tries": 2, **patience}))
    try:
        with pytest.raises(gn.Unreachable, match="nothing was sent") as caught:
            sender.exchange(endpoint, request, operation="Op")
    finally:
        sender.close()
    assert caught.value.__context__ is None
    return str(caught.value)


def test_a_missing_file_of_certificates_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    for path in (tmp_path / "nowhere.pem", wrong):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
        said = unsent()
        assert str(path) in said and "REQUESTS_CA_BUNDLE" in said and "tried" not in said


def test_an_unknown_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **how: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    said = unsent()
    assert "the name gaussdb.example is not known" in said and "tried 2 times" in said


def test_a_connection_that_is_never_accepted_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*args: Any, **how: Any) -> Any:
        raise TimeoutError("timed out")

    monkeypatch.setattr("urllib3.util.connection.create_connection", late)
    assert "no connection to https://gaussdb.example within 3 s" in unsent(connect=3)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy refused with status 407"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "the proxy refused with status 403"),
        (b"HTTP/1.1 503 Later\r\n\r\n", "the proxy refused with status 503, tried 2 times"),
        (b"HTTP/1.1 200 Connection established\r\n\r\n", "no encrypted connection"),
        (b"SSH-2.0\r\n", "Check the endpoint, the network and the proxy"),
    ],
    ids=["407", "403", "503", "no TLS behind it", "no proxy"],
)
def test_a_proxy_that_fails_is_told_and_its_password_is_not(
    answer: bytes, says: str, listen: Any, monkeypatch: pytest.MonkeyPatch, canary: str
) -> None:
    def serve(caller: socket.socket, number: int) -> None:
        caller.sendall(answer)
        caller.shutdown(socket.SHUT_RDWR)

    monkeypatch.setenv("HTTPS_PROXY", listen(serve).replace("//", f"//user:{canary}@"))
    said = unsent()
    assert says in said and canary not in said


def test_a_proxy_that_drips_has_an_end(listen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", listen(dripping(b"", b"H")))
    unsent(tries=1, answer=0.3)


@pytest.mark.parametrize(
    "proxy", ["http://[::1", "http://a b:1", "http://x:99999999", "gopher://x", "http://" + "a" * 70]
)
def test_an_unusable_address_of_a_proxy_is_told(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert "roxy" in unsent(connect=0.05)


def test_connections_through_every_kind_of_proxy_mark_the_moment() -> None:
    channel = Channel()
    managers = [channel.poolmanager, channel.proxy_manager_for("http://proxy:1")]
    with suppress(requests.exceptions.InvalidSchema):  # without PySocks
        managers.append(channel.proxy_manager_for("socks5://proxy:1"))
    for manager in managers:
        for scheme in ("http", "https"):
            connection = manager.pool_classes_by_scheme[scheme].ConnectionCls
            assert connection.response_class.__module__ == Channel.__module__
    channel.close()


def test_missing_pysocks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: Any, **how: Any) -> Any:
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr("requests.adapters.SOCKSProxyManager", missing)
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    assert "pip install pysocks" in unsent()


def test_the_sandbox_without_a_socket_marks_the_moment(sandbox: Sandbox) -> None:
    with sandbox.connect() as gdb:
        gdb.login()
        sandbox.inject("RestartInstance", drop="before")
        with pytest.raises(gn.UnknownOutcome):
            gdb.instances.restart("a" * 32 + "in06")
