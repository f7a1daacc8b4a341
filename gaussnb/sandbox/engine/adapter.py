"""The sandbox without a socket: an adapter for `requests` sessions that calls the application."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests import Session as Session
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from ...cloud.channel import mark_sent
from ...core.errors import GaussnbError
from .messages import Request
from .messages import Response as Answered


class SandboxAdapter(BaseAdapter):
    """Answers the requests of a `requests` session.

    Args:
        handle: answers one request.
    """

    marks_sent = True

    def __init__(self, handle: Callable[[Request], Answered]) -> None:
        super().__init__()
        self._handle = handle

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer a request as the server would; a fault may delay, damage or drop the answer."""
        try:
            asked = _request(request)
            mark_sent()
            answered = self._handle(asked)
        except GaussnbError:
            raise  # the sandbox lives in another process
        except ConnectionError as error:
            raise requests.ConnectionError(str(error), request=request) from None
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        if patience is not None and answered.delay > patience:
            time.sleep(patience)
            raise requests.ReadTimeout(f"no answer within {patience} s", request=request)
        time.sleep(answered.delay)
        if answered.drop:
            raise requests.ConnectionError("the connection was closed without an answer", request=request)
        return _response(answered, request)

    def close(self) -> None:
        """Do nothing: the adapter holds no connection."""


def _request(request: requests.PreparedRequest) -> Request:
    url = urlsplit(str(request.url))
    body: Any = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    elif not isinstance(body, (bytes, str)):
        body = b"".join(body)
    headers = {_text(name).lower(): _text(value) for name, value in request.headers.items()}
    headers.setdefault("host", url.netloc)
    return Request(
        request.method or "GET",
        url._replace(scheme="", netloc="", fragment="").geturl() or "/",
        headers,
        body.encode() if isinstance(body, str) else body,
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _response(answered: Answered, request: requests.PreparedRequest) -> requests.Response:
    raw = HTTPResponse(
        body=io.BytesIO(answered.body), headers=dict(answered.headers), status=answered.status, preload_content=False
    )
    response = requests.Response()
    response.status_code = answered.status
    response.headers = CaseInsensitiveDict(answered.headers)
    response.raw = raw
    response.reason = raw.reason or ""
    response.encoding = "utf-8"
    response.url = str(request.url)
    response.request = request
    response._content = answered.body  # complete: nothing is left to stream
    return response
