"""Requests, responses and refusals: the input and the output of the application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import responses
from typing import Any
from urllib.parse import parse_qsl

from ...cloud.error_codes import CLOUD_CODES
from ...cloud.regions import is_loopback
from ...core.refusals import Code

JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Attributes:
        target: path and query, percent-encoded, as in the request line.
        headers: by lower-case name.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)  # headers and body may hold a secret

    @property
    def path(self) -> str:
        """The path, percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query, decoded."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    @property
    def is_local(self) -> bool:
        """True if the Host header names this machine."""
        try:
            return is_loopback(self.base)
        except ValueError:
            return False

    @property
    def base(self) -> str:
        """The address the caller used. Links in answers start with it, so that they work through a forwarded port."""
        return f"http://{self.headers.get('host', 'localhost')}"


@dataclass(frozen=True)
class Response:
    """One HTTP response, and instructions for the transport."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    delay: float = 0.0
    """Real seconds to wait before the response is sent."""
    drop: bool = False
    """Close the connection instead of sending the response."""


@dataclass(frozen=True)
class Answer:
    """An answer of a behaviour that needs more than a body."""

    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    """Another status than the declared one."""


class Refused(Exception):
    """A behaviour or the application refuses a request.

    A service derives its own class, which reads the status and the text of a code from the service's table.

    Args:
        code: an error code; empty for an error in the format of IAM's Keystone interface.
        detail: appended to the text of the code. Never holds a value from the request.
        status: another HTTP status than the table's.
        headers: extra headers of the answer.
        words: the whole message, instead of the text of the code and the detail.
    """

    codes: Mapping[str, Code] = CLOUD_CODES
    """The table of error codes. The application sets the table of its service."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        words: str | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.headers = headers or {}
        self._detail, self._status, self._words = detail, status, words

    @property
    def status(self) -> int:
        """The HTTP status of the answer; 400 for a code without one."""
        return self._status or (self.codes[self.code].status if self.code in self.codes else 400)

    @property
    def message(self) -> str:
        """The message of the answer."""
        if self._words is not None:
            return self._words
        text = self.codes[self.code].text if self.code in self.codes else ""
        return " ".join(filter(None, [text, self._detail]))

    def body(self, request_id: str) -> dict[str, Any]:
        """The error in the format of the gateway, of IAM or of the service, as the code says."""
        if self.code.startswith("APIGW."):
            return {"error_code": self.code, "error_msg": self.message, "request_id": request_id}
        if not self.code:
            title = responses.get(self.status, "Error")
            return {"error": {"code": self.status, "title": title, "message": self.message or title}}
        return {"error_code": self.code, "error_msg": self.message}


def encode(value: Any) -> bytes:
    """Write a value as compact JSON: the same bytes for the same value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
