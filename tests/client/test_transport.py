"""The transport: repeated requests, pauses, tokens, proxies, sockets and leaks."""

from __future__ import annotations

import gc
import http.client
import socket
import sqlite3
import ssl
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr
from urllib3.exceptions import (
    LocationParseError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

import gaussnb as gn
from gaussnb.client.ledger import Ledger
from gaussnb.cloud import transport as module
from gaussnb.cloud.auth import GivenToken, TokenAuth
from gaussnb.cloud.tokens import Token, TokenCache
from gaussnb.cloud.transport import AnswerLost, Patience, Transport
from gaussnb.core.clock import RealClock
from gaussnb.core.wire import Request
from gaussnb.sandbox import Sandbox

HERE = "http://127.0.0.1:9"
READ = Request("GET", "/v3/p/instances")
WRITE = Request("POST", "/v3/p/instances/i/restart", body=b"{}")
FINE = (200, {"fine": True})
BUSY = (403, {"error_code": "DBS.200019", "error_msg": "Busy."})


def refused() -> Exception:
    return requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "refused")))  # type: ignore[arg-type]


FAULTS: dict[str, tuple[Any, type[Exception], type[Exception], bool, bool]] = {
    # answer: error of a read, error of a write, a read is repeated, a write is repeated
    "no connection": (refused(), gn.Unreachable, gn.Unreachable, True, True),
    "connect time-out": (requests.ConnectTimeout("late"), gn.Unreachable, gn.Unreachable, True, True),
    "proxy down": (
        requests.exceptions.ProxyError(MaxRetryError(None, "/", ProxyError("no", NewConnectionError(None, "refused")))),  # type: ignore[arg-type]
        gn.Unreachable,
        gn.Unreachable,
        True,
        True,
    ),
    "proxy later": (requests.exceptions.ProxyError("no"), gn.Unreachable, AnswerLost, True, False),
    "dropped": (requests.ConnectionError("closed"), gn.Unreachable, AnswerLost, True, False),
    "read time-out": (requests.ReadTimeout("late"), gn.Unreachable, AnswerLost, True, False),
    "cut off": (requests.exceptions.ChunkedEncodingError("cut"), gn.Unreachable, AnswerLost, True, False),
    "two lengths": (requests.exceptions.InvalidHeader("x"), gn.Unreachable, AnswerLost, True, False),
    "no URL": (requests.exceptions.InvalidURL("bad"), gn.Unreachable, AnswerLost, False, False),
    "plain OSError": (OSError("disk"), gn.Unreachable, AnswerLost, True, False),
    "no text": (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), gn.Unreachable, AnswerLost, True, False),
    "no HTTP": (http.client.BadStatusLine("x"), gn.Unreachable, AnswerLost, True, False),
    "location": (LocationParseError("x"), gn.Unreachable, AnswerLost, True, False),
    "500": ((500, {"error_code": "APIGW.0601"}), gn.ServerError, AnswerLost, True, False),
    "502 HTML": ((502, b"<html>bad gateway</html>"), gn.ServerError, AnswerLost, True, False),
    "503": ((503, b""), gn.ServerError, AnswerLost, True, False),
    "504": ((504, {"error_code": "APIGW.0201"}), gn.ServerError, AnswerLost, True, False),
    "501": ((501, b""), gn.NotSimulated, AnswerLost, False, False),
    "501 own": ((501, {"error_code": "SANDBOX.0501"}), gn.NotSimulated, gn.NotSimulated, False, False),
    "DBS.111205": ((500, {"error_code": "DBS.111205", "error_msg": "x"}), gn.ServerError, AnswerLost, False, False),
    "429": ((429, {"error_code": "APIGW.0308"}), gn.Throttled, gn.Throttled, True, True),
    "400": ((400, {"error_code": "DBS.200001"}), gn.InvalidRequest, gn.InvalidRequest, False, False),
    "403": ((403, {"error_code": "DBS.280032"}), gn.PermissionDenied, gn.PermissionDenied, False, False),
    "IAM 404": (
        (404, {"error": {"code": 404, "title": "Not Found", "message": "x"}}),
        gn.NotFound,
        gn.NotFound,
        False,
        False,
    ),
    "302": ((302, b"", {"Location": "http://127.0.0.1:10/"}), gn.BadAnswer, AnswerLost, False, False),
    "302 odd": ((302, b"", {"Location": "http://[\udce4"}), gn.BadAnswer, AnswerLost, False, False),
    "103": ((103, b""), gn.BadAnswer, AnswerLost, False, False),
    "bare 401": ((401, b""), gn.AuthenticationError, AnswerLost, False, False),
    "bare 403": ((403, b"<html>blocked</html>"), gn.PermissionDenied, AnswerLost, False, False),
    "bare 404": ((404, b""), gn.NotFound, AnswerLost, False, False),
    "bare 408": ((408, b""), gn.InvalidRequest, AnswerLost, False, False),
    "bare 425": ((425, b"too early"), gn.InvalidRequest, AnswerLost, False, False),
    "bare 429": ((429, b"slow down"), gn.Throttled, AnswerLost, True, False),
    "foreign JSON": ((429, {"code": 429, "message": "quota", "error": "x"}), gn.Throttled, AnswerLost, True, False),
    "foreign error": (
        (401, {"error": {"code": 401, "message": "x", "status": "UNAUTHENTICATED"}}),
        gn.AuthenticationError,
        AnswerLost,
        False,
        False,
    ),
}


