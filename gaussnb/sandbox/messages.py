"""What goes in and out of the pure application: requests, responses and refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import responses
from typing import Any, Literal
from urllib.parse import parse_qsl

from ..cloud.regions import is_loopback
from ..nosql.error_codes import CODES

Shape = Literal["nosql", "gateway", "iam"]
SERVICE = "nosql"
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
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

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
        """Whether the caller asked for this machine by one of its own names."""
        try:
            return is_loopback(self.base)
        except ValueError:
            return False

    @property
    def base(self) -> str:
        """Where the caller reached us: links name this host, so that a forwarded port works."""
        return f"http://{self.headers.get('host', 'localhost')}"


@dataclass(frozen=True)
class Response:
    """One HTTP response, and what the transport shall do with it."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    delay: float = 0.0
    """Real seconds to wait before it is sent."""
    drop: bool = False
    """Close the connection instead of sending it."""


@dataclass(frozen=True)
class Answer:
    """An answer of a behaviour that needs more than a body."""

    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    """Another status than the declared one."""


class Refused(Exception):
    """A behaviour or the application says no.

    Args:
        code: a code of the error table, which knows status and text; empty for IAM's Keystone form.
        detail: what exactly, appended to the table's text. Never holds a value that was sent.
        status: another status than the table's.
        headers: extra headers of the answer.
    """

    def __init__(
        self, code: str, detail: str = "", *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status or (CODES[code].status if code in CODES else 400)
        self.message = " ".join(filter(None, [CODES[code].text if code in CODES else "", detail]))
        self.headers = headers or {}

    def body(self, service: str, request_id: str) -> dict[str, Any]:
        """The error in the words of whoever answers: the gateway, IAM or the service."""
        if self.code.startswith("APIGW."):
            return {"error_code": self.code, "error_msg": self.message, "request_id": request_id}
        if not self.code:
            title = responses.get(self.status, "Error")
            return {"error": {"code": self.status, "title": title, "message": self.message or title}}
        return {"error_code": self.code, "error_msg": self.message}


def encode(value: Any) -> bytes:
    """A value as compact JSON, always the same bytes for the same value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
