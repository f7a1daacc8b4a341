"""The socket: keep-alive, pipelining, odd bodies, and a clean end."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

Sandbox = Any


@pytest.fixture
def sandbox(build: Any) -> Sandbox:
    return build(port=0)


def wire(sandbox: Sandbox) -> socket.socket:
    host, _, port = sandbox.endpoint.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def answers(connection: socket.socket, count: int) -> list[tuple[int, bytes]]:
    found = []
    with connection.makefile("rb") as stream:
        for _ in range(count):
            status = int(stream.readline().split()[1])
            length = 0
            while line := stream.readline().strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            found.append((status, stream.read(length)))
    return found


def test_one_connection_serves_many_requests_sent_at_once(sandbox: Sandbox) -> None:
    with wire(sandbox) as connection:
        asked = [b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path for path in (b"/", b"/", b"/", b"/v3")]
        connection.sendall(b"".join(asked))
        seen = answers(connection, 4)
    assert [status for status, _ in seen] == [200] * 4
    assert json.loads(seen[0][1])["versions"] == [json.loads(seen[3][1])["version"]]


def test_chunked_bodies(sandbox: Sandbox) -> None:
    text = json.dumps({"auth": {"identity": {"methods": []}}}).encode()
    head = b"POST /v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x;note=1\r\n%b\r\n" % (len(part), part) for part in (text[:7], text[7:]))
    with wire(sandbox) as connection:
        connection.sendall(head + chunks + b"0\r\nTrailer: 1\r\n\r\n" + b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        (refused, _), (status, _) = answers(connection, 2)
    assert (refused, status) == (400, 200)


def test_a_caller_that_expects_100_is_told_to_continue(sandbox: Sandbox) -> None:
    with wire(sandbox) as connection:
        connection.sendall(
            b"POST /v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        assert answers(connection, 1) == [(100, b"")]
        connection.sendall(b"{}")
        assert answers(connection, 1)[0][0] == 400


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    ],
    ids=["large", "no number", "negative", "no chunk", "no request", "long line"],
)
def test_data_that_are_no_http_request(sandbox: Sandbox, request_: bytes, status: int) -> None:
    with wire(sandbox) as connection:
        connection.sendall(request_)
        ((said, body),) = answers(connection, 1)
    assert said == status and json.loads(body)["error_code"] == "APIGW.0201"


def test_a_large_body_is_read_to_its_end(sandbox: Sandbox, caller: Any) -> None:
    cloud = caller(sandbox)
    assert cloud.create(padding="x" * 5_000_000).status_code == 202
    assert cloud("GET", "v3/instances").json()["total_count"] == 1


def test_answers_leave_in_one_piece(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    send = socket.socket.sendall
    monkeypatch.setattr(
        socket.socket, "sendall", lambda one, data, *more: sent.append(len(data)) or send(one, data, *more)
    )
    connection = http.client.HTTPConnection(sandbox.endpoint.removeprefix("http://"), timeout=10)
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()
    assert len(sent) <= 2  # the question and the answer


def test_many_callers_at_once(sandbox: Sandbox, caller: Any) -> None:
    def work() -> None:
        cloud = caller(sandbox)
        ids.extend(cloud.create().json()["id"] for _ in range(5))

    ids: list[str] = []
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 40


def test_many_callers_change_things_at_once(build: Any, caller: Any, tmp_path: Path) -> None:
    sandbox = build(port=0, path=tmp_path / "cloud.db", quota=0)
    statuses: set[int] = set()

    def work(number: int) -> None:
        cloud = caller(sandbox)
        for turn in range(10):
            one = cloud.create().json()["id"]
            sandbox.advance(600)
            calls = [
                cloud("PUT", f"v3/instances/{one}/name", {"name": f"caller-{number}-{turn}"}),
                cloud("GET", "v3/instances"),
                cloud("DELETE", f"v3/instances/{one}") if turn % 2 else cloud("GET", "v3/jobs"),
            ]
            statuses.update(answer.status_code for answer in calls)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {200}
    sandbox.advance(3600)
    left = caller(sandbox)("GET", "v3/instances").content
    assert json.loads(left)["total_count"] == 40
    sandbox.close()
    assert caller(build(path=tmp_path / "cloud.db"))("GET", "v3/instances").content == left


def test_closing_ends_threads_and_sockets(build: Any, caller: Any) -> None:
    before = set(threading.enumerate())
    sandbox = build(port=0)
    caller(sandbox)("GET", "v3/instances")
    with wire(sandbox) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answers(idle, 1)
        mine = set(threading.enumerate()) - before
        assert all(thread.name.startswith("gaussnb-") for thread in mine)
        sandbox.close()
        assert idle.recv(1) == b""
    assert not [thread for thread in mine if thread.is_alive()]
    with pytest.raises(OSError):
        wire(sandbox)
    sandbox.close()  # again does no harm


def test_only_this_machine_is_served(sandbox: Sandbox) -> None:
    assert sandbox._server.server_address[0] == "127.0.0.1"


def test_without_a_start_there_is_no_address() -> None:
    from gaussnb.sandbox import Sandbox as Real

    idle = Real()
    with pytest.raises(RuntimeError):
        idle.endpoint  # noqa: B018
    idle.close()
    with pytest.raises(RuntimeError):
        idle.start()