@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
@pytest.mark.parametrize("fault", FAULTS)
def test_reads_and_writes_are_repeated_or_refused(fault: str, writes: bool, script: Any, transport: Any) -> None:
    step, read_error, write_error, read_again, write_again = FAULTS[fault]
    adapter = script(step)
    expected, again = (write_error, write_again) if writes else (read_error, read_again)
    with pytest.raises(Exception) as caught:
        transport(adapter).exchange(HERE, WRITE if writes else READ, operation="Op")
    assert type(caught.value) is expected
    assert len(adapter.sent) == (4 if again else 1)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


@pytest.mark.parametrize("fault", [name for name, row in FAULTS.items() if row[3]])
def test_a_read_succeeds_after_three_faults(fault: str, script: Any, transport: Any) -> None:
    step = FAULTS[fault][0]
    reply = transport(script(step, step, step, FINE)).exchange(HERE, READ, operation="Op")
    assert reply.json() == {"fine": True}


def test_a_safe_write_is_repeated_like_a_read(script: Any, transport: Any) -> None:
    adapter = script(requests.ReadTimeout("late"), (502, b""), FINE)
    assert transport(adapter).exchange(HERE, WRITE, operation="Op", safe=True).status == 200


@pytest.mark.parametrize("code", ["DBS.280005", "DBS.200998"])
def test_a_server_error_refuses_a_change_but_leaves_a_create_unknown(code: str, script: Any, transport: Any) -> None:
    step = (500, {"error_code": code, "error_msg": "Busy."})
    assert transport(script(step, FINE)).exchange(HERE, WRITE, operation="Op").status == 200
    adapter = script(step, FINE)
    with pytest.raises(AnswerLost):
        transport(adapter).exchange(HERE, WRITE, operation="Op", creates=True)
    assert len(adapter.sent) == 1


# ------------------------------------------------------------------------------------- pauses


def paused(sender: Transport, **asks: Any) -> float:
    before = sender.clock.time()
    with suppress(gn.GaussnbError):
        sender.exchange(HERE, READ, operation="Op", **asks)
    return sender.clock.time() - before


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "100000"}, module.MAX_RETRY_AFTER),
        ({"Retry-After": "inf"}, module.MAX_RETRY_AFTER),
        ({"Retry-After": "-3"}, 0),
        ({"Retry-After": "Tue, 03 Feb 2026 04:05:26 GMT"}, 20),
        ({"Retry-After": "Thu, 01 Jan 2099 00:00:09 GMT", "Date": "Thu, 01 Jan 2099 00:00:00 GMT"}, 9),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
    ],
)
def test_retry_after_sets_the_pause(headers: dict[str, str], seconds: float, script: Any, transport: Any) -> None:
    assert paused(transport(script((429, b"", headers), FINE))) == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize("text", ["", "soon", "nan", "Tue, 99 Foo"])
def test_an_invalid_retry_after_is_ignored(text: str, script: Any, transport: Any) -> None:
    assert 0.4 < paused(transport(script((429, b"", {"Retry-After": text}), FINE))) < 0.6


def test_pauses_grow_and_their_jitter_follows_the_seed(script: Any, transport: Any) -> None:
    first, second = (paused(transport(script((503, b"")))) for _ in range(2))
    assert first == second
    assert 3.1 < first < 3.9  # 0.5, 1 and 2 seconds, each a tenth more or less


