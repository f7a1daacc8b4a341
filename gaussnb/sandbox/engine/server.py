"""The sandbox on a loopback port: the HTTP server of the standard library, with one thread per connection."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import Any

from ...core.process import PerProcess
from .app import App
from .messages import JSON, Refused, Request, Response, encode

HOST = "127.0.0.1"
MOST = 12 * 1024 * 1024  # bytes of a body, as in the real gateway
_IDLE = 600.0  # seconds a silent connection is kept


class _TooLarge(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "gaussnb-sandbox"
    sys_version = ""
    timeout = _IDLE
    # Head and body are sent in one write and without delay: otherwise an answer waits 40 ms for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]  # it serves no other one

    def handle_one_request(self) -> None:
        """Read a request of any method, let the application answer it, and send the answer."""
        try:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline:
                self.close_connection = True
                return
            if len(self.raw_requestline) > 65536:
                self.requestline = self.request_version = self.command = ""
                self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
                return
            if not self.parse_request():
                return
            try:
                body = self._body()
            except _TooLarge:
                self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            except ValueError:
                self.send_error(HTTPStatus.BAD_REQUEST)
                return
            self._send(self.server.app.handle(self._request(body)))
        except (TimeoutError, ConnectionError):
            self.close_connection = True

    def _request(self, body: bytes) -> Request:
        headers = {name.lower(): value for name, value in self.headers.items()}
        headers.setdefault("host", f"{HOST}:{self.server.port}")
        return Request(self.command, self.path, headers, body)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        length = int(self.headers.get("Content-Length", 0))
        if length < 0:
            raise ValueError(length)
        if length > MOST:
            raise _TooLarge
        return self._exactly(length)

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline(1024).split(b";")[0], 16):
            if size < 0:
                raise ValueError(size)
            if len(body) + size > MOST:
                raise _TooLarge
            body += self._exactly(size)
            self.rfile.readline(3)
        while self.rfile.readline(65537).strip():
            pass  # trailers
        return bytes(body)

    def _exactly(self, length: int) -> bytes:
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionError("the caller closed the connection")
        return data

    def _send(self, response: Response) -> None:
        if response.delay:
            time.sleep(response.delay)
        if response.drop:
            self.close_connection = True
            return
        self.send_response_only(response.status)  # without a second date: the application writes its own
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.body)
        self.wfile.flush()

    def handle_expect_100(self) -> bool:
        """Tell a caller that waits for permission to send the body."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse data that is no HTTP request, in the format of the gateway, and close the connection."""
        self.close_connection = True
        self.request_version = self.protocol_version  # a request without a readable version counts as HTTP/0.9
        refused = Refused("APIGW.0201", status=int(code), words=f"{HTTPStatus(code).phrase}.")
        body = encode(refused.body(""))
        self._send(Response(int(code), {"Content-Type": JSON}, body))

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing; the journal lists the requests."""


class Server(PerProcess, TCPServer):
    """Serves an application until it is closed. Closing ends all threads and sockets."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, app: App, port: int) -> None:
        self.app = app
        super().__init__((HOST, port), _Handler)
        self._own()
        self._accepting: threading.Thread | None = threading.Thread(
            target=self.serve_forever, args=(0.05,), name=f"gaussnb-sandbox-{self.port}", daemon=True
        )
        self._accepting.start()

    def _begin(self) -> None:
        self._accepting = None  # the thread of the parent
        self._callers: dict[threading.Thread, socket.socket] = {}
        self._guard = threading.Lock()

    def _leave(self) -> None:
        # With a copy of the listening socket, the child would keep the port in use, and callers without an answer.
        for copy in (self.socket, *self._callers.values()):
            with suppress(OSError):  # the parent was closing it
                os.close(copy.detach())

    @property
    def port(self) -> int:
        """The port the server listens on."""
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for a connection."""
        thread = threading.Thread(
            target=self._serve, args=(request, client_address), name=f"gaussnb-caller-{client_address[1]}", daemon=True
        )
        with self._guard:
            self._callers[thread] = request
        thread.start()

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # the caller closed the connection
        finally:
            with self._guard:
                self._callers.pop(threading.current_thread(), None)
            self.shutdown_request(request)

    def close(self) -> None:
        """Stop, close all connections, and wait until the last thread has ended."""
        self.shutdown()
        if self._accepting is not None:
            self._accepting.join()
        self.server_close()
        with self._guard:
            callers = list(self._callers.items())
        for _, connection in callers:
            with suppress(OSError):  # the caller closed the connection first
                connection.shutdown(socket.SHUT_RDWR)
        for thread, _ in callers:
            if thread is not threading.current_thread():
                thread.join(timeout=5)