def test_busy_is_raised_after_its_patience(script: Any, transport: Any) -> None:
    sender = transport(script(BUSY))
    assert paused(sender) == pytest.approx(30, abs=0.01)
    with pytest.raises(gn.Busy):
        transport(script(BUSY), busy=0).exchange(HERE, WRITE, operation="Op")


def test_a_write_is_repeated_while_the_instance_is_busy(script: Any, transport: Any) -> None:
    adapter = script(BUSY, BUSY, FINE)
    assert transport(adapter).exchange(HERE, WRITE, operation="Op", creates=True).status == 200
    assert len(adapter.sent) == 3


def test_waiting_for_busy_uses_up_no_tries(script: Any, transport: Any) -> None:
    adapter = script(BUSY, BUSY, BUSY, BUSY, (429, b""), (429, b""), (429, b""), FINE)
    assert transport(adapter).exchange(HERE, READ, operation="Op").status == 200


def test_busy_with_an_eager_retry_after_ends(script: Any, transport: Any) -> None:
    adapter = script((*BUSY, {"Retry-After": "0"}))
    assert paused(transport(adapter)) == pytest.approx(30, abs=0.01)
    assert len(adapter.sent) <= 32


# ------------------------------------------------------------------------------------- tokens


def tokens(*values: str) -> tuple[TokenAuth, list[str]]:
    left, issued = list(values), []

    def issue() -> Token:
        issued.append(left.pop(0))
        return Token(SecretStr(issued[-1]), 4e9)

    return TokenAuth(issue, TokenCache(on_disk=False), "key"), issued


REJECTED = (401, {"error_code": "APIGW.0307", "error_msg": "The token must be updated."})


@pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])
def test_a_refused_token_is_replaced_once_and_the_request_repeated_once(
    request_: Request, script: Any, transport: Any
) -> None:
    auth, issued = tokens("one", "two")
    adapter = script(REJECTED, FINE)
    assert transport(adapter).exchange(HERE, request_, operation="Op", auth=auth).status == 200
    assert [sent.headers["X-Auth-Token"] for sent in adapter.sent] == issued == ["one", "two"]


def test_a_second_refusal_is_raised(script: Any, transport: Any) -> None:
    auth, issued = tokens("one", "two", "three")
    adapter = script(REJECTED)
    with pytest.raises(gn.AuthenticationError):
        transport(adapter).exchange(HERE, READ, operation="Op", auth=auth)
    assert len(adapter.sent) == 2 and issued == ["one", "two"]


def test_a_token_given_by_hand_cannot_be_replaced(script: Any, transport: Any) -> None:
    adapter = script(REJECTED)
    with pytest.raises(gn.AuthenticationError):
        transport(adapter).exchange(HERE, READ, operation="Op", auth=GivenToken(SecretStr("mine")))
    assert len(adapter.sent) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_token_follows_no_redirect(status: int, build: Callable[..., Sandbox]) -> None:
    sandbox, other = build(port=0), build(port=0, seed=1)
    with sandbox.connect() as gdb:
        gdb.login()
        sandbox.inject("ListInstances", status=status, redirect=f"{other.endpoint}/v3/{sandbox.project_id}/instances")
        with pytest.raises(gn.BadAnswer, match="redirect"):
            gdb.instances.list()
    assert len(other.requests) == 0


@pytest.mark.parametrize("endpoint", ["http://example.org", "ftp://127.0.0.1", "https://a@b.example", "https://x/?q"])
def test_no_token_is_requested_for_an_unfit_endpoint(endpoint: str, script: Any, transport: Any) -> None:
    auth, issued = tokens("one")
    with pytest.raises(gn.CredentialsError):
        transport(script(FINE)).exchange(endpoint, READ, operation="Op", auth=auth)
    assert not issued


# ------------------------------------------------------------------------------------- secrets


def everything_in(error: BaseException) -> str:
    """Collect all that a verbose traceback can show: error, causes, and the variables of their frames."""
    shown = ["".join(traceback.format_exception(error)), repr(error), str(vars(error))]
    seen: set[int] = set()
    chain: list[BaseException | None] = [error]
    while chain:
        each = chain.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        chain += [each.__cause__, each.__context__]
        for frame, _ in traceback.walk_tb(each.__traceback__):
            if "/gaussnb/" in frame.f_code.co_filename or "/site-packages/" in frame.f_code.co_filename:
                shown += [repr(value) for value in frame.f_locals.values()]
    return "\n".join(shown)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_error_of_a_write_holds_a_secret(fault: str, script: Any, transport: Any, canary: str) -> None:
    write = Request("POST", "/v3/p/instances", body=f'{{"password": "{canary}"}}'.encode())
    auth, _ = tokens(f"{canary}-token")
    with pytest.raises(gn.GaussnbError) as caught:
        transport(script(FAULTS[fault][0])).exchange(HERE, write, operation="Op", auth=auth)
    assert canary not in everything_in(caught.value)


def test_a_failed_login_shows_no_password(sandbox: Sandbox, spec: Any, canary: str) -> None:
    gdb = sandbox.connect(password=SecretStr(f"{canary}-wrong"))
    with pytest.raises(gn.AuthenticationError) as caught:
        gdb.instances.create(spec())
    assert canary not in everything_in(caught.value)
    with pytest.raises(gn.AuthenticationError) as caught:
        gdb.request("DELETE", "/v3/{project_id}/instances/x", json=None)
    assert canary not in everything_in(caught.value)
    gdb.close()


def test_an_interrupt_shows_nothing_of_the_http_library(script: Any, transport: Any, canary: str) -> None:
    class Interrupted(script):  # type: ignore[misc]
        def send(self, request: Any, **how: Any) -> Any:
            raise KeyboardInterrupt

    auth, _ = tokens(f"{canary}-token")
    write = Request("POST", "/v3/p/instances", body=f'{{"password": "{canary}"}}'.encode())
    with pytest.raises(KeyboardInterrupt) as caught:
        transport(Interrupted(FINE)).exchange(HERE, write, operation="Op", auth=auth)
    frames = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert not any("/requests/" in name for name in frames)


def test_reprs_of_replies_and_requests_hold_no_body(canary: str) -> None:
    reply = module.Reply(200, {"X-Subject-Token": canary}, canary.encode(), "Op")
    assert canary not in repr(reply) and canary not in repr(Request("POST", "/", body=canary.encode()))


# ------------------------------------------------------------------------------------- proxies and TLS


def test_proxies_are_read_once_for_each_endpoint(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def proxies(url: str) -> dict[str, str]:
        asked.append(url)
        return {"https": "http://proxy.example:3128"} if "one" in url else {}

    monkeypatch.setattr(module, "get_environ_proxies", proxies)
    sender = Transport(patience=Patience(tries=1))
    adapter = script(FINE)
    monkeypatch.setattr(requests.Session, "get_adapter", lambda self, url: adapter)
    for endpoint in ("https://one.example", "https://two.example", "https://one.example", HERE):
        sender.exchange(endpoint, READ, operation="Op")
    sender.close()
    assert asked == ["https://one.example", "https://two.example"]
    assert [how["proxies"].get("https") for how in adapter.how] == [
        "http://proxy.example:3128", None, "http://proxy.example:3128", None,
    ]  # fmt: skip
    assert all(how["verify"] is True for how in adapter.how)


def test_no_proxy_is_respected_and_this_machine_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    sender = Transport()
    assert sender._proxies_for("https://gaussdb-nosql.inside.example").open() == {}
    assert sender._proxies_for(HERE).open() == {}
    assert sender._proxies_for("https://outside.example").open()["https"] == "http://proxy.example:3128"


def test_an_untrusted_certificate_is_raised_at_once(script: Any, transport: Any) -> None:
    reason = SSLError(ssl.SSLCertVerificationError("self-signed"))
    adapter = script(requests.exceptions.SSLError(MaxRetryError(None, "/", reason)))  # type: ignore[arg-type]
    with pytest.raises(gn.Unreachable, match="certificate"):
        transport(adapter).exchange(HERE, WRITE, operation="Op")
    assert len(adapter.sent) == 1


def test_certificates_of_a_company_are_used(monkeypatch: pytest.MonkeyPatch, script: Any) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/company.pem")
    adapter = script(FINE)
    sender = Transport(adapter=adapter)
    sender.exchange(HERE, READ, operation="Op")
    assert adapter.how[0]["verify"] == "/company.pem"


# ------------------------------------------------------------------------------------- real sockets


def test_a_closed_port_is_unreachable_even_for_a_write(transport: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(gn.Unreachable, match="nothing was sent"):
        transport(None).exchange(f"http://127.0.0.1:{port}", WRITE, operation="Op")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
    ],
    ids=[
        *(
            "nothing",
            "too short",
            "half a chunk",
            "no HTTP",
            "no gzip",
            "a negative length",
            "another base",
            "no number",
        ),
        *("an unknown encoding", "a damaged head", "the end after the head"),
    ],
)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
def test_every_broken_answer_is_an_error_of_gaussnb(answer: bytes, writes: bool, transport: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)

        def serve() -> None:
            for _ in range(1 if writes else 2):
                with (
                    listening.accept()[0] as caller,
                    suppress(OSError),
                ):  # the client may have closed the connection already
                    caller.recv(65536)
                    caller.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(AnswerLost if writes else gn.Unreachable):
            where = f"http://127.0.0.1:{listening.getsockname()[1]}"
            transport(None, tries=2).exchange(where, WRITE if writes else READ, operation="Op")
        thread.join()


def test_a_slow_answer_times_out(server: Sandbox) -> None:
    server.inject(delay=0.2, times=None)
    with server.connect(patience=Patience(read=0.05, tries=2)) as gdb, pytest.raises(gn.Unreachable, match="timed out"):
        gdb.quotas.list()


def test_reading_times_out_in_the_middle_of_an_answer(script: Any, transport: Any) -> None:
    error = requests.ConnectionError(ReadTimeoutError(None, "/", "Read timed out."))  # type: ignore[arg-type]
    with pytest.raises(gn.Unreachable, match="timed out"):
        transport(script(error)).exchange(HERE, READ, operation="Op")


def test_an_endless_answer_is_cut_off(script: Any, transport: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ANSWER", 2 * 1024 * 1024)
    with pytest.raises(gn.BadAnswer, match="larger than 2 MiB"):
        transport(script((200, b"x" * 3 * 1024 * 1024))).exchange(HERE, READ, operation="Op")


def test_an_invalid_url_is_not_sent(script: Any, transport: Any) -> None:
    adapter = script(FINE)
    with pytest.raises(gn.GaussnbError):
        transport(adapter).exchange("https://[::1", READ, operation="Op")
    assert not adapter.sent


# ------------------------------------------------------------------------------------- leaks


def test_connections_are_shared_and_do_not_pile_up(server: Sandbox) -> None:
    with server.connect() as gdb:
        gdb.instances.list()
        for _ in range(50):
            threads = [threading.Thread(target=gdb.instances.list) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(gdb._transport._idle) <= 4


def test_fifty_clients_leave_no_thread_and_no_file_behind(server: Sandbox) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def round_() -> None:
        with server.connect(keep=True) as gdb:
            gdb.instances.list()
            gdb.watch("a" * 32 + "in06").stop()
            gdb.made()

    round_()
    threads, files = threading.active_count(), open_files() if sys.platform == "linux" else 0
    for _ in range(50):
        round_()
    # The sandbox's own threads end when they notice that their client has gone.
    for _ in range(20):
        if threading.active_count() <= threads + 1:
            break
        threading.Event().wait(0.05)
    assert threading.active_count() <= threads + 1
    if sys.platform == "linux":
        assert open_files() <= files + 3


def test_a_session_returned_after_close_is_closed(script: Any, transport: Any) -> None:
    sender = transport(script(FINE))
    sender.close()
    assert sender.exchange(HERE, READ, operation="Op").status == 200
    assert not sender._idle


def test_a_ledger_that_nobody_closes_is_closed_when_it_is_collected(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert ledger.id
    connection = ledger._store._connection
    assert connection is not None
    del ledger
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("select 1")


def test_a_sandbox_file_that_nobody_closes_is_closed_when_it_is_collected(tmp_path: Path) -> None:
    for _ in range(2):
        Sandbox(tmp_path / "world.sqlite", port=None)
        gc.collect()


def test_a_sandbox_that_cannot_listen_closes_its_file(tmp_path: Path, server: Sandbox) -> None:
    port = int(server.endpoint.rpartition(":")[2])
    with pytest.raises(OSError), Sandbox(tmp_path / "world.sqlite", port=port):
        pass
    Sandbox(tmp_path / "world.sqlite", port=None).close()


def test_real_sleep_can_be_woken() -> None:
    wake = threading.Event()
    threading.Timer(0.05, wake.set).start()
    began = RealClock().time()
    RealClock().sleep(5, wake)
    assert RealClock().time() - began < 1
